//! Taking an archive apart, entry by entry. It comes from outside: only the names that archives of ours have are read, every
//! size is capped, and nothing is written but files under the hash of their content.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _};

use flate2::read::GzDecoder;
use shared::files::{Files, Received};

use super::ArchiveError;
use super::entry::{ENTRY_MAX, FORMAT, HEAD, Head, MANIFEST, Manifest, VERSION};

/// Entries at most: a few for every material that a store can hold.
const ENTRIES_MAX: usize = 5_000_000;

/// An archive that is whole: every entry has the hash that the manifest names.
#[derive(Debug)]
pub(super) struct Unpacked {
    pub(super) manifest: Manifest,
    /// Files that wait for their place, by hash.
    pub(super) files: BTreeMap<String, Received>,
    /// Where JSON entries are kept meanwhile, by name.
    entries: BTreeMap<String, (u64, u64)>,
    spool: File,
}

impl Unpacked {
    /// Names of materials' entries, in order.
    pub(super) fn materials(&self) -> Vec<String> {
        let names = self.entries.keys();
        let names = names.filter(|name| name.starts_with("materials/"));
        names.cloned().collect()
    }

    /// Bytes of an entry. Blocks.
    pub(super) fn entry(&mut self, name: &str) -> io::Result<Option<Vec<u8>>> {
        let Some(&(start, length)) = self.entries.get(name) else {
            return Ok(None);
        };
        self.spool.seek(io::SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        (&self.spool).take(length).read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }
}

/// Takes an archive apart and checks that it is whole. Blocks.
pub(super) fn unpack(
    archive: File,
    files: &Files,
    max_bytes: u64,
) -> Result<Unpacked, ArchiveError> {
    let mut sorting = Sorting {
        files,
        left: max_bytes,
        head: false,
        manifest: None,
        unpacked: Unpacked {
            manifest: Manifest::default(),
            files: BTreeMap::new(),
            entries: BTreeMap::new(),
            spool: tempfile::tempfile()?,
        },
        hashes: BTreeMap::new(),
        end: 0,
    };
    let mut archive = BufReader::new(archive);
    let mut begin = [0; 4];
    let is_zip = archive.read_exact(&mut begin).is_ok() && begin == *b"PK\x03\x04";
    archive.rewind()?;
    if is_zip {
        let mut zip = zip::ZipArchive::new(archive)
            .map_err(|error| ArchiveError::Foreign(error.to_string()))?;
        for position in 0..zip.len().min(ENTRIES_MAX) {
            let mut entry = zip
                .by_index(position)
                .map_err(|error| ArchiveError::Damaged(error.to_string()))?;
            if entry.is_file() {
                let name = entry
                    .name()
                    .map_err(|error| ArchiveError::Damaged(error.to_string()))?
                    .into_owned();
                sorting.take(&name, &mut entry)?;
            }
        }
    } else {
        let mut tar = tar::Archive::new(GzDecoder::new(archive));
        let entries = tar.entries().map_err(not_a_tar)?;
        for entry in entries.take(ENTRIES_MAX) {
            let mut entry = entry.map_err(|error| sorting.broken(error))?;
            if entry.header().entry_type().is_file() {
                let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
                sorting.take(&name, &mut entry)?;
            }
        }
    }
    sorting.finish()
}

fn not_a_tar(error: io::Error) -> ArchiveError {
    ArchiveError::Foreign(error.to_string())
}

struct Sorting<'a> {
    files: &'a Files,
    /// Bytes that may still come.
    left: u64,
    head: bool,
    manifest: Option<Manifest>,
    unpacked: Unpacked,
    hashes: BTreeMap<String, String>,
    /// Length of the spool.
    end: u64,
}

impl Sorting<'_> {
    fn take(&mut self, name: &str, from: &mut dyn Read) -> Result<(), ArchiveError> {
        if name.ends_with("chroma.sqlite3") {
            return Err(ArchiveError::Earlier);
        }
        // What was packed as a folder has the folder's name before it.
        let parts: Vec<&str> = name.split('/').filter(|part| *part != ".").collect();
        let named: &[&str] = match parts.as_slice() {
            [_, HEAD | MANIFEST] => &parts[1..],
            [_, "materials" | "tables" | "files", _] => &parts[1..],
            all => all,
        };
        match named {
            [HEAD] => {
                let head: Head = self.json(from)?;
                if (head.format.as_str(), head.version) != (FORMAT, VERSION) {
                    let (format, version) = (head.format, head.version);
                    return Err(ArchiveError::Foreign(format!("{format} {version}")));
                }
                self.head = true;
            }
            [MANIFEST] => self.manifest = Some(self.json(from)?),
            ["files", hash] if is_hash(hash) => {
                let mut capped = from.take(self.left.saturating_add(1));
                let received = self.files.receive_blocking(&mut capped)?;
                self.spend(received.size)?;
                if received.hash != *hash {
                    return Err(ArchiveError::Damaged((*hash).to_owned()));
                }
                self.unpacked.files.insert((*hash).to_owned(), received);
            }
            [folder @ ("materials" | "tables"), file] if is_numbered(folder, file) => {
                let bytes = self.read(from)?;
                let name = format!("{folder}/{file}");
                let hash = blake3::hash(&bytes).to_hex().to_string();
                self.hashes.insert(name.clone(), hash);
                io::Write::write_all(&mut &self.unpacked.spool, &bytes)?;
                let length = bytes.len() as u64;
                self.unpacked.entries.insert(name, (self.end, length));
                self.end += length;
            }
            _ if !self.head => return Err(ArchiveError::Foreign("begins otherwise".to_owned())),
            _ => return Err(ArchiveError::Foreign("holds something else".to_owned())),
        }
        Ok(())
    }

    fn json<T: serde::de::DeserializeOwned>(
        &mut self,
        from: &mut dyn Read,
    ) -> Result<T, ArchiveError> {
        let bytes = self.read(from)?;
        serde_json::from_slice(&bytes).map_err(|error| ArchiveError::Foreign(error.to_string()))
    }

    fn read(&mut self, from: &mut dyn Read) -> Result<Vec<u8>, ArchiveError> {
        let limit = ENTRY_MAX.min(self.left);
        let mut bytes = Vec::new();
        from.take(limit.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|error| self.broken(error))?;
        self.spend(bytes.len() as u64)?;
        if bytes.len() as u64 > limit {
            return Err(ArchiveError::TooLarge);
        }
        Ok(bytes)
    }

    fn spend(&mut self, bytes: u64) -> Result<(), ArchiveError> {
        self.left = self.left.checked_sub(bytes).ok_or(ArchiveError::TooLarge)?;
        Ok(())
    }

    /// Bytes that make no sense are no failure of the disk.
    fn broken(&self, error: io::Error) -> ArchiveError {
        match error.kind() {
            io::ErrorKind::StorageFull => ArchiveError::Io(error),
            _ if self.head => ArchiveError::Damaged(error.to_string()),
            _ => ArchiveError::Foreign(error.to_string()),
        }
    }

    fn finish(self) -> Result<Unpacked, ArchiveError> {
        if !self.head {
            return Err(ArchiveError::Foreign("has no head".to_owned()));
        }
        let manifest = self
            .manifest
            .ok_or_else(|| ArchiveError::Damaged("cut off".to_owned()))?;
        let is_whole = manifest.entries == self.hashes
            && manifest.files == self.unpacked.files.len() as u64
            && manifest.materials == self.unpacked.materials().len() as u64;
        if !is_whole {
            return Err(ArchiveError::Damaged(
                "entries are missing or changed".to_owned(),
            ));
        }
        Ok(Unpacked {
            manifest,
            ..self.unpacked
        })
    }
}

fn is_hash(text: &str) -> bool {
    text.len() == 64
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

fn is_numbered(folder: &str, file: &str) -> bool {
    let suffix = match folder {
        "tables" => ".json.gz",
        _ => ".json",
    };
    file.strip_suffix(suffix).is_some_and(|number| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}
