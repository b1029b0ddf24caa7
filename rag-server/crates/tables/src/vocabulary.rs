//! The words of a table: names of columns, values of text columns.

use std::collections::{BTreeSet, HashMap};

use crate::cells::without_unit;
use crate::column::Column;
use crate::lexicon;
use crate::value::{Kind, Value};
use crate::words::{stem, words};

/// Longer cells are prose, not values people ask for.
const LONGEST_VALUE: usize = 80;
/// Postings of one word that are looked through.
const MOST_POSTINGS: usize = 60_000;

/// How sure a match is; the first is the surest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Sure {
    /// All words of the name.
    Whole,
    /// Some words of the name, and of no other.
    Part,
    /// A word that means the same.
    Synonym,
}

#[derive(Debug)]
pub(crate) struct ColumnWords {
    /// Stems of the whole name, without its unit and stop words.
    stems: Vec<String>,
    /// Stems of the name's last level.
    leaf: Vec<String>,
}

/// A value of a text column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ValueRef {
    pub(crate) column: usize,
    pub(crate) text: u32,
}

#[derive(Debug, Default)]
pub(crate) struct Vocabulary {
    columns: Vec<ColumnWords>,
    /// Stem → values that hold it.
    postings: HashMap<String, Vec<u32>>,
    values: Vec<ValueRef>,
    /// Stems of each value, in order.
    stems: Vec<Box<[Box<str>]>>,
}

/// Stems of a text, stop words left out unless nothing else is there.
pub(crate) fn content_stems(text: &str) -> Vec<String> {
    let words = words(text);
    let last = words.len().saturating_sub(1);
    let content: Vec<String> = words
        .iter()
        .enumerate()
        .filter(|(index, word)| {
            // The letter of `Turma A` tells it from `Turma B`.
            let letter = word.text.chars().count() == 1
                && (*index == last || word.text.chars().all(char::is_uppercase));
            (letter || !lexicon::is_light(&word.folded))
                && !matches!(word.folded.as_str(), "," | ";")
        })
        .map(|(_, word)| word.stem.clone())
        .collect();
    if content.is_empty() {
        words.into_iter().map(|word| word.stem).collect()
    } else {
        content
    }
}

impl Vocabulary {
    pub(crate) fn new(columns: &[Column], data: &[u32]) -> Self {
        let mut made = Self {
            columns: columns
                .iter()
                .map(|column| {
                    let leaf = column.path.last().map_or("", String::as_str);
                    ColumnWords {
                        stems: content_stems(without_unit(&column.name)),
                        leaf: content_stems(without_unit(leaf)),
                    }
                })
                .collect(),
            ..Self::default()
        };
        for (index, column) in columns.iter().enumerate() {
            if column.kind != Kind::Text {
                continue;
            }
            let used: BTreeSet<u32> = data
                .iter()
                .filter_map(|row| match column.values.get(*row as usize) {
                    Some(Value::Text(text)) => Some(*text),
                    _ => None,
                })
                .collect();
            for text in used {
                let Some(written) = column.dictionary.get(text as usize) else {
                    continue;
                };
                if written.chars().count() > LONGEST_VALUE {
                    continue;
                }
                let stems = content_stems(written);
                if stems.is_empty() {
                    continue;
                }
                let id = made.values.len() as u32;
                for stem in stems.iter().collect::<BTreeSet<_>>() {
                    made.postings.entry(stem.clone()).or_default().push(id);
                }
                made.values.push(ValueRef {
                    column: index,
                    text,
                });
                made.stems
                    .push(stems.into_iter().map(String::into_boxed_str).collect());
            }
        }
        made
    }

    /// Columns whose names hold all of `stems`, with how sure it is.
    pub(crate) fn columns(&self, stems: &[&str]) -> Vec<(usize, Sure)> {
        let holds = |name: &[String]| stems.iter().all(|stem| name.iter().any(|own| own == stem));
        let mut found: Vec<(usize, Sure)> = self
            .columns
            .iter()
            .enumerate()
            .filter_map(|(index, column)| {
                if column.stems.is_empty() || !holds(&column.stems) {
                    return None;
                }
                let whole = column.stems.len() == stems.len();
                let leaf = !column.leaf.is_empty()
                    && column.leaf.len() == stems.len()
                    && holds(&column.leaf);
                Some((
                    index,
                    if whole || leaf {
                        Sure::Whole
                    } else {
                        Sure::Part
                    },
                ))
            })
            .collect();
        if let [only] = stems
            && found.is_empty()
        {
            for (index, column) in self.columns.iter().enumerate() {
                let head = column
                    .leaf
                    .first()
                    .or(column.stems.first())
                    .map_or("", String::as_str);
                if lexicon::synonyms(only, head)
                    || (column.stems.len() == 1
                        && column.stems.iter().any(|own| lexicon::synonyms(only, own)))
                {
                    found.push((index, Sure::Synonym));
                }
            }
        }
        found
    }

    /// Values that hold `stems` in a row; whether it is all of the value.
    pub(crate) fn values(&self, stems: &[&str]) -> Vec<(ValueRef, bool)> {
        let Some(rarest) = stems
            .iter()
            .map(|stem| self.postings.get(*stem).map_or(&[][..], Vec::as_slice))
            .min_by_key(|postings| postings.len())
        else {
            return Vec::new();
        };
        rarest
            .iter()
            .take(MOST_POSTINGS)
            .filter_map(|id| {
                let own = self.stems.get(*id as usize)?;
                let value = *self.values.get(*id as usize)?;
                let inside = own
                    .windows(stems.len())
                    .any(|window| window.iter().zip(stems).all(|(a, b)| **a == **b));
                inside.then_some((value, own.len() == stems.len()))
            })
            .collect()
    }
}

/// A synonym group given by the operator: `word` is matched with columns called `name`.
pub(crate) fn aliased(aliases: &crate::Aliases, word: &str) -> Vec<String> {
    aliases
        .0
        .iter()
        .filter(|(name, _)| stem(&terms::fold(name)) == word)
        .flat_map(|(_, others)| others.iter().map(|other| stem(&terms::fold(other))))
        .collect()
}
