//! Vectors follow the text in the background: whatever is searchable and lacks them gets them, oldest first.
//!
//! Driven by the rows, not by a queue: a kill or an embedder that is away loses nothing.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use embed::{EmbedError, Passage, PassageVectors, Retry};
use index::{StoredChunk, VectorRow, VectorTable};
use tracing::{info, warn};

use super::{IngestError, IngestService};
use crate::embedding::Active;
use crate::jobs::{JobError, JobState};
use crate::materials::{MaterialState, store};

/// Chunks embedded, and written in one commit, at a time.
const BATCH: usize = 64;
/// Chunks looked up at a time.
const AT_A_TIME: usize = BATCH * 16;
/// Materials looked up at a time.
const LOOK_AHEAD: i64 = 64;
/// Longest wait for an embedder that is away.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// A chunk that waits for its vector.
struct Waiting {
    job_id: Option<String>,
    chunk: StoredChunk,
}

impl IngestService {
    /// Embeds until the server stops.
    pub(crate) async fn embed_forever(self: Arc<Self>) {
        let mut wait = Duration::from_secs(1);
        loop {
            let step = tokio::select! {
                () = self.stopping.cancelled() => return,
                step = self.embed_backlog() => step,
            };
            let pause = match step {
                Ok(()) => {
                    wait = Duration::from_secs(1);
                    None
                }
                Err(error) => {
                    warn!(error = %shared::telemetry::chain(&error), "vectors wait: {error}");
                    wait = (wait * 2).min(LONGEST_WAIT);
                    Some(wait)
                }
            };
            tokio::select! {
                () = self.stopping.cancelled() => return,
                () = self.vectors_wanted.notified(), if pause.is_none() => {}
                () = tokio::time::sleep(pause.unwrap_or_default()), if pause.is_some() => {}
            }
        }
    }

    /// Embeds all that waits now.
    async fn embed_backlog(&self) -> Result<(), IngestError> {
        let Some(active) = self.embedding.active() else {
            return Ok(());
        };
        loop {
            let mut backlog = self.backlog(&active.table).await?;
            if backlog.is_empty() {
                return Ok(());
            }
            while !backlog.is_empty() {
                let mut batch: Vec<Waiting> = backlog.drain(..backlog.len().min(BATCH)).collect();
                self.keep_wanted(&mut batch).await?;
                match self.embed_batch(&active, &batch).await {
                    Err(IngestError::Unreadable { .. }) => {
                        self.embed_singly(&active, &batch).await?;
                    }
                    done => done?,
                }
            }
        }
    }

    /// Chunks that wait, in the order of their materials; a material that has all its vectors is ready at once.
    async fn backlog(&self, table: &VectorTable) -> Result<VecDeque<Waiting>, IngestError> {
        let mut backlog = VecDeque::new();
        for material in store::not_embedded(&self.db, LOOK_AHEAD).await? {
            let Some(version) = &material.indexed_version else {
                continue;
            };
            let present = table.ids_of(&material.id, version).await?;
            let chunks = self.index.chunks_of(&material.id).await?;
            let missing: Vec<StoredChunk> = chunks
                .into_iter()
                .filter(|chunk| chunk.version == *version && !present.contains(&chunk.id))
                .filter(|chunk| !self.refused().contains(&chunk.id))
                .collect();
            if missing.is_empty() {
                self.count_vectors(table, &material.id, version, material.job_id.as_deref())
                    .await?;
            }
            let room = AT_A_TIME - backlog.len();
            backlog.extend(missing.into_iter().take(room).map(|chunk| Waiting {
                job_id: material.job_id.clone(),
                chunk,
            }));
            if backlog.len() == AT_A_TIME {
                break;
            }
        }
        Ok(backlog)
    }

    /// Drops chunks of materials that were removed or replaced since they were looked up.
    async fn keep_wanted(&self, batch: &mut Vec<Waiting>) -> Result<(), IngestError> {
        let ids: BTreeSet<&str> = batch
            .iter()
            .map(|waiting| waiting.chunk.material_id.as_str())
            .collect();
        let ids: Vec<&str> = ids.into_iter().collect();
        let wanted: BTreeSet<(String, String)> = store::cited(&self.db, &ids)
            .await?
            .into_iter()
            .filter(|row| row.state == MaterialState::Searchable.as_str())
            .filter_map(|row| Some((row.id, row.indexed_version?)))
            .collect();
        batch.retain(|waiting| {
            let chunk = &waiting.chunk;
            wanted.contains(&(chunk.material_id.clone(), chunk.version.clone()))
        });
        Ok(())
    }

    /// One passage that the embedder refuses must not keep all others waiting.
    async fn embed_singly(&self, active: &Active, batch: &[Waiting]) -> Result<(), IngestError> {
        for waiting in batch {
            match self
                .embed_batch(active, std::slice::from_ref(waiting))
                .await
            {
                Err(IngestError::Unreadable { code, detail }) => {
                    let chunk = &waiting.chunk;
                    warn!(material.id = %chunk.material_id, chunk.id = %chunk.id, "the embedder refuses a passage");
                    self.refused().insert(chunk.id.clone());
                    if let Some(job) = &waiting.job_id {
                        let reason = Some((code, detail.as_str()));
                        self.jobs.finish(job, JobState::Failed, reason).await?;
                    }
                }
                done => done?,
            }
        }
        Ok(())
    }

    fn refused(&self) -> std::sync::MutexGuard<'_, BTreeSet<String>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn embed_batch(&self, active: &Active, batch: &[Waiting]) -> Result<(), IngestError> {
        let chunks: Vec<StoredChunk> = batch.iter().map(|waiting| waiting.chunk.clone()).collect();
        let rows = self.embed_chunks(active, &chunks).await?;
        active.table.append(rows).await?;
        let mut touched: BTreeMap<(&str, &str), Option<&str>> = BTreeMap::new();
        for waiting in batch {
            touched.insert(
                (&waiting.chunk.material_id, &waiting.chunk.version),
                waiting.job_id.as_deref(),
            );
        }
        for ((material, version), job) in touched {
            self.count_vectors(&active.table, material, version, job)
                .await?;
        }
        Ok(())
    }

    /// Vectors of `chunks`, as rows of the active table.
    pub(super) async fn embed_chunks(
        &self,
        active: &Active,
        chunks: &[StoredChunk],
    ) -> Result<Vec<VectorRow>, IngestError> {
        let passages: Vec<Passage> = chunks.iter().map(|stored| passage(&stored.chunk)).collect();
        let vectors = self.embed_patiently(active, &passages).await?;
        let pairs = vectors
            .into_iter()
            .map(|one| (one.vector, one.sentences))
            .collect();
        Ok(VectorRow::pair(chunks, pairs)?)
    }

    async fn embed_patiently(
        &self,
        active: &Active,
        passages: &[Passage],
    ) -> Result<Vec<PassageVectors>, IngestError> {
        match active.embedder.embed_passages(passages).await {
            Ok(vectors) => Ok(vectors),
            Err(error) => {
                if let Retry::After(wait) = error.retry() {
                    tokio::time::sleep(wait.min(LONGEST_WAIT)).await;
                }
                Err(from_embed(error))
            }
        }
    }

    /// Brings the count of a material up to date; with the last vector it is ready and its job done.
    async fn count_vectors(
        &self,
        table: &VectorTable,
        material: &str,
        version: &str,
        job: Option<&str>,
    ) -> Result<(), IngestError> {
        let present = table.ids_of(material, version).await?.len();
        let now = self.clock.now_ms();
        store::set_embedded(&self.db, material, version, present as i64, now).await?;
        let Some(row) = store::find(&self.db, material).await? else {
            return Ok(());
        };
        let Some(job) = job else { return Ok(()) };
        let total = usize::try_from(row.chunks).unwrap_or_default();
        if row.state() == MaterialState::Ready {
            match self.jobs.finish(job, JobState::Done, None).await {
                Ok(()) | Err(JobError::NotFound) => {}
                Err(error) => return Err(error.into()),
            }
            info!(
                material.id = material,
                chunks = total,
                "material {material} is ready"
            );
        } else {
            self.jobs.progress(job, "embedding", present, total).await?;
        }
        Ok(())
    }
}

/// What is embedded of a chunk: its text, with the spans of its sentences.
pub(crate) fn passage(chunk: &chunk::Chunk) -> Passage {
    Passage {
        text: chunk.text.clone(),
        sentences: chunk
            .sentences
            .iter()
            .map(|sentence| sentence.start as usize..sentence.end as usize)
            .collect(),
    }
}

pub(super) fn from_embed(error: EmbedError) -> IngestError {
    // Bad request, too large, unprocessable: what was sent is why, not the endpoint.
    if matches!(
        error,
        EmbedError::Refused {
            status: 400 | 413 | 422
        }
    ) {
        return IngestError::Unreadable {
            code: "embedding_refused",
            detail: "O serviço de vetores recusou um trecho deste material; o texto já pode ser consultado."
                .to_owned(),
        };
    }
    let detail = "O serviço de vetores não respondeu; o texto já pode ser consultado.".to_owned();
    IngestError::Passing {
        what: "embedder",
        detail,
        source: Box::new(error),
    }
}
