//! SQL of alerts.

use shared::db::{Db, DbError};
use shared::on_db;

const SETTINGS: &str = "SELECT settings FROM alert_settings WHERE name = 'alerts'";
const SET: &str = "INSERT INTO alert_settings (name, settings, updated_at) VALUES ('alerts', $1, $2) \
    ON CONFLICT (name) DO UPDATE SET settings = excluded.settings, updated_at = excluded.updated_at";
const ALL: &str = "SELECT rule, detail, since, told_at FROM alerts ORDER BY rule";
const PUT: &str = "INSERT INTO alerts (rule, detail, since, told_at) VALUES ($1, $2, $3, $4) \
    ON CONFLICT (rule) DO UPDATE SET detail = excluded.detail, told_at = excluded.told_at";
const OVER: &str = "DELETE FROM alerts WHERE rule = $1";
const ADMINS: &str = "SELECT email FROM users WHERE role = 'admin' AND NOT disabled AND approved \
    AND email IS NOT NULL AND email <> '' ORDER BY email";
const STAFF: &str = "SELECT email FROM users WHERE role IN ('admin', 'instructor') AND NOT disabled AND approved \
    AND email IS NOT NULL AND email <> '' ORDER BY email";
const QUESTIONS: &str = "SELECT COUNT(*), CAST(COALESCE(SUM(CASE WHEN answered THEN 0 ELSE 1 END), 0) AS BIGINT) \
    FROM messages WHERE role = 'user' AND created_at > $1 AND created_at <= $2";
const FAILED_MATERIALS: &str =
    "SELECT COUNT(*) FROM materials WHERE state = 'failed' AND updated_at > $1";

/// Every statement of this store.
pub(crate) const STATEMENTS: &[&str] = &[
    SETTINGS,
    SET,
    ALL,
    PUT,
    OVER,
    ADMINS,
    STAFF,
    QUESTIONS,
    FAILED_MATERIALS,
];

/// One row of `alerts`.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct AlertRow {
    pub(crate) rule: String,
    pub(crate) detail: String,
    pub(crate) since: i64,
    pub(crate) told_at: i64,
}

/// What was set, as JSON.
pub(super) async fn settings(db: &Db) -> Result<Option<String>, DbError> {
    on_db!(db, |pool| sqlx::query_scalar(SETTINGS)
        .fetch_optional(pool)
        .await)
    .map_err(DbError::from)
}

pub(super) async fn set(db: &Db, settings: &str, now: i64) -> Result<(), DbError> {
    on_db!(db, |pool| sqlx::query(SET)
        .bind(settings)
        .bind(now)
        .execute(pool)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// What is wrong.
pub(crate) async fn all(db: &Db) -> Result<Vec<AlertRow>, DbError> {
    on_db!(db, |pool| sqlx::query_as(ALL).fetch_all(pool).await).map_err(DbError::from)
}

/// Something is wrong; since when stays as it was.
pub(super) async fn put(db: &Db, row: &AlertRow) -> Result<(), DbError> {
    on_db!(db, |pool| sqlx::query(PUT)
        .bind(&row.rule)
        .bind(&row.detail)
        .bind(row.since)
        .bind(row.told_at)
        .execute(pool)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// Something is wrong no more.
pub(super) async fn over(db: &Db, rule: &str) -> Result<(), DbError> {
    on_db!(db, |pool| sqlx::query(OVER)
        .bind(rule)
        .execute(pool)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

async fn addresses(db: &Db, statement: &'static str) -> Result<Vec<String>, DbError> {
    on_db!(db, |pool| sqlx::query_scalar(statement)
        .fetch_all(pool)
        .await)
    .map_err(DbError::from)
}

/// E-mail addresses of administrators.
pub(crate) async fn admins(db: &Db) -> Result<Vec<String>, DbError> {
    addresses(db, ADMINS).await
}

/// E-mail addresses of administrators and instructors.
pub(crate) async fn staff(db: &Db) -> Result<Vec<String>, DbError> {
    addresses(db, STAFF).await
}

/// Questions asked after `after` until `until`, and those of them without an answer.
pub(crate) async fn questions(db: &Db, after: i64, until: i64) -> Result<(i64, i64), DbError> {
    on_db!(db, |pool| sqlx::query_as(QUESTIONS)
        .bind(after)
        .bind(until)
        .fetch_one(pool)
        .await)
    .map_err(DbError::from)
}

/// Materials that failed since then.
pub(super) async fn failed_materials(db: &Db, since: i64) -> Result<i64, DbError> {
    on_db!(db, |pool| sqlx::query_scalar(FAILED_MATERIALS)
        .bind(since)
        .fetch_one(pool)
        .await)
    .map_err(DbError::from)
}
