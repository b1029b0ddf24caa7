//! Runs checked plans. Every result knows the rows it was made of.
//!
//! A small engine of our own rather than `DataFusion`: a result must carry the very cells that it comes from, decimals must
//! stay exact, and cells that do not fit their column must be told, none of which a SQL engine gives back.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{Datelike, NaiveDateTime};
use rust_decimal::Decimal;

use crate::check::{Checked, Fault, Field, Span, Test, Tests, check, fault};
use crate::column::Oddity;
use crate::moment;
use crate::outcome::{
    Limits, Note, NoteCode, Outcome, ResultCell, ResultColumn, ResultRow, ResultValue,
};
use crate::plan::{Function, Op, Part, Plan};
use crate::source::sources;
use crate::table::TableSet;
use crate::value::{Kind, Value};

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

    fn note(&mut self, code: NoteCode, column: &str, count: usize) {
        self.notes.push(Note {
            code,
            column: column.to_owned(),
            count,
            examples: Vec::new(),
        });
    }

    /// Names the oddities of the cells the result touched, and blank cells of the computed column.
    fn note_cells(&mut self, used: &[Field], matched: &[u32], proof: &[u32]) {
        let view = &self.checked.view;
        for field in used {
            let Some(column) = view.column(*field) else {
                continue;
            };
            // A condition touches every row; what is computed or shown touches the rows it is made of.
            let shown = self.checked.columns.contains(field) || self.checked.of == Some(*field);
            let rows: Vec<u32> = if !shown && self.checked.tests.is_some() {
                view.table.data.clone()
            } else if self.checked.of == Some(*field) {
                matched.to_vec()
            } else {
                proof.to_vec()
            };
            let touched: BTreeSet<u32> = rows
                .iter()
                .filter_map(|row| view.row_of(*row, *field))
                .collect();
            let mut found: BTreeMap<Oddity, (usize, Vec<String>)> = BTreeMap::new();
            let table = view.table_of(*field);
            for (row, oddity) in &column.oddities {
                if touched.contains(row) {
                    let entry = found.entry(*oddity).or_default();
                    entry.0 += 1;
                    if entry.1.len() < 5 {
                        entry.1.push(match table.row_number(*row) {
                            Some(number) => format!(
                                "{}{number}",
                                crate::range::letters(table.left + field.column as u32)
                            ),
                            None => table.text(*row, field.column).to_owned(),
                        });
                    }
                }
            }
            for (oddity, (count, examples)) in found {
                self.notes.push(Note {
                    code: NoteCode::Cell(oddity),
                    column: column.name.clone(),
                    count,
                    examples,
                });
            }
            if self.checked.of == Some(*field) {
                let blank = matched
                    .iter()
                    .filter(|row| view.value(**row, *field) == Value::Empty)
                    .count();
                let name = column.name.clone();
                if blank > 0 {
                    self.note(NoteCode::BlankCells, &name, blank);
                }
            }
        }
    }

    /// Whether a row holds; nothing when a compared cell is blank or does not fit.
    fn holds(&mut self, tests: &Tests, row: u32) -> Result<Option<bool>, Fault> {
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

    fn groups(
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

fn apart(rows: &[ResultRow]) -> Result<Decimal, Fault> {
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
        Op::Contains | Op::Empty => false,
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
        Op::Contains | Op::Empty => false,
    }
}

fn fields_of(tests: Option<&Tests>, fields: &mut Vec<Field>) {
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
