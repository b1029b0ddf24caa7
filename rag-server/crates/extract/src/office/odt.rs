//! OpenDocument text (ODF 1.3 part 3, chapters 4, 5 and 9): headings, paragraphs, lists, tables, text boxes,
//! footnotes and comments. Tables of contents and deleted text are left out.

use quick_xml::events::BytesStart;

use super::odf;
use super::styles::{Kind, Styles};
use crate::builder::Builder;
use crate::document::{Document, FileKind, Role};
use crate::error::ExtractError;
use crate::flow::Flow;
use crate::grid::{self, Grid};
use crate::limits::Limits;
use crate::package::Package;
use crate::xml::{Node, Xml, attribute};

/// Repeats of a cell or row beyond this are padding, not content.
const MOST_REPEATS: usize = 64;
/// Longer texts are not repeated in the columns that a header spans.
const LONGEST_REPEATED: usize = 100;

pub(crate) fn read(bytes: &[u8], limits: &Limits) -> Result<Document, ExtractError> {
    let mut builder = Builder::new(FileKind::Odt, limits);
    let mut package = Package::open(bytes, limits)?;
    odf::refuse_encrypted(&mut package)?;
    odf::read_metadata(&mut package, &mut builder)?;
    let content = package
        .text("content.xml")?
        .ok_or_else(|| ExtractError::Damaged {
            reason: "no content.xml".to_owned(),
        })?;
    let mut styles = Styles::default();
    if let Ok(Some(text)) = package.text("styles.xml") {
        super::unless_damaged(styles.add_open_document(&text, limits))?;
    }
    super::unless_damaged(styles.add_open_document(&content, limits))?;
    drop(package);

    let mut flow = Flow::new(&mut builder);
    let mut xml = Xml::new(&content, limits);
    let read = read_body(&mut xml, &styles, &mut flow);
    builder.tolerate(read)?;
    builder.finish()
}

/// Text of a paragraph or cell, and what is anchored in it.
#[derive(Default)]
pub(super) struct Inline {
    pub(super) text: String,
    notes: Vec<String>,
    boxes: Vec<String>,
}

impl Inline {
    fn emit_anchored(self, flow: &mut Flow<'_, '_>) -> Result<(), ExtractError> {
        for text in self.boxes {
            flow.push(&text, Role::Paragraph)?;
        }
        for text in self.notes {
            flow.push(&text, Role::Note)?;
        }
        Ok(())
    }
}

fn read_body(
    xml: &mut Xml<'_>,
    styles: &Styles,
    flow: &mut Flow<'_, '_>,
) -> Result<(), ExtractError> {
    let mut in_text = false;
    let mut lists = 0_usize;
    while let Some(node) = xml.next()? {
        match node {
            Node::Start(element) => match element.local_name().as_ref() {
                "text" => in_text = true,
                _ if !in_text => {}
                "h" => {
                    let level = attribute(&element, "outline-level")
                        .and_then(|level| level.parse().ok())
                        .unwrap_or(1);
                    let inline = read_inline(xml)?;
                    flow.heading(level, &inline.text)?;
                    inline.emit_anchored(flow)?;
                }
                "p" => {
                    let kind = attribute(&element, "style-name")
                        .map_or(Kind::Text, |style| styles.kind(&style));
                    let inline = read_inline(xml)?;
                    match kind {
                        Kind::Heading(level) => flow.heading(level, &inline.text)?,
                        Kind::Contents => {}
                        Kind::List => flow.push(&inline.text, Role::ListItem)?,
                        Kind::Text if lists > 0 => flow.push(&inline.text, Role::ListItem)?,
                        Kind::Text => flow.push(&inline.text, Role::Paragraph)?,
                    }
                    inline.emit_anchored(flow)?;
                }
                "list" => lists = lists.saturating_add(1),
                "table" => {
                    let name = attribute(&element, "name").unwrap_or_default();
                    let (grid, anchored) = read_table(xml, name, flow.builder().limits())?;
                    flow.table(grid)?;
                    anchored.emit_anchored(flow)?;
                }
                "annotation" => {
                    let text =
                        read_note(xml, &["creator", "date", "date-string", "creator-initials"])?;
                    flow.push(&text, Role::Note)?;
                }
                "table-of-content" | "illustration-index" | "table-index" | "object-index"
                | "user-index" | "alphabetical-index" | "tracked-changes" | "forms"
                | "sequence-decls" | "variable-decls" | "user-field-decls" | "title" | "desc"
                | "object" | "binary-data" => xml.skip_element()?,
                _ => {}
            },
            Node::End(element) => match element.local_name().as_ref() {
                "list" => lists = lists.saturating_sub(1),
                "text" => in_text = false,
                _ => {}
            },
            Node::Text(_) => {}
        }
    }
    Ok(())
}

/// Text up to the end of the element whose start was just read. Paragraphs inside it, as in cells, are set apart
/// by spaces.
pub(super) fn read_inline(xml: &mut Xml<'_>) -> Result<Inline, ExtractError> {
    let mut inline = Inline::default();
    let mut open = 1_usize;
    while let Some(node) = xml.next()? {
        match node {
            Node::Start(element) => match element.local_name().as_ref() {
                "note" => {
                    let text = read_note(xml, &["note-citation"])?;
                    inline.notes.push(text);
                }
                "annotation" => {
                    let text =
                        read_note(xml, &["creator", "date", "date-string", "creator-initials"])?;
                    inline.notes.push(text);
                }
                "text-box" => {
                    let boxed = read_inline(xml)?;
                    inline.boxes.push(boxed.text);
                    inline.boxes.extend(boxed.boxes);
                    inline.notes.extend(boxed.notes);
                }
                "title" | "desc" | "object" | "binary-data" | "ruby-text" | "tracked-changes" => {
                    xml.skip_element()?;
                }
                name => {
                    open = open.saturating_add(1);
                    if matches!(name, "p" | "h" | "table-cell") && !inline.text.is_empty() {
                        inline.text.push(' ');
                    }
                    inline.text.push_str(odf::blank_for(&element));
                }
            },
            Node::End(_) => {
                open = open.saturating_sub(1);
                if open == 0 {
                    break;
                }
            }
            // Line breaks in the file are spaces in the text (ODF 1.3 part 3, 6.1.2).
            Node::Text(part) => inline.text.push_str(&part),
        }
    }
    Ok(inline)
}

/// Text of a note or comment without its number, author or date.
fn read_note(xml: &mut Xml<'_>, without: &[&str]) -> Result<String, ExtractError> {
    let mut text = String::new();
    let mut open = 1_usize;
    while let Some(node) = xml.next()? {
        match node {
            Node::Start(element) => {
                let name = element.local_name();
                if without.contains(&name.as_ref()) {
                    xml.skip_element()?;
                    continue;
                }
                open = open.saturating_add(1);
                if name.as_ref() == "p" && !text.is_empty() {
                    text.push(' ');
                }
                text.push_str(odf::blank_for(&element));
            }
            Node::End(_) => {
                open = open.saturating_sub(1);
                if open == 0 {
                    break;
                }
            }
            Node::Text(part) => text.push_str(&part),
        }
    }
    Ok(text)
}

pub(super) fn read_table(
    xml: &mut Xml<'_>,
    name: String,
    limits: &Limits,
) -> Result<(Grid, Inline), ExtractError> {
    let mut grid = Grid {
        // Programs number tables by themselves; such a name says nothing.
        name: if is_automatic(&name) {
            String::new()
        } else {
            name
        },
        ..Grid::default()
    };
    let mut anchored = Inline::default();
    // Repeats come cheap in the file, so they are counted before they are made.
    let mut cells = 0_u64;
    let mut in_header = false;
    let mut open = 1_usize;
    while let Some(node) = xml.next()? {
        match node {
            Node::Start(element) => match element.local_name().as_ref() {
                "table-row" => {
                    let repeats = count(&element, "number-rows-repeated");
                    let row = read_row(xml, in_header, &mut anchored)?;
                    if in_header {
                        grid.header_rows = grid.header_rows.saturating_add(1);
                    }
                    let copies = if row.iter().all(String::is_empty) {
                        0
                    } else {
                        repeats
                    };
                    cells = cells.saturating_add((row.len().saturating_mul(copies)) as u64);
                    if cells > limits.cells {
                        return Err(ExtractError::TooLarge {
                            what: "cells",
                            limit: limits.cells,
                        });
                    }
                    for _ in 0..copies {
                        grid.rows.push(row.clone());
                    }
                }
                name => {
                    in_header |= name == "table-header-rows";
                    open = open.saturating_add(1);
                }
            },
            Node::End(element) => {
                if element.local_name().as_ref() == "table-header-rows" {
                    in_header = false;
                }
                open = open.saturating_sub(1);
                if open == 0 {
                    break;
                }
            }
            Node::Text(_) => {}
        }
    }
    Ok((grid, anchored))
}

fn read_row(
    xml: &mut Xml<'_>,
    in_header: bool,
    anchored: &mut Inline,
) -> Result<Vec<String>, ExtractError> {
    let mut cells: Vec<String> = Vec::new();
    // Columns still covered by a header cell to the left.
    let mut spanned = 0_usize;
    let mut open = 1_usize;
    while let Some(node) = xml.next()? {
        match node {
            Node::Start(element) => match element.local_name().as_ref() {
                "table-cell" => {
                    let repeats = count(&element, "number-columns-repeated");
                    spanned = count(&element, "number-columns-spanned").saturating_sub(1);
                    let cell = read_inline(xml)?;
                    let text = grid::cell(&cell.text);
                    for _ in 0..if text.chars().count() <= LONGEST_REPEATED {
                        repeats
                    } else {
                        1
                    } {
                        cells.push(text.clone());
                    }
                    anchored.boxes.extend(cell.boxes);
                    anchored.notes.extend(cell.notes);
                }
                "covered-table-cell" => {
                    let repeats = count(&element, "number-columns-repeated");
                    xml.skip_element()?;
                    for _ in 0..repeats {
                        let name = cells.last().filter(|name| {
                            in_header && spanned > 0 && name.chars().count() <= LONGEST_REPEATED
                        });
                        let name = name.cloned().unwrap_or_default();
                        spanned = spanned.saturating_sub(1);
                        cells.push(name);
                    }
                }
                _ => open = open.saturating_add(1),
            },
            Node::End(_) => {
                open = open.saturating_sub(1);
                if open == 0 {
                    break;
                }
            }
            Node::Text(_) => {}
        }
    }
    while cells.last().is_some_and(String::is_empty) {
        cells.pop();
    }
    Ok(cells)
}

fn is_automatic(name: &str) -> bool {
    ["table", "tabela", "tabelle", "tableau"]
        .iter()
        .any(|word| {
            grid::fold(name)
                .strip_prefix(word)
                .is_some_and(|rest| rest.chars().all(|c| !c.is_alphabetic()))
        })
}

fn count(element: &BytesStart<'_>, name: &str) -> usize {
    attribute(element, name)
        .and_then(|value| value.parse::<usize>().ok())
        .unwrap_or(1)
        .clamp(1, MOST_REPEATS)
}
