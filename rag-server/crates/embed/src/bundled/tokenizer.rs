//! The bundled model's tokenizer: Unigram pieces (Kudo 2018) over normalised words.
//!
//! It reads Hugging Face's `tokenizer.json` and gives the same tokens as their library for a file of this
//! shape (tests compare the two), with three differences in kind: it finds words and pieces in one pass without
//! building strings, so that counting tokens costs little; it loads in a fraction of the time and memory; and
//! special tokens written out in a text (`<s>`) are text.

mod normalise;
mod trie;

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use serde::Deserialize;

use normalise::{Normaliser, Word};
use trie::Trie;

/// Replaces each space and starts each word (`▁`).
const MARKER: char = '\u{2581}';

/// What an unknown character costs below the worst piece, as in SentencePiece and Hugging Face.
const UNKNOWN_PENALTY: f64 = 10.0;

/// Splits text into the model's tokens.
#[derive(Debug)]
pub(super) struct Tokenizer {
    normaliser: Normaliser,
    pieces: Trie,
    /// Logarithm of each piece's probability.
    scores: Vec<f64>,
    unknown: u32,
    unknown_score: f64,
    /// Id of `<s>`.
    pub(super) begin: u32,
    /// Id of `</s>`.
    pub(super) end: u32,
}

/// One token of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) id: u32,
    /// Byte of the text where the character begins that the token's first character, the word's mark left
    /// aside, was made from.
    pub(super) start: usize,
}

/// Buffers of [`Tokenizer::each_piece`], kept between words.
#[derive(Debug, Default)]
struct Lattice {
    /// The best way to each byte of the word.
    best: Vec<Option<Step>>,
    /// Pieces of the best way: id and first byte.
    pieces: Vec<(u32, usize)>,
}

/// The last piece of the best way to a place in a word.
#[derive(Debug, Clone, Copy)]
struct Step {
    score: f64,
    id: u32,
    from: usize,
}

impl Tokenizer {
    /// Reads the text of a `tokenizer.json`.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the file.
    pub(super) fn read(json: &str) -> Result<Self, String> {
        let file: File = serde_json::from_str(json).map_err(|error| error.to_string())?;
        let File {
            added_tokens,
            normalizer,
            pre_tokenizer,
            model,
        } = file;
        if pre_tokenizer.kind != "Metaspace"
            || pre_tokenizer.replacement != MARKER
            || pre_tokenizer.prepend_scheme != "always"
            || !pre_tokenizer.split
        {
            return Err("pre-tokenizer is not supported".to_owned());
        }
        if model.kind != "Unigram" || model.byte_fallback {
            return Err("only Unigram models without byte fall-back are supported".to_owned());
        }
        let special = |content: &str| {
            let token = added_tokens.iter().find(|token| token.content == content);
            token
                .map(|token| token.id)
                .ok_or_else(|| format!("token {content} is missing"))
        };
        let (begin, end) = (special("<s>")?, special("</s>")?);
        let size = u32::try_from(model.vocab.len()).map_err(|_| "too many pieces".to_owned())?;
        if begin.max(end).max(model.unk_id) >= size {
            return Err("a special token lies outside the vocabulary".to_owned());
        }

        let reserved = added_tokens
            .iter()
            .map(|token| token.id)
            .collect::<BTreeSet<_>>();
        let mut pieces =
            Trie::with_capacity(model.vocab.iter().map(|(piece, _)| piece.len()).sum());
        for (id, (piece, _)) in (0..size).zip(&model.vocab) {
            if !reserved.contains(&id) {
                pieces.insert(piece.as_bytes(), id)?;
            }
        }
        let scores = model
            .vocab
            .iter()
            .map(|(_, score)| *score)
            .collect::<Vec<_>>();
        let worst = scores.iter().copied().fold(f64::INFINITY, f64::min);
        Ok(Self {
            normaliser: Normaliser::read(&normalizer)?,
            pieces,
            unknown: model.unk_id,
            unknown_score: worst - UNKNOWN_PENALTY,
            scores,
            begin,
            end,
        })
    }

    /// Number of pieces, special ones included.
    pub(super) fn vocabulary(&self) -> usize {
        self.scores.len()
    }

    /// Number of tokens of `text`, without special ones.
    pub(super) fn count(&self, text: &str) -> usize {
        let mut lattice = Lattice::default();
        let mut count = 0;
        let _all = self.normaliser.each_word(text, |word| {
            self.best_pieces(word, &mut lattice);
            count += lattice.pieces.len();
            ControlFlow::<()>::Continue(())
        });
        count
    }

    /// The first `limit` tokens of `text`, without special ones, and whether there are more.
    pub(super) fn encode(&self, text: &str, limit: usize) -> (Vec<Token>, bool) {
        let mut lattice = Lattice::default();
        let mut tokens = Vec::new();
        let stopped = self.normaliser.each_word(text, |word| {
            self.best_pieces(word, &mut lattice);
            for (id, from) in lattice.pieces.iter().rev() {
                if tokens.len() == limit {
                    return ControlFlow::Break(());
                }
                tokens.push(Token {
                    id: *id,
                    start: word.source_of(*from),
                });
            }
            ControlFlow::Continue(())
        });
        (tokens, stopped.is_break())
    }

    /// Finds the most probable pieces of a word (Viterbi), last one first; of equally probable ones those found
    /// first. Unknown characters in a row make one piece.
    fn best_pieces(&self, word: &Word, lattice: &mut Lattice) {
        let bytes = word.text.as_bytes();
        lattice.best.clear();
        lattice.best.resize(bytes.len() + 1, None);
        lattice.best[0] = Some(Step {
            score: 0.0,
            id: self.unknown,
            from: 0,
        });
        let best = &mut lattice.best;

        for (from, character) in word.text.char_indices() {
            let Some(Step { score: so_far, .. }) = best[from] else {
                continue;
            };
            let mut offer = |to: usize, id: u32, score: f64| {
                if best[to].is_none_or(|step| score > step.score) {
                    best[to] = Some(Step { score, id, from });
                }
            };
            let mut whole_character = false;
            for (length, id) in self.pieces.prefixes(&bytes[from..]) {
                offer(from + length, id, so_far + self.scores[id as usize]);
                whole_character |= length == character.len_utf8();
            }
            if !whole_character {
                offer(
                    from + character.len_utf8(),
                    self.unknown,
                    so_far + self.unknown_score,
                );
            }
        }

        lattice.pieces.clear();
        let mut at = bytes.len();
        while at > 0 {
            // Every character leads on, by a piece or as unknown, so there is a way to the end.
            let Some(step) = lattice.best[at] else { break };
            match lattice.pieces.last_mut() {
                Some((id, from)) if *id == self.unknown && step.id == self.unknown => {
                    *from = step.from;
                }
                _ => lattice.pieces.push((step.id, step.from)),
            }
            at = step.from;
        }
    }
}

/// The parts of `tokenizer.json` that we read.
#[derive(Deserialize)]
struct File {
    added_tokens: Vec<AddedToken>,
    normalizer: serde_json::Value,
    pre_tokenizer: PreTokenizer,
    model: Unigram,
}

#[derive(Deserialize)]
struct AddedToken {
    id: u32,
    content: String,
}

#[derive(Deserialize)]
struct PreTokenizer {
    #[serde(rename = "type")]
    kind: String,
    replacement: char,
    prepend_scheme: String,
    split: bool,
}

#[derive(Deserialize)]
struct Unigram {
    #[serde(rename = "type")]
    kind: String,
    unk_id: u32,
    #[serde(default)]
    byte_fallback: bool,
    vocab: Vec<(String, f64)>,
}

#[cfg(test)]
mod tests;
