//! An answer without a chat model: the best sentences, word for word.

use std::ops::Range;

use crate::candidate::Candidate;
use crate::diversify::{overlap, sorted_terms};
use crate::quote::best_of;
use crate::ranking::{Ranked, Ranking};

/// A sentence that holds this share of another's words (or is held so) repeats it.
const REPEATS: f32 = 0.7;

/// A further passage must score at least this share of the best one's score to be quoted too.
const SCORE_SHARE: f32 = 0.5;

/// A further sentence of the best passage must be worth this share of its best sentence.
const WORTH_SHARE: f32 = 0.8;

/// How long an extractive answer may get.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AnswerLimits {
    /// Most excerpts.
    pub excerpts: usize,
    /// Most characters in all; the first excerpt is taken whole, however long.
    pub characters: usize,
    /// Least score of a passage that is quoted, beside the model's own threshold.
    pub min_score: f32,
}

impl Default for AnswerLimits {
    fn default() -> Self {
        Self {
            excerpts: 4,
            characters: 900,
            min_score: 0.0,
        }
    }
}

/// A piece of an extractive answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// Position in [`Ranking::passages`].
    pub passage: usize,
    /// Bytes of that passage's text: whole sentences.
    pub span: Range<usize>,
}

/// Chooses what to quote as the answer from what may be cited (see [`Ranking::sources`]).
///
/// The first excerpt is the best passage's quote. Others follow while they add something: the best sentence of passages
/// that score nearly as well, then further good sentences of the best passage. In reading order: passages as they are
/// ranked, sentences by place; nothing twice. Empty without sources.
pub fn extractive(
    ranking: &Ranking,
    candidates: &[Candidate<'_>],
    limits: AnswerLimits,
) -> Vec<Excerpt> {
    let sources = ranking.sources(limits.min_score);
    let mut answer = Answer {
        excerpts: Vec::new(),
        said: Vec::new(),
        characters: 0,
        limits,
    };
    let passage = |position: usize| -> Option<(&Ranked, &str)> {
        let ranked = ranking.passages.get(position)?;
        Some((ranked, candidates.get(ranked.index)?.text))
    };
    let Some((&first, others)) = sources.split_first() else {
        return Vec::new();
    };
    let Some((best, text)) = passage(first).filter(|_| limits.excerpts > 0) else {
        return Vec::new();
    };
    answer.add(first, text, best.quote.clone());
    for &position in others {
        let Some((ranked, text)) = passage(position) else {
            continue;
        };
        if ranked.score >= SCORE_SHARE * best.score
            && let Some(span) = ranked.spans.get(best_of(&ranked.sentences))
        {
            answer.add(position, text, span.clone());
        }
    }
    let greatest = best
        .sentences
        .get(best_of(&best.sentences))
        .copied()
        .unwrap_or(0.0);
    for (span, &worth) in best.spans.iter().zip(&best.sentences) {
        let apart = span.end <= best.quote.start || span.start >= best.quote.end;
        if apart && worth > 0.0 && worth >= WORTH_SHARE * greatest {
            answer.add(first, text, span.clone());
        }
    }
    answer
        .excerpts
        .sort_by_key(|excerpt| (excerpt.passage, excerpt.span.start));
    answer.excerpts
}

struct Answer {
    excerpts: Vec<Excerpt>,
    /// Terms of each excerpt.
    said: Vec<Vec<String>>,
    characters: usize,
    limits: AnswerLimits,
}

impl Answer {
    fn add(&mut self, passage: usize, text: &str, span: Range<usize>) {
        let Some(part) = text.get(span.clone()) else {
            return;
        };
        let length = part.chars().count();
        let first = self.excerpts.is_empty();
        let full = self.excerpts.len() >= self.limits.excerpts
            || self.characters + length > self.limits.characters;
        let terms = sorted_terms(part);
        let empty = terms.is_empty();
        let repeated = self
            .said
            .iter()
            .any(|said| overlap(said, &terms) >= REPEATS);
        if !first && (full || empty || repeated) {
            return;
        }
        self.characters += length;
        self.said.push(terms);
        self.excerpts.push(Excerpt { passage, span });
    }
}
