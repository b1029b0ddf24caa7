//! One document: what each reader found of what is agreed on.

use crate::child::Outcome;
use crate::words::{self, Words};

/// How well a reader found the agreed words.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Score {
    /// Part of its words that are agreed on.
    pub precision: f64,
    /// Part of the agreed words that it has.
    pub recall: f64,
}

impl Score {
    /// `found` against `agreed`.
    pub(crate) fn of(found: &Words, agreed: &Words) -> Self {
        let sum = |words: &Words| words.values().sum::<usize>() as f64;
        let shared: usize = found
            .iter()
            .map(|(word, count)| agreed.get(word).copied().unwrap_or(0).min(*count))
            .sum();
        let part = |whole: f64| {
            if whole > 0.0 {
                shared as f64 / whole
            } else {
                0.0
            }
        };
        Self {
            precision: part(sum(found)),
            recall: part(sum(agreed)),
        }
    }

    /// Harmonic mean of both.
    pub fn f1(self) -> f64 {
        let sum = self.precision + self.recall;
        if sum > 0.0 {
            2.0 * self.precision * self.recall / sum
        } else {
            0.0
        }
    }
}

/// One reader on one document.
#[derive(Debug)]
pub struct Reading {
    /// Its name; `acervo` is this program.
    pub reader: String,
    /// What it came to, its text taken away.
    pub outcome: Outcome,
    /// How well it found the agreed words.
    pub score: Score,
}

/// One document.
#[derive(Debug)]
pub struct Document {
    /// File name.
    pub name: String,
    /// Words that at least two references agree on.
    pub agreed: usize,
    /// This program first, then the references.
    pub readings: Vec<Reading>,
}

impl Document {
    /// Compares `outcome` and `references` with what the references agree on.
    pub(crate) fn of(name: String, outcome: Outcome, references: Vec<(String, Outcome)>) -> Self {
        let texts: Vec<Words> = references
            .iter()
            .map(|(_, outcome)| words::count(&outcome.text))
            .collect();
        let agreed = words::agreed(&texts);
        let ours = words::count(&outcome.text);
        let outcomes = std::iter::once(("acervo".to_owned(), outcome)).chain(references);
        let readings = outcomes
            .zip(std::iter::once(ours).chain(texts))
            .map(|((reader, mut outcome), words)| {
                outcome.text = String::new();
                Reading {
                    reader,
                    outcome,
                    score: Score::of(&words, &agreed),
                }
            })
            .collect();
        Self {
            name,
            agreed: agreed.values().sum(),
            readings,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Score;
    use crate::words::count;

    #[test]
    fn both_what_is_missing_and_what_is_too_much_counts() {
        let agreed = count("um dois três quatro");
        let score = Score::of(&count("um dois cinco"), &agreed);
        assert_eq!((score.precision, score.recall), (2.0 / 3.0, 0.5));
        let f1 = |found: &str| Score::of(&count(found), &agreed).f1();
        assert!(f1("") < f64::EPSILON);
        assert!((f1("um dois três quatro") - 1.0).abs() < f64::EPSILON);
    }
}
