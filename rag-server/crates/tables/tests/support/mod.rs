//! Planted workbooks, questions to them, and how answers are graded; shared by the tests and the evaluation.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "support of tests: it stops at the first thing that is not as planted, and not every test uses all of it"
)]

pub(crate) mod domains;
pub(crate) mod planted;
pub(crate) mod questions;
pub(crate) mod score;
pub(crate) mod workbook;

use planted::{Planted, Seed};
use questions::{Asker, Question};

/// A planted workbook and the questions to it.
pub(crate) struct Planned {
    pub(crate) domain: &'static str,
    pub(crate) tables: Vec<Planted>,
    pub(crate) questions: Vec<Question>,
}

type Ask = fn(&mut Seed, &[Planted], &mut Asker);

/// Workbooks of all domains; each `round` has its own numbers and sizes.
pub(crate) fn round(round: u64) -> Vec<Planned> {
    let mut seed = Seed::new(0xace0 + round * 7919);
    let size = [12, 40, 90][(round % 3) as usize];
    let rows = [60, 400, 3_000][(round % 3) as usize];
    let made: Vec<(&'static str, Vec<Planted>, Ask)> = vec![
        (
            "grades",
            domains::grades(&mut seed, size),
            questions::grades,
        ),
        (
            "training",
            domains::training(&mut seed),
            questions::training,
        ),
        (
            "inventory",
            domains::inventory(&mut seed),
            questions::inventory,
        ),
        ("sales", domains::sales(&mut seed, rows), questions::sales),
        ("finance", domains::finance(&mut seed), questions::finance),
        (
            "timetable",
            domains::timetable(&mut seed),
            questions::timetable,
        ),
        (
            "attendance",
            domains::attendance(&mut seed),
            questions::attendance,
        ),
        (
            "nutrition",
            domains::nutrition(&mut seed),
            questions::nutrition,
        ),
        ("staff", domains::staff(&mut seed), questions::staff),
    ];
    made.into_iter()
        .map(|(domain, tables, ask)| {
            let mut asker = Asker {
                domain,
                questions: Vec::new(),
            };
            ask(&mut seed, &tables, &mut asker);
            Planned {
                domain,
                tables,
                questions: asker.questions,
            }
        })
        .collect()
}
