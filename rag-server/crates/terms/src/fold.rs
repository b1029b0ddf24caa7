//! Accents and case folded away.

use unicode_normalization::char::{decompose_compatible, is_combining_mark};

/// `text` without accents, in lower case, compatibility forms resolved (NFKD of Unicode Standard Annex 15, combining
/// marks dropped); everything but letters and digits is dropped too.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for character in text.chars() {
        fold_char(character, &mut folded);
    }
    folded
}

/// Appends the folded form of one character, which may be nothing.
pub(crate) fn fold_char(character: char, folded: &mut String) {
    if character.is_ascii() {
        if character.is_ascii_alphanumeric() {
            folded.push(character.to_ascii_lowercase());
        }
        return;
    }
    decompose_compatible(character, |part| {
        // Lower case may bring a mark of its own ("İ" → "i̇"), hence the second decomposition.
        for lower in part.to_lowercase() {
            decompose_compatible(lower, |piece| {
                if !is_combining_mark(piece) && piece.is_alphanumeric() {
                    folded.push(piece);
                }
            });
        }
    });
}
