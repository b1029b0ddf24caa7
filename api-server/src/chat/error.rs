#![warn(clippy::wildcard_enum_match_arm)]

use std::time::Duration;

use shared::db::DbError;
use shared::problem::{Code, FieldError, HasProblem, Invalid};

/// What can go wrong with questions and conversations.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChatError {
    /// No such conversation of this user.
    #[error("conversation does not exist")]
    ConversationNotFound,
    /// No such answer of this user.
    #[error("answer does not exist")]
    AnswerNotFound,
    /// More characters than are read at all.
    #[error("message has more than {limit} characters")]
    TooLong {
        /// Most characters.
        limit: usize,
    },
    /// Fields of the request.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// What is stored cannot be read.
    #[error("stored message cannot be read")]
    Unreadable(#[from] serde_json::Error),
    /// The store.
    #[error("chat store failed")]
    Store(#[from] DbError),
}

impl HasProblem for ChatError {
    fn code(&self) -> Code {
        match self {
            Self::ConversationNotFound => Code::ConversationNotFound,
            Self::AnswerNotFound => Code::NotFound,
            Self::TooLong { .. } => Code::PayloadTooLarge,
            Self::Invalid(error) => error.code(),
            Self::Unreadable(_) => Code::Internal,
            Self::Store(error) => error.code(),
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::AnswerNotFound => "Esta resposta não existe.".to_owned(),
            Self::TooLong { limit } => {
                format!("A mensagem passa de {limit} caracteres; envie um texto mais curto.")
            }
            Self::Invalid(error) => error.detail(),
            Self::ConversationNotFound | Self::Unreadable(_) | Self::Store(_) => {
                self.code().detail().to_owned()
            }
        }
    }

    fn errors(&self) -> Vec<FieldError> {
        match self {
            Self::Invalid(error) => error.errors(),
            Self::ConversationNotFound
            | Self::AnswerNotFound
            | Self::TooLong { .. }
            | Self::Unreadable(_)
            | Self::Store(_) => Vec::new(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Store(error) => error.retry_after(),
            Self::ConversationNotFound
            | Self::AnswerNotFound
            | Self::TooLong { .. }
            | Self::Invalid(_)
            | Self::Unreadable(_) => None,
        }
    }
}
