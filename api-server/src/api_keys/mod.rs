//! API keys: for scripts, with a purpose and an end.
//!
//! A key is `acv_<name of the key>_<secret>`: the first part finds the row, the second is kept as a digest. It does no
//! more than its scopes and its owner's role allow, and ends with everything that voids its owner's tokens.

pub(crate) mod routes;
mod service;
pub(crate) mod store;

use serde::{Deserialize, Serialize};

pub(crate) use service::{ApiKeyService, KnownKey, NewKey};

/// How every key begins.
const PREFIX: &str = "acv_";

/// Whether a credential is to be read as an API key.
pub(crate) fn looks_like_one(text: &str) -> bool {
    text.starts_with(PREFIX)
}

/// What a key opens.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Scope {
    /// Routes that only read.
    Read,
    /// Routes that change something.
    Write,
    /// Routes of administrators, if the owner is one.
    Admin,
}

impl Scope {
    const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Admin];

    fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }

    fn list(text: &str) -> Vec<Self> {
        text.split_whitespace()
            .filter_map(|word| Self::ALL.into_iter().find(|scope| scope.as_str() == word))
            .collect()
    }
}
