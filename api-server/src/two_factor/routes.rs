//! `/auth/two-factor`: set a second factor up, and remove it.

use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, post};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use shared::body::{Json, Path};
use shared::problem::{ApiError, Code, Problems};
use shared::settings::SecretString;

use super::TwoFactorService;
use crate::access::{Admin, Personal};
use crate::users::UserService;

/// Whether a second factor is set up.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct TwoFactorState {
    /// It is.
    pub enabled: bool,
}

/// What an app needs.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct EnrolmentView {
    /// To type.
    pub secret: String,
    /// To scan.
    pub otpauth_url: String,
}

/// A code of the app.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CodeRequest {
    /// Six digits.
    #[schema(examples("123456"))]
    code: String,
}

/// The password again.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordRequest {
    /// The password.
    #[schema(value_type = String, format = Password)]
    password: SecretString,
}

/// Codes on paper.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct RecoveryCodes {
    /// Each is good once, in place of the app's code. They are not shown again.
    pub recovery_codes: Vec<String>,
}

/// Whether one's own second factor is set up.
#[utoipa::path(tag = "two-factor", responses((status = 200, body = TwoFactorState), Problems))]
#[get("/auth/two-factor")]
pub(crate) async fn state(person: Personal) -> Result<Json<TwoFactorState>, ApiError> {
    Ok(Json(TwoFactorState {
        enabled: person.account.two_factor,
    }))
}

/// Begins to set a second factor up; it counts once a code is confirmed.
#[utoipa::path(tag = "two-factor", responses((status = 200, body = EnrolmentView), Problems))]
#[post("/auth/two-factor")]
pub(crate) async fn begin(
    person: Personal,
    two_factor: Data<TwoFactorService>,
) -> Result<Json<EnrolmentView>, ApiError> {
    refuse_unapproved(&person)?;
    let enrolment = two_factor.begin(&person.actor()).await?;
    Ok(Json(EnrolmentView {
        secret: enrolment.secret,
        otpauth_url: enrolment.url,
    }))
}

/// Proves that the app has the secret: from now on signing in needs a code. Answers recovery codes, once.
#[utoipa::path(tag = "two-factor", request_body = CodeRequest,
    responses((status = 200, body = RecoveryCodes), Problems))]
#[post("/auth/two-factor/confirm")]
pub(crate) async fn confirm(
    person: Personal,
    body: Json<CodeRequest>,
    two_factor: Data<TwoFactorService>,
) -> Result<Json<RecoveryCodes>, ApiError> {
    refuse_unapproved(&person)?;
    let recovery_codes = two_factor
        .confirm(&person.actor(), body.code.trim())
        .await?;
    Ok(Json(RecoveryCodes { recovery_codes }))
}

/// Removes one's own second factor; takes the password again.
#[utoipa::path(tag = "two-factor", request_body = PasswordRequest, responses((status = 204), Problems))]
#[post("/auth/two-factor/disable")]
pub(crate) async fn disable(
    person: Personal,
    body: Json<PasswordRequest>,
    two_factor: Data<TwoFactorService>,
) -> Result<HttpResponse, ApiError> {
    refuse_unapproved(&person)?;
    two_factor
        .disable(&person.actor(), body.password.expose_secret())
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Removes somebody's second factor, whose phone and paper are gone. For administrators.
#[utoipa::path(tag = "two-factor", params(("username" = String, Path)), responses((status = 204), Problems))]
#[delete("/auth/users/{username}/two-factor")]
pub(crate) async fn remove(
    admin: Admin,
    username: Path<String>,
    users: Data<UserService>,
    two_factor: Data<TwoFactorService>,
) -> Result<HttpResponse, ApiError> {
    let row = users
        .find(&username)
        .await?
        .ok_or_else(|| ApiError::new(Code::UserNotFound))?;
    two_factor.remove(&admin.actor(), &row).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// An account with a one-time password has that to change first.
fn refuse_unapproved(person: &Personal) -> Result<(), ApiError> {
    if person.account.is_limited() {
        return Err(
            ApiError::new(Code::Forbidden).with_detail("Troque a senha temporária para continuar.")
        );
    }
    Ok(())
}
