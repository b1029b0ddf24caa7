#![warn(clippy::wildcard_enum_match_arm)]

use std::time::Duration;

use shared::db::DbError;
use shared::problem::{Code, FieldError, HasProblem};

use crate::users::UserError;

/// What can go wrong with links.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LinkError {
    /// Unknown, over, used, or somebody else's.
    #[error("link is not valid")]
    NotValid,
    /// Nobody on the approved list has this name.
    #[error("nobody of this name is approved")]
    NotListed,
    /// The account has no address to write to.
    #[error("account has no e-mail")]
    NoEmail,
    /// The account.
    #[error(transparent)]
    User(#[from] UserError),
    /// The store.
    #[error("link store failed")]
    Store(#[from] DbError),
}

impl HasProblem for LinkError {
    fn code(&self) -> Code {
        match self {
            Self::NotValid | Self::NoEmail => Code::InvalidRequest,
            Self::NotListed => Code::UserNotFound,
            Self::User(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }

    fn detail(&self) -> String {
        let text = match self {
            Self::NotValid => "Este link não é válido ou já expirou. Peça outro.",
            Self::NotListed => "Esta pessoa não está na lista de aprovados.",
            Self::NoEmail => "Este usuário não tem e-mail cadastrado.",
            Self::User(error) => return error.detail(),
            Self::Store(_) => self.code().detail(),
        };
        text.to_owned()
    }

    fn errors(&self) -> Vec<FieldError> {
        match self {
            Self::User(error) => error.errors(),
            Self::NotValid | Self::NotListed | Self::NoEmail | Self::Store(_) => Vec::new(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::User(error) => error.retry_after(),
            Self::Store(error) => error.retry_after(),
            Self::NotValid | Self::NotListed | Self::NoEmail => None,
        }
    }
}
