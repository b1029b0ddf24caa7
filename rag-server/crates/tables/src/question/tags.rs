//! What each stretch of a question can be.

use rust_decimal::Decimal;

use super::ask::Aliases;
use super::moments::{Moment, moment_at};
use crate::lexicon::{self, Does};
use crate::moment;
use crate::plan::Part;
use crate::value::Kind;
use crate::view::{Field, View};
use crate::vocabulary::{Sure, aliased, content_stems};
use crate::words::{Word, noun_root, stem, verb_root, words};

/// Words of one name or value, at most.
const LONGEST_NAME: usize = 10;
/// Readings of one question and table that are looked at.
const MOST_READINGS: usize = 64;

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

/// What words are matched against.
pub(crate) struct Scope<'a> {
    pub(crate) view: &'a View<'a>,
    pub(crate) aliases: &'a Aliases,
    /// Stems of the names of the tables and their sheets.
    names: Vec<Vec<String>>,
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
    fn pinned(&self, words: &[Word], at: usize, reading: &[Tag]) -> Option<Tag> {
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

    fn continues(&self, stem: &str, next: &str) -> bool {
        let (values, _) = self.values(&[stem, next]);
        !values.is_empty()
    }

    /// What the words from `at` on can be.
    pub(super) fn tags(&self, words: &[Word], at: usize) -> Vec<Tag> {
        let Some(first) = words.get(at) else {
            return Vec::new();
        };
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
        if found.is_empty()
            && let Some(is) = self
                .verb(&first.folded)
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

    /// A verb of a column (`faltou`, `Faltas`), of what rows are (`competiu`, `Competições`), or of happening.
    fn verb(&self, folded: &str) -> Option<Is> {
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

    /// `atraiu mais inscritos`: the measure says what the verb means.
    fn verb_of_more(&self, words: &[Word], at: usize) -> Option<Is> {
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

    /// What a value is in its column's dictionary, as written.
    pub(crate) fn written(&self, field: Field, text: u32) -> String {
        self.view
            .column(field)
            .and_then(|column| column.dictionary.get(text as usize))
            .cloned()
            .unwrap_or_default()
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

/// The words of a question, shortened ones written out.
pub(crate) fn question_words(question: &str) -> Vec<Word> {
    let mut words = words(question);
    for word in &mut words {
        if let Some(long) = lexicon::written_out(&word.folded) {
            word.folded = long.to_owned();
            word.stem = stem(long);
        }
    }
    words
}
