//! Values of cells as people read them.
//!
//! The rule for numbers: the value the cell holds, to 15 significant digits (all that Excel keeps), without
//! trailing zeros, with a decimal point and no thousands separators. Separators depend on the reader's
//! computer and are not stored, so none are invented. Two kinds of number format say more and are followed:
//! a percentage is shown as one (`0.875` is `87.5%`), and a format that groups thousands (`#,##0.00`) or names Brazil, by
//! its currency sign (`R$`) or its locale (`[$-416]`), is shown as people in Brazil see it, with the decimals it asks for
//! (`1.234,56`, `R$ 1.234,56`).

use calamine::ExcelDateTime;

use crate::document::Value;

/// Significant digits that Excel keeps and shows.
const DIGITS: usize = 15;
/// Magnitudes beyond which digits would be mostly zeros; written with an exponent.
const LARGEST_PLAIN: f64 = 1e21;
const SMALLEST_PLAIN: f64 = 1e-9;
/// Most decimals a format may ask for; Excel allows 30.
const MOST_DECIMALS: usize = 30;

/// What a number format adds to the bare value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum NumberStyle {
    #[default]
    Plain,
    Percent,
    /// Decimal comma, a point between thousands when the format groups them.
    Brazilian {
        decimals: usize,
        grouped: bool,
        currency: bool,
        percent: bool,
    },
}

impl NumberStyle {
    /// What a format code such as `R$ #,##0.00` says (ECMA-376 Part 1, 18.8.31).
    pub(super) fn of_format(code: &str) -> Self {
        let positive = code.split(';').next().unwrap_or_default();
        let currency = code.contains("R$");
        let brazilian = currency || code.contains("-416]") || code.contains("-0416]");
        // What stands in quotes, in brackets or after a backslash is shown as it is and formats nothing.
        let mut tokens = String::new();
        let mut quoted = false;
        let mut bracketed = false;
        let mut literal = false;
        for c in positive.chars() {
            match c {
                _ if literal => literal = false,
                '"' => quoted = !quoted,
                _ if quoted => {}
                '[' => bracketed = true,
                ']' => bracketed = false,
                _ if bracketed => {}
                '\\' | '_' | '*' => literal = true,
                other => tokens.push(other),
            }
        }
        let percent = tokens.contains('%');
        let brazilian = brazilian || tokens.contains("#,##0");
        if !brazilian || !tokens.contains(['0', '#']) {
            return if percent { Self::Percent } else { Self::Plain };
        }
        let decimals = tokens.split_once('.').map_or(0, |(_, after)| {
            after
                .chars()
                .take_while(|c| matches!(c, '0' | '#' | '?'))
                .count()
        });
        Self::Brazilian {
            decimals: decimals.min(MOST_DECIMALS),
            grouped: tokens.contains(','),
            currency,
            percent,
        }
    }

    /// The number that is read, to compute with: `87.5` for 87,5 %.
    pub(super) fn value(self, value: f64) -> Value {
        let percent = match self {
            Self::Plain => false,
            Self::Percent => true,
            Self::Brazilian { percent, .. } => percent,
        };
        let value = if percent { value * 100.0 } else { value };
        if value.is_finite() {
            Value::Number(value)
        } else {
            Value::Missing
        }
    }

    /// A number as people read it.
    pub(super) fn show(self, value: f64) -> String {
        match self {
            Self::Plain => plain(value),
            Self::Percent => format!("{}%", plain(value * 100.0)),
            Self::Brazilian {
                decimals,
                grouped,
                currency,
                percent,
            } => {
                let value = if percent { value * 100.0 } else { value };
                if !value.is_finite() || value.abs() >= LARGEST_PLAIN {
                    return plain(value);
                }
                let digits = rounded(value.abs(), decimals);
                let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
                let mut text = String::new();
                if value < 0.0 && digits.contains(|c: char| c.is_ascii_digit() && c != '0') {
                    text.push('-');
                }
                if currency {
                    text.push_str("R$ ");
                }
                text.push_str(&if grouped {
                    group(whole)
                } else {
                    whole.to_owned()
                });
                if !fraction.is_empty() {
                    text.push(',');
                    text.push_str(fraction);
                }
                if percent {
                    text.push('%');
                }
                text
            }
        }
    }
}

/// `15/03/2025 19:30`, as [`date`] shows it, in the order that sorts; times of day and durations are no dates.
pub(super) fn iso_of_shown(text: &str) -> Value {
    let (day, time) = text.split_once(' ').unwrap_or((text, ""));
    let parts: Vec<&str> = day.split('/').collect();
    let &[day, month, year] = parts.as_slice() else {
        return Value::Missing;
    };
    let digits = |part: &str, count: usize| {
        part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    if !(digits(day, 2) && digits(month, 2) && digits(year, 4)) {
        return Value::Missing;
    }
    let mut iso = format!("{year}-{month}-{day}");
    if !time.is_empty() {
        iso.push('T');
        iso.push_str(time);
        if time.len() == 5 {
            iso.push_str(":00");
        }
    }
    Value::Date(iso)
}

/// A number that is not negative with so many decimals, rounded like Excel: from its [`DIGITS`] significant digits, halves
/// up. `45.625` is `45.63` and `1.005`, which binary fractions miss by a little, `1.01`.
fn rounded(value: f64, decimals: usize) -> String {
    let shown = significant(value).to_string();
    let (whole, fraction) = shown.split_once('.').unwrap_or((&shown, ""));
    let kept = fraction.get(..decimals).unwrap_or(fraction);
    let up = fraction
        .as_bytes()
        .get(decimals)
        .is_some_and(|next| *next >= b'5');
    let mut digits: Vec<u8> = [whole.as_bytes(), kept.as_bytes()].concat();
    if up {
        let nines = digits
            .iter()
            .rev()
            .take_while(|digit| **digit == b'9')
            .count();
        let split = digits.len().saturating_sub(nines);
        let (before, after) = digits.split_at_mut(split);
        after.fill(b'0');
        match before.last_mut() {
            Some(last) => *last = last.saturating_add(1),
            None => digits.insert(0, b'1'),
        }
    }
    let split = digits.len().saturating_sub(kept.len());
    let (whole, fraction) = digits.split_at(split);
    let text = |digits: &[u8]| digits.iter().copied().map(char::from).collect::<String>();
    if decimals == 0 {
        return text(whole);
    }
    format!("{}.{:0<decimals$}", text(whole), text(fraction))
}

/// `value` to the digits that Excel keeps: 0.1 + 0.2 is 0.3.
fn significant(value: f64) -> f64 {
    let kept = format!("{value:.*e}", DIGITS.saturating_sub(1));
    kept.parse().unwrap_or(value)
}

/// A number by the rule above, without any format.
pub(super) fn plain(value: f64) -> String {
    if !value.is_finite() {
        return value.to_string();
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    let rounded = significant(value);
    if (SMALLEST_PLAIN..LARGEST_PLAIN).contains(&rounded.abs()) {
        rounded.to_string()
    } else {
        format!("{rounded:E}")
    }
}

/// `1234567` to `1.234.567`.
fn group(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len().saturating_mul(2));
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && digits.len().saturating_sub(index) % 3 == 0 {
            text.push('.');
        }
        text.push(digit);
    }
    text
}

/// A date as `15/03/2025`, with the time when there is one (`15/03/2025 19:30`); a time of day alone as `19:30`;
/// a duration as `36:15:00`, its hours not folded into days.
pub(super) fn date(value: &ExcelDateTime) -> String {
    let serial = value.as_f64();
    if value.is_duration() {
        return duration(serial * 86_400.0);
    }
    let (year, month, day, hour, minute, second, milli) = value.to_ymd_hms_milli();
    let (hour, minute, second) = if milli >= 500 {
        round_up(hour, minute, second)
    } else {
        (hour, minute, second)
    };
    let time = if second == 0 {
        format!("{hour:02}:{minute:02}")
    } else {
        format!("{hour:02}:{minute:02}:{second:02}")
    };
    if (0.0..1.0).contains(&serial) {
        return time;
    }
    let date = format!("{day:02}/{month:02}/{year:04}");
    if (hour, minute, second) == (0, 0, 0) {
        date
    } else {
        format!("{date} {time}")
    }
}

/// Half a second and more counts as one; 23:59:59.5 stays where it is rather than change the date.
fn round_up(hour: u8, minute: u8, second: u8) -> (u8, u8, u8) {
    match (hour, minute, second) {
        (23, 59, 59) => (23, 59, 59),
        (hour, 59, 59) => (hour.saturating_add(1), 0, 0),
        (hour, minute, 59) => (hour, minute.saturating_add(1), 0),
        (hour, minute, second) => (hour, minute, second.saturating_add(1)),
    }
}

/// Seconds as `[h]:mm:ss`.
fn duration(seconds: f64) -> String {
    let sign = if seconds < 0.0 { "-" } else { "" };
    let whole = seconds.abs().round();
    if whole >= 1e15 {
        return plain(seconds);
    }
    let whole = whole as u64;
    format!(
        "{sign}{}:{:02}:{:02}",
        whole / 3600,
        whole / 60 % 60,
        whole % 60
    )
}

/// An ISO 8601 date or time, as newer files may store it, in the form of [`date`]; anything else as it is.
pub(super) fn iso_date(text: &str) -> String {
    let (day, time) = text.split_once('T').unwrap_or((text, ""));
    let mut parts = day.splitn(3, '-');
    let (Some(year), Some(month), Some(day_of_month)) = (parts.next(), parts.next(), parts.next())
    else {
        return text.to_owned();
    };
    let numeric = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit());
    if !(numeric(year) && numeric(month) && numeric(day_of_month)) {
        return text.to_owned();
    }
    let clock = time.split(['.', 'Z', '+']).next().unwrap_or_default();
    let clock = clock
        .strip_suffix(":00")
        .filter(|rest| rest.contains(':'))
        .unwrap_or(clock);
    if clock.is_empty() || clock == "00:00" {
        format!("{day_of_month}/{month}/{year}")
    } else {
        format!("{day_of_month}/{month}/{year} {clock}")
    }
}

#[cfg(test)]
mod tests {
    use calamine::{ExcelDateTime, ExcelDateTimeType};
    use proptest::prelude::*;

    use super::{NumberStyle, date, iso_date, plain, rounded};

    #[test]
    fn numbers_are_shown_as_they_are_kept() {
        for (value, text) in [
            (8.0, "8"),
            (8.5, "8.5"),
            (0.1 + 0.2, "0.3"),
            (10.0 / 3.0, "3.33333333333333"),
            (-1_234_567.0, "-1234567"),
            (123_456_789_012.0, "123456789012"),
            (1e-12, "1E-12"),
            (0.0, "0"),
        ] {
            assert_eq!(plain(value), text);
        }
    }

    #[test]
    fn formats_that_name_percent_or_brazil_are_followed() {
        for (code, value, text) in [
            ("General", 1234.5, "1234.5"),
            ("#,##0.00", 1234.5, "1.234,50"),
            ("0.0%", 0.875, "87.5%"),
            ("0%", 1.0, "100%"),
            ("\"R$\" #,##0.00", 1234.5, "R$ 1.234,50"),
            (
                "_-[$R$-416]\\ * #,##0.00_-",
                -1_234_567.891,
                "-R$ 1.234.567,89",
            ),
            ("[$-416]0.00%", 0.1234, "12,34%"),
            ("[$-416]#,##0", 1500.0, "1.500"),
            ("#,##0.00", 45.625, "45,63"),
            ("#,##0.00", 9.125, "9,13"),
            ("#,##0.00", -9.125, "-9,13"),
            ("#,##0.00", 1.005, "1,01"),
            ("#,##0.00", 2.675, "2,68"),
            ("#,##0.00", 0.004_999, "0,00"),
            ("#,##0.00", -0.001, "0,00"),
            ("#,##0.00", 999.995, "1.000,00"),
            ("#,##0", 0.5, "1"),
            ("#,##0", 99.5, "100"),
            ("#,##0.000", 1e-9, "0,000"),
            ("#,##0.0000", 0.1 + 0.2, "0,3000"),
            ("[$-416]0.0%", 0.123_45, "12,3%"),
            ("0\" %\"", 12.0, "12"),
        ] {
            assert_eq!(NumberStyle::of_format(code).show(value), text, "{code}");
        }
    }

    #[test]
    fn dates_are_shown_day_first() {
        let show = |serial, kind| date(&ExcelDateTime::new(serial, kind, false));
        assert_eq!(show(45_731.0, ExcelDateTimeType::DateTime), "15/03/2025");
        assert_eq!(
            show(45_731.812_5, ExcelDateTimeType::DateTime),
            "15/03/2025 19:30"
        );
        assert_eq!(show(0.812_5, ExcelDateTimeType::DateTime), "19:30");
        assert_eq!(
            show(1.510_416_666_666_7, ExcelDateTimeType::TimeDelta),
            "36:15:00"
        );
        assert_eq!(iso_date("2025-03-15"), "15/03/2025");
        assert_eq!(iso_date("2025-03-15T19:30:00"), "15/03/2025 19:30");
        assert_eq!(iso_date("PT3H"), "PT3H");
    }

    proptest! {
        #[test]
        fn no_number_loses_more_than_its_sixteenth_digit(value in -1e15_f64..1e15) {
            let back: f64 = plain(value).parse().unwrap();
            prop_assert!((back - value).abs() <= value.abs() * 1e-14);
        }

        #[test]
        fn rounding_moves_by_no_more_than_half_a_unit(value in 0.0_f64..1e9, decimals in 0_usize..5) {
            let back: f64 = rounded(value, decimals).parse().unwrap();
            let unit = 10_f64.powi(-(decimals as i32));
            prop_assert!((back - value).abs() <= unit * 0.500_01 + value * 1e-14);
        }

        #[test]
        fn no_format_or_value_panics(code in "\\PC{0,24}", value in proptest::num::f64::ANY) {
            NumberStyle::of_format(&code).show(value);
            date(&ExcelDateTime::new(value, ExcelDateTimeType::DateTime, true));
            date(&ExcelDateTime::new(value, ExcelDateTimeType::TimeDelta, false));
        }
    }
}
