//! What followers pass on to the writer: every request but questions and looks at what is kept.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderName};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::{Bytes, Data};
use actix_web::{Error, HttpRequest, HttpResponse};
use futures::{StreamExt as _, TryStreamExt as _};
use shared::http::{self, HttpError, HttpSettings};
use shared::problem::{ApiError, Code};
use tokio::sync::{Mutex, mpsc};
use tracing::warn;
use url::Url;

use super::{Replica, Role};

/// Questions: they change nothing, though they are sent with `POST`.
const QUESTIONS: [&str; 9] = [
    "/query",
    "/query/stream",
    "/search",
    "/topics",
    "/tables/query",
    "/v1/embeddings",
    "/v1/chat/completions",
    "/embed",
    "/generate",
];
/// Looks at what only the process that works knows.
const WORK: [&str; 2] = ["/jobs", "/chromadb/"];
/// Says that a request was passed on already: it is never passed on twice.
const PASSED_ON: HeaderName = HeaderName::from_static("x-passed-on");
/// How long a request waits for a writer: as long as one takes to be replaced, or to be missed.
const PATIENCE: Duration = Duration::from_secs(12);
/// How often it is looked whether there is one.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Longest passing on: an archive of the whole store.
const LONGEST: Duration = Duration::from_hours(1);
/// Pieces of a body under way.
const PIECES: usize = 4;
/// What belongs to one connection alone (RFC 9110, section 7.6.1).
const OF_CONNECTION: [HeaderName; 6] = [
    header::CONNECTION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::EXPECT,
];

/// Passes requests on.
pub(crate) struct Forwarder {
    http: reqwest::Client,
}

impl Forwarder {
    /// # Errors
    /// [`HttpError::Setup`].
    pub(crate) fn new() -> Result<Self, HttpError> {
        let settings = HttpSettings {
            read_timeout: LONGEST,
            total_timeout: LONGEST,
            ..HttpSettings::default()
        };
        Ok(Self {
            http: http::client(&settings)?,
        })
    }
}

/// Runs before every route, once it is known who may call.
pub(crate) async fn forward(
    replica: Data<Replica>,
    forwarder: Data<Forwarder>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if replica.role() != Role::Follower || is_answered_here(request.method(), request.path()) {
        return Ok(next.call(request).await?.map_into_boxed_body());
    }
    if request.headers().contains_key(PASSED_ON) {
        return Err(nobody().into());
    }
    let (request, payload) = request.into_parts();
    let body = Pieces::of(payload);
    let until = Instant::now() + PATIENCE;
    loop {
        let writer = writer_of(&replica, until).await?;
        match send(&forwarder, &writer, &request, &body).await? {
            Some(answer) => {
                let answer = passed_back(&replica, answer)?;
                return Ok(ServiceResponse::new(request, answer));
            }
            // Nothing of the request was sent: another one may be the writer by now.
            None => tokio::time::sleep(LOOK_EVERY).await,
        }
    }
}

fn is_answered_here(method: &Method, path: &str) -> bool {
    match *method {
        Method::GET | Method::HEAD => !WORK.iter().any(|work| path.starts_with(work)),
        Method::POST => QUESTIONS.contains(&path),
        _ => false,
    }
}

fn nobody() -> ApiError {
    ApiError::new(Code::NotReady).with_retry_after(Duration::from_secs(2))
}

/// The writer, once there is one.
async fn writer_of(replica: &Replica, until: Instant) -> Result<Url, ApiError> {
    while Instant::now() < until {
        // Asked anew for each request: one that is about to end has told so in the database.
        if let Ok(Some(writer)) = replica.writer().await {
            return Ok(writer);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Err(nobody())
}

/// Sends a request on; `None` where the writer takes no connection.
async fn send(
    forwarder: &Forwarder,
    writer: &Url,
    request: &HttpRequest,
    body: &Pieces,
) -> Result<Option<reqwest::Response>, ApiError> {
    let mut url = writer.clone();
    url.set_path(request.path());
    url.set_query(request.uri().query());
    let method = reqwest::Method::from_bytes(request.method().as_str().as_bytes())
        .map_err(|_| ApiError::new(Code::MethodNotAllowed))?;
    let mut passed = forwarder.http.request(method, url);
    // The length goes on too, so that limits hold before the body is read.
    for (name, value) in request.headers() {
        if !OF_CONNECTION.contains(name) {
            passed = passed.header(name.as_str(), value.as_bytes());
        }
    }
    // A connection that was kept would break under the next request when the writer is replaced.
    passed = passed
        .header(PASSED_ON.as_str(), "1")
        .header(header::CONNECTION.as_str(), "close");
    let has_body = request.headers().contains_key(header::CONTENT_LENGTH)
        || request.headers().contains_key(header::TRANSFER_ENCODING);
    if has_body {
        passed = passed.body(body.stream());
    }
    match passed.send().await {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.is_connect() => Ok(None),
        Err(error) => {
            broken_off(error);
            Err(nobody())
        }
    }
}

fn passed_back(replica: &Replica, answer: reqwest::Response) -> Result<HttpResponse, ApiError> {
    let status = StatusCode::from_u16(answer.status().as_u16())
        .map_err(|_| ApiError::new(Code::ProviderFailed))?;
    let mut response = HttpResponse::build(status);
    for (name, value) in answer.headers() {
        let name = HeaderName::from_bytes(name.as_str().as_bytes());
        if let Ok(name) = name
            && !OF_CONNECTION.contains(&name)
            && name != header::CONTENT_LENGTH
        {
            response.append_header((name, value.as_bytes()));
        }
    }
    let length = answer.content_length();
    let is_followed = answer
        .headers()
        .get(reqwest::header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
    let body = answer.bytes_stream().map_err(broken_off);
    if is_followed {
        // Events end only when what is followed does: nobody waits for that.
        let stopping = replica.stopping.clone();
        let body = body.take_until(async move { stopping.cancelled().await });
        return Ok(response.streaming(body));
    }
    Ok(match length {
        Some(length) => response.no_chunking(length).streaming(body),
        None => response.streaming(body),
    })
}

fn broken_off(error: reqwest::Error) -> HttpError {
    let error = HttpError::from(error);
    warn!(error = %shared::telemetry::chain(&error), "the writer did not answer: {error}");
    error
}

type Piece = Result<Bytes, std::io::Error>;

/// A body as it arrives: the two sides of it live on different threads. Until something of it was taken, it can be sent again.
struct Pieces(Arc<Mutex<mpsc::Receiver<Piece>>>);

impl Pieces {
    fn of(mut payload: Payload) -> Self {
        let (sender, receiver) = mpsc::channel::<Piece>(PIECES);
        actix_web::rt::spawn(async move {
            while let Some(piece) = payload.next().await {
                let piece = piece.map_err(std::io::Error::other);
                if sender.send(piece).await.is_err() {
                    return;
                }
            }
        });
        Self(Arc::new(Mutex::new(receiver)))
    }

    fn stream(&self) -> reqwest::Body {
        let pieces = Arc::clone(&self.0);
        reqwest::Body::wrap_stream(futures::stream::unfold(pieces, |pieces| async {
            let piece = pieces.lock().await.recv().await?;
            Some((piece, pieces))
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_and_looks_are_answered_anywhere() {
        for (method, path) in [
            (Method::GET, "/health"),
            (Method::GET, "/materials"),
            (Method::GET, "/materials/a.pdf/pages/1.png"),
            (Method::HEAD, "/materials"),
            (Method::POST, "/query"),
            (Method::POST, "/query/stream"),
            (Method::POST, "/tables/query"),
            (Method::POST, "/v1/chat/completions"),
        ] {
            assert!(is_answered_here(&method, path), "{method} {path}");
        }
        for (method, path) in [
            (Method::PUT, "/materials/a.pdf"),
            (Method::DELETE, "/materials/a.pdf"),
            (Method::GET, "/jobs"),
            (Method::GET, "/jobs/1/events"),
            (Method::GET, "/chromadb/status"),
            (Method::POST, "/process-materials"),
            (Method::POST, "/query/"),
            (Method::POST, "/reset"),
        ] {
            assert!(!is_answered_here(&method, path), "{method} {path}");
        }
    }
}
