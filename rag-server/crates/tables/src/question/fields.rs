//! What columns of the table at hand are.

use std::collections::BTreeSet;

use super::assemble::Assembler;
use crate::lexicon;
use crate::value::Kind;
use crate::view::Field;
use crate::words::stem;

impl Assembler<'_, '_> {
    /// Columns of money.
    pub(super) fn money(&self) -> Vec<Field> {
        self.scope
            .view
            .fields()
            .into_iter()
            .filter(|field| self.scope.kind(*field) == Kind::Currency && !self.is_price(*field))
            .collect()
    }

    /// What one piece costs: adding it up over rows says nothing.
    pub(super) fn is_price(&self, field: Field) -> bool {
        self.scope.view.column(field).is_some_and(|column| {
            crate::value::key(&column.name)
                .split(|c: char| !c.is_alphanumeric())
                .any(|word| {
                    matches!(
                        word,
                        "preco" | "price" | "unitario" | "unitaria" | "unit" | "tarifa" | "taxa"
                    )
                })
        })
    }

    /// The table counts pieces in a column of its own, so that its rows are not what is counted.
    pub(super) fn has_amounts(&self) -> bool {
        self.scope.view.fields().into_iter().any(|field| {
            self.scope.view.column(field).is_some_and(|column| {
                column.kind == Kind::Integer
                    && !column.identifier
                    && crate::value::key(&column.name)
                        .split(' ')
                        .any(|word| lexicon::synonyms(&stem(word), &stem("quantidade")))
            })
        })
    }

    pub(super) fn is_label(&self, field: Field) -> bool {
        let table = self.scope.view.table_of(field);
        field.column == table.label || self.is_joined_label(field)
    }

    pub(super) fn is_joined_label(&self, field: Field) -> bool {
        self.scope
            .view
            .joined
            .as_ref()
            .is_some_and(|joined| !field.joined && field.column == joined.left)
    }

    pub(crate) fn label(&self) -> Field {
        Field {
            joined: false,
            column: self.scope.view.table.label,
        }
    }

    /// No value stands in the column twice.
    pub(super) fn is_unique(&self, field: Field) -> bool {
        let view = self.scope.view;
        let mut seen = BTreeSet::new();
        view.table
            .data
            .iter()
            .map(|row| crate::value::key(view.text(*row, field)))
            .filter(|text| !text.is_empty())
            .all(|text| seen.insert(text))
    }
}
