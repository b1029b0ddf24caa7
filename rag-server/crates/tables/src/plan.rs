//! What is to be computed: small, typed, checked against a table before anything runs. Never free SQL.

use serde::{Deserialize, Deserializer, Serialize};

/// A computation over one table, or over two that share a key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// [`Table::id`](crate::Table::id).
    pub table: String,
    /// A second table, looked up row by row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub join: Option<Join>,
    /// Rows that count; all without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<Filter>,
    /// One result per distinct value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<Group>,
    /// What is computed; rows themselves are listed without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aggregate: Option<Aggregate>,
    /// Columns to show: of each listed row, or of the row where a minimum or maximum stands.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
    /// Each combination of the columns once.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub distinct: bool,
    /// The document's order without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<Order>,
    /// At most so many rows or groups, 1 to 1,000; those that tie with the last one are kept too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// How far the two groups are apart, first minus second.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub difference: bool,
}

/// A second table whose row is found by a key: each row of the first keeps its place.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Join {
    /// [`Table::id`](crate::Table::id); its columns may be named `table.column`.
    pub table: String,
    /// Column of the plan's table.
    pub left: String,
    /// Column of the joined table; no value may stand in it twice.
    pub right: String,
}

/// Which rows count.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Filter {
    /// All of them hold.
    All {
        /// At least one.
        all: Vec<Filter>,
    },
    /// One of them holds.
    Any {
        /// At least one.
        any: Vec<Filter>,
    },
    /// It does not hold; rows without a value neither hold nor not.
    Not {
        /// What does not hold.
        not: Box<Filter>,
    },
    /// One comparison.
    Is(Condition),
}

/// A comparison of one column.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// Name of the column.
    pub column: String,
    /// How it is compared.
    pub op: Op,
    /// As people write them: `7.5`, `2025-03-15`, `2025-03`, `19:30`, `Turma B`, `true`.
    #[serde(default)]
    pub values: Vec<Literal>,
}

/// A text, number or flag of a plan, kept as text; its column says what it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Literal(pub String);

impl<'de> Deserialize<'de> for Literal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Any {
            Text(String),
            Flag(bool),
            Whole(i64),
            Number(f64),
        }
        Ok(Self(match Any::deserialize(deserializer)? {
            Any::Text(text) => text,
            Any::Flag(flag) => flag.to_string(),
            Any::Whole(number) => number.to_string(),
            Any::Number(number) => number.to_string(),
        }))
    }
}

/// How a column is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// Is one of the values; a month or year holds all its days.
    Equal,
    /// Is less, or before.
    Less,
    /// Is at most, or not after.
    AtMost,
    /// Is greater, or after.
    Greater,
    /// Is at least, or not before.
    AtLeast,
    /// Lies between two values, both included.
    Between,
    /// Is greater than the mean of the column's rows, all of them; takes no value.
    AboveMean,
    /// Is less than the mean of the column's rows, all of them; takes no value.
    BelowMean,
    /// Holds all words of the value; texts only.
    Contains,
    /// Nothing stands there; takes no value.
    Empty,
}

/// What groups are made of.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Name of the column.
    pub column: String,
    /// Part of a date; the whole value without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
}

/// Part of a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Month of a year.
    Month,
    /// Year.
    Year,
}

/// What is computed of rows.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Aggregate {
    /// How.
    pub function: Function,
    /// Of which column; none for counting rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
}

/// How values are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Function {
    /// Rows, or with a column its distinct values.
    Count,
    /// Sum.
    Sum,
    /// Arithmetic mean.
    Mean,
    /// Least value, earliest date.
    Min,
    /// Greatest value, latest date.
    Max,
}

/// In what order results are given.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// Column of the rows; none for what is computed of each group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// Greatest first.
    #[serde(default)]
    pub descending: bool,
}
