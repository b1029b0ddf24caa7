//! `/jobs`: what is done by the clock, for administrators.

use std::time::Duration;

use actix_web::web::Data;
use actix_web::{HttpResponse, get, post, put};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use shared::body::{Json, Path};
use shared::clock::rfc3339;
use shared::problem::{ApiError, Problems};

use super::Schedules;
use super::service::{NewTime, Standing};
use super::store::RunRow;
use crate::access::Admin;

/// Whoever asks for a run waits so long for its end.
const PATIENCE: Duration = Duration::from_secs(10);

/// A run.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct RunView {
    /// Id; later ones are greater.
    pub id: String,
    /// When it was due, RFC 3339.
    pub planned_at: String,
    /// Why: `clock`, `missed` (made up for) or `asked`.
    pub cause: String,
    /// When it began.
    pub started_at: String,
    /// When it ended; null while it runs.
    pub ended_at: Option<String>,
    /// `running`, `done`, `failed`, `timed_out`, `interrupted` or `skipped` (the run before was not over).
    pub outcome: String,
    /// What it did, or what went wrong.
    pub detail: Option<String>,
    /// Who asked for it.
    pub actor: Option<String>,
}

/// A schedule.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct ScheduleView {
    /// Its name.
    pub name: &'static str,
    /// What it does.
    pub title: &'static str,
    /// When: five fields of cron.
    pub cron: String,
    /// The same, unless somebody says otherwise.
    pub usual_cron: &'static str,
    /// The zone of these times.
    pub time_zone: String,
    /// Nothing is done by the clock.
    pub paused: bool,
    /// When it is due next, RFC 3339.
    pub next_at: String,
    /// A run goes on.
    pub running: bool,
    /// The last run.
    pub last_run: Option<RunView>,
}

/// What of a schedule is to change.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeSchedule {
    /// Five fields of cron in the course's time zone; null for the usual time.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    cron: NewTime,
    /// Whether nothing is to be done by the clock.
    paused: Option<bool>,
}

/// A run that somebody asked for.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct RunNow {
    /// `done`, `failed`, `timed_out` or `interrupted`; `running` where it takes longer.
    pub outcome: &'static str,
    /// A sentence for people.
    pub message: String,
}

impl From<RunRow> for RunView {
    fn from(row: RunRow) -> Self {
        Self {
            id: row.id,
            planned_at: rfc3339(row.planned_at),
            cause: row.cause,
            started_at: rfc3339(row.started_at),
            ended_at: row.ended_at.map(rfc3339),
            outcome: row.outcome,
            detail: row.detail,
            actor: row.actor,
        }
    }
}

fn view(zone: Tz, standing: Standing) -> ScheduleView {
    let Standing {
        job,
        row,
        is_running,
        last,
    } = standing;
    ScheduleView {
        name: job.name,
        title: job.title,
        cron: row.cron.unwrap_or_else(|| job.cron.to_owned()),
        usual_cron: job.cron,
        time_zone: zone.to_string(),
        paused: row.paused,
        next_at: rfc3339(row.next_at),
        running: is_running,
        last_run: last.map(RunView::from),
    }
}

/// Every schedule: when it is due, how its last run went. For administrators.
#[utoipa::path(tag = "jobs", operation_id = "list_schedules",
    responses((status = 200, body = Vec<ScheduleView>), Problems))]
#[get("/jobs/schedules")]
pub(crate) async fn list(
    _admin: Admin,
    schedules: Data<Schedules>,
) -> Result<Json<Vec<ScheduleView>>, ApiError> {
    let all = schedules.list().await?;
    let zone = schedules.zone().await?;
    Ok(Json(all.into_iter().map(|one| view(zone, one)).collect()))
}

/// The last runs of a schedule, the newest first. For administrators.
#[utoipa::path(tag = "jobs", operation_id = "list_schedule_runs",
    params(("name" = String, Path, description = "name of the schedule", example = "relatorio-diario")),
    responses((status = 200, body = Vec<RunView>), Problems))]
#[get("/jobs/schedules/{name}/runs")]
pub(crate) async fn runs(
    _admin: Admin,
    name: Path<String>,
    schedules: Data<Schedules>,
) -> Result<Json<Vec<RunView>>, ApiError> {
    let runs = schedules.runs(&name).await?;
    Ok(Json(runs.into_iter().map(RunView::from).collect()))
}

/// Sets another time, pauses or goes on. A time that never comes is refused. For administrators.
#[utoipa::path(tag = "jobs", operation_id = "change_schedule", request_body = ChangeSchedule,
    params(("name" = String, Path, description = "name of the schedule", example = "relatorio-diario")),
    responses((status = 200, body = ScheduleView), Problems))]
#[put("/jobs/schedules/{name}")]
pub(crate) async fn change(
    _admin: Admin,
    name: Path<String>,
    body: Json<ChangeSchedule>,
    schedules: Data<Schedules>,
) -> Result<Json<ScheduleView>, ApiError> {
    let change = body.into_inner();
    let standing = schedules.change(&name, change.cron, change.paused).await?;
    Ok(Json(view(schedules.zone().await?, standing)))
}

/// Runs something now, whatever the clock says; 202 when it takes longer than 10 s. For administrators.
#[utoipa::path(tag = "jobs", operation_id = "run_schedule",
    params(("name" = String, Path, description = "name of the schedule", example = "relatorio-diario")),
    responses((status = 200, body = RunNow), (status = 202, body = RunNow), Problems))]
#[post("/jobs/{name}")]
pub(crate) async fn run(
    admin: Admin,
    name: Path<String>,
    schedules: Data<Schedules>,
) -> Result<HttpResponse, ApiError> {
    let ended = schedules
        .into_inner()
        .run_now(&name, &admin.0.account.username, PATIENCE)
        .await?;
    Ok(match ended {
        Some(end) => HttpResponse::Ok().json(RunNow {
            outcome: end.outcome,
            message: end.detail,
        }),
        None => HttpResponse::Accepted().json(RunNow {
            outcome: "running",
            message: "A tarefa continua em andamento; acompanhe em /jobs/schedules.".to_owned(),
        }),
    })
}
