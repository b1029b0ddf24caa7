//! What a chat model is told of tables before it proposes a plan, and in what form it is to answer.
//!
//! Names and cells are words of documents: they are told as JSON strings on lines of their own, so many and so long at
//! most, and whoever asks the model fences them as data.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::column::Column;
use crate::table::{Table, TableSet};
use crate::value::{Kind, Value};

/// Tables told at most.
const MOST_TABLES: usize = 24;
/// Columns told of one table.
const MOST_COLUMNS: usize = 40;
/// Longest name, in characters; what is called by more is not told, as a plan must name it in full.
const LONGEST_NAME: usize = 80;
/// Values shown of one column, and their characters.
const MOST_VALUES: usize = 6;
const LONGEST_VALUE: usize = 40;
/// Rows looked through for values to show.
const MOST_ROWS: usize = 200;

/// The tables that a model may plan with.
#[derive(Debug)]
pub struct Brief<'s> {
    told: Vec<Told<'s>>,
    workbooks: usize,
}

#[derive(Debug)]
struct Told<'s> {
    /// Which of the sets, from 1.
    workbook: usize,
    table: &'s Table,
    columns: Vec<&'s Column>,
}

impl<'s> Brief<'s> {
    /// Chooses what is told of `sets` in at most `room` characters: tables in their order, each with as many columns as
    /// there is room for. Those with room for none are left out.
    pub fn new(sets: &[&'s TableSet], room: usize) -> Self {
        let mut brief = Self {
            told: Vec::new(),
            workbooks: sets.len(),
        };
        let mut left = room;
        let tables = (1..)
            .zip(sets)
            .flat_map(|(workbook, set)| set.tables.iter().map(move |table| (workbook, table)))
            .filter(|(_, table)| is_short(&table.id));
        for (workbook, table) in tables.take(MOST_TABLES) {
            let mut told = Told {
                workbook,
                table,
                columns: Vec::new(),
            };
            let Some(mut rest) = left.checked_sub(told.head().chars().count()) else {
                break;
            };
            let columns = table.columns.iter().filter(|column| is_short(&column.name));
            for column in columns.take(MOST_COLUMNS) {
                let Some(after) = rest.checked_sub(told.line(column).chars().count()) else {
                    break;
                };
                rest = after;
                told.columns.push(column);
            }
            if told.columns.is_empty() {
                break;
            }
            left = rest;
            brief.told.push(told);
        }
        brief
    }

    /// Whether there is anything to plan with.
    pub fn is_empty(&self) -> bool {
        self.told.is_empty()
    }

    /// Tables, columns with kind and unit, and some of their values; one line each, in Portuguese.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for told in &self.told {
            text.push_str(&told.head());
            for column in &told.columns {
                text.push_str(&told.line(column));
            }
        }
        text
    }

    /// JSON Schema (draft 2020-12) of the reply: `workbook`, which of the sets, from 1, and `plan`, a
    /// [`Plan`](crate::plan::Plan); both null where no table answers. Names of tables and columns are listed, so that a model
    /// can choose no others. All is required and nothing else allowed, as structured output wants it.
    pub fn schema(&self) -> Json {
        let tables: BTreeSet<&str> = self
            .told
            .iter()
            .map(|told| told.table.id.as_str())
            .collect();
        let columns: BTreeSet<&str> = self
            .told
            .iter()
            .flat_map(|told| told.columns.iter().map(|column| column.name.as_str()))
            .collect();
        let (table, column) = (
            json!({"$ref": "#/$defs/table"}),
            json!({"$ref": "#/$defs/column"}),
        );
        let filters = json!({"type": "array", "items": {"$ref": "#/$defs/filter"}});
        let condition = object(json!({
            "column": column,
            "op": {"type": "string", "enum": ["equal", "less", "at_most", "greater", "at_least", "between", "above_mean",
                "below_mean", "contains", "empty"]},
            "values": {"type": "array", "items": {"type": "string"}}
        }));
        let plan = object(json!({
            "table": table,
            "join": or_null(object(json!({"table": table, "left": column, "right": column}))),
            "filter": or_null(json!({"$ref": "#/$defs/filter"})),
            "group": or_null(object(json!({
                "column": column,
                "part": or_null(json!({"type": "string", "enum": ["month", "year"]}))
            }))),
            "aggregate": or_null(object(json!({
                "function": {"type": "string", "enum": ["count", "sum", "mean", "min", "max"]},
                "column": or_null(column.clone())
            }))),
            "columns": {"type": "array", "items": column},
            "distinct": {"type": "boolean"},
            "order": or_null(object(json!({
                "column": or_null(column.clone()),
                "descending": {"type": "boolean"}
            }))),
            "limit": or_null(json!({"type": "integer"})),
            "difference": {"type": "boolean"}
        }));
        let workbooks: Vec<usize> = (1..=self.workbooks).collect();
        let mut schema = object(json!({
            "workbook": or_null(json!({"type": "integer", "enum": workbooks})),
            "plan": or_null(plan)
        }));
        schema["$defs"] = json!({
            "table": {"type": "string", "enum": tables},
            "column": {"type": "string", "enum": columns},
            "filter": {"anyOf": [
                condition,
                object(json!({"all": filters})),
                object(json!({"any": filters})),
                object(json!({"not": {"$ref": "#/$defs/filter"}}))
            ]}
        });
        schema
    }
}

impl Told<'_> {
    fn head(&self) -> String {
        format!(
            "Planilha {}, tabela {}, {} linhas:\n",
            self.workbook,
            quoted(&self.table.id),
            self.table.row_count()
        )
    }

    fn line(&self, column: &Column) -> String {
        let mut line = format!("- {}: {}", quoted(&column.name), kind(column.kind));
        if let Some(unit) = column.unit.as_deref().filter(|unit| is_short(unit)) {
            line.push_str(&format!(" em {}", quoted(unit)));
        }
        let shown: Vec<String> = self
            .values(column)
            .iter()
            .map(|value| quoted(value))
            .collect();
        if !shown.is_empty() {
            line.push_str(&format!("; como {}", shown.join(", ")));
        }
        line.push('\n');
        line
    }

    /// The first different values of a column.
    fn values(&self, column: &Column) -> Vec<&str> {
        let Some(at) = self.table.column(&column.name) else {
            return Vec::new();
        };
        let mut found: Vec<&str> = Vec::new();
        for row in self.table.data.iter().take(MOST_ROWS) {
            let is_one = !matches!(self.table.value(*row, at), Value::Empty | Value::Odd(_));
            let text = self.table.text(*row, at);
            let is_new = is_one && !found.contains(&text);
            if is_new && text.chars().count() <= LONGEST_VALUE {
                found.push(text);
            }
            if found.len() == MOST_VALUES {
                break;
            }
        }
        found
    }
}

/// What a model replied: which of the sets it chose, from 0, and its plan as JSON text. `None` where it says that no table
/// answers, or says nothing that can be read. Words around the JSON are passed over.
pub fn chosen(reply: &str) -> Option<(usize, String)> {
    #[derive(Deserialize)]
    struct Chosen {
        workbook: Option<usize>,
        plan: Option<Json>,
    }
    let (from, to) = (reply.find('{')?, reply.rfind('}')?);
    let chosen: Chosen = serde_json::from_str(reply.get(from..=to)?).ok()?;
    Some((chosen.workbook?.checked_sub(1)?, chosen.plan?.to_string()))
}

/// An object of which every property is required and nothing else allowed.
fn object(properties: Json) -> Json {
    let required: Vec<String> = properties
        .as_object()
        .map(|properties| properties.keys().cloned().collect())
        .unwrap_or_default();
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

fn or_null(schema: Json) -> Json {
    json!({"anyOf": [schema, {"type": "null"}]})
}

fn is_short(name: &str) -> bool {
    name.chars().count() <= LONGEST_NAME
}

/// On one line, and told apart from what stands around it.
fn quoted(text: &str) -> String {
    Json::from(text).to_string()
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Integer => "número inteiro",
        Kind::Decimal => "número",
        Kind::Percentage => "porcentagem",
        Kind::Currency => "dinheiro",
        Kind::Date => "data",
        Kind::Time => "hora",
        Kind::Duration => "duração",
        Kind::Flag => "sim ou não",
        Kind::Text => "texto",
    }
}
