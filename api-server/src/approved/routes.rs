//! `/auth/approved-users`: the list, for administrators.

use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, post};
use serde::{Deserialize, Serialize};
use shared::body::{Json, Path};
use shared::problem::{ApiError, Code, Invalid, Problems};

use super::store::{self, ApprovedRow};
use crate::access::Admin;
use crate::audit::{self, Action, Deed};
use crate::mail::{self, Mails, Purpose};
use crate::users::{Role, UserService, is_username};

/// Somebody who may have an account.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct ApprovedView {
    /// Number in another system.
    pub external_id: Option<String>,
    /// Name the account will have.
    pub username: String,
    /// Where the link goes.
    pub email: String,
    /// Full name.
    pub full_name: Option<String>,
    /// Role the account will have.
    pub role: Role,
}

/// Somebody to put on the list.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApproveRequest {
    /// Where the link goes.
    email: String,
    /// Name the account will have; what stands before the @ when absent.
    username: Option<String>,
    /// Full name.
    full_name: Option<String>,
    /// Role the account will have; student when absent.
    role: Option<Role>,
    /// Number in another system.
    external_id: Option<String>,
}

/// What was done.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Done {
    /// A sentence for people.
    pub message: &'static str,
}

impl From<ApprovedRow> for ApprovedView {
    fn from(row: ApprovedRow) -> Self {
        Self {
            role: Role::parse(&row.role),
            external_id: row.external_id,
            username: row.username,
            email: row.email,
            full_name: row.full_name,
        }
    }
}

/// Everybody on the list, by name. For administrators.
#[utoipa::path(tag = "approved", responses((status = 200, body = Vec<ApprovedView>), Problems))]
#[get("/auth/approved-users")]
pub(crate) async fn list(
    _admin: Admin,
    users: Data<UserService>,
) -> Result<Json<Vec<ApprovedView>>, ApiError> {
    let rows = store::all(users.db()).await?;
    Ok(Json(rows.into_iter().map(ApprovedView::from).collect()))
}

/// Puts somebody on the list and sends the link that makes the account. For administrators.
#[utoipa::path(tag = "approved", request_body = ApproveRequest, responses((status = 200, body = Done), Problems))]
#[post("/auth/approved-users")]
pub(crate) async fn add(
    admin: Admin,
    body: Json<ApproveRequest>,
    users: Data<UserService>,
    mails: Data<Mails>,
) -> Result<Json<Done>, ApiError> {
    let row = checked(body.into_inner(), users.now())?;
    if users.find(&row.username).await?.is_some() {
        return Err(taken());
    }
    let actor = admin.actor();
    let mut tx = users.db().begin_write().await?;
    if !store::insert(&mut tx, &row).await? {
        return Err(taken());
    }
    mail::enqueue(&mut tx, Purpose::Verify, &row.username_key, row.created_at).await?;
    let deed = Deed {
        action: Action::ApprovedAdded,
        actor: &actor,
        target: Some((&row.id, &row.username)),
        now: row.created_at,
    };
    audit::record(&mut tx, deed).await?;
    tx.commit().await?;
    mails.wake();
    Ok(Json(Done {
        message: "Pessoa adicionada à lista; o link de confirmação foi enviado por e-mail.",
    }))
}

/// Takes somebody off the list; an account made from it stays. For administrators.
#[utoipa::path(tag = "approved", params(("username" = String, Path)), responses((status = 200, body = Done), Problems))]
#[delete("/auth/approved-users/{username}")]
pub(crate) async fn remove(
    admin: Admin,
    username: Path<String>,
    users: Data<UserService>,
) -> Result<HttpResponse, ApiError> {
    let key = crate::users::store::key(&username);
    let actor = admin.actor();
    let mut tx = users.db().begin_write().await?;
    if !store::delete(&mut tx, &key).await? {
        return Err(ApiError::new(Code::UserNotFound).with_detail("Esta pessoa não está na lista."));
    }
    let deed = Deed {
        action: Action::ApprovedRemoved,
        actor: &actor,
        target: Some(("", &key)),
        now: users.now(),
    };
    audit::record(&mut tx, deed).await?;
    tx.commit().await?;
    Ok(HttpResponse::Ok().json(Done {
        message: "Pessoa removida da lista.",
    }))
}

fn taken() -> ApiError {
    ApiError::new(Code::InvalidRequest).with_detail("Já existe alguém com este nome.")
}

fn checked(request: ApproveRequest, now: i64) -> Result<ApprovedRow, Invalid> {
    let email = request.email.trim().to_owned();
    let username = request
        .username
        .unwrap_or_else(|| email.split('@').next().unwrap_or_default().to_owned());
    let mut invalid = Invalid::new();
    if !crate::users::is_email(&email) {
        invalid = invalid.field("/email", "invalid_value", "não é um endereço de e-mail");
    }
    if !is_username(&username) {
        invalid = invalid.field(
            "/username",
            "invalid_value",
            "use de 3 a 64 letras sem acento, algarismos, pontos, hifens ou sublinhados",
        );
    }
    for (pointer, text, most) in [
        ("/full_name", &request.full_name, 200),
        ("/external_id", &request.external_id, 64),
    ] {
        if text
            .as_ref()
            .is_some_and(|text| text.len() > most || text.chars().any(char::is_control))
        {
            invalid = invalid.field(pointer, "invalid_value", "é longo demais ou não é texto");
        }
    }
    let row = ApprovedRow::new(
        username,
        email,
        request.full_name.filter(|name| !name.trim().is_empty()),
        request.role.unwrap_or(Role::Student),
        request.external_id.filter(|id| !id.is_empty()),
        now,
    );
    invalid.or(row)
}
