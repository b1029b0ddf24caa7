//! Materials, counted as the web application shows them.

use std::collections::BTreeMap;

use actix_web::get;
use actix_web::web::Data;
use serde::Serialize;
use shared::body::Json;
use shared::problem::{ApiError, Problems};

use crate::access::Caller;
use crate::drive::DriveService;

/// Files that are named of each folder where not all are.
const SAMPLE: usize = 10;

/// Materials, counted.
#[derive(Debug, Default, Serialize, utoipa::ToSchema)]
pub(crate) struct Statistics {
    /// Materials.
    total_files: u64,
    /// Bytes.
    total_size: i64,
    /// How many of each type.
    file_types: BTreeMap<String, u64>,
    /// Drive can be read as somebody.
    drive_authenticated: bool,
    /// By folder; `root` is the topmost.
    #[serde(skip_serializing_if = "Option::is_none")]
    folder_structure: Option<BTreeMap<String, FolderStatistics>>,
}

/// A folder, counted.
#[derive(Debug, Default, Serialize, utoipa::ToSchema)]
pub(crate) struct FolderStatistics {
    /// Materials in it.
    file_count: u64,
    /// Bytes of them.
    total_size: i64,
    /// They.
    files: Vec<FileStatistics>,
}

/// A material.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct FileStatistics {
    /// Its name.
    name: String,
    /// Its extension.
    #[serde(rename = "type")]
    kind: String,
    /// Bytes.
    size: i64,
}

async fn count(
    caller: &Caller,
    drive: &DriveService,
    files_of_each: Option<usize>,
) -> Result<Statistics, ApiError> {
    let mut all = Statistics {
        drive_authenticated: drive.is_authenticated(&caller.account.uid).await?,
        ..Statistics::default()
    };
    let mut folders = BTreeMap::<String, FolderStatistics>::new();
    for row in drive.runner().materials.everything().await? {
        all.total_files = all.total_files.saturating_add(1);
        all.total_size = all.total_size.saturating_add(row.size_bytes);
        let of_type = all.file_types.entry(row.kind.clone()).or_default();
        *of_type = of_type.saturating_add(1);
        let (folder, name) = row.id.rsplit_once('/').unwrap_or(("root", &row.id));
        let folder = folders.entry(folder.to_owned()).or_default();
        folder.file_count = folder.file_count.saturating_add(1);
        folder.total_size = folder.total_size.saturating_add(row.size_bytes);
        if files_of_each.is_some_and(|most| folder.files.len() < most) {
            folder.files.push(FileStatistics {
                name: name.to_owned(),
                kind: row.kind,
                size: row.size_bytes,
            });
        }
    }
    all.folder_structure = files_of_each.map(|_| folders);
    Ok(all)
}

/// All materials, counted by type and folder. For whoever is signed in.
#[utoipa::path(tag = "drive", responses((status = 200, body = Statistics), Problems))]
#[get("/drive-stats-detailed")]
pub(crate) async fn detailed(
    caller: Caller,
    drive: Data<DriveService>,
) -> Result<Json<Statistics>, ApiError> {
    Ok(Json(count(&caller, &drive, Some(usize::MAX)).await?))
}

/// All materials, counted by type. For whoever is signed in.
#[utoipa::path(tag = "drive", responses((status = 200, body = Statistics), Problems))]
#[get("/drive-stats")]
pub(crate) async fn plain(
    caller: Caller,
    drive: Data<DriveService>,
) -> Result<Json<Statistics>, ApiError> {
    Ok(Json(count(&caller, &drive, None).await?))
}

/// All materials, counted by type and folder, with a few files of each. For whoever is signed in.
#[utoipa::path(tag = "drive", responses((status = 200, body = Statistics), Problems))]
#[get("/drive/folder-stats")]
pub(crate) async fn by_folder(
    caller: Caller,
    drive: Data<DriveService>,
) -> Result<Json<Statistics>, ApiError> {
    Ok(Json(count(&caller, &drive, Some(SAMPLE)).await?))
}
