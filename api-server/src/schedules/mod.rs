//! What is done by the clock: when, by whom of several processes, how it went.
//!
//! Times are five fields of cron in the course's time zone. One process leads (a lease in the database) and looks for what
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

/// Who does it.
#[async_trait]
pub(crate) trait Worker: Send + Sync + std::fmt::Debug {
    /// Everything that can be done.
    fn jobs(&self) -> &'static [Job];

    /// Longest run.
    fn patience(&self) -> Duration {
        Duration::from_secs(300)
    }

    /// Does the job of this name; what it did, for people. Dropped when it takes too long: what it began must be undone
    /// or done again by the next run.
    async fn run(&self, name: &str) -> anyhow::Result<String>;
}
