//! Groups of rows, and two of them against each other.

use std::cmp::Ordering;
use std::collections::HashMap;

use chrono::{Datelike, NaiveDateTime};
use rust_decimal::Decimal;

use super::{Found, Run, with_ties};
use crate::check::{Fault, fault};
use crate::moment;
use crate::outcome::{NoteCode, ResultCell, ResultRow, ResultValue};
use crate::plan::{Function, Part, Plan};
use crate::value::{Kind, Value};
use crate::view::Field;

impl Run<'_, '_> {
    pub(super) fn groups(
        &mut self,
        function: Function,
        (field, part): (Field, Option<Part>),
        matched: &[u32],
    ) -> Result<Found, Fault> {
        let view = &self.checked.view;
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut groups: Vec<(String, ResultCell, Vec<u32>)> = Vec::new();
        for row in matched {
            let (sort, name) = match (view.value(*row, field), part) {
                (Value::Empty | Value::Odd(_), _) => continue,
                (Value::Date(date), Some(part)) => part_of(date, part),
                (Value::Date(date), None) => (date.to_string(), view.text(*row, field).to_owned()),
                _ => {
                    let text = view.text(*row, field);
                    (crate::value::key(text), text.to_owned())
                }
            };
            let next = groups.len();
            let place = *places.entry(sort.clone()).or_insert(next);
            if place == next {
                if next >= self.limits.groups {
                    return Err(fault(
                        "too_many_groups",
                        "O agrupamento tem valores distintos demais.",
                    ));
                }
                let cell = ResultCell {
                    value: ResultValue::Text(name.clone()),
                    text: Some(name),
                };
                groups.push((sort, cell, Vec::new()));
            }
            if let Some(group) = groups.get_mut(place) {
                group.2.push(*row);
            }
        }
        if part.is_some()
            || view
                .column(field)
                .is_some_and(|column| column.kind == Kind::Date)
        {
            groups.sort_by(|a, b| a.0.cmp(&b.0));
        }
        if self.plan.difference {
            order_as_asked(self.plan, &mut groups);
        }
        let mut rows = Vec::with_capacity(groups.len());
        let mut proof = Vec::new();
        for (_, name, members) in groups {
            let sum = self.compute(function, &members)?;
            rows.push((
                ResultRow {
                    made_of: sum.rows.len(),
                    cells: vec![
                        name,
                        ResultCell {
                            value: sum.value,
                            text: sum.text,
                        },
                    ],
                },
                sum.rows,
            ));
        }
        if let Some((None, descending)) = self.checked.order {
            let value =
                |row: &(ResultRow, Vec<u32>)| row.0.cells.get(1).map(|cell| cell.value.clone());
            rows.retain(|row| value(row) != Some(ResultValue::Nothing));
            let order =
                |a: &(ResultRow, Vec<u32>), b: &(ResultRow, Vec<u32>)| match (value(a), value(b)) {
                    (Some(ResultValue::Number(a)), Some(ResultValue::Number(b))) => a.cmp(&b),
                    (Some(ResultValue::Date(a)), Some(ResultValue::Date(b))) => a.cmp(&b),
                    _ => Ordering::Equal,
                };
            rows.sort_by(|a, b| if descending { order(b, a) } else { order(a, b) });
            if let Some(limit) = self.plan.limit {
                let kept = with_ties(&rows, limit as usize, |a, b| order(a, b) == Ordering::Equal);
                rows.truncate(kept);
                if kept > limit as usize {
                    self.note(NoteCode::Ties, "", kept - limit as usize);
                }
            }
        }
        let mut listed = Vec::with_capacity(rows.len());
        for (row, used) in rows {
            proof.extend(used);
            listed.push(row);
        }
        proof.sort_unstable();
        let mut head = self.head(field, None);
        if part.is_some() {
            head.kind = Kind::Text;
        }
        Ok((vec![head, self.aggregate_head(function)], listed, proof))
    }
}

/// Two groups in the order in which the filter names them.
fn order_as_asked(plan: &Plan, groups: &mut [(String, ResultCell, Vec<u32>)]) {
    let Some(group) = &plan.group else { return };
    let mut named: Vec<String> = Vec::new();
    collect_values(plan.filter.as_ref(), &group.column, &mut named);
    groups.sort_by_key(|(key, _, _)| {
        named
            .iter()
            .position(|name| name == key)
            .unwrap_or(usize::MAX)
    });
}

fn collect_values(filter: Option<&crate::plan::Filter>, column: &str, named: &mut Vec<String>) {
    use crate::plan::Filter;
    match filter {
        Some(Filter::Is(condition)) if condition.column == column => {
            named.extend(
                condition
                    .values
                    .iter()
                    .map(|value| crate::value::key(&value.0)),
            );
        }
        Some(Filter::All { all: parts } | Filter::Any { any: parts }) => {
            for part in parts {
                collect_values(Some(part), column, named);
            }
        }
        _ => {}
    }
}

/// First group minus second.
pub(super) fn apart(rows: &[ResultRow]) -> Result<Decimal, Fault> {
    let number = |row: &ResultRow| match row.cells.get(1).map(|cell| &cell.value) {
        Some(ResultValue::Number(number)) => Some(*number),
        _ => None,
    };
    match rows {
        [first, second] => match (number(first), number(second)) {
            (Some(first), Some(second)) => first.checked_sub(second),
            _ => None,
        },
        _ => None,
    }
    .ok_or_else(|| fault("no_difference", "Não há dois valores para comparar."))
}

fn part_of(date: NaiveDateTime, part: Part) -> (String, String) {
    match part {
        Part::Month => (
            date.format("%Y-%m").to_string(),
            format!(
                "{} de {}",
                moment::month_name(date.month(), false),
                date.year()
            ),
        ),
        Part::Year => (date.format("%Y").to_string(), date.year().to_string()),
    }
}
