//! Bytes of a text file to text.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// Bytes looked at to guess an encoding: enough for any language, bounded for large files.
const SAMPLE: usize = 1 << 20;

/// Text of a file whose encoding nobody declared: a byte order mark first, then UTF-8 when it is valid,
/// UTF-16 without a mark when every other byte is zero, else what the bytes look like, which for Portuguese is
/// Windows-1252.
pub(crate) fn decode(bytes: &[u8]) -> String {
    if Encoding::for_bom(bytes).is_some() {
        return decode_marked(bytes);
    }
    if let Some(encoding) = utf16_without_mark(bytes) {
        return encoding.decode_without_bom_handling(bytes).0.into_owned();
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        // A last character cut in half, or a stray byte in an otherwise multi-byte text.
        Err(error) if looks_utf8(bytes, error.valid_up_to()) => {
            String::from_utf8_lossy(bytes).into_owned()
        }
        Err(_) => guess(bytes)
            .decode_without_bom_handling(bytes)
            .0
            .into_owned(),
    }
}

/// Text of a part whose byte order mark, if any, decides; UTF-8 otherwise, wrong bytes replaced.
pub(crate) fn decode_marked(bytes: &[u8]) -> String {
    let (encoding, mark) = Encoding::for_bom(bytes).unwrap_or((UTF_8, 0));
    let rest = bytes.get(mark..).unwrap_or_default();
    encoding.decode_without_bom_handling(rest).0.into_owned()
}

/// Text in the encoding that a label such as an HTML `charset` names, unless valid UTF-8 or a mark say better.
pub(crate) fn decode_labelled(bytes: &[u8], label: Option<&str>) -> String {
    let labelled = label.and_then(|label| Encoding::for_label(label.as_bytes()));
    match labelled {
        Some(encoding)
            if Encoding::for_bom(bytes).is_none()
                && utf16_without_mark(bytes).is_none()
                && std::str::from_utf8(bytes).is_err() =>
        {
            encoding.decode_without_bom_handling(bytes).0.into_owned()
        }
        _ => decode(bytes),
    }
}

/// At least nine of ten multi-byte sequences before and after the fault are right.
fn looks_utf8(bytes: &[u8], valid_up_to: usize) -> bool {
    if bytes.len().saturating_sub(valid_up_to) < 4
        && !bytes.get(..valid_up_to).unwrap_or_default().is_ascii()
    {
        return true;
    }
    let text = String::from_utf8_lossy(bytes.get(..bytes.len().min(SAMPLE)).unwrap_or_default());
    let wrong = text.chars().filter(|c| *c == '\u{fffd}').count();
    let right = text
        .chars()
        .filter(|c| !c.is_ascii() && *c != '\u{fffd}')
        .count();
    right > wrong.saturating_mul(9)
}

fn guess(bytes: &[u8]) -> &'static Encoding {
    let sample = bytes.get(..bytes.len().min(SAMPLE)).unwrap_or_default();
    // In short Portuguese text the accents decide between the Latin code pages, which share them.
    if reads_as_portuguese(sample) {
        return WINDOWS_1252;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(sample, sample.len() == bytes.len());
    detector.guess(Some(b"br"), Utf8Detection::Deny)
}

/// Every byte above ASCII is a letter or sign that Portuguese text uses in Windows-1252.
fn reads_as_portuguese(bytes: &[u8]) -> bool {
    bytes.iter().filter(|byte| !byte.is_ascii()).all(|byte| {
        matches!(
            byte,
            // typographic quotes, dashes, ellipsis, bullet, euro
            0x80 | 0x85 | 0x91..=0x97 |
            // no-break space, «, ª, º, », °, §, ², ³, ½, ×, ÷
            0xa0 | 0xa7 | 0xaa | 0xab | 0xb0 | 0xb2 | 0xb3 | 0xb9..=0xbd | 0xd7 | 0xf7 |
            // À Á Â Ã Ç É Ê Í Ó Ô Õ Ú Ü and their small forms
            0xc0..=0xc3 | 0xc7 | 0xc9 | 0xca | 0xcd | 0xd3..=0xd5 | 0xda | 0xdc |
            0xe0..=0xe3 | 0xe7 | 0xe9 | 0xea | 0xed | 0xf3..=0xf5 | 0xfa | 0xfc
        )
    })
}

/// UTF-16 of mostly Latin text has a zero in every other byte.
fn utf16_without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    let sample = bytes.get(..bytes.len().min(4096)).unwrap_or_default();
    let pairs = sample.len().checked_div(2).unwrap_or(0);
    if pairs < 2 {
        return None;
    }
    let zeros = |offset: usize| {
        sample
            .iter()
            .skip(offset)
            .step_by(2)
            .filter(|byte| **byte == 0)
            .count()
    };
    let (even, odd) = (zeros(0), zeros(1));
    let most = pairs.saturating_mul(7).checked_div(10).unwrap_or(0);
    match (even, odd) {
        (0, odd) if odd > most => Some(UTF_16LE),
        (even, 0) if even > most => Some(UTF_16BE),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{decode, decode_labelled};

    const TEXT: &str = "Avaliação: não há prova — só “exercícios” do 2º bimestre.";

    #[test]
    fn every_usual_encoding_of_portuguese_is_read() {
        let (latin, _, _) = encoding_rs::WINDOWS_1252.encode(TEXT);
        let utf16: Vec<u8> = TEXT.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let utf16_big: Vec<u8> = TEXT.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let marked = [b"\xef\xbb\xbf", TEXT.as_bytes()].concat();
        let marked_16 = [b"\xff\xfe".as_slice(), &utf16].concat();
        for bytes in [
            TEXT.as_bytes(),
            &latin,
            &utf16,
            &utf16_big,
            &marked,
            &marked_16,
        ] {
            assert_eq!(decode(bytes), TEXT);
        }
    }

    #[test]
    fn one_wrong_byte_does_not_turn_utf8_into_something_else() {
        let text = "ação ".repeat(20);
        let mut bytes = text.clone().into_bytes();
        bytes.push(0xc3);
        assert!(decode(&bytes).starts_with(&text));
    }

    #[test]
    fn a_label_decides_only_when_the_bytes_do_not() {
        assert_eq!(decode_labelled("é".as_bytes(), Some("iso-8859-1")), "é");
        assert_eq!(
            decode_labelled(b"\xcf\xf0\xe8\xe2\xe5\xf2", Some("windows-1251")),
            "Привет"
        );
    }
}
