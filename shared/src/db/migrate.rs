//! Migrations: forward only, one at a time, never by an older program.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::{Connection as _, PgPool, SqlitePool};

use super::{Db, DbError};

/// Why a database could not be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// A newer program already changed it. Going on could damage it.
    #[error(
        "database is newer than this program: it has migration {found}, the program knows up to {known}; \
         start the newer program or restore a backup"
    )]
    Newer {
        /// The first migration the program does not know.
        found: i64,
        /// The last one it knows; 0 if it has none.
        known: i64,
    },
    /// A migration that was already applied has been edited, or taken out.
    #[error("migration {version} differs from the one that was applied")]
    Changed {
        /// Which one.
        version: i64,
    },
    /// A migration stopped half-way and must be repaired by hand.
    #[error("migration {version} was applied in part")]
    Interrupted {
        /// Which one.
        version: i64,
    },
    /// A migration's SQL failed; its transaction was rolled back.
    #[error("migration {version} failed")]
    Failed {
        /// Which one.
        version: i64,
        /// What the database said.
        #[source]
        source: DbError,
    },
    /// The lock file beside a SQLite database cannot be used.
    #[error("lock file {} cannot be used", .path.display())]
    Lock {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The database failed outside a migration.
    #[error("database failed while migrating")]
    Db(#[from] DbError),
}

/// Applies what is missing, under a lock: an advisory lock on Postgres, a lock on the file
/// `<database>.migrate` on SQLite. Several processes may call it at once; each returns when the
/// database is up to date.
///
/// # Errors
/// [`MigrationError`].
pub async fn migrate(
    db: &Db,
    sqlite: &Migrator,
    postgres: &Migrator,
) -> Result<(), MigrationError> {
    let (outcome, migrator) = match db {
        Db::Sqlite(pool) => (migrate_sqlite(pool, sqlite).await?, sqlite),
        Db::Postgres(pool) => (migrate_postgres(pool, postgres).await?, postgres),
    };
    outcome.map_err(|error| explain(error, migrator))
}

async fn migrate_sqlite(
    pool: &SqlitePool,
    migrator: &Migrator,
) -> Result<Result<(), MigrateError>, MigrationError> {
    let options = pool.connect_options();
    // sqlx's own lock does nothing on SQLite. Memory belongs to this process alone.
    let lock = match options.get_filename() {
        path if path.is_file() => Some(lock(path).await?),
        _ => None,
    };
    let outcome = migrator.run(pool).await;
    drop(lock);
    Ok(outcome)
}

/// Waits for the lock; it is released when the file is closed, also by the end of the process.
async fn lock(database: &Path) -> Result<File, MigrationError> {
    let mut path = database.as_os_str().to_owned();
    path.push(".migrate");
    let path = PathBuf::from(path);
    let wanted = path.clone();
    let locked = tokio::task::spawn_blocking(move || {
        let file = File::options().create(true).append(true).open(&wanted)?;
        file.lock()?;
        Ok(file)
    })
    .await
    .unwrap_or_else(|panic| Err(io::Error::other(panic)));
    locked.map_err(|source| MigrationError::Lock { path, source })
}

async fn migrate_postgres(
    pool: &PgPool,
    migrator: &Migrator,
) -> Result<Result<(), MigrateError>, MigrationError> {
    // A connection of its own: when a migration fails, sqlx leaves the advisory lock on it, and the
    // lock must end with the connection instead of going back to the pool.
    let mut connection = pool.acquire().await.map_err(DbError::from)?.detach();
    let outcome = migrator.run(&mut connection).await;
    let closed = connection.close().await;
    if outcome.is_ok() {
        closed.map_err(DbError::from)?;
    }
    Ok(outcome)
}

fn explain(error: MigrateError, migrator: &Migrator) -> MigrationError {
    let known = migrator
        .iter()
        .map(|migration| migration.version)
        .max()
        .unwrap_or(0);
    match error {
        MigrateError::VersionMissing(found) if found > known => {
            MigrationError::Newer { found, known }
        }
        MigrateError::VersionMissing(version) | MigrateError::VersionMismatch(version) => {
            MigrationError::Changed { version }
        }
        MigrateError::Dirty(version) => MigrationError::Interrupted { version },
        MigrateError::ExecuteMigration(source, version) => MigrationError::Failed {
            version,
            source: source.into(),
        },
        MigrateError::Execute(source) => MigrationError::Db(source.into()),
        other => MigrationError::Db(sqlx::Error::Migrate(Box::new(other)).into()),
    }
}

/// Whether both folders hold the same migrations: same numbers, same names. For the test of each
/// server.
///
/// # Errors
/// A sentence with the first difference.
pub fn same_migrations(sqlite: &Migrator, postgres: &Migrator) -> Result<(), String> {
    let list = |migrator: &Migrator| -> Vec<String> {
        migrator
            .iter()
            .map(|migration| format!("{:04}_{}", migration.version, migration.description))
            .collect()
    };
    let (sqlite, postgres) = (list(sqlite), list(postgres));
    if let Some(missing) = sqlite.iter().find(|name| !postgres.contains(name)) {
        return Err(format!("{missing} is not among Postgres' migrations"));
    }
    if let Some(missing) = postgres.iter().find(|name| !sqlite.contains(name)) {
        return Err(format!("{missing} is not among SQLite's migrations"));
    }
    Ok(())
}
