#![warn(clippy::wildcard_enum_match_arm)]

use std::time::Duration;

use shared::db::DbError;
use shared::problem::{Code, FieldError, HasProblem, Invalid};

use crate::rag::RagError;

/// What can go wrong with learning from people.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ImprovementError {
    /// No such answer of this user.
    #[error("answer does not exist")]
    AnswerNotFound,
    /// Fields of the request.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The rag-server.
    #[error(transparent)]
    Rag(#[from] RagError),
    /// What is stored cannot be read.
    #[error("stored answer cannot be read")]
    Unreadable(#[from] serde_json::Error),
    /// The store.
    #[error("store of openings failed")]
    Store(#[from] DbError),
}

impl HasProblem for ImprovementError {
    fn code(&self) -> Code {
        match self {
            Self::AnswerNotFound => Code::NotFound,
            Self::Invalid(error) => error.code(),
            Self::Rag(_) => Code::ProviderFailed,
            Self::Unreadable(_) => Code::Internal,
            Self::Store(error) => error.code(),
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::AnswerNotFound => "Esta resposta não existe.".to_owned(),
            Self::Invalid(error) => error.detail(),
            Self::Rag(_) | Self::Unreadable(_) | Self::Store(_) => self.code().detail().to_owned(),
        }
    }

    fn errors(&self) -> Vec<FieldError> {
        match self {
            Self::Invalid(error) => error.errors(),
            Self::AnswerNotFound | Self::Rag(_) | Self::Unreadable(_) | Self::Store(_) => {
                Vec::new()
            }
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Store(error) => error.retry_after(),
            Self::AnswerNotFound | Self::Invalid(_) | Self::Rag(_) | Self::Unreadable(_) => None,
        }
    }
}
