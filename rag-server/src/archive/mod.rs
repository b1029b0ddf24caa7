//! The whole store in one file: made while it serves, checked before it takes the place of another one.
//!
//! An archive is a `tar.gz` (or a `zip` of the same entries): what every material is, its passages with their vectors, its
//! tables, and the files themselves. Nothing of it depends on how the index is stored, so it goes from one kind of store to
//! another. Taking one in builds a second collection beside the one in use; only when that holds all it should and answers
//! does it take over, with the rows in one transaction. The old one goes afterwards.
//!
//! One archive is made or taken in at a time. Routes: [`routes`], for administrators.

mod entry;
mod error;
mod make;
mod restore;
pub(crate) mod routes;
mod unpack;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use index::Index;
use shared::clock::Clock;
use shared::db::Db;
use tokio::sync::{Mutex, MutexGuard};

pub(crate) use error::ArchiveError;

use crate::embedding::Embedding;
use crate::jobs::JobService;
use crate::materials::{MaterialError, MaterialService, store};

/// Names the collection in use, once another than the configured one took over.
const COLLECTION: &str = "collection";
/// Begins the name of every archive.
const PREFIX: &str = "acervo-";
const SUFFIX: &str = ".tar.gz";

/// Settings of archives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArchiveSettings {
    /// Most bytes of one that is taken in; twenty times as much unpacked.
    pub max_bytes: u64,
    /// Archives that stay; older ones go when one is made.
    pub keep: usize,
}

/// Makes archives and takes them in.
pub(crate) struct ArchiveService {
    pub(super) db: Db,
    pub(super) index: Index,
    pub(super) materials: Arc<MaterialService>,
    pub(super) jobs: Arc<JobService>,
    pub(super) embedding: Arc<Embedding>,
    pub(super) clock: Arc<dyn Clock>,
    /// The configured collection, from which others take their names.
    pub(super) collection: String,
    /// Where archives are kept.
    pub(super) folder: PathBuf,
    pub(super) settings: ArchiveSettings,
    busy: Mutex<()>,
}

/// An archive on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    /// `acervo-20261121-205540.tar.gz`.
    pub(crate) name: String,
    pub(crate) bytes: u64,
    /// Unix ms.
    pub(crate) created_at: i64,
}

/// What an archive or the store holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) materials: u64,
    pub(crate) chunks: u64,
}

/// What archives are made of and where they go.
pub(crate) struct Parts {
    pub(crate) db: Db,
    pub(crate) index: Index,
    pub(crate) materials: Arc<MaterialService>,
    pub(crate) jobs: Arc<JobService>,
    pub(crate) embedding: Arc<Embedding>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) collection: String,
    pub(crate) data_dir: PathBuf,
}

impl ArchiveService {
    /// Opens the folder of archives.
    pub(crate) fn open(parts: Parts, settings: ArchiveSettings) -> io::Result<Self> {
        let folder = parts.data_dir.join("backups");
        std::fs::create_dir_all(&folder)?;
        let Parts {
            db,
            index,
            materials,
            jobs,
            embedding,
            clock,
            collection,
            ..
        } = parts;
        Ok(Self {
            db,
            index,
            materials,
            jobs,
            embedding,
            clock,
            collection,
            folder,
            settings,
            busy: Mutex::default(),
        })
    }

    /// Removes what an interrupted archive left.
    pub(crate) async fn clear_parts(&self) -> io::Result<()> {
        let mut files = tokio::fs::read_dir(&self.folder).await?;
        while let Some(file) = files.next_entry().await? {
            if file.file_name().to_string_lossy().ends_with(".part") {
                tokio::fs::remove_file(file.path()).await?;
            }
        }
        Ok(())
    }

    fn turn(&self) -> Result<MutexGuard<'_, ()>, ArchiveError> {
        self.busy.try_lock().map_err(|_| ArchiveError::Busy)
    }

    /// What the store holds now.
    pub(crate) async fn held(&self) -> Result<Held, ArchiveError> {
        let totals = store::totals(&self.db).await?;
        let (materials, chunks, ..) = totals;
        Ok(Held {
            materials: materials.unsigned_abs(),
            chunks: chunks.unsigned_abs(),
        })
    }

    /// Makes an archive, keeps it, and lets go of the oldest beyond those that stay.
    pub(crate) async fn make(&self) -> Result<Kept, ArchiveError> {
        let _turn = self.turn()?;
        let name = self.new_name();
        self.write(&self.folder.join(&name)).await?;
        let kept = self.kept().await?;
        for old in kept.iter().skip(self.settings.keep.max(1)) {
            tokio::fs::remove_file(self.folder.join(&old.name)).await?;
        }
        kept.into_iter()
            .find(|one| one.name == name)
            .ok_or(ArchiveError::NotFound)
    }

    /// Makes an archive that nobody keeps: the file is gone when it is closed.
    pub(crate) async fn make_once(&self) -> Result<(std::fs::File, String), ArchiveError> {
        let _turn = self.turn()?;
        let path = self
            .folder
            .join(format!("once-{}.part", JobService::new_id()));
        self.write(&path).await?;
        let file = std::fs::File::open(&path)?;
        tokio::fs::remove_file(&path).await?;
        Ok((file, self.new_name()))
    }

    /// Archives on disk, the newest first.
    pub(crate) async fn kept(&self) -> Result<Vec<Kept>, ArchiveError> {
        let mut kept = Vec::new();
        let mut files = tokio::fs::read_dir(&self.folder).await?;
        while let Some(file) = files.next_entry().await? {
            let name = file.file_name().to_string_lossy().into_owned();
            if is_name(&name) {
                let facts = file.metadata().await?;
                let created_at = facts.modified().ok().and_then(unix_ms).unwrap_or_default();
                let bytes = facts.len();
                kept.push(Kept {
                    name,
                    bytes,
                    created_at,
                });
            }
        }
        kept.sort_by(|a, b| b.name.cmp(&a.name));
        Ok(kept)
    }

    /// Where the archive of that name is.
    pub(crate) async fn path_of(&self, name: &str) -> Result<PathBuf, ArchiveError> {
        let kept = self.kept().await?;
        let found = kept.into_iter().find(|one| one.name == name);
        Ok(self.folder.join(found.ok_or(ArchiveError::NotFound)?.name))
    }

    /// Removes the archive of that name.
    pub(crate) async fn remove(&self, name: &str) -> Result<(), ArchiveError> {
        Ok(tokio::fs::remove_file(self.path_of(name).await?).await?)
    }

    /// A place for an archive that arrives; gone when dropped.
    pub(crate) fn incoming(&self) -> io::Result<tempfile::NamedTempFile> {
        tempfile::Builder::new()
            .prefix("in-")
            .suffix(".part")
            .tempfile_in(&self.folder)
    }

    /// Most bytes of an archive that arrives.
    pub(crate) fn max_bytes(&self) -> u64 {
        self.settings.max_bytes
    }

    fn new_name(&self) -> String {
        let now = chrono::DateTime::from_timestamp_millis(self.clock.now_ms()).unwrap_or_default();
        let stamp = now.format("%Y%m%d-%H%M%S%3f");
        format!("{PREFIX}{stamp}{SUFFIX}")
    }
}

/// The collection in use: the configured one until an archive took over.
pub(crate) async fn collection_in_use(db: &Db, configured: &str) -> Result<String, MaterialError> {
    let fact = store::fact(db, COLLECTION).await?;
    Ok(fact
        .filter(|name| belongs_to(name, configured))
        .unwrap_or_else(|| configured.to_owned()))
}

/// Drops what archives that were taken in, or not quite, left beside the collection in use.
pub(crate) async fn drop_leftovers(
    index: &Index,
    configured: &str,
) -> Result<(), index::IndexError> {
    let in_use = index.collection();
    for name in index.collections().await? {
        if name != in_use && belongs_to(&name, configured) {
            index.beside(&name).await?.drop_tables().await?;
        }
    }
    Ok(())
}

fn belongs_to(name: &str, configured: &str) -> bool {
    name == configured
        || name
            .strip_prefix(configured)
            .is_some_and(|rest| rest.starts_with('.'))
}

fn is_name(name: &str) -> bool {
    name.strip_prefix(PREFIX)
        .and_then(|rest| rest.strip_suffix(SUFFIX))
        .is_some_and(|stamp| {
            !stamp.is_empty()
                && stamp
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || byte == b'-')
        })
}

fn unix_ms(time: std::time::SystemTime) -> Option<i64> {
    let since = time.duration_since(std::time::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_millis()).ok()
}

/// Path of what is being written, until it is whole.
fn part_of(path: &Path) -> PathBuf {
    path.with_extension("part")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_ours_or_none() {
        assert!(is_name("acervo-20261121-205540123.tar.gz"));
        for other in [
            "acervo-.tar.gz",
            "acervo-../x.tar.gz",
            "rag.db",
            "acervo-1.zip",
            "acervo-1.tar.gz.part",
        ] {
            assert!(!is_name(other), "{other}");
        }
        assert!(belongs_to("acervo", "acervo") && belongs_to("acervo.1f", "acervo"));
        assert!(!belongs_to("acervo2", "acervo") && !belongs_to("outro", "acervo"));
    }
}
