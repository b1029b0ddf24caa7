//! Questions whose answers are known, measured once and kept: what any set of weights makes of them is told without an
//! index.

use serde::{Deserialize, Serialize};

use crate::features::{Basis, Feature, Features, Row};
use crate::fit::{FitError, TrainingQuestion, check};
use crate::metrics::{hit, ndcg};
use crate::model::{Model, ModelError, WeightSet};

/// Version of the form of a set.
const VERSION: u32 = 1;
/// Candidates kept of a question: so many by the model, and so many by each single feature, so that other weights find
/// what they would put first.
const KEPT: usize = 16;
const KEPT_BY_FEATURE: usize = 4;

/// Questions of one origin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// What they are called in figures.
    pub name: String,
    /// The questions.
    pub questions: Vec<TrainingQuestion>,
}

/// Measured questions whose answers are known, each with its answer in the index and without.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvaluationSet {
    version: u32,
    terms_version: u32,
    /// By their origin.
    pub parts: Vec<Part>,
}

/// How a model does on questions whose answers are known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Which questions.
    pub part: String,
    /// What is known of the candidates.
    pub basis: Basis,
    /// Questions with an answer in the index.
    pub answerable: usize,
    /// Questions without.
    pub unanswerable: usize,
    /// Mean nDCG@10 over the answerable ones, 0..=1; right candidates after the first are left out, being chunks of one page.
    pub ndcg_10: f64,
    /// Share of the answerable ones with a right candidate first.
    pub hit_1: f64,
    /// Share of the unanswerable ones that are refused.
    pub refused: f64,
    /// Share of the answerable ones that are refused.
    pub wrongly_refused: f64,
}

impl EvaluationSet {
    /// Of these parts, with the candidates that any sensible weights might put first.
    pub fn new(mut parts: Vec<Part>, model: &Model) -> Self {
        for question in parts.iter_mut().flat_map(|part| &mut part.questions) {
            thin(question, model);
        }
        Self {
            version: VERSION,
            terms_version: terms::VERSION,
            parts,
        }
    }

    /// Reads and checks a set; one measured by other code is refused.
    pub fn from_json(json: &[u8]) -> Result<Self, ModelError> {
        let set: Self = serde_json::from_slice(json)?;
        for (what, found, needed) in [
            ("evaluation set's version", set.version, VERSION),
            (
                "evaluation set's terms version",
                set.terms_version,
                terms::VERSION,
            ),
        ] {
            if found != needed {
                return Err(ModelError::Version {
                    what,
                    found,
                    needed,
                });
            }
        }
        let questions: Vec<TrainingQuestion> = set.questions().cloned().collect();
        check(&questions).map_err(|error: FitError| ModelError::Unsound(error.to_string()))?;
        Ok(set)
    }

    /// Every question.
    pub fn questions(&self) -> impl Iterator<Item = &TrainingQuestion> {
        self.parts.iter().flat_map(|part| &part.questions)
    }

    /// What a model makes of each part, on each basis that it has weights for.
    pub fn figures(&self, model: &Model) -> Vec<Figures> {
        let bases = model.bases();
        let of = |part: &Part| -> Vec<Figures> {
            bases
                .iter()
                .map(|&basis| figures(part, basis, model.weights(basis)))
                .collect()
        };
        self.parts.iter().flat_map(of).collect()
    }
}

fn figures(part: &Part, basis: Basis, set: &WeightSet) -> Figures {
    let (mut answerable, mut unanswerable) = (0_usize, 0_usize);
    let (mut gain, mut hits, mut refused, mut wrongly_refused) = (0.0, 0.0, 0_usize, 0_usize);
    for question in &part.questions {
        let mut sums: Vec<(f64, bool)> = question
            .features
            .rows
            .iter()
            .map(|row| set.sum(row))
            .zip(question.relevant.iter().copied())
            .collect();
        sums.sort_by(|one, other| other.0.total_cmp(&one.0));
        let is_refused = sums.first().is_none_or(|best| {
            let evidence = set.evidence.probability(best.0) as f32;
            evidence < set.answer_from
        });
        if question.answerable {
            answerable += 1;
            wrongly_refused += usize::from(is_refused);
            let places = first_right(sums.into_iter().map(|(_, right)| right));
            gain += ndcg(&places, 1, 10);
            hits += hit(&places, 1);
        } else {
            unanswerable += 1;
            refused += usize::from(is_refused);
        }
    }
    let share = |count: usize, of: usize| count as f64 / of.max(1) as f64;
    Figures {
        part: part.name.clone(),
        basis,
        answerable,
        unanswerable,
        ndcg_10: gain / answerable.max(1) as f64,
        hit_1: hits / answerable.max(1) as f64,
        refused: share(refused, unanswerable),
        wrongly_refused: share(wrongly_refused, answerable),
    }
}

/// What stands at each place, best first, without the right ones after the first: they are chunks of one page.
pub(crate) fn first_right(places: impl Iterator<Item = bool>) -> Vec<bool> {
    let mut found = false;
    places
        .filter(|&right| {
            let is_again = right && found;
            found |= right;
            !is_again
        })
        .collect()
}

/// Leaves out candidates that no sensible weights would put first.
fn thin(question: &mut TrainingQuestion, model: &Model) {
    let set = model.weights(question.features.basis());
    let rows = &question.features.rows;
    let mut kept = vec![false; rows.len()];
    keep(&mut kept, KEPT, rows.iter().map(|row| set.sum(row)));
    for feature in Feature::ALL {
        let value = |row: &Row| row.value(feature).map_or(f64::NEG_INFINITY, f64::from);
        keep(&mut kept, KEPT_BY_FEATURE, rows.iter().map(value));
    }
    for (kept, &right) in kept.iter_mut().zip(&question.relevant) {
        *kept |= right;
    }
    let (rows, relevant): (Vec<Row>, Vec<bool>) = rows
        .iter()
        .zip(&question.relevant)
        .zip(&kept)
        .filter(|(_, kept)| **kept)
        .map(|((row, right), _)| (row.rounded(), *right))
        .unzip();
    question.features = Features { rows };
    question.relevant = relevant;
}

/// Marks the candidates with the greatest values.
fn keep(kept: &mut [bool], count: usize, values: impl Iterator<Item = f64>) {
    let mut order: Vec<(usize, f64)> = values.enumerate().collect();
    order.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0)));
    for (at, _) in order.into_iter().take(count) {
        if let Some(kept) = kept.get_mut(at) {
            *kept = true;
        }
    }
}
