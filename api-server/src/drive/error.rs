//! What can go wrong with Drive, and how it is answered.
#![warn(clippy::wildcard_enum_match_arm)]

use std::time::Duration;

use shared::db::DbError;
use shared::http::HttpError;
use shared::problem::{Code, FieldError, HasProblem};

use super::model::{Notice, Reason};
use crate::materials::MaterialError;

/// What can go wrong with Drive.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DriveError {
    /// Nobody is configured to ask as.
    #[error("no access to Drive is configured")]
    NotConfigured,
    /// The grant is not valid any more (RFC 6749, section 5.2).
    #[error("grant is not valid any more")]
    NeedsReauth,
    /// The credentials file cannot be used, or the token endpoint refuses it.
    #[error("credentials cannot be used: {0}")]
    Credentials(String),
    /// Drive does not show it to us, or it does not exist.
    #[error("not found in Drive")]
    NotFound,
    /// Drive refuses for good; the reason is Drive's word.
    #[error("Drive refuses: {0}")]
    Refused(String),
    /// The page token is not valid any more.
    #[error("page token is not valid any more")]
    TokenGone,
    /// Too many requests, after all tries.
    #[error("Drive limits the rate")]
    RateLimited,
    /// Today's quota is used up.
    #[error("daily quota is used up")]
    DailyLimit,
    /// No answer, or one of a server in trouble, after all tries.
    #[error("Drive is unavailable: {0}")]
    Unavailable(String),
    /// An answer that is none of Drive's.
    #[error("Drive answered something else: {0}")]
    Answer(&'static str),
    /// Content that did not pass its checks.
    #[error("content refused: {0:?}")]
    Content(Reason),
    /// Taking a file in failed.
    #[error("file could not be taken in")]
    Material(#[source] MaterialError),
    /// No such folder or run of ours.
    #[error("{0} does not exist")]
    Unknown(&'static str),
    /// A field cannot be accepted.
    #[error("field {pointer} is not valid")]
    Field {
        /// JSON pointer to it.
        pointer: &'static str,
        /// Sentence for people.
        detail: &'static str,
    },
    /// The run is in no state for that.
    #[error("run is in another state")]
    State(&'static str),
    /// The consent was begun elsewhere, took too long, or was denied.
    #[error("consent failed")]
    Consent,
    /// The database failed.
    #[error("store failed")]
    Store(#[from] DbError),
}

impl From<HttpError> for DriveError {
    fn from(error: HttpError) -> Self {
        match error {
            HttpError::Json(_) => Self::Answer("no JSON as agreed"),
            HttpError::TooLarge { .. } => Self::Answer("too large"),
            HttpError::Setup(_)
            | HttpError::Connection(_)
            | HttpError::Timeout(_)
            | HttpError::Other(_) => Self::Unavailable(shared::telemetry::chain(&error)),
        }
    }
}

impl From<MaterialError> for DriveError {
    fn from(error: MaterialError) -> Self {
        if let MaterialError::Store(error) = error {
            Self::Store(error)
        } else {
            Self::Material(error)
        }
    }
}

impl DriveError {
    /// Why a file failed, as the ledger says it.
    pub(super) fn reason(&self) -> Reason {
        match self {
            Self::NotFound => Reason::NotFound,
            Self::Refused(reason) => match reason.as_str() {
                "exportSizeLimitExceeded" => Reason::ExportTooLarge,
                "cannotDownloadFile" | "cannotExportFile" => Reason::NoDownload,
                "fileNotDownloadable" | "fileNotExportable" => Reason::NotExportable,
                _ => Reason::Forbidden,
            },
            Self::Content(reason) => *reason,
            Self::Answer(_) => Reason::WrongAnswer,
            Self::Material(error) => match error {
                MaterialError::Mismatch { .. } => Reason::ContentMismatch,
                MaterialError::Empty => Reason::Empty,
                MaterialError::TooLarge { .. } => Reason::TooLarge,
                MaterialError::NoFreeName | MaterialError::Field { .. } => Reason::Name,
                MaterialError::CutOff => Reason::Truncated,
                MaterialError::NotFound
                | MaterialError::Extension { .. }
                | MaterialError::Form(_)
                | MaterialError::Archive(_)
                | MaterialError::Busy
                | MaterialError::StorageFull
                | MaterialError::Files(_)
                | MaterialError::Store(_) => Reason::Storage,
            },
            Self::Store(_) => Reason::Storage,
            Self::NotConfigured
            | Self::NeedsReauth
            | Self::Credentials(_)
            | Self::TokenGone
            | Self::RateLimited
            | Self::DailyLimit
            | Self::Unavailable(_)
            | Self::Unknown(_)
            | Self::Field { .. }
            | Self::State(_)
            | Self::Consent => Reason::Unavailable,
        }
    }

    /// Why a run ended, as people should know.
    pub(super) fn notice(&self) -> Notice {
        match self {
            Self::NotConfigured => Notice::NotConfigured,
            Self::NeedsReauth => Notice::NeedsReauth,
            Self::NotFound | Self::Unknown(_) => Notice::FolderNotFound,
            Self::Credentials(_) | Self::Refused(_) => Notice::NoAccess,
            Self::RateLimited => Notice::RateLimited,
            Self::DailyLimit => Notice::DailyLimit,
            Self::Material(_) | Self::Store(_) => Notice::Storage,
            Self::TokenGone
            | Self::Unavailable(_)
            | Self::Answer(_)
            | Self::Content(_)
            | Self::Field { .. }
            | Self::State(_)
            | Self::Consent => Notice::Unavailable,
        }
    }

    /// It concerns the whole run: going on with other files is in vain.
    pub(super) fn ends_run(&self) -> bool {
        match self {
            Self::NeedsReauth | Self::Credentials(_) | Self::DailyLimit | Self::RateLimited => true,
            Self::Material(error) => matches!(error, MaterialError::StorageFull),
            Self::Store(_)
            | Self::NotConfigured
            | Self::NotFound
            | Self::Refused(_)
            | Self::TokenGone
            | Self::Unavailable(_)
            | Self::Answer(_)
            | Self::Content(_)
            | Self::Unknown(_)
            | Self::Field { .. }
            | Self::State(_)
            | Self::Consent => false,
        }
    }
}

impl HasProblem for DriveError {
    fn code(&self) -> Code {
        match self {
            Self::NotConfigured => Code::NotConfigured,
            Self::NeedsReauth | Self::State(_) => Code::Conflict,
            Self::NotFound | Self::Unknown(_) => Code::NotFound,
            Self::Refused(_) | Self::Credentials(_) => Code::Conflict,
            Self::RateLimited | Self::DailyLimit | Self::Unavailable(_) | Self::TokenGone => {
                Code::ProviderUnavailable
            }
            Self::Answer(_) | Self::Content(_) => Code::ProviderFailed,
            Self::Material(error) => error.code(),
            Self::Field { .. } => Code::Unprocessable,
            Self::Consent => Code::InvalidRequest,
            Self::Store(error) => error.code(),
        }
    }

    fn detail(&self) -> String {
        let text = match self {
            Self::Unknown("folder") => "Esta pasta não está sincronizada.",
            Self::Unknown(_) => "Esta sincronização não existe.",
            Self::Field { detail, .. } | Self::State(detail) => detail,
            Self::Consent => {
                "A conexão com o Google foi negada, expirou ou começou em outro navegador; comece de novo."
            }
            Self::Material(error) => return error.detail(),
            Self::Store(error) => return error.detail(),
            Self::NotConfigured
            | Self::NeedsReauth
            | Self::Credentials(_)
            | Self::NotFound
            | Self::Refused(_)
            | Self::TokenGone
            | Self::RateLimited
            | Self::DailyLimit
            | Self::Unavailable(_)
            | Self::Answer(_)
            | Self::Content(_) => self.notice().detail(),
        };
        text.to_owned()
    }

    fn errors(&self) -> Vec<FieldError> {
        if let Self::Field { pointer, detail } = self {
            vec![FieldError::new(*pointer, "invalid_value", *detail)]
        } else {
            Vec::new()
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        if let Self::Store(error) = self {
            error.retry_after()
        } else {
            None
        }
    }
}
