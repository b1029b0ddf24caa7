//! Does runs: reads what Drive has, plans, carries out.
//!
//! A run is claimed as wishes of materials are: its owner holds the claim while it works, and a killed owner's claim ends by
//! itself. Before the plan stands nothing is written but how far reading is, so that is done again from its beginning;
//! from then on the ledger says what is left.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures::{FutureExt as _, StreamExt as _, stream};
use google_drive3::api::File;
use shared::clock::Clock;
use shared::db::{Db, DbError};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::access::{Access, AccessKind, Accesses};
use super::carry::Carrier;
use super::client::{self, DriveClient, Session};
use super::crawl::{self, Ground};
use super::model::{Holding, Item, Outcome, Reason, RunState};
use super::plan::{self, Facts, Plan};
use super::rules::{Rules, is_video};
use super::store::folders::{self, FolderRow};
use super::store::ledger;
use super::store::runs::{self, RunRow, Sums};
use super::tree::Tree;
use super::{DriveError, DriveSettings};
use crate::materials::MaterialService;
use crate::sealing::Sealer;
use crate::site::SiteService;
use crate::waits::later;

/// How long a claim holds without being held on to: what a kill costs.
const CLAIM: Duration = Duration::from_secs(12);
/// How often it is held on to.
const HOLD_EVERY: Duration = Duration::from_secs(4);
/// How often it is looked whether somebody cancelled.
const LOOK_FOR_CANCEL: Duration = Duration::from_millis(250);
/// Most folders one inside another; Drive allows 100.
const MOST_LEVELS: usize = 100;
/// Runs at a time.
const LANES: usize = 2;
/// Runs of other processes are looked for so often.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Why a run goes no further here.
#[derive(Debug)]
pub(super) enum Stop {
    /// It was cancelled, or somebody else has it.
    Lost,
    /// It failed.
    Failed(DriveError),
}

impl From<DriveError> for Stop {
    fn from(error: DriveError) -> Self {
        Self::Failed(error)
    }
}

impl From<DbError> for Stop {
    fn from(error: DbError) -> Self {
        Self::Failed(error.into())
    }
}

/// Does runs.
#[derive(Debug)]
pub(crate) struct Runner {
    pub(super) db: Db,
    pub(super) client: Arc<DriveClient>,
    pub(super) accesses: Arc<Accesses>,
    pub(super) materials: Arc<MaterialService>,
    pub(super) site: Arc<SiteService>,
    pub(super) sealer: Arc<Sealer>,
    pub(super) settings: DriveSettings,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) due: Notify,
    /// Counts what happened, so that followers need not poll.
    pub(super) changes: watch::Sender<u64>,
}

/// A folder as it was found.
pub(super) struct Found {
    pub(super) session: Session,
    /// Id of the folder itself.
    pub(super) root: String,
    pub(super) name: String,
    pub(super) shared_drive: Option<String>,
}

impl Runner {
    /// What is mirrored now.
    async fn rules(&self) -> Result<Rules, DriveError> {
        let (max_bytes, extensions) = self.materials.limits().await?;
        let settings = &self.settings;
        let wants = |one: &String| settings.include_videos || !is_video(one);
        Ok(Rules {
            extensions: extensions.into_iter().filter(wants).collect(),
            max_bytes,
            videos: settings.include_videos,
            native: settings.export_native,
            removal_share: settings.removal_share,
            removal_floor: settings.removal_floor,
        })
    }

    /// Something happened.
    pub(super) fn changed(&self) {
        self.changes
            .send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Works until `stopping`.
    pub(crate) async fn run(self: Arc<Self>, stopping: CancellationToken) {
        let lanes = (0..LANES).map(|_| self.lane(&stopping));
        futures::future::join_all(lanes).await;
    }

    async fn lane(&self, stopping: &CancellationToken) {
        while !stopping.is_cancelled() {
            match Box::pin(self.next(stopping)).await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => {
                    warn!(error = %shared::telemetry::chain(&error), "runs could not be looked for: {error}");
                }
            }
            tokio::select! {
                () = stopping.cancelled() => return,
                () = self.due.notified() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// Does one run; false when none is due.
    async fn next(&self, stopping: &CancellationToken) -> Result<bool, DbError> {
        let claim = uuid::Uuid::now_v7().to_string();
        let now = self.clock.now_ms();
        let Some(id) = runs::claim(&self.db, now, later(now, CLAIM), &claim).await? else {
            return Ok(false);
        };
        tokio::select! {
            done = self.work(&id, &claim) => done?,
            () = self.until_lost(&id, &claim) => info!(drive.run = %id, "run {id} was cancelled or taken over"),
            () = stopping.cancelled() => runs::release(&self.db, &id, &claim, self.clock.now_ms()).await?,
        }
        self.changed();
        Ok(true)
    }

    /// Holds on to a claim; ends when it is lost or the run was cancelled.
    async fn until_lost(&self, id: &str, claim: &str) {
        let mut held_at = tokio::time::Instant::now();
        loop {
            tokio::time::sleep(LOOK_FOR_CANCEL).await;
            if matches!(runs::is_cancelled(&self.db, id).await, Ok(true)) {
                return;
            }
            let age = held_at.elapsed();
            if age < HOLD_EVERY {
                continue;
            }
            match runs::hold(&self.db, id, claim, later(self.clock.now_ms(), CLAIM)).await {
                Ok(true) => held_at = tokio::time::Instant::now(),
                Ok(false) => return,
                Err(_) if age >= CLAIM => return,
                Err(_) => {}
            }
        }
    }

    /// Does a run and writes down how it ended.
    async fn work(&self, id: &str, claim: &str) -> Result<(), DbError> {
        let (Some(run), mut requests) = (runs::by_id(&self.db, id).await?, 0) else {
            return Ok(());
        };
        let Some(folder) = folders::by_id(&self.db, &run.folder).await? else {
            return Ok(());
        };
        let (state, notice) = match Box::pin(self.sync(&folder, run, claim, &mut requests)).await {
            Ok(None) => (RunState::Completed, None),
            Ok(Some(notice)) => (RunState::NeedsConfirmation, Some(notice)),
            Err(Stop::Lost) => return Ok(()),
            Err(Stop::Failed(DriveError::Store(error))) if error.retry().is_worthwhile() => {
                warn!(drive.run = %id, error = %shared::telemetry::chain(&error), "run {id} waits for the database");
                let due = later(self.clock.now_ms(), LOOK_EVERY);
                return runs::release(&self.db, id, claim, due).await;
            }
            Err(Stop::Failed(error)) => {
                warn!(drive.run = %id, error = %shared::telemetry::chain(&error), "run {id} ended: {error}");
                let state = if matches!(error, DriveError::NeedsReauth) {
                    RunState::NeedsReauth
                } else {
                    RunState::Failed
                };
                (state, Some(error.notice().as_str().to_owned()))
            }
        };
        let now = self.clock.now_ms();
        let ended = runs::end(
            &self.db,
            id,
            claim,
            state.as_str(),
            notice.as_deref(),
            requests,
            now,
        )
        .await?;
        if ended {
            folders::set_notice(&self.db, &folder.id, notice.as_deref()).await?;
            info!(drive.run = %id, drive.state = state.as_str(), "run {id} has ended");
        }
        Ok(())
    }

    /// The whole of a run; what somebody has to confirm.
    async fn sync(
        &self,
        folder: &FolderRow,
        run: RunRow,
        claim: &str,
        requests: &mut i64,
    ) -> Result<Option<String>, Stop> {
        let before = run.requests;
        let found = self.find(folder, run.started_by.as_deref()).await?;
        let session = found.session.clone();
        let run = if run.planned_at.is_none() {
            self.plan(folder, &run, claim, &found).await?;
            self.changed();
            runs::by_id(&self.db, &run.id).await?.ok_or(Stop::Lost)?
        } else {
            run
        };
        let is_dry = run.dry_run != 0;
        if !is_dry {
            let rules = self.rules().await?;
            let told = || self.changed();
            let carrier = Carrier {
                db: &self.db,
                materials: &self.materials,
                session: &session,
                rules: &rules,
                clock: &self.clock,
                folder,
                run: &run,
                claim,
                concurrency: self.settings.concurrency,
                requests_before: before,
                writing: tokio::sync::Mutex::default(),
                told: &told,
            };
            carrier.everything().await?;
        }
        *requests = before.saturating_add(i64::try_from(session.requests()).unwrap_or(i64::MAX));
        Ok(run.notice.filter(|_| !is_dry))
    }

    /// Finds a folder: as whom it is kept, else as the first who sees it.
    pub(super) async fn find(
        &self,
        folder: &FolderRow,
        starter: Option<&str>,
    ) -> Result<Found, DriveError> {
        let key = folder
            .api_key
            .as_ref()
            .and_then(|sealed| self.sealer.open_text(&folder.id, sealed).ok());
        let candidates = match folder.access.as_deref().and_then(AccessKind::parse) {
            Some(kind) => vec![self.accesses.kept(kind, key)?],
            None => self.accesses.candidates(starter, key).await?,
        };
        let (session, file) = self.first_who_sees(&folder.drive_id, candidates).await?;
        let root = file.id.clone().unwrap_or_else(|| folder.drive_id.clone());
        let shared_drive = file.drive_id.clone();
        let mut name = client::plain(file.name.unwrap_or_default());
        // The topmost folder of a shared drive is called "Drive", whatever the drive is called.
        if shared_drive.as_deref() == Some(root.as_str())
            && let Ok(drive) = session.drive(&root).await
        {
            name = drive.name.map_or(name, client::plain);
        }
        let access = session.access.kind.stored();
        if folder.access.as_deref() != Some(access.as_str())
            || folder.name != name
            || folder.shared_drive != shared_drive
        {
            folders::set_access(
                &self.db,
                &folder.id,
                &access,
                &name,
                shared_drive.as_deref(),
            )
            .await?;
        }
        Ok(Found {
            session,
            root,
            name,
            shared_drive,
        })
    }

    /// The first of these who sees a folder, and the folder.
    pub(super) async fn first_who_sees(
        &self,
        id: &str,
        candidates: Vec<Access>,
    ) -> Result<(Session, File), DriveError> {
        let mut refusal = DriveError::NotConfigured;
        for access in candidates {
            let session = self.client.as_(access);
            match session.file(id).await {
                Ok(file) if client::is_live_folder(&file) => return Ok((session, file)),
                Ok(_) => refusal = DriveError::NotFound,
                Err(
                    error @ (DriveError::NotFound
                    | DriveError::Refused(_)
                    | DriveError::Credentials(_)
                    | DriveError::NeedsReauth),
                ) => refusal = error,
                Err(error) => return Err(error),
            }
        }
        Err(refusal)
    }

    /// Folders of files that are to be removed and are there all the same: ids and names.
    async fn overlooked(
        &self,
        found: &Found,
        tree: &Tree,
        plan: &Plan,
    ) -> Result<BTreeMap<String, String>, DriveError> {
        let gone = plan
            .entries
            .iter()
            .filter(|entry| entry.reason == Some(Reason::Deleted));
        let too_deep: BTreeSet<String> = tree
            .walk()
            .placed
            .iter()
            .filter(|placed| placed.barred == Some(Reason::TooDeep))
            .map(|placed| placed.item.id.clone())
            .collect();
        let mut each = Vec::new();
        for entry in gone {
            let asked = async move { (entry, found.session.file(&entry.file_id).await) };
            each.push(asked.boxed());
        }
        let mut asking = stream::iter(each).buffer_unordered(self.settings.concurrency);
        let mut overlooked = BTreeMap::new();
        while let Some((entry, answer)) = asking.next().await {
            match answer {
                Err(DriveError::NotFound | DriveError::Refused(_)) => {}
                Err(error) if error.ends_run() => return Err(error),
                Err(error) => {
                    warn!(drive.file = %entry.file_id, error = %shared::telemetry::chain(&error), "nobody knows whether a file is gone");
                    overlooked.insert(entry.file_id.clone(), entry.path.clone());
                }
                Ok(file) if file.trashed.unwrap_or(false) => {}
                Ok(file) => match way_into(found, tree, &too_deep, file).await {
                    Ok(None) => {}
                    Ok(Some((folder, name))) => {
                        warn!(drive.folder = %folder, drive.file = %entry.file_id, "Drive left a file out of its folder");
                        overlooked.insert(folder, name);
                    }
                    Err(error) if error.ends_run() => return Err(error),
                    Err(error) => {
                        warn!(drive.file = %entry.file_id, error = %shared::telemetry::chain(&error), "nobody knows whether a file is gone");
                        overlooked.insert(entry.file_id.clone(), entry.path.clone());
                    }
                },
            }
        }
        Ok(overlooked)
    }

    /// Reads what Drive has and writes down what is to be done.
    async fn plan(
        &self,
        folder: &FolderRow,
        run: &RunRow,
        claim: &str,
        found: &Found,
    ) -> Result<(), Stop> {
        let now = self.clock.now_ms();
        let full_every = i64::try_from(self.settings.full_every.as_millis()).unwrap_or(i64::MAX);
        let is_old = folder
            .full_at
            .is_none_or(|at| now.saturating_sub(at) >= full_every);
        let token = folder
            .page_token
            .as_deref()
            .filter(|_| !is_old && run.kind != "full" && found.session.access.kind.has_changes());
        let ground = Ground {
            shared_drive: found.shared_drive.clone(),
            concurrency: self.settings.concurrency,
        };
        let known: BTreeMap<String, Item> = ledger::items(&self.db, &folder.id)
            .await?
            .into_iter()
            .map(|item| (item.id.clone(), item))
            .collect();
        let max_depth = usize::try_from(folder.max_depth).unwrap_or(1);
        let mut caught_up = None;
        if let Some(token) = token {
            runs::analyze(&self.db, &run.id, claim, "incremental").await?;
            let mut tree = Tree::kept(&found.root, max_depth, known.values().cloned());
            match crawl::catch_up(&found.session, &ground, &mut tree, token).await {
                Ok(new_token) => caught_up = Some((tree, Some(new_token))),
                Err(DriveError::TokenGone | DriveError::Refused(_)) => {
                    info!(drive.folder = %folder.id, "the page token is not valid any more: reading everything");
                }
                Err(error) => return Err(error.into()),
            }
        }
        let is_full = caught_up.is_none();
        let (mut tree, new_token) = if let Some(done) = caught_up {
            done
        } else {
            runs::analyze(&self.db, &run.id, claim, "full").await?;
            // Before the first folder is read: what changes meanwhile is told the next time.
            let token = if found.session.access.kind.has_changes() {
                Some(
                    found
                        .session
                        .start_token(found.shared_drive.as_deref())
                        .await?,
                )
            } else {
                None
            };
            (Tree::new(&found.root, max_depth), token)
        };
        self.changed();
        let mut unreadable =
            crawl::read_on(&found.session, &ground, &mut tree, |_| self.changed()).await?;
        if let Some(error) = unreadable.remove(&found.root) {
            return Err(error.into());
        }
        tree.recall(&known);
        let held: BTreeMap<String, Holding> = ledger::holdings(&self.db, &folder.id)
            .await?
            .into_iter()
            .map(|held| (held.file_id.clone(), held))
            .collect();
        let mut unreadable: Vec<(String, String)> = unreadable
            .into_iter()
            .map(|(id, error)| {
                warn!(drive.folder = %id, error = %shared::telemetry::chain(&error), "a folder of Drive could not be read");
                let name = tree
                    .items()
                    .find(|item| item.content_id() == id)
                    .map(|item| item.name.clone());
                (id, name.unwrap_or_default())
            })
            .collect();
        let rules = self.rules().await?;
        let walk = tree.walk();
        let allowed = run
            .allowed_removals
            .and_then(|allowed| u64::try_from(allowed).ok());
        let decide = |unreadable: &[(String, String)]| {
            let facts = Facts {
                root: &found.name,
                placed: &walk.placed,
                unreadable,
                held: &held,
                allowed,
            };
            plan::decide(&facts, &rules)
        };
        let mut plan = decide(&unreadable);
        if is_full && plan.asks.is_none() {
            // That a list leaves something out is no proof: Drive is asked for each.
            let overlooked = self.overlooked(found, &tree, &plan).await?;
            if !overlooked.is_empty() {
                unreadable.extend(overlooked);
                plan = decide(&unreadable);
            }
        }
        let sums = sums(&plan, walk.folders, !unreadable.is_empty());
        let requests = run
            .requests
            .saturating_add(i64::try_from(found.session.requests()).unwrap_or(i64::MAX));
        let mut tx = self.db.begin_write().await?;
        if !runs::planned(
            &mut tx,
            &run.id,
            claim,
            &sums,
            requests,
            self.clock.now_ms(),
        )
        .await?
        {
            return Err(Stop::Lost);
        }
        ledger::drop_unchanged(&mut tx, &folder.id, &run.id).await?;
        for (seq, entry) in (0..).zip(&plan.entries) {
            ledger::insert(&mut tx, &run.id, seq, entry).await?;
        }
        if run.dry_run == 0 {
            for item in tree.items() {
                if known.get(&item.id) != Some(item) {
                    ledger::put_item(&mut tx, &folder.id, item).await?;
                }
            }
            if sums.is_partial || plan.asks.is_some() {
                // Nobody knows what else has changed, or whether so much is gone: everything is read the next time.
                folders::set_token(&mut tx, &folder.id, None, None).await?;
            } else {
                for id in known.keys().filter(|id| tree.get(id).is_none()) {
                    ledger::drop_item(&mut tx, &folder.id, id).await?;
                }
                let full_at = is_full.then_some(now);
                folders::set_token(&mut tx, &folder.id, new_token.as_deref(), full_at).await?;
            }
        }
        tx.commit().await?;
        Ok(())
    }
}

/// The folder of the tree, id and name, that a file lies in after all: folders between may be left out as well.
async fn way_into(
    found: &Found,
    tree: &Tree,
    too_deep: &BTreeSet<String>,
    file: File,
) -> Result<Option<(String, String)>, DriveError> {
    let mut above = file.parents.into_iter().flatten().next();
    for _ in 0..MOST_LEVELS {
        let Some(id) = above.take() else {
            break;
        };
        if id == found.root {
            return Ok(Some((id, "/".to_owned())));
        }
        let here = tree
            .items()
            .find(|item| item.is_folder() && item.content_id() == id);
        if let Some(folder) = here {
            // One that lies too deep is not read, and nobody says that its files are there.
            let is_read = !too_deep.contains(folder.id.as_str());
            return Ok(is_read.then(|| (id, folder.name.clone())));
        }
        above = match found.session.file(&id).await {
            Ok(folder) if folder.trashed.unwrap_or(false) => None,
            Ok(folder) => folder.parents.into_iter().flatten().next(),
            Err(DriveError::NotFound | DriveError::Refused(_)) => None,
            Err(error) => return Err(error),
        };
    }
    Ok(None)
}

/// What a plan comes to.
fn sums(plan: &Plan, folders: usize, is_partial: bool) -> Sums {
    let mut sums = Sums {
        is_partial,
        notice: plan.asks.map(super::model::Notice::as_str),
        folders: i64::try_from(folders).unwrap_or(i64::MAX),
        ..Sums::default()
    };
    for entry in &plan.entries {
        let count = match entry.outcome {
            Outcome::Unchanged => &mut sums.unchanged,
            Outcome::Skipped => &mut sums.skipped,
            Outcome::Failed => &mut sums.failed,
            Outcome::Pending | Outcome::Indexed => &mut sums.pending,
            Outcome::Waiting | Outcome::Removed => {
                sums.removals += 1;
                continue;
            }
        };
        *count += 1;
        sums.listed += 1;
    }
    sums
}
