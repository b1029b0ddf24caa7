//! Cited answers in the form of a chat model's.

use actix_web::web::{Bytes, Data};
use actix_web::{HttpResponse, post};
use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::body::Json;
use shared::clock::{Clock as _, SystemClock};
use shared::problem::{ApiError, Invalid, Problems};

use super::MODEL;
use crate::query::{
    Frames, QueryConfig, QueryRequest, QueryResponse, QueryService, Source, Turn, stream,
};

/// A conversation to go on with.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[schema(example = json!({"model": "acervo", "messages": [{"role": "user", "content": "O que é hipertrofia?"}]}))]
pub(crate) struct CompletionRequest {
    /// What was said; the last message is the question.
    messages: Vec<Message>,
    /// `acervo`, or a chat model of `/models` that shall write the answer.
    #[serde(default)]
    model: Option<String>,
    /// Server-sent events instead of one answer.
    #[serde(default)]
    stream: bool,
    /// Temperature of the chat model, 0 to 2.
    #[serde(default)]
    temperature: Option<f64>,
}

/// A message.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub(crate) struct Message {
    /// `system`, `user` or `assistant`.
    role: String,
    /// Text, or parts of which the texts count.
    content: Content,
}

/// What a message says.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(untagged)]
pub(crate) enum Content {
    /// Text.
    Text(String),
    /// Parts.
    Parts(Vec<Part>),
}

/// A part of a message.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub(crate) struct Part {
    /// Its text; parts of other kinds have none.
    #[serde(default)]
    text: Option<String>,
}

impl Content {
    fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Parts(parts) => {
                let texts: Vec<String> = parts.into_iter().filter_map(|part| part.text).collect();
                texts.join("\n")
            }
        }
    }
}

/// A cited answer.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Completion {
    /// Unique.
    id: String,
    /// `chat.completion`.
    object: &'static str,
    /// Unix seconds.
    created: i64,
    /// What wrote it.
    model: String,
    /// The one answer.
    #[schema(value_type = Vec<Object>)]
    choices: serde_json::Value,
    /// Tokens of the chat model, 0 without one.
    #[schema(value_type = Object)]
    usage: serde_json::Value,
    /// What the answer rests on, as in `/query`.
    sources: Vec<Source>,
}

/// Answers the last message from the material, with its sources below the text.
#[utoipa::path(tag = "openai", request_body = CompletionRequest, responses((status = 200, body = Completion), Problems))]
#[post("/v1/chat/completions")]
pub(crate) async fn completions(
    request: Json<CompletionRequest>,
    service: Data<QueryService>,
) -> Result<HttpResponse, ApiError> {
    let request = request.into_inner();
    let is_stream = request.stream;
    let question = question(request)?;
    let head = Head::new();
    if is_stream {
        let prepared = service.prepare(&question).await?;
        return Ok(stream::answer(service.into_inner(), prepared, head));
    }
    let answered = service.answer(&question).await?;
    let content = format!("{}{}", answered.answer, listed(&answered.sources));
    Ok(HttpResponse::Ok().json(Completion {
        id: head.id,
        object: "chat.completion",
        created: head.created,
        model: answered.model.clone().unwrap_or_else(|| MODEL.to_owned()),
        choices: json!([{
            "index": 0,
            "message": { "role": "assistant", "content": content },
            "finish_reason": "stop",
        }]),
        usage: usage(&answered),
        sources: answered.sources,
    }))
}

/// A question, in short.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[schema(example = json!({"pergunta": "O que é hipertrofia?"}))]
pub(crate) struct GenerateRequest {
    /// The question.
    #[serde(alias = "question", alias = "prompt")]
    pergunta: String,
}

/// An answer, under both its names.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Generated {
    /// The answer once more.
    resposta: String,
    /// As of `/query`.
    #[serde(flatten)]
    answered: QueryResponse,
}

/// Answers a question from the material: `/query` under an earlier name, the answer also as `resposta`.
#[utoipa::path(tag = "openai", request_body = GenerateRequest, responses((status = 200, body = Generated), Problems))]
#[post("/generate")]
pub(crate) async fn generate(
    request: Json<GenerateRequest>,
    service: Data<QueryService>,
) -> Result<Json<Generated>, ApiError> {
    let question = QueryRequest {
        question: request.into_inner().pergunta,
        ..QueryRequest::default()
    };
    let answered = service.answer(&question).await?;
    Ok(Json(Generated {
        resposta: answered.answer.clone(),
        answered,
    }))
}

/// The last message as a question, the others as its history; `system` as the course's instructions.
fn question(request: CompletionRequest) -> Result<QueryRequest, Invalid> {
    let mut history: Vec<Turn> = Vec::new();
    let mut prompts: Vec<String> = Vec::new();
    for message in request.messages {
        let content = message.content.into_text();
        if matches!(message.role.as_str(), "system" | "developer") {
            prompts.push(content);
        } else {
            history.push(Turn {
                role: message.role,
                content,
            });
        }
    }
    let Some(last) = history.pop().filter(|turn| turn.role == "user") else {
        let message = "A última mensagem deve ser a pergunta (role user).";
        return Err(Invalid::new().field("/messages", "no_question", message));
    };
    Ok(QueryRequest {
        question: last.content,
        history,
        prompt: (!prompts.is_empty()).then(|| prompts.join("\n\n")),
        config: Some(QueryConfig {
            model: request.model.filter(|model| model != MODEL),
            temperature: request.temperature,
            ..QueryConfig::default()
        }),
        ..QueryRequest::default()
    })
}

/// The sources as a list below the text.
fn listed(sources: &[Source]) -> String {
    if sources.is_empty() {
        return String::new();
    }
    let mut list = String::from("\n\n");
    for source in sources {
        list.push_str(&format!("\n[{}] {}", source.n, source.citation));
    }
    list
}

fn usage(answered: &QueryResponse) -> serde_json::Value {
    let (read, written) = answered.usage.as_ref().map_or((0, 0), |usage| {
        (usage.prompt_tokens, usage.completion_tokens)
    });
    json!({ "prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written })
}

/// What every piece of one completion says of it.
pub(crate) struct Head {
    id: String,
    created: i64,
}

impl Head {
    fn new() -> Self {
        Self {
            id: format!("chatcmpl-{}", uuid::Uuid::new_v4().simple()),
            created: SystemClock.now_ms().div_euclid(1000),
        }
    }

    fn piece(&self, delta: &serde_json::Value, finish: Option<&str>) -> Bytes {
        let piece = json!({
            "id": self.id,
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": MODEL,
            "choices": [{ "index": 0, "delta": delta, "finish_reason": finish }],
        });
        Bytes::from(format!("data: {piece}\n\n"))
    }
}

impl Frames for Head {
    fn token(&self, words: &str) -> Bytes {
        self.piece(&json!({ "role": "assistant", "content": words }), None)
    }

    fn end(&self, response: &QueryResponse) -> Vec<Bytes> {
        vec![
            self.piece(&json!({ "content": listed(&response.sources) }), None),
            self.piece(&json!({}), Some("stop")),
            Bytes::from_static(b"data: [DONE]\n\n"),
        ]
    }
}
