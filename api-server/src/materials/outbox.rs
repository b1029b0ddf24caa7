//! Tells the rag-server of every change, and hears from it how far each material is.
//!
//! A change writes its wish in its own transaction; whoever runs this worker (one process or several) claims wishes one by
//! one, holds the claim while it works, and gives it back. A killed owner's claim ends by itself. Sending is idempotent
//! on the other side, so doing it again after a death is safe; a claim that is lost ends the work at once, so that no
//! late `PUT` overtakes a `DELETE`. Outages are waited out for ever; what the rag-server refuses for good becomes the
//! material's reason.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use serde::Deserialize;
use shared::Retry;
use shared::clock::Clock;
use shared::db::{Db, DbError};
use shared::files::Files;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::store::{self, Act, Heard, Later, MaterialRow, WishRow};
use crate::assistant::AssistantService;
use crate::numbers::Counts;
use crate::rag::{RagClient, RagError};
use crate::waits::{backoff, later};

/// How long a claim holds without being held on to: what a kill costs.
const CLAIM: Duration = Duration::from_secs(12);
/// How often it is held on to.
const HOLD_EVERY: Duration = Duration::from_secs(4);
/// How many wishes are worked on at once.
const LANES: usize = 4;
/// Wishes of other processes are looked for so often.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// First and longest wait after a failure.
const WAITS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// Shortest and longest wait between two questions after one material.
const FOLLOWING: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(15));
/// Code of a material whose file is gone.
const FILE_GONE: &str = "file_missing";

/// Tells and hears.
#[derive(Debug)]
pub(crate) struct Outbox {
    db: Db,
    files: Files,
    rag: Arc<RagClient>,
    assistant: Arc<AssistantService>,
    counts: Counts,
    clock: Arc<dyn Clock>,
    due: Notify,
    /// Counts what was heard, so that followers need not poll.
    changes: watch::Sender<u64>,
}

/// What the rag-server answers to a `PUT`.
#[derive(Debug, Deserialize)]
struct Accepted {
    state: String,
}

/// What the rag-server says of a material.
#[derive(Debug, Deserialize)]
struct Told {
    state: String,
    #[serde(default)]
    error: Option<Reason>,
    pages: Option<i64>,
    chunks: i64,
    embedded: i64,
}

#[derive(Debug, Deserialize)]
struct Reason {
    code: String,
    detail: String,
}

/// How a wish came out.
enum Outcome {
    Fulfilled,
    Later(Later),
    /// Nobody can be told anything at the moment.
    Away(Later),
}

impl Outbox {
    /// Wishes of `db`, files of `files`, told to `rag` with chunks as `assistant` wants them.
    pub(crate) fn new(
        db: Db,
        files: Files,
        rag: Arc<RagClient>,
        assistant: Arc<AssistantService>,
        counts: Counts,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            db,
            files,
            rag,
            assistant,
            counts,
            clock,
            due: Notify::new(),
            changes: watch::channel(0).0,
        }
    }

    /// A wish was written.
    pub(crate) fn wake(&self) {
        self.due.notify_one();
    }

    /// Sees a new value whenever a material's state was heard or changed in this process.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// A material changed.
    pub(crate) fn changed(&self) {
        self.changes
            .send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Works until `stopping`.
    pub(crate) async fn run(self: Arc<Self>, stopping: CancellationToken) {
        let lanes = (0..LANES).map(|_| self.lane(&stopping));
        futures::future::join_all(lanes).await;
    }

    /// One wish after another, so that a large file holds up nothing but its lane.
    async fn lane(&self, stopping: &CancellationToken) {
        let mut outages = 0_u32;
        while !stopping.is_cancelled() {
            let away = !self.work(stopping).await;
            outages = if away { outages.saturating_add(1) } else { 0 };
            let wait = if away {
                backoff(WAITS, outages.saturating_sub(1))
            } else {
                self.until_due().await
            };
            tokio::select! {
                () = stopping.cancelled() => return,
                // While nobody can be told anything, a new wish changes nothing.
                () = self.due.notified(), if !away => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Works on wishes until none is due; false when the rag-server or the database cannot be reached.
    async fn work(&self, stopping: &CancellationToken) -> bool {
        while !stopping.is_cancelled() {
            let claim = uuid::Uuid::now_v7().to_string();
            let now = self.clock.now_ms();
            let wish = match store::claim(&self.db, now, later(now, CLAIM), &claim).await {
                Ok(Some(wish)) => wish,
                Ok(None) => return true,
                Err(error) => {
                    warn!(error = %shared::telemetry::chain(&error), "wishes could not be looked for: {error}");
                    return false;
                }
            };
            let done = tokio::select! {
                done = self.fulfil(&wish, &claim) => done,
                () = stopping.cancelled() => self.put_back(&wish, &claim).await.map(|()| true),
            };
            match done {
                Ok(true) => {}
                Ok(false) => return false,
                Err(error) => {
                    warn!(material.uid = %wish.uid, error = %shared::telemetry::chain(&error), "a wish could not be noted: {error}");
                    return false;
                }
            }
        }
        true
    }

    /// Leaves a wish to the next process, which need not wait for the end of the claim.
    async fn put_back(&self, wish: &WishRow, claim: &str) -> Result<(), DbError> {
        let now = self.clock.now_ms();
        let next = Later {
            act: wish.act(),
            attempts: wish.attempts,
            due_at: now,
            sent_at: wish.sent_at,
        };
        store::release(&self.db, wish, claim, next, now).await
    }

    /// Does what is wished while holding the claim; false when nobody can be reached.
    async fn fulfil(&self, wish: &WishRow, claim: &str) -> Result<bool, DbError> {
        let outcome = tokio::select! {
            outcome = self.tell(wish) => outcome?,
            () = self.until_lost(wish, claim) => {
                warn!(material.uid = %wish.uid, "somebody else took over");
                return Ok(true);
            }
        };
        let now = self.clock.now_ms();
        match outcome {
            Outcome::Fulfilled => {
                self.counts.sync("done");
                store::fulfilled(&self.db, wish, claim, now).await?;
                Ok(true)
            }
            Outcome::Later(later) => {
                store::release(&self.db, wish, claim, later, now).await?;
                Ok(true)
            }
            Outcome::Away(later) => {
                self.counts.sync("failed");
                store::release(&self.db, wish, claim, later, now).await?;
                Ok(false)
            }
        }
    }

    /// Holds on to a claim; ends when it is lost.
    async fn until_lost(&self, wish: &WishRow, claim: &str) {
        let mut held_until = tokio::time::Instant::now() + CLAIM;
        loop {
            tokio::time::sleep(HOLD_EVERY).await;
            let until = later(self.clock.now_ms(), CLAIM);
            match store::hold(&self.db, &wish.uid, claim, until).await {
                Ok(true) => held_until = tokio::time::Instant::now() + CLAIM,
                Ok(false) => return,
                Err(_) if tokio::time::Instant::now() >= held_until => return,
                Err(_) => {}
            }
        }
    }

    async fn tell(&self, wish: &WishRow) -> Result<Outcome, DbError> {
        if wish.act() == Act::Remove {
            return Ok(self.remove(wish).await);
        }
        let Some(material) = store::by_uid(&self.db, &wish.uid).await? else {
            // Removed meanwhile, whichever wish came last.
            return Ok(self.remove(wish).await);
        };
        if wish.act() == Act::Follow {
            self.follow(wish, &material).await
        } else {
            self.put(wish, &material).await
        }
    }

    async fn put(&self, wish: &WishRow, material: &MaterialRow) -> Result<Outcome, DbError> {
        let tags = material.tags().join(",");
        let filename = material.id.rsplit('/').next().unwrap_or(&material.id);
        let mut query = vec![
            ("source", material.id.as_str()),
            ("filename", filename),
            ("title", &material.title),
            ("tags", &tags),
        ];
        let chunking = self.assistant.chunking().await?;
        let tokens = chunking.map(|it| (it.size.to_string(), it.overlap.to_string()));
        if let Some((size, overlap)) = &tokens {
            query.extend([("chunk_size", size.as_str()), ("chunk_overlap", overlap)]);
        }
        let path = ["materials", material.uid.as_str()];
        let file = self.files.path_of(&material.content_hash);
        match self.rag.put_file::<Accepted>(&path, &query, &file).await {
            Ok(accepted) => {
                info!(material.uid = %material.uid, material.state = %accepted.state, "sent material {}", material.uid);
                let now = self.clock.now_ms();
                // How far it is, its pages and its passages are asked next.
                let heard = Heard {
                    state: if store::is_final(&accepted.state) {
                        &material.state
                    } else {
                        &accepted.state
                    },
                    pages: material.pages,
                    passages: material.passages,
                    embedded: material.embedded,
                    reason_code: None,
                    reason: None,
                };
                self.mirror(material, &heard).await?;
                Ok(Outcome::Later(Later {
                    act: Act::Follow,
                    attempts: 0,
                    due_at: later(now, FOLLOWING.0),
                    sent_at: Some(now),
                }))
            }
            Err(RagError::File(error)) if error.kind() == std::io::ErrorKind::NotFound => {
                warn!(material.uid = %material.uid, "the file of material {} is gone", material.uid);
                self.fail(
                    material,
                    FILE_GONE,
                    "O arquivo deste material não está mais no servidor; envie-o de novo.",
                )
                .await
            }
            Err(RagError::Refused { problem, .. }) if refused_for_good(problem.status) => {
                warn!(material.uid = %material.uid, problem.code = %problem.code, "the rag-server refused material {}", material.uid);
                self.fail(material, &problem.code, &problem.detail).await
            }
            Err(error) => Ok(self.again(wish, &error)),
        }
    }

    async fn follow(&self, wish: &WishRow, material: &MaterialRow) -> Result<Outcome, DbError> {
        let told: Told = match self.rag.get(&["materials", &wish.uid]).await {
            Ok(told) => told,
            Err(error) if error.is_refusal(404) => {
                // It lost what it had: told again from the beginning.
                return Ok(Outcome::Later(Later {
                    act: Act::Put,
                    attempts: 0,
                    due_at: self.clock.now_ms(),
                    sent_at: None,
                }));
            }
            Err(error) => return Ok(self.again(wish, &error)),
        };
        let heard = Heard {
            state: &told.state,
            pages: told.pages,
            passages: told.chunks,
            embedded: told.embedded,
            reason_code: told.error.as_ref().map(|reason| reason.code.as_str()),
            reason: told.error.as_ref().map(|reason| reason.detail.as_str()),
        };
        self.mirror(material, &heard).await?;
        if store::is_final(&told.state) {
            return Ok(Outcome::Fulfilled);
        }
        // The longer it takes, the less often it is asked: never later than a quarter of the time it took.
        let now = self.clock.now_ms();
        let age = now.saturating_sub(wish.sent_at.unwrap_or(now)).max(0);
        let wait = Duration::from_millis(age.unsigned_abs() / 4).clamp(FOLLOWING.0, FOLLOWING.1);
        Ok(Outcome::Later(Later {
            act: Act::Follow,
            attempts: 0,
            due_at: later(now, wait),
            sent_at: wish.sent_at,
        }))
    }

    async fn remove(&self, wish: &WishRow) -> Outcome {
        let sent = async {
            let request = self
                .rag
                .request(Method::DELETE, &["materials", &wish.uid], &[])?;
            self.rag.send(request).await
        };
        match sent.await {
            Ok(_) => {
                info!(material.uid = %wish.uid, "material {} is out of the index", wish.uid);
                Outcome::Fulfilled
            }
            Err(error) if error.is_refusal(404) => Outcome::Fulfilled,
            Err(error) => self.again(wish, &error),
        }
    }

    /// The permanent end of a material that the rag-server does not take.
    async fn fail(
        &self,
        material: &MaterialRow,
        code: &str,
        detail: &str,
    ) -> Result<Outcome, DbError> {
        let heard = Heard {
            state: store::FAILED,
            pages: None,
            passages: 0,
            embedded: 0,
            reason_code: Some(code),
            reason: Some(detail),
        };
        self.mirror(material, &heard).await?;
        Ok(Outcome::Fulfilled)
    }

    async fn mirror(&self, material: &MaterialRow, heard: &Heard<'_>) -> Result<(), DbError> {
        if store::mirror(&self.db, &material.uid, heard).await? {
            self.changed();
        }
        Ok(())
    }

    fn again(&self, wish: &WishRow, error: &RagError) -> Outcome {
        let attempts = u32::try_from(wish.attempts).unwrap_or(u32::MAX);
        let wait = match error.retry() {
            Retry::After(wait) => wait.max(WAITS.0),
            Retry::Soon | Retry::Never => backoff(WAITS, attempts.saturating_sub(1)),
        };
        warn!(
            material.uid = %wish.uid, act = wish.act().as_str(), error = %shared::telemetry::chain(error),
            "material {} is tried again in {} ms", wish.uid, wait.as_millis()
        );
        let next = Later {
            act: wish.act(),
            attempts: wish.attempts,
            due_at: later(self.clock.now_ms(), wait),
            sent_at: wish.sent_at,
        };
        if matches!(error, RagError::Http(_) | RagError::Unexpected { .. }) {
            Outcome::Away(next)
        } else {
            Outcome::Later(next)
        }
    }

    /// How long nothing is due.
    async fn until_due(&self) -> Duration {
        let Ok(Some(due)) = store::next_due(&self.db).await else {
            return LOOK_EVERY;
        };
        let ms = due.saturating_sub(self.clock.now_ms()).max(0);
        // Not at once: who is due and was not there to be taken is being taken.
        Duration::from_millis(ms.unsigned_abs()).clamp(LOOK_EVERY / 100, LOOK_EVERY)
    }
}

/// A refusal that sending again does not change. Credentials and full disks are put right by somebody.
fn refused_for_good(status: u16) -> bool {
    matches!(status, 400..=499) && !matches!(status, 401 | 403 | 408 | 425 | 429)
}
