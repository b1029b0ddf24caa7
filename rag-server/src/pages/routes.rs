//! `/materials/{id}/pages/{page}.png`.

use std::num::NonZeroU32;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, ETag, EntityTag, Header as _, IfNoneMatch};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use serde::Deserialize;
use shared::body::{Path, Query};
use shared::problem::{ApiError, Invalid, Problems};

use super::{PageError, PageService};
use crate::materials::MaterialId;

/// Pixels, unless asked otherwise: a page on a screen.
const WIDTH: u32 = 1000;

/// How to draw a page.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PictureParams {
    /// Pixels, 64 to 2400; 1000 when absent.
    #[param(minimum = 64, maximum = 2400)]
    width: Option<u32>,
}

/// The picture of a page of a PDF.
///
/// `Page-Transform` holds six numbers a to f that map a point (x, y) of a locator's `bbox` to pixels from the upper left
/// corner: `a·x + c·y + e` to the right, `b·x + d·y + f` down.
#[utoipa::path(tag = "materials",
    params(("id" = String, Path), ("page" = u32, Path, description = "From 1", minimum = 1), PictureParams),
    responses((status = 200, body = Vec<u8>, content_type = "image/png",
        headers(("Page-Transform" = String, description = "Six numbers with spaces between them"))),
        (status = 304, description = "As it was"), Problems))]
#[get("/materials/{id}/pages/{page}.png")]
pub(crate) async fn picture(
    request: HttpRequest,
    id: MaterialId,
    path: Path<(String, String)>,
    query: Query<PictureParams>,
    pages: Data<PageService>,
) -> Result<HttpResponse, ApiError> {
    let page: NonZeroU32 = path.1.parse().map_err(|_| PageError::NoSuchPage)?;
    let width = query.width.unwrap_or(WIDTH);
    if !(64..=2400).contains(&width) {
        let invalid = Invalid::new().field(
            "/width",
            "out_of_range",
            "A largura deve ficar entre 64 e 2400 pixels.",
        );
        return Err(PageError::Invalid(invalid).into());
    }
    let drawn = pages.picture(&id, page, width).await?;
    let tag = EntityTag::new_strong(drawn.tag);
    let is_known = match IfNoneMatch::parse(&request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(known)) => known.iter().any(|one| one.weak_eq(&tag)),
        Err(_) => false,
    };
    let mut response = HttpResponse::Ok();
    response
        .insert_header(ETag(tag))
        .insert_header((header::CACHE_CONTROL, "private, max-age=3600"))
        .insert_header(("Page-Transform", numbers(drawn.picture.transform)));
    if is_known {
        return Ok(response.status(StatusCode::NOT_MODIFIED).finish());
    }
    Ok(response
        .content_type("image/png")
        .body(drawn.picture.png.clone()))
}

fn numbers(transform: [f64; 6]) -> String {
    transform.map(|number| number.to_string()).join(" ")
}
