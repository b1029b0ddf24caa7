//! What can go wrong with a job, and how it is answered.
#![warn(clippy::wildcard_enum_match_arm)]

use shared::db::DbError;
use shared::problem::{Code, HasProblem};

/// What can go wrong with a job.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// No such job.
    #[error("job does not exist")]
    NotFound,
    /// It has ended; nothing is left to cancel.
    #[error("job has ended")]
    Ended,
    /// The state asked for is none.
    #[error("unknown job state")]
    UnknownState,
    /// The database failed.
    #[error("job store failed")]
    Store(#[from] DbError),
    /// The queue failed.
    #[error("job queue failed")]
    Queue(#[from] super::QueueError),
}

impl HasProblem for JobError {
    fn code(&self) -> Code {
        match self {
            Self::NotFound => Code::JobNotFound,
            Self::Ended => Code::JobFinished,
            Self::UnknownState => Code::InvalidRequest,
            Self::Store(DbError::Full(_)) => Code::StorageFull,
            Self::Queue(error) if error.disk_full() => Code::StorageFull,
            Self::Store(_) | Self::Queue(_) => Code::Internal,
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::NotFound => "Esta tarefa não existe.".into(),
            Self::Ended => "Esta tarefa já terminou.".into(),
            Self::UnknownState => "Não existe tarefa neste estado.".into(),
            Self::Store(_) | Self::Queue(_) => {
                "Não foi possível consultar as tarefas; tente de novo.".into()
            }
        }
    }
}
