#![warn(clippy::wildcard_enum_match_arm)]

use std::time::Duration;

use shared::db::DbError;
use shared::problem::{Code, FieldError, HasProblem, Invalid};

use crate::chat::ChatError;
use crate::schedules::ScheduleError;

/// What can go wrong with what people plan.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlannedError {
    /// No such thing of this user.
    #[error("nothing planned has this id")]
    NotFound,
    /// As much as one person may plan.
    #[error("{limit} planned things are enough")]
    TooMany {
        /// How many are allowed.
        limit: u32,
    },
    /// Values that cannot be.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The time.
    #[error(transparent)]
    Time(#[from] ScheduleError),
    /// The question.
    #[error(transparent)]
    Chat(#[from] ChatError),
    /// The store.
    #[error("store of planned things failed")]
    Store(#[from] DbError),
}

impl HasProblem for PlannedError {
    fn code(&self) -> Code {
        match self {
            Self::NotFound => Code::NotFound,
            Self::TooMany { .. } => Code::Conflict,
            Self::Invalid(error) => error.code(),
            Self::Time(error) => error.code(),
            Self::Chat(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::NotFound => "Este agendamento não existe.".to_owned(),
            Self::TooMany { limit: 0 } => "Os agendamentos estão desligados.".to_owned(),
            Self::TooMany { limit } => format!(
                "Você já tem {limit} agendamentos em aberto; remova um deles para criar outro."
            ),
            Self::Invalid(error) => error.detail(),
            Self::Time(error) => error.detail(),
            Self::Chat(error) => error.detail(),
            Self::Store(_) => self.code().detail().to_owned(),
        }
    }

    fn errors(&self) -> Vec<FieldError> {
        match self {
            Self::Invalid(error) => error.errors(),
            Self::Time(error) => error.errors(),
            Self::Chat(error) => error.errors(),
            Self::NotFound | Self::TooMany { .. } | Self::Store(_) => Vec::new(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Time(error) => error.retry_after(),
            Self::Chat(error) => error.retry_after(),
            Self::Store(error) => error.retry_after(),
            Self::NotFound | Self::TooMany { .. } | Self::Invalid(_) => None,
        }
    }
}
