//! `/chat/planned`: what is to be asked or sent later.

use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, post, put};
use shared::body::{Json, Path};
use shared::problem::{ApiError, Problems};

use super::Planned;
use super::model::{ChangePlanned, NewPlanned, PlannedView};
use crate::access::Caller;

/// What one planned, the newest first; what is over goes after a month.
#[utoipa::path(tag = "planned", operation_id = "planned", responses((status = 200, body = Vec<PlannedView>), Problems))]
#[get("/chat/planned")]
pub(crate) async fn list(
    caller: Caller,
    planned: Data<Planned>,
) -> Result<Json<Vec<PlannedView>>, ApiError> {
    Ok(Json(planned.list(&caller.account.uid).await?))
}

/// Plans a question, whose answer will stand in a conversation, or a message to oneself by e-mail.
///
/// Asked at its minute, under the limits and opening hours of any question; when the material cannot be searched then, it
/// is tried again after one and five minutes. Whatever is missed is made up once.
#[utoipa::path(tag = "planned", operation_id = "plan", request_body = NewPlanned,
    responses((status = 201, body = PlannedView), Problems))]
#[post("/chat/planned")]
pub(crate) async fn plan(
    caller: Caller,
    body: Json<NewPlanned>,
    planned: Data<Planned>,
) -> Result<HttpResponse, ApiError> {
    let view = planned.plan(&caller, body.into_inner()).await?;
    Ok(HttpResponse::Created().json(view))
}

/// One thing one planned, and how it went.
#[utoipa::path(tag = "planned", operation_id = "one_planned", params(("id" = String, Path)),
    responses((status = 200, body = PlannedView), Problems))]
#[get("/chat/planned/{id}")]
pub(crate) async fn read(
    caller: Caller,
    id: Path<String>,
    planned: Data<Planned>,
) -> Result<Json<PlannedView>, ApiError> {
    Ok(Json(planned.read(&caller.account.uid, &id).await?))
}

/// Another text or time, a pause, or its end. What fell into a pause is not made up.
#[utoipa::path(tag = "planned", operation_id = "change_planned", params(("id" = String, Path)), request_body = ChangePlanned,
    responses((status = 200, body = PlannedView), Problems))]
#[put("/chat/planned/{id}")]
pub(crate) async fn change(
    caller: Caller,
    id: Path<String>,
    body: Json<ChangePlanned>,
    planned: Data<Planned>,
) -> Result<Json<PlannedView>, ApiError> {
    Ok(Json(planned.change(&caller, &id, body.into_inner()).await?))
}

/// Forgets it.
#[utoipa::path(tag = "planned", operation_id = "forget_planned", params(("id" = String, Path)),
    responses((status = 204), Problems))]
#[delete("/chat/planned/{id}")]
pub(crate) async fn remove(
    caller: Caller,
    id: Path<String>,
    planned: Data<Planned>,
) -> Result<HttpResponse, ApiError> {
    planned.remove(&caller.account.uid, &id).await?;
    Ok(HttpResponse::NoContent().finish())
}
