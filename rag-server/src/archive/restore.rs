//! Taking an archive in: everything is built and checked beside the store before anything of the store changes.

use std::collections::BTreeMap;
use std::fs::File;
use std::sync::{Arc, Mutex, PoisonError};

use index::{
    AnalysedChunk, Index, MaterialChunks, SentenceVectors, VectorRow, VectorTable, chunk_id,
};
use tracing::{info, warn};

use super::entry::{MaterialEntry, Vectors};
use super::unpack::{self, Unpacked};
use super::{ArchiveError, ArchiveService, COLLECTION, Held};
use crate::catalogue::Lesson;
use crate::embedding::Active;
use crate::ingest::analysed;
use crate::jobs::JobService;
use crate::materials::{MaterialId, MaterialRow, MaterialState, store};

/// How much larger than its archive a store may be.
const MOST_UNPACKED: u64 = 20;
/// Materials brought into the index in one commit.
const GROUP: usize = 32;

impl ArchiveService {
    /// Puts the content of an archive in the place of the store's.
    ///
    /// # Errors
    /// [`ArchiveError`]; until everything is checked the store is not touched, and then it changes at once.
    pub(crate) async fn restore(&self, archive: File) -> Result<Held, ArchiveError> {
        let _turn = self.turn()?;
        let files = self.materials.files().clone();
        let most = self.settings.max_bytes.saturating_mul(MOST_UNPACKED);
        let unpacking = shared::telemetry::spawn_blocking_in_span(move || {
            unpack::unpack(archive, &files, most)
        });
        let unpacked = unpacking.await??;
        let digits: String = JobService::new_id().chars().rev().take(8).collect();
        let name = format!("{}.{digits}", self.collection);
        let staged = self.index.beside(&name).await?;
        match self.build(unpacked, &staged).await {
            Ok((rows, held)) => {
                self.switch(rows, staged, &name).await?;
                info!(materials = held.materials, "an archive was taken in");
                Ok(held)
            }
            Err(error) => {
                if let Err(error) = staged.drop_tables().await {
                    warn!(error = %shared::telemetry::chain(&error), "tables of a failed restore stay for now: {error}");
                }
                Err(error)
            }
        }
    }

    /// Fills the staged collection and gives files their places; the rows to go with them.
    async fn build(
        &self,
        mut unpacked: Unpacked,
        staged: &Index,
    ) -> Result<(Vec<(MaterialRow, Vec<Lesson>)>, Held), ArchiveError> {
        let target = self.embedding.target().await?;
        let table = match &target {
            Some(target) => Some(beside(target, staged).await?),
            None => None,
        };
        let names = unpacked.materials();
        let manifest = std::mem::take(&mut unpacked.manifest);
        let waiting = std::mem::take(&mut unpacked.files);
        let unpacked = Arc::new(Mutex::new(unpacked));
        let mut rows = BTreeMap::new();
        let mut chunks = 0;
        for group in names.chunks(GROUP) {
            let mut contents = Vec::new();
            let mut vectors = Vec::new();
            for name in group {
                let (entry, tables) = entry_of(&unpacked, name).await?;
                if !waiting.contains_key(&entry.row.content_hash) {
                    return Err(ArchiveError::Damaged(format!(
                        "{name}: its file is missing"
                    )));
                }
                let checked = Checked::of(entry, name, table.as_ref())?;
                chunks += checked
                    .contents
                    .as_ref()
                    .map_or(0, |one| one.chunks.len() as u64);
                if let (Some(tables), Some(version)) = (tables, &checked.row.indexed_version) {
                    let keeping = self.materials.tables().clone();
                    let (id, version) = (checked.row.id.clone(), version.clone());
                    shared::telemetry::spawn_blocking_in_span(move || {
                        keeping.keep_packed(&id, &version, &tables)
                    })
                    .await??;
                }
                contents.extend(checked.contents);
                vectors.extend(checked.vectors);
                let id = checked.row.id.clone();
                if rows.insert(id, (checked.row, checked.lessons)).is_some() {
                    return Err(ArchiveError::Damaged(format!("{name}: comes twice")));
                }
            }
            staged.replace(contents).await?;
            if let Some(table) = table.as_ref().filter(|_| !vectors.is_empty()) {
                table.append(vectors).await?;
            }
        }
        staged.optimize().await?;
        let held = Held {
            materials: rows.len() as u64,
            chunks: staged.stats().await?.chunks.rows,
        };
        if (held.chunks, chunks) != (manifest.chunks, manifest.chunks) {
            return Err(ArchiveError::Damaged("passages are missing".to_owned()));
        }
        // It answers before anything depends on it.
        staged
            .search_text("material", &index::Filter::default(), 1)
            .await?;
        for (_, received) in waiting {
            self.materials.files().keep(received).await?;
        }
        Ok((rows.into_values().collect(), held))
    }

    /// The moment in which one store takes the place of the other.
    async fn switch(
        &self,
        rows: Vec<(MaterialRow, Vec<Lesson>)>,
        staged: Index,
        name: &str,
    ) -> Result<(), ArchiveError> {
        for row in store::list(&self.db, None, "", i64::MAX).await? {
            self.jobs.cancel_of_material(&row.id).await?;
        }
        store::replace_all(&self.db, &rows, (COLLECTION, name)).await?;
        let old = self.index.take_over(&staged);
        self.embedding.start_over().await?;
        self.materials.sweep_files().await?;
        self.materials.sweep_tables().await?;
        // Questions that were on their way still read the old tables; the next start drops what is left of them.
        tokio::spawn(async move {
            tokio::time::sleep(std::time::Duration::from_secs(30)).await;
            if let Err(error) = old.drop_tables().await {
                warn!(error = %shared::telemetry::chain(&error), "old tables stay for now: {error}");
            }
        });
        Ok(())
    }
}

/// The same model's table in the staged collection.
async fn beside(target: &Active, staged: &Index) -> Result<VectorTable, ArchiveError> {
    let (model, dimensions) = (target.embedder.model_id(), target.embedder.dimensions());
    Ok(staged.vectors(model, dimensions).await?)
}

async fn entry_of(
    unpacked: &Arc<Mutex<Unpacked>>,
    name: &str,
) -> Result<(MaterialEntry, Option<Vec<u8>>), ArchiveError> {
    let (unpacked, name) = (Arc::clone(unpacked), name.to_owned());
    let reading = shared::telemetry::spawn_blocking_in_span(move || {
        let mut unpacked = unpacked.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = unpacked.entry(&name)?.unwrap_or_default();
        let entry: MaterialEntry = serde_json::from_slice(&bytes)
            .map_err(|error| ArchiveError::Damaged(format!("{name}: {error}")))?;
        let tables = name
            .replace("materials/", "tables/")
            .replace(".json", ".json.gz");
        Ok((entry, unpacked.entry(&tables)?))
    });
    reading.await?
}

/// A material of an archive, as it will stand here.
struct Checked {
    row: MaterialRow,
    lessons: Vec<Lesson>,
    contents: Option<MaterialChunks>,
    vectors: Vec<VectorRow>,
}

impl Checked {
    /// Brings a material into a state that its content bears out.
    fn of(
        entry: MaterialEntry,
        name: &str,
        table: Option<&VectorTable>,
    ) -> Result<Self, ArchiveError> {
        let damaged = |what: &str| ArchiveError::Damaged(format!("{name}: {what}"));
        let MaterialEntry {
            mut row,
            lessons,
            chunks,
            vectors,
        } = entry;
        MaterialId::parse(&row.id).map_err(|_| damaged("its id is none"))?;
        let texts = [&row.source, &row.filename, &row.title];
        if texts.iter().any(|text| text.contains('\0')) {
            return Err(damaged("a name is none"));
        }
        // Work that was being done on it there is no work here.
        row.revision = JobService::new_id();
        row.job_id = None;
        row.chunks = chunks.len() as i64;
        row.embedded = 0;
        let Some(version) = row.indexed_version.clone().filter(|_| !chunks.is_empty()) else {
            row.indexed_version = None;
            if !matches!(row.state(), MaterialState::Failed | MaterialState::NeedsOcr) {
                MaterialState::Queued.as_str().clone_into(&mut row.state);
            }
            return Ok(Self {
                row,
                lessons,
                contents: None,
                vectors: Vec::new(),
            });
        };
        let kind = row.kind.clone().unwrap_or_default();
        let kind = serde_json::from_value(kind.into()).map_err(|_| damaged("its type is none"))?;
        let vectors = match (vectors, table) {
            (Some(vectors), Some(table)) => rows_of(&row.id, &version, vectors, table)
                .ok_or_else(|| damaged("its vectors are none"))?,
            _ => Vec::new(),
        };
        row.embedded = vectors.len() as i64;
        let is_in_work = matches!(
            row.state(),
            MaterialState::Queued | MaterialState::Extracting | MaterialState::Indexing
        );
        let state = match (is_in_work, row.embedded == row.chunks) {
            (true, _) => MaterialState::Queued,
            (false, true) => MaterialState::Ready,
            (false, false) => MaterialState::Searchable,
        };
        state.as_str().clone_into(&mut row.state);
        let contents = MaterialChunks {
            material_id: row.id.clone(),
            version,
            title: row.title.clone(),
            source: row.source.clone(),
            kind,
            chunks: chunks
                .into_iter()
                .map(|chunk| AnalysedChunk {
                    terms: analysed(&chunk),
                    chunk,
                })
                .collect(),
        };
        Ok(Self {
            row,
            lessons,
            contents: Some(contents),
            vectors,
        })
    }
}

/// Vectors of the model in use; those of another one are made anew. `None` when they make no sense.
fn rows_of(
    material: &str,
    version: &str,
    vectors: Vectors,
    table: &VectorTable,
) -> Option<Vec<VectorRow>> {
    let Vectors {
        model_id,
        dimensions,
        rows,
    } = vectors;
    if (model_id.as_str(), dimensions) != (table.model_id(), table.dimensions()) {
        return Some(Vec::new());
    }
    rows.into_iter()
        .map(|(ordinal, entry)| {
            let sentences = SentenceVectors::from_bytes(&entry.sentences, dimensions)?;
            Some(VectorRow {
                chunk_id: chunk_id(material, version, ordinal),
                material_id: material.to_owned(),
                version: version.to_owned(),
                vector: entry.vector(dimensions)?,
                sentences: sentences.vectors(),
            })
        })
        .collect()
}
