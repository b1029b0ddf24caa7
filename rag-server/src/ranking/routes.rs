//! `/ranking`: what ranks, how it came about, learning and going back. For the api-server and the command line.

use actix_web::web::Data;
use actix_web::{get, post};
use serde::{Deserialize, Serialize};
use shared::body::Json;
use shared::clock::rfc3339;
use shared::problem::{ApiError, Problems};

use super::example::Taken;
use super::report::Outcome;
use super::versions::Try;
use super::{Example, RankingService};

/// Examples to learn from.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TakeRequest {
    /// Any name that tells this run from others, 1 to 100 bytes; another one begins anew.
    pub run: String,
    /// 1 to 100 of them; 5,000 in a run.
    pub examples: Vec<Example>,
}

/// Which run to learn from.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LearnRequest {
    /// Its name.
    pub run: String,
}

/// Where to go back to.
#[derive(Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RollbackRequest {
    /// 0 for the ranking that comes with the program; the one before that in use when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
}

/// What a run came to.
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub(crate) struct TryView {
    /// Its number, from 1; of one with too few examples, the version in use.
    pub version: u32,
    /// RFC 3339.
    pub created_at: String,
    /// `accepted`, `refused` or `too_few`.
    pub outcome: Outcome,
    /// A sentence for people.
    pub detail: String,
    /// Why it was refused: `nothing_gained`, `ranks_worse`, `refuses_less`, `refuses_more`.
    #[schema(value_type = Vec<String>)]
    pub faults: Vec<rank::Fault>,
    /// Answers that tell something.
    pub examples: usize,
    /// People whose answers they are.
    pub people: usize,
    /// The version it was learned from.
    pub from: u32,
    /// How well what people opened stands by the ranking in use: `ndcg_10`, `hit_1`.
    #[schema(value_type = Object)]
    pub held_out_before: rank::HeldOut,
    /// The same by what was learned from other people.
    #[schema(value_type = Object)]
    pub held_out_after: rank::HeldOut,
    /// Standard error of what nDCG@10 gains there: twice as much is gained at least.
    pub held_out_error: f64,
    /// Known questions by the ranking in use: `part`, `basis`, `ndcg_10`, `hit_1`, `refused`, `wrongly_refused`.
    #[schema(value_type = Vec<Object>)]
    pub before: Vec<rank::Figures>,
    /// The same by what was learned.
    #[schema(value_type = Vec<Object>)]
    pub after: Vec<rank::Figures>,
    /// Milliseconds that learning took.
    pub took_ms: u64,
}

impl From<Try> for TryView {
    fn from(one: Try) -> Self {
        let report = one.report;
        Self {
            version: one.version,
            created_at: rfc3339(one.created_at),
            outcome: report.outcome,
            detail: report.detail(),
            faults: report.faults,
            examples: report.examples,
            people: report.people,
            from: report.from,
            held_out_before: report.held_out_before,
            held_out_after: report.held_out_after,
            held_out_error: report.held_out_error,
            before: report.before,
            after: report.after,
            took_ms: report.took_ms,
        }
    }
}

/// What passages are ranked by.
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub(crate) struct RankingView {
    /// The version in use; 0 is the ranking that comes with the program.
    pub in_use: u32,
    /// What was tried, the newest first.
    pub tries: Vec<TryView>,
}

/// What passages are ranked by from now on.
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub(crate) struct RolledBack {
    /// The version in use; 0 is the ranking that comes with the program.
    pub in_use: u32,
    /// A sentence for people.
    pub message: String,
}

/// What passages are ranked by, and what was tried: the last twenty, with figures before and after.
#[utoipa::path(tag = "ranking", operation_id = "ranking", responses((status = 200, body = RankingView), Problems))]
#[get("/ranking")]
pub(crate) async fn list(ranking: Data<RankingService>) -> Result<Json<RankingView>, ApiError> {
    let (in_use, tries) = ranking.list().await?;
    Ok(Json(RankingView {
        in_use,
        tries: tries.into_iter().map(TryView::from).collect(),
    }))
}

/// Takes examples to learn from. Their passages are measured at once; of the questions nothing is kept.
#[utoipa::path(tag = "ranking", operation_id = "take_examples", request_body = TakeRequest,
    responses((status = 200, body = Taken), Problems))]
#[post("/ranking/examples")]
pub(crate) async fn take(
    body: Json<TakeRequest>,
    ranking: Data<RankingService>,
) -> Result<Json<Taken>, ApiError> {
    let asked = body.into_inner();
    Ok(Json(ranking.take(&asked.run, asked.examples).await?))
}

/// Learns from the examples of a run, and ranks by what was learned if known questions and people it was not learned from
/// fare no worse. Its examples are forgotten. Takes a second or two; questions are answered meanwhile.
#[utoipa::path(tag = "ranking", operation_id = "learn", request_body = LearnRequest,
    responses((status = 200, body = TryView), Problems))]
#[post("/ranking/learn")]
pub(crate) async fn learn(
    body: Json<LearnRequest>,
    ranking: Data<RankingService>,
) -> Result<Json<TryView>, ApiError> {
    Ok(Json(ranking.learn(&body.run).await?.into()))
}

/// Ranks by an earlier version from now on.
#[utoipa::path(tag = "ranking", operation_id = "roll_ranking_back", request_body = RollbackRequest,
    responses((status = 200, body = RolledBack), Problems))]
#[post("/ranking/rollback")]
pub(crate) async fn roll_back(
    body: Json<RollbackRequest>,
    ranking: Data<RankingService>,
) -> Result<Json<RolledBack>, ApiError> {
    let in_use = ranking.roll_back(body.version).await?;
    let message = match in_use {
        0 => "O ordenamento original está em uso.".to_owned(),
        version => format!("A versão {version} do ordenamento está em uso."),
    };
    Ok(Json(RolledBack { in_use, message }))
}
