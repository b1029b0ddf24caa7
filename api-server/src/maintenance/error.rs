#![warn(clippy::wildcard_enum_match_arm)]

use std::time::Duration;

use shared::db::DbError;
use shared::problem::{ApiError, Code, FieldError, HasProblem};

use crate::materials::MaterialError;
use crate::rag::RagError;

/// What can go wrong with maintenance.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MaintenanceError {
    /// Another operation is at work.
    #[error("another maintenance is at work")]
    Busy,
    /// It was not confirmed.
    #[error("not confirmed")]
    NotConfirmed,
    /// No such job.
    #[error("job does not exist")]
    NotFound,
    /// The server stops.
    #[error("interrupted by the end of the server")]
    Interrupted,
    /// Materials.
    #[error(transparent)]
    Material(#[from] MaterialError),
    /// The rag-server.
    #[error("rag-server did not do its part")]
    Rag(#[from] RagError),
    /// The store.
    #[error("maintenance store failed")]
    Store(#[from] DbError),
}

impl HasProblem for MaintenanceError {
    fn code(&self) -> Code {
        match self {
            Self::Busy => Code::Conflict,
            Self::NotConfirmed => Code::ConfirmationRequired,
            Self::NotFound => Code::JobNotFound,
            Self::Interrupted => Code::ShuttingDown,
            Self::Material(error) => error.code(),
            Self::Rag(_) => Code::ProviderFailed,
            Self::Store(error) => error.code(),
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::Busy => "Outra manutenção está em andamento; espere que ela termine.".to_owned(),
            Self::Material(error) => error.detail(),
            Self::Rag(_) => "O servidor de busca não fez a sua parte.".to_owned(),
            Self::NotConfirmed | Self::NotFound | Self::Interrupted | Self::Store(_) => {
                self.code().detail().to_owned()
            }
        }
    }

    fn errors(&self) -> Vec<FieldError> {
        match self {
            Self::Material(error) => error.errors(),
            Self::Busy
            | Self::NotConfirmed
            | Self::NotFound
            | Self::Interrupted
            | Self::Rag(_)
            | Self::Store(_) => Vec::new(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Material(error) => error.retry_after(),
            Self::Store(error) => error.retry_after(),
            Self::Busy | Self::NotConfirmed | Self::NotFound | Self::Interrupted | Self::Rag(_) => {
                None
            }
        }
    }
}

/// The problem people see: the rag-server's own words where it has some.
pub(super) fn problem(error: MaintenanceError) -> ApiError {
    if let MaintenanceError::Rag(error) = error {
        error.into()
    } else {
        error.into()
    }
}
