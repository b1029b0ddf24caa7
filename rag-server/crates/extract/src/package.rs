//! Zip containers of office files: bounded in entries and in bytes unpacked, counted while inflating because
//! what the directory declares may be a lie.

use std::collections::HashMap;
use std::io::{Cursor, Read};

use zip::ZipArchive;
use zip::result::ZipError;

use crate::encoding;
use crate::error::ExtractError;
use crate::limits::Limits;
use crate::xml::{Node, Xml, attribute};

pub(crate) struct Package<'b> {
    archive: ZipArchive<Cursor<&'b [u8]>>,
    /// Entry by name in lower case, without a leading slash: part names are case-insensitive
    /// (ECMA-376 Part 2, 6.2.2.3).
    entries: HashMap<String, usize>,
    unpacked: u64,
    limits: &'b Limits,
}

/// A link from one part to another (ECMA-376 Part 2, 6.5).
#[derive(Debug, Clone)]
pub(crate) struct Relationship {
    pub(crate) id: String,
    /// Last segment of the type's address: `slide`, `notesSlide`, `footnotes`.
    pub(crate) kind: String,
    /// Name of the part, without a leading slash.
    pub(crate) target: String,
}

impl<'b> Package<'b> {
    pub(crate) fn open(bytes: &'b [u8], limits: &'b Limits) -> Result<Self, ExtractError> {
        check_entries(declared_entries(bytes).unwrap_or(0), limits)?;
        let archive = ZipArchive::new(Cursor::new(bytes)).map_err(zip_error)?;
        check_entries(archive.len() as u64, limits)?;
        let mut entries = HashMap::with_capacity(archive.len());
        for index in 0..archive.len() {
            if let Some(Ok(name)) = archive.name_for_index(index) {
                entries.insert(part_key(&name), index);
            }
        }
        Ok(Self {
            archive,
            entries,
            unpacked: 0,
            limits,
        })
    }

    pub(crate) fn limits(&self) -> &'b Limits {
        self.limits
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.entries.contains_key(&part_key(name))
    }

    /// Names of all parts, in lower case, sorted.
    pub(crate) fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.entries.keys().map(String::as_str).collect();
        names.sort_unstable();
        names
    }

    /// Bytes of a part; nothing when there is no such part.
    pub(crate) fn read(&mut self, name: &str) -> Result<Option<Vec<u8>>, ExtractError> {
        let mut bytes = Vec::new();
        let found = self.inflate(name, |chunk| bytes.extend_from_slice(chunk))?;
        Ok(found.then_some(bytes))
    }

    /// Text of a part, as its byte order mark or else UTF-8 says.
    pub(crate) fn text(&mut self, name: &str) -> Result<Option<String>, ExtractError> {
        Ok(self
            .read(name)?
            .map(|bytes| encoding::decode_marked(&bytes)))
    }

    /// Unpacks a part piece by piece, counting; says whether there is such a part.
    pub(crate) fn inflate(
        &mut self,
        name: &str,
        mut take: impl FnMut(&[u8]),
    ) -> Result<bool, ExtractError> {
        let Some(index) = self.entries.get(&part_key(name)) else {
            return Ok(false);
        };
        let mut entry = self.archive.by_index(*index).map_err(zip_error)?;
        let mut chunk = vec![0_u8; 1 << 16];
        loop {
            let count = entry
                .read(&mut chunk)
                .map_err(|error| ExtractError::Damaged {
                    reason: format!("zip entry {name}: {error}"),
                })?;
            if count == 0 {
                return Ok(true);
            }
            self.unpacked = self.unpacked.saturating_add(count as u64);
            if self.unpacked > self.limits.unpacked_bytes {
                return Err(ExtractError::TooLarge {
                    what: "bytes",
                    limit: self.limits.unpacked_bytes,
                });
            }
            take(chunk.get(..count).unwrap_or_default());
        }
    }

    /// Relationships of a part; `""` for those of the package itself. External targets are left out: nothing
    /// outside the file is ever read.
    pub(crate) fn relationships(&mut self, part: &str) -> Result<Vec<Relationship>, ExtractError> {
        let (folder, file) = part.rsplit_once('/').unwrap_or(("", part));
        let name = if folder.is_empty() {
            format!("_rels/{file}.rels")
        } else {
            format!("{folder}/_rels/{file}.rels")
        };
        let Some(text) = self.text(&name)? else {
            return Ok(Vec::new());
        };
        let mut found = Vec::new();
        let mut xml = Xml::new(&text, self.limits);
        while let Some(node) = xml.next()? {
            let Node::Start(element) = node else { continue };
            if element.local_name().as_ref() != "Relationship"
                || attribute(&element, "TargetMode")
                    .is_some_and(|mode| mode.eq_ignore_ascii_case("external"))
            {
                continue;
            }
            if let (Some(id), Some(kind), Some(target)) = (
                attribute(&element, "Id"),
                attribute(&element, "Type"),
                attribute(&element, "Target"),
            ) {
                found.push(Relationship {
                    id,
                    kind: kind.rsplit('/').next().unwrap_or_default().to_owned(),
                    target: resolve(folder, &target),
                });
            }
        }
        Ok(found)
    }

    /// Name of the main part, as the package's own relationships say.
    pub(crate) fn main_part(&mut self) -> Result<Option<String>, ExtractError> {
        Ok(self
            .relationships("")?
            .into_iter()
            .find(|relationship| relationship.kind == "officeDocument")
            .map(|relationship| relationship.target)
            .filter(|target| self.has(target)))
    }
}

/// A target as written in a relationship of a part in `folder`, made a part name.
pub(crate) fn resolve(folder: &str, target: &str) -> String {
    if let Some(absolute) = target.strip_prefix('/') {
        return absolute.to_owned();
    }
    let mut segments: Vec<&str> = folder
        .split('/')
        .filter(|segment| !segment.is_empty())
        .collect();
    for segment in target.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            name => segments.push(name),
        }
    }
    segments.join("/")
}

fn part_key(name: &str) -> String {
    name.trim_start_matches('/')
        .replace('\\', "/")
        .to_lowercase()
}

fn check_entries(count: u64, limits: &Limits) -> Result<(), ExtractError> {
    if count > limits.zip_entries {
        return Err(ExtractError::TooLarge {
            what: "entries",
            limit: limits.zip_entries,
        });
    }
    Ok(())
}

/// Entries the end record declares (APPNOTE.TXT 4.3.14 and 4.3.16), so that a directory of millions is
/// refused before it is loaded.
fn declared_entries(bytes: &[u8]) -> Option<u64> {
    const END: &[u8] = b"PK\x05\x06";
    const END_64: &[u8] = b"PK\x06\x06";
    /// 22 bytes of record and at most 65,535 of comment, and before them the 64-bit record and its locator.
    const TAIL: usize = 65_535 + 22 + 20 + 56;
    let tail = bytes.get(bytes.len().saturating_sub(TAIL)..)?;
    let end = tail.windows(4).rposition(|window| window == END)?;
    let short = tail.get(end.checked_add(10)?..end.checked_add(12)?)?;
    let count = u16::from_le_bytes(short.try_into().ok()?);
    if count != u16::MAX {
        return Some(u64::from(count));
    }
    let end_64 = tail.windows(4).rposition(|window| window == END_64)?;
    let long = tail.get(end_64.checked_add(32)?..end_64.checked_add(40)?)?;
    Some(u64::from_le_bytes(long.try_into().ok()?))
}

fn zip_error(error: ZipError) -> ExtractError {
    match error {
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) | ZipError::InvalidPassword => {
            ExtractError::Encrypted
        }
        other => ExtractError::Damaged {
            reason: format!("zip: {other}"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::{part_key, resolve};

    #[test]
    fn targets_are_resolved_against_the_folder_of_the_part() {
        assert_eq!(
            resolve("ppt/slides", "../notesSlides/n1.xml"),
            "ppt/notesSlides/n1.xml"
        );
        assert_eq!(
            resolve("ppt", "/ppt/slides/slide1.xml"),
            "ppt/slides/slide1.xml"
        );
        assert_eq!(resolve("", "word/./document.xml"), "word/document.xml");
        assert_eq!(resolve("a", "../../../b"), "b");
        assert_eq!(part_key("/Word\\Document.xml"), "word/document.xml");
    }
}
