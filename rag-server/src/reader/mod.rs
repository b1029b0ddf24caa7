//! Reading of documents in child processes that may die without taking the server along.
//!
//! A file is hostile until it is read: parsers loop, recurse, abort and ask for more memory than there is.
//! So the server never parses in its own process. [`ReaderPool`] keeps a bounded number of children, each the
//! server's own program run as `extract-worker` ([`worker_main`]), sends them one file at a time, and kills a
//! child that takes too long, breaks the protocol or is no longer wanted. Whatever happens to a child ends one
//! document, with a reason ([`ReadError`]).
//!
//! Invariants: at most `workers` children read at once; a child inherits no environment but what is listed in
//! [`child`]; a child ends when the server does, even if the server is killed (its standard input closes);
//! neither side logs or prints anything of a document. What a document *is* belongs to the crate `extract`.

mod child;
mod error;
mod ocr;
mod wire;
mod worker;

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use child::{Child, Failure};
use extract::{Document, PagePicture, RecognisedPage};
use wire::{Reply, Request, Task};

pub use error::{Fault, ReadError};
pub use ocr::{OcrSettings, Recogniser, recogniser};
pub use worker::worker_main;

/// A child that has been idle for this long is let go: it gives back the memory that its last documents took,
/// and a new one starts in some tens of milliseconds.
const IDLE: Duration = Duration::from_secs(30);

/// How to read.
#[derive(Debug, Clone)]
pub struct ReaderSettings {
    /// The program to run as `<program> extract-worker`, an absolute path: the server's own.
    pub program: PathBuf,
    /// Most children at once, at least 1.
    pub workers: usize,
    /// Longest time one document may take, by the clock.
    pub timeout: Duration,
    /// Most memory one document may take, in bytes of address space beyond what a fresh child has.
    pub memory_bytes: u64,
    /// Most processor time one document may take. Also ends a child that spins where the clock of a killed
    /// server no longer counts.
    pub cpu_seconds: u64,
    /// Documents after which a child is replaced, at least 1.
    pub recycle_after: usize,
    /// Caps of the readers themselves.
    pub limits: extract::Limits,
    /// What reads pages that are pictures.
    pub ocr: OcrSettings,
}

/// Reads documents in child processes; clones share the children.
#[derive(Clone, Debug)]
pub struct ReaderPool {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    settings: ReaderSettings,
    slots: Semaphore,
    /// Children that wait for work, the most recently used last.
    idle: Mutex<Vec<(Instant, Child)>>,
}

impl ReaderPool {
    /// A pool without children; they are started when they are needed.
    pub fn new(settings: ReaderSettings) -> Self {
        let slots = Semaphore::new(settings.workers.max(1));
        let idle = Mutex::new(Vec::new());
        Self {
            shared: Arc::new(Shared {
                settings,
                slots,
                idle,
            }),
        }
    }

    /// Reads the file at `path`, waiting for a child to be free.
    ///
    /// `filename`: the name people gave the file, as for [`extract::extract`].
    ///
    /// # Errors
    /// See [`ReadError`]. The time spent waiting for a child does not count as reading.
    ///
    /// # Cancel safety
    /// Dropping the future, like cancelling `cancel`, kills the child that reads.
    pub async fn read(
        &self,
        path: &Path,
        filename: &str,
        cancel: &CancellationToken,
    ) -> Result<Document, ReadError> {
        let filename = filename.to_owned();
        self.have(path, Task::Read { filename }, cancel).await
    }

    /// The text of a page (1-based) of the PDF at `path` that is a picture; `None` when there is no such page.
    ///
    /// Errors, time and cancelling are those of [`Self::read`], for this page alone.
    pub async fn recognise(
        &self,
        path: &Path,
        page: u32,
        recogniser: &Recogniser,
        cancel: &CancellationToken,
    ) -> Result<Option<RecognisedPage>, ReadError> {
        let task = Task::Recognise {
            page,
            program: recogniser.program.clone(),
            languages: recogniser.languages.clone(),
        };
        self.have(path, task, cancel).await
    }

    /// The picture of a page (1-based) of the PDF at `path`, `width` pixels wide (see [`extract::page_picture`]); `None`
    /// when there is no such page.
    ///
    /// Errors, time and cancelling are those of [`Self::read`].
    pub async fn draw(
        &self,
        path: &Path,
        page: NonZeroU32,
        width: u32,
        cancel: &CancellationToken,
    ) -> Result<Option<PagePicture>, ReadError> {
        let page = page.get();
        self.have(path, Task::Draw { page, width }, cancel).await
    }

    /// What reads pages that are pictures, if this machine has it now.
    pub async fn recogniser(&self) -> Option<Recogniser> {
        recogniser(&self.shared.settings.ocr).await
    }

    /// Most children at once.
    pub fn workers(&self) -> usize {
        self.shared.settings.workers.max(1)
    }

    /// Caps of the readers.
    pub fn limits(&self) -> &extract::Limits {
        &self.shared.settings.limits
    }

    async fn have<T: Reply>(
        &self,
        path: &Path,
        task: Task,
        cancel: &CancellationToken,
    ) -> Result<T, ReadError> {
        let settings = &self.shared.settings;
        let request = Request {
            path: std::path::absolute(path).map_err(ReadError::Io)?,
            task,
            limits: settings.limits,
            memory_bytes: settings.memory_bytes,
            cpu_seconds: settings.cpu_seconds,
        };
        let work = async {
            // The semaphore is never closed; were it, reading would be as unavailable as without a child.
            let _slot = self
                .shared
                .slots
                .acquire()
                .await
                .map_err(|_| ReadError::Cancelled)?;
            match tokio::time::timeout(settings.timeout, self.ask(&request)).await {
                Ok(result) => result,
                Err(_) => Err(ReadError::TimedOut {
                    after: settings.timeout,
                }),
            }
        };
        // The child belongs to `work`; where `work` is dropped unfinished, the child is killed.
        tokio::select! {
            biased;
            () = cancel.cancelled() => Err(ReadError::Cancelled),
            result = work => result,
        }
    }

    async fn ask<T: Reply>(&self, request: &Request) -> Result<T, ReadError> {
        while let Some(mut child) = self.shared.take_idle() {
            match child.ask(request).await {
                // It died while it was idle, or was killed from outside: no fault of this document.
                Err(Failure::NotTaken) => {}
                answer => return self.conclude(child, answer),
            }
        }
        let mut child = Child::start(&self.shared.settings.program).map_err(ReadError::Spawn)?;
        let answer = child.ask(request).await;
        self.conclude(child, answer)
    }

    /// Keeps the child for the next document if it is as good as new, else lets it go.
    fn conclude<T>(
        &self,
        child: Child,
        answer: Result<child::Answered<T>, Failure>,
    ) -> Result<T, ReadError> {
        let answered = answer.map_err(|failure| self.failed(failure))?;
        let settings = &self.shared.settings;
        let fresh = child.served() < settings.recycle_after
            && answered.resident_bytes < settings.memory_bytes / 2
            && !answered.spent;
        if fresh {
            self.shared.put_idle(child);
        }
        answered.result
    }

    fn failed(&self, failure: Failure) -> ReadError {
        let settings = &self.shared.settings;
        match failure {
            Failure::OutOfMemory => ReadError::OutOfMemory {
                limit_bytes: settings.memory_bytes,
            },
            Failure::OutOfTime => ReadError::TimedOut {
                after: Duration::from_secs(settings.cpu_seconds),
            },
            Failure::NotTaken => ReadError::Crashed {
                detail: "ended before it began".to_owned(),
            },
            Failure::Crashed(detail) => ReadError::Crashed { detail },
        }
    }

    /// Children that wait for work.
    pub fn idle_workers(&self) -> usize {
        self.shared.idle().len()
    }
}

impl Shared {
    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<(Instant, Child)>> {
        // A list of children is whole whoever panicked beside it.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_idle(&self) -> Option<Child> {
        self.idle().pop().map(|(_, child)| child)
    }

    fn put_idle(self: &Arc<Self>, child: Child) {
        let mut idle = self.idle();
        idle.push((Instant::now(), child));
        if idle.len() == 1 {
            tokio::spawn(Self::let_go_when_idle(Arc::downgrade(self)));
        }
    }

    /// Ends children that have waited for [`IDLE`], until none is left.
    async fn let_go_when_idle(pool: Weak<Self>) {
        loop {
            tokio::time::sleep(IDLE).await;
            let Some(pool) = pool.upgrade() else { return };
            let mut idle = pool.idle();
            idle.retain(|(since, _)| since.elapsed() < IDLE);
            if idle.is_empty() {
                return;
            }
        }
    }
}
