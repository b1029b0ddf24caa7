#![warn(clippy::wildcard_enum_match_arm)]

use std::time::Duration;

use shared::db::DbError;
use shared::problem::{Code, FieldError, HasProblem};

use crate::limits::TooManyAttempts;
use crate::passwords::PasswordError;
use crate::tokens::JwtError;
use crate::two_factor::TwoFactorError;

/// What can go wrong with signing in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SessionError {
    /// Name or password.
    #[error("name or password is wrong")]
    WrongCredentials,
    /// The password is right, a code is missing.
    #[error("second factor is missing")]
    CodeMissing,
    /// The password is right, the code is not.
    #[error("second factor is wrong")]
    CodeWrong,
    /// The password is right, the account shut out.
    #[error("account is disabled")]
    Disabled,
    /// The password is right, the account not let in.
    #[error("account is not approved")]
    NotApproved,
    /// The one-time password has ended.
    #[error("temporary password is over")]
    TemporaryOver,
    /// A refresh token that is none, has ended or was used.
    #[error("refresh token is not valid")]
    RefreshRefused,
    /// No such session of this user.
    #[error("session does not exist")]
    NotFound,
    /// Longer than tokens live.
    #[error("expires_in is out of range")]
    Lifetime,
    /// Wrong too often.
    #[error(transparent)]
    TooMany(#[from] TooManyAttempts),
    /// Hashing.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The second factor's store or key.
    #[error(transparent)]
    TwoFactor(#[from] TwoFactorError),
    /// Signing.
    #[error(transparent)]
    Token(#[from] JwtError),
    /// The store.
    #[error("session store failed")]
    Store(#[from] DbError),
}

impl HasProblem for SessionError {
    fn code(&self) -> Code {
        match self {
            Self::WrongCredentials | Self::CodeMissing | Self::CodeWrong | Self::RefreshRefused => {
                Code::Unauthorized
            }
            Self::Disabled | Self::NotApproved | Self::TemporaryOver => Code::Forbidden,
            Self::NotFound => Code::NotFound,
            Self::Lifetime => Code::Unprocessable,
            Self::TooMany(error) => error.code(),
            Self::Password(error) => error.code(),
            Self::TwoFactor(error) => error.code(),
            Self::Token(_) => Code::Internal,
            Self::Store(error) => error.code(),
        }
    }

    fn detail(&self) -> String {
        let text = match self {
            Self::WrongCredentials => "Usuário ou senha incorretos.",
            Self::CodeMissing => {
                "Informe o código de verificação em duas etapas (no campo otp ou logo após a senha)."
            }
            Self::CodeWrong => "O código de verificação está incorreto ou já foi usado.",
            Self::Disabled => "Esta conta está desativada. Fale com um administrador.",
            Self::NotApproved => "Esta conta ainda não foi aprovada.",
            Self::TemporaryOver => "A senha temporária expirou. Peça outra a um administrador.",
            Self::RefreshRefused => "A sessão terminou. Entre de novo.",
            Self::NotFound => "Esta sessão não existe.",
            Self::Lifetime => "expires_in: fora do intervalo permitido.",
            Self::TooMany(error) => return error.detail(),
            Self::Password(error) => return error.detail(),
            Self::TwoFactor(error) => return error.detail(),
            Self::Token(_) | Self::Store(_) => self.code().detail(),
        };
        text.to_owned()
    }

    fn errors(&self) -> Vec<FieldError> {
        match self {
            Self::CodeMissing => vec![FieldError::new("/otp", "missing_field", "é necessário")],
            Self::CodeWrong => vec![FieldError::new("/otp", "invalid_value", "está incorreto")],
            Self::Lifetime => vec![FieldError::new(
                "/expires_in",
                "out_of_range",
                "fora do intervalo permitido",
            )],
            Self::WrongCredentials
            | Self::Disabled
            | Self::NotApproved
            | Self::TemporaryOver
            | Self::RefreshRefused
            | Self::NotFound
            | Self::TooMany(_)
            | Self::Password(_)
            | Self::TwoFactor(_)
            | Self::Token(_)
            | Self::Store(_) => Vec::new(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooMany(error) => error.retry_after(),
            Self::Store(error) => error.retry_after(),
            Self::WrongCredentials
            | Self::CodeMissing
            | Self::CodeWrong
            | Self::Disabled
            | Self::NotApproved
            | Self::TemporaryOver
            | Self::RefreshRefused
            | Self::NotFound
            | Self::Lifetime
            | Self::Password(_)
            | Self::TwoFactor(_)
            | Self::Token(_) => None,
        }
    }
}
