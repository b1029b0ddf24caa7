//! `/drive/oauth`: a person lets the system read their Drive, and takes that back.

use actix_web::cookie::{Cookie, SameSite, time::Duration};
use actix_web::http::header::LOCATION;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, delete, get};
use serde::{Deserialize, Serialize};
use shared::body::{Json, Query};
use shared::clock::rfc3339;
use shared::problem::{ApiError, Code, Problems};

use crate::access::{Secure, Staff, WithCookie};
use crate::drive::DriveService;
use crate::drive::access::{ATTEMPT_S, Returned};
use crate::users::Role;

/// Name of the cookie that ties a consent to the browser that began it.
const COOKIE: &str = "acervo_drive";

/// Begins a consent: sends the browser to Google, with a cookie for its way back. A browser opens this without a header.
#[utoipa::path(tag = "drive", responses(
    (status = 303, description = "To Google", headers(("Location" = String), ("Set-Cookie" = String))), Problems))]
#[get("/drive/oauth/start")]
pub(crate) async fn start(
    caller: WithCookie,
    secure: Secure,
    drive: Data<DriveService>,
) -> Result<HttpResponse, ApiError> {
    if caller.account.role < Role::Instructor {
        return Err(ApiError::new(Code::Forbidden));
    }
    let departure = drive.consents().start(&caller.account.uid).await?;
    Ok(HttpResponse::SeeOther()
        .insert_header((LOCATION, departure.url))
        .cookie(cookie(departure.browser, secure))
        .finish())
}

/// What Google sends back. It sends other fields too; they are not looked at.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CallbackQuery {
    /// Exchanged for tokens, once.
    code: Option<String>,
    /// The consent it belongs to.
    state: Option<String>,
    /// What went wrong at Google.
    error: Option<String>,
}

/// A consent that has come.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Connected {
    /// Always true.
    connected: bool,
}

/// Ends a consent, for whoever began it in the same browser. Good once.
#[utoipa::path(tag = "drive", security(()), params(CallbackQuery), responses((status = 200, body = Connected), Problems))]
#[get("/drive/oauth/callback")]
pub(crate) async fn callback(
    request: HttpRequest,
    query: Query<CallbackQuery>,
    secure: Secure,
    drive: Data<DriveService>,
) -> Result<HttpResponse, ApiError> {
    let query = query.into_inner();
    let returned = Returned {
        code: query.code,
        state: query.state,
        error: query.error,
        browser: request
            .cookie(COOKIE)
            .map(|cookie| cookie.value().to_owned()),
    };
    drive.consents().finish(returned).await?;
    let mut gone = cookie(String::new(), secure);
    gone.make_removal();
    Ok(HttpResponse::Ok()
        .cookie(gone)
        .json(Connected { connected: true }))
}

/// One's own consent.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Consent {
    /// There is an OAuth client to consent to.
    configured: bool,
    /// The system may read one's Drive.
    connected: bool,
    /// `ok`, or `needs_reauth` once Google has refused it.
    state: Option<String>,
    /// RFC 3339, UTC.
    connected_at: Option<String>,
}

/// Whether one has let the system read one's Drive.
#[utoipa::path(tag = "drive", responses((status = 200, body = Consent), Problems))]
#[get("/drive/oauth")]
pub(crate) async fn state(
    staff: Staff,
    drive: Data<DriveService>,
) -> Result<Json<Consent>, ApiError> {
    let grant = drive.consents().grant(&staff.account.uid).await?;
    Ok(Json(Consent {
        configured: drive.consents().is_configured(),
        connected: grant.as_ref().is_some_and(|grant| grant.state == "ok"),
        connected_at: grant.as_ref().map(|grant| rfc3339(grant.connected_at)),
        state: grant.map(|grant| grant.state),
    }))
}

/// Takes one's consent back, here and at Google. What was mirrored stays.
#[utoipa::path(tag = "drive", responses((status = 204), Problems))]
#[delete("/drive/oauth")]
pub(crate) async fn end(staff: Staff, drive: Data<DriveService>) -> Result<HttpResponse, ApiError> {
    drive.consents().end(&staff.account.uid).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Lax, because the browser comes back by a link of Google's; it opens nothing by itself.
fn cookie(value: String, secure: Secure) -> Cookie<'static> {
    Cookie::build(COOKIE, value)
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(secure.0)
        .max_age(Duration::seconds(ATTEMPT_S))
        .finish()
}
