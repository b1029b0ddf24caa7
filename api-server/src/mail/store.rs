//! SQL of mails.

use shared::db::{Db, DbError, Tx};
use shared::{on_db, on_tx};

use super::Purpose;

const ENQUEUE: &str = "INSERT INTO mails (id, purpose, subject, attempts, due_at, created_at) \
    VALUES ($1, $2, $3, 0, $4, $4) \
    ON CONFLICT (purpose, subject) DO UPDATE SET attempts = 0, due_at = excluded.due_at, created_at = excluded.created_at";
// The condition stands twice: on Postgres two may find the same row, and one of them sees it changed when its turn comes.
const CLAIM: &str = "UPDATE mails SET due_at = $2, attempts = attempts + 1 WHERE due_at <= $1 AND id = \
    (SELECT id FROM mails WHERE due_at <= $1 ORDER BY due_at, id LIMIT 1) \
    RETURNING id, purpose, subject, attempts, created_at";
const DELAY: &str = "UPDATE mails SET due_at = $2 WHERE id = $1";
const REMOVE: &str = "DELETE FROM mails WHERE id = $1";
const WAITING: &str = "SELECT COUNT(*) FROM mails";

/// Every statement of this store.
pub(crate) const STATEMENTS: &[&str] = &[ENQUEUE, CLAIM, DELAY, REMOVE, WAITING];

/// One row of `mails`.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct MailRow {
    pub(crate) id: String,
    pub(crate) purpose: String,
    pub(crate) subject: String,
    pub(crate) attempts: i64,
    pub(crate) created_at: i64,
}

/// Enqueues a mail to a name in lower case; one of the same purpose that waits already is not doubled.
pub(crate) async fn enqueue(
    tx: &mut Tx,
    purpose: Purpose,
    subject: &str,
    now: i64,
) -> Result<(), DbError> {
    on_tx!(tx, |conn| sqlx::query(ENQUEUE)
        .bind(uuid::Uuid::now_v7().to_string())
        .bind(purpose.as_str())
        .bind(subject)
        .bind(now)
        .execute(conn)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// Takes the mail that is due longest; it is due again when the claim ends.
pub(crate) async fn claim(db: &Db, now: i64, claim_ms: i64) -> Result<Option<MailRow>, DbError> {
    on_db!(db, |pool| sqlx::query_as::<_, MailRow>(CLAIM)
        .bind(now)
        .bind(now.saturating_add(claim_ms))
        .fetch_optional(pool)
        .await)
    .map_err(DbError::from)
}

pub(crate) async fn delay(db: &Db, id: &str, due_at: i64) -> Result<(), DbError> {
    on_db!(db, |pool| sqlx::query(DELAY)
        .bind(id)
        .bind(due_at)
        .execute(pool)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

pub(crate) async fn remove(db: &Db, id: &str) -> Result<(), DbError> {
    on_db!(db, |pool| sqlx::query(REMOVE)
        .bind(id)
        .execute(pool)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// How many wait.
pub(crate) async fn waiting(db: &Db) -> Result<i64, DbError> {
    on_db!(db, |pool| sqlx::query_scalar::<_, i64>(WAITING)
        .fetch_one(pool)
        .await)
    .map_err(DbError::from)
}
