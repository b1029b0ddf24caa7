//! `/maintenance`: what is done to the whole, for administrators; how it is, for those who may know.

use std::collections::BTreeMap;

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse, get, post};
use serde::{Deserialize, Serialize};
use shared::body::{Json, Path, Query, read_json};
use shared::clock::rfc3339;
use shared::problem::{ApiError, Problems};

use super::error::problem;
use super::jobs::Asked;
use super::operations::{Figures, Operation, Outcome};
use super::report::{HealthCheck, Overview, SystemReport};
use super::store::JobRow;
use super::{MaintenanceError, MaintenanceService};
use crate::access::{Admin, Caller, Credential, Staff};

/// Header by which a script says that it means it; its value is the name of the operation.
const CONFIRM: &str = "x-confirm";

/// How to do it.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct HowToMaintain {
    /// Only tell what would be done.
    dry_run: Option<bool>,
}

/// Says that it is meant.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfirmRequest {
    /// Must be `true`.
    confirm: bool,
}

/// What an operation came to, or that it goes on.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct MaintenanceView {
    /// `success`, or `started` when it goes on in the background.
    pub status: &'static str,
    /// Sentence for people.
    pub message: String,
    /// The operation.
    pub operation: Operation,
    /// Nothing was changed: this is what would be done.
    pub dry_run: bool,
    /// The job, for `GET /maintenance/jobs/{id}`.
    pub job_id: String,
    /// Numbers and texts by name; absent while it goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub statistics: Option<Figures>,
    /// The same of each part, where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub results: Option<BTreeMap<String, Figures>>,
}

/// A maintenance job.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct MaintenanceJob {
    /// Id.
    pub id: String,
    /// Name of the operation.
    pub operation: String,
    /// It only tells what would be done.
    pub dry_run: bool,
    /// `running`, `done`, `failed` or `interrupted`.
    pub state: String,
    /// Name of who asked for it.
    pub actor: Option<String>,
    /// RFC 3339, UTC.
    pub created_at: String,
    /// RFC 3339, UTC.
    pub finished_at: Option<String>,
    /// Sentence for people, once it has ended.
    pub message: Option<String>,
    /// Numbers and texts by name, once it is done.
    #[schema(value_type = Option<Object>)]
    pub statistics: Option<Figures>,
    /// The same of each part, where there are several.
    #[schema(value_type = Option<Object>)]
    pub results: Option<BTreeMap<String, Figures>>,
}

impl From<JobRow> for MaintenanceJob {
    fn from(row: JobRow) -> Self {
        let outcome: Option<Outcome> = row
            .outcome
            .as_deref()
            .and_then(|text| serde_json::from_str(text).ok());
        let (statistics, results) = outcome
            .map(|outcome| (outcome.statistics, outcome.results))
            .unzip();
        Self {
            id: row.id,
            operation: row.operation,
            dry_run: row.dry_run,
            state: row.state,
            actor: row.username,
            created_at: rfc3339(row.created_at),
            finished_at: row.finished_at.map(rfc3339),
            message: row.message,
            statistics,
            results: results.flatten(),
        }
    }
}

/// Whether a request says that it means what it asks: by its body, or by a header for scripts.
struct Confirmation {
    /// What the body says; `None` without a body.
    body: Option<bool>,
    header: bool,
}

impl Confirmation {
    fn read(request: &HttpRequest, body: &Bytes, name: &str) -> Result<Self, ApiError> {
        // Pages send a JSON content type and no body.
        let said: Option<ConfirmRequest> = if body.is_empty() {
            None
        } else {
            Some(read_json(body)?)
        };
        let header = request.headers().get(CONFIRM);
        Ok(Self {
            body: said.map(|said| said.confirm),
            header: header.is_some_and(|value| value == name),
        })
    }

    /// A page has asked its user before it calls; a script must say so itself. What says that it does not mean it is
    /// believed, whoever calls.
    fn check(&self, caller: &Caller) -> Result<(), MaintenanceError> {
        let by_script = matches!(caller.credential, Credential::ApiKey { .. });
        match self.body {
            Some(true) => Ok(()),
            Some(false) => Err(MaintenanceError::NotConfirmed),
            None if by_script && !self.header => Err(MaintenanceError::NotConfirmed),
            None => Ok(()),
        }
    }
}

async fn maintain(
    operation: Operation,
    admin: &Caller,
    how: &HowToMaintain,
    confirmation: Confirmation,
    service: &MaintenanceService,
) -> Result<HttpResponse, ApiError> {
    let dry_run = how.dry_run.unwrap_or(false);
    if operation.is_destructive() && !dry_run {
        confirmation.check(admin)?;
    }
    let Asked { job_id, outcome } = service
        .ask(admin.actor(), operation, dry_run)
        .await
        .map_err(problem)?;
    let view = |status, message, statistics, results| MaintenanceView {
        status,
        message,
        operation,
        dry_run,
        job_id,
        statistics,
        results,
    };
    Ok(if let Some(done) = outcome {
        let statistics = Some(done.statistics);
        HttpResponse::Ok().json(view("success", done.message, statistics, done.results))
    } else {
        let message = "A manutenção continua em segundo plano; acompanhe a tarefa.".to_owned();
        HttpResponse::Accepted().json(view("started", message, None, None))
    })
}

/// Declares the route of an operation.
macro_rules! operation {
    ($(#[$doc:meta])* $name:ident, $path:literal, $operation:ident) => {
        $(#[$doc])*
        #[utoipa::path(tag = "maintenance", params(HowToMaintain), request_body = Option<ConfirmRequest>,
            responses((status = 200, body = MaintenanceView), (status = 202, body = MaintenanceView), Problems))]
        #[post($path)]
        pub(crate) async fn $name(
            admin: Admin,
            request: HttpRequest,
            body: Bytes,
            how: Query<HowToMaintain>,
            service: Data<MaintenanceService>,
        ) -> Result<HttpResponse, ApiError> {
            let operation = Operation::$operation;
            let confirmation = Confirmation::read(&request, &body, operation.as_str())?;
            maintain(operation, &admin, &how, confirmation, &service).await
        }
    };
}

operation! {
    /// Removes materials whose content an older one has; of each content the oldest stays.
    cleanup_duplicates, "/maintenance/cleanup-duplicates", CleanupDuplicates
}
operation! {
    /// Removes empty folders of stored files. Folders of materials are part of their names and never empty.
    cleanup_empty_folders, "/maintenance/cleanup-empty-folders", CleanupEmptyFolders
}
operation! {
    /// Removes duplicates, files that no material has any more, and empty folders.
    optimize_storage, "/maintenance/optimize-storage", OptimizeStorage
}
operation! {
    /// Removes every material: rows and files at once, text and vectors as soon as the rag-server hears of it.
    ///
    /// An API key must confirm: by `{"confirm": true}` or the header `X-Confirm: reset-materials`.
    reset_materials, "/maintenance/reset-materials", ResetMaterials
}
operation! {
    /// Empties the index and has every material indexed again.
    ///
    /// An API key must confirm: by `{"confirm": true}` or the header `X-Confirm: reset-chromadb`.
    reset_chromadb, "/maintenance/reset-chromadb", ResetChromadb
}
operation! {
    /// Forgets what is known of Google Drive.
    clear_drive_cache, "/maintenance/clear-drive-cache", ClearDriveCache
}

/// A part of the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Component {
    /// Every material.
    Materials,
    /// The index.
    Chromadb,
    /// What is known of Google Drive.
    DriveCache,
    /// The same: what its downloads left.
    Downloads,
}

/// Which part to reset.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResetComponentRequest {
    /// The part.
    component: Component,
    /// Must be `true`.
    #[serde(default)]
    confirm: bool,
}

/// Resets one part of the whole. Asks for `"confirm": true`.
#[utoipa::path(tag = "maintenance", params(HowToMaintain), request_body = ResetComponentRequest,
    responses((status = 200, body = MaintenanceView), (status = 202, body = MaintenanceView), Problems))]
#[post("/maintenance/reset-component")]
pub(crate) async fn reset_component(
    admin: Admin,
    body: Json<ResetComponentRequest>,
    how: Query<HowToMaintain>,
    service: Data<MaintenanceService>,
) -> Result<HttpResponse, ApiError> {
    if !body.confirm && !how.dry_run.unwrap_or(false) {
        return Err(MaintenanceError::NotConfirmed.into());
    }
    let operation = match body.component {
        Component::Materials => Operation::ResetMaterials,
        Component::Chromadb => Operation::ResetChromadb,
        Component::DriveCache | Component::Downloads => Operation::ClearDriveCache,
    };
    let confirmed = Confirmation {
        body: Some(true),
        header: false,
    };
    maintain(operation, &admin, &how, confirmed, &service).await
}

/// The last hundred maintenance jobs, newest first.
#[utoipa::path(tag = "maintenance", responses((status = 200, body = Vec<MaintenanceJob>), Problems))]
#[get("/maintenance/jobs")]
pub(crate) async fn jobs(
    _admin: Admin,
    service: Data<MaintenanceService>,
) -> Result<Json<Vec<MaintenanceJob>>, ApiError> {
    let rows = service.jobs().await?;
    Ok(Json(rows.into_iter().map(MaintenanceJob::from).collect()))
}

/// A maintenance job.
#[utoipa::path(tag = "maintenance", params(("id" = String, Path)), responses((status = 200, body = MaintenanceJob), Problems))]
#[get("/maintenance/jobs/{id}")]
pub(crate) async fn job(
    _admin: Admin,
    id: Path<String>,
    service: Data<MaintenanceService>,
) -> Result<Json<MaintenanceJob>, ApiError> {
    Ok(Json(service.job(&id).await?.into()))
}

/// What there is, how it is, and what should be done about it. For instructors and administrators.
#[utoipa::path(tag = "maintenance", responses((status = 200, body = SystemReport), Problems))]
#[get("/maintenance/system-report")]
pub(crate) async fn system_report(
    staff: Staff,
    overview: Data<Overview>,
) -> Result<Json<SystemReport>, ApiError> {
    Ok(Json(overview.system(&staff.account.username).await?))
}

/// Whether each part does its work. For whoever is signed in.
#[utoipa::path(tag = "maintenance", responses((status = 200, body = HealthCheck), Problems))]
#[get("/maintenance/health-check")]
pub(crate) async fn health_check(
    _caller: Caller,
    overview: Data<Overview>,
) -> Result<Json<HealthCheck>, ApiError> {
    Ok(Json(overview.health().await))
}
