//! Puts the planted questions to the planted workbooks and prints how many are answered exactly.
//!
//! `cargo run --release -p tables --example evaluate -- [rounds] [--show tuned|held|all] [--model]`; with `--model` also how
//! often the words of a question alone tell right plans from made-up ones.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "prints its report; a report that cannot be made should stop"
)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::collections::{BTreeMap, BTreeSet};

use support::questions::KINDS;
use support::score::{Grade, grade};
use support::workbook::open;
use tables::{Considered, Options, Reply, TableSet, ask, consider};

#[derive(Default, Clone, Copy)]
struct Tally {
    exact: usize,
    refused: usize,
    wrong: usize,
}

impl Tally {
    fn add(&mut self, grade: Grade) {
        match grade {
            Grade::Exact => self.exact += 1,
            Grade::Refused => self.refused += 1,
            Grade::Wrong => self.wrong += 1,
        }
    }

    fn row(&self) -> String {
        let all = self.exact + self.refused + self.wrong;
        format!(
            "{all:>5} {:>6} {:>8} {:>6} {:>7.3}",
            self.exact,
            self.refused,
            self.wrong,
            self.exact as f64 / all.max(1) as f64
        )
    }
}

/// What the words of questions say of plans, when the parser reads none.
#[derive(Default)]
struct Grounds {
    right: usize,
    kept: usize,
    lies: usize,
    believed: usize,
}

impl Grounds {
    fn add(&mut self, set: &TableSet, question: &str, reply: &Reply) {
        let Reply::Answered(answered) = reply else {
            return;
        };
        let unread = Reply::Refused {
            word: None,
            explained: 0.0,
            named: 0,
            explains: false,
        };
        let proposed = |plan: &tables::plan::Plan| {
            let text = serde_json::to_string(plan).unwrap();
            match consider(set, question, &text, &unread, &Options::default()) {
                Considered::Proposed(_, outcome) => Some(outcome),
                _ => None,
            }
        };
        self.right += 1;
        self.kept += usize::from(proposed(&answered.plan).is_some());
        for lie in support::lies::lies(set, &answered.plan) {
            self.lies += 1;
            if let Some(outcome) = proposed(&lie)
                && outcome.rows != answered.outcome.rows
            {
                self.believed += 1;
            }
        }
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let rounds: u64 = arguments
        .get(1)
        .and_then(|text| text.parse().ok())
        .unwrap_or(3);
    let show = arguments
        .iter()
        .position(|text| text == "--show")
        .and_then(|at| arguments.get(at + 1))
        .cloned()
        .unwrap_or_default();
    let mut by_kind: BTreeMap<&str, Tally> = BTreeMap::new();
    let mut parts: BTreeMap<bool, Tally> = BTreeMap::new();
    let mut families: BTreeMap<(bool, String), Tally> = BTreeMap::new();
    let mut texts: BTreeSet<String> = BTreeSet::new();
    let model = arguments.iter().any(|text| text == "--model");
    let mut grounds = Grounds::default();
    for round in 0..rounds {
        for planned in support::round(round) {
            let set = open(&planned.tables);
            for question in &planned.questions {
                texts.insert(question.text.clone());
                let reply = ask(&set, &question.text, &Options::default());
                let grade = grade(&reply, &question.truth);
                if model && grade == Grade::Exact {
                    grounds.add(&set, &question.text, &reply);
                }
                by_kind.entry(question.kind).or_default().add(grade);
                parts.entry(question.held_out).or_default().add(grade);
                families
                    .entry((question.held_out, question.family.clone()))
                    .or_default()
                    .add(grade);
                let shown = match show.as_str() {
                    "tuned" => !question.held_out,
                    "held" => question.held_out,
                    "all" => true,
                    _ => false,
                };
                if shown && grade != Grade::Exact {
                    let why = match &reply {
                        Reply::Answered(answered) => serde_json::to_string(&answered.plan).unwrap(),
                        other => serde_json::to_string(other).unwrap(),
                    };
                    println!(
                        "{grade:?} [{}/{}/{}] {}\n      {why}",
                        question.domain, question.kind, question.family, question.text
                    );
                }
            }
        }
    }
    println!(
        "{:<10} {:>5} {:>6} {:>8} {:>6} {:>7}",
        "kind", "asked", "exact", "refused", "wrong", "share"
    );
    for kind in KINDS {
        println!(
            "{kind:<10} {}",
            by_kind.get(kind).copied().unwrap_or_default().row()
        );
    }
    for ((held_out, family), tally) in families {
        let held = if held_out { "held out" } else { "" };
        println!("{family:<13} {} {held}", tally.row());
    }
    for (held_out, tally) in parts {
        println!(
            "{:<10} {}",
            if held_out { "held out" } else { "tuned" },
            tally.row()
        );
    }
    println!("{} different questions", texts.len());
    if model {
        println!(
            "by words alone: {} of {} right plans proposed, {} of {} lies proposed (labelled)",
            grounds.kept, grounds.right, grounds.believed, grounds.lies
        );
    }
}
