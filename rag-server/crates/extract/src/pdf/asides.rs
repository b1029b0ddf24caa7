//! Notes beside the text: blocks of smaller type that share their height, but no ground, with the text.

use std::collections::BTreeMap;

use super::run::Piece;

/// Size of a note against the text.
const SMALLER: f32 = 0.88;

/// A block has so many pieces and characters at least: limits of sums and the like are smaller.
const LEAST_PIECES: usize = 3;
const LEAST_INK: usize = 24;

/// Lines of a block are at most so many ems apart.
const NEAR: f32 = 2.2;

/// Blocks told apart on one page; beyond that it is a drawing, read as it comes.
const MOST_BLOCKS: usize = 400;

/// Takes notes out of `pieces`, which are in order from top to bottom: the text, and each note.
pub(super) fn split(pieces: Vec<Piece>) -> (Vec<Piece>, Vec<Vec<Piece>>) {
    let size = main_size(&pieces);
    let is_small = |piece: &Piece| piece.size < SMALLER * size;
    let blocks = blocks(&pieces, is_small);
    let mut note_of: Vec<Option<usize>> = vec![None; pieces.len()];
    let mut notes = 0_usize;
    for block in blocks {
        if is_beside(&block, &pieces, is_small) {
            for index in block.pieces {
                if let Some(slot) = note_of.get_mut(index) {
                    *slot = Some(notes);
                }
            }
            notes = notes.saturating_add(1);
        }
    }
    let mut text = Vec::with_capacity(pieces.len());
    let mut asides: Vec<Vec<Piece>> = vec![Vec::new(); notes];
    for (piece, note) in pieces.into_iter().zip(note_of) {
        match note.and_then(|note| asides.get_mut(note)) {
            Some(aside) => aside.push(piece),
            None => text.push(piece),
        }
    }
    (text, asides)
}

/// The size most characters are set in.
fn main_size(pieces: &[Piece]) -> f32 {
    let mut sizes: BTreeMap<i32, usize> = BTreeMap::new();
    for piece in pieces {
        let count = sizes.entry((piece.size * 2.0).round() as i32).or_default();
        *count = count.saturating_add(piece.ink());
    }
    let most = sizes.into_iter().max_by_key(|(_, count)| *count);
    most.map_or(0.0, |(size, _)| size as f32 / 2.0)
}

/// Small pieces one below the other.
struct Block {
    pieces: Vec<usize>,
    left: f32,
    right: f32,
    top: f32,
    bottom: f32,
    ink: usize,
}

fn blocks(pieces: &[Piece], is_small: impl Fn(&Piece) -> bool) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    for (index, piece) in pieces.iter().enumerate() {
        if !is_small(piece) {
            continue;
        }
        let over = blocks.iter().rposition(|block| {
            let near = block.bottom - piece.baseline <= NEAR * piece.size;
            near && piece.left < block.right && piece.right > block.left
        });
        match over.and_then(|over| blocks.get_mut(over)) {
            Some(block) => {
                block.pieces.push(index);
                block.left = block.left.min(piece.left);
                block.right = block.right.max(piece.right);
                block.bottom = block.bottom.min(piece.baseline);
                block.ink = block.ink.saturating_add(piece.ink());
            }
            None => blocks.push(Block {
                pieces: vec![index],
                left: piece.left,
                right: piece.right,
                top: piece.baseline + piece.size,
                bottom: piece.baseline,
                ink: piece.ink(),
            }),
        }
        if blocks.len() > MOST_BLOCKS {
            return Vec::new();
        }
    }
    blocks
}

/// Whether text stands at the height of the block, and none of it on the block's own ground.
fn is_beside(block: &Block, pieces: &[Piece], is_small: impl Fn(&Piece) -> bool) -> bool {
    if block.pieces.len() < LEAST_PIECES || block.ink < LEAST_INK {
        return false;
    }
    let mut level = pieces
        .iter()
        .filter(|piece| !is_small(piece))
        .filter(|piece| (block.bottom..=block.top).contains(&piece.baseline))
        .peekable();
    level.peek().is_some()
        && level.all(|piece| piece.right <= block.left || piece.left >= block.right)
}
