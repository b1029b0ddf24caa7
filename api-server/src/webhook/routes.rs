//! `/auth/webhook/users`.

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, post};
use serde::Serialize;
use shared::body::Json;
use shared::problem::{ApiError, Code, Problems};

use super::{Delivery, WebhookService};
use crate::access::ClientAddress;

/// A delivery was carried out.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct WebhookMessage {
    /// A sentence for people.
    pub message: &'static str,
}

/// Takes a delivery of another system that keeps people.
///
/// `X-Webhook-Timestamp` holds Unix seconds; `X-Hub-Signature-256` (or `X-Signature-256`) holds `sha256=` and the
/// hexadecimal HMAC-SHA256, under `WEBHOOK_SECRET`, of the time stamp, a dot and the body as sent. Deliveries older than
/// five minutes, or that came before, are refused.
#[utoipa::path(tag = "webhook", security(()), request_body = Delivery,
    params(
        ("X-Webhook-Timestamp" = Option<String>, Header, description = "Unix seconds"),
        ("X-Hub-Signature-256" = Option<String>, Header, description = "sha256=<hexadecimal>"),
    ),
    responses((status = 200, body = WebhookMessage), Problems))]
#[post("/auth/webhook/users")]
pub(crate) async fn users(
    request: HttpRequest,
    body: Bytes,
    address: ClientAddress,
    webhook: Data<WebhookService>,
) -> Result<Json<WebhookMessage>, ApiError> {
    let header = |name: &str| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let signature = header("x-hub-signature-256").or_else(|| header("x-signature-256"));
    webhook
        .admit(header("x-webhook-timestamp"), signature, &body)
        .await?;
    let delivery: Delivery = serde_json::from_slice(&body).map_err(|error| {
        if error.is_data() {
            ApiError::new(Code::Unprocessable)
        } else {
            ApiError::new(Code::InvalidRequest)
        }
    })?;
    webhook.carry_out(address.0, delivery).await?;
    Ok(Json(WebhookMessage {
        message: "Recebido.",
    }))
}
