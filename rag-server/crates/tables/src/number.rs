//! Numbers as people write them.

use rust_decimal::Decimal;

/// Which sign stands before the decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    Comma,
    Point,
}

/// How a number is written, as far as it tells the decimal sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// No separator: any reading is the same.
    Whole,
    /// Can only be read with this decimal sign.
    Sure(Mark),
    /// `1.234` or `1,234`: thousands or decimals; holds the sign that stands there.
    Either(Mark),
}

/// A number and what was written around it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Written {
    digits: String,
    negative: bool,
    pub(crate) shape: Shape,
    pub(crate) percent: bool,
    /// `R$`, `US$`, `€`, …
    pub(crate) currency: Option<&'static str>,
    /// Letters after the number, as written.
    pub(crate) unit: Option<String>,
}

/// Longer ones are codes, and no decimal holds them.
const MOST_DIGITS: usize = 27;

const CURRENCIES: [(&str, &str); 8] = [
    ("R$", "R$"),
    ("US$", "US$"),
    ("U$", "US$"),
    ("$", "$"),
    ("€", "€"),
    ("£", "£"),
    ("BRL", "R$"),
    ("EUR", "€"),
];

/// Reads `R$ 1.234,56`, `87,5%`, `12 kg`, `(30)`, `-1,5`, `1E-12`; nothing for anything else.
pub(crate) fn read(text: &str) -> Option<Written> {
    let mut rest = text.trim();
    let mut negative = false;
    if let Some(inner) = rest.strip_prefix('(').and_then(|r| r.strip_suffix(')')) {
        negative = true;
        rest = inner.trim();
    }
    let sign = |rest: &mut &str, negative: &mut bool| {
        if let Some(after) = rest.strip_prefix(['-', '−', '–']) {
            *negative = !*negative;
            *rest = after.trim_start();
        } else if let Some(after) = rest.strip_prefix('+') {
            *rest = after.trim_start();
        }
    };
    sign(&mut rest, &mut negative);
    let mut currency = None;
    for (written, meant) in CURRENCIES {
        if let Some(after) = rest.strip_prefix(written) {
            currency = Some(meant);
            rest = after.trim_start();
            break;
        }
    }
    sign(&mut rest, &mut negative);
    let end = rest
        .find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | ',')))
        .unwrap_or(rest.len());
    let (mut digits, mut suffix) = rest.split_at_checked(end)?;
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == ',' || c == '.')
        || !digits.contains(|c: char| c.is_ascii_digit())
    {
        return None;
    }
    if let Some(cut) = digits.strip_suffix(['.', ',']) {
        digits = cut;
        if !suffix.is_empty() {
            return None;
        }
    }
    let mut exponent = 0_i32;
    if let Some(power) = suffix.strip_prefix(['E', 'e'])
        && let Ok(power) = power.parse::<i32>()
    {
        exponent = power;
        suffix = "";
    }
    let suffix = suffix.trim();
    let (percent, suffix) = match suffix.strip_prefix('%') {
        Some(after) => (true, after.trim()),
        None => (false, suffix),
    };
    let (suffix, currency) = match suffix {
        "€" | "EUR" | "euros" => ("", Some("€")),
        "reais" | "real" | "BRL" => ("", Some("R$")),
        other => (other, currency),
    };
    let unit = match suffix {
        "" => None,
        _ if percent || suffix.chars().count() > 14 => return None,
        _ if suffix.starts_with(['º', 'ª', '°'])
            || !suffix.starts_with(|c: char| c.is_alphabetic())
            || !suffix
                .chars()
                .all(|c| c.is_alphabetic() || matches!(c, '²' | '³' | '/' | ' ' | '.')) =>
        {
            return None;
        }
        other => Some(other.trim_end_matches('.').to_owned()),
    };
    let shape = shape(digits)?;
    let count = digits.bytes().filter(u8::is_ascii_digit).count();
    if count > MOST_DIGITS || exponent.unsigned_abs() > 20 {
        return None;
    }
    let digits = if exponent == 0 {
        digits.to_owned()
    } else {
        let plain = digits.replace(',', ".");
        Decimal::from_scientific(&format!("{plain}e{exponent}"))
            .ok()?
            .to_string()
    };
    Some(Written {
        digits,
        negative,
        shape,
        percent,
        currency,
        unit,
    })
}

fn shape(digits: &str) -> Option<Shape> {
    let points = digits.matches('.').count();
    let commas = digits.matches(',').count();
    let grouped = |text: &str, sign: char| {
        let mut groups = text.split(sign);
        let first = groups.next().map_or(0, str::len);
        (1..=3).contains(&first) && groups.all(|group| group.len() == 3)
    };
    let single = |sign: char, mark: Mark| {
        let (whole, after) = digits.split_once(sign)?;
        // `0.125` is never a thousand.
        let either = after.len() == 3 && (1..=3).contains(&whole.len()) && !whole.starts_with('0');
        Some(if either {
            Shape::Either(mark)
        } else {
            Shape::Sure(mark)
        })
    };
    match (points, commas) {
        (0, 0) => Some(Shape::Whole),
        (1, 0) => single('.', Mark::Point),
        (0, 1) => single(',', Mark::Comma),
        (_, 0) => grouped(digits, '.').then_some(Shape::Sure(Mark::Comma)),
        (0, _) => grouped(digits, ',').then_some(Shape::Sure(Mark::Point)),
        (_, 1) if digits.rfind(',') > digits.rfind('.') => {
            let (whole, after) = digits.split_once(',')?;
            (grouped(whole, '.') && !after.contains('.')).then_some(Shape::Sure(Mark::Comma))
        }
        (1, _) => {
            let (whole, after) = digits.split_once('.')?;
            (grouped(whole, ',') && !after.contains(',')).then_some(Shape::Sure(Mark::Point))
        }
        _ => None,
    }
}

impl Written {
    /// The number when `mark` stands before decimals wherever the writing leaves it open.
    pub(crate) fn value(&self, mark: Mark) -> Option<Decimal> {
        let mark = match self.shape {
            Shape::Sure(sure) => sure,
            Shape::Whole | Shape::Either(_) => mark,
        };
        let plain: String = match mark {
            Mark::Comma => self
                .digits
                .chars()
                .filter(|&c| c != '.')
                .map(|c| if c == ',' { '.' } else { c })
                .collect(),
            Mark::Point => self.digits.chars().filter(|&c| c != ',').collect(),
        };
        let plain = if plain.starts_with('.') {
            format!("0{plain}")
        } else {
            plain
        };
        let mut value: Decimal = plain.parse().ok()?;
        if self.negative {
            value.set_sign_negative(true);
        }
        Some(value)
    }

    /// Leading zeros: a code (`007`), not a quantity.
    pub(crate) fn is_code(&self) -> bool {
        self.shape == Shape::Whole && self.digits.len() > 1 && self.digits.starts_with('0')
    }
}

/// Name of a unit without plural and spelling: `Quilos` and `kg` are one.
pub(crate) fn unit_key(unit: &str) -> String {
    let folded = terms::fold(unit);
    let known = match folded.as_str() {
        "quilo" | "quilos" | "kilo" | "kilos" | "quilograma" | "quilogramas" | "kgs" => "kg",
        "grama" | "gramas" | "gr" | "grams" | "gram" => "g",
        "litro" | "litros" | "lt" | "liters" | "liter" => "l",
        "metro" | "metros" | "meters" | "meter" => "m",
        "centimetro" | "centimetros" => "cm",
        "quilometro" | "quilometros" => "km",
        "minuto" | "minutos" | "minutes" | "minute" | "mins" => "min",
        "segundo" | "segundos" | "seg" | "segs" | "seconds" | "second" => "s",
        "hora" | "horas" | "hrs" | "hours" | "hour" | "hs" => "h",
        "dia" | "days" | "day" => "dias",
        "ano" | "years" | "year" => "anos",
        "caloria" | "calorias" | "quilocalorias" | "calories" => "kcal",
        "unidade" | "unidades" | "un" | "und" | "unid" | "units" | "unit" => "un",
        "ponto" | "pts" | "points" | "point" => "pontos",
        "repeticao" | "repeticoes" | "rep" => "reps",
        _ => return folded,
    };
    known.to_owned()
}

/// Units that are known wherever they stand; others count only when a whole column has them.
pub(crate) fn is_known_unit(unit: &str) -> bool {
    matches!(
        unit_key(unit).as_str(),
        "kg" | "g"
            | "mg"
            | "mcg"
            | "l"
            | "ml"
            | "m"
            | "cm"
            | "mm"
            | "km"
            | "min"
            | "s"
            | "h"
            | "dias"
            | "anos"
            | "kcal"
            | "cal"
            | "kj"
            | "un"
            | "pontos"
            | "reps"
            | "m2"
            | "bpm"
            | "w"
            | "kwh"
            | "t"
            | "lb"
            | "kmh"
    )
}

#[cfg(test)]
mod tests {
    use super::{Mark, Shape, read};

    #[test]
    fn numbers_are_read_as_people_write_them() {
        for (text, mark, value) in [
            ("1.234,56", Mark::Point, "1234.56"),
            ("1,234.56", Mark::Comma, "1234.56"),
            ("8,5", Mark::Point, "8.5"),
            ("1.234", Mark::Comma, "1234"),
            ("1.234", Mark::Point, "1.234"),
            ("R$ 1.234,56", Mark::Point, "1234.56"),
            ("-R$ 3,00", Mark::Point, "-3.00"),
            ("(12)", Mark::Point, "-12"),
            ("87,5%", Mark::Comma, "87.5"),
            ("12 kg", Mark::Comma, "12"),
            ("0.125", Mark::Comma, "0.125"),
            ("1E-12", Mark::Point, "0.000000000001"),
        ] {
            let written = read(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(written.value(mark).unwrap().to_string(), value, "{text}");
        }
        assert_eq!(read("1.234").unwrap().shape, Shape::Either(Mark::Point));
        for text in [
            "", "-", "Ana", "1º", "3x12", "8 a 12", "1.2.3", "12-10", ".",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
