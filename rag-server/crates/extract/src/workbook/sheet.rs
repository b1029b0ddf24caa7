//! A sheet as read from any workbook or delimited file: filled cells only, so that a huge used range costs nothing.

use std::collections::BTreeMap;

use crate::document::Value;

/// What a cell holds; decides what a header is and what may be filled into merged cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CellKind {
    Text,
    Number,
    Date,
    Flag,
    Error,
}

/// A filled cell.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cell {
    /// 0-based.
    pub(crate) column: u32,
    /// As people read it; one line, never empty.
    pub(crate) text: String,
    pub(crate) kind: CellKind,
    /// What `text` shows, where the file says it; `Missing` in a text.
    pub(crate) value: Value,
    /// Printed in bold.
    pub(crate) bold: bool,
}

/// A row with at least one filled cell.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    /// 0-based.
    pub(crate) number: u32,
    /// By column, without repeats.
    pub(crate) cells: Vec<Cell>,
}

/// A rectangle of cells shown as one; 0-based, inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Merge {
    pub(crate) top: u32,
    pub(crate) left: u32,
    pub(crate) bottom: u32,
    pub(crate) right: u32,
}

#[derive(Debug, Default)]
pub(crate) struct Sheet {
    pub(crate) name: String,
    /// Hidden from people who open the file.
    pub(crate) hidden: bool,
    /// By number.
    pub(crate) rows: Vec<Row>,
    pub(crate) merges: Vec<Merge>,
    pub(crate) behind: Behind,
}

/// What a sheet holds besides its values. Rows and columns are 0-based.
#[derive(Debug, Default)]
pub(crate) struct Behind {
    /// Hidden rows, first and last of each stretch, ascending.
    pub(crate) hidden_rows: Vec<(u32, u32)>,
    /// Hidden columns, first and last of each stretch.
    pub(crate) hidden_columns: Vec<(u32, u32)>,
    /// Formulas by row and column.
    pub(crate) formulas: BTreeMap<(u32, u32), String>,
    /// Comments by row and column, one line each.
    pub(crate) comments: BTreeMap<(u32, u32), String>,
}

impl Behind {
    pub(crate) fn hides_row(&self, row: u32) -> bool {
        let after = self.hidden_rows.partition_point(|(first, _)| *first <= row);
        let before = after.checked_sub(1).and_then(|at| self.hidden_rows.get(at));
        before.is_some_and(|(_, last)| row <= *last)
    }

    pub(crate) fn hides_column(&self, column: u32) -> bool {
        self.hidden_columns
            .iter()
            .any(|(first, last)| (*first..=*last).contains(&column))
    }

    /// Notes that `row` is hidden; rows come in ascending order.
    pub(crate) fn hide_row(&mut self, row: u32) {
        match self.hidden_rows.last_mut() {
            Some((_, last)) if last.saturating_add(1) == row => *last = row,
            _ => self.hidden_rows.push((row, row)),
        }
    }
}

impl Sheet {
    /// Adds a cell. Cells come row by row in every format we read, but files are not bound to it:
    /// call [`Sheet::sort`] when all are in.
    pub(crate) fn push(&mut self, row: u32, cell: Cell) {
        match self.rows.last_mut() {
            Some(last) if last.number == row => last.cells.push(cell),
            _ => self.rows.push(Row {
                number: row,
                cells: vec![cell],
            }),
        }
    }

    /// Brings rows and cells into order and drops repeats of a cell, keeping the last as programs do.
    pub(crate) fn sort(&mut self) {
        let in_order = self.rows.is_sorted_by(|a, b| a.number < b.number)
            && self
                .rows
                .iter()
                .all(|row| row.cells.is_sorted_by(|a, b| a.column < b.column));
        if in_order {
            return;
        }
        self.rows.sort_by_key(|row| row.number);
        self.rows.dedup_by(|next, kept| {
            let same = next.number == kept.number;
            if same {
                kept.cells.append(&mut next.cells);
            }
            same
        });
        for row in &mut self.rows {
            row.cells.sort_by_key(|cell| cell.column);
            row.cells.reverse();
            row.cells.dedup_by_key(|cell| cell.column);
            row.cells.reverse();
        }
    }
}

/// A1 notation of a rectangle, 0-based and inclusive: `A2:D2`, or `B7` for a single cell.
pub(crate) fn a1(top: u32, left: u32, bottom: u32, right: u32) -> String {
    let first = format!(
        "{}{}",
        column_letters(left),
        u64::from(top).saturating_add(1)
    );
    if top == bottom && left == right {
        return first;
    }
    format!(
        "{first}:{}{}",
        column_letters(right),
        u64::from(bottom).saturating_add(1)
    )
}

/// `A` for 0, `Z` for 25, `AA` for 26.
fn column_letters(column: u32) -> String {
    let mut rest = u64::from(column).saturating_add(1);
    let mut letters = Vec::new();
    while rest > 0 {
        let digit = rest.saturating_sub(1) % 26;
        letters.push(char::from(b'A'.saturating_add(digit as u8)));
        rest = rest.saturating_sub(1) / 26;
    }
    letters.iter().rev().collect()
}

/// Row and column, 0-based, of a cell in A1 notation (`$B$7` too).
pub(crate) fn position(cell: &str) -> Option<(u32, u32)> {
    let plain = cell.replace('$', "");
    let digits = plain.find(|c: char| c.is_ascii_digit())?;
    let (letters, digits) = plain.split_at_checked(digits)?;
    let mut column = 0_u32;
    for letter in letters.bytes() {
        let digit = match letter {
            b'A'..=b'Z' => letter.checked_sub(b'A')?,
            b'a'..=b'z' => letter.checked_sub(b'a')?,
            _ => return None,
        };
        column = column
            .checked_mul(26)?
            .checked_add(u32::from(digit))?
            .checked_add(1)?;
    }
    let row: u32 = digits.parse().ok()?;
    Some((row.checked_sub(1)?, column.checked_sub(1)?))
}

#[cfg(test)]
mod tests {
    use super::{Behind, Cell, CellKind, Sheet, Value, a1, position};

    #[test]
    fn places_are_written_in_a1_notation() {
        assert_eq!(a1(1, 0, 1, 3), "A2:D2");
        assert_eq!(a1(6, 1, 6, 1), "B7");
        assert_eq!(a1(0, 25, 0, 26), "Z1:AA1");
        assert_eq!(a1(1_048_575, 16_383, 1_048_575, 16_383), "XFD1048576");
        for place in [(0, 0), (6, 1), (0, 26), (1_048_575, 16_383)] {
            assert_eq!(
                position(&a1(place.0, place.1, place.0, place.1)),
                Some(place)
            );
        }
        assert_eq!(position("$B$7"), Some((6, 1)));
        for odd in ["", "7", "B", "B0", "É1", "ZZZZZZZZZ1"] {
            assert_eq!(position(odd), None, "{odd}");
        }
    }

    #[test]
    fn hidden_rows_are_kept_in_stretches() {
        let mut behind = Behind::default();
        for row in [2, 3, 4, 9] {
            behind.hide_row(row);
        }
        assert_eq!(behind.hidden_rows, [(2, 4), (9, 9)]);
        let hidden: Vec<u32> = (0..12).filter(|row| behind.hides_row(*row)).collect();
        assert_eq!(hidden, [2, 3, 4, 9]);
    }

    #[test]
    fn cells_out_of_order_are_sorted_and_the_last_of_a_place_wins() {
        let cell = |column, text: &str| Cell {
            column,
            text: text.to_owned(),
            kind: CellKind::Text,
            value: Value::Missing,
            bold: false,
        };
        let mut sheet = Sheet::default();
        for (row, column, text) in [
            (2, 1, "d"),
            (0, 3, "b"),
            (2, 0, "c"),
            (0, 0, "a"),
            (2, 1, "e"),
        ] {
            sheet.push(row, cell(column, text));
        }
        sheet.sort();
        let read: Vec<(u32, u32, &str)> = sheet
            .rows
            .iter()
            .flat_map(|row| {
                row.cells
                    .iter()
                    .map(|cell| (row.number, cell.column, cell.text.as_str()))
            })
            .collect();
        assert_eq!(read, [(0, 0, "a"), (0, 3, "b"), (2, 0, "c"), (2, 1, "e")]);
    }
}
