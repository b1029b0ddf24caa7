#![warn(clippy::wildcard_enum_match_arm)]

use std::time::Duration;

use shared::db::DbError;
use shared::problem::{Code, FieldError, HasProblem, Invalid};

/// What can go wrong with the assistant's configuration.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AssistantError {
    /// No such template.
    #[error("template does not exist")]
    TemplateNotFound,
    /// A template of our own cannot be removed.
    #[error("template is built in")]
    BuiltIn,
    /// There are enough templates.
    #[error("too many templates")]
    TooMany,
    /// Values that cannot be.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// What is stored cannot be read.
    #[error("stored configuration cannot be read")]
    Unreadable(#[from] serde_json::Error),
    /// The store.
    #[error("assistant store failed")]
    Store(#[from] DbError),
}

impl HasProblem for AssistantError {
    fn code(&self) -> Code {
        match self {
            Self::TemplateNotFound => Code::NotFound,
            Self::BuiltIn | Self::TooMany => Code::Conflict,
            Self::Invalid(error) => error.code(),
            Self::Unreadable(_) => Code::Internal,
            Self::Store(error) => error.code(),
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::TemplateNotFound => "Este modelo de configuração não existe.".to_owned(),
            Self::BuiltIn => "Este modelo faz parte do sistema e não pode ser removido.".to_owned(),
            Self::TooMany => "Já há modelos demais: remova um antes de salvar outro.".to_owned(),
            Self::Invalid(error) => error.detail(),
            Self::Unreadable(_) | Self::Store(_) => self.code().detail().to_owned(),
        }
    }

    fn errors(&self) -> Vec<FieldError> {
        match self {
            Self::Invalid(error) => error.errors(),
            Self::TemplateNotFound
            | Self::BuiltIn
            | Self::TooMany
            | Self::Unreadable(_)
            | Self::Store(_) => Vec::new(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Store(error) => error.retry_after(),
            Self::TemplateNotFound
            | Self::BuiltIn
            | Self::TooMany
            | Self::Invalid(_)
            | Self::Unreadable(_) => None,
        }
    }
}
