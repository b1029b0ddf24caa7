//! The queue in SQLite or Postgres: apalis' tables and, wherever it has them, its statements.

use std::str::FromStr as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use apalis::prelude::{Status, TaskBuilder, TaskId, TaskResult, WorkerContext};
use serde::{Deserialize, Serialize};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions as _, Connection as _};

use super::{Outcome, QUEUE, QueueError};

/// On Postgres a worker silent for this long counts as dead.
pub(super) const DEAD_AFTER: Duration = Duration::from_secs(30);
/// Finished entries are kept this long, for whoever looks into the queue by hand.
const KEEP_FINISHED_SECONDS: i64 = 3600;

/// Version of [`WakeUp`]; a reader refuses what it does not know.
const ENTRY_VERSION: u8 = 1;

/// What an entry carries.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WakeUp {
    v: u8,
    job: String,
}

impl WakeUp {
    fn encode(job: &str) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(&Self {
            v: ENTRY_VERSION,
            job: job.to_owned(),
        })
    }

    fn decode(bytes: &[u8]) -> Result<String, serde_json::Error> {
        let entry: Self = serde_json::from_slice(bytes)?;
        if entry.v != ENTRY_VERSION {
            return Err(serde::de::Error::custom(format_args!(
                "entry has version {}",
                entry.v
            )));
        }
        Ok(entry.job)
    }
}

/// An entry that this worker holds.
#[derive(Debug)]
pub(super) struct Claim {
    pub(super) id: TaskId,
    /// Times it was claimed before.
    attempt: usize,
    /// The job it wakes, or why it cannot be read.
    pub(super) job: Result<String, serde_json::Error>,
}

/// A claimed entry and what became of it.
#[derive(Debug)]
pub(super) struct Settled {
    pub(super) claim: Claim,
    pub(super) outcome: Outcome,
}

impl Settled {
    /// The entry as finished, in apalis' terms.
    fn finished(&self) -> TaskResult<serde_json::Value> {
        TaskResult {
            task_id: self.claim.id.clone(),
            attempt: self.claim.attempt + 1,
            status: match self.outcome {
                Outcome::Done | Outcome::RetryAfter(_) => Status::Done,
                Outcome::GiveUp => Status::Killed,
            },
            result: Ok(serde_json::Value::Null),
        }
    }

    /// The entry that wakes the job again: payload, and when in Unix seconds. A new entry rather than the old
    /// one put back, because apalis 1.0.0 has no usable statement for that (its `retry.sql` names a column
    /// that does not exist).
    fn successor(&self) -> Result<Option<(Vec<u8>, u64)>, serde_json::Error> {
        match (&self.claim.job, self.outcome) {
            (Ok(job), Outcome::RetryAfter(delay)) => {
                Ok(Some((WakeUp::encode(job)?, not_before(delay))))
            }
            _ => Ok(None),
        }
    }
}

/// Now plus `delay` in Unix seconds, rounded up; now rounded down for no delay.
fn not_before(delay: Duration) -> u64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    if delay.is_zero() {
        return now.as_secs();
    }
    let at = now.saturating_add(delay);
    at.as_secs()
        .saturating_add(u64::from(at.subsec_nanos() > 0))
}

fn task(payload: Vec<u8>, run_at: Option<u64>) -> apalis::prelude::Task<Vec<u8>> {
    let builder = TaskBuilder::new(payload);
    match run_at {
        Some(at) => builder.run_at_timestamp(at).build(),
        None => builder.build(),
    }
}

/// Where the queue is kept.
#[derive(Debug, Clone)]
pub(super) enum Store {
    /// One file, one process, one connection: writers never meet, so nothing is ever busy.
    Sqlite(SqlitePool),
    /// Schema `apalis`, shared by any number of processes.
    Postgres(PgPool),
}

/// Statements apalis does not offer. `$1` is the queue's name.
mod sql {
    /// One process owns the file, so whatever is claimed when it starts was claimed by a dead one.
    pub(super) const SQLITE_REVIVE: &str = "UPDATE Jobs \
        SET status = 'Pending', lock_by = NULL, lock_at = NULL, done_at = NULL \
        WHERE job_type = $1 AND status IN ('Queued', 'Running')";
    pub(super) const SQLITE_NEXT_DUE: &str =
        "SELECT MIN(run_at) FROM Jobs WHERE job_type = $1 AND status = 'Pending'";
    pub(super) const SQLITE_WAITING: &str = "SELECT COUNT(*) FROM Jobs \
        WHERE job_type = $1 AND status IN ('Pending', 'Queued', 'Running')";
    pub(super) const SQLITE_PRUNE: &str = "DELETE FROM Jobs \
        WHERE job_type = $1 AND status IN ('Done', 'Killed', 'Failed') \
        AND done_at < CAST(strftime('%s', 'now') AS INTEGER) - $2";
    /// Workers that no entry refers to any more, but for the one that asks.
    pub(super) const SQLITE_PRUNE_WORKERS: &str = "DELETE FROM Workers \
        WHERE worker_type = $1 AND id <> $2 \
        AND NOT EXISTS (SELECT 1 FROM Jobs WHERE Jobs.lock_by = Workers.id)";

    /// apalis' own `register_worker` takes a type it does not export.
    pub(super) const POSTGRES_REGISTER: &str = "INSERT INTO apalis.workers \
        (id, worker_type, storage_name, layers, last_seen) \
        VALUES ($2, $1, 'PgStorage', '', NOW())";
    pub(super) const POSTGRES_NEXT_DUE: &str = "SELECT CEIL(EXTRACT(EPOCH FROM MIN(run_at)))::BIGINT \
        FROM apalis.jobs WHERE job_type = $1 AND status = 'Pending'";
    pub(super) const POSTGRES_WAITING: &str = "SELECT COUNT(*) FROM apalis.jobs \
        WHERE job_type = $1 AND status IN ('Pending', 'Queued', 'Running')";
    pub(super) const POSTGRES_PRUNE: &str = "DELETE FROM apalis.jobs \
        WHERE job_type = $1 AND status IN ('Done', 'Killed', 'Failed') \
        AND done_at < NOW() - make_interval(secs => $2::DOUBLE PRECISION)";
    /// Only workers long dead: a live one of another process must stay registered.
    pub(super) const POSTGRES_PRUNE_WORKERS: &str = "DELETE FROM apalis.workers w \
        WHERE w.worker_type = $1 AND w.id <> $2 AND w.last_seen < NOW() - INTERVAL '1 hour' \
        AND NOT EXISTS (SELECT 1 FROM apalis.jobs j WHERE j.lock_by = w.id)";
}

impl Store {
    pub(super) async fn open(url: &str) -> Result<Self, QueueError> {
        if url.starts_with("sqlite:") {
            // Not apalis' `setup`: it turns `synchronous` off, and a power cut could then damage the file.
            let options = SqliteConnectOptions::from_str(url)?
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Normal)
                .busy_timeout(Duration::from_secs(5))
                .disable_statement_logging();
            let pool = SqlitePoolOptions::new()
                .max_connections(1)
                .idle_timeout(None)
                .max_lifetime(None)
                .connect_with(options)
                .await?;
            apalis_sqlite::SqliteStorage::migrations()
                .run(&pool)
                .await?;
            Ok(Self::Sqlite(pool))
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let options = PgConnectOptions::from_str(url)?.disable_statement_logging();
            let pool = PgPoolOptions::new()
                .max_connections(4)
                .connect_with(options)
                .await?;
            apalis_postgres::PostgresStorage::migrations()
                .run(&pool)
                .await?;
            Ok(Self::Postgres(pool))
        } else {
            Err(QueueError::Url)
        }
    }

    pub(super) async fn close(&self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::Postgres(pool) => pool.close().await,
        }
    }

    pub(super) async fn push(&self, job: &str, run_at: Option<u64>) -> Result<(), QueueError> {
        let task = task(WakeUp::encode(job)?, run_at);
        match self {
            Self::Sqlite(pool) => {
                let mut connection = pool.acquire().await?;
                apalis_sqlite::queries::push_tasks(&mut *connection, QUEUE, &[task])
                    .await
                    .map_err(from_sqlite)
            }
            Self::Postgres(pool) => {
                let mut connection = pool.acquire().await?;
                apalis_postgres::queries::push_tasks(&mut *connection, QUEUE, vec![task])
                    .await
                    .map_err(from_postgres)
            }
        }
    }

    /// Makes the worker known: entries it claims refer to it.
    pub(super) async fn register(&self, worker: &WorkerContext) -> Result<(), QueueError> {
        match self {
            Self::Sqlite(pool) => {
                let config = sqlite_config(1);
                let storage = "SqliteStorage";
                apalis_sqlite::queries::register_worker(pool, &config, worker, storage).await?;
            }
            Self::Postgres(pool) => {
                sqlx::query(sql::POSTGRES_REGISTER)
                    .bind(QUEUE)
                    .bind(worker.name())
                    .execute(pool)
                    .await?;
            }
        }
        Ok(())
    }

    /// Makes entries of dead workers runnable; tells how many.
    pub(super) async fn revive(&self) -> Result<u64, QueueError> {
        match self {
            Self::Sqlite(pool) => {
                let done = sqlx::query(sql::SQLITE_REVIVE)
                    .bind(QUEUE)
                    .execute(pool)
                    .await?;
                Ok(done.rows_affected())
            }
            Self::Postgres(pool) => {
                let mut connection = pool.acquire().await?;
                let dead_for = DEAD_AFTER.as_secs();
                apalis_postgres::queries::reenqueue_orphaned(&mut *connection, QUEUE, dead_for)
                    .await
                    .map_err(from_postgres)
            }
        }
    }

    /// Says that the worker lives, and revives entries of those that do not.
    pub(super) async fn heartbeat(&self, worker: &WorkerContext) -> Result<(), QueueError> {
        match self {
            // Nobody else could wonder.
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(pool) => {
                let mut connection = pool.acquire().await?;
                apalis_postgres::queries::keep_alive(&mut *connection, QUEUE, worker)
                    .await
                    .map_err(from_postgres)?;
                drop(connection);
                self.revive().await.map(|_| ())
            }
        }
    }

    /// Claims up to `most` entries that are due, oldest first.
    pub(super) async fn claim(
        &self,
        worker: &WorkerContext,
        most: usize,
    ) -> Result<Vec<Claim>, QueueError> {
        let tasks = match self {
            Self::Sqlite(pool) => {
                apalis_sqlite::queries::fetch_next(pool, &sqlite_config(most), worker)
                    .await
                    .map_err(from_sqlite)?
            }
            Self::Postgres(pool) => {
                let mut connection = pool.acquire().await?;
                let config = apalis_postgres::Config::default()
                    .queue(QUEUE)
                    .batch_size(most);
                apalis_postgres::queries::fetch_next(&mut *connection, &config, worker)
                    .await
                    .map_err(from_postgres)?
            }
        };
        Ok(tasks
            .into_iter()
            .filter_map(|task| {
                Some(Claim {
                    id: task.task_id()?.clone(),
                    attempt: task.attempt(),
                    job: WakeUp::decode(&task.args),
                })
            })
            .collect())
    }

    /// Finishes entries and writes the successors of those to be tried again, all or nothing.
    pub(super) async fn settle(
        &self,
        worker: &WorkerContext,
        settled: &[Settled],
    ) -> Result<(), QueueError> {
        let finished: Vec<_> = settled.iter().map(Settled::finished).collect();
        let finished: Vec<_> = finished.iter().collect();
        let mut successors = Vec::new();
        for one in settled {
            if let Some((payload, at)) = one.successor()? {
                successors.push(task(payload, Some(at)));
            }
        }
        match self {
            Self::Sqlite(pool) => {
                let mut connection = pool.acquire().await?;
                let mut tx = connection.begin().await?;
                apalis_sqlite::queries::push_tasks(&mut *tx, QUEUE, &successors)
                    .await
                    .map_err(from_sqlite)?;
                apalis_sqlite::queries::ack_tasks(&mut *tx, &finished, worker.name()).await?;
                tx.commit().await?;
            }
            Self::Postgres(pool) => {
                let mut tx = pool.begin().await?;
                apalis_postgres::queries::push_tasks(&mut *tx, QUEUE, successors)
                    .await
                    .map_err(from_postgres)?;
                apalis_postgres::queries::handle_results(&mut *tx, &finished, worker.name())
                    .await
                    .map_err(from_postgres)?;
                tx.commit().await?;
            }
        }
        Ok(())
    }

    /// When the next waiting entry is due, in Unix seconds; may be past.
    pub(super) async fn next_due(&self) -> Result<Option<u64>, QueueError> {
        let due: Option<i64> = match self {
            Self::Sqlite(pool) => {
                sqlx::query_scalar(sql::SQLITE_NEXT_DUE)
                    .bind(QUEUE)
                    .fetch_one(pool)
                    .await?
            }
            Self::Postgres(pool) => {
                sqlx::query_scalar(sql::POSTGRES_NEXT_DUE)
                    .bind(QUEUE)
                    .fetch_one(pool)
                    .await?
            }
        };
        Ok(due.map(|due| u64::try_from(due).unwrap_or(0)))
    }

    pub(super) async fn waiting(&self) -> Result<u64, QueueError> {
        let count: i64 = match self {
            Self::Sqlite(pool) => {
                sqlx::query_scalar(sql::SQLITE_WAITING)
                    .bind(QUEUE)
                    .fetch_one(pool)
                    .await?
            }
            Self::Postgres(pool) => {
                sqlx::query_scalar(sql::POSTGRES_WAITING)
                    .bind(QUEUE)
                    .fetch_one(pool)
                    .await?
            }
        };
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Removes entries finished an hour ago and workers nothing refers to.
    pub(super) async fn prune(&self, worker: &WorkerContext) -> Result<(), QueueError> {
        match self {
            Self::Sqlite(pool) => {
                let entries = sqlx::query(sql::SQLITE_PRUNE)
                    .bind(QUEUE)
                    .bind(KEEP_FINISHED_SECONDS);
                entries.execute(pool).await?;
                let workers = sqlx::query(sql::SQLITE_PRUNE_WORKERS)
                    .bind(QUEUE)
                    .bind(worker.name());
                workers.execute(pool).await?;
            }
            Self::Postgres(pool) => {
                let entries = sqlx::query(sql::POSTGRES_PRUNE)
                    .bind(QUEUE)
                    .bind(KEEP_FINISHED_SECONDS);
                entries.execute(pool).await?;
                let workers = sqlx::query(sql::POSTGRES_PRUNE_WORKERS)
                    .bind(QUEUE)
                    .bind(worker.name());
                workers.execute(pool).await?;
            }
        }
        Ok(())
    }
}

fn sqlite_config(batch: usize) -> apalis_sqlite::Config {
    apalis_sqlite::Config::default()
        .queue(QUEUE)
        .batch_size(batch)
}

fn from_sqlite(error: apalis_sqlite::Error) -> QueueError {
    match error {
        apalis_sqlite::Error::Database(error) => QueueError::Storage(error),
        other => QueueError::Storage(sqlx::Error::Decode(Box::new(other))),
    }
}

fn from_postgres(error: apalis_postgres::Error) -> QueueError {
    match error {
        apalis_postgres::Error::Database(error) => QueueError::Storage(error),
        other => QueueError::Storage(sqlx::Error::Decode(Box::new(other))),
    }
}
