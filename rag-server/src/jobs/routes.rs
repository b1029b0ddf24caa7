//! `/jobs`: what is being done, how far it is, and how to stop it.

use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get};
use serde::{Deserialize, Serialize};
use shared::body::{Json, Path, Query};
use shared::clock::rfc3339;
use shared::problem::{ApiError, Problems};
use shared::sse::{self, Moment};
use tokio_util::sync::CancellationToken;

use super::{JobRow, JobService, JobState};
use crate::ingest::IngestService;
use crate::paging::page_size;

/// A job.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub(crate) struct JobView {
    /// Id; sorts by time.
    pub id: String,
    /// `ingest`, `mirror` or `reindex`.
    pub kind: String,
    /// `queued`, `running`, `done`, `failed` or `cancelled`.
    pub state: String,
    /// What is being done now.
    pub stage: String,
    /// Units done.
    pub done: i64,
    /// Units in all; 0 while not known.
    pub total: i64,
    /// Seconds until the end at the pace so far; null when it cannot be told.
    pub eta: Option<i64>,
    /// The material it works on.
    pub material_id: Option<String>,
    /// The job that started it.
    pub parent_id: Option<String>,
    /// Tries that failed.
    pub attempts: i64,
    /// Why it failed, or why its last try did.
    pub error: Option<Reason>,
    /// What a job on the whole came to: numbers of files unchanged, changed, removed and left out, and why those were.
    #[schema(value_type = Option<Object>)]
    pub result: Option<serde_json::Value>,
    /// Someone asked for its end.
    pub cancel_requested: bool,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub started_at: Option<String>,
    /// RFC 3339.
    pub updated_at: String,
    /// RFC 3339.
    pub finished_at: Option<String>,
}

/// Why something failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub(crate) struct Reason {
    /// Stable code.
    pub code: String,
    /// Sentence for people.
    pub detail: String,
}

impl Reason {
    pub(crate) fn of(code: Option<String>, detail: Option<String>) -> Option<Self> {
        Some(Self {
            code: code?,
            detail: detail.unwrap_or_default(),
        })
    }
}

impl From<JobRow> for JobView {
    fn from(job: JobRow) -> Self {
        let eta = eta(&job);
        Self {
            eta,
            id: job.id,
            kind: job.kind,
            state: job.state,
            stage: job.stage,
            done: job.done,
            total: job.total,
            material_id: job.material_id,
            parent_id: job.parent_id,
            attempts: job.attempts,
            error: Reason::of(job.reason_code, job.reason),
            result: job.result.and_then(|json| serde_json::from_str(&json).ok()),
            cancel_requested: job.cancel_requested,
            created_at: rfc3339(job.created_at),
            started_at: job.started_at.map(rfc3339),
            updated_at: rfc3339(job.updated_at),
            finished_at: job.finished_at.map(rfc3339),
        }
    }
}

/// Seconds left at the pace so far.
fn eta(job: &JobRow) -> Option<i64> {
    let started = job.started_at?;
    if job.state() != JobState::Running || job.done <= 0 || job.total < job.done {
        return None;
    }
    let spent_ms = (job.updated_at - started).max(0);
    Some(spent_ms * (job.total - job.done) / job.done / 1000)
}

/// Which jobs to list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListJobs {
    /// Only jobs in this state.
    state: Option<String>,
    /// Only jobs older than the one with this id: the last of the page before.
    before: Option<String>,
    /// Most jobs to list, 1 to 500.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u16>,
}

/// Jobs.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct JobList {
    /// The newest first.
    pub jobs: Vec<JobView>,
}

/// Lists jobs, the newest first.
#[utoipa::path(tag = "jobs", params(ListJobs), responses((status = 200, body = JobList), Problems))]
#[get("/jobs")]
pub(crate) async fn list(
    query: Query<ListJobs>,
    jobs: Data<JobService>,
) -> Result<Json<JobList>, ApiError> {
    let limit = page_size(query.limit, 100, 500)?;
    let rows = jobs
        .list(
            query.state.as_deref(),
            query
                .before
                .as_deref()
                .unwrap_or_default()
                .trim_matches('\0'),
            limit,
        )
        .await?;
    Ok(Json(JobList {
        jobs: rows.into_iter().map(JobView::from).collect(),
    }))
}

/// One job.
#[utoipa::path(tag = "jobs", params(("id" = String, Path)), responses((status = 200, body = JobView), Problems))]
#[get("/jobs/{id}")]
pub(crate) async fn show(
    id: Path<String>,
    jobs: Data<JobService>,
) -> Result<Json<JobView>, ApiError> {
    Ok(Json(jobs.find(&id).await?.into()))
}

/// Cancels a job and those it started; what was done stays.
#[utoipa::path(tag = "jobs", params(("id" = String, Path)), responses((status = 200, body = JobView), Problems))]
#[delete("/jobs/{id}")]
pub(crate) async fn cancel(
    id: Path<String>,
    jobs: Data<JobService>,
) -> Result<Json<JobView>, ApiError> {
    Ok(Json(jobs.cancel(&id).await?.into()))
}

/// Follows a job: one `progress` event per change, then `done`.
///
/// Each event's data is the job as `GET /jobs/{id}` shows it.
#[utoipa::path(tag = "jobs", params(("id" = String, Path)),
    responses((status = 200, content_type = "text/event-stream", body = sse::Event), Problems))]
#[get("/jobs/{id}/events")]
pub(crate) async fn events(
    id: Path<String>,
    jobs: Data<JobService>,
    ingest: Data<IngestService>,
) -> Result<HttpResponse, ApiError> {
    // Followed before it is looked at: a change in between must not be missed.
    let changes = jobs.changes();
    let first = jobs.find(&id).await?;
    let followed = Followed {
        changes,
        stopping: ingest.stopping.clone(),
        id: id.into_inner(),
        jobs,
    };
    Ok(sse::follow(moment(first), followed))
}

fn moment(row: JobRow) -> Moment<JobView> {
    let has_ended = row.state().ended();
    let view = JobView::from(row);
    Moment { view, has_ended }
}

/// One job, followed by one client.
struct Followed {
    jobs: Data<JobService>,
    changes: tokio::sync::watch::Receiver<u64>,
    stopping: CancellationToken,
    id: String,
}

impl sse::Followed for Followed {
    type View = JobView;

    async fn changed(&mut self) -> Option<()> {
        tokio::select! {
            () = self.stopping.cancelled() => None,
            changed = self.changes.changed() => changed.ok(),
        }
    }

    async fn look(&mut self) -> Result<Moment<JobView>, ApiError> {
        Ok(moment(self.jobs.find(&self.id).await?))
    }

    fn is_same(one: &JobView, other: &JobView) -> bool {
        one == other
    }
}
