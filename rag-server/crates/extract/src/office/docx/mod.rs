//! Word documents (ECMA-376 Part 1, chapter 17): headings, paragraphs, lists, tables, text boxes, footnotes,
//! endnotes and comments, in the order of the text.
//!
//! Left out, because people do not read it as text: deleted and hidden text, field codes, tables of contents,
//! headers and footers.

mod body;
mod item;

use std::collections::HashMap;

use self::body::read_blocks;
use self::item::{Item, join};
use super::styles::{Kind, Styles};
use crate::builder::Builder;
use crate::document::{Document, FileKind, Role};
use crate::error::ExtractError;
use crate::flow::Flow;
use crate::limits::Limits;
use crate::package::{Package, Relationship};
use crate::xml::{Node, Xml, attribute};

/// Columns spanned, at most, as a multiple of the limit on filled cells.
const BLANK_PER_CELL: u64 = 4;
/// Longer paragraphs in a heading style are running text in the wrong style.
const LONGEST_HEADING: usize = 300;

pub(crate) fn read(bytes: &[u8], limits: &Limits) -> Result<Document, ExtractError> {
    let mut builder = Builder::new(FileKind::Docx, limits);
    let mut package = Package::open(bytes, limits)?;
    super::read_properties(&mut package, &mut builder)?;
    let main = package
        .main_part()?
        .unwrap_or_else(|| "word/document.xml".to_owned());
    let text = package.text(&main)?.ok_or_else(|| ExtractError::Damaged {
        reason: "no main document part".to_owned(),
    })?;
    let related = package.relationships(&main).unwrap_or_default();
    let styles = match secondary(&mut package, &related, "styles")? {
        Some(styles) => Styles::read_word(&styles, limits).or_else(ignore_damage)?,
        None => Styles::default(),
    };
    let mut notes = HashMap::new();
    for (kind, element) in [
        ("footnotes", "footnote"),
        ("endnotes", "endnote"),
        ("comments", "comment"),
    ] {
        if let Some(text) = secondary(&mut package, &related, kind)? {
            read_notes(&text, element, limits, &mut notes).or_else(ignore_damage)?;
        }
    }
    let mut flow = Flow::new(&mut builder);
    let mut xml = Xml::new(&text, limits);
    let read = read_blocks(&mut xml, 0, &mut |item| {
        emit(&mut flow, &styles, &notes, item)
    });
    builder.tolerate(read)?;
    builder.finish()
}

fn secondary(
    package: &mut Package<'_>,
    related: &[Relationship],
    kind: &str,
) -> Result<Option<String>, ExtractError> {
    let Some(relationship) = related
        .iter()
        .find(|relationship| relationship.kind == kind)
    else {
        return Ok(None);
    };
    match package.text(&relationship.target) {
        Err(ExtractError::Damaged { .. }) => Ok(None),
        other => other,
    }
}

fn ignore_damage<T: Default>(error: ExtractError) -> Result<T, ExtractError> {
    match error {
        ExtractError::Damaged { .. } => Ok(T::default()),
        other => Err(other),
    }
}

/// Notes and comments by the name of their element and their number.
type Notes = HashMap<(&'static str, String), String>;

fn read_notes(
    text: &str,
    wanted: &'static str,
    limits: &Limits,
    notes: &mut Notes,
) -> Result<(), ExtractError> {
    let mut xml = Xml::new(text, limits);
    while let Some(node) = xml.next()? {
        let Node::Start(element) = node else { continue };
        if element.local_name().as_ref() != wanted {
            continue;
        }
        let id = attribute(&element, "id").unwrap_or_default();
        // Separators are notes of a type of their own.
        let separator = attribute(&element, "type").is_some_and(|kind| kind != "normal");
        let mut body = String::new();
        read_blocks(&mut xml, 1, &mut |item| {
            join(&item.into_text(), &mut body);
            Ok(())
        })?;
        if !separator {
            notes.insert((wanted, id), body);
        }
    }
    Ok(())
}

fn emit(
    flow: &mut Flow<'_, '_>,
    styles: &Styles,
    notes: &Notes,
    item: Item,
) -> Result<(), ExtractError> {
    match item {
        Item::Paragraph(paragraph) => {
            let by_style = paragraph
                .style
                .as_deref()
                .map_or(Kind::Text, |style| styles.kind(style));
            let kind = match (by_style, paragraph.outline, paragraph.numbered) {
                (Kind::Contents, _, _) => Kind::Contents,
                (_, Some(level), _) => Kind::Heading(level),
                (Kind::Heading(level), _, _) => Kind::Heading(level),
                (_, None, Some(true)) => Kind::List,
                (_, None, Some(false)) => Kind::Text,
                (other, None, None) => other,
            };
            match kind {
                Kind::Heading(level) if paragraph.text.chars().count() <= LONGEST_HEADING => {
                    flow.heading(level, &paragraph.text)?;
                }
                Kind::Text | Kind::Heading(_) => flow.push(&paragraph.text, Role::Paragraph)?,
                Kind::List => flow.push(&paragraph.text, Role::ListItem)?,
                Kind::Contents => {}
            }
            for item in paragraph.boxes {
                emit(flow, styles, notes, item)?;
            }
            emit_notes(flow, notes, paragraph.references)
        }
        Item::Table(table) if table.rows.iter().all(|row| row.len() <= 1) => {
            // One column: the table only frames its text.
            for item in table.rows.into_iter().flatten().flat_map(|cell| cell.items) {
                emit(flow, styles, notes, item)?;
            }
            Ok(())
        }
        Item::Table(table) => {
            let mut references = Vec::new();
            for cell in table.rows.iter().flatten() {
                cell.items
                    .iter()
                    .for_each(|item| item.references(&mut references));
            }
            let limit = flow.builder().limits().cells;
            if table.spanned_cells() > limit.saturating_mul(BLANK_PER_CELL) {
                return Err(ExtractError::TooLarge {
                    what: "cells",
                    limit,
                });
            }
            flow.table(table.into_grid())?;
            emit_notes(flow, notes, references)
        }
    }
}

fn emit_notes(
    flow: &mut Flow<'_, '_>,
    notes: &Notes,
    references: Vec<(&'static str, String)>,
) -> Result<(), ExtractError> {
    for reference in references {
        if let Some(text) = notes.get(&reference) {
            flow.push(text, Role::Note)?;
        }
    }
    Ok(())
}
