//! Bytes in, [`Document`] out: text in reading order, each block with the place it stands in.
//!
//! Pure: no network, no clock, no global settings. Every reader is bounded by [`Limits`], and a file is
//! known by its content, never by its extension alone. Readers may still be killed by a hostile file; the
//! server therefore runs them in a child process.
#![cfg_attr(
    not(test),
    warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)
)]

mod builder;
mod compound;
mod delimited;
mod document;
mod encoding;
mod epub;
mod error;
mod flow;
mod grid;
mod html;
mod limits;
mod mail;
mod markdown;
mod normalize;
mod office;
mod package;
mod pdf;
mod picture;
mod plain;
mod sniff;
mod subtitles;
mod workbook;
mod xml;

pub use document::{
    Block, CellRemark, Column, Document, FileKind, Locator, Metadata, OutlineEntry, PageInfo, Role,
    RowMark, Table, Value, ValueKind, Warning,
};
pub use error::ExtractError;
pub use limits::Limits;
pub use pdf::{RecognisedPage, recognise_page};
pub use picture::{PagePicture, page_picture};

use sniff::Found;

/// Reads a whole file.
///
/// `bytes`: the file. `filename`: the name people gave it; its extension only breaks ties between types
/// that cannot be told apart by content (plain text, Markdown, delimited text).
///
/// # Errors
/// See [`ExtractError`]. A file that can be read in part is returned with warnings.
pub fn extract(bytes: &[u8], filename: &str, limits: &Limits) -> Result<Document, ExtractError> {
    if bytes.len() as u64 > limits.bytes {
        return Err(ExtractError::TooLarge {
            what: "bytes",
            limit: limits.bytes,
        });
    }
    match sniff::sniff(bytes, filename, limits)? {
        Found::Binary(kind) => match kind {
            FileKind::Pdf => pdf::read(bytes, limits),
            FileKind::Docx => office::docx::read(bytes, limits),
            FileKind::Pptx => office::pptx::read(bytes, limits),
            FileKind::Odt => office::odt::read(bytes, limits),
            FileKind::Odp => office::odp::read(bytes, limits),
            FileKind::Epub => epub::read(bytes, limits),
            FileKind::Eml => mail::read(bytes, limits),
            FileKind::Html => html::read(bytes, limits),
            _ => workbook::read(bytes, kind, limits),
        },
        Found::Text(kind, text) => match kind {
            FileKind::Csv => delimited::read(&text, &stem(filename), limits),
            FileKind::Markdown => markdown::read(&text, limits),
            FileKind::Srt | FileKind::Vtt => subtitles::read(&text, kind, limits),
            _ => plain::read(&text, limits),
        },
    }
}

/// File name without folders and extension, as the name of a delimited file's only sheet.
fn stem(filename: &str) -> String {
    let name = filename.rsplit(['/', '\\']).next().unwrap_or_default();
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    normalize::line(if stem.is_empty() { name } else { stem })
}
