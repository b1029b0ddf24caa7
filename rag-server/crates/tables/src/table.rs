//! Tables as data: rows with their places, columns with types, totals told apart.

use std::collections::{BTreeMap, BTreeSet};

use extract::{Document, FileKind, Locator};

use crate::column::{self, Column};
use crate::links::{Link, links};
use crate::number::Mark;
use crate::range;
use crate::source::{self, SourceRow, SourceTable};
use crate::totals::mark_totals;
use crate::value::{Kind, Value, key};
use crate::vocabulary::Vocabulary;

/// A table that can be computed on.
#[derive(Debug)]
pub struct Table {
    /// Unique among the tables of its set: title or sheet name, made distinct.
    pub id: String,
    /// Title, or the sheet's name.
    pub name: String,
    /// Place of the whole table, header included.
    pub locator: Locator,
    /// The sheet it stands on.
    pub sheet: Option<String>,
    /// Typed columns.
    pub columns: Vec<Column>,
    /// Hidden from people who open the file.
    pub hidden: bool,
    /// Rows left out of every result because they sum up others.
    pub totals: usize,
    /// Rows left out because they print the header again.
    pub repeated_headers: usize,
    /// Columns that are hidden though the table is not, by position.
    pub hidden_columns: Vec<u32>,
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

    /// Number of the first row of data on its sheet, 1-based.
    pub fn first_row(&self) -> Option<u32> {
        self.row_number(0)
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
            hidden_columns,
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
        let read = rows.len();
        if !header.is_empty() {
            rows.retain(|row| row.cells != header);
        }
        let repeated_headers = read - rows.len();
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
            locator,
            sheet,
            columns,
            hidden,
            totals,
            repeated_headers,
            hidden_columns,
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
            let behind = (0..)
                .zip(rows)
                .flat_map(|(number, row)| row.behind.iter().map(move |behind| (number, behind)))
                .filter(|(_, behind)| behind.column as usize == index)
                .collect();
            column::typed(name.clone(), path, cells, &behind, counted, mark)
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

impl TableSet {
    /// The tables of a document as they are kept.
    pub fn sources(document: &Document) -> Vec<SourceTable> {
        source::of_document(document)
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
