//! A question put to all tables of a set.

use super::assemble::{Proposed, assemble};
use super::frame::{last_sentence, question_words};
use super::refusal::{MOST_CANDIDATES, Refusal};
use super::reply::{Answered, Asked, Evidence, Options, Reply};
use super::scope::Scope;
use super::tags::{Is, Tag};
use crate::engine::run;
use crate::lexicon;
use crate::outcome::Outcome;
use crate::plan::Plan;
use crate::table::TableSet;
use crate::view::View;
use crate::words::Word;

/// Longer questions are no questions to a table.
const MOST_WORDS: usize = 60;
/// What is left of the confidence in a question that rests on one name alone.
pub(super) const WEAK: f64 = 0.6;
/// Cost of a word that was put right.
const SLIP: u32 = 3;

struct Found {
    plan: Plan,
    cost: u32,
    evidence: Vec<Evidence>,
    /// The question names the table.
    named: bool,
    anchors: usize,
}

/// Reads a question, computes it when it has one meaning, and says which. A sentence before it that chooses nothing is
/// passed over when the whole cannot be read.
pub fn ask(set: &TableSet, question: &str, options: &Options) -> Reply {
    let whole = ask_whole(set, question, options);
    let Reply::Refused { .. } = &whole else {
        return whole;
    };
    let Some((story, last)) = last_sentence(question) else {
        return whole;
    };
    let (story, asked) = (question_words(story), question_words(last));
    if story.len() > MOST_WORDS {
        return whole;
    }
    let english = lexicon::is_english(&asked);
    let chooses = set.tables.iter().any(|table| {
        let view = View::of(table);
        !Scope::new(&view, &options.aliases, english).is_beside(&story, &asked)
    });
    if chooses {
        return whole;
    }
    match ask_whole(set, last, options) {
        Reply::Refused { .. } => whole,
        read => read,
    }
}

fn ask_whole(set: &TableSet, question: &str, options: &Options) -> Reply {
    let words = question_words(question);
    let english = lexicon::is_english(&words);
    let mut refusal = Refusal::default();
    if words.is_empty() || words.len() > MOST_WORDS {
        return refusal.reply();
    }
    let mut found = Vec::new();
    // As it stands; then, if a word is known nowhere, with slips put right.
    for slips in [false, true] {
        let read = |view: &View<'_>, refusal: &mut Refusal| {
            let scope = Scope::new(view, &options.aliases, english);
            let words = scope.in_months(&words);
            if !slips {
                return read(&scope, &words, 0, refusal);
            }
            match scope.corrected(&words) {
                Some((words, count)) => read(&scope, &words, count * SLIP, refusal),
                None => Vec::new(),
            }
        };
        found = read_all(set, &mut refusal, read);
        if !found.is_empty() || refusal.word.is_none() {
            break;
        }
    }
    if found.iter().any(|found| found.named) {
        found.retain(|found| found.named);
    }
    let Some(best) = found.iter().map(|found| found.cost).min() else {
        return refusal.with_question(english);
    };
    found.retain(|found| found.cost == best);
    let mut outcomes: Vec<(Found, Outcome)> = Vec::new();
    for found in found {
        if let Ok(outcome) = run(set, &found.plan, &options.limits) {
            let same = outcomes.iter().any(|(other, known)| {
                let joined = other.plan.join.is_some() && found.plan.join.is_some();
                other.plan == found.plan
                    || (same_rows(known, &outcome)
                        && known.row_count > 0
                        && (joined || other.plan.table == found.plan.table))
            });
            if !same {
                outcomes.push((found, outcome));
            }
        }
    }
    if outcomes.len() > 1 {
        outcomes.truncate(MOST_CANDIDATES);
        return Reply::Asked(Asked {
            about: String::new(),
            candidates: outcomes
                .iter()
                .map(|(found, _)| found.plan.table.clone())
                .collect(),
            plans: outcomes.into_iter().map(|(found, _)| found.plan).collect(),
            english,
        });
    }
    match outcomes.pop() {
        Some((found, outcome)) => Reply::Answered(Box::new(Answered {
            confidence: confidence(&found),
            plan: found.plan,
            outcome,
            evidence: found.evidence,
            english,
        })),
        None => refusal.with_question(english),
    }
}

/// A question that rests on a single name may as well be about a text.
fn confidence(found: &Found) -> f64 {
    let sure = 1.0 / (1.0 + 0.05 * f64::from(found.cost));
    if found.anchors < 2 && !found.named {
        sure * WEAK
    } else {
        sure
    }
}

/// The plans of all tables; of pairs of tables when there are none.
fn read_all(
    set: &TableSet,
    refusal: &mut Refusal,
    read: impl Fn(&View<'_>, &mut Refusal) -> Vec<Found>,
) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    for table in &set.tables {
        found.extend(read(&View::of(table), refusal));
    }
    if found.is_empty() {
        for link in &set.links {
            let (Some(many), Some(one)) = (set.tables.get(link.many), set.tables.get(link.one))
            else {
                continue;
            };
            let Ok(view) = View::joined(many, link.many_column, one, link.one_column) else {
                continue;
            };
            found.extend(read(&view, refusal));
        }
    }
    found
}

/// The same rows in whatever order.
pub(crate) fn same_rows(one: &Outcome, other: &Outcome) -> bool {
    let sorted = |outcome: &Outcome| {
        let mut rows: Vec<String> = outcome
            .rows
            .iter()
            .map(|row| format!("{:?}", row.cells))
            .collect();
        rows.sort();
        rows
    };
    one.row_count == other.row_count && one.columns == other.columns && sorted(one) == sorted(other)
}

pub(super) fn anchors(tags: &[Tag]) -> usize {
    tags.iter()
        .filter(|tag| matches!(tag.is, Is::Columns(_) | Is::Values(..) | Is::Table(_)))
        .count()
}

/// The best plans of one table or pair.
fn read(scope: &Scope<'_>, words: &[Word], slips: u32, refusal: &mut Refusal) -> Vec<Found> {
    let view = scope.view;
    let mut found: Vec<Found> = Vec::new();
    for tags in scope.readings(words) {
        let cost: u32 = tags.iter().map(|tag| tag.cost).sum();
        if found.first().is_some_and(|best| cost + slips > best.cost) {
            break;
        }
        match assemble(scope, words, &tags) {
            Ok(Proposed {
                plan,
                cost,
                anchors,
            }) => {
                // A pair is only read together when both are needed.
                if view.joined.is_some() && !uses_both(&plan, view) {
                    continue;
                }
                if !found.iter().any(|other| other.plan == plan) {
                    let named = tags.iter().any(|tag| tag.is == Is::Table(true));
                    found.push(Found {
                        evidence: evidence(scope, &tags, words),
                        plan,
                        cost: cost + slips,
                        named,
                        anchors,
                    });
                }
            }
            Err(why) => refusal.add(why, &tags, words.len(), cost),
        }
    }
    let best = found.iter().map(|found| found.cost).min();
    found.retain(|found| Some(found.cost) == best);
    found
}

fn uses_both(plan: &Plan, view: &View<'_>) -> bool {
    let Some(joined) = &view.joined else {
        return true;
    };
    let names = names_of(plan);
    let of_joined = joined
        .table
        .columns
        .iter()
        .enumerate()
        .filter(|(index, _)| *index != joined.right)
        .any(|(column, _)| {
            names.contains(&view.name(crate::view::Field {
                joined: true,
                column,
            }))
        });
    let of_own = (0..view.table.columns.len())
        .filter(|column| *column != joined.left)
        .any(|column| {
            names.contains(&view.name(crate::view::Field {
                joined: false,
                column,
            }))
        });
    let counts_rows = plan
        .aggregate
        .as_ref()
        .is_some_and(|aggregate| aggregate.column.is_none());
    of_joined && (of_own || counts_rows)
}

fn names_of(plan: &Plan) -> Vec<String> {
    fn of_filter(filter: &crate::plan::Filter, names: &mut Vec<String>) {
        use crate::plan::Filter;
        match filter {
            Filter::All { all: parts } | Filter::Any { any: parts } => {
                for part in parts {
                    of_filter(part, names);
                }
            }
            Filter::Not { not } => of_filter(not, names),
            Filter::Is(condition) => names.push(condition.column.clone()),
        }
    }
    let mut names = plan.columns.clone();
    if let Some(filter) = &plan.filter {
        of_filter(filter, &mut names);
    }
    names.extend(plan.group.iter().map(|group| group.column.clone()));
    names.extend(
        plan.aggregate
            .iter()
            .filter_map(|aggregate| aggregate.column.clone()),
    );
    names.extend(plan.order.iter().filter_map(|order| order.column.clone()));
    names
}

fn evidence(scope: &Scope<'_>, tags: &[Tag], words: &[Word]) -> Vec<Evidence> {
    tags.iter()
        .filter_map(|tag| {
            let meaning = match &tag.is {
                Is::Columns(columns) => {
                    let (field, _) = columns.first()?;
                    format!("coluna “{}”", scope.view.name(*field))
                }
                Is::Values(values, _) => {
                    let (field, text) = values.first()?;
                    format!(
                        "valor “{}” da coluna “{}”",
                        scope.written(*field, *text),
                        scope.view.name(*field)
                    )
                }
                Is::Table(_) => format!("tabela “{}”", scope.view.table.id),
                Is::Figure(_) => "número".to_owned(),
                Is::Moment(_) | Is::Part(_) => "data".to_owned(),
                Is::Does(does) if *does != lexicon::Does::Nothing => "operação".to_owned(),
                Is::Does(_) | Is::Unknown => return None,
            };
            let text = words
                .get(tag.from..tag.to)?
                .iter()
                .map(|word| word.text.as_str())
                .collect::<Vec<_>>()
                .join(" ");
            Some(Evidence {
                words: text,
                meaning,
            })
        })
        .collect()
}
