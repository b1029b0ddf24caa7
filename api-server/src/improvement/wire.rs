//! What goes to the rag-server and what comes back.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A source somebody was shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Shown {
    pub(super) material_id: String,
    pub(super) chunk_id: String,
    pub(super) opened: bool,
    pub(super) cited: bool,
}

/// What somebody did with an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Example {
    pub(super) person: String,
    pub(super) question: String,
    pub(super) shown: Vec<Shown>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rating: Option<String>,
}

/// A batch.
#[derive(Debug, Serialize)]
pub(super) struct Batch<'a> {
    pub(super) run: &'a str,
    pub(super) examples: &'a [Example],
}

/// Which run to learn from.
#[derive(Debug, Serialize)]
pub(super) struct Learn<'a> {
    pub(super) run: &'a str,
}

/// What it came to.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Learned {
    pub(super) version: i64,
    pub(super) outcome: Outcome,
    pub(super) detail: String,
    pub(super) examples: i64,
    pub(super) people: i64,
    #[serde(default)]
    pub(super) faults: Value,
    #[serde(default)]
    pub(super) held_out_before: Value,
    #[serde(default)]
    pub(super) held_out_after: Value,
    #[serde(default)]
    pub(super) before: Value,
    #[serde(default)]
    pub(super) after: Value,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// Passages are ranked by what was learned.
    Accepted,
    /// The gate refused it.
    Refused,
    /// There is too little to learn from.
    TooFew,
}

impl Outcome {
    /// As stored and sent.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::TooFew => "too_few",
        }
    }
}
