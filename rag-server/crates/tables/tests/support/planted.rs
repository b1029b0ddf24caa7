//! Tables with planted truth: made from a seed, computed on by the most naive code there is.

use std::collections::{BTreeMap, BTreeSet};

/// A small deterministic generator (splitmix64, Steele et al. 2014).
#[derive(Debug, Clone)]
pub(crate) struct Seed(u64);

impl Seed {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From `low` to `high`, both included.
    pub(crate) fn within(&mut self, low: i64, high: i64) -> i64 {
        low + (self.next() % (high - low + 1) as u64) as i64
    }

    /// One of some texts.
    pub(crate) fn pick<'a, T: AsRef<str>>(&mut self, of: &'a [T]) -> &'a str {
        self.one(of).as_ref()
    }

    pub(crate) fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[(self.next() % of.len() as u64) as usize]
    }
}

/// A planted cell. Numbers in hundredths.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cell {
    Blank,
    Text(String),
    Number(i64),
    Date(i32, u32, u32),
    /// Minutes since midnight.
    Time(u32),
}

impl Cell {
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            _ => "",
        }
    }

    pub(crate) fn number(&self) -> Option<i64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    pub(crate) fn date(&self) -> Option<(i32, u32, u32)> {
        match self {
            Self::Date(y, m, d) => Some((*y, *m, *d)),
            _ => None,
        }
    }
}

/// How a column of numbers is written into the workbook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    Plain,
    /// As a text with a decimal comma.
    CommaText,
    Reais,
    Percent,
}

/// A planted table.
#[derive(Debug, Clone)]
pub(crate) struct Planted {
    pub(crate) sheet: &'static str,
    /// Written above the table; empty for none.
    pub(crate) title: &'static str,
    /// `Upper / lower` makes a header of two levels.
    pub(crate) header: Vec<&'static str>,
    pub(crate) written: BTreeMap<usize, Written>,
    pub(crate) rows: Vec<Vec<Cell>>,
    /// Column by which subtotals are written, and the numeric columns that are summed.
    pub(crate) subtotals: Option<(usize, Vec<usize>)>,
    /// Upper left cell of the title or header, 0-based.
    pub(crate) top: u32,
    pub(crate) left: u16,
}

impl Planted {
    pub(crate) fn new(sheet: &'static str, title: &'static str, header: &[&'static str]) -> Self {
        Self {
            sheet,
            title,
            header: header.to_vec(),
            written: BTreeMap::new(),
            rows: Vec::new(),
            subtotals: None,
            top: 0,
            left: 0,
        }
    }

    pub(crate) fn column(&self, name: &str) -> usize {
        self.header
            .iter()
            .position(|own| *own == name)
            .unwrap_or_else(|| panic!("no column {name}"))
    }

    pub(crate) fn picked<'a>(&'a self, keep: impl Fn(&[Cell]) -> bool + 'a) -> Vec<&'a Vec<Cell>> {
        self.rows.iter().filter(|row| keep(row)).collect()
    }

    pub(crate) fn texts(&self, column: &str) -> Vec<String> {
        let index = self.column(column);
        let set: BTreeSet<String> = self
            .rows
            .iter()
            .map(|row| row[index].text().to_owned())
            .filter(|text| !text.is_empty())
            .collect();
        set.into_iter().collect()
    }
}

/// What a question must come to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Truth {
    /// Numerator and denominator.
    Number(i128, i128),
    /// Distance of two numbers, whichever comes first.
    Distance(i128, i128),
    /// The text of one cell, or one of its ways to be written.
    Text(String),
    Names(BTreeSet<String>),
    /// The extreme value and who has it.
    Who(BTreeSet<String>, i128),
    Groups(BTreeMap<String, (i128, i128)>),
    /// Names with their value, in any order.
    Top(BTreeMap<String, i128>),
    /// The one that is ahead.
    Winner(String),
}

/// Hundredths as a fraction.
pub(crate) fn hundredths(value: i64) -> Truth {
    Truth::Number(i128::from(value), 100)
}

pub(crate) fn count(value: usize) -> Truth {
    Truth::Number(value as i128, 1)
}

pub(crate) fn sum(rows: &[&Vec<Cell>], column: usize) -> i128 {
    rows.iter()
        .filter_map(|row| row[column].number())
        .map(i128::from)
        .sum()
}

pub(crate) fn total(rows: &[&Vec<Cell>], column: usize) -> Truth {
    Truth::Number(sum(rows, column), 100)
}

pub(crate) fn mean(rows: &[&Vec<Cell>], column: usize) -> Option<Truth> {
    let filled = rows
        .iter()
        .filter(|row| row[column].number().is_some())
        .count() as i128;
    (filled > 0).then(|| Truth::Number(sum(rows, column), 100 * filled))
}

pub(crate) fn names(rows: &[&Vec<Cell>], column: usize) -> Truth {
    Truth::Names(
        rows.iter()
            .map(|row| row[column].text().to_owned())
            .filter(|text| !text.is_empty())
            .collect(),
    )
}

pub(crate) fn distinct(rows: &[&Vec<Cell>], column: usize) -> usize {
    rows.iter()
        .map(|row| row[column].text())
        .filter(|text| !text.is_empty())
        .collect::<BTreeSet<_>>()
        .len()
}

pub(crate) fn extreme(
    rows: &[&Vec<Cell>],
    who: usize,
    column: usize,
    greatest: bool,
) -> Option<Truth> {
    let values = || rows.iter().filter_map(|row| row[column].number());
    let best = if greatest {
        values().max()
    } else {
        values().min()
    }?;
    Some(Truth::Who(
        rows.iter()
            .filter(|row| row[column].number() == Some(best))
            .map(|row| row[who].text().to_owned())
            .collect(),
        i128::from(best),
    ))
}

pub(crate) fn grouped(
    rows: &[&Vec<Cell>],
    by: usize,
    value: impl Fn(&[&Vec<Cell>]) -> (i128, i128),
) -> BTreeMap<String, (i128, i128)> {
    let mut groups: BTreeMap<String, Vec<&Vec<Cell>>> = BTreeMap::new();
    for row in rows {
        let name = row[by].text();
        if !name.is_empty() {
            groups.entry(name.to_owned()).or_default().push(row);
        }
    }
    groups
        .into_iter()
        .map(|(name, rows)| (name, value(&rows)))
        .collect()
}

/// The `limit` greatest or least, with all that tie with the last.
pub(crate) fn top(
    rows: &[&Vec<Cell>],
    who: usize,
    column: usize,
    limit: usize,
    greatest: bool,
) -> Truth {
    let mut all: Vec<(i64, &str)> = rows
        .iter()
        .filter_map(|row| Some((row[column].number()?, row[who].text())))
        .collect();
    all.sort_by_key(|(value, _)| if greatest { -value } else { *value });
    let last = all.get(limit - 1).map(|(value, _)| *value);
    let keep = all
        .iter()
        .enumerate()
        .take_while(|(index, (value, _))| *index < limit || Some(*value) == last)
        .map(|(_, (value, name))| ((*name).to_owned(), i128::from(*value)))
        .collect();
    Truth::Top(keep)
}

/// Group with the greatest or least value; nothing when two share it.
pub(crate) fn winner(groups: &BTreeMap<String, (i128, i128)>, greatest: bool) -> Option<Truth> {
    let mut all: Vec<(&String, &(i128, i128))> = groups.iter().collect();
    all.sort_by(|a, b| (a.1.0 * b.1.1).cmp(&(b.1.0 * a.1.1)));
    if greatest {
        all.reverse();
    }
    match all.as_slice() {
        [first, second, ..] if first.1.0 * second.1.1 == second.1.0 * first.1.1 => None,
        [first, ..] => Some(Truth::Winner(first.0.clone())),
        [] => None,
    }
}
