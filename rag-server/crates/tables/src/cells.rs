//! Cells, read in every way they can be; and units.

use rust_decimal::Decimal;

use crate::moment;
use crate::number::{self, Written};
use crate::value::key;

/// One cell, read in every way it can be.
pub(crate) enum Reading {
    Nothing,
    Error,
    Number(Written),
    Clock(i64),
    Date(moment::WrittenDate),
    Flag(bool),
    Text,
}

/// What a cell says.
pub(crate) fn reading(text: &str) -> Reading {
    let text = text.trim();
    if matches!(
        text,
        "" | "-" | "--" | "---" | "–" | "—" | "n/a" | "N/A" | "n/d" | "N/D" | "NULL" | "null"
    ) {
        return Reading::Nothing;
    }
    if text.starts_with('#') && (text.ends_with(['!', '?']) || matches!(text, "#N/A" | "#N/D")) {
        return Reading::Error;
    }
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        if let Some(date) = moment::read_date(text) {
            return Reading::Date(date);
        }
        if let Some(seconds) = moment::read_clock(text) {
            return Reading::Clock(seconds);
        }
    }
    if let Some(written) = number::read(text) {
        return Reading::Number(written);
    }
    if let Some(date) = moment::read_date(text) {
        return Reading::Date(date);
    }
    match key(text).as_str() {
        "sim" | "yes" | "verdadeiro" | "true" => Reading::Flag(true),
        "nao" | "no" | "falso" | "false" => Reading::Flag(false),
        _ => Reading::Text,
    }
}

/// What a number in `from` is multiplied by to be in `to`.
pub(crate) fn factor(from: &str, to: &str) -> Option<Decimal> {
    let size = |unit: &str| -> Option<(u8, Decimal)> {
        Some(match unit {
            "mg" => (0, Decimal::new(1, 3)),
            "g" => (0, Decimal::ONE),
            "kg" => (0, Decimal::from(1000)),
            "t" => (0, Decimal::from(1_000_000)),
            "ml" => (1, Decimal::new(1, 3)),
            "l" => (1, Decimal::ONE),
            "mm" => (2, Decimal::new(1, 3)),
            "cm" => (2, Decimal::new(1, 2)),
            "m" => (2, Decimal::ONE),
            "km" => (2, Decimal::from(1000)),
            "s" => (3, Decimal::ONE),
            "min" => (3, Decimal::from(60)),
            "h" => (3, Decimal::from(3600)),
            _ => return None,
        })
    };
    if from == to {
        return Some(Decimal::ONE);
    }
    let (measure, from) = size(from)?;
    let (other, to) = size(to)?;
    if measure != other {
        return None;
    }
    let factor = from.checked_div(to)?;
    // A third of an hour has no exact decimal.
    (factor.checked_mul(to)? == from).then_some(factor)
}

pub(crate) fn is_currency(unit: &str) -> bool {
    matches!(unit, "R$" | "US$" | "$" | "€" | "£")
}

/// The unit a header names: `Carga (kg)`, `Preço [R$]`, `Peso em kg`, `Altura/cm`.
pub(crate) fn unit_of_header(name: &str) -> Option<String> {
    let leaf = name.rsplit(" / ").next().unwrap_or(name);
    let inside = |open: char, close: char| {
        let (_, rest) = leaf.rsplit_once(open)?;
        Some(rest.split(close).next().unwrap_or(rest).trim())
    };
    let candidate = inside('(', ')')
        .or_else(|| inside('[', ']'))
        .or_else(|| leaf.rsplit_once(" em ").map(|(_, unit)| unit.trim()))
        .or_else(|| leaf.rsplit_once(" in ").map(|(_, unit)| unit.trim()))
        .or_else(|| leaf.strip_suffix('%').map(|_| "%"))
        .or_else(|| leaf.rsplit_once('/').map(|(_, unit)| unit.trim()))?;
    let known = is_currency(candidate)
        || candidate == "%"
        || candidate == "reais"
        || number::is_known_unit(candidate);
    known.then(|| {
        if candidate == "reais" {
            "R$".to_owned()
        } else {
            candidate.to_owned()
        }
    })
}

/// A header's name without the unit it names.
pub(crate) fn without_unit(name: &str) -> &str {
    let Some(unit) = unit_of_header(name) else {
        return name;
    };
    let cut = name
        .rfind(['(', '['])
        .or_else(|| name.rfind(" em "))
        .or_else(|| name.rfind(" in "))
        .or_else(|| name.strip_suffix(unit.as_str()).map(str::len));
    cut.and_then(|cut| name.get(..cut))
        .map(|rest| rest.trim_end_matches(['/', ' ']))
        .filter(|rest| !rest.is_empty())
        .unwrap_or(name)
}
