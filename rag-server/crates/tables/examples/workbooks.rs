//! Opens every workbook of a folder and prints what its tables hold, one JSON object a line, for comparison with another
//! reader (`examples/rows.py`).
//!
//! `cargo run --release -p tables --example workbooks -- folder > tables.jsonl`
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "prints its report; a report that cannot be made should stop"
)]

use std::collections::BTreeSet;
use std::panic::catch_unwind;

use extract::{Limits, Locator, Role, extract};
use serde_json::json;
use tables::{Options, Reply, TableSet, ask};

/// Number of the row that a range begins in.
fn row_of(range: &str) -> Option<u32> {
    let first = range.split(':').next()?;
    first
        .trim_start_matches(|c: char| c.is_ascii_uppercase())
        .parse()
        .ok()
}

fn main() {
    let folder = std::env::args().nth(1).unwrap();
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let (mut read, mut refused, mut panics, mut asked, mut answered) = (0, 0, 0, 0, 0);
    for path in paths {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = std::fs::read(&path).unwrap();
        let Ok(Ok(document)) = catch_unwind(|| extract(&bytes, &name, &Limits::default())) else {
            refused += 1;
            continue;
        };
        if document.tables.is_empty() {
            continue;
        }
        let opened = catch_unwind(|| {
            let sources = TableSet::sources(&document);
            let kept: Vec<tables::SourceTable> =
                serde_json::from_str(&serde_json::to_string(&sources).unwrap()).unwrap();
            assert!(kept == sources, "{name} is kept otherwise than it was read");
            let set = TableSet::new(kept, document.kind);
            let mut replies = (0, 0);
            for table in &set.tables {
                let column = table
                    .columns
                    .first()
                    .map_or("", |column| column.name.as_str());
                for question in [
                    "Quantas linhas?".to_owned(),
                    format!("Quantas linhas tem a tabela {}?", table.name),
                    format!("Liste {column}"),
                    format!("Qual a soma de {column}?"),
                    format!("Qual o maior {column}?"),
                ] {
                    replies.0 += 1;
                    if let Reply::Answered(answered) = ask(&set, &question, &Options::default()) {
                        tables::answer(&answered.plan, &answered.outcome, false);
                        replies.1 += 1;
                    }
                }
            }
            (set, replies)
        });
        let Ok((set, replies)) = opened else {
            panics += 1;
            eprintln!("panic: {name}");
            continue;
        };
        read += 1;
        asked += replies.0;
        answered += replies.1;
        for table in &set.tables {
            let Locator::Sheet { name: sheet, range } = &table.locator else {
                continue;
            };
            let own = |role: &Role| {
                matches!(role, Role::TableRow { table: at, .. }
                if document.tables.get(*at as usize).is_some_and(|read| read.locator == table.locator))
            };
            let rows = |mine: bool| -> BTreeSet<u32> {
                document
                    .blocks
                    .iter()
                    .filter(|block| own(&block.role) == mine)
                    .filter_map(|block| match &block.locator {
                        Locator::Sheet { name, range } if name == sheet => row_of(range),
                        _ => None,
                    })
                    .collect()
            };
            let mine = rows(true);
            let others: Vec<u32> = rows(false).difference(&mine).copied().collect();
            println!(
                "{}",
                json!({"file": name, "sheet": sheet, "range": range, "first": table.first_row(),
                       "others": others, "lines": mine, "rows": table.row_count() + table.totals + table.repeated_headers})
            );
        }
    }
    eprintln!(
        "{read} with tables, {refused} not readable, {panics} panics; {asked} questions, {answered} answered"
    );
}
