//! Brings the mirrored folder (`MATERIALS_DIR`) into the index: new and changed files in, deleted ones out.
//! Unchanged ones, by size and time and else by content, cost nothing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use shared::problem::HasProblem as _;

use super::{IngestError, IngestService, Step};
use crate::jobs::JobRow;
use crate::materials::{MaterialError, MaterialId, MaterialRow, MaterialState, folder, store};

/// What was asked of a mirror job.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct MirrorOptions {
    /// Read everything again, unchanged files too.
    pub(crate) force: bool,
}

/// Errors that a job tells in full.
const ERRORS_TOLD: usize = 100;

/// What a comparison of the folder came to.
#[derive(Debug, Default, Serialize)]
struct Mirrored {
    unchanged: usize,
    /// New and changed files; each has a job of its own.
    changed: usize,
    removed: usize,
    /// Files that could not be taken in.
    left_out: usize,
    /// The first of them.
    errors: Vec<LeftOut>,
}

/// A file that was left out, and why.
#[derive(Debug, Serialize)]
struct LeftOut {
    source: String,
    detail: String,
}

impl IngestService {
    /// Compares the folder with the materials that came from it and starts a job for each difference.
    pub(super) async fn mirror(
        &self,
        job: &JobRow,
        cancel: &CancellationToken,
    ) -> Result<Step, IngestError> {
        if job.stage == "waiting" && !cancel.is_cancelled() {
            // Compared already; woken again to see how far its materials are.
            self.jobs.count_children(&job.id).await?;
            return Ok(Step::Waits);
        }
        let options: MirrorOptions = serde_json::from_str(&job.options).unwrap_or_default();
        self.jobs.progress(&job.id, "scanning", 0, 0).await?;
        let folder = self.mirrored_folder.clone();
        let found = shared::telemetry::spawn_blocking_in_span(move || folder::scan(&folder))
            .await
            .map_err(|error| IngestError::passing("scan", error))?
            .map_err(|error| match error.kind() {
                std::io::ErrorKind::NotFound => IngestError::Unreadable {
                    code: "folder_missing",
                    detail: "A pasta de materiais não existe; confira MATERIALS_DIR.".into(),
                },
                _ => IngestError::passing("scan", error),
            })?;
        let mut known: BTreeMap<String, MaterialRow> = store::of_folder(&self.db)
            .await?
            .into_iter()
            .map(|row| (row.id.clone(), row))
            .collect();
        if found.is_empty() && !known.is_empty() && !options.force {
            // More likely a disk that is not mounted than a course that was thrown away.
            return Err(IngestError::Unreadable {
                code: "folder_empty",
                detail: "A pasta de materiais está vazia e nada foi removido; se é isso mesmo que se quer, \
                    use force_reprocess."
                    .into(),
            });
        }
        let total = found.len();
        let mut result = Mirrored::default();
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
            let row = known.remove(MaterialId::of_mirrored(&relative).as_str());
            if let Some(row) = &row
                && !options.force
                && row.state() != MaterialState::Failed
                && row.size_bytes == file.size as i64
                && row.modified_at == Some(file.modified_at)
            {
                result.unchanged += 1;
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
                Ok(accepted) if accepted.unchanged => result.unchanged += 1,
                Ok(_) => result.changed += 1,
                Err(MaterialError::StorageFull) => return Err(IngestError::StorageFull),
                Err(error) => {
                    result.left_out += 1;
                    if result.errors.len() < ERRORS_TOLD {
                        result.errors.push(LeftOut {
                            source: relative.clone(),
                            detail: error.detail(),
                        });
                    }
                    warn!(error = %shared::telemetry::chain(&error), "a file of the folder was left out: {error}");
                }
            }
        }
        for row in known.into_values() {
            let id = MaterialId::parse(&row.id).map_err(IngestError::from)?;
            match self.materials.remove(&id).await {
                Ok(()) => result.removed += 1,
                Err(MaterialError::NotFound) => {}
                Err(error) => return Err(error.into()),
            }
        }
        if options.force {
            result.changed += self.reprocess_sent(&job.id).await?;
        }
        info!(
            job.id = %job.id, unchanged = result.unchanged, changed = result.changed, removed = result.removed,
            left_out = result.left_out,
            "compared the folder with the index"
        );
        self.jobs.set_result(&job.id, &result).await?;
        self.jobs
            .progress(&job.id, "waiting", 0, result.changed)
            .await?;
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
