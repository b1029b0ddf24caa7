//! Flowing documents (text documents, Markdown, HTML): headings open sections, and every block is located by
//! the headings above it and its position.

use crate::builder::Builder;
use crate::document::{Locator, Role, Table};
use crate::error::ExtractError;
use crate::grid::{self, Grid};
use crate::normalize;

/// Longest heading repeated in the path of each block below it, in characters.
const HEADING_IN_PATH: usize = 200;

pub(crate) struct Flow<'b, 'l> {
    builder: &'b mut Builder<'l>,
    path: Vec<(u8, String)>,
    paragraph: u32,
}

impl<'b, 'l> Flow<'b, 'l> {
    pub(crate) fn new(builder: &'b mut Builder<'l>) -> Self {
        Self {
            builder,
            path: Vec::new(),
            paragraph: 0,
        }
    }

    pub(crate) fn builder(&mut self) -> &mut Builder<'l> {
        self.builder
    }

    /// A heading of `level`; levels outside 1 to 6 are brought into that range.
    pub(crate) fn heading(&mut self, level: u8, text: &str) -> Result<(), ExtractError> {
        let level = level.clamp(1, 6);
        let title = normalize::line(text);
        if title.is_empty() {
            return Ok(());
        }
        while self.path.last().is_some_and(|(above, _)| *above >= level) {
            self.path.pop();
        }
        let short = title.chars().take(HEADING_IN_PATH).collect();
        self.path.push((level, short));
        self.push(&title, Role::Heading { level })
    }

    /// A block of one line.
    pub(crate) fn push(&mut self, text: &str, role: Role) -> Result<(), ExtractError> {
        let locator = self.next();
        if !self.builder.push(text, locator, role)? {
            self.paragraph = self.paragraph.saturating_sub(1);
        }
        Ok(())
    }

    /// A block whose line breaks are kept.
    pub(crate) fn push_lines(&mut self, text: &str, role: Role) -> Result<(), ExtractError> {
        let locator = self.next();
        if !self.builder.push_lines(text, locator, role)? {
            self.paragraph = self.paragraph.saturating_sub(1);
        }
        Ok(())
    }

    /// A table: rows as blocks, or plain paragraphs when it only lays out text.
    pub(crate) fn table(&mut self, mut grid: Grid) -> Result<(), ExtractError> {
        self.builder.count_cells(grid.filled_cells())?;
        let Some(shape) = grid::shape(&mut grid) else {
            for text in grid.rows.into_iter().flatten() {
                self.push(&text, Role::Paragraph)?;
            }
            return Ok(());
        };
        for title in &shape.titles {
            self.push(title, Role::Paragraph)?;
        }
        if let Some(title) = shape.titles.last().filter(|_| grid.name.is_empty()) {
            title.clone_into(&mut grid.name);
        }
        if grid.name.is_empty() {
            grid.name = self
                .path
                .last()
                .map(|(_, title)| title.clone())
                .unwrap_or_default();
        }
        let locator = self.next();
        self.paragraph = self.paragraph.saturating_sub(1);
        let table = self.builder.next_table();
        for row in &shape.rows {
            let role = Role::TableRow {
                table,
                total: grid::is_total(row),
            };
            self.push(&grid::row_text(&shape.header, row), role)?;
        }
        self.builder.add_table(Table {
            name: grid.name,
            header: shape.header,
            locator,
            hidden: false,
            rows: shape.rows,
            columns: Vec::new(),
            row_marks: Vec::new(),
            remarks: Vec::new(),
        });
        Ok(())
    }

    fn next(&mut self) -> Locator {
        self.paragraph = self.paragraph.saturating_add(1);
        Locator::Section {
            path: self.path.iter().map(|(_, title)| title.clone()).collect(),
            paragraph: self.paragraph,
        }
    }
}
