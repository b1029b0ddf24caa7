//! Why a file could not be read. Each case is permanent: trying again will not help.

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ExtractError {
    /// The file has no bytes.
    #[error("file is empty")]
    Empty,
    /// No reader knows this type.
    #[error("type of file is not supported")]
    UnknownType,
    /// A password is needed to open it.
    #[error("file is encrypted")]
    Encrypted,
    /// The structure is damaged beyond repair.
    #[error("file is damaged: {reason}")]
    Damaged {
        /// What the reader said; for logs, not for people.
        reason: String,
    },
    /// It was read, and there is no text in it, and no page that would need character recognition.
    #[error("file holds no text")]
    NoText,
    /// A limit was passed.
    #[error("{what} exceed the limit of {limit}")]
    TooLarge {
        /// What there was too much of: `bytes`, `pages`, `cells`, `entries`, `nesting`, `characters`.
        what: &'static str,
        /// The limit that was passed.
        limit: u64,
    },
}

impl ExtractError {
    /// Stable `snake_case` reason code shown to clients.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty_file",
            Self::UnknownType => "unsupported_type",
            Self::Encrypted => "encrypted",
            Self::Damaged { .. } => "damaged_file",
            Self::NoText => "no_text",
            Self::TooLarge { .. } => "too_large",
        }
    }
}
