//! What is measured of each candidate, and nothing else, decides its rank.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::candidate::Candidate;
use crate::lexical::Comparison;
use crate::question::Question;
use crate::statistics::Statistics;
use crate::vectors::{EmbedderMeans, Likeness};

/// What the share of the question's words in a sentence weighs beside its cosine when sentences are compared.
/// 0.3, 0.5 and 0.8 were tried: nDCG@10 differs by less than 0.001.
const SENTENCE_COVERAGE_WEIGHT: f32 = 0.5;

/// A measured property of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Feature {
    /// BM25 over its limit, 0..=1.
    Bm25,
    /// Share of the question's neighbouring terms that are neighbours here too, 0..=1.
    Bigrams,
    /// Share of the question's words found in the passage, by trigram likeness and rarity, 0..=1.
    Coverage,
    /// The same in the best single sentence, 0..=1.
    SentenceCoverage,
    /// Cosine of question and passage, −1..=1.
    Similarity,
    /// Greatest over the sentences of cosine (means taken away) + ½ coverage, −1..=1.5.
    Sentence,
}

impl Feature {
    /// Every feature.
    pub(crate) const ALL: [Self; 6] = [
        Self::Bm25,
        Self::Bigrams,
        Self::Coverage,
        Self::SentenceCoverage,
        Self::Similarity,
        Self::Sentence,
    ];
}

/// What is known of the candidates, and so which weights apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// Text only: no vectors yet, no embedder, or one the model was not fitted for.
    Text,
    /// Text and passage vectors.
    Passages,
    /// Text, passage vectors and sentence vectors.
    Sentences,
}

impl Basis {
    /// The features in use, in the order of the weights.
    pub fn features(self) -> &'static [Feature] {
        match self {
            Self::Text => &[
                Feature::Bm25,
                Feature::Bigrams,
                Feature::Coverage,
                Feature::SentenceCoverage,
            ],
            Self::Passages => &[
                Feature::Bm25,
                Feature::Bigrams,
                Feature::Coverage,
                Feature::SentenceCoverage,
                Feature::Similarity,
            ],
            Self::Sentences => &[
                Feature::Bm25,
                Feature::Bigrams,
                Feature::Coverage,
                Feature::Sentence,
            ],
        }
    }
}

/// Features of one candidate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// See [`Feature::Bm25`].
    pub bm25: f32,
    /// See [`Feature::Bigrams`].
    pub bigrams: f32,
    /// See [`Feature::Coverage`].
    pub coverage: f32,
    /// See [`Feature::SentenceCoverage`].
    pub sentence_coverage: f32,
    /// See [`Feature::Similarity`]; `None` when the passage has no vector.
    pub similarity: Option<f32>,
    /// See [`Feature::Sentence`]; `None` without the sentences' vectors.
    pub sentence: Option<f32>,
}

impl Row {
    /// One value; `None` when unknown.
    pub fn value(&self, feature: Feature) -> Option<f32> {
        match feature {
            Feature::Bm25 => Some(self.bm25),
            Feature::Bigrams => Some(self.bigrams),
            Feature::Coverage => Some(self.coverage),
            Feature::SentenceCoverage => Some(self.sentence_coverage),
            Feature::Similarity => self.similarity,
            Feature::Sentence => self.sentence,
        }
    }

    /// To four decimals: a file of many stays small.
    pub(crate) fn rounded(&self) -> Self {
        let rounded = |value: f32| (value * 1e4).round() / 1e4;
        Self {
            bm25: rounded(self.bm25),
            bigrams: rounded(self.bigrams),
            coverage: rounded(self.coverage),
            sentence_coverage: rounded(self.sentence_coverage),
            similarity: self.similarity.map(rounded),
            sentence: self.sentence.map(rounded),
        }
    }
}

/// Features of all candidates of a question, in the candidates' order.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Features {
    /// One per candidate.
    pub rows: Vec<Row>,
}

impl Features {
    /// The richest basis that any candidate offers.
    pub fn basis(&self) -> Basis {
        if self.rows.iter().any(|row| row.sentence.is_some()) {
            Basis::Sentences
        } else if self.rows.iter().any(|row| row.similarity.is_some()) {
            Basis::Passages
        } else {
            Basis::Text
        }
    }
}

/// Measures the candidates of a question. Without `query_vector` or `means` only the text counts.
pub fn features(
    question: &Question,
    query_vector: Option<&[f32]>,
    candidates: &[Candidate<'_>],
    statistics: &Statistics,
    means: Option<&EmbedderMeans>,
) -> Features {
    let measured = measure(question, query_vector, candidates, statistics, means);
    Features {
        rows: measured.into_iter().map(|measured| measured.row).collect(),
    }
}

/// Features of a candidate and the worth of each of its sentences.
#[derive(Debug, Clone)]
pub(crate) struct Measured {
    pub(crate) row: Row,
    /// Spans in the candidate's text; at least one.
    pub(crate) spans: Vec<Range<usize>>,
    /// One per span; comparable within the candidate only.
    pub(crate) sentences: Vec<f32>,
}

pub(crate) fn measure(
    question: &Question,
    query_vector: Option<&[f32]>,
    candidates: &[Candidate<'_>],
    statistics: &Statistics,
    means: Option<&EmbedderMeans>,
) -> Vec<Measured> {
    let known = query_vector.zip(means);
    let likeness =
        known.and_then(|(vector, means)| Likeness::new(vector, &means.question, &means.sentence));
    let mut comparison = Comparison::new(question, statistics);
    candidates
        .iter()
        .map(|candidate| {
            let spans = candidate.spans();
            let wording = comparison.wording(candidate.text, &spans);
            let cosines: Option<Vec<f32>> = likeness
                .as_ref()
                .filter(|_| candidate.sentence_vectors.len() == spans.len())
                .and_then(|likeness| {
                    candidate
                        .sentence_vectors
                        .iter()
                        .map(|vector| likeness.of(vector))
                        .collect()
                });
            let (sentence, sentences) = match cosines {
                Some(cosines) => {
                    let joint: Vec<f32> = cosines
                        .iter()
                        .zip(&wording.sentences)
                        .map(|(cosine, coverage)| cosine + SENTENCE_COVERAGE_WEIGHT * coverage)
                        .collect();
                    (joint.iter().copied().reduce(f32::max), joint)
                }
                None => (None, wording.sentences.clone()),
            };
            let row = Row {
                bm25: wording.bm25,
                bigrams: wording.bigrams,
                coverage: wording.coverage,
                sentence_coverage: wording.sentences.iter().copied().fold(0.0, f32::max),
                similarity: candidate
                    .similarity
                    .filter(|similarity| known.is_some() && similarity.is_finite()),
                sentence,
            };
            Measured {
                row,
                spans,
                sentences,
            }
        })
        .collect()
}
