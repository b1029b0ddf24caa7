//! Answers that are kept: the same question, asked of the same material in the same way, has the same answer.
//!
//! The key holds all that an answer depends on, the index's generation included, so that a new document never meets an
//! old answer. What the rows say is looked up at every hit: a material that was removed or replaced since is never shown,
//! even before the index follows. Questions with a history are neither kept nor looked up.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use shared::cache::Cache;
use shared::db::{Db, DbError};
use tokio::sync::{Mutex as Turn, OwnedMutexGuard};
use tracing::warn;

use super::QueryResponse;
use super::wire::Asked;
use crate::materials::store;

/// Longest wait for somebody else's answer to the same question.
const LONGEST_TURN: Duration = Duration::from_secs(20);
/// Bytes of an answer that is worth keeping.
const LARGEST: usize = 512 * 1024;

/// How many questions were answered from what is kept.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub(crate) struct AnswerStatus {
    /// `memory` or `redis`.
    pub kind: &'static str,
    /// Questions answered from it since the start.
    pub hits: u64,
    /// Questions that had to be answered anew.
    pub misses: u64,
    /// Share of hits, 0 to 1.
    pub hit_rate: f64,
    /// Bytes held in memory, about; null where they are kept in Redis.
    pub bytes: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    response: QueryResponse,
    /// Version of each material it cites.
    versions: BTreeMap<String, String>,
}

/// The answers that are kept.
pub(crate) struct Answers {
    cache: Arc<dyn Cache>,
    ttl: Duration,
    hits: AtomicU64,
    misses: AtomicU64,
    in_flight: Mutex<BTreeMap<String, Weak<Turn<()>>>>,
}

impl Answers {
    /// Keeps each answer for `ttl`; none where that is zero.
    pub(crate) fn new(cache: Arc<dyn Cache>, ttl: Duration) -> Self {
        Self {
            cache,
            ttl,
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
            in_flight: Mutex::default(),
        }
    }

    /// The key of a question; `None` for one that is not kept.
    pub(super) fn key(&self, asked: &Asked, surroundings: &[&str]) -> Option<String> {
        if self.ttl.is_zero() || !asked.wanted.said().is_empty() {
            return None;
        }
        let wanted = &asked.wanted;
        let sorted = |list: &Option<Vec<String>>| {
            let mut list = list.clone();
            if let Some(list) = &mut list {
                list.sort();
                list.dedup();
            }
            list
        };
        let question = wanted
            .question
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        let asked = serde_json::json!([
            question.to_lowercase(),
            sorted(&asked.material_ids),
            sorted(&asked.tags),
            sorted(&asked.types),
            [asked.limit, asked.fetch],
            format!(
                "{:?} {:?} {} {}",
                asked.search, asked.fusion, asked.min_score, asked.mmr
            ),
            format!(
                "{:?} {:?} {:?}",
                asked.language(),
                wanted.level,
                wanted.style
            ),
            [
                Some(wanted.generate.to_string()),
                wanted.topic.clone(),
                wanted.prompt.clone()
            ],
            wanted.objectives,
            wanted.temperature.map(f32::to_bits),
            surroundings,
        ]);
        Some(format!(
            "answer:{}",
            blake3::hash(asked.to_string().as_bytes()).to_hex()
        ))
    }

    /// The answer kept under `key`, if what it cites is still so.
    pub(super) async fn get(&self, key: &str, db: &Db) -> Result<Option<QueryResponse>, DbError> {
        let Some(kept) = self.look_up(key).await else {
            return Ok(None);
        };
        let ids: Vec<&str> = kept.versions.keys().map(String::as_str).collect();
        let rows = store::cited(db, &ids).await?;
        let is_current = kept.versions.iter().all(|(id, version)| {
            rows.iter()
                .any(|row| row.id == *id && row.indexed_version.as_ref() == Some(version))
        });
        Ok(is_current.then_some(kept.response))
    }

    /// Waits while somebody else is answering the same question; not for ever, as their client may be a slow one.
    pub(super) async fn turn(&self, key: &str) -> Option<OwnedMutexGuard<()>> {
        let turn = {
            let mut in_flight = self
                .in_flight
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            in_flight.retain(|_, turn| turn.strong_count() > 0);
            let known = in_flight.get(key).and_then(Weak::upgrade);
            known.unwrap_or_else(|| {
                let turn = Arc::new(Turn::new(()));
                in_flight.insert(key.to_owned(), Arc::downgrade(&turn));
                turn
            })
        };
        tokio::time::timeout(LONGEST_TURN, turn.lock_owned())
            .await
            .ok()
    }

    /// Keeps an answer. `versions` are those of the materials it cites.
    pub(super) async fn keep(
        &self,
        key: &str,
        response: &QueryResponse,
        versions: BTreeMap<String, String>,
    ) {
        let kept = Kept {
            response: response.clone(),
            versions,
        };
        let bytes = serde_json::to_vec(&kept).unwrap_or_default();
        if bytes.is_empty() || bytes.len() > LARGEST {
            return;
        }
        if let Err(error) = self.cache.set(key, &bytes, self.ttl).await {
            warn!("an answer is not kept: {error}");
        }
    }

    /// Counts an answer.
    pub(super) fn count(&self, is_hit: bool) {
        let counter = if is_hit { &self.hits } else { &self.misses };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// How it does.
    pub(crate) fn status(&self) -> AnswerStatus {
        let (hits, misses) = (
            self.hits.load(Ordering::Relaxed),
            self.misses.load(Ordering::Relaxed),
        );
        AnswerStatus {
            kind: self.cache.kind(),
            hits,
            misses,
            hit_rate: hits as f64 / (hits + misses).max(1) as f64,
            bytes: self.cache.held_bytes(),
        }
    }

    async fn look_up(&self, key: &str) -> Option<Kept> {
        match self.cache.get_many(&[key.to_owned()]).await {
            Ok(found) => serde_json::from_slice(&found.into_iter().next()??).ok(),
            Err(error) => {
                warn!("kept answers are not looked up: {error}");
                None
            }
        }
    }
}
