//! Finds the sentences of Portuguese running text.
//!
//! The sentence rules of Unicode (UAX #29) end a sentence after "art.", "Dr." and "p. ex."; these rules know
//! abbreviations, initials, enumerations, list markers, quotations and ellipses. In doubt two sentences stay
//! together: a quote that is a little long is better than one that says half.

use crate::abbreviation::{self, Stop};
use std::ops::Range;

/// A quotation or bracket at most this long (bytes) is not divided, whatever stops it holds.
const UNDIVIDED: usize = 300;

/// Prose with fewer capitals than one in so many bytes is taken to be written without them. Of the paragraphs
/// of FaQuAD's development half, those with capitals have one in at most 312 bytes, the others in 581 or more.
const BYTES_PER_CAPITAL: usize = 400;

/// The number of a list item or title, "2.10.1" or "xviii", has at most this many bytes.
const LABEL: usize = 12;

/// What stands before the number of a caption, chapter or article.
const NUMBERED: &[&str] = &[
    "Art. ",
    "Artigo ",
    "§ ",
    "Cap. ",
    "Capítulo ",
    "Fig. ",
    "Figura ",
    "Tab. ",
    "Tabela ",
    "Quadro ",
    "Gráfico ",
    "Seção ",
    "Aula ",
    "Questão ",
    "Exercício ",
    "Exemplo ",
];

/// Signs that only begin list items.
const BULLETS: &[char] = &[
    '•', '▪', '●', '◦', '‣', '⁃', '■', '□', '➢', '➤', '✓', '✔', '◆', '►', '\u{f0b7}',
];

/// The byte ranges of the sentences of `text`, in order, without surrounding white space. Between them is only
/// white space; each holds a letter or digit unless the whole text has none.
pub(crate) fn sentences(text: &str) -> Vec<Range<usize>> {
    let mut scan = Scan {
        text,
        start: 0,
        found: Vec::new(),
        caseless: is_caseless(text),
    };
    let mut skip = 0;
    let mut undivided = 0;
    for (at, sign) in text.char_indices() {
        if at < skip {
            continue;
        }
        match sign {
            '(' | '[' | '“' | '«' if at >= undivided => {
                undivided = closing(text, at, sign).unwrap_or(undivided);
            }
            ')' | ']' | '”' | '»' if at == undivided => {
                // The stop just inside a bracket or quotation counts for what surrounds it: “Fim.” Depois
                let inside = text.get(..at).unwrap_or_default();
                let stops_at = inside.trim_end_matches(is_stop).len();
                if stops_at < at {
                    skip = scan.stop(stops_at);
                }
            }
            _ if at < undivided => {}
            '.' | '!' | '?' | '…' => skip = scan.stop(at),
            ';' => scan.semicolon(at),
            '\n' => skip = scan.line_feed(at),
            _ if BULLETS.contains(&sign) => scan.bullet(at, sign),
            _ => {}
        }
    }
    scan.end_at(text.len());
    scan.found
}

/// Lines of preformatted text, each a unit; one without letters or digits belongs to the line before.
pub(crate) fn lines(text: &str) -> Vec<Range<usize>> {
    let mut scan = Scan {
        text,
        start: 0,
        found: Vec::new(),
        caseless: is_caseless(text),
    };
    for (at, _) in text.match_indices('\n') {
        scan.end_at(at);
    }
    scan.end_at(text.len());
    scan.found
}

/// `range` without the white space at its ends; `None` when nothing is left.
pub(crate) fn trimmed(text: &str, range: Range<usize>) -> Option<Range<usize>> {
    let part = text.get(range.clone())?;
    let inner = part.trim();
    let lead = part.len().saturating_sub(part.trim_start().len());
    let start = range.start.saturating_add(lead);
    (!inner.is_empty()).then(|| start..start.saturating_add(inner.len()))
}

/// The sentences found so far, and where the current one starts.
struct Scan<'a> {
    text: &'a str,
    start: usize,
    found: Vec<Range<usize>>,
    /// The text is written without capitals, so that a small letter does not show that a sentence goes on.
    caseless: bool,
}

impl<'a> Scan<'a> {
    /// Ends the current sentence before byte `end`. A part without letters or digits joins its neighbour.
    fn end_at(&mut self, end: usize) {
        let range = trimmed(self.text, self.start..end);
        self.start = end;
        let Some(range) = range else { return };
        let wordless = is_wordless(self.text, &range);
        let text = self.text;
        match self.found.last_mut() {
            Some(last) if wordless || is_wordless(text, last) => last.end = range.end,
            _ => self.found.push(range),
        }
    }

    fn part(&self, range: Range<usize>) -> &'a str {
        self.text.get(range).unwrap_or_default()
    }

    /// At the first stop of a run of stops: ends the sentence there if it ends. Returns where to go on.
    fn stop(&mut self, at: usize) -> usize {
        let after = self.part(at..self.text.len());
        let signs = after.trim_start_matches(is_stop);
        let run = after.len().saturating_sub(signs.len());
        let rest = signs.trim_start_matches([')', ']', '}', '"', '\'', '”', '’', '»']);
        let end = self.text.len().saturating_sub(rest.len());
        let next = rest.trim_start();
        let gap = rest.len().saturating_sub(next.len());
        if gap == 0 || next.is_empty() {
            return end;
        }
        let new_line = rest.get(..gap).is_some_and(|gap| gap.contains('\n'));
        let item_follows = inline_item(next) || (new_line && list_marker(next));
        if item_follows || self.ends(at, run, next) {
            self.end_at(end);
        }
        end
    }

    /// Whether the run of stops at `at`, `run` bytes long, ends a sentence when `next` follows.
    fn ends(&self, at: usize, run: usize, next: &str) -> bool {
        let Some(first) = first_sign(next) else {
            return true;
        };
        if first.is_lowercase() && !self.caseless {
            return false;
        }
        let before = self.part(self.start..at);
        if run > 1 || self.part(at..self.text.len()).starts_with(['!', '?', '…']) {
            // "(...)" and "[…]" mark something left out.
            return !before.ends_with(['(', '[']);
        }
        if enumerator(before.trim_start()) {
            return false;
        }
        let word = last_word(before);
        let lead = before
            .get(..before.len().saturating_sub(word.len()))
            .unwrap_or_default();
        let stop = if lead.ends_with('.') && !word.starts_with(|c: char| c.is_ascii_digit()) {
            dotted(before)
        } else {
            abbreviation::judge(
                word,
                last_word(lead.trim_end_matches(['.', ' '])),
                first.is_ascii_digit(),
            )
        };
        match stop {
            // Without capitals a single letter is rather an abbreviation ("p. ex.").
            Stop::Word => !first.is_lowercase() || word.chars().count() != 1,
            Stop::Leads => false,
            Stop::Either => !first.is_ascii_digit() && !first.is_lowercase(),
        }
    }

    /// "a) um; b) dois": each item is a unit.
    fn semicolon(&mut self, at: usize) {
        let end = at.saturating_add(1);
        let rest = self.part(end..self.text.len());
        let next = rest.trim_start();
        if next.len() < rest.len() && inline_item(next) {
            self.end_at(end);
        }
    }

    /// A line feed inside a paragraph is mostly a wrapped line; it ends a unit before a blank line, before a
    /// list item, after a colon and after a title. Returns where to go on.
    fn line_feed(&mut self, at: usize) -> usize {
        let rest = self.part(at.saturating_add(1)..self.text.len());
        let next = rest.trim_start();
        let blank_line = rest
            .get(..rest.len().saturating_sub(next.len()))
            .is_some_and(|gap| gap.contains('\n'));
        let colon = self.part(self.start..at).trim_end().ends_with(':');
        let capital = next.starts_with(char::is_uppercase);
        if blank_line || list_marker(next) || (capital && (colon || self.is_title(at, next))) {
            self.end_at(at);
        }
        self.text.len().saturating_sub(next.len())
    }

    /// Whether the line that ends at `at` is a title run into its paragraph: a unit from its beginning, and clearly
    /// shorter than the line below, where a wrapped line would be about as long.
    fn is_title(&self, at: usize, next: &str) -> bool {
        let line = self.part(self.start..at);
        let whole =
            self.start == 0 || line.starts_with('\n') || self.part(0..self.start).ends_with('\n');
        let line = line.trim();
        let below = next.lines().next().unwrap_or_default().trim();
        let shorter = line.len().saturating_mul(5) < below.len().saturating_mul(3);
        whole && shorter && !line.contains('\n') && !line.ends_with([',', '-', '–'])
    }

    fn bullet(&mut self, at: usize, sign: char) {
        let free_before = self
            .part(self.start..at)
            .chars()
            .next_back()
            .is_none_or(char::is_whitespace);
        let free_after = self
            .part(at.saturating_add(sign.len_utf8())..self.text.len())
            .starts_with(char::is_whitespace);
        if free_before && free_after {
            self.end_at(at);
        }
    }
}

/// Whether there is no letter and no digit in `range`. Looks at a sentence only up to its first one.
fn is_wordless(text: &str, range: &Range<usize>) -> bool {
    !text
        .get(range.clone())
        .is_some_and(|part| part.contains(char::is_alphanumeric))
}

/// Whether a text of some length has next to no capitals: in ordinary prose every sentence begins with one.
fn is_caseless(text: &str) -> bool {
    let enough = text.len() / BYTES_PER_CAPITAL;
    let capitals = text.chars().filter(|sign| sign.is_uppercase());
    enough > 0 && capitals.take(enough).count() < enough
}

fn is_stop(sign: char) -> bool {
    matches!(sign, '.' | '!' | '?' | '…')
}

/// Where the bracket or quotation opened at `at` closes, if within [`UNDIVIDED`] bytes.
fn closing(text: &str, at: usize, open: char) -> Option<usize> {
    let close = match open {
        '(' => ')',
        '[' => ']',
        '“' => '”',
        _ => '»',
    };
    let mut depth = 0_u32;
    for (offset, sign) in text.get(at..)?.char_indices() {
        if offset > UNDIVIDED {
            return None;
        }
        if sign == open {
            depth = depth.saturating_add(1);
        } else if sign == close {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return at.checked_add(offset);
            }
        }
    }
    None
}

/// The first letter or digit of what follows, past opening quotes, brackets and dashes.
fn first_sign(next: &str) -> Option<char> {
    next.trim_start_matches(['“', '"', '\'', '‘', '«', '(', '[', '—', '–', '-', ' '])
        .chars()
        .next()
}

/// The run of letters and digits, hyphens included, at the end of `text`.
fn last_word(text: &str) -> &str {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, 'º' | 'ª' | '°' | '-');
    let rest = text.trim_end_matches(is_part);
    text.get(rest.len()..).unwrap_or_default()
}

/// Whether `text`, all there is of the sentence before a full stop, is the number of a list item, title, caption
/// or article: "1", "2.1", "IV", "a", "Fig. 2", "Art. 10", "Parágrafo único", also after a bullet.
fn enumerator(text: &str) -> bool {
    let text = text.trim_start_matches(|c: char| BULLETS.contains(&c) || c.is_whitespace());
    let text = NUMBERED
        .iter()
        .find_map(|name| text.strip_prefix(name))
        .unwrap_or(text)
        .trim_start();
    if text == "Parágrafo único" {
        return true;
    }
    if text.len() > LABEL {
        return false;
    }
    let digits = text.split('.').all(|part| {
        (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    });
    digits || is_roman(text) || (text.len() == 1 && text.chars().all(char::is_alphabetic))
}

fn is_roman(text: &str) -> bool {
    let upper = text.bytes().all(|byte| matches!(byte, b'I' | b'V' | b'X'));
    let lower = text.bytes().all(|byte| matches!(byte, b'i' | b'v' | b'x'));
    (1..=5).contains(&text.len()) && (upper || lower)
}

/// "a.C", "p.ex", "J.C", "E.U.A": abbreviations of several letters, each with its full stop.
fn dotted(before: &str) -> Stop {
    let token = before
        .rsplit(char::is_whitespace)
        .next()
        .unwrap_or_default();
    let token = token.trim_start_matches(['(', '"', '“']);
    match token {
        "i.e" | "e.g" | "p.ex" | "v.g" => Stop::Leads,
        "a.C" | "d.C" | "S.A" => Stop::Either,
        _ if token.split('.').count() >= 3 => Stop::Either,
        _ if token.split('.').all(|part| part.chars().count() == 1) => Stop::Leads,
        _ => Stop::Word,
    }
}

/// "a) ", "iv) ", "12) ": the only markers safe to look for inside a line.
fn inline_item(next: &str) -> bool {
    let Some((at, _)) = next
        .char_indices()
        .take(LABEL)
        .find(|&(_, sign)| sign == ')')
    else {
        return false;
    };
    let (label, rest) = next.split_at(at);
    let rest = rest.trim_start_matches(')');
    let short = (1..=2).contains(&label.len());
    let number = short && label.bytes().all(|byte| byte.is_ascii_digit());
    let letter = label.len() == 1 && label.bytes().all(|byte| byte.is_ascii_lowercase());
    (number || letter || is_roman(label)) && rest.starts_with(char::is_whitespace)
}

/// Whether a line begins a list item, or an article or paragraph of a regulation.
fn list_marker(line: &str) -> bool {
    let line = line.strip_prefix('(').unwrap_or(line);
    if inline_item(line) || line.starts_with('§') {
        return true;
    }
    let Some((label, rest)) = line.split_once(char::is_whitespace) else {
        return false;
    };
    let mut signs = label.chars();
    if let (Some(sign), None) = (signs.next(), signs.next())
        && (BULLETS.contains(&sign) || matches!(sign, '-' | '–' | '—' | '*'))
    {
        return true;
    }
    if matches!(label, "Art." | "Artigo") || line.starts_with("Parágrafo único") {
        return true;
    }
    if is_roman(label) && rest.starts_with(['-', '–', '—']) {
        return true;
    }
    label
        .strip_suffix(['.', ')'])
        .is_some_and(|number| enumerator(number) && !number.is_empty())
}

#[cfg(test)]
#[path = "sentence_tests.rs"]
mod tests;
