//! Cuts what is longer than a chunk: at clauses, else between words, else between characters.

use std::ops::Range;
use unicode_segmentation::GraphemeCursor;

/// Cuts `range` of `text` into parts of at most `size` tokens, each with its tokens. Only white space is left out.
pub(crate) fn cut(
    text: &str,
    range: Range<usize>,
    size: usize,
    tokens: &dyn Fn(&str) -> usize,
) -> Vec<(Range<usize>, usize)> {
    let words = words(text, range, size, tokens);
    let mut parts: Vec<(Range<usize>, usize)> = Vec::new();
    let mut rest = words.as_slice();
    while let Some(count) = take(rest, size) {
        let (part, left) = rest.split_at(count);
        if let (Some(first), Some(last)) = (part.first(), part.last()) {
            let sum = part.iter().map(|word| word.tokens).sum();
            parts.push((first.range.start..last.range.end, sum));
        }
        rest = left;
    }
    parts
}

/// A word, or part of one, and how well the text may be cut after it.
struct Word {
    range: Range<usize>,
    tokens: usize,
    after: Border,
}

/// How good a place to cut is; later ones are better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Border {
    Word,
    Comma,
    Clause,
}

/// How many of `words` make the next part: as many as fit, or, if the text goes on, up to the best border
/// in the second half of those. At least one; `None` when no words are left.
fn take(words: &[Word], size: usize) -> Option<usize> {
    let mut sum = 0_usize;
    let fitting = words
        .iter()
        .take_while(|word| {
            sum = sum.saturating_add(word.tokens);
            sum <= size
        })
        .count()
        .max(1);
    if words.is_empty() {
        return None;
    }
    if fitting >= words.len() {
        return Some(words.len());
    }
    words
        .iter()
        .enumerate()
        .take(fitting)
        .skip(fitting / 2)
        .max_by_key(|(_, word)| word.after)
        .map(|(at, _)| at.saturating_add(1))
        .or(Some(fitting))
}

fn words(
    text: &str,
    range: Range<usize>,
    size: usize,
    tokens: &dyn Fn(&str) -> usize,
) -> Vec<Word> {
    let mut words = Vec::new();
    let mut from = range.start;
    let part = text.get(range).unwrap_or_default();
    for with_space in part.split_inclusive(char::is_whitespace) {
        let word = with_space.trim_end();
        let to = from.saturating_add(word.len());
        if !word.is_empty() {
            let count = tokens(word).max(1);
            if count <= size {
                let after = match word.chars().next_back() {
                    Some(';' | ':' | '.' | '?' | '!' | '—' | '–') => Border::Clause,
                    Some(',' | ')') => Border::Comma,
                    _ => Border::Word,
                };
                words.push(Word {
                    range: from..to,
                    tokens: count,
                    after,
                });
            } else {
                characters(text, from..to, count, size, tokens, &mut words);
            }
        }
        from = from.saturating_add(with_space.len());
    }
    words
}

/// Cuts one word of `count` tokens into parts of at most `size`, not inside what people see as one
/// character, unless that alone is too long.
fn characters(
    text: &str,
    range: Range<usize>,
    count: usize,
    size: usize,
    tokens: &dyn Fn(&str) -> usize,
    words: &mut Vec<Word>,
) {
    let mut from = range.start;
    // A first guess by the word's bytes per token, made smaller until it fits: a few calls per part.
    let guess = range
        .len()
        .saturating_mul(size)
        .checked_div(count)
        .unwrap_or(1)
        .max(1);
    while from < range.end {
        let mut length = guess.min(range.end.saturating_sub(from));
        loop {
            let to = border(text, from, from.saturating_add(length), range.end);
            let count = text.get(from..to).map_or(1, |part| tokens(part).max(1));
            let one_left = text
                .get(from..to)
                .is_none_or(|part| part.chars().nth(1).is_none());
            if count <= size || one_left {
                words.push(Word {
                    range: from..to,
                    tokens: count,
                    after: Border::Word,
                });
                from = to;
                break;
            }
            length = to.saturating_sub(from).saturating_mul(3) / 4;
        }
    }
}

/// The last place at or before `to`, but after `from`, where characters may be parted.
fn border(text: &str, from: usize, to: usize, end: usize) -> usize {
    if to >= end {
        return end;
    }
    let mut at = to;
    while at > from && !text.is_char_boundary(at) {
        at = at.saturating_sub(1);
    }
    if at == from {
        // Less than one character: take that one.
        let length = text
            .get(from..)
            .and_then(|rest| rest.chars().next())
            .map_or(1, char::len_utf8);
        return from.saturating_add(length).min(end);
    }
    let mut cursor = GraphemeCursor::new(at, text.len(), true);
    if matches!(cursor.is_boundary(text, 0), Ok(true)) {
        return at;
    }
    match cursor.prev_boundary(text, 0) {
        Ok(Some(before)) if before > from => before,
        _ => at,
    }
}
