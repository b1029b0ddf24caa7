//! What words are matched against: names and values of one table, or of two that share a key.

use super::reply::Aliases;
use crate::lexicon;
use crate::value::Kind;
use crate::view::{Field, View};
use crate::vocabulary::{Sure, content_stems};
use crate::words::words;

/// What words are matched against.
pub(crate) struct Scope<'a> {
    pub(crate) view: &'a View<'a>,
    pub(crate) aliases: &'a Aliases,
    /// Stems of the names of the tables and their sheets.
    pub(super) names: Vec<Vec<String>>,
    /// First words of names in the plural: what the rows are called (`Vendas`).
    nouns: Vec<String>,
    pub(crate) english: bool,
}

impl<'a> Scope<'a> {
    pub(crate) fn new(view: &'a View<'a>, aliases: &'a Aliases, english: bool) -> Self {
        let mut names = Vec::new();
        let mut nouns = Vec::new();
        let tables = [
            Some(view.table),
            view.joined.as_ref().map(|joined| joined.table),
        ];
        for table in tables.into_iter().flatten() {
            for name in [Some(&table.name), table.sheet.as_ref(), Some(&table.id)]
                .into_iter()
                .flatten()
            {
                let stems = content_stems(name);
                if let Some(first) = words(name)
                    .first()
                    .filter(|word| word.folded.ends_with('s'))
                {
                    nouns.push(first.stem.clone());
                }
                if !stems.is_empty() && !names.contains(&stems) {
                    names.push(stems);
                }
            }
        }
        Self {
            view,
            aliases,
            names,
            nouns,
            english,
        }
    }

    /// A word that rows of the table are called by.
    pub(crate) fn is_row_noun(&self, stem: &str) -> bool {
        self.nouns
            .iter()
            .any(|noun| noun == stem || lexicon::synonyms(noun, stem))
    }

    pub(super) fn each_table(&self) -> impl Iterator<Item = (bool, &'a crate::Table)> {
        [
            Some((false, self.view.table)),
            self.view.joined.as_ref().map(|joined| (true, joined.table)),
        ]
        .into_iter()
        .flatten()
    }

    pub(crate) fn columns(&self, stems: &[&str]) -> Vec<(Field, Sure)> {
        let joined_key = self.view.joined.as_ref().map(|joined| joined.right);
        let mut found = Vec::new();
        for (joined, table) in self.each_table() {
            for (column, sure) in table.vocabulary.columns(stems) {
                // The key of a joined table is the key of the first one.
                if !(joined && Some(column) == joined_key) {
                    found.push((Field { joined, column }, sure));
                }
            }
        }
        found.retain(|(field, sure)| {
            *sure != Sure::Synonym
                || !matches!(self.kind(*field), Kind::Date | Kind::Time)
                || stems.iter().any(|stem| lexicon::is_of_time(stem))
        });
        if let Some(best) = found.iter().map(|(_, sure)| *sure).min()
            && best == Sure::Whole
        {
            found.retain(|(_, sure)| *sure == best);
        }
        found
    }

    pub(crate) fn values(&self, stems: &[&str]) -> (Vec<(Field, u32)>, bool) {
        let joined_key = self.view.joined.as_ref().map(|joined| joined.right);
        let mut found = Vec::new();
        for (joined, table) in self.each_table() {
            for (value, whole) in table.vocabulary.values(stems) {
                if !(joined && Some(value.column) == joined_key) {
                    let field = Field {
                        joined,
                        column: value.column,
                    };
                    found.push((field, value.text, whole));
                }
            }
        }
        let whole = found.iter().any(|(_, _, whole)| *whole);
        let found = found
            .into_iter()
            .filter(|(_, _, own)| *own == whole)
            .map(|(field, text, _)| (field, text))
            .collect();
        (found, whole)
    }

    pub(crate) fn kind(&self, field: Field) -> Kind {
        self.view
            .column(field)
            .map_or(Kind::Text, |column| column.kind)
    }

    /// What a value is in its column's dictionary, as written.
    pub(crate) fn written(&self, field: Field, text: u32) -> String {
        self.view
            .column(field)
            .and_then(|column| column.dictionary.get(text as usize))
            .cloned()
            .unwrap_or_default()
    }
}
