//! Puts questions about texts to the planted workbooks: none may be answered from a table.
//!
//! `cargo run --release -p tables --example ordinary -- questions.json`, in the format of SQuAD 1.1, or one question a line.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "prints its report; a report that cannot be made should stop"
)]

#[path = "../tests/support/mod.rs"]
mod support;

use serde_json::Value;
use support::workbook::open;
use tables::{Options, Reply, TableSet, ask};

/// All texts under a key `question`, wherever they stand.
fn questions(json: &Value, found: &mut Vec<String>) {
    match json {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(text) if name == "question" => found.push(text.clone()),
                    other => questions(other, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| questions(item, found)),
        _ => {}
    }
}

fn main() {
    let path = std::env::args().nth(1).unwrap();
    let text = std::fs::read_to_string(path).unwrap();
    let mut asked = Vec::new();
    match serde_json::from_str(&text) {
        Ok(json) => questions(&json, &mut asked),
        Err(_) => asked.extend(text.lines().map(str::to_owned)),
    }
    let sets: Vec<TableSet> = (0..3)
        .flat_map(support::round)
        .map(|planned| open(&planned.tables))
        .collect();
    let (mut taken, mut asked_back) = (0, 0);
    for question in &asked {
        for set in &sets {
            match ask(set, question, &Options::default()) {
                Reply::Answered(answered) => {
                    taken += 1;
                    println!(
                        "taken: {question}\n    {}",
                        serde_json::to_string(&answered.plan).unwrap()
                    );
                }
                Reply::Asked(asked) => {
                    asked_back += 1;
                    println!("asked back: {question}\n    {asked:?}");
                }
                Reply::Refused { .. } => {}
            }
        }
    }
    println!(
        "{} questions to {} workbooks: {taken} answered, {asked_back} asked back",
        asked.len(),
        sets.len()
    );
}
