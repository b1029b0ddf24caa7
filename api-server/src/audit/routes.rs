//! `/auth/audit`: the log, for administrators.

use actix_web::get;
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use shared::body::{Json, Query};
use shared::clock::rfc3339;
use shared::db::Db;
use shared::problem::{ApiError, Invalid, Problems};

use super::store;
use crate::access::Admin;

/// Greater than every id (hexadecimal digits and hyphens), in every collation.
const NEWEST: &str = "g";

/// Which deeds.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditQuery {
    /// Most entries, 1 to 500; 100 when absent.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<i64>,
    /// Only what is older than the entry of this id.
    before: Option<String>,
}

/// A deed.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct AuditEntry {
    /// Id; later ones are greater.
    pub id: String,
    /// RFC 3339, UTC.
    pub at: String,
    /// What: `logged_in`, `user_disabled`…
    pub action: String,
    /// Id of who did it.
    pub actor_id: Option<String>,
    /// Name of who, or what, did it.
    pub actor: Option<String>,
    /// Id of whom it was done to.
    pub target_id: Option<String>,
    /// Name of whom it was done to.
    pub target: Option<String>,
    /// From which address.
    pub address: Option<String>,
    /// The request.
    pub request_id: Option<String>,
}

/// Who did what to whom, newest first. For administrators.
#[utoipa::path(tag = "audit", params(AuditQuery), responses((status = 200, body = Vec<AuditEntry>), Problems))]
#[get("/auth/audit")]
pub(crate) async fn audit(
    _admin: Admin,
    query: Query<AuditQuery>,
    db: Data<Db>,
) -> Result<Json<Vec<AuditEntry>>, ApiError> {
    let limit = query.limit.unwrap_or(100);
    let mut invalid = Invalid::new();
    if !(1..=500).contains(&limit) {
        invalid = invalid.field("/limit", "out_of_range", "deve estar entre 1 e 500");
    }
    let before = query.before.as_deref().unwrap_or(NEWEST);
    if before.contains('\0') {
        invalid = invalid.field("/before", "invalid_value", "não é um identificador");
    }
    let limit = invalid.or(limit)?;
    let rows = store::list(&db, before, limit).await?;
    let entries = rows.into_iter().map(|row| AuditEntry {
        id: row.id,
        at: rfc3339(row.at),
        action: row.action,
        actor_id: row.actor_uid,
        actor: row.actor,
        target_id: row.target_uid,
        target: row.target,
        address: row.address,
        request_id: row.request_id,
    });
    Ok(Json(entries.collect()))
}
