//! A passage, prepared for being asked whether it holds something.

use std::collections::BTreeSet;
use std::ops::Range;

use super::number;
use super::visible::visible;

/// A passage that may be cited.
#[derive(Debug)]
pub struct Evidence {
    text: String,
    /// Lower case, white space and quotation marks unified, hidden characters left out.
    flat: String,
    /// For each byte of `flat` the bytes of `text` that it comes from.
    origins: Vec<(usize, usize)>,
    terms: BTreeSet<String>,
    values: BTreeSet<String>,
}

impl Evidence {
    /// Prepares a passage. `about` is what the model was told of it besides its words: title, headings, place.
    pub fn new(text: &str, about: &str) -> Self {
        let (flat, origins) = flatten(text);
        let shown = visible(text);
        let mut values = number::values(&shown);
        values.extend(number::values(&visible(about)));
        let mut known: BTreeSet<String> = terms::terms(&shown).into_iter().collect();
        known.extend(terms::terms(&visible(about)));
        Self {
            text: text.to_owned(),
            flat,
            origins,
            terms: known,
            values,
        }
    }

    /// Where `quote` stands in the passage word for word, as byte spans of it: one, or several around "…".
    pub(super) fn find(&self, quote: &str) -> Option<Vec<Range<usize>>> {
        let quote = quote
            .replace("[...]", "…")
            .replace("[…]", "…")
            .replace("(...)", "…")
            .replace("...", "…");
        let mut from = 0;
        let mut found = Vec::new();
        for part in quote.split('…') {
            let (flat, _) = flatten(part);
            let needle = flat.trim_matches(|c: char| {
                c.is_whitespace() || matches!(c, '.' | ',' | ';' | ':' | '"')
            });
            if !needle.chars().any(char::is_alphanumeric) {
                continue;
            }
            let start = self.position(needle, from)?;
            let end = start + needle.len();
            let (first, last) = (
                self.origins.get(start)?,
                self.origins.get(end.checked_sub(1)?)?,
            );
            found.push(first.0..last.1);
            from = end;
        }
        (!found.is_empty()).then_some(found)
    }

    /// The passage's own words at `span`.
    pub(super) fn words(&self, span: &Range<usize>) -> &str {
        self.text.get(span.clone()).unwrap_or_default()
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn has_term(&self, term: &str) -> bool {
        self.terms.contains(term)
    }

    pub(super) fn has(&self, figure: &number::Figure) -> bool {
        figure
            .readings
            .iter()
            .any(|reading| self.values.contains(reading))
    }

    /// Whole words only: "perto" does not stand in "experto".
    fn position(&self, needle: &str, from: usize) -> Option<usize> {
        let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let (begins, ends) = (
            is_word(needle.chars().next()),
            is_word(needle.chars().next_back()),
        );
        let rest = self.flat.get(from..)?;
        rest.match_indices(needle)
            .map(|(at, _)| from + at)
            .find(|&at| {
                let before = self
                    .flat
                    .get(..at)
                    .and_then(|text| text.chars().next_back());
                let after = self
                    .flat
                    .get(at + needle.len()..)
                    .and_then(|text| text.chars().next());
                !(begins && is_word(before) || ends && is_word(after))
            })
    }
}

/// Words as they are compared, and where each byte of them comes from.
fn flatten(text: &str) -> (String, Vec<(usize, usize)>) {
    let mut flat = String::with_capacity(text.len());
    let mut origins = Vec::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        let origin = (at, at + c.len_utf8());
        let mut put = |c: char, flat: &mut String| {
            flat.push(c);
            origins.extend(std::iter::repeat_n(origin, c.len_utf8()));
        };
        match c {
            _ if c.is_whitespace() => {
                if !flat.is_empty() && !flat.ends_with(' ') {
                    put(' ', &mut flat);
                }
            }
            _ if visible(c.encode_utf8(&mut [0; 4])).is_empty() => {}
            '“' | '”' | '„' | '«' | '»' | '"' | '‟' => put('"', &mut flat),
            '‘' | '’' | '‚' | '`' | '´' => put('\'', &mut flat),
            '\u{2010}'..='\u{2015}' | '\u{2212}' => put('-', &mut flat),
            _ => {
                for lower in c.to_lowercase() {
                    put(lower, &mut flat);
                }
            }
        }
    }
    (flat, origins)
}
