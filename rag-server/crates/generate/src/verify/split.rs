//! Cuts what a model writes into the smallest pieces that can be judged alone: sentences, lines, tables, code blocks.

use super::cite::{self, CLOSING, OPENING};

/// Characters of a line, a table or a code block at most; longer ones are cut.
const LONGEST: usize = 8000;

/// What a piece is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A line from its beginning: to its end, or to the end of its first sentence.
    Line,
    /// Further sentences of a line.
    More,
    /// Lines that begin with `|`.
    Table,
    /// What stands between two fences.
    Code,
}

/// What stands between a piece and the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Gap {
    /// Nothing was written yet.
    Start,
    /// A space.
    Space,
    /// A new line.
    Line,
    /// An empty line.
    Block,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) kind: Kind,
    pub(super) text: String,
    pub(super) after: Gap,
}

/// Takes text in any portions; the pieces are the same for each.
#[derive(Debug, Default)]
pub(super) struct Splitter {
    pending: String,
    is_inside_line: bool,
    is_ended: bool,
}

impl Splitter {
    pub(super) fn push(&mut self, text: &str) {
        self.pending.push_str(text);
    }

    /// No more text comes.
    pub(super) fn end(&mut self) {
        self.is_ended = true;
    }

    /// The next piece, if it is complete.
    pub(super) fn next(&mut self) -> Option<Piece> {
        if self.pending.is_empty() {
            return None;
        }
        if self.is_inside_line {
            return self.sentence(Kind::More);
        }
        // The kind of a line is known from its first visible characters.
        let trimmed = self.pending.trim_start_matches([' ', '\t', '\r']);
        if trimmed.is_empty() && !self.is_ended && self.pending.len() < LONGEST {
            return None;
        }
        if trimmed.is_empty() || trimmed.starts_with('\n') {
            let rest = trimmed.strip_prefix('\n').unwrap_or_default();
            self.pending = rest.to_owned();
            return Some(Piece {
                kind: Kind::More,
                text: String::new(),
                after: Gap::Block,
            });
        }
        let is_short = trimmed.chars().take(3).count() < 3 && !trimmed.contains('\n');
        let may_be_fence = trimmed.starts_with(['`', '~']);
        if may_be_fence && is_short && !self.is_ended {
            return None;
        }
        if trimmed.starts_with('|') {
            self.table()
        } else if trimmed.starts_with("```") || trimmed.starts_with("~~~") {
            self.code()
        } else {
            self.sentence(Kind::Line)
        }
    }

    fn table(&mut self) -> Option<Piece> {
        let mut end = 0;
        let mut is_complete = self.is_ended;
        for line in self.pending.split_inclusive('\n') {
            let begins = line.trim_start_matches([' ', '\t']);
            if begins.is_empty() {
                break;
            }
            if !begins.starts_with('|') || end > LONGEST {
                is_complete = true;
                break;
            }
            if !line.ends_with('\n') && !self.is_ended {
                break;
            }
            end += line.len();
        }
        if !is_complete && self.pending.len() < LONGEST {
            return None;
        }
        let end = if end == 0 { self.pending.len() } else { end };
        Some(self.cut(Kind::Table, end, Gap::Block))
    }

    fn code(&mut self) -> Option<Piece> {
        let fence = self.pending.trim_start().chars().next().unwrap_or('`');
        let fence = String::from_iter([fence; 3]);
        let (mut end, mut is_complete) = (0, false);
        for (at, line) in self.pending.split_inclusive('\n').enumerate() {
            let is_whole = line.ends_with('\n') || self.is_ended;
            if !is_whole {
                break;
            }
            end += line.len();
            if at > 0 && line.trim_start().starts_with(&fence) {
                is_complete = true;
                break;
            }
        }
        if !is_complete && !self.is_ended && self.pending.len() < LONGEST {
            return None;
        }
        let end = if end == 0 { self.pending.len() } else { end };
        Some(self.cut(Kind::Code, end, Gap::Block))
    }

    fn sentence(&mut self, kind: Kind) -> Option<Piece> {
        let line_end = self.pending.find('\n');
        let line = line_end
            .and_then(|end| self.pending.get(..end))
            .unwrap_or(&self.pending);
        let is_whole = line_end.is_some() || self.is_ended;
        if let Some(end) = boundary(line, is_whole) {
            self.is_inside_line = true;
            return Some(self.cut(kind, end, Gap::Space));
        }
        if let Some(end) = line_end {
            self.is_inside_line = false;
            return Some(self.cut(kind, end + 1, Gap::Line));
        }
        if self.is_ended {
            return Some(self.cut(kind, self.pending.len(), Gap::Line));
        }
        if self.pending.len() < LONGEST {
            return None;
        }
        self.is_inside_line = true;
        let end = self
            .pending
            .rfind(char::is_whitespace)
            .filter(|end| *end > 0);
        Some(self.cut(kind, end.unwrap_or(self.pending.len()), Gap::Space))
    }

    fn cut(&mut self, kind: Kind, end: usize, after: Gap) -> Piece {
        let rest = self.pending.split_off(end.min(self.pending.len()));
        let text = std::mem::replace(&mut self.pending, rest);
        Piece {
            kind,
            text: text.trim_end().to_owned(),
            after,
        }
    }
}

/// The end of the first sentence of a line, citations that follow it and white space included; `None` when it is not
/// there, not known yet, or the line's own end.
fn boundary(line: &str, is_whole: bool) -> Option<usize> {
    for (at, mark) in line.match_indices(['.', '!', '?', '…']) {
        let end = at + mark.len();
        let after = line.get(end..)?;
        let closed = after.trim_start_matches([
            '”', '»', '"', '\'', '’', ')', ']', '*', '_', '.', '!', '?', '…',
        ]);
        if !closed.is_empty()
            && !closed.starts_with(char::is_whitespace)
            && !closed.starts_with(OPENING)
        {
            continue;
        }
        // Numbers of passages behind the full stop belong to the sentence.
        let mut rest = closed.trim_start();
        loop {
            if let Some(following) = cite::leading(rest) {
                rest = following.trim_start_matches(['.', ',', ';']).trim_start();
            } else if rest.starts_with(OPENING)
                && !rest.contains(CLOSING)
                && !is_whole
                && rest.len() < cite::LONGEST
            {
                return None;
            } else {
                break;
            }
        }
        if rest.is_empty() {
            // Either the line ends here, or what follows is not known yet.
            return None;
        }
        let end = line.len() - rest.len();
        let sentence = line.get(..end)?;
        let goes_on = rest.starts_with(|c: char| c.is_lowercase() || c.is_ascii_digit());
        if goes_on || mark == "." && is_abbreviation(line.get(..at)?) || !is_balanced(sentence) {
            continue;
        }
        return Some(end);
    }
    None
}

/// Whether a full stop after `text` ends a word and no sentence.
fn is_abbreviation(text: &str) -> bool {
    const KNOWN: [&str; 30] = [
        "sr", "sra", "dr", "dra", "prof", "profa", "ex", "p", "pp", "pág", "págs", "fig", "figs",
        "tab", "cap", "art", "vol", "ed", "n", "nº", "etc", "obs", "al", "vs", "aprox", "máx",
        "mín", "min", "seg", "ref",
    ];
    let word = text
        .rsplit(|c: char| !c.is_alphanumeric() && c != 'º')
        .next()
        .unwrap_or_default()
        .to_lowercase();
    let is_initial = word.chars().count() == 1 && word.chars().all(char::is_alphabetic);
    // "1." at the beginning of a line is the mark of a list.
    let is_marker = text.trim_start().chars().all(|c| c.is_ascii_digit());
    is_marker || is_initial || KNOWN.contains(&word.as_str())
}

/// Whether everything that was opened is closed.
fn is_balanced(text: &str) -> bool {
    let count = |c: char| text.matches(c).count();
    let pairs = [('“', '”'), ('«', '»'), ('(', ')'), ('[', ']')];
    pairs
        .iter()
        .all(|(open, close)| count(*open) == count(*close))
        && count('"').is_multiple_of(2)
        && count('`').is_multiple_of(2)
        && text.matches("**").count().is_multiple_of(2)
}

#[cfg(test)]
#[path = "../tests/split.rs"]
mod tests;
