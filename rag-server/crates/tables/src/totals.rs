//! Rows that sum up others, told apart from data.

use rust_decimal::Decimal;

use crate::column::Column;
use crate::source::SourceRow;
use crate::value::{Kind, Value, key};

/// Distinct values that are taken for the total of the rows above, at least over this many rows.
const LEAST_SUMMED: usize = 3;

/// What workbooks lose when they add up numbers that no double holds.
const NOISE: Decimal = Decimal::from_parts(1, 0, 0, false, 8);

const TOTAL_WORDS: [&str; 8] = [
    "total",
    "totais",
    "subtotal",
    "subtotais",
    "sub-total",
    "soma",
    "somatorio",
    "totals",
];

/// Marks rows that sum up others and that the document did not mark. Whether there were any.
///
/// A row is one when a cell of few words begins with `Total` or the like, or it has no words at all, and each number in
/// it equals the sum of the rows since the last such row, or of all rows above.
pub(crate) fn mark_totals(rows: &[SourceRow], columns: &[Column], counted: &mut [bool]) -> bool {
    let numeric: Vec<&Column> = columns
        .iter()
        .filter(|column| column.kind.is_summable() && !column.identifier)
        .collect();
    let texts: Vec<usize> = columns
        .iter()
        .enumerate()
        .filter(|(_, column)| column.kind == Kind::Text)
        .map(|(index, _)| index)
        .collect();
    if numeric.is_empty() || texts.is_empty() {
        return false;
    }
    let mut all = vec![(Decimal::ZERO, 0_usize); numeric.len()];
    let mut since = all.clone();
    let mut found = false;
    for (row, source) in rows.iter().enumerate() {
        let value = |column: &Column| match column.values.get(row) {
            Some(Value::Number(value)) => Some(*value),
            _ => None,
        };
        if !counted.get(row).copied().unwrap_or(false) {
            since = vec![(Decimal::ZERO, 0); numeric.len()];
            continue;
        }
        let cell = |index: &usize| source.cells.get(*index).map_or("", |cell| cell.trim());
        let words = texts.iter().filter(|index| !cell(index).is_empty()).count();
        let says = texts.iter().any(|index| {
            let folded = key(cell(index));
            folded.split(' ').count() <= 5
                && TOTAL_WORDS.contains(&folded.split([' ', ':']).next().unwrap_or(""))
        });
        let mut sums = 0;
        let mut fails = false;
        if says || words == 0 {
            for ((column, all), since) in numeric.iter().zip(&all).zip(&since) {
                if let Some(value) = value(column) {
                    let is = |sum: &(Decimal, usize)| {
                        (sum.0 - value).abs() <= NOISE
                            && sum.1 >= if says { 1 } else { LEAST_SUMMED }
                    };
                    if is(all) || is(since) {
                        sums += 1;
                    } else {
                        fails = true;
                    }
                }
            }
        }
        if sums > 0 && !fails {
            if let Some(slot) = counted.get_mut(row) {
                *slot = false;
            }
            found = true;
            since = vec![(Decimal::ZERO, 0); numeric.len()];
            continue;
        }
        for (index, column) in numeric.iter().enumerate() {
            if let Some(value) = value(column) {
                for sums in [&mut all, &mut since] {
                    if let Some(sum) = sums.get_mut(index) {
                        sum.0 = sum.0.checked_add(value).unwrap_or(sum.0);
                        sum.1 += 1;
                    }
                }
            }
        }
    }
    found
}
