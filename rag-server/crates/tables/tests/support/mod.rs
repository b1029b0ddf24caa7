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
pub(crate) mod lies;
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
        ("report", domains::report(&mut seed), questions::report),
        ("library", domains::library(&mut seed), questions::library),
        (
            "calendar",
            domains::calendar(&mut seed),
            questions::calendar,
        ),
        ("bills", domains::bills(&mut seed), questions::bills),
        ("runs", domains::runs(&mut seed), questions::runs),
    ];
    made.into_iter()
        .map(|(domain, tables, ask)| {
            let mut asker = Asker {
                domain,
                questions: Vec::new(),
            };
            ask(&mut seed, &tables, &mut asker);
            let slips = slips(&mut seed, &asker.questions);
            asker.questions.extend(slips);
            questions::more(
                domain,
                &mut Seed::new(0x5eed + round * 104_729),
                &tables,
                &mut asker,
            );
            Planned {
                domain,
                tables,
                questions: asker.questions,
            }
        })
        .collect()
}

/// One in eight of the questions again (those from plain ones are held out), with one slip of the finger in a long word: a letter left out, doubled, or two
/// in the wrong order.
fn slips(seed: &mut Seed, questions: &[Question]) -> Vec<Question> {
    let mut made = Vec::new();
    for question in questions.iter().filter(|question| !question.held_out) {
        if seed.within(0, 7) != 0 {
            continue;
        }
        let words: Vec<&str> = question.text.split(' ').collect();
        // Names are written with a capital: a slip in one may make another.
        let long: Vec<usize> = (0..words.len())
            .filter(|at| {
                words[*at].chars().count() >= 6 && words[*at].chars().all(char::is_lowercase)
            })
            .collect();
        if long.is_empty() {
            continue;
        }
        let at = *seed.one(&long);
        let mut letters: Vec<char> = words[at].chars().collect();
        let place = seed.within(2, letters.len() as i64 - 2) as usize;
        match seed.within(0, 2) {
            0 => {
                letters.remove(place);
            }
            1 => letters.insert(place, letters[place]),
            _ => letters.swap(place - 1, place),
        }
        let slipped: String = letters.into_iter().collect();
        if slipped == words[at] {
            continue;
        }
        let mut text = words.clone();
        text[at] = &slipped;
        made.push(Question {
            text: text.join(" "),
            family: if question.family == "plain" {
                "typo"
            } else {
                "slip"
            }
            .to_owned(),
            held_out: question.family == "plain",
            ..question.clone()
        });
    }
    made
}
