//! Columns with a type, found from what their cells say.

use std::collections::{BTreeMap, HashMap};

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::cells::{Reading, factor, is_currency, reading, unit_of_header};
use crate::moment::Precision;
use crate::number::{self, Mark, Shape, Written};
use crate::source::Behind;
use crate::value::{Kind, Value, key};

/// Share of filled cells that must read as a type for the column to have it: three in four.
const MOST_ODD: usize = 4;
/// Decimals a result is shown with, at most.
const MOST_DECIMALS: u32 = 6;

/// Why a cell deserves a word when a result touches it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Oddity {
    /// `#DIV/0!` and other errors of formulas; left out.
    ErrorCell,
    /// Words in a column of numbers or dates; left out.
    OtherType,
    /// Another unit than the column's, and none it can be converted from; left out.
    OtherUnit,
    /// Converted to the column's unit (`500 g` in a column of kg).
    Converted,
    /// Written with the other decimal sign than the column's.
    OtherMark,
    /// `1.234` where nothing tells whether it means thousands; read by the column's usual sign.
    UnclearNumber,
    /// `03/04/2025` in a column where the month stands first elsewhere and the day elsewhere; read with the day first.
    UnclearDate,
    /// Shows fewer decimals than it holds; computed with all of them.
    Rounded,
    /// A formula whose result the file does not keep; left out.
    Uncomputed,
}

/// A column of a table.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its name, unique in the table.
    pub name: String,
    /// Levels of the header from the top; one in most tables.
    pub path: Vec<String>,
    /// Its type.
    pub kind: Kind,
    /// Unit from the header or the cells: `kg`, `R$`, `%`.
    pub unit: Option<String>,
    /// Most decimals that any cell has.
    pub decimals: u32,
    /// Whole numbers that name something (registration, year, code) rather than measure it.
    pub identifier: bool,
    pub(crate) precision: Precision,
    pub(crate) values: Vec<Value>,
    /// Distinct texts, as written first.
    pub(crate) dictionary: Vec<String>,
    /// The same, folded for comparison.
    pub(crate) keys: Vec<String>,
    /// Rows with oddities, in order.
    pub(crate) oddities: Vec<(u32, Oddity)>,
}

/// Words in a header that say that its numbers are names.
const NAMING: [&str; 22] = [
    "matricula",
    "codigo",
    "cod",
    "id",
    "cpf",
    "cnpj",
    "rg",
    "telefone",
    "celular",
    "cep",
    "ra",
    "ano",
    "year",
    "code",
    "number",
    "numero",
    "registro",
    "isbn",
    "sku",
    "no",
    "protocolo",
    "turma",
];

/// Types a column. `cells`: one text per row; `behind`: what cells hold that does not show, by row; `counted`: rows that are data, not totals; `mark`: the decimal sign where no cell of the
/// column tells it.
pub(crate) fn typed<'a>(
    name: String,
    path: Vec<String>,
    cells: impl Iterator<Item = &'a str> + Clone,
    behind: &HashMap<u32, &Behind>,
    counted: &[bool],
    mark: Mark,
) -> Column {
    let readings: Vec<Reading> = cells.clone().map(reading).collect();
    let counted = |row: usize| counted.get(row).copied().unwrap_or(true);
    let mut filled = 0_usize;
    let (mut numbers, mut dates, mut clocks, mut flags) = (0, 0, 0, 0);
    let (mut percents, mut currencies) = (0, 0);
    let mut units: BTreeMap<String, (usize, String)> = BTreeMap::new();
    let mut signs: BTreeMap<&'static str, usize> = BTreeMap::new();
    let (mut commas, mut points, mut codes) = (0, 0, 0);
    let (mut month_first, mut day_first) = (0, 0);
    for (_, reading) in readings.iter().enumerate().filter(|(row, _)| counted(*row)) {
        match reading {
            Reading::Nothing | Reading::Error => continue,
            Reading::Number(written) => {
                numbers += 1;
                percents += usize::from(written.percent);
                codes += usize::from(written.is_code());
                if let Some(sign) = written.currency {
                    currencies += 1;
                    *signs.entry(sign).or_default() += 1;
                }
                if let Some(unit) = &written.unit {
                    let entry = units
                        .entry(number::unit_key(unit))
                        .or_insert_with(|| (0, unit.clone()));
                    entry.0 += 1;
                }
                match written.shape {
                    Shape::Sure(Mark::Comma) => commas += 1,
                    Shape::Sure(Mark::Point) => points += 1,
                    Shape::Whole | Shape::Either(_) => {}
                }
            }
            Reading::Date(date) => {
                dates += 1;
                month_first += usize::from(date.is_month_first());
                day_first += usize::from(date.is_day_first());
            }
            Reading::Clock(_) => clocks += 1,
            Reading::Flag(_) => flags += 1,
            Reading::Text => {}
        }
        filled += 1;
    }
    // Words after numbers are units when they are known, or when half the column has the same one.
    let strange: usize = units
        .iter()
        .filter(|(unit, (count, _))| !number::is_known_unit(unit) && count * 2 < filled)
        .map(|(_, (count, _))| count)
        .sum();
    numbers -= strange;
    let enough = |count: usize| count > 0 && (filled - count) * MOST_ODD <= filled;
    let header_unit = unit_of_header(&name);
    let cell_unit = units
        .values()
        .max_by_key(|(count, _)| *count)
        .map(|(_, unit)| unit.clone());
    let folded = key(&name);
    let words: Vec<&str> = folded
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let kind = if filled == 0 {
        Kind::Text
    } else if enough(numbers) {
        if codes > 0 {
            Kind::Text
        } else if percents * 2 > numbers {
            Kind::Percentage
        } else if currencies * 2 > numbers || header_unit.as_deref().is_some_and(is_currency) {
            Kind::Currency
        } else {
            // Set to whole numbers below when no cell has decimals.
            Kind::Decimal
        }
    } else if enough(dates) {
        Kind::Date
    } else if enough(clocks) {
        let long = readings
            .iter()
            .any(|reading| matches!(reading, Reading::Clock(seconds) if *seconds >= 86_400));
        let says = words.iter().any(|word| {
            matches!(
                *word,
                "duracao" | "duration" | "tempo" | "carga" | "descanso" | "intervalo" | "total"
            )
        });
        if long || says {
            Kind::Duration
        } else {
            Kind::Time
        }
    } else if enough(flags) {
        Kind::Flag
    } else {
        Kind::Text
    };
    let unit = match kind {
        Kind::Percentage => Some("%".to_owned()),
        Kind::Currency => signs
            .iter()
            .max_by_key(|(_, count)| **count)
            .map(|(sign, _)| (*sign).to_owned())
            .or_else(|| header_unit.clone()),
        Kind::Decimal => header_unit.clone().or(cell_unit),
        _ => None,
    };
    let usual = match (commas, points) {
        (0, 0) => mark,
        (commas, points) if commas > points => Mark::Comma,
        _ => Mark::Point,
    };
    let mut made = Maker {
        usual,
        both: commas > 0 && points > 0,
        known: commas > 0 || points > 0,
        month_first: month_first > day_first,
        unclear_dates: month_first > 0 && day_first > 0,
        texts: HashMap::new(),
        column: Column {
            identifier: false,
            name,
            path,
            kind,
            unit,
            decimals: 0,
            precision: Precision::Day,
            values: Vec::with_capacity(readings.len()),
            dictionary: Vec::new(),
            keys: Vec::new(),
            oddities: Vec::new(),
        },
    };
    let mut months = 0;
    for (row, (reading, text)) in readings.iter().zip(cells).enumerate() {
        if let Reading::Date(date) = reading {
            months += usize::from(date.precision == Precision::Month);
            if date.precision == Precision::Minute {
                made.column.precision = Precision::Minute;
            }
        }
        let exact = behind.get(&(row as u32)).copied();
        let value = made.value(row as u32, reading, text, exact, counted(row));
        made.column.values.push(value);
    }
    let mut column = made.column;
    if months * 2 > dates && dates > 0 {
        column.precision = Precision::Month;
    }
    if column.kind == Kind::Decimal && column.decimals == 0 {
        column.kind = Kind::Integer;
        column.identifier = column.unit.is_none() && words.iter().any(|word| NAMING.contains(word));
    }
    column
}

#[expect(
    clippy::struct_excessive_bools,
    reason = "each is something its cells say of a column"
)]
struct Maker {
    usual: Mark,
    both: bool,
    known: bool,
    month_first: bool,
    unclear_dates: bool,
    texts: HashMap<String, u32>,
    column: Column,
}

impl Maker {
    fn value(
        &mut self,
        row: u32,
        reading: &Reading,
        text: &str,
        behind: Option<&Behind>,
        counted: bool,
    ) -> Value {
        let kind = self.column.kind;
        match reading {
            Reading::Nothing => {
                if behind.is_some_and(|behind| behind.exact.is_none()) {
                    self.column.oddities.push((row, Oddity::Uncomputed));
                }
                Value::Empty
            }
            Reading::Error => {
                self.column.oddities.push((row, Oddity::ErrorCell));
                self.odd(text)
            }
            Reading::Number(written)
                if matches!(
                    kind,
                    Kind::Decimal | Kind::Percentage | Kind::Currency | Kind::Integer
                ) =>
            {
                self.number(
                    row,
                    written,
                    text,
                    behind.and_then(|behind| behind.exact),
                    counted,
                )
            }
            Reading::Clock(seconds) if matches!(kind, Kind::Time | Kind::Duration) => {
                Value::Number(Decimal::from(*seconds))
            }
            Reading::Date(date) if kind == Kind::Date => {
                if self.unclear_dates
                    && date.either
                    && !date.is_month_first()
                    && !date.is_day_first()
                {
                    self.column.oddities.push((row, Oddity::UnclearDate));
                }
                if let Some(date) = date.value(self.month_first && !self.unclear_dates) {
                    Value::Date(date)
                } else {
                    self.column.oddities.push((row, Oddity::OtherType));
                    self.odd(text)
                }
            }
            Reading::Flag(flag) if kind == Kind::Flag => Value::Flag(*flag),
            _ if kind == Kind::Text => Value::Text(self.intern(text)),
            _ => {
                self.column.oddities.push((row, Oddity::OtherType));
                self.odd(text)
            }
        }
    }

    fn number(
        &mut self,
        row: u32,
        written: &Written,
        text: &str,
        exact: Option<Decimal>,
        counted: bool,
    ) -> Value {
        let own = if written.currency == Some("R$") && !self.known {
            Mark::Comma
        } else {
            self.usual
        };
        let Some(mut value) = written.value(own) else {
            self.column.oddities.push((row, Oddity::OtherType));
            return self.odd(text);
        };
        match written.shape {
            Shape::Either(_) if self.both => {
                self.column.oddities.push((row, Oddity::UnclearNumber));
            }
            Shape::Sure(mark) if self.both && mark != self.usual => {
                self.column.oddities.push((row, Oddity::OtherMark));
            }
            _ => {}
        }
        let mut shown = value.scale();
        if let Some(exact) = exact {
            value = exact;
            self.column.oddities.push((row, Oddity::Rounded));
        }
        let unit = self.column.unit.clone();
        let fits = match self.column.kind {
            Kind::Percentage => written.percent && written.unit.is_none(),
            Kind::Currency => {
                !written.percent
                    && written.unit.is_none()
                    && written
                        .currency
                        .is_none_or(|sign| unit.as_deref() == Some(sign))
            }
            _ => {
                !written.percent
                    && match (&written.unit, &unit) {
                        (None, _) => true,
                        (Some(own), Some(unit)) => {
                            match factor(&number::unit_key(own), &number::unit_key(unit)) {
                                Some(factor) => {
                                    if factor != Decimal::ONE {
                                        self.column.oddities.push((row, Oddity::Converted));
                                        value = (value * factor).normalize();
                                        shown = value.scale();
                                    }
                                    true
                                }
                                None => false,
                            }
                        }
                        (Some(_), None) => false,
                    }
                    && written.currency.is_none()
            }
        };
        if !fits {
            self.column.oddities.push((row, Oddity::OtherUnit));
            return self.odd(text);
        }
        if counted {
            self.column.decimals = self.column.decimals.max(shown.min(MOST_DECIMALS));
        }
        Value::Number(value)
    }

    fn intern(&mut self, text: &str) -> u32 {
        let folded = key(text);
        if let Some(found) = self.texts.get(&folded) {
            return *found;
        }
        let index = self.column.dictionary.len() as u32;
        self.column.dictionary.push(text.trim().to_owned());
        self.column.keys.push(folded.clone());
        self.texts.insert(folded, index);
        index
    }

    fn odd(&mut self, text: &str) -> Value {
        Value::Odd(self.intern(text))
    }
}
