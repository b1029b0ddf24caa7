//! What a server's `App` needs so that the framework's own errors are problems too.

use std::collections::BTreeMap;

use actix_web::error::{
    JsonPayloadError, PathError, PayloadError, QueryPayloadError, ResponseError as _,
};
use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::PathItem;
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::{OpenApi, Ref, RefOr};
use utoipa::{IntoResponses, ToSchema as _};

use super::{ApiError, CONTENT_TYPE, Code, FieldError, HasProblem, Problem};

/// Limit of JSON bodies in bytes, and problems for what cannot be read, for actix's own `Json`.
/// [`crate::body::Json`] has its limit in [`crate::body::JsonLimit`] and gives exact pointers.
pub fn json_config(max_bytes: usize) -> web::JsonConfig {
    web::JsonConfig::default()
        .limit(max_bytes)
        .error_handler(|error, _: &HttpRequest| from_json_payload(&error).into())
}

/// Problems for query strings read by actix's own `Query`.
pub fn query_config() -> web::QueryConfig {
    web::QueryConfig::default().error_handler(|error: QueryPayloadError, _: &HttpRequest| {
        tracing::debug!(%error, "query not read");
        ApiError::new(Code::Unprocessable).into()
    })
}

/// Problems for path parameters.
pub fn path_config() -> web::PathConfig {
    web::PathConfig::default()
        .error_handler(|_: PathError, request: &HttpRequest| from_path(request).into())
}

/// Limit in bytes for bodies read whole as bytes or text.
pub fn payload_config(max_bytes: usize) -> web::PayloadConfig {
    web::PayloadConfig::new(max_bytes)
}

/// The methods of every route, taken from the OpenAPI document, so that a wrong method on a right
/// address is a 405 that names the right ones (RFC 9110, section 15.5.6).
///
/// The router cannot say it: a handler's method is a guard, and a guard that fails looks like an
/// address that does not exist.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Methods(BTreeMap<String, String>);

impl Methods {
    /// Those of a document.
    pub fn from_openapi(document: &OpenApi) -> Self {
        let of = |item: &PathItem| {
            let methods = [
                ("GET", &item.get),
                ("HEAD", &item.head),
                ("POST", &item.post),
                ("PUT", &item.put),
                ("PATCH", &item.patch),
                ("DELETE", &item.delete),
                ("OPTIONS", &item.options),
            ];
            let present = methods.iter().filter(|(_, operation)| operation.is_some());
            present
                .map(|(name, _)| *name)
                .collect::<Vec<_>>()
                .join(", ")
        };
        Self(
            document
                .paths
                .paths
                .iter()
                .map(|(path, item)| (path.clone(), of(item)))
                .collect(),
        )
    }

    /// The same below a prefix too, such as `/api`.
    #[must_use]
    pub fn and_below(mut self, prefix: &str) -> Self {
        let below: Vec<_> = self
            .0
            .iter()
            .map(|(path, methods)| (format!("{prefix}{path}"), methods.clone()))
            .collect();
        self.0.extend(below);
        self
    }
}

/// A route's pattern as the document writes it: `/materials/{id:.*}` is `/materials/{id}` there.
fn documented(pattern: &str) -> String {
    let mut parts = pattern.split('{');
    let mut path = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (inside, rest) = part.split_once('}').unwrap_or((part, ""));
        let name = inside.split_once(':').map_or(inside, |(name, _)| name);
        path.extend(["{", name, "}", rest]);
    }
    path
}

/// The default service: 404, or 405 when [`Methods`] in the app's data know the address.
pub async fn not_found(request: HttpRequest) -> HttpResponse {
    let allowed = request
        .app_data::<Methods>()
        .and_then(|methods| methods.0.get(&documented(&request.match_pattern()?)));
    match allowed {
        Some(allowed) => {
            let mut response = ApiError::new(Code::MethodNotAllowed).error_response();
            if let Ok(value) = HeaderValue::from_str(allowed) {
                response.headers_mut().insert(ALLOW, value);
            }
            response
        }
        None => ApiError::new(Code::NotFound).error_response(),
    }
}

pub(crate) fn from_path(request: &HttpRequest) -> ApiError {
    // The error does not say which parameter it was; with a single one there is no doubt.
    let mut names = request.match_info().iter().map(|(name, _)| name.to_owned());
    let pointer = match (names.next(), names.next()) {
        (Some(name), None) => format!("/{name}"),
        _ => String::new(),
    };
    ApiError::new(Code::InvalidRequest)
        .with_detail("O endereço traz um identificador inválido.")
        .with_errors(vec![FieldError::new(
            pointer,
            "invalid_value",
            "identificador inválido",
        )])
}

/// A body that stopped coming: for handlers that read it as a stream.
impl HasProblem for PayloadError {
    fn code(&self) -> Code {
        match self {
            Self::Overflow => Code::PayloadTooLarge,
            Self::EncodingCorrupted | Self::Incomplete(_) | Self::Io(_) => Code::InvalidRequest,
            // The remaining ones depend on the HTTP version in use.
            other => Code::from_status(other.status_code()),
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::EncodingCorrupted => "A compressão do corpo da requisição está corrompida.",
            Self::Incomplete(_) | Self::Io(_) => "O envio foi interrompido antes do fim.",
            _ => self.code().detail(),
        }
        .to_owned()
    }
}

fn from_json_payload(error: &JsonPayloadError) -> ApiError {
    match error {
        JsonPayloadError::OverflowKnownLength { .. } | JsonPayloadError::Overflow { .. } => {
            ApiError::new(Code::PayloadTooLarge)
        }
        JsonPayloadError::ContentType => ApiError::new(Code::UnsupportedMediaType),
        JsonPayloadError::Deserialize(cause) if cause.is_data() => {
            ApiError::new(Code::Unprocessable)
        }
        JsonPayloadError::Deserialize(_) => ApiError::new(Code::InvalidRequest),
        JsonPayloadError::Payload(cause) => ApiError::new(cause.code()).with_detail(cause.detail()),
        // Serialising is our own doing; the enum is open, so what comes later is ours too.
        _ => ApiError::new(Code::Internal),
    }
}

/// The problem responses of an operation, for `responses(…, Problems)` in `#[utoipa::path]`.
#[derive(Debug, Clone, Copy)]
pub struct Problems;

impl IntoResponses for Problems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        [
            StatusCode::BAD_REQUEST,
            StatusCode::UNAUTHORIZED,
            StatusCode::FORBIDDEN,
            StatusCode::NOT_FOUND,
            StatusCode::CONFLICT,
            StatusCode::PAYLOAD_TOO_LARGE,
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            StatusCode::UNPROCESSABLE_ENTITY,
            StatusCode::TOO_MANY_REQUESTS,
            StatusCode::INTERNAL_SERVER_ERROR,
            StatusCode::SERVICE_UNAVAILABLE,
            StatusCode::INSUFFICIENT_STORAGE,
        ]
        .into_iter()
        .map(|status| {
            let code = Code::from_status(status);
            let schema = Ref::from_schema_name(Problem::name());
            let response = ResponseBuilder::new()
                .description(code.title())
                .content(
                    CONTENT_TYPE,
                    ContentBuilder::new().schema(Some(schema)).build(),
                )
                .build();
            (status.as_u16().to_string(), RefOr::T(response))
        })
        .collect()
    }
}
