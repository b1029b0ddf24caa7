//! The table of one model's vectors.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use arrow_array::{Array, BinaryArray, FixedSizeListArray, Float32Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use futures::TryStreamExt;
use lancedb::query::{ExecutableQuery, QueryBase, Select};
use lancedb::{DistanceType, Table};

use crate::chunk_table::{LAYOUT_KEY, MATERIAL_ID, VERSION, column, key, text_column};
use crate::index::MAX_HITS;
use crate::maintenance;
use crate::material::check_material_id;
use crate::sentences::unit_length;
use crate::snapshot::{Snapshot, row_ids, scored_row_ids};
use crate::writer::{Change, Writer, any_of};
use crate::{
    Filter, IndexError, SentenceVectors, StoredVector, VectorHit, VectorRow, VectorTableInfo,
};

pub(crate) const CHUNK_ID: &str = "chunk_id";
pub(crate) const VECTOR: &str = "vector";
const SENTENCES: &str = "sentence_vectors";
/// Name of the layout below; changes when the columns or their meaning do.
pub(crate) const LAYOUT: &str = "vectors-1";
const MODEL_KEY: &str = "acervo.model";
const DIMENSIONS_KEY: &str = "acervo.dimensions";

/// Parts of the approximate index that are searched, and how many times as many candidates as asked for are compared
/// by their exact vectors. Measured on clustered vectors of 384 dimensions (`cargo bench -p index`).
const PARTS: usize = 20;
const REFINE: usize = 4;

/// The vectors of one model. Cheap to clone.
#[derive(Debug, Clone)]
pub struct VectorTable {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) table: Table,
    pub(crate) writer: Writer,
    pub(crate) model_id: String,
    pub(crate) dimensions: usize,
}

impl VectorTable {
    /// Model that makes the vectors of this table.
    pub fn model_id(&self) -> &str {
        &self.inner.model_id
    }

    /// Length of each vector.
    pub fn dimensions(&self) -> usize {
        self.inner.dimensions
    }

    /// Adds vectors; chunks that have one already keep it. All rows or none.
    ///
    /// # Errors
    /// [`IndexError::Dimensions`] if any vector or sentence vector has another length,
    /// [`IndexError::InvalidInput`] if one holds a value that is not finite; nothing is written then.
    ///
    /// # Cancel safety
    /// A caller dropped while waiting leaves the rows in the queue; they are written.
    pub async fn append(&self, rows: Vec<VectorRow>) -> Result<(), IndexError> {
        for row in &rows {
            check(row, self.inner.dimensions)?;
        }
        if rows.is_empty() {
            return Ok(());
        }
        let by_chunk = rows
            .into_iter()
            .map(|row| (row.chunk_id.clone(), row))
            .collect();
        self.inner.writer.write(Change::Append(by_chunk)).await?;
        Ok(())
    }

    /// Ids of the chunks of this version of the material that have a vector.
    pub async fn ids_of(
        &self,
        material_id: &str,
        version: &str,
    ) -> Result<BTreeSet<String>, IndexError> {
        let of_material = any_of(MATERIAL_ID, [material_id]).and(any_of(VERSION, [version]));
        let batches: Vec<RecordBatch> = self
            .inner
            .table
            .query()
            .only_if_expr(of_material)
            .select(Select::columns(&[CHUNK_ID]))
            .execute()
            .await?
            .try_collect()
            .await?;
        let mut ids = BTreeSet::new();
        for batch in &batches {
            ids.extend(
                text_column(batch, CHUNK_ID)?
                    .iter()
                    .flatten()
                    .map(str::to_owned),
            );
        }
        Ok(ids)
    }

    /// Number of vectors by material id and version.
    pub async fn counts(&self) -> Result<BTreeMap<(String, String), u32>, IndexError> {
        count_versions(&self.inner.table).await
    }

    /// Vectors of these chunks, in the order of `chunk_ids`; chunks without one are left out.
    pub async fn get(&self, chunk_ids: &[String]) -> Result<Vec<StoredVector>, IndexError> {
        if chunk_ids.is_empty() {
            return Ok(Vec::new());
        }
        let snapshot = Snapshot::of(&self.inner.table).await?;
        let rows = row_ids(snapshot.query().only_if_expr(any_of(CHUNK_ID, chunk_ids))).await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let batch = snapshot.take(&rows, &[CHUNK_ID, VECTOR, SENTENCES]).await?;
        let ids = text_column(&batch, CHUNK_ID)?;
        let vectors: &FixedSizeListArray = column(&batch, VECTOR)?;
        let mut found = HashMap::new();
        for row in 0..batch.num_rows() {
            let values = vectors.value(row);
            let stored = StoredVector {
                chunk_id: ids.value(row).to_owned(),
                vector: values
                    .as_any()
                    .downcast_ref::<Float32Array>()
                    .map(|values| values.values().to_vec())
                    .unwrap_or_default(),
                sentences: self.sentences(&batch, row)?,
            };
            found.insert(stored.chunk_id.clone(), stored);
        }
        Ok(chunk_ids.iter().filter_map(|id| found.remove(id)).collect())
    }

    /// Number of vectors.
    pub async fn rows(&self) -> Result<u64, IndexError> {
        Ok(self.inner.table.count_rows(None).await? as u64)
    }

    /// Grows with every change of this table: part of the key of whatever is remembered of its answers.
    pub async fn generation(&self) -> Result<u64, IndexError> {
        Ok(self.inner.table.version().await?)
    }

    pub(crate) async fn info(&self) -> Result<VectorTableInfo, IndexError> {
        Ok(VectorTableInfo {
            model_id: self.inner.model_id.clone(),
            dimensions: self.inner.dimensions,
            rows: self.rows().await?,
        })
    }

    /// The chunks whose vectors are nearest to `vector`, best first, equal ones by id. At most `limit`, and never more than 10,000.
    ///
    /// # Errors
    /// [`IndexError::Dimensions`] if `vector` has another length than the table's.
    pub async fn search(
        &self,
        vector: &[f32],
        filter: &Filter,
        limit: usize,
    ) -> Result<Vec<VectorHit>, IndexError> {
        self.nearest(vector, filter, limit, false).await
    }

    /// As [`Self::search`], but compares every vector: what the approximate index is measured against.
    ///
    /// # Errors
    /// As [`Self::search`].
    pub async fn scan(
        &self,
        vector: &[f32],
        filter: &Filter,
        limit: usize,
    ) -> Result<Vec<VectorHit>, IndexError> {
        self.nearest(vector, filter, limit, true).await
    }

    async fn nearest(
        &self,
        vector: &[f32],
        filter: &Filter,
        limit: usize,
        exact: bool,
    ) -> Result<Vec<VectorHit>, IndexError> {
        let expected = self.inner.dimensions;
        if vector.len() != expected {
            return Err(IndexError::Dimensions {
                expected,
                found: vector.len(),
            });
        }
        if limit == 0 || filter.is_nothing() {
            return Ok(Vec::new());
        }
        let limit = limit.min(MAX_HITS);
        let vector = unit_length(vector);
        let snapshot = Snapshot::of(&self.inner.table).await?;
        let approximate = !exact && maintenance::vector_index(&snapshot.table).await?.is_some();
        let candidates = if approximate { limit * REFINE } else { limit };
        let mut query = snapshot
            .query()
            .nearest_to(vector.as_slice())?
            .column(VECTOR)
            .distance_type(DistanceType::L2)
            .nprobes(PARTS)?
            .limit(candidates);
        if !approximate {
            query = query.bypass_vector_index();
        }
        if let Some(ids) = &filter.material_ids {
            query = query.only_if_expr(any_of(MATERIAL_ID, ids));
        }
        // For unit vectors |a − b|² = 2 − 2 cos; the store's L2 is the squared distance.
        let mut near: Vec<(u64, f32)> = scored_row_ids(query, "_distance")
            .await?
            .into_iter()
            .map(|(row, distance)| (row, 1.0 - distance / 2.0))
            .collect();
        if approximate && !near.is_empty() {
            let rows: Vec<u64> = near.iter().map(|(row, _)| *row).collect();
            let batch = snapshot.take(&rows, &[VECTOR]).await?;
            near = rows.into_iter().zip(cosines(&batch, &vector)?).collect();
            near.sort_by(|a, b| b.1.total_cmp(&a.1));
            near.truncate(limit);
        }
        if near.is_empty() {
            return Ok(Vec::new());
        }
        let rows: Vec<u64> = near.iter().map(|(row, _)| *row).collect();
        let batch = snapshot.take(&rows, &[CHUNK_ID, SENTENCES]).await?;
        let ids = text_column(&batch, CHUNK_ID)?;
        let mut hits = near
            .into_iter()
            .zip(0..)
            .map(|((_, cosine), row)| {
                Ok(VectorHit {
                    chunk_id: ids.value(row).to_owned(),
                    cosine,
                    sentences: self.sentences(&batch, row)?,
                })
            })
            .collect::<Result<Vec<_>, IndexError>>()?;
        hits.sort_by(|a, b| {
            b.cosine
                .total_cmp(&a.cosine)
                .then_with(|| a.chunk_id.cmp(&b.chunk_id))
        });
        Ok(hits)
    }

    fn sentences(&self, batch: &RecordBatch, row: usize) -> Result<SentenceVectors, IndexError> {
        let bytes: &BinaryArray = column(batch, SENTENCES)?;
        SentenceVectors::from_bytes(bytes.value(row), self.inner.dimensions).ok_or_else(|| {
            IndexError::Corrupt {
                reason: format!("{SENTENCES} has a wrong length"),
            }
        })
    }
}

/// Cosine of each vector of `batch` with `unit`, all of unit length.
fn cosines(batch: &RecordBatch, unit: &[f32]) -> Result<Vec<f32>, IndexError> {
    let vectors: &FixedSizeListArray = column(batch, VECTOR)?;
    let values = vectors
        .values()
        .as_any()
        .downcast_ref::<Float32Array>()
        .ok_or_else(|| IndexError::Corrupt {
            reason: format!("column {VECTOR} does not hold numbers"),
        })?;
    // Counted from the array's own offset, should it be a slice.
    let first = vectors.value_offset(0) as usize;
    let values = values.values().get(first..).unwrap_or_default();
    Ok(values
        .chunks_exact(unit.len())
        .take(batch.num_rows())
        .map(|vector| vector.iter().zip(unit).map(|(a, b)| a * b).sum())
        .collect())
}

fn check(row: &VectorRow, dimensions: usize) -> Result<(), IndexError> {
    check_material_id(&row.material_id)?;
    for vector in std::iter::once(&row.vector).chain(&row.sentences) {
        if vector.len() != dimensions {
            return Err(IndexError::Dimensions {
                expected: dimensions,
                found: vector.len(),
            });
        }
        if !vector.iter().all(|value| value.is_finite()) {
            return Err(IndexError::InvalidInput {
                reason: "vector holds a value that is not finite".to_owned(),
            });
        }
    }
    Ok(())
}

/// The columns of a table for vectors of `model_id`.
pub(crate) fn schema(model_id: &str, dimensions: usize) -> SchemaRef {
    Arc::new(Schema::new_with_metadata(
        columns(dimensions),
        HashMap::from([
            (LAYOUT_KEY.to_owned(), LAYOUT.to_owned()),
            (MODEL_KEY.to_owned(), model_id.to_owned()),
            (DIMENSIONS_KEY.to_owned(), dimensions.to_string()),
        ]),
    ))
}

/// Model and dimensions as a table's schema tells them.
pub(crate) fn model_of(schema: &Schema) -> Option<(String, usize)> {
    let model = schema.metadata().get(MODEL_KEY)?.clone();
    let dimensions = schema.metadata().get(DIMENSIONS_KEY)?.parse().ok()?;
    Some((model, dimensions))
}

fn columns(dimensions: usize) -> Vec<Field> {
    let text = |name: &str| Field::new(name, DataType::Utf8, false);
    vec![
        key(text(CHUNK_ID), 1),
        text(MATERIAL_ID),
        text(VERSION),
        Field::new(
            VECTOR,
            DataType::FixedSizeList(value_field(), dimensions as i32),
            false,
        ),
        Field::new(SENTENCES, DataType::Binary, false),
    ]
}

fn value_field() -> Arc<Field> {
    Arc::new(Field::new("item", DataType::Float32, true))
}

/// Rows of the table; the vectors have been checked.
pub(crate) fn rows<'a>(
    vectors: impl Iterator<Item = &'a VectorRow> + Clone,
    dimensions: usize,
) -> Result<RecordBatch, IndexError> {
    let text = |pick: fn(&VectorRow) -> &str| -> Arc<dyn Array> {
        Arc::new(StringArray::from_iter_values(vectors.clone().map(pick)))
    };
    let values: Vec<f32> = vectors
        .clone()
        .flat_map(|row| unit_length(&row.vector))
        .collect();
    let values = FixedSizeListArray::try_new(
        value_field(),
        dimensions as i32,
        Arc::new(Float32Array::from(values)),
        None,
    )?;
    let sentences = BinaryArray::from_iter_values(vectors.clone().map(|row| {
        SentenceVectors::quantise(&row.sentences, dimensions)
            .as_bytes()
            .to_vec()
    }));
    let columns_of_rows: Vec<Arc<dyn Array>> = vec![
        text(|row| &row.chunk_id),
        text(|row| &row.material_id),
        text(|row| &row.version),
        Arc::new(values),
        Arc::new(sentences),
    ];
    let schema = Arc::new(Schema::new(columns(dimensions)));
    Ok(RecordBatch::try_new(schema, columns_of_rows)?)
}

/// Number of rows by material id and version.
pub(crate) async fn count_versions(
    table: &Table,
) -> Result<BTreeMap<(String, String), u32>, IndexError> {
    let mut batches = table
        .query()
        .select(Select::columns(&[MATERIAL_ID, VERSION]))
        .execute()
        .await?;
    let mut counts = BTreeMap::new();
    while let Some(batch) = batches.try_next().await? {
        let materials = text_column(&batch, MATERIAL_ID)?;
        let versions = text_column(&batch, VERSION)?;
        for (material, version) in materials.iter().flatten().zip(versions.iter().flatten()) {
            *counts
                .entry((material.to_owned(), version.to_owned()))
                .or_default() += 1;
        }
    }
    Ok(counts)
}
