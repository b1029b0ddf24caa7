//! Tables that share a key.

use std::collections::BTreeSet;

use crate::column::Column;
use crate::table::Table;
use crate::value::{Kind, Value, key};

/// Two tables of a set that can be read as one: each row of `many` names at most one row of `one`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// Position of the table whose rows are kept.
    pub many: usize,
    /// Its column.
    pub many_column: usize,
    /// Position of the table that is looked up.
    pub one: usize,
    /// Its column, in which no value repeats.
    pub one_column: usize,
}

/// Most tables that are compared with each other in search of shared keys.
const MOST_LINKED: usize = 40;

pub(crate) fn links(tables: &[Table]) -> Vec<Link> {
    let mut links = Vec::new();
    for (many, left) in tables.iter().enumerate().take(MOST_LINKED) {
        for (one, right) in tables.iter().enumerate().take(MOST_LINKED) {
            if many == one {
                continue;
            }
            let found = left
                .columns
                .iter()
                .enumerate()
                .find_map(|(many_column, column)| {
                    let one_column = right
                        .columns
                        .iter()
                        .position(|other| shares_key(column, left, other, right))?;
                    Some(Link {
                        many,
                        many_column,
                        one,
                        one_column,
                    })
                });
            links.extend(found);
        }
    }
    links
}

/// Same name, and nearly all values of `column` stand exactly once in `other`.
fn shares_key(column: &Column, left: &Table, other: &Column, right: &Table) -> bool {
    let named_alike = key(&column.name) == key(&other.name);
    let text = column.kind == Kind::Text && other.kind == Kind::Text;
    let code = column.identifier && other.identifier;
    if !named_alike || !(text || code) {
        return false;
    }
    let mut ones: BTreeSet<String> = BTreeSet::new();
    for row in &right.data {
        match key_of(other, *row) {
            Some(value) if !ones.insert(value.clone()) => return false,
            _ => {}
        }
    }
    let mut known = 0_usize;
    let mut all = 0_usize;
    for row in &left.data {
        if let Some(value) = key_of(column, *row) {
            all += 1;
            known += usize::from(ones.contains(&value));
        }
    }
    all > 0 && known * 10 >= all * 9
}

/// A cell for matching rows of two tables.
pub(crate) fn key_of(column: &Column, row: u32) -> Option<String> {
    match column.values.get(row as usize)? {
        Value::Text(id) => column.keys.get(*id as usize).cloned(),
        Value::Number(number) => Some(number.normalize().to_string()),
        _ => None,
    }
}
