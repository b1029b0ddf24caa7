//! `/materials`: send, list, look at and remove materials.

use actix_web::web::{Data, Payload};
use actix_web::{FromRequest, HttpRequest, HttpResponse, delete, get, put};
use chunk::ChunkSettings;
use serde::{Deserialize, Serialize};
use shared::body::{Json, Query};
use shared::clock::rfc3339;
use shared::problem::{ApiError, Problems};

use super::{MaterialError, MaterialId, MaterialRow, MaterialService, MaterialState, NewMaterial};
use crate::jobs::routes::Reason;
use crate::paging::page_size;

impl FromRequest for MaterialId {
    type Error = ApiError;
    type Future = std::future::Ready<Result<Self, ApiError>>;

    /// Takes the second segment of the path as it was sent: ids may hold characters that routers decode twice.
    fn from_request(request: &HttpRequest, _: &mut actix_web::dev::Payload) -> Self::Future {
        let segment = request.uri().path().split('/').nth(2).unwrap_or_default();
        std::future::ready(Self::from_segment(segment).map_err(ApiError::from))
    }
}

/// A material.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct MaterialView {
    /// Id.
    pub id: String,
    /// Name shown in citations.
    pub source: String,
    /// File name.
    pub filename: String,
    /// Title.
    pub title: String,
    /// Labels to filter by.
    pub tags: Vec<String>,
    /// Real type, once read: `pdf`, `xlsx`, `docx`…
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Bytes.
    pub size_bytes: i64,
    /// BLAKE3 of the content.
    pub content_hash: String,
    /// Where it stands on its way into the index.
    pub state: MaterialState,
    /// Why it failed.
    pub error: Option<Reason>,
    /// Pages, slides or sheets.
    pub pages: Option<i64>,
    /// Chunks in the index.
    pub chunks: i64,
    /// Chunks that have their vectors.
    pub embedded: i64,
    /// What could not be read.
    #[schema(value_type = Vec<Object>)]
    pub warnings: Vec<extract::Warning>,
    /// Pages (1-based) that need character recognition.
    pub ocr_pages: Vec<u32>,
    /// The job that works, or worked last, on it.
    pub job_id: Option<String>,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub updated_at: String,
}

impl From<MaterialRow> for MaterialView {
    fn from(row: MaterialRow) -> Self {
        Self {
            state: row.state(),
            error: Reason::of(row.reason_code, row.reason),
            tags: serde_json::from_str(&row.tags).unwrap_or_default(),
            warnings: serde_json::from_str(&row.warnings).unwrap_or_default(),
            ocr_pages: serde_json::from_str(&row.ocr_pages).unwrap_or_default(),
            id: row.id,
            source: row.source,
            filename: row.filename,
            title: row.title,
            kind: row.kind,
            size_bytes: row.size_bytes,
            content_hash: row.content_hash,
            pages: row.pages,
            chunks: row.chunks,
            embedded: row.embedded,
            job_id: row.job_id,
            created_at: rfc3339(row.created_at),
            updated_at: rfc3339(row.updated_at),
        }
    }
}

/// What is said of a material besides its bytes.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PutMaterial {
    /// Name shown in citations, a relative path; the file name when absent.
    source: Option<String>,
    /// File name; the id when absent.
    filename: Option<String>,
    /// Title for people; made from the file name when absent.
    title: Option<String>,
    /// Labels to filter by, separated by commas.
    tags: Option<String>,
    /// Most tokens of a passage, together with `chunk_overlap`; as in the server's settings when absent. Neither changes
    /// a material that is here already with the same bytes.
    #[param(minimum = 16, maximum = 480)]
    chunk_size: Option<usize>,
    /// Tokens repeated from the passage before, less than half of `chunk_size`.
    chunk_overlap: Option<usize>,
}

/// A material was accepted.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct AcceptedView {
    /// Id of the material.
    pub id: String,
    /// The job to follow.
    pub job_id: String,
    /// The same bytes were here already: nothing is to be done.
    pub unchanged: bool,
    /// Where the material stands.
    pub state: MaterialState,
}

/// Sends a material: its bytes as the body, of any supported type.
///
/// Idempotent: the same bytes again answer with the job that brought them in. Other bytes replace the material;
/// questions are answered from the old ones until the new ones are searchable.
#[utoipa::path(tag = "materials", params(("id" = String, Path, description = "1 to 200 bytes, percent-encoded"), PutMaterial),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 202, body = AcceptedView), Problems))]
#[put("/materials/{id}")]
pub(crate) async fn send(
    request: HttpRequest,
    id: MaterialId,
    query: Query<PutMaterial>,
    body: Payload,
    materials: Data<MaterialService>,
) -> Result<HttpResponse, ApiError> {
    let limit = materials.files().max_bytes();
    let announced = request
        .headers()
        .get(actix_web::http::header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|bytes| bytes > limit) {
        return Err(MaterialError::TooLarge { limit }.into());
    }
    let query = query.into_inner();
    let material = NewMaterial {
        id: id.clone(),
        source: query.source,
        filename: query.filename,
        title: query.title,
        tags: query
            .tags
            .unwrap_or_default()
            .split(',')
            .map(str::to_owned)
            .collect(),
        // One without the other is not taken for a choice: a size of none is refused.
        chunking: (query.chunk_size.or(query.chunk_overlap)).map(|_| ChunkSettings {
            size: query.chunk_size.unwrap_or_default(),
            overlap: query.chunk_overlap.unwrap_or_default(),
        }),
    };
    let accepted = materials.accept(material, body).await?;
    let state = materials.find(&id).await?.state();
    Ok(HttpResponse::Accepted().json(AcceptedView {
        id: id.as_str().to_owned(),
        job_id: accepted.job_id,
        unchanged: accepted.unchanged,
        state,
    }))
}

/// Which materials to list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListMaterials {
    /// Only materials in this state.
    state: Option<MaterialState>,
    /// Only materials after this id: the last of the page before.
    after: Option<String>,
    /// Most materials to list, 1 to 1000.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u16>,
}

/// Materials.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct MaterialList {
    /// In order of id.
    pub materials: Vec<MaterialView>,
    /// What to send as `after` for the next page; null on the last.
    pub next: Option<String>,
}

/// Lists materials in order of id.
#[utoipa::path(tag = "materials", params(ListMaterials), responses((status = 200, body = MaterialList), Problems))]
#[get("/materials")]
pub(crate) async fn list(
    query: Query<ListMaterials>,
    materials: Data<MaterialService>,
) -> Result<Json<MaterialList>, ApiError> {
    let limit = page_size(query.limit, 1000, 1000)?;
    let rows = materials
        .list(
            query.state,
            query.after.as_deref().unwrap_or_default(),
            limit,
        )
        .await?;
    let next = (rows.len() as i64 == limit)
        .then(|| rows.last().map(|row| row.id.clone()))
        .flatten();
    Ok(Json(MaterialList {
        materials: rows.into_iter().map(MaterialView::from).collect(),
        next,
    }))
}

/// One material: its state, pages, chunks and warnings.
#[utoipa::path(tag = "materials", params(("id" = String, Path)), responses((status = 200, body = MaterialView), Problems))]
#[get("/materials/{id}")]
pub(crate) async fn show(
    id: MaterialId,
    materials: Data<MaterialService>,
) -> Result<Json<MaterialView>, ApiError> {
    Ok(Json(materials.find(&id).await?.into()))
}

/// Removes a material from everywhere: text, vectors and file. Works in every state.
#[utoipa::path(tag = "materials", params(("id" = String, Path)), responses((status = 204), Problems))]
#[delete("/materials/{id}")]
pub(crate) async fn remove(
    id: MaterialId,
    materials: Data<MaterialService>,
) -> Result<HttpResponse, ApiError> {
    materials.remove(&id).await?;
    Ok(HttpResponse::NoContent().finish())
}
