//! From XML to paragraphs and tables (ECMA-376 Part 1, 17.3 and 17.4).

use super::item::{Cell, Item, Paragraph, Table};
use crate::error::ExtractError;
use crate::office::styles::outline_level;
use crate::xml::{Node, Xml, attribute, is_on};

type Take<'t> = &'t mut dyn FnMut(Item) -> Result<(), ExtractError>;

/// Reads paragraphs and tables up to the end of the element `depth` levels up, or of the part.
pub(super) fn read_blocks(
    xml: &mut Xml<'_>,
    depth: usize,
    take: Take<'_>,
) -> Result<(), ExtractError> {
    let mut open = depth;
    while let Some(node) = xml.next()? {
        match node {
            Node::Start(element) => match element.local_name().as_ref() {
                "p" => {
                    let paragraph = read_paragraph(xml)?;
                    take(Item::Paragraph(paragraph))?;
                }
                "tbl" => {
                    let table = read_table(xml)?;
                    take(Item::Table(table))?;
                }
                "sectPr" | "sdtPr" | "sdtEndPr" | "Fallback" | "del" | "moveFrom" | "tcPr" => {
                    xml.skip_element()?;
                }
                _ => open = open.saturating_add(1),
            },
            Node::End(_) => {
                open = open.saturating_sub(1);
                if open == 0 && depth > 0 {
                    break;
                }
            }
            Node::Text(_) => {}
        }
    }
    Ok(())
}

fn read_paragraph(xml: &mut Xml<'_>) -> Result<Paragraph, ExtractError> {
    let mut paragraph = Paragraph::default();
    let mut open = 1_usize;
    let mut hidden = false;
    while let Some(node) = xml.next()? {
        match node {
            Node::Start(element) => {
                let name = element.local_name();
                match name.as_ref() {
                    "pPr" => read_paragraph_properties(xml, &mut paragraph)?,
                    "rPr" => hidden = read_hidden(xml)?,
                    "t" if !hidden => paragraph.text.push_str(&xml.element_text()?),
                    "t" | "delText" | "instrText" | "delInstrText" | "del" | "moveFrom"
                    | "sdtPr" | "sdtEndPr" | "Fallback" | "rt" => xml.skip_element()?,
                    "txbxContent" => {
                        read_blocks(xml, 1, &mut |item| {
                            paragraph.boxes.push(item);
                            Ok(())
                        })?;
                    }
                    other => {
                        open = open.saturating_add(1);
                        let id = || attribute(&element, "id").unwrap_or_default();
                        match other {
                            "r" => hidden = false,
                            "tab" | "ptab" if !hidden => paragraph.text.push('\t'),
                            "br" | "cr" if !hidden => paragraph.text.push('\n'),
                            "noBreakHyphen" if !hidden => paragraph.text.push('-'),
                            "footnoteReference" => paragraph.references.push(("footnote", id())),
                            "endnoteReference" => paragraph.references.push(("endnote", id())),
                            "commentReference" => paragraph.references.push(("comment", id())),
                            // Formulas (ECMA-376 Part 1, 22.1) in one line: a/b, x^2, a_n.
                            "den" => paragraph.text.push('/'),
                            "sup" => paragraph.text.push('^'),
                            "sub" => paragraph.text.push('_'),
                            _ => {}
                        }
                    }
                }
            }
            Node::End(_) => {
                open = open.saturating_sub(1);
                if open == 0 {
                    break;
                }
            }
            Node::Text(_) => {}
        }
    }
    Ok(paragraph)
}

fn read_paragraph_properties(
    xml: &mut Xml<'_>,
    paragraph: &mut Paragraph,
) -> Result<(), ExtractError> {
    let mut open = 1_usize;
    while let Some(node) = xml.next()? {
        match node {
            Node::Start(element) => {
                open = open.saturating_add(1);
                match element.local_name().as_ref() {
                    "pStyle" => paragraph.style = attribute(&element, "val"),
                    "outlineLvl" => {
                        paragraph.outline = attribute(&element, "val")
                            .as_deref()
                            .and_then(outline_level);
                    }
                    "numId" => {
                        paragraph.numbered = Some(is_on(attribute(&element, "val").as_deref()));
                    }
                    // Properties before a tracked change.
                    "pPrChange" => {
                        open = open.saturating_sub(1);
                        xml.skip_element()?;
                    }
                    _ => {}
                }
            }
            Node::End(_) => {
                open = open.saturating_sub(1);
                if open == 0 {
                    break;
                }
            }
            Node::Text(_) => {}
        }
    }
    Ok(())
}

/// Run properties: says whether they hide the run.
fn read_hidden(xml: &mut Xml<'_>) -> Result<bool, ExtractError> {
    let mut hidden = false;
    let mut open = 1_usize;
    while let Some(node) = xml.next()? {
        match node {
            Node::Start(element) => {
                open = open.saturating_add(1);
                if element.local_name().as_ref() == "vanish" {
                    hidden = is_on(attribute(&element, "val").as_deref());
                }
            }
            Node::End(_) => {
                open = open.saturating_sub(1);
                if open == 0 {
                    break;
                }
            }
            Node::Text(_) => {}
        }
    }
    Ok(hidden)
}

fn read_table(xml: &mut Xml<'_>) -> Result<Table, ExtractError> {
    let mut table = Table::default();
    let mut open = 1_usize;
    while let Some(node) = xml.next()? {
        match node {
            Node::Start(element) => match element.local_name().as_ref() {
                "tr" => {
                    let (cells, header) = read_row(xml)?;
                    if header && table.header_rows == table.rows.len() {
                        table.header_rows = table.header_rows.saturating_add(1);
                    }
                    table.rows.push(cells);
                }
                "tblPr" | "tblGrid" | "sdtPr" | "sdtEndPr" => xml.skip_element()?,
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
    Ok(table)
}

/// Cells of a row, and whether it is a header row.
fn read_row(xml: &mut Xml<'_>) -> Result<(Vec<Cell>, bool), ExtractError> {
    let mut cells = Vec::new();
    let mut header = false;
    let mut open = 1_usize;
    while let Some(node) = xml.next()? {
        match node {
            Node::Start(element) => match element.local_name().as_ref() {
                "tc" => cells.push(read_cell(xml)?),
                "sdtPr" | "sdtEndPr" => xml.skip_element()?,
                name => {
                    if name == "tblHeader" {
                        header = is_on(attribute(&element, "val").as_deref());
                    }
                    open = open.saturating_add(1);
                }
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
    Ok((cells, header))
}

fn read_cell(xml: &mut Xml<'_>) -> Result<Cell, ExtractError> {
    let mut cell = Cell::default();
    let mut open = 1_usize;
    while let Some(node) = xml.next()? {
        match node {
            Node::Start(element) => match element.local_name().as_ref() {
                "p" => cell.items.push(Item::Paragraph(read_paragraph(xml)?)),
                "tbl" => cell.items.push(Item::Table(read_table(xml)?)),
                "sdtPr" | "sdtEndPr" | "Fallback" => xml.skip_element()?,
                name => {
                    let value = attribute(&element, "val");
                    match name {
                        "gridSpan" => {
                            cell.span = value.and_then(|span| span.parse().ok()).unwrap_or(1);
                        }
                        "vMerge" => cell.continued = value.as_deref() != Some("restart"),
                        _ => {}
                    }
                    open = open.saturating_add(1);
                }
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
    Ok(cell)
}
