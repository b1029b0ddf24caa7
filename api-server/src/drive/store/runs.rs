//! SQL of runs.

use shared::db::{Db, DbError, Tx};
use shared::{on_db, on_tx};

macro_rules! columns {
    () => {
        "r.id, r.folder, r.kind, r.state, r.dry_run, r.partial, r.allowed_removals, r.started_by, r.starter, r.notice, \
         r.folders, r.listed, r.indexed, r.unchanged, r.skipped, r.failed, r.pending, r.removals, r.removed, r.bytes, \
         r.requests, r.current_file, r.created_at, r.started_at, r.planned_at, r.ended_at, r.cancelled, \
         f.drive_id AS folder_drive_id, f.name AS folder_name"
    };
}
macro_rules! from {
    () => {
        " FROM drive_runs r JOIN drive_folders f ON f.id = r.folder "
    };
}

// One at a time: whoever comes second finds the one that is going.
const INSERT: &str = "INSERT INTO drive_runs (id, folder, kind, state, dry_run, partial, allowed_removals, started_by, starter, \
    notice, folders, listed, indexed, unchanged, skipped, failed, pending, removals, removed, bytes, requests, current_file, \
    created_at, started_at, planned_at, ended_at, cancelled, claim, due_at) \
    VALUES ($1, $2, $3, 'queued', $4, 0, $5, $6, $7, NULL, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '', $8, NULL, NULL, NULL, 0, NULL, $8) \
    ON CONFLICT (folder) WHERE ended_at IS NULL DO NOTHING";
const BY_ID: &str = concat!("SELECT ", columns!(), from!(), "WHERE r.id = $1");
const GOING: &str = concat!(
    "SELECT ",
    columns!(),
    from!(),
    "WHERE r.folder = $1 AND r.ended_at IS NULL"
);
const ALL_GOING: &str = concat!(
    "SELECT ",
    columns!(),
    from!(),
    "WHERE r.ended_at IS NULL ORDER BY r.created_at, r.id"
);
const LIST: &str = concat!(
    "SELECT ",
    columns!(),
    from!(),
    "WHERE ($1 = '' OR r.folder = $1) AND ($2 = '' OR r.id < $2) ORDER BY r.id DESC LIMIT $3"
);
const LATEST: &str = concat!(
    "SELECT ",
    columns!(),
    from!(),
    "WHERE r.folder = $1 ORDER BY r.id DESC LIMIT 1"
);
// The condition stands twice: on Postgres two may find the same row, and one of them sees it changed when its turn comes.
const CLAIM: &str = "UPDATE drive_runs SET due_at = $2, claim = $3, started_at = COALESCE(started_at, $1) \
    WHERE ended_at IS NULL AND due_at <= $1 AND id = (SELECT id FROM drive_runs WHERE ended_at IS NULL AND due_at <= $1 \
    ORDER BY due_at, id LIMIT 1) RETURNING id";
const HOLD: &str =
    "UPDATE drive_runs SET due_at = $3 WHERE id = $1 AND claim = $2 AND ended_at IS NULL";
const RELEASE: &str = "UPDATE drive_runs SET due_at = $3, claim = NULL WHERE id = $1 AND claim = $2 AND ended_at IS NULL";
const IS_CANCELLED: &str = "SELECT cancelled FROM drive_runs WHERE id = $1";
const ANALYZE: &str =
    "UPDATE drive_runs SET state = 'analyzing', kind = $3 WHERE id = $1 AND claim = $2";
const PLANNED: &str = "UPDATE drive_runs SET state = 'processing', partial = $3, notice = $4, folders = $5, listed = $6, \
    unchanged = $7, skipped = $8, failed = $9, pending = $10, removals = $11, requests = $12, planned_at = $13 \
    WHERE id = $1 AND claim = $2 AND cancelled = 0";
const COUNT: &str = "UPDATE drive_runs SET indexed = indexed + $3, unchanged = unchanged + $4, skipped = skipped + $5, \
    failed = failed + $6, pending = pending - $7, removed = removed + $8, bytes = bytes + $9, requests = CASE WHEN requests > $10 THEN requests ELSE CAST($10 AS BIGINT) END, current_file = $11 \
    WHERE id = $1 AND claim = $2 AND cancelled = 0";
const END: &str = "UPDATE drive_runs SET state = $3, notice = COALESCE($4, notice), ended_at = $5, \
    requests = CASE WHEN requests > $6 THEN requests ELSE CAST($6 AS BIGINT) END, claim = NULL, \
    current_file = '' WHERE id = $1 AND claim = $2 AND ended_at IS NULL";
const CANCEL: &str = "UPDATE drive_runs SET cancelled = 1, state = 'cancelled', ended_at = $2, current_file = '' \
    WHERE id = $1 AND ended_at IS NULL";
const PRUNE: &str = "DELETE FROM drive_runs WHERE ended_at < $1";

/// Every statement here.
pub(super) const STATEMENTS: &[&str] = &[
    INSERT,
    BY_ID,
    GOING,
    ALL_GOING,
    LIST,
    LATEST,
    CLAIM,
    HOLD,
    RELEASE,
    IS_CANCELLED,
    ANALYZE,
    PLANNED,
    COUNT,
    END,
    CANCEL,
    PRUNE,
];

/// One row of `drive_runs`, with its folder.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub(in crate::drive) struct RunRow {
    pub(in crate::drive) id: String,
    pub(in crate::drive) folder: String,
    pub(in crate::drive) kind: String,
    pub(in crate::drive) state: String,
    pub(in crate::drive) dry_run: i64,
    pub(in crate::drive) partial: i64,
    pub(in crate::drive) allowed_removals: Option<i64>,
    pub(in crate::drive) started_by: Option<String>,
    pub(in crate::drive) starter: String,
    pub(in crate::drive) notice: Option<String>,
    pub(in crate::drive) folders: i64,
    pub(in crate::drive) listed: i64,
    pub(in crate::drive) indexed: i64,
    pub(in crate::drive) unchanged: i64,
    pub(in crate::drive) skipped: i64,
    pub(in crate::drive) failed: i64,
    pub(in crate::drive) pending: i64,
    pub(in crate::drive) removals: i64,
    pub(in crate::drive) removed: i64,
    pub(in crate::drive) bytes: i64,
    pub(in crate::drive) requests: i64,
    pub(in crate::drive) current_file: String,
    pub(in crate::drive) created_at: i64,
    pub(in crate::drive) started_at: Option<i64>,
    pub(in crate::drive) planned_at: Option<i64>,
    pub(in crate::drive) ended_at: Option<i64>,
    pub(in crate::drive) cancelled: i64,
    pub(in crate::drive) folder_drive_id: String,
    pub(in crate::drive) folder_name: String,
}

/// A run to begin.
#[derive(Debug)]
pub(in crate::drive) struct NewRun<'a> {
    pub(in crate::drive) id: &'a str,
    pub(in crate::drive) folder: &'a str,
    pub(in crate::drive) kind: &'a str,
    pub(in crate::drive) is_dry: bool,
    pub(in crate::drive) allowed_removals: Option<i64>,
    pub(in crate::drive) starter: (Option<&'a str>, &'a str),
    pub(in crate::drive) now: i64,
}

/// What a plan comes to.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(in crate::drive) struct Sums {
    pub(in crate::drive) is_partial: bool,
    pub(in crate::drive) notice: Option<&'static str>,
    pub(in crate::drive) folders: i64,
    pub(in crate::drive) listed: i64,
    pub(in crate::drive) unchanged: i64,
    pub(in crate::drive) skipped: i64,
    pub(in crate::drive) failed: i64,
    pub(in crate::drive) pending: i64,
    pub(in crate::drive) removals: i64,
}

/// What one row came to, to be added.
#[derive(Debug, Default, Clone)]
pub(in crate::drive) struct Step {
    pub(in crate::drive) indexed: i64,
    pub(in crate::drive) unchanged: i64,
    pub(in crate::drive) skipped: i64,
    pub(in crate::drive) failed: i64,
    pub(in crate::drive) removed: i64,
    pub(in crate::drive) bytes: i64,
}

macro_rules! fetch {
    ($db:expr, $how:ident, $sql:expr $(, $value:expr)*) => {
        on_db!($db, |pool| sqlx::query_as::<_, RunRow>($sql)$(.bind($value))*.$how(pool).await).map_err(DbError::from)
    };
}
macro_rules! run {
    ($db:expr, $sql:expr $(, $value:expr)*) => {
        on_db!($db, |pool| sqlx::query($sql)$(.bind($value))*.execute(pool).await.map(|done| done.rows_affected()))
            .map_err(DbError::from)
    };
}

/// Begins a run, unless one is going.
pub(in crate::drive) async fn insert(db: &Db, run: &NewRun<'_>) -> Result<bool, DbError> {
    run!(
        db,
        INSERT,
        run.id,
        run.folder,
        run.kind,
        i64::from(run.is_dry),
        run.allowed_removals,
        run.starter.0,
        run.starter.1,
        run.now
    )
    .map(|rows| rows == 1)
}

pub(in crate::drive) async fn by_id(db: &Db, id: &str) -> Result<Option<RunRow>, DbError> {
    fetch!(db, fetch_optional, BY_ID, id)
}

/// The one that is going in a folder.
pub(in crate::drive) async fn going(db: &Db, folder: &str) -> Result<Option<RunRow>, DbError> {
    fetch!(db, fetch_optional, GOING, folder)
}

/// Those that are going anywhere.
pub(in crate::drive) async fn all_going(db: &Db) -> Result<Vec<RunRow>, DbError> {
    fetch!(db, fetch_all, ALL_GOING)
}

/// Latest first; empty texts let everything through.
pub(in crate::drive) async fn list(
    db: &Db,
    folder: &str,
    before: &str,
    limit: i64,
) -> Result<Vec<RunRow>, DbError> {
    fetch!(db, fetch_all, LIST, folder, before, limit)
}

/// The last one of a folder.
pub(in crate::drive) async fn latest(db: &Db, folder: &str) -> Result<Option<RunRow>, DbError> {
    fetch!(db, fetch_optional, LATEST, folder)
}

/// Takes the run that is due longest: its id.
pub(in crate::drive) async fn claim(
    db: &Db,
    now: i64,
    until: i64,
    claim: &str,
) -> Result<Option<String>, DbError> {
    on_db!(db, |pool| sqlx::query_scalar::<_, String>(CLAIM)
        .bind(now)
        .bind(until)
        .bind(claim)
        .fetch_optional(pool)
        .await)
    .map_err(DbError::from)
}

/// Goes on holding a claim; false when it is lost or the run has ended.
pub(in crate::drive) async fn hold(
    db: &Db,
    id: &str,
    claim: &str,
    until: i64,
) -> Result<bool, DbError> {
    run!(db, HOLD, id, claim, until).map(|rows| rows == 1)
}

/// Leaves a run to whoever comes next.
pub(in crate::drive) async fn release(
    db: &Db,
    id: &str,
    claim: &str,
    due_at: i64,
) -> Result<(), DbError> {
    run!(db, RELEASE, id, claim, due_at).map(drop)
}

/// Whether somebody cancelled it, or it is gone.
pub(in crate::drive) async fn is_cancelled(db: &Db, id: &str) -> Result<bool, DbError> {
    let found = on_db!(db, |pool| sqlx::query_scalar::<_, i64>(IS_CANCELLED)
        .bind(id)
        .fetch_optional(pool)
        .await)
    .map_err(DbError::from)?;
    Ok(found.is_none_or(|cancelled| cancelled != 0))
}

pub(in crate::drive) async fn analyze(
    db: &Db,
    id: &str,
    claim: &str,
    kind: &str,
) -> Result<(), DbError> {
    run!(db, ANALYZE, id, claim, kind).map(drop)
}

/// The plan stands; false when the claim is lost or the run was cancelled.
pub(in crate::drive) async fn planned(
    tx: &mut Tx,
    id: &str,
    claim: &str,
    sums: &Sums,
    requests: i64,
    now: i64,
) -> Result<bool, DbError> {
    on_tx!(tx, |conn| sqlx::query(PLANNED)
        .bind(id)
        .bind(claim)
        .bind(i64::from(sums.is_partial))
        .bind(sums.notice)
        .bind(sums.folders)
        .bind(sums.listed)
        .bind(sums.unchanged)
        .bind(sums.skipped)
        .bind(sums.failed)
        .bind(sums.pending)
        .bind(sums.removals)
        .bind(requests)
        .bind(now)
        .execute(conn)
        .await
        .map(|done| done.rows_affected() == 1))
    .map_err(DbError::from)
}

/// Adds what a row came to; false when the claim is lost or the run was cancelled.
pub(in crate::drive) async fn count(
    tx: &mut Tx,
    id: &str,
    claim: &str,
    step: &Step,
    requests: i64,
    current_file: &str,
) -> Result<bool, DbError> {
    let done = step.indexed + step.unchanged + step.skipped + step.failed;
    on_tx!(tx, |conn| sqlx::query(COUNT)
        .bind(id)
        .bind(claim)
        .bind(step.indexed)
        .bind(step.unchanged)
        .bind(step.skipped)
        .bind(step.failed)
        .bind(done)
        .bind(step.removed)
        .bind(step.bytes)
        .bind(requests)
        .bind(current_file)
        .execute(conn)
        .await
        .map(|done| done.rows_affected() == 1))
    .map_err(DbError::from)
}

/// The run has ended; false when it had already, or is another's.
pub(in crate::drive) async fn end(
    db: &Db,
    id: &str,
    claim: &str,
    state: &str,
    notice: Option<&str>,
    requests: i64,
    now: i64,
) -> Result<bool, DbError> {
    run!(db, END, id, claim, state, notice, now, requests).map(|rows| rows == 1)
}

/// Cancels a run that is going; whether it was. Nothing is written for it from here on.
pub(in crate::drive) async fn cancel(db: &Db, id: &str, now: i64) -> Result<bool, DbError> {
    run!(db, CANCEL, id, now).map(|rows| rows == 1)
}

/// Removes runs that ended before.
pub(crate) async fn prune(db: &Db, before: i64) -> Result<u64, DbError> {
    db.prune(PRUNE, before).await
}
