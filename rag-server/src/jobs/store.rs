//! SQL of jobs.

use serde::{Deserialize, Serialize};
use shared::db::{Db, DbError};
use shared::on_db;

/// What a job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum JobKind {
    /// Reads one material and brings it into the index.
    Ingest,
    /// Brings the mirrored folder into the index.
    Mirror,
    /// Embeds everything with the configured model, then switches to it.
    Reindex,
}

impl JobKind {
    /// As stored and sent.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Mirror => "mirror",
            Self::Reindex => "reindex",
        }
    }
}

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Waiting for its turn.
    Queued,
    /// Being worked on.
    Running,
    /// Ended well.
    Done,
    /// Ended without success.
    Failed,
    /// Ended on request.
    Cancelled,
}

impl JobState {
    /// Every state.
    pub const ALL: [Self; 5] = [
        Self::Queued,
        Self::Running,
        Self::Done,
        Self::Failed,
        Self::Cancelled,
    ];

    /// As stored and sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Nothing more will happen.
    pub fn ended(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// One row of `jobs`.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct JobRow {
    /// `UUIDv7`.
    pub id: String,
    /// See [`JobKind`].
    pub kind: String,
    /// The material it works on, if it is one.
    pub material_id: Option<String>,
    /// The job that started it.
    pub parent_id: Option<String>,
    /// JSON object of its options.
    pub options: String,
    /// JSON object of what it came to, for a job on the whole.
    pub result: Option<String>,
    /// See [`JobState`].
    pub state: String,
    /// What is being done now: `queued`, `extracting`, `indexing`, `embedding`, `scanning`, `waiting`.
    pub stage: String,
    /// Units done.
    pub done: i64,
    /// Units in all; 0 while not known.
    pub total: i64,
    /// Tries that failed.
    pub attempts: i64,
    /// Times it was started, interrupted ones counted.
    pub starts: i64,
    /// Why it failed: stable code.
    pub reason_code: Option<String>,
    /// Why it failed: sentence for people.
    pub reason: Option<String>,
    /// Someone asked for its end.
    pub cancel_requested: bool,
    /// Unix ms.
    pub created_at: i64,
    /// Unix ms.
    pub started_at: Option<i64>,
    /// Unix ms.
    pub updated_at: i64,
    /// Unix ms.
    pub finished_at: Option<i64>,
}

impl JobRow {
    /// The state as a value.
    pub fn state(&self) -> JobState {
        JobState::parse(&self.state).unwrap_or(JobState::Failed)
    }
}

const BY_ID: &str = "SELECT * FROM jobs WHERE id = $1";
const LIST: &str = "SELECT * FROM jobs WHERE ($1 = '' OR state = $1) AND ($2 = '' OR id < $2) \
    ORDER BY id DESC LIMIT $3";
const INSERT: &str = "INSERT INTO jobs (id, kind, material_id, parent_id, options, state, stage, done, total, \
    attempts, starts, cancel_requested, created_at, updated_at) \
    VALUES ($1, $2, $3, $4, $5, 'queued', 'queued', 0, 0, 0, 0, FALSE, $6, $6)";
const START: &str = "UPDATE jobs SET state = 'running', starts = starts + 1, \
    started_at = COALESCE(started_at, $2), updated_at = $2 WHERE id = $1 AND state IN ('queued', 'running')";
const PROGRESS: &str = "UPDATE jobs SET stage = $2, done = $3, total = $4, updated_at = $5 \
    WHERE id = $1 AND state IN ('queued', 'running')";
const HANDED_BACK: &str = "UPDATE jobs SET state = 'queued', starts = starts - 1, reason_code = COALESCE($2, reason_code), \
    reason = COALESCE($3, reason), updated_at = $4 WHERE id = $1 AND state = 'running'";
const FAILED_TRY: &str = "UPDATE jobs SET state = 'queued', stage = 'queued', attempts = attempts + 1, \
    starts = starts - 1, \
    reason_code = $2, reason = $3, updated_at = $4 WHERE id = $1 AND state = 'running'";
const FINISH: &str = "UPDATE jobs SET state = $2, reason_code = $3, reason = $4, \
    attempts = CASE WHEN $2 = 'failed' THEN attempts + 1 ELSE attempts END, \
    done = CASE WHEN $2 = 'done' THEN total ELSE done END, stage = $2, updated_at = $5, finished_at = $5 \
    WHERE id = $1 AND state IN ('queued', 'running')";
const SET_RESULT: &str = "UPDATE jobs SET result = $2 WHERE id = $1";
const REQUEST_CANCEL: &str = "UPDATE jobs SET cancel_requested = TRUE, updated_at = $2 \
    WHERE (id = $1 OR parent_id = $1) AND state IN ('queued', 'running')";
const CHILDREN: &str =
    "SELECT id FROM jobs WHERE parent_id = $1 AND state IN ('queued', 'running')";
const CHILDREN_ENDED: &str =
    "SELECT COUNT(*) FROM jobs WHERE parent_id = $1 AND state IN ('done', 'failed', 'cancelled')";
const CHILDREN_FAILED: &str = "SELECT COUNT(*) FROM jobs WHERE parent_id = $1 AND state = 'failed'";
const CHILDREN_ALL: &str = "SELECT COUNT(*) FROM jobs WHERE parent_id = $1";
const OPEN: &str = "SELECT id FROM jobs WHERE state IN ('queued', 'running') \
    AND ($1 OR cancel_requested OR (state = 'queued' AND updated_at < $2)) ORDER BY id";
const OPEN_OF_KIND: &str =
    "SELECT * FROM jobs WHERE kind = $1 AND state IN ('queued', 'running') ORDER BY id LIMIT 1";
const OPEN_OF_MATERIAL: &str =
    "SELECT id FROM jobs WHERE material_id = $1 AND state IN ('queued', 'running') ORDER BY id";
const COUNT_BY_STATE: &str = "SELECT state, COUNT(*) FROM jobs GROUP BY state";
const OLDEST_QUEUED: &str = "SELECT MIN(created_at) FROM jobs WHERE state = 'queued'";
const PRUNE: &str = "DELETE FROM jobs WHERE finished_at IS NOT NULL AND finished_at < $1";

/// Every statement, so that a test can prepare them on both databases.
pub(crate) const STATEMENTS: &[&str] = &[
    BY_ID,
    LIST,
    INSERT,
    START,
    PROGRESS,
    FAILED_TRY,
    HANDED_BACK,
    FINISH,
    SET_RESULT,
    CHILDREN_FAILED,
    REQUEST_CANCEL,
    CHILDREN,
    CHILDREN_ENDED,
    CHILDREN_ALL,
    OPEN,
    OPEN_OF_KIND,
    OPEN_OF_MATERIAL,
    COUNT_BY_STATE,
    OLDEST_QUEUED,
    PRUNE,
];

pub(crate) async fn find(db: &Db, id: &str) -> Result<Option<JobRow>, DbError> {
    on_db!(db, |pool| sqlx::query_as::<_, JobRow>(BY_ID)
        .bind(id)
        .fetch_optional(pool)
        .await)
    .map_err(DbError::from)
}

/// The newest first; `before` is the id of the last one of the page before.
pub(crate) async fn list(
    db: &Db,
    state: Option<JobState>,
    before: &str,
    limit: i64,
) -> Result<Vec<JobRow>, DbError> {
    let state = state.map_or("", JobState::as_str);
    on_db!(db, |pool| sqlx::query_as::<_, JobRow>(LIST)
        .bind(state)
        .bind(before)
        .bind(limit)
        .fetch_all(pool)
        .await)
    .map_err(DbError::from)
}

/// A job to be.
pub(crate) struct NewJob<'a> {
    pub(crate) id: &'a str,
    pub(crate) kind: JobKind,
    pub(crate) material_id: Option<&'a str>,
    pub(crate) parent_id: Option<&'a str>,
    pub(crate) options: &'a str,
}

pub(crate) async fn insert(db: &Db, job: &NewJob<'_>, now: i64) -> Result<(), DbError> {
    on_db!(db, |pool| sqlx::query(INSERT)
        .bind(job.id)
        .bind(job.kind.as_str())
        .bind(job.material_id)
        .bind(job.parent_id)
        .bind(job.options)
        .bind(now)
        .execute(pool)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// `false` when it has ended.
pub(crate) async fn start(db: &Db, id: &str, now: i64) -> Result<bool, DbError> {
    on_db!(db, |pool| sqlx::query(START)
        .bind(id)
        .bind(now)
        .execute(pool)
        .await
        .map(|done| done.rows_affected() == 1))
    .map_err(DbError::from)
}

pub(crate) async fn progress(
    db: &Db,
    id: &str,
    stage: &str,
    done: i64,
    total: i64,
    now: i64,
) -> Result<(), DbError> {
    on_db!(db, |pool| sqlx::query(PROGRESS)
        .bind(id)
        .bind(stage)
        .bind(done)
        .bind(total)
        .bind(now)
        .execute(pool)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

pub(crate) async fn failed_try(
    db: &Db,
    id: &str,
    code: &str,
    reason: &str,
    now: i64,
) -> Result<(), DbError> {
    on_db!(db, |pool| sqlx::query(FAILED_TRY)
        .bind(id)
        .bind(code)
        .bind(reason)
        .bind(now)
        .execute(pool)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// `false` when it had ended before.
pub(crate) async fn finish(
    db: &Db,
    id: &str,
    state: JobState,
    reason: Option<(&str, &str)>,
    now: i64,
) -> Result<bool, DbError> {
    on_db!(db, |pool| sqlx::query(FINISH)
        .bind(id)
        .bind(state.as_str())
        .bind(reason.map(|(code, _)| code))
        .bind(reason.map(|(_, text)| text))
        .bind(now)
        .execute(pool)
        .await
        .map(|done| done.rows_affected() == 1))
    .map_err(DbError::from)
}

/// The job waits for another start; none of its tries is used up.
pub(crate) async fn handed_back(
    db: &Db,
    id: &str,
    reason: Option<(&str, &str)>,
    now: i64,
) -> Result<(), DbError> {
    on_db!(db, |pool| sqlx::query(HANDED_BACK)
        .bind(id)
        .bind(reason.map(|(code, _)| code))
        .bind(reason.map(|(_, text)| text))
        .bind(now)
        .execute(pool)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// Keeps what a job came to.
pub(crate) async fn set_result(db: &Db, id: &str, result: &str) -> Result<(), DbError> {
    on_db!(db, |pool| sqlx::query(SET_RESULT)
        .bind(id)
        .bind(result)
        .execute(pool)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// How many of the jobs that a job started have failed.
pub(crate) async fn children_failed(db: &Db, parent: &str) -> Result<i64, DbError> {
    on_db!(db, |pool| sqlx::query_scalar::<_, i64>(CHILDREN_FAILED)
        .bind(parent)
        .fetch_one(pool)
        .await)
    .map_err(DbError::from)
}

/// Marks the job and those it started.
pub(crate) async fn request_cancel(db: &Db, id: &str, now: i64) -> Result<(), DbError> {
    on_db!(db, |pool| sqlx::query(REQUEST_CANCEL)
        .bind(id)
        .bind(now)
        .execute(pool)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

pub(crate) async fn open_children(db: &Db, parent: &str) -> Result<Vec<String>, DbError> {
    on_db!(db, |pool| sqlx::query_scalar::<_, String>(CHILDREN)
        .bind(parent)
        .fetch_all(pool)
        .await)
    .map_err(DbError::from)
}

/// Children that have ended, and all of them.
pub(crate) async fn children(db: &Db, parent: &str) -> Result<(i64, i64), DbError> {
    let ended = on_db!(db, |pool| sqlx::query_scalar::<_, i64>(CHILDREN_ENDED)
        .bind(parent)
        .fetch_one(pool)
        .await)
    .map_err(DbError::from)?;
    let all = on_db!(db, |pool| sqlx::query_scalar::<_, i64>(CHILDREN_ALL)
        .bind(parent)
        .fetch_one(pool)
        .await)
    .map_err(DbError::from)?;
    Ok((ended, all))
}

/// Jobs that have not ended: `all` of them, else those that wait to be cancelled or were queued before `overdue`.
pub(crate) async fn open(db: &Db, all: bool, overdue: i64) -> Result<Vec<String>, DbError> {
    on_db!(db, |pool| sqlx::query_scalar::<_, String>(OPEN)
        .bind(all)
        .bind(overdue)
        .fetch_all(pool)
        .await)
    .map_err(DbError::from)
}

pub(crate) async fn open_of_kind(db: &Db, kind: JobKind) -> Result<Option<JobRow>, DbError> {
    on_db!(db, |pool| sqlx::query_as::<_, JobRow>(OPEN_OF_KIND)
        .bind(kind.as_str())
        .fetch_optional(pool)
        .await)
    .map_err(DbError::from)
}

pub(crate) async fn open_of_material(db: &Db, material_id: &str) -> Result<Vec<String>, DbError> {
    on_db!(db, |pool| sqlx::query_scalar::<_, String>(OPEN_OF_MATERIAL)
        .bind(material_id)
        .fetch_all(pool)
        .await)
    .map_err(DbError::from)
}

/// Unix ms; `None` where no job waits for its turn.
pub(crate) async fn oldest_queued(db: &Db) -> Result<Option<i64>, DbError> {
    on_db!(db, |pool| sqlx::query_scalar::<_, Option<i64>>(
        OLDEST_QUEUED
    )
    .fetch_one(pool)
    .await)
    .map_err(DbError::from)
}

pub(crate) async fn count_by_state(db: &Db) -> Result<Vec<(JobState, i64)>, DbError> {
    let rows = on_db!(db, |pool| sqlx::query_as::<_, (String, i64)>(
        COUNT_BY_STATE
    )
    .fetch_all(pool)
    .await)
    .map_err(DbError::from)?;
    Ok(JobState::ALL
        .into_iter()
        .map(|state| {
            let count = rows
                .iter()
                .find(|(name, _)| name == state.as_str())
                .map_or(0, |(_, n)| *n);
            (state, count)
        })
        .collect())
}

/// Forgets jobs that ended before `before`.
pub(crate) async fn prune(db: &Db, before: i64) -> Result<u64, DbError> {
    db.prune(PRUNE, before).await
}
