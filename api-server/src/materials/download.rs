//! Bytes of a material: whole, in part, or not again; and all of them as one package.

use std::io::{self, Write};
use std::time::Duration;

use actix_web::body::SizedStream;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, ResponseError as _};
use flate2::Compression;
use flate2::write::GzEncoder;
use futures::stream;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use shared::problem::{ApiError, Code};
use shared::telemetry::spawn_blocking_in_span;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio::sync::mpsc;
use tokio_util::io::ReaderStream;

use super::store::{MaterialRow, Wanted};
use super::{MaterialError, MaterialService, is_recording};

/// Bytes read at a time.
const PIECE: usize = 128 * 1024;
/// Rows read at a time while a package is made.
const PAGE: i64 = 500;
/// What a file that is shown may do: look like itself.
const SHOWN: &str =
    "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'; frame-ancestors 'none'";
/// What a recording may do: be played, in a page of ours too.
const PLAYED: &str =
    "default-src 'none'; style-src 'unsafe-inline'; media-src 'self'; frame-ancestors 'self'";
/// How long people wait for their turn at a package.
const BUSY_WAIT: Duration = Duration::from_secs(10);
/// What RFC 5987 allows as it is in an extended value.
const IN_VALUE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// Answers with a file: 200, 206 for one range, 304 and 416 (RFC 9110, sections 13 and 14); to `HEAD` without reading it.
pub(super) async fn serve(
    materials: &MaterialService,
    row: &MaterialRow,
    request: &HttpRequest,
    as_attachment: bool,
) -> Result<HttpResponse, ApiError> {
    let asked = request.headers();
    let etag = format!("\"{}\"", row.content_hash);
    let text_of = |name: HeaderName| asked.get(name).and_then(|value| value.to_str().ok());
    if knows(asked, &etag) {
        return Ok(with_facts(StatusCode::NOT_MODIFIED, &etag).finish());
    }
    let mut file = match tokio::fs::File::open(materials.path_of(row)).await {
        Ok(file) => file,
        // Removed between the row and here.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(MaterialError::NotFound.into());
        }
        Err(error) => return Err(MaterialError::from(error).into()),
    };
    let size = file.metadata().await.map_err(MaterialError::from)?.len();
    let is_current = text_of(header::IF_RANGE).is_none_or(|tag| tag.trim() == etag);
    let range = text_of(header::RANGE)
        .filter(|_| is_current)
        .map_or(Range::Whole, |text| Range::read(text, size));
    let (start, length) = match range {
        Range::Whole => (0, size),
        Range::Part { start, end } => (start, end.saturating_sub(start).saturating_add(1)),
        Range::Nowhere => {
            let mut refusal = ApiError::new(Code::RangeNotSatisfiable).error_response();
            if let Ok(value) = HeaderValue::from_str(&format!("bytes */{size}")) {
                refusal.headers_mut().insert(header::CONTENT_RANGE, value);
            }
            return Ok(refusal);
        }
    };
    file.seek(io::SeekFrom::Start(start))
        .await
        .map_err(MaterialError::from)?;
    let is_read = *request.method() != Method::HEAD;
    let bytes = ReaderStream::with_capacity(file.take(if is_read { length } else { 0 }), PIECE);
    let body = SizedStream::new(length, bytes);
    let (content_type, may_show) = media_type(&row.kind);
    let kind = if as_attachment || !may_show {
        "attachment"
    } else {
        "inline"
    };
    let filename = row.id.rsplit('/').next().unwrap_or(&row.id);
    let status = if matches!(range, Range::Whole) {
        StatusCode::OK
    } else {
        StatusCode::PARTIAL_CONTENT
    };
    let mut response = with_facts(status, &etag);
    response
        .insert_header((header::CONTENT_TYPE, content_type))
        .insert_header((header::CONTENT_DISPOSITION, disposition(kind, filename)));
    if kind == "inline" {
        // Not `sandbox`, in which browsers show no PDF.
        let is_played = is_recording(&row.kind);
        let policy = if is_played { PLAYED } else { SHOWN };
        response.insert_header((header::CONTENT_SECURITY_POLICY, policy));
        if is_played {
            // Pages of ours play it in a frame.
            response.insert_header((header::X_FRAME_OPTIONS, "SAMEORIGIN"));
        }
    }
    if status == StatusCode::PARTIAL_CONTENT {
        let end = start.saturating_add(length).saturating_sub(1);
        response.insert_header((header::CONTENT_RANGE, format!("bytes {start}-{end}/{size}")));
    }
    Ok(response.body(body))
}

/// What every answer about a file carries.
fn with_facts(status: StatusCode, etag: &str) -> actix_web::HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response
        .insert_header((header::ETAG, etag))
        .insert_header((header::ACCEPT_RANGES, "bytes"))
        .insert_header((header::CACHE_CONTROL, "private, no-cache"));
    response
}

/// Whether the client has what this tag names.
pub(super) fn knows(asked: &HeaderMap, etag: &str) -> bool {
    asked
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|tags| names(tags, etag))
}

/// Whether a list of entity tags names this one; weak ones count (RFC 9110, 13.1.2).
fn names(tags: &str, etag: &str) -> bool {
    tags.split(',')
        .map(|tag| tag.trim().trim_start_matches("W/"))
        .any(|tag| tag == "*" || tag == etag)
}

/// The part of a file that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Range {
    /// All of it: nothing was asked, or several ranges, or what is no range.
    Whole,
    /// From one byte to another, both included.
    Part {
        /// The first.
        start: u64,
        /// The last.
        end: u64,
    },
    /// Beyond the end.
    Nowhere,
}

impl Range {
    /// Reads `bytes=first-last`, `bytes=first-` and `bytes=-length` for a file of `size` bytes.
    pub(super) fn read(text: &str, size: u64) -> Self {
        let Some((first, last)) = text
            .trim()
            .strip_prefix("bytes=")
            .and_then(|range| range.split_once('-'))
        else {
            return Self::Whole;
        };
        let number = |text: &str| -> Option<u64> {
            let text = text.trim();
            (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
                .then(|| text.parse().unwrap_or(u64::MAX))
        };
        let end = size.saturating_sub(1);
        match (number(first), number(last)) {
            (Some(start), _)
                if start >= size && (last.trim().is_empty() || number(last).is_some()) =>
            {
                Self::Nowhere
            }
            (Some(start), Some(last)) if start <= last => Self::Part {
                start,
                end: last.min(end),
            },
            (Some(start), None) if last.trim().is_empty() => Self::Part { start, end },
            (None, Some(length)) if first.trim().is_empty() => {
                if length == 0 || size == 0 {
                    Self::Nowhere
                } else {
                    Self::Part {
                        start: size.saturating_sub(length),
                        end,
                    }
                }
            }
            _ => Self::Whole,
        }
    }
}

/// The media type of an extension, and whether a browser may show it. Pages never are: they could act in our name.
fn media_type(extension: &str) -> (&'static str, bool) {
    match extension {
        "pdf" => ("application/pdf", true),
        "txt" | "text" | "log" | "md" | "markdown" | "csv" | "tsv" | "tab" | "srt" | "vtt" => {
            ("text/plain", true)
        }
        "docx" => (
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            false,
        ),
        "pptx" => (
            "application/vnd.openxmlformats-officedocument.presentationml.presentation",
            false,
        ),
        "xlsx" => (
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            false,
        ),
        "mp4" | "m4v" => ("video/mp4", true),
        "mov" => ("video/quicktime", true),
        "webm" => ("video/webm", true),
        "mkv" => ("video/x-matroska", true),
        "avi" => ("video/x-msvideo", true),
        "mp3" => ("audio/mpeg", true),
        "m4a" => ("audio/mp4", true),
        "ogg" => ("audio/ogg", true),
        "wav" => ("audio/wav", true),
        "odt" => ("application/vnd.oasis.opendocument.text", false),
        "ods" => ("application/vnd.oasis.opendocument.spreadsheet", false),
        "odp" => ("application/vnd.oasis.opendocument.presentation", false),
        "epub" => ("application/epub+zip", false),
        "eml" => ("message/rfc822", false),
        _ => ("application/octet-stream", false),
    }
}

/// `Content-Disposition` with a name for old clients and the real one (RFC 6266, appendix D).
pub(super) fn disposition(kind: &str, filename: &str) -> String {
    let plain: String = filename
        .chars()
        .map(|letter| match letter {
            '"' | '\\' | '%' => '_',
            letter if letter.is_ascii() && !letter.is_ascii_control() => letter,
            _ => '_',
        })
        .collect();
    let real = utf8_percent_encode(filename, IN_VALUE);
    format!("{kind}; filename=\"{plain}\"; filename*=UTF-8''{real}")
}

/// All materials as one `tar.gz`, made while it is sent.
pub(super) async fn package(
    materials: actix_web::web::Data<MaterialService>,
) -> Result<HttpResponse, ApiError> {
    let turn = std::sync::Arc::clone(materials.packing())
        .try_acquire_owned()
        .map_err(|_| ApiError::from(MaterialError::Busy).with_retry_after(BUSY_WAIT))?;
    let mut rows = Vec::new();
    loop {
        let after = rows.last().map(|row: &MaterialRow| row.id.clone());
        let wanted = Wanted {
            after: after.unwrap_or_default(),
            limit: PAGE,
            ..Wanted::default()
        };
        let page = materials.list(&wanted).await?;
        let is_last = (page.len() as i64) < PAGE;
        rows.extend(page);
        if is_last {
            break;
        }
    }
    let (sender, receiver) = mpsc::channel::<io::Result<Bytes>>(8);
    let files = materials.files().clone();
    // Ends when all is sent, or when the client is gone and nobody receives.
    drop(spawn_blocking_in_span(move || {
        let _turn = turn;
        let pieces = Pieces {
            sender: sender.clone(),
            kept: Vec::with_capacity(PIECE),
        };
        if let Err(error) = write_package(&rows, &files, pieces) {
            tracing::debug!(%error, "package not sent to its end");
            // The client must not take a part for the whole: the line breaks.
            drop(sender.blocking_send(Err(error)));
        }
    }));
    let body = stream::unfold(receiver, |mut receiver| async {
        receiver.recv().await.map(|piece| (piece, receiver))
    });
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "application/gzip"))
        .insert_header((
            header::CONTENT_DISPOSITION,
            disposition("attachment", "materials.tar.gz"),
        ))
        .streaming(body))
}

fn write_package(
    rows: &[MaterialRow],
    files: &shared::files::Files,
    pieces: Pieces,
) -> io::Result<()> {
    let mut package = tar::Builder::new(GzEncoder::new(pieces, Compression::fast()));
    for row in rows {
        let file = match std::fs::File::open(files.path_of(&row.content_hash)) {
            Ok(file) => file,
            // Removed meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        let mut head = tar::Header::new_gnu();
        head.set_size(file.metadata()?.len());
        head.set_mode(0o644);
        head.set_mtime(row.updated_at.div_euclid(1000).unsigned_abs());
        package.append_data(&mut head, &row.id, file)?;
    }
    let mut pieces = package.into_inner()?.finish()?;
    pieces.flush()
}

/// Sends what is written in pieces; fails when nobody receives any more.
struct Pieces {
    sender: mpsc::Sender<io::Result<Bytes>>,
    kept: Vec<u8>,
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.kept.extend_from_slice(bytes);
        if self.kept.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.kept.is_empty() {
            return Ok(());
        }
        let piece = Bytes::from(std::mem::replace(&mut self.kept, Vec::with_capacity(PIECE)));
        self.sender
            .blocking_send(Ok(piece))
            .map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}
