//! Paragraph styles: what a heading, a list entry or a line of a table of contents is, found through the chain
//! of styles it builds on.

use std::collections::HashMap;

use crate::error::ExtractError;
use crate::grid;
use crate::limits::Limits;
use crate::xml::{Node, Xml, attribute, is_on};

/// Styles build on at most this many others; longer chains are loops.
const LONGEST_CHAIN: usize = 20;

/// What a paragraph is by its style.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    /// 1 is the highest.
    Heading(u8),
    List,
    /// A line of a table of contents, which repeats headings.
    Contents,
}

#[derive(Debug, Default)]
struct Style {
    /// Name as people see it, folded.
    name: String,
    parent: Option<String>,
    /// 1 is the highest.
    outline: Option<u8>,
    numbered: bool,
}

#[derive(Debug, Default)]
pub(super) struct Styles {
    by_id: HashMap<String, Style>,
}

impl Styles {
    /// Reads `word/styles.xml` (ECMA-376 Part 1, 17.7).
    pub(super) fn read_word(text: &str, limits: &Limits) -> Result<Self, ExtractError> {
        let mut styles = Self::default();
        let mut current: Option<(String, Style)> = None;
        let mut xml = Xml::new(text, limits);
        while let Some(node) = xml.next()? {
            match node {
                Node::Start(element) => match (element.local_name().as_ref(), current.as_mut()) {
                    ("style", _) => {
                        current = attribute(&element, "styleId").map(|id| (id, Style::default()));
                    }
                    ("name", Some((_, style))) => {
                        style.name = attribute(&element, "val")
                            .map(|name| grid::fold(&name))
                            .unwrap_or_default();
                    }
                    ("basedOn", Some((_, style))) => style.parent = attribute(&element, "val"),
                    ("outlineLvl", Some((_, style))) => {
                        style.outline = attribute(&element, "val")
                            .as_deref()
                            .and_then(outline_level);
                    }
                    ("numPr", Some((_, style))) => style.numbered = true,
                    ("numId", Some((_, style))) => {
                        style.numbered = is_on(attribute(&element, "val").as_deref());
                    }
                    _ => {}
                },
                Node::End(element) if element.local_name().as_ref() == "style" => {
                    if let Some((id, style)) = current.take() {
                        styles.by_id.insert(id, style);
                    }
                }
                Node::End(_) | Node::Text(_) => {}
            }
        }
        Ok(styles)
    }

    /// Adds the styles of an OpenDocument part, `styles.xml` or `content.xml` (ODF 1.3 part 3, 16.2).
    pub(super) fn add_open_document(
        &mut self,
        text: &str,
        limits: &Limits,
    ) -> Result<(), ExtractError> {
        let mut xml = Xml::new(text, limits);
        while let Some(node) = xml.next()? {
            let Node::Start(element) = node else { continue };
            match element.local_name().as_ref() {
                "style" => {
                    let Some(id) = attribute(&element, "name") else {
                        continue;
                    };
                    let shown = attribute(&element, "display-name").unwrap_or_else(|| id.clone());
                    let style = Style {
                        name: grid::fold(&shown),
                        parent: attribute(&element, "parent-style-name"),
                        outline: attribute(&element, "default-outline-level")
                            .and_then(|level| level.parse().ok()),
                        numbered: false,
                    };
                    self.by_id.insert(id, style);
                }
                "body" => break,
                _ => {}
            }
        }
        Ok(())
    }

    /// What a paragraph of this style is.
    pub(super) fn kind(&self, id: &str) -> Kind {
        let mut next = self.by_id.get(id);
        let mut numbered = false;
        for _ in 0..LONGEST_CHAIN {
            let Some(style) = next else { break };
            if let Some(kind) = by_name(&style.name) {
                return kind;
            }
            if let Some(level) = style.outline {
                return Kind::Heading(level);
            }
            numbered |= style.numbered;
            next = style
                .parent
                .as_ref()
                .and_then(|parent| self.by_id.get(parent));
        }
        if numbered { Kind::List } else { Kind::Text }
    }
}

/// Built-in styles by their names in English, which Word stores in every language, and in Portuguese.
fn by_name(name: &str) -> Option<Kind> {
    let level = |rest: &str| {
        rest.trim()
            .parse::<u8>()
            .ok()
            .filter(|level| (1..=9).contains(level))
    };
    for prefix in ["heading", "titulo"] {
        if let Some(level) = name.strip_prefix(prefix).and_then(level) {
            return Some(Kind::Heading(level));
        }
    }
    match name {
        "title" | "titulo" => Some(Kind::Heading(1)),
        "toc heading" => Some(Kind::Contents),
        _ if ["toc ", "contents ", "table of figures", "sumario "]
            .iter()
            .any(|prefix| name.starts_with(prefix)) =>
        {
            Some(Kind::Contents)
        }
        _ if ["list bullet", "list number"]
            .iter()
            .any(|prefix| name.starts_with(prefix)) =>
        {
            Some(Kind::List)
        }
        _ => None,
    }
}

/// An outline level as stored, 0 to 8, where 9 means running text.
pub(super) fn outline_level(value: &str) -> Option<u8> {
    value
        .parse::<u8>()
        .ok()
        .filter(|level| *level < 9)
        .map(|level| level.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::{Kind, Styles};
    use crate::limits::Limits;

    #[test]
    fn styles_are_followed_to_what_they_build_on() {
        let xml = r#"<w:styles xmlns:w="w">
            <w:style w:styleId="Ttulo2"><w:name w:val="heading 2"/></w:style>
            <w:style w:styleId="Secao"><w:name w:val="Seção"/><w:basedOn w:val="Ttulo2"/></w:style>
            <w:style w:styleId="Cap"><w:name w:val="Capítulo"/><w:pPr><w:outlineLvl w:val="0"/></w:pPr></w:style>
            <w:style w:styleId="Itens"><w:name w:val="Itens"/><w:pPr><w:numPr><w:numId w:val="3"/></w:numPr></w:pPr></w:style>
            <w:style w:styleId="Sumrio1"><w:name w:val="toc 1"/></w:style>
            <w:style w:styleId="A"><w:name w:val="a"/><w:basedOn w:val="B"/></w:style>
            <w:style w:styleId="B"><w:name w:val="b"/><w:basedOn w:val="A"/></w:style>
        </w:styles>"#;
        let styles = Styles::read_word(xml, &Limits::default()).unwrap();
        for (id, kind) in [
            ("Secao", Kind::Heading(2)),
            ("Cap", Kind::Heading(1)),
            ("Itens", Kind::List),
            ("Sumrio1", Kind::Contents),
            ("A", Kind::Text),
            ("?", Kind::Text),
        ] {
            assert_eq!(styles.kind(id), kind, "{id}");
        }
    }
}
