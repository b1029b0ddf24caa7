//! Text in, vectors out: the bundled multilingual model in process, or any OpenAI-compatible endpoint.
//!
//! One seam, [`Embedder`], with two implementations. Vectors are `f32`, of unit length, and of one
//! dimension per model; whoever stores them stores [`Embedder::model_id`] with them and never mixes two.

mod bundled;
mod error;
mod openai;

use std::ops::Range;

pub use bundled::BundledEmbedder;
pub use error::{EmbedError, Retry};
pub use openai::{OpenAiEmbedder, OpenAiSettings};

/// A passage to embed, with the spans of its sentences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// Text; what does not fit the model's context is cut by the model and reported in `truncated`.
    pub text: String,
    /// UTF-8 byte ranges of `text`, in order, whose vectors are wanted too.
    pub sentences: Vec<Range<usize>>,
}

/// Vectors of one passage.
#[derive(Debug, Clone, PartialEq)]
pub struct PassageVectors {
    /// The whole passage; `dimensions` values, unit length.
    pub vector: Vec<f32>,
    /// One per sentence asked for, in the same order, pooled from the passage's own forward pass ("late
    /// chunking", Günther et al. 2024); empty when the implementation cannot give them.
    pub sentences: Vec<Vec<f32>>,
    /// Part of the text lay beyond the model's context.
    pub truncated: bool,
}

/// Turns text into vectors.
#[async_trait::async_trait]
pub trait Embedder: Send + Sync {
    /// Name and version of the model; vectors of different ids must never be compared.
    fn model_id(&self) -> &str;

    /// Length of every vector.
    fn dimensions(&self) -> usize;

    /// Tokens of `text` as this model counts them, without the special ones.
    fn count_tokens(&self, text: &str) -> usize;

    /// Embeds a question.
    async fn embed_query(&self, text: &str) -> Result<Vec<f32>, EmbedError>;

    /// Embeds passages; as many results, in the same order, as passages.
    ///
    /// # Cancel safety
    /// Dropping the future leaves no state behind; work already handed to a thread ends unused.
    async fn embed_passages(&self, passages: &[Passage])
    -> Result<Vec<PassageVectors>, EmbedError>;
}

/// Brings a vector to unit length; one without direction (zero, or not finite) stays as it is.
fn normalise(vector: &mut [f32]) {
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    if length > 0.0 && length.is_finite() {
        for value in vector {
            *value /= length;
        }
    }
}
