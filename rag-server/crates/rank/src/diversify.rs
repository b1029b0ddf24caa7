//! Passages that say different things.

use crate::candidate::Candidate;
use crate::ranking::Ranking;
use crate::vectors::cosine;

/// Picks up to `limit` passages that are good and unlike each other: maximal marginal relevance (Carbonell and Goldstein 1998).
///
/// `lambda` 1 keeps the order of the ranking, 0 looks at difference alone; outside 0..=1 it is clamped. Gives positions in
/// `ranking.passages`, the first being the best one. Likeness is the cosine of the vectors, stretched over the candidates
/// because embeddings crowd; sentence vectors stand in for the passage's, shared words for both.
pub fn diversify(
    ranking: &Ranking,
    candidates: &[Candidate<'_>],
    lambda: f32,
    limit: usize,
) -> Vec<usize> {
    let lambda = if lambda.is_nan() {
        1.0
    } else {
        lambda.clamp(0.0, 1.0)
    };
    let count = ranking.passages.len();
    let of = |position: usize| {
        ranking
            .passages
            .get(position)
            .and_then(|ranked| candidates.get(ranked.index))
    };
    let vectors: Vec<Option<Vec<f32>>> = (0..count)
        .map(|position| of(position).and_then(passage_vector))
        .collect();
    let vector = |position: usize| vectors.get(position).and_then(Option::as_deref);
    let mut words: Vec<Option<Vec<String>>> = vec![None; count];
    let mut likeness = vec![0_f32; count * count];
    for first in 0..count {
        for second in 0..first {
            let both = vector(first).zip(vector(second));
            let value = both
                .and_then(|(one, other)| cosine(one, other))
                .unwrap_or_else(|| {
                    for position in [first, second] {
                        if let Some(slot) = words.get_mut(position).filter(|slot| slot.is_none()) {
                            *slot = Some(sorted_terms(
                                of(position).map_or("", |candidate| candidate.text),
                            ));
                        }
                    }
                    let empty = Vec::new();
                    let of = |position: usize| {
                        words
                            .get(position)
                            .and_then(Option::as_ref)
                            .unwrap_or(&empty)
                    };
                    overlap(of(first), of(second))
                });
            set(&mut likeness, first * count + second, value);
            set(&mut likeness, second * count + first, value);
        }
    }
    let pairs =
        || (0..count).flat_map(|first| (0..first).map(move |second| first * count + second));
    let values = || pairs().filter_map(|at| likeness.get(at).copied());
    let least = values().reduce(f32::min).unwrap_or(0.0);
    let range = values().reduce(f32::max).unwrap_or(0.0) - least;
    let stretched = |first: usize, second: usize| {
        let value = likeness.get(first * count + second).copied().unwrap_or(0.0);
        if range > 0.0 {
            (value - least) / range
        } else {
            0.0
        }
    };

    let mut left: Vec<usize> = (0..count).collect();
    let mut picked: Vec<usize> = Vec::with_capacity(limit.min(count));
    while picked.len() < limit && !left.is_empty() {
        let worth = |position: usize| {
            let score = ranking
                .passages
                .get(position)
                .map_or(0.0, |ranked| ranked.score);
            let nearest = picked
                .iter()
                .map(|&other| stretched(position, other))
                .reduce(f32::max)
                .unwrap_or(0.0);
            lambda * score - (1.0 - lambda) * nearest
        };
        // Nothing picked yet: the ranking's own best, also where another order than the score's was asked for.
        let mut best = 0;
        if !picked.is_empty() {
            for slot in 1..left.len() {
                let (Some(&one), Some(&other)) = (left.get(slot), left.get(best)) else {
                    continue;
                };
                if worth(one) > worth(other) {
                    best = slot;
                }
            }
        }
        picked.push(left.remove(best));
    }
    picked
}

/// The passage's vector, or the sum of its sentences', which points the same way.
fn passage_vector(candidate: &Candidate<'_>) -> Option<Vec<f32>> {
    if let Some(vector) = candidate.vector {
        return Some(vector.to_vec());
    }
    let mut vectors = candidate.sentence_vectors.iter();
    let mut sum = vectors.next()?.clone();
    for vector in vectors {
        for (sum, value) in sum.iter_mut().zip(vector) {
            *sum += value;
        }
    }
    Some(sum)
}

fn set(values: &mut [f32], at: usize, to: f32) {
    if let Some(value) = values.get_mut(at) {
        *value = to;
    }
}

pub(crate) fn sorted_terms(text: &str) -> Vec<String> {
    let mut terms = terms::terms(text);
    terms.sort_unstable();
    terms.dedup();
    terms
}

/// Shared terms over the shorter side's, of sorted distinct terms: 1 when one text holds all of the other.
pub(crate) fn overlap(one: &[String], other: &[String]) -> f32 {
    let shared = one
        .iter()
        .filter(|&term| other.binary_search(term).is_ok())
        .count();
    shared as f32 / one.len().min(other.len()).max(1) as f32
}
