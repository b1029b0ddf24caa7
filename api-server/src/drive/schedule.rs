//! Folders that are synced by the clock.

use std::sync::Arc;
use std::time::Duration;

use croner::Cron;
use shared::db::DbError;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::service::begin;
use super::store::{folders, runs};
use super::{DriveError, Runner};
use crate::schedules::timing;

/// How often it is looked whose time has come.
const LOOK_EVERY: Duration = Duration::from_secs(15);
/// Who begins such a run.
const NAME: &str = "agenda";

/// A cron line of five fields.
///
/// # Errors
/// [`DriveError::Field`].
pub(super) fn parse(line: &str) -> Result<Cron, DriveError> {
    timing::cron(line).ok_or(DriveError::Field {
        pointer: "/schedule",
        detail: "não é uma linha de cron de cinco campos, como 0 3 * * *",
    })
}

/// Begins runs whose time has come, and forgets old ones.
#[derive(Debug)]
pub(crate) struct Scheduler {
    pub(crate) runner: Arc<Runner>,
}

impl Scheduler {
    /// Works until `stopping`.
    pub(crate) async fn run(self, stopping: CancellationToken) {
        loop {
            if let Err(error) = self.tick().await {
                warn!(error = %shared::telemetry::chain(&error), "schedules of Drive could not be looked at: {error}");
            }
            tokio::select! {
                () = stopping.cancelled() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    async fn tick(&self) -> Result<(), DriveError> {
        let runner = &self.runner;
        let now = runner.clock.now_ms();
        for folder in folders::due(&runner.db, now).await? {
            let next = folder
                .schedule
                .as_deref()
                .and_then(|line| parse(line).ok())
                .and_then(|cron| timing::next(&cron, runner.settings.time_zone, now));
            if folders::take_turn(&runner.db, &folder.id, folder.next_run_at, next).await? {
                let starter = (folder.created_by.as_deref(), NAME);
                match begin(runner, &folder.id, "incremental", false, None, starter).await {
                    Ok(run) => {
                        info!(drive.folder = %folder.id, drive.run = %run, "a sync was begun by its schedule");
                    }
                    Err(error) => {
                        warn!(drive.folder = %folder.id, error = %shared::telemetry::chain(&error), "a sync was not begun by its schedule");
                    }
                }
            }
        }
        self.forget(now).await?;
        Ok(())
    }

    async fn forget(&self, now: i64) -> Result<(), DbError> {
        let kept = i64::try_from(self.runner.settings.ledger_kept.as_millis()).unwrap_or(i64::MAX);
        runs::prune(&self.runner.db, now.saturating_sub(kept)).await?;
        super::access::store::prune(&self.runner.db, now).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;

    use super::*;

    #[test]
    fn schedules_are_told_in_the_time_of_the_school() {
        let zone: Tz = "America/Sao_Paulo".parse().unwrap();
        let cron = parse("0 3 * * *").unwrap();
        // 2026-03-10 12:00 UTC is 09:00 there; 03:00 of the next day is 06:00 UTC.
        let noon = 1_773_144_000_000;
        assert_eq!(
            timing::next(&cron, zone, noon),
            Some(noon + 18 * 3600 * 1000)
        );
    }

    #[test]
    fn what_is_no_cron_line_of_five_fields_is_refused() {
        for line in ["", "x", "0 3 * *", "0 0 3 * * *", "61 * * * *"] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
