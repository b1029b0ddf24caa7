//! Reading chunks, and finding them by their words.

use std::collections::{BTreeMap, HashMap};

use lancedb::expr::DfExpr;
use lancedb::index::scalar::{FtsQuery, FullTextSearchQuery, MatchQuery, Operator};
use lancedb::query::QueryBase;

use crate::chunk_table::{self, ID, MATERIAL_ID, PAYLOAD, TERMS};
use crate::maintenance;
use crate::snapshot::{Snapshot, row_ids, scored_row_ids};
use crate::vector_table::count_versions;
use crate::writer::any_of;
use crate::{Filter, Index, IndexError, IndexedVersion, StoredChunk, TextHit};

/// Most rows a search returns, whatever was asked for.
pub(crate) const MAX_HITS: usize = 10_000;

impl Index {
    /// Chunks of a material, by ordinal; empty if there is none.
    pub async fn chunks_of(&self, material_id: &str) -> Result<Vec<StoredChunk>, IndexError> {
        let mut chunks = self.matching(any_of(MATERIAL_ID, [material_id])).await?;
        chunks.sort_by_key(|stored| stored.chunk.ordinal);
        Ok(chunks)
    }

    /// Chunks by id, in the order of `ids`; what does not exist is left out.
    pub async fn chunks(&self, ids: &[String]) -> Result<Vec<StoredChunk>, IndexError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let found = self.matching(any_of(ID, ids)).await?;
        let mut found: HashMap<String, StoredChunk> = found
            .into_iter()
            .map(|stored| (stored.id.clone(), stored))
            .collect();
        Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
    }

    async fn matching(&self, filter: DfExpr) -> Result<Vec<StoredChunk>, IndexError> {
        let snapshot = Snapshot::of(&self.inner().chunks).await?;
        let row_ids = row_ids(snapshot.query().only_if_expr(filter)).await?;
        if row_ids.is_empty() {
            return Ok(Vec::new());
        }
        chunk_table::read(&snapshot.take(&row_ids, &PAYLOAD).await?)
    }

    /// What is stored, by material id. Reads two columns of the whole table.
    pub async fn materials(&self) -> Result<BTreeMap<String, IndexedVersion>, IndexError> {
        let counts = count_versions(&self.inner().chunks).await?;
        Ok(counts
            .into_iter()
            .map(|((material_id, version), chunks)| {
                (material_id, IndexedVersion { version, chunks })
            })
            .collect())
    }

    /// Chunks that hold at least one of `terms` (joined by spaces, analysed like the chunks' own), best BM25 score
    /// first, equal ones by id. At most `limit`, and never more than 10,000.
    pub async fn search_text(
        &self,
        terms: &str,
        filter: &Filter,
        limit: usize,
    ) -> Result<Vec<TextHit>, IndexError> {
        if limit == 0 || filter.is_nothing() || terms.trim().is_empty() {
            return Ok(Vec::new());
        }
        let words = MatchQuery::new(terms.to_owned())
            .with_column(Some(TERMS.to_owned()))
            .with_operator(Operator::Or)
            .with_fuzziness(Some(0));
        let snapshot = Snapshot::of(&self.inner().chunks).await?;
        let mut query = snapshot
            .query()
            .full_text_search(FullTextSearchQuery::new_query(FtsQuery::Match(words)))
            .limit(limit.min(MAX_HITS));
        if let Some(ids) = &filter.material_ids {
            query = query.only_if_expr(any_of(MATERIAL_ID, ids));
        }
        let scored = scored_row_ids(query, "_score").await?;
        if scored.is_empty() {
            return Ok(Vec::new());
        }
        let row_ids: Vec<u64> = scored.iter().map(|(row, _)| *row).collect();
        let rows = snapshot.take(&row_ids, &PAYLOAD).await?;
        let mut hits: Vec<TextHit> = chunk_table::read(&rows)?
            .into_iter()
            .zip(scored)
            .map(|(chunk, (_, score))| TextHit { chunk, score })
            .collect();
        hits.sort_by(|a, b| {
            b.score
                .total_cmp(&a.score)
                .then_with(|| a.chunk.id.cmp(&b.chunk.id))
        });
        Ok(hits)
    }

    /// Terms of up to `limit` chunks, evenly spread over the table: a sample for document frequencies.
    pub async fn sample_terms(&self, limit: usize) -> Result<Vec<String>, IndexError> {
        let dataset = maintenance::dataset(&self.inner().chunks).await?;
        let rows = dataset.count_rows(None).await?;
        if rows == 0 || limit == 0 {
            return Ok(Vec::new());
        }
        // Single rows, not the column: that is half a gigabyte of a million chunks.
        let sample: Vec<u64> = (0..rows as u64).step_by(rows.div_ceil(limit)).collect();
        let columns = dataset.schema().project(&[TERMS])?;
        let batch = dataset.take(&sample, columns).await?;
        let terms = chunk_table::text_column(&batch, TERMS)?;
        Ok(terms.iter().flatten().map(str::to_owned).collect())
    }

    /// Grows with every change of the chunks, and is another one when another collection took over: part of the key of
    /// whatever is remembered of their answers.
    pub async fn generation(&self) -> Result<u64, IndexError> {
        let inner = self.inner();
        let version = inner.chunks.version().await?;
        let name = blake3::hash(inner.settings.collection.as_bytes());
        let [a, b, c, ..] = *name.as_bytes();
        Ok(u64::from_be_bytes([a, b, c, 0, 0, 0, 0, 0]) | version)
    }
}
