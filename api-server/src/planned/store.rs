//! SQL of what people planned.

use shared::db::{Db, DbError, Tx};
use shared::{on_db, on_tx};

macro_rules! columns {
    () => {
        "id, uid, kind, text, conversation_id, level, style, cron, time_zone, paused, by_mail, next_at, attempts, \
         question_id, last_planned_at, last_at, last_outcome, last_detail, created_at"
    };
}

// Changes nothing; whoever else would plan for the same user waits.
const HOLD: &str = "UPDATE users SET uid = uid WHERE uid = $1";
const COUNT: &str =
    "SELECT COUNT(*) FROM planned WHERE uid = $1 AND id <> $2 AND next_at IS NOT NULL";
const INSERT: &str = "INSERT INTO planned (id, uid, kind, text, conversation_id, level, style, cron, time_zone, paused, \
    by_mail, next_at, attempts, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, $13)";
const OF_USER: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM planned WHERE uid = $1 ORDER BY id DESC LIMIT $2"
);
const ONE: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM planned WHERE uid = $1 AND id = $2"
);
const CHANGE: &str = "UPDATE planned SET text = $3, cron = $4, time_zone = $5, paused = $6, by_mail = $7, next_at = $8 \
    WHERE uid = $1 AND id = $2";
const DELETE: &str = "DELETE FROM planned WHERE uid = $1 AND id = $2";
// The condition stands twice: on Postgres two may find the same row, and one of them sees it changed when its turn comes.
const CLAIM: &str = concat!(
    "UPDATE planned SET claim = $2, claimed_until = $3, attempts = attempts + 1 WHERE next_at <= $1 AND NOT paused \
     AND (claimed_until IS NULL OR claimed_until <= $1) AND id = (SELECT id FROM planned WHERE next_at <= $1 \
     AND NOT paused AND (claimed_until IS NULL OR claimed_until <= $1) ORDER BY next_at, id LIMIT 1) RETURNING ",
    columns!()
);
const ASKS: &str = "UPDATE planned SET question_id = $3 WHERE id = $1 AND claim = $2";
const DELAY: &str = "UPDATE planned SET claimed_until = $3, conversation_id = COALESCE($4, conversation_id), \
    last_detail = $5 WHERE id = $1 AND claim = $2";
// Somebody may have set another time meanwhile: that one holds.
const END: &str = "UPDATE planned SET claim = NULL, claimed_until = NULL, attempts = 0, question_id = NULL, \
    conversation_id = COALESCE($4, conversation_id), next_at = CASE WHEN next_at = $3 THEN $5 ELSE next_at END, \
    last_planned_at = $3, last_at = $6, last_outcome = $7, last_detail = $8 WHERE id = $1 AND claim = $2";
const PRUNE: &str =
    "DELETE FROM planned WHERE next_at IS NULL AND COALESCE(last_at, created_at) < $1";

/// Every statement of this store.
pub(crate) const STATEMENTS: &[&str] = &[
    HOLD, COUNT, INSERT, OF_USER, ONE, CHANGE, DELETE, CLAIM, ASKS, DELAY, END, PRUNE,
];

/// One row of `planned`.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct PlannedRow {
    pub(super) id: String,
    pub(super) uid: String,
    pub(super) kind: String,
    pub(super) text: String,
    pub(super) conversation_id: Option<String>,
    pub(super) level: Option<String>,
    pub(super) style: Option<String>,
    pub(super) cron: Option<String>,
    pub(super) time_zone: String,
    pub(super) paused: bool,
    pub(super) by_mail: bool,
    pub(super) next_at: Option<i64>,
    pub(super) attempts: i64,
    pub(super) question_id: Option<String>,
    pub(super) last_planned_at: Option<i64>,
    pub(super) last_at: Option<i64>,
    pub(super) last_outcome: Option<String>,
    pub(super) last_detail: Option<String>,
    pub(super) created_at: i64,
}

/// How something planned went.
#[derive(Debug, Clone)]
pub(super) struct Ended<'a> {
    pub(super) id: &'a str,
    pub(super) claim: &'a str,
    /// When it was due.
    pub(super) planned_at: i64,
    pub(super) conversation_id: Option<&'a str>,
    /// When it is due again.
    pub(super) next_at: Option<i64>,
    pub(super) now: i64,
    pub(super) outcome: &'static str,
    pub(super) detail: Option<&'a str>,
}

/// Holds a user: whoever else would plan for them waits until the transaction ends.
pub(super) async fn hold(tx: &mut Tx, uid: &str) -> Result<(), DbError> {
    on_tx!(tx, |conn| sqlx::query(HOLD)
        .bind(uid)
        .execute(conn)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// How much a user has planned that is still to come, without that of id `but`.
pub(super) async fn count(tx: &mut Tx, uid: &str, but: &str) -> Result<i64, DbError> {
    on_tx!(tx, |conn| sqlx::query_scalar(COUNT)
        .bind(uid)
        .bind(but)
        .fetch_one(conn)
        .await)
    .map_err(DbError::from)
}

/// Keeps something new.
pub(super) async fn insert(tx: &mut Tx, row: &PlannedRow) -> Result<(), DbError> {
    on_tx!(tx, |conn| sqlx::query(INSERT)
        .bind(&row.id)
        .bind(&row.uid)
        .bind(&row.kind)
        .bind(&row.text)
        .bind(&row.conversation_id)
        .bind(&row.level)
        .bind(&row.style)
        .bind(&row.cron)
        .bind(&row.time_zone)
        .bind(row.paused)
        .bind(row.by_mail)
        .bind(row.next_at)
        .bind(row.created_at)
        .execute(conn)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// What a user planned, the newest first.
pub(super) async fn of_user(db: &Db, uid: &str, limit: i64) -> Result<Vec<PlannedRow>, DbError> {
    on_db!(db, |pool| sqlx::query_as(OF_USER)
        .bind(uid)
        .bind(limit)
        .fetch_all(pool)
        .await)
    .map_err(DbError::from)
}

/// One thing a user planned.
pub(super) async fn one(db: &Db, uid: &str, id: &str) -> Result<Option<PlannedRow>, DbError> {
    on_db!(db, |pool| sqlx::query_as(ONE)
        .bind(uid)
        .bind(id)
        .fetch_optional(pool)
        .await)
    .map_err(DbError::from)
}

/// The same, in a transaction.
pub(super) async fn take(tx: &mut Tx, uid: &str, id: &str) -> Result<Option<PlannedRow>, DbError> {
    on_tx!(tx, |conn| sqlx::query_as(ONE)
        .bind(uid)
        .bind(id)
        .fetch_optional(conn)
        .await)
    .map_err(DbError::from)
}

/// Writes what of it may be changed.
pub(super) async fn change(tx: &mut Tx, row: &PlannedRow) -> Result<(), DbError> {
    on_tx!(tx, |conn| sqlx::query(CHANGE)
        .bind(&row.uid)
        .bind(&row.id)
        .bind(&row.text)
        .bind(&row.cron)
        .bind(&row.time_zone)
        .bind(row.paused)
        .bind(row.by_mail)
        .bind(row.next_at)
        .execute(conn)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// Forgets it; whether there was such.
pub(super) async fn delete(db: &Db, uid: &str, id: &str) -> Result<bool, DbError> {
    on_db!(db, |pool| sqlx::query(DELETE)
        .bind(uid)
        .bind(id)
        .execute(pool)
        .await
        .map(|done| done.rows_affected() > 0))
    .map_err(DbError::from)
}

/// Takes what is due longest for the holder of `claim`; it is due again when the claim ends.
pub(super) async fn claim(
    db: &Db,
    now: i64,
    claim: &str,
    until: i64,
) -> Result<Option<PlannedRow>, DbError> {
    on_db!(db, |pool| sqlx::query_as(CLAIM)
        .bind(now)
        .bind(claim)
        .bind(until)
        .fetch_optional(pool)
        .await)
    .map_err(DbError::from)
}

/// Notes the id of the question that is asked next; whether the claim still holds.
pub(super) async fn asks(db: &Db, id: &str, claim: &str, question: &str) -> Result<bool, DbError> {
    on_db!(db, |pool| sqlx::query(ASKS)
        .bind(id)
        .bind(claim)
        .bind(question)
        .execute(pool)
        .await
        .map(|done| done.rows_affected() > 0))
    .map_err(DbError::from)
}

/// Tries again at `until`.
pub(super) async fn delay(
    db: &Db,
    (id, claim): (&str, &str),
    until: i64,
    conversation_id: Option<&str>,
    detail: &str,
) -> Result<(), DbError> {
    on_db!(db, |pool| sqlx::query(DELAY)
        .bind(id)
        .bind(claim)
        .bind(until)
        .bind(conversation_id)
        .bind(detail)
        .execute(pool)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// Writes down how it went; whether the claim still held.
pub(super) async fn end(tx: &mut Tx, ended: &Ended<'_>) -> Result<bool, DbError> {
    on_tx!(tx, |conn| sqlx::query(END)
        .bind(ended.id)
        .bind(ended.claim)
        .bind(ended.planned_at)
        .bind(ended.conversation_id)
        .bind(ended.next_at)
        .bind(ended.now)
        .bind(ended.outcome)
        .bind(ended.detail)
        .execute(conn)
        .await
        .map(|done| done.rows_affected() > 0))
    .map_err(DbError::from)
}

/// Removes what ended before then and never comes again.
pub(crate) async fn prune(db: &Db, before: i64) -> Result<u64, DbError> {
    db.prune(PRUNE, before).await
}
