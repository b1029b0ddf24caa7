//! Tables of materials, kept beside the index so that questions can be computed on them.
//!
//! One folder per material, named by the hash of its id; in it one file per version: gzip of JSON, as the document has them.
//! What columns hold is found again when a file is opened, so that better rules need nothing to be read again.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use extract::FileKind;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use tables::{SourceTable, TableSet};

/// Where tables are kept.
#[derive(Debug, Clone)]
pub(crate) struct TableFiles {
    folder: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    format: u32,
    kind: FileKind,
    tables: Vec<SourceTable>,
}

impl TableFiles {
    /// Creates the folder.
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let folder = folder.to_owned();
        Ok(Self { folder })
    }

    /// Does something that blocks on a thread for that.
    pub(crate) async fn off_thread<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Self) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let files = self.clone();
        let done = shared::telemetry::spawn_blocking_in_span(move || act(&files));
        done.await.map_err(io::Error::other)?
    }

    /// Keeps the tables of a version; whole or not at all. Blocks.
    pub(crate) fn keep(
        &self,
        id: &str,
        version: &str,
        kind: FileKind,
        tables: Vec<SourceTable>,
    ) -> io::Result<()> {
        let folder = self.folder_of(id);
        fs::create_dir_all(&folder)?;
        let mut file = tempfile::NamedTempFile::new_in(&folder)?;
        let packed = GzEncoder::new(BufWriter::new(file.as_file_mut()), Compression::fast());
        let mut packed = serialised(packed, kind, tables)?;
        packed.try_finish()?;
        drop(packed);
        persist(file, &folder.join(file_of(version)))
    }

    /// The tables of a version; `None` where none are kept, or in a form of another release. Blocks.
    pub(crate) fn read(&self, id: &str, version: &str) -> io::Result<Option<TableSet>> {
        let file = match File::open(self.folder_of(id).join(file_of(version))) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let unpacked = BufReader::new(GzDecoder::new(BufReader::new(file)));
        let kept: Kept = serde_json::from_reader(unpacked)?;
        Ok((kept.format == tables::VERSION).then(|| TableSet::new(kept.tables, kept.kind)))
    }

    /// The file of a version as it is, for an archive. Blocks.
    pub(crate) fn packed(&self, id: &str, version: &str) -> io::Result<Option<Vec<u8>>> {
        match fs::read(self.folder_of(id).join(file_of(version))) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Keeps a file that [`Self::packed`] gave; whole or not at all. Blocks.
    pub(crate) fn keep_packed(&self, id: &str, version: &str, bytes: &[u8]) -> io::Result<()> {
        let folder = self.folder_of(id);
        fs::create_dir_all(&folder)?;
        let mut file = tempfile::NamedTempFile::new_in(&folder)?;
        file.write_all(bytes)?;
        persist(file, &folder.join(file_of(version)))
    }

    /// Folders of all materials of which something is kept, by [`Self::name_of`]. Blocks.
    pub(crate) fn folders(&self) -> io::Result<BTreeSet<String>> {
        fs::read_dir(&self.folder)?
            .map(|folder| Ok(folder?.file_name().to_string_lossy().into_owned()))
            .collect()
    }

    /// Removes a folder that [`Self::folders`] named. Blocks.
    pub(crate) fn remove(&self, folder: &str) -> io::Result<()> {
        fs::remove_dir_all(self.folder.join(folder))
    }

    /// What the folder of a material is called.
    pub(crate) fn name_of(id: &str) -> String {
        blake3::hash(id.as_bytes()).to_hex().to_string()
    }

    /// Removes what is kept of other versions. Blocks.
    pub(crate) fn keep_only(&self, id: &str, version: &str) -> io::Result<()> {
        let folder = self.folder_of(id);
        let files = match fs::read_dir(&folder) {
            Ok(files) => files,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        let current = file_of(version);
        for file in files {
            let file = file?;
            if file.file_name() != current.as_str() {
                fs::remove_file(file.path())?;
            }
        }
        Ok(())
    }

    /// Removes all that is kept of a material. Blocks.
    pub(crate) fn forget(&self, id: &str) -> io::Result<()> {
        match fs::remove_dir_all(self.folder_of(id)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn folder_of(&self, id: &str) -> PathBuf {
        self.folder.join(Self::name_of(id))
    }
}

fn serialised<W: io::Write>(mut to: W, kind: FileKind, tables: Vec<SourceTable>) -> io::Result<W> {
    let format = tables::VERSION;
    let kept = Kept {
        format,
        kind,
        tables,
    };
    serde_json::to_writer(&mut to, &kept)?;
    Ok(to)
}

fn persist(file: tempfile::NamedTempFile, path: &Path) -> io::Result<()> {
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Versions are hexadecimal.
fn file_of(version: &str) -> String {
    format!("{version}.json.gz")
}

#[cfg(test)]
mod tests {
    use extract::Locator;
    use tables::SourceRow;

    use super::*;

    fn table(cell: &str) -> SourceTable {
        let locator = |range: &str| Locator::Sheet {
            name: "Notas".to_owned(),
            range: range.to_owned(),
        };
        SourceTable {
            name: "Notas".to_owned(),
            header: vec!["Aluno".to_owned(), "Nota".to_owned()],
            locator: locator("A1:B2"),
            hidden: false,
            hidden_columns: Vec::new(),
            rows: vec![SourceRow {
                cells: vec!["Aluno 1".to_owned(), cell.to_owned()],
                locator: locator("A2:B2"),
                total: false,
                hidden: false,
                behind: Vec::new(),
            }],
        }
    }

    #[test]
    fn each_version_is_kept_until_another_takes_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let files = TableFiles::open(&folder.path().join("tables")).unwrap();
        let cell = |version: &str| {
            let set = files.read("../a", version).unwrap()?;
            Some(set.tables[0].text(0, 1).to_owned())
        };
        assert_eq!(cell("1f"), None);
        for (version, value) in [("1f", "7,5"), ("2f", "8,0")] {
            files
                .keep("../a", version, FileKind::Csv, vec![table(value)])
                .unwrap();
        }
        files
            .keep("b", "1f", FileKind::Csv, vec![table("9,0")])
            .unwrap();
        assert_eq!(cell("1f").as_deref(), Some("7,5"));
        files.keep_only("../a", "2f").unwrap();
        assert_eq!(cell("1f"), None);
        assert_eq!(cell("2f").as_deref(), Some("8,0"));
        files.forget("../a").unwrap();
        files.forget("../a").unwrap();
        assert_eq!(cell("2f"), None);
        assert!(files.read("b", "1f").unwrap().is_some());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
