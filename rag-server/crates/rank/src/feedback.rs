//! Learns from what people did with answers: which of the passages they were shown they opened, and whether they liked the
//! answer.
//!
//! People look at what stands first, so that a passage further down is opened less often than it deserves. Each opening
//! counts by how seldom its place is looked at (inverse propensity: Joachims, Swaminathan and Schnabel, "Unbiased
//! Learning-to-Rank with Biased Feedback", WSDM 2017; under a softmax over what was shown as in Ai et al., "Unbiased
//! Learning to Rank with Unbiased Propensity Estimation", SIGIR 2018). What was not shown tells nothing and is left out.
//! The weights are drawn towards those of the model in use, and nobody counts for more than a few others.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::cross::assign;
use crate::evaluation::EvaluationSet;
use crate::features::{Basis, Features, Row};
use crate::fit::{FitError, List, TrainingQuestion, calibrate, listwise, rounded};
use crate::metrics::{hit, ndcg};
use crate::model::{Model, WeightSet};

/// How seldom a place is looked at: place⁻¹ for η = 1, as the authors took it.
const ETA: i32 = 1;
/// The most that one opening counts, so that a slip far down does not outweigh the rest.
const MOST_COUNTED: f64 = 10.0;
/// The least that is left of the sums, however much people err.
const FLATTEST: f64 = 0.2;
/// What one person may count, in what the median person does.
const MOST_OF_ONE: f64 = 3.0;
/// Folds, over people, in which what was learned is tried on those it was not learned from.
const FOLDS: usize = 5;

/// What somebody thought of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rating {
    /// It helped.
    Up,
    /// It did not.
    Down,
}

/// A passage somebody was shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// Where it stood among the sources, from 1.
    pub place: usize,
    /// What was measured of it.
    pub row: Row,
    /// They opened it.
    pub opened: bool,
    /// The answer's text rests on it.
    pub cited: bool,
}

/// What somebody did with an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Feedback {
    /// Who, by any name: cross-validation never splits one's answers.
    pub person: String,
    /// What they were shown.
    pub shown: Vec<Shown>,
    /// What they thought of the answer.
    pub rating: Option<Rating>,
}

impl Feedback {
    /// Shares of the passages shown, 1 together, and what they count; `None` where nothing is told.
    ///
    /// An answer that did not help tells of no passage which one would have. Of one that helped and of which nothing was
    /// opened, the passages it cites helped; they are judged with it, whatever their place.
    fn told(&self) -> Option<(Vec<f64>, f64)> {
        if self.rating == Some(Rating::Down) {
            return None;
        }
        let is_opened = self.shown.iter().any(|shown| shown.opened);
        let counts: Vec<f64> = self
            .shown
            .iter()
            .map(|shown| match (is_opened, self.rating) {
                (true, _) if shown.opened => inverse_propensity(shown.place),
                (false, Some(Rating::Up)) if shown.cited => 1.0,
                _ => 0.0,
            })
            .collect();
        let total: f64 = counts.iter().sum();
        let tells = total > 0.0 && counts.contains(&0.0);
        let weight = if is_opened { total } else { 1.0 };
        tells.then(|| (counts.iter().map(|count| count / total).collect(), weight))
    }

    /// Whether anything can be learned from it.
    pub fn tells(&self) -> bool {
        self.told().is_some()
    }

    fn basis(&self) -> Basis {
        let rows = self.shown.iter().map(|shown| shown.row).collect();
        Features { rows }.basis()
    }
}

/// What an opening at this place counts.
fn inverse_propensity(place: usize) -> f64 {
    (place.max(1) as f64).powi(ETA).min(MOST_COUNTED)
}

/// How to learn.
#[derive(Debug, Clone, PartialEq)]
pub struct LearnSettings {
    /// Penalty on the squared distance from the weights in use: what so many answers would have to say against it.
    pub l2: f64,
    /// Share of answerable questions that the threshold may refuse.
    pub wrong_refusals: f32,
    /// Kept in the model: what it was learned from.
    pub description: String,
}

impl Default for LearnSettings {
    fn default() -> Self {
        Self {
            l2: 3.0,
            wrong_refusals: 0.03,
            description: String::new(),
        }
    }
}

/// How well what people opened stands, by weights that were learned from other people.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct HeldOut {
    /// nDCG@10 of what was opened among what was shown, each counted by how seldom its place is looked at.
    pub ndcg_10: f64,
    /// Share of what was opened that stands first, counted likewise.
    pub hit_1: f64,
}

/// What was learned.
#[derive(Debug, Clone, PartialEq)]
pub struct Learned {
    /// The model in use with other weights, and with scores and thresholds that fit them.
    pub model: Model,
    /// Answers it was learned from: those that tell something.
    pub used: usize,
    /// People whose answers they are.
    pub people: usize,
    /// The model in use on those answers.
    pub before: HeldOut,
    /// What was learned, on answers of people it was not learned from.
    pub after: HeldOut,
    /// Standard error of what nDCG@10 gains, over people.
    pub error: f64,
}

/// Moves the weights of `model` towards what people opened; scores and thresholds are made anew from `known`. Deterministic.
///
/// # Errors
/// [`FitError::NothingToRank`] without feedback that tells anything, [`FitError::Folds`] with less than five people,
/// [`FitError::NothingToRefuse`] where `known` has no questions with and without an answer.
pub fn improve(
    model: &Model,
    feedback: &[Feedback],
    known: &EvaluationSet,
    settings: &LearnSettings,
) -> Result<Learned, FitError> {
    let telling: Vec<Telling<'_>> = feedback.iter().filter_map(Telling::of).collect();
    if telling.is_empty() {
        return Err(FitError::NothingToRank);
    }
    let people: BTreeSet<&str> = telling.iter().map(Telling::person).collect();
    let fold_of = assign(telling.iter().map(Telling::person), FOLDS)?;
    let (mut before, mut after) = (Counted::default(), Counted::default());
    let mut gains: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    for fold in 0..FOLDS {
        let of_fold = |is_in: bool| {
            let all = telling.iter().zip(&fold_of);
            all.filter(move |(_, of)| (**of == fold) == is_in)
                .map(|(one, _)| one)
        };
        let others: Vec<&Telling<'_>> = of_fold(false).collect();
        let mut learned = model.clone();
        for set in learned.sets_mut() {
            learn(set, &others, settings)?;
        }
        for one in of_fold(true) {
            let gain = after.add(one, &learned) - before.add(one, model);
            let of_person = gains.entry(one.person()).or_default();
            of_person.0 += gain;
            of_person.1 += one.counts;
        }
    }
    let all: Vec<&Telling<'_>> = telling.iter().collect();
    let questions: Vec<&TrainingQuestion> = known.questions().collect();
    let mut learned = model.clone();
    for set in learned.sets_mut() {
        learn(set, &all, settings)?;
        calibrate(set, &questions, settings.wrong_refusals)?;
    }
    learned.describe(settings.description.clone());
    Ok(Learned {
        model: learned,
        used: telling.len(),
        people: people.len(),
        before: before.mean(),
        after: after.mean(),
        error: error(&gains),
    })
}

/// Standard error of a mean over answers that come in groups, one for each person: sum of gains, sum of counts (the ratio
/// estimate for clusters, Cochran, "Sampling Techniques", 1977, 6.3).
fn error(gains: &BTreeMap<&str, (f64, f64)>) -> f64 {
    let people = gains.len() as f64;
    let counts: f64 = gains.values().map(|one| one.1).sum();
    let mean = gains.values().map(|one| one.0).sum::<f64>() / counts.max(f64::MIN_POSITIVE);
    let squares: f64 = gains
        .values()
        .map(|(gain, count)| (gain - mean * count).powi(2))
        .sum();
    (squares * people / (people - 1.0).max(1.0)).sqrt() / counts.max(f64::MIN_POSITIVE)
}

/// Feedback that tells something.
struct Telling<'a> {
    feedback: &'a Feedback,
    /// Share of each passage shown, 1 together.
    shares: Vec<f64>,
    counts: f64,
}

impl<'a> Telling<'a> {
    fn of(feedback: &'a Feedback) -> Option<Self> {
        let (shares, counts) = feedback.told()?;
        Some(Self {
            feedback,
            shares,
            counts,
        })
    }

    fn person(&self) -> &str {
        &self.feedback.person
    }
}

/// Learns the weights of one set; what is missing of a row is what the set expects.
fn learn(
    set: &mut WeightSet,
    telling: &[&Telling<'_>],
    settings: &LearnSettings,
) -> Result<(), FitError> {
    let lists: Vec<List> = telling
        .iter()
        .zip(weights(telling))
        .map(|(one, weight)| {
            let rows = one.feedback.shown.iter().map(|shown| &shown.row);
            List::counting(rows.zip(one.shares.iter().copied()), set, weight)
        })
        .collect();
    let towards: Vec<f64> = set.weights.iter().map(|weight| weight.weight).collect();
    let flat = flatness(&lists, &towards);
    let lists: Vec<List> = lists.into_iter().map(|list| list.flattened(flat)).collect();
    let learned = listwise(&lists, &towards, settings.l2)?;
    for (weight, learned) in set.weights.iter_mut().zip(learned) {
        weight.weight = rounded(learned);
    }
    Ok(())
}

/// By how much slips flatten what the weights in use say of what is opened: the fraction of the sums, from [`FLATTEST`] to 1,
/// that makes it likeliest. Without it, all that is learned from people who err is that the weights are too large, and those
/// of them go first that matter least.
fn flatness(lists: &[List], weights: &[f64]) -> f64 {
    let loss = |fraction: f64| {
        let scaled: Vec<f64> = weights.iter().map(|weight| weight * fraction).collect();
        lists.iter().map(|list| list.loss(&scaled)).sum::<f64>()
    };
    // The loss is convex: thirds of the range that hold more of it are left out (ternary search).
    let (mut low, mut high) = (FLATTEST, 1.0);
    for _ in 0..30 {
        let third = (high - low) / 3.0;
        if loss(low + third) < loss(high - third) {
            high -= third;
        } else {
            low += third;
        }
    }
    f64::midpoint(low, high)
}

/// What each answer counts: about 1 in the mean, by how seldom what was opened is looked at, and nobody more than three times
/// what the median person does.
fn weights(telling: &[&Telling<'_>]) -> Vec<f64> {
    let total: f64 = telling.iter().map(|one| one.counts).sum();
    let mut of_person: BTreeMap<&str, f64> = BTreeMap::new();
    for one in telling {
        *of_person.entry(one.person()).or_default() += one.counts;
    }
    let mut counts: Vec<f64> = of_person.values().copied().collect();
    counts.sort_by(f64::total_cmp);
    let median = counts.get(counts.len() / 2).copied().unwrap_or(total);
    let most = MOST_OF_ONE * median;
    let mean = total / telling.len().max(1) as f64;
    telling
        .iter()
        .map(|one| {
            let theirs = of_person.get(one.person()).copied().unwrap_or(total);
            one.counts / mean * (most / theirs).min(1.0)
        })
        .collect()
}

/// Counts how well what was opened stands.
#[derive(Default)]
struct Counted {
    gain: f64,
    hits: f64,
    counts: f64,
}

impl Counted {
    /// Adds an answer; its own gain.
    fn add(&mut self, one: &Telling<'_>, model: &Model) -> f64 {
        let before = self.gain;
        let set = model.weights(one.feedback.basis());
        let sums: Vec<f64> = one
            .feedback
            .shown
            .iter()
            .map(|shown| set.sum(&shown.row))
            .collect();
        for (at, (&sum, &share)) in sums.iter().zip(&one.shares).enumerate() {
            // Ties count against it.
            let above = sums
                .iter()
                .enumerate()
                .filter(|&(other, &value)| other != at && value >= sum)
                .count();
            let places: Vec<bool> = (0..=above).map(|place| place == above).collect();
            let counts = share * one.counts;
            self.gain += counts * ndcg(&places, 1, 10);
            self.hits += counts * hit(&places, 1);
            self.counts += counts;
        }
        self.gain - before
    }

    fn mean(&self) -> HeldOut {
        let counts = self.counts.max(f64::MIN_POSITIVE);
        HeldOut {
            ndcg_10: self.gain / counts,
            hit_1: self.hits / counts,
        }
    }
}
