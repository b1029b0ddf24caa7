//! SQL of grants and of consents under way.

use shared::db::{Db, DbError};
use shared::on_db;

const GRANT: &str = "SELECT refresh_token, state, connected_at FROM drive_grants WHERE uid = $1";
const KEEP: &str = "INSERT INTO drive_grants (uid, refresh_token, state, connected_at) VALUES ($1, $2, 'ok', $3) \
    ON CONFLICT (uid) DO UPDATE SET refresh_token = excluded.refresh_token, state = 'ok', connected_at = excluded.connected_at";
// Only of the token that was refused: another may have come meanwhile.
const SET_STATE: &str = "UPDATE drive_grants SET state = $3 WHERE uid = $1 AND refresh_token = $2";
const FORGET: &str = "DELETE FROM drive_grants WHERE uid = $1";
const BEGIN: &str = "INSERT INTO drive_attempts (state_digest, browser_digest, uid, pkce_verifier, expires_at) \
    VALUES ($1, $2, $3, $4, $5)";
const TAKE: &str = "DELETE FROM drive_attempts WHERE state_digest = $1 AND browser_digest = $2 \
    RETURNING uid, pkce_verifier, expires_at";
const PRUNE: &str = "DELETE FROM drive_attempts WHERE expires_at < $1";

/// Every statement of this store.
pub(crate) const STATEMENTS: &[&str] = &[GRANT, KEEP, SET_STATE, FORGET, BEGIN, TAKE, PRUNE];

/// States of a grant.
pub(in crate::drive) const OK: &str = "ok";
pub(super) const NEEDS_REAUTH: &str = "needs_reauth";

/// What somebody consented to.
#[derive(sqlx::FromRow)]
pub(in crate::drive) struct GrantRow {
    /// Sealed.
    pub(super) refresh_token: String,
    pub(in crate::drive) state: String,
    pub(in crate::drive) connected_at: i64,
}

/// A consent under way.
#[derive(sqlx::FromRow)]
pub(super) struct AttemptRow {
    pub(super) uid: String,
    pub(super) pkce_verifier: String,
    pub(super) expires_at: i64,
}

pub(in crate::drive) async fn grant(db: &Db, uid: &str) -> Result<Option<GrantRow>, DbError> {
    on_db!(db, |pool| sqlx::query_as::<_, GrantRow>(GRANT)
        .bind(uid)
        .fetch_optional(pool)
        .await)
    .map_err(DbError::from)
}

pub(super) async fn keep(db: &Db, uid: &str, sealed: &str, now: i64) -> Result<(), DbError> {
    on_db!(db, |pool| sqlx::query(KEEP)
        .bind(uid)
        .bind(sealed)
        .bind(now)
        .execute(pool)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

pub(super) async fn set_state(
    db: &Db,
    uid: &str,
    sealed: &str,
    state: &str,
) -> Result<(), DbError> {
    on_db!(db, |pool| sqlx::query(SET_STATE)
        .bind(uid)
        .bind(sealed)
        .bind(state)
        .execute(pool)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

pub(super) async fn forget(db: &Db, uid: &str) -> Result<(), DbError> {
    on_db!(db, |pool| sqlx::query(FORGET)
        .bind(uid)
        .execute(pool)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

pub(super) async fn begin(
    db: &Db,
    state_digest: &str,
    browser_digest: &str,
    row: &AttemptRow,
) -> Result<(), DbError> {
    on_db!(db, |pool| sqlx::query(BEGIN)
        .bind(state_digest)
        .bind(browser_digest)
        .bind(&row.uid)
        .bind(&row.pkce_verifier)
        .bind(row.expires_at)
        .execute(pool)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// Takes a consent out, so that of two at once one gets it; nothing for another browser.
pub(super) async fn take(
    db: &Db,
    state_digest: &str,
    browser_digest: &str,
) -> Result<Option<AttemptRow>, DbError> {
    on_db!(db, |pool| sqlx::query_as::<_, AttemptRow>(TAKE)
        .bind(state_digest)
        .bind(browser_digest)
        .fetch_optional(pool)
        .await)
    .map_err(DbError::from)
}

/// Removes consents that nobody ended.
pub(crate) async fn prune(db: &Db, before: i64) -> Result<u64, DbError> {
    db.prune(PRUNE, before).await
}
