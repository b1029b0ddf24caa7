//! Plans that a chat model could make up: well-formed, near the right one, and wrong.

use tables::plan::{Filter, Function, Op, Order, Plan};
use tables::{Table, TableSet};

/// Other plans than `plan`, each with one thing changed.
pub(crate) fn lies(set: &TableSet, plan: &Plan) -> Vec<Plan> {
    let mut made: Vec<Plan> = Vec::new();
    let table = set.table(&plan.table).unwrap();
    let mut change = |change: &dyn Fn(&mut Plan)| {
        let mut lie = plan.clone();
        change(&mut lie);
        if lie != *plan {
            made.push(lie);
        }
    };
    change(&|lie| lie.filter = None);
    change(&|lie| {
        if let Some(Filter::All { all }) = &mut lie.filter {
            all.pop();
        }
    });
    change(&|lie| {
        each(lie.filter.as_mut(), &mut |filter| {
            other_value(table, filter);
        });
    });
    change(&|lie| each(lie.filter.as_mut(), &mut other_op));
    change(&|lie| {
        lie.filter = lie.filter.take().map(|filter| Filter::Not {
            not: Box::new(filter),
        });
    });
    change(&|lie| {
        if let Some(aggregate) = &mut lie.aggregate {
            aggregate.column = aggregate.column.take().map(|name| neighbour(table, &name));
        }
    });
    for function in [Function::Sum, Function::Mean, Function::Max, Function::Min] {
        change(&|lie| {
            if let Some(aggregate) = &mut lie.aggregate {
                aggregate.function = function;
            }
        });
    }
    change(&|lie| lie.limit = lie.limit.map(|limit| limit + 1));
    change(&|lie| {
        lie.order = lie.order.take().map(|order| Order {
            descending: !order.descending,
            ..order
        });
    });
    change(&|lie| {
        lie.columns = lie
            .columns
            .iter()
            .map(|name| neighbour(table, name))
            .collect();
    });
    made
}

fn each(filter: Option<&mut Filter>, change: &mut dyn FnMut(&mut Filter)) {
    match filter {
        None => {}
        Some(Filter::All { all: parts } | Filter::Any { any: parts }) => {
            for part in parts {
                each(Some(part), change);
            }
        }
        Some(Filter::Not { not }) => each(Some(not), change),
        Some(is) => change(is),
    }
}

/// The value of another row, or a number that is one greater.
fn other_value(table: &Table, filter: &mut Filter) {
    let Filter::Is(condition) = filter else {
        return;
    };
    let Some(column) = table.column(&condition.column) else {
        return;
    };
    for value in &mut condition.values {
        if let Ok(number) = value.0.parse::<i64>() {
            value.0 = (number + 1).to_string();
            continue;
        }
        let other = (0..table.row_count() as u32)
            .map(|row| table.text(row, column))
            .find(|text| !text.is_empty() && *text != value.0);
        if let Some(other) = other {
            value.0 = other.to_owned();
        }
    }
}

fn other_op(filter: &mut Filter) {
    if let Filter::Is(condition) = filter {
        condition.op = match condition.op {
            Op::Greater => Op::Less,
            Op::Less => Op::Greater,
            Op::AtLeast => Op::AtMost,
            Op::AtMost => Op::AtLeast,
            other => other,
        };
    }
}

/// The next column of the same kind.
fn neighbour(table: &Table, name: &str) -> String {
    let Some(at) = table.column(name) else {
        return name.to_owned();
    };
    let kind = table.columns[at].kind;
    table
        .columns
        .iter()
        .enumerate()
        .find(|(index, column)| *index != at && column.kind == kind)
        .map_or_else(|| name.to_owned(), |(_, column)| column.name.clone())
}
