//! The learned weights: a small file that can be read, compared and refitted.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::features::{Basis, Feature, Row};
use crate::vectors::EmbedderMeans;

/// Version of the file's form and of what its features mean; another one is refused.
const VERSION: u32 = 1;

/// Why a model file is refused.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// Not JSON of the known form: unknown feature, missing or unknown field.
    #[error("ranking model cannot be read: {0}")]
    Form(#[from] serde_json::Error),
    /// Made for other code than this.
    #[error("ranking model has {what} {found}, this program needs {needed}; fit it again")]
    Version {
        /// Which version differs.
        what: &'static str,
        /// Version in the file.
        found: u32,
        /// Version of this program.
        needed: u32,
    },
    /// A value that would give senseless ranks.
    #[error("ranking model is not sound: {0}")]
    Unsound(String),
}

/// A straight line; as a probability, the logistic function of it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Value at 0.
    pub intercept: f64,
    /// Rise per unit.
    pub slope: f64,
}

impl Line {
    pub(crate) fn at(self, x: f64) -> f64 {
        self.intercept + self.slope * x
    }

    /// Logistic function of the value at `x`: 0..=1.
    pub(crate) fn probability(self, x: f64) -> f64 {
        1.0 / (1.0 + (-self.at(x)).exp())
    }
}

/// What one feature counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weight {
    /// Which feature.
    pub feature: Feature,
    /// Its mean over the training candidates.
    pub mean: f64,
    /// Its standard deviation there, above 0.
    pub scale: f64,
    /// Weight of the standardised feature, 0 or more.
    pub weight: f64,
    /// For vectors that are not there yet: the value to expect, from [`Feature::Coverage`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when_missing: Option<Line>,
}

impl Weight {
    /// The row's value of this feature, the expected one when unknown, in standard deviations from the mean.
    pub(crate) fn standardised(&self, row: &Row) -> f64 {
        let expected = || {
            self.when_missing
                .map_or(self.mean, |line| line.at(f64::from(row.coverage)))
        };
        (row.value(self.feature).map_or_else(expected, f64::from) - self.mean) / self.scale
    }
}

/// Weights for one [`Basis`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeightSet {
    /// Which features, with their weights.
    pub weights: Vec<Weight>,
    /// Probability that a passage answers, from its sum.
    pub score: Line,
    /// Probability that anything answers, from the best sum.
    pub evidence: Line,
    /// Least evidence that is answered on, 0..=1.
    pub answer_from: f32,
    /// Least score of a passage that is cited, 0..=1.
    pub cite_from: f32,
}

impl WeightSet {
    /// Weighted sum of a row; what the ranking sorts by.
    pub(crate) fn sum(&self, row: &Row) -> f64 {
        self.weights
            .iter()
            .map(|weight| weight.weight * weight.standardised(row))
            .sum()
    }

    fn check(&self, basis: Basis) -> Result<(), ModelError> {
        let unsound = |what: String| Err(ModelError::Unsound(format!("{basis:?}: {what}")));
        let mut seen = BTreeSet::new();
        for weight in &self.weights {
            let name = weight.feature;
            if !basis.features().contains(&name) || !seen.insert(name) {
                return unsound(format!("{name:?} does not belong here or stands twice"));
            }
            let numbers = [weight.mean, weight.scale, weight.weight];
            let missing = weight
                .when_missing
                .map_or([0.0, 0.0], |line| [line.intercept, line.slope]);
            if !numbers
                .iter()
                .chain(&missing)
                .all(|number| number.is_finite())
            {
                return unsound(format!("{name:?} has a number that is not finite"));
            }
            if weight.scale <= 0.0 || weight.weight < 0.0 {
                return unsound(format!(
                    "{name:?} has a scale of 0 or less or a negative weight"
                ));
            }
        }
        for line in [self.score, self.evidence] {
            if !line.intercept.is_finite() || !line.slope.is_finite() || line.slope < 0.0 {
                return unsound(
                    "a probability that falls with the sum, or is not finite".to_owned(),
                );
            }
        }
        if ![self.answer_from, self.cite_from]
            .iter()
            .all(|share| (0.0..=1.0).contains(share))
        {
            return unsound("a threshold outside 0..=1".to_owned());
        }
        Ok(())
    }
}

/// The learned ranking.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    pub(crate) version: u32,
    pub(crate) terms_version: u32,
    /// What it was fitted on.
    pub(crate) description: String,
    pub(crate) text: WeightSet,
    pub(crate) passages: Option<WeightSet>,
    pub(crate) sentences: Option<WeightSet>,
    /// Last, because long.
    pub(crate) embedder: Option<EmbedderMeans>,
}

impl Model {
    pub(crate) fn new(
        description: String,
        text: WeightSet,
        passages: Option<WeightSet>,
        sentences: Option<WeightSet>,
        embedder: Option<EmbedderMeans>,
    ) -> Self {
        Self {
            version: VERSION,
            terms_version: terms::VERSION,
            description,
            text,
            passages,
            sentences,
            embedder,
        }
    }

    /// The model that comes with the program: fitted on the development half of FaQuAD with the bundled embedder.
    #[expect(
        clippy::expect_used,
        reason = "the file is compiled in and a test reads it"
    )]
    pub fn bundled() -> Self {
        Self::from_json(include_str!("../../../../assets/ranking/model.json"))
            .expect("bundled ranking model")
    }

    /// Reads and checks a model.
    pub fn from_json(json: &str) -> Result<Self, ModelError> {
        let model: Self = serde_json::from_str(json)?;
        for (what, found, needed) in [
            ("version", model.version, VERSION),
            ("terms version", model.terms_version, terms::VERSION),
        ] {
            if found != needed {
                return Err(ModelError::Version {
                    what,
                    found,
                    needed,
                });
            }
        }
        model.text.check(Basis::Text)?;
        for (set, basis) in [
            (&model.passages, Basis::Passages),
            (&model.sentences, Basis::Sentences),
        ] {
            if let Some(set) = set {
                set.check(basis)?;
            }
        }
        if let Some(means) = &model.embedder {
            let all = [&means.question, &means.sentence];
            if all.iter().any(|mean| {
                mean.len() != means.question.len() || mean.iter().any(|value| !value.is_finite())
            }) {
                return Err(ModelError::Unsound(
                    "means of different lengths or not finite".to_owned(),
                ));
            }
        }
        Ok(model)
    }

    /// The model as the text of its file.
    #[expect(
        clippy::expect_used,
        reason = "plain numbers and names: nothing in it can fail"
    )]
    pub fn to_json_pretty(&self) -> String {
        let mut json = serde_json::to_string_pretty(self).expect("ranking model as JSON");
        json.push('\n');
        json
    }

    /// What it was fitted on.
    pub fn description(&self) -> &str {
        &self.description
    }

    pub(crate) fn describe(&mut self, description: String) {
        self.description = description;
    }

    /// Every set of weights that it has.
    pub(crate) fn sets_mut(&mut self) -> impl Iterator<Item = &mut WeightSet> {
        std::iter::once(&mut self.text)
            .chain(&mut self.passages)
            .chain(&mut self.sentences)
    }

    /// Whether vectors of this embedding model may be given to [`rank`](crate::rank()).
    pub fn knows_embedder(&self, model_id: &str) -> bool {
        self.embedder
            .as_ref()
            .is_some_and(|means| means.model_id == model_id)
    }

    /// Mean vectors of the embedding model it was fitted with.
    pub fn embedder(&self) -> Option<&EmbedderMeans> {
        self.embedder.as_ref()
    }

    /// Positions of candidates, best first, by the weights for what is known of them.
    pub fn order(&self, features: &crate::Features) -> Vec<usize> {
        let set = self.weights(features.basis());
        let mut order: Vec<(usize, f64)> = features
            .rows
            .iter()
            .map(|row| set.sum(row))
            .enumerate()
            .collect();
        order.sort_by(|one, other| other.1.total_cmp(&one.1));
        order.into_iter().map(|(at, _)| at).collect()
    }

    /// What it has weights for.
    pub fn bases(&self) -> Vec<Basis> {
        let passages = self.passages.as_ref().map(|_| Basis::Passages);
        let sentences = self.sentences.as_ref().map(|_| Basis::Sentences);
        [Some(Basis::Text), passages, sentences]
            .into_iter()
            .flatten()
            .collect()
    }

    /// The weights for a basis, or for the next poorer one that it has.
    pub fn weights(&self, basis: Basis) -> &WeightSet {
        let sentences = self
            .sentences
            .as_ref()
            .filter(|_| basis == Basis::Sentences);
        let passages = self.passages.as_ref().filter(|_| basis != Basis::Text);
        sentences.or(passages).unwrap_or(&self.text)
    }
}
