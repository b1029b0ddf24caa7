//! A circuit breaker (Nygard, "Release It!", 2007): closed, open for a while after failures, then one probe.

use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

/// Whether a model is being left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BreakerState {
    /// It is asked.
    Closed,
    /// It failed too often and is left alone.
    Open,
    /// The next question finds out whether it works again.
    HalfOpen,
}

#[derive(Debug, Default)]
pub(super) struct Breaker {
    failures: u32,
    /// Set while open, and during a probe.
    until: Option<Instant>,
}

impl Breaker {
    /// Whether the model may be asked now. Once the rest is over one question may try; should its asker go away, the
    /// next one may after another `rest`.
    pub(super) fn admit(&mut self, now: Instant, rest: Duration) -> bool {
        match self.until {
            None => true,
            Some(until) if now < until => false,
            Some(_) => {
                self.until = Some(now + rest);
                true
            }
        }
    }

    pub(super) fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// Opens for `rest` after `limit` failures in a row, or when a probe failed.
    pub(super) fn failed(&mut self, now: Instant, rest: Duration, limit: u32) {
        self.failures = self.failures.saturating_add(1);
        if self.failures >= limit || self.until.is_some() {
            self.until = Some(now + rest);
        }
    }

    pub(super) fn state(&self, now: Instant) -> BreakerState {
        match self.until {
            None => BreakerState::Closed,
            Some(until) if now < until => BreakerState::Open,
            Some(_) => BreakerState::HalfOpen,
        }
    }
}
