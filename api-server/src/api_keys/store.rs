//! SQL of API keys.

use shared::db::{Db, DbError, Tx};
use shared::{on_db, on_tx};

const INSERT: &str = "INSERT INTO api_keys (id, uid, name, prefix, digest, scopes, token_version, created_at, \
    expires_at, last_used_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, NULL)";
const BY_PREFIX: &str = "SELECT id, uid, name, prefix, digest, scopes, token_version, created_at, expires_at, \
    last_used_at FROM api_keys WHERE prefix = $1";
const OF_USER: &str = "SELECT id, uid, name, prefix, digest, scopes, token_version, created_at, expires_at, \
    last_used_at FROM api_keys WHERE uid = $1 ORDER BY id";
const COUNT: &str = "SELECT COUNT(*) FROM api_keys WHERE uid = $1";
const USED: &str = "UPDATE api_keys SET last_used_at = $2 WHERE id = $1";
const DELETE: &str = "DELETE FROM api_keys WHERE id = $1 AND uid = $2";
const PRUNE: &str = "DELETE FROM api_keys WHERE expires_at < $1";

/// Every statement of this store.
pub(crate) const STATEMENTS: &[&str] = &[INSERT, BY_PREFIX, OF_USER, COUNT, USED, DELETE, PRUNE];

/// One row of `api_keys`.
#[derive(Clone, sqlx::FromRow)]
pub(crate) struct ApiKeyRow {
    pub(crate) id: String,
    pub(crate) uid: String,
    pub(crate) name: String,
    pub(crate) prefix: String,
    pub(crate) digest: String,
    pub(crate) scopes: String,
    pub(crate) token_version: i64,
    pub(crate) created_at: i64,
    pub(crate) expires_at: i64,
    pub(crate) last_used_at: Option<i64>,
}

pub(crate) async fn insert(tx: &mut Tx, row: &ApiKeyRow) -> Result<(), DbError> {
    on_tx!(tx, |conn| sqlx::query(INSERT)
        .bind(&row.id)
        .bind(&row.uid)
        .bind(&row.name)
        .bind(&row.prefix)
        .bind(&row.digest)
        .bind(&row.scopes)
        .bind(row.token_version)
        .bind(row.created_at)
        .bind(row.expires_at)
        .execute(conn)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

pub(crate) async fn by_prefix(db: &Db, prefix: &str) -> Result<Option<ApiKeyRow>, DbError> {
    on_db!(db, |pool| sqlx::query_as::<_, ApiKeyRow>(BY_PREFIX)
        .bind(prefix)
        .fetch_optional(pool)
        .await)
    .map_err(DbError::from)
}

pub(crate) async fn of_user(db: &Db, uid: &str) -> Result<Vec<ApiKeyRow>, DbError> {
    on_db!(db, |pool| sqlx::query_as::<_, ApiKeyRow>(OF_USER)
        .bind(uid)
        .fetch_all(pool)
        .await)
    .map_err(DbError::from)
}

pub(crate) async fn count(tx: &mut Tx, uid: &str) -> Result<i64, DbError> {
    on_tx!(tx, |conn| sqlx::query_scalar::<_, i64>(COUNT)
        .bind(uid)
        .fetch_one(conn)
        .await)
    .map_err(DbError::from)
}

pub(crate) async fn used(db: &Db, id: &str, now: i64) -> Result<(), DbError> {
    on_db!(db, |pool| sqlx::query(USED)
        .bind(id)
        .bind(now)
        .execute(pool)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// Whether there was one.
pub(crate) async fn delete(tx: &mut Tx, id: &str, uid: &str) -> Result<bool, DbError> {
    on_tx!(tx, |conn| sqlx::query(DELETE)
        .bind(id)
        .bind(uid)
        .execute(conn)
        .await
        .map(|done| done.rows_affected() == 1))
    .map_err(DbError::from)
}

/// Removes those that ended.
pub(crate) async fn prune(db: &Db, before: i64) -> Result<u64, DbError> {
    db.prune(PRUNE, before).await
}
