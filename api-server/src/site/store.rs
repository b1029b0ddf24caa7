//! SQL of the system's settings.

use shared::db::{Db, DbError, Tx};
use shared::{on_db, on_tx};

const CURRENT: &str = "SELECT overrides FROM site_changes ORDER BY id DESC LIMIT 1";
const TAKE_TURN: &str = "UPDATE turns SET taken = taken + 1 WHERE name = 'site'";
const INSERT: &str = "INSERT INTO site_changes (id, at, uid, username, act, changed, overrides) \
    VALUES ($1, $2, $3, $4, $5, $6, $7)";
const CHANGES: &str = "SELECT id, at, uid, username, act, changed, overrides FROM site_changes WHERE id < $1 \
    ORDER BY id DESC LIMIT $2";

/// Every statement of this store.
pub(crate) const STATEMENTS: &[&str] = &[CURRENT, TAKE_TURN, INSERT, CHANGES];

/// One row of `site_changes`.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct ChangeRow {
    pub(crate) id: String,
    pub(crate) at: i64,
    pub(crate) uid: Option<String>,
    pub(crate) username: Option<String>,
    pub(crate) act: String,
    pub(crate) changed: String,
    pub(crate) overrides: String,
}

/// What differs from what the operator set; `None` before the first change.
pub(super) async fn current(db: &Db) -> Result<Option<String>, DbError> {
    on_db!(db, |pool| sqlx::query_scalar(CURRENT)
        .fetch_optional(pool)
        .await)
    .map_err(DbError::from)
}

/// The same, while nobody else changes it.
pub(super) async fn take(tx: &mut Tx) -> Result<Option<String>, DbError> {
    on_tx!(&mut *tx, |conn| sqlx::query(TAKE_TURN)
        .execute(conn)
        .await
        .map(|_| ()))?;
    on_tx!(tx, |conn| sqlx::query_scalar(CURRENT)
        .fetch_optional(conn)
        .await)
    .map_err(DbError::from)
}

/// Writes a change down.
pub(super) async fn insert(tx: &mut Tx, row: &ChangeRow) -> Result<(), DbError> {
    on_tx!(tx, |conn| sqlx::query(INSERT)
        .bind(&row.id)
        .bind(row.at)
        .bind(&row.uid)
        .bind(&row.username)
        .bind(&row.act)
        .bind(&row.changed)
        .bind(&row.overrides)
        .execute(conn)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// Changes before the one of id `before`, newest first.
pub(super) async fn changes(db: &Db, before: &str, limit: i64) -> Result<Vec<ChangeRow>, DbError> {
    on_db!(db, |pool| sqlx::query_as::<_, ChangeRow>(CHANGES)
        .bind(before)
        .bind(limit)
        .fetch_all(pool)
        .await)
    .map_err(DbError::from)
}
