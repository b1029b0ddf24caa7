//! `/chat/usage`.

use actix_web::get;
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use shared::body::{Json, Query};
use shared::problem::{ApiError, Invalid, Problems};

use super::store::UsageRow;
use super::{UsageService, dollars};
use crate::access::{Admin, Caller};

/// Which days.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct UsageQuery {
    /// How many days back, today included, 1 to 366; 30 when absent.
    #[param(minimum = 1, maximum = 366)]
    days: Option<u32>,
}

/// What one user asked on one day.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct UsageDay {
    /// The day in the course's time zone, `2026-01-31`.
    pub day: String,
    /// Id of the user.
    pub user_id: String,
    /// Name of the user; null in one's own usage, and for users who are gone.
    pub username: Option<String>,
    /// Questions asked.
    pub questions: i64,
    /// Questions answered.
    pub answers: i64,
    /// Tokens chat models read.
    pub prompt_tokens: i64,
    /// Tokens chat models wrote.
    pub completion_tokens: i64,
    /// US dollars.
    pub cost: f64,
}

/// What was asked, and how much may be.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct UsageView {
    /// The newest first; days without questions are left out.
    pub days: Vec<UsageDay>,
    /// Questions of a user in any hour; 0 = no limit.
    pub per_hour: u32,
    /// Questions of a user in any 24 hours; 0 = no limit.
    pub per_day: u32,
    /// Whether today's money for chat models is gone and answers are quotes alone.
    pub budget_spent: bool,
}

impl From<UsageRow> for UsageDay {
    fn from(row: UsageRow) -> Self {
        Self {
            day: row.day,
            user_id: row.uid,
            username: row.username,
            questions: row.questions,
            answers: row.answers,
            prompt_tokens: row.prompt_tokens,
            completion_tokens: row.completion_tokens,
            cost: dollars(row.cost_nanos),
        }
    }
}

/// What one asked per day, with tokens and cost.
#[utoipa::path(tag = "chat", operation_id = "own_usage", params(UsageQuery),
    responses((status = 200, body = UsageView), Problems))]
#[get("/chat/usage")]
pub(crate) async fn own(
    caller: Caller,
    query: Query<UsageQuery>,
    usage: Data<UsageService>,
) -> Result<Json<UsageView>, ApiError> {
    let rows = usage.of_user(&caller.account.uid, query.days()?).await?;
    view(&usage, rows).await
}

/// What everybody asked per day, with tokens and cost. For administrators.
#[utoipa::path(tag = "chat", operation_id = "all_usage", params(UsageQuery),
    responses((status = 200, body = UsageView), Problems))]
#[get("/chat/usage/all")]
pub(crate) async fn all(
    _admin: Admin,
    query: Query<UsageQuery>,
    usage: Data<UsageService>,
) -> Result<Json<UsageView>, ApiError> {
    let rows = usage.of_all(query.days()?).await?;
    view(&usage, rows).await
}

impl UsageQuery {
    fn days(&self) -> Result<u32, Invalid> {
        let days = self.days.unwrap_or(30);
        if (1..=366).contains(&days) {
            return Ok(days);
        }
        Err(Invalid::new().field("/days", "out_of_range", "deve estar entre 1 e 366"))
    }
}

async fn view(usage: &UsageService, rows: Vec<UsageRow>) -> Result<Json<UsageView>, ApiError> {
    let settings = usage.settings();
    Ok(Json(UsageView {
        days: rows.into_iter().map(UsageDay::from).collect(),
        per_hour: settings.per_hour,
        per_day: settings.per_day,
        budget_spent: usage.is_budget_spent().await?,
    }))
}
