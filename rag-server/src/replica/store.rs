//! The row that tells who writes.

use shared::db::{Db, DbError};
use shared::on_db;

const SEE: &str = "SELECT holder, address, beat FROM writer";
const TAKE_FREE: &str = "INSERT INTO writer (name, holder, address, beat) VALUES ('writer', $1, $2, 0) ON CONFLICT DO NOTHING";
const TAKE_FROM: &str =
    "UPDATE writer SET holder = $1, address = $2, beat = beat + 1 WHERE holder = $3 AND beat = $4";
const RENEW: &str = "UPDATE writer SET beat = beat + 1 WHERE holder = $1";
const STEP_BACK: &str = "UPDATE writer SET address = '' WHERE holder = $1";
const RELEASE: &str = "DELETE FROM writer WHERE holder = $1";

/// Every statement, so that a test can prepare them on both databases.
pub(crate) const STATEMENTS: &[&str] = &[SEE, TAKE_FREE, TAKE_FROM, RENEW, STEP_BACK, RELEASE];

/// The lease as it was seen.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(super) struct Lease {
    /// Who has it: a name that every start makes anew.
    pub(super) holder: String,
    /// Where the holder answers; empty once it is about to end.
    pub(super) address: String,
    /// Goes up with every renewal.
    pub(super) beat: i64,
}

pub(super) async fn see(db: &Db) -> Result<Option<Lease>, DbError> {
    on_db!(db, |pool| sqlx::query_as(SEE).fetch_optional(pool).await).map_err(DbError::from)
}

/// Takes the lease as `holder`, from nobody or from whoever had it as it was `seen`; `false` when somebody was faster.
pub(super) async fn take(
    db: &Db,
    holder: &str,
    address: &str,
    seen: Option<&Lease>,
) -> Result<bool, DbError> {
    let changed = match seen {
        None => on_db!(db, |pool| sqlx::query(TAKE_FREE)
            .bind(holder)
            .bind(address)
            .execute(pool)
            .await
            .map(|done| done.rows_affected())),
        Some(seen) => on_db!(db, |pool| sqlx::query(TAKE_FROM)
            .bind(holder)
            .bind(address)
            .bind(&seen.holder)
            .bind(seen.beat)
            .execute(pool)
            .await
            .map(|done| done.rows_affected())),
    };
    changed.map(|rows| rows == 1).map_err(DbError::from)
}

/// `false` when somebody else has it.
pub(super) async fn renew(db: &Db, holder: &str) -> Result<bool, DbError> {
    on_db!(db, |pool| sqlx::query(RENEW)
        .bind(holder)
        .execute(pool)
        .await
        .map(|done| done.rows_affected() == 1))
    .map_err(DbError::from)
}

/// Keeps the lease, but takes nothing on any more.
pub(super) async fn step_back(db: &Db, holder: &str) -> Result<(), DbError> {
    on_db!(db, |pool| sqlx::query(STEP_BACK)
        .bind(holder)
        .execute(pool)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

pub(super) async fn release(db: &Db, holder: &str) -> Result<(), DbError> {
    on_db!(db, |pool| sqlx::query(RELEASE)
        .bind(holder)
        .execute(pool)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}
