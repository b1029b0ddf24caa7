//! What is remembered for a while, by this process alone or by all replicas together.
//!
//! One seam with two real implementations: moka in this process, Redis when `REDIS_URL` is set. Nothing is kept here
//! that cannot be lost: accounts as the database has them, for seconds, and counters of requests and wrong passwords.

mod memory;
mod redis;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

pub use memory::MemoryCache;
pub use redis::RedisCache;

/// The cache could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// Redis failed, or took too long.
    #[error("cache failed")]
    Redis(#[from] ::redis::RedisError),
    /// It failed a moment ago and is left alone for a while.
    #[error("cache failed a moment ago")]
    Resting,
}

/// Remembers for a while.
#[async_trait]
pub trait Cache: Send + Sync + fmt::Debug {
    /// What is remembered under each key.
    async fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, CacheError>;
    /// Remembers; replaces.
    async fn set(&self, key: &str, value: &[u8], ttl: Duration) -> Result<(), CacheError>;
    /// Remembers unless something is remembered; whether it did.
    async fn set_if_absent(
        &self,
        key: &str,
        value: &[u8],
        ttl: Duration,
    ) -> Result<bool, CacheError>;
    /// Forgets.
    async fn remove(&self, key: &str) -> Result<(), CacheError>;
    /// Counts one more; the count is forgotten `ttl` after its beginning.
    async fn count(&self, key: &str, ttl: Duration) -> Result<u64, CacheError>;
    /// Whether it answers.
    async fn ping(&self) -> Result<(), CacheError>;
    /// Bytes held in this process, about; `None` where another one holds them.
    fn held_bytes(&self) -> Option<u64>;
    /// `memory` or `redis`.
    fn kind(&self) -> &'static str;
}

#[cfg(test)]
mod tests;
