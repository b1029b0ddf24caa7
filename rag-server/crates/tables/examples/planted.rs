//! Writes the planted workbooks and the questions to them, for programs in other languages.
//!
//! `cargo run --release -p tables --example planted -- folder [rounds]`: `<round>-<domain>.xlsx` and `questions.jsonl`, one
//! question a line with what it must come to: `all` (each group is one thing, any of whose ways to be written will do) of
//! which must be said.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "writes its files; where it cannot it should stop"
)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::{Value, json};
use support::planted::Truth;

/// What must be said: names as texts, numbers as fractions.
fn told(truth: &Truth) -> Value {
    let number = |a: i128, b: i128| json!({ "number": a as f64 / b as f64 });
    let name = |name: &str| json!({ "text": name });
    Value::Array(match truth {
        Truth::Number(a, b) | Truth::Distance(a, b) => vec![number(*a, *b)],
        Truth::Text(text) | Truth::Winner(text) => vec![name(text)],
        Truth::Names(names) => names.iter().map(|one| name(one)).collect(),
        Truth::Who(names, value) => names
            .iter()
            .map(|one| name(one))
            .chain([number(*value, 100)])
            .collect(),
        Truth::Groups(groups) => groups
            .iter()
            .flat_map(|(group, (a, b))| [name(group), number(*a, *b)])
            .collect(),
        Truth::Top(top) => top
            .iter()
            .flat_map(|(one, value)| [name(one), number(*value, 100)])
            .collect(),
    })
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().unwrap());
    let rounds: u64 = arguments.next().map_or(3, |text| text.parse().unwrap());
    std::fs::create_dir_all(&folder).unwrap();
    let mut lines = String::new();
    let mut written = 0;
    for round in 0..rounds {
        for planned in support::round(round) {
            let file = format!("{round}-{}.xlsx", planned.domain);
            std::fs::write(folder.join(&file), support::workbook::xlsx(&planned.tables)).unwrap();
            let mut seen = BTreeSet::new();
            for question in &planned.questions {
                if !seen.insert(&question.text) {
                    continue;
                }
                let line = json!({
                    "file": file, "kind": question.kind, "question": question.text, "all": told(&question.truth),
                });
                writeln!(lines, "{line}").unwrap();
                written += 1;
            }
        }
    }
    std::fs::write(folder.join("questions.jsonl"), lines).unwrap();
    println!("{written} questions");
}
