//! Text documents and presentations: Office Open XML and OpenDocument, read straight from their XML parts.

pub(crate) mod docx;
pub(crate) mod odf;
pub(crate) mod odp;
pub(crate) mod odt;
pub(crate) mod pptx;
mod styles;

use crate::builder::Builder;
use crate::error::ExtractError;
use crate::normalize;
use crate::package::Package;
use crate::xml::{Node, Xml};

/// Reads title, author and date of an Office Open XML package (ECMA-376 Part 2, 8.3). Damage here costs only
/// these.
pub(crate) fn read_properties(
    package: &mut Package<'_>,
    builder: &mut Builder<'_>,
) -> Result<(), ExtractError> {
    let part = package
        .relationships("")
        .unwrap_or_default()
        .into_iter()
        .find(|relationship| relationship.kind == "core-properties")
        .map_or_else(
            || "docProps/core.xml".to_owned(),
            |relationship| relationship.target,
        );
    match package.text(&part) {
        Ok(Some(text)) => unless_damaged(read_property_elements(&text, builder)),
        Ok(None) => Ok(()),
        Err(error) => unless_damaged(Err(error)),
    }
}

/// Elements of Dublin Core and their like, the same in both families of formats.
pub(crate) fn read_property_elements(
    text: &str,
    builder: &mut Builder<'_>,
) -> Result<(), ExtractError> {
    let mut xml = Xml::new(text, builder.limits());
    while let Some(node) = xml.next()? {
        let Node::Start(element) = node else { continue };
        let name = element.local_name().as_ref().to_owned();
        if !matches!(
            name.as_str(),
            "title" | "creator" | "initial-creator" | "created" | "creation-date"
        ) {
            continue;
        }
        let value = normalize::line(&xml.element_text()?);
        if value.is_empty() {
            continue;
        }
        let metadata = builder.metadata();
        match name.as_str() {
            "title" => metadata.title = Some(value),
            "creator" if metadata.author.is_some() => {}
            "creator" | "initial-creator" => metadata.author = Some(value),
            _ => metadata.created = Some(value),
        }
    }
    Ok(())
}

pub(crate) fn unless_damaged(read: Result<(), ExtractError>) -> Result<(), ExtractError> {
    match read {
        Err(ExtractError::Damaged { reason }) => {
            tracing::debug!(reason, "secondary part is damaged");
            Ok(())
        }
        other => other,
    }
}
