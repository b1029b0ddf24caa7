//! What each stretch of a question can be.

use rust_decimal::Decimal;

use super::frame::courtesy;
use super::moments::{Moment, moment_at};
use super::scope::Scope;
use crate::lexicon::{self, Does};
use crate::moment;
use crate::plan::Part;
use crate::value::Kind;
use crate::view::Field;
use crate::vocabulary::{Sure, aliased};
use crate::words::{Word, stem};

/// Words of one name or value, at most.
const LONGEST_NAME: usize = 10;

/// A number of a question.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Figure {
    pub(crate) value: Decimal,
    pub(crate) unit: Option<String>,
    /// Seconds of a time of day or a duration.
    pub(crate) clock: bool,
    /// Four digits that may be a year.
    pub(crate) year: Option<i32>,
    /// As written.
    pub(crate) text: String,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Is {
    Does(Does),
    Figure(Figure),
    Moment(Moment),
    Part(Part),
    Columns(Vec<(Field, Sure)>),
    /// Values by column and place in its dictionary; whether the words are all of each value.
    Values(Vec<(Field, u32)>, bool),
    /// The table's or the sheet's name; whether all of it.
    Table(bool),
    Unknown,
}

/// A stretch of words and what it is taken for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tag {
    pub(crate) is: Is,
    pub(crate) from: usize,
    pub(crate) to: usize,
    /// How far-fetched it is; 0 is what it says.
    pub(crate) cost: u32,
}

impl Scope<'_> {
    /// What the words from `at` on can be.
    pub(super) fn tags(&self, words: &[Word], at: usize) -> Vec<Tag> {
        let Some(first) = words.get(at) else {
            return Vec::new();
        };
        if let Some(length) = courtesy(words, at) {
            return vec![Tag {
                is: Is::Does(Does::Nothing),
                from: at,
                to: at + length,
                cost: 0,
            }];
        }
        let mut found: Vec<Tag> = Vec::new();
        let push = |found: &mut Vec<Tag>, is: Is, length: usize, cost: u32| {
            found.push(Tag {
                is,
                from: at,
                to: at + length,
                cost,
            });
        };
        for (does, length) in lexicon::phrase(words, at) {
            let cost = u32::from(matches!(does, Does::Measure));
            // `A` at the end, or as a capital inside, is a name (`Treino A`) and no article.
            let capital =
                at > 0 && first.text.len() == 1 && first.text.chars().all(char::is_uppercase);
            let last = at > 0 && at + 1 == words.len();
            if does == Does::Nothing
                && length == 1
                && matches!(first.folded.as_str(), "a" | "o" | "e")
                && first.text.is_ascii()
                && (capital || last)
            {
                // `o livro O Cortiço`
                if !last {
                    push(&mut found, Is::Does(does), length, 1);
                }
                continue;
            }
            if is_verb_to_be(first) {
                push(&mut found, Is::Does(Does::Nothing), 1, 0);
            } else {
                push(&mut found, Is::Does(does), length, cost);
            }
        }
        if let Some((figure, length)) = self.figure(words, at) {
            push(&mut found, Is::Figure(figure), length, 0);
        }
        if let Some((moment, length)) = moment_at(words, at) {
            push(&mut found, Is::Moment(moment), length, 0);
        }
        match first.folded.as_str() {
            "mes" | "meses" | "month" | "months" | "mensal" | "monthly" => {
                push(&mut found, Is::Part(Part::Month), 1, 1);
            }
            "ano" | "year" | "years" => push(&mut found, Is::Part(Part::Year), 1, 1),
            _ => {}
        }
        if !lexicon::is_light(&first.folded) && !matches!(first.folded.as_str(), "," | ";") {
            let stretch = |known: &dyn Fn(&[&str]) -> bool| longest(words, at, known);
            if let Some((stems, length)) = stretch(&|stems| !self.columns(stems).is_empty()) {
                let mut columns = self.columns(&stems);
                // "quanto" and "quantia" share a stem.
                let asks = found.iter().any(|tag| {
                    matches!(tag.is, Is::Does(does) if !matches!(does, Does::Nothing | Does::Measure | Does::Context | Does::Rows))
                });
                if asks {
                    columns.retain(|(_, sure)| *sure != Sure::Synonym);
                }
                // `recebemos` is what came in, not the day `Recebimento`.
                let flows = lexicon::is_flow(&first.folded)
                    && columns
                        .iter()
                        .all(|(field, _)| self.kind(*field) == Kind::Date);
                let cost = match columns.first().map(|(_, sure)| *sure) {
                    _ if flows => 2,
                    Some(Sure::Whole) => 0,
                    Some(Sure::Part) => 1,
                    _ => 2,
                };
                if !columns.is_empty() {
                    push(&mut found, Is::Columns(columns), length, cost);
                }
            }
            if first.folded.chars().count() > 1
                && let Some((stems, length)) = stretch(&|stems| !self.values(stems).0.is_empty())
            {
                let (values, whole) = self.values(&stems);
                push(
                    &mut found,
                    Is::Values(values, whole),
                    length,
                    if whole { 0 } else { 2 },
                );
            }
            if let Some((stems, length)) =
                stretch(&|stems| self.names.iter().any(|name| holds(name, stems)))
            {
                let whole = self.names.iter().any(|name| name.len() == stems.len());
                let says = stems.iter().any(|stem| {
                    stem.chars().any(char::is_alphabetic) && moment::month(stem).is_none()
                });
                if says && first.folded.chars().count() > 1 {
                    push(
                        &mut found,
                        Is::Table(whole),
                        length,
                        if whole { 0 } else { 2 },
                    );
                }
            }
            if found.is_empty() || found.iter().all(|tag| tag.cost > 0) {
                let synonym = self
                    .names
                    .iter()
                    .flatten()
                    .any(|name| lexicon::synonyms(name, &first.stem));
                // "unidades" in a table called "Estoque" is no row of it.
                if synonym && !lexicon::synonyms(&first.stem, &stem("quantidade")) {
                    found.push(Tag {
                        is: Is::Table(false),
                        from: at,
                        to: at + 1,
                        cost: 2,
                    });
                }
                let with_unit = self.with_unit(&first.folded);
                if !with_unit.is_empty() && first.folded.chars().count() > 1 {
                    found.push(Tag {
                        is: Is::Columns(
                            with_unit
                                .into_iter()
                                .map(|field| (field, Sure::Synonym))
                                .collect(),
                        ),
                        from: at,
                        to: at + 1,
                        cost: 2,
                    });
                }
            }
            for other in aliased(self.aliases, &first.stem) {
                let columns = self.columns(&[&other]);
                if !columns.is_empty() {
                    push(&mut found, Is::Columns(columns), 1, 1);
                }
                let (values, whole) = self.values(&[&other]);
                if whole {
                    push(&mut found, Is::Values(values, true), 1, 1);
                }
            }
        }
        let owes = matches!(first.folded.as_str(), "deve" | "devem" | "devo");
        if !owes && lexicon::is_flow(&first.folded) && found.iter().all(|tag| tag.cost > 0) {
            // `gasto` says more of a table of expenses than of any other with money.
            let cost = if found.is_empty() { 4 } else { 1 };
            push(&mut found, Is::Does(Does::Flow), 1, cost);
        }
        // `por equipamento, quantidade`
        if found.is_empty() && first.folded == "quantidade" && at + 1 == words.len() {
            push(&mut found, Is::Does(Does::Count), 1, 0);
        }
        if found.is_empty()
            && let Some(is) = self
                .verb(&first.folded)
                .or_else(|| self.participle(words, at))
                .or_else(|| self.participle_of_more(words, at))
                .or_else(|| self.verb_of_more(words, at))
        {
            push(&mut found, is, 1, 2);
        }
        // A column called `Valor` or `Quantidade` is meant before the empty word.
        let named = found
            .iter()
            .any(|tag| tag.cost == 0 && matches!(tag.is, Is::Columns(_) | Is::Values(..)));
        if named {
            for tag in &mut found {
                let empty = matches!(
                    tag.is,
                    Is::Does(Does::Nothing | Does::Measure | Does::Context | Does::Rows)
                );
                let amount = tag.is == Is::Does(Does::Count) && tag.to > at + 1;
                // `do tipo Mostra`
                let inside = tag.is == Is::Does(Does::List) && at > 0;
                if empty || amount || inside {
                    tag.cost += 3;
                }
            }
        }
        let longest = found.iter().map(|tag| tag.to).max().unwrap_or(at);
        let far_fetched = found
            .iter()
            .filter(|tag| tag.to == longest)
            .all(|tag| tag.cost > 0);
        if !far_fetched {
            found.retain(|tag| {
                tag.to == longest || (tag.cost == 0 && matches!(tag.is, Is::Columns(_)))
            });
        }
        if found.is_empty() {
            found.push(Tag {
                is: Is::Unknown,
                from: at,
                to: at + 1,
                cost: 100,
            });
        }
        found.sort_by_key(|tag| (std::cmp::Reverse(tag.to), tag.cost));
        found
    }
}

/// "é" is no "e".
fn is_verb_to_be(word: &Word) -> bool {
    matches!(word.text.as_str(), "é" | "É")
}

/// `stems` stand in a row in `name`.
fn holds(name: &[String], stems: &[&str]) -> bool {
    name.windows(stems.len().max(1))
        .any(|window| window.iter().zip(stems).all(|(a, b)| a == b))
}

/// The longest stretch from `at` on that is `known`, light words inside it taken or left, and how many words it takes.
fn longest<'w>(
    words: &'w [Word],
    at: usize,
    known: &dyn Fn(&[&str]) -> bool,
) -> Option<(Vec<&'w str>, usize)> {
    let mut stems: Vec<&str> = Vec::new();
    let mut best = None;
    for (offset, word) in words.iter().skip(at).take(LONGEST_NAME).enumerate() {
        if matches!(word.folded.as_str(), "," | ";") {
            break;
        }
        stems.push(&word.stem);
        if known(&stems) {
            best = Some((stems.clone(), offset + 1));
            continue;
        }
        stems.pop();
        if offset == 0 || !lexicon::is_light(&word.folded) {
            break;
        }
    }
    best
}
