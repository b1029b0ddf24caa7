//! A passage that may answer the question.

use std::ops::Range;

/// A passage that may answer the question, with what the index knows of it.
#[derive(Debug, Clone, Default)]
pub struct Candidate<'a> {
    /// Text as shown to people.
    pub text: &'a str,
    /// UTF-8 byte spans of its sentences, in order, at character borders; empty means the whole text is one.
    pub sentences: &'a [Range<usize>],
    /// BM25 score of the index; `None` when the passage was not among its hits. Used by
    /// [`Fusion::Text`](crate::Fusion::Text) and [`Fusion::MinMax`](crate::Fusion::MinMax) only.
    pub text_score: Option<f32>,
    /// Cosine of question and passage; `None` when the passage has no vector.
    pub similarity: Option<f32>,
    /// Vector of the passage, unit length; used by [`diversify`](crate::diversify()) only, which can do without.
    pub vector: Option<&'a [f32]>,
    /// Vectors of the sentences, unit length, one each; empty when unknown.
    pub sentence_vectors: &'a [Vec<f32>],
}

impl<'a> Candidate<'a> {
    /// A passage of which nothing but the text is known.
    pub fn new(text: &'a str) -> Self {
        Self {
            text,
            ..Self::default()
        }
    }

    /// Spans of the sentences, never empty, all inside the text and at character borders.
    pub(crate) fn spans(&self) -> Vec<Range<usize>> {
        let valid = |span: &&Range<usize>| {
            span.start < span.end && self.text.get((*span).clone()).is_some()
        };
        if self.sentences.is_empty() || !self.sentences.iter().all(|span| valid(&span)) {
            // One bad span would shift every quote: better the whole passage.
            return std::iter::once(0..self.text.len()).collect();
        }
        self.sentences.to_vec()
    }
}
