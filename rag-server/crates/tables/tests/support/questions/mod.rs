//! Questions to the planted tables, as teachers and students would put them, with what they must come to.
//!
//! Each phrasing belongs to a family, named before `|` (`wrap|Me diz …`). Half of the families are held out: the parser was
//! never changed after looking at how it reads them. Those that begin with `!` were held out once, and count as tuned.

mod attendance;
mod bills;
mod calendar;
mod finance;
mod grades;
mod inventory;
mod later;
mod library;
mod nutrition;
mod report;
mod runs;
mod sales;
mod staff;
mod timetable;
mod training;

pub(crate) use attendance::attendance;
pub(crate) use bills::bills;
pub(crate) use calendar::calendar;
pub(crate) use finance::finance;
pub(crate) use grades::grades;
pub(crate) use inventory::inventory;
pub(crate) use later::more;
pub(crate) use library::library;
pub(crate) use nutrition::nutrition;
pub(crate) use report::report;
pub(crate) use runs::runs;
pub(crate) use sales::sales;
pub(crate) use staff::staff;
pub(crate) use timetable::timetable;
pub(crate) use training::training;

use super::planted::{Cell, Planted, Truth, hundredths, mean, sum};

pub(crate) const KINDS: [&str; 12] = [
    "lookup", "count", "sum", "mean", "extreme", "filter", "list", "group", "compare", "top",
    "dates", "across",
];

pub(crate) const MONTHS: [&str; 13] = [
    "",
    "janeiro",
    "fevereiro",
    "março",
    "abril",
    "maio",
    "junho",
    "julho",
    "agosto",
    "setembro",
    "outubro",
    "novembro",
    "dezembro",
];

/// Families that the parser was not tuned for.
///
/// `subject`: who or what comes first. `somando`: sums said with a verb. `verb`: the greatest said with a verb. `bare`: no
/// accents, capitals or question mark. `english`. `not`: what is denied. `formal`: orders. `any`: whether there is one.
/// `when`: dates. `typo`: one slip of the finger, made by [`slips`](super::slips). The rest: [`later`].
pub(crate) const HELD_OUT: [&str; 18] = [
    "subject", "somando", "verb", "bare", "english", "not", "formal", "any", "when", "typo",
    "story", "cleft", "keywords", "among", "chatty", "unit", "period", "abroad",
];

#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(crate) kind: &'static str,
    pub(crate) domain: &'static str,
    pub(crate) text: String,
    pub(crate) truth: Truth,
    /// How it is phrased.
    pub(crate) family: String,
    pub(crate) held_out: bool,
}

/// Collects the questions of one domain.
pub(crate) struct Asker {
    pub(crate) domain: &'static str,
    pub(crate) questions: Vec<Question>,
}

impl Asker {
    /// All phrasings with the slots filled; nothing when the truth is none (an extreme that two share).
    pub(super) fn ask(
        &mut self,
        kind: &'static str,
        truth: Option<Truth>,
        slots: &[(&str, &str)],
        phrasings: &[&str],
    ) {
        let Some(truth) = truth else { return };
        for phrasing in phrasings {
            let (family, phrase) = match (phrasing.split_once('|'), phrasing.strip_prefix('!')) {
                (Some(split), _) => split,
                (None, Some(phrase)) => ("once held out", phrase),
                (None, None) => ("plain", *phrasing),
            };
            let mut text = phrase.to_owned();
            for (slot, value) in slots {
                text = text.replace(&format!("{{{slot}}}"), value);
            }
            self.questions.push(Question {
                kind,
                domain: self.domain,
                text,
                truth: truth.clone(),
                family: family.to_owned(),
                held_out: HELD_OUT.contains(&family),
            });
        }
    }
}

pub(super) fn all(table: &Planted) -> Vec<&Vec<Cell>> {
    table.picked(|_| true)
}

pub(super) fn is(table: &Planted, column: &str, value: &str) -> impl Fn(&[Cell]) -> bool + use<> {
    let index = table.column(column);
    let value = value.to_owned();
    move |row: &[Cell]| row[index].text() == value
}

pub(super) fn counts(rows: &[&Vec<Cell>]) -> (i128, i128) {
    (rows.len() as i128, 1)
}

pub(super) fn averages(column: usize) -> impl Fn(&[&Vec<Cell>]) -> (i128, i128) {
    move |rows| match mean(rows, column) {
        Some(Truth::Number(a, b)) => (a, b),
        _ => (0, 1),
    }
}

pub(super) fn sums(column: usize) -> impl Fn(&[&Vec<Cell>]) -> (i128, i128) {
    move |rows| (sum(rows, column), 100)
}

pub(super) fn cell_of(table: &Planted, who: &str, name: &str, column: &str) -> Cell {
    let (who, column) = (table.column(who), table.column(column));
    table
        .rows
        .iter()
        .find(|row| row[who].text() == name)
        .map_or(Cell::Blank, |row| row[column].clone())
}

pub(super) fn value(cell: &Cell) -> Option<Truth> {
    Some(match cell {
        Cell::Number(number) => hundredths(*number),
        Cell::Text(text) => Truth::Text(text.clone()),
        Cell::Date(y, m, d) => Truth::Text(format!("{d:02}/{m:02}/{y}")),
        Cell::Time(minutes) => Truth::Text(format!("{:02}:{:02}", minutes / 60, minutes % 60)),
        Cell::Blank => return None,
    })
}

pub(super) fn number(cell: &Cell) -> i128 {
    cell.number().map_or(0, i128::from)
}
