//! What is done by the clock: when, by whom of several processes, how it went.
//!
//! Times are five fields of cron in the course's time zone as it is now: when administrators set another one, what is due
//! is computed anew, by all processes with the next look. One process leads (a lease in the database) and looks for what
//! is due; a run belongs to whoever moves its schedule on from the time that was due, so that even two leaders run it
//! once. Runs that were missed are made up once. A schedule does not overlap itself: what is due while a run goes on is
//! skipped. A run may take five minutes.
//!
//! Daylight saving: a fixed time that the clock leaps over is due at the first moment after the leap; one that the clock
//! shows twice, the first time alone. Steps and wildcards follow the clock on the wall.

mod error;
pub(crate) mod routes;
mod service;
pub(crate) mod store;
mod timing;

use std::time::Duration;

use async_trait::async_trait;
use chrono_tz::Tz;
use shared::db::DbError;

pub(crate) use error::ScheduleError;
pub(crate) use service::Schedules;
pub(crate) use timing::{Timing, moment};

#[cfg(test)]
mod tests;

/// Something that is done by the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Job {
    /// Its name on the wire.
    pub(crate) name: &'static str,
    /// What it does, for people.
    pub(crate) title: &'static str,
    /// When, unless somebody says otherwise: five fields of cron.
    pub(crate) cron: &'static str,
}

/// Whose clock is meant.
#[async_trait]
pub(crate) trait Zone: Send + Sync + std::fmt::Debug {
    /// The course's time zone, as it is now.
    async fn zone(&self) -> Result<Tz, DbError>;
}

/// Who does it.
#[async_trait]
pub(crate) trait Worker: Send + Sync + std::fmt::Debug {
    /// Everything that can be done.
    fn jobs(&self) -> &'static [Job];

    /// Longest run.
    fn patience(&self) -> Duration {
        Duration::from_secs(300)
    }

    /// Does the job of this name; what it did, for people. `is_asked` where somebody asked for it now. Dropped when it takes too long: what it began must be undone
    /// or done again by the next run.
    async fn run(&self, name: &str, is_asked: bool) -> anyhow::Result<String>;
}
