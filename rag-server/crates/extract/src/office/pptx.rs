//! Presentations (ECMA-376 Part 1, chapter 19): slides in the order they are shown, titles as headings, text
//! boxes, lists, tables, diagrams, speaker notes and comments. Slide numbers, dates and footers are left out.

use std::collections::HashMap;

use crate::builder::Builder;
use crate::document::{Document, FileKind, Locator, Role, Table};
use crate::error::ExtractError;
use crate::grid::{self, Grid};
use crate::limits::Limits;
use crate::package::Package;
use crate::xml::{Node, Xml, attribute, is_on, prefixed_attribute};

/// Longer texts are not repeated in the columns that a header spans.
const LONGEST_REPEATED: usize = 100;

pub(crate) fn read(bytes: &[u8], limits: &Limits) -> Result<Document, ExtractError> {
    let mut builder = Builder::new(FileKind::Pptx, limits);
    let mut package = Package::open(bytes, limits)?;
    super::read_properties(&mut package, &mut builder)?;
    let main = package
        .main_part()?
        .unwrap_or_else(|| "ppt/presentation.xml".to_owned());
    let slides = slide_parts(&mut package, &main)?;
    if slides.len() as u64 > limits.pages {
        return Err(ExtractError::TooLarge {
            what: "pages",
            limit: limits.pages,
        });
    }
    let mut damage = None;
    for (index, part) in slides.iter().enumerate() {
        let number = u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1);
        match read_slide(&mut package, part, number, &mut builder) {
            Err(ExtractError::Damaged { reason }) => {
                tracing::debug!(reason, number, "slide is damaged");
                builder.warn(
                    "damaged_slide",
                    format!("O slide {number} está danificado e não pôde ser lido por inteiro."),
                    Some(Locator::Slide { number }),
                );
                builder.end_page(None, usize::MAX, false)?;
                damage = Some(ExtractError::Damaged { reason });
            }
            other => other?,
        }
    }
    match damage {
        Some(error) if builder.blocks().is_empty() => Err(error),
        _ => builder.finish(),
    }
}

/// Parts of the slides in order.
fn slide_parts(package: &mut Package<'_>, main: &str) -> Result<Vec<String>, ExtractError> {
    let text = package.text(main)?.ok_or_else(|| ExtractError::Damaged {
        reason: "no presentation part".to_owned(),
    })?;
    let targets: HashMap<String, String> = package
        .relationships(main)?
        .into_iter()
        .filter(|relationship| relationship.kind == "slide")
        .map(|relationship| (relationship.id, relationship.target))
        .collect();
    let mut slides = Vec::new();
    let mut xml = Xml::new(&text, package.limits());
    while let Some(node) = xml.next()? {
        let Node::Start(element) = node else { continue };
        if element.local_name().as_ref() == "sldId" {
            slides.extend(
                prefixed_attribute(&element, "id")
                    .and_then(|id| targets.get(&id))
                    .cloned(),
            );
        }
    }
    Ok(slides)
}

/// What stands on a slide.
#[derive(Default)]
struct Slide {
    titles: Vec<String>,
    items: Vec<Item>,
    hidden: bool,
    images: bool,
}

enum Item {
    Text(String, Role),
    Table(Grid),
}

fn read_slide(
    package: &mut Package<'_>,
    part: &str,
    number: u32,
    builder: &mut Builder<'_>,
) -> Result<(), ExtractError> {
    let here = || Locator::Slide { number };
    let first_block = builder.blocks().len();
    let text = package.text(part)?.ok_or_else(|| ExtractError::Damaged {
        reason: format!("no part {part}"),
    })?;
    let slide = parse_slide(&text, package.limits())?;
    for title in &slide.titles {
        builder.push(title, here(), Role::Heading { level: 1 })?;
    }
    let name = slide.titles.first().cloned().unwrap_or_default();
    for item in slide.items {
        match item {
            Item::Text(text, role) => {
                builder.push(&text, here(), role)?;
            }
            Item::Table(grid) => push_table(builder, grid, &name, number)?,
        }
    }
    for related in package.relationships(part).unwrap_or_default() {
        let kind = related.kind.as_str();
        if !matches!(kind, "diagramData" | "notesSlide" | "comments") {
            continue;
        }
        let Ok(Some(text)) = package.text(&related.target) else {
            continue;
        };
        match kind {
            "diagramData" => {
                for line in paragraphs_of(&text, package.limits(), &["p"])? {
                    builder.push(&line, here(), Role::ListItem)?;
                }
            }
            "notesSlide" => {
                let notes = parse_slide(&text, package.limits())?;
                let lines: Vec<String> = notes
                    .items
                    .into_iter()
                    .filter_map(|item| match item {
                        Item::Text(text, _) => Some(text),
                        Item::Table(_) => None,
                    })
                    .collect();
                builder.push_lines(&lines.join("\n"), here(), Role::Note)?;
            }
            _ => {
                for line in paragraphs_of(&text, package.limits(), &["p", "text"])? {
                    builder.push(&line, here(), Role::Note)?;
                }
            }
        }
    }
    if slide.hidden {
        builder.warn(
            "hidden_slide",
            format!(
                "O slide {number} está oculto na apresentação; o texto dele foi lido assim mesmo."
            ),
            Some(here()),
        );
    }
    builder.end_page(None, first_block, slide.images)
}

pub(super) fn push_table(
    builder: &mut Builder<'_>,
    mut grid: Grid,
    name: &str,
    number: u32,
) -> Result<(), ExtractError> {
    let here = || Locator::Slide { number };
    builder.count_cells(grid.filled_cells())?;
    let Some(shape) = grid::shape(&mut grid) else {
        for text in grid.rows.into_iter().flatten() {
            builder.push(&text, here(), Role::Paragraph)?;
        }
        return Ok(());
    };
    for title in &shape.titles {
        builder.push(title, here(), Role::Paragraph)?;
    }
    let table = builder.next_table();
    for row in &shape.rows {
        let role = Role::TableRow {
            table,
            total: grid::is_total(row),
        };
        builder.push(&grid::row_text(&shape.header, row), here(), role)?;
    }
    builder.add_table(Table {
        name: shape.titles.last().map_or(name, String::as_str).to_owned(),
        header: shape.header,
        locator: here(),
        hidden: false,
        rows: shape.rows,
        columns: Vec::new(),
        row_marks: Vec::new(),
        remarks: Vec::new(),
    });
    Ok(())
}

fn parse_slide(text: &str, limits: &Limits) -> Result<Slide, ExtractError> {
    let mut slide = Slide::default();
    let mut xml = Xml::new(text, limits);
    while let Some(node) = xml.next()? {
        let Node::Start(element) = node else { continue };
        match element.local_name().as_ref() {
            "sld" => {
                slide.hidden = attribute(&element, "show").is_some_and(|show| !is_on(Some(&show)));
            }
            "sp" => read_shape(&mut xml, &mut slide)?,
            "tbl" => {
                let grid = read_table(&mut xml)?;
                slide.items.push(Item::Table(grid));
            }
            "blip" => slide.images = true,
            "Fallback" | "timing" | "extLst" => xml.skip_element()?,
            _ => {}
        }
    }
    Ok(slide)
}

/// What a shape's text is for (`ST_PlaceholderType`).
#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// A text box of its own.
    Free,
    Title,
    Subtitle,
    Body,
    /// Slide number, date, header or footer.
    Furniture,
}

fn read_shape(xml: &mut Xml<'_>, slide: &mut Slide) -> Result<(), ExtractError> {
    let mut place = Place::Free;
    let mut lines: Vec<Line> = Vec::new();
    let mut open = 1_usize;
    while let Some(node) = xml.next()? {
        match node {
            Node::Start(element) => match element.local_name().as_ref() {
                "ph" => {
                    open = open.saturating_add(1);
                    place = match attribute(&element, "type").as_deref() {
                        Some("title" | "ctrTitle") => Place::Title,
                        Some("subTitle") => Place::Subtitle,
                        Some("dt" | "ftr" | "sldNum" | "hdr" | "sldImg") => Place::Furniture,
                        _ => Place::Body,
                    };
                }
                "p" => lines.push(read_line(xml)?),
                "Fallback" => xml.skip_element()?,
                "blip" => {
                    open = open.saturating_add(1);
                    slide.images = true;
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
    lines.retain(|line| !line.text.trim().is_empty());
    if place == Place::Title {
        let title: Vec<String> = lines.into_iter().map(|line| line.text).collect();
        if !title.is_empty() {
            slide.titles.push(title.join(" "));
        }
    } else if place != Place::Furniture {
        let several = lines.len() > 1;
        for line in lines {
            // Body text is a list by its layout unless it says otherwise; text boxes the other way round.
            let bullet = line.bullet.unwrap_or(place == Place::Body && several);
            let role = if bullet {
                Role::ListItem
            } else {
                Role::Paragraph
            };
            slide.items.push(Item::Text(line.text, role));
        }
    }
    Ok(())
}

#[derive(Default)]
struct Line {
    text: String,
    /// Said to have a bullet or a number, or said to have none.
    bullet: Option<bool>,
}

/// A paragraph whose start was just read (ECMA-376 Part 1, 21.1.2.2.6).
fn read_line(xml: &mut Xml<'_>) -> Result<Line, ExtractError> {
    let mut line = Line::default();
    let mut open = 1_usize;
    while let Some(node) = xml.next()? {
        match node {
            Node::Start(element) => match element.local_name().as_ref() {
                "t" => line.text.push_str(&xml.element_text()?),
                "fld"
                    if attribute(&element, "type").is_some_and(|kind| {
                        kind.starts_with("slidenum") || kind.starts_with("datetime")
                    }) =>
                {
                    xml.skip_element()?;
                }
                "Fallback" => xml.skip_element()?,
                name => {
                    open = open.saturating_add(1);
                    match name {
                        "buNone" => line.bullet = Some(false),
                        "buChar" | "buAutoNum" | "buBlip" => line.bullet = Some(true),
                        "br" | "tab" => line.text.push(' '),
                        "den" => line.text.push('/'),
                        "sup" => line.text.push('^'),
                        "sub" => line.text.push('_'),
                        _ => {}
                    }
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
    Ok(line)
}

/// Texts of all elements of these names.
fn paragraphs_of(text: &str, limits: &Limits, names: &[&str]) -> Result<Vec<String>, ExtractError> {
    let mut lines = Vec::new();
    let mut xml = Xml::new(text, limits);
    while let Some(node) = xml.next()? {
        let Node::Start(element) = node else { continue };
        let name = element.local_name();
        if !names.contains(&name.as_ref()) {
            continue;
        }
        let line = if name.as_ref() == "p" {
            read_line(&mut xml)?.text
        } else {
            xml.element_text()?
        };
        if !line.trim().is_empty() {
            lines.push(line);
        }
    }
    Ok(lines)
}

/// A table whose start was just read (ECMA-376 Part 1, 21.1.3.13).
fn read_table(xml: &mut Xml<'_>) -> Result<Grid, ExtractError> {
    let mut grid = Grid::default();
    let mut cell = String::new();
    let mut covered = false;
    let mut open = 1_usize;
    while let Some(node) = xml.next()? {
        match node {
            Node::Start(element) => match element.local_name().as_ref() {
                "p" => {
                    let line = read_line(xml)?;
                    if !cell.is_empty() {
                        cell.push(' ');
                    }
                    cell.push_str(&line.text);
                }
                "Fallback" => xml.skip_element()?,
                name => {
                    open = open.saturating_add(1);
                    match name {
                        "tblPr" => {
                            grid.header_rows = usize::from(
                                attribute(&element, "firstRow").as_deref() == Some("1"),
                            );
                        }
                        "tr" => grid.rows.push(Vec::new()),
                        "tc" => {
                            cell.clear();
                            covered = ["hMerge", "vMerge"].iter().any(|merge| {
                                attribute(&element, merge).is_some_and(|value| is_on(Some(&value)))
                            });
                        }
                        _ => {}
                    }
                }
            },
            Node::End(element) => {
                if element.local_name().as_ref() == "tc" {
                    let text = if covered {
                        String::new()
                    } else {
                        grid::cell(&cell)
                    };
                    let header = grid.header_rows > 0 && grid.rows.len() == 1;
                    if let Some(row) = grid.rows.last_mut() {
                        // A header over several columns names each; the covered ones follow as cells of their own.
                        let name = row
                            .last()
                            .filter(|name| {
                                header && covered && name.chars().count() <= LONGEST_REPEATED
                            })
                            .cloned();
                        row.push(if text.is_empty() {
                            name.unwrap_or_default()
                        } else {
                            text
                        });
                    }
                }
                open = open.saturating_sub(1);
                if open == 0 {
                    break;
                }
            }
            Node::Text(_) => {}
        }
    }
    Ok(grid)
}
