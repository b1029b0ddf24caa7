//! Dates as people ask for them: often without a year.

use std::collections::BTreeSet;

use chrono::Datelike;

use super::scope::Scope;
use crate::moment;
use crate::plan::Literal;
use crate::value::Value;
use crate::view::Field;
use crate::words::Word;

/// A day, a month or a year of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) year: Option<i32>,
    pub(crate) month: Option<u32>,
    pub(crate) day: Option<u32>,
}

/// The date that stands at `at`, and how many words it takes.
pub(crate) fn moment_at(words: &[Word], at: usize) -> Option<(Moment, usize)> {
    let word = words.get(at)?;
    let folded = |offset: usize| words.get(at + offset).map(|word| word.folded.as_str());
    let number = |text: &str, least: u32, most: u32| {
        let digits = text
            .trim_end_matches(['o', 'a'])
            .trim_end_matches("st")
            .trim_end_matches("nd")
            .trim_end_matches("rd")
            .trim_end_matches("th");
        (digits.len() <= 4 && !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
            .then(|| digits.parse::<u32>().ok())
            .flatten()
            .filter(|number| (least..=most).contains(number))
    };
    let year = |offset: usize| -> Option<(i32, usize)> {
        let mut at = offset;
        while matches!(folded(at), Some("de" | "do" | "of" | "," | "ano")) {
            at += 1;
        }
        let text = folded(at)?;
        (text.len() == 4)
            .then(|| number(text, 1900, 2100))
            .flatten()
            .map(|year| (year as i32, at + 1))
    };
    // `15/03/2025`, `2025-03-15`
    if word.folded.contains(['/', '-']) {
        if let Some(date) = moment::read_date(&word.text).and_then(|date| date.value(false)) {
            let month_only = word.folded.matches('/').count() == 1;
            return Some((
                Moment {
                    year: Some(date.year()),
                    month: Some(date.month()),
                    day: (!month_only).then(|| date.day()),
                },
                1,
            ));
        }
        // `15/03`
        let (day, month) = word.folded.split_once('/')?;
        return Some((
            Moment {
                year: None,
                month: Some(number(month, 1, 12)?),
                day: Some(number(day, 1, 31)?),
            },
            1,
        ));
    }
    // `15 de março de 2025`, `dia 15 de março`
    if let Some(day) = number(&word.folded, 1, 31) {
        let mut next = 1;
        while matches!(folded(next), Some("de" | "of")) {
            next += 1;
        }
        let month = moment::month(folded(next)?)?;
        let (year, length) =
            year(next + 1).map_or((None, next + 1), |(year, length)| (Some(year), length));
        return Some((
            Moment {
                year,
                month: Some(month),
                day: Some(day),
            },
            length,
        ));
    }
    // `março`, `março de 2025`, `March 15, 2025`
    let month =
        moment::month(&word.folded).filter(|_| word.folded.len() > 3 || word.folded == "mai")?;
    if let Some(day) = folded(1)
        .and_then(|text| number(text, 1, 31))
        .filter(|_| folded(1).is_some_and(|t| t.len() <= 4))
    {
        let (year, length) = year(2).map_or((None, 2), |(year, length)| (Some(year), length));
        return Some((
            Moment {
                year,
                month: Some(month),
                day: Some(day),
            },
            length,
        ));
    }
    let (year, length) = year(1).map_or((None, 1), |(year, length)| (Some(year), length));
    Some((
        Moment {
            year,
            month: Some(month),
            day: None,
        },
        length,
    ))
}

impl Moment {
    /// As a plan writes it. A missing year is the only one the column has; nothing when it has several.
    pub(crate) fn literal(&self, scope: &Scope<'_>, field: Field) -> Option<Literal> {
        let year = match self.year {
            Some(year) => year,
            None => Self::year_in(scope, field)?,
        };
        Some(Literal(match (self.month, self.day) {
            (Some(month), Some(day)) => format!("{year:04}-{month:02}-{day:02}"),
            (Some(month), None) => format!("{year:04}-{month:02}"),
            _ => format!("{year:04}"),
        }))
    }

    fn year_in(scope: &Scope<'_>, field: Field) -> Option<i32> {
        let mut years: BTreeSet<i32> = BTreeSet::new();
        for row in &scope.view.table.data {
            if let Value::Date(date) = scope.view.value(*row, field) {
                years.insert(date.year());
            }
        }
        match years.len() {
            1 => years.first().copied(),
            _ => None,
        }
    }
}
