//! SQL of sign-ins under way and of who is who at a provider.

use shared::db::{Db, DbError, Tx};
use shared::{on_db, on_tx};

const INSERT: &str = "INSERT INTO oidc_attempts (state_digest, browser_digest, nonce, pkce_verifier, expires_at) \
    VALUES ($1, $2, $3, $4, $5)";
const TAKE: &str = "DELETE FROM oidc_attempts WHERE state_digest = $1 AND browser_digest = $2 \
    RETURNING nonce, pkce_verifier, expires_at";
const PRUNE: &str = "DELETE FROM oidc_attempts WHERE expires_at < $1";
const LINKED: &str = "SELECT uid FROM oidc_links WHERE issuer = $1 AND subject = $2";
const LINK: &str =
    "INSERT INTO oidc_links (issuer, subject, uid, created_at) VALUES ($1, $2, $3, $4)";

/// Every statement of this store.
pub(crate) const STATEMENTS: &[&str] = &[INSERT, TAKE, PRUNE, LINKED, LINK];

/// A sign-in under way.
#[derive(sqlx::FromRow)]
pub(super) struct AttemptRow {
    pub(super) nonce: String,
    pub(super) pkce_verifier: String,
    pub(super) expires_at: i64,
}

pub(super) async fn insert(
    db: &Db,
    state_digest: &str,
    browser_digest: &str,
    row: &AttemptRow,
) -> Result<(), DbError> {
    on_db!(db, |pool| sqlx::query(INSERT)
        .bind(state_digest)
        .bind(browser_digest)
        .bind(&row.nonce)
        .bind(&row.pkce_verifier)
        .bind(row.expires_at)
        .execute(pool)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// Takes a sign-in out, so that of two at once one gets it; nothing for another browser.
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

/// Removes sign-ins that nobody ended.
pub(crate) async fn prune(db: &Db, before: i64) -> Result<u64, DbError> {
    db.prune(PRUNE, before).await
}

/// The account of somebody at a provider.
pub(super) async fn linked(
    db: &Db,
    issuer: &str,
    subject: &str,
) -> Result<Option<String>, DbError> {
    on_db!(db, |pool| sqlx::query_scalar::<_, String>(LINKED)
        .bind(issuer)
        .bind(subject)
        .fetch_optional(pool)
        .await)
    .map_err(DbError::from)
}

/// Ties an account to somebody at a provider. Refused as [`DbError::Unique`]: either has another already.
pub(super) async fn link(
    tx: &mut Tx,
    issuer: &str,
    subject: &str,
    uid: &str,
    now: i64,
) -> Result<(), DbError> {
    on_tx!(tx, |conn| sqlx::query(LINK)
        .bind(issuer)
        .bind(subject)
        .bind(uid)
        .bind(now)
        .execute(conn)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}
