//! What a plan comes to: values, the cells they were made of, and what to know about them.

use chrono::NaiveDateTime;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::column::Oddity;
use crate::plan::Function;
use crate::proof::Source;
use crate::value::Kind;

/// What one plan may cost.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Rows looked at, times conditions.
    pub steps: u64,
    /// Groups made.
    pub groups: usize,
    /// Rows given back; all are counted.
    pub listed: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            steps: 50_000_000,
            groups: 10_000,
            listed: 1_000,
        }
    }
}

/// A value of a result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "value", rename_all = "snake_case")]
pub enum ResultValue {
    /// Nothing stands there.
    Nothing,
    /// Exact; in the unit of its column, times and durations in seconds.
    Number(Decimal),
    /// A day, with the time when the cell has one.
    Date(NaiveDateTime),
    /// Yes or no.
    Flag(bool),
    /// A text.
    Text(String),
}

/// A cell of a result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResultCell {
    /// Its value.
    pub value: ResultValue,
    /// The text of the cell it was taken from; nothing for what was computed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// A row of a result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResultRow {
    /// One cell per column of the result.
    pub cells: Vec<ResultCell>,
    /// Rows of data it was made of.
    pub made_of: usize,
}

/// A column of a result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResultColumn {
    /// Name of the column it comes from; nothing for a count of rows.
    pub name: String,
    /// What was computed of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function: Option<Function>,
    /// Type of its values.
    pub kind: Kind,
    /// Unit of its values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Decimals its values are shown with.
    pub decimals: u32,
}

/// Something about the cells that people should know.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Note {
    /// What.
    pub code: NoteCode,
    /// In which column.
    pub column: String,
    /// How many cells or rows.
    pub count: usize,
    /// Some of them in A1 notation, or their text.
    pub examples: Vec<String>,
}

/// Kinds of notes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoteCode {
    /// An [`Oddity`] of cells that the result touched.
    Cell(Oddity),
    /// Blank cells left out of a computation.
    BlankCells,
    /// Rows left out because a compared cell is blank or does not fit.
    UncomparedRows,
    /// Totals and subtotals of the table, left out.
    TotalsLeftOut,
    /// The table or its sheet is hidden.
    Hidden,
    /// Hidden rows of the table that were computed with.
    HiddenRows,
    /// A hidden column that was computed with.
    HiddenColumn,
    /// Rows with no partner in the joined table.
    Unjoined,
    /// More rows than asked, because they tie with the last.
    Ties,
    /// A count of distinct values that stand in more rows.
    RepeatedValues,
}

/// What a plan came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Columns of the result.
    pub columns: Vec<ResultColumn>,
    /// Rows of the result, at most [`Limits::listed`].
    pub rows: Vec<ResultRow>,
    /// Rows of the result, all.
    pub row_count: usize,
    /// Rows of data that the filter let through.
    pub matched: usize,
    /// Rows of data of the table.
    pub total: usize,
    /// First group minus second, when the plan asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difference: Option<Decimal>,
    /// The cells it comes from.
    pub sources: Vec<Source>,
    /// What to know about them.
    pub notes: Vec<Note>,
}
