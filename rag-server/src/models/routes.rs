//! `GET /models`.

use actix_web::get;
use actix_web::web::Data;
use shared::body::Json;
use shared::problem::Problems;

use super::{Models, ModelsResponse};

/// The chat models in the order in which they are tried, and which of them can be asked.
#[utoipa::path(tag = "query", responses((status = 200, body = ModelsResponse), Problems))]
#[get("/models")]
pub(crate) async fn models(models: Data<Models>) -> Json<ModelsResponse> {
    Json(models.list())
}
