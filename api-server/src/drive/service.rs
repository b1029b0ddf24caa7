//! Rules of syncs: begun, looked at, confirmed, cancelled.

use std::sync::Arc;

use secrecy::ExposeSecret as _;
use shared::clock::Clock;
use shared::db::Db;
use shared::settings::SecretString;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tracing::info;

use super::access::{Accesses, Consents};
use super::client::DriveClient;
use super::model::{Outcome, RunState};
use super::store::folders::{self, FolderRow};
use super::store::ledger::{self, LedgerRow};
use super::store::runs::{self, NewRun, RunRow};
use super::view::{LedgerView, ProgressView, RunView};
use super::wanted::{Wanted, check, is_plain};
use super::{DriveError, DriveSettings, Runner};
use crate::access::Caller;
use crate::materials::MaterialService;
use crate::sealing::Sealer;
use crate::site::SiteService;

/// Files that progress names.
const PROCESSED: i64 = 200;

/// Syncs.
#[derive(Debug)]
pub(crate) struct DriveService {
    pub(super) runner: Arc<Runner>,
    pub(super) consents: Consents,
    pub(super) stopping: CancellationToken,
}

impl DriveService {
    /// Reaches Drive as the settings say.
    #[allow(
        clippy::too_many_arguments,
        reason = "each of them is a part of its own"
    )]
    pub(crate) fn new(
        settings: DriveSettings,
        http: reqwest::Client,
        db: Db,
        materials: Arc<MaterialService>,
        site: Arc<SiteService>,
        secrets: &[&SecretString],
        clock: Arc<dyn Clock>,
        stopping: CancellationToken,
    ) -> Self {
        let sealer = Arc::new(Sealer::new("acervo api-server 2026 drive secrets", secrets));
        let accesses = Arc::new(Accesses::new(
            settings.clone(),
            http.clone(),
            db.clone(),
            Arc::clone(&sealer),
        ));
        let client = Arc::new(DriveClient::new(
            http,
            Arc::clone(&accesses),
            settings.clone(),
            Arc::clone(&clock),
        ));
        let runner = Arc::new(Runner {
            db,
            client,
            accesses: Arc::clone(&accesses),
            materials,
            site,
            sealer,
            settings,
            clock: Arc::clone(&clock),
            due: Notify::new(),
            changes: watch::channel(0).0,
        });
        Self {
            runner,
            consents: Consents { accesses, clock },
            stopping,
        }
    }

    /// Does runs.
    pub(crate) fn runner(&self) -> &Arc<Runner> {
        &self.runner
    }

    /// People's consents.
    pub(super) fn consents(&self) -> &Consents {
        &self.consents
    }

    pub(super) fn db(&self) -> &Db {
        &self.runner.db
    }

    pub(super) fn now(&self) -> i64 {
        self.runner.clock.now_ms()
    }

    /// Whether Drive can be read as somebody.
    pub(super) async fn is_authenticated(&self, uid: &str) -> Result<bool, DriveError> {
        let grant = self.consents.grant(uid).await?;
        Ok(self.runner.accesses.is_configured().await
            || grant.is_some_and(|grant| grant.state == super::access::store::OK))
    }

    /// Begins a sync, or joins the one that is going; its id.
    pub(crate) async fn start(
        &self,
        caller: &Caller,
        wanted: Wanted,
    ) -> Result<String, DriveError> {
        check(&wanted)?;
        let known = folders::by_drive_id(self.db(), &wanted.folder_id).await?;
        let has_access = known
            .as_ref()
            .is_some_and(|folder| folder.access.is_some() || folder.api_key.is_some());
        if !has_access
            && wanted.api_key.is_none()
            && !self.is_authenticated(&caller.account.uid).await?
        {
            return Err(DriveError::NotConfigured);
        }
        let folder = self.folder_of(caller, &wanted).await?;
        let kind = if wanted.is_full {
            "full"
        } else {
            "incremental"
        };
        self.begin(
            &folder.id,
            kind,
            wanted.is_dry,
            None,
            (Some(&caller.account.uid), &caller.account.username),
        )
        .await
    }

    /// The folder, known from now on.
    async fn folder_of(&self, caller: &Caller, wanted: &Wanted) -> Result<FolderRow, DriveError> {
        let db = self.db();
        let depth = wanted.max_depth.map(|depth| depth as i64);
        let new = FolderRow {
            id: uuid::Uuid::now_v7().to_string(),
            drive_id: wanted.folder_id.clone(),
            name: String::new(),
            access: None,
            api_key: None,
            shared_drive: None,
            max_depth: wanted
                .max_depth
                .or(wanted.first_depth)
                .unwrap_or(self.runner.settings.max_depth) as i64,
            schedule: None,
            next_run_at: None,
            page_token: None,
            full_at: None,
            notice: None,
            created_by: Some(caller.account.uid.clone()),
            creator: caller.account.username.clone(),
            created_at: self.now(),
        };
        folders::insert(db, &new).await?;
        let known = folders::by_drive_id(db, &wanted.folder_id)
            .await?
            .ok_or(DriveError::Unknown("folder"))?;
        if let Some(key) = &wanted.api_key {
            let sealed = self
                .runner
                .sealer
                .seal(&known.id, key.expose_secret().as_bytes())
                .map_err(|_| DriveError::Credentials("cannot be sealed".to_owned()))?;
            folders::set_key(db, &known.id, &sealed).await?;
        }
        if let Some(depth) = depth {
            folders::set_depth(db, &known.id, depth).await?;
        }
        Ok(known)
    }

    /// Begins a run, or joins the one that is going; its id.
    pub(super) async fn begin(
        &self,
        folder: &str,
        kind: &str,
        is_dry: bool,
        allowed_removals: Option<i64>,
        starter: (Option<&str>, &str),
    ) -> Result<String, DriveError> {
        begin(
            &self.runner,
            folder,
            kind,
            is_dry,
            allowed_removals,
            starter,
        )
        .await
    }

    pub(super) async fn row(&self, id: &str) -> Result<RunRow, DriveError> {
        // Others cannot be ids of ours, and not every database takes every text.
        if !is_plain(id) {
            return Err(DriveError::Unknown("run"));
        }
        runs::by_id(self.db(), id)
            .await?
            .ok_or(DriveError::Unknown("run"))
    }

    /// A run.
    pub(super) async fn run(&self, id: &str) -> Result<RunView, DriveError> {
        Ok(RunView::of(&self.row(id).await?, self.now()))
    }

    /// Runs, latest first.
    pub(super) async fn runs(
        &self,
        folder: &str,
        before: &str,
        limit: i64,
    ) -> Result<Vec<RunView>, DriveError> {
        let rows = runs::list(self.db(), folder, before, limit).await?;
        let now = self.now();
        Ok(rows.iter().map(|row| RunView::of(row, now)).collect())
    }

    /// The ledger of a run.
    pub(super) async fn ledger(
        &self,
        id: &str,
        outcome: Option<Outcome>,
        after: i64,
        limit: i64,
    ) -> Result<Vec<LedgerView>, DriveError> {
        let run = self.row(id).await?;
        let outcome = outcome.map(Outcome::as_str).unwrap_or_default();
        let rows = ledger::list(self.db(), &run.id, outcome, after, limit).await?;
        Ok(rows.into_iter().map(LedgerView::from).collect())
    }

    /// How far a run is, as the web application reads it.
    pub(super) async fn progress(&self, id: &str) -> Result<ProgressView, DriveError> {
        let row = self.row(id).await?;
        self.progress_of(&row).await
    }

    /// The same of every run that is going.
    pub(super) async fn all_progress(&self) -> Result<Vec<ProgressView>, DriveError> {
        let mut all = Vec::new();
        for row in runs::all_going(self.db()).await? {
            all.push(self.progress_of(&row).await?);
        }
        Ok(all)
    }

    async fn progress_of(&self, row: &RunRow) -> Result<ProgressView, DriveError> {
        let processed: Vec<LedgerRow> = if row.ended_at.is_some() {
            ledger::list(self.db(), &row.id, Outcome::Indexed.as_str(), -1, PROCESSED).await?
        } else {
            Vec::new()
        };
        Ok(ProgressView::of(row, processed, self.now()))
    }

    /// Cancels a run; one that has ended is left alone.
    pub(super) async fn cancel(&self, caller: &Caller, id: &str) -> Result<(), DriveError> {
        let run = self.row(id).await?;
        if runs::cancel(self.db(), &run.id, self.now()).await? {
            info!(drive.run = %run.id, user.uid = %caller.account.uid, "run {} was cancelled", run.id);
            self.runner.changed();
        }
        Ok(())
    }

    /// Begins a run that may remove as many materials as the last one was about to; its id.
    pub(super) async fn confirm(
        &self,
        caller: &Caller,
        id: &str,
        removals: Option<i64>,
    ) -> Result<String, DriveError> {
        let run = self.row(id).await?;
        let latest = runs::latest(self.db(), &run.folder).await?;
        if run.state != RunState::NeedsConfirmation.as_str()
            || latest.is_none_or(|latest| latest.id != run.id)
        {
            return Err(DriveError::State(
                "Esta sincronização não espera confirmação; consulte a mais recente da pasta.",
            ));
        }
        if removals != Some(run.removals) {
            return Err(DriveError::State(
                "O número confirmado não é o de remoções que a sincronização informa.",
            ));
        }
        info!(drive.run = %run.id, user.uid = %caller.account.uid, removals = run.removals, "removals were confirmed");
        self.begin(
            &run.folder,
            "incremental",
            false,
            removals,
            (Some(&caller.account.uid), &caller.account.username),
        )
        .await
    }

    /// Every file is fetched again: how many, and the runs that do it.
    pub(super) async fn fetch_anew(
        &self,
        caller: &Caller,
    ) -> Result<(u64, Vec<String>), DriveError> {
        let files = ledger::fetch_anew(self.db()).await?;
        let mut begun = Vec::new();
        for folder in folders::list(self.db()).await? {
            // One that was never read has nothing to fetch again.
            if folder.access.is_some() {
                let starter = (
                    Some(caller.account.uid.as_str()),
                    caller.account.username.as_str(),
                );
                begun.push(
                    self.begin(&folder.id, "incremental", false, None, starter)
                        .await?,
                );
            }
        }
        Ok((files, begun))
    }
}

/// Begins a run, or joins the one that is going; its id.
pub(super) async fn begin(
    runner: &Runner,
    folder: &str,
    kind: &str,
    is_dry: bool,
    allowed_removals: Option<i64>,
    starter: (Option<&str>, &str),
) -> Result<String, DriveError> {
    let id = uuid::Uuid::now_v7().to_string();
    let run = NewRun {
        id: &id,
        folder,
        kind,
        is_dry,
        allowed_removals,
        starter,
        now: runner.clock.now_ms(),
    };
    if runs::insert(&runner.db, &run).await? {
        runner.due.notify_one();
        runner.changed();
        return Ok(id);
    }
    match runs::going(&runner.db, folder).await? {
        Some(going) => Ok(going.id),
        // It ended a moment ago.
        None => Err(DriveError::State(
            "A sincronização anterior acabou de terminar; tente de novo.",
        )),
    }
}
