//! Learns the weights from questions whose passages are known.

use serde::{Deserialize, Serialize};

use crate::features::{Basis, Feature, Features, Row};
use crate::metrics::threshold;
use crate::model::{Line, Model, Weight, WeightSet};
use crate::newton::{Local, minimise};
use crate::vectors::EmbedderMeans;

/// Candidates per question that the score is calibrated on: what might be shown.
const CALIBRATED: usize = 10;

/// Rounds of choosing the best chunk of a page and fitting again; the choice settles after two or three.
const ROUNDS: usize = 4;

/// Share of right passages that the threshold for citing may cost.
const UNCITED: f32 = 0.02;

/// A question whose passages are known. Each question stands twice: as it is, and with its document taken out of the index.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingQuestion {
    /// Document it was asked about: cross-validation never splits one.
    pub group: String,
    /// Features of its candidates.
    pub features: Features,
    /// For each candidate whether it answers the question.
    pub relevant: Vec<bool>,
    /// Whether the index holds the answer at all, found or not.
    pub answerable: bool,
}

/// How to fit.
#[derive(Debug, Clone, PartialEq)]
pub struct FitSettings {
    /// Penalty on the squared weights of standardised features, 0 or more; 0.3 to 10 were tried and differ by less than
    /// 0.002 in nDCG@10.
    pub l2: f64,
    /// Share of answerable questions that the threshold may refuse.
    pub wrong_refusals: f32,
    /// What to cross-validate; `None` for the richest basis the features offer.
    pub basis: Option<Basis>,
    /// Kept in the model: what it was fitted on.
    pub description: String,
}

impl Default for FitSettings {
    fn default() -> Self {
        Self {
            l2: 1.0,
            wrong_refusals: 0.03,
            basis: None,
            description: String::new(),
        }
    }
}

/// Why nothing can be learned.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum FitError {
    /// No question has both a right and a wrong candidate.
    #[error("no question has both a right and a wrong candidate")]
    NothingToRank,
    /// No question is without an answer, or none has one.
    #[error("refusing needs questions with an answer in the index and questions without")]
    NothingToRefuse,
    /// `relevant` and the candidates differ in number.
    #[error("question {0} has another number of labels than of candidates")]
    Labels(usize),
    /// Fewer groups than folds, or fewer than two folds.
    #[error("{groups} documents cannot be split into {folds} folds")]
    Folds {
        /// Groups there are.
        groups: usize,
        /// Folds asked for.
        folds: usize,
    },
}

/// Learns a model: weights for each basis that the features offer. Deterministic.
pub fn fit(
    questions: &[TrainingQuestion],
    means: Option<EmbedderMeans>,
    settings: &FitSettings,
) -> Result<Model, FitError> {
    check(questions)?;
    let all: Vec<&TrainingQuestion> = questions.iter().collect();
    let richest = richest(questions);
    let set = |basis: Basis| {
        (richest >= basis)
            .then(|| fit_set(&all, basis, settings))
            .transpose()
    };
    Ok(Model::new(
        settings.description.clone(),
        fit_set(&all, Basis::Text, settings)?,
        set(Basis::Passages)?,
        set(Basis::Sentences)?,
        means,
    ))
}

/// The richest basis that any question's features offer.
pub(crate) fn richest(questions: &[TrainingQuestion]) -> Basis {
    questions
        .iter()
        .map(|question| question.features.basis())
        .max()
        .unwrap_or(Basis::Text)
}

pub(crate) fn check(questions: &[TrainingQuestion]) -> Result<(), FitError> {
    let wrong = questions
        .iter()
        .position(|question| question.relevant.len() != question.features.rows.len());
    wrong.map_or(Ok(()), |index| Err(FitError::Labels(index)))
}

/// Learns the weights for one basis.
pub(crate) fn fit_set(
    questions: &[&TrainingQuestion],
    basis: Basis,
    settings: &FitSettings,
) -> Result<WeightSet, FitError> {
    let mut set = WeightSet {
        weights: standardise(questions, basis),
        score: Line {
            intercept: 0.0,
            slope: 1.0,
        },
        evidence: Line {
            intercept: 0.0,
            slope: 1.0,
        },
        answer_from: 0.0,
        cite_from: 0.0,
    };
    // A page in several chunks is found by its best one: the first round takes its chunks alike, the others the one that
    // the round before put first.
    let several = questions
        .iter()
        .any(|question| question.relevant.iter().filter(|&&right| right).count() > 1);
    let nothing = vec![0.0; set.weights.len()];
    for round in 0..if several { ROUNDS } else { 1 } {
        let lists: Vec<List> = questions
            .iter()
            .filter_map(|question| List::new(question, &set, round > 0))
            .collect();
        let learned = listwise(&lists, &nothing, settings.l2)?;
        for (weight, learned) in set.weights.iter_mut().zip(learned) {
            weight.weight = rounded(learned);
        }
    }
    calibrate(&mut set, questions, settings.wrong_refusals)?;
    Ok(set)
}

/// Makes sums probabilities, and says from which on something is answered and cited, by questions whose answers are known.
pub(crate) fn calibrate(
    set: &mut WeightSet,
    questions: &[&TrainingQuestion],
    wrong_refusals: f32,
) -> Result<(), FitError> {
    let mut with_answer = Vec::new();
    let mut without_answer = Vec::new();
    let mut right = Vec::new();
    let mut wrong = Vec::new();
    for question in questions {
        let mut sums: Vec<(f64, bool)> = question
            .features
            .rows
            .iter()
            .map(|row| set.sum(row))
            .zip(question.relevant.iter().copied())
            .collect();
        sums.sort_by(|one, other| other.0.total_cmp(&one.0));
        if let Some(best) = sums.first() {
            if question.answerable {
                &mut with_answer
            } else {
                &mut without_answer
            }
            .push(best.0);
        }
        right.extend(
            sums.iter()
                .find(|(_, relevant)| *relevant)
                .map(|(sum, _)| *sum),
        );
        wrong.extend(
            sums.iter()
                .take(CALIBRATED)
                .filter(|(_, relevant)| !relevant)
                .map(|(sum, _)| *sum),
        );
    }
    if with_answer.is_empty() || without_answer.is_empty() {
        return Err(FitError::NothingToRefuse);
    }
    set.evidence = logistic(&with_answer, &without_answer);
    set.score = logistic(&right, &wrong);
    let evidence: Vec<f32> = with_answer
        .iter()
        .map(|&sum| set.evidence.probability(sum) as f32)
        .collect();
    set.answer_from = round_down(threshold(&evidence, wrong_refusals));
    let scores: Vec<f32> = right
        .iter()
        .map(|&sum| set.score.probability(sum) as f32)
        .collect();
    set.cite_from = round_down(threshold(&scores, UNCITED));
    Ok(())
}

/// Six decimals: the file stays readable, and reads back as the same model.
pub(crate) fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

/// Four decimals, never above: the threshold lies on a training question, which must not fall below it.
fn round_down(share: f32) -> f32 {
    (share * 1e4).floor() / 1e4
}

/// Mean and spread of each feature over all candidates, and what to expect of vectors that are missing.
fn standardise(questions: &[&TrainingQuestion], basis: Basis) -> Vec<Weight> {
    let rows: Vec<&Row> = questions
        .iter()
        .flat_map(|question| &question.features.rows)
        .collect();
    basis
        .features()
        .iter()
        .map(|&feature| {
            let known: Vec<(f64, f64)> = rows
                .iter()
                .filter_map(|row| Some((f64::from(row.coverage), f64::from(row.value(feature)?))))
                .collect();
            let count = known.len().max(1) as f64;
            let mean = known.iter().map(|(_, value)| value).sum::<f64>() / count;
            let variance = known
                .iter()
                .map(|(_, value)| (value - mean).powi(2))
                .sum::<f64>()
                / count;
            let vector = matches!(feature, Feature::Similarity | Feature::Sentence);
            Weight {
                feature,
                mean: rounded(mean),
                scale: if variance > 1e-10 {
                    rounded(variance.sqrt())
                } else {
                    1.0
                },
                weight: 0.0,
                when_missing: vector.then(|| regression(&known)),
            }
        })
        .collect()
}

/// Least squares of the second value on the first.
fn regression(points: &[(f64, f64)]) -> Line {
    let count = points.len().max(1) as f64;
    let mean_x = points.iter().map(|(x, _)| x).sum::<f64>() / count;
    let mean_y = points.iter().map(|(_, y)| y).sum::<f64>() / count;
    let covariance: f64 = points
        .iter()
        .map(|(x, y)| (x - mean_x) * (y - mean_y))
        .sum();
    let variance: f64 = points.iter().map(|(x, _)| (x - mean_x).powi(2)).sum();
    let slope = if variance > 1e-12 {
        covariance / variance
    } else {
        0.0
    };
    Line {
        intercept: rounded(mean_y - slope * mean_x),
        slope: rounded(slope),
    }
}

/// Weights that make right candidates likeliest under a softmax over each list's candidates (conditional logit,
/// McFadden 1974; "ListNet" with one right answer, Cao et al. 2007), with a quadratic penalty on their distance from
/// `towards`.
pub(crate) fn listwise(lists: &[List], towards: &[f64], l2: f64) -> Result<Vec<f64>, FitError> {
    if lists.is_empty() {
        return Err(FitError::NothingToRank);
    }
    let dimensions = towards.len();
    // A penalty of nothing would let separable questions push the weights without end.
    let l2 = l2.max(1e-3);
    let loss = |weights: &[f64]| {
        let mut local = Local::zero(dimensions);
        for list in lists {
            list.add_loss(weights, &mut local);
        }
        for (at, (weight, towards)) in weights.iter().zip(towards).enumerate() {
            let away = weight - towards;
            local.value += 0.5 * l2 * away * away;
            if let Some(slope) = local.gradient.get_mut(at) {
                *slope += l2 * away;
            }
            if let Some(curvature) = local.hessian.get_mut(at * dimensions + at) {
                *curvature += l2;
            }
        }
        local
    };
    Ok(minimise(dimensions, &vec![true; dimensions], loss))
}

/// Standardised features of one question's candidates.
pub(crate) struct List {
    rows: Vec<Vec<f64>>,
    /// Mean over the right candidates.
    right: Vec<f64>,
    /// What the list counts, above 0.
    weight: f64,
}

impl List {
    /// With `best_only`, right candidates but the one that `set` puts first are left out. `None` when there is nothing to
    /// tell apart.
    fn new(question: &TrainingQuestion, set: &WeightSet, best_only: bool) -> Option<Self> {
        let (mut right_rows, mut rows): (Vec<_>, Vec<_>) = question
            .features
            .rows
            .iter()
            .zip(&question.relevant)
            .partition(|&(_, &relevant)| relevant);
        if right_rows.is_empty() || rows.is_empty() {
            return None;
        }
        if best_only {
            right_rows.sort_by(|one, other| set.sum(other.0).total_cmp(&set.sum(one.0)));
            right_rows.truncate(1);
        }
        let share = 1.0 / right_rows.len() as f64;
        let counted = right_rows
            .into_iter()
            .map(|(row, _)| (row, share))
            .chain(rows.drain(..).map(|(row, _)| (row, 0.0)));
        Some(Self::counting(counted, set, 1.0))
    }

    /// Candidates, each with its share of being right; the shares are 1 together.
    pub(crate) fn counting<'a>(
        candidates: impl Iterator<Item = (&'a Row, f64)>,
        set: &WeightSet,
        weight: f64,
    ) -> Self {
        let mut right = vec![0.0; set.weights.len()];
        let rows = candidates
            .map(|(row, share)| {
                let values: Vec<f64> = set
                    .weights
                    .iter()
                    .map(|weight| weight.standardised(row))
                    .collect();
                for (sum, value) in right.iter_mut().zip(&values) {
                    *sum += share * value;
                }
                values
            })
            .collect();
        Self {
            rows,
            right,
            weight,
        }
    }

    /// The same, with every sum a fraction of what it was.
    pub(crate) fn flattened(mut self, by: f64) -> Self {
        for value in self.rows.iter_mut().flatten().chain(&mut self.right) {
            *value *= by;
        }
        self
    }

    /// How unlikely the right candidates are.
    pub(crate) fn loss(&self, weights: &[f64]) -> f64 {
        let mut local = Local::zero(weights.len());
        self.add_loss(weights, &mut local);
        local.value
    }

    fn add_loss(&self, weights: &[f64], local: &mut Local) {
        let product = |row: &[f64]| {
            row.iter()
                .zip(weights)
                .map(|(value, weight)| value * weight)
                .sum::<f64>()
        };
        let sums: Vec<f64> = self.rows.iter().map(|row| product(row)).collect();
        let greatest = sums.iter().copied().reduce(f64::max).unwrap_or(0.0);
        let total: f64 = sums.iter().map(|sum| (sum - greatest).exp()).sum();
        local.value += self.weight * (greatest + total.ln() - product(&self.right));
        let mut expected = vec![0.0; weights.len()];
        for (row, sum) in self.rows.iter().zip(&sums) {
            let probability = (sum - greatest).exp() / total;
            for (expected, value) in expected.iter_mut().zip(row) {
                *expected += probability * value;
            }
            // Rows without a chance add nothing; most are such.
            if probability > 1e-9 {
                add_product(&mut local.hessian, row, self.weight * probability);
            }
        }
        add_product(&mut local.hessian, &expected, -self.weight);
        for ((slope, expected), right) in local.gradient.iter_mut().zip(&expected).zip(&self.right)
        {
            *slope += self.weight * (expected - right);
        }
    }
}

/// Adds `factor` · `vector` `vector`ᵀ.
fn add_product(matrix: &mut [f64], vector: &[f64], factor: f64) {
    for (row, left) in matrix.chunks_exact_mut(vector.len().max(1)).zip(vector) {
        for (cell, right) in row.iter_mut().zip(vector) {
            *cell += factor * left * right;
        }
    }
}

/// The logistic line that tells positives from negatives best (Platt 1999), rising or level; each side counts by its number.
fn logistic(positives: &[f64], negatives: &[f64]) -> Line {
    let points: Vec<(f64, f64)> = positives
        .iter()
        .map(|&x| (x, 1.0))
        .chain(negatives.iter().map(|&x| (x, 0.0)))
        .collect();
    let fitted = minimise(2, &[false, true], |at| {
        let line = Line {
            intercept: at.first().copied().unwrap_or(0.0),
            slope: at.get(1).copied().unwrap_or(0.0),
        };
        let mut local = Local::zero(2);
        for &(x, label) in &points {
            let logit = line.at(x);
            // ln(1 + eˡ) − label · l, without overflow.
            local.value += logit.max(0.0) + (-logit.abs()).exp().ln_1p() - label * logit;
            let probability = line.probability(x);
            for (slope, factor) in local.gradient.iter_mut().zip([1.0, x]) {
                *slope += (probability - label) * factor;
            }
            add_product(
                &mut local.hessian,
                &[1.0, x],
                probability * (1.0 - probability),
            );
        }
        // Keeps the line finite when the two sides do not overlap.
        local.value += 0.5e-2 * (line.intercept.powi(2) + line.slope.powi(2));
        for (at, value) in [line.intercept, line.slope].into_iter().enumerate() {
            if let Some(slope) = local.gradient.get_mut(at) {
                *slope += 1e-2 * value;
            }
            if let Some(curvature) = local.hessian.get_mut(at * 3) {
                *curvature += 1e-2;
            }
        }
        local
    });
    Line {
        intercept: fitted.first().copied().map_or(0.0, rounded),
        slope: fitted.get(1).copied().map_or(0.0, rounded),
    }
}
