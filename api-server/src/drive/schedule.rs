//! Folders that are synced by the clock: begun by a schedule of the whole system, each at its own time.

use chrono_tz::Tz;
use shared::db::DbError;
use tracing::{info, warn};

use super::service::begin;
use super::store::folders::{self, FolderRow};
use super::store::runs;
use super::{DriveError, Runner};
use crate::schedules::{ScheduleError, Timing, Zone as _};

/// Who begins such a run.
const NAME: &str = "agenda";

/// A cron line of five fields that comes.
///
/// # Errors
/// [`DriveError::Field`].
pub(super) fn parse(line: &str, zone: Tz, now: i64) -> Result<Timing, DriveError> {
    Timing::parse(line, zone, now).map_err(|error| DriveError::Field {
        pointer: "/schedule",
        detail: match error {
            ScheduleError::Never => "nunca chega a sua hora",
            _ => "não é uma linha de cron de cinco campos, como 0 3 * * *",
        },
    })
}

impl Runner {
    /// Begins the syncs of folders whose time has come; of all that have a time where somebody asked for it now. How many.
    ///
    /// # Errors
    /// The database.
    pub(crate) async fn begin_due(&self, is_asked: bool) -> Result<usize, DriveError> {
        let now = self.clock.now_ms();
        let zone = self.site.zone().await?;
        let mut begun: usize = 0;
        for folder in folders::timed(&self.db).await? {
            let line = folder.schedule.as_deref().unwrap_or_default();
            let next = parse(line, zone, now)
                .ok()
                .and_then(|timing| timing.next(now));
            let is_due = folder.next_run_at.is_some_and(|at| at <= now);
            // The same as before, unless the zone is another one now.
            let is_ours = folder.next_run_at == next
                || folders::take_turn(&self.db, &folder.id, folder.next_run_at, next).await?;
            if is_ours && (is_due || is_asked) && self.begin_one(&folder).await {
                begun = begun.saturating_add(1);
            }
        }
        Ok(begun)
    }

    async fn begin_one(&self, folder: &FolderRow) -> bool {
        let starter = (folder.created_by.as_deref(), NAME);
        match begin(self, &folder.id, "incremental", false, None, starter).await {
            Ok(run) => {
                info!(drive.folder = %folder.id, drive.run = %run, "a sync was begun by its schedule");
                true
            }
            Err(error) => {
                warn!(drive.folder = %folder.id, error = %shared::telemetry::chain(&error), "a sync was not begun by its schedule");
                false
            }
        }
    }

    /// Forgets runs that are old enough, and consents that nobody ended.
    ///
    /// # Errors
    /// The database.
    pub(crate) async fn forget(&self) -> Result<(), DbError> {
        let now = self.clock.now_ms();
        let kept = i64::try_from(self.settings.ledger_kept.as_millis()).unwrap_or(i64::MAX);
        runs::prune(&self.db, now.saturating_sub(kept)).await?;
        super::access::store::prune(&self.db, now).await?;
        Ok(())
    }
}
