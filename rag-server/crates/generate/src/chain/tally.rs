//! What a model was asked and what that took, since the start of the program.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Serialize;

use crate::{ModelEntry, Usage};

/// What a model did since the start.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Tally {
    /// Calls, each try counted.
    pub asked: u64,
    /// Those that came to nothing or broke off.
    pub failed: u64,
    /// Tokens, also of answers that nobody waited for: as the provider counted them, else estimated.
    pub usage: Usage,
    /// From question to last word, of calls that were answered.
    pub took: Duration,
    /// What they cost at the registry's prices, in US dollars.
    pub cost: f64,
}

/// Counts of one model. They only grow, and nobody compares one with another: no order between them is kept.
#[derive(Debug, Default)]
pub(super) struct Counts {
    asked: AtomicU64,
    failed: AtomicU64,
    prompt_tokens: AtomicU64,
    completion_tokens: AtomicU64,
    took_ms: AtomicU64,
}

impl Counts {
    pub(super) fn asked(&self) {
        self.asked.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn failed(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn used(&self, usage: &Usage, took: Duration) {
        let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        self.took_ms.fetch_add(took_ms, Ordering::Relaxed);
        self.prompt_tokens
            .fetch_add(usage.prompt_tokens, Ordering::Relaxed);
        self.completion_tokens
            .fetch_add(usage.completion_tokens, Ordering::Relaxed);
    }

    pub(super) fn tally(&self, entry: &ModelEntry) -> Tally {
        let usage = Usage {
            prompt_tokens: self.prompt_tokens.load(Ordering::Relaxed),
            completion_tokens: self.completion_tokens.load(Ordering::Relaxed),
        };
        Tally {
            asked: self.asked.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            took: Duration::from_millis(self.took_ms.load(Ordering::Relaxed)),
            cost: entry.cost(&usage),
            usage,
        }
    }
}
