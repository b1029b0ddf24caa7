//! SQL of backups: every row as JSON, and back. Tables are those of this program's own migrations; their names are ours.

use std::collections::BTreeSet;

use futures::TryStreamExt as _;
use shared::db::{Db, DbError, Tx};
use shared::{on_db, on_tx};
use sqlx::AssertSqlSafe;
use sqlx::sqlite::SqlitePoolOptions;
use tokio::sync::mpsc;

use super::BackupError;
use crate::migrations::{POSTGRES, SQLITE};

const TABLES: &str = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
    AND name <> '_sqlx_migrations' ORDER BY rowid";
const PARENTS: &str = "SELECT tables.name, parents.\"table\" FROM sqlite_master tables \
    JOIN pragma_foreign_key_list(tables.name) parents WHERE tables.type = 'table'";
const COLUMNS: &str = "SELECT name FROM pragma_table_info($1) ORDER BY cid";
const PRESENT_SQLITE: &str = "SELECT name FROM sqlite_master WHERE type = 'table'";
const PRESENT_POSTGRES: &str =
    "SELECT CAST(tablename AS TEXT) FROM pg_tables WHERE schemaname = current_schema()";
const SCHEMA: &str = "SELECT MAX(version) FROM _sqlx_migrations";
const HASHES: &str = "SELECT DISTINCT content_hash FROM materials ORDER BY content_hash";
const RESEND: &str = "INSERT INTO material_sync (uid, act, wish, attempts, due_at, claim, sent_at) \
    SELECT uid, 'put', 1, 0, $1, NULL, NULL FROM materials WHERE TRUE \
    ON CONFLICT (uid) DO UPDATE SET act = 'put', wish = material_sync.wish + 1, attempts = 0, due_at = $1, \
    claim = NULL, sent_at = NULL";

/// Tables of a schema, each after those that its rows refer to.
pub(super) async fn tables_of(version: i64) -> Result<Vec<String>, BackupError> {
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .connect("sqlite::memory:")
        .await
        .map_err(DbError::from)?;
    SQLITE.run_to(version, &pool).await?;
    let mut left: Vec<String> = sqlx::query_scalar(TABLES)
        .fetch_all(&pool)
        .await
        .map_err(DbError::from)?;
    let parents: Vec<(String, String)> = sqlx::query_as(PARENTS)
        .fetch_all(&pool)
        .await
        .map_err(DbError::from)?;
    pool.close().await;
    let mut ordered: Vec<String> = Vec::new();
    while !left.is_empty() {
        let place = left.iter().position(|table| {
            let mut wanted = parents
                .iter()
                .filter(|(child, parent)| child == table && parent != table);
            wanted.all(|(_, parent)| ordered.contains(parent))
        });
        // Tables that refer to each other in a circle: in the order they were made.
        ordered.push(left.remove(place.unwrap_or(0)));
    }
    Ok(ordered)
}

/// The migration a database is at; 0 where there has been none.
pub(super) async fn schema(db: &Db) -> Result<i64, DbError> {
    if !present(db).await?.contains("_sqlx_migrations") {
        return Ok(0);
    }
    let version: Option<i64> = on_db!(db, |pool| sqlx::query_scalar(SCHEMA).fetch_one(pool).await)?;
    Ok(version.unwrap_or(0))
}

async fn present(db: &Db) -> Result<BTreeSet<String>, DbError> {
    let statement = present_in(db.kind());
    let names: Vec<String> = on_db!(db, |pool| sqlx::query_scalar(statement)
        .fetch_all(pool)
        .await)?;
    Ok(names.into_iter().collect())
}

fn present_in(kind: &str) -> &'static str {
    if kind == "sqlite" {
        PRESENT_SQLITE
    } else {
        PRESENT_POSTGRES
    }
}

/// Sends the rows of a table, each as `<table>\t<JSON object>\n`; how many. JSON holds no line breaks.
pub(super) async fn rows(
    tx: &mut Tx,
    table: &str,
    lines: &mpsc::Sender<String>,
) -> Result<u64, DbError> {
    let statement = match tx {
        Tx::Postgres(_) => format!("SELECT CAST(row_to_json(t) AS TEXT) FROM {table} t"),
        Tx::Sqlite(_) => {
            let columns = columns(tx, table).await?;
            let pairs: Vec<String> = columns
                .iter()
                .map(|column| format!("'{column}', {column}"))
                .collect();
            format!("SELECT json_object({}) FROM {table}", pairs.join(", "))
        }
    };
    let mut count: u64 = 0;
    on_tx!(tx, |conn| {
        let mut rows = sqlx::query_scalar::<_, String>(AssertSqlSafe(statement)).fetch(conn);
        while let Some(row) = rows.try_next().await? {
            // Whoever takes them ends early only when the disk failed, and says so.
            drop(lines.send(format!("{table}\t{row}\n")).await);
            count = count.saturating_add(1);
        }
    });
    Ok(count)
}

/// Columns of a table, in SQLite.
async fn columns(tx: &mut Tx, table: &str) -> Result<Vec<String>, DbError> {
    on_tx!(tx, |conn| sqlx::query_scalar(COLUMNS)
        .bind(table)
        .fetch_all(conn)
        .await)
    .map_err(DbError::from)
}

/// Takes everything of ours out of the database and makes the empty tables of a schema.
pub(super) async fn begin_anew(
    tx: &mut Tx,
    ours: &[String],
    version: i64,
) -> Result<(), BackupError> {
    let kind = match tx {
        Tx::Sqlite(_) => "sqlite",
        Tx::Postgres(_) => "postgres",
    };
    let present: Vec<String> = on_tx!(tx, |conn| sqlx::query_scalar(present_in(kind))
        .fetch_all(conn)
        .await)
    .map_err(DbError::from)?;
    // Children first.
    let migrations = "_sqlx_migrations".to_owned();
    for table in ours.iter().rev().chain([&migrations]) {
        if present.contains(table) {
            execute(tx, format!("DROP TABLE {table}")).await?;
        }
    }
    match tx {
        Tx::Sqlite(tx) => SQLITE.run_to(version, &mut **tx).await?,
        Tx::Postgres(tx) => POSTGRES.run_to(version, &mut **tx).await?,
    }
    // What migrations put in stands in the backup too.
    for table in tables_of(version).await?.iter().rev() {
        execute(tx, format!("DELETE FROM {table}")).await?;
    }
    Ok(())
}

/// Migrates what was restored.
pub(super) async fn migrate(tx: &mut Tx) -> Result<(), BackupError> {
    match tx {
        Tx::Sqlite(tx) => SQLITE.run(&mut **tx).await?,
        Tx::Postgres(tx) => POSTGRES.run(&mut **tx).await?,
    }
    Ok(())
}

/// Inserts rows, given as a JSON array of objects.
pub(super) async fn insert(tx: &mut Tx, table: &str, rows: String) -> Result<(), DbError> {
    let statement = match tx {
        Tx::Postgres(_) => format!(
            "INSERT INTO {table} SELECT * FROM json_populate_recordset(CAST(NULL AS {table}), CAST($1 AS JSON))"
        ),
        Tx::Sqlite(_) => {
            let columns = columns(tx, table).await?;
            let values: Vec<String> = columns
                .iter()
                .map(|column| format!("json_extract(value, '$.{column}')"))
                .collect();
            format!(
                "INSERT INTO {table} ({}) SELECT {} FROM json_each($1)",
                columns.join(", "),
                values.join(", ")
            )
        }
    };
    on_tx!(tx, |conn| sqlx::query(AssertSqlSafe(statement))
        .bind(rows)
        .execute(conn)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

async fn execute(tx: &mut Tx, statement: String) -> Result<(), DbError> {
    on_tx!(tx, |conn| sqlx::query(AssertSqlSafe(statement))
        .execute(conn)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// Hashes of the files that materials have, of a schema with materials.
pub(super) async fn hashes(tx: &mut Tx) -> Result<Vec<String>, DbError> {
    on_tx!(tx, |conn| sqlx::query_scalar(HASHES).fetch_all(conn).await).map_err(DbError::from)
}

/// Every material is to be told to the rag-server again.
pub(super) async fn resend(tx: &mut Tx, now: i64) -> Result<(), DbError> {
    on_tx!(tx, |conn| sqlx::query(RESEND)
        .bind(now)
        .execute(conn)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}
