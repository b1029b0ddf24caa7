//! `/auth/token` and its relatives: sign in, refresh, sign out, look at sessions.

use actix_web::cookie::{Cookie, SameSite, time::Duration};
use actix_web::http::header::{CONTENT_TYPE, USER_AGENT};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, delete, get, post};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use shared::body::{Json, Path};
use shared::clock::rfc3339;
use shared::problem::{ApiError, Problems};
use shared::settings::SecretString;

use super::form::Form;
use super::{Opened, SessionService, SignIn};
use crate::access::{ClientAddress, Personal, Secure};
use crate::users::UserView;

/// Name of the cookie.
pub(crate) const COOKIE: &str = "acervo_session";

/// Name and password. OAuth 2.0 clients send other fields too; they are not looked at.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub(crate) struct TokenRequest {
    /// Name.
    #[schema(examples("maria.silva"))]
    username: String,
    /// Password; the six digits of the second factor may follow it at once.
    #[schema(value_type = String, format = Password)]
    password: SecretString,
    /// Code of the second factor, or a recovery code.
    #[schema(examples("123456"))]
    otp: Option<String>,
    /// Seconds the access token shall live: 60 up to what the server allows, which is also what it is without this.
    expires_in: Option<i64>,
}

/// A session's tokens.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct TokenResponse {
    /// For `Authorization: Bearer`.
    pub access_token: String,
    /// `bearer`.
    pub token_type: &'static str,
    /// The password must be changed: it is one-time, or too old.
    pub is_temporary_password: bool,
    /// Seconds the access token lives.
    pub expires_in: i64,
    /// For `/auth/refresh`, good once.
    pub refresh_token: String,
    /// Whose.
    pub user: UserView,
}

/// Asks for new tokens. OAuth 2.0 clients send other fields too; they are not looked at.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub(crate) struct RefreshRequest {
    /// The refresh token of the last answer.
    #[schema(value_type = String)]
    refresh_token: SecretString,
    /// As in `/auth/token`.
    expires_in: Option<i64>,
}

/// An open session.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct SessionView {
    /// Id.
    pub id: String,
    /// RFC 3339, UTC.
    pub created_at: String,
    /// RFC 3339, UTC: signed in or refreshed.
    pub last_used_at: String,
    /// RFC 3339, UTC.
    pub expires_at: String,
    /// Address that signed in.
    pub address: Option<String>,
    /// What the browser called itself.
    pub user_agent: Option<String>,
    /// The one that asks.
    pub current: bool,
}

/// Signs in: an access token for a name and a password, and a cookie for the few calls without a header.
///
/// What is wrong with an account (disabled, not approved) is told only with the right password. After several wrong
/// ones the answer is 429 for a time that grows.
#[utoipa::path(tag = "sessions", security(()),
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = TokenResponse), Problems))]
#[post("/auth/token")]
pub(crate) async fn token(
    request: HttpRequest,
    form: Form<TokenRequest>,
    address: ClientAddress,
    secure: Secure,
    sessions: Data<SessionService>,
) -> Result<HttpResponse, ApiError> {
    let agent = request
        .headers()
        .get(USER_AGENT)
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
    let form = form.0;
    let sign_in = SignIn {
        username: form.username,
        password: form.password,
        otp: form.otp,
        expires_in: form.expires_in,
        agent,
    };
    let opened = sessions.sign_in(&address.nobody(), sign_in).await?;
    Ok(answer(opened, secure))
}

/// New tokens for a refresh token, which is good once: one that comes again ends its session. Takes JSON or a form.
#[utoipa::path(tag = "sessions", security(()), request_body = RefreshRequest,
    responses((status = 200, body = TokenResponse), Problems))]
#[post("/auth/refresh")]
pub(crate) async fn refresh(
    body: EitherBody<RefreshRequest>,
    address: ClientAddress,
    secure: Secure,
    sessions: Data<SessionService>,
) -> Result<HttpResponse, ApiError> {
    let body = body.0;
    let opened = sessions
        .refresh(
            &address.nobody(),
            body.refresh_token.expose_secret(),
            body.expires_in,
        )
        .await?;
    Ok(answer(opened, secure))
}

/// Signs out: ends the session, its refresh token and its cookie.
#[utoipa::path(tag = "sessions", responses((status = 204), Problems))]
#[post("/auth/logout")]
pub(crate) async fn logout(
    caller: Personal,
    secure: Secure,
    sessions: Data<SessionService>,
) -> Result<HttpResponse, ApiError> {
    let actor = caller.actor();
    if let Some(session) = &actor.session {
        sessions.end(&actor, session).await?;
    }
    let mut gone = cookie(String::new(), 0, secure);
    gone.make_removal();
    Ok(HttpResponse::NoContent().cookie(gone).finish())
}

/// One's own open sessions, newest first.
#[utoipa::path(tag = "sessions", responses((status = 200, body = Vec<SessionView>), Problems))]
#[get("/auth/sessions")]
pub(crate) async fn list(
    caller: Personal,
    sessions: Data<SessionService>,
) -> Result<Json<Vec<SessionView>>, ApiError> {
    let current = caller.actor().session;
    let rows = sessions.list(&caller.account.uid).await?;
    let views = rows.into_iter().map(|row| SessionView {
        current: Some(&row.id) == current.as_ref(),
        id: row.id,
        created_at: rfc3339(row.created_at),
        last_used_at: rfc3339(row.last_used_at),
        expires_at: rfc3339(row.expires_at),
        address: row.address,
        user_agent: row.agent,
    });
    Ok(Json(views.collect()))
}

/// Ends one of one's own sessions; its tokens are void at once.
#[utoipa::path(tag = "sessions", params(("id" = String, Path)), responses((status = 204), Problems))]
#[delete("/auth/sessions/{id}")]
pub(crate) async fn end(
    caller: Personal,
    id: Path<String>,
    sessions: Data<SessionService>,
) -> Result<HttpResponse, ApiError> {
    sessions.end(&caller.actor(), &id).await?;
    Ok(HttpResponse::NoContent().finish())
}

pub(crate) fn answer(opened: Opened, secure: Secure) -> HttpResponse {
    let cookie = cookie(opened.cookie_token, opened.expires_in, secure);
    HttpResponse::Ok().cookie(cookie).json(TokenResponse {
        access_token: opened.access_token,
        token_type: "bearer",
        is_temporary_password: opened.must_change_password,
        expires_in: opened.expires_in,
        refresh_token: opened.refresh_token,
        user: UserView::from(&opened.account),
    })
}

/// The cookie: not for scripts, not for other sites, over TLS alone where there is TLS.
pub(crate) fn cookie(value: String, lifetime_s: i64, secure: Secure) -> Cookie<'static> {
    Cookie::build(COOKIE, value)
        .path("/")
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(secure.0)
        .max_age(Duration::seconds(lifetime_s))
        .finish()
}

/// JSON, or a form for OAuth 2.0 clients (RFC 6749, section 6).
pub(crate) struct EitherBody<T>(pub(crate) T);

impl<T: serde::de::DeserializeOwned + 'static> actix_web::FromRequest for EitherBody<T> {
    type Error = ApiError;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut actix_web::dev::Payload) -> Self::Future {
        let is_form = request
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.starts_with("application/x-www-form-urlencoded"));
        if is_form {
            let form = Form::<T>::from_request(request, payload);
            Box::pin(async move { form.await.map(|form| Self(form.0)) })
        } else {
            let json = Json::<T>::from_request(request, payload);
            Box::pin(async move { json.await.map(|json| Self(json.0)) })
        }
    }
}
