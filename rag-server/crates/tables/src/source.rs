//! Tables of a read document as they are kept beside the index.

use extract::{Document, Locator, Role, RowMark, Table};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::number::{self, Mark};
use crate::range;

/// Version of [`SourceTable`] as it is kept; another one must be made again from the document.
pub const VERSION: u32 = 2;
/// Digits that workbooks keep of a number.
const DIGITS: usize = 15;

/// A table as the document has it: this is what is kept beside the index; types are found again when it is opened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SourceTable {
    /// Title, caption, or sheet name; may be empty.
    pub name: String,
    /// One name per column; empty without a header.
    pub header: Vec<String>,
    /// Place of the whole table.
    pub locator: Locator,
    /// Hidden from people who open the file.
    pub hidden: bool,
    /// Positions of columns that are hidden though the table is not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hidden_columns: Vec<u32>,
    /// Its rows.
    pub rows: Vec<SourceRow>,
}

/// A row as the document has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SourceRow {
    /// Cells as people see them.
    pub cells: Vec<String>,
    /// Where the row stands.
    pub locator: Locator,
    /// The document says that it sums up other rows.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub total: bool,
    /// Hidden from people who open the file.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hidden: bool,
    /// What cells hold that does not show: few have any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub behind: Vec<Behind>,
}

/// What a cell holds that does not show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Behind {
    /// Position of its column.
    pub column: u32,
    /// The number, where it shows rounded; nothing for a formula without a result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exact: Option<Decimal>,
}

/// The tables of a document as they are kept.
pub(crate) fn of_document(document: &Document) -> Vec<SourceTable> {
    let mut places: Vec<Vec<(Locator, bool)>> = vec![Vec::new(); document.tables.len()];
    for block in &document.blocks {
        if let Role::TableRow { table, total } = block.role
            && let Some(rows) = places.get_mut(table as usize)
        {
            rows.push((block.locator.clone(), total));
        }
    }
    document
        .tables
        .iter()
        .zip(places)
        .map(|(table, places)| of_table(table, &places))
        .collect()
}

fn of_table(table: &Table, places: &[(Locator, bool)]) -> SourceTable {
    // Tables of running text mark no rows: their blocks say where they stand. A row without text has none.
    let mut blocks = places.iter();
    let rows = table
        .rows
        .iter()
        .enumerate()
        .map(|(index, cells)| {
            let place = if cells.iter().all(|cell| cell.trim().is_empty()) {
                None
            } else {
                blocks.next()
            };
            let mark = table.row_marks.get(index);
            SourceRow {
                locator: match (mark, place) {
                    (Some(mark), _) => marked(&table.locator, mark),
                    (None, Some((locator, _))) => locator.clone(),
                    (None, None) => table.locator.clone(),
                },
                total: mark.map_or(place.is_some_and(|(_, total)| *total), |mark| mark.total),
                hidden: mark.is_some_and(|mark| mark.hidden),
                behind: rounded(table, index, cells),
                cells: cells.clone(),
            }
        })
        .collect();
    let mut kept = SourceTable {
        name: table.name.clone(),
        header: table.header.clone(),
        locator: table.locator.clone(),
        hidden: table.hidden,
        hidden_columns: (0..)
            .zip(&table.columns)
            .filter(|(_, column)| column.hidden)
            .map(|(index, _)| index)
            .collect(),
        rows,
    };
    note_uncomputed(table, &mut kept);
    kept
}

fn marked(table: &Locator, mark: &RowMark) -> Locator {
    match table {
        Locator::Sheet { name, .. } => Locator::Sheet {
            name: name.clone(),
            range: mark.range.clone(),
        },
        other => other.clone(),
    }
}

/// Numbers of a row that show rounded.
fn rounded(table: &Table, row: usize, cells: &[String]) -> Vec<Behind> {
    (0..)
        .zip(cells.iter().zip(&table.columns))
        .filter_map(|(column, (shown, typed))| {
            let extract::Value::Number(held) = typed.values.get(row)? else {
                return None;
            };
            let exact = decimal(*held)?;
            let shown = number::read(shown)?;
            [Mark::Comma, Mark::Point]
                .into_iter()
                .filter_map(|mark| shown.value(mark))
                .find(|shown| exact.round_dp_with_strategy(shown.scale(), HALF_UP) == *shown)
                .filter(|shown| *shown != exact)
                .map(|_| Behind {
                    column,
                    exact: Some(exact),
                })
        })
        .collect()
}

const HALF_UP: rust_decimal::RoundingStrategy =
    rust_decimal::RoundingStrategy::MidpointAwayFromZero;

/// A number with the digits that a workbook keeps: what stands behind `0.1 + 0.2` is 0.3.
fn decimal(number: f64) -> Option<Decimal> {
    let text = format!("{number:.*e}", DIGITS - 1);
    Decimal::from_scientific(&text)
        .ok()
        .map(|number| number.normalize())
}

/// Formulas that the file keeps no result of.
fn note_uncomputed(table: &Table, kept: &mut SourceTable) {
    let Locator::Sheet { range, .. } = &table.locator else {
        return;
    };
    let Some((left, _)) = range::first_cell(range) else {
        return;
    };
    let blank: std::collections::BTreeMap<u32, Vec<u32>> = table
        .remarks
        .iter()
        .filter(|remark| remark.formula.is_some())
        .filter_map(|remark| range::first_cell(&remark.cell))
        .fold(
            std::collections::BTreeMap::new(),
            |mut rows, (column, row)| {
                rows.entry(row)
                    .or_insert_with(Vec::new)
                    .push(column.saturating_sub(left));
                rows
            },
        );
    for row in &mut kept.rows {
        let Locator::Sheet { range, .. } = &row.locator else {
            continue;
        };
        let Some(columns) = range::first_cell(range).and_then(|(_, row)| blank.get(&row)) else {
            continue;
        };
        for column in columns {
            let empty = row
                .cells
                .get(*column as usize)
                .is_none_or(|cell| cell.trim().is_empty());
            if empty {
                row.behind.push(Behind {
                    column: *column,
                    exact: None,
                });
            }
        }
    }
}
