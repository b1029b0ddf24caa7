//! The content-addressed store of files: `<root>/<first two digits>/<BLAKE3 in hexadecimal>`.
//!
//! A file is first written to `<root>/incoming`, then renamed: what stands under its hash is whole, and stays after a
//! power failure. Names given by people never reach a path.
//!
//! Several processes may share a store: servers, workers, a command that takes a backup. Who keeps a file and who removes
//! one therefore also lock `<root>/.lock`. A lock of the file and not a lease in the database: it holds where the files
//! are (on this machine, and over NFS), and ends with its process however that ends, so nobody has to renew it, and
//! nobody waits for the lease of a dead one.

use std::fs::{File, TryLockError};
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures::{Stream, StreamExt};
use tokio::fs;
use tokio::io::AsyncWriteExt;
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::telemetry::spawn_blocking_in_span;

/// Bytes of a file read at a time.
const PIECE: usize = 256 * 1024;
/// What processes that share a store lock.
const LOCK: &str = ".lock";
/// First and longest wait for another process. Asked again and again: a thread that waited could not be called back.
const WAITS: (Duration, Duration) = (Duration::from_millis(2), Duration::from_millis(100));

/// Why a file was not taken in; nothing of it is left then.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It is larger than allowed.
    #[error("file is larger than {limit} bytes")]
    TooLarge {
        /// Bytes allowed.
        limit: u64,
    },
    /// The sender stopped before the end.
    #[error("upload was cut off")]
    CutOff,
    /// The disk failed, or is full.
    #[error("file store failed")]
    Io(#[from] io::Error),
}

/// The content-addressed store of files.
#[derive(Debug, Clone)]
pub struct Files {
    root: PathBuf,
    max_bytes: u64,
    /// Read: a file is getting its place and the row that uses it. Write: a file without rows is being removed. Within
    /// this process it is what makes the turns fair; among processes the file of that name says the same.
    gate: Arc<RwLock<()>>,
}

/// While it is there, no process removes a file.
#[derive(Debug)]
pub struct Keeping<'a> {
    _gate: RwLockReadGuard<'a, ()>,
    _lock: File,
}

/// While it is there, no process gives a file its place.
#[derive(Debug)]
pub struct Removing<'a> {
    _gate: RwLockWriteGuard<'a, ()>,
    _lock: File,
}

/// Folders of the store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Shelves {
    /// All of them.
    pub all: u64,
    /// Those without a file.
    pub empty: u64,
}

/// A file that has arrived whole and waits for its place; dropped, it is gone.
#[derive(Debug)]
pub struct Received {
    incoming: Incoming,
    /// BLAKE3, 64 hexadecimal digits.
    pub hash: String,
    /// Bytes.
    pub size: u64,
}

impl Received {
    /// Where it stands until it gets its place.
    pub fn path(&self) -> &Path {
        &self.incoming.0
    }
}

impl Files {
    /// Opens the store at `root`, made if absent; leftovers of interrupted uploads are removed. For a process that has
    /// the store for itself.
    ///
    /// # Errors
    /// When the folder cannot be made or cleared.
    pub async fn open(root: &Path, max_bytes: u64) -> io::Result<Self> {
        let files = Self::shared(root, max_bytes);
        match fs::remove_dir_all(files.incoming()).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        fs::create_dir_all(files.incoming()).await?;
        Ok(files)
    }

    /// A store at `root` that other processes may be using; see [`clear_incoming`](Self::clear_incoming).
    pub fn shared(root: &Path, max_bytes: u64) -> Self {
        Self {
            root: root.to_owned(),
            max_bytes,
            gate: Arc::default(),
        }
    }

    /// The same store with another limit, in bytes.
    #[must_use]
    pub fn up_to(&self, max_bytes: u64) -> Self {
        Self {
            max_bytes,
            ..self.clone()
        }
    }

    /// Most bytes of a file.
    pub fn max_bytes(&self) -> u64 {
        self.max_bytes
    }

    /// Folder of the shelves.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where the file with this hash stands; the hash comes from our own database.
    pub fn path_of(&self, hash: &str) -> PathBuf {
        let shelf: String = hash.chars().take(2).collect();
        self.root.join(shelf).join(hash)
    }

    /// Streams a body to disk while hashing.
    ///
    /// # Errors
    /// [`FileError`].
    ///
    /// # Cancel safety
    /// A dropped future leaves nothing; a killed process leaves a file in `incoming`.
    pub async fn receive<E>(
        &self,
        body: impl Stream<Item = Result<Bytes, E>> + Unpin,
    ) -> Result<Received, FileError> {
        self.receive_up_to(self.max_bytes, body).await
    }

    /// The same with a limit of its own, in bytes.
    ///
    /// # Errors
    /// [`FileError`].
    pub async fn receive_up_to<E>(
        &self,
        limit: u64,
        mut body: impl Stream<Item = Result<Bytes, E>> + Unpin,
    ) -> Result<Received, FileError> {
        fs::create_dir_all(self.incoming()).await?;
        let incoming = self.new_incoming();
        let mut file = fs::File::create(&incoming.0).await?;
        let mut hasher = blake3::Hasher::new();
        let mut size: u64 = 0;
        while let Some(part) = body.next().await {
            let part = part.map_err(|_| FileError::CutOff)?;
            size = size.saturating_add(part.len() as u64);
            if size > limit {
                return Err(FileError::TooLarge { limit });
            }
            hasher.update(&part);
            file.write_all(&part).await?;
        }
        file.flush().await?;
        file.sync_data().await?;
        drop(file);
        let hash = hasher.finalize().to_hex().to_string();
        Ok(Received {
            incoming,
            hash,
            size,
        })
    }

    /// Takes in what a reader gives, on a thread that may block: an entry of an archive.
    ///
    /// # Errors
    /// [`FileError`]; faults of the reader are [`FileError::Io`].
    pub fn receive_blocking(&self, reader: &mut dyn Read) -> Result<Received, FileError> {
        std::fs::create_dir_all(self.incoming())?;
        let incoming = self.new_incoming();
        let mut file = File::create(&incoming.0)?;
        let mut hasher = blake3::Hasher::new();
        let mut size: u64 = 0;
        let mut piece = vec![0; PIECE];
        loop {
            let read = reader.read(&mut piece)?;
            let Some(part) = piece.get(..read).filter(|part| !part.is_empty()) else {
                break;
            };
            size = size.saturating_add(read as u64);
            if size > self.max_bytes {
                return Err(FileError::TooLarge {
                    limit: self.max_bytes,
                });
            }
            hasher.update(part);
            file.write_all(part)?;
        }
        file.sync_data()?;
        let hash = hasher.finalize().to_hex().to_string();
        Ok(Received {
            incoming,
            hash,
            size,
        })
    }

    /// Gives a file its place. Hold [`Files::keeping`] from here until a row uses it.
    ///
    /// # Errors
    /// When the disk fails.
    pub async fn keep(&self, received: Received) -> io::Result<()> {
        let place = self.path_of(&received.hash);
        let shelf = place.parent().unwrap_or(&self.root).to_owned();
        fs::create_dir_all(&shelf).await?;
        match fs::rename(&received.incoming.0, &place).await {
            // Another process tidied the shelf away while it was empty.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::create_dir_all(&shelf).await?;
                fs::rename(&received.incoming.0, &place).await?;
            }
            renamed => renamed?,
        }
        // A name is kept by its folder.
        fs::File::open(&shelf).await?.sync_all().await
    }

    /// Hashes of all files that are kept and were written at least so long ago.
    ///
    /// # Errors
    /// When the folders cannot be read.
    pub async fn stored(&self, age: Duration) -> io::Result<Vec<String>> {
        let root = self.root.clone();
        let listed = spawn_blocking_in_span(move || -> io::Result<Vec<String>> {
            let mut hashes = Vec::new();
            for shelf in list(&root)? {
                if shelf.file_name().len() != 2 || !shelf.file_type()?.is_dir() {
                    continue;
                }
                for file in list(&shelf.path())? {
                    if is_older(&file, age) {
                        hashes.extend(file.file_name().into_string());
                    }
                }
            }
            Ok(hashes)
        });
        listed.await.map_err(io::Error::other)?
    }

    /// Removes what interrupted uploads left at least so long ago.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub async fn clear_incoming(&self, age: Duration) -> io::Result<()> {
        let incoming = self.incoming();
        let cleared = spawn_blocking_in_span(move || -> io::Result<()> {
            for file in list(&incoming)? {
                if is_older(&file, age) {
                    // Another process may have been faster.
                    drop(std::fs::remove_file(file.path()));
                }
            }
            Ok(())
        });
        cleared.await.map_err(io::Error::other)?
    }

    /// Shelves: how many there are, and how many of them are empty. Removes those unless it is only to `look`.
    ///
    /// # Errors
    /// When the folders cannot be read.
    pub async fn clear_shelves(&self, look: bool) -> io::Result<Shelves> {
        let _removing = self.removing().await?;
        let root = self.root.clone();
        let cleared = spawn_blocking_in_span(move || -> io::Result<Shelves> {
            let mut shelves = Shelves::default();
            for shelf in list(&root)? {
                if shelf.file_name().len() != 2 || !shelf.file_type()?.is_dir() {
                    continue;
                }
                shelves.all = shelves.all.saturating_add(1);
                let is_empty = list(&shelf.path())?.is_empty();
                // One that got a file meanwhile stays: only empty folders can be removed so.
                if is_empty && (look || std::fs::remove_dir(shelf.path()).is_ok()) {
                    shelves.empty = shelves.empty.saturating_add(1);
                }
            }
            Ok(shelves)
        });
        cleared.await.map_err(io::Error::other)?
    }

    /// Bytes of a file that is kept; 0 for one that is not there.
    ///
    /// # Errors
    /// When the disk fails.
    pub async fn size_of(&self, hash: &str) -> io::Result<u64> {
        match fs::metadata(self.path_of(hash)).await {
            Ok(facts) => Ok(facts.len()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error),
        }
    }

    /// Whether files can be taken in now.
    ///
    /// # Errors
    /// When they cannot: the disk is full, or the folder not ours.
    pub async fn check_writable(&self) -> io::Result<()> {
        fs::create_dir_all(self.incoming()).await?;
        let trial = self.new_incoming();
        fs::write(&trial.0, b"acervo").await
    }

    /// While held, no file is removed, by this process or another. Waits until nobody is removing.
    ///
    /// # Errors
    /// When the disk cannot lock.
    pub async fn keeping(&self) -> io::Result<Keeping<'_>> {
        let gate = self.gate.read().await;
        Ok(Keeping {
            _gate: gate,
            _lock: self.lock(File::try_lock_shared).await?,
        })
    }

    /// While held, no file gets its place, by this process or another. Waits until nobody is keeping, which may be long:
    /// a backup keeps.
    ///
    /// # Errors
    /// When the disk cannot lock.
    pub async fn removing(&self) -> io::Result<Removing<'_>> {
        let gate = self.gate.write().await;
        Ok(Removing {
            _gate: gate,
            _lock: self.lock(File::try_lock).await?,
        })
    }

    /// The store's lock, given back when the file is closed.
    async fn lock(&self, take: fn(&File) -> Result<(), TryLockError>) -> io::Result<File> {
        let root = self.root.clone();
        let opened = spawn_blocking_in_span(move || {
            std::fs::create_dir_all(&root)?;
            let mut options = File::options();
            options.create(true).append(true).open(root.join(LOCK))
        });
        let mut file = opened.await.map_err(io::Error::other)??;
        let mut wait = WAITS.0;
        loop {
            let tried = spawn_blocking_in_span(move || (take(&file), file));
            let (taken, same) = tried.await.map_err(io::Error::other)?;
            match taken {
                Ok(()) => return Ok(same),
                Err(TryLockError::WouldBlock) => file = same,
                Err(TryLockError::Error(error)) => return Err(error),
            }
            tokio::time::sleep(wait).await;
            wait = wait.saturating_mul(2).min(WAITS.1);
        }
    }

    /// Copies a file of a folder of the operator's.
    ///
    /// # Errors
    /// [`FileError`].
    pub async fn receive_file(&self, path: &Path) -> Result<Received, FileError> {
        let file = fs::File::open(path).await?;
        self.receive(tokio_util::io::ReaderStream::with_capacity(file, PIECE))
            .await
    }

    /// Removes a file; one that is not there counts as removed.
    ///
    /// # Errors
    /// When the disk fails.
    pub async fn remove(&self, hash: &str) -> io::Result<()> {
        match fs::remove_file(self.path_of(hash)).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn incoming(&self) -> PathBuf {
        self.root.join("incoming")
    }

    fn new_incoming(&self) -> Incoming {
        Incoming(self.incoming().join(uuid::Uuid::now_v7().to_string()))
    }
}

/// Entries of a folder; one that is not there has none.
fn list(folder: &Path) -> io::Result<Vec<std::fs::DirEntry>> {
    match std::fs::read_dir(folder) {
        Ok(entries) => entries.collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn is_older(file: &std::fs::DirEntry, age: Duration) -> bool {
    file.metadata()
        .and_then(|facts| facts.modified())
        .is_ok_and(|at| SystemTime::now().duration_since(at).unwrap_or_default() >= age)
}

/// Removes an upload that did not get its place.
#[derive(Debug)]
struct Incoming(PathBuf);

impl Drop for Incoming {
    fn drop(&mut self) {
        // Once renamed the file is not here any more; what cannot be removed now goes at the next start.
        drop(std::fs::remove_file(&self.0));
    }
}

#[cfg(test)]
mod tests;
