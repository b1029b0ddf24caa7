//! `/query`, `/query/stream` and `/search`.

use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use shared::body::Json;
use shared::problem::{ApiError, Problems};

use super::stream;
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
///
/// Each `token` is verified before it is sent. Should the chat model break off after some were, `done` brings another
/// answer than they do (`warnings` holds `stream_broken`): what counts is `done`. A comment keeps the line open while
/// nothing is there to be said. Closing the connection ends the call to the chat model.
#[utoipa::path(tag = "query", request_body = QueryRequest,
    responses((status = 200, content_type = "text/event-stream", body = String), Problems))]
#[post("/query/stream")]
pub(crate) async fn query_stream(
    request: Json<QueryRequest>,
    service: Data<QueryService>,
) -> Result<HttpResponse, ApiError> {
    let prepared = service.prepare(&request).await?;
    Ok(stream::answer(
        service.into_inner(),
        prepared,
        stream::Events,
    ))
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
