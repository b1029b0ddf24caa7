//! Why text could not be embedded, and whether trying again may help.

use std::time::Duration;

/// Why text could not be embedded.
#[derive(Debug, thiserror::Error)]
pub enum EmbedError {
    /// A file of the bundled model is missing or damaged.
    #[error("embedding model in {path} cannot be loaded: {reason}")]
    Model {
        /// Folder or file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The endpoint answered, but not with one vector of the right length per text.
    #[error("embedding endpoint answered {reason}")]
    BadAnswer {
        /// What was wrong with the answer; never holds text or keys.
        reason: String,
    },
    /// The endpoint refuses for good: wrong key, unknown model, bad request.
    #[error("embedding endpoint refused with status {status}")]
    Refused {
        /// HTTP status.
        status: u16,
    },
    /// The endpoint cannot be reached, is overloaded or failed.
    #[error("embedding endpoint is unavailable: {reason}")]
    Unavailable {
        /// What happened; never holds text or keys.
        reason: String,
        /// How long the endpoint asked to wait.
        retry_after: Option<Duration>,
    },
    /// The computation failed.
    #[error("embedding failed: {reason}")]
    Compute {
        /// What the runtime said.
        reason: String,
    },
}

/// Whether trying again may help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// It will not.
    Never,
    /// Soon, with back-off.
    Soon,
    /// Not before this time has passed.
    After(Duration),
}

impl EmbedError {
    /// Whether trying again may help.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Model { .. } | Self::Refused { .. } => Retry::Never,
            Self::BadAnswer { .. } | Self::Compute { .. } => Retry::Soon,
            Self::Unavailable { retry_after, .. } => retry_after.map_or(Retry::Soon, Retry::After),
        }
    }
}
