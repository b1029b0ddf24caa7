//! Plans checked against tables: names found, values read, every fault named.

use chrono::{Datelike, Months, NaiveDate, NaiveDateTime};
use rust_decimal::Decimal;
use serde::Serialize;

use crate::column::Column;
use crate::moment::{self, Precision};
use crate::number::{self, Mark};
use crate::plan::{Aggregate, Condition, Filter, Function, Literal, Op, Part, Plan};
use crate::table::TableSet;
use crate::value::{Kind, Value, key};
use crate::view::{Field, View};

/// Most rows or groups a plan may ask for.
const MOST_ROWS: u32 = 1_000;
/// Conditions, and levels of them within each other, that a plan may have.
const MOST_CONDITIONS: usize = 64;
const DEEPEST: usize = 8;

/// Something a plan asks that its table cannot give.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Stable `snake_case` code.
    pub code: &'static str,
    /// A Brazilian Portuguese sentence for people.
    pub detail: String,
}

pub(crate) fn fault(code: &'static str, detail: impl Into<String>) -> Fault {
    Fault {
        code,
        detail: detail.into(),
    }
}

/// Days from `from` up to, not including, `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) from: NaiveDateTime,
    pub(crate) to: NaiveDateTime,
}

/// A condition ready to run.
#[derive(Debug)]
pub(crate) enum Test {
    Number(Field, Op, Vec<Decimal>),
    Date(Field, Op, Vec<Span>),
    Flag(Field, bool),
    /// Places in the dictionary that hold.
    Text(Field, Vec<bool>),
    Empty(Field),
}

#[derive(Debug)]
pub(crate) enum Tests {
    All(Vec<Tests>),
    Any(Vec<Tests>),
    Not(Box<Tests>),
    Is(Test),
}

/// A plan whose names and values are known to fit.
#[derive(Debug)]
pub(crate) struct Checked<'a> {
    pub(crate) view: View<'a>,
    pub(crate) tests: Option<Tests>,
    pub(crate) group: Option<(Field, Option<Part>)>,
    pub(crate) function: Option<Function>,
    pub(crate) of: Option<Field>,
    pub(crate) columns: Vec<Field>,
    pub(crate) order: Option<(Option<Field>, bool)>,
}

/// Checks a plan. All faults are named, not only the first.
pub(crate) fn check<'a>(set: &'a TableSet, plan: &Plan) -> Result<Checked<'a>, Vec<Fault>> {
    let unknown = |id: &str| {
        fault(
            "unknown_table",
            format!("A tabela “{id}” não existe neste material."),
        )
    };
    let Some(table) = set.table(&plan.table) else {
        return Err(vec![unknown(&plan.table)]);
    };
    let view = match &plan.join {
        None => View::of(table),
        Some(join) => {
            let Some(other) = set.table(&join.table) else {
                return Err(vec![unknown(&join.table)]);
            };
            match (table.column(&join.left), other.column(&join.right)) {
                (Some(left), Some(right)) => {
                    View::joined(table, left, other, right).map_err(|fault| vec![fault])?
                }
                (left, _) => {
                    let (name, table) = if left.is_none() {
                        (&join.left, &table.id)
                    } else {
                        (&join.right, &other.id)
                    };
                    return Err(vec![unknown_column(name, table)]);
                }
            }
        }
    };
    let mut checker = Checker {
        view: &view,
        faults: Vec::new(),
        conditions: 0,
    };
    let tests = plan
        .filter
        .as_ref()
        .and_then(|filter| checker.filter(filter, 0));
    let group = plan.group.as_ref().and_then(|group| {
        let field = checker.field(&group.column)?;
        if group.part.is_some() && checker.kind(field) != Kind::Date {
            checker.faults.push(fault(
                "not_a_date",
                format!("A coluna “{}” não tem datas.", group.column),
            ));
        }
        Some((field, group.part))
    });
    let (function, of) = match &plan.aggregate {
        None => (None, None),
        Some(aggregate) => (Some(aggregate.function), checker.aggregate(aggregate)),
    };
    let columns: Vec<Field> = plan
        .columns
        .iter()
        .filter_map(|name| checker.field(name))
        .collect();
    let order = plan.order.as_ref().map(|order| {
        let field = order.column.as_ref().and_then(|name| checker.field(name));
        (field, order.descending)
    });
    let mut wrong = |wrong: bool, code, detail: &str| {
        if wrong {
            checker.faults.push(fault(code, detail));
        }
    };
    wrong(
        plan.aggregate.is_none() && plan.columns.is_empty(),
        "nothing_asked",
        "O plano não diz o que calcular nem o que listar.",
    );
    wrong(
        plan.group.is_some() && plan.aggregate.is_none(),
        "group_without_aggregate",
        "Um agrupamento precisa de um cálculo.",
    );
    wrong(
        plan.difference && (plan.group.is_none() || plan.order.is_some() || plan.limit.is_some()),
        "difference_without_groups",
        "Uma diferença compara dois grupos, sem ordem nem limite.",
    );
    wrong(
        plan.limit
            .is_some_and(|limit| !(1..=MOST_ROWS).contains(&limit)),
        "limit_out_of_range",
        "O limite vai de 1 a 1000.",
    );
    wrong(
        plan.limit.is_some() && plan.order.is_none(),
        "limit_without_order",
        "Um limite precisa de uma ordem.",
    );
    wrong(
        plan.order.as_ref().is_some_and(|order| {
            order.column.is_none() && (plan.group.is_none() || plan.aggregate.is_none())
        }),
        "order_without_column",
        "A ordem precisa de uma coluna.",
    );
    if checker.faults.is_empty() {
        Ok(Checked {
            view,
            tests,
            group,
            function,
            of,
            columns,
            order,
        })
    } else {
        Err(checker.faults)
    }
}

fn unknown_column(name: &str, table: &str) -> Fault {
    fault(
        "unknown_column",
        format!("A coluna “{name}” não existe na tabela “{table}”."),
    )
}

struct Checker<'v, 'a> {
    view: &'v View<'a>,
    faults: Vec<Fault>,
    conditions: usize,
}

impl Checker<'_, '_> {
    fn field(&mut self, name: &str) -> Option<Field> {
        let field = self.view.find(name);
        if field.is_none() {
            self.faults.push(unknown_column(name, &self.view.table.id));
        }
        field
    }

    fn kind(&self, field: Field) -> Kind {
        self.view
            .column(field)
            .map_or(Kind::Text, |column| column.kind)
    }

    fn aggregate(&mut self, aggregate: &Aggregate) -> Option<Field> {
        let Some(name) = &aggregate.column else {
            if aggregate.function != Function::Count {
                self.faults.push(fault(
                    "aggregate_without_column",
                    "O cálculo precisa de uma coluna.",
                ));
            }
            return None;
        };
        let field = self.field(name)?;
        let kind = self.kind(field);
        let identifier = self
            .view
            .column(field)
            .is_some_and(|column| column.identifier);
        let fits = match aggregate.function {
            Function::Count => true,
            Function::Sum => kind.is_summable() && !identifier,
            Function::Mean => kind.is_numeric() && !identifier,
            Function::Min | Function::Max => kind.is_numeric() || kind == Kind::Date,
        };
        if !fits {
            self.faults.push(fault(
                "not_computable",
                format!("A coluna “{name}” não tem valores com que se faça essa conta."),
            ));
        }
        Some(field)
    }

    fn filter(&mut self, filter: &Filter, depth: usize) -> Option<Tests> {
        self.conditions += 1;
        if depth > DEEPEST || self.conditions > MOST_CONDITIONS {
            if !self
                .faults
                .iter()
                .any(|fault| fault.code == "too_many_conditions")
            {
                self.faults.push(fault(
                    "too_many_conditions",
                    "O plano tem condições demais.",
                ));
            }
            return None;
        }
        match filter {
            Filter::All { all: parts } | Filter::Any { any: parts } => {
                if parts.is_empty() {
                    self.faults
                        .push(fault("empty_filter", "Um filtro do plano está vazio."));
                }
                let tests: Vec<Tests> = parts
                    .iter()
                    .filter_map(|part| self.filter(part, depth + 1))
                    .collect();
                Some(if matches!(filter, Filter::All { .. }) {
                    Tests::All(tests)
                } else {
                    Tests::Any(tests)
                })
            }
            Filter::Not { not } => Some(Tests::Not(Box::new(self.filter(not, depth + 1)?))),
            Filter::Is(condition) => self.condition(condition).map(Tests::Is),
        }
    }

    /// The mean of all rows that have a number there.
    fn mean(&self, field: Field) -> Option<Decimal> {
        let mut sum = Decimal::ZERO;
        let mut count = 0_u64;
        for row in &self.view.table.data {
            if let Value::Number(value) = self.view.value(*row, field) {
                sum = sum.checked_add(value)?;
                count += 1;
            }
        }
        sum.checked_div(Decimal::from(count))
    }

    fn condition(&mut self, condition: &Condition) -> Option<Test> {
        let field = self.field(&condition.column)?;
        let column = self.view.column(field)?;
        let wanted = match condition.op {
            Op::Empty | Op::AboveMean | Op::BelowMean => 0..=0,
            Op::Between => 2..=2,
            Op::Equal => 1..=100,
            _ => 1..=1,
        };
        if !wanted.contains(&condition.values.len()) {
            self.faults.push(fault(
                "wrong_number_of_values",
                format!(
                    "A condição sobre “{}” tem um número errado de valores.",
                    condition.column
                ),
            ));
            return None;
        }
        let test = match (condition.op, column.kind) {
            (Op::Empty, _) => Some(Test::Empty(field)),
            (Op::Contains | Op::Equal, Kind::Text) => {
                Some(Test::Text(field, chosen(column, condition)))
            }
            (Op::Equal, Kind::Flag) => flag(condition).map(|flag| Test::Flag(field, flag)),
            (Op::Contains, _) | (_, Kind::Text | Kind::Flag) => None,
            (Op::AboveMean | Op::BelowMean, kind) => self
                .mean(field)
                .filter(|_| kind.is_numeric() && !column.identifier)
                .map(|mean| {
                    let op = if condition.op == Op::AboveMean {
                        Op::Greater
                    } else {
                        Op::Less
                    };
                    Test::Number(field, op, vec![mean])
                }),
            (op, Kind::Date) => condition
                .values
                .iter()
                .map(span)
                .collect::<Option<_>>()
                .map(|spans| Test::Date(field, op, spans)),
            (op, kind) => condition
                .values
                .iter()
                .map(|value| number_of(value, kind))
                .collect::<Option<_>>()
                .map(|numbers| Test::Number(field, op, numbers)),
        };
        if test.is_none() {
            self.faults.push(fault(
                "value_does_not_fit",
                format!(
                    "A condição sobre “{}” não combina com os valores da coluna.",
                    condition.column
                ),
            ));
        }
        test
    }
}

fn chosen(column: &Column, condition: &Condition) -> Vec<bool> {
    let wanted: Vec<String> = condition.values.iter().map(|value| key(&value.0)).collect();
    column
        .keys
        .iter()
        .map(|text| match condition.op {
            Op::Contains => wanted.iter().all(|wanted| {
                wanted.split(' ').all(|word| {
                    text.split(|c: char| !c.is_alphanumeric())
                        .any(|part| part == word)
                })
            }),
            _ => wanted.contains(text),
        })
        .collect()
}

fn flag(condition: &Condition) -> Option<bool> {
    match condition.values.as_slice() {
        [only] => match key(&only.0).as_str() {
            "true" | "sim" | "yes" | "verdadeiro" => Some(true),
            "false" | "nao" | "no" | "falso" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

fn number_of(value: &Literal, kind: Kind) -> Option<Decimal> {
    if matches!(kind, Kind::Time | Kind::Duration) {
        return moment::read_clock(&value.0).map(Decimal::from);
    }
    number::read(&value.0)?.value(Mark::Point)
}

/// A day, a month (`2025-03`) or a year (`2025`), as days.
pub(crate) fn span(value: &Literal) -> Option<Span> {
    let text = value.0.trim();
    let day = |year, month, day| NaiveDate::from_ymd_opt(year, month, day);
    let midnight = |date: NaiveDate| date.and_time(chrono::NaiveTime::MIN);
    let months = |from: NaiveDate, count| {
        Some(Span {
            from: midnight(from),
            to: midnight(from.checked_add_months(Months::new(count))?),
        })
    };
    if text.len() == 4 {
        return months(day(text.parse().ok()?, 1, 1)?, 12);
    }
    if let Some((year, month)) = text.split_once('-').filter(|_| text.len() == 7) {
        return months(day(year.parse().ok()?, month.parse().ok()?, 1)?, 1);
    }
    let written = moment::read_date(text)?;
    let from = written.value(false)?;
    match written.precision {
        Precision::Month => months(day(from.year(), from.month(), 1)?, 1),
        Precision::Day => Some(Span {
            from,
            to: from.checked_add_days(chrono::Days::new(1))?,
        }),
        Precision::Minute => Some(Span {
            from,
            to: from.checked_add_signed(chrono::TimeDelta::minutes(1))?,
        }),
    }
}
