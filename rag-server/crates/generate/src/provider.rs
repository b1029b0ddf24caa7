//! One call to an OpenAI-compatible `POST /chat/completions` with `stream: true`.
//!
//! Not through async-openai or genai: both ask reqwest for features that would have the whole index compiled anew, and
//! neither hands on `Retry-After`, caps what it reads, or tells a stream that ended from one that broke off. The
//! wire types are small and lenient instead, since every provider leaves out or adds something.

use std::pin::Pin;
use std::time::{Duration, SystemTime};

use eventsource_stream::Eventsource as _;
use futures::{Stream, StreamExt as _};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::ModelEntry;

/// Bytes of one answer's stream at most: a hundred times what 8,192 tokens take.
const MAX_STREAM: usize = 4 << 20;

/// Who says something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The rules.
    System,
    /// The person, and the passages.
    User,
    /// The model, earlier.
    Assistant,
}

/// Something said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Message {
    /// By whom.
    pub role: Role,
    /// What.
    pub content: String,
}

/// Tokens used, as the provider counted them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens read.
    #[serde(default)]
    pub prompt_tokens: u64,
    /// Tokens written.
    #[serde(default)]
    pub completion_tokens: u64,
}

/// Why a model did not answer. No variant holds a key, an address, or words of the provider: those may repeat the
/// question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// The key is wrong, or may not do this (401, 403).
    #[error("key is not accepted ({status})")]
    Auth {
        /// HTTP status.
        status: u16,
    },
    /// Too many requests, or no credit left (429, 402).
    #[error("quota is used up")]
    Quota {
        /// How long the provider asked to wait.
        retry_after: Option<Duration>,
    },
    /// The provider has a problem of its own (5xx).
    #[error("provider fails ({status})")]
    Overloaded {
        /// HTTP status.
        status: u16,
        /// How long the provider asked to wait.
        retry_after: Option<Duration>,
    },
    /// A time limit was reached.
    #[error("no answer in time")]
    Timeout,
    /// No connection.
    #[error("connection failed")]
    Unreachable,
    /// The stream ended in the middle, or is not what was agreed on.
    #[error("stream broke off")]
    Broken,
    /// The request is not accepted (any other 4xx), or its content is filtered.
    #[error("request is refused ({status})")]
    Refused {
        /// HTTP status; 200 where the content was filtered.
        status: u16,
    },
}

impl ProviderError {
    /// Whether the same model may answer if asked again.
    pub(crate) fn retry(self) -> Retry {
        match self {
            Self::Quota {
                retry_after: Some(wait),
            }
            | Self::Overloaded {
                retry_after: Some(wait),
                ..
            } => Retry::After(wait),
            Self::Quota { .. } | Self::Overloaded { .. } | Self::Unreachable | Self::Broken => {
                Retry::After(Duration::ZERO)
            }
            // A model that took its whole time once is left for the next one.
            Self::Timeout | Self::Auth { .. } | Self::Refused { .. } => Retry::Never,
        }
    }

    /// Whether the model is to be blamed, not the request.
    pub(crate) fn is_models_fault(self) -> bool {
        !matches!(self, Self::Refused { .. })
    }
}

/// Whether to ask the same model again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Retry {
    /// It would answer the same.
    Never,
    /// After at least so long.
    After(Duration),
}

/// What comes out of a stream.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Event {
    /// Words.
    Text(String),
    /// Tokens used; may come more than once, the last one counts.
    Used(Usage),
    /// Complete. `cut`: at the limit of tokens.
    End { cut: bool },
}

/// Events of one answer; dropping it closes the connection.
pub(crate) type Events = Pin<Box<dyn Stream<Item = Result<Event, ProviderError>> + Send>>;

/// What is asked for.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) entry: &'a ModelEntry,
    pub(crate) base_url: &'a Url,
    pub(crate) key: Option<&'a SecretString>,
    pub(crate) messages: &'a [Message],
    pub(crate) temperature: f32,
    pub(crate) max_tokens: usize,
    pub(crate) schema: Option<&'a serde_json::Value>,
}

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    messages: &'a [Message],
    temperature: f32,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<usize>,
    stream: bool,
    stream_options: StreamOptions,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<ResponseFormat<'a>>,
}

/// Structured output: nothing but JSON of this schema may be written.
#[derive(Serialize)]
struct ResponseFormat<'a> {
    r#type: &'static str,
    json_schema: NamedSchema<'a>,
}

#[derive(Serialize)]
struct NamedSchema<'a> {
    name: &'static str,
    strict: bool,
    schema: &'a serde_json::Value,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

#[derive(Deserialize)]
struct Part {
    #[serde(default)]
    choices: Vec<Choice>,
    #[serde(default)]
    usage: Option<Usage>,
    #[serde(default)]
    error: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    delta: Delta,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[derive(Default, Deserialize)]
struct Delta {
    #[serde(default)]
    content: Option<String>,
}

/// Sends a call and waits for the head of the answer.
pub(crate) async fn open(client: &Client, call: &Call<'_>) -> Result<Events, ProviderError> {
    let mut address = call.base_url.clone();
    address
        .path_segments_mut()
        .map_err(|()| ProviderError::Unreachable)?
        .pop_if_empty()
        .extend(["chat", "completions"]);
    // OpenAI's newer models know the one name, everybody else the other.
    let is_openai = call.entry.provider == "openai";
    let body = Body {
        model: &call.entry.model,
        messages: call.messages,
        temperature: call.temperature,
        max_tokens: (!is_openai).then_some(call.max_tokens),
        max_completion_tokens: is_openai.then_some(call.max_tokens),
        stream: true,
        stream_options: StreamOptions {
            include_usage: true,
        },
        response_format: call.schema.filter(|_| call.entry.structured).map(|schema| {
            ResponseFormat {
                r#type: "json_schema",
                json_schema: NamedSchema {
                    name: "reply",
                    strict: true,
                    schema,
                },
            }
        }),
    };
    let body = serde_json::to_vec(&body).map_err(|_| ProviderError::Broken)?;
    let mut request = client
        .post(address)
        .header(CONTENT_TYPE, "application/json")
        .body(body);
    if let Some(key) = call.key {
        let value = HeaderValue::from_str(&format!("Bearer {}", key.expose_secret()));
        let mut value = value.map_err(|_| ProviderError::Auth { status: 401 })?;
        value.set_sensitive(true);
        request = request.header(AUTHORIZATION, value);
    }
    let response = request.send().await.map_err(|error| {
        if error.is_timeout() {
            ProviderError::Timeout
        } else {
            ProviderError::Unreachable
        }
    })?;
    if response.status().is_success() {
        Ok(events(response))
    } else {
        Err(refusal(&response, SystemTime::now()))
    }
}

fn refusal(response: &Response, now: SystemTime) -> ProviderError {
    let status = response.status();
    let asked = response.headers().get(RETRY_AFTER);
    let retry_after = asked.and_then(|value| asked_wait(value.to_str().ok()?, now));
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => ProviderError::Auth {
            status: status.as_u16(),
        },
        StatusCode::TOO_MANY_REQUESTS | StatusCode::PAYMENT_REQUIRED => {
            ProviderError::Quota { retry_after }
        }
        StatusCode::REQUEST_TIMEOUT => ProviderError::Timeout,
        _ if status.is_client_error() => ProviderError::Refused {
            status: status.as_u16(),
        },
        // A redirect, too: keys do not travel to another host.
        _ => ProviderError::Overloaded {
            status: status.as_u16(),
            retry_after,
        },
    }
}

/// Reads `Retry-After` (RFC 9110, 10.2.3): whole seconds, or a date; a date that has passed asks for no wait.
fn asked_wait(value: &str, now: SystemTime) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value.trim()).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

/// The events of an answer. A stream that ends without a reason to end broke off.
fn events(response: Response) -> Events {
    let mut received = 0usize;
    let capped = response.bytes_stream().map(move |bytes| {
        let bytes = bytes.map_err(|_| ProviderError::Broken)?;
        received = received.saturating_add(bytes.len());
        if received > MAX_STREAM {
            Err(ProviderError::Broken)
        } else {
            Ok(bytes)
        }
    });
    let parts = capped
        .eventsource()
        .map(|event| event.map_err(|_| ProviderError::Broken));
    let reading = Reading {
        parts: Box::pin(parts),
        ended: None,
        is_over: false,
    };
    Box::pin(futures::stream::unfold(reading, Reading::next).flat_map(futures::stream::iter))
}

struct Reading<S> {
    parts: Pin<Box<S>>,
    /// The reason to end has come; usage may still follow.
    ended: Option<bool>,
    is_over: bool,
}

impl<S> Reading<S>
where
    S: Stream<Item = Result<eventsource_stream::Event, ProviderError>> + Send,
{
    async fn next(mut self) -> Option<(Vec<Result<Event, ProviderError>>, Self)> {
        if self.is_over {
            return None;
        }
        let found = match self.parts.next().await {
            Some(Ok(event)) if event.data.trim() == "[DONE]" => {
                self.is_over = true;
                vec![Ok(Event::End {
                    cut: self.ended.unwrap_or(false),
                })]
            }
            Some(Ok(event)) => self.read(&event.data),
            // The provider closed after the end, without a word.
            None if self.ended.is_some() => {
                self.is_over = true;
                vec![Ok(Event::End {
                    cut: self.ended.unwrap_or(false),
                })]
            }
            Some(Err(_)) | None => vec![Err(ProviderError::Broken)],
        };
        self.is_over |= found.iter().any(Result::is_err);
        Some((found, self))
    }

    fn read(&mut self, data: &str) -> Vec<Result<Event, ProviderError>> {
        let Ok(part) = serde_json::from_str::<Part>(data) else {
            return vec![Err(ProviderError::Broken)];
        };
        if part.error.is_some() {
            return vec![Err(ProviderError::Broken)];
        }
        let mut found = Vec::new();
        if let Some(choice) = part.choices.into_iter().next() {
            if let Some(text) = choice.delta.content.filter(|text| !text.is_empty()) {
                found.push(Ok(Event::Text(text)));
            }
            match choice.finish_reason.as_deref() {
                None | Some("") => {}
                Some("content_filter") => found.push(Err(ProviderError::Refused { status: 200 })),
                Some(reason) => self.ended = Some(reason == "length"),
            }
        }
        if let Some(usage) = part.usage {
            found.push(Ok(Event::Used(usage)));
        }
        found
    }
}

#[cfg(test)]
#[path = "tests/provider.rs"]
mod tests;
