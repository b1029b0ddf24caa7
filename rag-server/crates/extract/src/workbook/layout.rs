//! Finds the tables on a sheet and tells titles, headers, rows and notes apart.
//!
//! In each region of a sheet:
//!
//! 1. leading rows with a single filled cell are titles, shown as paragraphs;
//! 2. the first row of mostly words is the header (also years and dates, as column names often are); when it
//!    has merged cells that span columns, the row of words below it is the header's second level;
//! 3. two columns of labels and mixed values are a form (`Professora | Ana`), which has no header;
//! 4. a region without a header of its own under a table with the same columns continues that table, as totals
//!    after a blank line do;
//! 5. trailing rows with a single long text are notes, shown as paragraphs;
//! 6. everything else is a row: no row is ever lost.

use super::draft::{Draft, LONGEST_NAME, is_plain_value};
use super::regions::{Region, regions};
use super::sheet::{Cell, CellKind, Merge, Sheet};
use crate::grid;

/// A lone cell under a table is a note, not a row, from this many characters on.
const NOTE_LENGTH: usize = 40;
/// A paragraph at most this many rows above a table is its title.
const TITLE_WITHIN: u32 = 2;
/// Tables above a region that it may continue.
const TABLES_ABOVE: usize = 8;
/// Merged cells are left alone when matching them to regions would take more steps than this.
const MOST_MERGE_CHECKS: usize = 50_000_000;

/// Something to show, in reading order.
#[derive(Debug, PartialEq)]
pub(super) enum Piece {
    Paragraph {
        row: u32,
        column: u32,
        text: String,
    },
    /// A row of `tables[table]`, by its position in that table.
    Row {
        table: usize,
        index: usize,
    },
}

#[derive(Debug, PartialEq)]
pub(super) struct SheetTable {
    /// The title above it; empty when there is none.
    pub(super) title: String,
    /// One name per column; empty when there is no header.
    pub(super) header: Vec<String>,
    /// The levels each name was joined from.
    pub(super) paths: Vec<Vec<String>>,
    /// Labels and values side by side; the label stands in for a header.
    pub(super) form: bool,
    /// 0-based, inclusive, header included.
    pub(super) top: u32,
    pub(super) bottom: u32,
    pub(super) left: u32,
    pub(super) right: u32,
    /// Row number on the sheet and cells from `left` to `right`.
    pub(super) rows: Vec<(u32, Vec<String>)>,
}

#[derive(Debug, Default, PartialEq)]
pub(super) struct Layout {
    pub(super) tables: Vec<SheetTable>,
    pub(super) pieces: Vec<Piece>,
}

pub(super) fn layout(sheet: &Sheet) -> Layout {
    let mut layout = Layout::default();
    let regions = regions(sheet);
    let checks = regions.len().saturating_mul(sheet.merges.len());
    let merges: &[Merge] = if checks > MOST_MERGE_CHECKS {
        &[]
    } else {
        &sheet.merges
    };
    for region in regions {
        layout.add(region, merges);
    }
    layout
}

impl Layout {
    fn add(&mut self, region: Region<'_>, merges: &[Merge]) {
        let Region {
            left,
            right,
            mut rows,
        } = region;
        let wide = rows.iter().any(|(_, cells)| cells.len() > 1);
        if !wide && !is_column_of_values(&rows) {
            for (row, cells) in rows {
                self.paragraphs(row, cells);
            }
            return;
        }
        let is_title = |row: u32, cells: &[Cell]| {
            cells.len() == 1
                && !merges
                    .iter()
                    .any(|merge| merge.top == row && spans_some(merge, left, right))
        };
        let titles = if wide {
            rows.iter()
                .take_while(|(row, cells)| is_title(*row, cells))
                .count()
        } else {
            0
        };
        let body = rows.split_off(titles);
        let title = rows
            .last()
            .and_then(|(_, cells)| cells.first())
            .map(|cell| cell.text.clone());
        for (row, cells) in rows {
            self.paragraphs(row, cells);
        }
        let mut rows = body;
        let notes = if right > left.saturating_add(1) {
            rows.iter()
                .rev()
                .take_while(|(_, cells)| is_note(cells))
                .count()
        } else {
            0
        };
        let notes = rows.split_off(rows.len().saturating_sub(notes));

        let mut table = Draft::new(left, right, rows, merges);
        for (row, cells) in table.split_captions() {
            self.paragraphs(row, cells);
        }
        let form = table.is_form();
        let title = title.or_else(|| self.title_above(&table));
        let continued = (titles == 0 && !form)
            .then(|| {
                let oldest = self.tables.len().saturating_sub(TABLES_ABOVE);
                let last = self
                    .tables
                    .get(oldest..)?
                    .iter()
                    .rposition(|above| above.takes(&table))?;
                oldest.checked_add(last)
            })
            .flatten();
        match continued {
            Some(index) => self.continue_table(index, &table),
            None => self.new_table(title.unwrap_or_default(), &table, form),
        }
        for (row, cells) in notes {
            self.paragraphs(row, cells);
        }
    }

    fn paragraphs(&mut self, row: u32, cells: &[Cell]) {
        for cell in cells {
            self.pieces.push(Piece::Paragraph {
                row,
                column: cell.column,
                text: cell.text.clone(),
            });
        }
    }

    /// A lone paragraph a row or two above a table is its title, if nothing stands between them.
    fn title_above(&self, table: &Draft<'_>) -> Option<String> {
        let top = table.rows.first()?.0;
        match self.pieces.last() {
            Some(Piece::Paragraph { row, column, text })
                if top.saturating_sub(*row) <= TITLE_WITHIN
                    && (table.left..=table.right).contains(column)
                    && text.chars().count() <= LONGEST_NAME =>
            {
                Some(text.clone())
            }
            _ => None,
        }
    }

    fn continue_table(&mut self, index: usize, draft: &Draft<'_>) {
        let Some(table) = self.tables.get_mut(index) else {
            return;
        };
        for (row, cells) in draft.dense_rows(0, table.left, table.right) {
            self.pieces.push(Piece::Row {
                table: index,
                index: table.rows.len(),
            });
            table.bottom = row;
            table.rows.push((row, cells));
        }
    }

    fn new_table(&mut self, title: String, draft: &Draft<'_>, form: bool) {
        let (Some(top), Some(bottom)) = (draft.rows.first(), draft.rows.last()) else {
            return;
        };
        let levels = if form { 0 } else { draft.header_levels() };
        let paths = draft.header_paths(levels);
        let table = SheetTable {
            title,
            header: paths.iter().map(|path| path.join(" / ")).collect(),
            paths,
            form,
            top: top.0,
            bottom: bottom.0,
            left: draft.left,
            right: draft.right,
            rows: draft.dense_rows(levels, draft.left, draft.right),
        };
        let index = self.tables.len();
        for row in 0..table.rows.len() {
            self.pieces.push(Piece::Row {
                table: index,
                index: row,
            });
        }
        self.tables.push(table);
    }
}

impl SheetTable {
    /// Rows without a header of their own and within this table's columns continue it.
    fn takes(&self, below: &Draft<'_>) -> bool {
        !self.form
            && self.left <= below.left
            && below.right <= self.right
            && below.header_levels_under(self) == 0
    }
}

/// A merged cell over some columns of a table but not all, as names of column groups are.
fn spans_some(merge: &Merge, left: u32, right: u32) -> bool {
    merge.right > merge.left
        && merge.left <= right
        && merge.right >= left
        && (merge.left > left || merge.right < right)
}

/// A list of values under one name, rather than lines of text.
fn is_column_of_values(rows: &[(u32, &[Cell])]) -> bool {
    let values = |rows: &[(u32, &[Cell])]| {
        rows.iter()
            .flat_map(|(_, cells)| cells.iter())
            .filter(|cell| is_plain_value(cell))
            .count()
    };
    rows.len() > 2 && values(rows.get(1..).unwrap_or_default()).saturating_mul(2) > rows.len()
}

fn is_note(cells: &[Cell]) -> bool {
    let [cell] = cells else { return false };
    let folded = grid::fold(&cell.text);
    cell.kind == CellKind::Text
        && (cell.text.chars().count() >= NOTE_LENGTH
            || cell.text.starts_with('*')
            || ["fonte:", "nota:", "notas:", "obs", "legenda"]
                .iter()
                .any(|mark| folded.starts_with(mark)))
}
