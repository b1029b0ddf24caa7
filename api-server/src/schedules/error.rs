#![warn(clippy::wildcard_enum_match_arm)]

use std::time::Duration;

use shared::db::DbError;
use shared::problem::{Code, FieldError, HasProblem};

/// What can go wrong with schedules.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ScheduleError {
    /// There is none of this name.
    #[error("no such schedule")]
    NotFound,
    /// It is running already.
    #[error("schedule runs already")]
    Running,
    /// What was given is no time.
    #[error("not five fields of cron")]
    Malformed,
    /// A time that never comes.
    #[error("time never comes")]
    Never,
    /// The store.
    #[error("schedule store failed")]
    Store(#[from] DbError),
}

impl HasProblem for ScheduleError {
    fn code(&self) -> Code {
        match self {
            Self::NotFound => Code::JobNotFound,
            Self::Running => Code::Conflict,
            Self::Malformed | Self::Never => Code::Unprocessable,
            Self::Store(error) => error.code(),
        }
    }

    fn detail(&self) -> String {
        let text = match self {
            Self::Running => {
                "Esta tarefa já está em andamento; aguarde o fim dela para iniciar outra vez."
            }
            Self::Malformed => {
                "O horário deve ter os cinco campos do cron: minuto, hora, dia, mês e dia da semana."
            }
            Self::Never => "Este horário nunca acontece.",
            Self::NotFound | Self::Store(_) => self.code().detail(),
        };
        text.to_owned()
    }

    fn errors(&self) -> Vec<FieldError> {
        match self {
            Self::Malformed | Self::Never => {
                vec![FieldError::new("/cron", "invalid", self.detail())]
            }
            Self::NotFound | Self::Running | Self::Store(_) => Vec::new(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Store(error) => error.retry_after(),
            Self::NotFound | Self::Running | Self::Malformed | Self::Never => None,
        }
    }
}
