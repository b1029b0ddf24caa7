//! How often each term occurs in the collection, for the ranking.
//!
//! Taken from a sample of the index, so that it costs the same for a thousand chunks and for a million, and taken again
//! when the index has changed, at most every twentieth of the time: the ranking wants rare and common told apart, not
//! exact counts.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use index::{Index, IndexError};
use rank::Statistics;

/// Chunks in the sample.
const SAMPLE: usize = 20_000;
/// A sample is taken again after this many times what it cost.
const REST: u32 = 20;
/// A sample that costs more than this is taken in the background.
const INLINE: Duration = Duration::from_millis(50);

struct Snapshot {
    generation: u64,
    statistics: Arc<Statistics>,
    taken: Instant,
    cost: Duration,
}

/// Term statistics of the collection.
pub(super) struct CollectionTerms {
    index: Index,
    snapshot: Arc<RwLock<Option<Snapshot>>>,
    taking: Arc<tokio::sync::Mutex<()>>,
}

impl CollectionTerms {
    pub(super) fn new(index: Index) -> Self {
        Self {
            index,
            snapshot: Arc::default(),
            taking: Arc::default(),
        }
    }

    /// Statistics, as fresh as they come cheaply.
    pub(super) async fn current(&self) -> Result<Arc<Statistics>, IndexError> {
        let generation = self.index.generation().await?;
        let known = {
            let snapshot = self.snapshot.read().unwrap_or_else(PoisonError::into_inner);
            snapshot.as_ref().map(|one| {
                let is_due = one.generation != generation && one.taken.elapsed() >= one.cost * REST;
                (Arc::clone(&one.statistics), is_due, one.cost)
            })
        };
        match known {
            Some((statistics, false, _)) => Ok(statistics),
            Some((statistics, true, cost)) if cost > INLINE => {
                if let Ok(guard) = Arc::clone(&self.taking).try_lock_owned() {
                    let (index, snapshot) = (self.index.clone(), Arc::clone(&self.snapshot));
                    tokio::spawn(async move {
                        if let Err(error) = take(&index, &snapshot).await {
                            tracing::warn!("term statistics stay as they are: {error}");
                        }
                        drop(guard);
                    });
                }
                Ok(statistics)
            }
            _ => {
                let _guard = self.taking.lock().await;
                take(&self.index, &self.snapshot).await
            }
        }
    }
}

async fn take(
    index: &Index,
    snapshot: &RwLock<Option<Snapshot>>,
) -> Result<Arc<Statistics>, IndexError> {
    let started = Instant::now();
    let generation = index.generation().await?;
    let sample = index.sample_terms(SAMPLE).await?;
    let counted = shared::telemetry::spawn_blocking_in_span(move || {
        let mut statistics = Statistics::default();
        for terms in &sample {
            let terms: Vec<String> = terms
                .split(' ')
                .filter(|term| !term.is_empty())
                .map(str::to_owned)
                .collect();
            statistics.add(&terms);
        }
        statistics
    })
    .await;
    let statistics = Arc::new(counted.unwrap_or_default());
    let fresh = Snapshot {
        generation,
        statistics: Arc::clone(&statistics),
        taken: Instant::now(),
        cost: started.elapsed(),
    };
    *snapshot.write().unwrap_or_else(PoisonError::into_inner) = Some(fresh);
    Ok(statistics)
}
