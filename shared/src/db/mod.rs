//! One database or the other: SQLite beside the program, Postgres when one machine is not enough.
//!
//! SQL is written once in the dialect both understand (`$1` placeholders, `ON CONFLICT`,
//! `RETURNING`; ids as `TEXT`, times as `BIGINT` milliseconds, JSON as `TEXT`), kept in `const`
//! strings and run on either through [`on_db!`](crate::on_db). Because that is not checked when
//! compiling, every store's test prepares its statements on both with [`prepare_all`].

mod error;
mod migrate;

use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::str::FromStr as _;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, PgPool, Postgres,
    SqlSafeStr as _, Sqlite, SqlitePool, Transaction,
};
use url::Url;

pub use error::DbError;
pub use migrate::{MigrationError, migrate, same_migrations};

/// A pool of connections to one of the two. Clones share the pool.
#[derive(Debug, Clone)]
pub enum Db {
    /// A file, or memory.
    Sqlite(SqlitePool),
    /// A server, and in it one schema.
    Postgres(PgPool),
}

/// How a pool behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolSettings {
    /// Most connections open at once.
    pub max_connections: u32,
    /// How long to wait for a free one before [`DbError::Unavailable`].
    pub acquire_timeout: Duration,
    /// SQLite: how long to wait for another writer before [`DbError::Busy`].
    pub busy_timeout: Duration,
}

impl Default for PoolSettings {
    fn default() -> Self {
        Self {
            max_connections: 8,
            acquire_timeout: Duration::from_secs(10),
            busy_timeout: Duration::from_secs(5),
        }
    }
}

/// Expands the same call for both databases: `on_db!(db, |pool| query.fetch_all(pool).await)`. Both
/// arms must have the same type, so `execute` is mapped to its number of rows.
#[macro_export]
macro_rules! on_db {
    ($db:expr, |$pool:ident| $call:expr) => {
        match $db {
            $crate::db::Db::Sqlite($pool) => $call,
            $crate::db::Db::Postgres($pool) => $call,
        }
    };
}

/// Expands the same call inside a transaction: `on_tx!(&mut tx, |conn| query.execute(conn).await)`.
#[macro_export]
macro_rules! on_tx {
    ($tx:expr, |$conn:ident| $call:expr) => {
        match $tx {
            $crate::db::Tx::Sqlite(tx) => {
                let $conn = &mut **tx;
                $call
            }
            $crate::db::Tx::Postgres(tx) => {
                let $conn = &mut **tx;
                $call
            }
        }
    };
}

/// [`connect_with`] the default pool.
///
/// # Errors
/// [`DbError`].
pub async fn connect(url: &str) -> Result<Db, DbError> {
    connect_with(url, &PoolSettings::default()).await
}

/// Opens the database of a URL.
///
/// - `sqlite://data/rag.db` (or `sqlite:///absolute.db`): the folder is made (0700) and the file
///   (0600) if they are missing; every connection has WAL, `busy_timeout`, `foreign_keys` and
///   `synchronous = NORMAL`.
/// - `sqlite::memory:`: one connection, gone with the pool.
/// - `postgres://user:password@host/name?schema=rag`: tables live in that schema, which is made if
///   it is missing; without it in the server's default one.
///
/// # Errors
/// [`DbError::Url`] for anything else, [`DbError::Unavailable`] when the server or file cannot be
/// opened.
pub async fn connect_with(url: &str, pool: &PoolSettings) -> Result<Db, DbError> {
    match url.split_once(':').map(|(scheme, _)| scheme) {
        Some("sqlite") => connect_sqlite(url, pool).await,
        Some("postgres" | "postgresql") => connect_postgres(url, pool).await,
        _ => Err(DbError::Url("must begin with sqlite: or postgres:")),
    }
}

async fn connect_sqlite(url: &str, pool: &PoolSettings) -> Result<Db, DbError> {
    let options = SqliteConnectOptions::from_str(url)
        .map_err(|_| DbError::Url("is no SQLite address such as sqlite://data/rag.db"))?
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(pool.busy_timeout)
        .foreign_keys(true);
    let in_memory = url.contains(":memory:") || url.contains("mode=memory");
    let pool_options = SqlitePoolOptions::new().acquire_timeout(pool.acquire_timeout);
    let opened = if in_memory {
        // Each connection to memory is a database of its own: keep exactly one, for ever.
        pool_options
            .max_connections(1)
            .min_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options)
            .await
    } else {
        create_private(options.get_filename()).map_err(DbError::from_io)?;
        pool_options
            .max_connections(pool.max_connections)
            .connect_with(options)
            .await
    };
    Ok(Db::Sqlite(opened?))
}

/// Makes the folder and the empty file for their owner alone. SQLite gives its journals the
/// permissions of the file they belong to.
fn create_private(path: &Path) -> io::Result<()> {
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
    }
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
        .map(drop)
}

async fn connect_postgres(url: &str, pool: &PoolSettings) -> Result<Db, DbError> {
    const INVALID: DbError = DbError::Url("is no Postgres address such as postgres://host/name");
    let mut url = Url::parse(url).map_err(|_| INVALID)?;
    let schema = take_schema(&mut url)?;
    let mut options = PgConnectOptions::from_str(url.as_str()).map_err(|_| INVALID)?;
    if let Some(schema) = &schema {
        options = options.options([("search_path", schema)]);
        create_schema(&options, schema).await?;
    }
    let opened = PgPoolOptions::new()
        .acquire_timeout(pool.acquire_timeout)
        .max_connections(pool.max_connections)
        .connect_with(options)
        .await?;
    Ok(Db::Postgres(opened))
}

/// Takes `schema` out of the query, which the driver does not know.
fn take_schema(url: &mut Url) -> Result<Option<String>, DbError> {
    let mut schema = None;
    let others: Vec<(String, String)> = url
        .query_pairs()
        .into_owned()
        .filter(|(name, value)| {
            let found = name == "schema";
            if found {
                schema = Some(value.clone());
            }
            !found
        })
        .collect();
    if others.is_empty() {
        url.set_query(None);
    } else {
        url.query_pairs_mut().clear().extend_pairs(others);
    }
    match schema {
        Some(schema) if !is_plain_identifier(&schema) => Err(DbError::Url(
            "has a schema that is not 1 to 63 lower-case letters, digits and underscores",
        )),
        schema => Ok(schema),
    }
}

/// An identifier that needs no quoting, so that it means the same everywhere.
fn is_plain_identifier(name: &str) -> bool {
    let starts_well = name.starts_with(|first: char| first.is_ascii_lowercase() || first == '_');
    starts_well
        && name.len() <= 63
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

async fn create_schema(options: &PgConnectOptions, schema: &str) -> Result<(), DbError> {
    let mut connection = options.connect().await?;
    // The name was checked above; identifiers cannot be bound.
    let statement = format!("CREATE SCHEMA IF NOT EXISTS {schema}");
    let made = connection.execute(AssertSqlSafe(statement)).await;
    let closed = connection.close().await;
    match made.map_err(DbError::from) {
        // Two servers starting at once: the other one made it (IF NOT EXISTS does not lock).
        Ok(_) | Err(DbError::Unique { .. }) => Ok(closed?),
        Err(error) => Err(error),
    }
}

impl Db {
    /// Runs a `DELETE` whose `$1` is a time in Unix milliseconds; how many rows it removed.
    ///
    /// # Errors
    /// [`DbError`]; nothing was removed then.
    pub async fn prune(&self, delete: &'static str, before: i64) -> Result<u64, DbError> {
        on_db!(self, |pool| sqlx::query(delete)
            .bind(before)
            .execute(pool)
            .await
            .map(|done| done.rows_affected()))
        .map_err(DbError::from)
    }

    /// `sqlite` or `postgres`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "sqlite",
            Self::Postgres(_) => "postgres",
        }
    }

    /// Begins a transaction that will write. On SQLite it takes the write lock at once (`BEGIN
    /// IMMEDIATE`): one that reads first and then writes would fail with "locked" whenever another
    /// writer came between, and waiting does not help it.
    ///
    /// Cancel safety: a transaction that is dropped is rolled back.
    ///
    /// # Errors
    /// [`DbError::Busy`] when another writer holds the lock for longer than the busy timeout.
    pub async fn begin_write(&self) -> Result<Tx, DbError> {
        Ok(match self {
            Self::Sqlite(pool) => Tx::Sqlite(pool.begin_with("BEGIN IMMEDIATE").await?),
            Self::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        })
    }

    /// Begins a transaction that only reads, and sees the database as it was at one moment, however long it takes.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn begin_read(&self) -> Result<Tx, DbError> {
        const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        Ok(match self {
            // In WAL mode a reader sees what was there when it began to read.
            Self::Sqlite(pool) => Tx::Sqlite(pool.begin().await?),
            Self::Postgres(pool) => Tx::Postgres(pool.begin_with(SNAPSHOT).await?),
        })
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`DbError`] when it does not.
    pub async fn ping(&self) -> Result<(), DbError> {
        on_db!(self, |pool| pool.execute("SELECT 1").await.map(drop)).map_err(DbError::from)
    }

    /// Closes all connections, after they finish what they are doing.
    pub async fn close(&self) {
        on_db!(self, |pool| pool.close().await);
    }
}

/// A transaction on either database; see [`Db::begin_write`].
#[derive(Debug)]
pub enum Tx {
    /// On SQLite.
    Sqlite(Transaction<'static, Sqlite>),
    /// On Postgres.
    Postgres(Transaction<'static, Postgres>),
}

impl Tx {
    /// Makes its changes last.
    ///
    /// # Errors
    /// [`DbError`]; nothing was changed then.
    pub async fn commit(self) -> Result<(), DbError> {
        match self {
            Self::Sqlite(tx) => tx.commit().await,
            Self::Postgres(tx) => tx.commit().await,
        }
        .map_err(DbError::from)
    }

    /// Undoes its changes. Dropping it does the same, a little later.
    ///
    /// # Errors
    /// [`DbError`] when the connection broke; the changes are undone all the same.
    pub async fn rollback(self) -> Result<(), DbError> {
        match self {
            Self::Sqlite(tx) => tx.rollback().await,
            Self::Postgres(tx) => tx.rollback().await,
        }
        .map_err(DbError::from)
    }
}

/// Statements that do not prepare, each with what the database said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("statements that do not prepare on {database}:\n{}", .failed.join("\n"))]
pub struct PrepareError {
    /// `sqlite` or `postgres`.
    pub database: &'static str,
    /// `statement: reason`, one each.
    pub failed: Vec<String>,
}

/// Prepares every statement on a migrated database: the check that macros would do when compiling,
/// if they could speak to two databases.
///
/// # Errors
/// [`PrepareError`] with every statement that failed.
pub async fn prepare_all(db: &Db, statements: &[&str]) -> Result<(), PrepareError> {
    let mut failed = Vec::new();
    for &statement in statements {
        let sql = AssertSqlSafe(statement).into_sql_str(); // our own constants
        let prepared = on_db!(db, |pool| pool.prepare(sql).await.map(drop));
        if let Err(error) = prepared {
            failed.push(format!("{statement}: {error}"));
        }
    }
    if failed.is_empty() {
        Ok(())
    } else {
        Err(PrepareError {
            database: db.kind(),
            failed,
        })
    }
}

#[cfg(test)]
mod tests;
