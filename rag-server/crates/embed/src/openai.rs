//! Any endpoint that speaks OpenAI's `POST /embeddings`.

mod retry;
mod wire;

use std::borrow::Cow;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode, redirect};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::sleep;
use url::Url;

use crate::{EmbedError, Embedder, Passage, PassageVectors};
use retry::{Attempt, Backoff, asked_wait};

/// Time to open a connection; an endpoint that takes longer is as good as down.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Body bytes allowed per text asked for: 8,192 values of up to 32 characters.
const MAX_BYTES_PER_TEXT: usize = 256 * 1024;

/// Body bytes allowed for everything around the vectors.
const MAX_BYTES_AROUND: usize = 64 * 1024;

/// Characters per token that [`OpenAiEmbedder`] assumes.
const CHARACTERS_PER_TOKEN: usize = 4;

/// Where and how to ask for embeddings.
#[derive(Clone)]
pub struct OpenAiSettings {
    /// Address that `/embeddings` is appended to, as `https://api.openai.com/v1`.
    pub base_url: Url,
    /// Model to ask for.
    pub model: String,
    /// Sent as bearer token.
    pub api_key: Option<SecretString>,
    /// Length of the model's vectors. Without it, the constructor asks for one to find out.
    pub dimensions: Option<usize>,
    /// Most texts in one request, at least 1.
    pub batch_size: usize,
    /// Longest wait for one request's whole answer.
    pub timeout: Duration,
    /// How often a request is sent again when the endpoint is overloaded, fails (429, 5xx) or cannot be reached.
    pub retries: u32,
    /// Wait before the first retry; doubles with each, less a random share of up to a half.
    pub backoff: Duration,
    /// Put before every question; many models expect one.
    pub query_prefix: String,
    /// Put before every passage.
    pub passage_prefix: String,
}

impl OpenAiSettings {
    /// Settings with no key, no prefixes, 64 texts per request, 30 s and 3 retries from a quarter second on.
    pub fn new(base_url: Url, model: impl Into<String>) -> Self {
        Self {
            base_url,
            model: model.into(),
            api_key: None,
            dimensions: None,
            batch_size: 64,
            timeout: Duration::from_secs(30),
            retries: 3,
            backoff: Duration::from_millis(250),
            query_prefix: String::new(),
            passage_prefix: String::new(),
        }
    }
}

impl std::fmt::Debug for OpenAiSettings {
    // An address may carry a password or a key in its query.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("OpenAiSettings")
            .field("host", &self.base_url.host_str())
            .field("model", &self.model)
            .field("dimensions", &self.dimensions)
            .field("batch_size", &self.batch_size)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// Embeddings from an OpenAI-compatible endpoint.
///
/// Vectors are brought to unit length. There are no sentence vectors, and whether a text was cut is not known:
/// `truncated` is always false. Tokens are estimated, since each endpoint has a tokenizer of its own: one per four
/// characters begun, as OpenAI counts for English; languages with accents have rather more, so callers leave room.
pub struct OpenAiEmbedder {
    settings: OpenAiSettings,
    client: Client,
    endpoint: Url,
    id: String,
    dimensions: usize,
}

impl std::fmt::Debug for OpenAiEmbedder {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("OpenAiEmbedder")
            .field("settings", &self.settings)
            .field("dimensions", &self.dimensions)
            .finish_non_exhaustive()
    }
}

impl OpenAiEmbedder {
    /// Prepares the connection; asks for one vector if the settings do not say how long they are.
    ///
    /// # Errors
    /// [`EmbedError::Compute`] if the address, the key or the TLS set-up cannot be used, and what
    /// [`Embedder::embed_query`] fails with.
    pub async fn new(settings: OpenAiSettings) -> Result<Self, EmbedError> {
        let mut headers = HeaderMap::new();
        if let Some(key) = &settings.api_key {
            let value = format!("Bearer {}", key.expose_secret());
            let mut value = HeaderValue::from_str(&value)
                .map_err(|_| unusable("key holds characters that cannot be sent"))?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let client = Client::builder()
            .default_headers(headers)
            .timeout(settings.timeout)
            .connect_timeout(CONNECT_TIMEOUT.min(settings.timeout))
            // Following would carry texts to an address that nobody chose.
            .redirect(redirect::Policy::none())
            .build()
            .map_err(|_| unusable("HTTP client cannot be set up"))?;
        let mut endpoint = settings.base_url.clone();
        endpoint
            .path_segments_mut()
            .map_err(|()| unusable("address cannot be used"))?
            .pop_if_empty()
            .push("embeddings");

        let mut embedder = Self {
            settings,
            client,
            endpoint,
            id: String::new(),
            dimensions: 0,
        };
        embedder.dimensions = match embedder.settings.dimensions {
            Some(dimensions) => dimensions,
            None => embedder.probe().await?,
        };
        embedder.id = embedder.describe();
        Ok(embedder)
    }

    /// Everything that changes a passage's vector.
    fn describe(&self) -> String {
        let mut id = format!("{}@{}", self.settings.model, self.dimensions);
        if !self.settings.passage_prefix.is_empty() {
            id = format!("{id}#{}", self.settings.passage_prefix);
        }
        id
    }

    async fn probe(&self) -> Result<usize, EmbedError> {
        let vectors = self.embed(&[self.question("acervo")], None).await?;
        Ok(vectors.first().map_or(0, Vec::len))
    }

    fn question<'a>(&self, text: &'a str) -> Cow<'a, str> {
        prefixed(&self.settings.query_prefix, text)
    }

    /// One vector of unit length per text, in order, each as long as `dimensions` says, or all of one length.
    async fn embed(
        &self,
        texts: &[Cow<'_, str>],
        dimensions: Option<usize>,
    ) -> Result<Vec<Vec<f32>>, EmbedError> {
        let body = wire::request(&self.settings.model, texts)?;
        let mut backoff = Backoff::new(self.settings.backoff, self.settings.retries);
        let answer = loop {
            match self.send(&body, texts.len()).await {
                Ok(answer) => break answer,
                Err(Attempt::Final(error)) => return Err(error),
                Err(Attempt::Again { error, asked }) => match backoff.next(asked) {
                    Some(wait) => {
                        tracing::debug!(?wait, "embedding endpoint is asked again");
                        sleep(wait).await;
                    }
                    None => return Err(error),
                },
            }
        };
        let mut vectors = wire::vectors(&answer, texts.len(), dimensions)?;
        for vector in &mut vectors {
            crate::normalise(vector);
        }
        Ok(vectors)
    }

    /// Sends one request and reads its whole answer.
    async fn send(&self, body: &[u8], texts: usize) -> Result<Vec<u8>, Attempt> {
        let request = self
            .client
            .post(self.endpoint.clone())
            .header(reqwest::header::CONTENT_TYPE, "application/json")
            .body(body.to_vec());
        let response = request.send().await.map_err(|error| {
            let unavailable = unreachable_because(&error);
            if error.is_connect() {
                Attempt::Again {
                    error: unavailable,
                    asked: None,
                }
            } else {
                Attempt::Final(unavailable)
            }
        })?;
        let status = response.status();
        if status.is_success() {
            let limit = MAX_BYTES_AROUND + texts * MAX_BYTES_PER_TEXT;
            return read_at_most(response, limit).await.map_err(Attempt::Final);
        }
        if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
            let asked = response.headers().get(RETRY_AFTER).and_then(asked_wait);
            let error = EmbedError::Unavailable {
                reason: format!("status {}", status.as_u16()),
                retry_after: asked,
            };
            return Err(Attempt::Again { error, asked });
        }
        Err(Attempt::Final(EmbedError::Refused {
            status: status.as_u16(),
        }))
    }
}

#[async_trait::async_trait]
impl Embedder for OpenAiEmbedder {
    fn model_id(&self) -> &str {
        &self.id
    }

    fn dimensions(&self) -> usize {
        self.dimensions
    }

    fn count_tokens(&self, text: &str) -> usize {
        text.chars().count().div_ceil(CHARACTERS_PER_TOKEN)
    }

    async fn embed_query(&self, text: &str) -> Result<Vec<f32>, EmbedError> {
        let vectors = self
            .embed(&[self.question(text)], Some(self.dimensions))
            .await?;
        vectors
            .into_iter()
            .next()
            .ok_or_else(|| EmbedError::BadAnswer {
                reason: "no vector".to_owned(),
            })
    }

    async fn embed_passages(
        &self,
        passages: &[Passage],
    ) -> Result<Vec<PassageVectors>, EmbedError> {
        let mut answers = Vec::with_capacity(passages.len());
        for batch in passages.chunks(self.settings.batch_size.max(1)) {
            let prefix = &self.settings.passage_prefix;
            let texts = batch
                .iter()
                .map(|passage| prefixed(prefix, &passage.text))
                .collect::<Vec<_>>();
            let vectors = self.embed(&texts, Some(self.dimensions)).await?;
            answers.extend(vectors.into_iter().map(|vector| PassageVectors {
                vector,
                sentences: Vec::new(),
                truncated: false,
            }));
        }
        Ok(answers)
    }
}

fn prefixed<'a>(prefix: &str, text: &'a str) -> Cow<'a, str> {
    match prefix {
        "" => Cow::Borrowed(text),
        _ => Cow::Owned(format!("{prefix}{text}")),
    }
}

/// Reads a body, and gives up as soon as it grows beyond `limit` bytes.
async fn read_at_most(mut response: Response, limit: usize) -> Result<Vec<u8>, EmbedError> {
    let mut body = Vec::new();
    loop {
        let chunk = response
            .chunk()
            .await
            .map_err(|error| unreachable_because(&error))?;
        let Some(chunk) = chunk else { return Ok(body) };
        if body.len() + chunk.len() > limit {
            return Err(EmbedError::BadAnswer {
                reason: format!("more than {limit} bytes"),
            });
        }
        body.extend_from_slice(&chunk);
    }
}

/// What went wrong on the way, in words of our own: a client error's text holds the address.
fn unreachable_because(error: &reqwest::Error) -> EmbedError {
    let reason = if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "connection failed"
    } else {
        "connection broke off"
    };
    EmbedError::Unavailable {
        reason: reason.to_owned(),
        retry_after: None,
    }
}

fn unusable(reason: &str) -> EmbedError {
    EmbedError::Compute {
        reason: reason.to_owned(),
    }
}
