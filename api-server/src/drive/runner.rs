//! Does runs: has them planned and carried out.
//!
//! A run is claimed as wishes of materials are: its owner holds the claim while it works, and a killed owner's claim ends by
//! itself. Before the plan stands nothing is written but how far reading is, so that is done again from its beginning;
//! from then on the ledger says what is left.

use std::sync::Arc;
use std::time::Duration;

use google_drive3::api::File;
use shared::clock::Clock;
use shared::db::{Db, DbError};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::access::{Access, AccessKind, Accesses};
use super::carry::Carrier;
use super::client::{DriveClient, Session};
use super::model::RunState;
use super::rules::{Rules, is_video};
use super::said::{is_live_folder, plain};
use super::store::folders::{self, FolderRow};
use super::store::runs::{self, RunRow};
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
    pub(super) async fn rules(&self) -> Result<Rules, DriveError> {
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
        let mut name = plain(file.name.unwrap_or_default());
        // The topmost folder of a shared drive is called "Drive", whatever the drive is called.
        if shared_drive.as_deref() == Some(root.as_str())
            && let Ok(drive) = session.drive(&root).await
        {
            name = drive.name.map_or(name, plain);
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
                Ok(file) if is_live_folder(&file) => return Ok((session, file)),
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
}
