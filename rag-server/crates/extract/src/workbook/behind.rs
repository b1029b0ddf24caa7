//! What a workbook's parts hold besides values: hidden rows and columns, comments. Read straight from the XML, because the
//! library that reads the values passes over them.

use std::collections::HashMap;

use super::sheet::{Behind, position};
use crate::error::ExtractError;
use crate::normalize;
use crate::package::Package;
use crate::xml::{Node, Xml, attribute, prefixed_attribute};

/// Longest start tag of a row or column that is looked at; real ones have some hundred bytes.
const LONGEST_TAG: usize = 1024;
/// Stretches of hidden rows and columns kept for one sheet: no sheet has more rows.
const MOST_STRETCHES: usize = 1_048_576;

/// What stands behind each sheet, by its name as the workbook has it.
///
/// `hidden`: some sheet has hidden rows or columns; without, sheets are not unpacked again.
pub(super) fn read(
    package: &mut Package<'_>,
    hidden: bool,
) -> Result<HashMap<String, Behind>, ExtractError> {
    let mut found = HashMap::new();
    for (name, part) in tolerant(sheets(package))? {
        let mut behind = Behind::default();
        if hidden {
            let mut tags = Tags::default();
            tolerant(
                package
                    .inflate(&part, |piece| tags.feed(piece, &mut behind))
                    .map(drop),
            )?;
        }
        for relationship in tolerant(package.relationships(&part))? {
            if relationship.kind == "comments"
                && let Some(text) = tolerant(package.text(&relationship.target))?
            {
                tolerant(comments(&text, package, &mut behind))?;
            }
        }
        found.insert(name, behind);
    }
    Ok(found)
}

/// Damage here costs only what would have been read.
fn tolerant<T: Default>(read: Result<T, ExtractError>) -> Result<T, ExtractError> {
    match read {
        Err(ExtractError::Damaged { reason }) => {
            tracing::debug!(reason, "secondary part is damaged");
            Ok(T::default())
        }
        other => other,
    }
}

/// Names of the sheets and of their parts.
fn sheets(package: &mut Package<'_>) -> Result<Vec<(String, String)>, ExtractError> {
    let Some(workbook) = package.main_part()? else {
        return Ok(Vec::new());
    };
    let parts: HashMap<String, String> = package
        .relationships(&workbook)?
        .into_iter()
        .map(|relationship| (relationship.id, relationship.target))
        .collect();
    let text = package.text(&workbook)?.unwrap_or_default();
    let mut found = Vec::new();
    let mut xml = Xml::new(&text, package.limits());
    while let Some(node) = xml.next()? {
        if let Node::Start(element) = node
            && element.local_name().as_ref() == "sheet"
            && let Some(name) = attribute(&element, "name")
            && let Some(part) = prefixed_attribute(&element, "id").and_then(|id| parts.get(&id))
        {
            found.push((name, part.clone()));
        }
    }
    Ok(found)
}

/// Notes on cells (ECMA-376 Part 1, 18.7).
fn comments(text: &str, package: &Package<'_>, behind: &mut Behind) -> Result<(), ExtractError> {
    let mut xml = Xml::new(text, package.limits());
    while let Some(node) = xml.next()? {
        if let Node::Start(element) = node
            && element.local_name().as_ref() == "comment"
            && let Some(place) = attribute(&element, "ref").and_then(|cell| position(&cell))
        {
            let comment = normalize::line(&xml.element_text()?);
            if !comment.is_empty() {
                behind.comments.insert(place, comment);
            }
        }
    }
    Ok(())
}

/// Finds the start tags of rows and columns in a sheet that comes in pieces, without keeping it.
#[derive(Default)]
struct Tags {
    /// The tag so far; empty outside of one.
    tag: Vec<u8>,
    inside: bool,
    /// Number of the next row that does not give its own, 0-based.
    next_row: u32,
}

impl Tags {
    fn feed(&mut self, piece: &[u8], behind: &mut Behind) {
        let mut rest = piece;
        loop {
            if self.inside {
                let end = rest.iter().position(|byte| *byte == b'>');
                let part = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
                let room = LONGEST_TAG.saturating_sub(self.tag.len());
                self.tag.extend(part.iter().take(room));
                let Some(end) = end else { return };
                rest = rest.get(end.saturating_add(1)..).unwrap_or_default();
                self.inside = false;
                self.end(behind);
            } else {
                let Some(start) = rest.iter().position(|byte| *byte == b'<') else {
                    return;
                };
                rest = rest.get(start.saturating_add(1)..).unwrap_or_default();
                self.tag.clear();
                self.inside = true;
            }
        }
    }

    fn end(&mut self, behind: &mut Behind) {
        let tag = std::str::from_utf8(&self.tag).unwrap_or_default();
        let Some((name, attributes)) = tag.split_once(|c: char| c.is_ascii_whitespace()) else {
            if tag.rsplit(':').next() == Some("row") {
                self.next_row = self.next_row.saturating_add(1);
            }
            return;
        };
        let hidden = matches!(value(attributes, "hidden"), Some("1" | "true"));
        let number = |name: &str| value(attributes, name)?.parse::<u32>().ok()?.checked_sub(1);
        match name.rsplit(':').next() {
            Some("row") => {
                let row = number("r").unwrap_or(self.next_row);
                self.next_row = row.saturating_add(1);
                let ascending = behind
                    .hidden_rows
                    .last()
                    .is_none_or(|(_, last)| *last < row);
                if hidden && ascending && behind.hidden_rows.len() < MOST_STRETCHES {
                    behind.hide_row(row);
                }
            }
            Some("col") if hidden && behind.hidden_columns.len() < MOST_STRETCHES => {
                if let (Some(first), Some(last)) = (number("min"), number("max")) {
                    behind.hidden_columns.push((first, last));
                }
            }
            _ => {}
        }
    }
}

/// The value of an attribute; the values asked for hold no quotes or references.
fn value<'t>(attributes: &'t str, name: &str) -> Option<&'t str> {
    attributes.match_indices(name).find_map(|(at, _)| {
        let before = attributes.get(..at)?.chars().next_back();
        if before.is_some_and(|c| !c.is_ascii_whitespace()) {
            return None;
        }
        let after = attributes.get(at.checked_add(name.len())?..)?.trim_start();
        let quoted = after.strip_prefix('=')?.trim_start();
        let quote = quoted.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        quoted.get(1..)?.split(quote).next()
    })
}

#[cfg(test)]
mod tests {
    use super::{Behind, Tags};

    #[test]
    fn hidden_rows_and_columns_are_found_wherever_the_pieces_are_cut() {
        let sheet = br#"<x:cols><x:col min="2" max="3" hidden="1"/><x:col min="5" max="5"/></x:cols>
            <row r="1"><c r="A1"/></row><row hidden='true' r='2'/><row hidden="1"/><row r="9" hidden="0"/>
            <row><row customFormat="1" hidden = "1" >"#;
        for size in 1..sheet.len() {
            let mut behind = Behind::default();
            let mut tags = Tags::default();
            for piece in sheet.chunks(size) {
                tags.feed(piece, &mut behind);
            }
            assert_eq!(behind.hidden_columns, [(1, 2)], "{size}");
            assert_eq!(behind.hidden_rows, [(1, 2), (10, 10)], "{size}");
        }
    }
}
