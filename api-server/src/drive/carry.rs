//! Carries a plan out, row by row. Each row is one transaction: the material, what is held, the ledger and the sums
//! change together or not at all, so that whoever goes on after a death does nothing twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _, stream};
use shared::clock::Clock;
use shared::db::{Db, DbError, Tx};
use tokio::sync::Mutex;
use tracing::warn;

use super::DriveError;
use super::client::Session;
use super::download::{self, Downloaded};
use super::model::{Action, Holding, Item, Outcome, Reason, Refused};
use super::rules::{self, Rules};
use super::runner::Stop;
use super::store::folders::FolderRow;
use super::store::ledger::{self, LedgerRow};
use super::store::runs::{self, RunRow, Step};
use crate::materials::mirrored::{self, Mirrored, Placed};
use crate::materials::{MaterialError, MaterialId, MaterialService};

/// Rows read at a time.
const ROWS: i64 = 500;
/// How often a transaction is done again that another one was in the way of.
const TRIES: u32 = 5;

/// One run, as far as carrying its plan out is concerned.
pub(super) struct Carrier<'a> {
    pub(super) db: &'a Db,
    pub(super) materials: &'a MaterialService,
    pub(super) session: &'a Session,
    pub(super) rules: &'a Rules,
    pub(super) clock: &'a Arc<dyn Clock>,
    pub(super) folder: &'a FolderRow,
    pub(super) run: &'a RunRow,
    pub(super) claim: &'a str,
    pub(super) concurrency: usize,
    /// Requests of those who had the run before.
    pub(super) requests_before: i64,
    /// Held while a row is written: SQLite takes one at a time, and who waits for it holds a connection.
    pub(super) writing: Mutex<()>,
    /// Something happened.
    pub(super) told: &'a (dyn Fn() + Send + Sync),
}

/// What a row came to.
struct Done<'a> {
    outcome: Outcome,
    reason: Option<Reason>,
    material_uid: Option<&'a str>,
    bytes: u64,
}

impl Done<'_> {
    fn step(&self) -> Step {
        let mut step = Step {
            bytes: i64::try_from(self.bytes).unwrap_or(i64::MAX),
            ..Step::default()
        };
        match self.outcome {
            Outcome::Indexed => step.indexed = 1,
            Outcome::Unchanged => step.unchanged = 1,
            Outcome::Skipped => step.skipped = 1,
            Outcome::Failed => step.failed = 1,
            Outcome::Removed => step.removed = 1,
            Outcome::Pending | Outcome::Waiting => {}
        }
        step
    }
}

impl Carrier<'_> {
    /// All of it. Removals come first, so that what takes their place gets their name.
    pub(super) async fn everything(&self) -> Result<(), Stop> {
        if self.run.notice.is_none() {
            self.each(Outcome::Waiting, Action::Remove, 1, |row| {
                self.remove(row).boxed()
            })
            .await?;
        }
        self.each(Outcome::Pending, Action::Rename, 1, |row| {
            self.rename(row).boxed()
        })
        .await?;
        for action in [Action::Update, Action::Add] {
            self.each(Outcome::Pending, action, self.concurrency, |row| {
                self.fetch(row).boxed()
            })
            .await?;
        }
        self.straighten().await
    }

    async fn each<'s>(
        &'s self,
        outcome: Outcome,
        action: Action,
        at_once: usize,
        act: impl Fn(LedgerRow) -> BoxFuture<'s, Result<(), Stop>> + Sync,
    ) -> Result<(), Stop> {
        let after = AtomicI64::new(-1);
        loop {
            let rows = ledger::to_do(
                self.db,
                &self.run.id,
                outcome.as_str(),
                action.as_str(),
                after.load(Ordering::Relaxed),
                ROWS,
            )
            .await?;
            let Some(last) = rows.last() else {
                return Ok(());
            };
            after.store(last.seq, Ordering::Relaxed);
            let each: Vec<BoxFuture<'s, Result<(), Stop>>> = rows.into_iter().map(&act).collect();
            let mut acting = stream::iter(each).buffer_unordered(at_once);
            while let Some(done) = acting.next().await {
                done?;
            }
        }
    }

    async fn remove(&self, row: LedgerRow) -> Result<(), Stop> {
        let now = self.clock.now_ms();
        let _turn = self.writing.lock().await;
        let mut tx = self.db.begin_write().await?;
        let former = match &row.material_uid {
            Some(uid) => mirrored::remove(&mut tx, uid, now)
                .await
                .map_err(DriveError::from)?,
            None => None,
        };
        ledger::drop_holding(&mut tx, &self.folder.id, &row.file_id).await?;
        let done = Done {
            outcome: Outcome::Removed,
            reason: row.reason.as_deref().and_then(Reason::parse),
            material_uid: None,
            bytes: 0,
        };
        self.settle(tx, &row, done).await?;
        if let Some(hash) = former {
            self.materials.drop_mirrored(&hash).await;
        }
        Ok(())
    }

    async fn rename(&self, row: LedgerRow) -> Result<(), Stop> {
        let Some(item) = ledger::item(self.db, &self.folder.id, &row.file_id).await? else {
            return self.give_up(&row, None, Reason::NotFound).await;
        };
        let (Ok(wanted), Some(uid)) = (MaterialId::parse(&row.wanted), row.material_uid.clone())
        else {
            return self.give_up(&row, None, Reason::Name).await;
        };
        let turn = self.writing.lock().await;
        let mut tries = 0;
        loop {
            let mut tx = self.db.begin_write().await?;
            match mirrored::rename(&mut tx, &uid, &wanted, self.clock.now_ms()).await {
                Ok(_) => {
                    self.hold(&mut tx, &item, &row, &uid).await?;
                    let done = Done {
                        outcome: Outcome::Indexed,
                        reason: None,
                        material_uid: Some(&uid),
                        bytes: 0,
                    };
                    return self.settle(tx, &row, done).await;
                }
                Err(MaterialError::Store(error)) if is_in_the_way(&error) && tries < TRIES => {
                    tries += 1;
                }
                Err(error) => {
                    drop((tx, turn));
                    let error = DriveError::from(error);
                    return self.give_up(&row, None, error.reason()).await;
                }
            }
        }
    }

    async fn fetch(&self, row: LedgerRow) -> Result<(), Stop> {
        let Some(item) = ledger::item(self.db, &self.folder.id, &row.file_id).await? else {
            return self.give_up(&row, None, Reason::NotFound).await;
        };
        let Ok(wanted) = MaterialId::parse(&row.wanted) else {
            return self.give_up(&row, None, Reason::Name).await;
        };
        let fetched = async {
            let limit = self.rules.max_bytes;
            let downloaded = download::fetch(self.session, self.materials, &item, limit).await?;
            if !rules::is_video(&wanted.extension()) {
                self.materials
                    .check_mirrored(&wanted, &downloaded.received)
                    .await?;
            }
            Ok::<_, DriveError>(downloaded)
        };
        match fetched.await {
            Ok(downloaded) => match self.take_in(&row, &item, &wanted, downloaded).await {
                Err(Stop::Failed(error)) if !error.ends_run() && !is_store(&error) => {
                    self.refuse(&row, item, &error).await
                }
                done => done,
            },
            Err(error) if error.ends_run() || is_store(&error) => Err(error.into()),
            Err(error) => self.refuse(&row, item, &error).await,
        }
    }

    async fn refuse(&self, row: &LedgerRow, item: Item, error: &DriveError) -> Result<(), Stop> {
        warn!(drive.file = %row.file_id, error = %shared::telemetry::chain(error), "a file of Drive was not taken in");
        self.give_up(row, Some(item), error.reason()).await
    }

    async fn take_in(
        &self,
        row: &LedgerRow,
        item: &Item,
        wanted: &MaterialId,
        downloaded: Downloaded,
    ) -> Result<(), Stop> {
        let Downloaded { received, bytes } = downloaded;
        let (hash, size) = (received.hash.clone(), received.size);
        let keeping = self
            .materials
            .keeping_mirrored()
            .await
            .map_err(DriveError::from)?;
        self.materials
            .keep_mirrored(received)
            .await
            .map_err(DriveError::from)?;
        let turn = self.writing.lock().await;
        let mut tries = 0;
        let placed = loop {
            let mut tx = self.db.begin_write().await?;
            let file = Mirrored {
                uid: row.material_uid.as_deref(),
                wanted,
                hash: &hash,
                size,
                owner: (self.folder.created_by.as_deref(), &self.folder.creator),
                now: self.clock.now_ms(),
            };
            match mirrored::place(&mut tx, &file).await {
                Ok(placed) => {
                    self.hold(&mut tx, item, row, &placed.uid).await?;
                    let done = Done {
                        outcome: if placed.is_unchanged {
                            Outcome::Unchanged
                        } else {
                            Outcome::Indexed
                        },
                        reason: None,
                        material_uid: Some(&placed.uid),
                        bytes,
                    };
                    self.settle(tx, row, done).await?;
                    break placed;
                }
                Err(MaterialError::Store(error)) if is_in_the_way(&error) && tries < TRIES => {
                    tries += 1;
                }
                Err(error) => return Err(DriveError::from(error).into()),
            }
        };
        drop((turn, keeping));
        self.drop_former(placed).await;
        Ok(())
    }

    async fn drop_former(&self, placed: Placed) {
        if let Some(hash) = placed.former {
            self.materials.drop_mirrored(&hash).await;
        }
    }

    /// Notes what is held.
    async fn hold(
        &self,
        tx: &mut Tx,
        item: &Item,
        row: &LedgerRow,
        uid: &str,
    ) -> Result<(), DbError> {
        let held = Holding {
            file_id: item.id.clone(),
            material_uid: uid.to_owned(),
            content_key: item.content_key(),
            wanted: row.wanted.clone(),
        };
        ledger::put_holding(tx, &self.folder.id, &held).await
    }

    /// Leaves a file as it is, with the reason. What will be the same the next time is remembered.
    async fn give_up(
        &self,
        row: &LedgerRow,
        item: Option<Item>,
        reason: Reason,
    ) -> Result<(), Stop> {
        let is_rule = matches!(
            reason,
            Reason::ExportTooLarge
                | Reason::NoDownload
                | Reason::NotExportable
                | Reason::Empty
                | Reason::ContentMismatch
                | Reason::TooLarge
                | Reason::Name
        );
        let _turn = self.writing.lock().await;
        let mut tx = self.db.begin_write().await?;
        if let Some(mut item) = item.filter(|_| is_rule) {
            item.refused = Some(Refused {
                content_key: item.content_key(),
                wanted: row.wanted.clone(),
                reason: reason.as_str().to_owned(),
            });
            ledger::put_item(&mut tx, &self.folder.id, &item).await?;
        }
        let done = Done {
            outcome: if is_rule {
                Outcome::Skipped
            } else {
                Outcome::Failed
            },
            reason: Some(reason),
            material_uid: None,
            bytes: 0,
        };
        self.settle(tx, row, done).await
    }

    /// Writes down what came of a row and makes the whole of it last; nothing of it when somebody else has the run, or
    /// it was cancelled.
    async fn settle(&self, mut tx: Tx, row: &LedgerRow, done: Done<'_>) -> Result<(), Stop> {
        let requests = i64::try_from(self.session.requests())
            .unwrap_or(i64::MAX)
            .saturating_add(self.requests_before);
        let is_ours = runs::count(
            &mut tx,
            &self.run.id,
            self.claim,
            &done.step(),
            requests,
            &row.path,
        )
        .await?;
        let is_new = ledger::done(
            &mut tx,
            &self.run.id,
            row.seq,
            done.outcome.as_str(),
            done.reason.map(Reason::as_str),
            done.material_uid,
        )
        .await?;
        if !is_ours || !is_new {
            return Err(Stop::Lost);
        }
        tx.commit().await?;
        self.materials.mirrored_changed();
        (self.told)();
        Ok(())
    }

    /// Gives materials the names they should have, where those have become free.
    async fn straighten(&self) -> Result<(), Stop> {
        for held in ledger::misplaced(self.db, &self.folder.id).await? {
            let Ok(wanted) = MaterialId::parse(&held.wanted) else {
                continue;
            };
            let mut tx = self.db.begin_write().await?;
            match mirrored::rename(&mut tx, &held.material_uid, &wanted, self.clock.now_ms()).await
            {
                Ok(true) => {
                    if runs::count(&mut tx, &self.run.id, self.claim, &Step::default(), 0, "")
                        .await?
                    {
                        tx.commit().await?;
                        self.materials.mirrored_changed();
                    } else {
                        return Err(Stop::Lost);
                    }
                }
                Ok(false) => {}
                Err(error) => {
                    warn!(error = %shared::telemetry::chain(&error), "a material keeps the name it has");
                }
            }
        }
        Ok(())
    }
}

/// Another transaction came between: doing it again helps.
fn is_in_the_way(error: &DbError) -> bool {
    matches!(error, DbError::Unique { .. } | DbError::Busy(_))
}

fn is_store(error: &DriveError) -> bool {
    matches!(error, DriveError::Store(_))
}
