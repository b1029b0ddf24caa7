//! Why nothing was learned, or nothing taken back.
#![warn(clippy::wildcard_enum_match_arm)]

use std::io;

use shared::problem::{Code, FieldError, HasProblem, Invalid};

use crate::query::QueryError;

/// Why nothing was learned, or nothing taken back.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RankingError {
    /// Fields of the request are out of range.
    #[error("request is not valid")]
    Invalid(#[from] Invalid),
    /// Another run is being learned from.
    #[error("learning already")]
    Busy,
    /// No examples of this run are here.
    #[error("no examples of this run")]
    UnknownRun,
    /// A run has more examples than are taken.
    #[error("run is too large")]
    RunTooLarge,
    /// There is no such version, or nothing was learned with it.
    #[error("version does not exist")]
    NotFound,
    /// The ranking that comes with the program is in use.
    #[error("nothing to roll back")]
    NothingToRollBack,
    /// A question could not be measured.
    #[error("question could not be measured")]
    Query(#[from] QueryError),
    /// The bundled set of questions cannot be used.
    #[error("evaluation set cannot be used")]
    Known(#[from] KnownError),
    /// Nothing can be learned from this.
    #[error("nothing can be learned")]
    Fit(#[from] rank::FitError),
    /// The disk failed, or is full.
    #[error("disk failed")]
    Io(#[from] io::Error),
    /// The work was interrupted.
    #[error("work was interrupted")]
    Interrupted(#[from] tokio::task::JoinError),
}

/// Why the bundled set of questions cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KnownError {
    /// Not gzip.
    #[error("evaluation set cannot be unpacked")]
    Packed(#[source] io::Error),
    /// Made for another release.
    #[error("evaluation set cannot be read")]
    Form(#[from] rank::ModelError),
}

impl HasProblem for RankingError {
    fn code(&self) -> Code {
        match self {
            Self::Invalid(invalid) => invalid.code(),
            Self::Busy | Self::UnknownRun | Self::NothingToRollBack => Code::Conflict,
            Self::RunTooLarge => Code::PayloadTooLarge,
            Self::NotFound => Code::NotFound,
            Self::Query(error) => error.code(),
            Self::Io(error) if error.kind() == io::ErrorKind::StorageFull => Code::StorageFull,
            Self::Known(_) | Self::Fit(_) | Self::Io(_) | Self::Interrupted(_) => Code::Internal,
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::Invalid(invalid) => invalid.detail(),
            Self::Busy => "Já há um aprendizado em andamento; aguarde o fim dele.".into(),
            Self::UnknownRun => {
                "Não há exemplos desta rodada no servidor; envie-os de novo antes de aprender."
                    .into()
            }
            Self::RunTooLarge => "Uma rodada aceita no máximo 5.000 exemplos.".into(),
            Self::NotFound => "Esta versão do ordenamento não existe.".into(),
            Self::NothingToRollBack => {
                "O ordenamento original já está em uso; não há o que desfazer.".into()
            }
            Self::Query(error) => error.detail(),
            Self::Known(_) | Self::Fit(_) | Self::Io(_) | Self::Interrupted(_) => {
                self.code().detail().to_owned()
            }
        }
    }

    fn errors(&self) -> Vec<FieldError> {
        match self {
            Self::Invalid(invalid) => invalid.errors(),
            Self::Query(error) => error.errors(),
            Self::Busy
            | Self::UnknownRun
            | Self::RunTooLarge
            | Self::NotFound
            | Self::NothingToRollBack
            | Self::Known(_)
            | Self::Fit(_)
            | Self::Io(_)
            | Self::Interrupted(_) => Vec::new(),
        }
    }
}
