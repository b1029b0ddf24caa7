//! How much of a question's wording a passage holds.

use std::collections::HashMap;
use std::ops::Range;

use crate::question::{Question, trigrams};
use crate::statistics::Statistics;

/// BM25's saturation and length constants, as in Robertson and Zaragoza, "The Probabilistic Relevance Framework"
/// (2009), and LanceDB's defaults.
const K1: f32 = 1.2;
const B: f32 = 0.75;

/// Words less alike than this count as different: shared endings alone ("-ção") make that much.
const LEAST_LIKENESS: f32 = 0.3;

/// How much of the question's wording a passage holds; every share lies in 0..=1.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Wording {
    /// BM25 over its limit, Σ idf · (k1 + 1).
    pub(crate) bm25: f32,
    /// Weighted share of the question's neighbouring terms that stand side by side here too.
    pub(crate) bigrams: f32,
    /// Weighted share of the question's words found anywhere in the passage, likeness of letters counted.
    pub(crate) coverage: f32,
    /// The same for each sentence alone.
    pub(crate) sentences: Vec<f32>,
}

/// What the question makes of a word.
#[derive(Debug, Clone, Default)]
struct Match {
    /// The question's term with the same stem.
    term: Option<usize>,
    /// The question's words of like letters, with the likeness.
    like: Vec<(usize, f32)>,
}

/// A word in its place.
struct Token {
    /// Index into the matches of [`Comparison`].
    matched: u32,
    /// First byte in the passage.
    start: usize,
    /// Another form of the word just before (a hyphenated word joined, the year of a date): no neighbour of anything.
    variant: bool,
}

/// Stands for the match of a stop word.
const STOP: u32 = u32::MAX;

/// Compares passages with one question, each distinct word once.
pub(crate) struct Comparison<'a> {
    question: &'a Question,
    average_length: f32,
    known: HashMap<Box<str>, u32>,
    matches: Vec<Match>,
    letters: Vec<u64>,
    shared: Vec<u32>,
    first_letters: Vec<char>,
}

impl<'a> Comparison<'a> {
    pub(crate) fn new(question: &'a Question, statistics: &Statistics) -> Self {
        Self {
            question,
            average_length: statistics.average_length() as f32,
            known: HashMap::new(),
            matches: Vec::new(),
            letters: Vec::new(),
            shared: vec![0; question.words.len()],
            first_letters: question
                .terms
                .iter()
                .filter_map(|term| term.text.chars().next())
                .collect(),
        }
    }

    /// The wording of a passage with the given sentences, in order.
    pub(crate) fn wording(&mut self, text: &str, sentences: &[Range<usize>]) -> Wording {
        let tokens = self.read(text);
        self.weigh(&tokens, sentences)
    }

    /// The words of `text` but stop words.
    fn read(&mut self, text: &str) -> Vec<Token> {
        let mut tokens = Vec::with_capacity(text.len() / 9);
        let mut end = 0;
        terms::visit(text, |word, span| {
            let variant = span.start < end;
            end = end.max(span.end);
            let matched = self.find(word);
            if matched != STOP {
                tokens.push(Token {
                    matched,
                    start: span.start,
                    variant,
                });
            }
        });
        tokens
    }

    fn weigh(&self, tokens: &[Token], sentence_spans: &[Range<usize>]) -> Wording {
        let question = self.question;
        let count = question.words.len();
        let mut frequencies = vec![0_u32; question.terms.len()];
        let mut pairs = vec![false; question.pairs.len()];
        let mut best = vec![0_f32; count];
        let mut of_sentences = vec![0_f32; count * sentence_spans.len()];
        let mut sentence = 0;
        let mut previous = None;
        for token in tokens {
            let Some(matched) = self.matches.get(token.matched as usize) else {
                continue;
            };
            while sentence_spans
                .get(sentence)
                .is_some_and(|span| span.end <= token.start)
            {
                sentence += 1;
            }
            let inside = sentence_spans
                .get(sentence)
                .is_some_and(|span| span.contains(&token.start));
            if let Some(frequency) = matched.term.and_then(|term| frequencies.get_mut(term)) {
                *frequency += 1;
            }
            for &(word, likeness) in &matched.like {
                raise(&mut best, word, likeness);
                if inside {
                    raise(&mut of_sentences, sentence * count + word, likeness);
                }
            }
            if token.variant {
                continue;
            }
            if let (Some(first), Some(second)) = (previous, matched.term) {
                for (pair, seen) in question.pairs.iter().zip(&mut pairs) {
                    *seen |= (pair.0, pair.1) == (first, second);
                }
            }
            previous = matched.term;
        }
        let weigh = |likeness: &[f32]| -> f32 {
            let share: f32 = question
                .words
                .iter()
                .zip(likeness)
                .map(|(word, like)| word.weight * like)
                .sum();
            share.clamp(0.0, 1.0)
        };
        Wording {
            bm25: self.bm25(&frequencies, tokens.len()),
            bigrams: question
                .pairs
                .iter()
                .zip(&pairs)
                .filter(|&(_, &seen)| seen)
                .map(|(pair, _)| pair.2)
                .sum::<f32>()
                .clamp(0.0, 1.0),
            coverage: weigh(&best),
            sentences: if count == 0 {
                vec![0.0; sentence_spans.len()]
            } else {
                of_sentences.chunks_exact(count).map(weigh).collect()
            },
        }
    }

    fn bm25(&self, frequencies: &[u32], length: usize) -> f32 {
        let norm = K1 * (1.0 - B + B * length as f32 / self.average_length);
        let mut score = 0.0;
        let mut limit = 0.0;
        for (term, &frequency) in self.question.terms.iter().zip(frequencies) {
            let frequency = frequency as f32;
            score += term.idf * frequency * (K1 + 1.0) / (frequency + norm);
            limit += term.idf * (K1 + 1.0);
        }
        if limit > 0.0 { score / limit } else { 0.0 }
    }

    /// Index into `matches` of a folded word; [`STOP`] for a stop word.
    fn find(&mut self, word: &str) -> u32 {
        if let Some(&at) = self.known.get(word) {
            return at;
        }
        let at = if terms::is_stop_word(word) {
            STOP
        } else {
            let matched = self.compare(word);
            self.matches.push(matched);
            (self.matches.len() - 1) as u32
        };
        self.known.insert(word.into(), at);
        at
    }

    fn compare(&mut self, word: &str) -> Match {
        let question = self.question;
        // A stem keeps the first letter of its word: most words need not be stemmed.
        let may_share_stem = word
            .chars()
            .next()
            .is_some_and(|first| self.first_letters.contains(&first));
        let term = may_share_stem
            .then(|| terms::stem(word))
            .and_then(|stem| question.terms.iter().position(|term| term.text == stem));
        trigrams(word, &mut self.letters);
        let mut like = Vec::new();
        if self.letters.is_empty() {
            if let Some(same) = question.words.iter().position(|asked| asked.text == word) {
                like.push((same, 1.0));
            }
            return Match { term, like };
        }
        self.shared.fill(0);
        for letters in &self.letters {
            let from = question
                .trigrams
                .partition_point(|entry| entry.0 < *letters);
            for &(_, asked) in question
                .trigrams
                .iter()
                .skip(from)
                .take_while(|entry| entry.0 == *letters)
            {
                if let Some(count) = self.shared.get_mut(asked) {
                    *count += 1;
                }
            }
        }
        for (index, (asked, &shared)) in question.words.iter().zip(&self.shared).enumerate() {
            // Dice's coefficient over trigrams (Adamson and Boreham 1974): catches what stemming misses, typing errors too.
            let likeness = 2.0 * shared as f32 / (self.letters.len() + asked.trigrams) as f32;
            if likeness >= LEAST_LIKENESS {
                like.push((index, likeness));
            }
        }
        Match { term, like }
    }
}

fn raise(values: &mut [f32], at: usize, to: f32) {
    if let Some(value) = values.get_mut(at) {
        *value = value.max(to);
    }
}
