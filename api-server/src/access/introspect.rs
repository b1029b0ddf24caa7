//! `/internal/introspect`: the rag-server asks whose token or cookie it was shown.

use actix_web::post;
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use shared::body::Json;
use shared::problem::{ApiError, Code, Problems};
use shared::settings::{ExposeSecret as _, SecretString};

use super::{Access, Credential, FromRag, RequestOrigin};
use crate::tokens::Audience;
use crate::users::Role;

/// How a token was carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Carrier {
    /// `Authorization: Bearer`.
    Header,
    /// The cookie `acervo_session`.
    Cookie,
}

/// Whose is this?
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct IntrospectRequest {
    /// The token.
    #[schema(value_type = String)]
    token: SecretString,
    /// How it was carried.
    carrier: Carrier,
    /// Method of the request that carried it; needed with a cookie.
    method: Option<String>,
    /// Its `Origin`.
    origin: Option<String>,
    /// Its `Sec-Fetch-Site`.
    fetch_site: Option<String>,
    /// Its `Host`.
    host: Option<String>,
}

/// Whose it is. A token that is good for nothing, for whatever reason, is `{"active": false}` (RFC 7662, section 2.2).
#[derive(Debug, Default, Serialize, utoipa::ToSchema)]
pub(crate) struct IntrospectResponse {
    /// Whether it is good.
    pub active: bool,
    /// Id of the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    /// Name of the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// When the token ends, Unix seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exp: Option<i64>,
}

/// Whose token or cookie this is, and whether it is good now. For the rag-server, which keeps the answer 5 s at most.
#[utoipa::path(tag = "internal", request_body = IntrospectRequest, security(("service_token" = [])),
    responses((status = 200, body = IntrospectResponse), Problems))]
#[post("/internal/introspect")]
pub(crate) async fn introspect(
    _rag: FromRag,
    body: Json<IntrospectRequest>,
    access: Data<Access>,
) -> Result<Json<IntrospectResponse>, ApiError> {
    let audience = match body.carrier {
        Carrier::Header => Audience::Header,
        Carrier::Cookie => {
            let method = body.method.as_deref().ok_or_else(|| {
                ApiError::new(Code::Unprocessable)
                    .with_detail("method: é necessário com um cookie.")
            })?;
            let reads_only = matches!(method, "GET" | "HEAD");
            let origin = RequestOrigin {
                fetch_site: body.fetch_site.as_deref(),
                origin: body.origin.as_deref(),
                host: body.host.as_deref(),
            };
            if !origin.is_ours(&access.public_url, reads_only) {
                return Ok(Json(IntrospectResponse::default()));
            }
            Audience::Cookie
        }
    };
    let found = access
        .by_token(body.token.expose_secret(), audience, "")
        .await?
        .filter(|caller| caller.limit.is_none());
    let Some(caller) = found else {
        return Ok(Json(IntrospectResponse::default()));
    };
    let exp = match caller.credential {
        Credential::Session { expires_at_s, .. } => Some(expires_at_s),
        Credential::ApiKey { .. } => None,
    };
    Ok(Json(IntrospectResponse {
        active: true,
        uid: Some(caller.account.uid),
        username: Some(caller.account.username),
        role: Some(caller.account.role),
        exp,
    }))
}
