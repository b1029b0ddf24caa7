use std::sync::Arc;
use std::time::Duration;

use shared::clock::Clock;

use super::Counters;
use shared::cache::Cache;

/// Length of a window.
const WINDOW_MS: i64 = 60_000;
/// A window's count is needed until the next one has ended.
const KEPT: Duration = Duration::from_secs(130);

/// Requests per minute; 0 = no limit.
#[derive(Debug, Clone, Copy)]
pub struct LimitSettings {
    /// Of one address, without a session.
    pub per_address: u32,
    /// Of one user.
    pub per_user: u32,
    /// Logins, resets and the like, of one address.
    pub sensitive: u32,
    /// Of everybody together, per process.
    pub global: u32,
}

/// What a limit says to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// Requests per minute.
    pub limit: u32,
    /// How many are left.
    pub remaining: u32,
    /// Until more are there.
    pub reset: Duration,
    /// Whether this one may pass.
    pub admitted: bool,
}

/// Counts requests: a window of a minute that slides, made of two that do not (the count of the window before weighs
/// as much as still reaches into the last minute).
#[derive(Debug)]
pub(crate) struct RateLimits {
    counters: Counters,
    process: shared::cache::MemoryCache,
    settings: LimitSettings,
    clock: Arc<dyn Clock>,
}

impl RateLimits {
    /// With counters in `cache`.
    pub(crate) fn new(
        cache: Arc<dyn Cache>,
        settings: LimitSettings,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            counters: Counters::new(cache, Arc::clone(&clock)),
            process: shared::cache::MemoryCache::new(Arc::clone(&clock)),
            settings,
            clock,
        }
    }

    /// One request more of everybody.
    pub(crate) fn of_all(&self) -> Option<Verdict> {
        let limit = self.settings.global;
        if limit == 0 {
            return None;
        }
        let now = self.clock.now_ms();
        let window = now.div_euclid(WINDOW_MS);
        let count = self.process.add(&format!("{window}"), KEPT);
        let before = self
            .process
            .counted(&format!("{}", window.saturating_sub(1)));
        Some(verdict(limit, before, count, now))
    }

    /// One request more of a user.
    pub(crate) async fn of_user(&self, uid: &str) -> Option<Verdict> {
        self.take(&format!("user:{uid}"), self.settings.per_user)
            .await
    }

    /// One request more of an address.
    pub(crate) async fn of_address(&self, address: &str) -> Option<Verdict> {
        self.take(&format!("address:{address}"), self.settings.per_address)
            .await
    }

    /// One request more of an address to what is guarded more closely.
    pub(crate) async fn of_sensitive(&self, address: &str) -> Option<Verdict> {
        self.take(&format!("sensitive:{address}"), self.settings.sensitive)
            .await
    }

    async fn take(&self, who: &str, limit: u32) -> Option<Verdict> {
        if limit == 0 {
            return None;
        }
        let now = self.clock.now_ms();
        let window = now.div_euclid(WINDOW_MS);
        let before = self
            .counters
            .read(&format!("rate:{who}:{}", window.saturating_sub(1)))
            .await
            .unwrap_or(0);
        let count = self
            .counters
            .count(&format!("rate:{who}:{window}"), KEPT)
            .await;
        Some(verdict(limit, before, count, now))
    }
}

fn verdict(limit: u32, before: u64, count: u64, now: i64) -> Verdict {
    let left_ms = WINDOW_MS - now.rem_euclid(WINDOW_MS);
    // A refused request counts too: hammering does not pay.
    let still = before
        .min(u64::from(limit))
        .saturating_mul(u64::try_from(left_ms).unwrap_or(0))
        / 60_000;
    let used = still.saturating_add(count);
    let admitted = used <= u64::from(limit);
    let remaining = u64::from(limit).saturating_sub(used);
    Verdict {
        limit,
        remaining: u32::try_from(remaining).unwrap_or(u32::MAX),
        reset: Duration::from_millis(u64::try_from(left_ms).unwrap_or(0)),
        admitted,
    }
}
