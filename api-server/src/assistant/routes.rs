//! `/assistant`: for instructors and administrators.

use std::collections::BTreeMap;

use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, post};
use serde::{Deserialize, Serialize};
use shared::body::{Json, Path, Query};
use shared::clock::rfc3339;
use shared::problem::{ApiError, Invalid, Problems};

use super::model::AssistantChanges;
use super::{AssistantConfig, AssistantService};
use crate::access::Staff;

/// Later than every id.
const NEWEST: &str = "ffffffff-ffff-ffff-ffff-ffffffffffff";
/// Changes shown at once.
const CHANGES: i64 = 50;

/// The configuration and what it can be replaced by.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct AssistantView {
    /// `success`.
    pub status: &'static str,
    /// The configuration in force.
    pub config: AssistantConfig,
    /// Every template by its name.
    pub templates: BTreeMap<String, AssistantConfig>,
}

/// Templates.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct AssistantTemplates {
    /// `success`.
    pub status: &'static str,
    /// Every template by its name.
    pub templates: BTreeMap<String, AssistantConfig>,
}

/// What a change came to.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct AssistantChanged {
    /// `success`.
    pub status: &'static str,
    /// The configuration, or the template that was saved.
    pub config: AssistantConfig,
}

/// Under which name to save.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TemplateName {
    /// 1 to 100 characters.
    template_name: String,
}

/// Which changes.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ChangesQuery {
    /// Changes before the one of this id; the newest when absent.
    before: Option<String>,
    /// How many, 1 to 200; 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// One change.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct AssistantChange {
    /// Id.
    pub id: String,
    /// RFC 3339, UTC.
    pub at: String,
    /// Id of who did it.
    pub actor_id: Option<String>,
    /// Name of who did it.
    pub actor: Option<String>,
    /// `saved`, `template_applied`, `reset`, `template_saved` or `template_removed`.
    pub act: String,
    /// The template it was about.
    pub template: Option<String>,
    /// The configuration after it, or the template that was saved.
    pub config: AssistantConfig,
}

/// How the assistant answers, and its templates.
#[utoipa::path(tag = "assistant", operation_id = "config", responses((status = 200, body = AssistantView), Problems))]
#[get("/assistant/config")]
pub(crate) async fn current(
    _staff: Staff,
    assistant: Data<AssistantService>,
) -> Result<Json<AssistantView>, ApiError> {
    Ok(Json(AssistantView {
        status: "success",
        config: assistant.current().await?,
        templates: assistant.templates().await?,
    }))
}

/// Templates: three of the system and those that were saved.
#[utoipa::path(tag = "assistant", responses((status = 200, body = AssistantTemplates), Problems))]
#[get("/assistant/templates")]
pub(crate) async fn templates(
    _staff: Staff,
    assistant: Data<AssistantService>,
) -> Result<Json<AssistantTemplates>, ApiError> {
    Ok(Json(AssistantTemplates {
        status: "success",
        templates: assistant.templates().await?,
    }))
}

/// Changes how the assistant answers; fields that are absent stay.
#[utoipa::path(tag = "assistant", operation_id = "save_config", request_body = AssistantChanges,
    responses((status = 200, body = AssistantChanged), Problems))]
#[post("/assistant/config")]
pub(crate) async fn save(
    staff: Staff,
    body: Json<AssistantChanges>,
    assistant: Data<AssistantService>,
) -> Result<Json<AssistantChanged>, ApiError> {
    Ok(changed(
        assistant.save(&staff.actor(), body.into_inner()).await?,
    ))
}

/// Makes a template the configuration.
#[utoipa::path(tag = "assistant", operation_id = "apply_template", params(("name" = String, Path)),
    responses((status = 200, body = AssistantChanged), Problems))]
#[post("/assistant/config/template/{name}")]
pub(crate) async fn apply(
    staff: Staff,
    name: Path<String>,
    assistant: Data<AssistantService>,
) -> Result<Json<AssistantChanged>, ApiError> {
    Ok(changed(assistant.apply(&staff.actor(), &name).await?))
}

/// Removes a saved template.
#[utoipa::path(tag = "assistant", operation_id = "remove_template", params(("name" = String, Path)),
    responses((status = 204), Problems))]
#[delete("/assistant/config/template/{name}")]
pub(crate) async fn remove_template(
    staff: Staff,
    name: Path<String>,
    assistant: Data<AssistantService>,
) -> Result<HttpResponse, ApiError> {
    assistant.remove_template(&staff.actor(), &name).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Saves a template without applying it: the configuration in force, with the fields given.
#[utoipa::path(tag = "assistant", params(TemplateName), request_body = AssistantChanges,
    responses((status = 200, body = AssistantChanged), Problems))]
#[post("/assistant/config/save-template")]
pub(crate) async fn save_template(
    staff: Staff,
    query: Query<TemplateName>,
    body: Json<AssistantChanges>,
    assistant: Data<AssistantService>,
) -> Result<Json<AssistantChanged>, ApiError> {
    let saved = assistant
        .save_template(&staff.actor(), &query.template_name, body.into_inner())
        .await?;
    Ok(changed(saved))
}

/// Goes back to the configuration before every change.
#[utoipa::path(tag = "assistant", operation_id = "reset_config", responses((status = 200, body = AssistantChanged), Problems))]
#[post("/assistant/config/reset")]
pub(crate) async fn reset(
    staff: Staff,
    assistant: Data<AssistantService>,
) -> Result<Json<AssistantChanged>, ApiError> {
    Ok(changed(assistant.reset(&staff.actor()).await?))
}

/// Who changed what and when, newest first.
#[utoipa::path(tag = "assistant", operation_id = "config_history", params(ChangesQuery),
    responses((status = 200, body = Vec<AssistantChange>), Problems))]
#[get("/assistant/config/history")]
pub(crate) async fn history(
    _staff: Staff,
    query: Query<ChangesQuery>,
    assistant: Data<AssistantService>,
) -> Result<Json<Vec<AssistantChange>>, ApiError> {
    let mut invalid = Invalid::new();
    let limit = query.limit.unwrap_or(CHANGES);
    if !(1..=200).contains(&limit) {
        invalid = invalid.field("/limit", "out_of_range", "deve estar entre 1 e 200");
    }
    let before = query.before.as_deref().unwrap_or(NEWEST);
    if uuid::Uuid::try_parse(before).is_err() {
        invalid = invalid.field("/before", "invalid_value", "não é um identificador");
    }
    let limit = invalid.or(limit)?;
    let changes = assistant.changes(before, limit).await?;
    let views = changes.into_iter().map(|(row, config)| AssistantChange {
        id: row.id,
        at: rfc3339(row.at),
        actor_id: row.uid,
        actor: row.username,
        act: row.act,
        template: row.template,
        config,
    });
    Ok(Json(views.collect()))
}

fn changed(config: AssistantConfig) -> Json<AssistantChanged> {
    Json(AssistantChanged {
        status: "success",
        config,
    })
}
