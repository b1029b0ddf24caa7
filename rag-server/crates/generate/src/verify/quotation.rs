//! What a sentence puts between quotation marks.

use std::ops::Range;

use super::evidence::Evidence;
use super::judge::LONG_QUOTATION;
use super::parse::{Token, character};

/// Words from which an invented quotation takes its whole sentence with it; shorter ones lose their marks.
pub(super) const WHOLE: usize = 4;

/// A quotation, and where it stands.
#[derive(Debug)]
pub(super) struct Quotation {
    /// Its tokens, marks included.
    pub(super) tokens: Range<usize>,
    pub(super) text: String,
    pub(super) words: usize,
    pub(super) place: Option<Place>,
}

/// A passage that holds a quotation.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) passage: usize,
    pub(super) spans: Vec<Range<usize>>,
}

impl Place {
    /// The quotation in one of the passages that the sentence cites in the end.
    pub(super) fn among(
        &self,
        cited: &[usize],
        passages: &[Evidence],
        text: &str,
    ) -> Option<(usize, Vec<Range<usize>>)> {
        if cited.contains(&self.passage) {
            return Some((self.passage, self.spans.clone()));
        }
        cited
            .iter()
            .find_map(|at| Some((*at, passages.get(*at)?.find(text)?)))
    }
}

impl Quotation {
    /// Looks for it in the passages its sentence names, then in the others.
    pub(super) fn locate(&mut self, asked: &[usize], passages: &[Evidence]) {
        let others = (0..passages.len()).filter(|at| !asked.contains(at));
        self.place = asked.iter().copied().chain(others).find_map(|passage| {
            let spans = passages.get(passage)?.find(&self.text)?;
            Some(Place { passage, spans })
        });
    }

    /// The passage it stands in, if it is long enough to support its sentence alone.
    pub(super) fn long_in(&self) -> Option<usize> {
        self.place
            .as_ref()
            .filter(|_| self.words >= LONG_QUOTATION)
            .map(|place| place.passage)
    }
}

pub(super) fn is_mark(c: char) -> bool {
    matches!(c, '“' | '”' | '«' | '»' | '"')
}

/// All quotations of a sentence. One that is never closed reaches to its end.
pub(super) fn find(tokens: &[Token]) -> Vec<Quotation> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let opening = match token {
            Token::Char(c, _) if is_mark(*c) => *c,
            Token::Char(..) | Token::Cite(_) | Token::Cell => {
                at += 1;
                continue;
            }
        };
        let closes = |token: &Token| match token {
            Token::Char(c, _) => match opening {
                '«' => *c == '»',
                '"' => *c == '"',
                _ => matches!(c, '”' | '"'),
            },
            Token::Cell => true,
            Token::Cite(_) => false,
        };
        let rest = tokens.get(at + 1..).unwrap_or_default();
        let length = rest.iter().position(closes);
        let inside = rest.get(..length.unwrap_or(rest.len())).unwrap_or_default();
        let text: String = inside.iter().filter_map(character).collect();
        let is_cell = length
            .and_then(|length| rest.get(length))
            .is_some_and(|token| *token == Token::Cell);
        let end = at + 1 + inside.len() + usize::from(length.is_some() && !is_cell);
        let words = text
            .split_whitespace()
            .filter(|word| word.chars().any(char::is_alphanumeric))
            .count();
        if words > 0 {
            found.push(Quotation {
                tokens: at..end,
                text,
                words,
                place: None,
            });
        }
        at = end.max(at + 1);
    }
    found
}

/// Words of a passage, between quotation marks, in one line.
pub(super) fn shown(words: &str) -> Vec<Token> {
    let line = super::visible(words)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    format!("“{}”", line.replace(['“', '”', '"', '«', '»'], "'"))
        .chars()
        .map(|c| Token::Char(c, 0))
        .collect()
}
