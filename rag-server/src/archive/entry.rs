//! What stands in an archive.
//!
//! ```text
//! acervo-store.json      what this is: first, so that anything else is refused at once
//! materials/<n>.json     a material: its row, lessons, passages, vectors
//! tables/<n>.json.gz     its tables, as kept
//! files/<BLAKE3>         a file
//! manifest.json          how many there are of each, and the hash of every JSON entry: last, so that nothing is cut off
//! ```

use std::collections::BTreeMap;

use chunk::Chunk;
use serde::{Deserialize, Serialize};

use crate::catalogue::Lesson;
use crate::materials::MaterialRow;

/// What an archive calls itself.
pub(super) const FORMAT: &str = "acervo-store";
/// Form of the entries; another one is refused.
pub(super) const VERSION: u32 = 1;
pub(super) const HEAD: &str = "acervo-store.json";
pub(super) const MANIFEST: &str = "manifest.json";
/// Most bytes of a JSON entry: what a document may hold, and its vectors.
pub(super) const ENTRY_MAX: u64 = 1 << 30;

/// The first entry.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Head {
    pub(super) format: String,
    pub(super) version: u32,
    /// Release of the program that made it.
    pub(super) program: String,
    /// RFC 3339.
    pub(super) created_at: String,
}

/// The last entry.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    pub(super) materials: u64,
    pub(super) chunks: u64,
    pub(super) files: u64,
    /// BLAKE3 of each entry but the files', whose names tell.
    pub(super) entries: BTreeMap<String, String>,
}

/// A material.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct MaterialEntry {
    pub(super) row: MaterialRow,
    pub(super) lessons: Vec<Lesson>,
    pub(super) chunks: Vec<Chunk>,
    pub(super) vectors: Option<Vectors>,
}

/// Vectors of one model.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Vectors {
    pub(super) model_id: String,
    pub(super) dimensions: usize,
    /// By ordinal of the passage.
    pub(super) rows: BTreeMap<u32, VectorEntry>,
}

/// Vectors of one passage.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct VectorEntry {
    /// Little-endian `f32`.
    #[serde(with = "bytes")]
    pub(super) whole: Vec<u8>,
    /// As [`index::SentenceVectors::as_bytes`].
    #[serde(with = "bytes")]
    pub(super) sentences: Vec<u8>,
}

impl VectorEntry {
    pub(super) fn whole_of(vector: &[f32]) -> Vec<u8> {
        vector
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect()
    }

    /// `None` unless it has that many finite values.
    pub(super) fn vector(&self, dimensions: usize) -> Option<Vec<f32>> {
        let (values, []) = self.whole.as_chunks::<4>() else {
            return None;
        };
        let values: Vec<f32> = values
            .iter()
            .map(|bytes| f32::from_le_bytes(*bytes))
            .collect();
        let fits = values.len() == dimensions && values.iter().all(|value| value.is_finite());
        fits.then_some(values)
    }
}

mod bytes {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&BASE64.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(from)?;
        BASE64.decode(text).map_err(D::Error::custom)
    }
}
