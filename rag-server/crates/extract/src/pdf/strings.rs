//! Text strings of the document's dictionaries (titles, labels, dates): ISO 32000-2, 7.9.2.2.

use encoding_rs::{UTF_16BE, UTF_16LE};
use lopdf::{Document, Object, StringFormat};
use unicode_normalization::UnicodeNormalization;

/// Decodes a text string: UTF-16 or UTF-8 by its byte order mark, else `PDFDocEncoding`.
///
/// Damaged strings lose the damaged characters, never the rest. Control characters go, white space is
/// collapsed; `None` when nothing is left.
pub(super) fn decode(bytes: &[u8]) -> Option<String> {
    let text = match bytes {
        [0xFE, 0xFF, rest @ ..] => UTF_16BE.decode_without_bom_handling(rest).0.into_owned(),
        [0xFF, 0xFE, rest @ ..] => UTF_16LE.decode_without_bom_handling(rest).0.into_owned(),
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        // Written against the standard by some producers: UTF-8 without its mark. Text of more than
        // seven bits that is valid UTF-8 is hardly ever meant as PDFDocEncoding.
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => pdf_doc(bytes),
        },
    };
    tidy(&text)
}

/// Bytes in `PDFDocEncoding`; what is undefined there is read as Latin-1.
fn pdf_doc(bytes: &[u8]) -> String {
    bytes
        .iter()
        .filter_map(|&byte| {
            let one = Object::String(vec![byte], StringFormat::Literal);
            match lopdf::decode_text_string(&one) {
                Ok(text) => text.chars().next(),
                Err(_) => Some(char::from(byte)),
            }
        })
        .collect()
}

/// One line of NFC text without control characters and escape sequences of languages.
fn tidy(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut in_language = false;
    for character in text.nfc() {
        match character {
            // ISO 32000-2, 7.9.2.2.2: ESC, a language code, ESC.
            '\u{1B}' => in_language = !in_language,
            _ if in_language => {}
            '\0' => {}
            _ if character.is_control() => plain.push(' '),
            '\u{FEFF}' | '\u{FFFD}' | '\u{200B}' => {}
            _ => plain.push(character),
        }
    }
    let words: Vec<&str> = plain.split_whitespace().collect();
    if words.is_empty() {
        return None;
    }
    Some(words.join(" "))
}

/// The text string `object` is or refers to.
pub(super) fn of(document: &Document, object: &Object) -> Option<String> {
    let (_, object) = document.dereference(object).ok()?;
    match object {
        Object::String(bytes, _) => decode(bytes),
        _ => None,
    }
}
