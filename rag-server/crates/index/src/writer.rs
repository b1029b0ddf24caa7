//! The one writer of a table in this process.
//!
//! Callers put a [`Change`] into a bounded queue and wait for its outcome. The writer takes what is waiting, joins
//! changes of the same kind into one commit (group commit: a hundred one-page materials are one version, not a
//! hundred), and tells every caller how it went. Because compaction goes through the same queue, nothing in this
//! process ever races with it; commits of other processes are met with back-off and another try.
//!
//! A caller that is dropped leaves its change in the queue: it is carried out, and nobody is told.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arrow_array::{RecordBatch, RecordBatchIterator};
use futures::FutureExt;
use lancedb::Table;
use lancedb::expr::{DfExpr, col, lit};
use lancedb::query::QueryBase as _;
use lancedb::table::merge::MergeInsertBuilder;
use tokio::runtime::Handle;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::maintenance::{self, OptimizeReport};
use crate::snapshot::{Snapshot, row_ids};
use crate::{IndexError, IndexSettings, VectorRow, chunk_table, vector_table};

/// Changes that may wait; the next caller waits for a place.
const QUEUE: usize = 256;
/// Tries at a commit that others keep getting ahead of: with the back-off below about ten seconds.
const TRIES: u32 = 12;
/// First wait after a lost race; doubles up to [`LONGEST_WAIT`].
const FIRST_WAIT: Duration = Duration::from_millis(20);
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// What kind of table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TableKind {
    Chunks,
    Vectors { dimensions: usize },
}

/// A change of a table.
#[derive(Debug)]
pub(crate) enum Change {
    /// By material id, the rows that shall be all there is of it.
    Replace(BTreeMap<String, RecordBatch>),
    /// By chunk id, vectors to add where there are none.
    Append(BTreeMap<String, VectorRow>),
    /// Rows to remove.
    Delete(DfExpr),
    /// Remove every row.
    Clear,
    /// Bring the indices up to date, compact, prune.
    Optimize,
}

impl Change {
    fn rows(&self) -> usize {
        match self {
            Self::Replace(materials) => materials.values().map(RecordBatch::num_rows).sum(),
            Self::Append(vectors) => vectors.len(),
            Self::Delete(_) | Self::Clear | Self::Optimize => 0,
        }
    }

    /// Joins `later` to this change, or gives it back when one commit cannot hold both in order.
    fn join(&mut self, later: Self) -> Result<(), Self> {
        match (self, later) {
            (Self::Replace(materials), Self::Replace(later)) => materials.extend(later),
            (Self::Append(vectors), Self::Append(later)) => vectors.extend(later),
            (Self::Delete(filter), Self::Delete(later)) => *filter = filter.clone().or(later),
            (Self::Optimize, Self::Optimize) => {}
            (_, later) => return Err(later),
        }
        Ok(())
    }
}

/// What a commit did, for the whole group.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outcome {
    /// Rows that were there before and are not there now.
    pub(crate) removed: u64,
    /// What optimising did.
    pub(crate) report: OptimizeReport,
}

struct Job {
    change: Change,
    reply: oneshot::Sender<Result<Outcome, IndexError>>,
}

/// Commits and rows since the last time the table was optimised.
#[derive(Debug, Default)]
pub(crate) struct Backlog {
    pub(crate) commits: AtomicU64,
    pub(crate) rows: AtomicU64,
}

/// The way to the writer of a table.
#[derive(Debug)]
pub(crate) struct Writer {
    queue: mpsc::Sender<Job>,
    stop: Mutex<Option<(oneshot::Sender<()>, JoinHandle<()>)>>,
    pub(crate) backlog: Arc<Backlog>,
}

impl Writer {
    /// Starts the writer of `table` on `runtime`, which must outlive every caller.
    pub(crate) fn start(
        runtime: &Handle,
        table: Table,
        kind: TableKind,
        settings: &IndexSettings,
        backlog: Backlog,
    ) -> Self {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let (stop, stopped) = oneshot::channel();
        let backlog = Arc::new(backlog);
        let task = WriterTask {
            table,
            kind,
            settings: settings.clone(),
            backlog: Arc::clone(&backlog),
        };
        let handle = runtime.spawn(task.run(jobs, stopped));
        Self {
            queue,
            stop: Mutex::new(Some((stop, handle))),
            backlog,
        }
    }

    /// Has `change` carried out; returns when it is durable.
    ///
    /// # Cancel safety
    /// Dropped before the change is queued, nothing happens; afterwards it is carried out all the same.
    pub(crate) async fn write(&self, change: Change) -> Result<Outcome, IndexError> {
        let (reply, outcome) = oneshot::channel();
        let job = Job { change, reply };
        self.queue.send(job).await.map_err(|_| IndexError::Closed)?;
        outcome.await.unwrap_or(Err(IndexError::Closed))
    }

    /// Has everything carried out that is queued, then ends the writer.
    pub(crate) async fn close(&self) {
        let Some((stop, task)) = self.stop.lock().await.take() else {
            return;
        };
        // Both fail only when the writer is gone already.
        stop.send(()).ok();
        task.await.ok();
    }
}

struct WriterTask {
    table: Table,
    kind: TableKind,
    settings: IndexSettings,
    backlog: Arc<Backlog>,
}

impl WriterTask {
    async fn run(self, mut jobs: mpsc::Receiver<Job>, mut stopped: oneshot::Receiver<()>) {
        let mut held = None;
        loop {
            let first = match held.take() {
                Some(job) => job,
                None => {
                    tokio::select! {
                        biased;
                        job = jobs.recv() => match job {
                            Some(job) => job,
                            None => return,
                        },
                        Ok(()) = &mut stopped, if !jobs.is_closed() => {
                            // What is queued is still received; nothing more gets in.
                            jobs.close();
                            continue;
                        }
                    }
                }
            };
            let mut change = first.change;
            let mut replies = vec![first.reply];
            while change.rows() < self.settings.group_rows {
                let Ok(job) = jobs.try_recv() else { break };
                match change.join(job.change) {
                    Ok(()) => replies.push(job.reply),
                    Err(change) => {
                        held = Some(Job {
                            change,
                            reply: job.reply,
                        });
                        break;
                    }
                }
            }
            let outcome = self.commit(&change).await;
            for reply in replies {
                // Fails when the caller has gone away.
                reply.send(outcome.clone()).ok();
            }
        }
    }

    /// Carries `change` out, as often as it takes while other processes get ahead.
    async fn commit(&self, change: &Change) -> Result<Outcome, IndexError> {
        let mut wait = FIRST_WAIT;
        for attempt in 1.. {
            // The store must not take the writer down with it: a panic there fails this commit alone.
            let result = AssertUnwindSafe(self.apply(change))
                .catch_unwind()
                .await
                .unwrap_or_else(|_| {
                    Err(IndexError::from(lancedb::Error::Runtime {
                        message: "the store panicked in a commit".to_owned(),
                    }))
                });
            match result {
                Err(error) if error.is_conflict() && attempt < TRIES => {
                    tracing::debug!(table = self.table.name(), attempt, "commit conflict");
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(LONGEST_WAIT);
                    self.table.checkout_latest().await?;
                }
                result => {
                    self.count(change, &result);
                    return result;
                }
            }
        }
        Err(IndexError::Closed)
    }

    fn count(&self, change: &Change, result: &Result<Outcome, IndexError>) {
        let Ok(outcome) = result else { return };
        if matches!(change, Change::Optimize) {
            self.backlog.commits.store(0, Ordering::Relaxed);
            self.backlog.rows.store(0, Ordering::Relaxed);
        } else {
            let rows = change.rows() as u64 + outcome.removed;
            self.backlog.commits.fetch_add(1, Ordering::Relaxed);
            self.backlog.rows.fetch_add(rows, Ordering::Relaxed);
        }
    }

    async fn apply(&self, change: &Change) -> Result<Outcome, IndexError> {
        match change {
            Change::Replace(materials) => self.replace(materials).await,
            Change::Append(vectors) => self.append(vectors).await,
            Change::Delete(filter) => self.delete(filter).await,
            Change::Clear => self.delete(&lit(true)).await,
            Change::Optimize => {
                let report = maintenance::optimize(&self.table, self.kind, &self.settings).await?;
                Ok(Outcome { removed: 0, report })
            }
        }
    }

    async fn replace(
        &self,
        materials: &BTreeMap<String, RecordBatch>,
    ) -> Result<Outcome, IndexError> {
        let theirs = any_of(chunk_table::MATERIAL_ID, materials.keys());
        let rows: Vec<RecordBatch> = materials
            .values()
            .filter(|rows| rows.num_rows() > 0)
            .cloned()
            .collect();
        if rows.is_empty() {
            return self.delete(&theirs).await;
        }
        if self.is_new(&theirs).await? {
            return self.add(rows).await;
        }
        let mut merge = self
            .table
            .merge_insert(&[chunk_table::MATERIAL_ID, chunk_table::ORDINAL]);
        merge
            .when_matched_update_all(None)
            .when_not_matched_insert_all()
            .when_not_matched_by_source_delete_expr(theirs);
        self.merge(merge, rows).await
    }

    async fn append(&self, vectors: &BTreeMap<String, VectorRow>) -> Result<Outcome, IndexError> {
        let TableKind::Vectors { dimensions } = self.kind else {
            return Err(IndexError::InvalidInput {
                reason: "vectors do not go into the table of chunks".to_owned(),
            });
        };
        let rows = vector_table::rows(vectors.values(), dimensions)?;
        let theirs = any_of(vector_table::CHUNK_ID, vectors.keys());
        if self.is_new(&theirs).await? {
            return self.add(vec![rows]).await;
        }
        let mut merge = self.table.merge_insert(&[vector_table::CHUNK_ID]);
        // By way of its index on the ids the store would not notice rows that another process adds meanwhile.
        merge.when_not_matched_insert_all().use_index(false);
        self.merge(merge, vec![rows]).await
    }

    /// Whether nothing of it is there: then it is added without a look at all other rows, which is what a merge takes.
    /// Never where another process might add the same meanwhile: the store would not notice.
    async fn is_new(&self, theirs: &DfExpr) -> Result<bool, IndexError> {
        if !self.settings.sole_writer {
            return Ok(false);
        }
        let snapshot = Snapshot::of(&self.table).await?;
        let any = snapshot.query().only_if_expr(theirs.clone()).limit(1);
        Ok(row_ids(any).await?.is_empty())
    }

    async fn add(&self, rows: Vec<RecordBatch>) -> Result<Outcome, IndexError> {
        self.table.add(rows).execute().await?;
        Ok(Outcome::default())
    }

    async fn merge(
        &self,
        merge: MergeInsertBuilder,
        rows: Vec<RecordBatch>,
    ) -> Result<Outcome, IndexError> {
        let Some(schema) = rows.first().map(RecordBatch::schema) else {
            return Ok(Outcome::default());
        };
        let reader = RecordBatchIterator::new(rows.into_iter().map(Ok), schema);
        let result = merge.execute(Box::new(reader)).await?;
        Ok(Outcome {
            removed: result.num_deleted_rows + result.num_updated_rows,
            report: OptimizeReport::default(),
        })
    }

    async fn delete(&self, filter: &DfExpr) -> Result<Outcome, IndexError> {
        let result = self.table.delete(filter).await?;
        Ok(Outcome {
            removed: result.num_deleted_rows,
            report: OptimizeReport::default(),
        })
    }
}

/// `column` is one of `values`; the values are bound as literals, never spliced into SQL text.
pub(crate) fn any_of<T: AsRef<str>>(column: &str, values: impl IntoIterator<Item = T>) -> DfExpr {
    let values = values
        .into_iter()
        .map(|value| lit(value.as_ref()))
        .collect();
    col(column).in_list(values, false)
}
