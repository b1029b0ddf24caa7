//! First, last, the first few: which column they speak of.

use super::assemble::{Assembler, Why};
use super::tags::Is;
use crate::value::Kind;
use crate::view::Field;
use crate::words::stem;

impl Assembler<'_, '_> {
    /// `primeiro lugar`, `campeão`, `lidera`.
    pub(super) fn ranks(&self, at: usize) -> bool {
        let text = crate::value::key(&self.text(at));
        ["lugar", "posic", "colocad", "campe", "lider", "lantern"]
            .iter()
            .any(|word| text.contains(word))
    }

    /// The first has the most: not where a time is measured, nor where places are written down.
    pub(super) fn ranks_by_more(&self) -> bool {
        let places = ["posicao", "colocacao", "classificacao", "lugar", "ranking"];
        let timed = |field: &Field| matches!(self.scope.kind(*field), Kind::Time | Kind::Duration);
        let is_timed = self.tags.iter().any(|tag| match &tag.is {
            Is::Columns(columns) => columns.iter().any(|(field, _)| timed(field)),
            _ => false,
        });
        let has_places = self.scope.view.fields().into_iter().any(|field| {
            self.scope.view.column(field).is_some_and(|column| {
                let name = crate::value::key(&column.name);
                name.split(' ').any(|word| places.contains(&word))
            })
        });
        !is_timed && !has_places
    }

    /// A number that is no part of a condition.
    pub(super) fn limit(&self) -> Result<Option<(usize, u32)>, Why> {
        let mut found = None;
        for at in 0..self.tags.len() {
            if !self.free(at) {
                continue;
            }
            if let Some(Is::Figure(figure)) = self.is(at) {
                let limit = u32::try_from(figure.value).ok().filter(|limit| {
                    (1..=1000).contains(limit) && figure.unit.is_none() && figure.value.scale() == 0
                });
                match (limit, found) {
                    (Some(limit), None) => found = Some((at, limit)),
                    _ => return Err(Why::Unknown(self.text(at))),
                }
            }
        }
        Ok(found)
    }

    /// The column that an adjective speaks of.
    pub(super) fn column_like(&self, word: &str, at: usize) -> Result<Field, Why> {
        let fields: Vec<Field> = if word == "data" {
            self.date_fields()
        } else {
            let mut fields: Vec<Field> = word
                .split(' ')
                .flat_map(|word| self.scope.columns(&[&stem(word)]))
                .map(|(field, _)| field)
                .filter(|field| self.scope.kind(*field).is_numeric())
                .collect();
            fields.sort_unstable();
            fields.dedup();
            fields
        };
        match fields.as_slice() {
            [only] => Ok(*only),
            [] => Err(Why::Unknown(self.text(at))),
            several => Err(Why::Unclear(
                self.text(at),
                several.iter().map(|field| self.name(*field)).collect(),
            )),
        }
    }
}
