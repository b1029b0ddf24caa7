//! Learning paths and explored topics.

use actix_web::web::Data;
use actix_web::{get, post};
use serde::Deserialize;
use shared::body::{Json, Path, Query};
use shared::problem::{ApiError, Problems};

use crate::access::Caller;
use crate::chat::LearningService;
use crate::chat::learning::{ExploredTopic, LearningPath};
use crate::chat::model::Level;

/// For whom.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PathQuery {
    /// `intermediate` when absent.
    #[serde(default)]
    #[param(inline)]
    user_level: Level,
}

/// What to explore.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExploreRequest {
    /// A few words, at most 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    topic: String,
    /// `intermediate` when absent.
    #[serde(default)]
    user_level: Level,
}

/// What to study about a topic, step by step: sections of the material in the order they are taught.
#[utoipa::path(tag = "chat", operation_id = "learning_path", params(("topic" = String, Path), PathQuery),
    responses((status = 200, body = LearningPath), Problems))]
#[get("/chat/learning-path/{topic}")]
pub(crate) async fn path(
    _caller: Caller,
    topic: Path<String>,
    query: Query<PathQuery>,
    learning: Data<LearningService>,
) -> Result<Json<LearningPath>, ApiError> {
    Ok(Json(learning.path(&topic, query.user_level).await?))
}

/// What the material says about a topic from several sides, in quotes.
#[utoipa::path(tag = "chat", operation_id = "explore_topic", request_body = ExploreRequest,
    responses((status = 200, body = ExploredTopic), Problems))]
#[post("/chat/explore-topic")]
pub(crate) async fn explore(
    caller: Caller,
    body: Json<ExploreRequest>,
    learning: Data<LearningService>,
) -> Result<Json<ExploredTopic>, ApiError> {
    let uid = &caller.account.uid;
    Ok(Json(
        learning.explore(uid, &body.topic, body.user_level).await?,
    ))
}
