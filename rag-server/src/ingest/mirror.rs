//! Brings the mirrored folder (`MATERIALS_DIR`) into the index: new and changed files in, deleted ones out.
//! Unchanged ones, by size and time and else by content, cost nothing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{IngestError, IngestService, Step};
use crate::jobs::JobRow;
use crate::materials::{MaterialError, MaterialId, MaterialRow, MaterialState, folder, store};

/// What was asked of a mirror job.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct MirrorOptions {
    /// Read everything again, unchanged files too.
    pub(crate) force: bool,
}

impl IngestService {
    /// Compares the folder with the materials that came from it and starts a job for each difference.
    pub(super) async fn mirror(
        &self,
        job: &JobRow,
        cancel: &CancellationToken,
    ) -> Result<Step, IngestError> {
        let options: MirrorOptions = serde_json::from_str(&job.options).unwrap_or_default();
        self.jobs.progress(&job.id, "scanning", 0, 0).await?;
        let folder = self.mirrored_folder.clone();
        let found = shared::telemetry::spawn_blocking_in_span(move || folder::scan(&folder))
            .await
            .map_err(|error| IngestError::passing("scan", error))?
            .map_err(|error| IngestError::passing("scan", error))?;
        let mut known: BTreeMap<String, MaterialRow> = store::of_folder(&self.db)
            .await?
            .into_iter()
            .map(|row| (row.source.clone(), row))
            .collect();
        let total = found.len();
        let mut counts = [0_usize; 4];
        for (done, (relative, file)) in found.into_iter().enumerate() {
            if cancel.is_cancelled() {
                return Err(IngestError::Cancelled);
            }
            if self.stopping.is_cancelled() {
                return Err(IngestError::Stopping);
            }
            if done % 50 == 0 {
                self.jobs.progress(&job.id, "scanning", done, total).await?;
            }
            let row = known.remove(&relative);
            if let Some(row) = &row
                && !options.force
                && row.size_bytes == file.size as i64
                && row.modified_at == Some(file.modified_at)
            {
                counts[0] += 1;
                continue;
            }
            match self
                .materials
                .accept_file(
                    &relative,
                    &file.path,
                    file.modified_at,
                    &job.id,
                    options.force,
                )
                .await
            {
                Ok(accepted) => counts[usize::from(!accepted.unchanged)] += 1,
                Err(MaterialError::StorageFull) => return Err(IngestError::StorageFull),
                Err(error) => {
                    counts[3] += 1;
                    warn!(error = %shared::telemetry::chain(&error), "a file of the folder was left out: {error}");
                }
            }
        }
        for row in known.into_values() {
            let id = MaterialId::parse(&row.id).map_err(IngestError::from)?;
            match self.materials.remove(&id).await {
                Ok(()) => counts[2] += 1,
                Err(MaterialError::NotFound) => {}
                Err(error) => return Err(error.into()),
            }
        }
        if options.force {
            counts[1] += self.reprocess_sent(&job.id).await?;
        }
        info!(
            job.id = %job.id, unchanged = counts[0], changed = counts[1], removed = counts[2], left_out = counts[3],
            "compared the folder with the index"
        );
        self.jobs.progress(&job.id, "waiting", 0, counts[1]).await?;
        self.jobs.count_children(&job.id).await?;
        Ok(Step::Waits)
    }

    /// Reads again every material that came by itself, for a forced reprocessing.
    async fn reprocess_sent(&self, parent: &str) -> Result<usize, IngestError> {
        let mut after = String::new();
        let mut count = 0;
        loop {
            let rows = store::list(&self.db, None, &after, 500).await?;
            let Some(last) = rows.last() else {
                return Ok(count);
            };
            after.clone_from(&last.id);
            for row in rows {
                let open = matches!(
                    row.state(),
                    MaterialState::Queued | MaterialState::Extracting | MaterialState::Indexing
                );
                if row.origin == "sent" && !open {
                    self.materials.requeue(&row, Some(parent)).await?;
                    count += 1;
                }
            }
        }
    }
}
