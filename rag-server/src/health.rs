//! Is the process alive, and can it do its work?

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use serde::Serialize;
use shared::body::Json;

use crate::embedding::Embedding;
use crate::status::{Readiness, StatusService};

/// The server is there.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Health {
    /// `healthy`.
    pub status: &'static str,
    /// `rag-server`.
    pub service: &'static str,
    /// Version of the program.
    pub version: &'static str,
    /// The index is open and the embedding model in use is at hand.
    pub rag_initialized: bool,
}

fn now(embedding: &Embedding) -> Json<Health> {
    Json(Health {
        status: "healthy",
        service: "rag-server",
        version: env!("CARGO_PKG_VERSION"),
        rag_initialized: embedding.active().is_some(),
    })
}

/// The server is there.
#[utoipa::path(tag = "state", security(()), responses((status = 200, body = Health)))]
#[get("/health")]
pub(crate) async fn health(embedding: Data<Embedding>) -> Json<Health> {
    now(&embedding)
}

/// The same as `/health`.
#[utoipa::path(tag = "state", security(()), responses((status = 200, body = Health)))]
#[get("/healthz")]
pub(crate) async fn healthz(embedding: Data<Embedding>) -> Json<Health> {
    now(&embedding)
}

/// The process answers; nothing else is looked at.
#[utoipa::path(tag = "state", security(()), responses((status = 204)))]
#[get("/livez")]
pub(crate) async fn livez() -> HttpResponse {
    HttpResponse::NoContent().finish()
}

/// Whether each part can do its work; 503 when questions cannot be answered at all.
#[utoipa::path(tag = "state",
    responses((status = 200, body = Readiness), (status = 503, body = Readiness)))]
#[get("/readyz")]
pub(crate) async fn readyz(status: Data<StatusService>) -> HttpResponse {
    let readiness = status.readiness().await;
    if readiness.status == "unavailable" {
        HttpResponse::ServiceUnavailable()
            .insert_header(("Retry-After", "5"))
            .json(readiness)
    } else {
        HttpResponse::Ok().json(readiness)
    }
}
