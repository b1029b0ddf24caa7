//! Running headers, footers and page numbers: text that belongs to the pages, not to the document.
//!
//! A line is furniture when one of these holds:
//!
//! 1. The file marks it so (a pagination artifact, ISO 32000-2, 14.8.2.2), and the page has at least as much
//!    text that is not marked.
//! 2. It is among the three outermost lines of the top or bottom eighth of the page, no larger than 1.2
//!    times the body text, and it **repeats**: the same words at the same height (within 6 points) on at
//!    least three pages, and on at least two of five pages from its first to its last (left and right pages
//!    may differ, chapters too). In a document of two pages, on both.
//! 3. As 2, with one number in it that **counts along** with the pages (`12`, `Página 12 de 80`).
//! 4. It stands in the same place and is just the page's label (`xii`).
//! 5. It stands in the same place, and a number at its start or end, set apart by a gap, is the page's
//!    number as pages are numbered by 3 elsewhere or by their labels (`12      Capítulo 1. Limites`).
//!
//! A number that does not count along makes lines different, and a bold line never counts along, so that
//! headings (`Exercício 3`) stay.

use std::collections::{BTreeMap, BTreeSet};

use super::line::Line;
use super::structure::PageBox;
use super::text;

/// Part of the page's height at top and bottom where furniture stands.
const ZONE: f32 = 0.125;

/// Lines looked at from either edge inwards.
const OUTERMOST: usize = 3;

/// Points the same line may be higher or lower on another page.
const SAME_HEIGHT: f32 = 6.0;

/// Furniture is not set larger than this many times the body text.
const LARGEST: f32 = 1.2;

/// Pages a line must be on.
const LEAST_PAGES: usize = 3;

/// Of so many pages from first to last, the line is on at least two.
const OF_PAGES: usize = 5;

/// A page as read.
pub(super) struct PageText {
    /// Its lines in reading order.
    pub(super) lines: Vec<Line>,
    /// Its visible part.
    pub(super) visible: PageBox,
    /// Its printed label.
    pub(super) label: Option<String>,
}

/// A line that may be furniture.
struct Candidate {
    page: usize,
    line: usize,
    /// Points from the edge.
    distance: f32,
    /// Numbers in it, in order.
    numbers: Vec<i64>,
    /// It is words in bold type: a heading more likely than a page number.
    bold: bool,
}

/// Takes furniture away from all pages, and returns it with the position of its page. `body`: size of the body text in
/// points.
pub(super) fn remove(pages: &mut [PageText], body: f32) -> Vec<(usize, Line)> {
    let mut found: Vec<BTreeSet<usize>> = pages.iter().map(marked).collect();
    let mut groups: BTreeMap<(bool, String), Vec<Candidate>> = BTreeMap::new();
    for (number, page) in pages.iter().enumerate() {
        for (at_top, line, distance) in outermost(page, body) {
            let Some((text, bold)) = page
                .lines
                .get(line)
                .map(|line| (line.text.as_str(), line.bold))
            else {
                continue;
            };
            if page.label.as_deref() == Some(text)
                && let Some(found) = found.get_mut(number)
            {
                found.insert(line);
            }
            let (pattern, numbers) = pattern(text);
            let pattern_has_words = pattern.chars().any(char::is_alphabetic);
            groups
                .entry((at_top, pattern))
                .or_default()
                .push(Candidate {
                    page: number,
                    line,
                    distance,
                    bold: bold && pattern_has_words,
                    numbers,
                });
        }
    }
    let mut offsets: BTreeSet<i64> = BTreeSet::new();
    for group in groups.values() {
        for (page, line) in running(group, pages.len(), &mut offsets) {
            if let Some(found) = found.get_mut(page) {
                found.insert(line);
            }
        }
    }
    for (number, (page, found)) in pages.iter().zip(&mut found).enumerate() {
        for (_, line, _) in outermost(page, body) {
            if let Some(text) = page.lines.get(line).filter(|line| line.tabular)
                && is_numbered(&text.text, number, page, &offsets)
            {
                found.insert(line);
            }
        }
    }
    let mut removed = Vec::new();
    for (number, (page, found)) in pages.iter_mut().zip(&found).enumerate() {
        let lines = std::mem::take(&mut page.lines);
        for (index, line) in lines.into_iter().enumerate() {
            if found.contains(&index) {
                removed.push((number, line));
            } else {
                page.lines.push(line);
            }
        }
    }
    removed
}

/// Lines the file itself marks, if the page has at least as much other text.
fn marked(page: &PageText) -> BTreeSet<usize> {
    let ink = |chrome: bool| -> usize {
        page.lines
            .iter()
            .filter(|line| line.chrome == chrome)
            .map(|line| text::ink(&line.text))
            .sum()
    };
    if ink(true) > ink(false) {
        return BTreeSet::new();
    }
    let lines = page.lines.iter().enumerate();
    lines
        .filter(|(_, line)| line.chrome)
        .map(|(index, _)| index)
        .collect()
}

/// Small upright lines near the edges: at the top?, index, distance from the edge.
fn outermost(page: &PageText, body: f32) -> Vec<(bool, usize, f32)> {
    let zone = page.visible.height() * ZONE;
    let mut top = Vec::new();
    let mut bottom = Vec::new();
    for (index, line) in page.lines.iter().enumerate() {
        if line.place.is_none() || line.turned != 0 || line.size > body * LARGEST {
            continue;
        }
        let from_top = page.visible.top - line.baseline;
        let from_bottom = line.baseline - page.visible.bottom;
        if from_top <= zone {
            top.push((true, index, from_top));
        } else if from_bottom <= zone {
            bottom.push((false, index, from_bottom));
        }
    }
    for edge in [&mut top, &mut bottom] {
        edge.sort_by(|a, b| a.2.total_cmp(&b.2));
        edge.truncate(OUTERMOST);
    }
    top.append(&mut bottom);
    top
}

/// The text with `#` for each number, and the numbers.
fn pattern(text: &str) -> (String, Vec<i64>) {
    let mut pattern = String::with_capacity(text.len());
    let mut numbers = Vec::new();
    let mut digits = String::new();
    for character in text.chars().chain([' ']) {
        if character.is_ascii_digit() {
            digits.push(character);
            continue;
        }
        if !digits.is_empty() {
            pattern.push('#');
            // Longer digits than a page number has are no number that counts; what matters is that they differ.
            numbers.push(digits.parse().unwrap_or(i64::MAX));
            digits.clear();
        }
        pattern.push(character);
    }
    (pattern, numbers)
}

/// Whether `text` begins or ends with the number of its page. `offsets`: what page numbers are beyond
/// positions.
fn is_numbered(text: &str, position: usize, page: &PageText, offsets: &BTreeSet<i64>) -> bool {
    let position = i64::try_from(position).unwrap_or(i64::MAX);
    let ends = [text.split(' ').next(), text.rsplit(' ').next()];
    ends.into_iter().flatten().any(|end| {
        let counted = end
            .parse::<i64>()
            .is_ok_and(|number| offsets.contains(&number.saturating_sub(position)));
        counted || page.label.as_deref() == Some(end)
    })
}

/// The candidates of one pattern that repeat or count along, by page and line. Adds to `offsets` by how
/// much counting numbers are larger than positions of pages.
fn running(
    group: &[Candidate],
    pages: usize,
    offsets: &mut BTreeSet<i64>,
) -> BTreeSet<(usize, usize)> {
    let mut found = BTreeSet::new();
    let places = group.first().map_or(0, |first| first.numbers.len());
    // None: all numbers the same. Some(place): all but that one, which grows with the pages.
    for counting in std::iter::once(None).chain((0..places).map(Some)) {
        let mut alike: BTreeMap<Vec<i64>, Vec<&Candidate>> = BTreeMap::new();
        for candidate in group {
            if candidate.bold && counting.is_some() {
                continue;
            }
            let mut numbers = candidate.numbers.clone();
            if let Some(number) = counting.and_then(|place| numbers.get_mut(place)) {
                let page = i64::try_from(candidate.page).unwrap_or(i64::MAX);
                *number = number.saturating_sub(page);
            }
            alike.entry(numbers).or_default().push(candidate);
        }
        for (numbers, mut candidates) in alike {
            candidates.sort_by(|a, b| a.distance.total_cmp(&b.distance));
            for cluster in candidates.chunk_by(|a, b| b.distance - a.distance <= SAME_HEIGHT) {
                if repeats(cluster, pages) {
                    offsets.extend(counting.and_then(|place| numbers.get(place)));
                    found.extend(cluster.iter().map(|line| (line.page, line.line)));
                }
            }
        }
    }
    found
}

/// On three pages and two of five between first and last; in a document of two pages, on both.
fn repeats(cluster: &[&Candidate], pages: usize) -> bool {
    let on: BTreeSet<usize> = cluster.iter().map(|candidate| candidate.page).collect();
    let (Some(first), Some(last)) = (on.first(), on.last()) else {
        return false;
    };
    let stretch = last.saturating_sub(*first).saturating_add(1);
    let dense = on.len().saturating_mul(OF_PAGES) >= stretch.saturating_mul(2);
    (on.len() >= LEAST_PAGES && dense) || (pages == 2 && on.len() == 2)
}

#[cfg(test)]
mod tests {
    use super::{PageText, remove};
    use crate::pdf::line::{Line, Place};
    use crate::pdf::structure::PageBox;

    fn line(text: &str, baseline: f32, size: f32) -> Line {
        Line {
            text: text.to_owned(),
            left: 72.0,
            baseline,
            right: 300.0,
            size,
            bold: false,
            monospaced: false,
            tabular: false,
            turned: 0,
            chrome: false,
            place: Some(Place {
                left: 72.0,
                bottom: baseline,
                right: 300.0,
                top: baseline + size,
            }),
        }
    }

    fn left(pages: Vec<Vec<Line>>) -> Vec<Vec<String>> {
        let mut pages: Vec<PageText> = pages
            .into_iter()
            .map(|lines| PageText {
                lines,
                visible: PageBox::default(),
                label: None,
            })
            .collect();
        remove(&mut pages, 11.0);
        pages
            .into_iter()
            .map(|page| page.lines.into_iter().map(|line| line.text).collect())
            .collect()
    }

    #[test]
    fn repeated_lines_and_counting_numbers_go() {
        let pages = (1..=4)
            .map(|n| {
                vec![
                    line("Cálculo I", 760.0, 9.0),
                    line(&format!("Texto {n} da página."), 400.0, 11.0),
                    line(&format!("Página {n} de 4"), 30.0, 9.0),
                ]
            })
            .collect();
        for (page, lines) in left(pages).iter().enumerate() {
            assert_eq!(lines, &[format!("Texto {} da página.", page + 1)]);
        }
    }

    #[test]
    fn numbered_headings_at_the_top_stay() {
        let pages = [1, 2, 2, 7]
            .iter()
            .map(|n| vec![line(&format!("Exercício {n}"), 760.0, 11.0)])
            .collect();
        assert!(left(pages).iter().all(|lines| lines.len() == 1));
    }

    #[test]
    fn large_titles_that_repeat_stay() {
        let pages = (0..5)
            .map(|_| vec![line("Derivadas", 760.0, 20.0)])
            .collect();
        assert!(left(pages).iter().all(|lines| lines.len() == 1));
    }

    #[test]
    fn left_and_right_pages_may_differ() {
        let pages = (0..8)
            .map(|n| {
                let header = if n % 2 == 0 {
                    "Capítulo 2"
                } else {
                    "Análise real"
                };
                vec![
                    line(header, 760.0, 9.0),
                    line("Corpo do texto.", 400.0, 11.0),
                ]
            })
            .collect();
        assert!(
            left(pages)
                .iter()
                .all(|lines| lines == &["Corpo do texto."])
        );
    }

    #[test]
    fn a_page_alone_keeps_everything() {
        let page = vec![line("Cálculo I", 760.0, 9.0), line("1", 30.0, 9.0)];
        assert_eq!(left(vec![page]), [["Cálculo I", "1"]]);
    }
}
