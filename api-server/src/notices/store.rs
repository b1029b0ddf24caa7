//! SQL of notices.

use shared::db::{Db, DbError, Tx};
use shared::{on_db, on_tx};

use super::Notice;

const INSERT: &str = "INSERT INTO notices (id, subject, body, created_at) VALUES ($1, $2, $3, $4)";
const ADDRESS: &str = "INSERT INTO mails (id, purpose, subject, attempts, due_at, created_at) \
    SELECT CAST($1 AS TEXT) || ':' || uid, 'notice', CAST($1 AS TEXT) || ':' || username_key, 0, CAST($2 AS BIGINT), \
    CAST($2 AS BIGINT) FROM users \
    WHERE role = 'admin' AND disabled = FALSE AND approved = TRUE AND email IS NOT NULL";
const BY_ID: &str = "SELECT subject, body FROM notices WHERE id = $1";
const PRUNE: &str = "DELETE FROM notices WHERE created_at < $1";

/// Every statement of this store.
pub(crate) const STATEMENTS: &[&str] = &[INSERT, ADDRESS, BY_ID, PRUNE];

/// Writes a notice down, with a mail to every administrator who has an address.
pub(crate) async fn enqueue(tx: &mut Tx, notice: Notice<'_>, now: i64) -> Result<(), DbError> {
    let id = uuid::Uuid::now_v7().to_string();
    on_tx!(&mut *tx, |conn| sqlx::query(INSERT)
        .bind(&id)
        .bind(notice.subject)
        .bind(notice.body)
        .bind(now)
        .execute(conn)
        .await
        .map(|_| ()))?;
    on_tx!(tx, |conn| sqlx::query(ADDRESS)
        .bind(&id)
        .bind(now)
        .execute(conn)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// Subject and text of a notice.
pub(crate) async fn by_id(db: &Db, id: &str) -> Result<Option<(String, String)>, DbError> {
    on_db!(db, |pool| sqlx::query_as(BY_ID)
        .bind(id)
        .fetch_optional(pool)
        .await)
    .map_err(DbError::from)
}

/// Removes what is older.
pub(crate) async fn prune(db: &Db, before: i64) -> Result<u64, DbError> {
    db.prune(PRUNE, before).await
}
