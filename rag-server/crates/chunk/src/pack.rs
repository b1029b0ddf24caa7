//! Chooses where chunks begin: the cheapest way to divide the pieces of a section, found by dynamic programming.
//!
//! A chunk costs the square of the share of it that stays empty, so that few, evenly filled chunks are
//! best and no small remainder is left beside a full one; breaks in bad places cost extra. The costs below are in
//! that unit: 1 is an empty chunk.

use crate::piece::{Kind, Piece};
use std::ops::Range;

/// A break between a heading and what stands below it: only when nothing else fits.
const AFTER_HEADING: f64 = 4.0;
/// A break inside a paragraph that would fit into one chunk.
const IN_SHORT_PARAGRAPH: f64 = 1.0;
/// A break between sentences of a paragraph that must be divided anyway.
const IN_LONG_PARAGRAPH: f64 = 0.1;
/// A break inside a sentence or row.
const IN_SENTENCE: f64 = 0.3;
/// A break between "… são:" and the first item of the list.
const AFTER_COLON: f64 = 0.5;
/// A break between two items of a list.
const BETWEEN_ITEMS: f64 = 0.1;
/// No break before a heading of a lower level. Two sections that fit together are parted if the product of
/// the shares they fill is above (0.7 − 0.5) / 2 + 0.05 = 0.15, such as 40 % and 40 %.
const OVER_HEADING: f64 = 0.7;

/// The pieces of a chunk: those of its own, and before them those repeated from the chunk before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Span {
    /// Position of the first piece, repeated ones included.
    pub(crate) start: usize,
    /// Position of the first piece of its own.
    pub(crate) own: usize,
    /// Position after the last piece.
    pub(crate) end: usize,
}

impl Span {
    pub(crate) fn pieces(&self) -> Range<usize> {
        self.start..self.end
    }
}

/// Divides `pieces` into chunks of at most `size` tokens, of which up to `overlap` are whole sentences
/// repeated from the chunk before.
pub(crate) fn pack(pieces: &[Piece], size: usize, overlap: usize) -> Vec<Span> {
    let repeats: Vec<Repeat> = (0..pieces.len())
        .map(|own| repeat(pieces, own, size, overlap))
        .collect();
    let begins = begins(pieces, size, &repeats);
    let mut spans: Vec<Span> = Vec::new();
    for (index, &own) in begins.iter().enumerate() {
        let end = begins
            .get(index.saturating_add(1))
            .copied()
            .unwrap_or(pieces.len());
        // Never all of the chunk before: that one would be superfluous.
        let earliest = spans
            .last()
            .map_or(own, |before| before.own.saturating_add(1));
        let start = repeats
            .get(own)
            .map_or(own, |repeat| repeat.start)
            .max(earliest);
        spans.push(Span {
            start: start.min(own),
            own,
            end,
        });
    }
    spans
}

/// What a chunk beginning at some piece repeats.
struct Repeat {
    /// Position of the first repeated piece.
    start: usize,
    tokens: usize,
}

/// Whole sentences right before `own` of up to `overlap` tokens, leaving room for `own` itself.
fn repeat(pieces: &[Piece], own: usize, size: usize, overlap: usize) -> Repeat {
    let room = pieces
        .get(own)
        .map_or(0, |piece| size.saturating_sub(piece.tokens));
    let mut repeat = Repeat {
        start: own,
        tokens: 0,
    };
    for piece in pieces.iter().take(own).rev() {
        let tokens = repeat.tokens.saturating_add(piece.tokens);
        if piece.partial || piece.kind == Kind::Heading || tokens > overlap.min(room) {
            break;
        }
        repeat = Repeat {
            start: repeat.start.saturating_sub(1),
            tokens,
        };
    }
    repeat
}

/// The cheapest way known to divide the pieces before a position.
#[derive(Clone, Copy)]
struct Best {
    cost: f64,
    /// Where the last of those chunks begins.
    begin: usize,
}

/// Where each chunk begins. Time: pieces times pieces per chunk; each piece has a token or more.
fn begins(pieces: &[Piece], size: usize, repeats: &[Repeat]) -> Vec<usize> {
    let mut best = vec![
        Best {
            cost: f64::INFINITY,
            begin: 0
        };
        pieces.len().saturating_add(1)
    ];
    if let Some(first) = best.first_mut() {
        first.cost = 0.0;
    }
    for (begin, repeat) in repeats.iter().enumerate() {
        let before = best.get(begin).map_or(f64::INFINITY, |best| best.cost);
        let budget = size.saturating_sub(repeat.tokens);
        let mut used = 0_usize;
        let mut inside = 0.0;
        let mut last: Option<&Piece> = None;
        for (at, piece) in pieces.iter().enumerate().skip(begin) {
            used = used.saturating_add(piece.tokens);
            if let Some(last) = last {
                if used > budget {
                    break;
                }
                inside += cost_of_joining(last, piece);
            }
            let end = at.saturating_add(1);
            let empty = budget.saturating_sub(used) as f64 / size.max(1) as f64;
            let breaking = pieces
                .get(end)
                .map_or(0.0, |next| cost_of_breaking(piece, next));
            let cost = before + empty * empty + inside + breaking;
            if let Some(known) = best.get_mut(end)
                && cost < known.cost
            {
                *known = Best { cost, begin };
            }
            last = Some(piece);
        }
    }
    let mut begins = Vec::new();
    let mut end = pieces.len();
    while end > 0 {
        // Each `begin` lies before its `end`, so this ends.
        end = best.get(end).map_or(0, |best| best.begin);
        begins.push(end);
    }
    begins.reverse();
    begins
}

fn cost_of_joining(piece: &Piece, next: &Piece) -> f64 {
    if next.kind == Kind::Heading && piece.kind != Kind::Heading {
        OVER_HEADING
    } else {
        0.0
    }
}

fn cost_of_breaking(piece: &Piece, next: &Piece) -> f64 {
    let same_block = piece.entry == next.entry;
    match (piece.kind, next.kind) {
        (Kind::Heading, _) => AFTER_HEADING,
        _ if same_block && (piece.partial || next.partial) => IN_SENTENCE,
        (Kind::Prose { fits: true, .. }, _) if same_block => IN_SHORT_PARAGRAPH,
        (Kind::Prose { .. }, _) if same_block => IN_LONG_PARAGRAPH,
        (
            Kind::Prose {
                announces: true, ..
            },
            Kind::ListItem | Kind::Prose { .. },
        ) => AFTER_COLON,
        (Kind::ListItem, Kind::ListItem) => BETWEEN_ITEMS,
        _ => 0.0,
    }
}
