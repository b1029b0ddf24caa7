//! OpenDocument presentations (ODF 1.3 part 3, chapters 9 and 10): slides in order, titles as headings, text boxes, lists,
//! tables and speaker notes. Numbers, dates, headers and footers of slides are left out.

use std::collections::HashSet;

use super::odf;
use super::odt::{read_inline, read_table};
use super::pptx::push_table;
use crate::builder::Builder;
use crate::document::{Document, FileKind, Locator, Role};
use crate::error::ExtractError;
use crate::limits::Limits;
use crate::package::Package;
use crate::xml::{Node, Xml, attribute};

pub(crate) fn read(bytes: &[u8], limits: &Limits) -> Result<Document, ExtractError> {
    let mut builder = Builder::new(FileKind::Odp, limits);
    let mut package = Package::open(bytes, limits)?;
    odf::refuse_encrypted(&mut package)?;
    odf::read_metadata(&mut package, &mut builder)?;
    let content = package
        .text("content.xml")?
        .ok_or_else(|| ExtractError::Damaged {
            reason: "no content.xml".to_owned(),
        })?;
    drop(package);
    let mut xml = Xml::new(&content, limits);
    let read = read_slides(&mut xml, &mut builder);
    builder.tolerate(read)?;
    builder.finish()
}

fn read_slides(xml: &mut Xml<'_>, builder: &mut Builder<'_>) -> Result<(), ExtractError> {
    let mut hidden_styles = HashSet::new();
    let mut style = None;
    let mut number = 0_u32;
    while let Some(node) = xml.next()? {
        let Node::Start(element) = node else { continue };
        match element.local_name().as_ref() {
            "style" => style = attribute(&element, "name"),
            "drawing-page-properties"
                if attribute(&element, "visibility").as_deref() == Some("hidden") =>
            {
                hidden_styles.extend(style.take());
            }
            "page" => {
                number = number.saturating_add(1);
                let hidden = attribute(&element, "style-name")
                    .is_some_and(|style| hidden_styles.contains(&style));
                read_slide(xml, number, builder)?;
                if hidden {
                    builder.warn(
                        "hidden_slide",
                        format!(
                            "O slide {number} está oculto na apresentação; o texto dele foi lido assim mesmo."
                        ),
                        Some(Locator::Slide { number }),
                    );
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// What a frame is for.
#[derive(Clone, Copy, PartialEq)]
enum Frame {
    Free,
    Title,
    /// Repeats what stands on every slide.
    Furniture,
}

fn read_slide(
    xml: &mut Xml<'_>,
    number: u32,
    builder: &mut Builder<'_>,
) -> Result<(), ExtractError> {
    let here = || Locator::Slide { number };
    let first_block = builder.blocks().len();
    let mut title = String::new();
    let mut images = false;
    let mut frame = Frame::Free;
    let mut lists = 0_usize;
    let mut notes: Option<Vec<String>> = None;
    while let Some(node) = xml.next()? {
        match node {
            Node::Start(element) => match element.local_name().as_ref() {
                "frame" | "custom-shape" => {
                    frame = match attribute(&element, "class").as_deref() {
                        Some("title") => Frame::Title,
                        Some("page-number" | "date-time" | "header" | "footer") => Frame::Furniture,
                        _ => Frame::Free,
                    };
                }
                "notes" => notes = Some(Vec::new()),
                "list" => lists = lists.saturating_add(1),
                "image" => {
                    images = true;
                    xml.skip_element()?;
                }
                "p" | "h" => {
                    let inline = read_inline(xml)?;
                    match (&mut notes, frame) {
                        (_, Frame::Furniture) => {}
                        (Some(notes), _) => notes.push(inline.text),
                        (None, Frame::Title) => {
                            let role = Role::Heading { level: 1 };
                            if builder.push(&inline.text, here(), role)? && title.is_empty() {
                                title = inline.text;
                            }
                        }
                        (None, Frame::Free) => {
                            let role = if lists > 0 {
                                Role::ListItem
                            } else {
                                Role::Paragraph
                            };
                            builder.push(&inline.text, here(), role)?;
                        }
                    }
                }
                "table" => {
                    let name = attribute(&element, "name").unwrap_or_default();
                    let (grid, _) = read_table(xml, name, builder.limits())?;
                    push_table(builder, grid, &title, number)?;
                }
                "annotation" => {
                    let text = xml.element_text()?;
                    builder.push(&text, here(), Role::Note)?;
                }
                "page-thumbnail" | "object" | "binary-data" | "title" | "desc" => {
                    xml.skip_element()?;
                }
                _ => {}
            },
            Node::End(element) => match element.local_name().as_ref() {
                "frame" | "custom-shape" => frame = Frame::Free,
                "list" => lists = lists.saturating_sub(1),
                "notes" => {
                    let lines = notes.take().unwrap_or_default();
                    builder.push_lines(&lines.join("\n"), here(), Role::Note)?;
                }
                "page" => break,
                _ => {}
            },
            Node::Text(_) => {}
        }
    }
    builder.end_page(None, first_block, images)
}
