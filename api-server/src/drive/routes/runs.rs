//! `/drive/runs`: what each sync did, file by file.

use actix_web::web::Data;
use actix_web::{HttpResponse, get, post};
use serde::Deserialize;
use shared::body::{Json, Path, Query};
use shared::problem::{ApiError, Invalid, Problems};

use super::sync::Started;
use crate::access::Staff;
use crate::drive::model::Outcome;
use crate::drive::view::{LedgerView, RunView};
use crate::drive::{DriveService, events};

/// Shown at once, usually and at most.
const USUAL: i64 = 50;
const MOST: i64 = 200;
const USUAL_ROWS: i64 = 500;
const MOST_ROWS: i64 = 5_000;

/// Which runs.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RunsQuery {
    /// Only of this folder (our id of it).
    folder: Option<String>,
    /// Only before this run: the last of the page before.
    before: Option<String>,
    /// How many, 1 to 200; 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

fn limited(limit: Option<i64>, usual: i64, most: i64) -> Result<i64, Invalid> {
    let limit = limit.unwrap_or(usual);
    let mut invalid = Invalid::new();
    if !(1..=most).contains(&limit) {
        let text = format!("deve estar entre 1 e {most}");
        invalid = invalid.field("/limit", "out_of_range", text);
    }
    invalid.or(limit)
}

/// Syncs, latest first.
#[utoipa::path(tag = "drive", params(RunsQuery), responses((status = 200, body = Vec<RunView>), Problems))]
#[get("/drive/runs")]
pub(crate) async fn runs(
    _staff: Staff,
    query: Query<RunsQuery>,
    drive: Data<DriveService>,
) -> Result<Json<Vec<RunView>>, ApiError> {
    let query = query.into_inner();
    let limit = limited(query.limit, USUAL, MOST)?;
    let clean = |text: Option<String>| text.unwrap_or_default().replace('\0', "");
    let found = drive
        .runs(&clean(query.folder), &clean(query.before), limit)
        .await?;
    Ok(Json(found))
}

/// One sync.
#[utoipa::path(tag = "drive", params(("id" = String, Path, description = "The sync")),
    responses((status = 200, body = RunView), Problems))]
#[get("/drive/runs/{id}")]
pub(crate) async fn read(
    _staff: Staff,
    id: Path<String>,
    drive: Data<DriveService>,
) -> Result<Json<RunView>, ApiError> {
    Ok(Json(drive.run(&id.into_inner()).await?))
}

/// Which rows.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LedgerQuery {
    /// Only `pending`, `indexed`, `unchanged`, `skipped`, `failed`, `waiting` or `removed`.
    outcome: Option<String>,
    /// Only after this number: the last of the page before.
    after: Option<i64>,
    /// How many, 1 to 5000; 500 when absent.
    #[param(minimum = 1, maximum = 5000)]
    limit: Option<i64>,
}

/// What a sync did with each file, and each removal. Rows of what did not change are kept for a folder's last sync.
#[utoipa::path(tag = "drive", params(("id" = String, Path, description = "The sync"), LedgerQuery),
    responses((status = 200, body = Vec<LedgerView>), Problems))]
#[get("/drive/runs/{id}/files")]
pub(crate) async fn files(
    _staff: Staff,
    id: Path<String>,
    query: Query<LedgerQuery>,
    drive: Data<DriveService>,
) -> Result<Json<Vec<LedgerView>>, ApiError> {
    let query = query.into_inner();
    let limit = limited(query.limit, USUAL_ROWS, MOST_ROWS)?;
    let outcome = match query.outcome.as_deref() {
        None => None,
        Some(word) => match Outcome::parse(word) {
            Some(outcome) => Some(outcome),
            None => {
                return Err(Invalid::new()
                    .field("/outcome", "unknown_value", "valor não reconhecido")
                    .into());
            }
        },
    };
    let rows = drive
        .ledger(&id.into_inner(), outcome, query.after.unwrap_or(-1), limit)
        .await?;
    Ok(Json(rows))
}

/// Removals that somebody has looked at.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfirmRequest {
    /// How many, as the sync says.
    removals: Option<i64>,
}

/// Confirms the removals that a sync waits with: begins another, which may remove so many and no more.
#[utoipa::path(tag = "drive", params(("id" = String, Path, description = "The sync")), request_body = ConfirmRequest,
    responses((status = 200, body = Started), Problems))]
#[post("/drive/runs/{id}/confirm")]
pub(crate) async fn confirm(
    staff: Staff,
    id: Path<String>,
    body: Json<ConfirmRequest>,
    drive: Data<DriveService>,
) -> Result<Json<Started>, ApiError> {
    let id = drive
        .confirm(&staff, &id.into_inner(), body.into_inner().removals)
        .await?;
    Ok(Json(Started::of(id)))
}

/// Follows a sync: `progress` with the sync for every change, `done` at the end.
#[utoipa::path(tag = "drive", params(("id" = String, Path, description = "The sync")),
    responses((status = 200, content_type = "text/event-stream", body = shared::sse::Event), Problems))]
#[get("/drive/runs/{id}/events")]
pub(crate) async fn follow(
    _staff: Staff,
    id: Path<String>,
    drive: Data<DriveService>,
) -> Result<HttpResponse, ApiError> {
    let run = drive.run(&id.into_inner()).await?;
    Ok(events::follow(drive, run))
}
