//! Materials as clients see them.

use serde::Serialize;
use shared::clock::rfc3339;

use super::DownloadLinks;
use super::store::MaterialRow;

/// Why a material is not in the index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub(crate) struct ReasonView {
    /// Stable code.
    pub code: String,
    /// Sentence for people.
    pub detail: String,
}

/// A material.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct MaterialView {
    /// Id: its path.
    #[schema(examples("modulo-1/aula-03.pdf"))]
    pub id: String,
    /// Id that is never used again; sources of answers name it.
    pub uid: String,
    /// Title.
    pub title: String,
    /// What it is about.
    pub description: Option<String>,
    /// Extension of its name in lower case: `pdf`, `xlsx`…
    #[serde(rename = "type")]
    pub kind: String,
    /// Where it is downloaded, with a token or the cookie.
    pub path: String,
    /// The same for a while without either.
    pub download_path: String,
    /// Bytes.
    pub size: i64,
    /// RFC 3339, UTC.
    #[serde(rename = "uploadedAt")]
    pub uploaded_at: String,
    /// Name of who sent it.
    #[serde(rename = "uploadedBy")]
    pub uploaded_by: String,
    /// RFC 3339, UTC.
    #[serde(rename = "updatedAt")]
    pub updated_at: String,
    /// Labels.
    pub tags: Vec<String>,
    /// BLAKE3 of the content.
    pub content_hash: String,
    /// Where it stands in the index.
    #[serde(flatten)]
    pub progress: ProgressView,
}

/// Where a material stands on its way into the index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub(crate) struct ProgressView {
    /// `queued`, `extracting`, `indexing`, `searchable`, `ready`, `failed`, `needs_ocr`, or `stored` for recordings.
    pub state: String,
    /// Pages, slides or sheets, once read.
    pub pages: Option<i64>,
    /// Passages that are found by their words.
    pub passages: i64,
    /// Passages that are found by their meaning too.
    pub embedded: i64,
    /// Why it failed.
    pub reason: Option<ReasonView>,
}

impl ProgressView {
    pub(super) fn of(row: &MaterialRow) -> Self {
        Self {
            state: row.state.clone(),
            pages: row.pages,
            passages: row.passages,
            embedded: row.embedded,
            reason: row.reason_code.clone().map(|code| ReasonView {
                code,
                detail: row.reason.clone().unwrap_or_default(),
            }),
        }
    }
}

impl MaterialView {
    pub(super) fn of(row: MaterialRow, links: &DownloadLinks) -> Self {
        Self {
            progress: ProgressView::of(&row),
            tags: row.tags(),
            path: format!("/api/materials/{}", row.id),
            download_path: links.path(&row.id),
            id: row.id,
            uid: row.uid,
            title: row.title,
            description: row.description,
            kind: row.kind,
            size: row.size_bytes,
            uploaded_at: rfc3339(row.created_at),
            uploaded_by: row.uploader,
            updated_at: rfc3339(row.updated_at),
            content_hash: row.content_hash,
        }
    }
}
