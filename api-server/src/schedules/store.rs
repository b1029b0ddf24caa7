//! SQL of schedules.

use shared::db::{Db, DbError};
use shared::on_db;

const LEAD: &str = "INSERT INTO leases (name, holder, until) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE SET \
    holder = excluded.holder, until = excluded.until WHERE leases.holder = excluded.holder OR leases.until <= $4";
const RESIGN: &str = "DELETE FROM leases WHERE name = $1 AND holder = $2";
const KNOWN: &str = "INSERT INTO schedules (name, paused, next_at, timing) VALUES ($1, FALSE, $2, $3) \
    ON CONFLICT (name) DO NOTHING";
const ALL: &str = "SELECT name, cron, paused, next_at, timing, running, running_until FROM schedules ORDER BY name";
const ONE: &str = "SELECT name, cron, paused, next_at, timing, running, running_until FROM schedules WHERE name = $1";
const DUE: &str = "SELECT name, cron, paused, next_at, timing, running, running_until FROM schedules \
    WHERE NOT paused AND next_at <= $1 ORDER BY next_at, name";
const CHANGE: &str =
    "UPDATE schedules SET cron = $2, paused = $3, next_at = $4, timing = $5 WHERE name = $1";
const TAKE: &str = "UPDATE schedules SET next_at = $3, running = $4, running_until = $5 \
    WHERE name = $1 AND next_at = $2 AND NOT paused AND (running IS NULL OR running_until <= $6)";
const PASS_OVER: &str = "UPDATE schedules SET next_at = $3 \
    WHERE name = $1 AND next_at = $2 AND running IS NOT NULL AND running_until > $4";
const START: &str = "UPDATE schedules SET running = $2, running_until = $3 \
    WHERE name = $1 AND (running IS NULL OR running_until <= $4)";
const END: &str =
    "UPDATE schedules SET running = NULL, running_until = NULL WHERE name = $1 AND running = $2";
const RUN: &str = "INSERT INTO schedule_runs (id, name, planned_at, cause, started_at, outcome, actor) \
    VALUES ($1, $2, $3, $4, $5, $6, $7)";
const RAN: &str = "UPDATE schedule_runs SET ended_at = $2, outcome = $3, detail = $4 WHERE id = $1 AND outcome = 'running'";
const DIED: &str = "UPDATE schedule_runs SET outcome = 'interrupted' \
    WHERE name = $1 AND outcome = 'running' AND id <> $2";
const RUNS: &str = "SELECT id, name, planned_at, cause, started_at, ended_at, outcome, detail, actor \
    FROM schedule_runs WHERE name = $1 ORDER BY id DESC LIMIT $2";
const LAST: &str = "SELECT id, name, planned_at, cause, started_at, ended_at, outcome, detail, actor FROM schedule_runs \
    WHERE id IN (SELECT MAX(id) FROM schedule_runs WHERE outcome <> 'skipped' GROUP BY name)";
const PRUNE: &str = "DELETE FROM schedule_runs WHERE started_at < $1";

/// Every statement of this store.
pub(crate) const STATEMENTS: &[&str] = &[
    LEAD, RESIGN, KNOWN, ALL, ONE, DUE, CHANGE, TAKE, PASS_OVER, START, END, RUN, RAN, DIED, RUNS,
    LAST, PRUNE,
];

/// One row of `schedules`.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct ScheduleRow {
    pub(crate) name: String,
    pub(crate) cron: Option<String>,
    pub(crate) paused: bool,
    pub(crate) next_at: i64,
    pub(crate) timing: String,
    pub(crate) running: Option<String>,
    pub(crate) running_until: Option<i64>,
}

impl ScheduleRow {
    /// Whether a run goes on; one that is too old has died.
    pub(crate) fn runs_at(&self, now: i64) -> bool {
        self.running.is_some() && self.running_until.is_some_and(|until| until > now)
    }
}

/// One row of `schedule_runs`.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct RunRow {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) planned_at: i64,
    pub(crate) cause: String,
    pub(crate) started_at: i64,
    pub(crate) ended_at: Option<i64>,
    pub(crate) outcome: String,
    pub(crate) detail: Option<String>,
    pub(crate) actor: Option<String>,
}

/// A run that begins.
#[derive(Debug, Clone)]
pub(super) struct NewRun<'a> {
    pub(super) id: &'a str,
    pub(super) name: &'a str,
    pub(super) planned_at: i64,
    pub(super) cause: &'static str,
    pub(super) outcome: &'static str,
    pub(super) actor: Option<&'a str>,
    pub(super) now: i64,
}

/// Takes or keeps a lease; whether `holder` has it.
pub(crate) async fn lead(
    db: &Db,
    name: &str,
    holder: &str,
    until: i64,
    now: i64,
) -> Result<bool, DbError> {
    on_db!(db, |pool| sqlx::query(LEAD)
        .bind(name)
        .bind(holder)
        .bind(until)
        .bind(now)
        .execute(pool)
        .await
        .map(|done| done.rows_affected() > 0))
    .map_err(DbError::from)
}

/// Gives a lease back.
pub(crate) async fn resign(db: &Db, name: &str, holder: &str) -> Result<(), DbError> {
    on_db!(db, |pool| sqlx::query(RESIGN)
        .bind(name)
        .bind(holder)
        .execute(pool)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// Makes the row of a schedule that has none.
pub(super) async fn know(db: &Db, name: &str, next_at: i64, timing: &str) -> Result<(), DbError> {
    on_db!(db, |pool| sqlx::query(KNOWN)
        .bind(name)
        .bind(next_at)
        .bind(timing)
        .execute(pool)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// All schedules, by name.
pub(super) async fn all(db: &Db) -> Result<Vec<ScheduleRow>, DbError> {
    on_db!(db, |pool| sqlx::query_as(ALL).fetch_all(pool).await).map_err(DbError::from)
}

/// One schedule.
pub(super) async fn one(db: &Db, name: &str) -> Result<Option<ScheduleRow>, DbError> {
    on_db!(db, |pool| sqlx::query_as(ONE)
        .bind(name)
        .fetch_optional(pool)
        .await)
    .map_err(DbError::from)
}

/// Schedules that are due, the longest due first.
pub(super) async fn due(db: &Db, now: i64) -> Result<Vec<ScheduleRow>, DbError> {
    on_db!(db, |pool| sqlx::query_as(DUE)
        .bind(now)
        .fetch_all(pool)
        .await)
    .map_err(DbError::from)
}

/// Writes what of a schedule may be changed.
pub(super) async fn change(db: &Db, row: &ScheduleRow) -> Result<(), DbError> {
    on_db!(db, |pool| sqlx::query(CHANGE)
        .bind(&row.name)
        .bind(&row.cron)
        .bind(row.paused)
        .bind(row.next_at)
        .bind(&row.timing)
        .execute(pool)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// Moves a schedule on to `next_at` and takes the run that was due; false when somebody else did, or a run goes on.
pub(super) async fn take(
    db: &Db,
    row: &ScheduleRow,
    next_at: i64,
    run: &str,
    until: i64,
    now: i64,
) -> Result<bool, DbError> {
    on_db!(db, |pool| sqlx::query(TAKE)
        .bind(&row.name)
        .bind(row.next_at)
        .bind(next_at)
        .bind(run)
        .bind(until)
        .bind(now)
        .execute(pool)
        .await
        .map(|done| done.rows_affected() > 0))
    .map_err(DbError::from)
}

/// Moves a schedule on whose run goes on; false when it does not.
pub(super) async fn pass_over(
    db: &Db,
    row: &ScheduleRow,
    next_at: i64,
    now: i64,
) -> Result<bool, DbError> {
    on_db!(db, |pool| sqlx::query(PASS_OVER)
        .bind(&row.name)
        .bind(row.next_at)
        .bind(next_at)
        .bind(now)
        .execute(pool)
        .await
        .map(|done| done.rows_affected() > 0))
    .map_err(DbError::from)
}

/// Takes a run that nobody but somebody who asked for it expects; false when one goes on.
pub(super) async fn start(
    db: &Db,
    name: &str,
    run: &str,
    until: i64,
    now: i64,
) -> Result<bool, DbError> {
    on_db!(db, |pool| sqlx::query(START)
        .bind(name)
        .bind(run)
        .bind(until)
        .bind(now)
        .execute(pool)
        .await
        .map(|done| done.rows_affected() > 0))
    .map_err(DbError::from)
}

/// Gives a run back.
pub(super) async fn end(db: &Db, name: &str, run: &str) -> Result<(), DbError> {
    on_db!(db, |pool| sqlx::query(END)
        .bind(name)
        .bind(run)
        .execute(pool)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// Writes the row of a run; older ones that never ended have died.
pub(super) async fn began(db: &Db, run: &NewRun<'_>) -> Result<(), DbError> {
    on_db!(db, |pool| sqlx::query(DIED)
        .bind(run.name)
        .bind(run.id)
        .execute(pool)
        .await
        .map(|_| ()))
    .map_err(DbError::from)?;
    skipped(db, run).await
}

/// Writes the row of a run that is not carried out.
pub(super) async fn skipped(db: &Db, run: &NewRun<'_>) -> Result<(), DbError> {
    on_db!(db, |pool| sqlx::query(RUN)
        .bind(run.id)
        .bind(run.name)
        .bind(run.planned_at)
        .bind(run.cause)
        .bind(run.now)
        .bind(run.outcome)
        .bind(run.actor)
        .execute(pool)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// Writes down how a run ended.
pub(super) async fn ended(
    db: &Db,
    id: &str,
    now: i64,
    outcome: &str,
    detail: &str,
) -> Result<(), DbError> {
    on_db!(db, |pool| sqlx::query(RAN)
        .bind(id)
        .bind(now)
        .bind(outcome)
        .bind(detail)
        .execute(pool)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// The last runs of a schedule, the newest first.
pub(super) async fn runs(db: &Db, name: &str, limit: i64) -> Result<Vec<RunRow>, DbError> {
    on_db!(db, |pool| sqlx::query_as(RUNS)
        .bind(name)
        .bind(limit)
        .fetch_all(pool)
        .await)
    .map_err(DbError::from)
}

/// The last run of every schedule.
pub(crate) async fn last(db: &Db) -> Result<Vec<RunRow>, DbError> {
    on_db!(db, |pool| sqlx::query_as(LAST).fetch_all(pool).await).map_err(DbError::from)
}

/// Removes runs that are older.
pub(crate) async fn prune(db: &Db, before: i64) -> Result<u64, DbError> {
    db.prune(PRUNE, before).await
}
