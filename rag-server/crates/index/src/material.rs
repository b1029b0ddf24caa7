//! What goes into the index and what comes out of it.

use chunk::Chunk;
use extract::{FileKind, Locator};

use crate::{IndexError, SentenceVectors};

/// Longest material id and version, in bytes.
const MAX_ID_BYTES: usize = 200;

/// Id of a chunk: `{material_id}:{version}:{ordinal}`.
pub fn chunk_id(material_id: &str, version: &str, ordinal: u32) -> String {
    format!("{material_id}:{version}:{ordinal}")
}

/// The whole content of one material, as it shall stand in the index.
#[derive(Debug, Clone, PartialEq)]
pub struct MaterialChunks {
    /// Any text of 1 to 200 bytes without `/` and control characters.
    pub material_id: String,
    /// Names the content and everything that shaped its chunks (hash of the bytes, reader, chunk settings): where
    /// two versions are equal, so are the chunks, because vectors are kept for chunks of the same version.
    /// 1 to 200 bytes without `:` and control characters.
    pub version: String,
    /// Title for people.
    pub title: String,
    /// Relative name for people; never a path of the server.
    pub source: String,
    /// Type of the file.
    pub kind: FileKind,
    /// Chunks with different ordinals; an empty list leaves nothing of the material.
    pub chunks: Vec<AnalysedChunk>,
}

/// A chunk and its search terms.
#[derive(Debug, Clone, PartialEq)]
pub struct AnalysedChunk {
    /// The chunk.
    pub chunk: Chunk,
    /// Its terms in order, joined by single spaces; already folded, stemmed and without stop words.
    pub terms: String,
}

impl MaterialChunks {
    pub(crate) fn check(&self) -> Result<(), IndexError> {
        check_material_id(&self.material_id)?;
        check_text("version", &self.version, ':')?;
        let mut ordinals: Vec<u32> = self.chunks.iter().map(|c| c.chunk.ordinal).collect();
        ordinals.sort_unstable();
        if ordinals.is_sorted_by(|a, b| a < b) {
            Ok(())
        } else {
            Err(IndexError::InvalidInput {
                reason: "two chunks have the same ordinal".to_owned(),
            })
        }
    }
}

pub(crate) fn check_material_id(material_id: &str) -> Result<(), IndexError> {
    check_text("material id", material_id, '/')
}

fn check_text(name: &str, text: &str, forbidden: char) -> Result<(), IndexError> {
    let fits = (1..=MAX_ID_BYTES).contains(&text.len());
    if fits && !text.chars().any(|c| c == forbidden || c.is_control()) {
        return Ok(());
    }
    Err(IndexError::InvalidInput {
        reason: format!(
            "{name} is not 1 to {MAX_ID_BYTES} bytes without `{forbidden}` and control characters"
        ),
    })
}

/// A chunk as it stands in the index.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredChunk {
    /// [`chunk_id`] of the other fields.
    pub id: String,
    /// Material it belongs to.
    pub material_id: String,
    /// Version of the material.
    pub version: String,
    /// Text, sentences and places.
    pub chunk: Chunk,
}

impl StoredChunk {
    /// 1-based page, for materials with pages.
    pub fn page(&self) -> Option<u32> {
        page(&self.chunk.locator)
    }

    /// Name of the sheet, for workbooks.
    pub fn sheet(&self) -> Option<&str> {
        sheet(&self.chunk.locator)
    }

    /// Cells in A1 notation, for workbooks.
    pub fn range(&self) -> Option<&str> {
        range(&self.chunk.locator)
    }
}

pub(crate) fn page(locator: &Locator) -> Option<u32> {
    match locator {
        Locator::Page { number, .. } => Some(*number),
        _ => None,
    }
}

pub(crate) fn sheet(locator: &Locator) -> Option<&str> {
    match locator {
        Locator::Sheet { name, .. } => Some(name),
        _ => None,
    }
}

pub(crate) fn range(locator: &Locator) -> Option<&str> {
    match locator {
        Locator::Sheet { range, .. } => Some(range),
        _ => None,
    }
}

/// What is stored of a material.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexedVersion {
    /// Version.
    pub version: String,
    /// Number of its chunks; at least 1.
    pub chunks: u32,
}

/// Which chunks a search looks at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only these materials; `None` means all, an empty list means none.
    pub material_ids: Option<Vec<String>>,
}

impl Filter {
    pub(crate) fn is_nothing(&self) -> bool {
        self.material_ids.as_ref().is_some_and(Vec::is_empty)
    }
}

/// A chunk found by its words.
#[derive(Debug, Clone, PartialEq)]
pub struct TextHit {
    /// The chunk.
    pub chunk: StoredChunk,
    /// BM25 over all chunks; greater than 0.
    pub score: f32,
}

/// A chunk found by its vector. The chunk itself may be gone already, should it be removed at this moment.
#[derive(Debug, Clone, PartialEq)]
pub struct VectorHit {
    /// Id of the chunk.
    pub chunk_id: String,
    /// Cosine with the question, −1 to 1.
    pub cosine: f32,
    /// Vectors of its sentences, in their order; empty if the embedder gave none.
    pub sentences: SentenceVectors,
}

/// The vectors of one chunk, to be stored.
#[derive(Debug, Clone, PartialEq)]
pub struct VectorRow {
    /// Chunk the vectors belong to.
    pub chunk_id: String,
    /// Its material.
    pub material_id: String,
    /// Version of the material.
    pub version: String,
    /// Vector of the chunk; brought to unit length when stored.
    pub vector: Vec<f32>,
    /// Vectors of its sentences in order; may be empty.
    pub sentences: Vec<Vec<f32>>,
}

impl VectorRow {
    /// Pairs chunks with the vectors an embedder gave for them, in the same order.
    ///
    /// # Errors
    /// [`IndexError::VectorCount`] unless there is one vector per chunk: an endpoint that loses one of a batch
    /// must not shift the others.
    pub fn pair(
        chunks: &[StoredChunk],
        vectors: Vec<(Vec<f32>, Vec<Vec<f32>>)>,
    ) -> Result<Vec<Self>, IndexError> {
        if chunks.len() != vectors.len() {
            return Err(IndexError::VectorCount {
                expected: chunks.len(),
                found: vectors.len(),
            });
        }
        Ok(chunks
            .iter()
            .zip(vectors)
            .map(|(chunk, (vector, sentences))| Self {
                chunk_id: chunk.id.clone(),
                material_id: chunk.material_id.clone(),
                version: chunk.version.clone(),
                vector,
                sentences,
            })
            .collect())
    }
}

/// The vectors of one chunk, as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredVector {
    /// Chunk the vectors belong to.
    pub chunk_id: String,
    /// Unit length.
    pub vector: Vec<f32>,
    /// Vectors of its sentences, in their order.
    pub sentences: SentenceVectors,
}

/// A table of vectors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VectorTableInfo {
    /// Model that made the vectors.
    pub model_id: String,
    /// Length of each.
    pub dimensions: usize,
    /// Number of chunks that have a vector.
    pub rows: u64,
}
