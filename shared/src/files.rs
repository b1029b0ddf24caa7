//! The content-addressed store of files: `<root>/<first two digits>/<BLAKE3 in hexadecimal>`.
//!
//! A file is first written to `<root>/incoming`, then renamed: what stands under its hash is whole, and stays after a
//! power failure. Names given by people never reach a path.

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
    /// Read: a file is getting its place and the row that uses it. Write: a file without rows is being removed.
    gate: Arc<RwLock<()>>,
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
        let mut file = std::fs::File::create(&incoming.0)?;
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
        let _removing = self.removing().await;
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

    /// While held, no file is removed.
    pub async fn keeping(&self) -> RwLockReadGuard<'_, ()> {
        self.gate.read().await
    }

    /// While held, no file gets its place.
    pub async fn removing(&self) -> RwLockWriteGuard<'_, ()> {
        self.gate.write().await
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
