//! Whether a question says what a proposed plan does. A plan that a model made up may be well-formed and about something
//! else; words of the question must account for each of its parts, and it for each number, name and denial of the question.

use std::collections::BTreeSet;

use crate::check::{Fault, fault};
use crate::lexicon::Does;
use crate::number::{self, Mark};
use crate::plan::{Condition, Filter, Function, Op, Plan};
use crate::question::{Aliases, Is, Scope, question_words};
use crate::value::{Kind, key};
use crate::view::{Field, View};
use crate::vocabulary::content_stems;
use crate::words::{Word, spelled};

/// What the words of a question say, in whatever order.
struct Said<'q> {
    words: &'q [Word],
    does: Vec<Does>,
    /// Numbers as written, years and days too.
    numbers: BTreeSet<String>,
    /// Values that the question names in full: what each can be.
    values: Vec<Vec<(String, String)>>,
    /// Columns that the question names: what each can be.
    columns: Vec<Vec<Field>>,
}

/// What the plan does that the question does not say, and the other way round; nothing when it is grounded.
pub(crate) fn ungrounded(
    view: &View<'_>,
    plan: &Plan,
    question: &str,
    aliases: &Aliases,
) -> Vec<Fault> {
    let words = question_words(question);
    let scope = Scope::new(view, aliases, crate::lexicon::is_english(&words));
    let said = said(&scope, &words);
    let mut faults = Vec::new();
    let mut conditions = Vec::new();
    let mut denials = 0;
    flatten(plan.filter.as_ref(), &mut conditions, &mut denials);
    let mut used: BTreeSet<String> = plan.limit.iter().map(u32::to_string).collect();
    for condition in &conditions {
        let kind = view
            .find(&condition.column)
            .and_then(|field| view.column(field))
            .map(|column| column.kind);
        for value in &condition.values {
            let heard = match kind {
                Some(Kind::Text) => content_stems(&value.0)
                    .iter()
                    .all(|stem| said.words.iter().any(|word| word.stem == *stem)),
                Some(Kind::Flag) => true,
                Some(Kind::Date) => {
                    parts(&value.0)
                        .iter()
                        .any(|part| said.numbers.contains(part))
                        || said.month(&value.0)
                }
                _ => plain(&value.0).is_some_and(|number| said.numbers.contains(&number)),
            };
            if !heard {
                faults.push(fault(
                    "value_not_asked",
                    format!("A pergunta não fala de “{}”.", value.0),
                ));
            }
            used.extend(parts(&value.0));
            used.extend(plain(&value.0));
        }
        if let Some(wanted) = words_for(condition.op)
            && !said.any(wanted)
        {
            faults.push(fault(
                "comparison_not_asked",
                format!("A pergunta não compara “{}” assim.", condition.column),
            ));
        }
    }
    for number in said.free_numbers() {
        if !used.contains(&number) {
            faults.push(fault(
                "number_left_out",
                format!("O plano não usa o número {number} da pergunta."),
            ));
        }
    }
    for meanings in &said.values {
        let kept = conditions.iter().any(|condition| {
            condition.values.iter().any(|value| {
                meanings
                    .iter()
                    .any(|(column, text)| *column == condition.column && key(text) == key(&value.0))
            })
        });
        if !kept {
            let name = meanings.first().map_or("", |(_, text)| text.as_str());
            faults.push(fault(
                "value_left_out",
                format!("O plano não usa “{name}”, de que a pergunta fala."),
            ));
        }
    }
    let empties = conditions
        .iter()
        .filter(|condition| condition.op == Op::Empty)
        .count();
    if said.any(&[Does::Not, Does::Without]) != (denials + empties > 0) {
        faults.push(fault(
            "denial_differs",
            "O plano e a pergunta não negam o mesmo.",
        ));
    }
    faults.extend(columns(view, plan, &conditions, &said));
    faults.extend(computes(plan, &said));
    faults
}

/// Columns of the plan that the question does not name though it names others, and columns it names in vain.
fn columns(view: &View<'_>, plan: &Plan, conditions: &[&Condition], said: &Said<'_>) -> Vec<Fault> {
    let field = |name: &String| view.find(name);
    let mut used: Vec<Field> = plan.columns.iter().filter_map(field).collect();
    used.extend(
        conditions
            .iter()
            .filter_map(|condition| field(&condition.column)),
    );
    used.extend(plan.group.iter().filter_map(|group| field(&group.column)));
    used.extend(
        plan.aggregate
            .iter()
            .filter_map(|aggregate| field(aggregate.column.as_ref()?)),
    );
    used.extend(
        plan.order
            .iter()
            .filter_map(|order| field(order.column.as_ref()?)),
    );
    let numeric = |field: &Field| {
        view.column(*field)
            .is_some_and(|column| column.kind.is_numeric())
    };
    let label = |field: &Field| !field.joined && field.column == view.table.label;
    let mut faults = Vec::new();
    if said.columns.iter().flatten().any(numeric) {
        for field in used.iter().filter(|field| numeric(field)) {
            if !said.columns.iter().flatten().any(|named| named == field) {
                let name = view.name(*field);
                faults.push(fault(
                    "column_not_asked",
                    format!("A pergunta não fala de “{name}”."),
                ));
            }
        }
    }
    for named in &said.columns {
        if !named
            .iter()
            .any(|field| used.contains(field) || label(field))
        {
            let name = named
                .first()
                .map_or_else(String::new, |field| view.name(*field));
            faults.push(fault(
                "column_left_out",
                format!("O plano não usa “{name}”, de que a pergunta fala."),
            ));
        }
    }
    faults
}

/// Whether what is computed is what the words ask to compute.
fn computes(plan: &Plan, said: &Said<'_>) -> Option<Fault> {
    let greatest = said.directions(true);
    let least = said.directions(false);
    let ordered = plan.order.as_ref().filter(|_| plan.limit.is_some());
    let right = match plan.aggregate.as_ref().map(|aggregate| aggregate.function) {
        Some(Function::Mean) => said.any(&[Does::Mean]),
        Some(Function::Sum) => said.any(&[
            Does::Sum,
            Does::Total,
            Does::Count,
            Does::Flow,
            Does::HowMuch,
        ]),
        Some(Function::Count) => said.any(&[Does::Count, Does::Total]) || plan.group.is_some(),
        Some(Function::Max) => greatest,
        Some(Function::Min) => least,
        None => !said.any(&[Does::Mean, Does::Sum]),
    };
    let function = plan.aggregate.as_ref().map(|aggregate| aggregate.function);
    let mean = said.any(&[Does::Mean]) && function != Some(Function::Mean);
    let order = match ordered {
        Some(order) if order.descending => !greatest,
        Some(_) => !least,
        None => {
            (greatest || least)
                && !matches!(function, Some(Function::Max | Function::Min))
                && !plan.difference
        }
    };
    let difference = plan.difference != said.any(&[Does::Difference]);
    (!right || mean || order || difference).then(|| {
        fault(
            "other_computation",
            "O plano não faz a conta que a pergunta pede.",
        )
    })
}

fn said<'q>(scope: &Scope<'_>, words: &'q [Word]) -> Said<'q> {
    let mut said = Said {
        words,
        does: Vec::new(),
        numbers: BTreeSet::new(),
        values: Vec::new(),
        columns: Vec::new(),
    };
    for reading in scope.readings(words).iter().take(1) {
        for tag in reading {
            match &tag.is {
                Is::Does(does) => said.does.push(*does),
                Is::Columns(columns) => said
                    .columns
                    .push(columns.iter().map(|(field, _)| *field).collect()),
                Is::Values(values, true) => said.values.push(
                    values
                        .iter()
                        .map(|(field, text)| {
                            (scope.view.name(*field), scope.written(*field, *text))
                        })
                        .collect(),
                ),
                _ => {}
            }
        }
    }
    for word in words {
        said.numbers.extend(parts(&word.folded));
        said.numbers.extend(plain(&word.folded));
        said.numbers.extend(
            number::read(&word.text)
                .and_then(|written| written.value(Mark::Comma))
                .map(|value| value.normalize().to_string()),
        );
        said.numbers
            .extend(spelled(&word.folded).map(|number| number.to_string()));
    }
    said
}

impl Said<'_> {
    fn any(&self, wanted: &[Does]) -> bool {
        self.does.iter().any(|does| wanted.contains(does))
    }

    fn directions(&self, greatest: bool) -> bool {
        self.does.iter().any(|does| match does {
            Does::Max | Does::More | Does::MaxOf(_) | Does::Top => greatest,
            Does::Min | Does::Fewer | Does::MinOf(_) => !greatest,
            _ => false,
        })
    }

    fn month(&self, date: &str) -> bool {
        let month = date.get(5..7).and_then(|month| month.parse().ok());
        self.words
            .iter()
            .any(|word| month.is_some() && crate::moment::month(&word.folded) == month)
    }

    /// Numbers that are no part of a name.
    fn free_numbers(&self) -> Vec<String> {
        self.words
            .iter()
            .filter(|word| word.is_number())
            .filter(|word| {
                !self
                    .values
                    .iter()
                    .flatten()
                    .any(|(_, text)| content_stems(text).contains(&word.stem))
            })
            .filter_map(|word| {
                number::read(&word.text)
                    .and_then(|written| written.value(Mark::Comma))
                    .map(|value| value.normalize().to_string())
            })
            .collect()
    }
}

/// Words without which a comparison was not asked for.
fn words_for(op: Op) -> Option<&'static [Does]> {
    Some(match op {
        Op::Greater | Op::AtLeast => &[
            Does::Greater,
            Does::AtLeast,
            Does::OrMore,
            Does::Not,
            Does::Between,
        ],
        Op::Less | Op::AtMost => &[
            Does::Less,
            Does::AtMost,
            Does::OrLess,
            Does::Not,
            Does::Between,
        ],
        Op::AboveMean => &[Does::AboveMean],
        Op::BelowMean => &[Does::BelowMean],
        _ => return None,
    })
}

/// Numbers within a date or a time: `2025`, `3`, `15`.
fn parts(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_ascii_digit())
        .filter(|part| !part.is_empty() && part.len() < 5)
        .map(|part| part.trim_start_matches('0').to_owned())
        .collect()
}

fn plain(text: &str) -> Option<String> {
    number::read(text)?
        .value(Mark::Point)
        .map(|value| value.normalize().to_string())
}

fn flatten<'p>(
    filter: Option<&'p Filter>,
    conditions: &mut Vec<&'p Condition>,
    denials: &mut usize,
) {
    match filter {
        None => {}
        Some(Filter::All { all: inner } | Filter::Any { any: inner }) => {
            for part in inner {
                flatten(Some(part), conditions, denials);
            }
        }
        Some(Filter::Not { not }) => {
            *denials += 1;
            flatten(Some(not), conditions, denials);
        }
        Some(Filter::Is(condition)) => conditions.push(condition),
    }
}
