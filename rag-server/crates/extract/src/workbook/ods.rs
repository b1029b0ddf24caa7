//! OpenDocument spreadsheets (ODF 1.3 part 3, chapter 9).
//!
//! Each cell keeps the text people see beside its value, already in the format and locale of the document, so
//! that is what is read; dates and truth values are shown as in other workbooks.

use std::collections::HashSet;

use quick_xml::events::BytesStart;

use super::number::{iso_date, iso_of_shown, plain};
use super::sheet::{Behind, Cell, CellKind, Merge, Sheet};
use super::sheets::Sheets;
use crate::builder::Builder;
use crate::document::{Document, FileKind, Value};
use crate::error::ExtractError;
use crate::limits::Limits;
use crate::normalize;
use crate::office::odf;
use crate::package::Package;
use crate::xml::{Node, Xml, attribute};

/// Rows and columns that programs allow; repeats beyond are cut.
const MOST_ROWS: u32 = 1_048_576;
const MOST_COLUMNS: u32 = 16_384;
/// Bytes that the copies of one repeated cell may take together.
const LARGEST_REPEAT: usize = 10_000_000;

pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Document, ExtractError> {
    let mut builder = Builder::new(FileKind::Ods, limits);
    let mut package = Package::open(bytes, limits)?;
    odf::refuse_encrypted(&mut package)?;
    odf::read_metadata(&mut package, &mut builder)?;
    let content = package
        .text("content.xml")?
        .ok_or_else(|| ExtractError::Damaged {
            reason: "no content.xml".to_owned(),
        })?;
    drop(package);

    let mut sheets = Sheets::new(&mut builder, 0)?;
    let mut hidden_styles = HashSet::new();
    let mut style = None;
    let mut xml = Xml::new(&content, limits);
    while let Some(node) = xml.next()? {
        let Node::Start(element) = node else { continue };
        match element.local_name().as_ref() {
            "style" => style = attribute(&element, "name"),
            "table-properties" if attribute(&element, "display").as_deref() == Some("false") => {
                hidden_styles.extend(style.take());
            }
            "table" => {
                let mut sheet = Sheet {
                    name: attribute(&element, "name")
                        .map(|name| normalize::line(&name))
                        .unwrap_or_default(),
                    hidden: attribute(&element, "style-name")
                        .is_some_and(|name| hidden_styles.contains(&name)),
                    ..Sheet::default()
                };
                let mut merges = Vec::new();
                let mut behind = Behind::default();
                let read = sheets.fill(&mut sheet, |push| {
                    read_table(&mut xml, push, &mut merges, &mut behind)
                });
                sheet.merges = merges;
                sheet.behind = behind;
                let broken = read.is_err();
                sheets.emit(sheet, read)?;
                if broken {
                    break;
                }
            }
            _ => {}
        }
    }
    sheets.finish()?;
    builder.finish()
}

type Push<'p> = &'p mut dyn FnMut(u32, Option<Cell>) -> Result<(), ExtractError>;

fn read_table(
    xml: &mut Xml<'_>,
    push: Push<'_>,
    merges: &mut Vec<Merge>,
    behind: &mut Behind,
) -> Result<(), ExtractError> {
    let mut row = 0_u32;
    let mut next_column = 0_u32;
    while let Some(node) = xml.next()? {
        match node {
            Node::Start(element) => match element.local_name().as_ref() {
                "table-row" => {
                    let repeated =
                        count(&element, "number-rows-repeated").min(MOST_ROWS.saturating_sub(row));
                    let hidden = is_hidden(&element);
                    let cells = read_row(xml, row, merges, behind)?;
                    for copy in 0..repeated {
                        if cells.is_empty() {
                            break;
                        }
                        if hidden {
                            behind.hide_row(row.saturating_add(copy));
                        }
                        for cell in &cells {
                            push(row.saturating_add(copy), Some(cell.clone()))?;
                        }
                    }
                    row = row.saturating_add(repeated);
                }
                "table-column" => {
                    let repeated = count(&element, "number-columns-repeated");
                    let first = next_column;
                    next_column = next_column.saturating_add(repeated);
                    if is_hidden(&element) {
                        behind
                            .hidden_columns
                            .push((first, next_column.saturating_sub(1)));
                    }
                    xml.skip_element()?;
                }
                // Groups and header rows hold rows; everything else holds no cells of this sheet.
                "table-header-rows"
                | "table-rows"
                | "table-row-group"
                | "table-columns"
                | "table-column-group"
                | "table-header-columns" => {}
                _ => xml.skip_element()?,
            },
            Node::End(element) if element.local_name().as_ref() == "table" => break,
            Node::End(_) | Node::Text(_) => {}
        }
    }
    Ok(())
}

/// Filled cells of one row; merged ones are noted.
fn read_row(
    xml: &mut Xml<'_>,
    row: u32,
    merges: &mut Vec<Merge>,
    behind: &mut Behind,
) -> Result<Vec<Cell>, ExtractError> {
    let mut cells = Vec::new();
    let mut column = 0_u32;
    while let Some(node) = xml.next()? {
        match node {
            Node::Start(element) => match element.local_name().as_ref() {
                "table-cell" | "covered-table-cell" => {
                    let covered = element.local_name().as_ref() == "covered-table-cell";
                    let repeated = count(&element, "number-columns-repeated")
                        .min(MOST_COLUMNS.saturating_sub(column));
                    let (right, down) = (
                        count(&element, "number-columns-spanned"),
                        count(&element, "number-rows-spanned"),
                    );
                    let formula = attribute(&element, "formula");
                    let (read, comment) = read_cell(xml, &element)?;
                    if let Some(formula) = formula {
                        // The name of the formula language stands before the formula itself: `of:=SUM([.A1])`.
                        let formula = formula.split_once('=').map_or(&*formula, |(_, text)| text);
                        let formula = normalize::line(formula);
                        behind.formulas.insert((row, column), formula);
                    }
                    if !comment.is_empty() {
                        behind.comments.insert((row, column), comment);
                    }
                    if right > 1 || down > 1 {
                        merges.push(Merge {
                            top: row,
                            left: column,
                            bottom: row.saturating_add(down).saturating_sub(1),
                            right: column.saturating_add(right).saturating_sub(1),
                        });
                    }
                    if let Some((text, kind, value)) = read.filter(|_| !covered) {
                        if text.len().saturating_mul(repeated as usize) > LARGEST_REPEAT {
                            return Err(ExtractError::TooLarge {
                                what: "bytes",
                                limit: LARGEST_REPEAT as u64,
                            });
                        }
                        for copy in 0..repeated {
                            cells.push(Cell {
                                column: column.saturating_add(copy),
                                text: text.clone(),
                                kind,
                                value: value.clone(),
                                bold: false,
                            });
                        }
                    }
                    column = column.saturating_add(repeated);
                }
                _ => xml.skip_element()?,
            },
            Node::End(element) if element.local_name().as_ref() == "table-row" => break,
            Node::End(_) | Node::Text(_) => {}
        }
    }
    Ok(cells)
}

/// What a cell shows, what that is, and what it means.
type Shown = (String, CellKind, Value);

/// The cell whose start was just read, nothing when it is blank; and the comment on it.
fn read_cell(
    xml: &mut Xml<'_>,
    element: &BytesStart<'_>,
) -> Result<(Option<Shown>, String), ExtractError> {
    let kind = attribute(element, "value-type");
    let value = attribute(element, "value");
    let date = attribute(element, "date-value");
    let flag = attribute(element, "boolean-value");
    let mut text = String::new();
    let mut comment = String::new();
    let mut depth = 1_usize;
    while depth > 0 {
        match xml.next()? {
            Some(Node::Start(inner)) => match inner.local_name().as_ref() {
                "annotation" => comment = normalize::line(&xml.element_text()?),
                // Pictures and drawings are no part of the value.
                "frame" | "shapes" | "table" | "custom-shape" => {
                    xml.skip_element()?;
                }
                name => {
                    depth = depth.saturating_add(1);
                    if name == "p" && !text.is_empty() {
                        text.push(' ');
                    }
                    text.push_str(odf::blank_for(&inner));
                }
            },
            Some(Node::End(_)) => depth = depth.saturating_sub(1),
            Some(Node::Text(part)) => text.push_str(&part),
            None => break,
        }
    }
    let seen = normalize::line(&text);
    let number = value.and_then(|value| value.parse::<f64>().ok());
    let percent = kind.as_deref() == Some("percentage");
    let (text, kind) = match kind.as_deref() {
        Some("date") => (date.map_or(seen, |date| iso_date(&date)), CellKind::Date),
        Some("time") => (seen, CellKind::Date),
        Some("boolean") => {
            let text = if flag.as_deref() == Some("true") {
                "VERDADEIRO"
            } else {
                "FALSO"
            };
            (text.to_owned(), CellKind::Flag)
        }
        Some("float" | "percentage" | "currency") if seen.is_empty() => {
            (number.map(plain).unwrap_or_default(), CellKind::Number)
        }
        Some("float" | "percentage" | "currency") => (seen, CellKind::Number),
        _ if seen.starts_with('#') && seen.ends_with(['!', '?']) => (seen, CellKind::Error),
        _ => (seen, CellKind::Text),
    };
    let value = match (kind, number) {
        (CellKind::Number, Some(number)) if number.is_finite() => {
            Value::Number(if percent { number * 100.0 } else { number })
        }
        (CellKind::Flag, _) => Value::Flag(flag.as_deref() == Some("true")),
        (CellKind::Date, _) => iso_of_shown(&text),
        _ => Value::Missing,
    };
    Ok(((!text.is_empty()).then_some((text, kind, value)), comment))
}

/// Hidden by hand or by a filter.
fn is_hidden(element: &BytesStart<'_>) -> bool {
    matches!(
        attribute(element, "visibility").as_deref(),
        Some("collapse" | "filter")
    )
}

/// How often an element counts; once unless it says more.
fn count(element: &BytesStart<'_>, name: &str) -> u32 {
    attribute(element, name)
        .and_then(|value| value.parse().ok())
        .unwrap_or(1)
        .max(1)
}
