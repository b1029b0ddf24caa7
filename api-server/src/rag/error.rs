//! What can go wrong between the servers, and how people hear of it.

use std::time::Duration;

use shared::Retry;
use shared::http::HttpError;
use shared::problem::{ApiError, Code, HasProblem, Problem};
use shared::token::TokenError;

/// How long people are asked to wait for a rag-server that is away.
const AWAY_WAIT: Duration = Duration::from_secs(5);

/// What can go wrong when the rag-server is asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RagError {
    /// It refused, in its own words.
    #[error("rag-server refused with {}", .problem.code)]
    Refused {
        /// Its words.
        problem: Box<Problem>,
        /// How long it asks to wait.
        retry_after: Option<Duration>,
    },
    /// It did not answer, or what it answered cannot be read.
    #[error("rag-server could not be asked")]
    Http(#[from] HttpError),
    /// It answered with an error that is none of its own: something stands between.
    #[error("rag-server answered {status} without a problem")]
    Unexpected {
        /// HTTP status.
        status: u16,
    },
    /// Our credential could not be made.
    #[error("service token could not be made")]
    Token(#[from] TokenError),
    /// A file of ours could not be read.
    #[error("file to send could not be read")]
    File(#[source] std::io::Error),
}

impl RagError {
    /// Whether the same request may succeed when it is sent again.
    pub(crate) fn retry(&self) -> Retry {
        match self {
            Self::Refused {
                problem,
                retry_after,
            } => match problem.status {
                // Refused credentials are a matter of settings, which somebody will put right; so is a full disk.
                401 | 403 | 408 | 425 | 429 | 500..=599 => {
                    retry_after.map_or(Retry::Soon, Retry::After)
                }
                _ => Retry::Never,
            },
            Self::Http(HttpError::Connection(_) | HttpError::Timeout(_)) => Retry::Soon,
            Self::Http(
                HttpError::Setup(_)
                | HttpError::TooLarge { .. }
                | HttpError::Json(_)
                | HttpError::Other(_),
            )
            | Self::Unexpected { .. }
            | Self::Token(_)
            | Self::File(_) => Retry::Soon,
        }
    }

    /// Whether it refused with this status.
    pub(crate) fn is_refusal(&self, status: u16) -> bool {
        matches!(self, Self::Refused { problem, .. } if problem.status == status)
    }
}

/// What is between the servers, not between a person and the rag-server.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
struct Between(RagError);

impl HasProblem for Between {
    fn code(&self) -> Code {
        match &self.0 {
            RagError::Http(HttpError::Connection(_)) => Code::ProviderUnavailable,
            RagError::Unexpected { status: 502..=504 } => Code::ProviderUnavailable,
            RagError::Http(HttpError::Timeout(_)) => Code::Timeout,
            RagError::Refused { .. }
            | RagError::Unexpected { .. }
            | RagError::Http(
                HttpError::TooLarge { .. } | HttpError::Json(_) | HttpError::Other(_),
            ) => Code::ProviderFailed,
            RagError::Http(HttpError::Setup(_)) | RagError::Token(_) | RagError::File(_) => {
                Code::Internal
            }
        }
    }

    fn detail(&self) -> String {
        match self.code() {
            Code::ProviderUnavailable => {
                "A busca nos materiais está fora do ar no momento; tente de novo em instantes."
            }
            Code::Timeout => "A busca nos materiais demorou demais; tente de novo em instantes.",
            _ => "A busca nos materiais respondeu de forma inesperada.",
        }
        .to_owned()
    }

    fn retry_after(&self) -> Option<Duration> {
        Some(AWAY_WAIT)
    }
}

impl From<RagError> for ApiError {
    fn from(error: RagError) -> Self {
        match error {
            // Its 401 and 403 are about us, not about who asks: a page that saw them would sign its user out.
            RagError::Refused {
                problem,
                retry_after,
            } if !matches!(problem.status, 401 | 403) => Self::passed_on(*problem, retry_after),
            other => Between(other).into(),
        }
    }
}
