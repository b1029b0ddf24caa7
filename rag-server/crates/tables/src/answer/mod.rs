//! Results as people read them, in Portuguese or English.

mod formula;
mod notes;

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

use crate::moment::{Precision, show_clock, show_date};
use crate::outcome::{Outcome, ResultCell, ResultColumn, ResultValue};
use crate::plan::{Function, Plan};
use crate::value::Kind;

/// Rows of a Markdown table in an answer; the rest is counted.
const MOST_ROWS: usize = 50;
/// Decimals of a mean of whole numbers.
const MEAN_DECIMALS: u32 = 2;

/// An answer for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// One to three sentences, and a Markdown table for lists; cells are escaped.
    pub text: String,
    /// What was computed, in words.
    pub formula: String,
    /// What to know about the cells it comes from, one sentence each.
    pub warnings: Vec<String>,
}

/// Words an outcome. `english`: the language of the question.
pub fn answer(plan: &Plan, outcome: &Outcome, english: bool) -> Answer {
    let say = Say { english };
    let formula = say.formula(plan, outcome);
    let result = say.result(plan, outcome);
    let place = say.place(outcome);
    Answer {
        text: format!("{result}\n\n{formula} {place}").trim().to_owned(),
        formula,
        warnings: outcome.notes.iter().map(|note| say.note(note)).collect(),
    }
}

struct Say {
    english: bool,
}

impl Say {
    fn pick<'t>(&self, portuguese: &'t str, english: &'t str) -> &'t str {
        if self.english { english } else { portuguese }
    }

    /// A number with its decimal sign and, from five digits on or with decimals, its thousands apart.
    fn decimal(&self, value: Decimal, decimals: u32) -> String {
        let value = value.round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero);
        let plain = format!("{:.*}", decimals as usize, value.abs());
        let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
        let (point, group) = if self.english { ('.', ',') } else { (',', '.') };
        let mut text = String::new();
        if value.is_sign_negative() && !value.is_zero() {
            text.push('-');
        }
        for (index, digit) in whole.chars().enumerate() {
            if index > 0 && (whole.len() - index) % 3 == 0 {
                text.push(group);
            }
            text.push(digit);
        }
        if !fraction.is_empty() {
            text.push(point);
            text.push_str(fraction);
        }
        text
    }

    fn value(&self, cell: &ResultCell, column: &ResultColumn) -> String {
        match &cell.value {
            ResultValue::Nothing => self.pick("(vazio)", "(blank)").to_owned(),
            ResultValue::Flag(true) => self.pick("Sim", "Yes").to_owned(),
            ResultValue::Flag(false) => self.pick("Não", "No").to_owned(),
            ResultValue::Text(text) => text.clone(),
            ResultValue::Date(date) => cell
                .text
                .clone()
                .unwrap_or_else(|| show_date(*date, Precision::Minute)),
            ResultValue::Number(number) => self.number(*number, cell.text.is_some(), column),
        }
    }

    fn number(&self, number: Decimal, as_written: bool, column: &ResultColumn) -> String {
        if matches!(column.kind, Kind::Time | Kind::Duration) {
            return show_clock(number, column.kind == Kind::Duration);
        }
        let decimals = if as_written && column.kind != Kind::Currency {
            number.normalize().scale()
        } else if column.function == Some(Function::Mean) {
            column.decimals.max(MEAN_DECIMALS)
        } else {
            column.decimals
        };
        // Years and registrations are not grouped.
        let text = if as_written && column.kind == Kind::Integer && column.unit.is_none() {
            number.normalize().to_string()
        } else {
            self.decimal(number, decimals)
        };
        match column.unit.as_deref() {
            Some(sign @ ("R$" | "US$" | "$" | "€" | "£")) => match text.strip_prefix('-') {
                Some(rest) => format!("-{sign} {rest}"),
                None => format!("{sign} {text}"),
            },
            Some("%") => format!("{text}%"),
            Some(unit) => format!("{text} {unit}"),
            None => text,
        }
    }

    fn result(&self, plan: &Plan, outcome: &Outcome) -> String {
        let last = outcome.columns.last();
        match (outcome.rows.as_slice(), last) {
            ([], _) => self
                .pick(
                    "Nenhuma linha atende à pergunta.",
                    "No row fits the question.",
                )
                .to_owned(),
            ([row], Some(column)) if plan.aggregate.is_some() && plan.group.is_none() => {
                let Some(cell) = row.cells.last() else {
                    return String::new();
                };
                if cell.value == ResultValue::Nothing {
                    return self
                        .pick(
                            "Não há valores para calcular.",
                            "There are no values to compute with.",
                        )
                        .to_owned();
                }
                let value = self.value(cell, column);
                let who: Vec<String> = row
                    .cells
                    .iter()
                    .zip(&outcome.columns)
                    .take(row.cells.len() - 1)
                    .map(|(cell, column)| escape(&self.value(cell, column)))
                    .collect();
                if who.is_empty() {
                    format!("**{}**", escape(&value))
                } else {
                    format!("**{}** ({})", escape(&value), who.join(", "))
                }
            }
            ([row], Some(column)) if plan.aggregate.is_none() && row.cells.len() <= 2 => {
                let Some(cell) = row.cells.last() else {
                    return String::new();
                };
                format!("**{}**", escape(&self.value(cell, column)))
            }
            _ => {
                let mut text = String::new();
                if let (Some(difference), Some(column)) = (outcome.difference, last) {
                    let shown = self.number(difference.abs(), false, column);
                    text = format!(
                        "{} **{}**\n\n",
                        self.pick("Diferença:", "Difference:"),
                        escape(&shown)
                    );
                }
                let count = outcome.row_count;
                if plan.group.is_none() {
                    text.push_str(&format!(
                        "{count} {}:\n\n",
                        match (count, self.english) {
                            (1, false) => "resultado",
                            (_, false) => "resultados",
                            (1, true) => "result",
                            (_, true) => "results",
                        }
                    ));
                }
                text.push_str(&self.table(outcome));
                text
            }
        }
    }

    /// A Markdown table.
    fn table(&self, outcome: &Outcome) -> String {
        let heads: Vec<String> = outcome
            .columns
            .iter()
            .map(|column| escape(&self.head(column)))
            .collect();
        let mut text = format!(
            "| {} |\n|{}\n",
            heads.join(" | "),
            " --- |".repeat(heads.len())
        );
        for row in outcome.rows.iter().take(MOST_ROWS) {
            let cells: Vec<String> = row
                .cells
                .iter()
                .zip(&outcome.columns)
                .map(|(cell, column)| escape(&self.value(cell, column)))
                .collect();
            text.push_str(&format!("| {} |\n", cells.join(" | ")));
        }
        let more = outcome
            .row_count
            .saturating_sub(outcome.rows.len().min(MOST_ROWS));
        if more > 0 {
            text.push_str(&if self.english {
                format!("\n… and {more} more.\n")
            } else {
                format!("\n… e mais {more}.\n")
            });
        }
        text
    }

    fn head(&self, column: &ResultColumn) -> String {
        match column.function {
            None => column.name.clone(),
            Some(function) if column.name.is_empty() => {
                let _ = function;
                self.pick("Quantidade", "Count").to_owned()
            }
            Some(function) => format!("{} ({})", column.name, self.function(function)),
        }
    }

    fn function(&self, function: Function) -> &'static str {
        match (function, self.english) {
            (Function::Count, false) => "quantidade",
            (Function::Sum, false) => "soma",
            (Function::Mean, false) => "média",
            (Function::Min, false) => "menor valor",
            (Function::Max, false) => "maior valor",
            (Function::Count, true) => "count",
            (Function::Sum, true) => "sum",
            (Function::Mean, true) => "mean",
            (Function::Min, true) => "least value",
            (Function::Max, true) => "greatest value",
        }
    }

    fn place(&self, outcome: &Outcome) -> String {
        let places: Vec<String> = outcome
            .sources
            .iter()
            .map(|source| {
                let sheet = source.sheet.as_deref().unwrap_or(&source.table);
                match (&source.range, source.folded) {
                    (Some(range), false) => format!("{}!{range}", escape(sheet)),
                    (Some(range), true) => format!(
                        "{}!{range} ({} {})",
                        escape(sheet),
                        source.rows,
                        self.pick("linhas deste intervalo", "rows of this range")
                    ),
                    (None, _) => escape(sheet),
                }
            })
            .collect();
        format!("{} {}.", self.pick("Fonte:", "Source:"), places.join("; "))
    }
}

fn capitalised(word: &str) -> String {
    let mut characters = word.chars();
    characters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(characters).collect()
    })
}

/// Text of a cell as inert Markdown: one line, nothing of it formats, links or breaks a table.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '~' | '!' | '&' => {
                escaped.push('\\');
                escaped.push(character);
            }
            c if c.is_control() => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    escaped
}
