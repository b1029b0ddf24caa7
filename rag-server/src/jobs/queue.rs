//! The durable wake-up queue of the ingest jobs: which job should run, and not before when.
//!
//! An entry holds a job's id and nothing else. The job's own row says what is to be done and what became of
//! it; losing an entry delays a job until its row is pushed again, and an entry too many finds a row with
//! nothing left to do. Delivery is *at least once*: handlers claim the row before they work.
//!
//! Storage is apalis' (its tables, migrations, claim, acknowledge and orphan statements) on a SQLite file of
//! its own or in the schema `apalis` of a Postgres database. The loop that drives it is ours, because the worker of
//! apalis-core 1.0.0 ends at the first storage error, sends neither heart-beats nor acknowledgements while
//! claimed tasks wait in its buffer, and can miss a wake-up that arrives while a fetch is under way.
//!
//! Invariants: never more handlers at once than asked for; no more entries claimed than handlers are free;
//! an entry is finished and its successor (a retry) written in one transaction; a storage error never ends
//! the loop. This module knows nothing of documents, of HTTP or of the job's row.

mod store;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use apalis::prelude::WorkerContext;
use chrono::{DateTime, Utc};
use rand::RngExt as _;
use tokio::sync::Notify;
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use store::{Claim, Settled, Store};

/// Name of the queue in storage. Explicit, because apalis' default is the Rust path of the payload: moving a
/// module would orphan what is queued. The version belongs to the payload.
const QUEUE: &str = "rag.ingest.v1";

/// First wait after a poll that found nothing; doubles up to [`IDLE_MAX`].
const IDLE_MIN: Duration = Duration::from_millis(20);
/// Longest wait between polls. Pushes of this process end the wait at once; this bounds how late a push of
/// another process is seen. One poll takes well under a millisecond, so idling costs nothing that shows.
const IDLE_MAX: Duration = Duration::from_secs(1);
/// Wait after a storage error, doubled up to [`TROUBLE_MAX`].
const TROUBLE_MIN: Duration = Duration::from_millis(200);
/// Longest wait after repeated storage errors.
const TROUBLE_MAX: Duration = Duration::from_secs(10);
/// How often a worker says that it lives and looks for entries of dead ones; a third of
/// [`store::DEAD_AFTER`], so that one lost heart-beat does no harm.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// How often finished entries are removed.
const PRUNE: Duration = Duration::from_mins(10);

/// Delay of the first retry, before jitter.
const RETRY_BASE: Duration = Duration::from_secs(1);
/// Longest delay between two tries.
const RETRY_MAX: Duration = Duration::from_mins(5);

/// What can go wrong with the queue.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// The URL names no supported database.
    #[error("queue URL must begin with sqlite: or postgres://")]
    Url,
    /// The database did not answer as it should.
    #[error("queue storage failed")]
    Storage(#[from] sqlx::Error),
    /// The queue's tables could not be brought up to date.
    #[error("queue tables could not be migrated")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// An entry could not be written as JSON or read from it.
    #[error("queue entry is not valid")]
    Entry(#[from] serde_json::Error),
    /// [`run`] is already running on this queue in this process.
    #[error("queue is already being worked on by this process")]
    AlreadyRunning,
}

impl QueueError {
    /// The database says that there is no space left on its disk.
    pub fn disk_full(&self) -> bool {
        let Self::Storage(sqlx::Error::Database(error)) = self else {
            return false;
        };
        // SQLITE_FULL (sqlite.org, "Result Codes") and disk_full (PostgreSQL, appendix A).
        matches!(error.code().as_deref(), Some("13" | "53100"))
    }
}

/// What a handler says of the job it was woken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Nothing more to do.
    Done,
    /// Wake the job again, not before this has passed; whole seconds, rounded up, zero meaning at once.
    RetryAfter(Duration),
    /// The job will not be tried again.
    GiveUp,
}

/// A handle on the queue; clones share it.
#[derive(Clone, Debug)]
pub struct Queue {
    store: Store,
    pushed: Arc<Notify>,
    worked_on: Arc<AtomicBool>,
}

impl Queue {
    /// Opens the queue and brings its tables up to date.
    ///
    /// `url`: `sqlite:` with a file that holds nothing else (made if there is none), or `postgres://`, where the
    /// schema `apalis` is used and the extension `hstore` must be there or may be created.
    ///
    /// # Errors
    /// [`QueueError::Url`], [`QueueError::Storage`], [`QueueError::Migrate`].
    pub async fn open(url: &str) -> Result<Self, QueueError> {
        Ok(Self {
            store: Store::open(url).await?,
            pushed: Arc::new(Notify::new()),
            worked_on: Arc::new(AtomicBool::new(false)),
        })
    }

    /// Wakes `job`, not before `run_at` (whole seconds, rounded up). Durable once this returns.
    ///
    /// # Errors
    /// [`QueueError::Storage`], [`QueueError::Entry`].
    pub async fn push(&self, job: &str, run_at: Option<DateTime<Utc>>) -> Result<(), QueueError> {
        let run_at = run_at.map(|at| {
            let seconds = u64::try_from(at.timestamp()).unwrap_or(0);
            seconds.saturating_add(u64::from(at.timestamp_subsec_nanos() > 0))
        });
        self.store.push(job, run_at).await?;
        self.pushed.notify_one();
        Ok(())
    }

    /// Entries that are waiting or being worked on.
    ///
    /// # Errors
    /// [`QueueError::Storage`].
    pub async fn waiting(&self) -> Result<u64, QueueError> {
        self.store.waiting().await
    }

    /// Closes the connections once nothing uses them any more.
    pub async fn close(&self) {
        self.store.close().await;
    }
}

/// Delay before try `attempt + 1`, `attempt` counting from 1: exponential with "equal jitter" (Brooker,
/// "Exponential Backoff And Jitter", AWS Architecture Blog, 2015), so that jobs that failed together do not
/// come back together. Between half and all of 1 s, 2 s, 4 s … 300 s.
pub(crate) fn retry_delay(attempt: u32) -> Duration {
    let doublings = attempt.saturating_sub(1).min(16);
    let full = RETRY_BASE.saturating_mul(1 << doublings).min(RETRY_MAX);
    full.mul_f64(rand::rng().random_range(0.5..=1.0))
}

/// Works on the queue until `shutdown`: wakes `handler` with a job's id, at most `concurrency` at a time.
///
/// On SQLite, one process owns the file: whatever a killed process had claimed is runnable again at once. On
/// Postgres entries of a worker that was silent for 30 s are. After `shutdown` nothing more is claimed and
/// the running handlers are waited for; one that wants to hand its job back returns
/// `RetryAfter(Duration::ZERO)`. A handler that panics is logged and its entry dropped.
///
/// # Errors
/// [`QueueError::AlreadyRunning`], and [`QueueError::Storage`] while starting, or when the last outcomes
/// cannot be written at the end. Between the two, storage errors are logged and tried again.
///
/// # Cancel safety
/// Dropping the future aborts the handlers. Their entries stay in storage and run again as after a kill.
pub(crate) async fn run<H, F>(
    queue: &Queue,
    concurrency: NonZeroUsize,
    handler: H,
    shutdown: CancellationToken,
) -> Result<(), QueueError>
where
    H: Fn(String) -> F + Send + Sync,
    F: Future<Output = Outcome> + Send + 'static,
{
    let _turn = Turn::take(&queue.worked_on)?;
    let worker = WorkerContext::new(&format!("{QUEUE}-{}", uuid::Uuid::now_v7()));
    queue.store.register(&worker).await?;
    let revived = queue.store.revive().await?;
    queue.store.prune(&worker).await?;
    if revived > 0 {
        tracing::info!(revived, "queue entries left unfinished are runnable again");
    }
    let now = Instant::now();
    let mut drive = Drive {
        queue,
        worker,
        concurrency: concurrency.get(),
        running: JoinSet::new(),
        claims: HashMap::new(),
        settled: Vec::new(),
        idle: IDLE_MIN,
        trouble: Duration::ZERO,
        heartbeat_at: now + HEARTBEAT,
        prune_at: now + PRUNE,
    };
    drive.work(&handler, &shutdown).await
}

/// The right to work on a queue, given back on drop.
struct Turn<'q>(&'q AtomicBool);

impl<'q> Turn<'q> {
    fn take(worked_on: &'q AtomicBool) -> Result<Self, QueueError> {
        if worked_on.swap(true, Ordering::AcqRel) {
            return Err(QueueError::AlreadyRunning);
        }
        Ok(Self(worked_on))
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// State of one [`run`].
struct Drive<'q> {
    queue: &'q Queue,
    worker: WorkerContext,
    concurrency: usize,
    running: JoinSet<Outcome>,
    /// Which entry each running handler was woken by.
    claims: HashMap<tokio::task::Id, Claim>,
    /// Outcomes not yet written.
    settled: Vec<Settled>,
    /// Wait after the next poll that finds nothing.
    idle: Duration,
    /// Wait after the last storage error; zero when storage is well.
    trouble: Duration,
    heartbeat_at: Instant,
    prune_at: Instant,
}

impl Drive<'_> {
    async fn work<H, F>(
        &mut self,
        handler: &H,
        shutdown: &CancellationToken,
    ) -> Result<(), QueueError>
    where
        H: Fn(String) -> F,
        F: Future<Output = Outcome> + Send + 'static,
    {
        loop {
            let stopping = shutdown.is_cancelled();
            let step = self.step(handler, stopping).await;
            let stopped = stopping && self.running.is_empty();
            let wait = match step {
                Ok(_) if stopped => return Ok(()),
                Err(error) if stopped => return Err(error),
                Ok(wait) => {
                    self.trouble = Duration::ZERO;
                    wait
                }
                Err(error) => {
                    self.trouble = (self.trouble * 2).clamp(TROUBLE_MIN, TROUBLE_MAX);
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        retry_ms = self.trouble.as_millis(),
                        "queue storage failed; trying again"
                    );
                    self.trouble
                }
            };
            tokio::select! {
                Some(joined) = self.running.join_next_with_id() => self.collect(joined),
                () = self.queue.pushed.notified(), if !stopping && self.trouble.is_zero() => {
                    self.idle = IDLE_MIN;
                }
                () = shutdown.cancelled(), if !stopping => {}
                () = tokio::time::sleep(wait) => {}
            }
            while let Some(joined) = self.running.try_join_next_with_id() {
                self.collect(joined);
            }
        }
    }

    /// Writes outcomes, does what is due, claims as many entries as handlers are free and starts them; tells how
    /// long to wait if nothing happens.
    async fn step<H, F>(&mut self, handler: &H, stopping: bool) -> Result<Duration, QueueError>
    where
        H: Fn(String) -> F,
        F: Future<Output = Outcome> + Send + 'static,
    {
        let store = &self.queue.store;
        if !self.settled.is_empty() {
            store.settle(&self.worker, &self.settled).await?;
            self.settled.clear();
            self.idle = IDLE_MIN;
        }
        let now = Instant::now();
        if now >= self.heartbeat_at {
            store.heartbeat(&self.worker).await?;
            self.heartbeat_at = now + HEARTBEAT;
        }
        if now >= self.prune_at {
            store.prune(&self.worker).await?;
            self.prune_at = now + PRUNE;
        }
        let until_duty = self
            .heartbeat_at
            .min(self.prune_at)
            .saturating_duration_since(now);

        let free = self.concurrency.saturating_sub(self.running.len());
        if stopping || free == 0 {
            return Ok(until_duty);
        }
        let claims = store.claim(&self.worker, free).await?;
        let claimed = claims.len();
        for claim in claims {
            match &claim.job {
                Ok(job) => {
                    let handle = self.running.spawn(handler(job.clone()));
                    self.claims.insert(handle.id(), claim);
                }
                Err(error) => {
                    tracing::error!(
                        queue.entry = %claim.id,
                        error = error as &dyn std::error::Error,
                        "queue entry cannot be read and is dropped"
                    );
                    self.settled.push(Settled {
                        claim,
                        outcome: Outcome::GiveUp,
                    });
                }
            }
        }
        if !self.settled.is_empty() {
            return Ok(Duration::ZERO);
        }
        if claimed >= free {
            return Ok(until_duty);
        }
        if claimed > 0 {
            self.idle = IDLE_MIN;
        }
        let wait = match store.next_due().await? {
            // Not zero: a due entry that was not claimed is another worker's in a moment, or due in this one.
            Some(due) => until(due)
                .max(Duration::from_millis(5))
                .min(self.idle.max(IDLE_MIN)),
            None => self.idle,
        };
        self.idle = (self.idle * 2).min(IDLE_MAX);
        Ok(wait.min(until_duty))
    }

    fn collect(&mut self, joined: Result<(tokio::task::Id, Outcome), JoinError>) {
        let (id, outcome) = match joined {
            Ok((id, outcome)) => (id, outcome),
            Err(error) => {
                // The panic's text may quote a document: only that it happened is said.
                tracing::error!(
                    panicked = error.is_panic(),
                    "job handler broke down; its entry is dropped"
                );
                (error.id(), Outcome::GiveUp)
            }
        };
        if let Some(claim) = self.claims.remove(&id) {
            self.settled.push(Settled { claim, outcome });
        }
    }
}

/// Time until `due`, Unix seconds; zero when past.
fn until(due: u64) -> Duration {
    (UNIX_EPOCH + Duration::from_secs(due))
        .duration_since(SystemTime::now())
        .unwrap_or(Duration::ZERO)
}
