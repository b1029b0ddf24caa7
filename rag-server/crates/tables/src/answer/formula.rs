//! What was computed, in words.

use chrono::Datelike;

use super::{Say, capitalised, escape};
use crate::moment;
use crate::outcome::Outcome;
use crate::plan::{Condition, Filter, Function, Op, Part, Plan};

impl Say {
    /// `Média de “Nota” nas 12 de 30 linhas de “Notas” em que Turma = B.`
    pub(super) fn formula(&self, plan: &Plan, outcome: &Outcome) -> String {
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
            Op::AboveMean => format!(
                "{column} > {}",
                self.pick("média de todas as linhas", "mean of all rows")
            ),
            Op::BelowMean => format!(
                "{column} < {}",
                self.pick("média de todas as linhas", "mean of all rows")
            ),
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
}
