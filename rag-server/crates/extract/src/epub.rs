//! Electronic books (EPUB 3.3): the chapters in the order they are read, each a page of HTML.

use std::collections::HashMap;

use crate::builder::Builder;
use crate::document::{Document, FileKind};
use crate::error::ExtractError;
use crate::flow::Flow;
use crate::html;
use crate::limits::Limits;
use crate::office;
use crate::package::{Package, resolve};
use crate::xml::{Node, Xml, attribute};

pub(crate) fn read(bytes: &[u8], limits: &Limits) -> Result<Document, ExtractError> {
    let mut builder = Builder::new(FileKind::Epub, limits);
    let mut package = Package::open(bytes, limits)?;
    if let Ok(Some(encrypted)) = package.text("META-INF/encryption.xml")
        && !only_fonts(&encrypted, limits)
    {
        return Err(ExtractError::Encrypted);
    }
    let main = main_part(&mut package)?;
    let text = package.text(&main)?.ok_or_else(|| ExtractError::Damaged {
        reason: "no package document".to_owned(),
    })?;
    office::unless_damaged(office::read_property_elements(&text, &mut builder))?;
    let folder = main.rsplit_once('/').map_or("", |(folder, _)| folder);
    let chapters = chapters(&text, folder, limits)?;
    if chapters.len() as u64 > limits.pages {
        return Err(ExtractError::TooLarge {
            what: "pages",
            limit: limits.pages,
        });
    }
    let mut flow = Flow::new(&mut builder);
    for chapter in chapters {
        let read = match package.text(&chapter) {
            Ok(Some(text)) => html::read_into(&text, &mut flow).map(drop),
            Ok(None) => Err(ExtractError::Damaged {
                reason: format!("no part {chapter}"),
            }),
            Err(error) => Err(error),
        };
        flow.builder().tolerate(read)?;
    }
    builder.finish()
}

/// Fonts alone are obfuscated in many books (EPUB 3.3, 4.4); everything else needs a key.
fn only_fonts(text: &str, limits: &Limits) -> bool {
    let mut xml = Xml::new(text, limits);
    while let Ok(Some(node)) = xml.next() {
        if let Node::Start(element) = node
            && element.local_name().as_ref() == "CipherReference"
            && let Some(part) = attribute(&element, "URI")
        {
            let font = [".ttf", ".otf", ".woff", ".woff2"];
            let part = part.to_lowercase();
            if !font.iter().any(|ending| part.ends_with(ending)) {
                return false;
            }
        }
    }
    true
}

/// The package document that the container names (EPUB 3.3, 4.2.6.3.1).
fn main_part(package: &mut Package<'_>) -> Result<String, ExtractError> {
    let text = package.text("META-INF/container.xml")?.unwrap_or_default();
    let mut xml = Xml::new(&text, package.limits());
    while let Some(node) = xml.next()? {
        if let Node::Start(element) = node
            && element.local_name().as_ref() == "rootfile"
            && let Some(path) = attribute(&element, "full-path")
        {
            return Ok(path);
        }
    }
    Err(ExtractError::Damaged {
        reason: "the container names no package document".to_owned(),
    })
}

/// Parts of the chapters in the order of the spine (EPUB 3.3, 5.6 and 5.7).
fn chapters(text: &str, folder: &str, limits: &Limits) -> Result<Vec<String>, ExtractError> {
    let mut parts: HashMap<String, String> = HashMap::new();
    let mut chapters = Vec::new();
    let mut xml = Xml::new(text, limits);
    while let Some(node) = xml.next()? {
        let Node::Start(element) = node else { continue };
        match element.local_name().as_ref() {
            "item" => {
                let page = attribute(&element, "media-type")
                    .is_some_and(|kind| kind.contains("html") || kind == "text/x-oeb1-document");
                // A table of contents only repeats the headings.
                let contents = attribute(&element, "properties")
                    .is_some_and(|properties| properties.split(' ').any(|one| one == "nav"));
                if let (true, false, Some(id), Some(href)) = (
                    page,
                    contents,
                    attribute(&element, "id"),
                    attribute(&element, "href"),
                ) {
                    let href = href.split('#').next().unwrap_or_default();
                    parts.insert(id, resolve(folder, &unescaped(href)));
                }
            }
            "itemref" => {
                chapters
                    .extend(attribute(&element, "idref").and_then(|id| parts.get(&id).cloned()));
            }
            _ => {}
        }
    }
    Ok(chapters)
}

/// A path of a URL with its `%20` resolved.
fn unescaped(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [first, after @ ..] = rest {
        let digit = |byte: &u8| char::from(*byte).to_digit(16);
        if let [b'%', high, low, after @ ..] = rest
            && let (Some(high), Some(low)) = (digit(high), digit(low))
        {
            bytes.push(u8::try_from(high << 4 | low).unwrap_or_default());
            rest = after;
            continue;
        }
        bytes.push(*first);
        rest = after;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
