//! Cuts the blocks of a section into pieces: what a chunk is packed from, each counted in tokens once.

use crate::section::Section;
use crate::{long, sentence};
use extract::Role;
use std::ops::Range;

/// A sentence, list item, row or cue, or a part of one that is too long for a chunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    /// Position of the block in [`Section::entries`].
    pub(crate) entry: usize,
    /// Bytes of the block's text, without surrounding white space.
    pub(crate) range: Range<usize>,
    /// At least 1.
    pub(crate) tokens: usize,
    /// Only a part of a sentence.
    pub(crate) partial: bool,
    pub(crate) kind: Kind,
}

/// What decides where a chunk may end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Heading,
    /// A sentence of a paragraph; `fits`: the paragraph as a whole fits into a chunk; `announces`: it ends with
    /// a colon.
    Prose {
        fits: bool,
        announces: bool,
    },
    ListItem,
    /// A row or cue: a unit by itself.
    Unit,
}

/// The pieces of `section` in order, none of more than `size` tokens.
pub(crate) fn cut(
    section: &Section<'_>,
    size: usize,
    tokens: &dyn Fn(&str) -> usize,
) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (entry, structure) in section.entries.iter().enumerate() {
        let text = structure.block.text.as_str();
        let whole = || sentence::trimmed(text, 0..text.len()).into_iter().collect();
        let (ranges, kind): (Vec<_>, _) = match structure.block.role {
            _ if structure.heading => (whole(), Kind::Heading),
            Role::TableRow { .. } | Role::Cue => (whole(), Kind::Unit),
            Role::ListItem => (sentence::sentences(text), Kind::ListItem),
            Role::Code => (
                sentence::lines(text),
                Kind::Prose {
                    fits: true,
                    announces: false,
                },
            ),
            Role::Heading { .. } | Role::Paragraph | Role::Note => (
                sentence::sentences(text),
                Kind::Prose {
                    fits: true,
                    announces: text.trim_end().ends_with(':'),
                },
            ),
        };
        let first = pieces.len();
        let mut sum = 0_usize;
        for range in ranges {
            let count = text
                .get(range.clone())
                .map_or(1, |part| tokens(part).max(1));
            sum = sum.saturating_add(count);
            if count <= size {
                pieces.push(Piece {
                    entry,
                    range,
                    tokens: count,
                    partial: false,
                    kind,
                });
            } else {
                let parts = long::cut(text, range, size, tokens).into_iter();
                pieces.extend(parts.map(|(range, tokens)| Piece {
                    entry,
                    range,
                    tokens,
                    partial: true,
                    kind,
                }));
            }
        }
        if sum > size {
            for piece in pieces.iter_mut().skip(first) {
                if let Kind::Prose { fits, .. } = &mut piece.kind {
                    *fits = false;
                }
            }
        }
    }
    pieces
}
