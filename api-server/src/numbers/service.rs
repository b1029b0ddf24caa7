use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use prometheus_client::metrics::gauge::Gauge;
use shared::clock::Clock;
use shared::db::{Db, DbError};
use shared::metrics::{Gauges, Kind, Metrics};
use shared::settings::SecretString;

use super::counts::Counts;
use super::store::{self, Waiting};
use crate::disk;
use crate::health::HealthService;
use crate::schedules;
use crate::usage::UsageService;

/// Everything on the page.
#[derive(Debug)]
pub(crate) struct Numbers {
    /// Put into the application's data, so that requests are counted.
    pub(crate) metrics: Arc<Metrics>,
    pub(super) token: Option<SecretString>,
    state: State,
    db: Db,
    health: Arc<HealthService>,
    usage: Arc<UsageService>,
    data_dir: PathBuf,
    clock: Arc<dyn Clock>,
}

/// What is looked up.
#[derive(Debug, Clone, Default)]
struct State {
    materials: Gauges,
    users: Gauges,
    waiting: Gauges,
    overdue: Gauges,
    up: Gauges,
    failing: Gauges,
    last_run: Gauges,
    disk_free: Gauge,
    cache_bytes: Gauge,
    cost_today: Gauge<f64, AtomicU64>,
    budget: Gauge<f64, AtomicU64>,
}

/// Where the numbers come from.
#[derive(Debug)]
pub(crate) struct Origins {
    pub(crate) db: Db,
    pub(crate) health: Arc<HealthService>,
    pub(crate) usage: Arc<UsageService>,
    pub(crate) data_dir: PathBuf,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Numbers {
    /// What `counts` counts and what `origins` tell, for whoever shows `token`.
    pub(crate) fn new(counts: &Counts, origins: Origins, token: Option<SecretString>) -> Self {
        let state = State::default();
        let metrics = Metrics::new("api-server", env!("CARGO_PKG_VERSION"), |registry| {
            counts.register(registry);
            for (name, help, gauges) in [
                ("acervo_materials", "Materials by state", &state.materials),
                (
                    "acervo_users",
                    "Accounts that may sign in, by role",
                    &state.users,
                ),
                (
                    "acervo_waiting",
                    "Rows that wait for the worker",
                    &state.waiting,
                ),
                (
                    "acervo_overdue_seconds",
                    "Since when the oldest waiting row is due",
                    &state.overdue,
                ),
                ("acervo_up", "Whether a part answers, 0 or 1", &state.up),
                (
                    "acervo_schedule_failing",
                    "Whether the last run of a schedule did not end well, 0 or 1",
                    &state.failing,
                ),
                (
                    "acervo_schedule_last_run_seconds",
                    "When a schedule ran last, Unix time",
                    &state.last_run,
                ),
            ] {
                registry.register(name, help, gauges.clone());
            }
            registry.register(
                "acervo_disk_free_bytes",
                "Free on the disk of the data folder",
                state.disk_free.clone(),
            );
            registry.register(
                "acervo_cache_bytes",
                "The cache in memory; 0 where Redis has it",
                state.cache_bytes.clone(),
            );
            registry.register(
                "acervo_chat_cost_today_dollars",
                "US dollars for chat models on this day, of all replicas",
                state.cost_today.clone(),
            );
            registry.register(
                "acervo_chat_budget_dollars",
                "US dollars a day for chat models; -1 without a limit",
                state.budget.clone(),
            );
        });
        Self {
            metrics: Arc::new(metrics),
            token,
            state,
            db: origins.db,
            health: origins.health,
            usage: origins.usage,
            data_dir: origins.data_dir,
            clock: origins.clock,
        }
    }

    /// Looks everything up.
    ///
    /// # Errors
    /// The database; what was looked up before stays as it was then.
    pub(super) async fn look(&self) -> Result<(), DbError> {
        let state = &self.state;
        let (readiness, rag) = futures::join!(self.health.readiness(), self.health.rag_answers());
        for (part, up) in [
            ("database", readiness.database.status == "ok"),
            ("cache", readiness.cache.status == "ok"),
            ("rag_server", rag),
        ] {
            set(&state.up, part, i64::from(up));
        }
        if let Some(free) = disk::free(&self.data_dir).await {
            state.disk_free.set(i64::try_from(free).unwrap_or(i64::MAX));
        }
        let held = self.health.cache.held_bytes().unwrap_or(0);
        state
            .cache_bytes
            .set(i64::try_from(held).unwrap_or(i64::MAX));
        replace(&state.materials, store::materials(&self.db).await?);
        replace(&state.users, store::users(&self.db).await?);
        self.wait("mails", store::mails(&self.db).await?);
        self.wait("material_sync", store::syncs(&self.db).await?);
        for run in schedules::store::last(&self.db).await? {
            let is_failing = !matches!(run.outcome.as_str(), "done" | "running");
            set(&state.failing, &run.name, i64::from(is_failing));
            set(&state.last_run, &run.name, run.started_at / 1_000);
        }
        state.cost_today.set(self.usage.spent_today().await?);
        state.budget.set(self.usage.budget().unwrap_or(-1.0));
        Ok(())
    }

    fn wait(&self, kind: &str, (count, first_due): Waiting) {
        set(&self.state.waiting, kind, count);
        let now = self.clock.now_ms();
        let overdue = first_due.map_or(0, |due| now.saturating_sub(due).max(0) / 1_000);
        set(&self.state.overdue, kind, overdue);
    }
}

fn set(gauges: &Gauges, kind: &str, value: i64) {
    gauges.get_or_create(&Kind::of(kind)).set(value);
}

/// Kinds that are gone count nothing any more.
fn replace(gauges: &Gauges, counts: Vec<(String, i64)>) {
    gauges.clear();
    for (kind, count) in counts {
        set(gauges, &kind, count);
    }
}
