//! Backups in object storage: below a prefix of a bucket, as they are in a folder.
//!
//! Files go up in parts as they are read and come down in ranges, so that none is ever held whole. The manifest goes up
//! last and goes first when a backup is removed: without one there is no backup.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::TryStreamExt as _;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::buffered::BufWriter;
use object_store::path::Path as Key;
use object_store::{ClientOptions, ObjectMeta, ObjectStore, ObjectStoreExt as _, RetryConfig};
use shared::files::Files;
use shared::settings::{ExposeSecret as _, SecretString};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use url::Url;

use super::manifest::{self, Manifest, Part};
use super::{BackupError, files, rows, service};

/// How every address of ours begins.
pub(crate) const SCHEME: &str = "s3";
/// Bytes of a part at least; parts of one object at most, of which the storage takes 10,000.
const PART: u64 = 8 << 20;
const PARTS: u64 = 9_000;
/// Parts that are on their way at a time.
const AT_ONCE: usize = 2;
/// Bytes that are asked for at a time, and that are read from a file at a time.
const RANGE: u64 = 8 << 20;
const CHUNK: usize = 256 << 10;
/// Longest wait for one part, and for a connection.
const PATIENCE: Duration = Duration::from_mins(5);
const CONNECT: Duration = Duration::from_secs(10);
/// How often one request is sent again, and until when.
const RETRIES: usize = 5;
const RETRIED_FOR: Duration = Duration::from_mins(1);
/// A manifest is no larger.
const LONGEST_MANIFEST: u64 = 256 << 20;

/// An object storage that speaks S3.
#[derive(Debug, Clone)]
pub struct RemoteSettings {
    /// `s3://bucket/prefix`.
    pub url: Url,
    /// Its region.
    pub region: String,
    /// Where it answers; Amazon's own when absent.
    pub endpoint: Option<Url>,
    /// Id and key of who may write there, and a token where they are of a session; those of the machine when absent.
    pub credentials: Option<(String, SecretString, Option<SecretString>)>,
}

/// Backups below a prefix of a bucket.
#[derive(Debug, Clone)]
pub(super) struct Remote {
    store: Arc<AmazonS3>,
    prefix: Key,
    /// The same, for people.
    url: String,
}

impl Remote {
    /// The place that the settings name.
    pub(super) fn open(settings: &RemoteSettings) -> Result<Self, BackupError> {
        let bucket = settings.url.host_str().unwrap_or_default();
        let is_plain = settings
            .endpoint
            .as_ref()
            .is_some_and(|endpoint| endpoint.scheme() == "http");
        let options = ClientOptions::new()
            .with_allow_http(is_plain)
            .with_connect_timeout(CONNECT)
            .with_timeout(PATIENCE);
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(bucket)
            .with_region(&settings.region)
            .with_client_options(options)
            .with_retry(RetryConfig {
                max_retries: RETRIES,
                retry_timeout: RETRIED_FOR,
                ..RetryConfig::default()
            });
        if let Some(endpoint) = &settings.endpoint {
            builder = builder.with_endpoint(endpoint.as_str().trim_end_matches('/'));
        }
        if let Some((id, key, token)) = &settings.credentials {
            builder = builder
                .with_access_key_id(id)
                .with_secret_access_key(key.expose_secret());
            if let Some(token) = token {
                builder = builder.with_token(token.expose_secret());
            }
        }
        let prefix = Key::from_url_path(settings.url.path()).map_err(object_store::Error::from)?;
        Ok(Self {
            store: Arc::new(builder.build()?),
            prefix,
            url: settings.url.as_str().trim_end_matches('/').to_owned(),
        })
    }

    /// The place of a backup, and its name there.
    pub(super) fn of_backup(
        settings: &RemoteSettings,
        backup: &Url,
    ) -> Result<(Self, String), BackupError> {
        let mut url = backup.clone();
        let path = url.path().trim_end_matches('/').to_owned();
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", ""));
        url.set_path(parent);
        let settings = RemoteSettings {
            url,
            ..settings.clone()
        };
        Ok((Self::open(&settings)?, name.to_owned()))
    }

    /// The address of a backup.
    pub(super) fn address(&self, name: &str) -> String {
        format!("{}/{name}", self.url)
    }

    /// Copies files to their places, unless they are there; with their sizes, or nothing where one of them is gone.
    pub(super) async fn copy(
        &self,
        from: &Files,
        hashes: &BTreeSet<String>,
    ) -> Result<Option<BTreeMap<String, u64>>, BackupError> {
        let mut known = self.files().await?;
        let mut copied = BTreeMap::new();
        for hash in hashes {
            let bytes = match known.remove(hash) {
                Some(bytes) => bytes,
                None => match self.put(&from.path_of(hash), self.place(hash)).await {
                    Ok(part) if part.blake3 == *hash => part.bytes,
                    Ok(_) => {
                        self.remove(&self.place(hash)).await?;
                        let what = format!("file {hash}");
                        return Err(BackupError::broken(what, "its content is another one"));
                    }
                    Err(BackupError::Io { source, .. })
                        if source.kind() == std::io::ErrorKind::NotFound =>
                    {
                        return Ok(None);
                    }
                    Err(error) => return Err(error),
                },
            };
            copied.insert(hash.clone(), bytes);
        }
        Ok(Some(copied))
    }

    /// Sends what was written into `folder` up, the manifest last.
    pub(super) async fn keep(
        &self,
        name: &str,
        folder: &Path,
        manifest: &Manifest,
    ) -> Result<(), BackupError> {
        let at = self.prefix.clone().join(name);
        for (part, wanted) in parts(manifest) {
            if self.put(&folder.join(part), at.clone().join(part)).await? != *wanted {
                return Err(BackupError::broken(part, "it was changed meanwhile"));
            }
        }
        let sealed = manifest.sealed()?;
        self.store
            .put(&at.join(manifest::NAME), Bytes::from(sealed).into())
            .await?;
        Ok(())
    }

    /// Backups, the oldest first.
    pub(super) async fn list(&self) -> Result<Vec<(String, Manifest)>, BackupError> {
        let mut found = Vec::new();
        for name in self.names().await? {
            // What is no backup, or one of a newer program, is nobody's to remove.
            if let Ok(manifest) = self.manifest(&name).await {
                found.push((name, manifest));
            }
        }
        found.sort_by(|one, other| one.1.created_at.cmp(&other.1.created_at));
        Ok(found)
    }

    /// Removes all but the newest backups, what nobody finished, and files that none of those left has.
    pub(super) async fn prune(&self, keep: usize) -> Result<usize, BackupError> {
        let mut all = self.list().await?;
        self.remove_unfinished(&all).await?;
        let surplus = all.len().saturating_sub(keep);
        let left = all.split_off(surplus);
        for (name, _) in &all {
            let at = self.prefix.clone().join(name.as_str());
            self.remove(&at.clone().join(manifest::NAME)).await?;
            for object in self.objects(&at).await? {
                self.remove(&object.location).await?;
            }
        }
        for hash in files::unwanted(&all, &left) {
            self.remove(&self.place(hash)).await?;
        }
        Ok(all.len())
    }

    /// Checks a backup to the last byte.
    pub(super) async fn verify(&self, name: &str) -> Result<Manifest, BackupError> {
        let manifest = self.manifest(name).await?;
        let at = self.prefix.clone().join(name);
        for (part, wanted) in parts(&manifest) {
            self.check(part, &at.clone().join(part), wanted).await?;
        }
        for (hash, bytes) in &manifest.files {
            files::check_hash(hash)?;
            let wanted = Part {
                blake3: hash.clone(),
                bytes: *bytes,
            };
            self.check(&format!("file {hash}"), &self.place(hash), &wanted)
                .await?;
        }
        Ok(manifest)
    }

    /// Brings a backup into a folder, where it lies as one that was taken there.
    pub(super) async fn fetch(&self, name: &str, into: &Path) -> Result<(), BackupError> {
        let manifest = self.manifest(name).await?;
        let (at, folder) = (self.prefix.clone().join(name), into.join(name));
        tokio::fs::create_dir_all(&folder)
            .await
            .map_err(BackupError::io(&folder))?;
        for (part, _) in parts(&manifest) {
            self.get(part, &at.clone().join(part), Some(&folder.join(part)))
                .await?;
        }
        for hash in manifest.files.keys() {
            files::check_hash(hash)?;
            let target = files::place(&into.join(files::FOLDER), hash);
            let shelf = target.parent().unwrap_or(into);
            tokio::fs::create_dir_all(shelf)
                .await
                .map_err(BackupError::io(shelf))?;
            self.get(&format!("file {hash}"), &self.place(hash), Some(&target))
                .await?;
        }
        service::blocking(move || manifest.write(&folder)).await
    }

    /// Folders that may be backups.
    async fn names(&self) -> Result<Vec<String>, BackupError> {
        let listed = self.store.list_with_delimiter(Some(&self.prefix)).await?;
        Ok(listed
            .common_prefixes
            .iter()
            .filter_map(|prefix| prefix.filename())
            .filter(|name| *name != files::FOLDER)
            .map(str::to_owned)
            .collect())
    }

    async fn manifest(&self, name: &str) -> Result<Manifest, BackupError> {
        let key = self.prefix.clone().join(name).join(manifest::NAME);
        let found = match self.store.get(&key).await {
            Err(object_store::Error::NotFound { .. }) => {
                return Err(BackupError::NotABackup(self.address(name).into()));
            }
            found => found?,
        };
        if found.meta.size > LONGEST_MANIFEST {
            return Err(BackupError::broken(manifest::NAME, "it is too large"));
        }
        Manifest::parse(&found.bytes().await?)
    }

    /// Removes what was begun a day ago or earlier and never finished.
    async fn remove_unfinished(&self, backups: &[(String, Manifest)]) -> Result<(), BackupError> {
        for name in self.names().await? {
            if backups.iter().any(|(known, _)| *known == name) {
                continue;
            }
            let at = self.prefix.clone().join(name);
            let objects = self.objects(&at).await?;
            let is_ours = objects.iter().all(|object| {
                [Some(rows::NAME), Some(service::RAG)].contains(&object.location.filename())
            });
            let now = std::time::SystemTime::now();
            let is_old = objects.iter().all(|object| {
                let age = now.duration_since(object.last_modified.into());
                age.is_ok_and(|age| age > files::UNFINISHED)
            });
            if is_ours && is_old {
                for object in objects {
                    self.remove(&object.location).await?;
                }
            }
        }
        Ok(())
    }

    async fn objects(&self, below: &Key) -> Result<Vec<ObjectMeta>, BackupError> {
        Ok(self.store.list(Some(below)).try_collect().await?)
    }

    /// Files that are there, with their sizes.
    async fn files(&self) -> Result<BTreeMap<String, u64>, BackupError> {
        let objects = self
            .objects(&self.prefix.clone().join(files::FOLDER))
            .await?;
        Ok(objects
            .into_iter()
            .filter_map(|object| Some((object.location.filename()?.to_owned(), object.size)))
            .collect())
    }

    fn place(&self, hash: &str) -> Key {
        let shelf: String = hash.chars().take(2).collect();
        self.prefix
            .clone()
            .join(files::FOLDER)
            .join(shelf)
            .join(hash)
    }

    async fn remove(&self, key: &Key) -> Result<(), BackupError> {
        match self.store.delete(key).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Sends a file up in parts; what went up.
    async fn put(&self, from: &Path, to: Key) -> Result<Part, BackupError> {
        let mut file = tokio::fs::File::open(from)
            .await
            .map_err(BackupError::io(from))?;
        let size = file.metadata().await.map_err(BackupError::io(from))?.len();
        let part = usize::try_from(size.div_ceil(PARTS).max(PART)).unwrap_or(usize::MAX);
        let store: Arc<dyn ObjectStore> = Arc::clone(&self.store) as _;
        let mut up = BufWriter::with_capacity(store, to, part).with_max_concurrency(AT_ONCE);
        let mut hash = blake3::Hasher::new();
        let mut chunk = bytes::BytesMut::new();
        let sent = async {
            loop {
                chunk.reserve(CHUNK);
                if file
                    .read_buf(&mut chunk)
                    .await
                    .map_err(BackupError::io(from))?
                    == 0
                {
                    return Ok(());
                }
                let bytes = chunk.split().freeze();
                hash.update(&bytes);
                up.put(bytes).await?;
            }
        };
        if let Err(error) = sent.await {
            // Parts that stay behind are paid for.
            drop(up.abort().await);
            return Err(error);
        }
        up.shutdown().await.map_err(BackupError::io(from))?;
        Ok(Part {
            blake3: hash.finalize().to_hex().to_string(),
            bytes: hash.count(),
        })
    }

    async fn check(&self, what: &str, key: &Key, wanted: &Part) -> Result<(), BackupError> {
        if self.get(what, key, None).await? == *wanted {
            return Ok(());
        }
        Err(BackupError::broken(what, "its content is another one"))
    }

    /// Reads an object range by range, into a file where one is named; what came down.
    async fn get(&self, what: &str, key: &Key, into: Option<&Path>) -> Result<Part, BackupError> {
        let size = match self.store.head(key).await {
            Err(error @ object_store::Error::NotFound { .. }) => {
                return Err(BackupError::broken(what, error));
            }
            meta => meta?.size,
        };
        let mut file = match into {
            Some(path) => Some(
                tokio::fs::OpenOptions::new()
                    .write(true)
                    .create(true)
                    .truncate(true)
                    .mode(0o600)
                    .open(path)
                    .await
                    .map_err(BackupError::io(path))?,
            ),
            None => None,
        };
        let mut hash = blake3::Hasher::new();
        let mut from = 0;
        while from < size {
            let to = from.saturating_add(RANGE).min(size);
            let bytes = self.store.get_range(key, from..to).await?;
            hash.update(&bytes);
            if let Some((file, path)) = file.as_mut().zip(into) {
                file.write_all(&bytes)
                    .await
                    .map_err(BackupError::io(path))?;
            }
            from = to;
        }
        if let Some((mut file, path)) = file.zip(into) {
            file.flush().await.map_err(BackupError::io(path))?;
            file.sync_all().await.map_err(BackupError::io(path))?;
        }
        Ok(Part {
            blake3: hash.finalize().to_hex().to_string(),
            bytes: hash.count(),
        })
    }
}

/// Parts of a backup beside its manifest and files.
fn parts(manifest: &Manifest) -> impl Iterator<Item = (&'static str, &Part)> {
    let database = std::iter::once((rows::NAME, &manifest.database));
    database.chain(manifest.rag.as_ref().map(|part| (service::RAG, part)))
}
