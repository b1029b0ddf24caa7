//! SQL of the assistant's configuration.

use shared::db::{Db, DbError, Tx};
use shared::{on_db, on_tx};

const CURRENT: &str = "SELECT config FROM assistant_changes WHERE act IN ('saved', 'template_applied', 'reset') \
    ORDER BY id DESC LIMIT 1";
const TAKE_TURN: &str = "UPDATE turns SET taken = taken + 1 WHERE name = 'assistant'";
const INSERT: &str = "INSERT INTO assistant_changes (id, at, uid, username, act, template, config) \
    VALUES ($1, $2, $3, $4, $5, $6, $7)";
const CHANGES: &str = "SELECT id, at, uid, username, act, template, config FROM assistant_changes WHERE id < $1 \
    ORDER BY id DESC LIMIT $2";
const TEMPLATES: &str = "SELECT name, config FROM assistant_templates ORDER BY name";
const TEMPLATE: &str = "SELECT config FROM assistant_templates WHERE name = $1";
const COUNT_TEMPLATES: &str = "SELECT COUNT(*) FROM assistant_templates WHERE name <> $1";
const SAVE_TEMPLATE: &str = "INSERT INTO assistant_templates (name, config, updated_at) VALUES ($1, $2, $3) \
    ON CONFLICT (name) DO UPDATE SET config = excluded.config, updated_at = excluded.updated_at";
const REMOVE_TEMPLATE: &str = "DELETE FROM assistant_templates WHERE name = $1";

/// Every statement of this store.
pub(crate) const STATEMENTS: &[&str] = &[
    CURRENT,
    TAKE_TURN,
    INSERT,
    CHANGES,
    TEMPLATES,
    TEMPLATE,
    COUNT_TEMPLATES,
    SAVE_TEMPLATE,
    REMOVE_TEMPLATE,
];

/// One row of `assistant_changes`.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct ChangeRow {
    pub(crate) id: String,
    pub(crate) at: i64,
    pub(crate) uid: Option<String>,
    pub(crate) username: Option<String>,
    pub(crate) act: String,
    pub(crate) template: Option<String>,
    pub(crate) config: String,
}

/// The configuration in force; `None` before the first change.
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
        .bind(&row.template)
        .bind(&row.config)
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

/// Saved templates: name and configuration.
pub(super) async fn templates(db: &Db) -> Result<Vec<(String, String)>, DbError> {
    on_db!(db, |pool| sqlx::query_as(TEMPLATES).fetch_all(pool).await).map_err(DbError::from)
}

/// A saved template.
pub(super) async fn template(tx: &mut Tx, name: &str) -> Result<Option<String>, DbError> {
    on_tx!(tx, |conn| sqlx::query_scalar(TEMPLATE)
        .bind(name)
        .fetch_optional(conn)
        .await)
    .map_err(DbError::from)
}

/// How many saved templates have other names.
pub(super) async fn count_others(tx: &mut Tx, name: &str) -> Result<i64, DbError> {
    on_tx!(tx, |conn| sqlx::query_scalar(COUNT_TEMPLATES)
        .bind(name)
        .fetch_one(conn)
        .await)
    .map_err(DbError::from)
}

/// Saves a template; replaces one of that name.
pub(super) async fn save_template(
    tx: &mut Tx,
    name: &str,
    config: &str,
    now: i64,
) -> Result<(), DbError> {
    on_tx!(tx, |conn| sqlx::query(SAVE_TEMPLATE)
        .bind(name)
        .bind(config)
        .bind(now)
        .execute(conn)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// Removes a saved template; whether there was one.
pub(super) async fn remove_template(tx: &mut Tx, name: &str) -> Result<bool, DbError> {
    on_tx!(tx, |conn| sqlx::query(REMOVE_TEMPLATE)
        .bind(name)
        .execute(conn)
        .await
        .map(|done| done.rows_affected() > 0))
    .map_err(DbError::from)
}
