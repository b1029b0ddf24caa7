//! Names of files, from wherever they come, made into ids.

use std::future::{Ready, ready};

use actix_web::FromRequest;
use actix_web::HttpRequest;
use actix_web::dev::Payload;
use shared::problem::ApiError;
use unicode_normalization::UnicodeNormalization as _;

use super::MaterialError;

/// Most bytes of a segment: what file systems allow, so that a package of all materials can be unpacked anywhere.
const MAX_SEGMENT: usize = 255;
/// Most bytes of an id: what the rag-server takes as a name.
const MAX_ID: usize = 1000;
/// Most folders above a file.
const MAX_DEPTH: usize = 20;
/// Most bytes of an extension that counts as one.
const MAX_EXTENSION: usize = 16;
/// First segments that are routes (`/materials/upload`).
const RESERVED: [&str; 6] = [
    "browse",
    "archive",
    "upload",
    "upload-archive",
    "dl",
    "list",
];
/// Names that Windows gives to devices.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];

/// The public id of a material: its path, such as `modulo-1/aula-03.pdf`. Never empty; without `#`, `?`, `%`, control
/// characters, and empty or `..` segments; the last segment has an extension.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct MaterialId(String);

impl MaterialId {
    /// The id that a file of this name gets in these folders. Only the last part of `name` counts, whatever separators
    /// it has; what may not stand in an id is replaced.
    ///
    /// # Errors
    /// [`MaterialError::Field`] when nothing is left of a name, or it lies too deep.
    pub(crate) fn made(folders: &[String], name: &str) -> Result<Self, MaterialError> {
        const UNNAMED: MaterialError = MaterialError::Field {
            pointer: "/file",
            detail: "O arquivo precisa de um nome com extensão.",
        };
        let base = name.rsplit(['/', '\\']).next().unwrap_or_default();
        let file = segment(base).ok_or(UNNAMED)?;
        if split_extension(&file).is_none() {
            return Err(UNNAMED);
        }
        let mut parts: Vec<String> = folders
            .iter()
            .filter_map(|folder| segment(folder))
            .collect();
        if let Some(first) = parts.first_mut()
            && RESERVED.contains(&first.to_lowercase().as_str())
        {
            first.push('_');
        }
        parts.push(file);
        let id = parts.join("/");
        if id.len() > MAX_ID || parts.len() > MAX_DEPTH {
            return Err(MaterialError::Field {
                pointer: "/file",
                detail: "O caminho do arquivo é longo ou profundo demais.",
            });
        }
        Ok(Self(id))
    }

    /// An id as a client sends it: exactly what [`made`](Self::made) can make, else there is no such material.
    ///
    /// # Errors
    /// [`MaterialError::NotFound`].
    pub(crate) fn parse(text: &str) -> Result<Self, MaterialError> {
        let fits = !text.is_empty() && text.len() <= MAX_ID && !text.chars().any(char::is_control);
        fits.then(|| Self(text.to_owned()))
            .ok_or(MaterialError::NotFound)
    }

    /// From a part of a path, decoded once: ids may hold slashes, and routers decode some characters and not others.
    fn from_path(part: Option<&str>) -> Result<Self, ApiError> {
        let text = part
            .and_then(|part| {
                percent_encoding::percent_decode_str(part)
                    .decode_utf8()
                    .ok()
            })
            .ok_or(MaterialError::NotFound)?;
        Ok(Self::parse(&text)?)
    }

    /// The next name to try when this one is taken: `aula.pdf`, `aula_1.pdf`, `aula_2.pdf`…
    pub(crate) fn numbered(&self, number: usize) -> Self {
        if number == 0 {
            return self.clone();
        }
        let suffix = format!("_{number}");
        let (folders, file) = self
            .0
            .rsplit_once('/')
            .map_or((None, self.0.as_str()), |(folders, file)| {
                (Some(folders), file)
            });
        let (stem, extension) = split_extension(file).unwrap_or((file, ""));
        let room = MAX_SEGMENT
            .saturating_sub(extension.len())
            .saturating_sub(suffix.len())
            .saturating_sub(1);
        let file = format!("{}{suffix}.{extension}", cut(stem, room));
        Self(match folders {
            Some(folders) => format!("{folders}/{file}"),
            None => file,
        })
    }

    /// As text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The last segment.
    pub(crate) fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// Extension in lower case.
    pub(crate) fn extension(&self) -> String {
        split_extension(self.file_name())
            .map(|(_, extension)| extension.to_lowercase())
            .unwrap_or_default()
    }

    /// `aula-03_hipertrofia.pdf` reads `Aula 03 hipertrofia`.
    pub(crate) fn title(&self) -> String {
        let file = self.file_name();
        let stem = split_extension(file).map_or(file, |(stem, _)| stem);
        let spaced = stem.replace(['_', '-'], " ");
        let title = spaced.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut letters = title.chars();
        letters.next().map_or_else(
            || file.to_owned(),
            |first| first.to_uppercase().chain(letters).collect(),
        )
    }
}

/// The id in `dl/<signature>/<id>`.
#[derive(Debug)]
pub(crate) struct LinkedId(pub MaterialId);

/// The id in `/video/analyze/<id>`.
#[derive(Debug)]
pub(crate) struct AnalysedId(pub MaterialId);

/// The id in `<id>/metadata` and `<id>/events`.
#[derive(Debug)]
pub(crate) struct IdBefore(pub MaterialId);

/// The id in `<id>/pages/<page>.png`, and `<page>.png`.
#[derive(Debug)]
pub(crate) struct IdOfPage {
    pub(crate) material: MaterialId,
    pub(crate) page: String,
}

impl FromRequest for MaterialId {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::from_path(below(request, "/materials/")))
    }
}

impl FromRequest for LinkedId {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = below(request, "/materials/")
            .and_then(|rest| rest.strip_prefix("dl/")?.split_once('/'))
            .map(|(_, id)| id);
        ready(MaterialId::from_path(id).map(Self))
    }
}

impl FromRequest for IdBefore {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = below(request, "/materials/").and_then(|rest| rest.rsplit_once('/'));
        ready(MaterialId::from_path(id.map(|(id, _)| id)).map(Self))
    }
}

impl FromRequest for IdOfPage {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let parts = below(request, "/materials/").and_then(|rest| rest.rsplit_once("/pages/"));
        let page = parts.map(|(_, page)| page.to_owned()).unwrap_or_default();
        let material = MaterialId::from_path(parts.map(|(id, _)| id));
        ready(material.map(|material| Self { material, page }))
    }
}

impl FromRequest for AnalysedId {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(MaterialId::from_path(below(request, "/video/analyze/")).map(Self))
    }
}

/// What stands below a folder, such as `/materials/`, in the path of a request.
fn below<'a>(request: &'a HttpRequest, folder: &str) -> Option<&'a str> {
    let path = request.uri().path();
    path.strip_prefix("/api")
        .unwrap_or(path)
        .strip_prefix(folder)
}

/// The folders of a path that somebody wrote, `\` being a separator too; `None` when it leads out of where it is put:
/// absolute, with a drive, or with `..`.
pub(super) fn segments(path: &str) -> Option<Vec<&str>> {
    let is_absolute = path.starts_with(['/', '\\']);
    let has_drive = path.as_bytes().get(1) == Some(&b':')
        && path
            .bytes()
            .next()
            .is_some_and(|byte| byte.is_ascii_alphabetic());
    if is_absolute || has_drive || path.contains('\0') {
        return None;
    }
    let parts: Vec<&str> = path
        .split(['/', '\\'])
        .filter(|part| !part.is_empty() && *part != ".")
        .collect();
    (!parts.contains(&"..")).then_some(parts)
}

/// One segment of an id; `None` when nothing is left of it.
fn segment(text: &str) -> Option<String> {
    let clean: String = text
        .nfc()
        .filter(|letter| !is_invisible(*letter))
        .map(|letter| match letter {
            '#' | '?' | '%' | '/' | '\\' | ':' | '*' | '"' | '<' | '>' | '|' => '_',
            letter if letter.is_whitespace() => ' ',
            letter => letter,
        })
        .collect();
    // Windows drops dots and spaces at the end; dots at the beginning hide a file.
    let mut clean = clean
        .trim_start_matches(['.', ' '])
        .trim_end_matches(['.', ' '])
        .to_owned();
    let stem = clean
        .split('.')
        .next()
        .unwrap_or_default()
        .trim_end()
        .to_lowercase();
    let is_port = ["com", "lpt"].iter().any(|port| {
        stem.strip_prefix(port).is_some_and(|rest| {
            rest.len() == 1 && rest != "0" && rest.bytes().all(|byte| byte.is_ascii_digit())
        })
    });
    if is_port || DEVICES.contains(&stem.as_str()) {
        clean.insert(0, '_');
    }
    if clean.len() > MAX_SEGMENT {
        clean = match split_extension(&clean) {
            Some((stem, extension)) => {
                let room = MAX_SEGMENT
                    .saturating_sub(extension.len())
                    .saturating_sub(1);
                format!("{}.{extension}", cut(stem, room))
            }
            None => cut(&clean, MAX_SEGMENT).to_owned(),
        };
    }
    (!clean.is_empty()).then_some(clean)
}

/// Control characters, and those that turn the direction of writing or mark a byte order: names that look like others.
fn is_invisible(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2028}' | '\u{2029}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Stem and extension of a file name that has both.
fn split_extension(file: &str) -> Option<(&str, &str)> {
    let (stem, extension) = file.rsplit_once('.')?;
    let is_extension = (1..=MAX_EXTENSION).contains(&extension.len())
        && extension.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (is_extension && !stem.is_empty()).then_some((stem, extension))
}

/// At most so many bytes of a text, without half a character, a space or a joiner at the end.
fn cut(text: &str, most: usize) -> &str {
    text.get(..text.floor_char_boundary(most))
        .unwrap_or_default()
        .trim_end_matches([' ', '.', '\u{200d}'])
}
