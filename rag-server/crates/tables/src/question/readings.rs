//! All ways to read a question.

use super::scope::Scope;
use super::tags::{Is, Tag};
use crate::lexicon::{self, Does};
use crate::view::Field;
use crate::vocabulary::content_stems;
use crate::words::Word;

/// Readings of one question and table that are looked at.
const MOST_READINGS: usize = 64;

impl Scope<'_> {
    /// All ways to read the question, the plainest first.
    pub(crate) fn readings(&self, words: &[Word]) -> Vec<Vec<Tag>> {
        let mut readings: Vec<Vec<Tag>> = Vec::new();
        let mut open: Vec<Vec<Tag>> = vec![Vec::new()];
        let mut ways: Vec<Option<Vec<Tag>>> = vec![None; words.len()];
        let mut steps = 0;
        while let Some(reading) = open.pop() {
            steps += 1;
            if steps > MOST_READINGS * 40 || readings.len() >= MOST_READINGS {
                break;
            }
            let at = reading.last().map_or(0, |tag| tag.to);
            if at >= words.len() {
                readings.push(reading);
                continue;
            }
            // A short value right after its column: `turma B`, `turmas A`.
            let pinned = self.pinned(words, at, &reading);
            if let Some(tag) = pinned {
                let mut next = reading.clone();
                next.push(tag);
                open.push(next);
                continue;
            }
            let Some(slot) = ways.get_mut(at) else { break };
            let tags = slot.get_or_insert_with(|| self.tags(words, at));
            for tag in tags.iter().rev() {
                let mut next = reading.clone();
                next.push(tag.clone());
                open.push(next);
            }
        }
        readings.sort_by_key(|reading| reading.iter().map(|tag| tag.cost).sum::<u32>());
        readings
    }

    /// A value of the column just named, or of the column of the value before `e`, `ou`, a comma.
    pub(super) fn pinned(&self, words: &[Word], at: usize, reading: &[Tag]) -> Option<Tag> {
        let word = words.get(at)?;
        let mut before = reading
            .iter()
            .rev()
            .filter(|tag| tag.is != Is::Does(Does::Nothing));
        let last = before.next()?;
        let fields: Vec<Field> = match &last.is {
            Is::Columns(fields)
                if last.to == at
                    || words.get(at - 1).is_some_and(|w| {
                        matches!(w.folded.as_str(), "numero" | "n" | "no" | "e" | "=")
                    }) =>
            {
                fields.iter().map(|(field, _)| *field).collect()
            }
            Is::Does(Does::And | Does::Or) if last.to == at => match &before.clone().next()?.is {
                Is::Values(values, _) => values.iter().map(|(field, _)| *field).collect(),
                _ => return None,
            },
            _ => return None,
        };
        // Longer words are found without a column.
        let short = word.folded.chars().count() <= 2 || word.is_number();
        if !short
            || words
                .get(at + 1)
                .is_some_and(|next| self.continues(&word.stem, &next.stem))
        {
            return None;
        }
        if lexicon::is_light(&word.folded)
            && !word.text.chars().all(char::is_uppercase)
            && words.get(at + 1).is_some_and(|next| {
                next.folded.len() > 1
                    && !next.is_number()
                    && !matches!(next.folded.as_str(), "e" | "ou" | "?")
            })
        {
            return None;
        }
        let (mut values, mut whole) = self.values(&[&word.stem]);
        // `turma A ou B`, where the values are `Turma A` and `Turma B`.
        if !whole
            && matches!(last.is, Is::Does(_))
            && let Some(Is::Values(before, true)) = before.next().map(|tag| &tag.is)
            && let Some((field, text)) = before.first()
        {
            let mut stems = content_stems(&self.written(*field, *text));
            stems.pop();
            stems.push(word.stem.clone());
            let stems: Vec<&str> = stems.iter().map(String::as_str).collect();
            (values, whole) = self.values(&stems);
        }
        let values: Vec<(Field, u32)> = values
            .into_iter()
            .filter(|(field, _)| fields.contains(field))
            .collect();
        (whole && !values.is_empty()).then_some(Tag {
            is: Is::Values(values, true),
            from: at,
            to: at + 1,
            cost: 0,
        })
    }

    pub(super) fn continues(&self, stem: &str, next: &str) -> bool {
        let (values, _) = self.values(&[stem, next]);
        !values.is_empty()
    }
}
