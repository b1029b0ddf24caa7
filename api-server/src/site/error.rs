#![warn(clippy::wildcard_enum_match_arm)]

use std::time::Duration;

use shared::db::DbError;
use shared::problem::{Code, FieldError, HasProblem, Invalid};

use crate::alerts::AlertError;

/// What can go wrong with the settings of the system.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SiteError {
    /// Values that cannot be.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// What is stored cannot be written or read.
    #[error("stored settings cannot be read")]
    Unreadable(#[from] serde_json::Error),
    /// Who is to be told.
    #[error(transparent)]
    Alert(#[from] AlertError),
    /// The store.
    #[error("settings store failed")]
    Store(#[from] DbError),
}

impl HasProblem for SiteError {
    fn code(&self) -> Code {
        match self {
            Self::Invalid(error) => error.code(),
            Self::Unreadable(_) => Code::Internal,
            Self::Alert(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::Invalid(error) => error.detail(),
            Self::Unreadable(_) | Self::Alert(_) | Self::Store(_) => {
                self.code().detail().to_owned()
            }
        }
    }

    fn errors(&self) -> Vec<FieldError> {
        match self {
            Self::Invalid(error) => error.errors(),
            Self::Unreadable(_) | Self::Alert(_) | Self::Store(_) => Vec::new(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Alert(error) => error.retry_after(),
            Self::Store(error) => error.retry_after(),
            Self::Invalid(_) | Self::Unreadable(_) => None,
        }
    }
}
