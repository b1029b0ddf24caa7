//! Whether what was learned may be used.

use serde::{Deserialize, Serialize};

use crate::evaluation::Figures;
use crate::feedback::HeldOut;

/// What learning must gain on answers it was not learned from: less is noise, and not worth a change.
const LEAST_GAIN: f64 = 0.002;
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

/// What speaks against a model with the figures `after`: none, and it may be used.
///
/// `before` are the figures of the model that comes with the program, not of the one in use: small losses must not add up
/// over the weeks. A part with few questions may lose one of them.
pub fn faults(
    before: &[Figures],
    after: &[Figures],
    held_before: HeldOut,
    held_after: HeldOut,
) -> Vec<Fault> {
    let mut faults = Vec::new();
    if held_after.ndcg_10 < held_before.ndcg_10 + LEAST_GAIN {
        faults.push(Fault::NothingGained);
    }
    for one in after {
        let known = before
            .iter()
            .find(|known| known.part == one.part && known.basis == one.basis);
        let Some(known) = known else { continue };
        let of_answerable = |most: f64| most.max(1.0 / one.answerable.max(1) as f64) + 1e-9;
        let of_unanswerable = |most: f64| most.max(1.0 / one.unanswerable.max(1) as f64) + 1e-9;
        for (is_worse, fault) in [
            (
                known.ndcg_10 - one.ndcg_10 > of_answerable(MOST_NDCG)
                    || known.hit_1 - one.hit_1 > of_answerable(MOST_HIT),
                Fault::RanksWorse,
            ),
            (
                known.refused - one.refused > of_unanswerable(MOST_REFUSALS),
                Fault::RefusesLess,
            ),
            (
                one.wrongly_refused - known.wrongly_refused > of_answerable(MOST_WRONG_REFUSALS),
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
