//! Looks at Drive without taking anything in.

use actix_web::web::Data;
use actix_web::{HttpRequest, get, post};
use serde::{Deserialize, Serialize};
use shared::body::{Json, Query};
use shared::clock::rfc3339;
use shared::problem::{ApiError, HasProblem as _, Problems};
use shared::settings::SecretString;

use super::given;
use crate::access::Staff;
use crate::drive::look::{FileView, Level, Looked, StructureView};
use crate::drive::wanted::Wanted;
use crate::drive::{DriveError, DriveService};

/// Files of a sample.
const SAMPLE: usize = 5;
/// Header with a key: queries end up in logs.
const KEY_HEADER: &str = "x-drive-api-key";

/// Which folder.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub(crate) struct LookRequest {
    /// Google's id of the folder.
    folder_id: String,
    /// A key for public folders; it is not kept.
    #[schema(value_type = Option<String>)]
    api_key: Option<SecretString>,
    /// Levels to read, 1 to 100.
    max_depth: Option<usize>,
    /// Also mirrors the files of the folder itself.
    #[serde(default)]
    download_files: bool,
}

impl LookRequest {
    fn wanted(self) -> Wanted {
        Wanted {
            folder_id: self.folder_id,
            api_key: given(self.api_key),
            max_depth: self.max_depth,
            ..Wanted::default()
        }
    }
}

/// Which folder.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct LookQuery {
    /// Google's id of the folder.
    folder_id: String,
    /// Levels to read, 1 to 100.
    max_depth: Option<usize>,
}

impl LookQuery {
    fn wanted(self, key: Option<SecretString>) -> Wanted {
        Wanted {
            folder_id: self.folder_id,
            api_key: key,
            max_depth: self.max_depth,
            ..Wanted::default()
        }
    }
}

fn key_of(request: &HttpRequest) -> Option<SecretString> {
    let value = request.headers().get(KEY_HEADER)?.to_str().ok()?;
    given(Some(SecretString::from(value.to_owned())))
}

/// Whether a folder can be read.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Tested {
    /// It can.
    accessible: bool,
    /// Its name.
    folder_name: Option<String>,
    /// Files directly in it.
    file_count: usize,
    /// Folders directly in it.
    total_folders: usize,
    /// A key alone sees it.
    public: bool,
    /// As whom it is seen: `user`, `service_account`, `token_file` or `api_key`.
    method: Option<&'static str>,
    /// Names of a few of its files.
    files_sample: Option<Vec<String>>,
    /// Why it cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Tries whether a folder can be read.
#[utoipa::path(tag = "drive", request_body = LookRequest, responses((status = 200, body = Tested), Problems))]
#[post("/test-drive-folder")]
pub(crate) async fn test(
    staff: Staff,
    body: Json<LookRequest>,
    drive: Data<DriveService>,
) -> Result<Json<Tested>, ApiError> {
    let looked = async {
        let looked = drive.look(&staff, body.into_inner().wanted()).await?;
        let level = drive.level(&looked).await?;
        Ok::<_, DriveError>((looked, level))
    };
    Ok(Json(match looked.await {
        Ok((looked, level)) => Tested {
            accessible: true,
            public: looked.is_public(),
            method: Some(looked.method()),
            folder_name: Some(looked.name),
            file_count: level.files.len(),
            total_folders: level.folders.len(),
            files_sample: Some(
                level
                    .files
                    .into_iter()
                    .take(SAMPLE)
                    .map(|file| file.name)
                    .collect(),
            ),
            error: None,
        },
        Err(DriveError::Store(error)) => return Err(error.into()),
        Err(error) => Tested {
            accessible: false,
            folder_name: None,
            file_count: 0,
            total_folders: 0,
            public: false,
            method: None,
            files_sample: None,
            error: Some(match &error {
                DriveError::Field { .. } => {
                    "O identificador informado não é de uma pasta do Google Drive.".to_owned()
                }
                other => other.detail(),
            }),
        },
    }))
}

/// Files of a folder.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Listed {
    /// `success`.
    status: &'static str,
    /// Sentence for people.
    message: String,
    /// Files directly in the folder.
    files: Vec<FileView>,
    /// Counted.
    statistics: ListedStatistics,
    /// The folder.
    folder_info: FolderInfo,
    /// The sync that mirrors them, if that was asked for.
    download_id: Option<String>,
}

/// Files, counted.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[expect(clippy::struct_field_names, reason = "as the page reads it")]
pub(crate) struct ListedStatistics {
    /// Files.
    total_files: usize,
    /// Folders.
    total_folders: usize,
    /// Bytes.
    total_size: u64,
}

/// A folder.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct FolderInfo {
    /// Google's id.
    id: String,
    /// Name.
    name: String,
}

fn statistics(level: &Level) -> ListedStatistics {
    ListedStatistics {
        total_files: level.files.len(),
        total_folders: level.folders.len(),
        total_size: level
            .files
            .iter()
            .fold(0, |sum, file| sum.saturating_add(file.size)),
    }
}

/// Lists the files directly in a folder; with `download_files`, begins to mirror them.
#[utoipa::path(tag = "drive", request_body = LookRequest, responses((status = 200, body = Listed), Problems))]
#[post("/sync-drive-simple")]
pub(crate) async fn simple(
    staff: Staff,
    body: Json<LookRequest>,
    drive: Data<DriveService>,
) -> Result<Json<Listed>, ApiError> {
    list(staff, body, drive).await
}

/// The same as `/sync-drive-simple`.
#[utoipa::path(tag = "drive", request_body = LookRequest, responses((status = 200, body = Listed), Problems))]
#[post("/sync-drive")]
pub(crate) async fn simple_too(
    staff: Staff,
    body: Json<LookRequest>,
    drive: Data<DriveService>,
) -> Result<Json<Listed>, ApiError> {
    list(staff, body, drive).await
}

async fn list(
    staff: Staff,
    body: Json<LookRequest>,
    drive: Data<DriveService>,
) -> Result<Json<Listed>, ApiError> {
    let body = body.into_inner();
    let downloads = body.download_files;
    let mut wanted = body.wanted();
    let again = Wanted {
        folder_id: wanted.folder_id.clone(),
        api_key: wanted.api_key.clone(),
        // A folder that is mirrored whole stays so.
        first_depth: Some(1),
        ..Wanted::default()
    };
    wanted.max_depth = Some(1);
    let looked: Looked = drive.look(&staff, wanted).await?;
    let level = drive.level(&looked).await?;
    let download_id = if downloads {
        Some(drive.start(&staff, again).await?)
    } else {
        None
    };
    Ok(Json(Listed {
        status: "success",
        message: format!("A pasta tem {} arquivos.", level.files.len()),
        statistics: statistics(&level),
        folder_info: FolderInfo {
            id: looked.id().to_owned(),
            name: looked.name,
        },
        files: level.files,
        download_id,
    }))
}

/// Everything in a folder.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[expect(clippy::struct_field_names, reason = "as the page reads it")]
pub(crate) struct Analyzed {
    /// `success`.
    status: &'static str,
    /// Counted.
    statistics: AnalyzedStatistics,
    /// Name of the folder.
    root_folder: String,
    /// The folder, with what is in it.
    folder_structure: StructureView,
    /// RFC 3339, UTC.
    analyzed_at: String,
}

/// Counted.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct AnalyzedStatistics {
    /// Folders, the topmost among them.
    total_folders: usize,
    /// Files.
    total_files: usize,
}

/// Reads everything in a folder, without taking anything in.
#[utoipa::path(tag = "drive", request_body = LookRequest, responses((status = 200, body = Analyzed), Problems))]
#[post("/recursive-drive-analysis")]
pub(crate) async fn analysis(
    staff: Staff,
    body: Json<LookRequest>,
    drive: Data<DriveService>,
) -> Result<Json<Analyzed>, ApiError> {
    analyze(staff, body.into_inner().wanted(), drive).await
}

/// The same as `/recursive-drive-analysis`; a key stands in the header `X-Drive-Api-Key`.
#[utoipa::path(tag = "drive", params(LookQuery), responses((status = 200, body = Analyzed), Problems))]
#[get("/drive/analyze-folder")]
pub(crate) async fn analysis_too(
    staff: Staff,
    request: HttpRequest,
    query: Query<LookQuery>,
    drive: Data<DriveService>,
) -> Result<Json<Analyzed>, ApiError> {
    analyze(staff, query.into_inner().wanted(key_of(&request)), drive).await
}

async fn analyze(
    staff: Staff,
    wanted: Wanted,
    drive: Data<DriveService>,
) -> Result<Json<Analyzed>, ApiError> {
    let depth = wanted.max_depth;
    let looked = drive.look(&staff, wanted).await?;
    let (folder_structure, total_folders, total_files) = drive.structure(&looked, depth).await?;
    Ok(Json(Analyzed {
        status: "success",
        statistics: AnalyzedStatistics {
            total_folders,
            total_files,
        },
        root_folder: looked.name,
        folder_structure,
        analyzed_at: rfc3339(drive.now()),
    }))
}

/// Folders directly below a folder.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Modules {
    /// The folders.
    modules: Vec<FolderInfo>,
    /// How many.
    total_modules: usize,
}

/// Lists the folders directly below a folder; a key stands in the header `X-Drive-Api-Key`.
#[utoipa::path(tag = "drive", params(LookQuery), responses((status = 200, body = Modules), Problems))]
#[get("/drive/list-modules")]
pub(crate) async fn modules(
    staff: Staff,
    request: HttpRequest,
    query: Query<LookQuery>,
    drive: Data<DriveService>,
) -> Result<Json<Modules>, ApiError> {
    let wanted = query.into_inner().wanted(key_of(&request));
    let looked = drive.look(&staff, wanted).await?;
    let level = drive.level(&looked).await?;
    Ok(Json(Modules {
        total_modules: level.folders.len(),
        modules: level
            .folders
            .into_iter()
            .map(|(id, name)| FolderInfo { id, name })
            .collect(),
    }))
}

/// Whether Drive answers.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Connection {
    /// It does.
    connected: bool,
    /// Whom it sees; an API key is nobody.
    user_email: Option<String>,
    /// As whom it was asked.
    authentication_method: Option<&'static str>,
    /// Bytes: `limit` and `usage`.
    storage_info: Option<StorageInfo>,
    /// RFC 3339, UTC.
    tested_at: String,
    /// Why it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Bytes.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct StorageInfo {
    /// There are; null without a limit.
    limit: Option<i64>,
    /// In use.
    usage: Option<i64>,
}

/// Asks Drive who it sees; a key stands in the header `X-Drive-Api-Key`, never in the query.
#[utoipa::path(tag = "drive", responses((status = 200, body = Connection), Problems))]
#[get("/drive/test-connection")]
pub(crate) async fn connection(
    staff: Staff,
    request: HttpRequest,
    drive: Data<DriveService>,
) -> Result<Json<Connection>, ApiError> {
    let tested_at = rfc3339(drive.now());
    Ok(Json(match drive.about(&staff, key_of(&request)).await {
        Ok((about, method)) => Connection {
            connected: true,
            user_email: about.user.and_then(|user| user.email_address),
            authentication_method: Some(method),
            storage_info: about.storage_quota.map(|quota| StorageInfo {
                limit: quota.limit,
                usage: quota.usage,
            }),
            tested_at,
            error: None,
        },
        Err(DriveError::Store(error)) => return Err(error.into()),
        Err(error) => Connection {
            connected: false,
            user_email: None,
            authentication_method: None,
            storage_info: None,
            tested_at,
            error: Some(error.detail()),
        },
    }))
}
