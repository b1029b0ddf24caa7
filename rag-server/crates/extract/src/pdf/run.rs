//! Runs of text as a content stream shows them, put together to the pieces of lines.

use super::line::{Line, Place};
use super::{bidi, lists, text};

/// Part of an em that separates words: two thirds of a usual space.
const WORD_GAP: f32 = 0.15;

/// Ems between two runs of one piece; words of justified text are rarely further apart.
const PIECE_GAP: f32 = 1.2;

/// The same between runs that do not follow each other in the content stream: columns, which are set one after the other, may
/// be as close as one em.
const COLUMN_GAP: f32 = 0.7;

/// Ems between the columns of a table.
const TABLE_GAP: f32 = 2.0;

/// Ems by which baselines of one line differ (layers of recognised text are not exact).
const SAME_LINE: f32 = 0.35;

/// Superscripts and subscripts are at most this large against their letter, stand at most so many ems above
/// or below its baseline, and touch it but for so many ems.
const SCRIPT_SIZE: f32 = 0.85;
const SCRIPT_RISE: f32 = 0.6;
const SCRIPT_GAP: f32 = 0.3;

/// A run of text shown by one operator, in the frame it stands upright in.
#[derive(Debug, Clone)]
pub(super) struct Run {
    /// Which of the page's runs it is, in the order they are shown.
    pub(super) number: usize,
    /// As the file has it.
    pub(super) text: String,
    pub(super) left: f32,
    pub(super) baseline: f32,
    pub(super) right: f32,
    /// Points.
    pub(super) size: f32,
    pub(super) bold: bool,
    pub(super) monospaced: bool,
    /// Degrees the frame is turned by.
    pub(super) turned: i16,
    /// The file marks it as a header, a footer or a page number.
    pub(super) chrome: bool,
    /// On the page.
    pub(super) place: Place,
}

/// Runs of one line that follow each other closely: a line of a column, or a cell.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub(super) runs: Vec<Run>,
    pub(super) left: f32,
    pub(super) right: f32,
    pub(super) baseline: f32,
    /// Size of its largest run.
    pub(super) size: f32,
}

impl Piece {
    fn of(runs: Vec<Run>) -> Option<Self> {
        let main = runs
            .iter()
            .max_by_key(|run| text::ink(&run.text))
            .map(|run| (run.baseline, run.size))?;
        let left = runs.iter().map(|run| run.left).fold(f32::MAX, f32::min);
        let right = runs.iter().map(|run| run.right).fold(f32::MIN, f32::max);
        Some(Self {
            left,
            right,
            baseline: main.0,
            size: main.1,
            runs,
        })
    }

    /// Points from left to right end.
    pub(super) fn width(&self) -> f32 {
        self.right - self.left
    }

    /// Characters that are not white space.
    pub(super) fn ink(&self) -> usize {
        self.runs.iter().map(|run| text::ink(&run.text)).sum()
    }
}

/// Puts runs together to pieces, from top to bottom and left to right.
pub(super) fn pieces(mut runs: Vec<Run>) -> Vec<Piece> {
    runs.retain(|run| !run.text.trim().is_empty());
    settle_scripts(&mut runs);
    runs.sort_by(|a, b| b.baseline.total_cmp(&a.baseline));

    let mut pieces = Vec::new();
    let mut row: Vec<Run> = Vec::new();
    for run in runs {
        let same = row.first().is_some_and(|first| {
            (first.baseline - run.baseline).abs() <= SAME_LINE * first.size.min(run.size)
        });
        if !same {
            cut(std::mem::take(&mut row), &mut pieces);
        }
        row.push(run);
    }
    cut(row, &mut pieces);
    pieces
}

/// Cuts a row into pieces at wide gaps.
fn cut(mut row: Vec<Run>, pieces: &mut Vec<Piece>) {
    row.sort_by(|a, b| a.left.total_cmp(&b.left));
    let mut open: Vec<Run> = Vec::new();
    let mut right = f32::MIN;
    for run in row {
        if let Some(last) = open.last() {
            // Bold made by printing twice, shadows: the same text in the same place.
            let again = last.text == run.text && (run.left - last.left).abs() < 0.3 * run.size;
            if again {
                continue;
            }
            let follows = last.number.abs_diff(run.number) <= 1;
            let apart = if follows { PIECE_GAP } else { COLUMN_GAP };
            if run.left - right > apart * smaller(last.size, run.size) {
                pieces.extend(Piece::of(std::mem::take(&mut open)));
                right = f32::MIN;
            }
        }
        right = right.max(run.right);
        open.push(run);
    }
    pieces.extend(Piece::of(open));
}

/// Runs on one page beyond which scripts are left where they are: comparing them would take too long.
const MOST_RUNS: usize = 50_000;

/// Sets small raised or lowered runs on the baseline of the letter they touch.
fn settle_scripts(runs: &mut [Run]) {
    if runs.len() > MOST_RUNS {
        return;
    }
    // Sorted by baseline, so that only neighbours within reach are looked at.
    runs.sort_by(|a, b| b.baseline.total_cmp(&a.baseline));
    let largest = runs.iter().map(|run| run.size).fold(0.0, f32::max);
    let reach = SCRIPT_RISE * largest;
    let mut settled: Vec<(usize, f32)> = Vec::new();
    let mut first = 0_usize;
    for (index, small) in runs.iter().enumerate() {
        if small.size > SCRIPT_SIZE * largest {
            continue;
        }
        while runs
            .get(first)
            .is_some_and(|run| run.baseline > small.baseline + reach)
        {
            first = first.saturating_add(1);
        }
        let base = runs
            .iter()
            .skip(first)
            .take_while(|run| run.baseline >= small.baseline - reach)
            .filter(|run| {
                let rise = (run.baseline - small.baseline).abs();
                let gap = (small.left - run.right).max(run.left - small.right);
                small.size <= SCRIPT_SIZE * run.size
                    && run.turned == small.turned
                    && rise > 0.05 * run.size
                    && rise <= SCRIPT_RISE * run.size
                    && gap.abs() <= SCRIPT_GAP * run.size
            })
            .min_by(|a, b| {
                let rise = |run: &Run| (run.baseline - small.baseline).abs();
                rise(a).total_cmp(&rise(b))
            });
        if let Some(base) = base {
            settled.push((index, base.baseline));
        }
    }
    for (index, baseline) in settled {
        if let Some(run) = runs.get_mut(index) {
            run.baseline = baseline;
        }
    }
}

/// Makes a line of pieces that stand beside each other, from left to right.
pub(super) fn line(pieces: &[Piece]) -> Option<Line> {
    let mut raw = String::new();
    let mut tabular = false;
    let mut last: Option<&Run> = None;
    // Pieces of one line may reach into each other where baselines differ, as in the names of TeX.
    let mut runs: Vec<&Run> = pieces.iter().flat_map(|piece| &piece.runs).collect();
    runs.sort_by(|a, b| a.left.total_cmp(&b.left));
    for &run in &runs {
        if let Some(last) = last {
            let gap = run.left - last.right;
            let em = smaller(last.size, run.size);
            if gap > WORD_GAP * em && separable(&raw, &run.text) {
                raw.push(' ');
            }
            // The mark of a list stands apart from its text without being a cell.
            if gap > TABLE_GAP * em && lists::mark(&format!("{} x", raw.trim())).is_none() {
                tabular = true;
            }
        }
        raw.push_str(shown(last, run));
        last = Some(run);
    }
    let text = text::clean(&bidi::logical(&raw));
    if text.is_empty() {
        return None;
    }
    let share = |which: fn(&Run) -> bool| -> bool {
        let ink = |runs: &mut dyn Iterator<Item = &&Run>| -> usize {
            runs.map(|run| text::ink(&run.text)).sum()
        };
        let chosen = ink(&mut runs.iter().filter(|run| which(run)));
        chosen.saturating_mul(2) > ink(&mut runs.iter())
    };
    let main = pieces.iter().max_by_key(|piece| piece.ink())?;
    let first = runs.first()?;
    Some(Line {
        left: pieces
            .iter()
            .map(|piece| piece.left)
            .fold(f32::MAX, f32::min),
        right: pieces
            .iter()
            .map(|piece| piece.right)
            .fold(f32::MIN, f32::max),
        baseline: main.baseline,
        size: main.size,
        bold: share(|run| run.bold),
        monospaced: runs.iter().all(|run| run.monospaced),
        tabular,
        turned: first.turned,
        chrome: share(|run| run.chrome),
        place: runs.iter().map(|run| run.place).reduce(Place::around),
        text,
    })
}

/// What is seen of `run` after `last`: some layout programs set a ligature in a font of its own and begin the
/// rest of the word with a space that lies under it.
fn shown<'a>(last: Option<&Run>, run: &'a Run) -> &'a str {
    let covered = last.is_some_and(|last| {
        let ligature = last.text.ends_with(['ﬀ', 'ﬁ', 'ﬂ', 'ﬃ', 'ﬄ']);
        ligature && run.left - last.right < -WORD_GAP * smaller(last.size, run.size)
    });
    if covered {
        run.text.trim_start()
    } else {
        &run.text
    }
}

/// The smaller size, if both are known: a threshold taken from the larger would swallow spaces of the smaller.
fn smaller(a: f32, b: f32) -> f32 {
    if a > 0.0 && b > 0.0 {
        a.min(b)
    } else {
        a.max(b)
    }
}

/// Whether a gap between `before` and `after` is a space, and not the pitch of unspaced script.
fn separable(before: &str, after: &str) -> bool {
    match (before.chars().next_back(), after.chars().next()) {
        (Some(last), Some(next)) => {
            let spaced = last.is_whitespace() || next.is_whitespace();
            let unspaced = text::unspaced(last) && text::unspaced(next);
            !(spaced || unspaced)
        }
        _ => false,
    }
}

/// Whether two pieces stand on one line.
pub(super) fn beside(a: &Piece, b: &Piece) -> bool {
    (a.baseline - b.baseline).abs() <= SAME_LINE * smaller(a.size, b.size)
}
