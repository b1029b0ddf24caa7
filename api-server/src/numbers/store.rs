//! SQL of the numbers: how many, and since when they wait.

use shared::db::{Db, DbError};
use shared::on_db;

const MATERIALS: &str = "SELECT state, COUNT(*) FROM materials GROUP BY state";
const MAILS: &str = "SELECT COUNT(*), MIN(due_at) FROM mails";
const SYNCS: &str = "SELECT COUNT(*), MIN(due_at) FROM material_sync WHERE act <> 'follow'";
const USERS: &str = "SELECT role, COUNT(*) FROM users WHERE NOT disabled GROUP BY role";

/// Every statement of this store.
pub(crate) const STATEMENTS: &[&str] = &[MATERIALS, MAILS, SYNCS, USERS];

/// What waits: how many, and when the first was due.
pub(crate) type Waiting = (i64, Option<i64>);

async fn by_kind(db: &Db, statement: &'static str) -> Result<Vec<(String, i64)>, DbError> {
    on_db!(db, |pool| sqlx::query_as(statement).fetch_all(pool).await).map_err(DbError::from)
}

async fn waiting(db: &Db, statement: &'static str) -> Result<Waiting, DbError> {
    on_db!(db, |pool| sqlx::query_as(statement).fetch_one(pool).await).map_err(DbError::from)
}

/// Materials in each state.
pub(crate) async fn materials(db: &Db) -> Result<Vec<(String, i64)>, DbError> {
    by_kind(db, MATERIALS).await
}

/// Accounts that may sign in, by role.
pub(crate) async fn users(db: &Db) -> Result<Vec<(String, i64)>, DbError> {
    by_kind(db, USERS).await
}

/// Mails to be sent.
pub(crate) async fn mails(db: &Db) -> Result<Waiting, DbError> {
    waiting(db, MAILS).await
}

/// What the rag-server has to be told.
pub(crate) async fn syncs(db: &Db) -> Result<Waiting, DbError> {
    waiting(db, SYNCS).await
}
