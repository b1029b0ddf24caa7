use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Datelike as _, NaiveDate, TimeZone as _, Timelike as _, Utc, Weekday};
use chrono_tz::Tz;
use shared::clock::Clock;
use shared::db::DbError;
use shared::testing::{ManualClock, TestDb};
use tokio_util::sync::CancellationToken;

use super::service::{NewTime, Taken};
use super::timing::Timing;
use super::*;

const JOBS: &[Job] = &[
    Job {
        name: "quarter",
        title: "",
        cron: "*/15 * * * *",
    },
    Job {
        name: "night",
        title: "",
        cron: "30 2 * * *",
    },
    Job {
        name: "morning",
        title: "",
        cron: "0 8 * * *",
    },
    Job {
        name: "sunday",
        title: "",
        cron: "0 2 * * 0",
    },
];
const HOUR: i64 = 3_600_000;

/// Notes what is done; a job can be held.
#[derive(Debug, Default)]
struct Notebook {
    clock: Option<Arc<ManualClock>>,
    jobs: &'static [Job],
    done: Mutex<BTreeMap<String, Vec<i64>>>,
    held: AtomicBool,
}

#[async_trait]
impl Worker for Notebook {
    fn jobs(&self) -> &'static [Job] {
        self.jobs
    }

    fn patience(&self) -> Duration {
        if self.held.load(Ordering::SeqCst) {
            Duration::from_millis(10)
        } else {
            Duration::from_secs(300)
        }
    }

    async fn run(&self, name: &str, _is_asked: bool) -> anyhow::Result<String> {
        if self.held.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        let now = self.clock.as_ref().unwrap().now_ms();
        let mut done = self.done.lock().unwrap();
        done.entry(name.to_owned()).or_default().push(now);
        anyhow::ensure!(name != "sunday", "not on a Sunday");
        Ok("done".to_owned())
    }
}

/// A zone that a test sets.
#[derive(Debug)]
struct Wall(Mutex<Tz>);

#[async_trait]
impl Zone for Wall {
    async fn zone(&self) -> Result<Tz, DbError> {
        Ok(*self.0.lock().unwrap())
    }
}

struct World {
    test: TestDb,
    clock: Arc<ManualClock>,
    notebook: Arc<Notebook>,
    wall: Arc<Wall>,
}

impl World {
    async fn at(test: TestDb, zone: Tz, start: i64) -> Self {
        Self::with(test, zone, start, JOBS).await
    }

    async fn with(test: TestDb, zone: Tz, start: i64, jobs: &'static [Job]) -> Self {
        shared::db::migrate(
            test.db(),
            &sqlx::migrate!("migrations/sqlite"),
            &sqlx::migrate!("migrations/postgres"),
        )
        .await
        .unwrap();
        let clock = Arc::new(ManualClock::at(start));
        let notebook = Arc::new(Notebook {
            clock: Some(Arc::clone(&clock)),
            jobs,
            ..Notebook::default()
        });
        Self {
            test,
            clock,
            notebook,
            wall: Arc::new(Wall(Mutex::new(zone))),
        }
    }

    /// One more process.
    fn process(&self) -> Arc<Schedules> {
        Arc::new(Schedules::new(
            self.test.db().clone(),
            Arc::clone(&self.notebook) as Arc<dyn Worker>,
            Arc::clone(&self.wall) as Arc<dyn Zone>,
            crate::numbers::Counts::default(),
            Arc::clone(&self.clock) as Arc<dyn Clock>,
            CancellationToken::new(),
        ))
    }

    fn done(&self, name: &str) -> Vec<i64> {
        let done = self.notebook.done.lock().unwrap();
        done.get(name).cloned().unwrap_or_default()
    }
}

async fn work(process: &Schedules) -> Vec<&'static str> {
    let mut names = Vec::new();
    for taken in process.look().await.unwrap() {
        names.push(taken.job.name);
        process.carry_out(taken).await;
    }
    names
}

fn utc(text: &str) -> i64 {
    text.parse::<DateTime<Utc>>().unwrap().timestamp_millis()
}

/// When a daily time is due, told without any cron: on every day, the first moment at or after that time of day which the
/// zone's clock shows.
fn daily(
    zone: Tz,
    from: i64,
    to: i64,
    (hour, minute): (u32, u32),
    day: Option<Weekday>,
) -> Vec<i64> {
    let date = |ms: i64| zone.timestamp_millis_opt(ms).unwrap().date_naive();
    let mut due = Vec::new();
    let mut date_now = date(from);
    while date_now <= date(to) {
        if day.is_none_or(|day| date_now.weekday() == day) {
            due.push(first_moment(zone, date_now, hour * 60 + minute));
        }
        date_now = date_now.succ_opt().unwrap();
    }
    due.retain(|at| (from + 1..=to).contains(at));
    due
}

fn first_moment(zone: Tz, date: NaiveDate, minute: u32) -> i64 {
    (minute..24 * 60)
        .find_map(|minute| {
            let time = date.and_hms_opt(minute / 60, minute % 60, 0).unwrap();
            zone.from_local_datetime(&time).earliest()
        })
        .unwrap()
        .timestamp_millis()
}

/// A year: from due time to due time, minute by minute around the changes of the clock, with two processes that look in
/// turn and are now and then made anew.
async fn a_year(test: TestDb, zone: Tz, start: &str, changes: &[&str]) {
    const YEAR_JOBS: &[Job] = &[
        Job {
            name: "often",
            title: "",
            cron: "20 */6 * * *",
        },
        Job {
            name: "night",
            title: "",
            cron: "30 2 * * *",
        },
        Job {
            name: "morning",
            title: "",
            cron: "0 8 * * *",
        },
        Job {
            name: "sunday",
            title: "",
            cron: "0 2 * * 0",
        },
    ];
    let start = utc(start);
    let end = start + 365 * 24 * HOUR;
    let often: BTreeSet<i64> = [0, 6, 12, 18]
        .into_iter()
        .flat_map(|hour| daily(zone, start, end, (hour, 20), None))
        .collect();
    let often: Vec<i64> = often.into_iter().collect();
    let expected = BTreeMap::from([
        ("often", often),
        ("night", daily(zone, start, end, (2, 30), None)),
        ("morning", daily(zone, start, end, (8, 0), None)),
        (
            "sunday",
            daily(zone, start, end, (2, 0), Some(Weekday::Sun)),
        ),
    ]);
    let mut moments: BTreeSet<i64> = expected.values().flatten().copied().collect();
    for change in changes {
        moments.extend((-180..180).map(|minutes| utc(change) + minutes * 60_000));
    }
    let world = World::with(test, zone, start, YEAR_JOBS).await;
    let mut processes = [world.process(), world.process()];
    assert!(work(&processes[0]).await.is_empty());
    for (turn, now) in moments.into_iter().enumerate() {
        let mut now = now;
        if turn % 500 == 499 {
            // Begun anew, both: whoever led before is waited for.
            processes = [world.process(), world.process()];
            now += 31_000;
        }
        world.clock.set(now);
        work(&processes[turn % 2]).await;
        work(&processes[(turn + 1) % 2]).await;
    }
    let minutes = |times: &[i64]| times.iter().map(|at| at / 60_000).collect::<Vec<_>>();
    for (name, times) in expected {
        assert_eq!(minutes(&world.done(name)), minutes(&times), "{name}");
    }
    world.test.finish().await;
}

#[tokio::test]
async fn a_year_with_two_schedulers_in_lisbon() {
    let changes = ["2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z"];
    a_year(
        TestDb::sqlite().await,
        Tz::Europe__Lisbon,
        "2026-01-01T00:00:00Z",
        &changes,
    )
    .await;
}

#[test]
fn fixed_times_come_once_a_day_wherever_the_clock_changes() {
    for (zone, year) in [
        (Tz::America__Sao_Paulo, 2018),
        (Tz::America__New_York, 2026),
        (Tz::Europe__Lisbon, 2026),
        (Tz::Australia__Lord_Howe, 2026),
        (Tz::UTC, 2027),
    ] {
        let from = zone
            .with_ymd_and_hms(year, 1, 1, 0, 0, 0)
            .earliest()
            .unwrap();
        let (from, to) = (
            from.timestamp_millis(),
            from.timestamp_millis() + 365 * 24 * HOUR,
        );
        for (hour, minute) in [(0, 0), (1, 15), (2, 30), (3, 0), (8, 0), (23, 59)] {
            let timing = Timing::parse(&format!("{minute} {hour} * * *"), zone, from).unwrap();
            let mut found = Vec::new();
            let mut now = from;
            while let Some(next) = timing.next(now).filter(|next| *next <= to) {
                found.push(next);
                now = next;
            }
            let shown = |times: Vec<i64>| -> Vec<String> {
                let at = |at: i64| zone.timestamp_millis_opt(at).unwrap().to_rfc3339();
                times.into_iter().map(at).collect()
            };
            let expected = daily(zone, from, to, (hour, minute), None);
            assert_eq!(shown(found), shown(expected), "{zone} {hour}:{minute}");
        }
    }
}

#[test]
fn every_step_follows_the_clock_on_the_wall() {
    let zone = Tz::America__New_York;
    let from = utc("2026-03-08T04:00:00Z");
    let timing = Timing::parse("*/20 * * * *", zone, from).unwrap();
    let mut now = from;
    for _ in 0..40 {
        let next = timing.next(now).unwrap();
        assert_eq!(next - now, 20 * 60_000);
        assert_eq!(zone.timestamp_millis_opt(next).unwrap().minute() % 20, 0);
        now = next;
    }
}

#[test]
fn what_is_no_time_or_never_comes_is_refused() {
    let now = utc("2026-01-01T00:00:00Z");
    for text in [
        "",
        "* * * *",
        "* * * * * *",
        "@daily",
        "61 * * * *",
        "a b c d e",
        "0 0 0 * *",
    ] {
        let refused = Timing::parse(text, Tz::UTC, now);
        assert!(
            matches!(refused, Err(ScheduleError::Malformed)),
            "{text}: {refused:?}"
        );
    }
    for text in ["0 0 31 2 *", "0 0 30 2 *"] {
        let refused = Timing::parse(text, Tz::UTC, now);
        assert!(
            matches!(refused, Err(ScheduleError::Never)),
            "{text}: {refused:?}"
        );
    }
    let leap = Timing::parse("0 0 29 2 *", Tz::UTC, now).unwrap();
    assert_eq!(leap.next(now), Some(utc("2028-02-29T00:00:00Z")));
}

#[tokio::test]
async fn what_was_missed_is_made_up_once() {
    for test in TestDb::all().await {
        let world = World::at(test, Tz::UTC, utc("2026-01-01T00:00:00Z")).await;
        work(&world.process()).await;
        world.clock.set(utc("2026-01-04T12:07:00Z"));
        let process = world.process();
        let mut names = work(&process).await;
        names.sort_unstable();
        assert_eq!(names, ["morning", "night", "quarter", "sunday"]);
        assert!(work(&process).await.is_empty());
        let run = &process.runs("morning").await.unwrap()[0];
        assert_eq!(
            (run.cause.as_str(), run.outcome.as_str()),
            ("missed", "done")
        );
        assert_eq!(run.planned_at, utc("2026-01-01T08:00:00Z"));
        let run = &process.runs("sunday").await.unwrap()[0];
        assert_eq!(
            (run.outcome.as_str(), run.detail.as_deref()),
            ("failed", Some("not on a Sunday"))
        );
        world.test.finish().await;
    }
}

#[tokio::test]
async fn one_of_two_leads_until_it_is_silent() {
    for test in TestDb::all().await {
        let start = utc("2026-01-01T00:00:00Z");
        let world = World::at(test, Tz::UTC, start).await;
        let (one, other) = (world.process(), world.process());
        work(&one).await;
        world.clock.set(start + 15 * 60_000);
        assert_eq!(work(&one).await, ["quarter"]);
        world.clock.set(start + 15 * 60_000 + 29_999);
        assert!(other.look().await.unwrap().is_empty());
        world.clock.set(start + 30 * 60_000);
        assert_eq!(work(&other).await, ["quarter"]);
        assert!(one.look().await.unwrap().is_empty(), "the other leads now");
        world.test.finish().await;
    }
}

#[tokio::test]
async fn two_that_look_at_once_do_it_once() {
    for test in TestDb::all().await {
        let start = utc("2026-01-01T00:00:00Z");
        let world = World::at(test, Tz::UTC, start).await;
        let leader = world.process();
        work(&leader).await;
        for round in 1..=20 {
            world.clock.set(start + round * 15 * 60_000);
            let clones = [
                Arc::clone(&leader),
                Arc::clone(&leader),
                Arc::clone(&leader),
            ];
            let looks = clones.iter().map(|process| process.look());
            let taken: Vec<Taken> = futures::future::try_join_all(looks)
                .await
                .unwrap()
                .into_iter()
                .flatten()
                .collect();
            let quarters = taken
                .iter()
                .filter(|taken| taken.job.name == "quarter")
                .count();
            assert_eq!(quarters, 1, "round {round}");
            for taken in taken {
                leader.carry_out(taken).await;
            }
        }
        world.test.finish().await;
    }
}

#[tokio::test]
async fn a_schedule_does_not_overlap_itself() {
    for test in TestDb::all().await {
        let start = utc("2026-01-01T00:00:00Z");
        let world = World::at(test, Tz::UTC, start).await;
        let process = world.process();
        work(&process).await;
        let taken = process.start("quarter", "diretora").await.unwrap();
        let refused = process.start("quarter", "diretora").await;
        assert!(
            matches!(refused, Err(ScheduleError::Running)),
            "{refused:?}"
        );
        world.clock.set(start + 5 * 60_000);
        assert!(process.look().await.unwrap().is_empty());
        // Due while the run goes on: skipped, and due again a quarter later.
        process
            .change("quarter", NewTime::At("*/1 * * * *".to_owned()), None)
            .await
            .unwrap();
        world.clock.set(start + 5 * 60_000 + 59_000);
        assert!(process.look().await.unwrap().is_empty());
        world.clock.set(start + 6 * 60_000 - 1_000);
        world.clock.advance(Duration::from_secs(1));
        process.carry_out(taken).await;
        let runs = process.runs("quarter").await.unwrap();
        assert_eq!(runs.len(), 1, "{runs:?}");
        assert_eq!(
            (runs[0].actor.as_deref(), runs[0].outcome.as_str()),
            (Some("diretora"), "done")
        );
        assert_eq!(work(&process).await, ["quarter"]);
        let held = process.start("quarter", "diretora").await.unwrap();
        world.clock.advance(Duration::from_secs(60));
        assert!(process.look().await.unwrap().is_empty());
        assert_eq!(process.runs("quarter").await.unwrap()[0].outcome, "skipped");
        process.carry_out(held).await;
        world.clock.advance(Duration::from_secs(60));
        assert_eq!(work(&process).await, ["quarter"]);
        world.test.finish().await;
    }
}

#[tokio::test]
async fn a_run_whose_process_died_is_given_up() {
    for test in TestDb::all().await {
        let start = utc("2026-01-01T00:00:00Z");
        let world = World::at(test, Tz::UTC, start).await;
        let dead = world.process();
        work(&dead).await;
        drop(dead.start("quarter", "diretora").await.unwrap());
        world.clock.set(start + 15 * 60_000);
        let process = world.process();
        assert_eq!(work(&process).await, ["quarter"]);
        let outcomes: Vec<String> = process
            .runs("quarter")
            .await
            .unwrap()
            .into_iter()
            .map(|run| run.outcome)
            .collect();
        assert_eq!(outcomes, ["done", "interrupted"]);
        world.test.finish().await;
    }
}

#[tokio::test]
async fn what_is_paused_waits_and_is_not_made_up() {
    let start = utc("2026-01-01T00:00:00Z");
    let world = World::at(TestDb::sqlite().await, Tz::UTC, start).await;
    let process = world.process();
    work(&process).await;
    process
        .change("quarter", NewTime::Same, Some(true))
        .await
        .unwrap();
    world.clock.set(start + HOUR);
    assert!(work(&process).await.is_empty());
    process
        .change("quarter", NewTime::Same, Some(false))
        .await
        .unwrap();
    assert!(work(&process).await.is_empty());
    world.clock.set(start + HOUR + 15 * 60_000);
    assert_eq!(work(&process).await, ["quarter"]);
    world.test.finish().await;
}

#[tokio::test]
async fn another_zone_means_another_time() {
    for test in TestDb::all().await {
        let start = utc("2026-01-01T00:00:00Z");
        let world = World::at(test, Tz::UTC, start).await;
        let (one, other) = (world.process(), world.process());
        work(&one).await;
        let next = async |process: &Schedules| {
            let all = process.list().await.unwrap();
            let morning = all.into_iter().find(|one| one.job.name == "morning");
            morning.unwrap().row.next_at
        };
        assert_eq!(next(&one).await, utc("2026-01-01T08:00:00Z"));
        // Administrators set another one: whoever leads computes anew with the next look, and so does whoever follows.
        *world.wall.0.lock().unwrap() = Tz::America__Sao_Paulo;
        world.clock.set(start + 60_000);
        assert!(work(&one).await.is_empty());
        assert_eq!(next(&one).await, utc("2026-01-01T11:00:00Z"));
        world.clock.set(utc("2026-01-01T08:00:00Z"));
        assert!(!work(&one).await.contains(&"morning"));
        world.clock.set(utc("2026-01-01T11:00:00Z"));
        assert!(work(&other).await.contains(&"morning"));
        // The leader of before, whose knowledge is of the zone before, changes nothing back.
        *world.wall.0.lock().unwrap() = Tz::Europe__Lisbon;
        world.clock.advance(Duration::from_secs(31));
        work(&other).await;
        world.clock.advance(Duration::from_secs(31));
        work(&one).await;
        assert_eq!(next(&one).await, utc("2026-01-02T08:00:00Z"));
        // Across the change of the clock it is eight on the wall all the same.
        world.clock.set(utc("2026-03-28T08:00:00Z"));
        assert!(work(&one).await.contains(&"morning"));
        assert_eq!(next(&one).await, utc("2026-03-29T07:00:00Z"));
        *world.wall.0.lock().unwrap() = Tz::America__Sao_Paulo;
        world.clock.advance(Duration::from_secs(1));
        work(&one).await;
        assert_eq!(next(&one).await, utc("2026-03-28T11:00:00Z"));
        world.test.finish().await;
    }
}

#[tokio::test]
async fn a_run_that_takes_too_long_is_dropped() {
    let world = World::at(TestDb::sqlite().await, Tz::UTC, utc("2026-01-01T00:00:00Z")).await;
    let process = world.process();
    world.notebook.held.store(true, Ordering::SeqCst);
    let taken = process.start("quarter", "diretora").await.unwrap();
    let end = process.carry_out(taken).await;
    assert_eq!(end.outcome, "timed_out");
    assert!(world.done("quarter").is_empty());
    world.test.finish().await;
}
