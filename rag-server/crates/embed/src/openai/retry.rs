//! When to ask an overloaded endpoint again.

use std::time::{Duration, SystemTime};

use rand::RngExt as _;
use reqwest::header::HeaderValue;

use crate::EmbedError;

/// Longest wait between two attempts. Who asks for more gets the error: the caller plans the next try.
const MAX_WAIT: Duration = Duration::from_secs(20);

/// How one attempt failed.
#[derive(Debug)]
pub(super) enum Attempt {
    /// Another may succeed.
    Again {
        error: EmbedError,
        /// How long the endpoint asked to wait.
        asked: Option<Duration>,
    },
    /// Another would not.
    Final(EmbedError),
}

/// Waits between attempts: exponential with "equal jitter" (Brooker, "Exponential Backoff And Jitter", 2015).
#[derive(Debug)]
pub(super) struct Backoff {
    next: Duration,
    left: u32,
}

impl Backoff {
    /// `retries` waits, the first of at most `first`.
    pub(super) fn new(first: Duration, retries: u32) -> Self {
        Self {
            next: first.min(MAX_WAIT),
            left: retries,
        }
    }

    /// How long to wait before the next attempt, at least as long as the endpoint asked; none if there is to be
    /// no other.
    pub(super) fn next(&mut self, asked: Option<Duration>) -> Option<Duration> {
        self.left = self.left.checked_sub(1)?;
        let wait = self.next.mul_f64(rand::rng().random_range(0.5..=1.0));
        self.next = (self.next * 2).min(MAX_WAIT);
        let wait = wait.max(asked.unwrap_or_default());
        (wait <= MAX_WAIT).then_some(wait)
    }
}

/// Reads `Retry-After` (RFC 9110, 10.2.3): whole seconds, or a date.
pub(super) fn asked_wait(value: &HeaderValue) -> Option<Duration> {
    asked_wait_at(value.to_str().ok()?, SystemTime::now())
}

fn asked_wait_at(value: &str, now: SystemTime) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value.trim()).ok()?;
    // A date that has passed asks for no wait.
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests;
