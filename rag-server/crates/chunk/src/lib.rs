//! Cuts a [`Document`] into [`Chunk`]s along its structure: the units that are indexed, retrieved and quoted.
//!
//! Pure: the same document and settings give the same chunks. A chunk never crosses a page, slide, sheet
//! or table; each of its sentences keeps its exact span and place, so that a quote can be proven.
//!
//! From blocks to chunks:
//!
//! 1. [`section`] splits the blocks into sections, runs that may share a chunk. A section ends where the
//!    page, slide, sheet or table changes and before a heading of level 1 or 2.
//! 2. [`piece`] cuts the blocks of a section into pieces: sentences ([`sentence`]), list items, rows,
//!    subtitle cues. What is longer than a chunk is cut at clauses, words, at last characters. Each piece
//!    is counted in tokens once.
//! 3. [`pack`] chooses where chunks begin, weighing full chunks against breaks in bad places.
//! 4. [`assemble`] writes the text with its spans, and the place of the whole.
//!
//! What was decided where it could have been otherwise:
//!
//! - A heading's text is part of the chunk it opens, as a sentence of its own, because a heading can hold
//!   the answer ("Entrega: 15 de março") and must then be quotable. It is also in [`Chunk::headings`];
//!   [`Chunk::context`] gives the headings that the text does not repeat, and [`Chunk::is_heading`] tells
//!   heading sentences from others.
//! - A heading directly before a table of the same page opens that table's chunk; a heading at the foot of
//!   a page is a chunk of its own. Headings with nothing between them share a chunk.
//! - Headings of level 3 and below begin a new chunk only when both sides are substantial; otherwise short
//!   sections are packed together, and `headings` is the path they share.
//! - A row's text is the block's text as it stands. The header row is put above the rows only when they do
//!   not name their columns themselves ("Séries: 4; Repetições: 8"), since it would say nothing new.
//! - Overlap never crosses a section, never repeats a heading, and never the whole chunk before.
#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod abbreviation;
mod assemble;
mod long;
mod pack;
mod piece;
mod place;
mod section;
mod sentence;

#[cfg(test)]
mod tests;

use std::ops::RangeInclusive;

pub use extract::{Document, Locator};
pub use place::union;
use serde::{Deserialize, Serialize};

/// How large chunks are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkSettings {
    /// Most tokens in a chunk, headings not counted; within [`ChunkSettings::SIZES`].
    pub size: usize,
    /// Tokens of whole sentences repeated from the chunk before; less than half of `size`.
    pub overlap: usize,
}

impl ChunkSettings {
    /// Sizes that can be asked for, in tokens: the embedder reads 512, headings included.
    pub const SIZES: RangeInclusive<usize> = 16..=480;

    /// Whether both are within their ranges.
    pub fn is_valid(self) -> bool {
        Self::SIZES.contains(&self.size) && self.overlaps_little()
    }

    /// Whether less than half of a chunk is repeated.
    pub fn overlaps_little(self) -> bool {
        self.overlap < self.size.div_ceil(2)
    }
}

/// A passage of a document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Chunk {
    /// 0-based position in the document.
    pub ordinal: u32,
    /// Headings above the passage, from the highest level down; for a table its name.
    pub headings: Vec<String>,
    /// The passage as shown to people. For rows of a table: the header row, then one line per row.
    pub text: String,
    /// Sentences in order, not overlapping; together they cover all non-blank text but a repeated table header.
    pub sentences: Vec<Sentence>,
    /// Place of the passage as a whole.
    pub locator: Locator,
}

impl Chunk {
    /// Headings that the text does not already open with, from the highest level down: what to put before
    /// `text` when it is embedded or shown alone.
    pub fn context(&self) -> &[String] {
        let lines: Vec<&str> = self
            .sentences
            .iter()
            .map_while(|sentence| self.quote(sentence))
            .take(self.headings.len())
            .collect();
        let opens_with = |headings: &[String]| {
            let mut pairs = headings.iter().zip(&lines);
            headings.len() <= lines.len() && pairs.all(|(heading, line)| same_words(heading, line))
        };
        (0..=self.headings.len())
            .filter_map(|above| self.headings.split_at_checked(above))
            .find(|(_, below)| opens_with(below))
            .map_or(&[], |(outside, _)| outside)
    }

    /// Whether `sentence` is only one of this chunk's headings: it names a topic and states nothing.
    pub fn is_heading(&self, sentence: &Sentence) -> bool {
        self.quote(sentence).is_some_and(|text| {
            self.headings
                .iter()
                .any(|heading| same_words(heading, text))
        })
    }

    /// The text of one of this chunk's sentences; `None` for a sentence of another chunk.
    pub fn quote(&self, sentence: &Sentence) -> Option<&str> {
        self.text
            .get(sentence.start as usize..sentence.end as usize)
    }
}

fn same_words(one: &str, other: &str) -> bool {
    one.split_whitespace().eq(other.split_whitespace())
}

/// A sentence, list item or table row inside a chunk: the smallest thing that is quoted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sentence {
    /// First byte (UTF-8) in `Chunk::text`.
    pub start: u32,
    /// Byte after the last one.
    pub end: u32,
    /// Where it stands.
    pub locator: Locator,
}

/// Cuts `document` into chunks of at most `settings.size` tokens as counted by `tokens`.
///
/// `tokens` is called once per sentence, and once more per word for sentences longer than a chunk. Texts joined
/// by white space must count no more than their sum, as is true of tokenizers that split at white
/// space first; an `overlap` of half of `size` or more is taken as just below half.
pub fn chunk(
    document: &Document,
    settings: ChunkSettings,
    tokens: &dyn Fn(&str) -> usize,
) -> Vec<Chunk> {
    let size = settings.size.max(1);
    let overlap = settings.overlap.min(size.saturating_sub(1) / 2);
    let mut chunks: Vec<Chunk> = Vec::new();
    for section in section::split(document) {
        let header = section.header_line(document, tokens, size);
        let room = header
            .as_ref()
            .map_or(size, |header| size.saturating_sub(header.tokens).max(1));
        let pieces = piece::cut(&section, room, tokens);
        let overlap = if section.table.is_some() { 0 } else { overlap };
        for span in pack::pack(&pieces, room, overlap) {
            let header = header.as_ref().map(|header| header.text.as_str());
            if let Some(mut chunk) = assemble::assemble(&section, &pieces, &span, header) {
                chunk.ordinal = u32::try_from(chunks.len()).unwrap_or(u32::MAX);
                chunks.push(chunk);
            }
        }
    }
    chunks
}
