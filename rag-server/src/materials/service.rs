//! Rules of materials: accepted, listed, removed.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Bytes;
use chunk::ChunkSettings;
use futures::Stream;
use index::Index;
use shared::clock::Clock;
use shared::db::Db;
use shared::files::Received;
use tokio::sync::OwnedMutexGuard;

use super::locks::Locks;
use super::store::{self, Acceptance};
use super::{Files, MaterialError, MaterialId, MaterialRow, MaterialState, Origin, TableFiles};
use crate::jobs::{JobError, JobKind, JobService};

/// Most bytes of a name: what file systems allow, and more than anyone reads.
const MAX_NAME_BYTES: usize = 1024;
/// Most tags, and most bytes of one.
const MAX_TAGS: (usize, usize) = (50, 100);

/// What is said of a material besides its bytes.
#[derive(Debug, Clone)]
pub struct NewMaterial {
    /// Its id.
    pub id: MaterialId,
    /// Name shown in citations, a relative path; the file name when absent.
    pub source: Option<String>,
    /// File name; the id when absent.
    pub filename: Option<String>,
    /// Title for people; the file's stem when absent.
    pub title: Option<String>,
    /// Labels to filter by.
    pub tags: Vec<String>,
    /// How large its chunks are; as in the server's settings when absent.
    pub chunking: Option<ChunkSettings>,
}

/// What became of an acceptance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The job that brings it into the index, or the one that did.
    pub job_id: String,
    /// The same bytes were here already and nothing is to be done.
    pub unchanged: bool,
}

/// Materials: accepted, listed, removed.
pub struct MaterialService {
    db: Db,
    files: Files,
    index: Index,
    tables: TableFiles,
    jobs: Arc<JobService>,
    clock: Arc<dyn Clock>,
    /// Who works on a material.
    work: Locks,
    /// Who decides about a material's row; held for a moment, and after `work` where both are held.
    rows: Locks,
}

impl MaterialService {
    /// Materials in `db`, with their files, their rows in the index and their tables.
    pub(crate) fn new(
        db: Db,
        files: Files,
        (index, tables): (Index, TableFiles),
        jobs: Arc<JobService>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            db,
            files,
            index,
            tables,
            jobs,
            clock,
            work: Locks::default(),
            rows: Locks::default(),
        }
    }

    /// Where files are kept.
    pub(crate) fn files(&self) -> &Files {
        &self.files
    }

    /// Tables, kept beside the index.
    pub(crate) fn tables(&self) -> &TableFiles {
        &self.tables
    }

    /// Removes what questions are answered from: text, vectors, tables.
    pub(crate) async fn delete_text(&self, id: &str) -> Result<(), MaterialError> {
        self.index.delete(&[id.to_owned()]).await?;
        self.forget_tables(id).await
    }

    async fn forget_tables(&self, id: &str) -> Result<(), MaterialError> {
        let (tables, id) = (self.tables.clone(), id.to_owned());
        let forgotten = tokio::task::spawn_blocking(move || tables.forget(&id)).await;
        Ok(forgotten.map_err(std::io::Error::other)??)
    }

    /// Holds the work on a material for oneself until the guard is dropped: a whole ingest, a removal.
    pub(crate) async fn hold(&self, id: &str) -> OwnedMutexGuard<()> {
        self.work.hold(id).await
    }

    /// Stores the bytes and queues the material; the same bytes again cost nothing.
    ///
    /// # Cancel safety
    /// Until the bytes are whole nothing but a temporary file exists; after that the row is written first and
    /// the job second, and a row without its job is found again at the next start.
    pub async fn accept<E>(
        &self,
        material: NewMaterial,
        body: impl Stream<Item = Result<Bytes, E>> + Unpin,
    ) -> Result<Accepted, MaterialError> {
        let named = Named::check(material)?;
        let received = self.files.receive(body).await?;
        self.take_in(&named, received, Origin::Sent, None, None, false)
            .await
    }

    /// Takes in a file of the mirrored folder.
    pub(crate) async fn accept_file(
        &self,
        relative_path: &str,
        path: &Path,
        modified_at: i64,
        parent: &str,
        force: bool,
    ) -> Result<Accepted, MaterialError> {
        let filename = relative_path
            .rsplit('/')
            .next()
            .unwrap_or(relative_path)
            .to_owned();
        let named = Named::check(NewMaterial {
            id: MaterialId::of_mirrored(relative_path),
            source: Some(relative_path.to_owned()),
            filename: Some(filename),
            title: None,
            tags: Vec::new(),
            chunking: None,
        })?;
        let received = self.files.receive_file(path).await?;
        self.take_in(
            &named,
            received,
            Origin::Folder,
            Some(modified_at),
            Some(parent),
            force,
        )
        .await
    }

    async fn take_in(
        &self,
        named: &Named,
        received: Received,
        origin: Origin,
        modified_at: Option<i64>,
        parent: Option<&str>,
        force: bool,
    ) -> Result<Accepted, MaterialError> {
        let id = named.id.as_str();
        let hash = received.hash.clone();
        let size = received.size;
        let _row = self.rows.hold(id).await;
        let keeping = self.files.keeping().await?;
        self.files.keep(received).await?;
        let before = store::find(&self.db, id).await?;
        let now = self.clock.now_ms();
        let job_id = JobService::new_id();
        let acceptance = Acceptance {
            id,
            source: &named.source,
            filename: &named.filename,
            title: &named.title,
            tags: &named.tags,
            origin,
            size_bytes: size as i64,
            content_hash: &hash,
            modified_at,
            revision: &job_id,
            job_id: &job_id,
            chunking: named.chunking,
        };
        if let Some(row) = &before
            && row.content_hash == hash
            && !force
            && !matches!(row.state(), MaterialState::Failed | MaterialState::NeedsOcr)
            && let Some(job_id) = &row.job_id
        {
            store::rename(&self.db, &acceptance, now).await?;
            return Ok(Accepted {
                job_id: job_id.clone(),
                unchanged: true,
            });
        }
        self.jobs.cancel_of_material(id).await.map_err(from_job)?;
        store::accept(&self.db, &acceptance, now).await?;
        drop(keeping);
        self.jobs
            .create(&crate::jobs::store::NewJob {
                id: &job_id,
                kind: JobKind::Ingest,
                material_id: Some(id),
                parent_id: parent,
                options: "{}",
            })
            .await
            .map_err(from_job)?;
        if let Some(row) = before
            && row.content_hash != hash
        {
            self.drop_file(&row.content_hash).await?;
        }
        Ok(Accepted {
            job_id,
            unchanged: false,
        })
    }

    /// Gives a material that has no open job a new one.
    pub(crate) async fn requeue(
        &self,
        row: &MaterialRow,
        parent: Option<&str>,
    ) -> Result<String, MaterialError> {
        let _row = self.rows.hold(&row.id).await;
        let job_id = JobService::new_id();
        let acceptance = Acceptance {
            id: &row.id,
            source: &row.source,
            filename: &row.filename,
            title: &row.title,
            tags: &row.tags,
            origin: if row.origin == Origin::Folder.as_str() {
                Origin::Folder
            } else {
                Origin::Sent
            },
            size_bytes: row.size_bytes,
            content_hash: &row.content_hash,
            modified_at: row.modified_at,
            revision: &job_id,
            job_id: &job_id,
            chunking: row.chunking(),
        };
        self.jobs
            .cancel_of_material(&row.id)
            .await
            .map_err(from_job)?;
        store::accept(&self.db, &acceptance, self.clock.now_ms()).await?;
        self.jobs
            .create(&crate::jobs::store::NewJob {
                id: &job_id,
                kind: JobKind::Ingest,
                material_id: Some(&row.id),
                parent_id: parent,
                options: "{}",
            })
            .await
            .map_err(from_job)?;
        Ok(job_id)
    }

    /// One material.
    pub async fn find(&self, id: &MaterialId) -> Result<MaterialRow, MaterialError> {
        store::find(&self.db, id.as_str())
            .await?
            .ok_or(MaterialError::NotFound)
    }

    /// In order of id, `limit` of them after the id `after`.
    pub async fn list(
        &self,
        state: Option<MaterialState>,
        after: &str,
        limit: i64,
    ) -> Result<Vec<MaterialRow>, MaterialError> {
        Ok(store::list(&self.db, state, after, limit).await?)
    }

    /// Removes a material from everywhere: row, text, vectors, file. From the moment the row is gone nothing of it
    /// is found any more, whatever happens after.
    pub async fn remove(&self, id: &MaterialId) -> Result<(), MaterialError> {
        self.jobs
            .cancel_of_material(id.as_str())
            .await
            .map_err(from_job)?;
        let _held = self.hold(id.as_str()).await;
        let _row = self.rows.hold(id.as_str()).await;
        if store::find(&self.db, id.as_str()).await?.is_none() {
            return Err(MaterialError::NotFound);
        }
        let hash = store::remove(&self.db, id.as_str(), self.clock.now_ms()).await?;
        self.delete_text(id.as_str()).await?;
        store::clear_removal(&self.db, id.as_str()).await?;
        if let Some(hash) = hash {
            self.drop_file(&hash).await?;
        }
        Ok(())
    }

    /// Finishes removals that were interrupted.
    pub(crate) async fn finish_removals(&self) -> Result<usize, MaterialError> {
        let ids = store::removals(&self.db).await?;
        for id in &ids {
            let _held = self.hold(id).await;
            // Gone, or failed and not to be answered from any more.
            let row = store::find(&self.db, id).await?;
            if row.is_none_or(|row| row.indexed_version.is_none()) {
                self.delete_text(id).await?;
            }
            store::clear_removal(&self.db, id).await?;
        }
        Ok(ids.len())
    }

    /// Removes files that no material uses: what a kill between a row and its file left behind.
    pub(crate) async fn sweep_files(&self) -> Result<(), MaterialError> {
        for hash in self.files.stored(Duration::ZERO).await? {
            self.drop_file(&hash).await?;
        }
        Ok(())
    }

    /// Removes tables that no material has: what a kill between a row and its tables left behind.
    pub(crate) async fn sweep_tables(&self) -> Result<(), MaterialError> {
        // Folders first: one that comes later belongs to a material that is being worked on.
        let mut unknown = self.tables.off_thread(TableFiles::folders).await?;
        for row in store::list(&self.db, None, "", i64::MAX).await? {
            if !unknown.remove(&TableFiles::name_of(&row.id)) {
                continue;
            }
            let _held = self.hold(&row.id).await;
            let row = store::find(&self.db, &row.id).await?;
            if let Some((id, version)) = row.and_then(|row| Some((row.id, row.indexed_version?))) {
                self.tables
                    .off_thread(move |tables| tables.keep_only(&id, &version))
                    .await?;
            }
        }
        self.tables
            .off_thread(move |tables| unknown.iter().try_for_each(|folder| tables.remove(folder)))
            .await?;
        Ok(())
    }

    /// Removes everything.
    pub(crate) async fn remove_all(&self) -> Result<usize, MaterialError> {
        for kind in [JobKind::Mirror, JobKind::Reindex] {
            if let Some(open) = self.jobs.open_of_kind(kind).await.map_err(from_job)? {
                self.cancel(&open.id).await?;
            }
        }
        let mut removed = 0;
        loop {
            let rows = store::list(&self.db, None, "", 500).await?;
            if rows.is_empty() {
                break;
            }
            for row in rows {
                self.jobs
                    .cancel_of_material(&row.id)
                    .await
                    .map_err(from_job)?;
                let _held = self.hold(&row.id).await;
                let hash = store::remove(&self.db, &row.id, self.clock.now_ms()).await?;
                if let Some(hash) = hash {
                    self.drop_file(&hash).await?;
                }
                self.forget_tables(&row.id).await?;
                removed += 1;
            }
        }
        self.index.reset().await?;
        for id in store::removals(&self.db).await? {
            store::clear_removal(&self.db, &id).await?;
        }
        store::clear_facts(&self.db).await?;
        // What was sent meanwhile may have lost its text to the reset: it is read again.
        for row in store::list(&self.db, None, "", i64::MAX).await? {
            self.requeue(&row, None).await?;
        }
        Ok(removed)
    }

    async fn cancel(&self, job: &str) -> Result<(), MaterialError> {
        match self.jobs.cancel(job).await {
            Ok(_) | Err(JobError::Ended | JobError::NotFound) => Ok(()),
            Err(error) => Err(from_job(error)),
        }
    }

    async fn drop_file(&self, hash: &str) -> Result<(), MaterialError> {
        let _removing = self.files.removing().await?;
        if store::uses_of(&self.db, hash).await? == 0 {
            self.files.remove(hash).await?;
        }
        Ok(())
    }
}

fn from_job(error: JobError) -> MaterialError {
    match error {
        JobError::Store(error) => error.into(),
        JobError::Queue(error) if error.disk_full() => MaterialError::StorageFull,
        other => MaterialError::Files(std::io::Error::other(other)),
    }
}

/// Names checked, with their defaults.
struct Named {
    id: MaterialId,
    source: String,
    filename: String,
    title: String,
    /// JSON array.
    tags: String,
    chunking: Option<ChunkSettings>,
}

impl Named {
    fn check(material: NewMaterial) -> Result<Self, MaterialError> {
        let filename = name("/filename", material.filename)?
            .unwrap_or_else(|| material.id.as_str().to_owned());
        let source = name("/source", material.source)?.unwrap_or_else(|| filename.clone());
        let title = match name("/title", material.title)? {
            Some(title) => title,
            None => title_of(&filename),
        };
        let mut tags: Vec<String> = Vec::new();
        for tag in material.tags {
            let tag = tag.trim();
            if !tag.is_empty() && !tags.iter().any(|known| known == tag) {
                tags.push(tag.to_owned());
            }
        }
        if tags.len() > MAX_TAGS.0
            || tags
                .iter()
                .any(|tag| tag.len() > MAX_TAGS.1 || tag.chars().any(char::is_control))
        {
            return Err(MaterialError::InvalidField {
                pointer: "/tags",
                detail: "Use até 50 etiquetas de até 100 bytes cada, sem caracteres de controle.",
            });
        }
        let tags = serde_json::to_string(&tags).unwrap_or_else(|_| "[]".to_owned());
        if material
            .chunking
            .is_some_and(|chunking| !chunking.is_valid())
        {
            return Err(MaterialError::InvalidField {
                pointer: "/chunk_size",
                detail: "Os trechos devem ter de 16 a 480 tokens e repetir menos da metade deles.",
            });
        }
        Ok(Self {
            id: material.id,
            source,
            filename,
            title,
            tags,
            chunking: material.chunking,
        })
    }
}

/// A name for people: no control characters, not too long; blank counts as absent.
fn name(pointer: &'static str, text: Option<String>) -> Result<Option<String>, MaterialError> {
    let Some(text) = text else { return Ok(None) };
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    if text.len() > MAX_NAME_BYTES || text.chars().any(char::is_control) {
        return Err(MaterialError::InvalidField {
            pointer,
            detail: "O nome deve ter até 1024 bytes e nenhum caractere de controle.",
        });
    }
    Ok(Some(text.to_owned()))
}

/// `aula-03_hipertrofia.pdf` reads `aula 03 hipertrofia`.
fn title_of(filename: &str) -> String {
    let base = filename.rsplit('/').next().unwrap_or(filename);
    let stem = base.rsplit_once('.').map_or(base, |(stem, _)| stem);
    let title = stem
        .replace(['_', '-'], " ")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    if title.is_empty() {
        base.to_owned()
    } else {
        title
    }
}

#[cfg(test)]
mod tests {
    use super::title_of;

    #[test]
    fn titles_come_from_file_names() {
        assert_eq!(
            title_of("modulo-1/aula-03_hipertrofia.pdf"),
            "aula 03 hipertrofia"
        );
        assert_eq!(title_of("notas"), "notas");
        assert_eq!(title_of("---.pdf"), "---.pdf");
    }
}
