//! A fresh index per test, and materials to put into it.

use chunk::{Chunk, Sentence};
use extract::{FileKind, Locator};
use index::{
    AnalysedChunk, Filter, Index, IndexSettings, MaterialChunks, VectorRow, VectorTable, chunk_id,
};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tempfile::TempDir;

pub(crate) const COLLECTION: &str = "materiais";

/// An index in a folder of its own, which goes when this is dropped.
pub(crate) struct Shelf {
    pub(crate) folder: TempDir,
    pub(crate) index: Index,
}

impl Shelf {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let index = Index::open(settings(&folder)).await.unwrap();
        Self { folder, index }
    }

    /// One that other processes write to as well.
    pub(crate) async fn shared() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let index = Index::open(shared(&folder)).await.unwrap();
        Self { folder, index }
    }

    /// A second handle on the same tables, with writers of its own, as another process would have.
    pub(crate) async fn another(&self) -> Index {
        Index::open(shared(&self.folder)).await.unwrap()
    }

    pub(crate) async fn put(&self, material: MaterialChunks) {
        self.index.replace(vec![material]).await.unwrap();
    }

    /// Ids of the chunks found for `terms`, best first.
    pub(crate) async fn find(&self, terms: &str) -> Vec<String> {
        found(&self.index, terms).await
    }

    pub(crate) async fn rows(&self) -> u64 {
        self.index.stats().await.unwrap().chunks.rows
    }
}

pub(crate) fn settings(folder: &TempDir) -> IndexSettings {
    IndexSettings {
        keep_versions: std::time::Duration::ZERO,
        sole_writer: true,
        ..IndexSettings::new(folder.path().to_str().unwrap(), COLLECTION)
    }
}

fn shared(folder: &TempDir) -> IndexSettings {
    IndexSettings {
        sole_writer: false,
        ..settings(folder)
    }
}

pub(crate) async fn found(index: &Index, terms: &str) -> Vec<String> {
    index
        .search_text(terms, &Filter::default(), 100)
        .await
        .unwrap()
        .into_iter()
        .map(|hit| hit.chunk.id)
        .collect()
}

pub(crate) fn only(material_ids: &[&str]) -> Filter {
    Filter {
        material_ids: Some(material_ids.iter().map(|id| (*id).to_owned()).collect()),
    }
}

/// A material with one chunk per text; the terms are the lower-case words.
pub(crate) fn material(id: &str, version: &str, texts: &[&str]) -> MaterialChunks {
    MaterialChunks {
        material_id: id.to_owned(),
        version: version.to_owned(),
        title: format!("Título de {id}"),
        source: format!("{id}.pdf"),
        kind: FileKind::Pdf,
        chunks: texts
            .iter()
            .zip(0..)
            .map(|(text, ordinal)| AnalysedChunk {
                chunk: page_chunk(ordinal, text),
                terms: text.to_lowercase(),
            })
            .collect(),
    }
}

pub(crate) fn page_chunk(ordinal: u32, text: &str) -> Chunk {
    let locator = Locator::Page {
        number: ordinal + 1,
        bbox: None,
    };
    Chunk {
        ordinal,
        headings: vec!["Capítulo 1".to_owned()],
        text: text.to_owned(),
        sentences: vec![Sentence {
            start: 0,
            end: text.len() as u32,
            locator: locator.clone(),
        }],
        locator,
    }
}

/// Vectors around a few centres, as texts about a few subjects have; the same seed gives the same ones.
pub(crate) fn clustered(count: usize, dimensions: usize, seed: u64) -> Vec<Vec<f32>> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut direction = |spread: f32| -> Vec<f32> {
        (0..dimensions)
            .map(|_| random.random_range(-spread..spread))
            .collect()
    };
    let centres: Vec<Vec<f32>> = (0..64).map(|_| direction(1.0)).collect();
    (0..count)
        .map(|row| {
            let offset = direction(0.6);
            let centre = &centres[(row * 31) % centres.len()];
            centre.iter().zip(offset).map(|(a, b)| a + b).collect()
        })
        .collect()
}

/// One vector per chunk of a material made by [`material`].
pub(crate) fn vector_rows(id: &str, version: &str, vectors: &[Vec<f32>]) -> Vec<VectorRow> {
    vectors
        .iter()
        .zip(0..)
        .map(|(vector, ordinal)| VectorRow {
            chunk_id: chunk_id(id, version, ordinal),
            material_id: id.to_owned(),
            version: version.to_owned(),
            vector: vector.clone(),
            sentences: vec![vector.clone()],
        })
        .collect()
}

/// Ids of the chunks nearest to `vector`.
pub(crate) async fn nearest(table: &VectorTable, vector: &[f32], limit: usize) -> Vec<String> {
    table
        .search(vector, &Filter::default(), limit)
        .await
        .unwrap()
        .into_iter()
        .map(|hit| hit.chunk_id)
        .collect()
}
