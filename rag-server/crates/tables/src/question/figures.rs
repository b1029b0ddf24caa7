//! Numbers of a question, with their units.

use rust_decimal::Decimal;

use super::scope::Scope;
use super::tags::Figure;
use crate::moment;
use crate::number::{self, Mark};
use crate::view::Field;
use crate::words::{Word, spelled, stem};

impl Scope<'_> {
    /// A number, with the currency before it, the unit after it, `mil` and `milhões`.
    pub(super) fn figure(&self, words: &[Word], at: usize) -> Option<(Figure, usize)> {
        let first = words.get(at)?;
        let currency = matches!(first.folded.as_str(), "r$" | "us$" | "$" | "€");
        let place = at + usize::from(currency);
        let word = words.get(place)?;
        let mark = if self.english {
            Mark::Point
        } else {
            Mark::Comma
        };
        let mut length = place + 1 - at;
        if let Some(number) = spelled(&word.folded).filter(|_| !currency) {
            let figure = Figure {
                value: Decimal::from(number),
                unit: None,
                clock: false,
                year: None,
                text: word.text.clone(),
            };
            return Some((figure, length));
        }
        if !currency
            && (word.folded.contains(':') || word.folded.contains('h'))
            && let Some(seconds) = moment::read_clock(&word.text)
        {
            let mut length = length;
            if words.get(place + 1).is_some_and(|next| next.folded == "h") {
                length += 1;
            }
            let figure = Figure {
                value: Decimal::from(seconds),
                unit: None,
                clock: true,
                year: None,
                text: word.text.clone(),
            };
            return Some((figure, length));
        }
        if word.folded.contains('/') {
            return None;
        }
        let written = number::read(&word.text)?;
        let mut value = written.value(mark)?;
        let mut unit = written
            .unit
            .clone()
            .or_else(|| written.percent.then(|| "%".to_owned()));
        if currency {
            unit = Some(match first.folded.as_str() {
                "r$" => "R$".to_owned(),
                "us$" => "US$".to_owned(),
                other => other.to_owned(),
            });
        }
        let next = |length: usize| words.get(at + length).map(|word| word.folded.as_str());
        let factor = match next(length) {
            Some("mil" | "thousand") => Some(1_000),
            Some("milhao" | "milhoes" | "million") => Some(1_000_000),
            _ => None,
        };
        if let Some(factor) = factor {
            value = value.checked_mul(Decimal::from(factor))?;
            length += 1;
        }
        if unit.is_none() {
            match next(length) {
                Some("de") if factor.is_some() && next(length + 1) == Some("reais") => {
                    unit = Some("R$".to_owned());
                    length += 2;
                }
                Some("reais" | "real") => {
                    unit = Some("R$".to_owned());
                    length += 1;
                }
                Some("%" | "percent") => {
                    unit = Some("%".to_owned());
                    length += 1;
                }
                Some("por") if next(length + 1) == Some("cento") => {
                    unit = Some("%".to_owned());
                    length += 2;
                }
                Some(word) if self.is_unit(word) && self.columns(&[&stem(word)]).is_empty() => {
                    unit = Some(word.to_owned());
                    length += 1;
                }
                _ => {}
            }
        }
        let year = (length == 1
            && word.folded.len() == 4
            && word.folded.bytes().all(|b| b.is_ascii_digit()))
        .then(|| word.folded.parse().ok())
        .flatten()
        .filter(|year| (1900..=2100).contains(year));
        let figure = Figure {
            value,
            unit,
            clock: false,
            year,
            text: word.text.clone(),
        };
        Some((figure, length))
    }

    fn is_unit(&self, word: &str) -> bool {
        let wanted = number::unit_key(word);
        self.view.fields().iter().any(|field| {
            self.view
                .column(*field)
                .and_then(|column| column.unit.as_deref())
                .is_some_and(|unit| number::unit_key(unit) == wanted)
        }) || (number::is_known_unit(word)
            && !matches!(wanted.as_str(), "dias" | "t" | "m" | "s" | "h"))
    }

    /// Columns of numbers with this unit.
    pub(crate) fn with_unit(&self, unit: &str) -> Vec<Field> {
        let unit = match unit {
            "real" | "reais" => "R$",
            "dolar" | "dolares" => "US$",
            "euro" | "euros" => "€",
            other => other,
        };
        let wanted = number::unit_key(unit);
        let sign =
            |own: &str| own == unit || (!wanted.is_empty() && number::unit_key(own) == wanted);
        self.view
            .fields()
            .into_iter()
            .filter(|field| {
                self.view.column(*field).is_some_and(|column| {
                    column.kind.is_numeric() && column.unit.as_deref().is_some_and(sign)
                })
            })
            .collect()
    }
}
