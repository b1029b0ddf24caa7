//! Slips of the finger and shortened words, tried when a question cannot be read as it stands.

use std::collections::BTreeSet;

use super::scope::Scope;
use super::tags::Is;
use crate::lexicon;
use crate::value::Kind;
use crate::vocabulary::Sure;
use crate::words::{Word, stem, verb_root, words};

/// Shorter words are too near to others.
const SHORTEST: usize = 5;
/// Corrected words of one question.
const MOST_CORRECTED: usize = 2;
/// Columns with more values name rows, and a slip in a name may make another name.
const MOST_VALUES: usize = 200;
/// Letters of a name that stand for all of it: `dist` for `distância`.
const SHORTEST_BEGINNING: usize = 3;

impl Scope<'_> {
    /// The question with words that nothing knows put right, and how many; nothing when that is not clear.
    pub(super) fn corrected(&self, asked: &[Word]) -> Option<(Vec<Word>, u32)> {
        let mut known = vec![false; asked.len()];
        for at in 0..asked.len() {
            for tag in self.tags(asked, at) {
                if tag.is != Is::Unknown {
                    known
                        .iter_mut()
                        .take(tag.to)
                        .skip(tag.from)
                        .for_each(|known| *known = true);
                }
            }
        }
        let wrong: Vec<usize> = (0..asked.len())
            .filter(|at| known.get(*at) == Some(&false))
            .collect();
        if wrong.is_empty() || wrong.len() > MOST_CORRECTED {
            return None;
        }
        let names = self.own_words();
        let mut corrected = asked.to_vec();
        for at in wrong {
            // One that stays as it is may be part of a phrase with the next.
            if let Some(word) = corrected.get_mut(at)
                && let Some(meant) = slip(&word.folded, &names)
                    .or_else(|| self.beginning(&word.folded))
                    .or_else(|| self.verb_meant(&word.folded))
            {
                word.stem = stem(&meant);
                word.folded = meant;
            }
        }
        let count = (0..asked.len())
            .filter(|at| asked.get(*at) != corrected.get(*at))
            .count();
        (count > 0).then_some((corrected, count as u32))
    }

    /// The only verb that the word is with one letter less or two the other way round: verbs are known by their roots, and
    /// stand in no list.
    fn verb_meant(&self, folded: &str) -> Option<String> {
        let letters: Vec<char> = folded.chars().collect();
        if letters.len() <= SHORTEST {
            return None;
        }
        let doubled = (1..letters.len())
            .filter(|at| letters.get(*at) == letters.get(at - 1))
            .map(|at| {
                let mut fewer = letters.clone();
                fewer.remove(at);
                fewer
            });
        let swapped = (2..letters.len()).map(|at| {
            let mut other = letters.clone();
            other.swap(at - 1, at);
            other
        });
        let mut meant: BTreeSet<String> = doubled
            .chain(swapped)
            .map(|letters| letters.into_iter().collect::<String>())
            .filter(|word| word != folded && self.is_verb(word))
            .collect();
        (meant.len() == 1).then(|| meant.pop_first()).flatten()
    }

    /// A verb that says something here.
    fn is_verb(&self, folded: &str) -> bool {
        lexicon::is_flow(folded)
            || lexicon::is_light_verb(folded)
            || (verb_root(folded).is_some()
                && self
                    .columns(&[&stem(folded)])
                    .iter()
                    .any(|(_, sure)| *sure == Sure::Synonym))
    }

    /// Words of the names of tables and columns, and of values that many rows share.
    fn own_words(&self) -> BTreeSet<String> {
        let mut own = BTreeSet::new();
        for (_, table) in self.each_table() {
            let mut add = |text: &str| own.extend(words(text).into_iter().map(|word| word.folded));
            add(&table.name);
            for (index, column) in table.columns.iter().enumerate() {
                add(&column.name);
                let shared = column.kind == Kind::Text
                    && index != table.label
                    && column.dictionary.len() <= MOST_VALUES;
                if shared {
                    column.dictionary.iter().for_each(|value| add(value));
                }
            }
        }
        own
    }

    /// The only name of a column that begins so.
    fn beginning(&self, folded: &str) -> Option<String> {
        if folded.len() < SHORTEST_BEGINNING || !folded.bytes().all(|b| b.is_ascii_lowercase()) {
            return None;
        }
        let found: BTreeSet<String> = self
            .each_table()
            .flat_map(|(_, table)| &table.columns)
            .flat_map(|column| words(&column.name))
            .map(|word| word.folded)
            .filter(|name| name.len() > folded.len() && name.starts_with(folded))
            .collect();
        let mut found = found.into_iter();
        match (found.next(), found.next()) {
            (Some(only), None) => Some(only),
            _ => None,
        }
    }
}

/// The only known word that is one slip away.
fn slip(folded: &str, own: &BTreeSet<String>) -> Option<String> {
    if folded.chars().count() < SHORTEST {
        return None;
    }
    let stripped = folded.strip_suffix('s').unwrap_or_default();
    let bare = stripped.strip_suffix('e').unwrap_or_default();
    // Plurals that stand nowhere come second: `produots` is not `produto` with a slip, but its plural with one.
    [vec![folded], vec![stripped, bare]]
        .iter()
        .find_map(|forms| {
            let is_near = |known: &str| {
                known.len() >= SHORTEST && forms.iter().any(|form| one_slip(form, known))
            };
            let mut near: BTreeSet<String> =
                own.iter().filter(|known| is_near(known)).cloned().collect();
            near.extend(
                lexicon::known_words()
                    .filter(|known| is_near(known))
                    .map(str::to_owned),
            );
            let stems: BTreeSet<String> = near.iter().map(|word| stem(word)).collect();
            // `quanto` and `quantos` ask for different things.
            let plurals = near.iter().filter(|word| word.ends_with('s')).count();
            (stems.len() == 1 && (plurals == 0 || plurals == near.len()))
                .then(|| near.pop_first())
                .flatten()
        })
}

/// One letter too many, one too few, or two in the wrong order. Another letter in the place of one makes other words
/// (`vencidas`, `vendidas`) more often than it is a slip.
fn one_slip(written: &str, meant: &str) -> bool {
    let (one, other): (Vec<char>, Vec<char>) = (written.chars().collect(), meant.chars().collect());
    let same = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
    let (one, other) = (
        one.get(same..).unwrap_or_default(),
        other.get(same..).unwrap_or_default(),
    );
    let back = one
        .iter()
        .rev()
        .zip(other.iter().rev())
        .take_while(|(a, b)| a == b)
        .count();
    let (one, other) = (
        one.get(..one.len() - back).unwrap_or_default(),
        other.get(..other.len() - back).unwrap_or_default(),
    );
    same > 0
        && match (one, other) {
            ([], [_]) | ([_], []) => true,
            ([a, b], [c, d]) => a == d && b == c,
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use super::one_slip;

    #[test]
    fn one_slip_is_one_letter_more_one_less_or_two_swapped() {
        for written in ["matmatica", "mateematica", "maetmatica"] {
            assert!(one_slip(written, "matematica"), "{written}");
        }
        for written in [
            "matematica",
            "metematica",
            "atematica",
            "matmatca",
            "vencidas",
        ] {
            assert!(!one_slip(written, "matematica"), "{written}");
        }
    }
}
