//! Administrators who call the store panel and reprocessing from their browser, by their own token or cookie.
//!
//! This server knows no users: it asks the api-server whose token it was shown, and believes the answer for a few seconds.
//! Tokens are neither kept nor logged; answers are kept by their hash.

use std::time::Duration;

use actix_web::dev::ServiceRequest;
use actix_web::http::header::{self, HeaderMap, HeaderName};
use moka::future::Cache;
use serde::{Deserialize, Serialize};
use shared::clock::Clock;
use shared::http::{self, HttpError, HttpSettings};
use shared::problem::{ApiError, Code};
use shared::token::{self, ServiceTokens};
use url::Url;

/// How long an answer is believed: so long may somebody go on who was locked out.
const BELIEVED: Duration = Duration::from_secs(5);
/// Answers that are kept.
const KEPT: u64 = 1000;
/// Most bytes of an answer.
const MAX_ANSWER: u64 = 16 * 1024;
/// The cookie that the api-server sets at sign-in.
const COOKIE: &str = "acervo_session";
/// Longer ones are no token of the api-server.
const MAX_TOKEN: usize = 8 * 1024;

/// Asks the api-server who somebody is.
pub(crate) struct People {
    http: reqwest::Client,
    introspect: Url,
    tokens: ServiceTokens,
    kept: Cache<[u8; 32], bool>,
}

#[derive(Serialize)]
struct Question<'a> {
    token: &'a str,
    carrier: &'static str,
    method: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fetch_site: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<&'a str>,
}

#[derive(Deserialize)]
struct Answer {
    active: bool,
    #[serde(default)]
    role: Option<String>,
}

impl People {
    /// Asks the api-server at `base`; `tokens` are those we show there.
    ///
    /// # Errors
    /// [`HttpError::Setup`].
    pub(crate) fn new(base: &Url, tokens: ServiceTokens) -> Result<Self, HttpError> {
        let mut introspect = base.clone();
        if let Ok(mut segments) = introspect.path_segments_mut() {
            segments.pop_if_empty().extend(["internal", "introspect"]);
        }
        Ok(Self {
            http: http::client(&HttpSettings::default())?,
            introspect,
            tokens,
            kept: Cache::builder()
                .max_capacity(KEPT)
                .time_to_live(BELIEVED)
                .build(),
        })
    }

    /// Lets administrators through.
    ///
    /// # Errors
    /// 401 without a token that is good, 403 for other people, 503 when the api-server cannot be asked.
    pub(super) async fn admit(
        &self,
        request: &ServiceRequest,
        clock: &dyn Clock,
    ) -> Result<(), ApiError> {
        let headers = request.headers();
        let cookie = request.cookie(COOKIE);
        let (token, carrier) = match (bearer(headers), &cookie) {
            (Some(token), _) => (token, "header"),
            (None, Some(cookie)) => (cookie.value(), "cookie"),
            (None, None) => return Err(ApiError::new(Code::Unauthorized)),
        };
        if token.len() > MAX_TOKEN {
            return Err(ApiError::new(Code::Unauthorized));
        }
        let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let question = Question {
            token,
            carrier,
            method: request.method().as_str(),
            origin: text(&header::ORIGIN),
            fetch_site: text(&HeaderName::from_static("sec-fetch-site")),
            host: text(&header::HOST),
        };
        let asked = serde_json::to_vec(&question).map_err(|_| ApiError::new(Code::Internal))?;
        let key = *blake3::hash(&asked).as_bytes();
        let is_admin = if let Some(is_admin) = self.kept.get(&key).await {
            is_admin
        } else {
            let is_admin = self.ask(asked, clock).await?;
            self.kept.insert(key, is_admin).await;
            is_admin
        };
        if is_admin {
            Ok(())
        } else {
            Err(ApiError::new(Code::Forbidden).with_detail("Só administradores podem fazer isto."))
        }
    }

    async fn ask(&self, question: Vec<u8>, clock: &dyn Clock) -> Result<bool, ApiError> {
        let away = |error: &dyn std::error::Error| {
            tracing::warn!(error = %shared::telemetry::chain(error), "the api-server cannot be asked who calls");
            ApiError::new(Code::ProviderUnavailable)
        };
        let token = self.tokens.sign(clock)?;
        let response = self
            .http
            .post(self.introspect.clone())
            .bearer_auth(token)
            .header(header::CONTENT_TYPE.as_str(), "application/json")
            .body(question)
            .send()
            .await
            .and_then(reqwest::Response::error_for_status)
            .map_err(|error| away(&error.without_url()))?;
        let answer: Answer = http::read_json(response, MAX_ANSWER)
            .await
            .map_err(|error| away(&error))?;
        if !answer.active {
            return Err(ApiError::new(Code::Unauthorized));
        }
        Ok(answer.role.as_deref() == Some("admin"))
    }
}

/// The frontend sends `Bearer null` where it knows no token.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    token::bearer(headers).filter(|token| !matches!(*token, "null" | "undefined"))
}
