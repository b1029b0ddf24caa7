//! Columns of a table as values to compute with.
//!
//! A column has a type when at least [`SURE`] of a hundred filled cells, totals left out, are of it; the others count as
//! missing. Cells of delimited files are texts; a column of them is read as numbers or dates by the same rule, its decimal
//! sign told by what most of the column's cells can only mean: `1.234` is a thousand beside `8,50`, and one and a bit
//! beside `0.75`.

use super::layout::SheetTable;
use super::sheet::{Behind, Cell, CellKind, Row, Sheet, a1};
use crate::document::{CellRemark, Column, RowMark, Value, ValueKind};
use crate::grid;

/// Of a hundred filled cells, so many share the column's type.
const SURE: usize = 80;
/// Longest unit that a name may give in parentheses, in characters.
const LONGEST_UNIT: usize = 12;
/// Signs of money and parts that stand at a number.
const SIGNS: [&str; 5] = ["R$", "US$", "$", "€", "%"];

/// The columns of `table`, with the marks of its rows.
pub(super) fn columns(sheet: &Sheet, table: &SheetTable) -> (Vec<Column>, Vec<RowMark>) {
    let marks: Vec<RowMark> = table
        .rows
        .iter()
        .map(|(row, cells)| RowMark {
            range: a1(*row, table.left, *row, table.right),
            total: grid::is_total(cells),
            hidden: sheet.behind.hides_row(*row),
        })
        .collect();
    let rows: Vec<&[Cell]> = table
        .rows
        .iter()
        .map(|(row, _)| cells(sheet, *row))
        .collect();
    let columns = (table.left..=table.right)
        .enumerate()
        .map(|(index, column)| {
            let cells: Vec<Option<&Cell>> = rows
                .iter()
                .map(|row| {
                    let at = row.binary_search_by_key(&column, |cell| cell.column).ok()?;
                    row.get(at)
                })
                .collect();
            let path = table.paths.get(index).cloned().unwrap_or_default();
            typed(path, &cells, &marks, sheet.behind.hides_column(column))
        })
        .collect();
    (columns, marks)
}

/// Formulas and comments of the cells of `table`.
pub(super) fn remarks(behind: &Behind, table: &SheetTable) -> Vec<CellRemark> {
    let mut remarks = Vec::new();
    let rows = (table.top, 0)..=(table.bottom, u32::MAX);
    let mut places: Vec<(u32, u32)> = behind
        .formulas
        .range(rows.clone())
        .map(|(place, _)| *place)
        .chain(behind.comments.range(rows).map(|(place, _)| *place))
        .filter(|(_, column)| (table.left..=table.right).contains(column))
        .collect();
    places.sort_unstable();
    places.dedup();
    for place in places {
        remarks.push(CellRemark {
            cell: a1(place.0, place.1, place.0, place.1),
            formula: behind.formulas.get(&place).cloned(),
            comment: behind.comments.get(&place).cloned(),
        });
    }
    remarks
}

fn cells(sheet: &Sheet, number: u32) -> &[Cell] {
    sheet
        .rows
        .binary_search_by_key(&number, |row: &Row| row.number)
        .ok()
        .and_then(|at| sheet.rows.get(at))
        .map_or(&[], |row| &row.cells)
}

fn typed(path: Vec<String>, cells: &[Option<&Cell>], marks: &[RowMark], hidden: bool) -> Column {
    let counted: Vec<&Cell> = cells
        .iter()
        .zip(marks)
        .filter(|(_, mark)| !mark.total)
        .filter_map(|(cell, _)| *cell)
        .collect();
    let comma = decimal_comma(&counted);
    let kind = kind(&counted, comma);
    let values = match kind {
        ValueKind::Text | ValueKind::Empty => Vec::new(),
        kind => cells
            .iter()
            .map(|cell| match cell.map(|cell| value(cell, comma)) {
                Some(value) if kind_of(&value) == Some(kind) => value,
                _ => Value::Missing,
            })
            .collect(),
    };
    let unit = (kind == ValueKind::Number)
        .then(|| unit(&counted, path.last().map_or("", String::as_str)))
        .flatten();
    Column {
        path,
        kind,
        unit,
        hidden,
        values,
    }
}

fn kind(cells: &[&Cell], comma: bool) -> ValueKind {
    if cells.is_empty() {
        return ValueKind::Empty;
    }
    let of = |kind: ValueKind| {
        cells
            .iter()
            .filter(|cell| kind_of(&value(cell, comma)) == Some(kind))
            .count()
    };
    [ValueKind::Number, ValueKind::Date, ValueKind::Flag]
        .into_iter()
        .find(|kind| of(*kind).saturating_mul(100) >= cells.len().saturating_mul(SURE))
        .unwrap_or(ValueKind::Text)
}

fn kind_of(value: &Value) -> Option<ValueKind> {
    match value {
        Value::Number(_) => Some(ValueKind::Number),
        Value::Date(_) => Some(ValueKind::Date),
        Value::Flag(_) => Some(ValueKind::Flag),
        Value::Missing => None,
    }
}

/// What a cell means; a text may be a number or a date written out.
fn value(cell: &Cell, comma: bool) -> Value {
    if cell.kind != CellKind::Text {
        return cell.value.clone();
    }
    if !grid::is_value(&cell.text) {
        return Value::Missing;
    }
    number(&cell.text, comma)
        .map(Value::Number)
        .or_else(|| date(&cell.text).map(Value::Date))
        .unwrap_or(Value::Missing)
}

/// Whether the texts of a column write decimals with a comma.
fn decimal_comma(cells: &[&Cell]) -> bool {
    let mut commas = 0_usize;
    let mut points = 0_usize;
    for cell in cells.iter().filter(|cell| cell.kind == CellKind::Text) {
        let digits = bare(&cell.text);
        match (digits.rfind(','), digits.rfind('.')) {
            (Some(comma), Some(point)) if comma > point => commas = commas.saturating_add(1),
            (Some(_), Some(_)) => points = points.saturating_add(1),
            // `1,234` and `1.234` may be thousands; anything else after the sign is a fraction.
            (Some(comma), None) if is_fraction(digits, comma) => commas = commas.saturating_add(1),
            (None, Some(point)) if is_fraction(digits, point) => points = points.saturating_add(1),
            _ => {}
        }
    }
    // Without any sign of the other, as Portuguese writes.
    commas >= points
}

fn is_fraction(digits: &str, sign: usize) -> bool {
    let after = digits.len().saturating_sub(sign).saturating_sub(1);
    after != 3 || sign > 3 || digits.starts_with('0')
}

/// A number without the signs around it.
fn bare(text: &str) -> &str {
    let mut rest = text.trim();
    for sign in SIGNS {
        rest = rest.strip_prefix(sign).unwrap_or(rest);
        rest = rest.strip_suffix(sign).unwrap_or(rest).trim();
    }
    rest
}

/// `-1.234,56`, `R$ 1.234,56`, `87,5%`, `(12)` as accountants write what is owed; `None` for anything else.
fn number(text: &str, comma: bool) -> Option<f64> {
    let rest = bare(text);
    let owed = rest
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'));
    let rest = bare(owed.unwrap_or(rest));
    let (minus, rest) = match rest.strip_prefix(['-', '−']) {
        Some(rest) => (true, bare(rest)),
        None => (owed.is_some(), rest.strip_prefix('+').unwrap_or(rest)),
    };
    let (decimal, thousands) = if comma { (',', '.') } else { ('.', ',') };
    let (whole, fraction) = rest.split_once(decimal).unwrap_or((rest, ""));
    let groups: Vec<&str> = whole.split(thousands).collect();
    let grouped = groups.len() == 1
        || (groups.iter().skip(1).all(|group| group.len() == 3)
            && groups
                .first()
                .is_some_and(|group| (1..=3).contains(&group.len())));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !grouped || !groups.iter().all(|group| digits(group)) || !digits(fraction) {
        return None;
    }
    let plain = format!("{}.{fraction}", groups.concat());
    let number: f64 = plain.parse().ok()?;
    let number = if minus { -number } else { number };
    number.is_finite().then_some(number)
}

/// `15/03/2025`, or `2025-03-15`, with or without a time after it.
fn date(text: &str) -> Option<String> {
    let (day, time) = text.split_once([' ', 'T']).unwrap_or((text, ""));
    let parts: Vec<&str> = day.split(['/', '-']).collect();
    let &[first, month, last] = parts.as_slice() else {
        return None;
    };
    let (year, day) = if first.len() == 4 {
        (first, last)
    } else {
        (last, first)
    };
    let within = |part: &str, most: u32| {
        part.parse::<u32>()
            .is_ok_and(|part| (1..=most).contains(&part))
    };
    if year.len() != 4 || !within(year, 9999) || !within(month, 12) || !within(day, 31) {
        return None;
    }
    let mut iso = format!("{year}-{month:0>2}-{day:0>2}");
    let clock: Vec<&str> = time.split(':').collect();
    let is_clock = |part: &&str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    match clock.as_slice() {
        [""] => {}
        parts if (2..=3).contains(&parts.len()) && parts.iter().all(is_clock) => {
            iso.push('T');
            iso.push_str(time);
            if parts.len() == 2 {
                iso.push_str(":00");
            }
        }
        _ => return None,
    }
    Some(iso)
}

/// The sign that most of the numbers bear, or what the column's name says in parentheses.
fn unit(cells: &[&Cell], name: &str) -> Option<String> {
    let bears = |sign: &str| {
        let bearing = cells.iter().filter(|cell| {
            let text = cell.text.trim_start_matches(['-', '−', '+', '(', ' ']);
            text.starts_with(sign) || text.trim_end_matches(')').ends_with(sign)
        });
        bearing.count().saturating_mul(100) >= cells.len().saturating_mul(SURE)
    };
    if let Some(sign) = SIGNS.iter().find(|sign| bears(sign)) {
        return Some((*sign).to_owned());
    }
    let inner = name.trim_end().strip_suffix([')', ']'])?;
    let (_, unit) = inner.rsplit_once(['(', '['])?;
    let unit = unit.trim();
    let fits = !unit.is_empty() && unit.chars().count() <= LONGEST_UNIT && !unit.contains(' ');
    fits.then(|| unit.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{date, decimal_comma, number, typed};
    use crate::document::{RowMark, Value, ValueKind};
    use crate::workbook::sheet::{Cell, CellKind};

    fn text(shown: &str) -> Cell {
        Cell {
            column: 0,
            text: shown.to_owned(),
            kind: CellKind::Text,
            value: Value::Missing,
            bold: false,
        }
    }

    fn column(name: &str, cells: &[&str], totals: usize) -> crate::Column {
        let cells: Vec<Cell> = cells.iter().map(|shown| text(shown)).collect();
        let filled: Vec<Option<&Cell>> = cells
            .iter()
            .map(|cell| (!cell.text.is_empty()).then_some(cell))
            .collect();
        let marks: Vec<RowMark> = (0..cells.len())
            .map(|row| RowMark {
                range: String::new(),
                total: row >= cells.len() - totals,
                hidden: false,
            })
            .collect();
        typed(vec![name.to_owned()], &filled, &marks, false)
    }

    #[test]
    fn numbers_are_read_as_their_column_writes_them() {
        assert_eq!(number("R$ -1.234,56", true), Some(-1234.56));
        assert_eq!(number("(12)", true), Some(-12.0));
        assert_eq!(number("1,234.5", false), Some(1234.5));
        assert_eq!(number("87,5%", true), Some(87.5));
        assert_eq!(number("1.23", true), None);
        assert_eq!(number("15/03/2025", true), None);
        let comma = |texts: &[&str]| {
            let cells: Vec<Cell> = texts.iter().map(|shown| text(shown)).collect();
            decimal_comma(&cells.iter().collect::<Vec<_>>())
        };
        assert!(comma(&["1.234", "8,50"]));
        assert!(!comma(&["1.234", "0.75"]));
        assert!(comma(&["1.234", "12"]));
    }

    #[test]
    fn dates_are_brought_into_the_order_that_sorts() {
        assert_eq!(date("5/3/2025").as_deref(), Some("2025-03-05"));
        assert_eq!(
            date("2025-03-15 19:30").as_deref(),
            Some("2025-03-15T19:30:00")
        );
        assert_eq!(date("15/13/2025"), None);
        assert_eq!(date("15/03/2025 tarde"), None);
    }

    #[test]
    fn a_column_has_the_type_of_most_of_its_cells() {
        let prices = column(
            "Preço",
            &["R$ 1.200,00", "R$ 90,50", "", "R$ 3,00", "n/d", "R$ 5,00"],
            0,
        );
        assert_eq!(prices.kind, ValueKind::Number);
        assert_eq!(prices.unit.as_deref(), Some("R$"));
        let values = [1200.0, 90.5, f64::NAN, 3.0, f64::NAN, 5.0].map(|number| {
            if number.is_nan() {
                Value::Missing
            } else {
                Value::Number(number)
            }
        });
        assert_eq!(prices.values, values);
        let mixed = column("Obs", &["8,5", "faltou", "7,0"], 0);
        assert_eq!((mixed.kind, mixed.values), (ValueKind::Text, Vec::new()));
    }

    #[test]
    fn totals_do_not_decide_but_have_their_value() {
        let weights = column("Peso (kg)", &["70", "80", "soma", "x"], 2);
        assert_eq!(weights.kind, ValueKind::Number);
        assert_eq!(weights.unit.as_deref(), Some("kg"));
        assert_eq!(weights.values.len(), 4);
    }
}
