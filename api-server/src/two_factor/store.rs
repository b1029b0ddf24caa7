//! SQL of recovery codes.

use shared::db::{DbError, Tx};
use shared::on_tx;

const INSERT: &str = "INSERT INTO recovery_codes (uid, digest) VALUES ($1, $2)";
const USE: &str = "DELETE FROM recovery_codes WHERE uid = $1 AND digest = $2";
const DROP: &str = "DELETE FROM recovery_codes WHERE uid = $1";

/// Every statement of this store.
pub(crate) const STATEMENTS: &[&str] = &[INSERT, USE, DROP];

pub(crate) async fn insert(tx: &mut Tx, uid: &str, digest: &str) -> Result<(), DbError> {
    on_tx!(tx, |conn| sqlx::query(INSERT)
        .bind(uid)
        .bind(digest)
        .execute(conn)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// Uses a code up; whether there was one.
pub(crate) async fn use_up(tx: &mut Tx, uid: &str, digest: &str) -> Result<bool, DbError> {
    on_tx!(tx, |conn| sqlx::query(USE)
        .bind(uid)
        .bind(digest)
        .execute(conn)
        .await
        .map(|done| done.rows_affected() == 1))
    .map_err(DbError::from)
}

pub(crate) async fn drop_all(tx: &mut Tx, uid: &str) -> Result<(), DbError> {
    on_tx!(tx, |conn| sqlx::query(DROP)
        .bind(uid)
        .execute(conn)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}
