//! One version of a table, so that a search and the reading of its rows see the same rows.
//!
//! Searches ask for row ids only and the rows are then taken by id: reading the columns inside the search costs
//! about twice as much, because the store plans a scan of the columns instead of single reads.

use arrow_array::{Float32Array, RecordBatch, UInt64Array};
use futures::TryStreamExt;
use lancedb::Table;
use lancedb::query::{ExecutableQuery, Query, QueryBase, Select};

use crate::IndexError;
use crate::chunk_table::column;
use crate::maintenance::dataset;

const ROW_ID: &str = "_rowid";

/// One version of a table.
pub(crate) struct Snapshot {
    pub(crate) table: Table,
}

impl Snapshot {
    /// The newest version.
    pub(crate) async fn of(table: &Table) -> Result<Self, IndexError> {
        Ok(Self {
            table: table.query_snapshot().await?,
        })
    }

    pub(crate) fn query(&self) -> Query {
        self.table.query()
    }

    /// The rows with these ids, in the order of the ids; all of them are rows of this version.
    pub(crate) async fn take(
        &self,
        row_ids: &[u64],
        columns: &[&str],
    ) -> Result<RecordBatch, IndexError> {
        let dataset = dataset(&self.table).await?;
        let columns = dataset.schema().project(columns)?;
        let rows = dataset.take_rows(row_ids, columns).await?;
        Ok(rows)
    }
}

/// Ids of the rows `query` finds.
pub(crate) async fn row_ids<Q: QueryBase + ExecutableQuery>(
    query: Q,
) -> Result<Vec<u64>, IndexError> {
    let query = query.select(Select::columns(&[ROW_ID])).with_row_id();
    let batches: Vec<RecordBatch> = query.execute().await?.try_collect().await?;
    let mut ids = Vec::new();
    for batch in &batches {
        ids.extend_from_slice(column::<UInt64Array>(batch, ROW_ID)?.values());
    }
    Ok(ids)
}

/// Ids of the rows `query` finds, with the value of its score column, in the query's order.
pub(crate) async fn scored_row_ids<Q: QueryBase + ExecutableQuery>(
    query: Q,
    score: &str,
) -> Result<Vec<(u64, f32)>, IndexError> {
    let query = query.select(Select::columns(&[score])).with_row_id();
    let batches: Vec<RecordBatch> = query.execute().await?.try_collect().await?;
    let mut scored = Vec::new();
    for batch in &batches {
        let ids = column::<UInt64Array>(batch, ROW_ID)?.values();
        let scores = column::<Float32Array>(batch, score)?.values();
        scored.extend(ids.iter().copied().zip(scores.iter().copied()));
    }
    Ok(scored)
}
