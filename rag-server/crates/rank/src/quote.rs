//! Which sentences of a passage to quote.

use std::ops::Range;

/// The second sentence of a quote may take it to this many characters, a third one to `THIRD`. On FaQuAD's development half the
/// answer stands in the best sentence in 82 % of the questions, with the next one in 90 %, with both neighbours in 91 %.
const SECOND: usize = 700;
const THIRD: usize = 420;

/// Bytes of the best sentence, the one after it and, while short, the one before it.
///
/// `spans` holds at least one span, `worth` one value each; ties go to the earlier sentence.
pub(crate) fn quote(text: &str, spans: &[Range<usize>], worth: &[f32]) -> Range<usize> {
    let best = best_of(worth);
    let (mut first, mut last) = (best, best);
    let whole = |first: usize, last: usize| -> Option<Range<usize>> {
        Some(spans.get(first)?.start..spans.get(last)?.end)
    };
    let fits = |span: &Range<usize>, limit: usize| {
        text.get(span.clone())
            .is_some_and(|part| part.chars().take(limit + 1).count() <= limit)
    };
    if whole(first, last + 1).is_some_and(|span| fits(&span, SECOND)) {
        last += 1;
    }
    if first > 0 {
        let limit = if last > best { THIRD } else { SECOND };
        if whole(first - 1, last).is_some_and(|span| fits(&span, limit)) {
            first -= 1;
        }
    }
    whole(first, last).unwrap_or(0..text.len())
}

/// Index of the greatest value, the earliest among equals.
pub(crate) fn best_of(worth: &[f32]) -> usize {
    let mut best = 0;
    for (index, value) in worth.iter().enumerate() {
        if worth
            .get(best)
            .is_some_and(|greatest| value.total_cmp(greatest).is_gt())
        {
            best = index;
        }
    }
    best
}
