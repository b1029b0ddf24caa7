//! The order in which a page is read.
//!
//! Columns are found by their left edges: at a place where several pieces of text begin, a *band* is a stretch
//! of the page in which nothing crosses that place and text stands on both sides. A band is read column by
//! column when both sides look like prose and not like the cells of a table; what stands above it is read
//! before, what stands below after. Each part is ordered in the same way. Everything else is read line by
//! line. Notes in smaller type beside the text (in the margin, in a figure) are read after it.

use std::cmp::Reverse;

use super::asides;
use super::line::Line;
use super::run::{Piece, Run, beside, line, pieces};

/// Parts within parts that are looked at.
const MAX_DEPTH: usize = 12;

/// Pieces that begin at an edge for it to be one of a column.
const LEAST_PIECES: usize = 4;

/// Points by which left ends of one edge differ.
const SAME_EDGE: f32 = 2.0;

/// Ems between columns.
const GUTTER: f32 = 0.8;

/// Ems a column of prose is wide at least.
const NARROWEST: f32 = 8.0;

/// A line of prose fills this part of its column, and so many of a hundred lines do: of both columns, or of one
/// (the other may be two columns still).
const FILLED: f32 = 0.75;
const FILLED_LINES: usize = 40;
const FILLED_LINES_OF_ONE: usize = 60;

/// Characters a line of prose has, by the median.
const PROSE_INK: usize = 12;

/// Edges tried in one part.
const MAX_EDGES: usize = 40;

/// Lines of a page in reading order. Text turned by other angles follows the upright text, each angle for
/// itself.
pub(super) fn lines(runs: Vec<Run>) -> Vec<Line> {
    let mut angles: Vec<i16> = runs.iter().map(|run| run.turned).collect();
    angles.sort_by_key(|angle| (*angle != 0, *angle));
    angles.dedup();
    let mut runs = runs;
    let mut lines = Vec::new();
    for angle in angles {
        let (these, others) = runs.into_iter().partition(|run: &Run| run.turned == angle);
        runs = others;
        let (text, asides) = asides::split(pieces(these));
        order(text, MAX_DEPTH, &mut lines);
        for aside in asides {
            order(aside, MAX_DEPTH, &mut lines);
        }
    }
    lines
}

/// `pieces` from top to bottom; appends their lines in reading order.
fn order(pieces: Vec<Piece>, depth: usize, lines: &mut Vec<Line>) {
    let band = if depth == 0 {
        None
    } else {
        widest_band(&pieces)
    };
    let Some(Band { edge, first, end }) = band else {
        read_across(&pieces, lines);
        return;
    };
    let mut above = pieces;
    let mut within = above.split_off(first);
    let below = within.split_off(end.saturating_sub(first));
    let (left, right) = within.into_iter().partition(|piece| piece.left < edge);
    let depth = depth.saturating_sub(1);
    for part in [above, left, right, below] {
        order(part, depth, lines);
    }
}

fn read_across(pieces: &[Piece], lines: &mut Vec<Line>) {
    for row in pieces.chunk_by(beside) {
        let mut row = row.to_vec();
        row.sort_by(|a, b| a.left.total_cmp(&b.left));
        lines.extend(line(&row));
    }
}

/// Pieces `first..end` of a part, read left of `edge` first.
struct Band {
    edge: f32,
    first: usize,
    end: usize,
}

/// The band with most pieces, if there is one.
fn widest_band(pieces: &[Piece]) -> Option<Band> {
    let mut best: Option<Band> = None;
    for edge in edges(pieces) {
        let mut first = 0_usize;
        let crossing = |piece: &Piece| piece.left < edge - SAME_EDGE && piece.right > edge;
        for stretch in pieces.chunk_by(|a, b| !crossing(a) && !crossing(b)) {
            let end = first.saturating_add(stretch.len());
            let larger = best
                .as_ref()
                .is_none_or(|best| stretch.len() > best.end.saturating_sub(best.first));
            if larger && is_columns(stretch, edge) {
                best = Some(Band { edge, first, end });
            }
            first = end;
        }
    }
    best
}

/// Places where enough pieces begin, the leftmost ends of each; the first is the margin and no edge of a
/// column.
fn edges(pieces: &[Piece]) -> Vec<f32> {
    let mut lefts: Vec<f32> = pieces.iter().map(|piece| piece.left).collect();
    lefts.sort_by(f32::total_cmp);
    let mut edges: Vec<(usize, f32)> = lefts
        .chunk_by(|a, b| b - a <= SAME_EDGE)
        .filter(|run| run.len() >= LEAST_PIECES)
        .filter_map(|run| Some((run.len(), *run.first()? - 0.5)))
        .collect();
    edges.sort_by_key(|edge| Reverse(edge.0));
    edges.truncate(MAX_EDGES);
    edges.into_iter().map(|(_, edge)| edge).collect()
}

/// Whether the pieces on both sides of `edge` are columns of prose.
fn is_columns(pieces: &[Piece], edge: f32) -> bool {
    let (left, right): (Vec<&Piece>, Vec<&Piece>) =
        pieces.iter().partition(|piece| piece.left < edge);
    if left.len() < LEAST_PIECES || right.len() < LEAST_PIECES {
        return false;
    }
    let (Some(left), Some(right)) = (Side::of(&left), Side::of(&right)) else {
        return false;
    };
    let em = left.em.max(right.em);
    let narrow = left.width.min(right.width) < NARROWEST * em;
    let gutter = right.start - left.end;
    let together = left.top.min(right.top) - left.bottom.max(right.bottom);
    let shorter = (left.top - left.bottom).min(right.top - right.bottom);
    if narrow || gutter < GUTTER * em || together < 0.5 * shorter {
        return false;
    }
    let at_least = |filled: usize, lines: usize, percent: usize| {
        filled.saturating_mul(100) >= lines.saturating_mul(percent)
    };
    let mostly_filled = at_least(
        left.filled.saturating_add(right.filled),
        left.lines.saturating_add(right.lines),
        FILLED_LINES,
    ) || at_least(left.filled, left.lines, FILLED_LINES_OF_ONE)
        || at_least(right.filled, right.lines, FILLED_LINES_OF_ONE);
    let prose = left.ink >= PROSE_INK && right.ink >= PROSE_INK;
    prose && (mostly_filled || !aligned(pieces, edge))
}

/// Measures of what stands on one side of an edge.
struct Side {
    start: f32,
    end: f32,
    width: f32,
    top: f32,
    bottom: f32,
    /// Median size.
    em: f32,
    /// Median of characters.
    ink: usize,
    lines: usize,
    /// Lines that fill the column.
    filled: usize,
}

impl Side {
    fn of(pieces: &[&Piece]) -> Option<Self> {
        let fold = |value: fn(&Piece) -> f32, start: f32, pick: fn(f32, f32) -> f32| -> f32 {
            pieces.iter().map(|piece| value(piece)).fold(start, pick)
        };
        let start = fold(|piece| piece.left, f32::MAX, f32::min);
        let end = fold(|piece| piece.right, f32::MIN, f32::max);
        let width = end - start;
        let middle = pieces.len() / 2;
        let mut sizes: Vec<f32> = pieces.iter().map(|piece| piece.size).collect();
        let (_, em, _) = sizes.select_nth_unstable_by(middle, f32::total_cmp);
        let mut inks: Vec<usize> = pieces.iter().map(|piece| piece.ink()).collect();
        let (_, ink, _) = inks.select_nth_unstable(middle);
        (width > 0.0).then(|| Self {
            start,
            end,
            width,
            top: fold(|piece| piece.baseline, f32::MIN, f32::max),
            bottom: fold(|piece| piece.baseline, f32::MAX, f32::min),
            em: *em,
            ink: *ink,
            lines: pieces.len(),
            filled: pieces
                .iter()
                .filter(|piece| piece.width() >= FILLED * width)
                .count(),
        })
    }
}

/// Whether most pieces left of `edge` have one right of it on the same line, as the rows of a table do.
fn aligned(pieces: &[Piece], edge: f32) -> bool {
    let mut rows = 0_usize;
    let mut shared = 0_usize;
    for row in pieces.chunk_by(beside) {
        let left = row.iter().any(|piece| piece.left < edge);
        let right = row.iter().any(|piece| piece.left >= edge);
        rows = rows.saturating_add(usize::from(left));
        shared = shared.saturating_add(usize::from(left && right));
    }
    shared.saturating_mul(2) >= rows
}

#[cfg(test)]
mod tests {
    use super::lines;
    use crate::pdf::line::Place;
    use crate::pdf::run::Run;

    /// A run of text ten points high whose letters are five points wide.
    fn run(text: &str, left: f32, baseline: f32) -> Run {
        let right = left + 5.0 * text.chars().count() as f32;
        Run {
            number: 0,
            text: text.to_owned(),
            left,
            baseline,
            right,
            size: 10.0,
            bold: false,
            monospaced: false,
            turned: 0,
            chrome: false,
            place: Place {
                left,
                bottom: baseline,
                right,
                top: baseline + 10.0,
            },
        }
    }

    fn texts(runs: Vec<Run>) -> Vec<String> {
        lines(runs).into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn columns_are_read_one_after_the_other() {
        let mut runs = vec![run(
            "Um título que atravessa as duas colunas da página inteira",
            100.0,
            750.0,
        )];
        for row in 0..6_u8 {
            let baseline = 700.0 - 12.0 * f32::from(row);
            runs.push(run(
                &format!("esquerda linha {row} com algum texto"),
                50.0,
                baseline,
            ));
            runs.push(run(
                &format!("direita linha {row} com algum texto"),
                300.0,
                baseline,
            ));
        }
        let read = texts(runs);
        assert!(read[0].starts_with("Um título"));
        assert!(read[1..7].iter().all(|line| line.starts_with("esquerda")));
        assert!(read[7..].iter().all(|line| line.starts_with("direita")));
    }

    #[test]
    fn columns_an_em_apart_are_told_by_the_order_they_are_set_in() {
        let mut runs = Vec::new();
        for (column, left) in [50.0, 230.0].into_iter().enumerate() {
            for row in 0..6_u8 {
                let baseline = 700.0 - 12.0 * f32::from(row);
                let mut run = run(
                    &format!("coluna {column} linha {row} com algum texto"),
                    left,
                    baseline,
                );
                run.right = left + 170.0;
                run.number = runs.len();
                runs.push(run);
            }
        }
        let read = texts(runs);
        assert!(
            read[..6].iter().all(|line| line.starts_with("coluna 0")),
            "{read:?}"
        );
        assert!(
            read[6..].iter().all(|line| line.starts_with("coluna 1")),
            "{read:?}"
        );
    }

    #[test]
    fn tables_are_read_across() {
        let mut runs = Vec::new();
        for row in 0..6_u8 {
            let baseline = 700.0 - 12.0 * f32::from(row);
            runs.push(run(&format!("Aluno número {row}"), 50.0, baseline));
            runs.push(run("8,5", 300.0, baseline));
            runs.push(run("Aprovado", 400.0, baseline));
        }
        let read = lines(runs);
        assert_eq!(read.len(), 6);
        assert!(read.iter().all(|line| line.tabular));
        assert_eq!(read[0].text, "Aluno número 0 8,5 Aprovado");
    }

    #[test]
    fn notes_in_the_margin_do_not_cut_the_text() {
        let mut runs = Vec::new();
        for row in 0..8_u8 {
            let baseline = 700.0 - 12.0 * f32::from(row);
            runs.push(run(
                &format!("linha {row} do texto, que segue pela página"),
                150.0,
                baseline,
            ));
        }
        for (row, note) in ["Uma nota", "à margem com", "quatro linhas", "de texto"]
            .iter()
            .enumerate()
        {
            let mut note = run(note, 40.0, 690.0 - 9.5 * row as f32);
            note.size = 7.5;
            note.right = 40.0 + 3.7 * note.text.chars().count() as f32;
            runs.push(note);
        }
        let read = texts(runs);
        assert!(
            read[..8].iter().all(|line| line.starts_with("linha")),
            "{read:?}"
        );
        assert_eq!(
            read[8..],
            ["Uma nota", "à margem com", "quatro linhas", "de texto"]
        );
    }

    #[test]
    fn spaces_under_ligatures_are_not_read() {
        let mut rest = run(" nido", 65.0, 700.0);
        rest.left = 62.0;
        let runs = vec![
            run("deﬁ", 50.0, 700.0),
            rest,
            run("e ﬁ", 95.0, 700.0),
            run(" m", 110.0, 700.0),
        ];
        assert_eq!(texts(runs), ["definido e fi m"]);
    }

    #[test]
    fn scripts_stand_with_their_letter() {
        let mut square = run("2", 55.0, 703.6);
        square.size = 7.0;
        square.right = 58.5;
        let runs = vec![square, run("x", 50.0, 700.0), run("+ 1", 61.0, 700.0)];
        assert_eq!(texts(runs), ["x2 + 1"]);
    }

    #[test]
    fn text_printed_twice_is_read_once() {
        let runs = vec![run("Negrito", 50.0, 700.0), run("Negrito", 50.3, 700.0)];
        assert_eq!(texts(runs), ["Negrito"]);
    }

    #[test]
    fn turned_text_comes_last() {
        let mut stamp = run("carimbo", 10.0, 10.0);
        stamp.turned = 90;
        assert_eq!(
            texts(vec![stamp, run("corpo", 50.0, 700.0)]),
            ["corpo", "carimbo"]
        );
    }
}
