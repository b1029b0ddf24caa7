#![warn(clippy::wildcard_enum_match_arm)]

use std::time::Duration;

use shared::db::DbError;
use shared::problem::{Code, FieldError, HasProblem, Invalid};

use crate::passwords::PasswordError;

/// What can go wrong with accounts.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UserError {
    /// No such user.
    #[error("user does not exist")]
    NotFound,
    /// The name belongs to somebody.
    #[error("username is taken")]
    NameTaken,
    /// The external id belongs to somebody.
    #[error("external id is taken")]
    ExternalIdTaken,
    /// Nobody does this to oneself.
    #[error("refused on the own account")]
    Oneself,
    /// Nobody could administer any more.
    #[error("refused on the last administrator")]
    LastAdmin,
    /// The password given as the current one is wrong.
    #[error("current password is wrong")]
    WrongPassword,
    /// The password given as the current one is over.
    #[error("temporary password is over")]
    TemporaryOver,
    /// The new password is the current one.
    #[error("new password equals the current one")]
    SamePassword,
    /// Fields of the request.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The new password.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The store.
    #[error("user store failed")]
    Store(#[source] DbError),
}

impl From<DbError> for UserError {
    fn from(error: DbError) -> Self {
        match &error {
            DbError::Unique { target } if target.contains("username") => Self::NameTaken,
            DbError::Unique { target } if target.contains("external") => Self::ExternalIdTaken,
            DbError::Unique { .. }
            | DbError::Constraint(_)
            | DbError::Busy(_)
            | DbError::Unavailable(_)
            | DbError::Full(_)
            | DbError::Url(_)
            | DbError::Other(_) => Self::Store(error),
        }
    }
}

impl HasProblem for UserError {
    fn code(&self) -> Code {
        match self {
            Self::NotFound => Code::UserNotFound,
            Self::NameTaken
            | Self::ExternalIdTaken
            | Self::Oneself
            | Self::LastAdmin
            | Self::WrongPassword
            | Self::TemporaryOver
            | Self::SamePassword => Code::InvalidRequest,
            Self::Invalid(error) => error.code(),
            Self::Password(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }

    fn detail(&self) -> String {
        let text = match self {
            Self::NameTaken => "Já existe um usuário com este nome.",
            Self::ExternalIdTaken => "Já existe um usuário com este identificador externo.",
            Self::Oneself => "Você não pode fazer isto com a própria conta.",
            Self::LastAdmin => {
                "Este é o último administrador ativo: a operação deixaria o sistema sem nenhum."
            }
            Self::WrongPassword => "A senha atual está incorreta.",
            Self::TemporaryOver => "A senha temporária expirou. Peça outra a um administrador.",
            Self::SamePassword => "A nova senha precisa ser diferente da atual.",
            Self::Invalid(error) => return error.detail(),
            Self::Password(error) => return error.detail(),
            Self::NotFound | Self::Store(_) => self.code().detail(),
        };
        text.to_owned()
    }

    fn errors(&self) -> Vec<FieldError> {
        match self {
            Self::Invalid(error) => error.errors(),
            Self::NotFound
            | Self::NameTaken
            | Self::ExternalIdTaken
            | Self::Oneself
            | Self::LastAdmin
            | Self::WrongPassword
            | Self::TemporaryOver
            | Self::SamePassword
            | Self::Password(_)
            | Self::Store(_) => Vec::new(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Store(error) => error.retry_after(),
            Self::NotFound
            | Self::NameTaken
            | Self::ExternalIdTaken
            | Self::Oneself
            | Self::LastAdmin
            | Self::WrongPassword
            | Self::TemporaryOver
            | Self::SamePassword
            | Self::Invalid(_)
            | Self::Password(_) => None,
        }
    }
}
