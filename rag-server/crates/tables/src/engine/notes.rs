//! What to know about the cells of a result.

use std::collections::{BTreeMap, BTreeSet};

use super::Run;
use super::filter::fields_of;
use crate::column::Oddity;
use crate::outcome::{Note, NoteCode};
use crate::value::Value;
use crate::view::Field;

impl Run<'_, '_> {
    pub(super) fn note(&mut self, code: NoteCode, column: &str, count: usize) {
        self.notes.push(Note {
            code,
            column: column.to_owned(),
            count,
            examples: Vec::new(),
        });
    }

    /// Names the oddities of the cells the result touched, and blank cells of the computed column.
    pub(super) fn note_cells(&mut self, used: &[Field], matched: &[u32], proof: &[u32]) {
        let view = &self.checked.view;
        let mut computed: Vec<Field> = Vec::new();
        fields_of(self.checked.tests.as_ref(), &mut computed);
        computed.extend(self.checked.of);
        computed.extend(self.checked.order.and_then(|(field, _)| field));
        for field in used {
            let Some(column) = view.column(*field) else {
                continue;
            };
            // A condition touches every row; what is computed or shown touches the rows it is made of.
            let shown = self.checked.columns.contains(field) || self.checked.of == Some(*field);
            let rows: Vec<u32> = if !shown && self.checked.tests.is_some() {
                view.table.data.clone()
            } else if self.checked.of == Some(*field) {
                matched.to_vec()
            } else {
                proof.to_vec()
            };
            let touched: BTreeSet<u32> = rows
                .iter()
                .filter_map(|row| view.row_of(*row, *field))
                .collect();
            let mut found: BTreeMap<Oddity, (usize, Vec<String>)> = BTreeMap::new();
            let table = view.table_of(*field);
            for (row, oddity) in &column.oddities {
                if touched.contains(row) {
                    let entry = found.entry(*oddity).or_default();
                    entry.0 += 1;
                    if entry.1.len() < 5 {
                        entry.1.push(match table.row_number(*row) {
                            Some(number) => format!(
                                "{}{number}",
                                crate::range::letters(table.left + field.column as u32)
                            ),
                            None => table.text(*row, field.column).to_owned(),
                        });
                    }
                }
            }
            if table.hidden_columns.contains(&(field.column as u32)) {
                self.note(NoteCode::HiddenColumn, &column.name, 1);
            }
            for (oddity, (count, examples)) in found {
                // What is only shown is shown as it stands there.
                if oddity == Oddity::Rounded && !computed.contains(field) {
                    continue;
                }
                self.notes.push(Note {
                    code: NoteCode::Cell(oddity),
                    column: column.name.clone(),
                    count,
                    examples,
                });
            }
            if self.checked.of == Some(*field) {
                let blank = matched
                    .iter()
                    .filter(|row| view.value(**row, *field) == Value::Empty)
                    .count();
                let name = column.name.clone();
                if blank > 0 {
                    self.note(NoteCode::BlankCells, &name, blank);
                }
            }
        }
    }
}
