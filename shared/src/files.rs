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
mod tests {
    use futures::stream;

    use super::*;

    fn body(
        parts: &[&'static str],
    ) -> impl Stream<Item = Result<Bytes, io::Error>> + Unpin + use<> {
        stream::iter(
            parts
                .iter()
                .map(|part| Ok(Bytes::from_static(part.as_bytes())))
                .collect::<Vec<_>>(),
        )
    }

    fn count_files(root: &Path) -> usize {
        std::fs::read_dir(root.join("incoming")).unwrap().count()
    }

    #[tokio::test]
    async fn a_body_is_stored_under_its_hash_once() {
        let dir = tempfile::tempdir().unwrap();
        let files = Files::open(dir.path(), 100).await.unwrap();
        let first = files.receive(body(&["olá ", "mundo"])).await.unwrap();
        let second = files.receive(body(&["olá mundo"])).await.unwrap();
        let hash = blake3::hash("olá mundo".as_bytes()).to_hex().to_string();
        assert_eq!((&first.hash, &second.hash), (&hash, &hash));
        files.keep(first).await.unwrap();
        files.keep(second).await.unwrap();
        assert_eq!(
            std::fs::read_to_string(files.path_of(&hash)).unwrap(),
            "olá mundo"
        );
        assert_eq!(count_files(dir.path()), 0);
    }

    #[tokio::test]
    async fn what_is_too_large_or_cut_off_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let files = Files::open(dir.path(), 5).await.unwrap();
        assert!(matches!(
            files.receive(body(&["1234", "56"])).await,
            Err(FileError::TooLarge { limit: 5 })
        ));
        let cut = stream::iter(vec![Ok(Bytes::from_static(b"12")), Err("gone")]);
        assert!(matches!(files.receive(cut).await, Err(FileError::CutOff)));
        assert_eq!(count_files(dir.path()), 0);
    }

    #[tokio::test]
    async fn leftovers_go_at_the_next_start() {
        let dir = tempfile::tempdir().unwrap();
        Files::open(dir.path(), 5).await.unwrap();
        std::fs::write(dir.path().join("incoming/half"), "x").unwrap();
        Files::open(dir.path(), 5).await.unwrap();
        assert_eq!(count_files(dir.path()), 0);
    }

    #[tokio::test]
    async fn a_store_in_use_keeps_what_is_young() {
        let dir = tempfile::tempdir().unwrap();
        let files = Files::shared(dir.path(), 100);
        assert_eq!(files.stored(Duration::ZERO).await.unwrap(), [""; 0]);
        let received = files.receive(body(&["olá"])).await.unwrap();
        let hash = received.hash.clone();
        files.clear_incoming(Duration::from_hours(1)).await.unwrap();
        files.keep(received).await.unwrap();
        assert_eq!(
            files.stored(Duration::from_hours(1)).await.unwrap(),
            [""; 0]
        );
        assert_eq!(files.stored(Duration::ZERO).await.unwrap(), [hash]);
        std::fs::write(dir.path().join("incoming/half"), "x").unwrap();
        files.clear_incoming(Duration::ZERO).await.unwrap();
        assert_eq!(count_files(dir.path()), 0);
    }

    #[tokio::test]
    async fn empty_shelves_are_counted_removed_and_made_again() {
        let dir = tempfile::tempdir().unwrap();
        let files = Files::shared(dir.path(), 100);
        files.check_writable().await.unwrap();
        assert_eq!(count_files(dir.path()), 0, "a trial leaves nothing");
        for text in ["olá", "tchau"] {
            let received = files.receive(body(&[text])).await.unwrap();
            files.keep(received).await.unwrap();
        }
        let hash = blake3::hash("olá".as_bytes()).to_hex().to_string();
        assert_eq!(files.size_of(&hash).await.unwrap(), 4);
        files.remove(&hash).await.unwrap();
        assert_eq!(files.size_of(&hash).await.unwrap(), 0);
        let (found, none) = (Shelves { all: 2, empty: 1 }, Shelves { all: 1, empty: 0 });
        assert_eq!(files.clear_shelves(true).await.unwrap(), found);
        assert_eq!(files.clear_shelves(false).await.unwrap(), found);
        assert_eq!(files.clear_shelves(false).await.unwrap(), none);
        let received = files.receive(body(&["olá"])).await.unwrap();
        files.keep(received).await.unwrap();
        assert_eq!(files.stored(Duration::ZERO).await.unwrap().len(), 2);
    }

    /// Two stores on one folder have no more in common than two processes.
    #[tokio::test]
    async fn what_one_process_keeps_no_other_removes() {
        let dir = tempfile::tempdir().unwrap();
        let (one, other) = (
            Files::shared(dir.path(), 100),
            Files::shared(dir.path(), 100),
        );
        let (keeping, too) = (one.keeping().await.unwrap(), other.keeping().await.unwrap());
        let mut removing = Box::pin(other.removing());
        assert!(futures::poll!(&mut removing).is_pending());
        drop(too);
        let longest = Duration::from_millis(300);
        assert!(tokio::time::timeout(longest, &mut removing).await.is_err());
        drop(keeping);
        let removing = removing.await.unwrap();
        assert!(tokio::time::timeout(longest, one.keeping()).await.is_err());
        drop(removing);
        one.keeping().await.unwrap();
        assert_eq!(one.stored(Duration::ZERO).await.unwrap(), [""; 0]);
    }

    #[tokio::test]
    async fn what_a_reader_gives_is_stored_as_a_body_is() {
        let dir = tempfile::tempdir().unwrap();
        let files = Files::shared(dir.path(), 9);
        let received = files.receive_blocking(&mut "olá mund".as_bytes()).unwrap();
        assert_eq!(
            received.hash,
            blake3::hash("olá mund".as_bytes()).to_hex().as_str()
        );
        assert_eq!(
            std::fs::read_to_string(received.path()).unwrap(),
            "olá mund"
        );
        drop(received);
        assert!(matches!(
            files.receive_blocking(&mut "olá mundo!".as_bytes()),
            Err(FileError::TooLarge { limit: 9 })
        ));
        assert_eq!(count_files(dir.path()), 0);
    }
}
