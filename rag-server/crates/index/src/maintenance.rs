//! Keeping the tables small and fast: search indices, compaction, removal of old versions, and their figures.

use std::path::Path;
use std::sync::Arc;

use lance::Dataset;
use lance::index::DatasetIndexExt;
use lance_index::IndexType;
use lance_index::scalar::btree::BTreeParameters;
use lance_index::scalar::{BuiltinIndexType, ScalarIndexParams};
use lancedb::index::Index as SearchIndex;
use lancedb::index::vector::IvfRqIndexBuilder;
use lancedb::table::{CompactionOptions, Duration, OptimizeAction, OptimizeOptions};
use lancedb::{DistanceType, Table};

use crate::chunk_table::{ID, MATERIAL_ID, TERMS, full_text_settings};
use crate::vector_table::{CHUNK_ID, VECTOR};
use crate::writer::TableKind;
use crate::{IndexError, IndexSettings, VectorTableInfo};

/// Names of the search indices.
const FULL_TEXT: &str = "terms_fts";
/// The rows it was trained on follow the name, so that it can be trained anew when the table has outgrown it.
const NEAREST: &str = "vector_rq_";
/// Keys on a page of a lookup. A question looks up a hundred ids, nearly each on another page, and pages are read and
/// compared whole: the store's own 4,096 make that the most part of a question among a million passages.
const KEYS_PER_PAGE: u64 = 256;
/// Compaction leaves data files of this many rows alone: what it rewrites each time stays bounded.
const ROWS_PER_FILE: usize = 16_384;
/// A trained vector index is trained anew when the table holds this many times the rows it was trained on.
const OUTGROWN: u64 = 3;

/// Figures of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableStats {
    /// Rows.
    pub rows: u64,
    /// Rows the full-text index (or the vector index, where there is one) does not cover yet; they are scanned.
    pub unindexed_rows: u64,
    /// Deleted rows that still take space.
    pub deleted_rows: u64,
    /// Data files.
    pub fragments: u64,
    /// Versions kept.
    pub versions: u64,
    /// Bytes of the newest version, search indices included.
    pub live_bytes: u64,
}

/// Figures of the whole index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexStats {
    /// The table of chunks.
    pub chunks: TableStats,
    /// Each table of vectors.
    pub vectors: Vec<(VectorTableInfo, TableStats)>,
    /// Bytes on disk, old versions included; `None` on an object store.
    pub disk_bytes: Option<u64>,
}

/// What optimising did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OptimizeReport {
    /// Data files that were joined into fewer.
    pub fragments_removed: u64,
    /// Data files they became.
    pub fragments_added: u64,
    /// Versions pruned.
    pub versions_removed: u64,
    /// Bytes freed.
    pub bytes_removed: u64,
    /// Vectors removed because their chunk is gone.
    pub stale_vectors_removed: u64,
}

impl OptimizeReport {
    pub(crate) fn add(&mut self, other: &Self) {
        self.fragments_removed += other.fragments_removed;
        self.fragments_added += other.fragments_added;
        self.versions_removed += other.versions_removed;
        self.bytes_removed += other.bytes_removed;
        self.stale_vectors_removed += other.stale_vectors_removed;
    }
}

/// Creates the search indices that can stand on an empty table.
///
/// A full-text index made on an empty table covers nothing until [`optimize`]; the rows are found all the same,
/// because it tells the store how to split the terms of rows it scans. Without it the store would take its default
/// analyser, which splits codes such as `a-1`.
pub(crate) async fn ensure_indices(table: &Table, kind: TableKind) -> Result<(), IndexError> {
    let there: Vec<String> = table
        .list_indices()
        .await?
        .into_iter()
        .map(|index| index.name)
        .collect();
    let is_there = |name: &str| there.iter().any(|known| known == name);
    let lookups = match kind {
        TableKind::Chunks => [(ID, "id_btree"), (MATERIAL_ID, "material_btree")],
        TableKind::Vectors { .. } => [(CHUNK_ID, "chunk_btree"), (MATERIAL_ID, "material_btree")],
    };
    if matches!(kind, TableKind::Chunks) && !is_there(FULL_TEXT) {
        table
            .create_index(&[TERMS], SearchIndex::FTS(full_text_settings()))
            .name(FULL_TEXT.to_owned())
            .execute()
            .await?;
    }
    for (column, name) in lookups {
        if !is_there(name) {
            create_lookup(table, column, name).await?;
        }
    }
    Ok(())
}

/// An index for `column` by its values; merging it with new rows keeps the size of its pages.
async fn create_lookup(table: &Table, column: &str, name: &str) -> Result<(), IndexError> {
    let params =
        ScalarIndexParams::for_builtin(BuiltinIndexType::BTree).with_params(&BTreeParameters {
            zone_size: Some(KEYS_PER_PAGE),
            range_id: None,
        });
    // What it commits the table sees at its next look: every look is for the newest version.
    let mut dataset = Dataset::clone(&*dataset(table).await?);
    dataset
        .create_index(
            &[column],
            IndexType::BTree,
            Some(name.to_owned()),
            &params,
            false,
        )
        .await?;
    Ok(())
}

/// Compacts, brings the search indices up to date, and prunes old versions.
pub(crate) async fn optimize(
    table: &Table,
    kind: TableKind,
    settings: &IndexSettings,
) -> Result<OptimizeReport, IndexError> {
    ensure_indices(table, kind).await?;
    let compaction = table
        .optimize(OptimizeAction::Compact {
            options: CompactionOptions {
                target_rows_per_fragment: ROWS_PER_FILE,
                ..CompactionOptions::default()
            },
            remap_options: None,
        })
        .await?
        .compaction
        .unwrap_or_default();
    if let TableKind::Vectors { .. } = kind {
        ensure_vector_index(table, settings.vector_index_rows as u64).await?;
    }
    table
        .optimize(OptimizeAction::Index(OptimizeOptions::default()))
        .await?;
    let keep = Duration::from_std(settings.keep_versions).unwrap_or(Duration::MAX);
    let prune = table
        .optimize(OptimizeAction::Prune {
            older_than: Some(keep),
            delete_unverified: Some(settings.sole_writer),
            error_if_tagged_old_versions: None,
        })
        .await?
        .prune
        .unwrap_or_default();
    Ok(OptimizeReport {
        fragments_removed: compaction.fragments_removed as u64,
        fragments_added: compaction.fragments_added as u64,
        versions_removed: prune.old_versions,
        bytes_removed: prune.bytes_removed,
        stale_vectors_removed: 0,
    })
}

/// Trains the approximate vector index when there are enough rows for it, or three times those of the last time.
async fn ensure_vector_index(table: &Table, from_rows: u64) -> Result<(), IndexError> {
    let rows = table.count_rows(None).await? as u64;
    let trained = vector_index(table).await?;
    let outgrown = trained
        .as_ref()
        .is_none_or(|(_, trained_on)| rows >= trained_on.saturating_mul(OUTGROWN));
    if rows < from_rows || !outgrown {
        return Ok(());
    }
    table
        .create_index(
            &[VECTOR],
            SearchIndex::IvfRq(IvfRqIndexBuilder::default().distance_type(DistanceType::L2)),
        )
        .name(format!("{NEAREST}{rows}"))
        .execute()
        .await?;
    if let Some((outgrown, _)) = trained {
        table.drop_index(&outgrown).await?;
    }
    Ok(())
}

/// Name of the vector index, and the rows it was trained on.
pub(crate) async fn vector_index(table: &Table) -> Result<Option<(String, u64)>, IndexError> {
    let indices = table.list_indices().await?;
    Ok(indices.into_iter().find_map(|index| {
        let rows = index.name.strip_prefix(NEAREST)?.parse().ok()?;
        Some((index.name, rows))
    }))
}

/// Figures of a table.
pub(crate) async fn table_stats(table: &Table, kind: TableKind) -> Result<TableStats, IndexError> {
    let stats = table.stats().await?;
    let searched = match kind {
        TableKind::Chunks => Some(FULL_TEXT.to_owned()),
        TableKind::Vectors { .. } => vector_index(table).await?.map(|(name, _)| name),
    };
    let unindexed_rows = match searched {
        Some(name) => table
            .index_stats(&name)
            .await?
            .map_or(0, |index| index.num_unindexed_rows),
        None => stats.num_rows,
    };
    Ok(TableStats {
        rows: stats.num_rows as u64,
        unindexed_rows: unindexed_rows as u64,
        deleted_rows: stats.num_deleted_rows.unwrap_or_default() as u64,
        fragments: stats.fragment_stats.num_fragments as u64,
        versions: versions(table).await?,
        live_bytes: stats.total_bytes as u64,
    })
}

/// Number of versions kept, by the names of their manifests: one that is listed may be pruned before it could be read.
async fn versions(table: &Table) -> Result<u64, IndexError> {
    let dataset = dataset(table).await?;
    Ok(dataset.count_versions().await?)
}

/// The newest version of what lies below the table.
pub(crate) async fn dataset(table: &Table) -> Result<Arc<Dataset>, IndexError> {
    let Some(dataset) = table.dataset() else {
        let message = "the index needs a table it can open itself".to_owned();
        return Err(lancedb::Error::NotSupported { message }.into());
    };
    Ok(dataset.get().await?)
}

/// Bytes of the files of these tables below the folder `uri`.
///
/// Blocks; files that vanish meanwhile count as nothing.
pub(crate) fn disk_bytes(uri: &str, tables: &[String]) -> u64 {
    tables
        .iter()
        .map(|table| folder_bytes(&Path::new(uri).join(format!("{table}.lance"))))
        .sum()
}

fn folder_bytes(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return 0;
    };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => folder_bytes(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}
