//! What people open, and what was learned from it.

use actix_web::web::Data;
use actix_web::{HttpResponse, get, post};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::body::{Json, Path};
use shared::clock::rfc3339;
use shared::problem::{ApiError, Problems};

use super::Improvement;
use super::store::ImprovementRow;
use crate::access::{Admin, Caller};

/// A source that was opened.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OpenedRequest {
    /// Its number in the answer, from 1.
    #[schema(minimum = 1)]
    n: i64,
}

/// A run of the weekly improvement.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct ImprovementView {
    /// Id; later ones are greater.
    pub id: String,
    /// RFC 3339, UTC.
    pub at: String,
    /// `accepted`, `refused` or `too_few`.
    pub outcome: String,
    /// The rag-server's number of it, to go back from or to.
    pub version: i64,
    /// Answers that told something.
    pub examples: i64,
    /// People whose answers they were.
    pub people: i64,
    /// A sentence for people.
    pub detail: String,
    /// Before and after: `held_out_before`, `held_out_after`, `before`, `after`, `faults`.
    #[schema(value_type = Object)]
    pub figures: Value,
}

impl From<ImprovementRow> for ImprovementView {
    fn from(row: ImprovementRow) -> Self {
        Self {
            id: row.id,
            at: rfc3339(row.at),
            outcome: row.outcome,
            version: row.version,
            examples: row.examples,
            people: row.people,
            detail: row.detail,
            figures: serde_json::from_str(&row.figures).unwrap_or_default(),
        }
    }
}

/// Notes that a source of an answer was opened; the ranking learns from it. Of the opening only ids are kept, as long as the
/// answer is.
#[utoipa::path(tag = "conversations", operation_id = "source_opened", params(("id" = String, Path)),
    request_body = OpenedRequest, responses((status = 204), Problems))]
#[post("/chat/messages/{id}/opened")]
pub(crate) async fn opened(
    caller: Caller,
    id: Path<String>,
    body: Json<OpenedRequest>,
    improvement: Data<Improvement>,
) -> Result<HttpResponse, ApiError> {
    improvement.opened(&caller.account.uid, &id, body.n).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// What the weekly improvement of the ranking came to, the latest first. For administrators.
#[utoipa::path(tag = "jobs", operation_id = "list_improvements",
    responses((status = 200, body = Vec<ImprovementView>), Problems))]
#[get("/jobs/improvements")]
pub(crate) async fn list(
    _admin: Admin,
    improvement: Data<Improvement>,
) -> Result<Json<Vec<ImprovementView>>, ApiError> {
    let rows = improvement.list().await?;
    Ok(Json(rows.into_iter().map(ImprovementView::from).collect()))
}
