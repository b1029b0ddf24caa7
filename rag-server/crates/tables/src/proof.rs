//! Where a result comes from: sheet, cells, rows.

use std::collections::BTreeSet;

use extract::Locator;
use serde::{Deserialize, Serialize};

use crate::range::{letters, runs};
use crate::table::Table;
use crate::view::{Field, View};

/// The cells of one table that a result was made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// [`Table::id`](crate::Table::id).
    pub table: String,
    /// Sheet, in a workbook or delimited file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
    /// Cells in A1 notation, `A2:A5, D2:D5`; nothing for tables without a sheet.
    pub range: Option<String>,
    /// Rows it was made of; the range may span more when they stand scattered ([`Source::folded`]).
    pub rows: usize,
    /// The range spans rows that were not used.
    pub folded: bool,
    /// The first of those rows, at most ten: cells as people see them, `; ` between.
    pub shown: Vec<String>,
    /// Place of the first row, for tables without a sheet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locator: Option<Locator>,
}

/// Rows that a source shows.
const MOST_SHOWN: usize = 10;

pub(crate) fn sources(view: &View<'_>, used: &[Field], rows: &[u32]) -> Vec<Source> {
    let mut sources = Vec::new();
    for joined in [false, true] {
        let mut columns: BTreeSet<u32> = used
            .iter()
            .filter(|field| field.joined == joined)
            .map(|field| field.column as u32)
            .collect();
        let table = match (&view.joined, joined) {
            (None, true) => continue,
            (Some(other), true) => {
                columns.insert(other.right as u32);
                other.table
            }
            (other, false) => {
                columns.extend(other.as_ref().map(|other| other.left as u32));
                if columns.is_empty() {
                    columns.insert(view.table.label as u32);
                }
                view.table
            }
        };
        let mut of_table: Vec<u32> = rows
            .iter()
            .filter_map(|row| match (&view.joined, joined) {
                (Some(other), true) => other.rows.get(*row as usize).copied().flatten(),
                _ => Some(*row),
            })
            .collect();
        of_table.sort_unstable();
        of_table.dedup();
        sources.push(source(table, &columns, &of_table));
    }
    sources
}

fn source(table: &Table, columns: &BTreeSet<u32>, rows: &[u32]) -> Source {
    let numbers: Vec<u32> = rows
        .iter()
        .filter_map(|row| table.row_number(*row))
        .collect();
    let on_sheet = table.sheet.is_some() && numbers.len() == rows.len() && !rows.is_empty();
    let (runs, folded) = runs(&numbers);
    let columns: Vec<u32> = columns.iter().copied().collect();
    let mut blocks: Vec<(u32, u32)> = Vec::new();
    for column in columns {
        match blocks.last_mut() {
            Some(last) if column == last.1 + 1 => last.1 = column,
            _ => blocks.push((column, column)),
        }
    }
    let range = on_sheet.then(|| {
        let mut pieces = Vec::new();
        for (first, last) in &blocks {
            for (top, bottom) in &runs {
                let from = format!("{}{top}", letters(table.left + first));
                let to = format!("{}{bottom}", letters(table.left + last));
                pieces.push(if from == to {
                    from
                } else {
                    format!("{from}:{to}")
                });
            }
        }
        pieces.join(", ")
    });
    Source {
        table: table.id.clone(),
        sheet: table.sheet.clone(),
        locator: if range.is_none() {
            rows.first()
                .and_then(|row| table.rows.get(*row as usize))
                .map(|row| row.locator.clone())
        } else {
            None
        },
        range,
        rows: rows.len(),
        folded,
        shown: rows
            .iter()
            .filter_map(|row| table.rows.get(*row as usize))
            .take(MOST_SHOWN)
            .map(|row| row.cells.join("; ").trim_end_matches("; ").to_owned())
            .collect(),
    }
}
