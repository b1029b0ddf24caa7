//! What people did with answers, as it is sent.

use serde::{Deserialize, Serialize};
use shared::problem::Invalid;

/// Examples of one batch, and sources of one example.
const MOST_OF_BATCH: usize = 100;
const MOST_SHOWN: usize = 50;
/// Longest name of a run or a person, in bytes.
const LONGEST_NAME: usize = 100;

/// A passage somebody was shown.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShownPassage {
    /// Id of the material.
    pub material_id: String,
    /// Id of the passage.
    pub chunk_id: String,
    /// They opened it.
    #[serde(default)]
    pub opened: bool,
    /// The answer's text rests on it.
    #[serde(default)]
    pub cited: bool,
}

/// What somebody thought of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Judgement {
    /// It helped.
    Up,
    /// It did not.
    Down,
}

/// What somebody did with an answer.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Example {
    /// Who, by any name that tells people apart within the run; 1 to 100 bytes.
    pub person: String,
    /// What was asked, standing alone.
    pub question: String,
    /// The sources of the answer in the order they were shown, 2 to 50.
    pub shown: Vec<ShownPassage>,
    /// What was thought of the answer.
    #[serde(default)]
    pub rating: Option<Judgement>,
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, Default, Serialize, utoipa::ToSchema)]
pub(crate) struct Taken {
    /// Examples of the run so far from which something can be learned.
    pub usable: usize,
    /// Examples of this batch whose passages are not there any more.
    pub gone: usize,
    /// Examples of this batch that tell nothing: disliked, nothing opened, or everything.
    pub silent: usize,
}

/// Every fault with its field.
pub(super) fn check(run: &str, examples: &[Example]) -> Result<(), Invalid> {
    let mut invalid = Invalid::new();
    let is_name = |name: &str| (1..=LONGEST_NAME).contains(&name.len());
    if !is_name(run) {
        let detail = "O nome da rodada deve ter de 1 a 100 bytes.";
        invalid = invalid.field("/run", "out_of_range", detail);
    }
    if !(1..=MOST_OF_BATCH).contains(&examples.len()) {
        let detail = "Envie de 1 a 100 exemplos por vez.";
        invalid = invalid.field("/examples", "out_of_range", detail);
    }
    for (at, example) in examples.iter().enumerate().take(MOST_OF_BATCH) {
        if !is_name(&example.person) {
            let detail = "O nome deve ter de 1 a 100 bytes.";
            invalid = invalid.field(format!("/examples/{at}/person"), "out_of_range", detail);
        }
        if !(2..=MOST_SHOWN).contains(&example.shown.len()) {
            let detail = "Um exemplo tem de 2 a 50 fontes.";
            invalid = invalid.field(format!("/examples/{at}/shown"), "out_of_range", detail);
        }
    }
    invalid.or(())
}
