//! Ranks candidate passages for a question, judges whether they answer it, and picks what to quote.
//!
//! Pure: no files, no clock, no network; the same input gives the same output, whatever the order of the candidates.
//! The learned ranking is a sum of a few [features](features()), weighted by a small versioned file ([`Model`]) that
//! [`fit`] makes from questions with known passages. Weights are never negative: more evidence never ranks lower.
//!
//! Three weight sets, by what is known of the candidates ([`Basis`]): their text alone, passage vectors too, or
//! sentence vectors too. Scores and evidence are probabilities calibrated per set.

mod answer;
mod candidate;
mod cross;
mod diversify;
mod evaluation;
mod features;
mod feedback;
mod fit;
mod gate;
mod lexical;
pub mod metrics;
mod model;
mod newton;
mod question;
mod quote;
mod ranking;
mod statistics;
mod vectors;

#[cfg(test)]
mod learning_tests;
#[cfg(test)]
mod tests;

pub use answer::{AnswerLimits, Excerpt, extractive};
pub use candidate::Candidate;
pub use cross::{CrossValidation, cross_validate};
pub use diversify::diversify;
pub use evaluation::{EvaluationSet, Figures, Part};
pub use features::{Basis, Feature, Features, Row, features};
pub use feedback::{Feedback, HeldOut, LearnSettings, Learned, Rating, Shown, improve};
pub use fit::{FitError, FitSettings, TrainingQuestion, fit};
pub use gate::{Fault, faults};
pub use model::{Line, Model, ModelError, Weight, WeightSet};
pub use question::Question;
pub use ranking::{Fusion, Ranked, Ranking, rank};
pub use statistics::Statistics;
pub use vectors::EmbedderMeans;
