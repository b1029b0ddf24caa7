//! Dates, times and durations as people write them.

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime};
use rust_decimal::Decimal;

/// Portuguese and English names of months, folded; the first three letters do as well.
const MONTHS: [(&str, u32); 23] = [
    ("janeiro", 1),
    ("january", 1),
    ("fevereiro", 2),
    ("february", 2),
    ("marco", 3),
    ("march", 3),
    ("abril", 4),
    ("april", 4),
    ("maio", 5),
    ("may", 5),
    ("junho", 6),
    ("june", 6),
    ("julho", 7),
    ("july", 7),
    ("agosto", 8),
    ("august", 8),
    ("setembro", 9),
    ("september", 9),
    ("outubro", 10),
    ("october", 10),
    ("novembro", 11),
    ("november", 11),
    ("dezembro", 12),
];

/// The month a folded word names, 1 to 12.
pub(crate) fn month(word: &str) -> Option<u32> {
    if word == "december" || word == "dec" {
        return Some(12);
    }
    MONTHS
        .iter()
        .find(|(name, _)| {
            *name == word
                || (word.len() == 3 && name.starts_with(word))
                || (word == "sept" && *name == "september")
        })
        .map(|(_, number)| *number)
}

/// The months in Portuguese, January first.
pub(crate) const MONTH_NAMES: [&str; 12] = [
    "janeiro",
    "fevereiro",
    "março",
    "abril",
    "maio",
    "junho",
    "julho",
    "agosto",
    "setembro",
    "outubro",
    "novembro",
    "dezembro",
];

/// The month's name.
pub(crate) fn month_name(month: u32, english: bool) -> &'static str {
    const ENGLISH: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let names = if english { &ENGLISH } else { &MONTH_NAMES };
    names
        .get(month.saturating_sub(1) as usize)
        .copied()
        .unwrap_or("")
}

/// How exact a written date is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Precision {
    Month,
    Day,
    Minute,
}

/// A written date; day and month may stand in either order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WrittenDate {
    first: u32,
    second: u32,
    year: i32,
    time: Option<NaiveTime>,
    /// `03/04/2025`: the column tells which is the month.
    pub(crate) either: bool,
    pub(crate) precision: Precision,
}

impl WrittenDate {
    /// Only readable with the month first (`03/25/2025`).
    pub(crate) fn is_month_first(&self) -> bool {
        self.either && self.second > 12
    }

    /// Only readable with the day first (`25/03/2025`).
    pub(crate) fn is_day_first(&self) -> bool {
        self.either && self.first > 12
    }

    pub(crate) fn value(&self, month_first: bool) -> Option<NaiveDateTime> {
        let swap = self.is_month_first() || (month_first && !self.is_day_first());
        let (day, month) = if self.either && swap {
            (self.second, self.first)
        } else {
            (self.first, self.second)
        };
        NaiveDate::from_ymd_opt(self.year, month, day)
            .map(|date| date.and_time(self.time.unwrap_or_default()))
    }
}

/// Reads `15/03/2025`, `2025-03-15 19:30`, `15 de março de 2025`, `março de 2025`, `mar/25`, `03/2025`.
pub(crate) fn read_date(text: &str) -> Option<WrittenDate> {
    let text = text.trim();
    if text.len() > 40 || !text.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let (day_part, time) = match text.rsplit_once([' ', 'T']) {
        Some((before, clock)) if clock.contains(':') => {
            let clock = clock.trim_end_matches('Z');
            let clock = clock.split('.').next().unwrap_or(clock);
            (before, Some(clock_time(clock)?))
        }
        _ => (text, None),
    };
    let mut parts: Vec<String> = day_part
        .split(['/', '-', '.', ' ', ','])
        .map(terms::fold)
        .filter(|part| !matches!(part.as_str(), "" | "de" | "do" | "of" | "th"))
        .collect();
    // `sexta, 15/03/2025`
    if parts.len() == 4
        && parts
            .first()
            .is_some_and(|p| p.chars().all(char::is_alphabetic))
    {
        parts.remove(0);
    }
    let number = |part: &str| -> Option<u32> {
        let part = part.strip_suffix('o').unwrap_or(part);
        (part.len() <= 4 && part.bytes().all(|b| b.is_ascii_digit()))
            .then(|| part.parse().ok())
            .flatten()
    };
    let year = |part: &str| -> Option<i32> {
        let value = i32::try_from(number(part)?).ok()?;
        match part.len() {
            4 if (1800..=2200).contains(&value) => Some(value),
            2 => Some(if value < 70 {
                2000 + value
            } else {
                1900 + value
            }),
            _ => None,
        }
    };
    let precision = if time.is_some() {
        Precision::Minute
    } else {
        Precision::Day
    };
    let made = |first, second, year, either| WrittenDate {
        first,
        second,
        year,
        time,
        either,
        precision,
    };
    let spaced = day_part.contains(char::is_alphabetic);
    match parts
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .as_slice()
    {
        [y, m, d] if y.len() == 4 => {
            let date = made(number(d)?, number(m)?, year(y)?, false);
            date.value(false).map(|_| date)
        }
        [a, b, y] => {
            let y = year(y)?;
            let date = if let Some(month) = month(b) {
                made(number(a)?, month, y, false)
            } else if let Some(month) = month(a) {
                made(number(b)?, month, y, false)
            } else if spaced || !day_part.contains(['/', '-', '.']) {
                return None;
            } else {
                made(number(a)?, number(b)?, y, true)
            };
            date.value(false).map(|_| date)
        }
        [m, y] if time.is_none() => {
            let month = match month(m) {
                Some(month) => month,
                None if day_part.contains('/') && y.len() == 4 && !spaced => number(m)?,
                None => return None,
            };
            let date = WrittenDate {
                precision: Precision::Month,
                ..made(1, month, year(y)?, false)
            };
            date.value(false).map(|_| date)
        }
        _ => None,
    }
}

fn clock_time(text: &str) -> Option<NaiveTime> {
    let seconds = read_clock(text)?;
    NaiveTime::from_num_seconds_from_midnight_opt(u32::try_from(seconds).ok()?, 0)
}

/// Seconds of `19:30`, `19:30:15`, `7h30`, `19h`, `1h30min`, `36:15:00`; nothing for anything else.
pub(crate) fn read_clock(text: &str) -> Option<i64> {
    let folded = text.trim().to_ascii_lowercase();
    let folded = folded.strip_suffix("hs").unwrap_or(&folded);
    let folded = folded.strip_suffix("min").unwrap_or(folded).trim_end();
    let parts: Vec<&str> = if folded.contains(':') {
        folded.split(':').collect()
    } else {
        let (hours, minutes) = folded.split_once('h')?;
        match minutes.trim() {
            "" => vec![hours.trim(), "00"],
            minutes => vec![hours.trim(), minutes],
        }
    };
    if !(2..=3).contains(&parts.len()) {
        return None;
    }
    let mut seconds = 0_i64;
    for (index, part) in parts.iter().enumerate() {
        let digits = !part.is_empty()
            && part.len() <= if index == 0 { 4 } else { 2 }
            && part.bytes().all(|b| b.is_ascii_digit());
        let value: i64 = digits.then(|| part.parse().ok()).flatten()?;
        if index > 0 && value > 59 {
            return None;
        }
        seconds = seconds * 60 + value;
    }
    if parts.len() == 2 {
        seconds *= 60;
    }
    Some(seconds)
}

/// Seconds as `19:30`, or `19:30:15` when there are any, or `36:15:00` for a duration.
pub(crate) fn show_clock(seconds: Decimal, duration: bool) -> String {
    let whole = seconds.round();
    let total: i64 = whole.try_into().unwrap_or_default();
    let sign = if total < 0 { "-" } else { "" };
    let total = total.unsigned_abs();
    let (hours, minutes, rest) = (total / 3600, total / 60 % 60, total % 60);
    if duration {
        format!("{sign}{hours}:{minutes:02}:{rest:02}")
    } else if rest == 0 {
        format!("{sign}{hours:02}:{minutes:02}")
    } else {
        format!("{sign}{hours:02}:{minutes:02}:{rest:02}")
    }
}

/// A date as Brazil writes it, with the time when there is one.
pub(crate) fn show_date(date: NaiveDateTime, precision: Precision) -> String {
    match precision {
        Precision::Month => format!("{} de {}", month_name(date.month(), false), date.year()),
        Precision::Day => date.format("%d/%m/%Y").to_string(),
        Precision::Minute if date.time() == NaiveTime::MIN => date.format("%d/%m/%Y").to_string(),
        Precision::Minute => date.format("%d/%m/%Y %H:%M").to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::{read_clock, read_date};

    #[test]
    fn dates_are_read_as_people_write_them() {
        for (text, month_first, shown) in [
            ("15/03/2025", false, "2025-03-15 00:00:00"),
            ("2025-03-15", false, "2025-03-15 00:00:00"),
            ("15/03/2025 19:30", false, "2025-03-15 19:30:00"),
            ("15 de março de 2025", false, "2025-03-15 00:00:00"),
            ("março de 2025", false, "2025-03-01 00:00:00"),
            ("mar/25", false, "2025-03-01 00:00:00"),
            ("03/2025", false, "2025-03-01 00:00:00"),
            ("03/25/2025", false, "2025-03-25 00:00:00"),
            ("03/04/2025", false, "2025-04-03 00:00:00"),
            ("03/04/2025", true, "2025-03-04 00:00:00"),
            ("March 15, 2025", false, "2025-03-15 00:00:00"),
        ] {
            let date = read_date(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(
                date.value(month_first).unwrap().to_string(),
                shown,
                "{text}"
            );
        }
        for text in ["", "Ana", "2025", "32/03/2025", "1.2.3", "12 25", "10/20"] {
            assert_eq!(read_date(text), None, "{text}");
        }
    }

    #[test]
    fn clocks_are_read_as_people_write_them() {
        for (text, seconds) in [
            ("19:30", 70_200),
            ("7h30", 27_000),
            ("19h", 68_400),
            ("1h30min", 5_400),
            ("36:15:00", 130_500),
        ] {
            assert_eq!(read_clock(text), Some(seconds), "{text}");
        }
        for text in ["h", "1h75", "12", "a:b", "1:2:3:4"] {
            assert_eq!(read_clock(text), None, "{text}");
        }
    }
}
