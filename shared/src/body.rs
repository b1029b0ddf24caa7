//! Extractors that say which field of a request is wrong.
//!
//! actix's own keep no path to the faulty field. These read the same things through
//! `serde_path_to_error`, so that a problem points at `/config/top_k`. They carry the names of
//! actix's extractors because the OpenAPI generator recognises them by name.

use std::future::{Ready, ready};
use std::ops::{Deref, DerefMut};
use std::pin::Pin;

use actix_web::body::BoxBody;
use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, HttpResponse, Responder, web};
use futures::{Future, StreamExt as _};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::problem::{self, ApiError, Code};

/// Limit of a JSON body in bytes unless [`JsonLimit`] is in the app's data: actix's own default.
const DEFAULT_JSON_LIMIT: usize = 2 * 1024 * 1024;

/// The limit of JSON bodies in bytes, for `App::app_data` or a scope's.
#[derive(Debug, Clone, Copy)]
pub struct JsonLimit(pub usize);

/// A JSON body, or a JSON answer (200).
///
/// Refused: another content type (415), more bytes than the limit (413), text that is no JSON
/// (400), an unknown field (422 `unknown_field`), a wrong or missing value (422 `unprocessable`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Json<T>(pub T);

/// Query parameters. Refused as in [`Json`], with `/name` as the pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Query<T>(pub T);

/// Path parameters. What does not parse is a 400 with `/name` as the pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Path<T>(pub T);

macro_rules! transparent {
    ($name:ident) => {
        impl<T> $name<T> {
            /// The value.
            pub fn into_inner(self) -> T {
                self.0
            }
        }

        impl<T> Deref for $name<T> {
            type Target = T;

            fn deref(&self) -> &T {
                &self.0
            }
        }

        impl<T> DerefMut for $name<T> {
            fn deref_mut(&mut self) -> &mut T {
                &mut self.0
            }
        }
    };
}
transparent!(Json);
transparent!(Query);
transparent!(Path);

impl<T: DeserializeOwned + 'static> FromRequest for Json<T> {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let limit = request
            .app_data::<JsonLimit>()
            .map_or(DEFAULT_JSON_LIMIT, |limit| limit.0);
        let refused = refuse_early(request, limit);
        let mut payload = payload.take();
        Box::pin(async move {
            if let Some(error) = refused {
                return Err(error);
            }
            let mut bytes = web::BytesMut::new();
            while let Some(part) = payload.next().await {
                let part = part?;
                if bytes.len().saturating_add(part.len()) > limit {
                    return Err(ApiError::new(Code::PayloadTooLarge));
                }
                bytes.extend_from_slice(&part);
            }
            read_json(&bytes).map(Self)
        })
    }
}

/// What can be refused from the headers alone.
fn refuse_early(request: &HttpRequest, limit: usize) -> Option<ApiError> {
    let is_json = request.mime_type().is_ok_and(|mime| {
        mime.is_some_and(|mime| {
            mime.subtype() == "json" || mime.suffix().is_some_and(|suffix| suffix == "json")
        })
    });
    if !is_json {
        return Some(ApiError::new(Code::UnsupportedMediaType));
    }
    let announced = request
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.parse::<usize>().ok());
    announced
        .is_some_and(|length| length > limit)
        .then(|| ApiError::new(Code::PayloadTooLarge))
}

/// Reads a JSON body that is already here; faults name their field.
///
/// # Errors
/// 400 for bad syntax, 422 with a pointer for unknown, missing and wrong fields.
pub fn read_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut deserializer)
        .map_err(|error| problem::from_json(&error, body))?;
    // Anything but white space after the value is not JSON either.
    let nowhere = serde_path_to_error::Track::new().path();
    deserializer.end().map_err(|error| {
        problem::from_json(&serde_path_to_error::Error::new(nowhere, error), body)
    })?;
    Ok(value)
}

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let parsed = url::form_urlencoded::parse(request.query_string().as_bytes());
        let deserializer = serde_urlencoded::Deserializer::new(parsed);
        ready(
            serde_path_to_error::deserialize(deserializer)
                .map(Self)
                .map_err(|error| problem::from_named_values(&error)),
        )
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for Path<T> {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        ready(
            web::Path::<T>::from_request(request, payload)
                .into_inner()
                .map(|path| Self(path.into_inner()))
                .map_err(|_| problem::from_path(request)),
        )
    }
}

impl<T: Serialize> Responder for Json<T> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::Ok().json(self.0)
    }
}

#[cfg(test)]
mod tests;
