//! `/query`, `/query/stream` and `/search`.

use actix_web::web::{Bytes, Data};
use actix_web::{HttpResponse, post};
use futures::stream;
use shared::body::Json;
use shared::problem::{ApiError, Problems};
use shared::sse;

use super::{
    QueryRequest, QueryResponse, QueryService, SearchRequest, SearchResponse, TopicRequest,
    TopicResponse,
};

/// Answers a question from the material and proves it.
///
/// Every source opens on its page or cell range and its quote stands there word for word. When the material does not
/// hold the answer, `mode` is `not_found` and there are no sources.
#[utoipa::path(tag = "query", request_body = QueryRequest, responses((status = 200, body = QueryResponse), Problems))]
#[post("/query")]
pub(crate) async fn query(
    request: Json<QueryRequest>,
    service: Data<QueryService>,
) -> Result<Json<QueryResponse>, ApiError> {
    Ok(Json(service.answer(&request).await?))
}

/// The same as `/query`, as server-sent events: `token` (`{"text"}`), `sources`, then `done` with the whole answer.
#[utoipa::path(tag = "query", request_body = QueryRequest,
    responses((status = 200, content_type = "text/event-stream", body = String), Problems))]
#[post("/query/stream")]
pub(crate) async fn query_stream(
    request: Json<QueryRequest>,
    service: Data<QueryService>,
) -> Result<HttpResponse, ApiError> {
    let answered = service.answer(&request).await?;
    let mut events: Vec<Result<Bytes, actix_web::Error>> = answered
        .answer
        .split_inclusive('\n')
        .map(|text| Ok(sse::event("token", &serde_json::json!({ "text": text }))))
        .collect();
    events.push(Ok(sse::event("sources", &answered.sources)));
    events.push(Ok(sse::event("done", &answered)));
    Ok(sse::response(stream::iter(events)))
}

/// Finds the best passages for a query, without judging whether they answer it.
#[utoipa::path(tag = "query", request_body = SearchRequest, responses((status = 200, body = SearchResponse), Problems))]
#[post("/search")]
pub(crate) async fn search(
    request: Json<SearchRequest>,
    service: Data<QueryService>,
) -> Result<Json<SearchResponse>, ApiError> {
    Ok(Json(service.search(&request).await?))
}

/// The sections of the material about a topic, in the order they are taught: what a learning path is made of.
#[utoipa::path(tag = "query", request_body = TopicRequest, responses((status = 200, body = TopicResponse), Problems))]
#[post("/topics")]
pub(crate) async fn topics(
    request: Json<TopicRequest>,
    service: Data<QueryService>,
) -> Result<Json<TopicResponse>, ApiError> {
    Ok(Json(service.topics(&request).await?))
}
