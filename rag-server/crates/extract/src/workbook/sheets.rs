//! From sheets to blocks, one sheet after another, within the limits.

use super::layout::{Layout, Piece, layout};
use super::regions;
use super::sheet::{Behind, Cell, Sheet, a1};
use super::typed;
use crate::builder::Builder;
use crate::document::{Column, Locator, Role, RowMark, Table};
use crate::error::ExtractError;
use crate::grid;

/// Blank cells laid out between filled ones, at most, as a multiple of the limit on filled cells.
const LAID_OUT_PER_CELL: u64 = 4;

/// Collects the sheets of one workbook into blocks.
pub(crate) struct Sheets<'b, 'l> {
    builder: &'b mut Builder<'l>,
    failed: Option<ExtractError>,
    read: usize,
    characters: u64,
}

impl<'b, 'l> Sheets<'b, 'l> {
    pub(crate) fn new(builder: &'b mut Builder<'l>, count: usize) -> Result<Self, ExtractError> {
        let limit = builder.limits().pages;
        if count as u64 > limit {
            return Err(ExtractError::TooLarge {
                what: "pages",
                limit,
            });
        }
        Ok(Self {
            builder,
            failed: None,
            read: 0,
            characters: 0,
        })
    }

    /// Runs `read`, which hands over one cell after another; filled ones are kept and counted, their characters
    /// too: one long text may stand in millions of cells.
    pub(crate) fn fill(
        &mut self,
        sheet: &mut Sheet,
        read: impl FnOnce(
            &mut dyn FnMut(u32, Option<Cell>) -> Result<(), ExtractError>,
        ) -> Result<(), ExtractError>,
    ) -> Result<(), ExtractError> {
        let builder = &mut *self.builder;
        let characters = &mut self.characters;
        let limit = builder.limits().characters;
        let read = read(&mut |row, cell| {
            if let Some(cell) = cell {
                builder.count_cells(1)?;
                *characters = characters.saturating_add(cell.text.chars().count() as u64);
                if *characters > limit {
                    return Err(ExtractError::TooLarge {
                        what: "characters",
                        limit,
                    });
                }
                sheet.push(row, cell);
            }
            Ok(())
        });
        sheet.sort();
        read
    }

    /// Turns a sheet into blocks. What was read before damage was met is kept, with a warning.
    pub(crate) fn emit(
        &mut self,
        sheet: Sheet,
        read: Result<(), ExtractError>,
    ) -> Result<(), ExtractError> {
        match read {
            Ok(()) => self.read = self.read.saturating_add(1),
            Err(ExtractError::Damaged { reason }) => {
                tracing::debug!(reason, "sheet is damaged");
                self.builder.warn(
                    "damaged_sheet",
                    format!(
                        "A planilha “{}” está danificada e não pôde ser lida por inteiro.",
                        sheet.name
                    ),
                    None,
                );
                self.failed = Some(ExtractError::Damaged { reason });
            }
            Err(other) => return Err(other),
        }
        let limit = self.builder.limits().cells;
        if regions::laid_out_cells(&sheet) > limit.saturating_mul(LAID_OUT_PER_CELL) {
            return Err(ExtractError::TooLarge {
                what: "cells",
                limit,
            });
        }
        let first_block = self.builder.blocks().len();
        let layout = layout(&sheet);
        let typed = layout
            .tables
            .iter()
            .map(|table| typed::columns(&sheet, table));
        let typed = typed.collect();
        // The cells of a large sheet are let go before its blocks are made.
        let Sheet {
            name,
            hidden,
            behind,
            ..
        } = sheet;
        emit_layout(self.builder, &name, hidden, layout, typed, &behind)?;
        if hidden && self.builder.blocks().len() > first_block {
            self.builder.warn(
                "hidden_sheet",
                format!(
                    "A planilha “{name}” está oculta no arquivo; o texto dela foi lido assim mesmo."
                ),
                None,
            );
        }
        self.builder.end_page(Some(name), first_block, false)
    }

    /// # Errors
    /// The damage met, when no sheet at all could be read.
    pub(crate) fn finish(self) -> Result<(), ExtractError> {
        match self.failed {
            Some(error) if self.read == 0 && self.builder.blocks().is_empty() => Err(error),
            _ => Ok(()),
        }
    }
}

/// Turns the layout of a sheet into blocks, and its tables into tables of the document.
fn emit_layout(
    builder: &mut Builder<'_>,
    name: &str,
    hidden: bool,
    layout: Layout,
    typed: Vec<(Vec<Column>, Vec<RowMark>)>,
    behind: &Behind,
) -> Result<(), ExtractError> {
    let locate = |top, left, bottom, right| Locator::Sheet {
        name: name.to_owned(),
        range: a1(top, left, bottom, right),
    };
    let first = builder.next_table();
    for piece in &layout.pieces {
        match piece {
            Piece::Paragraph { row, column, text } => {
                let here = locate(*row, *column, *row, *column);
                builder.push(text, here, Role::Paragraph)?;
            }
            Piece::Row { table, index } => {
                let Some(found) = layout.tables.get(*table) else {
                    continue;
                };
                let Some((row, cells)) = found.rows.get(*index) else {
                    continue;
                };
                let text = if found.form {
                    form_text(cells)
                } else {
                    grid::row_text(&found.header, cells)
                };
                let role = Role::TableRow {
                    table: first.saturating_add(u32::try_from(*table).unwrap_or(u32::MAX)),
                    total: grid::is_total(cells),
                };
                builder.push(&text, locate(*row, found.left, *row, found.right), role)?;
            }
        }
    }
    for (&(row, column), comment) in &behind.comments {
        builder.push(comment, locate(row, column, row, column), Role::Note)?;
    }
    for (table, (columns, row_marks)) in layout.tables.into_iter().zip(typed) {
        let remarks = typed::remarks(behind, &table);
        builder.add_table(Table {
            name: if table.title.is_empty() {
                name.to_owned()
            } else {
                table.title
            },
            header: table.header,
            locator: locate(table.top, table.left, table.bottom, table.right),
            hidden,
            rows: table.rows.into_iter().map(|(_, cells)| cells).collect(),
            columns,
            row_marks,
            remarks,
        });
    }
    Ok(())
}

/// `Professora: Ana` for a label and its value.
fn form_text(cells: &[String]) -> String {
    let (label, values) = match cells.split_first() {
        Some((label, values)) if values.iter().any(|value| !value.is_empty()) => {
            (label.as_str(), values)
        }
        Some((label, _)) => return label.clone(),
        None => return String::new(),
    };
    grid::row_text(
        &[],
        &[format!(
            "{}: {}",
            label.trim_end_matches([':', ' ']),
            grid::row_text(&[], values)
        )],
    )
}
