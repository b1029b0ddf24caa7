//! An answer as server-sent events, while it is being written.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::Bytes;
use futures::stream;
use tokio::sync::mpsc;

use super::{Prepared, QueryResponse, QueryService};
use crate::sse;

/// Silence after which a comment keeps the line open; proxies give up after a minute or so.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Words that may wait for a slow client; then the model waits too.
const WAITING: usize = 16;

/// How an answer is told piece by piece.
pub(crate) trait Frames: 'static {
    /// Words of it.
    fn token(&self, words: &str) -> Bytes;
    /// What follows the last word.
    fn end(&self, response: &QueryResponse) -> Vec<Bytes>;
}

/// `token`, `sources` and `done`.
pub(super) struct Events;

impl Frames for Events {
    fn token(&self, words: &str) -> Bytes {
        sse::event("token", &serde_json::json!({ "text": words }))
    }

    fn end(&self, response: &QueryResponse) -> Vec<Bytes> {
        vec![
            sse::event("sources", &response.sources),
            sse::event("done", response),
        ]
    }
}

struct Answering<F> {
    frames: F,
    /// Dropped with the stream, when the client goes away: the chat model's connection with it.
    answer: Pin<Box<dyn Future<Output = QueryResponse>>>,
    words: mpsc::Receiver<String>,
    ready: VecDeque<Bytes>,
    is_over: bool,
}

/// Streams an answer.
pub(crate) fn answer(
    service: Arc<QueryService>,
    prepared: Prepared,
    frames: impl Frames,
) -> HttpResponse {
    let (tokens, words) = mpsc::channel(WAITING);
    let answering = Answering {
        frames,
        answer: Box::pin(async move { service.complete(prepared, Some(tokens)).await }),
        words,
        ready: VecDeque::new(),
        is_over: false,
    };
    sse::response(stream::unfold(answering, |mut answering| async {
        let event = answering.next().await?;
        Some((Ok(event), answering))
    }))
}

impl<F: Frames> Answering<F> {
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(event) = self.ready.pop_front() {
            return Some(event);
        }
        if self.is_over {
            return None;
        }
        tokio::select! {
            biased;
            Some(words) = self.words.recv() => Some(self.frames.token(&words)),
            response = &mut self.answer => {
                self.is_over = true;
                while let Ok(words) = self.words.try_recv() {
                    self.ready.push_back(self.frames.token(&words));
                }
                self.ready.extend(self.frames.end(&response));
                self.ready.pop_front()
            }
            () = tokio::time::sleep(HEARTBEAT) => Some(sse::heartbeat()),
        }
    }
}
