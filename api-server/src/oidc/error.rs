#![warn(clippy::wildcard_enum_match_arm)]

use std::time::Duration;

use shared::db::DbError;
use shared::problem::{Code, HasProblem};

use crate::sessions::SessionError;
use crate::users::UserError;

/// What can go wrong with signing in by a provider.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OidcError {
    /// There is no provider.
    #[error("no identity provider is configured")]
    Off,
    /// It is not asked, or does not answer as agreed.
    #[error("identity provider failed: {0}")]
    Provider(String),
    /// This sign-in was not begun here, is over or was used.
    #[error("sign-in attempt is not valid")]
    Attempt,
    /// The provider, or the person there, said no.
    #[error("identity provider refused")]
    Denied,
    /// What it sent is not what was asked for, or nobody can tell who made it.
    #[error("identity token is not valid: {0}")]
    Token(String),
    /// No e-mail, or one that nobody has verified.
    #[error("e-mail is not verified")]
    Unverified,
    /// Nobody with this e-mail may come in.
    #[error("nobody with this e-mail")]
    Unknown,
    /// The account of this e-mail cannot be told, or belongs to another subject.
    #[error("account of this e-mail is not free")]
    Ambiguous,
    /// The account has a second factor, and the provider asked for none.
    #[error("second factor was not asked for")]
    SecondFactor,
    /// The account is shut out or not let in; the store.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The account could not be made.
    #[error(transparent)]
    User(#[from] UserError),
    /// The store.
    #[error("store of sign-ins failed")]
    Store(#[from] DbError),
}

impl HasProblem for OidcError {
    fn code(&self) -> Code {
        match self {
            Self::Off => Code::NotFound,
            Self::Provider(_) => Code::ProviderFailed,
            Self::Attempt => Code::InvalidRequest,
            Self::Denied | Self::Token(_) => Code::Unauthorized,
            Self::Unverified | Self::Unknown | Self::Ambiguous | Self::SecondFactor => {
                Code::Forbidden
            }
            Self::Session(error) => error.code(),
            Self::User(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }

    fn detail(&self) -> String {
        let text = match self {
            Self::Off => "A entrada por provedor de identidade não está configurada.",
            Self::Provider(_) => {
                "O provedor de identidade não respondeu como esperado. Tente de novo em instantes."
            }
            Self::Attempt => {
                "Esta tentativa de entrada não existe, expirou ou já foi usada. Comece de novo."
            }
            Self::Denied => "O provedor de identidade não confirmou a entrada.",
            Self::Token(_) => {
                "A resposta do provedor de identidade não pôde ser confirmada. Comece de novo."
            }
            Self::Unverified => "O provedor de identidade não informou um e-mail verificado.",
            Self::Unknown => {
                "Não há conta nem convite para este e-mail. Fale com um administrador."
            }
            Self::Ambiguous => {
                "Não foi possível saber qual é a sua conta. Entre com usuário e senha ou fale com um administrador."
            }
            Self::SecondFactor => {
                "Esta conta usa verificação em duas etapas: entre com usuário e senha."
            }
            Self::Session(error) => return error.detail(),
            Self::User(error) => return error.detail(),
            Self::Store(_) => self.code().detail(),
        };
        text.to_owned()
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Session(error) => error.retry_after(),
            Self::User(error) => error.retry_after(),
            Self::Store(error) => error.retry_after(),
            Self::Off
            | Self::Provider(_)
            | Self::Attempt
            | Self::Denied
            | Self::Token(_)
            | Self::Unverified
            | Self::Unknown
            | Self::Ambiguous
            | Self::SecondFactor => None,
        }
    }
}
