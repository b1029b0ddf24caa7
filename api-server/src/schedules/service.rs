use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono_tz::Tz;
use serde::Deserialize;
use shared::clock::Clock;
use shared::db::{Db, DbError};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, instrument, warn};

use super::store::{self, NewRun, RunRow, ScheduleRow};
use super::timing::Timing;
use super::{Job, ScheduleError, Worker, Zone};
use crate::numbers::Counts;

/// Name of the lease.
const LEASE: &str = "scheduler";
/// How often the leader looks for what is due.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// A leader that was not heard of for so long leads no more.
const LEASE_MS: i64 = 30_000;
/// A run that did not end so long after its longest time has died with its process.
const GRACE: Duration = Duration::from_secs(60);
/// What is later than this was missed.
const LATE_MS: i64 = 60_000;
/// Runs shown of a schedule.
const SHOWN_RUNS: i64 = 50;

/// A run that is ours to carry out.
#[derive(Debug, Clone)]
pub(super) struct Taken {
    pub(super) job: Job,
    run: String,
    /// Somebody asked for it.
    is_asked: bool,
}

/// A schedule as it stands.
#[derive(Debug)]
pub(super) struct Standing {
    pub(super) job: Job,
    pub(super) row: ScheduleRow,
    pub(super) is_running: bool,
    pub(super) last: Option<RunRow>,
}

/// When a schedule is to be due from now on.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(from = "Option<String>")]
pub(super) enum NewTime {
    /// As before: nothing was said.
    #[default]
    Same,
    /// The usual time: null was said.
    Usual,
    /// Five fields of cron.
    At(String),
}

impl From<Option<String>> for NewTime {
    fn from(said: Option<String>) -> Self {
        said.map_or(Self::Usual, Self::At)
    }
}

/// Does what is due.
#[derive(Debug)]
pub(crate) struct Schedules {
    db: Db,
    worker: Arc<dyn Worker>,
    zone: Arc<dyn Zone>,
    /// Who we are among several processes.
    holder: String,
    counts: Counts,
    clock: Arc<dyn Clock>,
    /// The zone for which the rows of all jobs are there and say when they are due by this program's times.
    known: Mutex<Option<Tz>>,
    runs: TaskTracker,
    stopping: CancellationToken,
}

impl Schedules {
    /// What `worker` can do, by the clock that `zone` names; runs end early at `stopping`.
    pub(crate) fn new(
        db: Db,
        worker: Arc<dyn Worker>,
        zone: Arc<dyn Zone>,
        counts: Counts,
        clock: Arc<dyn Clock>,
        stopping: CancellationToken,
    ) -> Self {
        Self {
            db,
            worker,
            zone,
            holder: uuid::Uuid::now_v7().to_string(),
            counts,
            clock,
            known: Mutex::new(None),
            runs: TaskTracker::new(),
            stopping,
        }
    }

    /// Works until `stopping`; runs that go on then are interrupted.
    pub(crate) async fn run(self: Arc<Self>, stopping: CancellationToken) {
        loop {
            match self.look().await {
                Ok(taken) => {
                    for taken in taken {
                        let schedules = Arc::clone(&self);
                        self.runs
                            .spawn(async move { schedules.carry_out(taken).await });
                    }
                }
                Err(error) => {
                    warn!(error = %shared::telemetry::chain(&error), "schedules could not be looked for: {error}");
                }
            }
            tokio::select! {
                () = stopping.cancelled() => break,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
        self.stopping.cancel();
        self.runs.close();
        self.runs.wait().await;
        if let Err(error) = store::resign(&self.db, LEASE, &self.holder).await {
            warn!(error = %shared::telemetry::chain(&error), "the lead could not be given up: {error}");
        }
    }

    /// Takes the runs that are due, if we lead; each is taken once, whoever else looks.
    pub(super) async fn look(&self) -> Result<Vec<Taken>, ScheduleError> {
        let now = self.clock.now_ms();
        let until = now.saturating_add(LEASE_MS);
        if !store::lead(&self.db, LEASE, &self.holder, until, now).await? {
            return Ok(Vec::new());
        }
        let zone = self.know(now).await?;
        let mut taken = Vec::new();
        for row in store::due(&self.db, now).await? {
            let Some(job) = self.job(&row.name) else {
                continue;
            };
            let Some(next_at) = timing(&row, job, zone, now)?.next(now) else {
                continue;
            };
            if let Some(run) = self.take(&row, next_at, now).await? {
                taken.push(Taken {
                    job,
                    run,
                    is_asked: false,
                });
            }
        }
        Ok(taken)
    }

    async fn take(
        &self,
        row: &ScheduleRow,
        next_at: i64,
        now: i64,
    ) -> Result<Option<String>, DbError> {
        let id = uuid::Uuid::now_v7().to_string();
        let late = now.saturating_sub(row.next_at) > LATE_MS;
        let mut run = NewRun {
            id: &id,
            name: &row.name,
            planned_at: row.next_at,
            cause: if late { "missed" } else { "clock" },
            outcome: "running",
            actor: None,
            now,
        };
        let until = self.dead_at(now);
        if store::take(&self.db, row, next_at, &id, until, now).await? {
            store::began(&self.db, &run).await?;
            return Ok(Some(id));
        }
        if store::pass_over(&self.db, row, next_at, now).await? {
            run.outcome = "skipped";
            self.counts.ran(&row.name, "skipped");
            store::skipped(&self.db, &run).await?;
            warn!(schedule = %row.name, "{} is still running and was skipped", row.name);
        }
        Ok(None)
    }

    fn dead_at(&self, now: i64) -> i64 {
        let longest = self.worker.patience().saturating_add(GRACE);
        now.saturating_add(i64::try_from(longest.as_millis()).unwrap_or(i64::MAX))
    }

    /// Makes the rows of new jobs, and computes anew when the others are due after their time or the zone was changed.
    async fn know(&self, now: i64) -> Result<Tz, ScheduleError> {
        let zone = self.zone.zone().await?;
        if *self.known.lock().unwrap_or_else(PoisonError::into_inner) == Some(zone) {
            return Ok(zone);
        }
        let rows = store::all(&self.db).await?;
        for job in self.worker.jobs() {
            let row = rows.iter().find(|row| row.name == job.name);
            let timing = match row {
                Some(row) => timing(row, *job, zone, now)?,
                None => Timing::parse(job.cron, zone, now)?,
            };
            let next_at = timing.next(now).ok_or(ScheduleError::Never)?;
            match row {
                None => store::know(&self.db, job.name, next_at, &timing.text()).await?,
                Some(row) if row.timing != timing.text() => {
                    let changed = ScheduleRow {
                        next_at,
                        timing: timing.text(),
                        ..row.clone()
                    };
                    store::change(&self.db, &changed).await?;
                }
                Some(_) => {}
            }
        }
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(zone);
        Ok(zone)
    }

    fn job(&self, name: &str) -> Option<Job> {
        let mut jobs = self.worker.jobs().iter();
        jobs.find(|job| job.name == name).copied()
    }

    /// Carries a run out and writes down how it ended.
    #[instrument(name = "schedule", skip_all, fields(schedule = taken.job.name, run = %taken.run))]
    pub(super) async fn carry_out(&self, taken: Taken) -> RunEnd {
        let name = taken.job.name;
        let patience = self.worker.patience();
        let (outcome, detail) = tokio::select! {
            done = tokio::time::timeout(patience, self.worker.run(name, taken.is_asked)) => match done {
                Ok(Ok(detail)) => ("done", detail),
                Ok(Err(error)) => ("failed", format!("{error:#}")),
                Err(_) => ("timed_out", format!("took longer than {} s", patience.as_secs())),
            },
            () = self.stopping.cancelled() => ("interrupted", "the server stopped".to_owned()),
        };
        self.counts.ran(name, outcome);
        if outcome == "done" {
            info!(schedule = name, "{name}: {detail}");
        } else {
            warn!(schedule = name, outcome, "{name} {outcome}: {detail}");
        }
        let now = self.clock.now_ms();
        let written = async {
            store::ended(&self.db, &taken.run, now, outcome, &detail).await?;
            store::end(&self.db, name, &taken.run).await
        };
        if let Err(error) = written.await {
            warn!(schedule = name, error = %shared::telemetry::chain(&error), "the end of {name} could not be noted: {error}");
        }
        RunEnd { outcome, detail }
    }

    /// Every schedule with its last run.
    pub(super) async fn list(&self) -> Result<Vec<Standing>, ScheduleError> {
        let now = self.clock.now_ms();
        self.know(now).await?;
        let rows = store::all(&self.db).await?;
        let mut last = store::last(&self.db).await?;
        let standing = rows.into_iter().filter_map(|row| {
            let job = self.job(&row.name)?;
            let place = last.iter().position(|run| run.name == row.name);
            Some(Standing {
                job,
                is_running: row.runs_at(now),
                last: place.map(|place| last.swap_remove(place)),
                row,
            })
        });
        Ok(standing.collect())
    }

    /// The last runs of a schedule, the newest first.
    pub(super) async fn runs(&self, name: &str) -> Result<Vec<RunRow>, ScheduleError> {
        self.job(name).ok_or(ScheduleError::NotFound)?;
        Ok(store::runs(&self.db, name, SHOWN_RUNS).await?)
    }

    /// Sets another time, pauses or goes on. What fell into a pause is not made up.
    pub(super) async fn change(
        &self,
        name: &str,
        time: NewTime,
        paused: Option<bool>,
    ) -> Result<Standing, ScheduleError> {
        let now = self.clock.now_ms();
        let job = self.job(name).ok_or(ScheduleError::NotFound)?;
        let zone = self.know(now).await?;
        let mut row = store::one(&self.db, name)
            .await?
            .ok_or(ScheduleError::NotFound)?;
        match time {
            NewTime::Same => {}
            NewTime::Usual => row.cron = None,
            NewTime::At(text) => {
                let timing = Timing::parse(&text, zone, now)?;
                row.cron = Some(timing.cron().to_owned());
            }
        }
        row.paused = paused.unwrap_or(row.paused);
        let timing = timing(&row, job, zone, now)?;
        row.next_at = timing.next(now).ok_or(ScheduleError::Never)?;
        row.timing = timing.text();
        store::change(&self.db, &row).await?;
        let last = store::runs(&self.db, name, 1).await?.into_iter().next();
        Ok(Standing {
            job,
            is_running: row.runs_at(now),
            row,
            last,
        })
    }

    /// Takes a run that somebody asked for, paused or not.
    pub(super) async fn start(&self, name: &str, actor: &str) -> Result<Taken, ScheduleError> {
        let now = self.clock.now_ms();
        let job = self.job(name).ok_or(ScheduleError::NotFound)?;
        self.know(now).await?;
        let run = uuid::Uuid::now_v7().to_string();
        let until = self.dead_at(now);
        if !store::start(&self.db, name, &run, until, now).await? {
            return Err(ScheduleError::Running);
        }
        let row = NewRun {
            id: &run,
            name,
            planned_at: now,
            cause: "asked",
            outcome: "running",
            actor: Some(actor),
            now,
        };
        store::began(&self.db, &row).await?;
        Ok(Taken {
            job,
            run,
            is_asked: true,
        })
    }

    /// Runs something now; how it ended, or nothing when that takes longer than `patience`: it goes on then.
    pub(super) async fn run_now(
        self: &Arc<Self>,
        name: &str,
        actor: &str,
        patience: Duration,
    ) -> Result<Option<RunEnd>, ScheduleError> {
        let taken = self.start(name, actor).await?;
        let schedules = Arc::clone(self);
        let run = self
            .runs
            .spawn(async move { schedules.carry_out(taken).await });
        Ok(tokio::time::timeout(patience, run)
            .await
            .ok()
            .and_then(Result::ok))
    }

    /// The time zone of the times.
    pub(super) async fn zone(&self) -> Result<Tz, ScheduleError> {
        Ok(self.zone.zone().await?)
    }
}

/// When a schedule is due: at its own time, or else the usual one.
fn timing(row: &ScheduleRow, job: Job, zone: Tz, now: i64) -> Result<Timing, ScheduleError> {
    Timing::parse(row.cron.as_deref().unwrap_or(job.cron), zone, now)
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RunEnd {
    /// `done`, `failed`, `timed_out` or `interrupted`.
    pub(super) outcome: &'static str,
    /// What it did, or what went wrong.
    pub(super) detail: String,
}
