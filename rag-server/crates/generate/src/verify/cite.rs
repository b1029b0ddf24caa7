//! Numbers of passages: `[1]`, `[1, 3]`, `[2–4]`, `[^1]`, `【1】`.

/// What a number of a passage may stand between.
pub(super) const OPENING: [char; 3] = ['[', '【', '［'];
pub(super) const CLOSING: [char; 3] = [']', '】', '］'];
/// Bytes between two brackets at most.
pub(super) const LONGEST: usize = 60;
/// Digits of one number at most.
const MOST_DIGITS: usize = 9;
/// Passages that a range may name at most.
const LONGEST_RANGE: usize = 10;

/// What follows a number of passages at the beginning of `text`; `None` when there is none.
pub(super) fn leading(text: &str) -> Option<&str> {
    let inner = text.strip_prefix(OPENING)?;
    let (body, after) = inner.split_once(CLOSING)?;
    parse(body).map(|_| after)
}

/// The numbers between two brackets; `None` when it is something else. A number too large to be one is 0.
pub(super) fn parse(body: &str) -> Option<Vec<usize>> {
    let body = body.trim().trim_start_matches('^');
    if body.is_empty() || body.len() > LONGEST {
        return None;
    }
    let mut numbers = Vec::new();
    for part in body
        .split([',', ';', ' '])
        .map(str::trim)
        .filter(|part| !part.is_empty())
    {
        match part.split_once(['-', '–', '—']) {
            Some((from, to)) => {
                let (from, to) = (number(from)?, number(to)?);
                if from <= to && to - from < LONGEST_RANGE {
                    numbers.extend(from..=to);
                } else {
                    numbers.push(0);
                }
            }
            None => numbers.push(number(part)?),
        }
    }
    (!numbers.is_empty()).then_some(numbers)
}

fn number(text: &str) -> Option<usize> {
    let text = text.trim();
    if text.is_empty() || !text.chars().all(|c| c.is_ascii_digit()) {
        return None;
    }
    Some(if text.len() > MOST_DIGITS {
        0
    } else {
        text.parse().unwrap_or(0)
    })
}
