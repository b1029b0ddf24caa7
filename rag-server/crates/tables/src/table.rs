//! Tables as data: rows with their places, columns with types, totals told apart.

use std::collections::{BTreeMap, BTreeSet};

use extract::{Document, FileKind, Locator, Role};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::column::{self, Column};
use crate::number::Mark;
use crate::range;
use crate::value::{Kind, Value, key};
use crate::vocabulary::Vocabulary;

/// Version of [`SourceTable`] as it is kept; another one must be made again from the document.
pub const VERSION: u32 = 1;
/// Distinct values that are taken for the total of the rows above, at least over this many rows.
const LEAST_SUMMED: usize = 3;

/// A row as the document has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SourceRow {
    /// Cells as people see them.
    pub cells: Vec<String>,
    /// Where the row stands.
    pub locator: Locator,
    /// The document says that it sums up other rows.
    pub total: bool,
}

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
    /// Its rows.
    pub rows: Vec<SourceRow>,
}

/// A table that can be computed on.
#[derive(Debug)]
pub struct Table {
    /// Unique among the tables of its set: title or sheet name, made distinct.
    pub id: String,
    /// Title, or the sheet's name.
    pub name: String,
    /// The sheet it stands on.
    pub sheet: Option<String>,
    /// Typed columns.
    pub columns: Vec<Column>,
    /// Hidden from people who open the file.
    pub hidden: bool,
    /// Rows left out of every result because they sum up others.
    pub totals: usize,
    pub(crate) rows: Vec<SourceRow>,
    /// Rows that are data.
    pub(crate) data: Vec<u32>,
    /// Column that names what a row is about.
    pub(crate) label: usize,
    /// Column of the sheet that the first column stands in, 0-based.
    pub(crate) left: u32,
    pub(crate) vocabulary: Vocabulary,
}

impl Table {
    /// Rows of data, totals left out.
    pub fn row_count(&self) -> usize {
        self.data.len()
    }

    /// The column called `name`, as written or folded.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns
            .iter()
            .position(|column| column.name == name)
            .or_else(|| {
                let wanted = key(name);
                let mut found = self
                    .columns
                    .iter()
                    .enumerate()
                    .filter(|(_, column)| key(&column.name) == wanted);
                match (found.next(), found.next()) {
                    (Some((index, _)), None) => Some(index),
                    _ => None,
                }
            })
    }

    /// The cell as people see it.
    pub fn text(&self, row: u32, column: usize) -> &str {
        self.rows
            .get(row as usize)
            .and_then(|row| row.cells.get(column))
            .map_or("", String::as_str)
    }

    pub(crate) fn value(&self, row: u32, column: usize) -> Value {
        self.columns
            .get(column)
            .and_then(|column| column.values.get(row as usize))
            .copied()
            .unwrap_or(Value::Empty)
    }

    /// Row number on the sheet, 1-based.
    pub(crate) fn row_number(&self, row: u32) -> Option<u32> {
        match &self.rows.get(row as usize)?.locator {
            Locator::Sheet { range, .. } => range::first_cell(range).map(|(_, row)| row),
            _ => None,
        }
    }

    fn new(source: SourceTable, id: String, mark: Mark) -> Self {
        let SourceTable {
            name,
            header,
            locator,
            hidden,
            mut rows,
        } = source;
        let width = rows
            .iter()
            .map(|row| row.cells.len())
            .max()
            .unwrap_or(0)
            .max(header.len());
        let (sheet, left) = match &locator {
            Locator::Sheet { name, range } => (
                Some(name.clone()),
                range::first_cell(range).map_or(0, |(column, _)| column),
            ),
            _ => (None, 0),
        };
        // A header that is printed again is no row.
        if !header.is_empty() {
            rows.retain(|row| row.cells != header);
        }
        let names = names(&header, width, left);
        let mut counted: Vec<bool> = rows.iter().map(|row| !row.total).collect();
        let mut columns = type_columns(&header, &names, &rows, &counted, mark);
        // Totals that no label tells are found by their sums; the columns are typed again without them.
        if mark_totals(&rows, &columns, &mut counted) {
            columns = type_columns(&header, &names, &rows, &counted, mark);
        }
        let data: Vec<u32> = (0_u32..)
            .zip(&counted)
            .filter(|(_, counted)| **counted)
            .map(|(row, _)| row)
            .collect();
        let totals = rows.len() - data.len();
        let label = label(&columns, &data);
        let vocabulary = Vocabulary::new(&columns, &data);
        Self {
            id,
            name,
            sheet,
            columns,
            hidden,
            totals,
            rows,
            data,
            label,
            left,
            vocabulary,
        }
    }
}

fn type_columns(
    header: &[String],
    names: &[String],
    rows: &[SourceRow],
    counted: &[bool],
    mark: Mark,
) -> Vec<Column> {
    names
        .iter()
        .enumerate()
        .map(|(index, name)| {
            let path = header
                .get(index)
                .map(|name| name.split(" / ").map(str::to_owned).collect())
                .unwrap_or_default();
            let cells = rows
                .iter()
                .map(move |row| row.cells.get(index).map_or("", String::as_str));
            column::typed(name.clone(), path, cells, counted, mark)
        })
        .collect()
}

/// Column names: the header's, duplicates numbered, blank ones after their letter.
fn names(header: &[String], width: usize, left: u32) -> Vec<String> {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    (0..width)
        .map(|index| {
            let name = header
                .get(index)
                .map(|name| name.trim().trim_end_matches(':').trim_end())
                .filter(|name| !name.is_empty())
                .map_or_else(
                    || format!("Coluna {}", range::letters(left + index as u32)),
                    str::to_owned,
                );
            let count = seen.entry(key(&name)).or_default();
            *count += 1;
            if *count > 1 {
                format!("{name} ({count})")
            } else {
                name
            }
        })
        .collect()
}

const TOTAL_WORDS: [&str; 8] = [
    "total",
    "totais",
    "subtotal",
    "subtotais",
    "sub-total",
    "soma",
    "somatorio",
    "totals",
];

/// Marks rows that sum up others and that the document did not mark. Whether there were any.
///
/// A row is one when a cell of few words begins with `Total` or the like, or it has no words at all, and each number in
/// it equals the sum of the rows since the last such row, or of all rows above.
fn mark_totals(rows: &[SourceRow], columns: &[Column], counted: &mut [bool]) -> bool {
    let numeric: Vec<&Column> = columns
        .iter()
        .filter(|column| column.kind.is_summable() && !column.identifier)
        .collect();
    let texts: Vec<usize> = columns
        .iter()
        .enumerate()
        .filter(|(_, column)| column.kind == Kind::Text)
        .map(|(index, _)| index)
        .collect();
    if numeric.is_empty() || texts.is_empty() {
        return false;
    }
    let mut all = vec![(Decimal::ZERO, 0_usize); numeric.len()];
    let mut since = all.clone();
    let mut found = false;
    for (row, source) in rows.iter().enumerate() {
        let value = |column: &Column| match column.values.get(row) {
            Some(Value::Number(value)) => Some(*value),
            _ => None,
        };
        if !counted.get(row).copied().unwrap_or(false) {
            since = vec![(Decimal::ZERO, 0); numeric.len()];
            continue;
        }
        let cell = |index: &usize| source.cells.get(*index).map_or("", |cell| cell.trim());
        let words = texts.iter().filter(|index| !cell(index).is_empty()).count();
        let says = texts.iter().any(|index| {
            let folded = key(cell(index));
            folded.split(' ').count() <= 5
                && TOTAL_WORDS.contains(&folded.split([' ', ':']).next().unwrap_or(""))
        });
        let mut sums = 0;
        let mut fails = false;
        if says || words == 0 {
            for ((column, all), since) in numeric.iter().zip(&all).zip(&since) {
                if let Some(value) = value(column) {
                    let is = |sum: &(Decimal, usize)| {
                        sum.0 == value && sum.1 >= if says { 1 } else { LEAST_SUMMED }
                    };
                    if is(all) || is(since) {
                        sums += 1;
                    } else {
                        fails = true;
                    }
                }
            }
        }
        if sums > 0 && !fails {
            if let Some(slot) = counted.get_mut(row) {
                *slot = false;
            }
            found = true;
            since = vec![(Decimal::ZERO, 0); numeric.len()];
            continue;
        }
        for (index, column) in numeric.iter().enumerate() {
            if let Some(value) = value(column) {
                for sums in [&mut all, &mut since] {
                    if let Some(sum) = sums.get_mut(index) {
                        sum.0 = sum.0.checked_add(value).unwrap_or(sum.0);
                        sum.1 += 1;
                    }
                }
            }
        }
    }
    found
}

/// The column that names what a row is about: the first text column whose values hardly repeat, else the first text
/// column, else the first.
fn label(columns: &[Column], data: &[u32]) -> usize {
    let texts = || {
        columns
            .iter()
            .enumerate()
            .filter(|(_, column)| column.kind == Kind::Text)
    };
    let distinct = |column: &Column| {
        let ids: BTreeSet<u32> = data
            .iter()
            .filter_map(|row| match column.values.get(*row as usize) {
                Some(Value::Text(id)) => Some(*id),
                _ => None,
            })
            .collect();
        ids.len()
    };
    texts()
        .find(|(_, column)| distinct(column) * 10 >= data.len() * 9)
        .or_else(|| {
            texts().max_by_key(|(index, column)| {
                (distinct(column) * 2 > data.len(), usize::MAX - index)
            })
        })
        .map_or(0, |(index, _)| index)
}

/// The tables of one material.
#[derive(Debug, Default)]
pub struct TableSet {
    /// In the document's order.
    pub tables: Vec<Table>,
    /// Pairs of tables that share a key: see [`Link`].
    pub links: Vec<Link>,
}

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

impl TableSet {
    /// The tables of a document as they are kept.
    pub fn sources(document: &Document) -> Vec<SourceTable> {
        let mut sources: Vec<SourceTable> = document
            .tables
            .iter()
            .map(|table| SourceTable {
                name: table.name.clone(),
                header: table.header.clone(),
                locator: table.locator.clone(),
                hidden: table.hidden,
                rows: Vec::with_capacity(table.rows.len()),
            })
            .collect();
        for block in &document.blocks {
            let Role::TableRow { table, total } = block.role else {
                continue;
            };
            let Some(from) = document.tables.get(table as usize) else {
                continue;
            };
            let Some(source) = sources.get_mut(table as usize) else {
                continue;
            };
            if let Some(cells) = from.rows.get(source.rows.len()) {
                source.rows.push(SourceRow {
                    cells: cells.clone(),
                    locator: block.locator.clone(),
                    total,
                });
            }
        }
        sources
    }

    /// Types the tables. `kind`: of the document; workbooks keep numbers with a decimal point, other documents of
    /// Portuguese readers write a comma.
    pub fn new(sources: Vec<SourceTable>, kind: FileKind) -> Self {
        let mark = match kind {
            FileKind::Xlsx | FileKind::Xls | FileKind::Xlsb | FileKind::Ods => Mark::Point,
            _ => Mark::Comma,
        };
        let mut taken: BTreeSet<String> = BTreeSet::new();
        let mut tables = Vec::new();
        for source in sources {
            if source.rows.is_empty() {
                continue;
            }
            let sheet = match &source.locator {
                Locator::Sheet { name, .. } => name.clone(),
                _ => String::new(),
            };
            let name = if source.name.is_empty() {
                "Tabela".to_owned()
            } else {
                source.name.clone()
            };
            let mut id = name.clone();
            if taken.contains(&id) && !sheet.is_empty() {
                id = format!("{sheet}: {name}");
            }
            let mut number = 2;
            while taken.contains(&id) {
                id = format!("{name} ({number})");
                number += 1;
            }
            taken.insert(id.clone());
            tables.push(Table::new(source, id, mark));
        }
        let links = links(&tables);
        Self { tables, links }
    }

    /// The tables of a document, typed.
    pub fn of_document(document: &Document) -> Self {
        Self::new(Self::sources(document), document.kind)
    }

    /// The table with this id.
    pub fn table(&self, id: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.id == id)
    }
}

/// Most tables that are compared with each other in search of shared keys.
const MOST_LINKED: usize = 40;

fn links(tables: &[Table]) -> Vec<Link> {
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
