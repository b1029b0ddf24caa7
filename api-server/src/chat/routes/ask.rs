//! Asking.

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpResponse, get, post};
use futures::StreamExt as _;
use serde::{Deserialize, Serialize};
use shared::body::Json;
use shared::problem::{ApiError, Problems};
use shared::sse;

use crate::access::Caller;
use crate::chat::ChatService;
use crate::chat::answer::{ChatAnswer, EducationalAnswer};
use crate::chat::model::{Level, Style};
use crate::chat::question::Asked;
use crate::chat::wire::ChatModels;

/// A question. Its text comes in one of `content`, `pergunta`, `message` and `question`.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "content": "O que é hipertrofia?", "session_id": "1731000000000_a1b2" }))]
pub(crate) struct ChatRequest {
    /// The question: up to 4,000 characters are usual, beyond 10,000 it is cut, beyond 50,000 refused.
    content: Option<String>,
    /// The same; the answer then also comes as `resposta`.
    pergunta: Option<String>,
    /// The same.
    message: Option<String>,
    /// The same.
    question: Option<String>,
    /// How much is known already; as before in this conversation when absent.
    user_level: Option<Level>,
    /// How the user learns best; as before in this conversation when absent.
    learning_style: Option<Style>,
    /// The client's own name for the conversation, up to 128 characters; a new one when absent.
    #[serde(alias = "thread_id")]
    session_id: Option<String>,
    /// Id of one of one's own conversations.
    conversation_id: Option<String>,
    /// What it is about.
    current_topic: Option<String>,
    /// What the user wants to learn, up to 20.
    learning_objectives: Option<Vec<String>>,
    /// Only these materials, 1 to 100, by `uid` (the `material_id` of sources) or `id`; all of them when absent.
    #[schema(min_items = 1, max_items = 100)]
    material_ids: Option<Vec<String>>,
}

/// Lengths of messages.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct MessageLimits {
    /// Characters to keep to.
    pub max_chars: usize,
    /// Beyond so many characters a message is cut, and the answer says so.
    pub cut_above: usize,
    /// Beyond so many characters a message is refused (413).
    pub refused_above: usize,
}

impl ChatRequest {
    fn asked(self) -> Asked {
        let (text, field) = [
            (self.content, "content"),
            (self.pergunta, "pergunta"),
            (self.message, "message"),
            (self.question, "question"),
        ]
        .into_iter()
        .find_map(|(text, field)| Some((text?, field)))
        .unwrap_or((String::new(), "content"));
        let told = |text: Option<String>| text.filter(|text| !text.is_empty());
        Asked {
            text,
            field,
            level: self.user_level,
            style: self.learning_style,
            conversation_id: self.conversation_id,
            session_id: told(self.session_id),
            topic: told(self.current_topic),
            objectives: self.learning_objectives,
            materials: self.material_ids,
            question_id: None,
        }
    }
}

async fn answered(
    caller: &Caller,
    body: ChatRequest,
    chat: &ChatService,
) -> Result<Json<ChatAnswer>, ApiError> {
    let in_portuguese = body.pergunta.is_some();
    let kept = chat.ask(&caller.account.uid, &body.asked()).await?;
    Ok(Json(ChatAnswer {
        resposta: in_portuguese.then(|| kept.text.clone()),
        answer: kept.text,
        details: kept.details,
    }))
}

/// Answers a question from the course's material, with proof.
///
/// Every source opens on its page or cell range. Where the material does not hold the answer, `mode` is `not_found` and
/// there are no sources. While the material cannot be searched the answer is 503, and the question is kept unanswered.
#[utoipa::path(tag = "chat", operation_id = "chat", request_body = ChatRequest,
    responses((status = 200, body = ChatAnswer), Problems))]
#[post("/chat")]
pub(crate) async fn ask(
    caller: Caller,
    body: Json<ChatRequest>,
    chat: Data<ChatService>,
) -> Result<Json<ChatAnswer>, ApiError> {
    answered(&caller, body.into_inner(), &chat).await
}

/// The same as `/chat`.
#[utoipa::path(tag = "chat", request_body = ChatRequest, responses((status = 200, body = ChatAnswer), Problems))]
#[post("/chat-auth")]
pub(crate) async fn chat_auth(
    caller: Caller,
    body: Json<ChatRequest>,
    chat: Data<ChatService>,
) -> Result<Json<ChatAnswer>, ApiError> {
    answered(&caller, body.into_inner(), &chat).await
}

/// Answers a question at the student's level, with what to ask and read next.
#[utoipa::path(tag = "chat", request_body = ChatRequest, responses((status = 200, body = EducationalAnswer), Problems))]
#[post("/chat/educational")]
pub(crate) async fn educational(
    caller: Caller,
    body: Json<ChatRequest>,
    chat: Data<ChatService>,
) -> Result<Json<EducationalAnswer>, ApiError> {
    let asked = body.into_inner().asked();
    let kept = chat.ask(&caller.account.uid, &asked).await?;
    Ok(Json(EducationalAnswer {
        response: kept.text,
        details: kept.details,
    }))
}

/// The answer as it is written: server-sent events `token` (`{"text"}`), `sources`, then `done` with everything `/chat`
/// answers, or `error` with a problem. Comments keep the line open; leaving it ends the work.
#[utoipa::path(tag = "chat", request_body = ChatRequest,
    responses((status = 200, content_type = "text/event-stream", body = sse::Event), Problems))]
#[post("/chat/stream")]
pub(crate) async fn stream(
    caller: Caller,
    body: Json<ChatRequest>,
    chat: Data<ChatService>,
) -> Result<HttpResponse, ApiError> {
    events(&caller, body.into_inner(), chat).await
}

/// The same as `/chat/stream`, for clients that send `message` and `thread_id`.
#[utoipa::path(tag = "chat", request_body = ChatRequest,
    responses((status = 200, content_type = "text/event-stream", body = sse::Event), Problems))]
#[post("/chat/agent")]
pub(crate) async fn agent(
    caller: Caller,
    body: Json<ChatRequest>,
    chat: Data<ChatService>,
) -> Result<HttpResponse, ApiError> {
    events(&caller, body.into_inner(), chat).await
}

async fn events(
    caller: &Caller,
    body: ChatRequest,
    chat: Data<ChatService>,
) -> Result<HttpResponse, ApiError> {
    let chat: Arc<ChatService> = chat.into_inner();
    let events = chat.stream(&caller.account.uid, &body.asked()).await?;
    Ok(sse::response(events.map(Ok)))
}

/// How long messages may be.
#[utoipa::path(tag = "chat", operation_id = "message_limits", responses((status = 200, body = MessageLimits), Problems))]
#[get("/chat/limits")]
pub(crate) async fn limits(_caller: Caller, chat: Data<ChatService>) -> Json<MessageLimits> {
    let lengths = chat.lengths();
    Json(MessageLimits {
        max_chars: lengths.normal,
        cut_above: lengths.cut,
        refused_above: lengths.refuse,
    })
}

/// Chat models that can write answers; none where answers are quotes alone.
#[utoipa::path(tag = "chat", responses((status = 200, body = ChatModels), Problems))]
#[get("/models")]
pub(crate) async fn models(
    _caller: Caller,
    chat: Data<ChatService>,
) -> Result<Json<ChatModels>, ApiError> {
    Ok(Json(chat.models().await?))
}
