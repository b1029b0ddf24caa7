//! Server-sent events (WHATWG HTML, "Server-sent events").

use actix_web::HttpResponse;
use actix_web::web::Bytes;
use futures::Stream;
use serde::Serialize;

/// An event, for OpenAPI documents.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub struct Event {
    /// What kind it is.
    pub event: String,
    /// JSON.
    pub data: String,
}

/// One event with JSON data.
pub fn event(name: &str, data: &impl Serialize) -> Bytes {
    // Our own types serialise; JSON holds no raw line feed, so one data line is enough.
    let json = serde_json::to_string(data).unwrap_or_else(|_| "null".to_owned());
    Bytes::from(format!("event: {name}\ndata: {json}\n\n"))
}

/// A comment that keeps the line open.
pub fn heartbeat() -> Bytes {
    Bytes::from_static(b": ping\n\n")
}

/// A response that streams events; no proxy may hold them back.
pub fn response(
    events: impl Stream<Item = Result<Bytes, actix_web::Error>> + 'static,
) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/event-stream; charset=utf-8")
        .insert_header(("Cache-Control", "no-store"))
        .insert_header(("X-Accel-Buffering", "no"))
        .insert_header(("Content-Encoding", "identity"))
        .streaming(events)
}
