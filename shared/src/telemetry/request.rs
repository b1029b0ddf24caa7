//! A request as the log sees it.

use std::fmt;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{
    ACCEPT_LANGUAGE, ALLOW, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, FromRequest, HttpMessage as _, HttpRequest, ResponseError as _};
use tracing::Span;
use tracing_actix_web::{RootSpanBuilder, TracingLogger};
use uuid::Uuid;

use super::traces;
use crate::metrics::Metrics;
use crate::problem::{ApiError, Code};

const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// What is counted where the client left before the answer (nginx' own code).
const LEFT: u16 = 499;

/// Longest number taken from a header. UUIDs, trace ids and the usual proxies' numbers fit.
const MAX_ID_BYTES: usize = 64;

tokio::task_local! {
    static CURRENT: Current;
}

#[derive(Clone)]
struct Current {
    id: RequestId,
    path: Arc<str>,
    english: bool,
}

/// The number of a request: taken from `X-Request-Id` if that is 1–64 letters, digits, dots,
/// hyphens or underscores, else made; sent back in the same header and in every problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// The number of the request this task is answering, if [`observe`] is around it.
    pub fn current() -> Option<Self> {
        CURRENT.try_with(|current| current.id.clone()).ok()
    }

    /// The number as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn of(request: &ServiceRequest) -> Self {
        if let Some(id) = request.extensions().get::<Self>() {
            return id.clone();
        }
        let id = Self::sent(request.headers()).unwrap_or_else(|| {
            let made = Uuid::now_v7().as_hyphenated().to_string();
            Self(made.into())
        });
        request.extensions_mut().insert(id.clone());
        id
    }

    fn sent(headers: &HeaderMap) -> Option<Self> {
        let text = headers.get(&HEADER)?.to_str().ok()?;
        let well_formed = (1..=MAX_ID_BYTES).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        well_formed.then(|| Self(text.into()))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromRequest for RequestId {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = request.extensions().get::<Self>().cloned();
        ready(id.ok_or_else(|| ApiError::new(Code::Internal)))
    }
}

/// Number and path of the request being answered, for a problem's `request_id` and `instance`.
pub(crate) fn current_request() -> (Option<String>, Option<String>) {
    CURRENT
        .try_with(|current| (current.id.to_string(), current.path.to_string()))
        .map_or((None, None), |(id, path)| (Some(id), Some(path)))
}

/// Whether the request being answered asks for English before anything else.
pub(crate) fn english_is_wanted() -> bool {
    CURRENT.try_with(|current| current.english).unwrap_or(false)
}

/// RFC 9110, section 12.5.4: the language with the greatest weight, the first of several; 1 where none is given.
fn asks_for_english(headers: &HeaderMap) -> bool {
    let Some(text) = headers
        .get(ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok())
    else {
        return false;
    };
    let mut best: Option<(&str, f32)> = None;
    for range in text.split(',') {
        let (language, weight) = match range.split_once(';') {
            None => (range, Some(1.0)),
            Some((language, rest)) => {
                let weight = rest.trim().strip_prefix("q=").map(str::parse);
                (language, weight.and_then(Result::ok))
            }
        };
        if let Some(weight) = weight.filter(|weight| (0.0..=1.0).contains(weight))
            && best.is_none_or(|(_, known)| weight > known)
        {
            best = Some((language.trim(), weight));
        }
    }
    best.is_some_and(|(language, weight)| {
        let primary = language.split('-').next().unwrap_or_default();
        weight > 0.0 && primary.eq_ignore_ascii_case("en")
    })
}

/// The span around a request: number, method, route template, and at the end the status. It also
/// covers the sending of a streamed body.
#[derive(Debug, Clone, Copy)]
pub struct RequestSpan;

impl RootSpanBuilder for RequestSpan {
    fn on_request_start(request: &ServiceRequest) -> Span {
        let id = RequestId::of(request);
        let span = tracing::info_span!(
            "request",
            request_id = %id,
            http.method = method(request),
            http.route = route(request),
            http.status = tracing::field::Empty,
        );
        traces::go_on(&span, request.headers());
        span
    }

    fn on_request_end<B: MessageBody>(span: Span, outcome: &Result<ServiceResponse<B>, Error>) {
        let status = match outcome {
            Ok(response) => response.status(),
            Err(error) => error.as_response_error().status_code(),
        };
        span.record("http.status", status.as_u16());
    }
}

/// A method of our own routes, or `other`: clients can invent names of any length.
fn method(request: &ServiceRequest) -> &'static str {
    match *request.method() {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

fn route(request: &ServiceRequest) -> String {
    request
        .match_pattern()
        .unwrap_or_else(|| "unmatched".to_owned())
}

/// The middleware that opens [`RequestSpan`]. Wrap it last, so that it is outermost.
pub fn logger() -> TracingLogger<RequestSpan> {
    TracingLogger::new()
}

/// The middleware, for `from_fn`, that knows a request's number: it sends the number back, makes a
/// problem of every error without a body of its own (404 and 405 of the router, 400 and 413 of
/// actix's extractors), and writes the request's one line: `info` for what went well or was the
/// client's doing, `warn` for 503 and 507, `error` with the chain of causes for other 5xx. It counts the request, too, if
/// the server has [`Metrics`].
///
/// Cancel safety: a client that leaves drops the handler at its next `.await`; the line then says
/// so.
///
/// # Errors
/// What middleware inside it failed with, already made into a response.
pub async fn observe(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let id = RequestId::of(&request);
    let current = Current {
        id: id.clone(),
        path: request.path().into(),
        english: asks_for_english(request.headers()),
    };
    let line = Line {
        method: method(&request),
        route: route(&request),
        started: Instant::now(),
        metrics: request.app_data::<Data<Metrics>>().cloned(),
        span: Span::current(),
        written: false,
    };
    CURRENT
        .scope(current, answer(request, next, id, line))
        .await
}

async fn answer(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
    id: RequestId,
    mut line: Line,
) -> Result<ServiceResponse<BoxBody>, Error> {
    match next.call(request).await {
        Ok(response) => {
            line.write(response.status(), response.response().error());
            let mut response = as_problem(response.map_into_boxed_body());
            send_back(response.headers_mut(), &id);
            Ok(response)
        }
        Err(error) => {
            let mut response = error.error_response();
            line.write(response.status(), Some(&error));
            send_back(response.headers_mut(), &id);
            Err(InternalError::from_response(error, response).into())
        }
    }
}

fn send_back(headers: &mut HeaderMap, id: &RequestId) {
    // Always valid: letters, digits, dots, hyphens, underscores.
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        headers.insert(HEADER, value);
    }
}

/// Replaces errors that say nothing a client could read.
fn as_problem(response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) || has_own_body(response.headers()) {
        return response;
    }
    let (request, bare) = response.into_parts();
    let mut problem = ApiError::new(Code::from_status(status)).error_response();
    *problem.status_mut() = status;
    if let Some(methods) = bare.headers().get(ALLOW) {
        problem.headers_mut().insert(ALLOW, methods.clone());
    }
    ServiceResponse::new(request, problem)
}

/// The framework's own errors have no body or one of plain text; ours have another type.
fn has_own_body(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|content_type| !content_type.starts_with("text/plain"))
}

/// The one line of a request.
struct Line {
    method: &'static str,
    route: String,
    started: Instant,
    metrics: Option<Data<Metrics>>,
    /// The request's span: a dropped request is not polled, so nobody enters it.
    span: Span,
    written: bool,
}

impl Line {
    /// Counts the request; milliseconds it took.
    fn count(&self, status: u16) -> f64 {
        let took = self.started.elapsed();
        if let Some(metrics) = &self.metrics {
            metrics.answered(self.method, &self.route, status, took);
        }
        took.as_secs_f64() * 1_000.0
    }

    fn write(&mut self, status: StatusCode, error: Option<&Error>) {
        self.written = true;
        let (method, route) = (self.method, self.route.as_str());
        let latency_ms = self.count(status.as_u16());
        let http_status = status.as_u16();
        let problem = error.and_then(|error| error.as_error::<ApiError>());
        let code = problem.map(|problem| problem.code().name());
        match (http_status, error) {
            (503 | 507, _) => {
                let error = problem.map(ApiError::chain);
                tracing::warn!(
                    http.status = http_status,
                    latency_ms,
                    code,
                    error,
                    "{method} {route} {http_status}"
                );
            }
            (500.., _) => {
                // A foreign error's text is for the log only; it never reaches the client.
                let error = problem
                    .map(ApiError::chain)
                    .or_else(|| error.map(ToString::to_string));
                tracing::error!(
                    http.status = http_status,
                    latency_ms,
                    code,
                    error,
                    "{method} {route} {http_status}"
                );
            }
            _ => tracing::info!(
                http.status = http_status,
                latency_ms,
                code,
                "{method} {route} {http_status}"
            ),
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if !self.written {
            let latency_ms = self.count(LEFT);
            self.span.in_scope(|| {
                tracing::info!(
                    latency_ms,
                    "{} {} left by the client",
                    self.method,
                    self.route
                );
            });
        }
    }
}
