//! Forms: `application/x-www-form-urlencoded`, with the same care as JSON bodies.

use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, web};
use futures::{Future, StreamExt as _};
use serde::de::DeserializeOwned;
use shared::problem::{ApiError, Code, FieldError};

/// Most bytes: a name, a password of [`crate::passwords::MAX_BYTES`] with every byte escaped, and room to spare.
const LIMIT: usize = 16 * 1024;

/// A form body. Refused: another content type (415), too many bytes (413), fields that are missing, unknown or doubled
/// (422).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Form<T>(pub(crate) T);

impl<T: DeserializeOwned + 'static> FromRequest for Form<T> {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let is_form = request
            .content_type()
            .eq_ignore_ascii_case("application/x-www-form-urlencoded");
        let is_announced_too_large = request
            .headers()
            .get(CONTENT_LENGTH)
            .and_then(|value| value.to_str().ok()?.parse::<usize>().ok())
            .is_some_and(|length| length > LIMIT);
        let mut payload = payload.take();
        Box::pin(async move {
            if !is_form {
                return Err(ApiError::new(Code::UnsupportedMediaType));
            }
            if is_announced_too_large {
                return Err(ApiError::new(Code::PayloadTooLarge));
            }
            let mut bytes = web::BytesMut::new();
            while let Some(part) = payload.next().await {
                let part = part?;
                if bytes.len().saturating_add(part.len()) > LIMIT {
                    return Err(ApiError::new(Code::PayloadTooLarge));
                }
                bytes.extend_from_slice(&part);
            }
            read(&bytes).map(Self)
        })
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    let deserializer = serde_urlencoded::Deserializer::new(url::form_urlencoded::parse(body));
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let said = error.inner().to_string();
        let field = said.split('`').nth(1).unwrap_or_default();
        let (code, detail) = if said.starts_with("missing field") {
            ("missing_field", "é necessário")
        } else if said.starts_with("unknown field") {
            ("unknown_field", "não existe")
        } else if said.starts_with("duplicate field") {
            ("duplicate_field", "aparece mais de uma vez")
        } else {
            ("invalid_value", "tem um valor inválido")
        };
        // A field's name is the client's text: only ours are repeated.
        let known = ["username", "password", "otp", "expires_in", "refresh_token"];
        let path = error.path().to_string();
        let name = known
            .into_iter()
            .find(|name| *name == field || *name == path)
            .unwrap_or_default();
        let pointer = if name.is_empty() {
            String::new()
        } else {
            format!("/{name}")
        };
        let sentence = if name.is_empty() {
            format!("Um campo do formulário {detail}.")
        } else {
            format!("O campo {name} {detail}.")
        };
        ApiError::new(Code::Unprocessable)
            .with_detail(sentence)
            .with_errors(vec![FieldError::new(pointer, code, detail)])
    })
}
