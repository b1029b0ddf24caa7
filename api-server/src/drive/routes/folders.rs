//! `/drive/folders`: what is mirrored, and when.

use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, post, put};
use serde::{Deserialize, Serialize};
use shared::body::{Json, Path, Query};
use shared::clock::rfc3339;
use shared::problem::{ApiError, Problems};

use crate::access::{Admin, Staff};
use crate::drive::DriveService;
use crate::drive::folders::FolderView;

/// Folders that are mirrored.
#[utoipa::path(tag = "drive", responses((status = 200, body = Vec<FolderView>), Problems))]
#[get("/drive/folders")]
pub(crate) async fn folders(
    _staff: Staff,
    drive: Data<DriveService>,
) -> Result<Json<Vec<FolderView>>, ApiError> {
    Ok(Json(drive.folders().await?))
}

/// When a folder is synced, and how deep.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FolderRequest {
    /// Cron line of five fields, such as `0 3 * * *`, in the time zone of the settings; null = never by itself.
    schedule: Option<String>,
    /// Levels to read, 1 to 100; as it was when absent.
    #[schema(minimum = 1, maximum = 100)]
    max_depth: Option<usize>,
}

/// Says when a folder is synced by itself, and how deep it is read.
#[utoipa::path(tag = "drive", params(("id" = String, Path, description = "The folder (our id of it)")), request_body = FolderRequest,
    responses((status = 200, body = FolderView), Problems))]
#[put("/drive/folders/{id}")]
pub(crate) async fn change(
    _staff: Staff,
    id: Path<String>,
    body: Json<FolderRequest>,
    drive: Data<DriveService>,
) -> Result<Json<FolderView>, ApiError> {
    let body = body.into_inner();
    let folder = drive
        .schedule(&id.into_inner(), body.schedule, body.max_depth)
        .await?;
    Ok(Json(folder))
}

/// What becomes of the materials of a folder that is mirrored no more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Fate {
    /// They stay, as if somebody had sent them.
    #[default]
    Keep,
    /// They go.
    Remove,
}

/// How to forget a folder.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ForgetQuery {
    /// `keep` (when absent) or `remove`.
    #[serde(default)]
    #[param(inline)]
    materials: Fate,
}

/// Mirrors a folder no more. Its materials stay, unless `materials=remove`.
#[utoipa::path(tag = "drive", params(("id" = String, Path, description = "The folder (our id of it)"), ForgetQuery),
    responses((status = 204), Problems))]
#[delete("/drive/folders/{id}")]
pub(crate) async fn forget(
    staff: Staff,
    id: Path<String>,
    query: Query<ForgetQuery>,
    drive: Data<DriveService>,
) -> Result<HttpResponse, ApiError> {
    let removes = query.into_inner().materials == Fate::Remove;
    drive.forget(&staff, &id.into_inner(), removes).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// What was forgotten.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[expect(clippy::struct_field_names, reason = "as the page reads it")]
pub(crate) struct Cleared {
    /// `success`.
    status: &'static str,
    /// Sentence for people.
    message: String,
    /// RFC 3339, UTC.
    cleared_at: String,
}

/// Forgets what Drive said of every folder: the next sync of each reads everything. Nothing that is held is touched.
#[utoipa::path(tag = "drive", responses((status = 200, body = Cleared), Problems))]
#[post("/drive/clear-cache")]
pub(crate) async fn clear(
    _admin: Admin,
    drive: Data<DriveService>,
) -> Result<Json<Cleared>, ApiError> {
    let count = drive.read_anew().await?;
    Ok(Json(Cleared {
        status: "success",
        message: format!("{count} pastas serão lidas por inteiro na próxima sincronização."),
        cleared_at: rfc3339(drive.now()),
    }))
}
