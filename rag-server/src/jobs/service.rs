//! Rules of jobs: made, followed, cancelled.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};

use shared::clock::Clock;
use shared::db::Db;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::store::{self, JobKind, JobRow, JobState, NewJob};
use super::{JobError, Queue};

/// A job that waited this long for its turn may have lost its wake-up, in ms.
const OVERDUE_MS: i64 = 10 * 60 * 1000;

/// Jobs: made, followed, cancelled.
pub struct JobService {
    db: Db,
    queue: Queue,
    clock: Arc<dyn Clock>,
    /// Jobs being worked on in this process, so that a cancellation reaches them at once.
    running: Mutex<HashMap<String, CancellationToken>>,
    /// Counts changes, so that followers need not poll.
    changes: watch::Sender<u64>,
}

impl JobService {
    /// Jobs in `db`, woken through `queue`.
    pub fn new(db: Db, queue: Queue, clock: Arc<dyn Clock>) -> Self {
        Self {
            db,
            queue,
            clock,
            running: Mutex::new(HashMap::new()),
            changes: watch::channel(0).0,
        }
    }

    /// The queue jobs are woken through.
    pub(crate) fn queue(&self) -> &Queue {
        &self.queue
    }

    /// Sees a new value whenever any job changed.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn changed(&self) {
        self.changes
            .send_modify(|count| *count = count.wrapping_add(1));
    }

    /// An id for a job to be; ids sort by time.
    pub(crate) fn new_id() -> String {
        uuid::Uuid::now_v7().to_string()
    }

    /// Writes the row, then wakes a worker.
    pub(crate) async fn create(&self, job: &NewJob<'_>) -> Result<(), JobError> {
        store::insert(&self.db, job, self.clock.now_ms()).await?;
        self.queue.push(job.id, None).await?;
        self.changed();
        Ok(())
    }

    /// One job.
    pub async fn find(&self, id: &str) -> Result<JobRow, JobError> {
        if id.contains('\0') {
            return Err(JobError::NotFound); // Postgres takes no such text.
        }
        store::find(&self.db, id).await?.ok_or(JobError::NotFound)
    }

    /// The newest first, `limit` of them older than the id `before`.
    pub async fn list(
        &self,
        state: Option<&str>,
        before: &str,
        limit: i64,
    ) -> Result<Vec<JobRow>, JobError> {
        let state = match state {
            None | Some("") => None,
            Some(text) => Some(JobState::parse(text).ok_or(JobError::UnknownState)?),
        };
        Ok(store::list(&self.db, state, before, limit).await?)
    }

    /// Asks a job, and those it started, to end.
    pub async fn cancel(&self, id: &str) -> Result<JobRow, JobError> {
        let job = self.find(id).await?;
        if job.state().ended() {
            return Err(JobError::Ended);
        }
        store::request_cancel(&self.db, id, self.clock.now_ms()).await?;
        let mut ids = store::open_children(&self.db, id).await?;
        ids.push(id.to_owned());
        for id in &ids {
            if let Some(token) = self.running().get(id) {
                token.cancel();
            }
            // One that waits ends when its turn comes; wake it now.
            self.queue.push(id, None).await?;
        }
        self.changed();
        self.find(id).await
    }

    /// Cancels whatever is open for a material, as it is going away or arriving anew.
    pub(crate) async fn cancel_of_material(&self, material_id: &str) -> Result<(), JobError> {
        for id in store::open_of_material(&self.db, material_id).await? {
            match self.cancel(&id).await {
                Ok(_) | Err(JobError::Ended | JobError::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The open job of this kind, if there is one.
    pub(crate) async fn open_of_kind(&self, kind: JobKind) -> Result<Option<JobRow>, JobError> {
        Ok(store::open_of_kind(&self.db, kind).await?)
    }

    /// Marks a job as begun; `None` when there is nothing to do: it has ended, or another wake-up works on it.
    pub(crate) async fn begin(
        &self,
        id: &str,
    ) -> Result<Option<(JobRow, CancellationToken)>, JobError> {
        let token = CancellationToken::new();
        if let Entry::Vacant(place) = self.running().entry(id.to_owned()) {
            place.insert(token.clone());
        } else {
            return Ok(None);
        }
        let begun = async {
            if store::start(&self.db, id, self.clock.now_ms()).await? {
                store::find(&self.db, id).await
            } else {
                Ok(None)
            }
        };
        let job = match begun.await {
            Ok(Some(job)) => job,
            Ok(None) => {
                self.released(id);
                return Ok(None);
            }
            Err(error) => {
                self.released(id);
                return Err(error.into());
            }
        };
        if job.cancel_requested {
            token.cancel();
        }
        self.changed();
        Ok(Some((job, token)))
    }

    /// The job is not worked on any more in this process.
    pub(crate) fn released(&self, id: &str) {
        self.running().remove(id);
    }

    pub(crate) async fn progress(
        &self,
        id: &str,
        stage: &str,
        done: usize,
        total: usize,
    ) -> Result<(), JobError> {
        store::progress(
            &self.db,
            id,
            stage,
            done as i64,
            total as i64,
            self.clock.now_ms(),
        )
        .await?;
        self.changed();
        Ok(())
    }

    /// The job goes on later for a reason that is not its own; that is no failed try.
    pub(crate) async fn handed_back(
        &self,
        id: &str,
        reason: Option<(&str, &str)>,
    ) -> Result<(), JobError> {
        store::handed_back(&self.db, id, reason, self.clock.now_ms()).await?;
        self.changed();
        Ok(())
    }

    /// A try failed and another follows.
    pub(crate) async fn failed_try(
        &self,
        id: &str,
        code: &str,
        reason: &str,
    ) -> Result<(), JobError> {
        store::failed_try(&self.db, id, code, reason, self.clock.now_ms()).await?;
        self.changed();
        Ok(())
    }

    /// Ends a job, and tells the job that started it.
    pub(crate) async fn finish(
        &self,
        id: &str,
        state: JobState,
        reason: Option<(&str, &str)>,
    ) -> Result<(), JobError> {
        store::finish(&self.db, id, state, reason, self.clock.now_ms()).await?;
        self.released(id);
        self.changed();
        if let Some(parent) = store::find(&self.db, id)
            .await?
            .and_then(|job| job.parent_id)
        {
            self.count_children(&parent).await?;
        }
        Ok(())
    }

    /// Keeps what a job came to, as JSON.
    pub(crate) async fn set_result(
        &self,
        id: &str,
        result: &impl serde::Serialize,
    ) -> Result<(), JobError> {
        let result = serde_json::to_string(result).unwrap_or_else(|_| "{}".to_owned());
        Ok(store::set_result(&self.db, id, &result).await?)
    }

    /// Brings a job that waits for others up to date; it ends with the last of them.
    pub(crate) async fn count_children(&self, parent: &str) -> Result<(), JobError> {
        let Some(job) = store::find(&self.db, parent).await? else {
            return Ok(());
        };
        if job.stage != "waiting" || job.state().ended() {
            return Ok(());
        }
        let (ended, all) = store::children(&self.db, parent).await?;
        let now = self.clock.now_ms();
        store::progress(&self.db, parent, "waiting", ended, all, now).await?;
        if ended == all {
            let state = if job.cancel_requested {
                JobState::Cancelled
            } else {
                JobState::Done
            };
            let failed = store::children_failed(&self.db, parent).await?;
            let told = format!("{failed} de {all} materiais não puderam ser lidos.");
            let reason = (failed > 0).then_some(("some_failed", told.as_str()));
            store::finish(&self.db, parent, state, reason, now).await?;
            self.released(parent);
        }
        self.changed();
        Ok(())
    }

    /// Wakes every job that has not ended, after a start; later those that should long have been woken.
    pub(crate) async fn wake_open(&self, all: bool) -> Result<usize, JobError> {
        let overdue = self.clock.now_ms() - OVERDUE_MS;
        let open = store::open(&self.db, all, overdue).await?;
        let mut woken = 0;
        for id in &open {
            if self.running().contains_key(id) {
                continue;
            }
            self.queue.push(id, None).await?;
            woken += 1;
        }
        Ok(woken)
    }

    /// Jobs in each state.
    pub async fn count_by_state(&self) -> Result<Vec<(JobState, i64)>, JobError> {
        Ok(store::count_by_state(&self.db).await?)
    }

    /// Seconds since when the oldest job that waits for its turn does; 0 where none waits.
    pub(crate) async fn waits_since(&self) -> Result<u64, JobError> {
        let oldest = store::oldest_queued(&self.db).await?;
        let waits = oldest.map_or(0, |since| self.clock.now_ms().saturating_sub(since) / 1000);
        Ok(u64::try_from(waits).unwrap_or(0))
    }

    /// Forgets jobs that ended long ago.
    pub(crate) async fn prune(&self, older_than_ms: i64) -> Result<u64, JobError> {
        Ok(store::prune(&self.db, self.clock.now_ms() - older_than_ms).await?)
    }

    fn running(&self) -> std::sync::MutexGuard<'_, HashMap<String, CancellationToken>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
