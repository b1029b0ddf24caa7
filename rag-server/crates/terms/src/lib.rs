//! Portuguese search terms: one analysis for the index, the ranking and the question.
//!
//! Text becomes words ([`visit`]), words become terms: accents folded, lower case, stop words left out, stemmed.
//! Folding comes first, so that "acao" and "ação" are the same term; the accents the stemmer relies on are put
//! back from the ending ("acao" → "ação") before it runs. English words are tolerated: they are stemmed by the
//! same rules, on both sides alike.
//!
//! Invariants: pure and deterministic; the same text gives the same terms in every place; a term never holds
//! white space. Whatever changes the terms of some text raises [`VERSION`], and the index is built again.

mod fold;
mod stem;
mod stop;
mod words;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::ops::Range;

pub use fold::fold;
pub use stem::stem;
pub use stop::is_stop_word;
pub use words::visit;

/// Version of the analysis; an index built with another one must be rebuilt.
pub const VERSION: u32 = 1;

/// A search term and the text it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// The term: folded, stemmed, no white space.
    pub text: String,
    /// UTF-8 bytes of the original text it comes from; terms of one hyphenated word share or overlap theirs.
    pub span: Range<usize>,
}

/// The search terms of `text`, in order.
pub fn terms(text: &str) -> Vec<String> {
    Analyzer::new().terms(text)
}

/// The search terms of `text` with their places, in order: the same terms as [`terms`].
pub fn spans(text: &str) -> Vec<Term> {
    Analyzer::new().spans(text)
}

/// Remembers the stems of words it has met: several times faster over many texts than [`terms`], same result.
///
/// Holds at most [`Analyzer::MOST_WORDS`] words, then forgets them all and starts again.
#[derive(Debug, Default)]
pub struct Analyzer {
    /// Folded word → its term; `None` for a stop word.
    stems: HashMap<Box<str>, Option<Box<str>>>,
}

impl Analyzer {
    /// Bound of the memory: about 10 MB.
    pub const MOST_WORDS: usize = 100_000;

    /// Knows no word yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// See [`terms()`].
    pub fn terms(&mut self, text: &str) -> Vec<String> {
        let mut found = Vec::with_capacity(text.len() / 9);
        visit(text, |word, _| {
            if let Some(term) = self.term(word) {
                found.push(term.to_owned());
            }
        });
        found
    }

    /// See [`spans()`].
    pub fn spans(&mut self, text: &str) -> Vec<Term> {
        let mut found = Vec::with_capacity(text.len() / 9);
        visit(text, |word, span| {
            if let Some(term) = self.term(word) {
                found.push(Term {
                    text: term.to_owned(),
                    span,
                });
            }
        });
        found
    }

    /// The term of a folded word as [`visit`] gives it; `None` for a stop word.
    pub fn term(&mut self, word: &str) -> Option<&str> {
        if !self.stems.contains_key(word) {
            if self.stems.len() >= Self::MOST_WORDS {
                self.stems.clear();
            }
            let term = if is_stop_word(word) {
                None
            } else {
                Some(stem(word).into_boxed_str())
            };
            self.stems.insert(word.into(), term);
        }
        self.stems.get(word).and_then(Option::as_deref)
    }
}
