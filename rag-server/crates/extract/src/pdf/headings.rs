//! Headings: found by the document's outline, else by size and weight of type.
//!
//! 1. Up to three lines in a row that spell a bookmark leading to their page are a heading of the
//!    bookmark's level. Numbering may be missing on either side (`Introdução`, `1 Introdução`).
//! 2. A short paragraph set at least 1.15 times as large as the body text is a heading. Its level is that of
//!    outline headings of the same size, else the rank of its size among all such sizes.
//! 3. A short paragraph in bold at the body's size is a heading one level below those, unless the body is
//!    bold or it ends like a sentence or captions a figure.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::furniture::PageText;
use super::line::Line;
use super::lists;
use super::paragraphs::{Outlined, Paragraph};
use super::text;
use crate::OutlineEntry;

/// Deepest level of a heading.
const LOWEST: u8 = 6;

/// Deepest level given by rank of size: one is left for bold type.
const LOWEST_BY_SIZE: u8 = 5;

/// Lines that spell one bookmark.
const OUTLINE_LINES: usize = 3;

/// Size against the body text.
const LARGER: f32 = 1.15;

/// Bold type is not smaller than this against the body text: labels in figures are.
const SMALLEST_BOLD: f32 = 0.95;

/// Limits of a heading by size: lines, and characters without white space.
const MOST_LINES: usize = 4;
const MOST_INK: usize = 160;

/// Limits of a heading by weight.
const MOST_BOLD_LINES: usize = 2;
const MOST_BOLD_INK: usize = 100;

/// Words a caption begins with.
const CAPTIONS: [&str; 7] = [
    "figura", "fig.", "tabela", "quadro", "gráfico", "table", "figure",
];

/// Words that number a heading.
const PARTS: [&str; 12] = [
    "capítulo",
    "capitulo",
    "seção",
    "secao",
    "parte",
    "unidade",
    "aula",
    "módulo",
    "anexo",
    "apêndice",
    "chapter",
    "section",
];

/// Finds the headings of the outline: one mark per line and page.
pub(super) fn outlined(pages: &[PageText], outline: &[OutlineEntry]) -> Vec<Vec<Option<Outlined>>> {
    let mut marks: Vec<Vec<Option<Outlined>>> = pages
        .iter()
        .map(|page| vec![None; page.lines.len()])
        .collect();
    let mut keys: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for (number, entry) in outline.iter().enumerate() {
        let title = text::key(&entry.title);
        let page = entry.page.and_then(|page| page.checked_sub(1));
        let Some(page) = page.and_then(|page| usize::try_from(page).ok()) else {
            continue;
        };
        let (Some(lines), Some(marks)) = (pages.get(page), marks.get_mut(page)) else {
            continue;
        };
        if title.is_empty() {
            continue;
        }
        let keys = keys.entry(page).or_insert_with(|| {
            lines
                .lines
                .iter()
                .map(|line| text::key(&line.text))
                .collect()
        });
        let spelled = spelling(keys, &title, |line| {
            marks.get(line).copied().flatten().is_none()
        });
        // The same words may stand on the page as text or in a header too: the heading is the largest.
        let largest = spelled.into_iter().reduce(|best, next| {
            let size = |at: usize| lines.lines.get(at).map_or(0.0, |line| line.size);
            if size(next.0) > size(best.0) {
                next
            } else {
                best
            }
        });
        if let Some((first, count)) = largest {
            let level = entry.level.clamp(1, LOWEST);
            let mark = Outlined {
                level,
                entry: number,
            };
            for slot in marks.iter_mut().skip(first).take(count) {
                *slot = Some(mark);
            }
        }
    }
    marks
}

/// Where lines spell `title`: first line and number of lines.
fn spelling(keys: &[String], title: &str, free: impl Fn(usize) -> bool) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for first in 0..keys.len() {
        let mut joined = String::new();
        for (count, key) in keys.iter().skip(first).take(OUTLINE_LINES).enumerate() {
            if key.is_empty() || !free(first.saturating_add(count)) {
                break;
            }
            joined.push_str(key);
            if same_title(&joined, title) {
                found.push((first, count.saturating_add(1)));
                break;
            }
            if joined.len() > title.len().saturating_add(32) {
                break;
            }
        }
    }
    found
}

/// Equal but for numbering before either.
fn same_title(a: &str, b: &str) -> bool {
    let numbering = |longer: &str, shorter: &str| -> bool {
        let Some(number) = longer.strip_suffix(shorter) else {
            return false;
        };
        let number = PARTS
            .iter()
            .find_map(|part| number.strip_prefix(part))
            .unwrap_or(number);
        number.chars().all(|digit| digit.is_ascii_digit())
    };
    a == b || numbering(a, b) || numbering(b, a)
}

/// What headings without a bookmark are known by.
pub(super) struct Style {
    body: f32,
    bold_body: bool,
    /// Levels of sizes, in half points.
    levels: BTreeMap<i32, u8>,
    bold_level: u8,
}

impl Style {
    /// Learns from all paragraphs of a document. `body`: size of the body text.
    pub(super) fn learn<'a>(
        paragraphs: impl Iterator<Item = (&'a Paragraph, Vec<&'a Line>)>,
        body: f32,
    ) -> Self {
        let mut outline: BTreeMap<i32, BTreeMap<u8, usize>> = BTreeMap::new();
        let mut sizes: BTreeSet<i32> = BTreeSet::new();
        let mut bold = 0_usize;
        let mut all = 0_usize;
        for (paragraph, lines) in paragraphs {
            for line in &lines {
                let ink = text::ink(&line.text);
                all = all.saturating_add(ink);
                bold = bold.saturating_add(if line.bold { ink } else { 0 });
            }
            let size = half_points(lines.iter().map(|line| line.size).fold(0.0, f32::max));
            if let Some(mark) = paragraph.outlined {
                let count = outline
                    .entry(size)
                    .or_default()
                    .entry(mark.level)
                    .or_default();
                *count = count.saturating_add(1);
            } else if large_and_short(&lines, body) {
                sizes.insert(size);
            }
        }
        let mut levels = BTreeMap::new();
        let mut rank = 0_u8;
        for size in sizes.into_iter().rev() {
            rank = rank.saturating_add(1).min(LOWEST_BY_SIZE);
            levels.insert(size, rank);
        }
        for (size, counts) in outline {
            let most = counts
                .into_iter()
                .max_by_key(|(level, count)| (*count, Reverse(*level)));
            if let Some((level, _)) = most
                && size as f32 / 2.0 >= body * LARGER
            {
                levels.insert(size, level);
            }
        }
        let lowest = levels.values().copied().max().unwrap_or(0);
        Self {
            body,
            bold_body: bold.saturating_mul(3) > all,
            levels,
            bold_level: lowest.saturating_add(1).min(LOWEST),
        }
    }

    /// The level of a paragraph that is a heading.
    pub(super) fn level(&self, paragraph: &Paragraph, lines: &[&Line]) -> Option<u8> {
        if let Some(mark) = paragraph.outlined {
            return Some(mark.level);
        }
        if large_and_short(lines, self.body) {
            let size = half_points(lines.iter().map(|line| line.size).fold(0.0, f32::max));
            return self.levels.get(&size).copied();
        }
        let small = lines
            .iter()
            .any(|line| line.size < self.body * SMALLEST_BOLD);
        (!self.bold_body && !small && bold_and_short(lines)).then_some(self.bold_level)
    }
}

fn half_points(size: f32) -> i32 {
    (size * 2.0).round() as i32
}

fn large_and_short(lines: &[&Line], body: f32) -> bool {
    let ink: usize = lines.iter().map(|line| text::ink(&line.text)).sum();
    lines.len() <= MOST_LINES
        && ink <= MOST_INK
        && lines.iter().all(|line| line.size >= body * LARGER)
        && titled(lines)
}

fn bold_and_short(lines: &[&Line]) -> bool {
    let ink: usize = lines.iter().map(|line| text::ink(&line.text)).sum();
    let begins = lines
        .first()
        .and_then(|line| line.text.chars().next())
        .is_some_and(|first| first.is_uppercase() || first.is_ascii_digit());
    lines.len() <= MOST_BOLD_LINES
        && ink <= MOST_BOLD_INK
        && lines.iter().all(|line| line.bold)
        && begins
        && !lines.last().is_some_and(|line| line.text.ends_with('.'))
        && titled(lines)
}

/// Words, not formulas or numbers; no row of a table, no entry of a list, no caption, no open sentence.
fn titled(lines: &[&Line]) -> bool {
    let (Some(first), Some(last)) = (lines.first(), lines.last()) else {
        return false;
    };
    let ink: usize = lines.iter().map(|line| text::ink(&line.text)).sum();
    let letters: usize = lines
        .iter()
        .map(|line| {
            line.text
                .chars()
                .filter(|letter| letter.is_alphabetic())
                .count()
        })
        .sum();
    let entry = lists::mark(&first.text).is_some_and(|mark| mark.sign > 0);
    let start = first.text.to_lowercase();
    let caption = CAPTIONS.iter().any(|word| start.starts_with(word));
    letters >= 2
        && letters.saturating_mul(2) >= ink
        && !entry
        && !caption
        && !last.text.ends_with([',', ';'])
        && lines.iter().all(|line| !line.tabular && line.turned == 0)
}

#[cfg(test)]
mod tests {
    use super::{same_title, spelling};
    use crate::pdf::text::key;

    #[test]
    fn numbering_may_be_missing_on_either_side() {
        assert!(same_title(&key("1.2 Introdução"), &key("Introdução")));
        assert!(same_title(&key("Introdução"), &key("1.2 Introdução")));
        assert!(same_title(&key("Capítulo 3 Limites"), &key("Limites")));
        assert!(!same_title(&key("Nova introdução"), &key("Introdução")));
    }

    #[test]
    fn a_title_may_run_over_lines() {
        let keys: Vec<String> = ["texto antes", "2 Os métodos", "numéricos", "texto depois"]
            .iter()
            .map(|line| key(line))
            .collect();
        assert_eq!(
            spelling(&keys, &key("Os métodos numéricos"), |_| true),
            [(1, 2)]
        );
    }
}
