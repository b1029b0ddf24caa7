//! The content-addressed store of files: `<root>/<first two digits>/<BLAKE3 in hexadecimal>`.
//!
//! A file is first written to `<root>/incoming`, then renamed: what stands under its hash is whole. Names given by
//! people never reach a path.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures::{Stream, StreamExt};
use tokio::fs;
use tokio::io::AsyncWriteExt;
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::MaterialError;

/// The content-addressed store of files.
#[derive(Debug, Clone)]
pub struct Files {
    root: PathBuf,
    max_bytes: u64,
    /// Read: a file is getting its place and the row that uses it. Write: a file without rows is being removed.
    gate: Arc<RwLock<()>>,
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

impl Files {
    /// Opens the store at `root`, made if absent; leftovers of interrupted uploads are removed.
    pub async fn open(root: &Path, max_bytes: u64) -> io::Result<Self> {
        let files = Self {
            root: root.to_owned(),
            max_bytes,
            gate: Arc::default(),
        };
        match fs::remove_dir_all(files.incoming()).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        fs::create_dir_all(files.incoming()).await?;
        Ok(files)
    }

    /// Most bytes of a file.
    pub fn max_bytes(&self) -> u64 {
        self.max_bytes
    }

    /// Where the file with this hash stands; the hash comes from our own database.
    pub fn path_of(&self, hash: &str) -> PathBuf {
        let shelf: String = hash.chars().take(2).collect();
        self.root.join(shelf).join(hash)
    }

    /// Streams a body to disk while hashing.
    ///
    /// # Cancel safety
    /// A dropped future leaves at most a file in `incoming`, which is removed at the next start.
    pub async fn receive<E>(
        &self,
        body: impl Stream<Item = Result<Bytes, E>> + Unpin,
    ) -> Result<Received, MaterialError> {
        let incoming = Incoming(self.incoming().join(uuid::Uuid::now_v7().to_string()));
        let mut body = body;
        let mut file = fs::File::create(&incoming.0).await?;
        let mut hasher = blake3::Hasher::new();
        let mut size: u64 = 0;
        while let Some(part) = body.next().await {
            let part = part.map_err(|_| MaterialError::CutOff)?;
            size += part.len() as u64;
            if size > self.max_bytes {
                return Err(MaterialError::TooLarge {
                    limit: self.max_bytes,
                });
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

    /// Gives a file its place. Hold [`Files::keeping`] from here until a row uses it.
    pub async fn keep(&self, received: Received) -> Result<(), MaterialError> {
        let place = self.path_of(&received.hash);
        if let Some(shelf) = place.parent() {
            fs::create_dir_all(shelf).await?;
        }
        fs::rename(&received.incoming.0, &place).await?;
        Ok(())
    }

    /// Hashes of all files that are kept.
    pub async fn stored(&self) -> Result<Vec<String>, MaterialError> {
        let root = self.root.clone();
        let listed =
            shared::telemetry::spawn_blocking_in_span(move || -> io::Result<Vec<String>> {
                let mut hashes = Vec::new();
                for shelf in std::fs::read_dir(&root)? {
                    let shelf = shelf?;
                    if shelf.file_name().len() != 2 || !shelf.file_type()?.is_dir() {
                        continue;
                    }
                    for file in std::fs::read_dir(shelf.path())? {
                        hashes.extend(file?.file_name().into_string());
                    }
                }
                Ok(hashes)
            });
        Ok(listed.await.map_err(io::Error::other)??)
    }

    /// While held, no file is removed.
    pub async fn keeping(&self) -> RwLockReadGuard<'_, ()> {
        self.gate.read().await
    }

    /// While held, no file gets its place.
    pub async fn removing(&self) -> RwLockWriteGuard<'_, ()> {
        self.gate.write().await
    }

    /// Copies a file of the mirrored folder.
    pub async fn receive_file(&self, path: &Path) -> Result<Received, MaterialError> {
        let file = fs::File::open(path).await?;
        self.receive(tokio_util::io::ReaderStream::with_capacity(
            file,
            256 * 1024,
        ))
        .await
    }

    /// Removes a file; one that is not there counts as removed.
    pub async fn remove(&self, hash: &str) -> io::Result<()> {
        match fs::remove_file(self.path_of(hash)).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn incoming(&self) -> PathBuf {
        self.root.join("incoming")
    }
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
            Err(MaterialError::TooLarge { limit: 5 })
        ));
        let cut = stream::iter(vec![Ok(Bytes::from_static(b"12")), Err("gone")]);
        assert!(matches!(
            files.receive(cut).await,
            Err(MaterialError::CutOff)
        ));
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
}
