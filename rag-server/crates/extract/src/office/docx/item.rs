//! Paragraphs and tables as read, before it is known what becomes of them.

use crate::grid::{self, Grid};

/// Columns that one cell may span; the format allows 63 columns.
const MOST_COLUMNS: usize = 63;
/// Longer texts are not repeated in each row of a merged cell.
const LONGEST_REPEATED: usize = 100;

/// A paragraph or table as read, before it is known what becomes of it.
pub(super) enum Item {
    Paragraph(Paragraph),
    Table(Table),
}

#[derive(Default)]
pub(super) struct Paragraph {
    pub(super) text: String,
    pub(super) style: Option<String>,
    pub(super) outline: Option<u8>,
    /// In a list by itself, or kept out of one that its style would put it in.
    pub(super) numbered: Option<bool>,
    /// Notes referred to in it.
    pub(super) references: Vec<(&'static str, String)>,
    /// Content of text boxes anchored in it.
    pub(super) boxes: Vec<Item>,
}

#[derive(Default)]
pub(super) struct Table {
    pub(super) rows: Vec<Vec<Cell>>,
    pub(super) header_rows: usize,
}

#[derive(Default)]
pub(super) struct Cell {
    pub(super) items: Vec<Item>,
    pub(super) span: usize,
    /// Goes on the cell above.
    pub(super) continued: bool,
}

impl Item {
    /// All its text in one line.
    pub(super) fn into_text(self) -> String {
        match self {
            Self::Paragraph(paragraph) => {
                let mut text = paragraph.text;
                for item in paragraph.boxes {
                    join(&item.into_text(), &mut text);
                }
                text
            }
            Self::Table(table) => {
                let mut text = String::new();
                for cell in table.rows.into_iter().flatten() {
                    join(&cell.into_text(), &mut text);
                }
                text
            }
        }
    }

    pub(super) fn references(&self, found: &mut Vec<(&'static str, String)>) {
        match self {
            Self::Paragraph(paragraph) => {
                found.extend(paragraph.references.iter().cloned());
                paragraph
                    .boxes
                    .iter()
                    .for_each(|item| item.references(found));
            }
            Self::Table(table) => {
                for cell in table.rows.iter().flatten() {
                    cell.items.iter().for_each(|item| item.references(found));
                }
            }
        }
    }
}

impl Cell {
    pub(super) fn into_text(self) -> String {
        let mut text = String::new();
        for item in self.items {
            join(&item.into_text(), &mut text);
        }
        text
    }
}

pub(super) fn join(more: &str, text: &mut String) {
    if !text.is_empty() && !more.is_empty() {
        text.push(' ');
    }
    text.push_str(more);
}

impl Table {
    /// Cells with all the columns they span.
    pub(super) fn spanned_cells(&self) -> u64 {
        let spans = self
            .rows
            .iter()
            .flatten()
            .map(|cell| cell.span.clamp(1, MOST_COLUMNS));
        spans.fold(0, |sum, span| sum.saturating_add(span as u64))
    }

    pub(super) fn into_grid(self) -> Grid {
        let mut rows: Vec<Vec<String>> = Vec::with_capacity(self.rows.len());
        for (index, row) in self.rows.into_iter().enumerate() {
            let mut cells = Vec::new();
            for cell in row {
                let span = cell.span.clamp(1, MOST_COLUMNS);
                let continued = cell.continued;
                let mut text = grid::cell(&cell.into_text());
                if continued && text.is_empty() {
                    let above = rows.last().and_then(|above| above.get(cells.len()));
                    text = above
                        .filter(|above| repeats(above))
                        .cloned()
                        .unwrap_or_default();
                }
                // A name over several columns belongs to each; a value belongs to the first.
                let copies = if index < self.header_rows && repeats(&text) {
                    span
                } else {
                    1
                };
                for copy in 0..span {
                    cells.push(if copy < copies {
                        text.clone()
                    } else {
                        String::new()
                    });
                }
            }
            rows.push(cells);
        }
        Grid {
            name: String::new(),
            rows,
            header_rows: self.header_rows,
        }
    }
}

/// Numbers are not repeated, or sums over the rows would count them twice.
fn repeats(text: &str) -> bool {
    !grid::is_value(text) && text.chars().count() <= LONGEST_REPEATED
}
