//! The bytes of materials: for whoever is signed in, by link, and all of them at once.

use actix_web::http::{Method, StatusCode};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, head};
use serde::Deserialize;
use shared::body::{Path, Query};
use shared::problem::{ApiError, Code, Problems};

use crate::access::{Staff, WithCookie};
use crate::improvement::{Improvement, Place};
use crate::materials::id::LinkedId;
use crate::materials::store::MaterialRow;
use crate::materials::{DownloadLinks, MaterialId, MaterialService, download};

/// All materials as one `tar.gz`, made while it is sent.
#[utoipa::path(tag = "materials",
    responses((status = 200, content_type = "application/gzip", body = Vec<u8>), Problems))]
#[get("/materials/archive")]
pub(crate) async fn package(
    _staff: Staff,
    materials: Data<MaterialService>,
) -> Result<HttpResponse, ApiError> {
    download::package(materials).await
}

/// How to send a file.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DownloadMaterial {
    /// Have it saved, not shown.
    download: Option<bool>,
}

/// How to send a file to somebody who is known.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OpenMaterial {
    /// Have it saved, not shown.
    download: Option<bool>,
    /// The answer of one's own that it is opened from, by its id: the ranking learns from that.
    answer: Option<String>,
}

/// The bytes of a material, or one range of them. With a token, an API key, or the cookie.
#[utoipa::path(tag = "materials", params(("id" = String, Path), OpenMaterial),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>),
        (status = 206, content_type = "application/octet-stream", body = Vec<u8>), (status = 304), (status = 416), Problems))]
#[get("/materials/{id:.*}")]
pub(crate) async fn file(
    caller: WithCookie,
    id: MaterialId,
    request: HttpRequest,
    query: Query<OpenMaterial>,
    materials: Data<MaterialService>,
    improvement: Data<Improvement>,
) -> Result<HttpResponse, ApiError> {
    let row = materials.find(&id).await?;
    let place = Place {
        material_uid: &row.uid,
        page: None,
    };
    improvement
        .opened_from(&caller.account.uid, query.answer.as_deref(), place)
        .await;
    sent(&materials, &row, &request, query.download).await
}

/// What `GET` answers of a material, without its bytes: no download, and nothing opened.
#[utoipa::path(tag = "materials", params(("id" = String, Path), OpenMaterial),
    responses((status = 200), (status = 206), (status = 304), (status = 416), Problems))]
#[head("/materials/{id:.*}")]
pub(crate) async fn file_head(
    _caller: WithCookie,
    id: MaterialId,
    request: HttpRequest,
    query: Query<OpenMaterial>,
    materials: Data<MaterialService>,
) -> Result<HttpResponse, ApiError> {
    let row = materials.find(&id).await?;
    sent(&materials, &row, &request, query.download).await
}

/// A file as it was asked for; counted where all of it goes out.
async fn sent(
    materials: &MaterialService,
    row: &MaterialRow,
    request: &HttpRequest,
    download: Option<bool>,
) -> Result<HttpResponse, ApiError> {
    let answer = download::serve(materials, row, request, download.unwrap_or(false)).await?;
    if answer.status() == StatusCode::OK && request.method() == Method::GET {
        materials.count_download(row).await;
    }
    Ok(answer)
}

/// A signature.
#[derive(Debug, Deserialize)]
pub(crate) struct Signed {
    signature: String,
}

/// The bytes of a material for whoever has its link (`download_path` of a material), until the link ends.
#[utoipa::path(tag = "materials", security(()),
    params(("signature" = String, Path), ("id" = String, Path), DownloadMaterial),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>),
        (status = 206, content_type = "application/octet-stream", body = Vec<u8>), (status = 304), (status = 416), Problems))]
#[get("/materials/dl/{signature}/{id:.*}")]
pub(crate) async fn file_by_link(
    signed: Path<Signed>,
    id: LinkedId,
    request: HttpRequest,
    query: Query<DownloadMaterial>,
    materials: Data<MaterialService>,
    links: Data<DownloadLinks>,
) -> Result<HttpResponse, ApiError> {
    let row = linked(&signed, &id, &links, &materials).await?;
    sent(&materials, &row, &request, query.download).await
}

/// What `GET` answers of a link, without the bytes.
#[utoipa::path(tag = "materials", security(()),
    params(("signature" = String, Path), ("id" = String, Path), DownloadMaterial),
    responses((status = 200), (status = 206), (status = 304), (status = 416), Problems))]
#[head("/materials/dl/{signature}/{id:.*}")]
pub(crate) async fn file_by_link_head(
    signed: Path<Signed>,
    id: LinkedId,
    request: HttpRequest,
    query: Query<DownloadMaterial>,
    materials: Data<MaterialService>,
    links: Data<DownloadLinks>,
) -> Result<HttpResponse, ApiError> {
    let row = linked(&signed, &id, &links, &materials).await?;
    sent(&materials, &row, &request, query.download).await
}

/// The material that a link opens.
async fn linked(
    signed: &Signed,
    id: &LinkedId,
    links: &DownloadLinks,
    materials: &MaterialService,
) -> Result<MaterialRow, ApiError> {
    if !links.opens(&signed.signature, id.0.as_str()) {
        return Err(ApiError::new(Code::Unauthorized)
            .with_detail("Este endereço de download expirou; abra o material de novo."));
    }
    Ok(materials.find(&id.0).await?)
}
