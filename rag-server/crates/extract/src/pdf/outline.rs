//! Bookmarks with the pages they lead to (ISO 32000-2, 12.3.3).

use std::collections::{HashMap, HashSet};

use lopdf::{Dictionary, Document, Object, ObjectId};

use super::strings;
use super::structure::child;
use crate::OutlineEntry;

/// Bookmarks that are read; the longest real outlines have a few thousand.
const MAX_ENTRIES: usize = 50_000;

/// Deepest level told apart.
const MAX_LEVEL: u8 = 32;

/// Nodes of the name tree that are visited.
const MAX_NAME_NODES: usize = 100_000;

/// Destinations resolved one through the other, so that a loop of names ends.
const MAX_HOPS: usize = 8;

/// Bookmarks in order of display. `pages`: the pages in order.
pub(super) fn read(document: &Document, pages: &[ObjectId]) -> Vec<OutlineEntry> {
    let Ok(catalog) = document.catalog() else {
        return Vec::new();
    };
    let first = child(document, catalog, b"Outlines").and_then(|root| reference(root, b"First"));
    let Some(first) = first else {
        return Vec::new();
    };
    let targets = Targets {
        document,
        numbers: pages
            .iter()
            .enumerate()
            .filter_map(|(index, id)| Some((*id, u32::try_from(index.checked_add(1)?).ok()?)))
            .collect(),
        names: names(document, catalog),
    };

    let mut entries = Vec::new();
    let mut seen = HashSet::new();
    let mut waiting = vec![(first, 1_u8)];
    while let Some((id, level)) = waiting.pop() {
        if entries.len() >= MAX_ENTRIES || !seen.insert(id) {
            continue;
        }
        let Ok(item) = document.get_dictionary(id) else {
            continue;
        };
        // Pushed first, so that children come before the next brother.
        if let Some(next) = reference(item, b"Next") {
            waiting.push((next, level));
        }
        if let Some(first) = reference(item, b"First") {
            waiting.push((first, level.saturating_add(1).min(MAX_LEVEL)));
        }
        let title = item
            .get(b"Title")
            .ok()
            .and_then(|title| strings::of(document, title));
        if let Some(title) = title {
            entries.push(OutlineEntry {
                title,
                level,
                page: targets.page_of(item),
            });
        }
    }
    entries
}

fn reference(dictionary: &Dictionary, key: &[u8]) -> Option<ObjectId> {
    dictionary.get(key).ok()?.as_reference().ok()
}

/// Finds the page an entry leads to.
struct Targets<'a> {
    document: &'a Document,
    numbers: HashMap<ObjectId, u32>,
    names: HashMap<Vec<u8>, &'a Object>,
}

impl Targets<'_> {
    /// By its destination, or by its action when that goes to a place in this document.
    fn page_of(&self, item: &Dictionary) -> Option<u32> {
        if let Ok(destination) = item.get(b"Dest") {
            return self.page(destination);
        }
        let action = child(self.document, item, b"A")?;
        match action.get_deref(b"S", self.document).ok()?.as_name().ok()? {
            b"GoTo" => self.page(action.get(b"D").ok()?),
            _ => None,
        }
    }

    /// An array of page and view, a dictionary around it, or a name for either.
    fn page<'b>(&'b self, destination: &'b Object) -> Option<u32> {
        let mut destination = destination;
        for _ in 0..MAX_HOPS {
            destination = self.document.dereference(destination).ok()?.1;
            destination = match destination {
                Object::Array(parts) => {
                    return match parts.first()? {
                        Object::Reference(id) => self.numbers.get(id).copied(),
                        // Some producers write the page's index, which the standard keeps for
                        // destinations in other files.
                        Object::Integer(index) => {
                            let number = u32::try_from(index.checked_add(1)?).ok()?;
                            let known = u32::try_from(self.numbers.len()).ok()?;
                            (1..=known).contains(&number).then_some(number)
                        }
                        _ => None,
                    };
                }
                Object::Dictionary(around) => around.get(b"D").ok()?,
                Object::Name(name) | Object::String(name, _) => self.names.get(name)?,
                _ => return None,
            };
        }
        None
    }
}

/// Named destinations: the old dictionary and the name tree (ISO 32000-2, 12.3.2.4).
fn names<'a>(document: &'a Document, catalog: &'a Dictionary) -> HashMap<Vec<u8>, &'a Object> {
    let mut names = HashMap::new();
    if let Some(old) = child(document, catalog, b"Dests") {
        for (name, destination) in old {
            names.insert(name.clone(), destination);
        }
    }
    let root = child(document, catalog, b"Names").and_then(|root| child(document, root, b"Dests"));
    let mut waiting: Vec<&Dictionary> = root.into_iter().collect();
    let mut seen: HashSet<ObjectId> = HashSet::new();
    let mut visited: usize = 0;
    while let Some(node) = waiting.pop() {
        visited = visited.saturating_add(1);
        if visited > MAX_NAME_NODES {
            break;
        }
        if let Ok(Object::Array(entries)) = node.get_deref(b"Names", document) {
            for pair in entries.chunks_exact(2) {
                if let [name, destination] = pair
                    && let Ok((_, Object::String(name, _))) = document.dereference(name)
                {
                    names.insert(name.clone(), destination);
                }
            }
        }
        if let Ok(Object::Array(kids)) = node.get_deref(b"Kids", document) {
            for kid in kids {
                if let Ok(id) = kid.as_reference()
                    && seen.insert(id)
                    && let Ok(kid) = document.get_dictionary(id)
                {
                    waiting.push(kid);
                }
            }
        }
    }
    names
}
