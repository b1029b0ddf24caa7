//! `/alerts`: what is wrong, and who is told, for administrators.

use actix_web::web::Data;
use actix_web::{get, post, put};
use serde::Serialize;
use shared::body::Json;
use shared::clock::rfc3339;
use shared::problem::{ApiError, Problems};

use super::Alerts;
use super::model::AlertSettings;
use crate::access::Admin;

/// Something that is wrong.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct AlertView {
    /// Which rule: `rag_server`, `provider`, `queue`, `disk`, `errors`, `budget`, `materials` or `schedules`.
    pub rule: String,
    /// A sentence for people.
    pub detail: String,
    /// Since when, RFC 3339.
    pub since: String,
    /// When it was told last.
    pub told_at: String,
}

/// Who will be told.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Told {
    /// How many addresses.
    pub recipients: usize,
    /// A sentence for people.
    pub message: &'static str,
}

/// What is wrong at the moment. For administrators.
#[utoipa::path(tag = "jobs", operation_id = "list_alerts",
    responses((status = 200, body = Vec<AlertView>), Problems))]
#[get("/alerts")]
pub(crate) async fn list(
    _admin: Admin,
    alerts: Data<Alerts>,
) -> Result<Json<Vec<AlertView>>, ApiError> {
    let rows = alerts.current().await?;
    let view = rows.into_iter().map(|row| AlertView {
        rule: row.rule,
        detail: row.detail,
        since: rfc3339(row.since),
        told_at: rfc3339(row.told_at),
    });
    Ok(Json(view.collect()))
}

/// Where alerts and reports go, and when there is an alert. For administrators.
#[utoipa::path(tag = "jobs", operation_id = "alert_settings",
    responses((status = 200, body = AlertSettings), Problems))]
#[get("/alerts/settings")]
pub(crate) async fn settings(
    _admin: Admin,
    alerts: Data<Alerts>,
) -> Result<Json<AlertSettings>, ApiError> {
    Ok(Json(alerts.settings().await?))
}

/// Sets all of it; what is left out gets its default. Addresses of private networks are refused. For administrators.
#[utoipa::path(tag = "jobs", operation_id = "set_alert_settings", request_body = AlertSettings,
    responses((status = 200, body = AlertSettings), Problems))]
#[put("/alerts/settings")]
pub(crate) async fn set(
    _admin: Admin,
    body: Json<AlertSettings>,
    alerts: Data<Alerts>,
) -> Result<Json<AlertSettings>, ApiError> {
    let wanted = body.into_inner();
    alerts.set(&wanted).await?;
    Ok(Json(wanted))
}

/// Sends a message to every address, to try them out. For administrators.
#[utoipa::path(tag = "jobs", operation_id = "try_alerts", responses((status = 200, body = Told), Problems))]
#[post("/alerts/test")]
pub(crate) async fn try_out(_admin: Admin, alerts: Data<Alerts>) -> Result<Json<Told>, ApiError> {
    Ok(Json(Told {
        recipients: alerts.try_out().await?,
        message: "A mensagem de teste será enviada em instantes.",
    }))
}
