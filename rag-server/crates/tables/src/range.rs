//! Cells in A1 notation.

/// `0` → `A`, `26` → `AA`.
pub(crate) fn letters(mut column: u32) -> String {
    let mut letters = Vec::new();
    loop {
        letters.push(char::from(b'A' + (column % 26) as u8));
        if column < 26 {
            break;
        }
        column = column / 26 - 1;
    }
    letters.iter().rev().collect()
}

/// 0-based column and 1-based row of the first cell of `B7:D7` or `B7`.
pub(crate) fn first_cell(range: &str) -> Option<(u32, u32)> {
    let first = range.split(':').next()?;
    let split = first.find(|c: char| c.is_ascii_digit())?;
    let (column, row) = first.split_at_checked(split)?;
    if column.is_empty() || column.len() > 3 {
        return None;
    }
    let mut number = 0_u32;
    for letter in column.bytes() {
        if !letter.is_ascii_uppercase() {
            return None;
        }
        number = number * 26 + u32::from(letter - b'A') + 1;
    }
    Some((number - 1, row.parse().ok()?))
}

/// Most pieces of a folded range; more rows are given as the span they stand in.
const MOST_PIECES: usize = 24;

/// Row numbers, sorted, folded into runs: `(first, last)`. The flag tells that there were too many runs, and that the one
/// given spans rows that were not used, too.
pub(crate) fn runs(rows: &[u32]) -> (Vec<(u32, u32)>, bool) {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for &row in rows {
        match runs.last_mut() {
            Some(last) if row == last.1 || row == last.1 + 1 => last.1 = row,
            _ => runs.push((row, row)),
        }
    }
    if runs.len() > MOST_PIECES {
        let first = runs.first().map_or(0, |run| run.0);
        let last = runs.last().map_or(0, |run| run.1);
        return (vec![(first, last)], true);
    }
    (runs, false)
}

#[cfg(test)]
mod tests {
    use super::{first_cell, letters, runs};

    #[test]
    fn cells_are_named_as_workbooks_name_them() {
        assert_eq!(letters(0), "A");
        assert_eq!(letters(27), "AB");
        assert_eq!(letters(702), "AAA");
        assert_eq!(first_cell("B7:D7"), Some((1, 7)));
        assert_eq!(first_cell("AB12"), Some((27, 12)));
        assert_eq!(first_cell("7"), None);
    }

    #[test]
    fn rows_are_folded_into_runs() {
        assert_eq!(runs(&[2, 3, 4, 9]), (vec![(2, 4), (9, 9)], false));
        let odd: Vec<u32> = (0..100).map(|n| n * 2).collect();
        assert_eq!(runs(&odd), (vec![(0, 198)], true));
    }
}
