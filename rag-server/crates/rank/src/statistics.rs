//! How common each term is in the whole index.

use std::collections::{HashMap, HashSet};

/// Counts over all passages of an index; kept up to date by adding and removing passages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statistics {
    passages: u64,
    terms: u64,
    frequencies: HashMap<Box<str>, u32>,
}

impl Statistics {
    /// Counts a passage, given all its terms (see [`terms::terms`]).
    pub fn add(&mut self, terms: &[String]) {
        self.passages += 1;
        self.terms += terms.len() as u64;
        for term in distinct(terms) {
            if let Some(count) = self.frequencies.get_mut(term) {
                *count += 1;
            } else {
                self.frequencies.insert(term.into(), 1);
            }
        }
    }

    /// Takes back a passage that was [added](Self::add) with the same terms.
    pub fn remove(&mut self, terms: &[String]) {
        self.passages = self.passages.saturating_sub(1);
        self.terms = self.terms.saturating_sub(terms.len() as u64);
        for term in distinct(terms) {
            if let Some(count) = self.frequencies.get_mut(term) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    self.frequencies.remove(term);
                }
            }
        }
    }

    /// How many passages were counted.
    pub fn passages(&self) -> u64 {
        self.passages
    }

    /// How many passages hold `term`.
    pub fn document_frequency(&self, term: &str) -> u64 {
        self.frequencies
            .get(term)
            .map_or(0, |&count| u64::from(count))
    }

    /// Terms per passage; 1 when nothing was counted, so that it may divide.
    pub fn average_length(&self) -> f64 {
        if self.passages == 0 || self.terms == 0 {
            1.0
        } else {
            self.terms as f64 / self.passages as f64
        }
    }

    /// Inverse document frequency as BM25 of Lucene has it: ln(1 + (N − n + ½) / (n + ½)); above 0.
    pub(crate) fn idf(&self, term: &str) -> f32 {
        let holding = self.document_frequency(term) as f64;
        let others = (self.passages as f64 - holding).max(0.0);
        (1.0 + (others + 0.5) / (holding + 0.5)).ln() as f32
    }
}

fn distinct(terms: &[String]) -> impl Iterator<Item = &str> {
    let mut seen = HashSet::with_capacity(terms.len());
    terms
        .iter()
        .map(String::as_str)
        .filter(move |&term| seen.insert(term))
}
