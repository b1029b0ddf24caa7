//! Whether a file's first bytes are what its extension says.
//!
//! The rag-server reads the content whatever the name; here only what is plainly something else is kept out, so that
//! whoever sends a program called `aula.pdf` hears of it at once.

/// How many bytes are looked at.
pub(super) const HEAD: usize = 4096;
/// Where readers look for the header of a PDF (ISO 32000-2, annex I, note to 7.5.2).
const PDF_HEADER_WITHIN: usize = 1024;
/// Of a compound file: old and encrypted office files ([MS-CFB], 2.2).
const COMPOUND: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// What extensions promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Promise {
    Pdf,
    /// A package of the newer office formats, or the container of an encrypted one, which the reader explains.
    Package,
    /// A workbook of any age; programs write tables of text under this name too.
    Workbook,
    Text,
    /// A recording, kept to be played; its subtitles are what is read.
    Recording,
}

/// Extensions that can be taken, and what each promises.
const KNOWN: &[(&str, Promise)] = &[
    ("pdf", Promise::Pdf),
    ("docx", Promise::Package),
    ("docm", Promise::Package),
    ("dotx", Promise::Package),
    ("pptx", Promise::Package),
    ("pptm", Promise::Package),
    ("ppsx", Promise::Package),
    ("potx", Promise::Package),
    ("xlsx", Promise::Package),
    ("xlsm", Promise::Package),
    ("xltx", Promise::Package),
    ("xlsb", Promise::Package),
    ("ods", Promise::Package),
    ("odt", Promise::Package),
    ("odp", Promise::Package),
    ("epub", Promise::Package),
    ("xls", Promise::Workbook),
    ("txt", Promise::Text),
    ("text", Promise::Text),
    ("log", Promise::Text),
    ("md", Promise::Text),
    ("markdown", Promise::Text),
    ("csv", Promise::Text),
    ("tsv", Promise::Text),
    ("tab", Promise::Text),
    ("html", Promise::Text),
    ("htm", Promise::Text),
    ("eml", Promise::Text),
    ("srt", Promise::Text),
    ("vtt", Promise::Text),
    ("mp4", Promise::Recording),
    ("m4v", Promise::Recording),
    ("mov", Promise::Recording),
    ("webm", Promise::Recording),
    ("mkv", Promise::Recording),
    ("avi", Promise::Recording),
    ("mp3", Promise::Recording),
    ("m4a", Promise::Recording),
    ("ogg", Promise::Recording),
    ("wav", Promise::Recording),
];

/// Every extension that the rag-server's reader takes.
pub(crate) fn readable() -> impl Iterator<Item = &'static str> {
    let mut all = KNOWN.iter();
    std::iter::from_fn(move || all.find(|(_, promise)| *promise != Promise::Recording))
        .map(|(extension, _)| *extension)
}

/// Every extension of recordings, video and sound.
pub(crate) fn recordings() -> impl Iterator<Item = &'static str> {
    let mut all = KNOWN.iter();
    std::iter::from_fn(move || all.find(|(_, promise)| *promise == Promise::Recording))
        .map(|(extension, _)| *extension)
}

/// Every extension that can be taken.
pub(crate) fn known() -> impl Iterator<Item = &'static str> {
    KNOWN.iter().map(|(extension, _)| *extension)
}

/// Whether an extension is a recording's.
pub(crate) fn is_recording(extension: &str) -> bool {
    recordings().any(|one| one == extension)
}

/// Whether a file that begins so may bear this extension.
pub(super) fn matches(extension: &str, head: &[u8]) -> bool {
    let promise = KNOWN
        .iter()
        .find(|(known, _)| *known == extension)
        .map(|(_, promise)| *promise);
    let is_package = head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06");
    let is_compound = head.starts_with(COMPOUND);
    match promise {
        Some(Promise::Pdf) => is_pdf(head),
        Some(Promise::Package) => is_package || is_compound,
        Some(Promise::Workbook) => is_package || is_compound || is_text(head),
        Some(Promise::Text) => is_text(head),
        Some(Promise::Recording) => is_recorded(extension, head),
        None => false,
    }
}

/// How recordings begin: ISO base media (ISO/IEC 14496-12, 4.3), Matroska and `WebM` (RFC 8794), RIFF, Ogg (RFC 3533), and
/// MPEG audio with or without an ID3 tag.
fn is_recorded(extension: &str, head: &[u8]) -> bool {
    let at = |from: usize, mark: &[u8]| head.get(from..).is_some_and(|rest| rest.starts_with(mark));
    match extension {
        "mp4" | "m4v" | "mov" | "m4a" => [&b"ftyp"[..], b"moov", b"mdat", b"wide", b"free"]
            .iter()
            .any(|mark| at(4, mark)),
        "webm" | "mkv" => at(0, b"\x1a\x45\xdf\xa3"),
        "avi" => at(0, b"RIFF") && at(8, b"AVI "),
        "wav" => at(0, b"RIFF") && at(8, b"WAVE"),
        "ogg" => at(0, b"OggS"),
        "mp3" => {
            at(0, b"ID3") || (at(0, b"\xff") && head.get(1).is_some_and(|byte| byte & 0xe0 == 0xe0))
        }
        _ => false,
    }
}

fn is_pdf(head: &[u8]) -> bool {
    let head = head.get(..PDF_HEADER_WITHIN).unwrap_or(head);
    head.windows(5).any(|window| window == b"%PDF-")
}

/// Text in UTF-16 says so by its mark; any other text has no zero byte and hardly a control character.
fn is_text(head: &[u8]) -> bool {
    if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
        return true;
    }
    let control = |byte: &&u8| matches!(byte, 0x01..=0x08 | 0x0e..=0x1a | 0x1c..=0x1f | 0x7f);
    !head.contains(&0)
        && !is_pdf(head)
        && !head.starts_with(b"\x7fELF")
        && head.iter().filter(control).count().saturating_mul(50) <= head.len()
}
