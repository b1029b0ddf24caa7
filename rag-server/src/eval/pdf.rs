//! Sets paragraphs as a PDF, one to a page, so that an evaluation goes through the reader like a real document.
//!
//! The bytes depend on the text alone. Helvetica is one of the fonts every reader has (ISO 32000-1, 9.6.2.2), in
//! `WinAnsiEncoding` (annex D.2), which has all Portuguese letters, curly quotes and dashes; other signs
//! become the nearest ones it has.

use lopdf::content::{Content, Operation};
use lopdf::{Document, Object, Stream, StringFormat, dictionary, text_string};

/// A4 in points (1/72 inch).
const PAGE: (f32, f32) = (595.0, 842.0);
const MARGIN: f32 = 56.0;
/// Preferred size of the type, and the smallest one before the page is made larger instead. Points.
const SIZE: f32 = 11.0;
const SMALLEST: f32 = 4.0;
/// Distance of lines as a multiple of the size of the type.
const LEADING: f32 = 1.3;

/// A PDF with one page for each of `pages`. Lines are broken at spaces only, never after a hyphen, so that every
/// word is read back as it is; a line feed begins a new line. Text too long for the page is set smaller, and what
/// is still too long gets a larger page.
pub(crate) fn pages_to_pdf(title: &str, pages: &[String]) -> Vec<u8> {
    let mut document = Document::with_version("1.5");
    let info = document.add_object(dictionary! { "Title" => text_string(title) });
    let widths: Vec<Object> = WIDTHS
        .iter()
        .map(|&width| i64::from(width).into())
        .collect();
    let font = document.add_object(dictionary! {
        "Type" => "Font",
        "Subtype" => "Type1",
        "BaseFont" => "Helvetica",
        "Encoding" => "WinAnsiEncoding",
        "FirstChar" => 32,
        "LastChar" => 255,
        "Widths" => widths,
    });
    let resources = document.add_object(dictionary! { "Font" => dictionary! { "F1" => font } });
    let tree = document.new_object_id();
    let kids: Vec<Object> = pages
        .iter()
        .map(|text| {
            let setting = Setting::of(text);
            let content = document.add_object(Stream::new(dictionary! {}, setting.content()));
            let page = document.add_object(dictionary! {
                "Type" => "Page",
                "Parent" => tree,
                "Resources" => resources,
                "MediaBox" => vec![0.into(), 0.into(), setting.page.0.into(), setting.page.1.into()],
                "Contents" => content,
            });
            page.into()
        })
        .collect();
    let count = i64::try_from(kids.len()).unwrap_or(i64::MAX);
    let root = dictionary! { "Type" => "Pages", "Kids" => kids, "Count" => count };
    document.objects.insert(tree, root.into());
    let catalog = document.add_object(dictionary! { "Type" => "Catalog", "Pages" => tree });
    document.trailer.set("Root", catalog);
    document.trailer.set("Info", info);
    let mut bytes = Vec::new();
    #[expect(
        clippy::expect_used,
        reason = "the document is not encrypted and memory takes every write"
    )]
    document
        .save_to(&mut bytes)
        .expect("a plain document is written to memory");
    bytes
}

/// How the text of a page is set.
struct Setting {
    /// Size of the type in points.
    size: f32,
    /// Width and height in points.
    page: (f32, f32),
    /// Lines in `WinAnsiEncoding`; those of one paragraph without the spaces between them.
    lines: Vec<Vec<u8>>,
}

impl Setting {
    /// The largest size at which the text fits, in steps of half a point.
    fn of(text: &str) -> Self {
        let paragraphs: Vec<Vec<u8>> = text.lines().map(win_ansi).collect();
        let longest = paragraphs
            .iter()
            .flat_map(|paragraph| words(paragraph))
            .map(width)
            .max()
            .unwrap_or(0);
        let mut size = SIZE;
        loop {
            let room = PAGE.0 - 2.0 * MARGIN;
            let needed = points(longest, size);
            let lines: Vec<Vec<u8>> = paragraphs
                .iter()
                .flat_map(|paragraph| wrap(paragraph, room.max(needed), size))
                .collect();
            let height = lines.len() as f32 * size * LEADING;
            if size <= SMALLEST || (height <= PAGE.1 - 2.0 * MARGIN && needed <= room) {
                let page = (
                    PAGE.0.max(needed + 2.0 * MARGIN),
                    PAGE.1.max(height + 2.0 * MARGIN),
                );
                return Self { size, page, lines };
            }
            size -= 0.5;
        }
    }

    fn content(&self) -> Vec<u8> {
        let top = self.page.1 - MARGIN - self.size;
        let mut operations = vec![
            Operation::new("BT", vec![]),
            Operation::new("Tf", vec!["F1".into(), self.size.into()]),
            Operation::new("TL", vec![(self.size * LEADING).into()]),
            Operation::new("Td", vec![MARGIN.into(), top.into()]),
        ];
        for line in &self.lines {
            let shown = Object::String(line.clone(), StringFormat::Literal);
            operations.push(Operation::new("Tj", vec![shown]));
            operations.push(Operation::new("T*", vec![]));
        }
        operations.push(Operation::new("ET", vec![]));
        #[expect(clippy::expect_used, reason = "memory takes every write")]
        Content { operations }
            .encode()
            .expect("operations are written to memory")
    }
}

/// The words of a paragraph. One that ends in a hyphen keeps the next: readers take a hyphen at the end of a
/// line for a divided word and leave it out.
fn words(paragraph: &[u8]) -> Vec<&[u8]> {
    let mut words = Vec::new();
    let mut start = 0;
    for (at, byte) in paragraph.iter().enumerate() {
        if *byte == b' ' && !paragraph[start..at].ends_with(b"-") {
            words.push(&paragraph[start..at]);
            start = at + 1;
        }
    }
    words.push(&paragraph[start..]);
    words.retain(|word| !word.is_empty());
    words
}

/// Fills lines of `room` points. A blank paragraph is an empty line.
fn wrap(paragraph: &[u8], room: f32, size: f32) -> Vec<Vec<u8>> {
    let mut lines: Vec<Vec<u8>> = vec![Vec::new()];
    for word in words(paragraph) {
        if let Some(line) = lines.last_mut() {
            let joined = width(line) + width(b" ") + width(word);
            if line.is_empty() {
                line.extend_from_slice(word);
            } else if points(joined, size) <= room {
                line.push(b' ');
                line.extend_from_slice(word);
            } else {
                lines.push(word.to_vec());
            }
        }
    }
    lines
}

/// Width in thousandths of the size of the type.
fn width(text: &[u8]) -> u32 {
    let of = |byte: &u8| {
        byte.checked_sub(32)
            .map_or(0, |at| u32::from(WIDTHS[usize::from(at)]))
    };
    text.iter().map(of).sum()
}

fn points(width: u32, size: f32) -> f32 {
    width as f32 * size / 1000.0
}

/// `text` in `WinAnsiEncoding`, single spaces, signs it lacks replaced.
fn win_ansi(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for sign in text.chars() {
        encode(sign, &mut bytes);
    }
    bytes.dedup_by(|one, other| *one == b' ' && *other == b' ');
    bytes.trim_ascii().to_vec()
}

fn encode(sign: char, bytes: &mut Vec<u8>) {
    let sign = nearest(sign);
    let code = u32::from(sign);
    if sign.is_whitespace() {
        bytes.push(b' ');
    } else if sign.is_control()
        || matches!(
            sign,
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}'
        )
    {
        // Nothing that people see.
    } else if let Some(at) = FROM_128.chars().position(|known| known == sign) {
        bytes.push(128 + at as u8);
    } else if let (0x20..=0x7e | 0xa1..=0xff, Ok(byte)) = (code, u8::try_from(code)) {
        bytes.push(byte);
    } else if let (0x300..=0x36f, Some(byte)) = (code, bytes.last_mut()) {
        *byte = accented(*byte, sign).unwrap_or(*byte);
    } else if let Some(&base) = code
        .checked_sub(0x100)
        .and_then(|at| LATIN_EXTENDED_A.get(at as usize))
    {
        bytes.push(base);
    } else {
        bytes.extend_from_slice(stand_in(sign).as_bytes());
    }
}

/// A sign of the encoding that looks the same.
fn nearest(sign: char) -> char {
    match sign {
        '\u{2010}' | '\u{2011}' => '-',
        '\u{2012}' | '\u{2212}' => '–',
        '\u{2015}' => '—',
        '′' | 'ʹ' | 'ʼ' => '\'',
        '″' => '"',
        '∙' | '⋅' => '·',
        'μ' => 'µ',
        _ => sign,
    }
}

/// A letter with the combining accent that follows it, as one sign of Latin-1.
fn accented(letter: u8, accent: char) -> Option<u8> {
    let (letters, composed): (&str, &str) = match accent {
        '\u{300}' => ("AEIOUaeiou", "ÀÈÌÒÙàèìòù"),
        '\u{301}' => ("AEIOUYaeiouy", "ÁÉÍÓÚÝáéíóúý"),
        '\u{302}' => ("AEIOUaeiou", "ÂÊÎÔÛâêîôû"),
        '\u{303}' => ("ANOano", "ÃÑÕãñõ"),
        '\u{308}' => ("AEIOUaeiouy", "ÄËÏÖÜäëïöüÿ"),
        '\u{30a}' => ("Aa", "Åå"),
        '\u{327}' => ("Cc", "Çç"),
        _ => return None,
    };
    let at = letters.bytes().position(|known| known == letter)?;
    composed
        .chars()
        .nth(at)
        .and_then(|sign| u8::try_from(u32::from(sign)).ok())
}

/// Signs of ASCII that say the same.
fn stand_in(sign: char) -> &'static str {
    match sign {
        '≤' => "<=",
        '≥' => ">=",
        '≠' => "!=",
        '≈' | '∼' => "~",
        '→' => "->",
        '←' => "<-",
        '⁰' | '₀' => "0",
        '₁' => "1",
        '₂' => "2",
        '₃' => "3",
        '⁴' | '₄' => "4",
        '⁵' | '₅' => "5",
        '⁶' | '₆' => "6",
        '⁷' | '₇' => "7",
        '⁸' | '₈' => "8",
        '⁹' | '₉' => "9",
        'ﬁ' => "fi",
        'ﬂ' => "fl",
        'α' => "alfa",
        'β' => "beta",
        'γ' => "gama",
        'δ' | 'Δ' => "delta",
        'π' => "pi",
        'σ' | 'Σ' => "sigma",
        'ω' | 'Ω' => "omega",
        _ => "?",
    }
}

/// The signs of `WinAnsiEncoding` from 128 to 159; a NUL where it has none (ISO 32000-1, annex D.2).
const FROM_128: &str = "€\0‚ƒ„…†‡ˆ‰Š‹Œ\0Ž\0\0‘’“”•–—˜™š›œ\0žŸ";

/// The base letters of U+0100 to U+017F.
const LATIN_EXTENDED_A: &[u8; 128] =
    b"AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIiIiJjKkkLlLlLlLlLl\
    NnNnNnnNnOoOoOoOoRrRrRrSsSsSsSsTtTtTtUuUuUuUuUuUuWwYyYZzZzZzs";

/// Widths of Helvetica's signs from 32 to 255 in `WinAnsiEncoding`, in thousandths of the size of the type (Adobe
/// Core 14 AFM metrics, `Helvetica.afm`).
const WIDTHS: [u16; 224] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556,
    556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667,
    611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667,
    667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500,
    222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
    350, 556, 350, 222, 556, 333, 1000, 556, 556, 333, 1000, 667, 333, 1000, 350, 611, 350, 350,
    222, 222, 333, 333, 350, 556, 1000, 333, 1000, 500, 333, 944, 350, 500, 667, 278, 333, 556,
    556, 556, 556, 260, 556, 333, 737, 370, 556, 584, 333, 737, 333, 400, 584, 333, 333, 333, 556,
    537, 278, 333, 333, 365, 556, 834, 834, 834, 611, 667, 667, 667, 667, 667, 667, 1000, 722, 667,
    667, 667, 667, 278, 278, 278, 278, 722, 722, 778, 778, 778, 778, 778, 584, 778, 722, 722, 722,
    722, 667, 667, 611, 556, 556, 556, 556, 556, 556, 889, 500, 556, 556, 556, 556, 278, 278, 278,
    278, 556, 556, 556, 556, 556, 556, 556, 584, 611, 556, 556, 556, 556, 500, 556, 500,
];

#[cfg(test)]
mod tests {
    use super::*;

    /// The text of each page, white space made single.
    fn read(bytes: &[u8]) -> Vec<String> {
        let document = Document::load_mem(bytes).unwrap();
        let numbers: Vec<u32> = document.get_pages().into_keys().collect();
        let single = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
        numbers
            .iter()
            .map(|&number| single(document.extract_text(&[number]).unwrap()))
            .collect()
    }

    fn pages(texts: &[&str]) -> Vec<String> {
        texts.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_page_is_read_back_word_for_word() {
        let long = "A ação muscular — isométrica, concêntrica ou excêntrica — (ver “fig. 2”) custa € 5,00. ".repeat(40);
        let texts = pages(&[
            "ÁÉÍÓÚ âêô ãõ ç à ü ª º § ½ ‘x’ … •",
            long.trim(),
            "Pré- e pós-treino.",
        ]);
        assert_eq!(read(&pages_to_pdf("Fisiologia", &texts)), texts);
    }

    #[test]
    fn signs_outside_the_encoding_become_the_nearest() {
        let texts =
            pages(&["a\u{301}c\u{327}a\u{303}o −3 ≤ x ≥ 2 → 5 μm Dvořák\u{a0}ﬁm CO₂ α 漢\u{ad}"]);
        let read = read(&pages_to_pdf("", &texts));
        assert_eq!(read, ["áção –3 <= x >= 2 -> 5 µm Dvorák fim CO2 alfa ?"]);
    }

    #[test]
    fn no_line_ends_in_a_hyphen_and_none_is_too_wide() {
        let text = "bem- aventurado guarda- chuva super- homem ".repeat(60);
        let setting = Setting::of(&text);
        assert!(setting.lines.len() > 10);
        for line in &setting.lines {
            assert!(!line.ends_with(b"-"));
            assert!(points(width(line), setting.size) <= PAGE.0 - 2.0 * MARGIN);
        }
    }

    #[test]
    fn long_text_is_set_smaller_and_then_on_a_larger_page() {
        let short = Setting::of("Curto.");
        assert_eq!((short.size, short.page), (SIZE, PAGE));
        let longer = Setting::of(&"palavra ".repeat(900));
        assert!(longer.size < SIZE && longer.page == PAGE);
        let longest = Setting::of(&"palavra ".repeat(20_000));
        assert!(longest.page.1 > PAGE.1);
        let word = Setting::of(&"w".repeat(1_000));
        assert!(word.page.0 > PAGE.0 && word.lines.len() == 1);
        let bytes = pages_to_pdf("", &["palavra ".repeat(20_000)]);
        assert_eq!(read(&bytes)[0].split(' ').count(), 20_000);
    }

    #[test]
    fn the_bytes_depend_on_the_text_alone() {
        let texts = pages(&["Um.", "", "Dois.\nTrês."]);
        let bytes = pages_to_pdf("Título", &texts);
        assert_eq!(bytes, pages_to_pdf("Título", &texts));
        assert_eq!(read(&bytes), ["Um.", "", "Dois. Três."]);
    }
}
