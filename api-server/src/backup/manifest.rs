//! What a backup holds.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::BackupError;

/// Name of the file.
pub(super) const NAME: &str = "manifest.json";
/// What makes a manifest ours.
const FORMAT: &str = "acervo-backup";
/// Of this layout of folders; raised when an older program could not restore.
const LAYOUT: u32 = 1;

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    /// `acervo-backup`.
    pub(crate) format: String,
    /// Of this layout.
    pub(crate) layout: u32,
    /// Version of the program that made it.
    pub(crate) program: String,
    /// RFC 3339.
    pub(crate) created_at: String,
    /// The migration its rows are of.
    pub(crate) schema: i64,
    /// The rows.
    pub(crate) database: Part,
    /// Rows of each table.
    pub(crate) rows: BTreeMap<String, u64>,
    /// Files of materials: BLAKE3 and bytes.
    pub(crate) files: BTreeMap<String, u64>,
    /// What the rag-server gave of itself; null where it gave nothing, as everything of it can be made again.
    pub(crate) rag: Option<Part>,
}

/// A file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Part {
    /// BLAKE3 in hexadecimal.
    pub(crate) blake3: String,
    /// Bytes.
    pub(crate) bytes: u64,
}

/// The manifest with its own hash.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed {
    manifest: Manifest,
    seal: String,
}

impl Manifest {
    /// One of this program.
    pub(super) fn new(created_at: String, schema: i64, database: Part) -> Self {
        Self {
            format: FORMAT.to_owned(),
            layout: LAYOUT,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            created_at,
            schema,
            database,
            rows: BTreeMap::new(),
            files: BTreeMap::new(),
            rag: None,
        }
    }

    fn seal(&self) -> Result<String, serde_json::Error> {
        let text = serde_json::to_vec(self)?;
        Ok(blake3::hash(&text).to_hex().to_string())
    }

    /// As it is written, with its own hash.
    pub(super) fn sealed(&self) -> Result<Vec<u8>, BackupError> {
        let foreign = |error: serde_json::Error| BackupError::Foreign(error.to_string());
        let sealed = Sealed {
            manifest: self.clone(),
            seal: self.seal().map_err(foreign)?,
        };
        serde_json::to_vec_pretty(&sealed).map_err(foreign)
    }

    /// Writes it into the folder; whoever sees it sees all of it.
    pub(super) fn write(&self, folder: &Path) -> Result<(), BackupError> {
        let text = self.sealed()?;
        let path = folder.join(NAME);
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(BackupError::io(folder))?;
        std::io::Write::write_all(&mut file, &text).map_err(BackupError::io(&path))?;
        file.as_file().sync_all().map_err(BackupError::io(&path))?;
        file.persist(&path)
            .map_err(|error| BackupError::io(&path)(error.error))?;
        Ok(())
    }

    /// Reads it; a foreign, changed or newer one is refused.
    pub(super) fn read(folder: &Path) -> Result<Self, BackupError> {
        let path = folder.join(NAME);
        let text = match std::fs::read(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(BackupError::NotABackup(folder.to_owned()));
            }
            text => text.map_err(BackupError::io(&path))?,
        };
        Self::parse(&text)
    }

    /// Reads what was written; a foreign, changed or newer one is refused.
    pub(super) fn parse(text: &[u8]) -> Result<Self, BackupError> {
        let foreign = |error: serde_json::Error| BackupError::Foreign(error.to_string());
        let Sealed { manifest, seal } = serde_json::from_slice(text).map_err(foreign)?;
        if manifest.format != FORMAT {
            return Err(BackupError::Foreign(format!(
                "format {:?}",
                manifest.format
            )));
        }
        let known = crate::migrations::newest();
        if manifest.layout > LAYOUT || manifest.schema > known {
            return Err(BackupError::Newer {
                found: manifest.schema,
                known,
            });
        }
        if manifest.seal().map_err(foreign)? != seal {
            return Err(BackupError::broken(NAME, "its seal does not fit"));
        }
        Ok(manifest)
    }
}
