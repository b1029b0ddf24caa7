use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::clock::Clock;
use async_trait::async_trait;
use moka::Expiry;
use moka::sync::Cache as Moka;

use super::{Cache, CacheError};

/// Bytes that are kept at most, counted by [`weight`].
const CAPACITY: u64 = 64 << 20;
/// What an entry takes beside its key and value, about.
const OVERHEAD: usize = 256;

#[derive(Debug, Clone)]
struct Entry {
    value: Arc<[u8]>,
    count: Arc<AtomicU64>,
    expires_at: i64,
    ttl: Duration,
}

/// Room is made by the machine's time, validity is judged by our clock.
struct ByTtl;

impl Expiry<String, Entry> for ByTtl {
    fn expire_after_create(
        &self,
        _: &String,
        entry: &Entry,
        _: std::time::Instant,
    ) -> Option<Duration> {
        Some(entry.ttl)
    }

    fn expire_after_update(
        &self,
        _: &String,
        entry: &Entry,
        _: std::time::Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(entry.ttl)
    }
}

/// A cache in this process.
#[derive(Debug)]
pub struct MemoryCache {
    entries: Moka<String, Entry>,
    clock: Arc<dyn Clock>,
}

/// Bytes of an entry, about.
fn weight(key: &str, entry: &Entry) -> u32 {
    let bytes = OVERHEAD + key.len() + entry.value.len();
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

impl MemoryCache {
    /// An empty one.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let entries = Moka::builder()
            .max_capacity(CAPACITY)
            .weigher(|key: &String, entry| weight(key, entry))
            .expire_after(ByTtl)
            .build();
        Self { entries, clock }
    }

    fn entry(&self, value: &[u8], ttl: Duration) -> Entry {
        let ttl_ms = i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX);
        Entry {
            value: value.into(),
            count: Arc::new(AtomicU64::new(0)),
            expires_at: self.clock.now_ms().saturating_add(ttl_ms),
            ttl,
        }
    }

    fn is_over(&self, entry: &Entry) -> bool {
        entry.expires_at <= self.clock.now_ms()
    }

    /// What is remembered.
    pub fn read(&self, key: &str) -> Option<Arc<[u8]>> {
        let entry = self.entries.get(key)?;
        (!self.is_over(&entry)).then_some(entry.value)
    }

    /// Remembers unless something is remembered; whether it did.
    pub fn write_if_absent(&self, key: &str, value: &[u8], ttl: Duration) -> bool {
        let entry = self.entry(value, ttl);
        self.entries
            .entry_by_ref(key)
            .or_insert_with_if(|| entry, |old| self.is_over(old))
            .is_fresh()
    }

    /// Counts one more.
    pub fn add(&self, key: &str, ttl: Duration) -> u64 {
        let entry = self
            .entries
            .entry_by_ref(key)
            .or_insert_with_if(|| self.entry(&[], ttl), |old| self.is_over(old))
            .into_value();
        entry.count.fetch_add(1, Ordering::SeqCst).saturating_add(1)
    }

    /// The count so far.
    pub fn counted(&self, key: &str) -> u64 {
        self.entries
            .get(key)
            .filter(|entry| !self.is_over(entry))
            .map_or(0, |entry| entry.count.load(Ordering::SeqCst))
    }

    /// A value, or a count as text.
    fn text(&self, key: &str) -> Option<Vec<u8>> {
        match self.counted(key) {
            0 => self.read(key).map(|value| value.to_vec()),
            count => Some(count.to_string().into_bytes()),
        }
    }

    /// Makes room now what would be made a moment later.
    #[cfg(test)]
    pub(super) fn settle(&self) {
        self.entries.run_pending_tasks();
    }

    /// Forgets.
    pub fn forget(&self, key: &str) {
        self.entries.invalidate(key);
    }
}

#[async_trait]
impl Cache for MemoryCache {
    async fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, CacheError> {
        Ok(keys.iter().map(|key| self.text(key)).collect())
    }

    async fn set(&self, key: &str, value: &[u8], ttl: Duration) -> Result<(), CacheError> {
        self.entries.insert(key.to_owned(), self.entry(value, ttl));
        Ok(())
    }

    async fn set_if_absent(
        &self,
        key: &str,
        value: &[u8],
        ttl: Duration,
    ) -> Result<bool, CacheError> {
        Ok(self.write_if_absent(key, value, ttl))
    }

    async fn remove(&self, key: &str) -> Result<(), CacheError> {
        self.forget(key);
        Ok(())
    }

    async fn count(&self, key: &str, ttl: Duration) -> Result<u64, CacheError> {
        Ok(self.add(key, ttl))
    }

    async fn ping(&self) -> Result<(), CacheError> {
        Ok(())
    }

    fn held_bytes(&self) -> Option<u64> {
        Some(self.entries.weighted_size())
    }

    fn kind(&self) -> &'static str {
        "memory"
    }
}
