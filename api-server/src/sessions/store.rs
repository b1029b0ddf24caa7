//! SQL of sessions and refresh tokens.

use shared::db::{Db, DbError, Tx};
use shared::{on_db, on_tx};

const INSERT: &str = "INSERT INTO sessions (id, uid, created_at, last_used_at, expires_at, ended_at, address, agent) \
    VALUES ($1, $2, $3, $3, $4, NULL, $5, $6)";
const BY_ID: &str = "SELECT id, uid, created_at, last_used_at, expires_at, ended_at, address, agent FROM sessions \
    WHERE id = $1";
const OF_USER: &str = "SELECT id, uid, created_at, last_used_at, expires_at, ended_at, address, agent FROM sessions \
    WHERE uid = $1 AND ended_at IS NULL AND expires_at > $2 ORDER BY id DESC LIMIT 100";
const USED: &str =
    "UPDATE sessions SET last_used_at = $2, expires_at = $3 WHERE id = $1 AND ended_at IS NULL";
const END: &str = "UPDATE sessions SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL";
const PRUNE: &str = "DELETE FROM sessions WHERE expires_at < $1";
const INSERT_TOKEN: &str = "INSERT INTO refresh_tokens (digest, session_id, created_at, used_at) VALUES ($1, $2, $3, NULL)";
const USE_TOKEN: &str = "UPDATE refresh_tokens SET used_at = $2 WHERE digest = $1 AND used_at IS NULL \
    RETURNING session_id";
const SESSION_OF_TOKEN: &str = "SELECT session_id FROM refresh_tokens WHERE digest = $1";
const DROP_TOKENS: &str = "DELETE FROM refresh_tokens WHERE session_id = $1";

/// Every statement of this store.
pub(crate) const STATEMENTS: &[&str] = &[
    INSERT,
    BY_ID,
    OF_USER,
    USED,
    END,
    PRUNE,
    INSERT_TOKEN,
    USE_TOKEN,
    SESSION_OF_TOKEN,
    DROP_TOKENS,
];

/// One row of `sessions`.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct SessionRow {
    pub(crate) id: String,
    pub(crate) uid: String,
    pub(crate) created_at: i64,
    pub(crate) last_used_at: i64,
    pub(crate) expires_at: i64,
    pub(crate) ended_at: Option<i64>,
    pub(crate) address: Option<String>,
    pub(crate) agent: Option<String>,
}

pub(crate) async fn insert(tx: &mut Tx, row: &SessionRow) -> Result<(), DbError> {
    on_tx!(tx, |conn| sqlx::query(INSERT)
        .bind(&row.id)
        .bind(&row.uid)
        .bind(row.created_at)
        .bind(row.expires_at)
        .bind(&row.address)
        .bind(&row.agent)
        .execute(conn)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

pub(crate) async fn by_id(db: &Db, id: &str) -> Result<Option<SessionRow>, DbError> {
    if id.contains('\0') {
        return Ok(None); // Postgres refuses texts with a NUL
    }
    on_db!(db, |pool| sqlx::query_as::<_, SessionRow>(BY_ID)
        .bind(id)
        .fetch_optional(pool)
        .await)
    .map_err(DbError::from)
}

pub(crate) async fn by_id_in(tx: &mut Tx, id: &str) -> Result<Option<SessionRow>, DbError> {
    on_tx!(tx, |conn| sqlx::query_as::<_, SessionRow>(BY_ID)
        .bind(id)
        .fetch_optional(conn)
        .await)
    .map_err(DbError::from)
}

/// Those that can still be used, newest first.
pub(crate) async fn of_user(db: &Db, uid: &str, now: i64) -> Result<Vec<SessionRow>, DbError> {
    on_db!(db, |pool| sqlx::query_as::<_, SessionRow>(OF_USER)
        .bind(uid)
        .bind(now)
        .fetch_all(pool)
        .await)
    .map_err(DbError::from)
}

pub(crate) async fn used(tx: &mut Tx, id: &str, now: i64, expires_at: i64) -> Result<(), DbError> {
    on_tx!(tx, |conn| sqlx::query(USED)
        .bind(id)
        .bind(now)
        .bind(expires_at)
        .execute(conn)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// Ends a session and forgets its refresh tokens; whether it was still open.
pub(crate) async fn end(tx: &mut Tx, id: &str, now: i64) -> Result<bool, DbError> {
    let ended = on_tx!(&mut *tx, |conn| sqlx::query(END)
        .bind(id)
        .bind(now)
        .execute(conn)
        .await
        .map(|done| done.rows_affected() == 1))
    .map_err(DbError::from)?;
    on_tx!(tx, |conn| sqlx::query(DROP_TOKENS)
        .bind(id)
        .execute(conn)
        .await
        .map(|_| ()))
    .map_err(DbError::from)?;
    Ok(ended)
}

pub(crate) async fn insert_token(
    tx: &mut Tx,
    digest: &str,
    session: &str,
    now: i64,
) -> Result<(), DbError> {
    on_tx!(tx, |conn| sqlx::query(INSERT_TOKEN)
        .bind(digest)
        .bind(session)
        .bind(now)
        .execute(conn)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// Uses a refresh token up; answers its session. Of two at once one gets it.
pub(crate) async fn use_token(
    tx: &mut Tx,
    digest: &str,
    now: i64,
) -> Result<Option<String>, DbError> {
    on_tx!(tx, |conn| sqlx::query_scalar::<_, String>(USE_TOKEN)
        .bind(digest)
        .bind(now)
        .fetch_optional(conn)
        .await)
    .map_err(DbError::from)
}

/// The session of a refresh token, used or not.
pub(crate) async fn session_of_token(tx: &mut Tx, digest: &str) -> Result<Option<String>, DbError> {
    on_tx!(tx, |conn| sqlx::query_scalar::<_, String>(SESSION_OF_TOKEN)
        .bind(digest)
        .fetch_optional(conn)
        .await)
    .map_err(DbError::from)
}

/// Removes sessions that nothing can use any more.
pub(crate) async fn prune(db: &Db, before: i64) -> Result<u64, DbError> {
    db.prune(PRUNE, before).await
}
