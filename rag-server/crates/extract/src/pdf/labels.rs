//! Page labels: the numbers printed on pages (ISO 32000-2, 12.4.2).

use std::collections::{BTreeMap, HashSet};

use lopdf::{Dictionary, Document, Object, ObjectId};

use super::strings;
use super::structure::child;

/// Nodes of the number tree that are visited.
const MAX_NODES: usize = 10_000;

/// Longest label made: a hostile start value would otherwise write Roman numerals without end.
const MAX_LETTERS: usize = 32;

/// How the pages from some page on are numbered.
struct Range {
    style: Option<Style>,
    prefix: String,
    start: u32,
}

#[derive(Clone, Copy)]
enum Style {
    Decimal,
    Roman { upper: bool },
    Letters { upper: bool },
}

/// One label per page; empty when the document has none.
pub(super) fn read(document: &Document, pages: usize) -> Vec<Option<String>> {
    let ranges = ranges(document);
    if ranges.is_empty() {
        return Vec::new();
    }
    (0..pages)
        .map(|page| {
            let (&first, range) = ranges.range(..=page).next_back()?;
            let offset = u32::try_from(page.checked_sub(first)?).ok()?;
            let label = range.label(range.start.checked_add(offset)?);
            (!label.is_empty()).then_some(label)
        })
        .collect()
}

fn ranges(document: &Document) -> BTreeMap<usize, Range> {
    let mut ranges = BTreeMap::new();
    let root = document
        .catalog()
        .ok()
        .and_then(|catalog| child(document, catalog, b"PageLabels"));
    let Some(root) = root else {
        return ranges;
    };
    let mut seen: HashSet<ObjectId> = HashSet::new();
    let mut waiting: Vec<&Dictionary> = vec![root];
    let mut visited: usize = 0;
    while let Some(node) = waiting.pop() {
        visited = visited.saturating_add(1);
        if visited > MAX_NODES {
            break;
        }
        if let Ok(Object::Array(entries)) = node.get_deref(b"Nums", document) {
            for pair in entries.chunks_exact(2) {
                if let [first, description] = pair
                    && let Ok(first) = first.as_i64()
                    && let Ok(first) = usize::try_from(first)
                    && let Ok((_, Object::Dictionary(description))) =
                        document.dereference(description)
                {
                    ranges.insert(first, Range::read(document, description));
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
    ranges
}

impl Range {
    fn read(document: &Document, description: &Dictionary) -> Self {
        let style = match description
            .get_deref(b"S", document)
            .and_then(Object::as_name)
        {
            Ok(b"D") => Some(Style::Decimal),
            Ok(b"R") => Some(Style::Roman { upper: true }),
            Ok(b"r") => Some(Style::Roman { upper: false }),
            Ok(b"A") => Some(Style::Letters { upper: true }),
            Ok(b"a") => Some(Style::Letters { upper: false }),
            _ => None,
        };
        let prefix = description
            .get(b"P")
            .ok()
            .and_then(|prefix| strings::of(document, prefix))
            .unwrap_or_default();
        let start = description
            .get_deref(b"St", document)
            .and_then(Object::as_i64)
            .ok()
            .and_then(|start| u32::try_from(start).ok())
            .unwrap_or(1);
        Self {
            style,
            prefix,
            start,
        }
    }

    fn label(&self, number: u32) -> String {
        let number = match self.style {
            None => String::new(),
            Some(Style::Decimal) => number.to_string(),
            Some(Style::Roman { upper }) => cased(&roman(number), upper),
            Some(Style::Letters { upper }) => cased(&letters(number), upper),
        };
        format!("{}{number}", self.prefix)
    }
}

fn cased(text: &str, upper: bool) -> String {
    if upper {
        text.to_ascii_uppercase()
    } else {
        text.to_owned()
    }
}

/// Lower-case Roman numeral; decimal beyond what is ever printed.
pub(super) fn roman(number: u32) -> String {
    const VALUES: [(u32, &str); 13] = [
        (1000, "m"),
        (900, "cm"),
        (500, "d"),
        (400, "cd"),
        (100, "c"),
        (90, "xc"),
        (50, "l"),
        (40, "xl"),
        (10, "x"),
        (9, "ix"),
        (5, "v"),
        (4, "iv"),
        (1, "i"),
    ];
    if number == 0 || number > 9_999 {
        return number.to_string();
    }
    let mut left = number;
    let mut numeral = String::new();
    for (value, letters) in VALUES {
        while left >= value {
            numeral.push_str(letters);
            left = left.saturating_sub(value);
        }
    }
    numeral
}

/// `a` to `z`, then `aa` to `zz`, then `aaa`: the same letter repeated, as the standard has it.
fn letters(number: u32) -> String {
    let Some(index) = number.checked_sub(1) else {
        return String::new();
    };
    let letter =
        u8::try_from(index % 26).map_or('a', |index| char::from(b'a'.saturating_add(index)));
    let times = usize::try_from(index / 26)
        .unwrap_or(usize::MAX)
        .saturating_add(1);
    if times > MAX_LETTERS {
        return number.to_string();
    }
    std::iter::repeat_n(letter, times).collect()
}

#[cfg(test)]
mod tests {
    use super::{letters, roman};

    #[test]
    fn numerals_are_those_of_the_standard() {
        assert_eq!(roman(4), "iv");
        assert_eq!(roman(1999), "mcmxcix");
        assert_eq!(roman(0), "0");
        assert_eq!(letters(1), "a");
        assert_eq!(letters(26), "z");
        assert_eq!(letters(28), "bb");
        assert_eq!(letters(u32::MAX), u32::MAX.to_string());
    }
}
