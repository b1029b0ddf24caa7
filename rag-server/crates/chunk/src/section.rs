//! Splits a document into sections: runs of blocks that may share a chunk.

use crate::place::Unit;
use extract::{Block, Document, Locator, Role};
use std::rc::Rc;

/// Headings of this level and above always begin a section.
const DIVIDING_LEVEL: u8 = 2;

/// What is marked as a heading but longer than this (characters) is set in large type, no heading. Long enough for
/// titles of theses, short enough that six of them stay well below an embedder's input.
const LONGEST_HEADING: usize = 200;

/// Blocks in reading order, all in one page, slide, sheet or flow, and of at most one table.
pub(crate) struct Section<'a> {
    pub(crate) entries: Vec<Entry<'a>>,
    /// The table the rows belong to, a position in [`Document::tables`]; headings may stand before the rows.
    pub(crate) table: Option<u32>,
    unit: Unit<'a>,
    only_headings: bool,
}

/// A block and where it stands in the structure.
pub(crate) struct Entry<'a> {
    pub(crate) block: &'a Block,
    pub(crate) heading: bool,
    /// Headings above the block from the highest level down; a heading's own is the last.
    pub(crate) path: Rc<[String]>,
}

/// The header row put above the rows of a chunk.
pub(crate) struct Header {
    pub(crate) text: String,
    pub(crate) tokens: usize,
}

impl<'a> Section<'a> {
    /// The header row to repeat: none if the table has none, if the rows name their columns themselves, or
    /// if it would take more than half of a chunk of `size` tokens.
    pub(crate) fn header_line(
        &self,
        document: &Document,
        tokens: &dyn Fn(&str) -> usize,
        size: usize,
    ) -> Option<Header> {
        let table = document.tables.get(self.table? as usize)?;
        let names: Vec<&str> = table.header.iter().map(|name| name.trim()).collect();
        let row = self
            .entries
            .iter()
            .find(|entry| matches!(entry.block.role, Role::TableRow { .. }))?;
        let named = names
            .iter()
            .any(|name| !name.is_empty() && row.block.text.contains(&format!("{name}: ")));
        if named || names.iter().all(|name| name.is_empty()) {
            return None;
        }
        let text = names.join(" | ").replace('\n', " ");
        let tokens = tokens(&text).max(1);
        (tokens <= size / 2).then_some(Header { text, tokens })
    }

    /// Takes out the headings at the end: they name the table that follows.
    fn trailing_headings(&mut self) -> Vec<Entry<'a>> {
        let kept = self
            .entries
            .iter()
            .rposition(|entry| !entry.heading)
            .map_or(0, |last| last.saturating_add(1));
        self.entries.split_off(kept)
    }

    /// Whether a block belongs to this section; `level` is that of a heading.
    fn takes(&self, unit: Unit<'_>, table: Option<u32>, level: Option<u8>) -> bool {
        if self.unit != unit {
            return false;
        }
        if self.only_headings {
            return true;
        }
        self.table == table && level.is_none_or(|level| level > DIVIDING_LEVEL)
    }
}

/// All blocks of `document` in order, in sections that are not empty.
pub(crate) fn split(document: &Document) -> Vec<Section<'_>> {
    let mut sections: Vec<Section<'_>> = Vec::new();
    let mut outline = Outline::default();
    for block in &document.blocks {
        if block.text.trim().is_empty() {
            continue;
        }
        let unit = Unit::of(&block.locator);
        let same_unit = sections.last().is_some_and(|section| section.unit == unit);
        if !same_unit && !unit.continues_headings() {
            outline = Outline::default();
        }
        let level = heading_level(block);
        if let Some(level) = level {
            outline.enter(level, &block.text);
        }
        let table = match block.role {
            Role::TableRow { table, .. } => Some(table),
            _ => None,
        };
        let entry = Entry {
            block,
            heading: level.is_some(),
            path: outline.path(document, &block.locator, table),
        };
        match sections.last_mut() {
            Some(section) if section.takes(unit, table, level) => {
                section.only_headings &= entry.heading;
                section.entries.push(entry);
                section.table = table;
            }
            last => {
                let mut entries = Vec::new();
                if let Some(section) = last
                    && section.unit == unit
                    && table.is_some()
                {
                    entries = section.trailing_headings();
                }
                entries.push(entry);
                let only_headings = level.is_some();
                sections.push(Section {
                    entries,
                    table,
                    unit,
                    only_headings,
                });
            }
        }
    }
    sections
}

fn heading_level(block: &Block) -> Option<u8> {
    match block.role {
        Role::Heading { level } if block.text.chars().nth(LONGEST_HEADING).is_none() => Some(level),
        _ => None,
    }
}

/// The headings that stand above the current place.
#[derive(Default)]
struct Outline {
    headings: Vec<(u8, String)>,
    /// The last path given out, with what it was made for: most blocks stand below the same headings.
    last: Option<(Option<u32>, Rc<[String]>)>,
}

impl Outline {
    /// A heading ends all of its own level and below.
    fn enter(&mut self, level: u8, text: &str) {
        self.headings.retain(|(above, _)| *above < level);
        self.headings.push((level, one_line(text)));
        self.last = None;
    }

    fn path(&mut self, document: &Document, locator: &Locator, table: Option<u32>) -> Rc<[String]> {
        let in_flow = matches!(locator, Locator::Section { .. }) && self.headings.is_empty();
        if let Some((for_table, path)) = &self.last
            && *for_table == table
            && !in_flow
        {
            return Rc::clone(path);
        }
        let mut path: Vec<String> = Vec::new();
        match locator {
            Locator::Sheet { name, .. } => path.push(one_line(name)),
            // A reader may know the section without giving its headings as blocks.
            Locator::Section { path: above, .. } if in_flow => {
                path.extend(above.iter().map(|heading| one_line(heading)));
            }
            _ => {}
        }
        path.extend(self.headings.iter().map(|(_, text)| text.clone()));
        if let Some(table) = table.and_then(|table| document.tables.get(table as usize)) {
            path.push(one_line(&table.name));
        }
        path.retain(|heading| !heading.is_empty());
        path.dedup();
        let path: Rc<[String]> = path.into();
        self.last = Some((table, Rc::clone(&path)));
        path
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
