//! One's own conversations.

use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, post, put};
use serde::{Deserialize, Serialize};
use shared::body::{Json, Path, Query};
use shared::clock::rfc3339;
use shared::problem::{ApiError, Invalid, Problems};

use crate::access::{Caller, Staff};
use crate::chat::Conversations;
use crate::chat::conversations::{ConversationView, Rating, SessionContext, WholeConversation};

/// Conversations and judgements shown at once, usually and at most.
const USUAL: i64 = 50;
const MOST: i64 = 200;

/// Which conversations.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ConversationsQuery {
    /// Conversations after the one of this id; from the last used when absent.
    after: Option<String>,
    /// How many, 1 to 200; 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// Which judgements.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct FeedbackQuery {
    /// Judgements before this time, Unix milliseconds; the latest when absent.
    before: Option<i64>,
    /// How many, 1 to 200; 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// As what to export.
#[derive(Debug, Clone, Copy, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ExportFormat {
    /// For people.
    #[default]
    Markdown,
    /// With everything that is kept.
    Json,
}

/// As what to export.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportQuery {
    /// `markdown` when absent.
    #[serde(default)]
    #[param(inline)]
    format: ExportFormat,
}

/// Another title.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RenameRequest {
    /// 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    title: String,
}

/// What somebody thinks of an answer.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FeedbackRequest {
    /// `up` (or 👍) or `down` (or 👎); null takes the judgement back.
    rating: Option<Rating>,
    /// Why, at most 2,000 characters.
    #[schema(max_length = 2_000)]
    reason: Option<String>,
}

/// An answer that was judged, without whose it is.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct JudgedAnswer {
    /// Id of the answer.
    pub message_id: String,
    /// Id of the conversation.
    pub conversation_id: String,
    /// The answer.
    pub answer: String,
    /// How it came about.
    pub mode: Option<String>,
    /// Who wrote it.
    pub model: Option<String>,
    /// `up` or `down`.
    pub rating: String,
    /// Why.
    pub reason: Option<String>,
    /// RFC 3339, UTC.
    pub rated_at: String,
}

fn checked(limit: Option<i64>) -> Result<i64, Invalid> {
    let limit = limit.unwrap_or(USUAL);
    if (1..=MOST).contains(&limit) {
        return Ok(limit);
    }
    let detail = format!("deve estar entre 1 e {MOST}");
    Err(Invalid::new().field("/limit", "out_of_range", detail))
}

/// One's own conversations, the last used first.
#[utoipa::path(tag = "conversations", params(ConversationsQuery),
    responses((status = 200, body = Vec<ConversationView>), Problems))]
#[get("/chat/conversations")]
pub(crate) async fn list(
    caller: Caller,
    query: Query<ConversationsQuery>,
    conversations: Data<Conversations>,
) -> Result<Json<Vec<ConversationView>>, ApiError> {
    let limit = checked(query.limit)?;
    let after = query.after.as_deref();
    Ok(Json(
        conversations
            .list(&caller.account.uid, after, limit)
            .await?,
    ))
}

/// A conversation with its messages, their sources and what one thought of them.
#[utoipa::path(tag = "conversations", params(("id" = String, Path)),
    responses((status = 200, body = WholeConversation), Problems))]
#[get("/chat/conversations/{id}")]
pub(crate) async fn read(
    caller: Caller,
    id: Path<String>,
    conversations: Data<Conversations>,
) -> Result<Json<WholeConversation>, ApiError> {
    Ok(Json(conversations.whole(&caller.account.uid, &id).await?))
}

/// Gives a conversation another title.
#[utoipa::path(tag = "conversations", params(("id" = String, Path)), request_body = RenameRequest,
    responses((status = 204), Problems))]
#[put("/chat/conversations/{id}")]
pub(crate) async fn rename(
    caller: Caller,
    id: Path<String>,
    body: Json<RenameRequest>,
    conversations: Data<Conversations>,
) -> Result<HttpResponse, ApiError> {
    conversations
        .rename(&caller.account.uid, &id, &body.title)
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Removes a conversation with everything in it.
#[utoipa::path(tag = "conversations", params(("id" = String, Path)), responses((status = 204), Problems))]
#[delete("/chat/conversations/{id}")]
pub(crate) async fn remove(
    caller: Caller,
    id: Path<String>,
    conversations: Data<Conversations>,
) -> Result<HttpResponse, ApiError> {
    conversations.remove(&caller.account.uid, &id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// A conversation as a file.
#[utoipa::path(tag = "conversations", params(("id" = String, Path), ExportQuery),
    responses((status = 200, content_type = "text/markdown", body = String), Problems))]
#[get("/chat/conversations/{id}/export")]
pub(crate) async fn export(
    caller: Caller,
    id: Path<String>,
    query: Query<ExportQuery>,
    conversations: Data<Conversations>,
) -> Result<HttpResponse, ApiError> {
    let whole = conversations.whole(&caller.account.uid, &id).await?;
    let name = |ending: &str| {
        let disposition = format!(
            "attachment; filename=\"conversa-{}.{ending}\"",
            whole.conversation.id
        );
        ("Content-Disposition", disposition)
    };
    Ok(match query.format {
        ExportFormat::Markdown => HttpResponse::Ok()
            .content_type("text/markdown; charset=utf-8")
            .insert_header(name("md"))
            .body(whole.markdown()),
        ExportFormat::Json => HttpResponse::Ok().insert_header(name("json")).json(&whole),
    })
}

/// What is known of a session: level, topic, topics covered. Empty before the first question.
#[utoipa::path(tag = "conversations", operation_id = "session_context", params(("session_id" = String, Path)),
    responses((status = 200, body = SessionContext), Problems))]
#[get("/chat/session/{session_id}/context")]
pub(crate) async fn context(
    caller: Caller,
    session_id: Path<String>,
    conversations: Data<Conversations>,
) -> Result<Json<SessionContext>, ApiError> {
    let context = conversations
        .context(&caller.account.uid, &session_id)
        .await?;
    Ok(Json(context))
}

/// Says whether an answer helped, and why.
#[utoipa::path(tag = "conversations", operation_id = "rate", params(("id" = String, Path)), request_body = FeedbackRequest,
    responses((status = 204), Problems))]
#[post("/chat/messages/{id}/feedback")]
pub(crate) async fn feedback(
    caller: Caller,
    id: Path<String>,
    body: Json<FeedbackRequest>,
    conversations: Data<Conversations>,
) -> Result<HttpResponse, ApiError> {
    let reason = body.reason.as_deref();
    conversations
        .rate(&caller.account.uid, &id, body.rating, reason)
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Answers that people judged, the latest first, without whose they are. For instructors and administrators.
#[utoipa::path(tag = "conversations", operation_id = "judged", params(FeedbackQuery),
    responses((status = 200, body = Vec<JudgedAnswer>), Problems))]
#[get("/chat/feedback")]
pub(crate) async fn judged(
    _staff: Staff,
    query: Query<FeedbackQuery>,
    conversations: Data<Conversations>,
) -> Result<Json<Vec<JudgedAnswer>>, ApiError> {
    let limit = checked(query.limit)?;
    let before = query.before.unwrap_or(i64::MAX);
    let rows = conversations.rated(before, limit).await?;
    let views = rows.into_iter().map(|row| JudgedAnswer {
        message_id: row.id,
        conversation_id: row.conversation_id,
        answer: row.text,
        mode: row.mode,
        model: row.model,
        rating: row.rating,
        reason: row.reason,
        rated_at: rfc3339(row.rated_at),
    });
    Ok(Json(views.collect()))
}
