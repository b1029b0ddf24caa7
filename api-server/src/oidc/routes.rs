//! `/auth/oidc/…`: to the identity provider and back.

use actix_web::cookie::{Cookie, SameSite, time::Duration};
use actix_web::http::header::{LOCATION, USER_AGENT};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use serde::Deserialize;
use shared::body::Query;
use shared::problem::{ApiError, Problems};

use super::OidcService;
use super::service::{ATTEMPT_S, Returned};
use crate::access::{ClientAddress, Secure};
use crate::sessions::routes::{TokenResponse, answer};

/// Name of the cookie that ties a sign-in to the browser that began it.
const COOKIE: &str = "acervo_oidc";

/// What the provider sends back. Providers send other fields too; they are not looked at.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CallbackQuery {
    /// Exchanged for tokens, once.
    code: Option<String>,
    /// The sign-in it belongs to.
    state: Option<String>,
    /// What went wrong at the provider.
    error: Option<String>,
    /// Who answers.
    iss: Option<String>,
}

/// Begins a sign-in: sends the browser to the identity provider, with a cookie for its way back. 404 where there is no
/// provider.
#[utoipa::path(tag = "sessions", security(()), responses(
    (status = 303, description = "To the provider", headers(("Location" = String), ("Set-Cookie" = String))), Problems))]
#[get("/auth/oidc/start")]
pub(crate) async fn start(
    secure: Secure,
    oidc: Data<OidcService>,
) -> Result<HttpResponse, ApiError> {
    let departure = oidc.start().await?;
    Ok(HttpResponse::SeeOther()
        .insert_header((LOCATION, departure.url))
        .cookie(cookie(departure.browser, secure))
        .finish())
}

/// Ends a sign-in: the tokens of `/auth/token` for what the provider sent back to the same browser. Good once.
#[utoipa::path(tag = "sessions", security(()), params(CallbackQuery),
    responses((status = 200, body = TokenResponse), Problems))]
#[get("/auth/oidc/callback")]
pub(crate) async fn callback(
    request: HttpRequest,
    query: Query<CallbackQuery>,
    address: ClientAddress,
    secure: Secure,
    oidc: Data<OidcService>,
) -> Result<HttpResponse, ApiError> {
    let query = query.into_inner();
    let returned = Returned {
        code: query.code,
        state: query.state,
        error: query.error,
        issuer: query.iss,
        browser: request
            .cookie(COOKIE)
            .map(|cookie| cookie.value().to_owned()),
        agent: request
            .headers()
            .get(USER_AGENT)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned),
    };
    let opened = oidc.finish(&address.nobody(), returned).await?;
    let mut response = answer(opened, secure);
    let mut gone = cookie(String::new(), secure);
    gone.make_removal();
    response
        .add_cookie(&gone)
        .map_err(|_| ApiError::new(shared::problem::Code::Internal))?;
    Ok(response)
}

/// Lax, because the browser comes back by a link of the provider's; it opens nothing by itself.
fn cookie(value: String, secure: Secure) -> Cookie<'static> {
    Cookie::build(COOKIE, value)
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(secure.0)
        .max_age(Duration::seconds(ATTEMPT_S))
        .finish()
}
