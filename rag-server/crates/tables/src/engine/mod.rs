//! Runs checked plans. Every result knows the rows it was made of.
//!
//! A small engine of our own rather than `DataFusion`: a result must carry the very cells that it comes from, decimals must
//! stay exact, and cells that do not fit their column must be told, none of which a SQL engine gives back.

mod filter;
mod groups;
mod notes;

use std::cmp::Ordering;
use std::collections::BTreeSet;

use rust_decimal::Decimal;

use self::filter::fields_of;
use self::groups::apart;
use crate::check::{Checked, Fault, check, fault};
use crate::outcome::{
    Limits, Note, NoteCode, Outcome, ResultCell, ResultColumn, ResultRow, ResultValue,
};
use crate::plan::{Function, Plan};
use crate::proof::sources;
use crate::table::TableSet;
use crate::value::{Kind, Value};
use crate::view::Field;

/// Checks and runs a plan.
///
/// # Errors
/// All faults of the plan, or that it costs more than `limits`.
pub fn run(set: &TableSet, plan: &Plan, limits: &Limits) -> Result<Outcome, Vec<Fault>> {
    let checked = check(set, plan)?;
    Run {
        checked: &checked,
        plan,
        limits,
        steps: 0,
        unknown: 0,
        notes: Vec::new(),
    }
    .outcome()
    .map_err(|fault| vec![fault])
}

struct Run<'c, 'a> {
    checked: &'c Checked<'a>,
    plan: &'c Plan,
    limits: &'c Limits,
    steps: u64,
    unknown: usize,
    notes: Vec<Note>,
}

/// Columns and rows of a result, and the rows of data it was made of.
type Found = (Vec<ResultColumn>, Vec<ResultRow>, Vec<u32>);

/// What some rows come to, and the rows that made it.
struct Sum {
    value: ResultValue,
    text: Option<String>,
    rows: Vec<u32>,
}

impl Run<'_, '_> {
    fn outcome(mut self) -> Result<Outcome, Fault> {
        let checked = self.checked;
        let view = &checked.view;
        let mut matched = Vec::new();
        for row in &view.table.data {
            match checked.tests.as_ref() {
                None => matched.push(*row),
                Some(tests) => match self.holds(tests, *row)? {
                    Some(true) => matched.push(*row),
                    Some(false) => {}
                    None => self.unknown += 1,
                },
            }
        }
        let mut used: Vec<Field> = Vec::new();
        fields_of(checked.tests.as_ref(), &mut used);
        used.extend(checked.of);
        used.extend(checked.group.map(|(field, _)| field));
        used.extend(&checked.columns);
        used.extend(checked.order.and_then(|(field, _)| field));
        used.sort_unstable();
        used.dedup();

        let mut difference = None;
        let (columns, mut rows, proof) = match (checked.function, checked.group) {
            (None, _) => self.list(&matched),
            (Some(function), None) => self.single(function, &matched)?,
            (Some(function), Some(group)) => {
                let found = self.groups(function, group, &matched)?;
                if self.plan.difference {
                    difference = Some(apart(&found.1)?);
                }
                found
            }
        };
        let row_count = rows.len();
        rows.truncate(self.limits.listed);
        self.note_cells(&used, &matched, &proof);
        if self.unknown > 0 {
            let names: Vec<String> = used
                .iter()
                .filter_map(|field| view.column(*field).map(|column| column.name.clone()))
                .collect();
            self.note(NoteCode::UncomparedRows, &names.join(", "), self.unknown);
        }
        if view.table.totals > 0 {
            self.note(NoteCode::TotalsLeftOut, "", view.table.totals);
        }
        if view.table.hidden
            || view
                .joined
                .as_ref()
                .is_some_and(|joined| joined.table.hidden)
        {
            self.note(NoteCode::Hidden, "", 1);
        }
        let hidden = proof
            .iter()
            .filter(|row| {
                view.table
                    .rows
                    .get(**row as usize)
                    .is_some_and(|row| row.hidden)
            })
            .count();
        if hidden > 0 {
            self.note(NoteCode::HiddenRows, "", hidden);
        }
        if let Some(joined) = &view.joined {
            let alone = matched
                .iter()
                .filter(|row| joined.rows.get(**row as usize).copied().flatten().is_none())
                .count();
            if alone > 0 {
                self.note(NoteCode::Unjoined, "", alone);
            }
        }
        self.notes.sort();
        Ok(Outcome {
            columns,
            rows,
            row_count,
            matched: matched.len(),
            total: view.table.data.len(),
            difference,
            sources: sources(view, &used, &proof),
            notes: self.notes,
        })
    }

    fn cell(&self, row: u32, field: Field) -> ResultCell {
        let view = &self.checked.view;
        let text = view.text(row, field).to_owned();
        let value = match view.value(row, field) {
            Value::Empty => ResultValue::Nothing,
            Value::Number(value) => ResultValue::Number(value),
            Value::Date(date) => ResultValue::Date(date),
            Value::Flag(flag) => ResultValue::Flag(flag),
            Value::Text(_) | Value::Odd(_) => ResultValue::Text(text.clone()),
        };
        ResultCell {
            value,
            text: Some(text),
        }
    }

    fn head(&self, field: Field, function: Option<Function>) -> ResultColumn {
        let column = self.checked.view.column(field);
        ResultColumn {
            name: self.checked.view.name(field),
            function,
            kind: column.map_or(Kind::Text, |column| column.kind),
            unit: column.and_then(|column| column.unit.clone()),
            decimals: column.map_or(0, |column| column.decimals),
        }
    }

    fn list(&mut self, matched: &[u32]) -> Found {
        let checked = self.checked;
        let view = &checked.view;
        let mut rows = matched.to_vec();
        if let Some((Some(field), descending)) = checked.order {
            // Blank cells and cells that do not fit have no place in an order.
            rows.retain(|row| !matches!(view.value(*row, field), Value::Empty | Value::Odd(_)));
            rows.sort_by(|a, b| {
                let order = self.order(*a, *b, field);
                if descending { order.reverse() } else { order }
            });
            if let Some(limit) = self.plan.limit {
                let ties = |a: &u32, b: &u32| self.order(*a, *b, field) == Ordering::Equal;
                let kept = with_ties(&rows, limit as usize, ties);
                rows.truncate(kept);
                if kept > limit as usize {
                    let name = view.name(field);
                    self.note(NoteCode::Ties, &name, kept - limit as usize);
                }
            }
        }
        let mut seen: BTreeSet<Vec<String>> = BTreeSet::new();
        let mut listed: Vec<ResultRow> = Vec::new();
        for row in &rows {
            let cells: Vec<ResultCell> = checked
                .columns
                .iter()
                .map(|field| self.cell(*row, *field))
                .collect();
            if self.plan.distinct {
                if cells.iter().all(|cell| cell.value == ResultValue::Nothing) {
                    continue;
                }
                let keys = cells
                    .iter()
                    .map(|cell| crate::value::key(cell.text.as_deref().unwrap_or("")))
                    .collect();
                if !seen.insert(keys) {
                    continue;
                }
            }
            listed.push(ResultRow { cells, made_of: 1 });
        }
        let heads = checked
            .columns
            .iter()
            .map(|field| self.head(*field, None))
            .collect();
        rows.sort_unstable();
        (heads, listed, rows)
    }

    fn order(&self, a: u32, b: u32, field: Field) -> Ordering {
        let view = &self.checked.view;
        match (view.value(a, field), view.value(b, field)) {
            (Value::Number(a), Value::Number(b)) => a.cmp(&b),
            (Value::Date(a), Value::Date(b)) => a.cmp(&b),
            (Value::Flag(a), Value::Flag(b)) => a.cmp(&b),
            _ => {
                crate::value::key(view.text(a, field)).cmp(&crate::value::key(view.text(b, field)))
            }
        }
    }

    fn single(&mut self, function: Function, matched: &[u32]) -> Result<Found, Fault> {
        let checked = self.checked;
        let sum = self.compute(function, matched)?;
        let head = self.aggregate_head(function);
        let extreme = matches!(function, Function::Min | Function::Max);
        if !extreme || checked.columns.is_empty() {
            let row = ResultRow {
                made_of: sum.rows.len(),
                cells: vec![ResultCell {
                    value: sum.value,
                    text: sum.text,
                }],
            };
            return Ok((vec![head], vec![row], sum.rows));
        }
        let mut heads: Vec<ResultColumn> = checked
            .columns
            .iter()
            .map(|field| self.head(*field, None))
            .collect();
        heads.push(head);
        let rows = sum
            .rows
            .iter()
            .map(|row| {
                let mut cells: Vec<ResultCell> = checked
                    .columns
                    .iter()
                    .map(|field| self.cell(*row, *field))
                    .collect();
                cells.extend(checked.of.map(|field| self.cell(*row, field)));
                ResultRow { cells, made_of: 1 }
            })
            .collect();
        Ok((heads, rows, sum.rows))
    }

    fn aggregate_head(&self, function: Function) -> ResultColumn {
        match self.checked.of {
            Some(field) if function != Function::Count => self.head(field, Some(function)),
            of => ResultColumn {
                name: of.map_or_else(String::new, |field| self.checked.view.name(field)),
                function: Some(function),
                kind: Kind::Integer,
                unit: None,
                decimals: 0,
            },
        }
    }

    fn compute(&mut self, function: Function, matched: &[u32]) -> Result<Sum, Fault> {
        let checked = self.checked;
        let view = &checked.view;
        let overflow = || {
            fault(
                "too_large",
                "O resultado é grande demais para ser calculado com exatidão.",
            )
        };
        let Some(field) = checked.of else {
            return Ok(Sum {
                value: ResultValue::Number(Decimal::from(matched.len())),
                text: None,
                rows: matched.to_vec(),
            });
        };
        if function == Function::Count {
            let rows: Vec<u32> = matched
                .iter()
                .copied()
                .filter(|row| view.value(*row, field) != Value::Empty)
                .collect();
            let distinct: BTreeSet<String> = rows
                .iter()
                .map(|row| crate::value::key(view.text(*row, field)))
                .collect();
            if distinct.len() < rows.len() && checked.group.is_none() {
                let name = view.name(field);
                self.note(NoteCode::RepeatedValues, &name, rows.len());
            }
            return Ok(Sum {
                value: ResultValue::Number(Decimal::from(distinct.len())),
                text: None,
                rows,
            });
        }
        let rows: Vec<u32> = matched
            .iter()
            .copied()
            .filter(|row| matches!(view.value(*row, field), Value::Number(_) | Value::Date(_)))
            .collect();
        if matches!(function, Function::Min | Function::Max) {
            let best = rows.iter().copied().reduce(|best, row| {
                let order = self.order(row, best, field);
                let better = if function == Function::Max {
                    Ordering::Greater
                } else {
                    Ordering::Less
                };
                if order == better { row } else { best }
            });
            let Some(best) = best else {
                return Ok(Sum {
                    value: ResultValue::Nothing,
                    text: None,
                    rows,
                });
            };
            let cell = self.cell(best, field);
            return Ok(Sum {
                value: cell.value,
                text: cell.text,
                rows: rows
                    .into_iter()
                    .filter(|row| self.order(*row, best, field) == Ordering::Equal)
                    .collect(),
            });
        }
        let mut sum = Decimal::ZERO;
        for row in &rows {
            if let Value::Number(value) = view.value(*row, field) {
                sum = sum.checked_add(value).ok_or_else(overflow)?;
            }
        }
        let value = if rows.is_empty() {
            ResultValue::Nothing
        } else if function == Function::Mean {
            let count = Decimal::from(rows.len());
            ResultValue::Number(sum.checked_div(count).ok_or_else(overflow)?)
        } else {
            ResultValue::Number(sum)
        };
        Ok(Sum {
            value,
            text: None,
            rows,
        })
    }
}

/// How many to keep of a sorted list: `limit`, and those that tie with the last of them.
fn with_ties<T>(rows: &[T], limit: usize, tie: impl Fn(&T, &T) -> bool) -> usize {
    let Some(last) = limit.checked_sub(1).and_then(|last| rows.get(last)) else {
        return rows.len().min(limit);
    };
    limit
        + rows
            .iter()
            .skip(limit)
            .take_while(|row| tie(row, last))
            .count()
}
