//! One suite over both databases: SQLite always, Postgres when `TEST_POSTGRES_URL` names a server on which
//! databases may be created.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use proptest::prelude::{prop_assert, proptest};
use tempfile::TempDir;
use tokio::sync::{Barrier, Semaphore, mpsc};
use tokio::task::JoinHandle;

use super::*;

/// A database of its own for one test.
enum Place {
    Sqlite(TempDir),
    Postgres(String),
}

impl Place {
    fn sqlite() -> Self {
        Self::Sqlite(TempDir::new().unwrap())
    }

    async fn postgres() -> Option<Self> {
        #[expect(
            clippy::disallowed_methods,
            reason = "a test's switch, not a setting of the server"
        )]
        let server = std::env::var("TEST_POSTGRES_URL").ok()?;
        let admin = sqlx::PgPool::connect(&server).await.unwrap();
        let name = format!("queue_{}", uuid::Uuid::now_v7().simple());
        let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
        sqlx::query(create).execute(&admin).await.unwrap();
        admin.close().await;
        let mut url = url::Url::parse(&server).unwrap();
        url.set_path(&name);
        Some(Self::Postgres(url.to_string()))
    }

    fn url(&self) -> String {
        match self {
            Self::Sqlite(folder) => format!("sqlite:{}", folder.path().join("queue.db").display()),
            Self::Postgres(url) => url.clone(),
        }
    }

    async fn open(&self) -> Queue {
        Queue::open(&self.url()).await.unwrap()
    }
}

/// Makes every worker look as if it had died long ago, as time would.
async fn age_workers(queue: &Queue) {
    if let Store::Postgres(pool) = &queue.store {
        let age = "UPDATE apalis.workers SET last_seen = last_seen - INTERVAL '1 minute'";
        sqlx::query(age).execute(pool).await.unwrap();
    }
}

/// A running worker.
struct Working {
    shutdown: CancellationToken,
    ended: JoinHandle<Result<(), QueueError>>,
}

impl Working {
    fn start<H, F>(queue: &Queue, concurrency: usize, handler: H) -> Self
    where
        H: Fn(String) -> F + Send + Sync + 'static,
        F: Future<Output = Outcome> + Send + 'static,
    {
        let shutdown = CancellationToken::new();
        let ended = tokio::spawn({
            let (queue, shutdown) = (queue.clone(), shutdown.clone());
            async move {
                run(
                    &queue,
                    NonZeroUsize::new(concurrency).unwrap(),
                    handler,
                    shutdown,
                )
                .await
            }
        });
        Self { shutdown, ended }
    }

    async fn stop(self) {
        self.shutdown.cancel();
        self.ended.await.unwrap().unwrap();
    }

    /// As a kill would: nothing is written any more.
    async fn kill(self) {
        self.ended.abort();
        assert!(self.ended.await.unwrap_err().is_cancelled());
    }
}

/// A handler that reports each job and is done with it.
fn report(jobs: mpsc::Sender<String>) -> impl Fn(String) -> BoxFuture + Send + Sync {
    move |job| {
        let jobs = jobs.clone();
        Box::pin(async move {
            jobs.send(job).await.unwrap();
            Outcome::Done
        })
    }
}

type BoxFuture = std::pin::Pin<Box<dyn Future<Output = Outcome> + Send>>;

async fn pushed_job_runs_and_is_finished(place: Place) {
    let queue = place.open().await;
    let (tx, mut rx) = mpsc::channel(8);
    let working = Working::start(&queue, 2, report(tx));
    queue.push("um", None).await.unwrap();
    assert_eq!(rx.recv().await.unwrap(), "um");
    queue.push("dois", None).await.unwrap();
    assert_eq!(rx.recv().await.unwrap(), "dois");
    working.stop().await;
    assert_eq!(queue.waiting().await.unwrap(), 0);
}

async fn job_pushed_before_the_start_runs(place: Place) {
    place.open().await.push("antes", None).await.unwrap();
    let queue = place.open().await;
    let (tx, mut rx) = mpsc::channel(8);
    let working = Working::start(&queue, 1, report(tx));
    assert_eq!(rx.recv().await.unwrap(), "antes");
    working.stop().await;
}

async fn as_many_handlers_as_allowed_and_no_more(place: Place) {
    const AT_ONCE: usize = 3;
    let queue = place.open().await;
    for job in 0..AT_ONCE * 10 {
        queue.push(&job.to_string(), None).await.unwrap();
    }
    let (inside, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    // Opens only when AT_ONCE handlers are inside together: with fewer the test would never end.
    let together = Arc::new(Barrier::new(AT_ONCE));
    let (tx, mut rx) = mpsc::channel(64);
    let handler = {
        let most = Arc::clone(&most);
        move |job: String| {
            let (inside, most) = (Arc::clone(&inside), Arc::clone(&most));
            let (together, tx) = (Arc::clone(&together), tx.clone());
            async move {
                most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                together.wait().await;
                inside.fetch_sub(1, Ordering::SeqCst);
                tx.send(job).await.unwrap();
                Outcome::Done
            }
        }
    };
    let working = Working::start(&queue, AT_ONCE, handler);
    for _ in 0..AT_ONCE * 10 {
        rx.recv().await.unwrap();
    }
    working.stop().await;
    assert_eq!(most.load(Ordering::SeqCst), AT_ONCE);
}

async fn job_of_a_killed_worker_runs_again(place: Place) {
    let queue = place.open().await;
    queue.push("longo", None).await.unwrap();
    let (tx, mut rx) = mpsc::channel(8);
    let working = Working::start(&queue, 1, move |job| {
        let tx = tx.clone();
        async move {
            tx.send(job).await.unwrap();
            std::future::pending().await
        }
    });
    assert_eq!(rx.recv().await.unwrap(), "longo");
    working.kill().await;
    queue.close().await;

    let queue = place.open().await;
    assert_eq!(queue.waiting().await.unwrap(), 1);
    age_workers(&queue).await;
    let (tx, mut rx) = mpsc::channel(8);
    let working = Working::start(&queue, 1, report(tx));
    assert_eq!(rx.recv().await.unwrap(), "longo");
    working.stop().await;
    assert_eq!(queue.waiting().await.unwrap(), 0);
}

async fn stop_waits_for_the_running_handler_and_claims_nothing_more(place: Place) {
    let queue = place.open().await;
    queue.push("primeiro", None).await.unwrap();
    queue.push("segundo", None).await.unwrap();
    let (tx, mut rx) = mpsc::channel(8);
    let gate = Arc::new(Semaphore::new(0));
    let handler = {
        let gate = Arc::clone(&gate);
        move |job| {
            let (tx, gate) = (tx.clone(), Arc::clone(&gate));
            async move {
                tx.send(job).await.unwrap();
                let _open = gate.acquire().await.unwrap();
                Outcome::Done
            }
        }
    };
    let working = Working::start(&queue, 1, handler);
    let first = rx.recv().await.unwrap();
    working.shutdown.cancel();
    gate.add_permits(2);
    working.ended.await.unwrap().unwrap();
    assert!(rx.recv().await.is_none(), "only {first} was to run");
    assert_eq!(queue.waiting().await.unwrap(), 1);
}

async fn retry_comes_back_and_others_do_not_wait_for_it(place: Place) {
    let queue = place.open().await;
    let tries = Arc::new(Mutex::new(Vec::new()));
    let (tx, mut rx) = mpsc::channel(8);
    let handler = {
        let tries = Arc::clone(&tries);
        move |job: String| {
            let (tx, tries) = (tx.clone(), Arc::clone(&tries));
            async move {
                let tried_before = tries.lock().unwrap().contains(&job);
                tries.lock().unwrap().push(job.clone());
                match (job.as_str(), tried_before) {
                    ("depois", false) => Outcome::RetryAfter(Duration::from_hours(1)),
                    ("logo", false) => Outcome::RetryAfter(Duration::from_millis(1)),
                    ("devolvido", false) => Outcome::RetryAfter(Duration::ZERO),
                    _ => {
                        tx.send(job).await.unwrap();
                        Outcome::Done
                    }
                }
            }
        }
    };
    let working = Working::start(&queue, 1, handler);
    for job in ["depois", "logo", "devolvido"] {
        queue.push(job, None).await.unwrap();
    }
    let mut done = [rx.recv().await.unwrap(), rx.recv().await.unwrap()];
    done.sort_unstable();
    assert_eq!(done, ["devolvido", "logo"]);
    working.stop().await;
    assert_eq!(queue.waiting().await.unwrap(), 1, "the one due in an hour");
    assert_eq!(tries.lock().unwrap().len(), 5);
}

async fn due_entries_run_oldest_first_and_early_ones_not_at_all(place: Place) {
    let queue = place.open().await;
    let at = |seconds| Some(Utc::now() + chrono::TimeDelta::seconds(seconds));
    queue.push("amanha", at(86_400)).await.unwrap();
    queue.push("ha pouco", at(-10)).await.unwrap();
    queue.push("ha muito", at(-30)).await.unwrap();
    queue.push("no meio", at(-20)).await.unwrap();
    let (tx, mut rx) = mpsc::channel(8);
    let working = Working::start(&queue, 1, report(tx));
    for expected in ["ha muito", "no meio", "ha pouco"] {
        assert_eq!(rx.recv().await.unwrap(), expected);
    }
    working.stop().await;
    assert_eq!(queue.waiting().await.unwrap(), 1);
    let due = queue.store.next_due().await.unwrap().unwrap();
    assert!(until(due) > Duration::from_secs(80_000));
}

async fn panic_or_giving_up_ends_that_entry_only(place: Place) {
    let queue = place.open().await;
    let (tx, mut rx) = mpsc::channel(8);
    let working = Working::start(&queue, 1, move |job: String| {
        let tx = tx.clone();
        async move {
            assert_ne!(job, "estoura", "on purpose");
            tx.send(job.clone()).await.unwrap();
            if job == "desiste" {
                Outcome::GiveUp
            } else {
                Outcome::Done
            }
        }
    });
    for job in ["estoura", "desiste", "segue"] {
        queue.push(job, None).await.unwrap();
    }
    let mut seen = [rx.recv().await.unwrap(), rx.recv().await.unwrap()];
    seen.sort_unstable();
    assert_eq!(seen, ["desiste", "segue"]);
    working.stop().await;
    assert_eq!(queue.waiting().await.unwrap(), 0);
}

async fn entry_of_an_unknown_version_is_dropped(place: Place) {
    let queue = place.open().await;
    queue.push("conhecida", None).await.unwrap();
    let from_the_future = br#"{"v":2,"job":"conhecida"}"#.as_slice();
    match &queue.store {
        Store::Sqlite(pool) => {
            let change = sqlx::query("UPDATE Jobs SET job = $1").bind(from_the_future);
            change.execute(pool).await.unwrap();
        }
        Store::Postgres(pool) => {
            let change = sqlx::query("UPDATE apalis.jobs SET job = $1").bind(from_the_future);
            change.execute(pool).await.unwrap();
        }
    }
    let (tx, mut rx) = mpsc::channel(8);
    let working = Working::start(&queue, 1, report(tx));
    queue.push("seguinte", None).await.unwrap();
    assert_eq!(rx.recv().await.unwrap(), "seguinte");
    working.stop().await;
    assert_eq!(queue.waiting().await.unwrap(), 0);
}

async fn five_hundred_jobs_run_once_each(place: Place) {
    let queue = place.open().await;
    let (tx, mut rx) = mpsc::channel(8);
    let working = Working::start(&queue, 4, report(tx));
    let pushes = tokio::spawn({
        let queue = queue.clone();
        async move {
            for job in 0..500 {
                queue.push(&job.to_string(), None).await.unwrap();
            }
        }
    });
    let mut seen = Vec::new();
    for _ in 0..500 {
        seen.push(rx.recv().await.unwrap().parse::<u32>().unwrap());
    }
    pushes.await.unwrap();
    working.stop().await;
    assert_eq!(queue.waiting().await.unwrap(), 0);
    assert!(rx.recv().await.is_none(), "nothing ran after the last");
    seen.sort_unstable();
    assert_eq!(seen, (0..500).collect::<Vec<_>>());
}

async fn only_one_loop_at_a_time(place: Place) {
    let queue = place.open().await;
    let (tx, mut rx) = mpsc::channel(8);
    let working = Working::start(&queue, 1, report(tx.clone()));
    queue.push("a", None).await.unwrap();
    rx.recv().await.unwrap();
    let one = NonZeroUsize::new(1).unwrap();
    let second = run(&queue, one, report(tx.clone()), CancellationToken::new()).await;
    assert!(matches!(second, Err(QueueError::AlreadyRunning)));
    working.stop().await;
    let third = Working::start(&queue, 1, report(tx));
    queue.push("b", None).await.unwrap();
    assert_eq!(rx.recv().await.unwrap(), "b");
    third.stop().await;
}

async fn finished_entries_are_pruned_and_waiting_ones_kept(place: Place) {
    let queue = place.open().await;
    let (tx, mut rx) = mpsc::channel(8);
    let working = Working::start(&queue, 1, report(tx));
    queue.push("feito", None).await.unwrap();
    rx.recv().await.unwrap();
    working.stop().await;
    queue.push("espera", None).await.unwrap();
    let worker = WorkerContext::new("another");
    assert_eq!(all_entries(&queue).await, 2);
    queue.store.prune(&worker).await.unwrap();
    assert_eq!(all_entries(&queue).await, 2, "finished a moment ago");
    match &queue.store {
        Store::Sqlite(pool) => {
            let age = sqlx::query("UPDATE Jobs SET done_at = done_at - 7200");
            age.execute(pool).await.unwrap();
        }
        Store::Postgres(pool) => {
            let age = sqlx::query("UPDATE apalis.jobs SET done_at = done_at - INTERVAL '2 hours'");
            age.execute(pool).await.unwrap();
        }
    }
    queue.store.prune(&worker).await.unwrap();
    assert_eq!(all_entries(&queue).await, 1);
    assert_eq!(queue.waiting().await.unwrap(), 1);
}

async fn all_entries(queue: &Queue) -> i64 {
    match &queue.store {
        Store::Sqlite(pool) => sqlx::query_scalar("SELECT COUNT(*) FROM Jobs")
            .fetch_one(pool)
            .await
            .unwrap(),
        Store::Postgres(pool) => sqlx::query_scalar("SELECT COUNT(*) FROM apalis.jobs")
            .fetch_one(pool)
            .await
            .unwrap(),
    }
}

macro_rules! suite {
    ($($test:ident),* $(,)?) => {
        mod sqlite {
            use super::Place;
            $(#[tokio::test] async fn $test() {
                super::$test(Place::sqlite()).await;
            })*
        }
        mod postgres {
            use super::Place;
            $(#[tokio::test] async fn $test() {
                if let Some(place) = Place::postgres().await { super::$test(place).await }
            })*
        }
    };
}

suite!(
    pushed_job_runs_and_is_finished,
    job_pushed_before_the_start_runs,
    as_many_handlers_as_allowed_and_no_more,
    job_of_a_killed_worker_runs_again,
    stop_waits_for_the_running_handler_and_claims_nothing_more,
    retry_comes_back_and_others_do_not_wait_for_it,
    due_entries_run_oldest_first_and_early_ones_not_at_all,
    panic_or_giving_up_ends_that_entry_only,
    entry_of_an_unknown_version_is_dropped,
    five_hundred_jobs_run_once_each,
    only_one_loop_at_a_time,
    finished_entries_are_pruned_and_waiting_ones_kept,
);

/// Another process' worker that still lives keeps what it claimed.
#[tokio::test]
async fn living_worker_of_another_process_keeps_its_entries() {
    let Some(place) = Place::postgres().await else {
        return;
    };
    let (here, there) = (place.open().await, place.open().await);
    here.push("daqui", None).await.unwrap();
    let (tx, mut rx) = mpsc::channel(8);
    let working = Working::start(&here, 1, move |job| {
        let tx = tx.clone();
        async move {
            tx.send(job).await.unwrap();
            std::future::pending().await
        }
    });
    rx.recv().await.unwrap();
    let (tx, mut rx) = mpsc::channel(8);
    let other = Working::start(&there, 1, report(tx));
    there.push("de la", None).await.unwrap();
    assert_eq!(rx.recv().await.unwrap(), "de la");
    other.stop().await;
    assert!(rx.recv().await.is_none());
    working.kill().await;
}

#[tokio::test]
async fn broken_storage_does_not_end_the_loop() {
    let place = Place::sqlite();
    let queue = place.open().await;
    let Store::Sqlite(pool) = &queue.store else {
        panic!("opened as SQLite")
    };
    let (tx, mut rx) = mpsc::channel(8);
    let working = Working::start(&queue, 1, report(tx));
    queue.push("antes", None).await.unwrap();
    assert_eq!(rx.recv().await.unwrap(), "antes");
    sqlx::query("ALTER TABLE Jobs RENAME TO Gone")
        .execute(pool)
        .await
        .unwrap();
    queue.pushed.notify_one();
    assert!(queue.push("durante", None).await.is_err());
    sqlx::query("ALTER TABLE Gone RENAME TO Jobs")
        .execute(pool)
        .await
        .unwrap();
    queue.push("depois", None).await.unwrap();
    assert_eq!(rx.recv().await.unwrap(), "depois");
    working.stop().await;
}

#[tokio::test]
async fn url_of_another_kind_is_refused() {
    for url in ["", "mysql://localhost/x", "queue.db", "sqlite"] {
        assert!(
            matches!(Queue::open(url).await, Err(QueueError::Url)),
            "{url}"
        );
    }
}

proptest! {
    #[test]
    fn retry_delay_grows_within_bounds(attempt in 0_u32..1000) {
        let full = RETRY_BASE.saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(RETRY_MAX);
        let delay = retry_delay(attempt);
        prop_assert!(delay >= full / 2 && delay <= full);
    }
}
