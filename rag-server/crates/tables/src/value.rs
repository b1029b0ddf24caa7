//! What a cell holds once its column has a type.

use chrono::NaiveDateTime;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Whole numbers.
    Integer,
    /// Numbers with decimals, exact.
    Decimal,
    /// Percentages, kept in points: `87,5%` is 87.5.
    Percentage,
    /// Money; the column's unit is the currency.
    Currency,
    /// Days, months, or days with a time.
    Date,
    /// Times of day, kept in seconds since midnight.
    Time,
    /// Durations, kept in seconds.
    Duration,
    /// Yes or no.
    Flag,
    /// Anything else.
    Text,
}

impl Kind {
    /// Its values are kept as numbers and can be compared and averaged.
    pub fn is_numeric(self) -> bool {
        !matches!(self, Self::Date | Self::Flag | Self::Text)
    }

    /// Its values can be summed up: times of day cannot.
    pub fn is_summable(self) -> bool {
        self.is_numeric() && self != Self::Time
    }
}

/// One typed cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    /// Nothing stands there, or a sign for nothing (`-`, `n/a`).
    Empty,
    /// A number in the unit of its column.
    Number(Decimal),
    /// A day; at midnight when the cell names no time.
    Date(NaiveDateTime),
    /// Yes or no.
    Flag(bool),
    /// A text, by its place in the column's dictionary.
    Text(u32),
    /// Does not fit the column's type; by its place in the column's dictionary.
    Odd(u32),
}

/// Folded text for comparison: lower case, no accents, one space between words.
pub(crate) fn key(text: &str) -> String {
    let mut key = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        let mut part = String::new();
        for piece in word.split_inclusive(|c: char| !c.is_alphanumeric()) {
            let folded = terms::fold(piece);
            part.push_str(&folded);
            if let Some(sign) = piece.chars().last().filter(|c| !c.is_alphanumeric()) {
                part.push(sign);
            }
        }
        if !key.is_empty() && !part.is_empty() {
            key.push(' ');
        }
        key.push_str(&part);
    }
    key
}
