//! Files of materials, shared by all backups: a file under its hash never changes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::BackupError;
use super::manifest::{Manifest, Part};

/// Folder of the files, beside the backups.
pub(super) const FOLDER: &str = "files";

/// A backup without a manifest that is older than this will get none.
pub(super) const UNFINISHED: Duration = Duration::from_hours(24);

/// Where a file stands below a folder of files.
pub(super) fn place(files: &Path, hash: &str) -> PathBuf {
    let shelf: String = hash.chars().take(2).collect();
    files.join(shelf).join(hash)
}

/// Hash and size of a file.
pub(super) fn part_of(path: &Path) -> io::Result<Part> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(File::open(path)?)?;
    Ok(Part {
        blake3: hasher.finalize().to_hex().to_string(),
        bytes: hasher.count(),
    })
}

/// Copies a file to its place, unless it is there; its bytes, or nothing where there is no such file.
pub(super) fn copy(source: &Path, files: &Path, hash: &str) -> Result<Option<u64>, BackupError> {
    let target = place(files, hash);
    if let Ok(known) = std::fs::metadata(&target) {
        return Ok(Some(known.len()));
    }
    let mut from = match File::open(source) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file.map_err(BackupError::io(source))?,
    };
    let shelf = target.parent().unwrap_or(files);
    std::fs::create_dir_all(shelf).map_err(BackupError::io(shelf))?;
    let mut to = tempfile::NamedTempFile::new_in(shelf).map_err(BackupError::io(shelf))?;
    let bytes = io::copy(&mut from, &mut to).map_err(BackupError::io(&target))?;
    to.as_file().sync_all().map_err(BackupError::io(&target))?;
    to.persist(&target)
        .map_err(|error| BackupError::io(&target)(error.error))?;
    Ok(Some(bytes))
}

/// A hash of a manifest becomes a path: only digits may.
pub(super) fn check_hash(hash: &str) -> Result<(), BackupError> {
    if hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(());
    }
    Err(BackupError::broken(hash, "it is no hash"))
}

/// Whether every file is there and is what its name says.
pub(super) fn check(files: &Path, wanted: &BTreeMap<String, u64>) -> Result<(), BackupError> {
    for (hash, bytes) in wanted {
        check_hash(hash)?;
        let part = part_of(&place(files, hash))
            .map_err(|error| BackupError::broken(format!("file {hash}"), error))?;
        if part.blake3 != *hash || part.bytes != *bytes {
            return Err(BackupError::broken(
                format!("file {hash}"),
                "its content is another one",
            ));
        }
    }
    Ok(())
}

/// Backups below a folder, the oldest first.
pub(super) fn list(folder: &Path) -> Result<Vec<(PathBuf, Manifest)>, BackupError> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(BackupError::io(folder))?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(BackupError::io(folder))?.path();
        // What is no backup, or one of a newer program, is nobody's to remove.
        if let Ok(manifest) = Manifest::read(&path) {
            found.push((path, manifest));
        }
    }
    found.sort_by(|one, other| one.1.created_at.cmp(&other.1.created_at));
    Ok(found)
}

/// Files of backups that went, which none of those left has.
pub(super) fn unwanted<'a, T>(
    gone: &'a [(T, Manifest)],
    left: &[(T, Manifest)],
) -> BTreeSet<&'a String> {
    let wanted: BTreeSet<&String> = left
        .iter()
        .flat_map(|(_, manifest)| manifest.files.keys())
        .collect();
    let gone = gone.iter().flat_map(|(_, manifest)| manifest.files.keys());
    gone.filter(|hash| !wanted.contains(hash)).collect()
}

/// Removes folders of backups that were never finished, once they are old enough that nobody is still at work in them.
pub(super) fn remove_unfinished(folder: &Path) -> Result<(), BackupError> {
    for entry in std::fs::read_dir(folder).map_err(BackupError::io(folder))? {
        let entry = entry.map_err(BackupError::io(folder))?;
        let path = entry.path();
        let began = path.join(super::rows::NAME);
        let is_ours = began.exists() && !path.join(super::manifest::NAME).exists();
        let age = std::fs::metadata(&began).and_then(|facts| facts.modified());
        let is_old = age.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > UNFINISHED));
        if is_ours && is_old {
            std::fs::remove_dir_all(&path).map_err(BackupError::io(path))?;
        }
    }
    Ok(())
}

/// Removes all but the newest backups, and files that none of those left has; how many backups went.
pub(super) fn prune(folder: &Path, keep: usize) -> Result<usize, BackupError> {
    remove_unfinished(folder)?;
    let mut all = list(folder)?;
    let surplus = all.len().saturating_sub(keep);
    let left = all.split_off(surplus);
    for (path, _) in &all {
        std::fs::remove_dir_all(path).map_err(BackupError::io(path))?;
    }
    for hash in unwanted(&all, &left) {
        let path = place(&folder.join(FOLDER), hash);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(BackupError::io(path)(error));
            }
            _ => {}
        }
    }
    Ok(all.len())
}
