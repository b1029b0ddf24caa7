//! A table in the making: where its header ends, and what its cells hold once merged ones are filled in.

use super::layout::SheetTable;
use super::sheet::{Cell, CellKind, Merge};
use crate::grid;

/// Longer texts name no column.
pub(super) const LONGEST_NAME: usize = 200;
/// Longer texts are not repeated in each row of a merged cell.
const LONGEST_REPEATED: usize = 100;
/// Rows above a header that may name groups of columns.
const MOST_CAPTIONS: usize = 2;
/// A form has at most this many rows; a longer list is a table.
const FORM_ROWS: usize = 60;

/// A number, date or flag, or a text that reads as one (delimited files hold nothing but text).
pub(super) fn is_plain_value(cell: &Cell) -> bool {
    cell.kind != CellKind::Text || grid::is_value(&cell.text)
}

/// Could be the name of a column: words, a year, a date.
fn names_a_column(cell: &Cell) -> bool {
    let year = || {
        cell.text.len() == 4
            && cell
                .text
                .parse::<u32>()
                .is_ok_and(|year| (1900..=2100).contains(&year))
    };
    match cell.kind {
        CellKind::Text if cell.text.chars().count() > LONGEST_NAME => false,
        CellKind::Text => !grid::is_value(&cell.text) || year() || cell.text.contains('/'),
        CellKind::Number => year(),
        CellKind::Date => true,
        CellKind::Flag | CellKind::Error => false,
    }
}

/// The rows of a table to be, titles and notes cut off.
pub(super) struct Draft<'s> {
    pub(super) left: u32,
    pub(super) right: u32,
    pub(super) rows: Vec<(u32, &'s [Cell])>,
    merges: Vec<Merge>,
}

impl<'s> Draft<'s> {
    pub(super) fn new(
        left: u32,
        right: u32,
        rows: Vec<(u32, &'s [Cell])>,
        merges: &[Merge],
    ) -> Self {
        let (top, bottom) = match (rows.first(), rows.last()) {
            (Some(first), Some(last)) => (first.0, last.0),
            _ => (1, 0),
        };
        let mut merges: Vec<Merge> = merges
            .iter()
            .filter(|merge| {
                merge.top <= bottom
                    && merge.bottom >= top
                    && merge.left <= right
                    && merge.right >= left
            })
            .copied()
            .collect();
        // Merged cells never overlap, so together they are no larger than the table; else they are an attack.
        let side = |low: u32, high: u32| u64::from(high.saturating_sub(low)).saturating_add(1);
        let merged = merges
            .iter()
            .map(|merge| {
                let height = side(merge.top.max(top), merge.bottom.min(bottom));
                height.saturating_mul(side(merge.left.max(left), merge.right.min(right)))
            })
            .fold(0, u64::saturating_add);
        if merged > side(top, bottom).saturating_mul(side(left, right)) {
            merges.clear();
        }
        Self {
            left,
            right,
            rows,
            merges,
        }
    }

    fn row(&self, index: usize) -> &'s [Cell] {
        self.rows.get(index).map_or(&[], |(_, cells)| cells)
    }

    /// Rows of the header; 0 when there is none.
    pub(super) fn header_levels(&self) -> usize {
        let first = self.row(0);
        let width = self.right.saturating_sub(self.left).saturating_add(1) as usize;
        let merged = self.spanned_columns(0);
        let names = first.iter().filter(|cell| names_a_column(cell)).count();
        let is_header = self.rows.len() > 1
            && !first.is_empty()
            && names.saturating_mul(5) >= first.len().saturating_mul(4)
            && first.len().saturating_add(merged).saturating_mul(2) >= width
            && (first.iter().any(|cell| cell.kind == CellKind::Text) || width == 1)
            && !self.repeats_below(first);
        if !is_header {
            return 0;
        }
        let second = self.row(1);
        let two_levels = merged > 0
            && self.rows.len() > 2
            && self.adjacent(0)
            && second
                .iter()
                .all(|cell| names_a_column(cell) && cell.kind != CellKind::Date)
            && second.len() > merged;
        if two_levels { 2 } else { 1 }
    }

    /// Takes away leading rows of a few words, such as names of column groups, when what follows them has a
    /// header full of names and they are none themselves.
    pub(super) fn split_captions(&mut self) -> Vec<(u32, &'s [Cell])> {
        let width = self.right.saturating_sub(self.left).saturating_add(1) as usize;
        for count in 1..=MOST_CAPTIONS {
            if self.header_levels() > 0 || self.rows.len() <= count.saturating_add(1) {
                break;
            }
            let sparse = self.rows.iter().take(count).all(|(_, cells)| {
                cells.len().saturating_mul(2) < width && !cells.iter().any(is_plain_value)
            });
            if !sparse {
                break;
            }
            let body = self.rows.split_off(count);
            let captions = std::mem::replace(&mut self.rows, body);
            if self.header_levels() > 0 {
                return captions;
            }
            let body = std::mem::replace(&mut self.rows, captions);
            self.rows.extend(body);
        }
        Vec::new()
    }

    /// Header rows when this stands below `above`: the first row must differ from the rows below it in kind or
    /// in weight, because words alone may as well be one more row of the table above.
    pub(super) fn header_levels_under(&self, above: &SheetTable) -> usize {
        let levels = self.header_levels();
        let same_columns = self.left == above.left && self.right == above.right;
        if levels == 0 || !same_columns {
            return levels;
        }
        let first = self.row(0);
        let repeated = first.iter().all(|cell| above.header.contains(&cell.text));
        let bold =
            first.iter().all(|cell| cell.bold) && !self.row(levels).iter().all(|cell| cell.bold);
        let typed = first.iter().any(|cell| {
            !is_plain_value(cell)
                && self.rows.iter().skip(levels).any(|(_, cells)| {
                    cells
                        .iter()
                        .any(|below| below.column == cell.column && is_plain_value(below))
                })
        });
        if repeated || bold || typed { levels } else { 0 }
    }

    /// Dates in a column of dates, or years in a column of years, are values and no names.
    fn repeats_below(&self, first: &[Cell]) -> bool {
        let second = self.row(1);
        let alike = first
            .iter()
            .filter(|cell| is_plain_value(cell))
            .filter(|cell| {
                second.iter().any(|below| {
                    below.column == cell.column && is_plain_value(below) && names_a_column(below)
                })
            })
            .count();
        alike > 0
    }

    /// Columns of a row that get their value from a merged cell to their left.
    fn spanned_columns(&self, index: usize) -> usize {
        let Some((number, _)) = self.rows.get(index) else {
            return 0;
        };
        self.merges
            .iter()
            .filter(|merge| merge.top == *number && merge.right > merge.left)
            .map(|merge| merge.right.min(self.right).saturating_sub(merge.left) as usize)
            .fold(0, usize::saturating_add)
    }

    /// Row `index` and the one after it are neighbours on the sheet.
    fn adjacent(&self, index: usize) -> bool {
        match (self.rows.get(index), self.rows.get(index.saturating_add(1))) {
            (Some((upper, _)), Some((lower, _))) => upper.saturating_add(1) == *lower,
            _ => false,
        }
    }

    /// Labels in the first column, values of different kinds in the second.
    pub(super) fn is_form(&self) -> bool {
        let width = self.right.saturating_sub(self.left).saturating_add(1);
        if width != 2 || self.rows.len() > FORM_ROWS || self.rows.len() < 2 {
            return false;
        }
        let labelled = self
            .rows
            .iter()
            .filter(|(_, cells)| {
                cells
                    .first()
                    .is_some_and(|cell| cell.column == self.left && cell.text.ends_with(':'))
            })
            .count();
        if labelled.saturating_mul(2) > self.rows.len() {
            return true;
        }
        let bold_first =
            self.row(0).iter().all(|cell| cell.bold) && !self.row(1).iter().all(|cell| cell.bold);
        let all_labels = self.rows.iter().all(|(_, cells)| {
            cells
                .first()
                .is_some_and(|cell| cell.column == self.left && !is_plain_value(cell))
        });
        let values: Vec<&Cell> = self
            .rows
            .iter()
            .filter_map(|(_, cells)| cells.get(1))
            .collect();
        let below = values.get(1..).unwrap_or_default();
        let mixed = below.iter().any(|cell| is_plain_value(cell))
            && below.iter().any(|cell| !is_plain_value(cell));
        all_labels
            && mixed
            && !bold_first
            && values.first().is_some_and(|cell| !is_plain_value(cell))
    }

    /// The names of each column from the uppermost down, values of merged cells repeated in the columns and header
    /// rows they span.
    pub(super) fn header_paths(&self, levels: usize) -> Vec<Vec<String>> {
        let rows: Vec<Vec<String>> = (0..levels)
            .map(|index| {
                let mut names = dense(self.row(index), self.left, self.right);
                let Some((number, _)) = self.rows.get(index) else {
                    return names;
                };
                for merge in &self.merges {
                    if merge.top > *number || merge.bottom < *number {
                        continue;
                    }
                    let Some(name) = self.cell_at(merge.top, merge.left).map(|cell| &cell.text)
                    else {
                        continue;
                    };
                    if name.chars().count() > LONGEST_NAME {
                        continue;
                    }
                    for column in merge.left.max(self.left)..=merge.right.min(self.right) {
                        let slot = names.get_mut(column.saturating_sub(self.left) as usize);
                        if let Some(slot) = slot.filter(|slot| slot.is_empty()) {
                            name.clone_into(slot);
                        }
                    }
                }
                names
            })
            .collect();
        grid::header_paths(&rows)
    }

    fn cell_at(&self, row: u32, column: u32) -> Option<&'s Cell> {
        let index = self
            .rows
            .binary_search_by_key(&row, |(number, _)| *number)
            .ok()?;
        let cells = self.row(index);
        let cell = cells
            .binary_search_by_key(&column, |cell| cell.column)
            .ok()?;
        cells.get(cell)
    }

    /// Rows from `first` on, cells from `left` to `right`; a text merged over several rows stands in each.
    /// Numbers are not repeated, or sums over the rows would count them twice.
    pub(super) fn dense_rows(
        &self,
        first: usize,
        left: u32,
        right: u32,
    ) -> Vec<(u32, Vec<String>)> {
        let mut rows: Vec<(u32, Vec<String>)> = self
            .rows
            .iter()
            .skip(first)
            .map(|(number, cells)| (*number, dense(cells, left, right)))
            .collect();
        for merge in self.merges.iter().filter(|merge| merge.bottom > merge.top) {
            let Some(cell) = self.cell_at(merge.top, merge.left) else {
                continue;
            };
            if is_plain_value(cell)
                || merge.left < left
                || cell.text.chars().count() > LONGEST_REPEATED
            {
                continue;
            }
            let start = rows.partition_point(|(number, _)| *number <= merge.top);
            let below = rows
                .iter_mut()
                .skip(start)
                .take_while(|(number, _)| *number <= merge.bottom);
            for (_, cells) in below {
                let slot = cells.get_mut(merge.left.saturating_sub(left) as usize);
                if let Some(slot) = slot.filter(|slot| slot.is_empty()) {
                    cell.text.clone_into(slot);
                }
            }
        }
        rows
    }
}

/// Cells from `left` to `right`, blank ones included.
fn dense(cells: &[Cell], left: u32, right: u32) -> Vec<String> {
    let mut row = vec![String::new(); right.saturating_sub(left).saturating_add(1) as usize];
    for cell in cells {
        if let Some(slot) = row.get_mut(cell.column.saturating_sub(left) as usize) {
            cell.text.clone_into(slot);
        }
    }
    row
}
