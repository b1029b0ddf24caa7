//! SQL of notices.

use shared::db::{Db, DbError, Tx};
use shared::{on_db, on_tx};

use super::Recipient;

const INSERT: &str = "INSERT INTO notices (id, channel, recipient, subject, body, attempts, due_at, created_at) \
    VALUES ($1, $2, $3, $4, $5, 0, $6, $6)";
// As with mails, the condition stands twice.
const CLAIM: &str = "UPDATE notices SET due_at = $2, attempts = attempts + 1 WHERE due_at <= $1 AND id = \
    (SELECT id FROM notices WHERE due_at <= $1 ORDER BY due_at, id LIMIT 1) \
    RETURNING id, channel, recipient, subject, body, attempts, created_at";
const DELAY: &str = "UPDATE notices SET due_at = $2 WHERE id = $1";
const REMOVE: &str = "DELETE FROM notices WHERE id = $1";

/// Every statement of this store.
pub(crate) const STATEMENTS: &[&str] = &[INSERT, CLAIM, DELAY, REMOVE];

/// One row of `notices`.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct NoticeRow {
    pub(crate) id: String,
    pub(crate) channel: String,
    pub(crate) recipient: String,
    pub(crate) subject: String,
    pub(crate) body: String,
    pub(crate) attempts: i64,
    pub(crate) created_at: i64,
}

/// Writes down what is to be told.
pub(super) async fn insert(
    tx: &mut Tx,
    recipient: &Recipient,
    subject: &str,
    body: &str,
    now: i64,
) -> Result<(), DbError> {
    on_tx!(tx, |conn| sqlx::query(INSERT)
        .bind(uuid::Uuid::now_v7().to_string())
        .bind(recipient.channel.as_str())
        .bind(&recipient.address)
        .bind(subject)
        .bind(body)
        .bind(now)
        .execute(conn)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// Takes the notice that is due longest; it is due again when the claim ends.
pub(super) async fn claim(db: &Db, now: i64, claim_ms: i64) -> Result<Option<NoticeRow>, DbError> {
    on_db!(db, |pool| sqlx::query_as(CLAIM)
        .bind(now)
        .bind(now.saturating_add(claim_ms))
        .fetch_optional(pool)
        .await)
    .map_err(DbError::from)
}

pub(super) async fn delay(db: &Db, id: &str, due_at: i64) -> Result<(), DbError> {
    on_db!(db, |pool| sqlx::query(DELAY)
        .bind(id)
        .bind(due_at)
        .execute(pool)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

pub(super) async fn remove(db: &Db, id: &str) -> Result<(), DbError> {
    on_db!(db, |pool| sqlx::query(REMOVE)
        .bind(id)
        .execute(pool)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}
