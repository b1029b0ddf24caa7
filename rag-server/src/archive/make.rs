//! Making an archive: material by material, so that memory does not grow with the store, and each as it is at one moment.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read, Write as _};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use index::StoredChunk;
use serde::Serialize;
use shared::clock::rfc3339;
use tokio::sync::mpsc;

use super::entry::{
    FORMAT, HEAD, Head, MANIFEST, Manifest, MaterialEntry, VERSION, VectorEntry, Vectors,
};
use super::{ArchiveError, ArchiveService, part_of};
use crate::catalogue;
use crate::materials::{MaterialRow, store};

/// Materials looked up at a time.
const PAGE: i64 = 500;
/// Entries that wait to be written.
const WAITING: usize = 4;

/// What is to be written.
enum Piece {
    /// A JSON entry; told in the manifest.
    Entry { name: String, bytes: Vec<u8> },
    /// A file under its hash.
    File { hash: String, file: File },
    /// Numbers for the manifest.
    Counted { chunks: u64 },
}

impl ArchiveService {
    /// Writes an archive to `path`: whole, or not at all.
    pub(super) async fn write(&self, path: &Path) -> Result<(), ArchiveError> {
        let (pieces, receiver) = mpsc::channel(WAITING);
        let head = Head {
            format: FORMAT.to_owned(),
            version: VERSION,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            created_at: rfc3339(self.clock.now_ms()),
        };
        let part = part_of(path);
        let target = part.clone();
        let writing =
            shared::telemetry::spawn_blocking_in_span(move || write(&target, &head, receiver));
        let gathered = self.gather(&pieces).await;
        drop(pieces);
        let written = writing.await?;
        // What went wrong with the disk explains why nothing more could be handed over.
        if let Err(error) = written.map_err(ArchiveError::Io).and(gathered) {
            drop(tokio::fs::remove_file(&part).await);
            return Err(error);
        }
        Ok(tokio::fs::rename(&part, path).await?)
    }

    async fn gather(&self, pieces: &mpsc::Sender<Piece>) -> Result<(), ArchiveError> {
        let mut files = BTreeSet::new();
        let mut after = String::new();
        let mut number = 0_u64;
        loop {
            let rows = store::list(&self.db, None, &after, PAGE).await?;
            let Some(last) = rows.last() else {
                return Ok(());
            };
            after.clone_from(&last.id);
            for row in rows {
                // Nobody writes or removes it meanwhile.
                let _held = self.materials.hold(&row.id).await;
                let Some(row) = store::find(&self.db, &row.id).await? else {
                    continue;
                };
                number += 1;
                for piece in self.pieces(row, number, &mut files).await? {
                    if pieces.send(piece).await.is_err() {
                        return Err(ArchiveError::Io(io::ErrorKind::BrokenPipe.into()));
                    }
                }
            }
        }
    }

    /// What a material comes to.
    async fn pieces(
        &self,
        row: MaterialRow,
        number: u64,
        files: &mut BTreeSet<String>,
    ) -> Result<Vec<Piece>, ArchiveError> {
        let mut pieces = Vec::new();
        if files.insert(row.content_hash.clone()) {
            let path = self.materials.files().path_of(&row.content_hash);
            let file = tokio::fs::File::open(path).await?.into_std().await;
            let hash = row.content_hash.clone();
            pieces.push(Piece::File { hash, file });
        }
        let version = row.indexed_version.clone().unwrap_or_default();
        let mut chunks = self.index.chunks_of(&row.id).await?;
        chunks.retain(|chunk| chunk.version == version);
        let vectors = self.vectors(&chunks).await?;
        let (id, of_version) = (row.id.clone(), version.clone());
        let tables = self
            .materials
            .tables()
            .off_thread(move |tables| tables.packed(&id, &of_version))
            .await?;
        pieces.push(Piece::Counted {
            chunks: chunks.len() as u64,
        });
        let entry = MaterialEntry {
            lessons: catalogue::store::of_material(&self.db, &row.id).await?,
            row,
            chunks: chunks.into_iter().map(|stored| stored.chunk).collect(),
            vectors,
        };
        pieces.push(Piece::Entry {
            name: format!("materials/{number}.json"),
            bytes: json(&entry)?,
        });
        if let Some(bytes) = tables {
            let name = format!("tables/{number}.json.gz");
            pieces.push(Piece::Entry { name, bytes });
        }
        Ok(pieces)
    }

    async fn vectors(&self, chunks: &[StoredChunk]) -> Result<Option<Vectors>, ArchiveError> {
        let Some(active) = self.embedding.active() else {
            return Ok(None);
        };
        let ids: Vec<String> = chunks.iter().map(|chunk| chunk.id.clone()).collect();
        let stored = active.table.get(&ids).await?;
        let rows = stored.into_iter().filter_map(|vector| {
            let of = chunks.iter().find(|chunk| chunk.id == vector.chunk_id)?;
            let entry = VectorEntry {
                whole: VectorEntry::whole_of(&vector.vector),
                sentences: vector.sentences.as_bytes().to_vec(),
            };
            Some((of.chunk.ordinal, entry))
        });
        Ok(Some(Vectors {
            model_id: active.embedder.model_id().to_owned(),
            dimensions: active.embedder.dimensions(),
            rows: rows.collect(),
        }))
    }
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, ArchiveError> {
    serde_json::to_vec(value).map_err(|error| ArchiveError::Io(error.into()))
}

/// Writes what comes, then the manifest; durable when it returns.
fn write(path: &Path, head: &Head, mut pieces: mpsc::Receiver<Piece>) -> io::Result<()> {
    let packed = GzEncoder::new(File::create_new(path)?, Compression::fast());
    let mut archive = tar::Builder::new(packed);
    let mut manifest = Manifest::default();
    append(&mut archive, HEAD, &serde_json::to_vec(head)?)?;
    while let Some(piece) = pieces.blocking_recv() {
        match piece {
            Piece::Entry { name, bytes } => {
                append(&mut archive, &name, &bytes)?;
                manifest.materials += u64::from(name.starts_with("materials/"));
                let hash = blake3::hash(&bytes).to_hex().to_string();
                manifest.entries.insert(name, hash);
            }
            Piece::File { hash, file } => {
                let size = file.metadata()?.len();
                let mut header = header(size);
                // As many bytes as the header says, whatever becomes of the file.
                let content = file.take(size);
                archive.append_data(&mut header, format!("files/{hash}"), content)?;
                manifest.files += 1;
            }
            Piece::Counted { chunks } => manifest.chunks += chunks,
        }
    }
    append(&mut archive, MANIFEST, &serde_json::to_vec(&manifest)?)?;
    let mut file = archive.into_inner()?.finish()?;
    file.flush()?;
    file.sync_all()
}

fn append(archive: &mut tar::Builder<GzEncoder<File>>, name: &str, bytes: &[u8]) -> io::Result<()> {
    archive.append_data(&mut header(bytes.len() as u64), name, bytes)
}

fn header(size: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_size(size);
    header.set_mode(0o600);
    header
}
