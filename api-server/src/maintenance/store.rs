//! SQL of maintenance.

use shared::db::{Db, DbError, Tx};
use shared::{on_db, on_tx};

const TAKE_TURN: &str = "UPDATE turns SET taken = taken + 1 WHERE name = 'maintenance'";
const STALE: &str = "UPDATE maintenance_jobs SET state = 'interrupted', finished_at = alive_at \
    WHERE state = 'running' AND alive_at < $1";
const RUNNING: &str = "SELECT COUNT(*) FROM maintenance_jobs WHERE state = 'running'";
const INSERT: &str = "INSERT INTO maintenance_jobs (id, operation, dry_run, state, uid, username, created_at, alive_at) \
    VALUES ($1, $2, $3, 'running', $4, $5, $6, $6)";
const ALIVE: &str = "UPDATE maintenance_jobs SET alive_at = $2 WHERE id = $1 AND state = 'running'";
const FINISH: &str = "UPDATE maintenance_jobs SET state = $2, message = $3, outcome = $4, finished_at = $5, alive_at = $5 \
    WHERE id = $1";
const BY_ID: &str = "SELECT id, operation, dry_run, state, username, created_at, finished_at, message, outcome \
    FROM maintenance_jobs WHERE id = $1";
const LIST: &str = "SELECT id, operation, dry_run, state, username, created_at, finished_at, message, outcome \
    FROM maintenance_jobs ORDER BY id DESC LIMIT $1";
const PRUNE: &str = "DELETE FROM maintenance_jobs WHERE state <> 'running' AND created_at < $1";

/// Every statement of this store.
pub(crate) const STATEMENTS: &[&str] = &[
    TAKE_TURN, STALE, RUNNING, INSERT, ALIVE, FINISH, BY_ID, LIST, PRUNE,
];

/// One row of `maintenance_jobs`, as it is shown.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct JobRow {
    pub(crate) id: String,
    pub(crate) operation: String,
    pub(crate) dry_run: bool,
    pub(crate) state: String,
    pub(crate) username: Option<String>,
    pub(crate) created_at: i64,
    pub(crate) finished_at: Option<i64>,
    pub(crate) message: Option<String>,
    pub(crate) outcome: Option<String>,
}

/// A job that begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct NewJob<'a> {
    pub(super) id: &'a str,
    pub(super) operation: &'a str,
    pub(super) dry_run: bool,
    pub(super) uid: Option<&'a str>,
    pub(super) username: Option<&'a str>,
    pub(super) now: i64,
}

/// Begins a job unless one is at work; those that have stood still since `stale` count as interrupted.
pub(super) async fn begin(tx: &mut Tx, job: NewJob<'_>, stale: i64) -> Result<bool, DbError> {
    on_tx!(&mut *tx, |conn| sqlx::query(TAKE_TURN)
        .execute(conn)
        .await
        .map(|_| ()))?;
    on_tx!(&mut *tx, |conn| sqlx::query(STALE)
        .bind(stale)
        .execute(conn)
        .await
        .map(|_| ()))?;
    let running = on_tx!(&mut *tx, |conn| sqlx::query_scalar::<_, i64>(RUNNING)
        .fetch_one(conn)
        .await)?;
    if running > 0 {
        return Ok(false);
    }
    on_tx!(tx, |conn| sqlx::query(INSERT)
        .bind(job.id)
        .bind(job.operation)
        .bind(job.dry_run)
        .bind(job.uid)
        .bind(job.username)
        .bind(job.now)
        .execute(conn)
        .await
        .map(|_| true))
    .map_err(DbError::from)
}

/// A job is being worked on.
pub(super) async fn alive(db: &Db, id: &str, now: i64) -> Result<(), DbError> {
    on_db!(db, |pool| sqlx::query(ALIVE)
        .bind(id)
        .bind(now)
        .execute(pool)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// A job has ended.
pub(super) async fn finish(
    tx: &mut Tx,
    id: &str,
    state: &str,
    message: &str,
    outcome: Option<&str>,
    now: i64,
) -> Result<(), DbError> {
    on_tx!(tx, |conn| sqlx::query(FINISH)
        .bind(id)
        .bind(state)
        .bind(message)
        .bind(outcome)
        .bind(now)
        .execute(conn)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

pub(super) async fn by_id(db: &Db, id: &str) -> Result<Option<JobRow>, DbError> {
    on_db!(db, |pool| sqlx::query_as::<_, JobRow>(BY_ID)
        .bind(id)
        .fetch_optional(pool)
        .await)
    .map_err(DbError::from)
}

/// The newest first.
pub(super) async fn list(db: &Db, limit: i64) -> Result<Vec<JobRow>, DbError> {
    on_db!(db, |pool| sqlx::query_as::<_, JobRow>(LIST)
        .bind(limit)
        .fetch_all(pool)
        .await)
    .map_err(DbError::from)
}

/// Removes older ones.
pub(crate) async fn prune(db: &Db, before: i64) -> Result<u64, DbError> {
    db.prune(PRUNE, before).await
}
