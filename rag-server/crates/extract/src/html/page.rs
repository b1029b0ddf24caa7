//! What a page says, token by token.

use html5ever::tokenizer::Tag;

use crate::document::Role;
use crate::error::ExtractError;
use crate::flow::Flow;
use crate::grid::{self, Grid};

/// Columns that one cell may span (HTML, 4.9.11).
const MOST_COLUMNS: usize = 1_000;
/// Cells that spans may add to a table, and more for each cell there is: a few bytes announce a thousand columns.
const PADDING: usize = 4096;
const PADDING_PER_CELL: usize = 16;
/// Longer texts are not repeated in the columns that a header spans.
const LONGEST_REPEATED: usize = 100;

/// Elements whose text is not what the page is about.
fn is_skipped(name: &str) -> bool {
    matches!(
        name,
        "script"
            | "style"
            | "nav"
            | "template"
            | "svg"
            | "iframe"
            | "noembed"
            | "noframes"
            | "object"
            | "select"
            | "button"
            | "textarea"
            | "form"
            | "dialog"
    )
}

fn is_block(name: &str) -> bool {
    matches!(
        name,
        "p" | "div"
            | "section"
            | "article"
            | "main"
            | "header"
            | "footer"
            | "aside"
            | "blockquote"
            | "ul"
            | "ol"
            | "dl"
            | "dt"
            | "dd"
            | "li"
            | "figure"
            | "figcaption"
            | "address"
            | "hr"
            | "details"
            | "summary"
            | "body"
            | "center"
            | "fieldset"
            | "legend"
            | "pre"
            | "caption"
            | "menu"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
    )
}

fn heading_level(name: &str) -> Option<u8> {
    match name {
        "h1" => Some(1),
        "h2" => Some(2),
        "h3" => Some(3),
        "h4" => Some(4),
        "h5" => Some(5),
        "h6" => Some(6),
        _ => None,
    }
}

pub(super) struct Page<'f, 'b, 'l> {
    flow: &'f mut Flow<'b, 'l>,
    limit: u64,
    text: String,
    heading: Option<u8>,
    items: usize,
    code: usize,
    /// Skipped elements still open, the outermost first.
    skipped: Vec<String>,
    tables: Vec<OpenTable>,
    title: Option<String>,
    in_title: bool,
    failed: Option<ExtractError>,
}

/// A table whose end has not been met.
#[derive(Default)]
struct OpenTable {
    grid: Grid,
    cell: Option<OpenCell>,
    caption: bool,
    /// Some row so far has a cell that is no header cell.
    data: bool,
    /// Cells that spans may still add to the table.
    padding: usize,
}

#[derive(Default)]
struct OpenCell {
    text: String,
    span: usize,
    header: bool,
}

impl<'f, 'b, 'l> Page<'f, 'b, 'l> {
    pub(super) fn new(flow: &'f mut Flow<'b, 'l>) -> Self {
        let limit = flow.builder().limits().nesting;
        Self {
            flow,
            limit,
            text: String::new(),
            heading: None,
            items: 0,
            code: 0,
            skipped: Vec::new(),
            tables: Vec::new(),
            title: None,
            in_title: false,
            failed: None,
        }
    }

    /// Hands on what is still open; returns the page's title.
    pub(super) fn finish(mut self) -> Result<Option<String>, ExtractError> {
        self.end_block();
        while !self.tables.is_empty() {
            self.end_table();
        }
        match self.failed {
            Some(error) => Err(error),
            None => Ok(self
                .title
                .map(|title| grid::cell(&title))
                .filter(|title| !title.is_empty())),
        }
    }

    /// A limit was passed: nothing more is read.
    pub(super) fn has_failed(&self) -> bool {
        self.failed.is_some()
    }

    fn fail(&mut self, result: Result<(), ExtractError>) {
        if let Err(error) = result {
            self.failed = Some(error);
        }
    }

    pub(super) fn characters(&mut self, text: &str) {
        if self.in_title {
            self.title.get_or_insert_default().push_str(text);
        } else if self.skipped.is_empty() {
            match self.tables.last_mut() {
                Some(table) if table.caption => table.grid.name.push_str(text),
                Some(OpenTable {
                    cell: Some(cell), ..
                }) => cell.text.push_str(text),
                // Text between cells belongs to no cell; browsers show it before the table.
                _ => self.text.push_str(text),
            }
        }
    }

    pub(super) fn start(&mut self, name: &str, tag: &Tag) {
        if !self.skipped.is_empty() {
            // Only as many as are needed to find the end of the outermost one.
            if self.skipped.first().is_some_and(|outer| outer == name) && !tag.self_closing {
                self.skipped.push(name.to_owned());
                if self.skipped.len() as u64 > self.limit {
                    self.skipped.truncate(self.limit as usize);
                }
            }
            return;
        }
        if is_skipped(name) {
            // A form often wraps a whole page; only its controls are left out.
            if name != "form" && !tag.self_closing {
                self.skipped.push(name.to_owned());
            }
            return;
        }
        match name {
            "title" => self.in_title = self.title.is_none(),
            "br" => self.characters("\n"),
            "table" => {
                self.end_block();
                self.tables.push(OpenTable {
                    padding: PADDING,
                    ..OpenTable::default()
                });
                if self.tables.len() as u64 > self.limit {
                    self.failed = Some(ExtractError::TooLarge {
                        what: "nesting",
                        limit: self.limit,
                    });
                }
            }
            "tr" => {
                self.end_cell();
                if let Some(table) = self.tables.last_mut() {
                    table.grid.rows.push(Vec::new());
                }
            }
            "td" | "th" => {
                self.end_cell();
                if let Some(table) = self.tables.last_mut() {
                    table.cell = Some(OpenCell {
                        text: String::new(),
                        span: number(tag, "colspan"),
                        header: name == "th",
                    });
                }
            }
            "caption" => {
                if let Some(table) = self.tables.last_mut() {
                    table.caption = true;
                }
            }
            _ if is_block(name) => {
                self.end_block();
                match name {
                    "li" | "dd" => self.items = self.items.saturating_add(1),
                    "pre" => self.code = self.code.saturating_add(1),
                    _ => {}
                }
                if let Some(level) = heading_level(name) {
                    self.heading = Some(level);
                }
            }
            _ => {}
        }
    }

    pub(super) fn end(&mut self, name: &str) {
        if !self.skipped.is_empty() {
            if self.skipped.first().is_some_and(|outer| outer == name) {
                self.skipped.pop();
            }
            return;
        }
        match name {
            "title" => self.in_title = false,
            "td" | "th" | "tr" => self.end_cell(),
            "table" => {
                self.end_block();
                self.end_table();
            }
            "caption" => {
                if let Some(table) = self.tables.last_mut() {
                    table.caption = false;
                }
            }
            _ if is_block(name) => {
                self.end_block();
                match name {
                    "li" | "dd" => self.items = self.items.saturating_sub(1),
                    "ul" | "ol" | "dl" => self.items = 0,
                    "pre" => self.code = self.code.saturating_sub(1),
                    _ => {}
                }
                if heading_level(name).is_some() {
                    self.heading = None;
                }
            }
            _ => {}
        }
    }

    /// Hands on the text read so far. Inside a cell a block only sets words apart.
    fn end_block(&mut self) {
        match self.tables.last_mut() {
            Some(table) if table.caption => {
                table.grid.name.push(' ');
                return;
            }
            Some(OpenTable {
                cell: Some(cell), ..
            }) => {
                cell.text.push(' ');
                return;
            }
            _ => {}
        }
        let text = std::mem::take(&mut self.text);
        let result = match self.heading {
            Some(level) => self.flow.heading(level, &text),
            None if self.code > 0 => self.flow.push_lines(&text, Role::Code),
            None if self.items > 0 => self.flow.push(&text, Role::ListItem),
            None => self.flow.push(&text, Role::Paragraph),
        };
        self.fail(result);
    }

    fn end_cell(&mut self) {
        let Some(table) = self.tables.last_mut() else {
            return;
        };
        let Some(cell) = table.cell.take() else {
            return;
        };
        table.data |= !cell.header;
        let text = grid::cell(&cell.text);
        if table.grid.rows.is_empty() {
            table.grid.rows.push(Vec::new());
        }
        let rows = table.grid.rows.len();
        let Some(row) = table.grid.rows.last_mut() else {
            return;
        };
        let padding = cell.span.saturating_sub(1).min(table.padding);
        table.padding = table
            .padding
            .saturating_add(PADDING_PER_CELL)
            .saturating_sub(padding);
        let span = padding.saturating_add(1);
        let copies = if cell.header && text.chars().count() <= LONGEST_REPEATED {
            span
        } else {
            1
        };
        for copy in 0..span {
            row.push(if copy < copies {
                text.clone()
            } else {
                String::new()
            });
        }
        if !table.data {
            table.grid.header_rows = rows;
        } else if table.grid.header_rows == rows {
            // A row that begins with a header cell and goes on with data is no header.
            table.grid.header_rows = rows.saturating_sub(1);
        }
    }

    fn end_table(&mut self) {
        self.end_cell();
        let Some(table) = self.tables.pop() else {
            return;
        };
        let mut grid = table.grid;
        grid.name = grid::cell(&grid.name);
        if let Some(OpenTable {
            cell: Some(cell), ..
        }) = self.tables.last_mut()
        {
            // A table in a cell is text of that cell.
            for text in grid.rows.into_iter().flatten() {
                cell.text.push(' ');
                cell.text.push_str(&text);
            }
        } else {
            let result = self
                .flow
                .push(&grid.name, Role::Paragraph)
                .and_then(|()| self.flow.table(grid));
            self.fail(result);
        }
    }
}

/// A count in an attribute, 1 to [`MOST_COLUMNS`].
fn number(tag: &Tag, name: &str) -> usize {
    tag.attrs
        .iter()
        .find(|attribute| &*attribute.name.local == name)
        .and_then(|attribute| attribute.value.trim().parse::<usize>().ok())
        .unwrap_or(1)
        .clamp(1, MOST_COLUMNS)
}
