//! Why a question could not be answered.
#![warn(clippy::wildcard_enum_match_arm)]

use shared::db::DbError;
use shared::problem::{Code, FieldError, HasProblem, Invalid};
use shared::turns::TooMany;

/// Why a question could not be answered.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// Fields of the request are out of range.
    #[error("request is not valid")]
    Invalid(#[from] Invalid),
    /// As many questions wait as may.
    #[error("too many questions are waiting")]
    Busy(#[from] TooMany),
    /// Vectors were asked for, and there is no model to embed the question with.
    #[error("no embedding model is available")]
    NoVectors,
    /// The index failed.
    #[error("index failed")]
    Index(#[from] index::IndexError),
    /// The database failed.
    #[error("material store failed")]
    Store(#[from] DbError),
    /// Ranking was interrupted.
    #[error("ranking failed")]
    Ranking(#[from] tokio::task::JoinError),
}

impl HasProblem for QueryError {
    fn code(&self) -> Code {
        match self {
            Self::Invalid(invalid) => invalid.code(),
            Self::Busy(_) => Code::Overloaded,
            Self::NoVectors => Code::ProviderUnavailable,
            Self::Index(_) | Self::Store(_) | Self::Ranking(_) => Code::Internal,
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::Invalid(invalid) => invalid.detail(),
            Self::Busy(_) => {
                "Há perguntas demais neste momento; tente de novo em instantes.".into()
            }
            Self::NoVectors => {
                "A busca por significado não está disponível agora; use a busca por texto.".into()
            }
            Self::Index(_) | Self::Store(_) | Self::Ranking(_) => {
                "Não foi possível consultar o material agora; tente de novo em instantes.".into()
            }
        }
    }

    fn errors(&self) -> Vec<FieldError> {
        match self {
            Self::Invalid(invalid) => invalid.errors(),
            Self::Busy(_)
            | Self::NoVectors
            | Self::Index(_)
            | Self::Store(_)
            | Self::Ranking(_) => vec![],
        }
    }
}
