//! What becomes of a question, and how it is read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ask::WEAK;
use crate::outcome::{Limits, Outcome};
use crate::plan::Plan;

/// Share of words that a table must explain for a plan to be worth asking a model for.
const LEAST_EXPLAINED: f64 = 0.5;

/// Words the operator declares to mean the same: `{"nota": ["pontuação", "score"]}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Aliases(pub BTreeMap<String, Vec<String>>);

/// How a question is read.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Synonyms beyond the built-in ones.
    pub aliases: Aliases,
    /// What one plan may cost.
    pub limits: Limits,
}

/// What a stretch of the question was taken for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Words of the question.
    pub words: String,
    /// What they mean here, in Portuguese: `coluna Nota`, `valor Turma B`, `operação`, …
    pub meaning: String,
}

/// A question that was computed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answered {
    /// What was computed.
    pub plan: Plan,
    /// What it came to.
    pub outcome: Outcome,
    /// Which words said what.
    pub evidence: Vec<Evidence>,
    /// 0 to 1: 1 when every word says what it was taken for; synonyms and parts of names take something off. At most 0.6 when
    /// a single name of the table is all that the question rests on, as `Quais são os grupos musculares?`: a text may
    /// answer that as well.
    pub confidence: f64,
    /// The question is in English.
    pub english: bool,
}

/// A question that can be meant in several ways.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Asked {
    /// The words it is about; empty when several tables fit.
    pub about: String,
    /// What they can mean: tables, columns or values.
    pub candidates: Vec<String>,
    /// A plan per candidate, in the same order, when each fits; then all can be answered side by side.
    pub plans: Vec<Plan>,
    /// The question is in English.
    pub english: bool,
}

/// What became of a question.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "reply", rename_all = "snake_case")]
pub enum Reply {
    /// Computed.
    Answered(Box<Answered>),
    /// To be asked back.
    Asked(Asked),
    /// Not about these tables, or not to be computed: retrieval may answer it.
    Refused {
        /// A word that no table explains, if that was the cause.
        word: Option<String>,
        /// Share of the question's words that the best table explains, 0 to 1.
        explained: f64,
        /// Names and values of the best table that the question uses.
        named: usize,
        /// It asks what something is, how, why, or what ought to be: that is a question to a text.
        explains: bool,
    },
}

impl Reply {
    /// Whether a chat model may be asked for a plan: the question speaks of a table, most of its words are known there, and it
    /// was either not read or rests on one name alone.
    ///
    /// Not where the reading is sure: it accounts for every word, so that a plan which says something else could only be
    /// wrong, and one which says the same adds nothing. Not where it asks back: what a question leaves open is for people
    /// to say.
    pub fn may_be_planned(&self) -> bool {
        match self {
            Self::Answered(answered) => answered.confidence <= WEAK,
            Self::Asked(_) => false,
            Self::Refused {
                explained,
                named,
                explains,
                ..
            } => !explains && *named > 0 && *explained >= LEAST_EXPLAINED,
        }
    }
}
