//! The migrations of this server's database.

use shared::db::{Db, MigrationError};
use sqlx::migrate::Migrator;

/// Those of SQLite.
pub(crate) static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
/// Those of Postgres: the same numbers and names.
pub(crate) static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// The number of the last one.
pub(crate) fn newest() -> i64 {
    let versions = SQLITE.iter().map(|migration| migration.version);
    versions.max().unwrap_or(0)
}

/// Brings a database up to date.
///
/// # Errors
/// [`MigrationError`].
pub(crate) async fn run(db: &Db) -> Result<(), MigrationError> {
    shared::db::migrate(db, &SQLITE, &POSTGRES).await
}
