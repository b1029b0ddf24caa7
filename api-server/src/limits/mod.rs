//! How often: requests per minute, and wrong passwords before delays grow.
//!
//! Counters live in the shared cache. When it does not answer they go on in this process alone: a limit that is looser
//! for a while is better than a server that refuses everybody.

mod login;
mod rate;

use std::sync::Arc;
use std::time::Duration;

use shared::clock::Clock;

use shared::cache::{Cache, MemoryCache};

pub(crate) use login::{LoginDelays, LoginSettings, TooManyAttempts};
pub(crate) use rate::{LimitSettings, RateLimits, Verdict};

/// Counters in the shared cache, and in this process while it is away.
#[derive(Debug)]
struct Counters {
    shared: Arc<dyn Cache>,
    local: MemoryCache,
}

impl Counters {
    fn new(shared: Arc<dyn Cache>, clock: Arc<dyn Clock>) -> Self {
        Self {
            shared,
            local: MemoryCache::new(clock),
        }
    }

    async fn count(&self, key: &str, ttl: Duration) -> u64 {
        match self.shared.count(key, ttl).await {
            Ok(count) => count,
            Err(_) => self.local.add(key, ttl),
        }
    }

    async fn read(&self, key: &str) -> Option<u64> {
        let keys = [key.to_owned()];
        match self.shared.get_many(&keys).await {
            Ok(found) => found
                .into_iter()
                .next()
                .flatten()
                .and_then(|value| String::from_utf8(value).ok()?.parse().ok()),
            Err(_) => match self.local.counted(key) {
                0 => std::str::from_utf8(&self.local.read(key)?)
                    .ok()?
                    .parse()
                    .ok(),
                count => Some(count),
            },
        }
    }

    async fn write_if_absent(&self, key: &str, value: u64, ttl: Duration) -> bool {
        let text = value.to_string();
        match self.shared.set_if_absent(key, text.as_bytes(), ttl).await {
            Ok(written) => written,
            Err(_) => self.local.write_if_absent(key, text.as_bytes(), ttl),
        }
    }

    async fn forget(&self, key: &str) {
        self.local.forget(key);
        if let Err(error) = self.shared.remove(key).await {
            tracing::debug!(%error, "counter not removed; it goes by itself");
        }
    }
}

#[cfg(test)]
mod tests;
