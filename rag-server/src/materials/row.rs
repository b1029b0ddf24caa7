//! What is written down of a material.

use std::fmt;

use chunk::ChunkSettings;
use serde::{Deserialize, Serialize};

/// Where a material stands on its way into the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MaterialState {
    /// Accepted, waiting for its turn.
    Queued,
    /// Being read.
    Extracting,
    /// Being written to the index.
    Indexing,
    /// Found by its words; vectors follow.
    Searchable,
    /// Found by words and meaning.
    Ready,
    /// It will not become searchable; `reason` says why.
    Failed,
    /// Pages are pictures of text and need character recognition.
    NeedsOcr,
}

impl MaterialState {
    /// Every state, in the order of a material's life.
    pub const ALL: [Self; 7] = [
        Self::Queued,
        Self::Extracting,
        Self::Indexing,
        Self::Searchable,
        Self::Ready,
        Self::Failed,
        Self::NeedsOcr,
    ];

    /// As stored and sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Extracting => "extracting",
            Self::Indexing => "indexing",
            Self::Searchable => "searchable",
            Self::Ready => "ready",
            Self::Failed => "failed",
            Self::NeedsOcr => "needs_ocr",
        }
    }

    pub(super) fn parse(text: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .unwrap_or(Self::Failed)
    }
}

impl fmt::Display for MaterialState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How a material came here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// By `PUT /materials/{id}`.
    Sent,
    /// From the mirrored folder.
    Folder,
}

impl Origin {
    /// As stored.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Folder => "folder",
        }
    }
}

/// One row of `materials`.
#[derive(Debug, Clone, sqlx::FromRow, Serialize, Deserialize)]
pub struct MaterialRow {
    /// See [`super::MaterialId`].
    pub id: String,
    /// Name shown as the source of a citation: a relative path.
    pub source: String,
    /// Name of the file as sent.
    pub filename: String,
    /// Title for people.
    pub title: String,
    /// JSON array of strings.
    pub tags: String,
    /// `sent` or `folder`.
    pub origin: String,
    /// Real type, once read; see `extract::FileKind`.
    pub kind: Option<String>,
    /// Bytes of the file.
    pub size_bytes: i64,
    /// BLAKE3 of the file, hexadecimal.
    pub content_hash: String,
    /// When the mirrored file was last modified, Unix ms.
    pub modified_at: Option<i64>,
    /// See [`MaterialState`].
    pub state: String,
    /// Why it failed: stable code.
    pub reason_code: Option<String>,
    /// Why it failed: sentence for people.
    pub reason: Option<String>,
    /// Pages, slides or sheets.
    pub pages: Option<i64>,
    /// Chunks in the index.
    pub chunks: i64,
    /// Chunks that have their vectors.
    pub embedded: i64,
    /// JSON array of `extract::Warning`.
    pub warnings: String,
    /// JSON array of 1-based page numbers without text.
    pub ocr_pages: String,
    /// Changes with every acceptance: work done for another revision is void.
    pub revision: String,
    /// Version of the rows that stand in the index.
    pub indexed_version: Option<String>,
    /// The job that works, or worked last, on it.
    pub job_id: Option<String>,
    /// Unix ms.
    pub created_at: i64,
    /// Unix ms.
    pub updated_at: i64,
    /// Most tokens of a passage, where the sender chose.
    #[serde(default)]
    pub chunk_size: Option<i64>,
    /// Tokens repeated from the passage before, where the sender chose.
    #[serde(default)]
    pub chunk_overlap: Option<i64>,
}

impl MaterialRow {
    /// The state as a value.
    pub fn state(&self) -> MaterialState {
        MaterialState::parse(&self.state)
    }

    /// The sender's choice of chunk sizes.
    pub(crate) fn chunking(&self) -> Option<ChunkSettings> {
        Some(ChunkSettings {
            size: usize::try_from(self.chunk_size?).ok()?,
            overlap: usize::try_from(self.chunk_overlap?).ok()?,
        })
    }
}

/// What a query needs of a material.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct CitedRow {
    pub(crate) id: String,
    pub(crate) source: String,
    pub(crate) title: String,
    pub(crate) kind: Option<String>,
    pub(crate) tags: String,
    pub(crate) indexed_version: Option<String>,
    pub(crate) state: String,
}
