//! Errors on the wire: RFC 9457 problem details.
//!
//! A feature's error enum implements [`HasProblem`]; `?` in a handler turns it into [`ApiError`],
//! the only type that implements actix's [`ResponseError`]. The body's `detail` is always one plain
//! sentence in Brazilian Portuguese (the web page shows it as it is), or in English for whoever asks
//! for it first (`Accept-Language`), also for validation errors,
//! whose single faults stand in `errors` with a JSON Pointer (RFC 6901) to the field. What went
//! wrong inside never reaches the body: the chain of causes goes to the log, once, in the line that
//! [`crate::telemetry::observe`] writes for the request.

mod code;
mod describe;
mod english;
mod wiring;

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use code::Code;
pub(crate) use describe::{from_json, from_named_values};
pub(crate) use wiring::from_path;
pub use wiring::{
    Methods, Problems, json_config, not_found, path_config, payload_config, query_config,
};

use crate::telemetry;

/// The media type of every error body (RFC 9457, section 3).
pub const CONTENT_TYPE: &str = "application/problem+json";

/// How long a client should wait when nothing more exact is known.
const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(1);

/// One fault in one field of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    /// Where it is: a JSON Pointer into the body (`/config/top_k`), or `/name` for a query or path
    /// parameter. Empty for the whole body.
    #[schema(examples("/config/top_k"))]
    pub pointer: String,
    /// What is wrong, for programs: `unknown_field`, `missing_field`, `wrong_type`, `out_of_range` …
    #[schema(examples("out_of_range"))]
    pub code: String,
    /// What is wrong, for people.
    #[schema(examples("deve estar entre 1 e 100"))]
    pub detail: String,
}

impl FieldError {
    /// A fault at `pointer`.
    pub fn new(
        pointer: impl Into<String>,
        code: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            pointer: pointer.into(),
            code: code.into(),
            detail: detail.into(),
        }
    }
}

/// The body of every error response, `application/problem+json`.
///
/// It can be read back, so that one server passes another's problem on unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// Relative reference that names the kind of problem: `/problems/<code>`.
    #[schema(examples("/problems/material_not_found"))]
    pub r#type: String,
    /// Short title, the same for every occurrence of the code.
    #[schema(examples("Material não encontrado"))]
    pub title: String,
    /// The HTTP status, repeated.
    #[schema(examples(404))]
    pub status: u16,
    /// One sentence for the person who reads it.
    #[schema(examples("Este material não existe ou já foi removido."))]
    pub detail: String,
    /// The path of the request, without its query.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(examples("/materials/aula-03.pdf"))]
    pub instance: Option<String>,
    /// Stable name of the kind of problem; clients switch on it.
    #[schema(examples("material_not_found"))]
    pub code: String,
    /// Number under which the server's log knows this request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Single faults of a request that was read but not accepted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

/// How a feature's error looks from outside. Implement it beside the enum with an exhaustive
/// `match`, so that a new variant must choose its code.
pub trait HasProblem {
    /// The row of the table this error belongs to.
    fn code(&self) -> Code;

    /// The sentence for people. Ignored for [`Code::Internal`], which never says what broke.
    fn detail(&self) -> String {
        self.code().detail().to_owned()
    }

    /// Faults of single fields.
    fn errors(&self) -> Vec<FieldError> {
        Vec::new()
    }

    /// How long the client should wait. Without one, 429, 503 and 504 send one second.
    fn retry_after(&self) -> Option<Duration> {
        None
    }
}

/// An error on its way to the client.
///
/// Made by `?` from any error with [`HasProblem`]. It is deliberately no [`StdError`]: it is the
/// end of the road, not a cause of something else.
pub struct ApiError(Box<Parts>);

struct Parts {
    code: Code,
    detail: String,
    errors: Vec<FieldError>,
    retry_after: Option<Duration>,
    /// Another server's problem, sent on as it came.
    passed_on: Option<Problem>,
    cause: Option<Box<dyn StdError + Send + Sync>>,
}

impl ApiError {
    /// A problem without a cause, with the code's own sentence.
    pub fn new(code: Code) -> Self {
        Self(Box::new(Parts {
            code,
            detail: code.detail().to_owned(),
            errors: Vec::new(),
            retry_after: None,
            passed_on: None,
            cause: None,
        }))
    }

    /// Another server's problem, passed on: code, texts and field errors stay; the status is its
    /// own, the request id and the path are those of *this* request. A status that is no error
    /// becomes 502.
    pub fn passed_on(problem: Problem, retry_after: Option<Duration>) -> Self {
        let status = StatusCode::from_u16(problem.status)
            .ok()
            .filter(|status| status.is_client_error() || status.is_server_error());
        let code = Code::from_name(&problem.code)
            .unwrap_or_else(|| status.map_or(Code::ProviderFailed, Code::from_status));
        let mut error = Self::new(code);
        error.0.retry_after = retry_after;
        if status.is_some() {
            error.0.passed_on = Some(problem);
        }
        error
    }

    /// Replaces the sentence (not that of [`Code::Internal`]).
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        if self.0.code != Code::Internal {
            self.0.detail = detail.into();
        }
        self
    }

    /// Replaces the field errors.
    #[must_use]
    pub fn with_errors(mut self, errors: Vec<FieldError>) -> Self {
        self.0.errors = errors;
        self
    }

    /// Says how long to wait.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.0.retry_after = Some(wait);
        self
    }

    /// The code it answers with.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The status it answers with.
    pub fn status(&self) -> StatusCode {
        self.0
            .passed_on
            .as_ref()
            .and_then(|problem| StatusCode::from_u16(problem.status).ok())
            .unwrap_or_else(|| self.0.code.status())
    }

    /// The body, with the path and number of the request that is being answered, if
    /// [`crate::telemetry::observe`] is answering one.
    pub fn problem(&self) -> Problem {
        let (request_id, instance) = telemetry::current_request();
        let code = self.0.code;
        let mut problem = if let Some(problem) = &self.0.passed_on {
            Problem {
                instance,
                request_id,
                ..problem.clone()
            }
        } else {
            self.own(request_id, instance)
        };
        if telemetry::english_is_wanted() {
            let (title, detail) = english::texts(code);
            title.clone_into(&mut problem.title);
            detail.clone_into(&mut problem.detail);
            problem.errors = problem.errors.iter().map(english::field).collect();
        }
        problem
    }

    fn own(&self, request_id: Option<String>, instance: Option<String>) -> Problem {
        let code = self.0.code;
        Problem {
            r#type: code.type_uri(),
            title: code.title().to_owned(),
            status: code.status().as_u16(),
            detail: self.0.detail.clone(),
            instance,
            code: code.name().to_owned(),
            request_id,
            errors: self.0.errors.clone(),
        }
    }

    /// The chain of causes for the log, outermost first; the code's name when there is none.
    pub fn chain(&self) -> String {
        match &self.0.cause {
            Some(cause) => telemetry::chain(cause.as_ref()),
            None => self.0.code.name().to_owned(),
        }
    }

    /// How long the client should wait, where that makes sense.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0
            .retry_after
            .or_else(|| self.0.code.asks_to_wait().then_some(DEFAULT_RETRY_AFTER))
    }
}

impl<E> From<E> for ApiError
where
    E: HasProblem + StdError + Send + Sync + 'static,
{
    fn from(error: E) -> Self {
        let mut made = Self::new(error.code())
            .with_detail(error.detail())
            .with_errors(error.errors());
        made.0.retry_after = error.retry_after();
        made.0.cause = Some(Box::new(error));
        made
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.code.name())
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiError({}: {})", self.0.code.name(), self.chain())
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.status()
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status());
        response
            .content_type(CONTENT_TYPE)
            .insert_header((
                header::CONTENT_LANGUAGE,
                if telemetry::english_is_wanted() {
                    "en"
                } else {
                    "pt-BR"
                },
            ))
            .insert_header((header::CACHE_CONTROL, "no-store"));
        if self.status() == StatusCode::UNAUTHORIZED {
            // RFC 9110, section 11.6.1: a 401 names the scheme; RFC 6750, section 3: Bearer.
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer realm=\"acervo\""));
        }
        if let Some(wait) = self.retry_after() {
            response.insert_header((header::RETRY_AFTER, whole_seconds(wait).to_string()));
        }
        response.json(self.problem())
    }
}

/// `Retry-After` knows whole seconds only (RFC 9110, section 10.2.3): rounded up, at least one.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs()
        .saturating_add(u64::from(wait.subsec_nanos() > 0))
        .max(1)
}

/// A request that was read but holds values that cannot be accepted: 422 with every fault.
#[derive(Debug, Clone, Default, PartialEq, Eq, thiserror::Error)]
#[error("{} of the request's fields hold values that cannot be accepted", .0.len())]
pub struct Invalid(Vec<FieldError>);

impl Invalid {
    /// No fault yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a fault.
    #[must_use]
    pub fn field(
        mut self,
        pointer: impl Into<String>,
        code: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        self.push(FieldError::new(pointer, code, detail));
        self
    }

    /// Adds a fault.
    pub fn push(&mut self, error: FieldError) {
        self.0.push(error);
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `Ok(value)` if nothing was found.
    pub fn or<T>(self, value: T) -> Result<T, Self> {
        if self.is_empty() {
            Ok(value)
        } else {
            Err(self)
        }
    }
}

impl HasProblem for Invalid {
    fn code(&self) -> Code {
        Code::Unprocessable
    }

    fn detail(&self) -> String {
        describe::sentence(&self.0).unwrap_or_else(|| self.code().detail().to_owned())
    }

    fn errors(&self) -> Vec<FieldError> {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests;
