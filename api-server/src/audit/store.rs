//! SQL of the audit log.

use serde::Serialize;
use shared::db::{Db, DbError, Tx};
use shared::{on_db, on_tx};

use super::Deed;

const INSERT: &str = "INSERT INTO audit (id, at, action, actor_uid, actor, target_uid, target, address, request_id) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
const LIST: &str = "SELECT id, at, action, actor_uid, actor, target_uid, target, address, request_id FROM audit \
    WHERE id < $1 ORDER BY id DESC LIMIT $2";
const PRUNE: &str = "DELETE FROM audit WHERE at < $1";

/// Every statement of this store.
pub(crate) const STATEMENTS: &[&str] = &[INSERT, LIST, PRUNE];

/// One row of `audit`.
#[derive(Debug, Clone, Serialize, sqlx::FromRow)]
pub(crate) struct AuditRow {
    pub(crate) id: String,
    pub(crate) at: i64,
    pub(crate) action: String,
    pub(crate) actor_uid: Option<String>,
    pub(crate) actor: Option<String>,
    pub(crate) target_uid: Option<String>,
    pub(crate) target: Option<String>,
    pub(crate) address: Option<String>,
    pub(crate) request_id: Option<String>,
}

/// Writes a deed down in the transaction that does it.
pub(crate) async fn record(tx: &mut Tx, deed: Deed<'_>) -> Result<(), DbError> {
    let (target_uid, target) = deed.target.unzip();
    on_tx!(tx, |conn| sqlx::query(INSERT)
        .bind(uuid::Uuid::now_v7().to_string())
        .bind(deed.now)
        .bind(deed.action.as_str())
        .bind(&deed.actor.uid)
        .bind(&deed.actor.name)
        .bind(target_uid)
        .bind(target)
        .bind(&deed.actor.address)
        .bind(super::request_id())
        .execute(conn)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// Deeds before the one of id `before`, newest first.
pub(crate) async fn list(db: &Db, before: &str, limit: i64) -> Result<Vec<AuditRow>, DbError> {
    on_db!(db, |pool| sqlx::query_as::<_, AuditRow>(LIST)
        .bind(before)
        .bind(limit)
        .fetch_all(pool)
        .await)
    .map_err(DbError::from)
}

/// Removes what is older.
pub(crate) async fn prune(db: &Db, before: i64) -> Result<u64, DbError> {
    db.prune(PRUNE, before).await
}
