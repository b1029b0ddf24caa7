//! The life of a material from its bytes to the index.
//!
//! Owns what jobs do: read ([`crate::reader`], in a child process), cut (`chunk`), write the text to the index, then
//! embed in the background. Everything is idempotent and resumes after a kill: a job looks at the material's row and
//! does what is missing. Work done for a material that was removed or replaced meanwhile is void, which the row's
//! revision tells.
//!
//! Called by the queue's workers; asks nothing of HTTP.

mod mirror;
mod recognise;
mod reindex;
mod text;
mod vectors;

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chunk::ChunkSettings;
use index::Index;
use shared::clock::Clock;
use shared::db::{Db, DbError};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::embedding::Embedding;
use crate::jobs::{self, JobError, JobKind, JobRow, JobService, JobState, Outcome};
use crate::materials::{MaterialError, MaterialService, MaterialState, store};
use crate::reader::{ReadError, ReaderPool};

pub(crate) use mirror::MirrorOptions;
pub(crate) use text::analysed;
pub(crate) use vectors::passage;

/// Tries of a job that fails for a passing reason; after the last its material is set aside.
const MAX_ATTEMPTS: i64 = 3;
/// How often wake-ups that were lost are made up for.
const RECONCILE_EVERY: Duration = Duration::from_secs(60);
/// Jobs that ended this long ago are forgotten.
const KEEP_JOBS_MS: i64 = 30 * 24 * 3600 * 1000;

/// What working on a material can end with, other than success.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IngestError {
    /// The file itself is why: trying again will not help.
    #[error("material cannot be read: {code}")]
    Unreadable { code: &'static str, detail: String },
    /// Cancelled on request.
    #[error("cancelled")]
    Cancelled,
    /// The server is stopping; the job goes on after the next start.
    #[error("server is stopping")]
    Stopping,
    /// Removed or replaced meanwhile.
    #[error("superseded")]
    Superseded,
    /// No room on the disk: goes on when there is.
    #[error("storage is full")]
    StorageFull,
    /// A passing trouble.
    #[error("{what} failed")]
    Passing {
        what: &'static str,
        detail: String,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl IngestError {
    /// Why a document could not be read, as what becomes of its job.
    fn unread(error: ReadError, cancel: &CancellationToken) -> Self {
        if cancel.is_cancelled() {
            Self::Cancelled
        } else if error.permanent() {
            Self::Unreadable {
                code: error.code(),
                detail: error.message(),
            }
        } else {
            Self::Passing {
                what: "reader",
                detail: error.message(),
                source: Box::new(error),
            }
        }
    }

    fn passing(what: &'static str, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        let detail = "Ocorreu uma falha passageira ao processar o material.".to_owned();
        Self::Passing {
            what,
            detail,
            source: Box::new(source),
        }
    }
}

impl From<DbError> for IngestError {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Full(_) => Self::StorageFull,
            other => Self::passing("database", other),
        }
    }
}

impl From<index::IndexError> for IngestError {
    fn from(error: index::IndexError) -> Self {
        if error.is_disk_full() {
            Self::StorageFull
        } else {
            Self::passing("index", error)
        }
    }
}

impl From<JobError> for IngestError {
    fn from(error: JobError) -> Self {
        match error {
            JobError::Store(error) => error.into(),
            other => Self::passing("jobs", other),
        }
    }
}

impl From<MaterialError> for IngestError {
    fn from(error: MaterialError) -> Self {
        match error {
            MaterialError::StorageFull => Self::StorageFull,
            other => Self::passing("materials", other),
        }
    }
}

/// Whether a job has ended, or waits for others to end it.
enum Step {
    Ended,
    Waits,
}

/// How materials are brought into the index.
pub struct IngestService {
    pub(crate) db: Db,
    pub(crate) materials: Arc<MaterialService>,
    pub(crate) jobs: Arc<JobService>,
    pub(crate) index: Index,
    pub(crate) reader: ReaderPool,
    pub(crate) embedding: Arc<Embedding>,
    pub(crate) chunking: ChunkSettings,
    pub(crate) mirrored_folder: std::path::PathBuf,
    pub(crate) clock: Arc<dyn Clock>,
    /// Something waits for its vectors.
    pub(crate) vectors_wanted: Notify,
    /// Ids of passages that the embedder refuses for what they hold; asked again after the next start.
    pub(crate) refused: Mutex<BTreeSet<String>>,
    /// The server is stopping.
    pub(crate) stopping: CancellationToken,
}

impl IngestService {
    /// Starts a job on the whole; the one that is open already, if there is one.
    pub(crate) async fn start(
        &self,
        kind: JobKind,
        options: &MirrorOptions,
    ) -> Result<String, JobError> {
        let options = serde_json::to_string(options).unwrap_or_else(|_| "{}".to_owned());
        // One that was asked for otherwise is followed by this one, not taken for it.
        if let Some(open) = self.jobs.open_of_kind(kind).await?
            && open.options == options
        {
            return Ok(open.id);
        }
        let id = JobService::new_id();
        let job = jobs::store::NewJob {
            id: &id,
            kind,
            material_id: None,
            parent_id: None,
            options: &options,
        };
        self.jobs.create(&job).await?;
        Ok(id)
    }

    /// Works on jobs until the server stops.
    pub(crate) async fn run(self: Arc<Self>, concurrency: NonZeroUsize) {
        let handler = {
            let service = Arc::clone(&self);
            move |job: String| {
                let service = Arc::clone(&service);
                async move { service.handle(&job).await }
            }
        };
        let stopping = self.stopping.clone();
        if let Err(error) = jobs::run(self.jobs.queue(), concurrency, handler, stopping).await {
            error!(error = %shared::telemetry::chain(&error), "job workers ended: {error}");
        }
    }

    /// Makes up for lost wake-ups, interrupted removals and acceptances: at start, and every minute.
    pub(crate) async fn reconcile_forever(self: Arc<Self>) {
        let mut just_started = true;
        loop {
            match self.reconcile(just_started).await {
                Ok(()) => just_started = false,
                Err(error) => {
                    warn!(error = %shared::telemetry::chain(&error), "reconciling failed: {error}");
                }
            }
            tokio::select! {
                () = self.stopping.cancelled() => return,
                () = tokio::time::sleep(RECONCILE_EVERY) => {}
            }
        }
    }

    async fn reconcile(&self, just_started: bool) -> Result<(), IngestError> {
        self.materials.finish_removals().await?;
        if just_started {
            self.materials.sweep_files().await?;
            self.materials.sweep_tables().await?;
        }
        for state in [
            MaterialState::Queued,
            MaterialState::Extracting,
            MaterialState::Indexing,
        ] {
            for row in store::list(&self.db, Some(state), "", i64::MAX).await? {
                let orphan = match &row.job_id {
                    Some(id) => match self.jobs.find(id).await {
                        Ok(job) => job.state().ended(),
                        Err(JobError::NotFound) => true,
                        Err(error) => return Err(error.into()),
                    },
                    None => true,
                };
                // An acceptance in this very moment has written its row and not yet its job.
                let settled = self.clock.now_ms() - row.updated_at > 10_000;
                if orphan && settled {
                    self.materials.requeue(&row, None).await?;
                }
            }
        }
        self.wake_unrecognised().await?;
        self.jobs.wake_open(just_started).await?;
        self.jobs.prune(KEEP_JOBS_MS).await?;
        self.vectors_wanted.notify_one();
        Ok(())
    }

    /// One wake-up.
    async fn handle(&self, id: &str) -> Outcome {
        let (job, cancel) = match self.jobs.begin(id).await {
            Ok(Some(begun)) => begun,
            Ok(None) => return Outcome::Done,
            Err(error) => {
                warn!(job.id = id, error = %shared::telemetry::chain(&error), "job {id} cannot begin: {error}");
                return Outcome::RetryAfter(Duration::from_secs(5));
            }
        };
        let result = self.work(&job, &cancel).await;
        self.jobs.released(id);
        let outcome = match result {
            Ok(Step::Waits) => Ok(Outcome::Done),
            Ok(Step::Ended) => self
                .jobs
                .finish(id, JobState::Done, None)
                .await
                .map(|()| Outcome::Done),
            Err(error) => self.failed(&job, error).await,
        };
        outcome.unwrap_or_else(|error| {
            warn!(job.id = id, error = %shared::telemetry::chain(&error), "job {id} cannot be settled: {error}");
            Outcome::RetryAfter(Duration::from_secs(5))
        })
    }

    async fn work(&self, job: &JobRow, cancel: &CancellationToken) -> Result<Step, IngestError> {
        if cancel.is_cancelled() {
            return Err(IngestError::Cancelled);
        }
        if job.kind == JobKind::Ingest.as_str() {
            self.bring_in_text(job, cancel).await
        } else if job.kind == JobKind::Mirror.as_str() {
            self.mirror(job, cancel).await
        } else {
            self.reindex(job, cancel).await
        }
    }

    /// Decides what follows a failure, from data and not from text.
    async fn failed(&self, job: &JobRow, error: IngestError) -> Result<Outcome, JobError> {
        let id = job.id.as_str();
        match error {
            IngestError::Stopping => {
                self.jobs.handed_back(id, None).await?;
                Ok(Outcome::RetryAfter(Duration::ZERO))
            }
            IngestError::Superseded => {
                self.jobs.finish(id, JobState::Cancelled, None).await?;
                Ok(Outcome::GiveUp)
            }
            IngestError::Cancelled => {
                let reason = ("cancelled", "O processamento foi cancelado a pedido.");
                self.set_aside(job, reason, false).await?;
                self.jobs
                    .finish(id, JobState::Cancelled, Some(reason))
                    .await?;
                Ok(Outcome::GiveUp)
            }
            IngestError::StorageFull => {
                warn!(job.id = id, "job {id} waits: storage is full");
                let reason = "Não há espaço em disco; o processamento continua quando houver.";
                self.jobs
                    .handed_back(id, Some(("storage_full", reason)))
                    .await?;
                Ok(Outcome::RetryAfter(Duration::from_secs(30)))
            }
            IngestError::Unreadable { code, detail } => {
                info!(job.id = id, reason.code = code, "job {id} failed: {code}");
                self.set_aside(job, (code, &detail), true).await?;
                self.jobs
                    .finish(id, JobState::Failed, Some((code, &detail)))
                    .await?;
                Ok(Outcome::GiveUp)
            }
            IngestError::Passing { .. } => {
                let chain = shared::telemetry::chain(&error);
                let IngestError::Passing { detail, .. } = error else {
                    return Ok(Outcome::Done);
                };
                let attempt = job.attempts + 1;
                warn!(job.id = id, attempt, error = %chain, "job {id} failed on try {attempt}");
                if attempt >= MAX_ATTEMPTS {
                    self.set_aside(job, ("gave_up", &detail), true).await?;
                    self.jobs
                        .finish(id, JobState::Failed, Some(("gave_up", &detail)))
                        .await?;
                    return Ok(Outcome::GiveUp);
                }
                self.jobs.failed_try(id, "passing_failure", &detail).await?;
                Ok(Outcome::RetryAfter(jobs::retry_delay(
                    u32::try_from(attempt).unwrap_or(u32::MAX),
                )))
            }
        }
    }

    /// Marks a job's material as failed. What cannot be read any more is not answered from any more either.
    async fn set_aside(
        &self,
        job: &JobRow,
        reason: (&str, &str),
        drop_text: bool,
    ) -> Result<(), JobError> {
        let Some(id) = job.material_id.as_deref() else {
            return Ok(());
        };
        let _held = self.materials.hold(id).await;
        let now = self.clock.now_ms();
        if drop_text && store::forget_text(&self.db, id, &job.id).await? {
            // The note first: should anything fail from here on, the text is still removed.
            store::add_removal(&self.db, id, now).await?;
        }
        let is_current = store::set_state(
            &self.db,
            id,
            &job.id,
            MaterialState::Failed,
            Some(reason),
            now,
        )
        .await?;
        if is_current && drop_text {
            if let Err(error) = self.materials.delete_text(id).await {
                warn!(material.id = id, error = %shared::telemetry::chain(&error), "text of {id} stays for now: {error}");
                return Ok(());
            }
            store::clear_removal(&self.db, id).await?;
        }
        Ok(())
    }
}
