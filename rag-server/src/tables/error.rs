//! Why nothing could be computed.
#![warn(clippy::wildcard_enum_match_arm)]

use shared::problem::{Code, FieldError, HasProblem, Invalid};
use tables::Fault;

use crate::materials::MaterialError;

/// Why nothing could be computed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TableError {
    /// The request is not valid.
    #[error("request is not valid")]
    Invalid(#[from] Invalid),
    /// About the material.
    #[error("tables cannot be read")]
    Material(#[from] MaterialError),
    /// The material has no tables.
    #[error("material has no tables")]
    NoTables,
    /// The plan does not fit the tables.
    #[error("plan has faults")]
    Faults(Vec<Fault>),
    /// Computing was interrupted.
    #[error("computing was interrupted")]
    Interrupted(#[from] tokio::task::JoinError),
}

impl HasProblem for TableError {
    fn code(&self) -> Code {
        match self {
            Self::Invalid(invalid) => invalid.code(),
            Self::Material(error) => error.code(),
            Self::NoTables => Code::NotFound,
            Self::Faults(_) => Code::Unprocessable,
            Self::Interrupted(_) => Code::Internal,
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::Invalid(invalid) => invalid.detail(),
            Self::Material(error) => error.detail(),
            Self::NoTables => "Este material não tem tabelas.".into(),
            Self::Faults(faults) => match faults.as_slice() {
                [fault] => fault.detail.clone(),
                _ => "O plano não pode ser calculado sobre estas tabelas.".into(),
            },
            Self::Interrupted(_) => {
                "O cálculo foi interrompido; tente de novo em instantes.".into()
            }
        }
    }

    fn errors(&self) -> Vec<FieldError> {
        match self {
            Self::Invalid(invalid) => invalid.errors(),
            Self::Material(error) => error.errors(),
            Self::Faults(faults) => faults
                .iter()
                .map(|fault| FieldError::new("/plan", fault.code, fault.detail.clone()))
                .collect(),
            Self::NoTables | Self::Interrupted(_) => vec![],
        }
    }
}
