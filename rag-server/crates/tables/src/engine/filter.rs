//! Which rows hold.

use std::cmp::Ordering;

use chrono::NaiveDateTime;
use rust_decimal::Decimal;

use super::Run;
use crate::check::{Fault, Span, Test, Tests, fault};
use crate::plan::Op;
use crate::value::Value;
use crate::view::Field;

impl Run<'_, '_> {
    /// Whether a row holds; nothing when a compared cell is blank or does not fit.
    pub(super) fn holds(&mut self, tests: &Tests, row: u32) -> Result<Option<bool>, Fault> {
        self.steps += 1;
        if self.steps > self.limits.steps {
            return Err(fault(
                "too_much_work",
                "A conta percorre linhas demais; restrinja a pergunta.",
            ));
        }
        Ok(match tests {
            Tests::Is(test) => self.test(test, row),
            Tests::Not(inner) => self.holds(inner, row)?.map(|holds| !holds),
            Tests::All(parts) => {
                let mut all = Some(true);
                for part in parts {
                    match self.holds(part, row)? {
                        Some(false) => return Ok(Some(false)),
                        None => all = None,
                        Some(true) => {}
                    }
                }
                all
            }
            Tests::Any(parts) => {
                let mut any = Some(false);
                for part in parts {
                    match self.holds(part, row)? {
                        Some(true) => return Ok(Some(true)),
                        None => any = None,
                        Some(false) => {}
                    }
                }
                any
            }
        })
    }

    fn test(&self, test: &Test, row: u32) -> Option<bool> {
        let view = &self.checked.view;
        match test {
            Test::Number(field, op, wanted) => match view.value(row, *field) {
                Value::Number(value) => Some(compare(*op, wanted, |bound| value.cmp(bound))),
                _ => None,
            },
            Test::Date(field, op, wanted) => match view.value(row, *field) {
                Value::Date(date) => Some(compare_date(*op, wanted, date)),
                _ => None,
            },
            Test::Flag(field, wanted) => match view.value(row, *field) {
                Value::Flag(flag) => Some(flag == *wanted),
                _ => None,
            },
            Test::Text(field, chosen) => match view.value(row, *field) {
                Value::Text(id) => Some(chosen.get(id as usize).copied().unwrap_or(false)),
                _ => None,
            },
            Test::Empty(field) => Some(view.value(row, *field) == Value::Empty),
        }
    }
}

fn compare(op: Op, wanted: &[Decimal], order: impl Fn(&Decimal) -> Ordering) -> bool {
    let first = || wanted.first().map(&order);
    match op {
        Op::Equal => wanted.iter().any(|bound| order(bound) == Ordering::Equal),
        Op::Less => first() == Some(Ordering::Less),
        Op::AtMost => matches!(first(), Some(Ordering::Less | Ordering::Equal)),
        Op::Greater => first() == Some(Ordering::Greater),
        Op::AtLeast => matches!(first(), Some(Ordering::Greater | Ordering::Equal)),
        Op::Between => match wanted {
            [low, high] => order(low) != Ordering::Less && order(high) != Ordering::Greater,
            _ => false,
        },
        Op::Contains | Op::Empty | Op::AboveMean | Op::BelowMean => false,
    }
}

fn compare_date(op: Op, wanted: &[Span], date: NaiveDateTime) -> bool {
    let first = |holds: &dyn Fn(&Span) -> bool| wanted.first().is_some_and(holds);
    match op {
        Op::Equal => wanted
            .iter()
            .any(|span| span.from <= date && date < span.to),
        Op::Less => first(&|span| date < span.from),
        Op::AtMost => first(&|span| date < span.to),
        Op::Greater => first(&|span| date >= span.to),
        Op::AtLeast => first(&|span| date >= span.from),
        Op::Between => match wanted {
            [low, high] => low.from <= date && date < high.to,
            _ => false,
        },
        Op::Contains | Op::Empty | Op::AboveMean | Op::BelowMean => false,
    }
}

/// Columns that are compared.
pub(super) fn fields_of(tests: Option<&Tests>, fields: &mut Vec<Field>) {
    match tests {
        None => {}
        Some(Tests::All(parts) | Tests::Any(parts)) => {
            for part in parts {
                fields_of(Some(part), fields);
            }
        }
        Some(Tests::Not(inner)) => fields_of(Some(inner), fields),
        Some(Tests::Is(test)) => fields.push(match test {
            Test::Number(field, ..)
            | Test::Date(field, ..)
            | Test::Flag(field, _)
            | Test::Text(field, _)
            | Test::Empty(field) => *field,
        }),
    }
}
