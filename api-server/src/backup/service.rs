use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::StreamExt as _;
use reqwest::Method;
use serde::Serialize;
use shared::clock::{Clock, rfc3339};
use shared::db::Db;
use shared::files::Files;
use tokio::io::AsyncWriteExt as _;
use tracing::{info, warn};

use super::manifest::{Manifest, Part};
use super::remote::{Remote, SCHEME};
use super::{BackupError, BackupSettings, files, rows, store};
use crate::rag::{RagClient, RagError};

/// Name of the rag-server's part.
pub(super) const RAG: &str = "rag.tar.gz";
/// How often a backup begins anew because materials came and went meanwhile.
const TRIES: usize = 3;

/// Takes and restores backups.
#[derive(Debug)]
pub(crate) struct Backups {
    pub(crate) db: Db,
    pub(crate) files: Files,
    pub(crate) rag: Arc<RagClient>,
    pub(crate) settings: BackupSettings,
    pub(crate) clock: Arc<dyn Clock>,
}

/// What was done, for people and scripts.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// Folder or address of the backup.
    pub(crate) backup: String,
    /// The migration its rows are of.
    pub(crate) schema: i64,
    /// Rows of all tables.
    pub(crate) rows: u64,
    /// Files of materials.
    pub(crate) files: usize,
    /// Bytes of all of it.
    pub(crate) bytes: u64,
    /// Whether the rag-server's part is in it.
    pub(crate) rag: bool,
    /// Seconds.
    pub(crate) seconds: f64,
}

impl Report {
    fn of(backup: String, manifest: &Manifest, started: std::time::Instant) -> Self {
        let rag_bytes = manifest.rag.as_ref().map_or(0, |part| part.bytes);
        let file_bytes: u64 = manifest.files.values().sum();
        Self {
            backup,
            schema: manifest.schema,
            rows: manifest.rows.values().sum(),
            files: manifest.files.len(),
            bytes: manifest
                .database
                .bytes
                .saturating_add(rag_bytes)
                .saturating_add(file_bytes),
            rag: manifest.rag.is_some(),
            seconds: started.elapsed().as_secs_f64(),
        }
    }
}

impl Backups {
    /// Takes a backup while everything works, and removes the oldest ones.
    pub(crate) async fn take(&self) -> Result<Report, BackupError> {
        let started = std::time::Instant::now();
        // One at a time: the end of one removes files that the other may count on.
        let _turn = turn(&self.settings.folder).await?;
        let remote = self
            .settings
            .remote
            .as_ref()
            .map(Remote::open)
            .transpose()?;
        let folder = make_folder(&self.settings.folder, self.clock.now_ms(), "").await?;
        let taken = self.take_into(&folder, remote.as_ref()).await;
        if taken.is_err() || remote.is_some() {
            // Without a manifest it is no backup, only bytes.
            drop(tokio::fs::remove_dir_all(&folder).await);
        }
        let manifest = taken?;
        let (root, keep) = (self.settings.folder.clone(), self.settings.keep.get());
        let backup = if let Some(remote) = &remote {
            blocking(move || files::remove_unfinished(&root)).await?;
            remote.prune(keep).await?;
            remote.address(&name_of(&folder))
        } else {
            blocking(move || files::prune(&root, keep)).await?;
            folder.display().to_string()
        };
        let report = Report::of(backup, &manifest, started);
        info!(backup = %report.backup, rows = report.rows, files = report.files, bytes = report.bytes, "took a backup");
        Ok(report)
    }

    async fn take_into(
        &self,
        folder: &Path,
        remote: Option<&Remote>,
    ) -> Result<Manifest, BackupError> {
        for tried in 1..=TRIES {
            // Where files go faster than they are copied, they wait at last.
            let _stay = if tried == TRIES {
                let keeping = self.files.keeping().await;
                Some(keeping.map_err(BackupError::io(self.files.root()))?)
            } else {
                None
            };
            // Files first: those of materials that are there now. Rows then name at most a few more.
            let before = self.hashes().await?;
            self.copy(&before, remote).await?;
            let mut manifest = dump(&self.db, folder, &rfc3339(self.clock.now_ms())).await?;
            let wanted = manifest.files.keys().cloned().collect();
            let Some(copied) = self.copy(&wanted, remote).await? else {
                let path = folder.join(rows::NAME);
                tokio::fs::remove_file(&path)
                    .await
                    .map_err(BackupError::io(path))?;
                continue;
            };
            manifest.files = copied;
            manifest.rag = self.fetch_rag(folder).await?;
            if let Some(remote) = remote {
                remote.keep(&name_of(folder), folder, &manifest).await?;
            } else {
                let (target, written) = (folder.to_owned(), manifest.clone());
                blocking(move || written.write(&target)).await?;
            }
            return Ok(manifest);
        }
        Err(BackupError::Restless)
    }

    async fn hashes(&self) -> Result<BTreeSet<String>, BackupError> {
        let mut tx = self.db.begin_read().await?;
        Ok(store::hashes(&mut tx).await?.into_iter().collect())
    }

    /// Copies files; with their sizes, or nothing where one of them is gone.
    async fn copy(
        &self,
        hashes: &BTreeSet<String>,
        remote: Option<&Remote>,
    ) -> Result<Option<BTreeMap<String, u64>>, BackupError> {
        if let Some(remote) = remote {
            return remote.copy(&self.files, hashes).await;
        }
        let target = self.settings.folder.join(files::FOLDER);
        let sources: Vec<(String, PathBuf)> = hashes
            .iter()
            .map(|hash| (hash.clone(), self.files.path_of(hash)))
            .collect();
        blocking(move || {
            let mut copied = BTreeMap::new();
            let mut is_whole = true;
            for (hash, source) in sources {
                match files::copy(&source, &target, &hash)? {
                    Some(bytes) => drop(copied.insert(hash, bytes)),
                    None => is_whole = false,
                }
            }
            Ok(is_whole.then_some(copied))
        })
        .await
    }

    /// What the rag-server gives of itself. It can all be made again from the files, so its absence is no failure.
    async fn fetch_rag(&self, folder: &Path) -> Result<Option<Part>, BackupError> {
        let path = folder.join(RAG);
        let request = match self
            .rag
            .request(Method::GET, &["chromadb", "download"], &[])
        {
            Ok(request) => request,
            Err(error) => return Ok(without_rag(&error)),
        };
        let mut stream = match self.rag.stream(request).await {
            Ok(stream) => stream,
            Err(error) => return Ok(without_rag(&error)),
        };
        let mut file = tokio::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .await
            .map_err(BackupError::io(&path))?;
        while let Some(bytes) = stream.next().await {
            let bytes = match bytes {
                Ok(bytes) => bytes,
                Err(error) => {
                    tokio::fs::remove_file(&path)
                        .await
                        .map_err(BackupError::io(&path))?;
                    return Ok(without_rag(&error));
                }
            };
            file.write_all(&bytes)
                .await
                .map_err(BackupError::io(&path))?;
        }
        file.sync_all().await.map_err(BackupError::io(&path))?;
        drop(file);
        blocking(move || files::part_of(&path).map_err(BackupError::io(path)))
            .await
            .map(Some)
    }

    /// Checks a backup, a folder or an address: that it is ours, of no newer program, and whole to the last byte.
    pub(crate) async fn verify(
        settings: &BackupSettings,
        backup: &str,
    ) -> Result<Report, BackupError> {
        let started = std::time::Instant::now();
        let manifest = match addressed(settings, backup)? {
            Some((remote, name)) => remote.verify(&name).await?,
            None => checked(Path::new(backup)).await?,
        };
        Ok(Report::of(backup.to_owned(), &manifest, started))
    }

    /// When the newest backup was taken, RFC 3339.
    pub(crate) async fn newest(settings: &BackupSettings) -> Result<Option<String>, BackupError> {
        let last = if let Some(remote) = &settings.remote {
            let mut all = Remote::open(remote)?.list().await?;
            all.pop().map(|(_, manifest)| manifest)
        } else {
            let folder = settings.folder.clone();
            let mut all = blocking(move || files::list(&folder)).await?;
            all.pop().map(|(_, manifest)| manifest)
        };
        Ok(last.map(|manifest| manifest.created_at))
    }

    /// Puts everything back as it was in a backup, a folder or an address; one in object storage is brought here first.
    /// Nothing is changed before all of it was checked; the rows are replaced in one transaction.
    pub(crate) async fn restore(&self, backup: &str) -> Result<Report, BackupError> {
        let Some((remote, name)) = addressed(&self.settings, backup)? else {
            return self.restore_folder(Path::new(backup)).await;
        };
        let started = std::time::Instant::now();
        let stage = make_folder(&self.settings.folder, self.clock.now_ms(), "-fetched").await?;
        let restored = async {
            remote.fetch(&name, &stage).await?;
            self.restore_folder(&stage.join(&name)).await
        };
        let restored = restored.await;
        drop(tokio::fs::remove_dir_all(&stage).await);
        Ok(Report {
            backup: backup.to_owned(),
            seconds: started.elapsed().as_secs_f64(),
            ..restored?
        })
    }

    async fn restore_folder(&self, backup: &Path) -> Result<Report, BackupError> {
        let started = std::time::Instant::now();
        let manifest = checked(backup).await?;
        // Files first: rows without their files are worse than files without rows, which the tidying removes.
        self.put_back(backup, &manifest).await?;
        let ours = store::tables_of(crate::migrations::newest()).await?;
        let tables = store::tables_of(manifest.schema).await?;
        let mut tx = self.db.begin_write().await?;
        store::begin_anew(&mut tx, &ours, manifest.schema).await?;
        let mut counts = rows::read(&mut tx, &tables, backup).await?;
        for table in &tables {
            counts.entry(table.clone()).or_insert(0);
        }
        if counts != manifest.rows {
            return Err(BackupError::broken(rows::NAME, "rows are missing"));
        }
        store::migrate(&mut tx).await?;
        store::resend(&mut tx, self.clock.now_ms()).await?;
        tx.commit().await?;
        if manifest.rag.is_some() {
            self.give_rag_back(backup).await?;
        }
        let at = backup.display().to_string();
        Ok(Report::of(at, &manifest, started))
    }

    async fn put_back(&self, backup: &Path, manifest: &Manifest) -> Result<(), BackupError> {
        let from = shared_files(backup);
        let root = self.files.root().to_owned();
        let wanted: Vec<String> = manifest.files.keys().cloned().collect();
        blocking(move || {
            for hash in wanted {
                files::copy(&files::place(&from, &hash), &root, &hash)?;
            }
            Ok(())
        })
        .await
    }

    /// The rag-server takes its part back; one that cannot is told every material anew, which takes longer.
    async fn give_rag_back(&self, backup: &Path) -> Result<(), BackupError> {
        let path = backup.join(RAG);
        match self.rag.send_archive(&["chromadb", "upload"], &path).await {
            Ok(()) => {}
            Err(error) => {
                warn!(error = %shared::telemetry::chain(&error), "the rag-server did not take its part back: it is told every material anew");
            }
        }
        Ok(())
    }
}

/// The object storage and the name of a backup that is named by its address; nothing for a folder.
fn addressed(
    settings: &BackupSettings,
    backup: &str,
) -> Result<Option<(Remote, String)>, BackupError> {
    let Some(url) = backup
        .parse::<url::Url>()
        .ok()
        .filter(|url| url.scheme() == SCHEME)
    else {
        return Ok(None);
    };
    let storage = settings.remote.as_ref().ok_or(BackupError::NoStorage)?;
    Remote::of_backup(storage, &url).map(Some)
}

fn name_of(folder: &Path) -> String {
    let name = folder.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

fn without_rag(error: &RagError) -> Option<Part> {
    warn!(error = %shared::telemetry::chain(error), "the backup is without the rag-server's part, which can be made again: {error}");
    None
}

/// Writes the rows of a database that is about to be migrated into a backup of its own; nothing for a new database, or
/// one that is up to date.
pub(crate) async fn before_migration(
    db: &Db,
    folder: &Path,
    now: i64,
) -> Result<Option<PathBuf>, BackupError> {
    let schema = store::schema(db).await?;
    if schema == 0 || schema >= crate::migrations::newest() {
        return Ok(None);
    }
    let folder = make_folder(folder, now, "-before-migration").await?;
    let mut manifest = dump(db, &folder, &rfc3339(now)).await?;
    // Its files stay where they are: migrations do not touch them.
    manifest.files.clear();
    let target = folder.clone();
    blocking(move || manifest.write(&target)).await?;
    info!(backup = %folder.display(), schema, "wrote the database down before migrating it");
    Ok(Some(folder))
}

/// Writes the rows of one moment; the manifest names the files they need, without their sizes.
async fn dump(db: &Db, folder: &Path, created_at: &str) -> Result<Manifest, BackupError> {
    let schema = store::schema(db).await?;
    let tables = store::tables_of(schema).await?;
    let mut tx = db.begin_read().await?;
    let (part, counts) = rows::write(&mut tx, &tables, folder).await?;
    let hashes = if tables.iter().any(|table| table == "materials") {
        store::hashes(&mut tx).await?
    } else {
        Vec::new()
    };
    tx.rollback().await?;
    let mut manifest = Manifest::new(created_at.to_owned(), schema, part);
    manifest.rows = counts;
    manifest.files = hashes.into_iter().map(|hash| (hash, 0)).collect();
    Ok(manifest)
}

/// A new folder for a backup, for its owner alone.
async fn make_folder(root: &Path, now: i64, suffix: &str) -> Result<PathBuf, BackupError> {
    use std::os::unix::fs::DirBuilderExt as _;
    let stamp: String = rfc3339(now)
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    let unique = uuid::Uuid::now_v7().as_simple().to_string();
    let tail: String = unique.chars().rev().take(6).collect();
    let path = root.join(format!("{stamp}-{tail}{suffix}"));
    let made = path.clone();
    blocking(move || {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&made)
            .map_err(BackupError::io(made))
    })
    .await?;
    Ok(path)
}

/// Waits until no other backup is being taken below a folder.
async fn turn(root: &Path) -> Result<std::fs::File, BackupError> {
    use std::os::unix::fs::DirBuilderExt as _;
    let root = root.to_owned();
    blocking(move || {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&root)
            .map_err(BackupError::io(&root))?;
        let path = root.join(".lock");
        let file = std::fs::File::options()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(BackupError::io(&path))?;
        file.lock().map_err(BackupError::io(path))?;
        Ok(file)
    })
    .await
}

fn shared_files(backup: &Path) -> PathBuf {
    backup.parent().map_or_else(
        || PathBuf::from(files::FOLDER),
        |root| root.join(files::FOLDER),
    )
}

/// The manifest of a backup that is whole.
async fn checked(backup: &Path) -> Result<Manifest, BackupError> {
    let backup = backup.canonicalize().map_err(BackupError::io(backup))?;
    blocking(move || {
        let manifest = Manifest::read(&backup)?;
        let parts = [
            (rows::NAME, Some(&manifest.database)),
            (RAG, manifest.rag.as_ref()),
        ];
        for (name, part) in parts {
            let Some(part) = part else { continue };
            let found = files::part_of(&backup.join(name))
                .map_err(|error| BackupError::broken(name, error))?;
            if found != *part {
                return Err(BackupError::broken(name, "its content is another one"));
            }
        }
        files::check(&shared_files(&backup), &manifest.files)?;
        Ok(manifest)
    })
    .await
}

pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BackupError> + Send + 'static,
) -> Result<T, BackupError> {
    shared::telemetry::spawn_blocking_in_span(work)
        .await
        .map_err(|error| BackupError::broken("work", error))?
}
