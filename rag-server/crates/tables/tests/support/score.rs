//! Answers against planted truth.

use std::collections::{BTreeMap, BTreeSet};

use tables::{Reply, ResultCell, ResultValue};

use super::planted::Truth;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Grade {
    /// What was planted.
    Exact,
    /// Refused or asked back.
    Refused,
    /// Anything else: silently wrong.
    Wrong,
}

fn folded(text: &str) -> String {
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .to_lowercase()
}

/// As a fraction of whole numbers.
fn fraction(cell: &ResultCell) -> Option<(i128, i128)> {
    match &cell.value {
        ResultValue::Number(number) => {
            Some((number.mantissa(), 10_i128.checked_pow(number.scale())?))
        }
        _ => None,
    }
}

/// Equal up to the 28 digits that a division keeps.
fn equal(cell: &ResultCell, (a, b): (i128, i128)) -> bool {
    let Some((number, scale)) = fraction(cell) else {
        return false;
    };
    if let (Some(left), Some(right)) = (number.checked_mul(b), a.checked_mul(scale)) {
        return (left - right).abs() <= b.abs();
    }
    // Too long to multiply: 15 digits are compared.
    let (left, right) = (number as f64 / scale as f64, a as f64 / b as f64);
    (left - right).abs() <= right.abs() * 1e-13
}

fn name(cell: Option<&ResultCell>) -> String {
    folded(match cell.map(|cell| (&cell.value, &cell.text)) {
        Some((_, Some(text))) => text,
        Some((ResultValue::Text(text), None)) => text,
        _ => "",
    })
}

pub(crate) fn grade(reply: &Reply, truth: &Truth) -> Grade {
    let Reply::Answered(answered) = reply else {
        return Grade::Refused;
    };
    let outcome = &answered.outcome;
    let rows = &outcome.rows;
    let complete = outcome.row_count == rows.len();
    let names_of =
        || -> BTreeSet<String> { rows.iter().map(|row| name(row.cells.first())).collect() };
    let set = |names: &BTreeSet<String>| -> BTreeSet<String> {
        names.iter().map(|name| folded(name)).collect()
    };
    let right = complete
        && match truth {
            Truth::Number(a, b) => match rows.as_slice() {
                [row] => row.cells.last().is_some_and(|cell| equal(cell, (*a, *b))),
                _ => false,
            },
            Truth::Distance(a, b) => outcome.difference.is_some_and(|difference| {
                let cell = ResultCell {
                    value: ResultValue::Number(difference.abs()),
                    text: None,
                };
                equal(&cell, (*a, *b))
            }),
            Truth::Text(text) => match rows.as_slice() {
                [row] => name(row.cells.last()) == folded(text),
                _ => false,
            },
            Truth::Names(names) => names_of() == set(names),
            Truth::Who(names, value) => {
                !rows.is_empty()
                    && names_of() == set(names)
                    && rows.iter().all(|row| {
                        row.cells
                            .last()
                            .is_some_and(|cell| equal(cell, (*value, 100)))
                    })
            }
            Truth::Groups(groups) => {
                let found: BTreeMap<String, &ResultCell> = rows
                    .iter()
                    .filter_map(|row| Some((name(row.cells.first()), row.cells.last()?)))
                    .collect();
                found.len() == rows.len()
                    && found.len() == groups.len()
                    && groups.iter().all(|(name, value)| {
                        found
                            .get(&folded(name))
                            .is_some_and(|cell| equal(cell, *value))
                    })
            }
            Truth::Top(top) => {
                let found: BTreeMap<String, &ResultCell> = rows
                    .iter()
                    .filter_map(|row| Some((name(row.cells.first()), row.cells.last()?)))
                    .collect();
                found.len() == top.len()
                    && top.iter().all(|(name, value)| {
                        found
                            .get(&folded(name))
                            .is_some_and(|cell| equal(cell, (*value, 100)))
                    })
            }
            Truth::Winner(winner) => match rows.as_slice() {
                [row] => name(row.cells.first()) == folded(winner),
                _ => false,
            },
        };
    if right { Grade::Exact } else { Grade::Wrong }
}
