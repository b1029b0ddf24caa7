//! Describing and removing materials.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, delete, put};
use serde::{Deserialize, Serialize};
use shared::body::{Json, read_json};
use shared::problem::{ApiError, Code, Problems};

use super::take_field;
use crate::access::Staff;
use crate::materials::form;
use crate::materials::id::IdBefore;
use crate::materials::service::Description;
use crate::materials::view::MaterialView;
use crate::materials::{DownloadLinks, MaterialId, MaterialService};

/// What is said of a material: what is absent is cleared, but for the title.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DescribeRequest {
    /// What it is about, 5000 characters at most.
    description: Option<String>,
    /// Labels, 50 at most, of 100 bytes at most.
    #[serde(default)]
    tags: Vec<String>,
    /// Title, 300 characters at most; stays when absent.
    title: Option<String>,
}

/// A material was described.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct DescribedView {
    /// `success`.
    pub status: &'static str,
    /// Sentence for people.
    pub message: &'static str,
    /// The material.
    pub material: MaterialView,
}

/// Replaces what is said of a material: as a form, also under a JSON content type, or as JSON.
#[utoipa::path(tag = "materials", params(("id" = String, Path)), request_body = DescribeRequest,
    responses((status = 200, body = DescribedView), Problems))]
#[put("/materials/{id:.*}/metadata")]
pub(crate) async fn describe(
    staff: Staff,
    id: IdBefore,
    request: HttpRequest,
    body: Payload,
    materials: Data<MaterialService>,
    links: Data<DownloadLinks>,
) -> Result<Json<DescribedView>, ApiError> {
    let body = form::whole(body).await?;
    let mut description = Description::default();
    if let Some(fields) = form::fields(request.headers(), &body).await? {
        for (name, text) in fields {
            take_field(&name, text, &mut description)?;
        }
    } else if !body.is_empty() {
        let asked: DescribeRequest = read_json(&body)?;
        description = Description {
            title: asked.title,
            about: asked.description,
            tags: asked.tags,
        };
    } else {
        return Err(ApiError::new(Code::InvalidRequest));
    }
    let material = materials.describe(&staff, &id.0, description).await?;
    Ok(Json(DescribedView {
        status: "success",
        message: "Os dados do material foram gravados.",
        material: MaterialView::of(material, &links),
    }))
}

/// Something was done.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct DoneView {
    /// `success`.
    pub status: &'static str,
    /// Sentence for people.
    pub message: &'static str,
}

/// Removes a material: its row and file at once, its text and vectors as soon as the rag-server hears of it.
#[utoipa::path(tag = "materials", params(("id" = String, Path)), responses((status = 200, body = DoneView), Problems))]
#[delete("/materials/{id:.*}")]
pub(crate) async fn remove(
    staff: Staff,
    id: MaterialId,
    materials: Data<MaterialService>,
) -> Result<Json<DoneView>, ApiError> {
    materials.remove(&staff, &id).await?;
    Ok(Json(DoneView {
        status: "success",
        message: "O material foi removido.",
    }))
}
