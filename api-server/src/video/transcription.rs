//! Has recordings written down by an OpenAI-compatible endpoint (`POST /audio/transcriptions`, `response_format=vtt`), and
//! takes in what it heard as subtitles beside them.
//!
//! A recording that is taken in writes a row of `transcriptions` in the same transaction; whoever runs this worker claims
//! rows one by one. A killed owner's claim ends by itself, after the longest a transcription may take.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE};
use secrecy::ExposeSecret as _;
use shared::clock::Clock;
use shared::db::{Db, DbError};
use shared::http::{self, HttpError, HttpSettings};
use shared::settings::SecretString;
use tokio::sync::Notify;
use tokio_util::io::ReaderStream;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use url::Url;

use super::names::stem;
use super::store::{self, Claimed};
use crate::materials::{Description, MaterialError, MaterialId, MaterialRow, MaterialService};
use crate::waits::later;

/// Most bytes of a transcript: a day of talk has less.
const MAX_TRANSCRIPT: u64 = 8 * 1024 * 1024;
/// Bytes of a recording read at a time.
const PIECE: usize = 256 * 1024;
/// Recordings that were asked for elsewhere are looked for so often.
const LOOK_EVERY: Duration = Duration::from_secs(15);
/// A claim outlives the longest transcription by so much.
const MARGIN: Duration = Duration::from_mins(1);
/// First wait after a failure; doubles. After so many attempts a recording is given up.
const FIRST_WAIT: Duration = Duration::from_secs(10);
const MOST_ATTEMPTS: i64 = 8;

/// Who writes recordings down.
#[derive(Debug, Clone)]
pub struct TranscriptionSettings {
    /// Up to and with the version: `https://api.example.org/v1`.
    pub base_url: Url,
    /// Model.
    pub model: String,
    /// Key, if one is needed.
    pub key: Option<SecretString>,
    /// Language, if it is known.
    pub language: Option<String>,
    /// Longest wait for one transcript.
    pub timeout: Duration,
}

/// Why a recording was not written down.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// It is gone.
    #[error("recording is gone")]
    Gone,
    /// The endpoint does not take it.
    #[error("transcription endpoint refused with {0}")]
    Refused(u16),
    /// The endpoint may take it another time.
    #[error("transcription endpoint answered {0}")]
    Later(u16),
    /// What it answered has no times.
    #[error("transcription endpoint answered no WebVTT")]
    NoSubtitles,
    /// The connection.
    #[error("transcription endpoint could not be asked")]
    Http(#[from] HttpError),
    /// The file.
    #[error("recording could not be read")]
    File(#[from] std::io::Error),
    /// Materials.
    #[error("transcript could not be taken in")]
    Material(#[from] MaterialError),
}

impl Failure {
    /// The sentence for people, if trying again changes nothing.
    fn reason(&self) -> Option<&'static str> {
        match self {
            Self::Refused(_) => Some("O serviço de transcrição não aceitou este arquivo."),
            Self::NoSubtitles => {
                Some("O serviço de transcrição não devolveu uma legenda com tempos (WebVTT).")
            }
            Self::Gone | Self::Later(_) | Self::Http(_) | Self::File(_) | Self::Material(_) => None,
        }
    }
}

/// Writes recordings down.
#[derive(Debug)]
pub(crate) struct Transcriber {
    db: Db,
    materials: Arc<MaterialService>,
    http: reqwest::Client,
    settings: TranscriptionSettings,
    clock: Arc<dyn Clock>,
    due: Notify,
}

impl Transcriber {
    /// Recordings of `materials`, written down as `settings` say.
    ///
    /// # Errors
    /// [`HttpError::Setup`].
    pub(crate) fn new(
        db: Db,
        materials: Arc<MaterialService>,
        settings: TranscriptionSettings,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, HttpError> {
        let patience = HttpSettings {
            // A model thinks in silence until it has heard everything.
            read_timeout: settings.timeout,
            total_timeout: settings.timeout,
            ..HttpSettings::default()
        };
        Ok(Self {
            db,
            materials,
            http: http::client(&patience)?,
            settings,
            clock,
            due: Notify::new(),
        })
    }

    /// A recording was asked for.
    pub(crate) fn wake(&self) {
        self.due.notify_one();
    }

    /// Works until `stopping`.
    pub(crate) async fn run(self: Arc<Self>, stopping: CancellationToken) {
        let mut changes = self.materials.changes();
        while !stopping.is_cancelled() {
            if let Err(error) = self.work(&stopping).await {
                warn!(error = %shared::telemetry::chain(&error), "recordings could not be looked for: {error}");
            }
            tokio::select! {
                () = stopping.cancelled() => return,
                () = self.due.notified() => {}
                // A recording may have been taken in.
                Ok(()) = changes.changed() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// Writes down what is due, one recording after the other.
    async fn work(&self, stopping: &CancellationToken) -> Result<(), DbError> {
        while !stopping.is_cancelled() {
            let now = self.clock.now_ms();
            let until = later(now, self.settings.timeout.saturating_add(MARGIN));
            let Some(claimed) = store::claim(&self.db, now, until).await? else {
                return Ok(());
            };
            let done = tokio::select! {
                done = self.write_down(&claimed) => done,
                () = stopping.cancelled() => {
                    // The next process need not wait for the end of the claim.
                    return store::delay(&self.db, &claimed.material_uid, now).await;
                }
            };
            self.note(&claimed, done).await?;
        }
        Ok(())
    }

    async fn note(&self, claimed: &Claimed, done: Result<(), Failure>) -> Result<(), DbError> {
        let uid = claimed.material_uid.as_str();
        let error = match done {
            Ok(()) => {
                info!(material.uid = %uid, "wrote down recording {uid}");
                return store::end(&self.db, uid, None).await;
            }
            Err(Failure::Gone) => return store::forget(&self.db, uid).await,
            Err(error) => error,
        };
        let gives_up = (claimed.attempts >= MOST_ATTEMPTS).then_some(
            "O serviço de transcrição não respondeu; peça a transcrição de novo mais tarde.",
        );
        warn!(material.uid = %uid, error = %shared::telemetry::chain(&error), "recording {uid} was not written down");
        if let Some(reason) = error.reason().or(gives_up) {
            return store::end(&self.db, uid, Some(reason)).await;
        }
        let doubled =
            2_u32.saturating_pow(u32::try_from(claimed.attempts.clamp(1, 10)).unwrap_or(10) - 1);
        let due_at = later(self.clock.now_ms(), FIRST_WAIT.saturating_mul(doubled));
        store::delay(&self.db, uid, due_at).await
    }

    async fn write_down(&self, claimed: &Claimed) -> Result<(), Failure> {
        let row = match self.materials.find_uid(&claimed.material_uid).await {
            Err(MaterialError::NotFound) => return Err(Failure::Gone),
            found => found?,
        };
        let text = self.hear(&row, &self.materials.path_of(&row)).await?;
        let id = MaterialId::parse(&format!("{}.vtt", stem(&row.id)))?;
        let description = Description {
            title: Some(row.title.clone()),
            about: None,
            tags: row.tags(),
        };
        self.materials
            .take_in_text(&claimed.actor(), id, text, description)
            .await?;
        Ok(())
    }

    /// Sends a file, streamed from disk, and gives what was heard as `WebVTT`.
    async fn hear(&self, row: &MaterialRow, path: &Path) -> Result<String, Failure> {
        let file = match tokio::fs::File::open(path).await {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(Failure::Gone);
            }
            opened => opened?,
        };
        let size = file.metadata().await?.len();
        let boundary = uuid::Uuid::now_v7().simple().to_string();
        let (before, after) = self.form(&boundary, &row.kind);
        let length = (before.len() as u64)
            .saturating_add(size)
            .saturating_add(after.len() as u64);
        let body = stream::iter([Ok(Bytes::from(before))])
            .chain(ReaderStream::with_capacity(file, PIECE).map_ok(Bytes::from))
            .chain(stream::iter([Ok::<_, std::io::Error>(Bytes::from(after))]));
        let mut url = self.settings.base_url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["audio", "transcriptions"]);
        }
        let mut request = self
            .http
            .post(url)
            .header(
                CONTENT_TYPE,
                format!("multipart/form-data; boundary={boundary}"),
            )
            .header(CONTENT_LENGTH, length)
            .body(reqwest::Body::wrap_stream(body));
        if let Some(key) = &self.settings.key {
            request = request.bearer_auth(key.expose_secret());
        }
        let response = request.send().await.map_err(HttpError::from)?;
        match response.status().as_u16() {
            200..=299 => {}
            // The operator's matter, or a passing one.
            status @ (401 | 403 | 404 | 408 | 425 | 429 | 500..=599) => {
                return Err(Failure::Later(status));
            }
            status => return Err(Failure::Refused(status)),
        }
        let bytes = http::read_capped(response, MAX_TRANSCRIPT).await?;
        let text = String::from_utf8_lossy(&bytes);
        let text = text.trim_start_matches('\u{feff}');
        if text.starts_with("WEBVTT") {
            Ok(text.to_owned())
        } else {
            Err(Failure::NoSubtitles)
        }
    }

    /// What stands before and after the file in the form (RFC 7578). The file's own name stays here.
    fn form(&self, boundary: &str, extension: &str) -> (String, String) {
        let mut before = String::new();
        let mut fields = vec![
            ("model", self.settings.model.as_str()),
            ("response_format", "vtt"),
        ];
        fields.extend(
            self.settings
                .language
                .as_deref()
                .map(|text| ("language", text)),
        );
        for (name, text) in fields {
            before.push_str(&format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n"
            ));
        }
        before.push_str(&format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"recording.{extension}\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n"
        ));
        (before, format!("\r\n--{boundary}--\r\n"))
    }
}
