//! Folders that are mirrored: seen, scheduled, forgotten.

use std::collections::BTreeMap;

use serde::Serialize;
use shared::clock::rfc3339;
use tracing::info;

use super::access::AccessKind;
use super::schedule;
use super::store::folders::{self, FolderRow};
use super::store::{ledger, runs};
use super::view::NoticeView;
use super::{DriveError, DriveService};
use crate::access::Caller;
use crate::materials::mirrored;
use crate::schedules::Zone as _;

/// A folder that is mirrored.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = DriveFolder)]
pub(crate) struct FolderView {
    /// Our id of it.
    pub id: String,
    /// Google's.
    pub drive_id: String,
    /// Its name; empty until it was seen.
    pub name: String,
    /// As whom it is read: `user`, `service_account`, `token_file` or `api_key`; null until it was seen.
    pub access: Option<&'static str>,
    /// Cron line of five fields.
    pub schedule: Option<String>,
    /// Levels that are read.
    pub max_depth: i64,
    /// RFC 3339, UTC.
    pub next_run_at: Option<String>,
    /// When it was last read in full; RFC 3339, UTC.
    pub full_at: Option<String>,
    /// State of its last run; null before the first.
    pub state: Option<String>,
    /// What somebody should know.
    pub notice: Option<NoticeView>,
    /// Files that are held of it.
    pub held: i64,
    /// Its last run.
    pub last_run_id: Option<String>,
    /// Name of who added it.
    pub created_by: String,
    /// RFC 3339, UTC.
    pub created_at: String,
}

impl DriveService {
    /// Every folder that is mirrored.
    pub(super) async fn folders(&self) -> Result<Vec<FolderView>, DriveError> {
        let held: BTreeMap<String, i64> = ledger::held(self.db()).await?.into_iter().collect();
        let mut views = Vec::new();
        for row in folders::list(self.db()).await? {
            let held = held.get(&row.id).copied().unwrap_or(0);
            views.push(self.view(row, held).await?);
        }
        Ok(views)
    }

    async fn view(&self, row: FolderRow, held: i64) -> Result<FolderView, DriveError> {
        let last = runs::latest(self.db(), &row.id).await?;
        let (state, last_run_id) = last.map(|run| (run.state, run.id)).unzip();
        Ok(FolderView {
            access: row
                .access
                .as_deref()
                .and_then(AccessKind::parse)
                .map(|kind| kind.method()),
            notice: row.notice.as_deref().map(NoticeView::notice),
            next_run_at: row.next_run_at.map(rfc3339),
            full_at: row.full_at.map(rfc3339),
            created_at: rfc3339(row.created_at),
            created_by: row.creator,
            id: row.id,
            drive_id: row.drive_id,
            name: row.name,
            schedule: row.schedule,
            max_depth: row.max_depth,
            state,
            held,
            last_run_id,
        })
    }

    async fn folder(&self, id: &str) -> Result<FolderRow, DriveError> {
        if !super::wanted::is_plain(id) {
            return Err(DriveError::Unknown("folder"));
        }
        folders::by_id(self.db(), id)
            .await?
            .ok_or(DriveError::Unknown("folder"))
    }

    /// Says when a folder is synced, and how deep.
    pub(super) async fn schedule(
        &self,
        id: &str,
        line: Option<String>,
        max_depth: Option<usize>,
    ) -> Result<FolderView, DriveError> {
        let folder = self.folder(id).await?;
        super::wanted::check(&super::wanted::Wanted {
            folder_id: folder.drive_id,
            max_depth,
            ..super::wanted::Wanted::default()
        })?;
        let line = line
            .map(|line| line.trim().to_owned())
            .filter(|line| !line.is_empty());
        let next = match &line {
            Some(line) => {
                let zone = self.runner().site.zone().await?;
                schedule::parse(line, zone, self.now())?.next(self.now())
            }
            None => None,
        };
        folders::set_schedule(self.db(), id, line.as_deref(), next).await?;
        if let Some(depth) = max_depth {
            folders::set_depth(self.db(), id, depth as i64).await?;
        }
        let held = ledger::holdings(self.db(), id).await?.len();
        self.view(
            self.folder(id).await?,
            i64::try_from(held).unwrap_or(i64::MAX),
        )
        .await
    }

    /// Mirrors a folder no more. Its materials stay as if somebody had sent them, or go.
    pub(super) async fn forget(
        &self,
        caller: &Caller,
        id: &str,
        removes: bool,
    ) -> Result<(), DriveError> {
        let folder = self.folder(id).await?;
        if let Some(run) = runs::going(self.db(), id).await? {
            self.cancel(caller, &run.id).await?;
        }
        let now = self.now();
        let mut former = Vec::new();
        let held = ledger::holdings(self.db(), id).await?;
        let mut tx = self.db().begin_write().await?;
        if removes {
            for held in held {
                former.extend(mirrored::remove(&mut tx, &held.material_uid, now).await?);
            }
        }
        folders::delete(&mut tx, id).await?;
        tx.commit().await?;
        info!(drive.folder = %folder.id, user.uid = %caller.account.uid, removed = former.len(), "a folder is mirrored no more");
        let materials = &self.runner().materials;
        materials.mirrored_changed();
        for hash in former {
            materials.drop_mirrored(&hash).await;
        }
        Ok(())
    }

    /// The next sync of every folder reads everything.
    pub(super) async fn read_anew(&self) -> Result<u64, DriveError> {
        Ok(folders::read_anew(self.db(), None).await?)
    }
}
