//! Why a page could not be shown.
#![warn(clippy::wildcard_enum_match_arm)]

use std::sync::Arc;

use shared::problem::{Code, FieldError, HasProblem, Invalid};

use crate::materials::MaterialError;
use crate::reader::ReadError;

/// Why a page could not be shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PageError {
    /// The request is not valid.
    #[error("request is not valid")]
    Invalid(#[from] Invalid),
    /// About the material.
    #[error("material cannot be shown")]
    Material(#[from] MaterialError),
    /// Its pages cannot be drawn: it has none, or is not read yet.
    #[error("material has no pages to draw")]
    NoPages,
    /// It has fewer pages.
    #[error("page does not exist")]
    NoSuchPage,
    /// Drawing failed.
    #[error("page could not be drawn")]
    Drawing(#[from] ReadError),
    /// Somebody asked for the same page at the same time, and this is what became of it.
    #[error("page could not be drawn")]
    Shared(#[source] Arc<PageError>),
}

impl HasProblem for PageError {
    fn code(&self) -> Code {
        match self {
            Self::Invalid(invalid) => invalid.code(),
            Self::Material(error) => error.code(),
            Self::NoPages | Self::NoSuchPage => Code::NotFound,
            Self::Drawing(error) if error.permanent() => Code::Unprocessable,
            Self::Drawing(ReadError::TimedOut { .. }) => Code::Timeout,
            Self::Drawing(_) => Code::Overloaded,
            Self::Shared(error) => error.code(),
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::Invalid(invalid) => invalid.detail(),
            Self::Material(error) => error.detail(),
            Self::NoPages => "Este material não tem páginas que possam ser mostradas.".into(),
            Self::NoSuchPage => "Este material não tem essa página.".into(),
            Self::Drawing(error) if error.permanent() => {
                "Esta página não pôde ser desenhada.".into()
            }
            Self::Drawing(_) => {
                "Não foi possível desenhar esta página agora; tente de novo em instantes.".into()
            }
            Self::Shared(error) => error.detail(),
        }
    }

    fn errors(&self) -> Vec<FieldError> {
        match self {
            Self::Invalid(invalid) => invalid.errors(),
            Self::Material(error) => error.errors(),
            Self::NoPages | Self::NoSuchPage | Self::Drawing(_) => vec![],
            Self::Shared(error) => error.errors(),
        }
    }
}
