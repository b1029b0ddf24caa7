//! Syncs as the web application begins and follows them.

use actix_web::web::{Data, Payload};
use actix_web::{get, post};
use serde::{Deserialize, Serialize};
use shared::body::{Json, Query, read_json};
use shared::problem::{ApiError, Problems};
use shared::settings::SecretString;

use super::given;
use crate::access::Staff;
use crate::drive::view::ProgressView;
use crate::drive::wanted::Wanted;
use crate::drive::{DriveError, DriveService};
use crate::materials::form;

/// What to sync.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub(crate) struct SyncRequest {
    /// Google's id of the folder.
    folder_id: String,
    /// A key for public folders; kept sealed for the folder's later syncs.
    #[schema(value_type = Option<String>)]
    api_key: Option<SecretString>,
    /// Levels to read, 1 to 100; 1 = the files of the folder itself.
    #[schema(minimum = 1, maximum = 100)]
    max_depth: Option<usize>,
    /// Plans, and does nothing.
    #[serde(default)]
    dry_run: bool,
    /// Reads everything instead of what changed.
    #[serde(default)]
    full: bool,
}

impl SyncRequest {
    fn wanted(self) -> Wanted {
        Wanted {
            folder_id: self.folder_id,
            api_key: given(self.api_key),
            max_depth: self.max_depth,
            first_depth: None,
            is_dry: self.dry_run,
            is_full: self.full,
        }
    }
}

/// A sync that was begun.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Started {
    /// `started`.
    pub(super) status: &'static str,
    /// What to follow.
    pub(super) download_id: String,
    /// Sentence for people.
    pub(super) message: &'static str,
    /// The same, for the older name of this route.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) note: Option<&'static str>,
    /// All that were begun, for modules.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) download_ids: Vec<String>,
}

impl Started {
    pub(super) fn of(download_id: String) -> Self {
        Self {
            status: "started",
            download_id,
            message: "A sincronização começou.",
            note: None,
            download_ids: Vec::new(),
        }
    }
}

/// Mirrors a folder of Drive into the materials: what is new, changed, renamed, moved or gone there. Answers at once; one
/// that is going already is joined.
#[utoipa::path(tag = "drive", request_body = SyncRequest, responses((status = 200, body = Started), Problems))]
#[post("/drive/sync-recursive")]
pub(crate) async fn sync(
    staff: Staff,
    body: Json<SyncRequest>,
    drive: Data<DriveService>,
) -> Result<Json<Started>, ApiError> {
    let id = drive.start(&staff, body.into_inner().wanted()).await?;
    Ok(Json(Started::of(id)))
}

/// The same as `/drive/sync-recursive`.
#[utoipa::path(tag = "drive", request_body = SyncRequest, responses((status = 200, body = Started), Problems))]
#[post("/recursive-drive-sync")]
pub(crate) async fn sync_too(
    staff: Staff,
    body: Json<SyncRequest>,
    drive: Data<DriveService>,
) -> Result<Json<Started>, ApiError> {
    let id = drive.start(&staff, body.into_inner().wanted()).await?;
    Ok(Json(Started {
        note: Some("Acompanhe em /drive/download-progress."),
        ..Started::of(id)
    }))
}

/// Which parts of a folder to sync.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub(crate) struct ModuleRequest {
    /// Google's id of the folder whose folders are modules.
    folder_id: String,
    /// The module of this name.
    module_name: Option<String>,
    /// Modules whose names begin so.
    module_prefix: Option<String>,
    /// Levels to read in each, 1 to 100.
    max_depth: Option<usize>,
    /// A key for public folders.
    #[schema(value_type = Option<String>)]
    api_key: Option<SecretString>,
}

/// Mirrors single modules: folders directly below a folder, each from then on a mirrored folder of its own.
#[utoipa::path(tag = "drive", request_body = ModuleRequest, responses((status = 200, body = Started), Problems))]
#[post("/drive/download-module")]
pub(crate) async fn module(
    staff: Staff,
    body: Json<ModuleRequest>,
    drive: Data<DriveService>,
) -> Result<Json<Started>, ApiError> {
    let body = body.into_inner();
    let api_key = given(body.api_key);
    let wanted = |folder_id: String| Wanted {
        folder_id,
        api_key: api_key.clone(),
        max_depth: body.max_depth,
        ..Wanted::default()
    };
    let looked = drive.look(&staff, wanted(body.folder_id.clone())).await?;
    let level = drive.level(&looked).await?;
    let modules = level.folders.into_iter().filter(|(_, name)| {
        body.module_name
            .as_deref()
            .is_none_or(|wanted| name == wanted)
            && body
                .module_prefix
                .as_deref()
                .is_none_or(|prefix| name.starts_with(prefix))
    });
    let mut begun = Vec::new();
    for (id, _) in modules {
        begun.push(drive.start(&staff, wanted(id)).await?);
    }
    let first = begun.first().cloned().ok_or(DriveError::Field {
        pointer: "/module_name",
        detail: "não há módulo com este nome na pasta",
    })?;
    Ok(Json(Started {
        download_ids: begun,
        ..Started::of(first)
    }))
}

/// Which download.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams, utoipa::ToSchema)]
#[into_params(parameter_in = Query)]
pub(crate) struct DownloadQuery {
    /// As it was begun.
    download_id: Option<String>,
}

/// Downloads that are going.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct AllProgress {
    /// Their ids.
    active_downloads: Vec<String>,
    /// How far each is.
    download_progress: std::collections::BTreeMap<String, ProgressView>,
}

/// One download, or all that are going.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(untagged)]
pub(crate) enum ProgressAnswer {
    /// One.
    One(Box<ProgressView>),
    /// All that are going.
    All(AllProgress),
}

/// How far a download is; without an id, all that are going.
#[utoipa::path(tag = "drive", params(DownloadQuery), responses((status = 200, body = ProgressAnswer), Problems))]
#[get("/drive/download-progress")]
pub(crate) async fn progress(
    _staff: Staff,
    query: Query<DownloadQuery>,
    drive: Data<DriveService>,
) -> Result<Json<ProgressAnswer>, ApiError> {
    let answer = if let Some(id) = query.into_inner().download_id {
        ProgressAnswer::One(Box::new(drive.progress(&id).await?))
    } else {
        let all = drive.all_progress().await?;
        ProgressAnswer::All(AllProgress {
            active_downloads: all.iter().map(|one| one.run.id.clone()).collect(),
            download_progress: all
                .into_iter()
                .map(|one| (one.run.id.clone(), one))
                .collect(),
        })
    };
    Ok(Json(answer))
}

/// A download that was cancelled.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Cancelled {
    /// `cancelled`.
    status: &'static str,
    /// Which.
    download_id: String,
}

/// Cancels a download: nothing is taken in after the answer. What was, stays. The id stands in the body or in the query.
#[utoipa::path(tag = "drive", params(DownloadQuery), request_body = Option<DownloadQuery>,
    responses((status = 200, body = Cancelled), Problems))]
#[post("/drive/cancel-download")]
pub(crate) async fn cancel(
    staff: Staff,
    query: Query<DownloadQuery>,
    body: Payload,
    drive: Data<DriveService>,
) -> Result<Json<Cancelled>, ApiError> {
    let body = form::whole(body).await?;
    let of_body: DownloadQuery = if body.is_empty() {
        DownloadQuery::default()
    } else {
        read_json(&body)?
    };
    let download_id = of_body
        .download_id
        .or(query.into_inner().download_id)
        .ok_or(DriveError::Field {
            pointer: "/download_id",
            detail: "falta o identificador da sincronização",
        })?;
    drive.cancel(&staff, &download_id).await?;
    Ok(Json(Cancelled {
        status: "cancelled",
        download_id,
    }))
}

/// What is fetched again.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct FetchedAnew {
    /// `success`.
    status: &'static str,
    /// Files that will be fetched again.
    existing_files_count: u64,
    /// Sentence for people.
    details: String,
    /// Runs that do it.
    runs: Vec<String>,
}

/// Fetches every mirrored file again, whether Drive says that it changed or not.
#[utoipa::path(tag = "drive", responses((status = 200, body = FetchedAnew), Problems))]
#[post("/recursive-drive-force-redownload")]
pub(crate) async fn fetch_anew(
    staff: Staff,
    drive: Data<DriveService>,
) -> Result<Json<FetchedAnew>, ApiError> {
    let (files, runs) = drive.fetch_anew(&staff).await?;
    Ok(Json(FetchedAnew {
        status: "success",
        existing_files_count: files,
        details: format!("{files} arquivos serão baixados de novo."),
        runs,
    }))
}
