//! Verbs and participles, known by what they share with names of columns and tables.

use super::scope::Scope;
use super::tags::Is;
use crate::lexicon::{self, Does};
use crate::view::Field;
use crate::vocabulary::Sure;
use crate::words::{Word, agent_root, noun_root, participle_root, verb_root, words};

impl Scope<'_> {
    /// A verb of a column (`faltou`, `Faltas`), of what rows are (`competiu`, `Competições`), or of happening.
    pub(super) fn verb(&self, folded: &str) -> Option<Is> {
        let root = verb_root(folded)?;
        let names = |text: &str| {
            words(text)
                .iter()
                .any(|word| noun_root(&word.folded) == Some(root))
        };
        let fields: Vec<(Field, Sure)> = self
            .view
            .fields()
            .into_iter()
            .filter(|field| {
                self.view
                    .column(*field)
                    .is_some_and(|column| names(&column.name))
            })
            .map(|field| (field, Sure::Synonym))
            .collect();
        if !fields.is_empty() {
            return Some(Is::Columns(fields));
        }
        let rows = self
            .each_table()
            .any(|(_, table)| names(&table.name) || table.sheet.as_deref().is_some_and(names));
        (rows || lexicon::is_light_verb(folded)).then_some(Is::Does(Does::Nothing))
    }

    /// `fornecido` speaks of the column `Fornecedor`, and says nothing before `por` and its value.
    pub(super) fn participle(&self, words: &[Word], at: usize) -> Option<Is> {
        let root = participle_root(&words.get(at)?.folded)?;
        let fields: Vec<(Field, Sure)> = self
            .view
            .fields()
            .into_iter()
            .filter(|field| {
                self.view.column(*field).is_some_and(|column| {
                    let mut names = crate::words::words(&column.name).into_iter();
                    names.any(|name| agent_root(&name.folded) == Some(root))
                })
            })
            .map(|field| (field, Sure::Synonym))
            .collect();
        let by = words
            .get(at + 1)
            .is_some_and(|word| matches!(word.folded.as_str(), "por" | "pelo" | "pela"));
        match (fields.is_empty(), by) {
            (true, _) => None,
            (false, true) => Some(Is::Does(Does::Nothing)),
            (false, false) => Some(Is::Columns(fields)),
        }
    }

    /// `atraiu mais inscritos`: the measure says what the verb means.
    pub(super) fn verb_of_more(&self, words: &[Word], at: usize) -> Option<Is> {
        verb_root(&words.get(at)?.folded)?;
        let more = words.get(at + 1)?;
        let measure = words.get(at + 2)?;
        let measured = self
            .columns(&[&measure.stem])
            .iter()
            .any(|(field, sure)| *sure != Sure::Synonym && self.kind(*field).is_numeric());
        (matches!(more.folded.as_str(), "mais" | "menos") && measured)
            .then_some(Is::Does(Does::Nothing))
    }

    /// `o mais concorrido em inscritos`: the measure says what the participle means.
    pub(super) fn participle_of_more(&self, words: &[Word], at: usize) -> Option<Is> {
        participle_root(&words.get(at)?.folded)?;
        let folded = |at: usize| words.get(at).map_or("", |word| word.folded.as_str());
        let more = at.checked_sub(1).map(folded)?;
        let measure = words.get(at + 2)?;
        let measured = self
            .columns(&[&measure.stem])
            .iter()
            .any(|(field, sure)| *sure != Sure::Synonym && self.kind(*field).is_numeric());
        (matches!(more, "mais" | "menos") && matches!(folded(at + 1), "em" | "por") && measured)
            .then_some(Is::Does(Does::Nothing))
    }
}
