//! SQL of deliveries.

use shared::db::{Db, DbError};
use shared::on_db;

const REMEMBER: &str = "INSERT INTO webhook_deliveries (digest, received_at) VALUES ($1, $2) \
    ON CONFLICT (digest) DO NOTHING";
const PRUNE: &str = "DELETE FROM webhook_deliveries WHERE received_at < $1";

/// Every statement of this store.
pub(crate) const STATEMENTS: &[&str] = &[REMEMBER, PRUNE];

/// Whether it was not there yet.
pub(crate) async fn remember(db: &Db, digest: &str, now: i64) -> Result<bool, DbError> {
    on_db!(db, |pool| sqlx::query(REMEMBER)
        .bind(digest)
        .bind(now)
        .execute(pool)
        .await
        .map(|done| done.rows_affected() == 1))
    .map_err(DbError::from)
}

pub(crate) async fn prune(db: &Db, before: i64) -> Result<u64, DbError> {
    db.prune(PRUNE, before).await
}
