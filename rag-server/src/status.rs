//! What the server holds and how it is.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use actix_web::get;
use actix_web::web::Data;
use index::Index;
use serde::Serialize;
use shared::body::Json;
use shared::db::Db;
use shared::problem::{ApiError, Problems};

use crate::embedding::{Embedding, EmbeddingStatus};
use crate::jobs::JobService;
use crate::materials::{MaterialError, store};
use crate::models::{Models, ModelsResponse};
use crate::query::{AnswerStatus, QueryService};
use crate::replica::{Replica, Role};

/// What the server holds and how it is.
pub struct StatusService {
    db: Db,
    index: Index,
    jobs: Arc<JobService>,
    embedding: Arc<Embedding>,
    models: Arc<Models>,
    query: Arc<QueryService>,
    replica: Arc<Replica>,
    collection: String,
    started: Instant,
}

/// Whether each part can do its work.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Readiness {
    /// `ready`, `degraded` or `unavailable`.
    pub status: &'static str,
    /// Each part: `ok`, or what is wrong with it.
    pub parts: BTreeMap<&'static str, String>,
}

/// How the server is.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct ServerStatus {
    /// `rag-server`.
    pub service: &'static str,
    /// Version of the program.
    pub version: &'static str,
    /// `ready`, `degraded` or `unavailable`.
    pub status: &'static str,
    /// What this server is among those over the same data.
    pub role: Role,
    /// Always true once the server listens.
    pub rag_initialized: bool,
    /// Seconds since the start.
    pub uptime: f64,
    /// What embeds and what writes answers.
    pub providers: Providers,
    /// What is being done.
    pub queue: QueueStatus,
    /// Documents in each state.
    pub documents: BTreeMap<&'static str, i64>,
    /// Answers that are kept.
    pub answers: AnswerStatus,
}

/// What embeds and what writes answers.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Providers {
    /// Which model makes the vectors.
    pub embedding: EmbeddingStatus,
    /// Which chat models write answers, and how each stands.
    pub chat: ModelsResponse,
}

/// What is being done.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct QueueStatus {
    /// Wake-ups that wait for a worker.
    pub waiting: u64,
    /// Questions that wait for their turn at searching.
    pub questions: usize,
    /// Seconds since when the oldest job that waits for its turn does.
    pub oldest_seconds: u64,
    /// Jobs in each state.
    pub jobs: BTreeMap<&'static str, i64>,
}

/// What the server holds.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Stats {
    /// Materials.
    pub documents: i64,
    /// Passages in the index.
    pub chunks: u64,
    /// Passages that have vectors.
    pub vectors: u64,
    /// Name of the collection.
    pub collection: String,
    /// Model of the vectors.
    pub model: Option<String>,
    /// Bytes of the files.
    pub file_bytes: i64,
    /// Bytes of the index on disk; null on an object store.
    pub index_bytes: Option<u64>,
    /// Passages that full text finds by reading them all, as the index does not cover them yet.
    pub unindexed_chunks: u64,
    /// Pieces of the passages' table.
    pub fragments: u64,
    /// Kept versions of the passages' table.
    pub versions: u64,
}

impl StatusService {
    /// Looks at these parts.
    pub(crate) fn new(
        db: Db,
        index: Index,
        jobs: Arc<JobService>,
        embedding: Arc<Embedding>,
        models: Arc<Models>,
        query: Arc<QueryService>,
        (replica, collection): (Arc<Replica>, String),
    ) -> Self {
        Self {
            db,
            index,
            jobs,
            embedding,
            models,
            query,
            replica,
            collection,
            started: Instant::now(),
        }
    }

    /// Whether each part can do its work.
    pub async fn readiness(&self) -> Readiness {
        let mut overall = "ready";
        let mut parts = BTreeMap::new();
        let notice = self.embedding.status().notice;
        if notice.is_some() {
            overall = "degraded";
        }
        parts.insert("embedding", notice.unwrap_or_else(|| "ok".to_owned()));
        let mut check = |part, works: bool, otherwise, fault: &str| {
            if !works {
                overall = otherwise;
            }
            parts.insert(part, if works { "ok" } else { fault }.to_owned());
        };
        let queue = self.jobs.queue().waiting().await.is_ok();
        check("queue", queue, "degraded", "does not answer");
        let database = self.db.ping().await.is_ok();
        check("database", database, "unavailable", "does not answer");
        let index = self.index.generation().await.is_ok();
        check("index", index, "unavailable", "cannot be read");
        Readiness {
            status: overall,
            parts,
        }
    }

    pub(crate) async fn status(&self) -> Result<ServerStatus, ApiError> {
        let jobs = self.jobs.count_by_state().await?;
        let documents = store::count_by_state(&self.db)
            .await
            .map_err(MaterialError::from)?;
        Ok(ServerStatus {
            service: "rag-server",
            version: env!("CARGO_PKG_VERSION"),
            status: self.readiness().await.status,
            role: self.replica.role(),
            rag_initialized: true,
            uptime: self.started.elapsed().as_secs_f64(),
            providers: Providers {
                embedding: self.embedding.status(),
                chat: self.models.list(),
            },
            answers: self.query.kept(),
            queue: QueueStatus {
                questions: self.query.waiting(),
                oldest_seconds: self.jobs.waits_since().await?,
                waiting: self
                    .jobs
                    .queue()
                    .waiting()
                    .await
                    .map_err(crate::jobs::JobError::from)?,
                jobs: jobs
                    .into_iter()
                    .map(|(state, count)| (state.as_str(), count))
                    .collect(),
            },
            documents: documents
                .into_iter()
                .map(|(state, count)| (state.as_str(), count))
                .collect(),
        })
    }

    /// What the server holds.
    pub async fn stats(&self) -> Result<Stats, MaterialError> {
        let (documents, _, _, file_bytes) = store::totals(&self.db).await?;
        let index = self.index.stats().await?;
        let model = self.embedding.status().active_model;
        let vectors = index
            .vectors
            .iter()
            .filter(|(table, _)| Some(&table.model_id) == model.as_ref())
            .map(|(_, table)| table.rows)
            .sum();
        Ok(Stats {
            documents,
            chunks: index.chunks.rows,
            vectors,
            collection: self.collection.clone(),
            model,
            file_bytes,
            index_bytes: index.disk_bytes,
            unindexed_chunks: index.chunks.unindexed_rows,
            fragments: index.chunks.fragments,
            versions: index.chunks.versions,
        })
    }
}

/// How the server is: uptime, models, queue, documents by state.
#[utoipa::path(tag = "state", responses((status = 200, body = ServerStatus), Problems))]
#[get("/status")]
pub(crate) async fn status(service: Data<StatusService>) -> Result<Json<ServerStatus>, ApiError> {
    Ok(Json(service.status().await?))
}

/// What the server holds: documents, passages, sizes.
#[utoipa::path(tag = "state", responses((status = 200, body = Stats), Problems))]
#[get("/stats")]
pub(crate) async fn stats(service: Data<StatusService>) -> Result<Json<Stats>, ApiError> {
    Ok(Json(service.stats().await?))
}
