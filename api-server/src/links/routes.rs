//! `/auth/public/…`: for people who are not signed in, and the resending of links.

use actix_web::post;
use actix_web::web::Data;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use shared::body::Json;
use shared::problem::{ApiError, Problems};
use shared::settings::SecretString;

use super::LinkService;
use crate::access::{Admin, ClientAddress};

/// What was done.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct LinkMessage {
    /// A sentence for people.
    pub message: &'static str,
}

/// Who wants a link.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NameRequest {
    /// Name.
    username: String,
}

/// A new password, and the link that allows it.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfirmResetRequest {
    /// The link's token.
    #[schema(value_type = String)]
    token: SecretString,
    /// Name.
    username: String,
    /// The new password.
    #[schema(value_type = String, format = Password)]
    new_password: SecretString,
}

/// A link.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct VerifyRequest {
    /// The link's token.
    #[schema(value_type = String)]
    token: SecretString,
    /// Name.
    username: String,
}

/// Asks for a link to set a new password. The answer is the same for every name.
#[utoipa::path(tag = "links", security(()), request_body = NameRequest,
    responses((status = 200, body = LinkMessage), Problems))]
#[post("/auth/public/request-password-reset")]
pub(crate) async fn request_reset(
    body: Json<NameRequest>,
    address: ClientAddress,
    links: Data<LinkService>,
) -> Result<Json<LinkMessage>, ApiError> {
    links
        .request_reset(&address.nobody(), &body.username)
        .await?;
    Ok(Json(LinkMessage {
        message: "Se o usuário existir e tiver e-mail cadastrado, um link para definir a senha será enviado.",
    }))
}

/// Sets a new password by a link, which is good once. Everything that was signed in is out.
#[utoipa::path(tag = "links", security(()), request_body = ConfirmResetRequest,
    responses((status = 200, body = LinkMessage), Problems))]
#[post("/auth/public/confirm-password-reset")]
pub(crate) async fn confirm_reset(
    body: Json<ConfirmResetRequest>,
    address: ClientAddress,
    links: Data<LinkService>,
) -> Result<Json<LinkMessage>, ApiError> {
    let (token, password) = (
        body.token.expose_secret(),
        body.new_password.expose_secret(),
    );
    links
        .confirm_reset(&address.nobody(), token, &body.username, password)
        .await?;
    Ok(Json(LinkMessage {
        message: "Senha definida. Você já pode entrar.",
    }))
}

/// Confirms an account by a link. The same link answers again for a minute.
#[utoipa::path(tag = "links", security(()), request_body = VerifyRequest,
    responses((status = 200, body = LinkMessage), Problems))]
#[post("/auth/public/verify-token")]
pub(crate) async fn verify(
    body: Json<VerifyRequest>,
    address: ClientAddress,
    links: Data<LinkService>,
) -> Result<Json<LinkMessage>, ApiError> {
    links
        .verify(
            &address.nobody(),
            body.token.expose_secret(),
            &body.username,
        )
        .await?;
    Ok(Json(LinkMessage {
        message: "Conta confirmada.",
    }))
}

/// Sends the link that confirms an account again. For administrators.
#[utoipa::path(tag = "links", request_body = NameRequest, responses((status = 200, body = LinkMessage), Problems))]
#[post("/auth/resend-verification")]
pub(crate) async fn resend(
    admin: Admin,
    body: Json<NameRequest>,
    links: Data<LinkService>,
) -> Result<Json<LinkMessage>, ApiError> {
    links.resend(&admin.actor(), &body.username).await?;
    Ok(Json(LinkMessage {
        message: "O link de confirmação será enviado por e-mail.",
    }))
}
