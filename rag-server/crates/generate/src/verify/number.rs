//! Numbers, dates and codes of a text, so that the same value is known in every way of writing it.

use std::collections::BTreeSet;

use terms::fold;

/// A number, date or code of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Figure {
    /// Values it may stand for; "1.234" may be either of two.
    pub(super) readings: Vec<String>,
    /// Values that the text also supports by it: day, month and year of a date.
    parts: Vec<String>,
    /// Written as a word, "um" or "uma": an article as often as a number.
    is_article: bool,
}

/// What a sentence must find in the passage it cites.
pub(super) fn figures(text: &str) -> Vec<Figure> {
    let found = scan(text).into_iter();
    found
        .filter(|figure| !figure.is_article && !figure.readings.is_empty())
        .collect()
}

/// Every value that a text supports.
pub(super) fn values(text: &str) -> BTreeSet<String> {
    scan(text)
        .into_iter()
        .flat_map(|figure| figure.readings.into_iter().chain(figure.parts))
        .collect()
}

fn scan(text: &str) -> Vec<Figure> {
    let words = split(text);
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(word) = words.get(at) {
        if let Some((date, used)) = date_in_words(words.get(at..).unwrap_or_default()) {
            found.push(date);
            at += used;
        } else if word.chars().any(|c| c.is_ascii_digit()) {
            found.extend(of_digits(word));
            at += 1;
        } else {
            let (figure, used) = of_words(words.get(at..).unwrap_or_default());
            found.extend(figure);
            at += used;
        }
    }
    found
}

/// Words and numbers; a separator between two digits stays inside.
fn split(text: &str) -> Vec<String> {
    let characters: Vec<char> = text.chars().map(plain_digit).collect();
    let is_digit = |at: Option<usize>| {
        at.and_then(|at| characters.get(at))
            .is_some_and(char::is_ascii_digit)
    };
    let (mut words, mut word) = (Vec::new(), String::new());
    for (at, &c) in characters.iter().enumerate() {
        let joins = matches!(c, '.' | ',' | '/' | ':' | '-')
            && is_digit(at.checked_sub(1))
            && is_digit(at.checked_add(1));
        if c.is_alphanumeric() || joins {
            word.push(c);
        } else if !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// Digits of other scripts and widths count as what they show.
fn plain_digit(c: char) -> char {
    match c {
        '０'..='９' => {
            char::from_u32(u32::from(c) - u32::from('０') + u32::from('0')).unwrap_or(c)
        }
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        _ => c,
    }
}

fn of_digits(word: &str) -> Vec<Figure> {
    let begins_with_letter = word.chars().next().is_some_and(|c| !c.is_ascii_digit());
    if begins_with_letter {
        return vec![simple(vec![format!("code:{}", fold(&word.to_lowercase()))])];
    }
    // "10kg", "3x10", "10h30": the numbers between the letters.
    let runs = word
        .split(|c: char| c.is_alphabetic())
        .filter(|run| run.contains(|c: char| c.is_ascii_digit()));
    runs.flat_map(of_run).collect()
}

fn of_run(run: &str) -> Vec<Figure> {
    let run = run.trim_matches(|c: char| !c.is_ascii_digit());
    for separator in ['/', '-'] {
        let parts: Vec<&str> = run.split(separator).collect();
        if let [one, two, three] = parts.as_slice()
            && let Some(date) = date(one, two, three)
        {
            return vec![date];
        }
    }
    run.split(['/', '-', ':'])
        .filter(|part| !part.is_empty())
        .map(|part| simple(amount(part)))
        .collect()
}

fn simple(readings: Vec<String>) -> Figure {
    Figure {
        readings,
        parts: Vec::new(),
        is_article: false,
    }
}

/// The values that digits with points and commas may stand for.
fn amount(text: &str) -> Vec<String> {
    let points = text.matches('.').count();
    let commas = text.matches(',').count();
    let grouped = |separator: char| {
        let mut groups = text.split(separator);
        let first = groups.next().unwrap_or_default();
        (1..=3).contains(&first.len()) && groups.all(|group| group.len() == 3)
    };
    match (points, commas) {
        (0, 0) => vec![decimal(text, "")],
        (1.., 1..) => {
            // The one that comes last separates the decimals.
            let last_is_point = text.rfind('.') > text.rfind(',');
            let (decimals, thousands) = if last_is_point {
                ('.', ",")
            } else {
                (',', ".")
            };
            match text.rsplit_once(decimals) {
                Some((whole, fraction)) if !whole.contains(decimals) => {
                    vec![decimal(&whole.replace(thousands, ""), fraction)]
                }
                _ => vec![format!("list:{text}")],
            }
        }
        (1, 0) | (0, 1) => {
            let separator = if points == 1 { '.' } else { ',' };
            let (whole, fraction) = text.split_once(separator).unwrap_or((text, ""));
            let mut readings = vec![decimal(whole, fraction)];
            if grouped(separator) && !whole.starts_with('0') {
                readings.push(decimal(&format!("{whole}{fraction}"), ""));
            }
            readings
        }
        (0, _) if grouped(',') => vec![decimal(&text.replace(',', ""), "")],
        (_, 0) if grouped('.') => vec![decimal(&text.replace('.', ""), "")],
        _ => vec![format!("list:{text}")],
    }
}

fn decimal(whole: &str, fraction: &str) -> String {
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    match fraction.trim_end_matches('0') {
        "" => whole.to_owned(),
        fraction => format!("{whole}.{fraction}"),
    }
}

fn date(one: &str, two: &str, three: &str) -> Option<Figure> {
    let (year, month, day) = if one.len() == 4 {
        (one, two, three)
    } else {
        (three, two, one)
    };
    let number = |text: &str| text.parse::<u32>().ok();
    let (year, month, day) = (number(year)?, number(month)?, number(day)?);
    let year = if year < 100 { 2000 + year } else { year };
    dated(day, month, Some(year))
}

fn dated(day: u32, month: u32, year: Option<u32>) -> Option<Figure> {
    if !(1..=31).contains(&day)
        || !(1..=12).contains(&month)
        || year.is_some_and(|year| !(1000..=9999).contains(&year))
    {
        return None;
    }
    let of_year = format!("day:{month}-{day}");
    let mut parts = vec![day.to_string(), month.to_string()];
    let reading = match year {
        Some(year) => {
            parts.extend([year.to_string(), of_year]);
            format!("date:{year}-{month}-{day}")
        }
        None => of_year,
    };
    Some(Figure {
        readings: vec![reading],
        parts,
        is_article: false,
    })
}

/// "15 de março", "15 de março de 2025".
fn date_in_words(words: &[String]) -> Option<(Figure, usize)> {
    let day = words
        .first()?
        .trim_end_matches(['º', 'o'])
        .parse::<u32>()
        .ok()?;
    let (month_at, joined) = if words.get(1)?.eq_ignore_ascii_case("de") {
        (2, true)
    } else {
        (1, false)
    };
    let month = month(words.get(month_at)?)?;
    let of = words
        .get(month_at + 1)
        .is_some_and(|word| word.eq_ignore_ascii_case("de"));
    let year_at = month_at + 1 + usize::from(joined && of);
    let year = words
        .get(year_at)
        .filter(|word| word.len() == 4)
        .and_then(|word| word.parse().ok());
    let used = if year.is_some() {
        year_at + 1
    } else {
        month_at + 1
    };
    Some((dated(day, month, year)?, used))
}

fn month(word: &str) -> Option<u32> {
    const MONTHS: [(&str, &str); 12] = [
        ("janeiro", "january"),
        ("fevereiro", "february"),
        ("marco", "march"),
        ("abril", "april"),
        ("maio", "may"),
        ("junho", "june"),
        ("julho", "july"),
        ("agosto", "august"),
        ("setembro", "september"),
        ("outubro", "october"),
        ("novembro", "november"),
        ("dezembro", "december"),
    ];
    let word = fold(&word.to_lowercase());
    let at = MONTHS
        .iter()
        .position(|(one, other)| word == *one || word == *other)?;
    u32::try_from(at + 1).ok()
}

/// A number in words at the beginning of `words`, and how many of them were looked at.
fn of_words(words: &[String]) -> (Option<Figure>, usize) {
    let Some(first) = words.first().map(|word| fold(&word.to_lowercase())) else {
        return (None, 1);
    };
    let Some(mut value) = small(&first) else {
        return (None, 1);
    };
    let is_article = value == 1;
    let (mut used, mut last) = (1, value);
    while let Some(next) = words.get(used).map(|word| fold(&word.to_lowercase())) {
        let (word, step) = match words.get(used + 1) {
            Some(after) if next == "e" || next == "and" => (fold(&after.to_lowercase()), 2),
            _ => (next, 1),
        };
        let Some(more) = small(&word) else { break };
        // "vinte e cinco", "twenty five"; not "três e quatro".
        let room = if last >= 100 { 100 } else { 10 };
        if last < 20 || last % 10 != 0 || more >= room {
            break;
        }
        value += more;
        last = more;
        used += step;
    }
    if words
        .get(used)
        .is_some_and(|word| matches!(fold(&word.to_lowercase()).as_str(), "mil" | "thousand"))
    {
        value *= 1000;
        used += 1;
    }
    let figure = Figure {
        readings: vec![value.to_string()],
        parts: Vec::new(),
        is_article: is_article && used == 1,
    };
    (Some(figure), used)
}

/// Folded words for numbers.
fn small(word: &str) -> Option<u32> {
    const WORDS: [(&str, u32); 74] = [
        ("zero", 0),
        ("um", 1),
        ("uma", 1),
        ("one", 1),
        ("dois", 2),
        ("duas", 2),
        ("two", 2),
        ("tres", 3),
        ("three", 3),
        ("quatro", 4),
        ("four", 4),
        ("cinco", 5),
        ("five", 5),
        ("seis", 6),
        ("six", 6),
        ("sete", 7),
        ("seven", 7),
        ("oito", 8),
        ("eight", 8),
        ("nove", 9),
        ("nine", 9),
        ("dez", 10),
        ("ten", 10),
        ("onze", 11),
        ("eleven", 11),
        ("doze", 12),
        ("twelve", 12),
        ("treze", 13),
        ("thirteen", 13),
        ("catorze", 14),
        ("quatorze", 14),
        ("fourteen", 14),
        ("quinze", 15),
        ("fifteen", 15),
        ("dezesseis", 16),
        ("sixteen", 16),
        ("dezessete", 17),
        ("seventeen", 17),
        ("dezoito", 18),
        ("eighteen", 18),
        ("dezenove", 19),
        ("nineteen", 19),
        ("vinte", 20),
        ("twenty", 20),
        ("trinta", 30),
        ("thirty", 30),
        ("quarenta", 40),
        ("forty", 40),
        ("cinquenta", 50),
        ("fifty", 50),
        ("sessenta", 60),
        ("sixty", 60),
        ("setenta", 70),
        ("seventy", 70),
        ("oitenta", 80),
        ("eighty", 80),
        ("noventa", 90),
        ("ninety", 90),
        ("cem", 100),
        ("cento", 100),
        ("hundred", 100),
        ("duzentos", 200),
        ("duzentas", 200),
        ("trezentos", 300),
        ("trezentas", 300),
        ("quatrocentos", 400),
        ("quatrocentas", 400),
        ("quinhentos", 500),
        ("quinhentas", 500),
        ("seiscentos", 600),
        ("setecentos", 700),
        ("oitocentos", 800),
        ("novecentos", 900),
        ("mil", 1000),
    ];
    WORDS
        .iter()
        .find(|(known, _)| *known == word)
        .map(|(_, value)| *value)
}

#[cfg(test)]
#[path = "../tests/number.rs"]
mod tests;
