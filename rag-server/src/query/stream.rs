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

struct Answering {
    /// Dropped with the stream, when the client goes away: the chat model's connection with it.
    answer: Pin<Box<dyn Future<Output = QueryResponse>>>,
    words: mpsc::Receiver<String>,
    ready: VecDeque<Bytes>,
    is_over: bool,
}

/// Streams an answer.
pub(super) fn answer(service: Arc<QueryService>, prepared: Prepared) -> HttpResponse {
    let (tokens, words) = mpsc::channel(WAITING);
    let answering = Answering {
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

impl Answering {
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(event) = self.ready.pop_front() {
            return Some(event);
        }
        if self.is_over {
            return None;
        }
        tokio::select! {
            biased;
            Some(words) = self.words.recv() => Some(token(&words)),
            response = &mut self.answer => {
                self.is_over = true;
                while let Ok(words) = self.words.try_recv() {
                    self.ready.push_back(token(&words));
                }
                self.ready.push_back(sse::event("sources", &response.sources));
                self.ready.push_back(sse::event("done", &response));
                self.ready.pop_front()
            }
            () = tokio::time::sleep(HEARTBEAT) => Some(sse::heartbeat()),
        }
    }
}

fn token(words: &str) -> Bytes {
    sse::event("token", &serde_json::json!({ "text": words }))
}
