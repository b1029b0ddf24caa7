//! From bytes to searchable text.

use index::{AnalysedChunk, MaterialChunks};
use tokio_util::sync::CancellationToken;
use tracing::info;

use super::recognise::Looked;
use super::{IngestError, IngestService, Step};
use crate::catalogue;
use crate::jobs::JobRow;
use crate::materials::store::{self, Reading};
use crate::materials::{MaterialError, MaterialRow, MaterialState};

/// Changes when chunks of the same bytes come out differently, so that old rows are replaced.
const READING_VERSION: u32 = 2;
/// Starts of a job whose material never became searchable, because the whole server died each time. Far above what
/// restarts of a server under maintenance can reach for one material, so that only one that kills it is set aside.
const MAX_STARTS: i64 = 40;

impl IngestService {
    /// Reads a material and writes its text to the index; its vectors follow elsewhere.
    pub(super) async fn bring_in_text(
        &self,
        job: &JobRow,
        cancel: &CancellationToken,
    ) -> Result<Step, IngestError> {
        let Some(id) = job.material_id.as_deref() else {
            return Err(IngestError::Superseded);
        };
        let _held = tokio::select! {
            held = self.materials.hold(id) => held,
            () = cancel.cancelled() => return Err(IngestError::Cancelled),
            () = self.stopping.cancelled() => return Err(IngestError::Stopping),
        };
        let material = store::find(&self.db, id)
            .await?
            .ok_or(IngestError::Superseded)?;
        if material.revision != job.id {
            return Err(IngestError::Superseded);
        }
        match material.state() {
            MaterialState::Ready | MaterialState::Failed | MaterialState::NeedsOcr => {
                return Ok(Step::Ended);
            }
            MaterialState::Searchable => {
                self.vectors_wanted.notify_one();
                return Ok(Step::Waits);
            }
            MaterialState::Queued | MaterialState::Extracting | MaterialState::Indexing => {}
        }
        if job.starts > MAX_STARTS {
            return Err(IngestError::Unreadable {
                code: "interrupted",
                detail: "O processamento deste material foi interrompido vezes demais; ele foi posto de lado.".into(),
            });
        }
        let started = std::time::Instant::now();
        self.enter(&material, MaterialState::Extracting).await?;
        self.jobs.progress(&job.id, "extracting", 0, 0).await?;
        let document = self.read(&material, cancel).await?;
        let Looked { document, waiting } = self.recognise(&material, document, job, cancel).await?;
        let reading = Reading {
            state: MaterialState::Indexing,
            kind: kind_name(&document),
            pages: (!document.pages.is_empty()).then_some(document.pages.len() as i64),
            warnings: serde_json::to_string(&document.warnings).unwrap_or_else(|_| "[]".into()),
            ocr_pages: serde_json::to_string(&waiting).unwrap_or_else(|_| "[]".into()),
        };
        if !store::set_read(&self.db, id, &job.id, &reading, self.clock.now_ms()).await? {
            return Err(IngestError::Superseded);
        }
        if document.blocks.is_empty() && waiting.is_empty() {
            return Err(no_text());
        }
        if document.blocks.is_empty() {
            let now = self.clock.now_ms();
            // The note first: should anything fail from here on, the old text is still removed.
            store::forget_text(&self.db, id, &job.id).await?;
            store::add_removal(&self.db, id, now).await?;
            let reason =
                "O documento só tem imagens de páginas; é preciso reconhecer o texto delas.";
            let reason = Some(("needs_ocr", reason));
            self.materials.delete_text(id).await?;
            store::clear_removal(&self.db, id).await?;
            let now = self.clock.now_ms();
            store::set_state(&self.db, id, &job.id, MaterialState::NeedsOcr, reason, now).await?;
            return Ok(Step::Ended);
        }
        self.jobs.progress(&job.id, "indexing", 0, 0).await?;
        catalogue::store::replace(&self.db, id, &catalogue::lessons(&document)).await?;
        let kind = document.kind;
        let version = self.version_of(&material, &document);
        let chunks = self.cut(&material, &version, document).await?;
        if chunks.is_empty() {
            return Err(no_text());
        }
        if cancel.is_cancelled() {
            return Err(IngestError::Cancelled);
        }
        let count = chunks.len();
        self.index
            .replace(vec![MaterialChunks {
                material_id: material.id.clone(),
                version: version.clone(),
                title: material.title.clone(),
                source: material.source.clone(),
                kind,
                chunks,
            }])
            .await?;
        let now = self.clock.now_ms();
        if !store::set_indexed(&self.db, id, &job.id, count as i64, &version, now).await? {
            return self.undo(id).await;
        }
        let files = self.materials.tables().clone();
        let (of, current) = (id.to_owned(), version.clone());
        shared::telemetry::spawn_blocking_in_span(move || files.keep_only(&of, &current))
            .await
            .map_err(|error| IngestError::passing("tables", error))?
            .map_err(MaterialError::from)?;
        self.jobs.progress(&job.id, "embedding", 0, count).await?;
        self.vectors_wanted.notify_one();
        info!(
            material.id = id,
            chunks = count,
            pages = material_pages(&reading),
            duration_ms = started.elapsed().as_millis() as u64,
            "material {id} is searchable"
        );
        Ok(Step::Waits)
    }

    async fn enter(&self, material: &MaterialRow, state: MaterialState) -> Result<(), IngestError> {
        let now = self.clock.now_ms();
        if store::set_state(&self.db, &material.id, &material.revision, state, None, now).await? {
            Ok(())
        } else {
            Err(IngestError::Superseded)
        }
    }

    async fn read(
        &self,
        material: &MaterialRow,
        cancel: &CancellationToken,
    ) -> Result<extract::Document, IngestError> {
        let path = self.materials.files().path_of(&material.content_hash);
        let stop = cancel.child_token();
        let read = self.reader.read(&path, &material.filename, &stop);
        tokio::pin!(read);
        let result = tokio::select! {
            result = &mut read => result,
            () = self.stopping.cancelled() => return Err(IngestError::Stopping),
        };
        result.map_err(|error| IngestError::unread(error, cancel))
    }

    /// Cuts a document, analyses its chunks and keeps its tables, off the async threads.
    async fn cut(
        &self,
        material: &MaterialRow,
        version: &str,
        document: extract::Document,
    ) -> Result<Vec<AnalysedChunk>, IngestError> {
        let settings = material.chunking().unwrap_or(self.chunking);
        let tokens = self.embedding.token_counter();
        let files = self.materials.tables().clone();
        let (id, version) = (material.id.clone(), version.to_owned());
        shared::telemetry::spawn_blocking_in_span(move || {
            let tables = tables::TableSet::sources(&document);
            if !tables.is_empty() {
                files.keep(&id, &version, document.kind, tables)?;
            }
            let chunks = chunk::chunk(&document, settings, &*tokens)
                .into_iter()
                .map(|chunk| AnalysedChunk {
                    terms: analysed(&chunk),
                    chunk,
                })
                .collect::<Vec<_>>();
            Ok(chunks)
        })
        .await
        .map_err(|error| IngestError::passing("chunking", error))?
        .map_err(|error: std::io::Error| MaterialError::from(error).into())
    }

    /// Names content and all that shapes its chunks.
    fn version_of(&self, material: &MaterialRow, document: &extract::Document) -> String {
        let content_hash = &material.content_hash;
        let chunking = material.chunking().unwrap_or(self.chunking);
        let recognised = document.pages.iter();
        let recognised = recognised.filter(|page| page.recognised.is_some()).count();
        let shaped = format!(
            "{content_hash}|{READING_VERSION}|{recognised}|{}|{}|{}|{}",
            self.embedding.counter_name(),
            terms::VERSION,
            chunking.size,
            chunking.overlap
        );
        blake3::hash(shaped.as_bytes())
            .to_hex()
            .chars()
            .take(16)
            .collect()
    }

    /// The material went away while its text was being written: the text goes too.
    async fn undo(&self, id: &str) -> Result<Step, IngestError> {
        if store::find(&self.db, id).await?.is_none() {
            self.materials.delete_text(id).await?;
        }
        Err(IngestError::Superseded)
    }
}

/// The terms a chunk is found by: its own and those of the headings above it.
pub(crate) fn analysed(chunk: &chunk::Chunk) -> String {
    let mut all = terms::terms(&chunk.text);
    for heading in &chunk.headings {
        all.extend(terms::terms(heading));
    }
    all.join(" ")
}

fn kind_name(document: &extract::Document) -> String {
    serde_json::to_value(document.kind)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

fn material_pages(reading: &Reading) -> i64 {
    reading.pages.unwrap_or_default()
}

fn no_text() -> IngestError {
    IngestError::Unreadable {
        code: "no_text",
        detail: "Não há texto neste documento.".into(),
    }
}
