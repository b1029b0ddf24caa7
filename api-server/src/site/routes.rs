//! `/settings`: for administrators.

use actix_web::web::Data;
use actix_web::{get, post};
use serde::{Deserialize, Serialize};
use shared::body::{Json, Query};
use shared::clock::rfc3339;
use shared::problem::{ApiError, Invalid, Problems};

use super::model::SiteChanges;
use super::{SiteService, SiteSettings};
use crate::access::Admin;

/// Later than every id.
const NEWEST: &str = "ffffffff-ffff-ffff-ffff-ffffffffffff";
/// Changes shown at once.
const CHANGES: i64 = 50;

/// The settings in force.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct SettingsView {
    /// `success`.
    pub status: &'static str,
    /// Every category, complete.
    pub settings: SiteSettings,
}

/// What a change came to.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct SettingsChanged {
    /// `success`.
    pub status: &'static str,
    /// Sentence for people.
    pub message: &'static str,
    /// The settings in force.
    pub settings: SiteSettings,
}

/// Which changes.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SettingsHistory {
    /// Changes before the one of this id; the newest when absent.
    before: Option<String>,
    /// How many, 1 to 200; 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// One change.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct SettingsChange {
    /// Id.
    pub id: String,
    /// RFC 3339, UTC.
    pub at: String,
    /// Id of who did it.
    pub actor_id: Option<String>,
    /// Name of who did it.
    pub actor: Option<String>,
    /// `saved` or `reset`.
    pub act: String,
    /// What it changed, with the new values.
    pub changed: SiteChanges,
    /// The settings after it.
    pub settings: SiteSettings,
}

/// The settings of the system.
#[utoipa::path(tag = "settings", operation_id = "settings", responses((status = 200, body = SettingsView), Problems))]
#[get("/settings")]
pub(crate) async fn current(
    _admin: Admin,
    site: Data<SiteService>,
) -> Result<Json<SettingsView>, ApiError> {
    Ok(Json(SettingsView {
        status: "success",
        settings: site.current().await?.shown,
    }))
}

/// Changes settings, in force at once on every api-server; fields that are absent stay.
#[utoipa::path(tag = "settings", operation_id = "save_settings", request_body = SiteChanges,
    responses((status = 200, body = SettingsChanged), Problems))]
#[post("/settings")]
pub(crate) async fn save(
    admin: Admin,
    body: Json<SiteChanges>,
    site: Data<SiteService>,
) -> Result<Json<SettingsChanged>, ApiError> {
    Ok(Json(SettingsChanged {
        status: "success",
        message: "As configurações foram gravadas.",
        settings: site.save(&admin, body.into_inner()).await?,
    }))
}

/// Goes back to what the server was installed with.
#[utoipa::path(tag = "settings", operation_id = "reset_settings", responses((status = 200, body = SettingsChanged), Problems))]
#[post("/settings/reset")]
pub(crate) async fn reset(
    admin: Admin,
    site: Data<SiteService>,
) -> Result<Json<SettingsChanged>, ApiError> {
    Ok(Json(SettingsChanged {
        status: "success",
        message: "As configurações voltaram às iniciais.",
        settings: site.reset(&admin).await?,
    }))
}

/// Who changed which settings, newest first.
#[utoipa::path(tag = "settings", operation_id = "settings_history", params(SettingsHistory),
    responses((status = 200, body = Vec<SettingsChange>), Problems))]
#[get("/settings/history")]
pub(crate) async fn history(
    _admin: Admin,
    query: Query<SettingsHistory>,
    site: Data<SiteService>,
) -> Result<Json<Vec<SettingsChange>>, ApiError> {
    let limit = query.limit.unwrap_or(CHANGES);
    let mut invalid = Invalid::new();
    if !(1..=200).contains(&limit) {
        invalid = invalid.field("/limit", "out_of_range", "deve estar entre 1 e 200");
    }
    let before = query.before.as_deref().unwrap_or(NEWEST);
    if uuid::Uuid::try_parse(before).is_err() {
        invalid = invalid.field("/before", "invalid_value", "não é um identificador");
    }
    let limit = invalid.or(limit)?;
    let changes = site.changes(before, limit).await?;
    let views = changes
        .into_iter()
        .map(|(row, changed, settings)| SettingsChange {
            id: row.id,
            at: rfc3339(row.at),
            actor_id: row.uid,
            actor: row.username,
            act: row.act,
            changed,
            settings,
        });
    Ok(Json(views.collect()))
}
