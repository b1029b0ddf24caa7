//! Forms as the web application sends them: multipart, also under a JSON content type without a boundary.
//!
//! Its request helper names JSON whatever the body is; the browser then sends a multipart body whose boundary stands
//! nowhere but in its own first line. So the first line is read (RFC 2046, 5.1.1), and the body parsed with it.

use std::pin::Pin;
use std::time::Duration;

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::HttpRequest;
use actix_web::error::PayloadError;
use actix_web::http::header::{
    CONTENT_DISPOSITION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
};
use actix_web::web::{Bytes, BytesMut, Payload};
use futures::{Stream, StreamExt as _, TryStreamExt as _, stream};

use super::MaterialError;

/// Longest first line.
const MAX_LINE: usize = 200;
/// Most bytes of a field that is no file.
const MAX_FIELD: usize = 64 * 1024;
/// Most fields of a form.
const MAX_FIELDS: usize = 32;
/// Longest silence of a sender.
const SILENCE: Duration = Duration::from_secs(30);

const NO_FORM: MaterialError =
    MaterialError::Form("O corpo da requisição não é um formulário com arquivo.");

type Body = Pin<Box<dyn Stream<Item = Result<Bytes, PayloadError>>>>;

/// A multipart body that is being read.
pub(super) struct Form {
    parts: Multipart,
    read: usize,
}

/// One part of it.
pub(super) struct Part {
    field: Field,
    /// Name of the field.
    pub(super) name: String,
    /// Name of the file, as sent.
    pub(super) filename: Option<String>,
}

impl Form {
    /// Begins to read the body of a request.
    ///
    /// # Errors
    /// [`MaterialError::Form`] when it is no multipart body; [`MaterialError::CutOff`].
    pub(super) async fn begin(request: &HttpRequest, body: Payload) -> Result<Self, MaterialError> {
        let mut body: Body = Box::pin(patient(body));
        let headers = if has_boundary(request.headers()) {
            content_type(
                request
                    .headers()
                    .get(CONTENT_TYPE)
                    .cloned()
                    .ok_or(NO_FORM)?,
            )
        } else {
            let (line, rest) = first_line(body).await?;
            body = rest;
            content_type(boundary_header(&line)?)
        };
        Ok(Self {
            parts: Multipart::new(&headers, body),
            read: 0,
        })
    }

    /// The next part; none at the end. The part before must have been read.
    ///
    /// # Errors
    /// [`MaterialError::Form`], [`MaterialError::CutOff`].
    pub(super) async fn next(&mut self) -> Result<Option<Part>, MaterialError> {
        let Some(field) = self.parts.next().await else {
            return Ok(None);
        };
        let field = field.map_err(|error| from_multipart(&error))?;
        self.read = self.read.saturating_add(1);
        if self.read > MAX_FIELDS {
            return Err(MaterialError::Form("O formulário traz campos demais."));
        }
        let filename = raw_filename(field.headers()).or_else(|| {
            let disposition = field.content_disposition()?;
            disposition.get_filename().map(str::to_owned)
        });
        let name = field.name().unwrap_or_default().to_owned();
        Ok(Some(Part {
            field,
            name,
            filename,
        }))
    }

    /// Reads what is left for nothing, for a while: a browser that is still sending would not see a refusal.
    pub(super) async fn drain(mut self) {
        let rest = async {
            while let Ok(Some(part)) = self.next().await {
                let mut bytes = part.bytes();
                while let Some(Ok(_)) = bytes.next().await {}
            }
        };
        drop(tokio::time::timeout(SILENCE, rest).await);
    }
}

impl Part {
    /// The part as a stream of bytes.
    pub(super) fn bytes(self) -> impl Stream<Item = Result<Bytes, MultipartError>> + Unpin {
        self.field
    }

    /// The part as text.
    ///
    /// # Errors
    /// [`MaterialError::Form`] when it is too long or no UTF-8.
    pub(super) async fn text(mut self) -> Result<String, MaterialError> {
        let bytes = self
            .field
            .bytes(MAX_FIELD)
            .await
            .map_err(|_| MaterialError::Form("Um campo do formulário é longo demais."))?
            .map_err(|error| from_multipart(&error))?;
        String::from_utf8(bytes.to_vec())
            .map_err(|_| MaterialError::Form("Um campo do formulário não é texto em UTF-8."))
    }

    /// Reads the part to its end for nothing.
    ///
    /// # Errors
    /// As [`text`](Self::text).
    pub(super) async fn skip(self) -> Result<(), MaterialError> {
        self.text().await.map(drop)
    }
}

/// The fields of a form without a file, or of a JSON body, as raw bytes of either; at most [`MAX_FIELD`].
///
/// # Errors
/// [`MaterialError::TooLarge`], [`MaterialError::CutOff`].
pub(crate) async fn whole(body: Payload) -> Result<Bytes, MaterialError> {
    let limit = MAX_FIELD;
    let mut body = std::pin::pin!(patient(body));
    let mut bytes = BytesMut::new();
    while let Some(part) = body.next().await {
        let part = part.map_err(|_| MaterialError::CutOff)?;
        if bytes.len().saturating_add(part.len()) > limit {
            return Err(MaterialError::TooLarge {
                limit: limit as u64,
            });
        }
        bytes.extend_from_slice(&part);
    }
    Ok(bytes.freeze())
}

/// The text fields of a multipart body that is already here; what is no multipart body is `None`.
///
/// # Errors
/// [`MaterialError::Form`].
pub(crate) async fn fields(
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<Option<Vec<(String, String)>>, MaterialError> {
    let header = if has_boundary(headers) {
        headers.get(CONTENT_TYPE).cloned().ok_or(NO_FORM)?
    } else if body.starts_with(b"--") {
        let end = body.iter().position(|byte| *byte == b'\n').ok_or(NO_FORM)?;
        boundary_header(body.get(..end).unwrap_or_default())?
    } else {
        return Ok(None);
    };
    let whole = stream::iter([Ok(body.clone())]);
    let mut form = Form {
        parts: Multipart::new(&content_type(header), whole),
        read: 0,
    };
    let mut fields = Vec::new();
    while let Some(part) = form.next().await? {
        let name = part.name.clone();
        fields.push((name, part.text().await?));
    }
    Ok(Some(fields))
}

/// The name of a file as browsers write it: between quotes, where a backslash is a backslash and quotes are `%22` (WHATWG
/// HTML, "Multipart form data"). The parser would take a backslash for the sign of an escape.
fn raw_filename(headers: &HeaderMap) -> Option<String> {
    let disposition = headers.get(CONTENT_DISPOSITION)?;
    let text = std::str::from_utf8(disposition.as_bytes()).ok()?;
    let (_, rest) = text.split_once("; filename=\"")?;
    let (name, _) = rest.split_once('"')?;
    // Other clients do escape.
    (!name.ends_with('\\')).then(|| name.replace("%22", "\""))
}

/// A body whose sender may not fall silent.
fn patient(body: Payload) -> impl Stream<Item = Result<Bytes, PayloadError>> {
    stream::unfold(body, |mut body| async {
        let part = match tokio::time::timeout(SILENCE, body.next()).await {
            Ok(part) => part?,
            Err(_) => Err(PayloadError::Incomplete(None)),
        };
        Some((part, body))
    })
    // The parser asks again after the end.
    .fuse()
}

fn has_boundary(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .map(str::to_ascii_lowercase)
        .is_some_and(|kind| kind.starts_with("multipart/") && kind.contains("boundary="))
}

fn content_type(value: HeaderValue) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(HeaderName::from_static("content-type"), value);
    headers
}

/// The first line of a body, without its end, and the whole body again.
async fn first_line(mut body: Body) -> Result<(Vec<u8>, Body), MaterialError> {
    let mut read = BytesMut::new();
    let end = loop {
        if let Some(end) = read.iter().position(|byte| *byte == b'\n') {
            break end;
        }
        if read.len() > MAX_LINE {
            return Err(NO_FORM);
        }
        match body.try_next().await.map_err(|_| MaterialError::CutOff)? {
            Some(part) => read.extend_from_slice(&part),
            None => return Err(NO_FORM),
        }
    };
    if end > MAX_LINE {
        return Err(NO_FORM);
    }
    let line = read.get(..end).unwrap_or_default().to_vec();
    let again = stream::iter([Ok(read.freeze())]).chain(body);
    Ok((line, Box::pin(again)))
}

/// The header that should have been there; a boundary is made of the characters RFC 2046 gives it.
fn boundary_header(line: &[u8]) -> Result<HeaderValue, MaterialError> {
    let line = std::str::from_utf8(line).map_err(|_| NO_FORM)?.trim_end();
    let boundary = line.strip_prefix("--").ok_or(NO_FORM)?;
    let fits = (1..=70).contains(&boundary.len())
        && boundary
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"'()+_,-./:=?".contains(&byte));
    if !fits {
        return Err(NO_FORM);
    }
    HeaderValue::from_str(&format!("multipart/form-data; boundary=\"{boundary}\""))
        .map_err(|_| NO_FORM)
}

fn from_multipart(error: &MultipartError) -> MaterialError {
    match error {
        MultipartError::Payload(_) | MultipartError::Incomplete => MaterialError::CutOff,
        _ => NO_FORM,
    }
}
