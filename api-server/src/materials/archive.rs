//! Archives taken apart safely, and made on the fly.
//!
//! Nothing in an archive ever becomes a path: each file goes to the incoming folder under a name of our own. An archive
//! that leads outside, holds links, has too many entries or grows out of proportion is refused as a whole, before
//! anything of it is kept. Entry names are UTF-8, or what DOS in Brazil wrote (code page 850).

use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _, SeekFrom};

use flate2::read::MultiGzDecoder;
use shared::files::{FileError, Files, Received};
use shared::telemetry::spawn_blocking_in_span;
use tar::EntryType;
use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

use super::error::ArchiveFault;
use super::service::{Skipped, head_of};
use super::{MaterialError, MaterialSettings, id};

/// Unpacked bytes for each packed one; office files and texts stay below 20, bombs begin at 1000.
const MAX_RATIO: u64 = 200;
/// Below so many unpacked bytes the proportion does not matter.
const SMALL: u64 = 16 * 1024 * 1024;
/// Most bytes of a name that stands in an entry of its own.
const MAX_NAME: u64 = 8 * 1024;
/// How far from its end the directory of a zip is looked for: the longest comment and the records before it.
const ZIP_TAIL: u64 = 66 * 1024;
/// Most entries told as left out.
const MAX_TOLD: usize = 200;

/// A file of an archive, in the incoming folder.
pub(super) struct UnpackedFile {
    pub(super) received: Received,
    pub(super) folders: Vec<String>,
    pub(super) name: String,
    pub(super) head: Vec<u8>,
    /// Its name as the archive has it, for people.
    pub(super) shown: String,
}

/// What was in an archive.
#[derive(Default)]
pub(super) struct Unpacked {
    pub(super) files: Vec<UnpackedFile>,
    pub(super) skipped: Vec<Skipped>,
}

/// Takes an archive apart, on a thread of its own.
pub(super) async fn unpack(
    archive: Received,
    files: &Files,
    settings: &MaterialSettings,
) -> Result<Unpacked, MaterialError> {
    let (files, settings) = (files.clone(), settings.clone());
    let unpacked = spawn_blocking_in_span(move || {
        let mut unpacking = Unpacking {
            files,
            entries_left: settings.archive_entries,
            bytes_left: settings
                .archive_unpacked
                .min(archive.size.saturating_mul(MAX_RATIO).max(SMALL)),
            found: Unpacked::default(),
            settings,
        };
        let mut file = File::open(archive.path())?;
        let mut start = [0; 4];
        let read = file.read(&mut start)?;
        file.seek(SeekFrom::Start(0))?;
        match start.get(..read).unwrap_or_default() {
            [0x1f, 0x8b, ..] => unpacking.tar(file)?,
            [b'P', b'K', 3, 4] | [b'P', b'K', 5, 6] => unpacking.zip(file, archive.size)?,
            _ => return Err(MaterialError::Archive(ArchiveFault::Unknown)),
        }
        Ok(unpacking.found)
    });
    unpacked.await.map_err(io::Error::other)?
}

struct Unpacking {
    files: Files,
    settings: MaterialSettings,
    entries_left: usize,
    bytes_left: u64,
    found: Unpacked,
}

impl Unpacking {
    fn zip(&mut self, mut file: File, size: u64) -> Result<(), MaterialError> {
        // Before the directory is read into memory.
        if claimed_entries(&mut file, size)? > self.settings.archive_entries as u64 {
            return Err(self.too_many());
        }
        let mut archive = ZipArchive::new(BufReader::new(file)).map_err(from_zip)?;
        for index in 0..archive.len() {
            self.count()?;
            let (name, can_be_read) = {
                let entry = archive.by_index_raw(index).map_err(from_zip)?;
                let is_plain = matches!(
                    entry.compression(),
                    CompressionMethod::Stored | CompressionMethod::Deflated
                );
                (decode(entry.name_raw()), is_plain && !entry.encrypted())
            };
            if !can_be_read {
                self.skip(
                    name,
                    "está protegido por senha ou usa uma compressão não aceita.",
                );
                continue;
            }
            let mut entry = archive.by_index(index).map_err(from_zip)?;
            // Unix file types in the upper half of the attributes (Info-ZIP): only plain files and folders.
            let kind = entry.unix_mode().unwrap_or(0) & 0o170_000;
            if entry.is_symlink() || !matches!(kind, 0 | 0o100_000 | 0o040_000) {
                return Err(MaterialError::Archive(ArchiveFault::NoFile));
            }
            let parts = inside(&name)?;
            if !entry.is_dir() {
                self.file(parts, name.clone(), &mut entry)?;
            }
        }
        Ok(())
    }

    fn tar(&mut self, file: File) -> Result<(), MaterialError> {
        // Headers count too: a long tail of empty entries is a bomb as well.
        let limit = self.bytes_left.saturating_add(SMALL);
        let reader = Capped {
            inner: MultiGzDecoder::new(BufReader::new(file)),
            left: limit,
        };
        let mut archive = tar::Archive::new(reader);
        // Raw: the library would read names of any length into memory.
        let entries = archive
            .entries()
            .map_err(|error| from_tar(&error))?
            .raw(true);
        let mut long_name: Option<String> = None;
        for entry in entries {
            let mut entry = entry.map_err(|error| from_tar(&error))?;
            self.count()?;
            match entry.header().entry_type() {
                EntryType::GNULongName => {
                    let bytes = short(&mut entry)?;
                    let end = bytes
                        .iter()
                        .position(|byte| *byte == 0)
                        .unwrap_or(bytes.len());
                    long_name = bytes.get(..end).map(decode);
                }
                EntryType::XHeader => {
                    let bytes = short(&mut entry)?;
                    let extensions = tar::PaxExtensions::new(&bytes);
                    for extension in extensions.flatten() {
                        match extension.key_bytes() {
                            b"path" => long_name = Some(decode(extension.value_bytes())),
                            // A size that differs from the header's: files of more than 8 GiB, or a trick.
                            b"size" => return Err(MaterialError::Archive(ArchiveFault::Bomb)),
                            _ => {}
                        }
                    }
                }
                EntryType::XGlobalHeader => {}
                EntryType::Directory => {
                    let name = long_name
                        .take()
                        .unwrap_or_else(|| decode(entry.path_bytes()));
                    inside(&name)?;
                }
                EntryType::Regular | EntryType::Continuous => {
                    let name = long_name
                        .take()
                        .unwrap_or_else(|| decode(entry.path_bytes()));
                    let parts = inside(&name)?;
                    self.file(parts, name.clone(), &mut entry)?;
                }
                _ => return Err(MaterialError::Archive(ArchiveFault::NoFile)),
            }
        }
        Ok(())
    }

    fn file(
        &mut self,
        mut parts: Vec<String>,
        shown: String,
        entry: &mut dyn Read,
    ) -> Result<(), MaterialError> {
        let Some(name) = parts.pop() else {
            return Ok(());
        };
        // What Macs and Windows leave beside files is nobody's material.
        let is_junk = parts.iter().any(|part| part == "__MACOSX")
            || name.starts_with("._")
            || matches!(name.as_str(), ".DS_Store" | "Thumbs.db" | "desktop.ini");
        if is_junk {
            return Ok(());
        }
        // A name that is not taken need not be unpacked; in a tar it is passed over.
        let extension = name
            .rsplit_once('.')
            .map(|(_, extension)| extension.to_lowercase())
            .unwrap_or_default();
        if !self.settings.extensions.contains(&extension) {
            self.skip(shown, "este tipo de arquivo não é aceito.");
            return Ok(());
        }
        let mut capped = Capped {
            inner: entry,
            left: self.bytes_left,
        };
        let received = match self.files.receive_blocking(&mut capped) {
            Ok(received) => received,
            Err(FileError::TooLarge { limit }) => {
                let limit = super::error::size_in_words(limit);
                self.skip(shown, &format!("passa do limite de {limit}."));
                // What was read of it counts, and the rest of it is never read.
                self.bytes_left = capped.left;
                return Ok(());
            }
            Err(FileError::Io(error)) => return Err(from_tar(&error)),
            Err(error @ FileError::CutOff) => return Err(error.into()),
        };
        self.bytes_left = capped.left;
        let head = head_of(received.path())?;
        self.found.files.push(UnpackedFile {
            received,
            folders: parts,
            name,
            head,
            shown,
        });
        Ok(())
    }

    fn count(&mut self) -> Result<(), MaterialError> {
        self.entries_left = self
            .entries_left
            .checked_sub(1)
            .ok_or_else(|| self.too_many())?;
        Ok(())
    }

    fn too_many(&self) -> MaterialError {
        MaterialError::Archive(ArchiveFault::TooMany {
            limit: self.settings.archive_entries,
        })
    }

    fn skip(&mut self, name: String, reason: &str) {
        if self.found.skipped.len() < MAX_TOLD {
            self.found.skipped.push(Skipped {
                name,
                reason: reason.to_owned(),
            });
        }
    }
}

/// A reader that gives so many bytes and then fails: what unpacks to more is refused.
struct Capped<R> {
    inner: R,
    left: u64,
}

/// The fault of [`Capped`].
#[derive(Debug, thiserror::Error)]
#[error("unpacks to more than allowed")]
struct Exceeded;

impl<R: Read> Read for Capped<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = self
            .left
            .checked_sub(read as u64)
            .ok_or_else(|| io::Error::other(Exceeded))?;
        Ok(read)
    }
}

/// The segments of an entry's name, if it stays inside.
fn inside(name: &str) -> Result<Vec<String>, MaterialError> {
    let parts = id::segments(name).ok_or(MaterialError::Archive(ArchiveFault::Outside))?;
    Ok(parts.into_iter().map(str::to_owned).collect())
}

/// An entry that holds a name.
fn short(entry: &mut impl Read) -> Result<Vec<u8>, MaterialError> {
    let mut bytes = Vec::new();
    entry
        .take(MAX_NAME.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| from_tar(&error))?;
    if bytes.len() as u64 > MAX_NAME {
        return Err(MaterialError::Archive(ArchiveFault::Damaged));
    }
    Ok(bytes)
}

/// The largest number of entries that any end record of a zip claims (APPNOTE 4.3.14 and 4.3.16).
fn claimed_entries(file: &mut File, size: u64) -> io::Result<u64> {
    const END: &[u8] = b"PK\x05\x06";
    const END_64: &[u8] = b"PK\x06\x06";
    file.seek(SeekFrom::Start(size.saturating_sub(ZIP_TAIL)))?;
    let mut tail = Vec::new();
    file.take(ZIP_TAIL).read_to_end(&mut tail)?;
    file.seek(SeekFrom::Start(0))?;
    let claims = tail.windows(4).enumerate().filter_map(|(at, window)| {
        let record = tail.get(at..)?;
        if window == END {
            let count = record.get(10..12)?.first_chunk::<2>()?;
            // All ones: the number stands in the other record.
            Some(u64::from(u16::from_le_bytes(*count))).filter(|count| *count != 0xffff)
        } else if window == END_64 {
            Some(u64::from_le_bytes(*record.get(32..40)?.first_chunk::<8>()?))
        } else {
            None
        }
    });
    Ok(claims.max().unwrap_or(0))
}

fn from_zip(error: ZipError) -> MaterialError {
    match error {
        ZipError::Io(error) => from_tar(&error),
        _ => MaterialError::Archive(ArchiveFault::Damaged),
    }
}

/// Faults of reading are the archive's, unless the disk is full.
fn from_tar(error: &io::Error) -> MaterialError {
    if is_exceeded(error) {
        MaterialError::Archive(ArchiveFault::Bomb)
    } else if error.kind() == io::ErrorKind::StorageFull {
        MaterialError::StorageFull
    } else {
        MaterialError::Archive(ArchiveFault::Damaged)
    }
}

/// The library wraps faults of its reader in its own.
fn is_exceeded(error: &io::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<Exceeded>() {
            return true;
        }
        cause = error
            .downcast_ref::<io::Error>()
            .and_then(|error| {
                error
                    .get_ref()
                    .map(|inner| inner as &(dyn std::error::Error + 'static))
            })
            .or_else(|| error.source());
    }
    false
}

/// Upper half of code page 850, in which DOS and old Windows programs in Brazil wrote names (Unicode's `CP850.TXT`).
const CP850: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{ad}±‗¾¶§÷¸°¨·¹³²■\u{a0}";

/// A name: UTF-8 whatever the archive says of it, else code page 850.
pub(super) fn decode(bytes: impl AsRef<[u8]>) -> String {
    let bytes = bytes.as_ref();
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.to_owned();
    }
    bytes
        .iter()
        .map(|byte| match byte.checked_sub(0x80) {
            None => char::from(*byte),
            Some(upper) => CP850
                .chars()
                .nth(usize::from(upper))
                .unwrap_or(char::REPLACEMENT_CHARACTER),
        })
        .collect()
}
