//! `/materials/{id}/pages/{page}.png`: drawn by the rag-server, passed on as it comes.

use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use reqwest::Method;
use serde::Deserialize;
use shared::body::Query;
use shared::problem::{ApiError, Problems};

use super::id::IdOfPage;
use super::{MaterialService, download};
use crate::access::WithCookie;
use crate::improvement::{Improvement, Place};
use crate::rag::RagClient;

/// Where a locator's boxes are in the picture, as the rag-server says.
const TRANSFORM: &str = "page-transform";

/// How to draw a page.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PictureParams {
    /// Pixels, 64 to 2400; 1000 when absent.
    #[param(minimum = 64, maximum = 2400)]
    width: Option<u32>,
    /// The answer of one's own that it is opened from, by its id: the ranking learns from that.
    answer: Option<String>,
}

/// The picture of a page of a PDF. With a token, an API key, or the cookie.
///
/// `Page-Transform` holds six numbers a to f that map a point (x, y) of a locator's `bbox` to pixels from the upper left
/// corner: `a·x + c·y + e` to the right, `b·x + d·y + f` down.
#[utoipa::path(tag = "materials",
    params(("id" = String, Path), ("page" = u32, Path, description = "From 1", minimum = 1), PictureParams),
    responses((status = 200, body = Vec<u8>, content_type = "image/png",
        headers(("Page-Transform" = String, description = "Six numbers with spaces between them"))),
        (status = 304, description = "As it was"), Problems))]
#[get("/materials/{id:.*}/pages/{page}.png")]
pub(crate) async fn picture(
    caller: WithCookie,
    id: IdOfPage,
    request: HttpRequest,
    query: Query<PictureParams>,
    materials: Data<MaterialService>,
    rag: Data<RagClient>,
    improvement: Data<Improvement>,
) -> Result<HttpResponse, ApiError> {
    let row = materials.find(&id.material).await?;
    let place = Place {
        material_uid: &row.uid,
        page: id.page.parse().ok(),
    };
    improvement
        .opened_from(&caller.account.uid, query.answer.as_deref(), place)
        .await;
    let width = query.width.map(|width| width.to_string());
    let width = width.as_deref().map(|width| ("width", width));
    let path = ["materials", row.uid.as_str(), "pages", id.page.as_str()];
    let asked = rag.request(Method::GET, &path, width.as_slice())?;
    let drawn = rag.send(asked).await?;
    let mut response = HttpResponse::Ok();
    for name in [
        header::CACHE_CONTROL.as_str(),
        header::ETAG.as_str(),
        TRANSFORM,
    ] {
        if let Some(value) = drawn.headers().get(name) {
            response.insert_header((name, value.as_bytes()));
        }
    }
    let tag = drawn.headers().get(reqwest::header::ETAG);
    let tag = tag.and_then(|tag| tag.to_str().ok()).unwrap_or_default();
    if !tag.is_empty() && download::knows(request.headers(), tag) {
        return Ok(response
            .status(actix_web::http::StatusCode::NOT_MODIFIED)
            .finish());
    }
    Ok(response
        .content_type("image/png")
        .streaming(drawn.bytes_stream()))
}
