//! Which files are mirrored, and as what. Pure.

use super::model::{Item, NATIVE, Reason};
use crate::materials::MaterialId;

/// Extensions of videos, which nothing reads but people may want to have.
const VIDEOS: [&str; 10] = [
    "mp4", "m4v", "avi", "mov", "webm", "mkv", "flv", "wmv", "mpg", "mpeg",
];
/// As what Google's own documents are exported: the format that keeps their structure.
const EXPORTS: [(&str, &str, &str); 4] = [
    (
        "document",
        "docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    (
        "spreadsheet",
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    (
        "presentation",
        "pptx",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ),
    ("drawing", "pdf", "application/pdf"),
];
/// Extensions of files whose names have none.
const TYPES: [(&str, &str); 16] = [
    ("application/pdf", "pdf"),
    ("application/msword", "doc"),
    ("application/vnd.ms-excel", "xls"),
    (
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "docx",
    ),
    (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "xlsx",
    ),
    (
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "pptx",
    ),
    ("application/vnd.oasis.opendocument.text", "odt"),
    ("application/vnd.oasis.opendocument.spreadsheet", "ods"),
    ("text/plain", "txt"),
    ("text/markdown", "md"),
    ("text/csv", "csv"),
    ("text/tab-separated-values", "tsv"),
    ("text/html", "html"),
    ("text/vtt", "vtt"),
    ("application/x-subrip", "srt"),
    ("video/mp4", "mp4"),
];

/// Which files are mirrored, and when removals are asked about.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rules {
    /// Extensions that are taken, in lower case.
    pub(super) extensions: Vec<String>,
    /// Most bytes of a file.
    pub(super) max_bytes: u64,
    pub(super) videos: bool,
    pub(super) native: bool,
    /// More removals than this share of what is held are asked about…
    pub(super) removal_share: f64,
    /// … unless there are at most so many.
    pub(super) removal_floor: usize,
}

/// The MIME type a native document is exported as, if it can be.
pub(super) fn export_type(mime: &str) -> Option<&'static str> {
    export_of(mime).map(|(_, _, mime)| *mime)
}

fn export_of(mime: &str) -> Option<&'static (&'static str, &'static str, &'static str)> {
    let kind = mime.strip_prefix(NATIVE)?;
    EXPORTS.iter().find(|(known, _, _)| *known == kind)
}

/// Whether a file of this extension is a video: kept as it is, whatever its first bytes are.
pub(super) fn is_video(extension: &str) -> bool {
    VIDEOS.contains(&extension)
}

impl Rules {
    /// The id a file's material should have.
    ///
    /// # Errors
    /// Why it is not mirrored.
    pub(super) fn wanted(&self, folders: &[String], item: &Item) -> Result<MaterialId, Reason> {
        let name = if item.is_native() {
            if !self.native {
                return Err(Reason::NativeOff);
            }
            let (_, extension, _) = export_of(&item.mime).ok_or(Reason::NotExportable)?;
            with_extension(&item.name, extension)
        } else {
            self.with_a_taken_extension(item)?
        };
        if !item.can_download {
            return Err(Reason::NoDownload);
        }
        match item.size {
            Some(0) => return Err(Reason::Empty),
            Some(size) if size > self.max_bytes => return Err(Reason::TooLarge),
            _ => {}
        }
        // A slash is a letter like any other in Drive.
        MaterialId::made(folders, &name.replace(['/', '\\'], "_")).map_err(|_| Reason::Name)
    }

    /// The name of a file with bytes; one without an extension that is taken gets that of its type.
    fn with_a_taken_extension(&self, item: &Item) -> Result<String, Reason> {
        // Dots and spaces at the end are no part of a name in an id.
        let name = item.name.trim_end_matches(['.', ' ']);
        let own = name
            .rsplit_once('.')
            .map(|(_, extension)| extension.trim().to_lowercase())
            .unwrap_or_default();
        let takes = |extension: &str| {
            self.extensions.iter().any(|taken| taken == extension)
                || (self.videos && is_video(extension))
        };
        if takes(&own) {
            return Ok(name.to_owned());
        }
        if is_video(&own) && !self.videos {
            return Err(Reason::Video);
        }
        let of_type = TYPES
            .iter()
            .find(|(mime, _)| *mime == item.mime)
            .map(|(_, extension)| *extension);
        let is_film = item.mime.starts_with("video/");
        match of_type.filter(|extension| takes(extension)) {
            Some(extension) => Ok(with_extension(name, extension)),
            None if is_film && !self.videos => Err(Reason::Video),
            None => Err(Reason::UnsupportedType),
        }
    }
}

/// A name that ends in this extension.
fn with_extension(name: &str, extension: &str) -> String {
    let has_it = name
        .rsplit_once('.')
        .is_some_and(|(stem, own)| !stem.is_empty() && own.eq_ignore_ascii_case(extension));
    if has_it {
        return name.to_owned();
    }
    let name = name.trim_end_matches(['.', ' ']);
    let stem = if name.is_empty() { "_" } else { name };
    format!("{stem}.{extension}")
}
