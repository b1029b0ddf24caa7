//! The one client of the rag-server: where it is, how we prove who we are, how long we wait.
//!
//! What the rag-server refuses comes back as its own problem and reaches people unchanged; a rag-server that is away is a
//! 503 with `Retry-After`. Nothing is tried again here: whoever calls knows whether that is safe.

mod error;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::web::Bytes;
use futures::{Stream, StreamExt as _, TryStreamExt as _};
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE};
use reqwest::{Method, RequestBuilder, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use shared::clock::Clock;
use shared::http::{self, HttpError, HttpSettings};
use shared::problem::Problem;
use shared::telemetry;
use shared::token::ServiceTokens;
use tokio_util::io::ReaderStream;
use url::Url;

pub(crate) use error::RagError;

use crate::numbers::Counts;

/// Most bytes of an answer that is read whole: an answer with 50 sources of whole passages has less than 1 MB.
const MAX_ANSWER: u64 = 16 * 1024 * 1024;
/// Most bytes of a problem.
const MAX_PROBLEM: u64 = 64 * 1024;
/// Longest stream of events. A line that is silent for longer than `read_timeout` is given up before.
const LONGEST_STREAM: Duration = Duration::from_hours(6);
/// Longest transfer of a file; one that stands still for longer than `read_timeout` is given up before.
const LONGEST_TRANSFER: Duration = Duration::from_hours(1);
/// Bytes of a file read at a time.
const PIECE: usize = 256 * 1024;

/// Speaks to the rag-server.
#[derive(Debug)]
pub(crate) struct RagClient {
    http: reqwest::Client,
    base: Url,
    /// What we show; `None` where the rag-server answers this machine alone.
    tokens: Option<ServiceTokens>,
    counts: Counts,
    clock: Arc<dyn Clock>,
}

impl RagClient {
    /// A client of the rag-server at `base`.
    ///
    /// # Errors
    /// [`HttpError::Setup`].
    pub(crate) fn new(
        base: Url,
        tokens: Option<ServiceTokens>,
        counts: Counts,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, HttpError> {
        Ok(Self {
            http: http::client(&HttpSettings::default())?,
            base,
            tokens,
            counts,
            clock,
        })
    }

    /// A request to `path`, given as its segments, with our credential. Other times than the client's (5 s to connect,
    /// 60 s of silence, 2 minutes in all) are set on it.
    ///
    /// # Errors
    /// [`RagError::Token`].
    pub(crate) fn request(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<RequestBuilder, RagError> {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let request = telemetry::carried_on(self.http.request(method, url));
        Ok(match &self.tokens {
            Some(tokens) => request.bearer_auth(tokens.sign(&*self.clock)?),
            None => request,
        })
    }

    /// Sends a request; an answer that is no success is an error.
    ///
    /// # Errors
    /// [`RagError`].
    pub(crate) async fn send(&self, request: RequestBuilder) -> Result<Response, RagError> {
        let started = Instant::now();
        let answer = self.send_uncounted(request).await;
        let outcome = match &answer {
            Ok(_) => "ok",
            Err(RagError::Refused { .. }) => "refused",
            Err(_) => "failed",
        };
        self.counts.asked_rag(outcome, started.elapsed());
        answer
    }

    async fn send_uncounted(&self, request: RequestBuilder) -> Result<Response, RagError> {
        let response = request.send().await.map_err(HttpError::from)?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let retry_after = http::retry_after(response.headers(), &*self.clock);
        match http::read_json::<Problem>(response, MAX_PROBLEM).await {
            Ok(problem) => Err(RagError::Refused {
                problem: Box::new(problem),
                retry_after,
            }),
            Err(_) => Err(RagError::Unexpected {
                status: status.as_u16(),
            }),
        }
    }

    /// Sends a request and reads the JSON it is answered with.
    ///
    /// # Errors
    /// [`RagError`].
    pub(crate) async fn read<T: DeserializeOwned>(
        &self,
        request: RequestBuilder,
    ) -> Result<T, RagError> {
        let response = self.send(request).await?;
        Ok(http::read_json(response, MAX_ANSWER).await?)
    }

    /// `GET`, read as JSON.
    ///
    /// # Errors
    /// [`RagError`].
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &[&str]) -> Result<T, RagError> {
        self.read(self.request(Method::GET, path, &[])?).await
    }

    /// `POST` of a JSON body, read as JSON.
    ///
    /// # Errors
    /// [`RagError`].
    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        path: &[&str],
        body: &impl Serialize,
    ) -> Result<T, RagError> {
        self.read(self.request(Method::POST, path, &[])?.json(body))
            .await
    }

    /// `PUT` of a file, streamed from disk.
    ///
    /// # Errors
    /// [`RagError`]; [`RagError::File`] when the file cannot be read.
    pub(crate) async fn put_file<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
        file: &Path,
    ) -> Result<T, RagError> {
        let file = tokio::fs::File::open(file).await.map_err(RagError::File)?;
        let size = file.metadata().await.map_err(RagError::File)?.len();
        let body = reqwest::Body::wrap_stream(ReaderStream::with_capacity(file, PIECE));
        let request = self
            .request(Method::PUT, path, query)?
            .header(CONTENT_TYPE, "application/octet-stream")
            .header(CONTENT_LENGTH, size)
            .timeout(LONGEST_TRANSFER)
            .body(body);
        self.read(request).await
    }

    /// `POST` of an archive as the field `archive` of a form, streamed from disk.
    ///
    /// # Errors
    /// [`RagError`]; [`RagError::File`] when the file cannot be read.
    pub(crate) async fn send_archive(&self, path: &[&str], file: &Path) -> Result<(), RagError> {
        let boundary = uuid::Uuid::now_v7().as_simple().to_string();
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"replace_existing\"\r\n\r\ntrue\r\n\
             --{boundary}\r\nContent-Disposition: form-data; name=\"archive\"; filename=\"rag.tar.gz\"\r\n\
             Content-Type: application/gzip\r\n\r\n"
        );
        let tail = format!("\r\n--{boundary}--\r\n");
        let file = tokio::fs::File::open(file).await.map_err(RagError::File)?;
        let size = file.metadata().await.map_err(RagError::File)?.len();
        let length = size.saturating_add((head.len() + tail.len()) as u64);
        let once = |text: String| futures::stream::once(async { Ok(Bytes::from(text)) });
        let parts = once(head)
            .chain(ReaderStream::with_capacity(file, PIECE))
            .chain(once(tail));
        let request = self
            .request(Method::POST, path, &[])?
            .header(
                CONTENT_TYPE,
                format!("multipart/form-data; boundary={boundary}"),
            )
            .header(CONTENT_LENGTH, length)
            .timeout(LONGEST_TRANSFER)
            .body(reqwest::Body::wrap_stream(parts));
        self.send(request).await.map(drop)
    }

    /// Sends a request whose answer is a stream of events (or any other bytes) to be passed on as they come. Dropping
    /// the stream ends the request.
    ///
    /// # Errors
    /// [`RagError`], before the first byte and, as an item, after it.
    pub(crate) async fn stream(
        &self,
        request: RequestBuilder,
    ) -> Result<impl Stream<Item = Result<Bytes, RagError>> + Send + Unpin + use<>, RagError> {
        let response = self.send(request.timeout(LONGEST_STREAM)).await?;
        Ok(Box::pin(
            response
                .bytes_stream()
                .map_err(|error| RagError::from(HttpError::from(error))),
        ))
    }
}
