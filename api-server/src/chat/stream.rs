//! An answer as it is written: events of the rag-server passed on as they come, the last one with what is kept.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::{Bytes, BytesMut};
use futures::{Stream, StreamExt as _};
use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::http::HttpError;
use shared::problem::{ApiError, Code, Problem};

use super::answer::ChatAnswer;
use super::privacy::MaskedStream;
use super::question::Asked;
use super::service::{ChatService, Prepared};
use super::wire::{RagAnswer, Source};
use crate::rag::RagError;

/// A line that is silent for so long hears a comment, so that nobody between takes it for dead and a client that left is
/// noticed.
const KEEP_ALIVE: Duration = Duration::from_secs(5);
/// Most bytes of one event.
const LONGEST_EVENT: usize = 16 * 1024 * 1024;

type Upstream = Pin<Box<dyn Stream<Item = Result<Bytes, RagError>> + Send>>;

/// What a token event holds.
#[derive(Deserialize, Serialize)]
struct Token {
    text: String,
}

/// An answer on its way.
struct Relay {
    chat: Arc<ChatService>,
    prepared: Prepared,
    upstream: Upstream,
    /// Bytes of an event that is not whole yet.
    partial: BytesMut,
    /// What goes out next.
    ready: VecDeque<Bytes>,
    mask: Option<MaskedStream>,
    ended: bool,
}

impl ChatService {
    /// Asks, and gives the events of the answer: `token`, `sources`, then `done` with all of it, or `error`. Dropping the
    /// stream ends the rag-server's work; the question then stays unanswered.
    ///
    /// # Errors
    /// As [`ChatService::ask`], before the first event.
    pub(crate) async fn stream(
        self: Arc<Self>,
        uid: &str,
        asked: &Asked,
    ) -> Result<impl Stream<Item = Bytes> + use<>, ApiError> {
        let prepared = self.prepare(uid, asked).await?;
        let upstream = async {
            self.rag
                .stream(self.request(&prepared, "query/stream")?)
                .await
        };
        let upstream: Upstream = match upstream.await {
            Ok(upstream) => Box::pin(upstream),
            Err(error) => {
                self.give_up(&prepared).await;
                return Err(error.into());
            }
        };
        let relay = Relay {
            mask: self.masked_stream(),
            chat: self,
            prepared,
            upstream,
            partial: BytesMut::new(),
            ready: VecDeque::new(),
            ended: false,
        };
        Ok(futures::stream::unfold(relay, |mut relay| async move {
            let event = relay.next().await?;
            Some((event, relay))
        }))
    }
}

impl Relay {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            if self.ended {
                return None;
            }
            match tokio::time::timeout(KEEP_ALIVE, self.upstream.next()).await {
                Err(_) => return Some(Bytes::from_static(b": ping\n\n")),
                Ok(Some(Ok(bytes))) => self.take(&bytes).await,
                Ok(Some(Err(error))) => self.fail(error.into()).await,
                // It ended without `done`: cut off.
                Ok(None) => self.fail(ApiError::new(Code::ProviderFailed)).await,
            }
        }
    }

    async fn take(&mut self, bytes: &[u8]) {
        self.partial.extend_from_slice(bytes);
        while let Some(end) = end_of_event(&self.partial) {
            let event = self.partial.split_to(end).freeze();
            self.pass(event).await;
            if self.ended {
                return;
            }
        }
        if self.partial.len() > LONGEST_EVENT {
            let limit = LONGEST_EVENT as u64;
            self.fail(RagError::from(HttpError::TooLarge { limit }).into())
                .await;
        }
    }

    async fn pass(&mut self, event: Bytes) {
        match name_of(&event) {
            Some(b"token") => self.pass_words(event).await,
            Some(b"sources") => {
                if self.mask.is_none() {
                    return self.ready.push_back(event);
                }
                match data_of::<Vec<Source>>(&event) {
                    Ok(sources) => {
                        let sources = self.chat.shown(sources);
                        self.ready.push_back(make_event("sources", &sources));
                    }
                    Err(error) => self.fail(error.into()).await,
                }
            }
            Some(b"done") => match data_of::<RagAnswer>(&event) {
                Ok(answer) => self.done(answer).await,
                Err(error) => self.fail(error.into()).await,
            },
            Some(b"error") => match data_of::<Problem>(&event) {
                Ok(problem) => self.fail(ApiError::passed_on(problem, None)).await,
                Err(error) => self.fail(error.into()).await,
            },
            // Comments, and what a later rag-server may tell.
            _ => self.ready.push_back(event),
        }
    }

    async fn pass_words(&mut self, event: Bytes) {
        let Some(mask) = &mut self.mask else {
            return self.ready.push_back(event);
        };
        match data_of::<Token>(&event) {
            Ok(token) => {
                let text = mask.push(&token.text);
                self.say(text);
            }
            Err(error) => self.fail(error.into()).await,
        }
    }

    async fn done(&mut self, answer: RagAnswer) {
        // Only now is it sure that no more words come, and that nothing held back is half a number.
        let mut rest = self
            .mask
            .as_mut()
            .map(MaskedStream::finish)
            .unwrap_or_default();
        rest.push_str(&self.prepared.notes());
        self.say(rest);
        match self.chat.keep(&self.prepared, answer).await {
            Ok(answered) => {
                let whole = ChatAnswer {
                    answer: answered.text,
                    resposta: None,
                    details: answered.details,
                };
                self.ready.push_back(make_event("done", &whole));
                self.ended = true;
            }
            Err(error) => self.fail(error.into()).await,
        }
    }

    fn say(&mut self, text: String) {
        if !text.is_empty() {
            self.ready.push_back(make_event("token", &Token { text }));
        }
    }

    async fn fail(&mut self, error: ApiError) {
        tracing::warn!(error = %error.chain(), "answer broke off: {error}");
        self.chat.give_up(&self.prepared).await;
        self.ready.push_back(make_event("error", &error.problem()));
        self.ended = true;
    }
}

/// Just after the blank line that ends the first event.
fn end_of_event(bytes: &[u8]) -> Option<usize> {
    let short = bytes.windows(2).position(|pair| pair == b"\n\n");
    let long = bytes.windows(4).position(|four| four == b"\r\n\r\n");
    match (short, long) {
        (Some(short), Some(long)) if long < short => Some(long + 4),
        (Some(short), _) => Some(short + 2),
        (None, long) => long.map(|long| long + 4),
    }
}

fn fields<'a>(event: &'a [u8], name: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    event.split(|byte| *byte == b'\n').filter_map(move |line| {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let value = line.strip_prefix(name)?.strip_prefix(b":")?;
        Some(value.strip_prefix(b" ").unwrap_or(value))
    })
}

fn name_of(event: &[u8]) -> Option<&[u8]> {
    fields(event, b"event").next()
}

fn data_of<T: serde::de::DeserializeOwned>(event: &[u8]) -> Result<T, RagError> {
    let data = fields(event, b"data").collect::<Vec<_>>().join(&b'\n');
    serde_json::from_slice(&data).map_err(|error| HttpError::Json(error).into())
}

/// One event with JSON data (WHATWG HTML, "Server-sent events").
fn make_event(name: &str, data: &impl Serialize) -> Bytes {
    // Our own types serialise, and JSON holds no raw line feed, so that one data line is enough.
    let json = serde_json::to_string(data).unwrap_or_else(|_| json!(null).to_string());
    Bytes::from(format!("event: {name}\ndata: {json}\n\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_told_apart_however_lines_end() {
        let both: &[u8] =
            b"event: token\r\ndata: {\"text\":\"a\"}\r\n\r\nevent: done\ndata: {}\n\n";
        let end = end_of_event(both).unwrap();
        let (first, rest) = both.split_at(end);
        assert_eq!(name_of(first), Some(&b"token"[..]));
        assert_eq!(data_of::<Token>(first).unwrap().text, "a");
        assert_eq!(end_of_event(rest), Some(rest.len()));
        assert_eq!(name_of(rest), Some(&b"done"[..]));
        assert_eq!(name_of(b": ping\n\n"), None);
        assert_eq!(end_of_event(b"event: token\ndata: {"), None);
    }
}
