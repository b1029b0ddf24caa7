//! Times questions to one large planted table.
//!
//! `cargo run --release -p tables --example latency -- [rows]`
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "prints its report; a report that cannot be made should stop"
)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::time::Instant;

use support::planted::Seed;
use support::questions::Asker;
use support::score::{Grade, grade};
use support::{domains, questions, workbook};
use tables::{Options, TableSet, ask};

/// Resident memory of this process in MB, where Linux tells it.
fn memory() -> u64 {
    std::fs::read_to_string("/proc/self/status")
        .unwrap_or_default()
        .lines()
        .find_map(|line| {
            line.strip_prefix("VmRSS:")?
                .trim()
                .strip_suffix("kB")?
                .trim()
                .parse::<u64>()
                .ok()
        })
        .map_or(0, |kilobytes| kilobytes / 1024)
}

fn main() {
    let rows: usize = std::env::args()
        .nth(1)
        .and_then(|text| text.parse().ok())
        .unwrap_or(50_000);
    let mut seed = Seed::new(50);
    let tables = domains::sales(&mut seed, rows);
    let document = workbook::document(&tables);
    let before = memory();
    let start = Instant::now();
    let set = TableSet::of_document(&document);
    println!(
        "{rows} rows of 6 columns typed in {:.0} ms, {} MB",
        start.elapsed().as_secs_f64() * 1e3,
        memory().saturating_sub(before)
    );
    let mut times: Vec<f64> = Vec::new();
    let mut exact = 0;
    for _ in 0..5 {
        let mut asker = Asker {
            domain: "sales",
            questions: Vec::new(),
        };
        questions::sales(&mut seed, &tables, &mut asker);
        for question in &asker.questions {
            let start = Instant::now();
            let reply = ask(&set, &question.text, &Options::default());
            times.push(start.elapsed().as_secs_f64() * 1e3);
            let grade = grade(&reply, &question.truth);
            assert_ne!(grade, Grade::Wrong, "{}", question.text);
            exact += usize::from(grade == Grade::Exact);
        }
    }
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    println!(
        "{} questions, {exact} exact: p50 {:.1} ms, p99 {:.1} ms, most {:.1} ms",
        times.len(),
        at(0.5),
        at(0.99),
        at(1.0)
    );
}
