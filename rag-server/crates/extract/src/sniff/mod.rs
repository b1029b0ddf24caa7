//! What a file really is. Its content decides; the extension only breaks ties between kinds of text.

mod text;

use crate::compound::{self, Compound};
use crate::document::FileKind;
use crate::encoding;
use crate::error::ExtractError;
use crate::limits::Limits;
use crate::package::Package;

/// A file whose kind is known.
#[derive(Debug, PartialEq)]
pub(crate) enum Found {
    /// Read from its bytes.
    Binary(FileKind),
    /// Read from its text, decoded already.
    Text(FileKind, String),
}

/// Where readers look for the header of a PDF (ISO 32000-2, annex I, note to 7.5.2).
const PDF_HEADER_WITHIN: usize = 1024;

/// # Errors
/// `Empty`, `Encrypted`, `UnknownType`, or what is wrong with the container that would have to be looked into.
pub(crate) fn sniff(bytes: &[u8], filename: &str, limits: &Limits) -> Result<Found, ExtractError> {
    if bytes.is_empty() {
        return Err(ExtractError::Empty);
    }
    if is_pdf(bytes) {
        return Ok(Found::Binary(FileKind::Pdf));
    }
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        return package_kind(&mut Package::open(bytes, limits)?).map(Found::Binary);
    }
    if bytes.starts_with(compound::SIGNATURE) {
        return compound_kind(bytes).map(Found::Binary);
    }
    // Formats with a reader of their own elsewhere whose source happens to be text.
    let foreign = [
        "application/rtf",
        "application/postscript",
        "application/pgp",
        "application/vnd.ms-outlook",
    ];
    if let Some(kind) = infer::get(bytes)
        && foreign.contains(&kind.mime_type())
    {
        return Err(ExtractError::UnknownType);
    }
    let decoded = encoding::decode(bytes);
    if !text::is_text(&decoded) {
        tracing::debug!(kind = ?infer::get(bytes).map(|kind| kind.mime_type()), "binary file of no supported type");
        return Err(ExtractError::UnknownType);
    }
    match text::kind(&decoded, extension(filename).as_deref())? {
        // Pages and messages name their own encoding.
        kind @ (FileKind::Html | FileKind::Eml) => Ok(Found::Binary(kind)),
        kind => Ok(Found::Text(kind, decoded)),
    }
}

/// Extension of a file name in lower case.
fn extension(filename: &str) -> Option<String> {
    let name = filename.rsplit(['/', '\\']).next().unwrap_or_default();
    name.rsplit_once('.')
        .map(|(_, extension)| extension.to_lowercase())
}

/// A header at the very beginning, or after a little junk in a file that ends as a PDF does.
fn is_pdf(bytes: &[u8]) -> bool {
    const HEADER: &[u8] = b"%PDF-";
    let head = bytes
        .get(..bytes.len().min(PDF_HEADER_WITHIN))
        .unwrap_or_default();
    let blank = head
        .iter()
        .take_while(|byte| byte.is_ascii_whitespace() || matches!(byte, 0xef | 0xbb | 0xbf))
        .count();
    if head
        .get(blank..)
        .is_some_and(|rest| rest.starts_with(HEADER))
    {
        return true;
    }
    let has = |part: &[u8], wanted: &[u8]| memchr::memmem::find(part, wanted).is_some();
    let tail = bytes
        .get(bytes.len().saturating_sub(2048)..)
        .unwrap_or_default();
    has(head, HEADER) && (has(tail, b"%%EOF") || has(tail, b"startxref")) && has(bytes, b" obj")
}

/// Kinds by the content type of the main part (ECMA-376 Part 2, 7.2) or the `mimetype` entry (ODF 1.3 part 2, 3.3).
fn package_kind(package: &mut Package<'_>) -> Result<FileKind, ExtractError> {
    if let Some(mimetype) = package.text("mimetype")? {
        if mimetype.trim() == "application/epub+zip" {
            return Ok(FileKind::Epub);
        }
        return match mimetype
            .trim()
            .strip_prefix("application/vnd.oasis.opendocument.")
        {
            Some("spreadsheet" | "spreadsheet-template") => Ok(FileKind::Ods),
            Some("presentation" | "presentation-template") => Ok(FileKind::Odp),
            Some("text" | "text-template" | "text-master" | "text-web") => Ok(FileKind::Odt),
            _ => Err(ExtractError::UnknownType),
        };
    }
    let main = [
        ("ms-excel.sheet.binary.macroenabled.main", FileKind::Xlsb),
        ("spreadsheetml.sheet.main+xml", FileKind::Xlsx),
        ("spreadsheetml.template.main+xml", FileKind::Xlsx),
        ("ms-excel.sheet.macroenabled.main+xml", FileKind::Xlsx),
        ("ms-excel.template.macroenabled.main+xml", FileKind::Xlsx),
        ("wordprocessingml.document.main+xml", FileKind::Docx),
        ("wordprocessingml.template.main+xml", FileKind::Docx),
        ("ms-word.document.macroenabled.main+xml", FileKind::Docx),
        (
            "ms-word.template.macroenabledtemplate.main+xml",
            FileKind::Docx,
        ),
        ("presentationml.presentation.main+xml", FileKind::Pptx),
        ("presentationml.slideshow.main+xml", FileKind::Pptx),
        ("presentationml.template.main+xml", FileKind::Pptx),
        (
            "ms-powerpoint.presentation.macroenabled.main+xml",
            FileKind::Pptx,
        ),
        (
            "ms-powerpoint.slideshow.macroenabled.main+xml",
            FileKind::Pptx,
        ),
    ];
    // An embedded document's type may be listed too; the main part is told by its name.
    let types = package
        .text("[Content_Types].xml")?
        .unwrap_or_default()
        .to_lowercase();
    let by_type = main
        .iter()
        .filter(|(name, _)| types.contains(name))
        .map(|(_, kind)| *kind);
    let by_part = |kind: FileKind| {
        let parts: &[&str] = match kind {
            FileKind::Xlsb => &["xl/workbook.bin"],
            FileKind::Xlsx => &["xl/workbook.xml"],
            FileKind::Docx => &["word/document.xml"],
            _ => &["ppt/presentation.xml"],
        };
        parts.iter().any(|part| package.has(part))
    };
    let candidates: Vec<FileKind> = by_type.collect();
    let kinds = [
        FileKind::Xlsb,
        FileKind::Xlsx,
        FileKind::Docx,
        FileKind::Pptx,
    ];
    candidates
        .iter()
        .copied()
        .find(|kind| by_part(*kind))
        .or_else(|| candidates.first().copied())
        .or_else(|| kinds.into_iter().find(|kind| by_part(*kind)))
        .or_else(|| {
            package
                .has("content.xml")
                .then_some(FileKind::Odt)
                .filter(|_| package.has("META-INF/manifest.xml"))
        })
        .ok_or(ExtractError::UnknownType)
}

fn compound_kind(bytes: &[u8]) -> Result<FileKind, ExtractError> {
    let compound = Compound::open(bytes)?;
    if compound.has("EncryptedPackage") {
        return Err(ExtractError::Encrypted);
    }
    if compound.has("Workbook") || compound.has("Book") {
        return Ok(FileKind::Xls);
    }
    Err(ExtractError::UnknownType)
}
