//! Whether what was learned may be used.

use serde::{Deserialize, Serialize};

use crate::evaluation::Figures;
use crate::feedback::Learned;

/// What learning must gain on answers it was not learned from: less is not worth a change.
const LEAST_GAIN: f64 = 0.002;
/// … and in standard errors: less is chance.
const LEAST_ERRORS: f64 = 2.0;
/// What known questions may lose: a bound on what people's habits may cost everyone else. A question is 1/561 of it all.
const MOST_NDCG: f64 = 0.005;
const MOST_HIT: f64 = 0.01;
/// Share of unanswerable questions that may be answered, and of answerable ones that may be refused, beyond those before.
const MOST_REFUSALS: f64 = 0.03;
const MOST_WRONG_REFUSALS: f64 = 0.01;

/// Why what was learned is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// What people opened stands no better than before.
    NothingGained,
    /// Known questions find their passages worse.
    RanksWorse,
    /// More unanswerable questions are answered.
    RefusesLess,
    /// More answerable questions are refused.
    RefusesMore,
}

/// What speaks against a model: none, and it may be used.
///
/// `after` are its figures, `bundled` those of the model that comes with the program and `in_use` those of the one it was
/// learned from. The losses allowed are counted from the bundled one, because they would add up over the weeks; who is no
/// worse than the one in use is let through as well, so that a ranking that went astray can come back. A part with few
/// questions may lose one of them.
pub fn faults(
    bundled: &[Figures],
    in_use: &[Figures],
    after: &[Figures],
    learned: &Learned,
) -> Vec<Fault> {
    let mut faults = Vec::new();
    let gain = learned.after.ndcg_10 - learned.before.ndcg_10;
    if gain < LEAST_GAIN.max(LEAST_ERRORS * learned.error) {
        faults.push(Fault::NothingGained);
    }
    for one in after {
        let of = |known: &[Figures]| {
            let same = |known: &&Figures| known.part == one.part && known.basis == one.basis;
            known.iter().find(same).cloned()
        };
        let (Some(bundled), Some(in_use)) = (of(bundled), of(in_use)) else {
            continue;
        };
        let of_answerable = |most: f64| most.max(1.0 / one.answerable.max(1) as f64);
        let of_unanswerable = |most: f64| most.max(1.0 / one.unanswerable.max(1) as f64);
        // Greater is better of each of these.
        let is_worse = |value: fn(&Figures) -> f64, most: f64| {
            value(one) < value(&bundled) - most - 1e-9 && value(one) < value(&in_use) - 1e-9
        };
        for (is_worse, fault) in [
            (
                is_worse(|one| one.ndcg_10, of_answerable(MOST_NDCG))
                    || is_worse(|one| one.hit_1, of_answerable(MOST_HIT)),
                Fault::RanksWorse,
            ),
            (
                is_worse(|one| one.refused, of_unanswerable(MOST_REFUSALS)),
                Fault::RefusesLess,
            ),
            (
                is_worse(
                    |one| -one.wrongly_refused,
                    of_answerable(MOST_WRONG_REFUSALS),
                ),
                Fault::RefusesMore,
            ),
        ] {
            if is_worse && !faults.contains(&fault) {
                faults.push(fault);
            }
        }
    }
    faults
}
