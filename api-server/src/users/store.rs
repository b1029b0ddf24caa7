//! SQL of accounts.

use shared::db::{Db, DbError, Tx};
use shared::{on_db, on_tx};

use super::row::UserRow;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT uid, username, username_key, email, full_name, role, password_hash, disabled, approved, \
             temporary_password, temporary_expires_at, external_id, external_number, token_version, spared_jti, \
             totp_secret, totp_confirmed, totp_last_step, created_at, updated_at, last_login, password_changed_at FROM users ",
            $rest
        )
    };
}

const BY_UID: &str = select!("WHERE uid = $1");
const BY_NAME: &str = select!("WHERE username_key = $1");
const BY_EMAIL: &str = select!("WHERE LOWER(email) = $1 ORDER BY uid LIMIT 2");
const BY_EXTERNAL_ID: &str = select!("WHERE external_id = $1");
const ALL: &str = select!("ORDER BY username_key");
const COUNT_BY_ROLE: &str = "SELECT role, COUNT(*) AS number FROM users GROUP BY role";
const TAKE_TURN: &str = "UPDATE turns SET taken = taken + 1 WHERE name = 'users'";
const NEXT_NUMBER: &str = "SELECT COALESCE(MAX(external_number), 0) + 1 FROM users";
const OTHER_ADMINS: &str = "SELECT COUNT(*) FROM users \
    WHERE role = 'admin' AND disabled = FALSE AND approved = TRUE AND uid <> $1";
const INSERT: &str = "INSERT INTO users (uid, username, username_key, email, full_name, role, password_hash, disabled, \
    approved, temporary_password, temporary_expires_at, external_id, external_number, token_version, spared_jti, \
    totp_secret, totp_confirmed, totp_last_step, created_at, updated_at, last_login, password_changed_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)";
const UPDATE: &str = "UPDATE users SET email = $2, full_name = $3, role = $4, disabled = $5, approved = $6, \
    token_version = $7, spared_jti = $8, updated_at = $9 WHERE uid = $1";
const SET_PASSWORD: &str = "UPDATE users SET password_hash = $2, temporary_password = $3, temporary_expires_at = $4, \
    approved = $5, token_version = token_version + 1, spared_jti = $6, updated_at = $7, password_changed_at = $7 \
    WHERE uid = $1";
const REHASH: &str = "UPDATE users SET password_hash = $3 WHERE uid = $1 AND password_hash = $2";
const LOGGED_IN: &str = "UPDATE users SET last_login = $2 WHERE uid = $1";
const SET_TOTP: &str =
    "UPDATE users SET totp_secret = $2, totp_confirmed = $3, totp_last_step = 0 WHERE uid = $1";
const USE_TOTP_STEP: &str =
    "UPDATE users SET totp_last_step = $2 WHERE uid = $1 AND totp_last_step < $2";
const DELETE: &str = "DELETE FROM users WHERE uid = $1";
const DROP_REFRESH: &str =
    "DELETE FROM refresh_tokens WHERE session_id IN (SELECT id FROM sessions WHERE uid = $1)";
const END_SESSIONS: &str =
    "UPDATE sessions SET ended_at = $2 WHERE uid = $1 AND ended_at IS NULL AND id <> $3";
const DROP_LINKS: &str = "DELETE FROM links WHERE subject = $1";

/// Every statement of this store.
pub(crate) const STATEMENTS: &[&str] = &[
    BY_UID,
    BY_NAME,
    BY_EMAIL,
    BY_EXTERNAL_ID,
    ALL,
    COUNT_BY_ROLE,
    TAKE_TURN,
    NEXT_NUMBER,
    OTHER_ADMINS,
    INSERT,
    UPDATE,
    SET_PASSWORD,
    REHASH,
    LOGGED_IN,
    SET_TOTP,
    USE_TOTP_STEP,
    DELETE,
    DROP_REFRESH,
    END_SESSIONS,
    DROP_LINKS,
];

/// Postgres refuses texts with a NUL; no name has one.
fn is_no_text(text: &str) -> bool {
    text.contains('\0')
}

/// The key of a name: names differ by more than their case.
pub(crate) fn key(username: &str) -> String {
    username.to_lowercase()
}

pub(crate) async fn by_uid(db: &Db, uid: &str) -> Result<Option<UserRow>, DbError> {
    if is_no_text(uid) {
        return Ok(None);
    }
    on_db!(db, |pool| sqlx::query_as::<_, UserRow>(BY_UID)
        .bind(uid)
        .fetch_optional(pool)
        .await)
    .map_err(DbError::from)
}

pub(crate) async fn by_name(db: &Db, username: &str) -> Result<Option<UserRow>, DbError> {
    if is_no_text(username) {
        return Ok(None);
    }
    on_db!(db, |pool| sqlx::query_as::<_, UserRow>(BY_NAME)
        .bind(key(username))
        .fetch_optional(pool)
        .await)
    .map_err(DbError::from)
}

/// At most two.
pub(crate) async fn by_email(db: &Db, email: &str) -> Result<Vec<UserRow>, DbError> {
    if is_no_text(email) {
        return Ok(Vec::new());
    }
    on_db!(db, |pool| sqlx::query_as::<_, UserRow>(BY_EMAIL)
        .bind(email.to_lowercase())
        .fetch_all(pool)
        .await)
    .map_err(DbError::from)
}

pub(crate) async fn by_external_id_in(tx: &mut Tx, id: &str) -> Result<Option<UserRow>, DbError> {
    on_tx!(tx, |conn| sqlx::query_as::<_, UserRow>(BY_EXTERNAL_ID)
        .bind(id)
        .fetch_optional(conn)
        .await)
    .map_err(DbError::from)
}

pub(crate) async fn by_external_id(db: &Db, id: &str) -> Result<Option<UserRow>, DbError> {
    if is_no_text(id) {
        return Ok(None);
    }
    on_db!(db, |pool| sqlx::query_as::<_, UserRow>(BY_EXTERNAL_ID)
        .bind(id)
        .fetch_optional(pool)
        .await)
    .map_err(DbError::from)
}

pub(crate) async fn all(db: &Db) -> Result<Vec<UserRow>, DbError> {
    on_db!(db, |pool| sqlx::query_as::<_, UserRow>(ALL)
        .fetch_all(pool)
        .await)
    .map_err(DbError::from)
}

pub(crate) async fn count_by_role(db: &Db) -> Result<Vec<(String, i64)>, DbError> {
    on_db!(db, |pool| sqlx::query_as::<_, (String, i64)>(COUNT_BY_ROLE)
        .fetch_all(pool)
        .await)
    .map_err(DbError::from)
}

/// Waits for its turn: until `tx` ends, nobody else changes who exists or who administers.
pub(crate) async fn take_turn(tx: &mut Tx) -> Result<(), DbError> {
    on_tx!(tx, |conn| sqlx::query(TAKE_TURN)
        .execute(conn)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

pub(crate) async fn by_uid_in(tx: &mut Tx, uid: &str) -> Result<Option<UserRow>, DbError> {
    on_tx!(tx, |conn| sqlx::query_as::<_, UserRow>(BY_UID)
        .bind(uid)
        .fetch_optional(conn)
        .await)
    .map_err(DbError::from)
}

pub(crate) async fn by_name_in(tx: &mut Tx, username: &str) -> Result<Option<UserRow>, DbError> {
    if is_no_text(username) {
        return Ok(None);
    }
    on_tx!(tx, |conn| sqlx::query_as::<_, UserRow>(BY_NAME)
        .bind(key(username))
        .fetch_optional(conn)
        .await)
    .map_err(DbError::from)
}

pub(crate) async fn next_number(tx: &mut Tx) -> Result<i64, DbError> {
    on_tx!(tx, |conn| sqlx::query_scalar::<_, i64>(NEXT_NUMBER)
        .fetch_one(conn)
        .await)
    .map_err(DbError::from)
}

/// How many other administrators can sign in.
pub(crate) async fn other_admins(tx: &mut Tx, uid: &str) -> Result<i64, DbError> {
    on_tx!(tx, |conn| sqlx::query_scalar::<_, i64>(OTHER_ADMINS)
        .bind(uid)
        .fetch_one(conn)
        .await)
    .map_err(DbError::from)
}

pub(crate) async fn insert(tx: &mut Tx, row: &UserRow) -> Result<(), DbError> {
    on_tx!(tx, |conn| sqlx::query(INSERT)
        .bind(&row.uid)
        .bind(&row.username)
        .bind(&row.username_key)
        .bind(&row.email)
        .bind(&row.full_name)
        .bind(&row.role)
        .bind(&row.password_hash)
        .bind(row.disabled)
        .bind(row.approved)
        .bind(row.temporary_password)
        .bind(row.temporary_expires_at)
        .bind(&row.external_id)
        .bind(row.external_number)
        .bind(row.token_version)
        .bind(&row.spared_jti)
        .bind(&row.totp_secret)
        .bind(row.totp_confirmed)
        .bind(row.totp_last_step)
        .bind(row.created_at)
        .bind(row.updated_at)
        .bind(row.last_login)
        .bind(row.password_changed_at)
        .execute(conn)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// Writes what an administrator may change.
pub(crate) async fn update(tx: &mut Tx, row: &UserRow) -> Result<(), DbError> {
    on_tx!(tx, |conn| sqlx::query(UPDATE)
        .bind(&row.uid)
        .bind(&row.email)
        .bind(&row.full_name)
        .bind(&row.role)
        .bind(row.disabled)
        .bind(row.approved)
        .bind(row.token_version)
        .bind(&row.spared_jti)
        .bind(row.updated_at)
        .execute(conn)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// A new password and what comes with it.
pub(crate) struct NewPassword<'a> {
    pub(crate) hash: &'a str,
    pub(crate) temporary: bool,
    pub(crate) temporary_expires_at: Option<i64>,
    pub(crate) approved: bool,
    pub(crate) spared_jti: Option<&'a str>,
    pub(crate) now: i64,
}

/// Sets the password; tokens of before are void, but for the one spared.
pub(crate) async fn set_password(
    tx: &mut Tx,
    uid: &str,
    new: &NewPassword<'_>,
) -> Result<(), DbError> {
    on_tx!(tx, |conn| sqlx::query(SET_PASSWORD)
        .bind(uid)
        .bind(new.hash)
        .bind(new.temporary)
        .bind(new.temporary_expires_at)
        .bind(new.approved)
        .bind(new.spared_jti)
        .bind(new.now)
        .execute(conn)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// Keeps the same password anew, unless it changed meanwhile.
pub(crate) async fn rehash(db: &Db, uid: &str, old: &str, new: &str) -> Result<(), DbError> {
    on_db!(db, |pool| sqlx::query(REHASH)
        .bind(uid)
        .bind(old)
        .bind(new)
        .execute(pool)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

pub(crate) async fn logged_in(tx: &mut Tx, uid: &str, now: i64) -> Result<(), DbError> {
    on_tx!(tx, |conn| sqlx::query(LOGGED_IN)
        .bind(uid)
        .bind(now)
        .execute(conn)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

pub(crate) async fn set_totp(
    tx: &mut Tx,
    uid: &str,
    secret: Option<&str>,
    confirmed: bool,
) -> Result<(), DbError> {
    on_tx!(tx, |conn| sqlx::query(SET_TOTP)
        .bind(uid)
        .bind(secret)
        .bind(confirmed)
        .execute(conn)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// Uses a step of the second factor up; false if it, or a later one, was used before.
pub(crate) async fn use_totp_step(db: &Db, uid: &str, step: i64) -> Result<bool, DbError> {
    on_db!(db, |pool| sqlx::query(USE_TOTP_STEP)
        .bind(uid)
        .bind(step)
        .execute(pool)
        .await
        .map(|done| done.rows_affected() == 1))
    .map_err(DbError::from)
}

pub(crate) async fn delete(tx: &mut Tx, uid: &str) -> Result<(), DbError> {
    on_tx!(tx, |conn| sqlx::query(DELETE)
        .bind(uid)
        .execute(conn)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// Ends every session but `spared`, and all refresh tokens and links.
pub(crate) async fn void_credentials(
    tx: &mut Tx,
    row: &UserRow,
    spared_session: Option<&str>,
    now: i64,
) -> Result<(), DbError> {
    on_tx!(&mut *tx, |conn| sqlx::query(DROP_REFRESH)
        .bind(&row.uid)
        .execute(conn)
        .await
        .map(|_| ()))
    .map_err(DbError::from)?;
    on_tx!(&mut *tx, |conn| sqlx::query(END_SESSIONS)
        .bind(&row.uid)
        .bind(now)
        .bind(spared_session.unwrap_or_default())
        .execute(conn)
        .await
        .map(|_| ()))
    .map_err(DbError::from)?;
    on_tx!(tx, |conn| sqlx::query(DROP_LINKS)
        .bind(&row.username_key)
        .execute(conn)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}
