//! SQL of links.

use shared::db::{Db, DbError, Tx};
use shared::{on_db, on_tx};

use crate::mail::Purpose;
use crate::mail::store::MailRow;

/// Life of a link.
const LIFE_MS: i64 = 24 * 3600 * 1000;

const DROP_OF_MAIL: &str = "DELETE FROM links WHERE mail_id = $1 AND used_at IS NULL";
const INSERT: &str = "INSERT INTO links (digest, purpose, subject, mail_id, created_at, expires_at, used_at) \
    VALUES ($1, $2, $3, $4, $5, $6, NULL)";
const FIND: &str =
    "SELECT digest, purpose, subject, expires_at, used_at FROM links WHERE digest = $1";
const USE: &str = "UPDATE links SET used_at = $2 WHERE digest = $1 AND used_at IS NULL";
const PRUNE: &str = "DELETE FROM links WHERE expires_at < $1";

/// Every statement of this store.
pub(crate) const STATEMENTS: &[&str] = &[DROP_OF_MAIL, INSERT, FIND, USE, PRUNE];

/// One row of `links`, as far as it is needed.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct LinkRow {
    pub(crate) digest: String,
    pub(crate) purpose: String,
    pub(crate) subject: String,
    pub(crate) expires_at: i64,
    pub(crate) used_at: Option<i64>,
}

/// Keeps the link of a mail in place of the one made for an earlier attempt to send it.
pub(crate) async fn replace(
    db: &Db,
    digest: &str,
    purpose: Purpose,
    mail: &MailRow,
    now: i64,
) -> Result<(), DbError> {
    let mut tx = db.begin_write().await?;
    on_tx!(&mut tx, |conn| sqlx::query(DROP_OF_MAIL)
        .bind(&mail.id)
        .execute(conn)
        .await
        .map(|_| ()))
    .map_err(DbError::from)?;
    on_tx!(&mut tx, |conn| sqlx::query(INSERT)
        .bind(digest)
        .bind(purpose.as_str())
        .bind(&mail.subject)
        .bind(&mail.id)
        .bind(now)
        .bind(now.saturating_add(LIFE_MS))
        .execute(conn)
        .await
        .map(|_| ()))
    .map_err(DbError::from)?;
    tx.commit().await
}

pub(crate) async fn find(db: &Db, digest: &str) -> Result<Option<LinkRow>, DbError> {
    on_db!(db, |pool| sqlx::query_as::<_, LinkRow>(FIND)
        .bind(digest)
        .fetch_optional(pool)
        .await)
    .map_err(DbError::from)
}

/// Uses a link up; of two at once one does.
pub(crate) async fn use_up(tx: &mut Tx, digest: &str, now: i64) -> Result<bool, DbError> {
    on_tx!(tx, |conn| sqlx::query(USE)
        .bind(digest)
        .bind(now)
        .execute(conn)
        .await
        .map(|done| done.rows_affected() == 1))
    .map_err(DbError::from)
}

/// Removes those that ended.
pub(crate) async fn prune(db: &Db, before: i64) -> Result<u64, DbError> {
    db.prune(PRUNE, before).await
}
