#![warn(clippy::wildcard_enum_match_arm)]

use std::time::Duration;

use shared::db::DbError;
use shared::problem::{Code, FieldError, HasProblem};

/// What can go wrong with alerts.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AlertError {
    /// Fields that cannot be taken.
    #[error("settings cannot be taken")]
    Invalid(Vec<FieldError>),
    /// What is stored is no JSON of ours.
    #[error("stored settings cannot be read")]
    Stored(#[from] serde_json::Error),
    /// The store.
    #[error("alert store failed")]
    Store(#[from] DbError),
}

impl HasProblem for AlertError {
    fn code(&self) -> Code {
        match self {
            Self::Invalid(_) => Code::Unprocessable,
            Self::Stored(_) => Code::Internal,
            Self::Store(error) => error.code(),
        }
    }

    fn errors(&self) -> Vec<FieldError> {
        match self {
            Self::Invalid(errors) => errors.clone(),
            Self::Stored(_) | Self::Store(_) => Vec::new(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Store(error) => error.retry_after(),
            Self::Invalid(_) | Self::Stored(_) => None,
        }
    }
}
