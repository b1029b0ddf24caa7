//! Plans proposed by a chat model: how its reply is read, and whether it says what the question says.

use serde::Serialize;

use crate::check::{Fault, check, fault};
use crate::grounds::ungrounded;
use crate::outcome::{Limits, Outcome};
use crate::plan::Plan;
use crate::question::{Options, Reply};
use crate::table::TableSet;

/// Longer proposals are refused unread.
const MOST_BYTES: usize = 16_384;

/// Reads a plan that was proposed, and checks it against the tables.
///
/// # Errors
/// That it is no plan, or all its faults.
pub fn proposed_plan(set: &TableSet, text: &str) -> Result<Plan, Vec<Fault>> {
    if text.len() > MOST_BYTES {
        return Err(vec![fault(
            "plan_too_long",
            "O plano proposto é longo demais.",
        )]);
    }
    let plan: Plan = serde_json::from_str(text).map_err(|_| {
        vec![fault(
            "no_plan",
            "O plano proposto não tem a forma de um plano.",
        )]
    })?;
    check(set, &plan)?;
    Ok(plan)
}

/// What became of a plan that a model proposed.
#[derive(Debug)]
pub enum Considered {
    /// It comes to what the question was read as: the reading's plan and answer are given, as certain as without a model.
    Agreed,
    /// The question was read in no way of its own, and its words account for all of the plan: to be shown with the plan and
    /// labelled as proposed.
    Proposed(Box<Plan>, Box<Outcome>),
    /// The question was read as something else: the reading stands, and the proposal is no answer.
    Disputed,
    /// No plan, not for these tables, or not what the question says.
    Rejected(Vec<Fault>),
}

/// Reads a proposal, checks it against the tables and against the question, and compares it with the parser's reading.
/// `reply`: what [`ask`](crate::ask) made of the same question, with the same `options`.
pub fn consider(
    set: &TableSet,
    question: &str,
    proposal: &str,
    reply: &Reply,
    options: &Options,
) -> Considered {
    let limits = &options.limits;
    let plan = match proposed_plan(set, proposal) {
        Ok(plan) => plan,
        Err(faults) => return Considered::Rejected(faults),
    };
    let outcome = match crate::run(set, &plan, limits) {
        Ok(outcome) => outcome,
        Err(faults) => return Considered::Rejected(faults),
    };
    match agreement(set, &plan, reply, limits) {
        Agreement::Agree if matches!(reply, Reply::Answered(_)) => Considered::Agreed,
        Agreement::Differ => Considered::Disputed,
        // Asked back or not read: the words decide, and it stays a proposal.
        Agreement::Agree | Agreement::Alone => {
            let faults = match check(set, &plan) {
                Ok(checked) => ungrounded(&checked.view, &plan, question, &options.aliases),
                Err(faults) => faults,
            };
            if faults.is_empty() {
                Considered::Proposed(Box::new(plan), Box::new(outcome))
            } else {
                Considered::Rejected(faults)
            }
        }
    }
}

/// Whether a proposal says what the question was read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Agreement {
    /// Both come to the same.
    Agree,
    /// They come to different results: neither may be given as certain.
    Differ,
    /// The question was read in no way of its own; the proposal stands alone and is to be labelled so.
    Alone,
}

/// Compares what the proposal comes to with the parser's reading. Two plans may be written differently and still mean the
/// same, so results are compared.
pub fn agreement(set: &TableSet, proposal: &Plan, reply: &Reply, limits: &Limits) -> Agreement {
    let run = |plan: &Plan| crate::run(set, plan, limits);
    match reply {
        Reply::Refused { .. } => Agreement::Alone,
        Reply::Asked(asked) if asked.plans.is_empty() => Agreement::Alone,
        // Asked back: the proposal may choose one of the readings.
        Reply::Asked(asked) => match run(proposal) {
            Ok(outcome) => {
                let one = asked
                    .plans
                    .iter()
                    .filter_map(|plan| run(plan).ok())
                    .any(|other| crate::question::same_rows(&outcome, &other));
                if one {
                    Agreement::Agree
                } else {
                    Agreement::Differ
                }
            }
            Err(_) => Agreement::Differ,
        },
        Reply::Answered(answered) => match run(proposal) {
            Ok(outcome) if crate::question::same_rows(&outcome, &answered.outcome) => {
                Agreement::Agree
            }
            _ => Agreement::Differ,
        },
    }
}
