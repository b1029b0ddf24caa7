//! Keeping the whole index small and fast, and its figures.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use lancedb::expr::DfExpr;

use crate::chunk_table::{MATERIAL_ID, VERSION};
use crate::maintenance::{self, IndexStats, OptimizeReport};
use crate::vector_table::{VectorTable, count_versions};
use crate::writer::{Backlog, Change, TableKind, any_of};
use crate::{Index, IndexError};

/// When the tables have to be optimised: rows that are scanned at every question, and files opened by it.
const BACKLOG_ROWS: u64 = 2_000;
const BACKLOG_COMMITS: u64 = 50;
/// From how many files on it is worth a moment of rest: each costs every question about a millisecond.
const WORTHWHILE_COMMITS: u64 = 4;

/// What [`Index::optimize`] would be good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// For nothing yet.
    None,
    /// Questions would be faster.
    Worthwhile,
    /// Questions are slow.
    Pressing,
}

impl Index {
    /// Figures of all tables. Reads every version's manifest: for pages people look at, not for every request.
    pub async fn stats(&self) -> Result<IndexStats, IndexError> {
        let inner = self.inner();
        let chunks = maintenance::table_stats(&inner.chunks, TableKind::Chunks).await?;
        let mut vectors = Vec::new();
        let mut names = vec![inner.settings.collection.clone()];
        for table in self.vector_handles().await? {
            let kind = TableKind::Vectors {
                dimensions: table.dimensions(),
            };
            let stats = maintenance::table_stats(&table.inner.table, kind).await?;
            vectors.push((table.info().await?, stats));
            names.push(table.inner.table.name().to_owned());
        }
        let uri = inner.settings.uri.clone();
        let disk_bytes = if uri.contains("://") {
            None
        } else {
            tokio::task::spawn_blocking(move || maintenance::disk_bytes(&uri, &names))
                .await
                .ok()
        };
        Ok(IndexStats {
            chunks,
            vectors,
            disk_bytes,
        })
    }

    /// How much [`Self::optimize`] is needed after what has been written. Looks at counters only.
    pub fn optimize_need(&self) -> Need {
        let inner = self.inner();
        let Ok(backlogs) = inner.backlogs.read() else {
            return Need::Pressing;
        };
        let need = |backlog: &Arc<Backlog>| {
            let rows = backlog.rows.load(Ordering::Relaxed);
            match backlog.commits.load(Ordering::Relaxed) {
                BACKLOG_COMMITS.. => Need::Pressing,
                _ if rows >= BACKLOG_ROWS => Need::Pressing,
                WORTHWHILE_COMMITS.. => Need::Worthwhile,
                _ => Need::None,
            }
        };
        backlogs.iter().map(need).max().unwrap_or(Need::None)
    }

    /// Brings the search indices of all tables up to date, joins small data files, removes vectors without chunk,
    /// and prunes old versions. Searches go on meanwhile; writes to a table wait until it is done.
    ///
    /// # Cancel safety
    /// A caller dropped while waiting leaves the current table's work in the queue; it is finished.
    pub async fn optimize(&self) -> Result<OptimizeReport, IndexError> {
        let mut report = self.inner().writer.write(Change::Optimize).await?.report;
        for table in self.vector_handles().await? {
            report.stale_vectors_removed += self.remove_stale(&table).await?;
            let outcome = table.inner.writer.write(Change::Optimize).await?;
            report.add(&outcome.report);
        }
        Ok(report)
    }

    /// Removes vectors of materials and versions that have no chunks.
    async fn remove_stale(&self, table: &VectorTable) -> Result<u64, IndexError> {
        // In this order: what has a vector before the chunks are looked at had its chunks before that.
        let with_vectors = table.counts().await?;
        let with_chunks = count_versions(&self.inner().chunks).await?;
        let stale: Vec<_> = with_vectors
            .into_keys()
            .filter(|version| !with_chunks.contains_key(version))
            .collect();
        let mut removed = 0;
        for some in stale.chunks(100) {
            let filter = some
                .iter()
                .map(|(material_id, version)| {
                    any_of(MATERIAL_ID, [material_id]).and(any_of(VERSION, [version]))
                })
                .reduce(DfExpr::or);
            if let Some(filter) = filter {
                let outcome = table.inner.writer.write(Change::Delete(filter)).await?;
                removed += outcome.removed;
            }
        }
        Ok(removed)
    }

    /// Removes every row of every table and what it took on disk (older versions after
    /// [`crate::IndexSettings::keep_versions`]). All handles stay valid.
    pub async fn reset(&self) -> Result<(), IndexError> {
        self.inner().writer.write(Change::Clear).await?;
        for table in self.vector_handles().await? {
            table.inner.writer.write(Change::Clear).await?;
        }
        self.optimize().await?;
        Ok(())
    }
}
