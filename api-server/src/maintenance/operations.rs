//! What can be done to the whole.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::MaintenanceError;
use crate::audit::Actor;
use crate::materials::{MaterialRow, MaterialService, Wanted, duplicates};
use crate::rag::RagClient;

const MEGABYTE: f64 = 1_048_576.0;

/// An operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Operation {
    /// Removes materials whose content an older one has.
    CleanupDuplicates,
    /// Removes empty folders of stored files.
    CleanupEmptyFolders,
    /// Both, and files without a material.
    OptimizeStorage,
    /// Removes every material.
    ResetMaterials,
    /// Empties the index and fills it again.
    ResetChromadb,
    /// Forgets what is known of Google Drive.
    ClearDriveCache,
}

impl Operation {
    /// As in its address.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::CleanupDuplicates => "cleanup-duplicates",
            Self::CleanupEmptyFolders => "cleanup-empty-folders",
            Self::OptimizeStorage => "optimize-storage",
            Self::ResetMaterials => "reset-materials",
            Self::ResetChromadb => "reset-chromadb",
            Self::ClearDriveCache => "clear-drive-cache",
        }
    }

    /// Whether nothing brings back what it removes.
    pub(super) fn is_destructive(self) -> bool {
        matches!(self, Self::ResetMaterials | Self::ResetChromadb)
    }
}

/// A number or a text of a report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(untagged)]
pub(crate) enum Figure {
    /// A count.
    Count(u64),
    /// A measure.
    Measure(f64),
    /// Words.
    Text(String),
}

/// Named figures; pages show them as a flat list.
pub(crate) type Figures = BTreeMap<String, Figure>;

/// What an operation came to.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Outcome {
    /// Sentence for people.
    pub(super) message: String,
    pub(super) statistics: Figures,
    /// Of operations made of several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) results: Option<BTreeMap<String, Figures>>,
    /// Whether something was, or would be, changed.
    pub(super) changed: bool,
}

/// What operations work with.
#[derive(Debug, Clone)]
pub(super) struct Operations {
    pub(super) materials: Arc<MaterialService>,
    pub(super) rag: Arc<RagClient>,
}

impl Operations {
    /// Does an operation, or only looks what it would do.
    pub(super) async fn run(
        &self,
        operation: Operation,
        look: bool,
        actor: &Actor,
    ) -> Result<Outcome, MaintenanceError> {
        match operation {
            Operation::CleanupDuplicates => self.duplicates(look, actor).await,
            Operation::CleanupEmptyFolders => self.folders(look).await,
            Operation::OptimizeStorage => self.optimize(look, actor).await,
            Operation::ResetMaterials => self.reset_materials(look).await,
            Operation::ResetChromadb => self.reset_index(look).await,
            Operation::ClearDriveCache => Ok(nothing_of_drive()),
        }
    }

    async fn all(&self) -> Result<Vec<MaterialRow>, MaintenanceError> {
        let wanted = Wanted {
            limit: i64::MAX,
            ..Wanted::default()
        };
        Ok(self.materials.list(&wanted).await?)
    }

    async fn duplicates(&self, look: bool, actor: &Actor) -> Result<Outcome, MaintenanceError> {
        let rows = self.all().await?;
        let scanned = rows.len() as u64;
        let groups = duplicates(rows);
        let found = groups.len() as u64;
        let removed: Vec<MaterialRow> = if look {
            groups.into_iter().flat_map(|group| group.others).collect()
        } else {
            self.materials.remove_duplicates(actor).await?
        };
        let bytes = bytes_of(&removed);
        let passages = removed.iter().map(|row| row.passages.unsigned_abs());
        let count = removed.len() as u64;
        Ok(Outcome {
            message: said(
                look,
                count,
                "Não há materiais duplicados.",
                &format!("Materiais duplicados que seriam removidos: {count}."),
                &format!(
                    "Materiais duplicados removidos: {count}; de cada conteúdo ficou o mais antigo."
                ),
            ),
            statistics: figures([
                ("total_files_scanned", Figure::Count(scanned)),
                ("duplicate_groups_found", Figure::Count(found)),
                ("files_removed", Figure::Count(count)),
                ("space_saved_bytes", Figure::Count(bytes)),
                ("space_saved_mb", megabytes(bytes)),
                (
                    "passages_removed",
                    Figure::Count(passages.fold(0, u64::saturating_add)),
                ),
            ]),
            results: None,
            changed: count > 0,
        })
    }

    async fn folders(&self, look: bool) -> Result<Outcome, MaintenanceError> {
        let shelves = self.materials.clear_folders(look).await?;
        let count = shelves.empty;
        Ok(Outcome {
            message: said(
                look,
                count,
                "Não há pastas vazias.",
                &format!("Pastas vazias que seriam removidas: {count}."),
                &format!("Pastas vazias removidas: {count}."),
            ),
            statistics: figures([
                ("folders_scanned", Figure::Count(shelves.all)),
                ("folders_removed", Figure::Count(count)),
            ]),
            results: None,
            changed: count > 0,
        })
    }

    async fn optimize(&self, look: bool, actor: &Actor) -> Result<Outcome, MaintenanceError> {
        let started = Instant::now();
        let duplicates = self.duplicates(look, actor).await?;
        let orphans = self.materials.sweep(look).await?;
        let folders = self.folders(look).await?;
        let count = |outcome: &Outcome, name: &str| match outcome.statistics.get(name) {
            Some(Figure::Count(count)) => *count,
            _ => 0,
        };
        let files = count(&duplicates, "files_removed");
        let saved = count(&duplicates, "space_saved_bytes").saturating_add(orphans.bytes);
        let changed = duplicates.changed || folders.changed || orphans.files > 0;
        let seconds = (started.elapsed().as_secs_f64() * 1000.0).round() / 1000.0;
        let orphan_figures = figures([
            ("files_removed", Figure::Count(orphans.files)),
            ("space_saved_bytes", Figure::Count(orphans.bytes)),
        ]);
        let totals = figures([
            ("total_space_saved", Figure::Count(saved)),
            ("total_space_saved_mb", megabytes(saved)),
            ("optimization_time", Figure::Measure(seconds)),
        ]);
        let mut statistics = figures([
            ("files_removed", Figure::Count(files)),
            ("orphan_files_removed", Figure::Count(orphans.files)),
            (
                "folders_removed",
                Figure::Count(count(&folders, "folders_removed")),
            ),
        ]);
        statistics.extend(totals.clone());
        Ok(Outcome {
            message: said(
                look,
                u64::from(changed),
                "O armazenamento já está em ordem.",
                "Nada foi alterado: é isto que a otimização faria.",
                "O armazenamento foi otimizado.",
            ),
            statistics,
            results: Some(BTreeMap::from([
                ("duplicate_cleanup".to_owned(), duplicates.statistics),
                ("empty_folder_cleanup".to_owned(), folders.statistics),
                ("orphan_cleanup".to_owned(), orphan_figures),
                ("total".to_owned(), totals),
            ])),
            changed,
        })
    }

    async fn reset_materials(&self, look: bool) -> Result<Outcome, MaintenanceError> {
        let (count, files, bytes) = if look {
            let rows = self.all().await?;
            let mut contents: BTreeMap<&str, u64> = BTreeMap::new();
            for row in &rows {
                contents.insert(&row.content_hash, row.size_bytes.unsigned_abs());
            }
            let bytes = contents.values().copied().fold(0, u64::saturating_add);
            (rows.len() as u64, contents.len() as u64, bytes)
        } else {
            let (rows, freed) = self.materials.remove_all().await?;
            (rows, freed.files, freed.bytes)
        };
        Ok(Outcome {
            message: said(
                look,
                count,
                "Não há materiais.",
                &format!("Materiais que seriam removidos: {count}."),
                &format!("Materiais removidos: {count}; o índice os esquece em instantes."),
            ),
            statistics: figures([
                ("materials_removed", Figure::Count(count)),
                ("files_removed", Figure::Count(files)),
                ("space_saved_bytes", Figure::Count(bytes)),
                ("space_saved_mb", megabytes(bytes)),
            ]),
            results: None,
            changed: count > 0,
        })
    }

    async fn reset_index(&self, look: bool) -> Result<Outcome, MaintenanceError> {
        let count = if look {
            self.all().await?.len() as u64
        } else {
            let empty = async {
                let confirmed = serde_json::json!({ "confirm": true });
                let _acted: serde_json::Value = self.rag.post(&["reset"], &confirmed).await?;
                Ok::<_, MaintenanceError>(())
            };
            self.materials.refill(empty).await?
        };
        Ok(Outcome {
            message: said(
                look,
                1,
                "",
                &format!("O índice seria esvaziado e {count} materiais seriam indexados de novo."),
                &format!(
                    "O índice foi esvaziado; materiais que estão sendo indexados de novo: {count}."
                ),
            ),
            statistics: figures([("materials_to_index", Figure::Count(count))]),
            results: None,
            changed: true,
        })
    }
}

/// Without Google Drive nothing is known of it.
fn nothing_of_drive() -> Outcome {
    Outcome {
        message: "Não há nada guardado do Google Drive.".to_owned(),
        statistics: figures([("entries_removed", Figure::Count(0))]),
        ..Outcome::default()
    }
}

fn said(look: bool, count: u64, nothing: &str, would: &str, done: &str) -> String {
    match (count, look) {
        (0, _) => nothing,
        (_, true) => would,
        (_, false) => done,
    }
    .to_owned()
}

fn figures<const N: usize>(named: [(&str, Figure); N]) -> Figures {
    named
        .into_iter()
        .map(|(name, figure)| (name.to_owned(), figure))
        .collect()
}

/// Bytes in megabytes with two decimals.
pub(crate) fn in_megabytes(bytes: u64) -> f64 {
    (bytes as f64 / MEGABYTE * 100.0).round() / 100.0
}

fn megabytes(bytes: u64) -> Figure {
    Figure::Measure(in_megabytes(bytes))
}

/// Bytes of materials, as if each were stored apart.
pub(crate) fn bytes_of(rows: &[MaterialRow]) -> u64 {
    rows.iter()
        .map(|row| row.size_bytes.unsigned_abs())
        .fold(0, u64::saturating_add)
}
