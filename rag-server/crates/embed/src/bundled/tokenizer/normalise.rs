//! From text to the words that pieces are looked for in.
//!
//! In the order of `tokenizer.json`: some characters become a space, some vanish, NFKC, runs of spaces become one
//! space, every space becomes the mark of a new word, and a text that does not begin with one gets one.

use std::ops::ControlFlow;

use serde::Deserialize;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::canonical_combining_class;
use unicode_normalization::{IsNormalized, is_nfkc_quick};

use super::MARKER;

/// What becomes of a character before NFKC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Keep,
    Space,
    Drop,
}

/// Cleans text as the model was trained on it.
#[derive(Debug)]
pub(super) struct Normaliser {
    ascii: [Fate; 128],
    /// Characters beyond ASCII that are not kept, sorted.
    others: Vec<(char, Fate)>,
}

/// A word: [`MARKER`] and the characters up to the next space.
#[derive(Debug)]
pub(super) struct Word {
    pub(super) text: String,
    /// For each byte of `text`: the byte of the source where its character begins. The mark has the source of
    /// the character behind it.
    sources: Vec<usize>,
}

impl Word {
    fn begin(&mut self, source: usize) {
        self.text.clear();
        self.text.push(MARKER);
        self.sources.clear();
        self.sources.resize(self.text.len(), source);
    }

    fn push(&mut self, character: char, source: usize) {
        if self.text.len() == MARKER.len_utf8() {
            self.sources.fill(source);
        }
        self.text.push(character);
        self.sources.resize(self.text.len(), source);
    }

    /// The source's byte for a byte of `text`.
    pub(super) fn source_of(&self, byte: usize) -> usize {
        self.sources[byte]
    }
}

impl Normaliser {
    /// Reads the `normalizer` of a `tokenizer.json`; it must have the shape described above.
    pub(super) fn read(json: &serde_json::Value) -> Result<Self, String> {
        let unsupported = || "normaliser is not supported".to_owned();
        let steps = Steps::deserialize(json).map_err(|_| unsupported())?;
        let [to_space, to_nothing, nfkc, spaces] = steps.normalizers.as_slice() else {
            return Err(unsupported());
        };
        let spaces = spaces.replacement(" ");
        if nfkc.kind != "NFKC" || spaces != Some(" {2,}") {
            return Err(unsupported());
        }
        let mut normaliser = Self {
            ascii: [Fate::Keep; 128],
            others: Vec::new(),
        };
        for (step, content, fate) in [(to_nothing, "", Fate::Drop), (to_space, " ", Fate::Space)] {
            let class = step.replacement(content).ok_or_else(unsupported)?;
            for character in characters_of_class(class).ok_or_else(unsupported)? {
                match normaliser.ascii.get_mut(character as usize) {
                    Some(place) => *place = fate,
                    None => normaliser.others.push((character, fate)),
                }
            }
        }
        normaliser.others.sort_by_key(|(character, _)| *character);
        Ok(normaliser)
    }

    fn fate(&self, character: char) -> Fate {
        if let Some(fate) = self.ascii.get(character as usize) {
            return *fate;
        }
        let found = self
            .others
            .binary_search_by_key(&character, |(character, _)| *character);
        found.map_or(Fate::Keep, |index| self.others[index].1)
    }

    /// Calls `visit` with each word of `text` until it breaks.
    pub(super) fn each_word(
        &self,
        text: &str,
        visit: impl FnMut(&Word) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let mut words = Words {
            word: Word {
                text: String::new(),
                sources: Vec::new(),
            },
            after_space: true,
            visit,
        };
        // Characters that NFKC may join, and the source of the first.
        let mut segment = String::new();
        let mut segment_source = 0;
        for (source, character) in text.char_indices() {
            let character = match self.fate(character) {
                Fate::Keep => character,
                Fate::Space => ' ',
                Fate::Drop => continue,
            };
            if begins_segment(character) {
                words.segment(&segment, segment_source)?;
                segment.clear();
            }
            if segment.is_empty() {
                segment_source = source;
            }
            segment.push(character);
        }
        words.segment(&segment, segment_source)?;
        words.end()
    }
}

/// Whether nothing before `character` can be changed by it or join it in NFKC.
fn begins_segment(character: char) -> bool {
    character.is_ascii()
        || (canonical_combining_class(character) == 0
            && is_nfkc_quick(std::iter::once(character)) == IsNormalized::Yes)
}

/// Gathers normalised characters to words.
struct Words<V> {
    /// Empty until the first character came.
    word: Word,
    /// The last character was a space, or none came yet: the mark of the next word stands already.
    after_space: bool,
    visit: V,
}

impl<V: FnMut(&Word) -> ControlFlow<()>> Words<V> {
    fn segment(&mut self, segment: &str, source: usize) -> ControlFlow<()> {
        if let [byte] = segment.as_bytes() {
            return self.push(char::from(*byte), source);
        }
        for character in segment.nfkc() {
            self.push(character, source)?;
        }
        ControlFlow::Continue(())
    }

    fn push(&mut self, character: char, source: usize) -> ControlFlow<()> {
        if self.word.text.is_empty() {
            self.word.begin(source);
        }
        if character != ' ' {
            self.after_space = false;
            self.word.push(character, source);
        } else if !self.after_space {
            self.after_space = true;
            (self.visit)(&self.word)?;
            self.word.begin(source);
        }
        ControlFlow::Continue(())
    }

    fn end(&mut self) -> ControlFlow<()> {
        if self.word.text.is_empty() {
            return ControlFlow::Continue(());
        }
        (self.visit)(&self.word)
    }
}

/// Characters of a class written as `[\x{9}\x{a}]`.
fn characters_of_class(class: &str) -> Option<Vec<char>> {
    let inner = class.strip_prefix("[\\x{")?.strip_suffix("}]")?;
    let code = |code: &str| char::from_u32(u32::from_str_radix(code, 16).ok()?);
    inner.split("}\\x{").map(code).collect()
}

/// The `normalizer` of a `tokenizer.json`.
#[derive(Deserialize)]
struct Steps {
    normalizers: Vec<Step>,
}

#[derive(Deserialize)]
struct Step {
    #[serde(rename = "type")]
    kind: String,
    pattern: Option<Pattern>,
    content: Option<String>,
}

#[derive(Deserialize)]
struct Pattern {
    #[serde(rename = "Regex")]
    regex: String,
}

impl Step {
    /// The pattern that this step replaces by `content`, if that is what it does.
    fn replacement(&self, content: &str) -> Option<&str> {
        let replaces = self.kind == "Replace" && self.content.as_deref() == Some(content);
        self.pattern
            .as_ref()
            .filter(|_| replaces)
            .map(|pattern| pattern.regex.as_str())
    }
}
