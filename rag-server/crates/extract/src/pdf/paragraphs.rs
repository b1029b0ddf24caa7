//! Lines of a page put together to paragraphs.
//!
//! A *column* is a run of lines of one size that follow each other downwards one below the other. Within a
//! column a line begins a new paragraph when
//!
//! * it stands further below the line before than lines usually do in the column (a quarter more),
//! * its weight or its kind (text, program text, row of a table) is another,
//! * it begins with the mark of a list,
//! * it is indented and most lines are not, or is not indented and most lines are (a bibliography),
//! * the line before is that of a table of contents, its dots leading to a number,
//! * the line before ends a sentence well before the right edge, or stops in its first half.
//!
//! A paragraph goes on in the next column when its last line is full and ends no sentence, and the column
//! begins with a small letter.

use super::line::Line;
use super::lists;

/// Distance of baselines over size, where a column is too short to tell: single spacing.
pub(super) const SINGLE_SPACING: f32 = 1.2;

/// Steps a column needs to tell its own spacing.
const STEPS_TO_TELL: usize = 5;

/// A step this many times the usual one separates paragraphs.
const WIDER: f32 = 1.25;

/// Ems by which a line is indented.
const INDENT: f32 = 0.6;

/// Ems beyond which a line is not indented but set apart.
const DEEPEST_INDENT: f32 = 8.0;

/// Part of the width of a column that a line which ends a paragraph leaves free, if it ends a sentence too.
const SHORT: f32 = 0.12;

/// Dots that lead from a title to its page.
const LEADER_DOTS: usize = 3;

/// Relative difference of sizes that is seen.
const OTHER_SIZE: f32 = 0.12;

/// A heading found through the outline: its level, and which lines belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Outlined {
    /// 1 to 6.
    pub(super) level: u8,
    /// Position of its bookmark.
    pub(super) entry: usize,
}

/// Lines that belong together.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Paragraph {
    /// Positions in the page's lines, in reading order.
    pub(super) lines: Vec<usize>,
    /// It is a heading of the outline.
    pub(super) outlined: Option<Outlined>,
    /// It begins with the mark of a list.
    pub(super) listed: bool,
}

/// Splits the lines of a page. `outlined`: the headings among them, one per line; `spacing`: usual distance of
/// baselines over size in the document; `code`: whether lines in monospaced type are program text.
pub(super) fn split(
    lines: &[Line],
    outlined: &[Option<Outlined>],
    spacing: f32,
    code: bool,
) -> Vec<Paragraph> {
    let mut paragraphs: Vec<Paragraph> = Vec::new();
    let mut before: Option<(Column, &Line)> = None;
    let mut first = 0_usize;
    for column in lines.chunk_by(|a, b| below(a, b) && same_size(a, b)) {
        let measures = Column::measure(column, spacing);
        let mut previous: Option<&Line> = None;
        for (offset, line) in column.iter().enumerate() {
            let index = first.saturating_add(offset);
            let mark = outlined.get(index).copied().flatten();
            let open = paragraphs.last_mut();
            let goes_on = match (open, previous, before) {
                (Some(open), Some(previous), _) => {
                    let same = open.outlined.map(|mark| mark.entry) == mark.map(|mark| mark.entry);
                    let heading = mark.is_some();
                    let follows = if heading {
                        same
                    } else {
                        same && measures.goes_on(previous, line, open, code)
                    };
                    follows.then_some(open)
                }
                (Some(open), None, Some((column, last))) => {
                    let follows = mark.is_none()
                        && open.outlined.is_none()
                        && column.continues_in_next(last, line, code);
                    follows.then_some(open)
                }
                _ => None,
            };
            match goes_on {
                Some(open) => open.lines.push(index),
                None => paragraphs.push(Paragraph {
                    lines: vec![index],
                    outlined: mark,
                    listed: lists::mark(&line.text).is_some(),
                }),
            }
            previous = Some(line);
        }
        before = previous.map(|last| (measures, last));
        first = first.saturating_add(column.len());
    }
    paragraphs
}

/// Usual distance of baselines over size in the document: the median over lines that follow each other.
pub(super) fn usual_spacing<'a>(pages: impl Iterator<Item = &'a [Line]>) -> f32 {
    let mut steps: Vec<f32> = pages
        .flat_map(|lines| lines.windows(2))
        .filter_map(|pair| match pair {
            [a, b] if below(a, b) && same_size(a, b) => Some(step(a, b)),
            _ => None,
        })
        .filter(|step| (0.9..2.2).contains(step))
        .collect();
    let middle = steps.len() / 2;
    if steps.len() < STEPS_TO_TELL {
        return SINGLE_SPACING;
    }
    *steps.select_nth_unstable_by(middle, f32::total_cmp).1
}

/// Whether `b` stands below `a` and not beside it.
fn below(a: &Line, b: &Line) -> bool {
    let lower = b.baseline < a.baseline - 0.3 * a.size.min(b.size);
    let overlap = a.right.min(b.right) - a.left.max(b.left);
    a.turned == b.turned && lower && overlap > 0.0
}

fn same_size(a: &Line, b: &Line) -> bool {
    (a.size - b.size).abs() <= OTHER_SIZE * a.size.max(b.size)
}

/// Distance of baselines over size.
fn step(a: &Line, b: &Line) -> f32 {
    (a.baseline - b.baseline) / a.size.max(b.size).max(1.0)
}

/// Measures of a column.
#[derive(Debug, Clone, Copy)]
struct Column {
    left: f32,
    right: f32,
    /// Left end of most lines.
    margin: f32,
    /// Usual distance of baselines over size.
    spacing: f32,
    lines: usize,
}

impl Column {
    fn measure(lines: &[Line], spacing: f32) -> Self {
        let left = lines.iter().map(|line| line.left).fold(f32::MAX, f32::min);
        let right = lines.iter().map(|line| line.right).fold(f32::MIN, f32::max);

        // Most lines begin here: the longest run of left ends that differ by less than half an em.
        let mut lefts: Vec<f32> = lines.iter().map(|line| line.left).collect();
        lefts.sort_by(f32::total_cmp);
        let em = lines.first().map_or(10.0, |line| line.size.max(1.0));
        let margin = lefts
            .chunk_by(|a, b| b - a < 0.25 * em)
            .max_by_key(|run| run.len())
            .and_then(|run| run.first().copied())
            .unwrap_or(left);

        let mut steps: Vec<f32> = lines
            .windows(2)
            .filter_map(|pair| match pair {
                [a, b] if same_size(a, b) => Some(step(a, b)),
                _ => None,
            })
            .filter(|step| *step > 0.8)
            .collect();
        let quarter = steps.len() / 4;
        let spacing = if steps.len() < STEPS_TO_TELL {
            spacing
        } else {
            *steps.select_nth_unstable_by(quarter, f32::total_cmp).1
        };
        Self {
            left,
            right,
            margin,
            spacing,
            lines: lines.len(),
        }
    }

    /// Whether `line` goes on with the paragraph `open` that ends with `previous`.
    fn goes_on(self, previous: &Line, line: &Line, open: &Paragraph, code: bool) -> bool {
        if !same_kind(previous, line, code) || !same_size(previous, line) {
            return false;
        }
        if step(previous, line) > self.spacing * WIDER {
            return false;
        }
        if code && line.monospaced {
            return true;
        }
        let em = line.size.max(1.0);
        if has_leader(&previous.text) {
            return false;
        }
        let small = line.text.chars().next().is_some_and(char::is_lowercase);
        let ended = ends_sentence(&previous.text);
        let width = self.right - self.left;
        let stops_short = previous.right < self.right - SHORT * width;
        let stops_early = previous.right < self.left + 0.5 * width;
        if previous.bold != line.bold && (stops_short || ended) {
            return false;
        }
        if let Some(mark) = lists::mark(&line.text)
            && (mark.certain || open.listed || ended || stops_short)
        {
            return false;
        }
        if open.listed {
            // The rest of an entry hangs under its text or begins at the margin.
            let hangs = line.left > previous.left + INDENT * em || open.lines.len() > 1;
            if hangs && (line.left - previous.left) > -INDENT * em {
                return true;
            }
        } else {
            let shift = line.left - previous.left;
            let indented = line.left - self.margin;
            let centred = (line.left + line.right - previous.left - previous.right).abs() < em;
            if shift > DEEPEST_INDENT * em && !centred {
                return false;
            }
            // In the middle of a sentence that fills its line, an indent is that of a list of terms.
            if small && !ended && !stops_short {
                return true;
            }
            if shift > INDENT * em && indented > INDENT * em && indented < DEEPEST_INDENT * em {
                return false;
            }
            // Out of a hanging indent: the first line of the next entry of a bibliography.
            if shift < -INDENT * em && indented < -INDENT * em {
                return false;
            }
        }
        if self.lines < 2 {
            return true;
        }
        !(stops_short && ended || stops_early && !small)
    }

    /// Whether a paragraph that ends this column with `last` goes on with `line`, the first of the next.
    fn continues_in_next(self, last: &Line, line: &Line, code: bool) -> bool {
        let width = self.right - self.left;
        let full = last.right >= self.right - SHORT * width && self.lines > 1;
        let small = line.text.chars().next().is_some_and(char::is_lowercase);
        same_kind(last, line, code)
            && same_size(last, line)
            && last.bold == line.bold
            && last.turned == line.turned
            && !last.tabular
            && full
            && small
            && !ends_sentence(&last.text)
            && lists::mark(&line.text).is_none()
    }
}

/// Text goes with text, program text with program text; a row of a table stands alone.
fn same_kind(a: &Line, b: &Line, code: bool) -> bool {
    if code && (a.monospaced || b.monospaced) {
        return a.monospaced == b.monospaced;
    }
    !a.tabular && !b.tabular
}

/// Whether `text` ends as sentences do, closing quotes and brackets aside.
pub(super) fn ends_sentence(text: &str) -> bool {
    text.trim_end_matches(['"', '”', '’', '»', ')', ']'])
        .ends_with(['.', '!', '?', ':', ';', '…'])
}

/// Whether `text` ends with dots that lead to a number: `Introdução . . . . 7`.
fn has_leader(text: &str) -> bool {
    let title = text.trim_end_matches(|last: char| last.is_alphanumeric());
    let dots = title
        .chars()
        .rev()
        .take_while(|last| matches!(last, '.' | ' ' | '…'));
    title.len() < text.len() && dots.filter(|last| *last != ' ').count() >= LEADER_DOTS
}

#[cfg(test)]
mod tests {
    use super::{Paragraph, SINGLE_SPACING, split};
    use crate::pdf::line::Line;

    fn line(text: &str, left: f32, right: f32, baseline: f32) -> Line {
        Line {
            text: text.to_owned(),
            left,
            baseline,
            right,
            size: 10.0,
            bold: false,
            monospaced: false,
            tabular: false,
            turned: 0,
            chrome: false,
            place: None,
        }
    }

    fn groups(lines: &[Line]) -> Vec<Vec<usize>> {
        split(lines, &vec![None; lines.len()], SINGLE_SPACING, true)
            .into_iter()
            .map(|Paragraph { lines, .. }| lines)
            .collect()
    }

    #[test]
    fn a_wider_step_separates() {
        let lines = [
            line("Um texto que ocupa a linha", 72.0, 500.0, 700.0),
            line("e continua nesta outra linha.", 72.0, 498.0, 688.0),
            line("Outro parágrafo vem a seguir", 72.0, 500.0, 668.0),
            line("com mais uma linha", 72.0, 300.0, 656.0),
        ];
        assert_eq!(groups(&lines), [vec![0, 1], vec![2, 3]]);
    }

    #[test]
    fn an_indented_line_begins_a_paragraph() {
        let lines = [
            line("Um texto que ocupa a linha inteira", 72.0, 500.0, 700.0),
            line("e continua nesta outra linha.", 72.0, 499.0, 688.0),
            line("Outro parágrafo vem com recuo", 90.0, 500.0, 676.0),
            line("e segue na margem", 72.0, 300.0, 664.0),
        ];
        assert_eq!(groups(&lines), [vec![0, 1], vec![2, 3]]);
    }

    #[test]
    fn a_hanging_indent_begins_entries_at_the_margin() {
        let lines = [
            line("SILVA, A. Um livro muito longo sobre", 72.0, 500.0, 700.0),
            line("análise. São Paulo, 2010, e outras", 92.0, 500.0, 688.0),
            line("notas", 92.0, 300.0, 676.0),
            line("SOUZA, B. Outro livro muito longo so", 72.0, 500.0, 664.0),
            line("bre álgebra", 92.0, 200.0, 652.0),
        ];
        assert_eq!(groups(&lines), [vec![0, 1, 2], vec![3, 4]]);
    }

    #[test]
    fn lines_of_a_table_of_contents_are_apart() {
        let lines = [
            line("Introdução . . . . . . . . . . . . 7", 72.0, 500.0, 700.0),
            line(
                "métodos ............................. ix",
                72.0,
                500.0,
                688.0,
            ),
            line(
                "Resultados .......................... 12",
                72.0,
                500.0,
                676.0,
            ),
        ];
        assert_eq!(groups(&lines), [vec![0], vec![1], vec![2]]);
    }

    #[test]
    fn columns_join_where_the_sentence_goes_on() {
        let lines = [
            line("Texto da primeira coluna que", 72.0, 280.0, 700.0),
            line("continua sem terminar na", 72.0, 279.0, 688.0),
            line("segunda coluna da página.", 320.0, 460.0, 700.0),
            line("Outra frase ocupa a linha toda.", 320.0, 520.0, 688.0),
        ];
        assert_eq!(groups(&lines), [vec![0, 1, 2], vec![3]]);
    }

    #[test]
    fn entries_of_a_list_are_apart() {
        let lines = [
            line("• primeiro item com um texto longo", 72.0, 500.0, 700.0),
            line("que continua", 84.0, 160.0, 688.0),
            line("• segundo item", 72.0, 200.0, 676.0),
            line("• terceiro item", 72.0, 200.0, 664.0),
        ];
        assert_eq!(groups(&lines), [vec![0, 1], vec![2], vec![3]]);
    }

    #[test]
    fn a_year_at_the_start_of_a_line_is_no_list() {
        let lines = [
            line(
                "A lei que foi aprovada pelo Congresso no dia",
                72.0,
                500.0,
                700.0,
            ),
            line(
                "2. O texto diz que as regras valem para todos",
                72.0,
                500.0,
                688.0,
            ),
        ];
        assert_eq!(groups(&lines), [vec![0, 1]]);
    }
}
