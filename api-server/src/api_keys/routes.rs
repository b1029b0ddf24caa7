//! `/auth/api-keys`: one's own keys.

use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, post};
use serde::{Deserialize, Serialize};
use shared::body::{Json, Path};
use shared::clock::rfc3339;
use shared::problem::{ApiError, Code, Problems};

use super::{ApiKeyService, KnownKey, NewKey, Scope};
use crate::access::{Caller, Personal};

/// A key to be made.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewApiKeyRequest {
    /// What it is for, 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// What it opens.
    #[schema(min_items = 1)]
    scopes: Vec<Scope>,
    /// Days until it ends, 1 to 366; 90 when absent.
    #[schema(minimum = 1, maximum = 366)]
    expires_in_days: Option<u32>,
}

/// A key without its secret.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct ApiKeyView {
    /// Id.
    pub id: String,
    /// What it is for.
    pub name: String,
    /// How it begins.
    pub prefix: String,
    /// What it opens.
    pub scopes: Vec<Scope>,
    /// RFC 3339, UTC.
    pub created_at: String,
    /// RFC 3339, UTC.
    pub expires_at: String,
    /// RFC 3339, UTC, to the minute.
    pub last_used_at: Option<String>,
}

/// A key, with its text for the only time.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct NewApiKeyView {
    /// The key: for `Authorization: Bearer` or `X-API-Key`. It is not shown again.
    pub key: String,
    /// What is known of it.
    #[serde(flatten)]
    pub view: ApiKeyView,
}

impl From<KnownKey> for ApiKeyView {
    fn from(key: KnownKey) -> Self {
        Self {
            id: key.id,
            name: key.name,
            prefix: key.prefix,
            scopes: key.scopes,
            created_at: rfc3339(key.created_at),
            expires_at: rfc3339(key.expires_at),
            last_used_at: key.last_used_at.map(rfc3339),
        }
    }
}

/// Makes an API key for scripts. Its text is shown once.
#[utoipa::path(tag = "api-keys", request_body = NewApiKeyRequest,
    responses((status = 201, body = NewApiKeyView), Problems))]
#[post("/auth/api-keys")]
pub(crate) async fn create(
    person: Personal,
    body: Json<NewApiKeyRequest>,
    keys: Data<ApiKeyService>,
) -> Result<HttpResponse, ApiError> {
    let person = full(person)?;
    let body = body.into_inner();
    let new = NewKey {
        name: body.name,
        scopes: body.scopes,
        days: body.expires_in_days,
    };
    let (known, key) = keys.create(&person.actor(), &person.account, new).await?;
    Ok(HttpResponse::Created().json(NewApiKeyView {
        key,
        view: known.into(),
    }))
}

/// One's own API keys.
#[utoipa::path(tag = "api-keys", responses((status = 200, body = Vec<ApiKeyView>), Problems))]
#[get("/auth/api-keys")]
pub(crate) async fn list(
    person: Personal,
    keys: Data<ApiKeyService>,
) -> Result<Json<Vec<ApiKeyView>>, ApiError> {
    let person = full(person)?;
    let known = keys.list(&person.account.uid).await?;
    Ok(Json(known.into_iter().map(ApiKeyView::from).collect()))
}

/// Removes one of one's own API keys; it is void at once.
#[utoipa::path(tag = "api-keys", params(("id" = String, Path)), responses((status = 204), Problems))]
#[delete("/auth/api-keys/{id}")]
pub(crate) async fn remove(
    person: Personal,
    id: Path<String>,
    keys: Data<ApiKeyService>,
) -> Result<HttpResponse, ApiError> {
    let person = full(person)?;
    keys.remove(&person.actor(), &person.account, &id).await?;
    Ok(HttpResponse::NoContent().finish())
}

fn full(person: Personal) -> Result<Caller, ApiError> {
    if person.limit.is_some() {
        return Err(ApiError::new(Code::Forbidden));
    }
    Ok(person.0)
}
