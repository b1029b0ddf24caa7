//! Is the process alive, can it do its work, and how is everything it needs?

use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use reqwest::Method;
use serde::Serialize;
use shared::body::Json;
use shared::clock::{Clock, rfc3339};
use shared::db::Db;
use shared::problem::{ApiError, Problems};

use crate::access::Caller;
use crate::mail::{self, Mailer};
use crate::materials;
use crate::rag::RagClient;
use shared::cache::Cache;

/// The rag-server is asked no longer.
const PATIENCE: Duration = Duration::from_secs(2);
/// More than its answer has.
const MAX_ANSWER: u64 = 64 * 1024;

/// Looks at everything this server needs.
#[derive(Debug)]
pub(crate) struct HealthService {
    pub(crate) db: Db,
    pub(crate) cache: Arc<dyn Cache>,
    pub(crate) mailer: Arc<dyn Mailer>,
    pub(crate) rag: Arc<RagClient>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) started_at: i64,
}

/// What the system is.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct SystemInfo {
    /// Name.
    pub message: &'static str,
    /// `running`.
    pub status: &'static str,
    /// Version of the program.
    pub version: &'static str,
    /// What this server does.
    pub features: Vec<&'static str>,
    /// Where its routes are described.
    pub documentation: &'static str,
}

/// The server is there.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Health {
    /// `healthy`.
    pub status: &'static str,
    /// `api-server`.
    pub service: &'static str,
    /// Version of the program.
    pub version: &'static str,
    /// A sentence for people.
    pub message: &'static str,
}

/// How a part is.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Part {
    /// `ok`, `degraded` or `unavailable`.
    pub status: &'static str,
    /// Which kind it is.
    pub kind: &'static str,
}

/// Whether each part can do its work.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Readiness {
    /// `ready`, `degraded` (slower, or less shared) or `unavailable`.
    pub status: &'static str,
    /// Accounts.
    pub database: Part,
    /// Shared counters and accounts remembered.
    pub cache: Part,
}

/// How everything is.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct SystemStatus {
    /// This server.
    pub backend: Readiness,
    /// The other one in its own words, with its providers and its queue; or that it does not answer.
    #[schema(value_type = Object)]
    pub rag_server: serde_json::Value,
    /// Changes of materials that the rag-server has not heard of yet.
    pub changes_waiting: Option<i64>,
    /// Mails that wait to be sent.
    pub mails_waiting: Option<i64>,
    /// How mails leave: `smtp` or `folder`.
    pub mail: &'static str,
    /// Version of the program.
    pub version: &'static str,
    /// Seconds since the start.
    pub uptime: i64,
    /// RFC 3339, UTC.
    pub timestamp: String,
}

impl HealthService {
    /// Whether each part of this server can do its work.
    pub(crate) async fn readiness(&self) -> Readiness {
        let (database, cache) = futures::join!(
            tokio::time::timeout(PATIENCE, self.db.ping()),
            self.cache.ping()
        );
        let database_ok = matches!(database, Ok(Ok(())));
        let overall = match (database_ok, &cache) {
            (false, _) => "unavailable",
            (true, Err(_)) => "degraded",
            (true, Ok(())) => "ready",
        };
        Readiness {
            status: overall,
            database: Part {
                status: if database_ok { "ok" } else { "unavailable" },
                kind: self.db.kind(),
            },
            cache: Part {
                status: if cache.is_ok() { "ok" } else { "degraded" },
                kind: self.cache.kind(),
            },
        }
    }

    /// Whether the rag-server answers.
    pub(crate) async fn rag_answers(&self) -> bool {
        let Ok(request) = self.rag.request(Method::GET, &["livez"], &[]) else {
            return false;
        };
        // Not counted: whoever watches is not who asks.
        request.timeout(PATIENCE).send().await.is_ok()
    }

    /// The rag-server's own words about itself; `None` when it does not answer.
    pub(crate) async fn rag_status(&self) -> Option<serde_json::Value> {
        let request = self.rag.request(Method::GET, &["status"], &[]).ok()?;
        let answer = request.timeout(PATIENCE).send().await.ok()?;
        if !answer.status().is_success() {
            return None;
        }
        shared::http::read_json(answer, MAX_ANSWER).await.ok()
    }

    /// The rag-server in its own words; `{"status": "unavailable"}` when it does not answer soon.
    pub(crate) async fn rag_server(&self) -> serde_json::Value {
        let away = || serde_json::json!({ "status": "unavailable" });
        self.rag_status().await.unwrap_or_else(away)
    }
}

/// What this server is.
#[utoipa::path(tag = "state", security(()), responses((status = 200, body = SystemInfo)))]
#[get("/")]
pub(crate) async fn info() -> Json<SystemInfo> {
    Json(SystemInfo {
        message: "Acervo: API do sistema",
        status: "running",
        version: env!("CARGO_PKG_VERSION"),
        features: vec![
            "accounts",
            "materials",
            "sessions",
            "two-factor",
            "api-keys",
            "audit",
            "users-webhook",
            "chat",
            "assistant",
            "settings",
            "maintenance",
            "video",
        ],
        documentation: "/docs/",
    })
}

/// The server is there.
#[utoipa::path(tag = "state", security(()), responses((status = 200, body = Health)))]
#[get("/health")]
pub(crate) async fn health() -> Json<Health> {
    now()
}

/// The same as `/health`.
#[utoipa::path(tag = "state", security(()), responses((status = 200, body = Health)))]
#[get("/healthz")]
pub(crate) async fn healthz() -> Json<Health> {
    now()
}

fn now() -> Json<Health> {
    Json(Health {
        status: "healthy",
        service: "api-server",
        version: env!("CARGO_PKG_VERSION"),
        message: "Sistema em funcionamento.",
    })
}

/// The process answers; nothing else is looked at.
#[utoipa::path(tag = "state", security(()), responses((status = 204)))]
#[get("/livez")]
pub(crate) async fn livez() -> HttpResponse {
    HttpResponse::NoContent().finish()
}

/// Whether each part can do its work; 503 without the database.
#[utoipa::path(tag = "state", security(()),
    responses((status = 200, body = Readiness), (status = 503, body = Readiness)))]
#[get("/readyz")]
pub(crate) async fn readyz(service: Data<HealthService>) -> HttpResponse {
    let readiness = service.readiness().await;
    if readiness.status == "unavailable" {
        HttpResponse::ServiceUnavailable()
            .insert_header(("Retry-After", "5"))
            .json(readiness)
    } else {
        HttpResponse::Ok().json(readiness)
    }
}

/// How both servers, the database, the cache and the mails are. For whoever is signed in.
#[utoipa::path(tag = "state", responses((status = 200, body = SystemStatus), Problems))]
#[get("/status")]
pub(crate) async fn status(
    _caller: Caller,
    service: Data<HealthService>,
) -> Result<Json<SystemStatus>, ApiError> {
    let (backend, rag_server) = futures::join!(service.readiness(), service.rag_server());
    let mails_waiting = mail::store::waiting(&service.db).await.ok();
    let now = service.clock.now_ms();
    Ok(Json(SystemStatus {
        backend,
        rag_server,
        changes_waiting: materials::store::waiting(&service.db).await.ok(),
        mails_waiting,
        mail: service.mailer.kind(),
        version: env!("CARGO_PKG_VERSION"),
        uptime: now.saturating_sub(service.started_at).div_euclid(1000),
        timestamp: rfc3339(now),
    }))
}
