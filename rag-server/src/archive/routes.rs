//! `/chromadb/…`: the store panel, by the names that the existing frontend calls.

use std::io::Write as _;

use actix_multipart::Multipart;
use actix_web::http::header::{ContentDisposition, DispositionParam, DispositionType};
use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, post};
use futures::{StreamExt as _, TryStreamExt as _};
use serde::{Deserialize, Serialize};
use shared::body::{Json, Path};
use shared::clock::rfc3339;
use shared::problem::{ApiError, Problems};
use tokio_util::io::ReaderStream;

use super::{ArchiveError, ArchiveService, Held, Kept};

/// Bytes of an archive sent at a time.
const PIECE: usize = 256 * 1024;
/// Most bytes of a field that is no file.
const FIELD_MAX: usize = 1024;

/// A collection of passages.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct CollectionView {
    /// Its name.
    pub name: String,
    /// Passages.
    pub count: u64,
}

/// How the store is.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct StoreView {
    /// `success`.
    pub status: &'static str,
    /// Something can be answered from it.
    pub is_valid: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// Passages.
    pub total_documents: u64,
    /// Materials.
    pub total_materials: u64,
    /// The one that is in use.
    pub collections: Vec<CollectionView>,
    /// Questions are answered.
    pub rag_handler_active: bool,
}

impl StoreView {
    fn of(service: &ArchiveService, held: Held) -> Self {
        let is_valid = held.chunks > 0;
        Self {
            status: "success",
            is_valid,
            reason: (!is_valid).then_some("O índice está vazio."),
            total_documents: held.chunks,
            total_materials: held.materials,
            collections: vec![CollectionView {
                name: service.collection.clone(),
                count: held.chunks,
            }],
            rag_handler_active: true,
        }
    }
}

/// How the store is: passages, materials.
#[utoipa::path(tag = "store", responses((status = 200, body = StoreView), Problems))]
#[get("/chromadb/status")]
pub(crate) async fn status(service: Data<ArchiveService>) -> Result<Json<StoreView>, ApiError> {
    let held = service.held().await?;
    Ok(Json(StoreView::of(&service, held)))
}

/// An archive that is kept.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct ArchiveView {
    /// Its name.
    pub filename: String,
    /// Bytes.
    pub size: u64,
    /// Megabytes, with two decimals.
    pub size_mb: f64,
    /// RFC 3339.
    pub created_at: String,
}

impl From<Kept> for ArchiveView {
    fn from(kept: Kept) -> Self {
        Self {
            size: kept.bytes,
            size_mb: megabytes(kept.bytes),
            created_at: rfc3339(kept.created_at),
            filename: kept.name,
        }
    }
}

fn megabytes(bytes: u64) -> f64 {
    (bytes as f64 / 10_485.76).round() / 100.0
}

/// An archive was made.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct MadeView {
    /// `success`.
    pub status: &'static str,
    /// Sentence for people.
    pub message: &'static str,
    /// Its name.
    pub file_name: String,
    /// Its name below the data folder.
    pub file_path: String,
    /// Bytes.
    pub file_size: u64,
    /// Megabytes, with two decimals.
    pub file_size_mb: f64,
    /// RFC 3339.
    pub created_at: String,
}

/// Makes an archive and keeps it on the server, while questions are answered and materials arrive.
#[utoipa::path(tag = "store", responses((status = 200, body = MadeView), Problems))]
#[post("/chromadb/compress")]
pub(crate) async fn compress(service: Data<ArchiveService>) -> Result<Json<MadeView>, ApiError> {
    let kept = service.make().await?;
    Ok(Json(MadeView {
        status: "success",
        message: "A cópia foi feita.",
        file_path: format!("backups/{}", kept.name),
        file_size: kept.bytes,
        file_size_mb: megabytes(kept.bytes),
        created_at: rfc3339(kept.created_at),
        file_name: kept.name,
    }))
}

/// Archives on the server.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct ArchivesView {
    /// `success`.
    pub status: &'static str,
    /// Where they are, below the data folder.
    pub backup_dir: &'static str,
    /// How many.
    pub total_backups: usize,
    /// The newest first.
    pub backups: Vec<ArchiveView>,
}

/// Lists the archives on the server.
#[utoipa::path(tag = "store", responses((status = 200, body = ArchivesView), Problems))]
#[get("/chromadb/backups")]
pub(crate) async fn backups(service: Data<ArchiveService>) -> Result<Json<ArchivesView>, ApiError> {
    let kept = service.kept().await?;
    Ok(Json(ArchivesView {
        status: "success",
        backup_dir: "backups",
        total_backups: kept.len(),
        backups: kept.into_iter().map(ArchiveView::from).collect(),
    }))
}

/// An archive of the store as it is now, made while it serves.
#[utoipa::path(tag = "store",
    responses((status = 200, body = Vec<u8>, content_type = "application/gzip"), Problems))]
#[get("/chromadb/download")]
pub(crate) async fn download(service: Data<ArchiveService>) -> Result<HttpResponse, ApiError> {
    let (file, name) = service.make_once().await?;
    Ok(sent(file, &name).map_err(ArchiveError::Io)?)
}

/// An archive on the server.
#[utoipa::path(tag = "store", params(("name" = String, Path)),
    responses((status = 200, body = Vec<u8>, content_type = "application/gzip"), Problems))]
#[get("/chromadb/backups/{name}")]
pub(crate) async fn backup(
    name: Path<String>,
    service: Data<ArchiveService>,
) -> Result<HttpResponse, ApiError> {
    let path = service.path_of(&name).await?;
    let file = std::fs::File::open(path).map_err(ArchiveError::Io)?;
    Ok(sent(file, &name).map_err(ArchiveError::Io)?)
}

fn sent(file: std::fs::File, name: &str) -> std::io::Result<HttpResponse> {
    let size = file.metadata()?.len();
    let stream = ReaderStream::with_capacity(tokio::fs::File::from_std(file), PIECE);
    Ok(HttpResponse::Ok()
        .content_type("application/gzip")
        .insert_header(ContentDisposition {
            disposition: DispositionType::Attachment,
            parameters: vec![DispositionParam::Filename(name.to_owned())],
        })
        .no_chunking(size)
        .streaming(stream))
}

/// Removes an archive from the server.
#[utoipa::path(tag = "store", params(("name" = String, Path)), responses((status = 204), Problems))]
#[delete("/chromadb/backups/{name}")]
pub(crate) async fn remove(
    name: Path<String>,
    service: Data<ArchiveService>,
) -> Result<HttpResponse, ApiError> {
    service.remove(&name).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Asks for the store to be replaced.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RestoreRequest {
    /// Must be `true`.
    pub confirm: bool,
}

/// An archive was taken in.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct RestoredView {
    /// Sentence for people.
    pub message: &'static str,
    /// How the store is now.
    #[serde(flatten)]
    pub store: StoreView,
}

fn restored(service: &ArchiveService, held: Held) -> Json<RestoredView> {
    Json(RestoredView {
        message: "A cópia foi restaurada.",
        store: StoreView::of(service, held),
    })
}

/// Puts the content of an archive on the server in the place of the store's. Asks for `{"confirm": true}`.
#[utoipa::path(tag = "store", params(("name" = String, Path)), request_body = RestoreRequest,
    responses((status = 200, body = RestoredView), Problems))]
#[post("/chromadb/backups/{name}/restore")]
pub(crate) async fn restore(
    name: Path<String>,
    body: Json<RestoreRequest>,
    service: Data<ArchiveService>,
) -> Result<Json<RestoredView>, ApiError> {
    if !body.confirm {
        return Err(ArchiveError::NotConfirmed.into());
    }
    let path = service.path_of(&name).await?;
    let file = std::fs::File::open(path).map_err(ArchiveError::Io)?;
    let held = service.restore(file).await?;
    Ok(restored(&service, held))
}

/// A form with an archive.
#[derive(Debug, utoipa::ToSchema)]
#[expect(dead_code, reason = "describes what is read field by field")]
pub(crate) struct ArchiveForm {
    /// A `tar.gz` that `/chromadb/download` gave, or a `zip` of the same; `folder` is the same field by another name.
    #[schema(value_type = String, format = Binary)]
    archive: Vec<u8>,
    /// Must be `true`: what is in the store goes.
    replace_existing: String,
}

/// Puts the content of an archive that is sent in the place of the store's. Until it is whole, checked and answers, nothing
/// changes.
#[utoipa::path(tag = "store", request_body(content = ArchiveForm, content_type = "multipart/form-data"),
    responses((status = 200, body = RestoredView), Problems))]
#[post("/chromadb/upload")]
pub(crate) async fn upload(
    form: Multipart,
    service: Data<ArchiveService>,
) -> Result<Json<RestoredView>, ApiError> {
    take_in(form, &service).await
}

/// The same, as the frontend sends a `zip`.
#[utoipa::path(tag = "store", request_body(content = ArchiveForm, content_type = "multipart/form-data"),
    responses((status = 200, body = RestoredView), Problems))]
#[post("/chromadb/upload-folder")]
pub(crate) async fn upload_folder(
    form: Multipart,
    service: Data<ArchiveService>,
) -> Result<Json<RestoredView>, ApiError> {
    take_in(form, &service).await
}

async fn take_in(
    mut form: Multipart,
    service: &ArchiveService,
) -> Result<Json<RestoredView>, ApiError> {
    let mut archive = None;
    let mut replaces = false;
    while let Some(field) = form.next().await {
        let mut field = field.map_err(|_| ArchiveError::CutOff)?;
        match field.name().unwrap_or_default() {
            "archive" | "folder" => {
                let mut file = service.incoming().map_err(ArchiveError::Io)?;
                let mut left = service.max_bytes();
                while let Some(part) = field.try_next().await.map_err(|_| ArchiveError::CutOff)? {
                    left = left
                        .checked_sub(part.len() as u64)
                        .ok_or(ArchiveError::TooLarge)?;
                    // A few hundred kilobytes into the page cache.
                    file.write_all(&part).map_err(ArchiveError::Io)?;
                }
                archive = Some(file);
            }
            "replace_existing" => {
                let text = field.bytes(FIELD_MAX).await;
                replaces = matches!(text, Ok(Ok(text)) if text.eq_ignore_ascii_case(b"true"));
            }
            _ => while field.try_next().await.is_ok_and(|part| part.is_some()) {},
        }
    }
    let archive = archive.ok_or(ArchiveError::Missing)?;
    if !replaces {
        return Err(ArchiveError::NotConfirmed.into());
    }
    let file = archive.reopen().map_err(ArchiveError::Io)?;
    let held = service.restore(file).await?;
    Ok(restored(service, held))
}
