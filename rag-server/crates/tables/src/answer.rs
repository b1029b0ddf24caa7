//! Results as people read them, in Portuguese or English.

use chrono::Datelike;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

use crate::column::Oddity;
use crate::moment::{self, Precision, show_clock, show_date};
use crate::outcome::{Note, NoteCode, Outcome, ResultCell, ResultColumn, ResultValue};
use crate::plan::{Condition, Filter, Function, Op, Part, Plan};
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

    /// `Média de “Nota” nas 12 de 30 linhas de “Notas” em que Turma = B.`
    fn formula(&self, plan: &Plan, outcome: &Outcome) -> String {
        let quoted = |name: &str| format!("“{}”", escape(name));
        let what = match &plan.aggregate {
            None => {
                let columns: Vec<String> = plan.columns.iter().map(|name| quoted(name)).collect();
                columns.join(", ")
            }
            Some(aggregate) => match (&aggregate.column, aggregate.function, self.english) {
                (None, _, false) => "Contagem de linhas".to_owned(),
                (None, _, true) => "Count of rows".to_owned(),
                (Some(column), Function::Count, false) => {
                    format!("Contagem de valores distintos de {}", quoted(column))
                }
                (Some(column), Function::Count, true) => {
                    format!("Count of distinct values of {}", quoted(column))
                }
                (Some(column), function, english) => {
                    let name = capitalised(self.function(function));
                    format!(
                        "{name} {} {}",
                        if english { "of" } else { "de" },
                        quoted(column)
                    )
                }
            },
        };
        let mut text = what;
        if let Some(group) = &plan.group {
            let part = match (group.part, self.english) {
                (Some(Part::Month), false) => "mês de ",
                (Some(Part::Year), false) => "ano de ",
                (Some(Part::Month), true) => "month of ",
                (Some(Part::Year), true) => "year of ",
                (None, _) => "",
            };
            text.push_str(&format!(
                " {} {part}{}",
                self.pick("por", "by"),
                quoted(&group.column)
            ));
        }
        if let Some(order) = &plan.order {
            text.push_str(match (order.descending, self.english) {
                (true, false) => ", do maior para o menor",
                (false, false) => ", do menor para o maior",
                (true, true) => ", greatest first",
                (false, true) => ", least first",
            });
            if let Some(limit) = plan.limit {
                text.push_str(&if self.english {
                    format!(", up to place {limit}")
                } else {
                    format!(", até a posição {limit}")
                });
            }
        }
        let table = match &plan.join {
            None => quoted(&plan.table),
            Some(join) => {
                if self.english {
                    format!(
                        "{} joined with {} by “{}”",
                        quoted(&plan.table),
                        quoted(&join.table),
                        escape(&join.left)
                    )
                } else {
                    format!(
                        "{} ligada a {} por “{}”",
                        quoted(&plan.table),
                        quoted(&join.table),
                        escape(&join.left)
                    )
                }
            }
        };
        let rows = if self.english {
            format!(
                " — {} of {} rows of {table}",
                outcome.matched, outcome.total
            )
        } else {
            format!(
                " — {} de {} linhas de {table}",
                outcome.matched, outcome.total
            )
        };
        text.push_str(&rows);
        if let Some(filter) = &plan.filter {
            text.push_str(self.pick(" em que ", " where "));
            text.push_str(&self.filter(filter, false));
        }
        text.push('.');
        text
    }

    fn filter(&self, filter: &Filter, inner: bool) -> String {
        let (parts, word) = match filter {
            Filter::All { all } => (all, self.pick(" e ", " and ")),
            Filter::Any { any } => (any, self.pick(" ou ", " or ")),
            Filter::Not { not } => {
                return format!("{} ({})", self.pick("não", "not"), self.filter(not, true));
            }
            Filter::Is(condition) => return self.condition(condition),
        };
        let parts: Vec<String> = parts.iter().map(|part| self.filter(part, true)).collect();
        let joined = parts.join(word);
        if inner { format!("({joined})") } else { joined }
    }

    fn condition(&self, condition: &Condition) -> String {
        let values: Vec<String> = condition
            .values
            .iter()
            .map(|value| self.literal(&value.0))
            .collect();
        let column = escape(&condition.column);
        let one = values.join(self.pick(" ou ", " or "));
        match condition.op {
            Op::Equal => format!("{column} = {one}"),
            Op::Less => format!("{column} < {one}"),
            Op::AtMost => format!("{column} ≤ {one}"),
            Op::Greater => format!("{column} > {one}"),
            Op::AtLeast => format!("{column} ≥ {one}"),
            Op::Between => format!(
                "{column} {} {}",
                self.pick("entre", "between"),
                values.join(self.pick(" e ", " and "))
            ),
            Op::Contains => format!("{column} {} {one}", self.pick("contém", "contains")),
            Op::Empty => format!("{column} {}", self.pick("está vazia", "is blank")),
        }
    }

    /// Dates as the language writes them, decimals with its sign.
    fn literal(&self, text: &str) -> String {
        if let Some(span) = crate::check::span(&crate::plan::Literal(text.to_owned()))
            .filter(|_| text.contains('-') && text.len() >= 7)
        {
            let date = span.from;
            return match (text.len(), self.english) {
                (7, english) => format!(
                    "{}{}{}",
                    moment::month_name(date.month(), english),
                    if english { " " } else { " de " },
                    date.year()
                ),
                _ => date.format("%d/%m/%Y").to_string(),
            };
        }
        if text == "true" {
            return self.pick("sim", "yes").to_owned();
        }
        let number = !text.is_empty()
            && text
                .bytes()
                .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'));
        if number && !self.english {
            return text.replace('.', ",");
        }
        escape(text)
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

    fn note(&self, note: &Note) -> String {
        let count = note.count;
        let column = &note.column;
        let some = if note.examples.is_empty() {
            String::new()
        } else {
            format!(" ({})", note.examples.join(", "))
        };
        if self.english {
            return match note.code {
                NoteCode::Cell(Oddity::ErrorCell) => {
                    format!("{count} cells of “{column}” show an error and were left out{some}.")
                }
                NoteCode::Cell(Oddity::OtherType) => format!(
                    "{count} cells of “{column}” do not hold what the column holds and were left out{some}."
                ),
                NoteCode::Cell(Oddity::OtherUnit) => format!(
                    "{count} cells of “{column}” have another unit and were left out{some}."
                ),
                NoteCode::Cell(Oddity::Converted) => format!(
                    "{count} cells of “{column}” were converted to the column's unit{some}."
                ),
                NoteCode::Cell(Oddity::OtherMark) => {
                    format!("{count} cells of “{column}” use the other decimal sign{some}.")
                }
                NoteCode::Cell(Oddity::UnclearNumber) => {
                    format!("{count} numbers of “{column}” can be read in two ways{some}.")
                }
                NoteCode::Cell(Oddity::UnclearDate) => format!(
                    "{count} dates of “{column}” can be read in two ways; the day was taken first{some}."
                ),
                NoteCode::BlankCells => format!("{count} blank cells of “{column}” were left out."),
                NoteCode::UncomparedRows => {
                    format!("{count} rows without a comparable value in “{column}” were left out.")
                }
                NoteCode::TotalsLeftOut => format!("{count} rows of totals were left out."),
                NoteCode::Hidden => "The table is hidden in the file.".to_owned(),
                NoteCode::Unjoined => format!("{count} rows have no partner in the other table."),
                NoteCode::Ties => {
                    format!("{count} more are listed because they tie with the last.")
                }
                NoteCode::RepeatedValues => {
                    format!("The distinct values of “{column}” stand in {count} rows.")
                }
            };
        }
        match note.code {
            NoteCode::Cell(Oddity::ErrorCell) => {
                format!("{count} células de “{column}” mostram erro e ficaram de fora{some}.")
            }
            NoteCode::Cell(Oddity::OtherType) => format!(
                "{count} células de “{column}” não têm o tipo da coluna e ficaram de fora{some}."
            ),
            NoteCode::Cell(Oddity::OtherUnit) => {
                format!("{count} células de “{column}” têm outra unidade e ficaram de fora{some}.")
            }
            NoteCode::Cell(Oddity::Converted) => format!(
                "{count} células de “{column}” foram convertidas para a unidade da coluna{some}."
            ),
            NoteCode::Cell(Oddity::OtherMark) => {
                format!("{count} células de “{column}” usam o outro sinal decimal{some}.")
            }
            NoteCode::Cell(Oddity::UnclearNumber) => {
                format!("{count} números de “{column}” podem ser lidos de dois modos{some}.")
            }
            NoteCode::Cell(Oddity::UnclearDate) => format!(
                "{count} datas de “{column}” podem ser lidas de dois modos; o dia foi lido primeiro{some}."
            ),
            NoteCode::BlankCells => {
                format!("{count} células vazias de “{column}” ficaram de fora.")
            }
            NoteCode::UncomparedRows => {
                format!("{count} linhas sem valor comparável em “{column}” ficaram de fora.")
            }
            NoteCode::TotalsLeftOut => format!("{count} linhas de totais ficaram de fora."),
            NoteCode::Hidden => "A tabela está oculta no arquivo.".to_owned(),
            NoteCode::Unjoined => format!("{count} linhas não têm par na outra tabela."),
            NoteCode::Ties => format!("Há {count} a mais porque empatam com a última posição."),
            NoteCode::RepeatedValues => {
                format!("Os valores distintos de “{column}” estão em {count} linhas.")
            }
        }
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
