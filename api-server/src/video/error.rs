#![warn(clippy::wildcard_enum_match_arm)]

use std::time::Duration;

use shared::db::DbError;
use shared::problem::{Code, FieldError, HasProblem, Invalid};

use crate::materials::MaterialError;

/// What can go wrong with recordings.
#[derive(Debug, thiserror::Error)]
pub(crate) enum VideoError {
    /// It is no recording, and no subtitles.
    #[error("neither recording nor subtitles")]
    NoVideo,
    /// Nobody writes recordings down.
    #[error("no transcription endpoint is set up")]
    NoTranscriber,
    /// Values that cannot be.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// Materials.
    #[error(transparent)]
    Material(#[from] MaterialError),
    /// The file of the subtitles cannot be read.
    #[error("subtitles cannot be read")]
    File(#[source] std::io::Error),
    /// The store.
    #[error("video store failed")]
    Store(#[from] DbError),
}

impl HasProblem for VideoError {
    fn code(&self) -> Code {
        match self {
            Self::NoVideo => Code::MaterialNotFound,
            Self::NoTranscriber => Code::NotConfigured,
            Self::Invalid(error) => error.code(),
            Self::Material(error) => error.code(),
            Self::File(_) => Code::Internal,
            Self::Store(error) => error.code(),
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::NoVideo => "Este material não é um vídeo, um áudio ou uma legenda.".to_owned(),
            Self::NoTranscriber => {
                "A transcrição não está configurada neste servidor; envie a legenda (.srt ou .vtt) ao lado do vídeo."
                    .to_owned()
            }
            Self::Invalid(error) => error.detail(),
            Self::Material(error) => error.detail(),
            Self::File(_) | Self::Store(_) => self.code().detail().to_owned(),
        }
    }

    fn errors(&self) -> Vec<FieldError> {
        match self {
            Self::Invalid(error) => error.errors(),
            Self::Material(error) => error.errors(),
            Self::NoVideo | Self::NoTranscriber | Self::File(_) | Self::Store(_) => Vec::new(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Material(error) => error.retry_after(),
            Self::Store(error) => error.retry_after(),
            Self::NoVideo | Self::NoTranscriber | Self::Invalid(_) | Self::File(_) => None,
        }
    }
}
