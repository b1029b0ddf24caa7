//! What was learned, on disk: `DATA_DIR/ranking/<number>.json`, one file for each try, and `current`, which names the one
//! in use.
//!
//! Files are written whole or not at all. The ranking that comes with the program is version 0 and has no file: where the
//! file in use is missing, broken or of another release, it ranks, with a warning.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use rank::Model;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tracing::warn;

use super::report::Report;
use crate::query::Ranker;

/// Tries that stay; older ones go, but never the one in use.
const KEPT: usize = 20;
/// Names the version in use.
const CURRENT: &str = "current";

/// A try.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Try {
    /// From 1.
    pub(crate) version: u32,
    /// Unix ms.
    pub(crate) created_at: i64,
    pub(crate) report: Report,
    /// What may be used, when it passed the gate.
    pub(crate) model: Option<Value>,
}

impl Try {
    /// The model, when it passed the gate and this release can use it.
    pub(crate) fn model(&self) -> Option<Model> {
        let json = self.model.as_ref()?.to_string();
        Model::from_json(&json)
            .inspect_err(|error| {
                warn!(
                    version = self.version,
                    "what was learned cannot be used: {error}"
                );
            })
            .ok()
    }
}

/// The folder.
#[derive(Debug, Clone)]
pub(crate) struct Versions {
    folder: PathBuf,
}

impl Versions {
    /// Creates the folder.
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        Ok(Self {
            folder: folder.to_owned(),
        })
    }

    /// The version that is named as the one in use; `None` where that cannot be read. Blocks.
    pub(crate) fn chosen(&self) -> Option<u32> {
        match fs::read_to_string(self.folder.join(CURRENT)) {
            Ok(text) => text.trim().parse().ok(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Some(0),
            Err(_) => None,
        }
    }

    /// What ranks after a start. Blocks.
    pub(crate) fn in_use(&self) -> Ranker {
        match self.chosen() {
            Some(0) => return Ranker::bundled(),
            Some(version) => match self.read(version) {
                Ok(Some(one)) => {
                    if let Some(model) = one.model() {
                        return Ranker::new(version, model);
                    }
                }
                Ok(None) => {}
                Err(error) => warn!(version, "a learned ranking cannot be read: {error}"),
            },
            None => {}
        }
        warn!("the learned ranking cannot be used: the one that comes with the program ranks");
        Ranker::bundled()
    }

    /// Every try that can be read, the newest first. Blocks.
    pub(crate) fn all(&self) -> io::Result<Vec<Try>> {
        let mut all = Vec::new();
        for version in self.numbers()? {
            match self.read(version) {
                Ok(one) => all.extend(one),
                Err(error) => warn!(version, "a try to learn cannot be read: {error}"),
            }
        }
        Ok(all)
    }

    /// One try; `None` where there is none. Blocks.
    pub(crate) fn read(&self, version: u32) -> io::Result<Option<Try>> {
        match fs::read(self.path_of(version)) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The number of the next try. Blocks.
    pub(crate) fn next(&self) -> io::Result<u32> {
        Ok(self.numbers()?.first().map_or(1, |last| last + 1))
    }

    /// Keeps a try and lets go of the oldest. Blocks.
    pub(crate) fn keep(&self, one: &Try, in_use: u32) -> io::Result<()> {
        self.write(&self.path_of(one.version), &serde_json::to_vec(one)?)?;
        for old in self.numbers()?.into_iter().skip(KEPT) {
            if old != in_use {
                fs::remove_file(self.path_of(old))?;
            }
        }
        Ok(())
    }

    /// Names the version that ranks after the next start. Blocks.
    pub(crate) fn choose(&self, version: u32) -> io::Result<()> {
        self.write(
            &self.folder.join(CURRENT),
            format!("{version}\n").as_bytes(),
        )
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        fs::File::open(&self.folder)?.sync_all()
    }

    /// Numbers of all tries, the newest first.
    fn numbers(&self) -> io::Result<Vec<u32>> {
        let mut numbers = Vec::new();
        for file in fs::read_dir(&self.folder)? {
            let name = file?.file_name();
            let number = name.to_str().and_then(|name| name.strip_suffix(".json"));
            numbers.extend(number.and_then(|number| number.parse::<u32>().ok()));
        }
        numbers.sort_unstable_by(|one, other| other.cmp(one));
        Ok(numbers)
    }

    fn path_of(&self, version: u32) -> PathBuf {
        self.folder.join(format!("{version}.json"))
    }
}
