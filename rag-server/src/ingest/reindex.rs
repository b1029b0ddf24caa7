//! Embeds everything with the configured model into a table of its own, then switches to it. Questions are answered
//! from the old vectors meanwhile.

use tokio_util::sync::CancellationToken;
use tracing::info;

use super::{IngestError, IngestService, Step};
use crate::jobs::JobRow;
use crate::materials::store;

/// Chunks embedded at a time.
const BATCH: usize = 64;

impl IngestService {
    pub(super) async fn reindex(
        &self,
        job: &JobRow,
        cancel: &CancellationToken,
    ) -> Result<Step, IngestError> {
        let Some(target) = self.embedding.target().await? else {
            return Err(IngestError::Passing {
                what: "embedder",
                detail: "O modelo de vetores configurado não está disponível.".into(),
                source: "no embedder".into(),
            });
        };
        let total = usize::try_from(store::totals(&self.db).await?.1).unwrap_or_default();
        // Two passes: what became searchable during the first is caught by the second, which is short.
        for _ in 0..2 {
            let mut done = 0;
            let mut after = String::new();
            loop {
                let materials = store::indexed(&self.db, &after, 100).await?;
                let Some(last) = materials.last() else { break };
                after.clone_from(&last.id);
                for material in materials {
                    let Some(version) = &material.indexed_version else {
                        continue;
                    };
                    let present = target.table.ids_of(&material.id, version).await?;
                    let mut missing = self.index.chunks_of(&material.id).await?;
                    done += missing.len();
                    missing
                        .retain(|chunk| chunk.version == *version && !present.contains(&chunk.id));
                    for batch in missing.chunks(BATCH) {
                        if cancel.is_cancelled() {
                            return Err(IngestError::Cancelled);
                        }
                        if self.stopping.is_cancelled() {
                            return Err(IngestError::Stopping);
                        }
                        let rows = self.embed_chunks(&target, batch).await?;
                        target.table.append(rows).await?;
                    }
                    self.jobs
                        .progress(&job.id, "embedding", done.min(total), total)
                        .await?;
                }
            }
        }
        let model = target.embedder.model_id().to_owned();
        self.embedding.switch(target).await?;
        // Whatever came in during the switch is searchable and gets its vectors in the background.
        store::unembed_all(&self.db).await?;
        self.vectors_wanted.notify_one();
        info!(model.id = %model, chunks = total, "now searching with model {model}");
        Ok(Step::Ended)
    }
}
