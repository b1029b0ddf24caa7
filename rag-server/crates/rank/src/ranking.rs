//! Sorts candidates, scores them, and judges whether they answer at all.

use std::cmp::Ordering;
use std::ops::Range;

use crate::candidate::Candidate;
use crate::features::{Features, Measured, measure};
use crate::model::Model;
use crate::question::Question;
use crate::quote::quote;
use crate::statistics::Statistics;

/// What the order follows. Scores and evidence always come from the learned model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fusion {
    /// The learned model.
    Learned,
    /// Full-text score and similarity, each stretched to 0..=1 over the candidates, half and half.
    MinMax,
    /// The index's full-text score.
    Text,
    /// The cosine of question and passage.
    Vector,
}

/// Candidates in order, and what they are worth together.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranking {
    /// All candidates, best first.
    pub passages: Vec<Ranked>,
    /// Probability that any of them answers the question, 0..=1; 0 without candidates. Calibrated where half of the questions
    /// have an answer in the index.
    pub evidence: f32,
    /// Whether the evidence suffices by the model's threshold.
    pub answerable: bool,
}

/// A candidate in its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranked {
    /// Index into the candidates.
    pub index: usize,
    /// Probability that this passage answers the question, 0..=1.
    pub score: f32,
    /// Whether it may be cited: its score reaches the model's threshold.
    pub citable: bool,
    /// Bytes of its text worth quoting: whole neighbouring sentences, one to three.
    pub quote: Range<usize>,
    /// Spans of its sentences as used here: the candidate's, or one span of the whole text.
    pub spans: Vec<Range<usize>>,
    /// Worth of each sentence, comparable within the passage only.
    pub sentences: Vec<f32>,
}

impl Ranking {
    /// Positions in `passages` that may be cited, in their order: none unless answerable, none that is not citable or
    /// scored below `min_score`.
    pub fn sources(&self, min_score: f32) -> Vec<usize> {
        let citable =
            |passage: &Ranked| self.answerable && passage.citable && passage.score >= min_score;
        (0..self.passages.len())
            .filter(|&position| self.passages.get(position).is_some_and(citable))
            .collect()
    }
}

/// Sorts `candidates` by how well they answer `question`.
///
/// `query_vector` must come from the embedder that [`Model::knows_embedder`]; with `None` the learned model goes by the
/// text alone. Candidates that tie stand in the order of their texts, whatever order they came in.
pub fn rank(
    question: &Question,
    query_vector: Option<&[f32]>,
    candidates: &[Candidate<'_>],
    statistics: &Statistics,
    fusion: Fusion,
    model: &Model,
) -> Ranking {
    let measured = measure(
        question,
        query_vector,
        candidates,
        statistics,
        model.embedder(),
    );
    let features = Features {
        rows: measured.iter().map(|measured| measured.row).collect(),
    };
    let weights = model.weights(features.basis());
    let sums: Vec<f64> = features.rows.iter().map(|row| weights.sum(row)).collect();
    let evidence = sums
        .iter()
        .copied()
        .reduce(f64::max)
        .map_or(0.0, |best| weights.evidence.probability(best)) as f32;

    let keys = match fusion {
        Fusion::Learned => sums.clone(),
        Fusion::Text => text_scores(candidates, &measured),
        Fusion::Vector => similarities(candidates),
        Fusion::MinMax => {
            let text = stretched(&text_scores(candidates, &measured));
            let vector = stretched(&similarities(candidates));
            text.iter()
                .zip(&vector)
                .map(|(text, vector)| 0.5 * text + 0.5 * vector)
                .collect()
        }
    };
    let mut passages: Vec<(f64, f64, Ranked)> = Vec::with_capacity(candidates.len());
    for (index, ((measured, &sum), &key)) in measured.into_iter().zip(&sums).zip(&keys).enumerate()
    {
        let text = candidates.get(index).map_or("", |candidate| candidate.text);
        let score = weights.score.probability(sum) as f32;
        passages.push((
            key,
            sum,
            Ranked {
                index,
                score,
                citable: score >= weights.cite_from,
                quote: quote(text, &measured.spans, &measured.sentences),
                spans: measured.spans,
                sentences: measured.sentences,
            },
        ));
    }
    let text = |ranked: &Ranked| {
        candidates
            .get(ranked.index)
            .map_or("", |candidate| candidate.text)
    };
    passages.sort_by(|left, right| {
        descending(left.0, right.0)
            .then_with(|| descending(left.1, right.1))
            .then_with(|| text(&left.2).cmp(text(&right.2)))
            .then_with(|| left.2.index.cmp(&right.2.index))
    });
    Ranking {
        passages: passages.into_iter().map(|(_, _, ranked)| ranked).collect(),
        evidence,
        answerable: !candidates.is_empty() && evidence >= weights.answer_from,
    }
}

fn descending(left: f64, right: f64) -> Ordering {
    right.total_cmp(&left)
}

/// Full-text scores; our own BM25 when the index gave none at all; unfound passages come last.
fn text_scores(candidates: &[Candidate<'_>], measured: &[Measured]) -> Vec<f64> {
    if candidates
        .iter()
        .all(|candidate| candidate.text_score.is_none())
    {
        return measured
            .iter()
            .map(|measured| f64::from(measured.row.bm25))
            .collect();
    }
    candidates
        .iter()
        .map(|candidate| candidate.text_score.map_or(0.0, finite))
        .collect()
}

/// Cosines; −1, the least, where unknown.
fn similarities(candidates: &[Candidate<'_>]) -> Vec<f64> {
    candidates
        .iter()
        .map(|candidate| candidate.similarity.map_or(-1.0, finite))
        .collect()
}

fn finite(value: f32) -> f64 {
    if value.is_finite() {
        f64::from(value)
    } else {
        -1.0
    }
}

/// Stretched so that the least known value is 0 and the greatest 1; values that are all the same become 0. An unknown
/// similarity counts as the least known one.
fn stretched(values: &[f64]) -> Vec<f64> {
    let known = || values.iter().copied().filter(|&value| value > -1.0);
    let least = known().reduce(f64::min).unwrap_or(0.0);
    let greatest = known().reduce(f64::max).unwrap_or(0.0);
    let range = greatest - least;
    values
        .iter()
        .map(|&value| {
            if range > 0.0 {
                (value.max(least) - least) / range
            } else {
                0.0
            }
        })
        .collect()
}
