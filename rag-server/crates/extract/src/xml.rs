//! A pull reader over the XML parts of office files, bounded in depth and deaf to entities of its own making.

use std::borrow::Cow;

use quick_xml::events::{BytesEnd, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use crate::error::ExtractError;
use crate::limits::Limits;

/// What the reader hands out; empty elements come as a start and an end.
#[derive(Debug)]
pub(crate) enum Node<'a> {
    Start(BytesStart<'a>),
    End(BytesEnd<'a>),
    Text(Cow<'a, str>),
}

/// Reads one XML part.
pub(crate) struct Xml<'a> {
    reader: Reader<&'a [u8]>,
    depth: u64,
    limit: u64,
}

impl<'a> Xml<'a> {
    pub(crate) fn new(text: &'a str, limits: &Limits) -> Self {
        let mut reader = Reader::from_str(text);
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        config.allow_dangling_amp = true;
        Self {
            reader,
            depth: 0,
            limit: limits.nesting,
        }
    }

    /// The next node, or nothing at the end.
    ///
    /// # Errors
    /// `TooLarge` when elements nest too deep; `Damaged` when the text is not well-formed or declares
    /// entities, which no office program writes and only attacks need ("billion laughs").
    pub(crate) fn next(&mut self) -> Result<Option<Node<'a>>, ExtractError> {
        loop {
            match self.reader.read_event().map_err(|error| damaged(&error))? {
                Event::Start(element) => {
                    self.depth = self.depth.saturating_add(1);
                    if self.depth > self.limit {
                        return Err(ExtractError::TooLarge {
                            what: "nesting",
                            limit: self.limit,
                        });
                    }
                    return Ok(Some(Node::Start(element)));
                }
                Event::End(element) => {
                    self.depth = self.depth.saturating_sub(1);
                    return Ok(Some(Node::End(element)));
                }
                Event::Text(text) => return Ok(Some(Node::Text(text.xml10_content()))),
                Event::CData(text) => return Ok(Some(Node::Text(text.xml10_content()))),
                Event::GeneralRef(reference) => {
                    let resolved = if reference.is_char_ref() {
                        reference
                            .resolve_char_ref()
                            .ok()
                            .flatten()
                            .map(String::from)
                    } else {
                        quick_xml::escape::resolve_predefined_entity(&reference).map(str::to_owned)
                    };
                    if let Some(text) = resolved {
                        return Ok(Some(Node::Text(Cow::Owned(text))));
                    }
                }
                Event::DocType(declaration) => {
                    if declaration.contains("<!ENTITY") {
                        return Err(ExtractError::Damaged {
                            reason: "an XML part declares entities".to_owned(),
                        });
                    }
                }
                Event::Eof => return Ok(None),
                Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            }
        }
    }

    /// Passes over everything up to the end of the element whose start was just read.
    pub(crate) fn skip_element(&mut self) -> Result<(), ExtractError> {
        let outside = self.depth.saturating_sub(1);
        while self.depth > outside {
            if self.next()?.is_none() {
                break;
            }
        }
        Ok(())
    }

    /// All text up to the end of the element whose start was just read.
    pub(crate) fn element_text(&mut self) -> Result<String, ExtractError> {
        let outside = self.depth.saturating_sub(1);
        let mut text = String::new();
        while self.depth > outside {
            match self.next()? {
                Some(Node::Text(part)) => text.push_str(&part),
                Some(_) => {}
                None => break,
            }
        }
        Ok(text)
    }
}

/// The value of the attribute with this local name, whatever its prefix.
pub(crate) fn attribute(element: &BytesStart<'_>, local: &str) -> Option<String> {
    find_attribute(element, |name| name.rsplit(':').next() == Some(local))
}

/// The value of the attribute with this local name and some prefix, such as `r:id` beside a plain `id`.
pub(crate) fn prefixed_attribute(element: &BytesStart<'_>, local: &str) -> Option<String> {
    find_attribute(element, |name| {
        name.split_once(':').is_some_and(|(_, last)| last == local)
    })
}

fn find_attribute(element: &BytesStart<'_>, wanted: impl Fn(&str) -> bool) -> Option<String> {
    element
        .attributes()
        .with_checks(false)
        .filter_map(Result::ok)
        .find(|attribute| wanted(attribute.key.as_ref()))
        .map(|attribute| {
            attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map_or_else(|_| attribute.value.clone().into_owned(), Cow::into_owned)
        })
}

/// An XML boolean such as `w:val` of an on/off property: on unless it says `0`, `false` or `off`.
pub(crate) fn is_on(value: Option<&str>) -> bool {
    !matches!(value, Some("0" | "false" | "off"))
}

fn damaged(error: &quick_xml::Error) -> ExtractError {
    ExtractError::Damaged {
        reason: format!("XML: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Node, Xml};
    use crate::error::ExtractError;
    use crate::limits::Limits;

    fn text_of(xml: &str) -> Result<String, ExtractError> {
        let limits = Limits {
            nesting: 8,
            ..Limits::default()
        };
        let mut reader = Xml::new(xml, &limits);
        let mut text = String::new();
        while let Some(node) = reader.next()? {
            if let Node::Text(part) = node {
                text.push_str(&part);
            }
        }
        Ok(text)
    }

    #[test]
    fn references_are_resolved_and_unknown_entities_dropped() {
        assert_eq!(
            text_of("<a>1 &lt; 2 &amp; &#233;&#x2264; &foo;</a>").unwrap(),
            "1 < 2 & é≤ "
        );
    }

    #[test]
    fn declared_entities_are_refused() {
        let laughs = "<!DOCTYPE a [<!ENTITY l \"ha\"><!ENTITY m \"&l;&l;\">]><a>&m;</a>";
        assert!(matches!(text_of(laughs), Err(ExtractError::Damaged { .. })));
    }

    #[test]
    fn nesting_is_bounded() {
        let deep = format!("{}x{}", "<a>".repeat(9), "</a>".repeat(9));
        assert!(matches!(
            text_of(&deep),
            Err(ExtractError::TooLarge {
                what: "nesting",
                limit: 8
            })
        ));
    }
}
