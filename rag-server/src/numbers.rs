//! `/metrics`: how the server stands, and what it counted, for whoever watches. The guard opens it to service tokens and the
//! metrics token alone.

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use prometheus_client::metrics::gauge::Gauge;
use shared::metrics::{CONTENT_TYPE, Gauges, Kind, Metrics};
use shared::problem::{ApiError, Problems};

use crate::models::Models;
use crate::status::StatusService;

/// Everything on the page.
pub(crate) struct Numbers {
    /// Put into the application's data, so that requests are counted.
    pub(crate) metrics: Arc<Metrics>,
    status: Arc<StatusService>,
    documents: Gauges,
    jobs: Gauges,
    queue: Gauges,
    index: Gauges,
    answers: Gauges,
    models_up: Gauges,
    age: Gauge,
    cache_bytes: Gauge,
}

impl Numbers {
    /// What `status` tells, and what `models` were asked.
    pub(crate) fn new(status: Arc<StatusService>, models: Arc<Models>) -> Self {
        let (age, cache_bytes) = (Gauge::default(), Gauge::default());
        let all: [Gauges; 6] = std::array::from_fn(|_| Gauges::default());
        let [documents, jobs, queue, index, answers, models_up] = all.clone();
        let counted = Metrics::new("rag-server", env!("CARGO_PKG_VERSION"), |registry| {
            registry.register_collector(Box::new(models));
            registry.register(
                "acervo_rag_queue_age_seconds",
                "Since when the oldest job that waits for its turn does",
                age.clone(),
            );
            registry.register(
                "acervo_rag_cache_bytes",
                "Kept answers in memory; 0 where Redis has them",
                cache_bytes.clone(),
            );
            let [documents, jobs, queue, index, answers, models_up] = all;
            for (name, help, gauges) in [
                ("acervo_rag_documents", "Documents by state", documents),
                ("acervo_rag_jobs", "Jobs by state", jobs),
                (
                    "acervo_rag_queue",
                    "What waits: wake-ups for a worker (waiting), questions for their turn (questions)",
                    queue,
                ),
                (
                    "acervo_rag_index",
                    "The index: chunks, vectors, unindexed_chunks, fragments, versions, bytes, file_bytes",
                    index,
                ),
                (
                    "acervo_rag_cache_answers",
                    "Answers looked for among those that are kept, since the start: hit or miss",
                    answers,
                ),
                (
                    "acervo_rag_model_up",
                    "Chat models with a key: 1, or 0 while left alone after failures",
                    models_up,
                ),
            ] {
                registry.register(name, help, gauges);
            }
        });
        Self {
            metrics: Arc::new(counted),
            status,
            documents,
            jobs,
            queue,
            index,
            answers,
            models_up,
            age,
            cache_bytes,
        }
    }

    async fn look(&self) -> Result<(), ApiError> {
        let status = self.status.status().await?;
        for (gauges, counts) in [
            (&self.documents, &status.documents),
            (&self.jobs, &status.queue.jobs),
        ] {
            gauges.clear();
            for (state, count) in counts {
                gauges.get_or_create(&Kind::of(state)).set(*count);
            }
        }
        set(&self.queue, "waiting", status.queue.waiting);
        set(&self.queue, "questions", status.queue.questions as u64);
        self.age.set(whole(status.queue.oldest_seconds));
        self.cache_bytes
            .set(whole(status.answers.bytes.unwrap_or(0)));
        set(&self.answers, "hit", status.answers.hits);
        set(&self.answers, "miss", status.answers.misses);
        for model in &status.providers.chat.models {
            if model.available {
                let is_up = u64::from(model.breaker != "open");
                set(&self.models_up, &model.name, is_up);
            }
        }
        let stats = self.status.stats().await?;
        for (kind, count) in [
            ("chunks", stats.chunks),
            ("vectors", stats.vectors),
            ("unindexed_chunks", stats.unindexed_chunks),
            ("fragments", stats.fragments),
            ("versions", stats.versions),
            ("bytes", stats.index_bytes.unwrap_or(0)),
            ("file_bytes", u64::try_from(stats.file_bytes).unwrap_or(0)),
        ] {
            set(&self.index, kind, count);
        }
        Ok(())
    }
}

fn set(gauges: &Gauges, kind: &str, value: u64) {
    gauges.get_or_create(&Kind::of(kind)).set(whole(value));
}

fn whole(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Numbers for Prometheus, in the `OpenMetrics` format.
#[utoipa::path(tag = "state",
    responses((status = 200, content_type = "application/openmetrics-text", body = String), Problems))]
#[get("/metrics")]
pub(crate) async fn metrics(numbers: Data<Numbers>) -> Result<HttpResponse, ApiError> {
    numbers.look().await?;
    Ok(HttpResponse::Ok()
        .content_type(CONTENT_TYPE)
        .body(numbers.metrics.page()))
}
