//! Server-sent events (WHATWG HTML, "Server-sent events").

use std::future::Future;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::Bytes;
use futures::{Stream, stream};
use serde::Serialize;
use tokio::time::{Instant, timeout_at};

use crate::problem::ApiError;

/// How long a follower waits before it is told that the line is alive.
const HEARTBEAT: Duration = Duration::from_secs(15);

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

/// How something is at one moment.
#[derive(Debug)]
pub struct Moment<T> {
    /// What a follower is shown.
    pub view: T,
    /// Nothing will change any more.
    pub has_ended: bool,
}

/// Something that one client follows until it has ended.
pub trait Followed: 'static {
    /// What the client is shown of it.
    type View: Serialize + 'static;

    /// Waits until it may have changed; `None` when the server stops.
    ///
    /// # Cancel safety
    /// Must lose nothing when it is dropped and called again.
    fn changed(&mut self) -> impl Future<Output = Option<()>>;

    /// How it is now.
    fn look(&mut self) -> impl Future<Output = Result<Moment<Self::View>, ApiError>>;

    /// Whether two views are the same to the client.
    fn is_same(one: &Self::View, other: &Self::View) -> bool;
}

/// Streams `progress` for every change and `done` at the end; `error` with the problem, at the end too, where it cannot be
/// looked at any more.
pub fn follow<F: Followed>(first: Moment<F::View>, followed: F) -> HttpResponse {
    let follower = Follower {
        followed,
        next: Some(first),
        last: None,
        has_ended: false,
        ping_at: Instant::now() + HEARTBEAT,
    };
    response(stream::unfold(follower, |mut follower| async {
        let event = follower.next_event().await?;
        Some((Ok(event), follower))
    }))
}

struct Follower<F: Followed> {
    followed: F,
    next: Option<Moment<F::View>>,
    last: Option<F::View>,
    has_ended: bool,
    /// When the client is told that the line is alive, whatever changes elsewhere.
    ping_at: Instant,
}

impl<F: Followed> Follower<F> {
    async fn next_event(&mut self) -> Option<Bytes> {
        loop {
            if self.has_ended {
                return None;
            }
            let moment = if let Some(first) = self.next.take() {
                first
            } else {
                let Ok(changed) = timeout_at(self.ping_at, self.followed.changed()).await else {
                    self.ping_at = Instant::now() + HEARTBEAT;
                    return Some(heartbeat());
                };
                changed?;
                match self.followed.look().await {
                    Ok(moment) => moment,
                    Err(error) => {
                        self.has_ended = true;
                        return Some(event("error", &error.problem()));
                    }
                }
            };
            let Moment { view, has_ended } = moment;
            self.has_ended = has_ended;
            let is_same = self
                .last
                .as_ref()
                .is_some_and(|last| F::is_same(last, &view));
            if !is_same {
                let name = if has_ended { "done" } else { "progress" };
                let event = event(name, &view);
                self.last = Some(view);
                self.ping_at = Instant::now() + HEARTBEAT;
                return Some(event);
            }
        }
    }
}
