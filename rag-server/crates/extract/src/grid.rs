//! Tables of text: which rows are headers, which are totals, and how a row reads as a sentence.

use std::collections::BTreeSet;

use crate::normalize;

/// A table as a document holds it, before its header is known.
#[derive(Debug, Default)]
pub(crate) struct Grid {
    /// Caption; may be empty.
    pub(crate) name: String,
    /// Cells, normalised to one line each. Rows may differ in length.
    pub(crate) rows: Vec<Vec<String>>,
    /// Leading rows that the document itself marks as headers.
    pub(crate) header_rows: usize,
}

impl Grid {
    pub(crate) fn filled_cells(&self) -> u64 {
        self.rows
            .iter()
            .flatten()
            .filter(|cell| !cell.is_empty())
            .count() as u64
    }
}

/// A table with its header told apart from its rows.
#[derive(Debug, PartialEq)]
pub(crate) struct Shape {
    /// Leading rows that say one thing across all columns.
    pub(crate) titles: Vec<String>,
    /// One name per column; empty when there is no header.
    pub(crate) header: Vec<String>,
    /// Rows with at least one filled cell, all of the same length as the widest one.
    pub(crate) rows: Vec<Vec<String>>,
}

/// Rows of very different length are no table: a grid of more than [`SMALL`] cells, blank ones included, has at
/// least one in [`PADDING`] filled.
const PADDING: usize = 16;
const SMALL: usize = 100_000;
/// Rows above a header that may be titles.
const MOST_TITLES: usize = 3;
/// Rows that may make up a header; more header rows are rows whose cells happen to be marked.
const MOST_HEADER_ROWS: usize = 3;

/// Tells header and rows apart. Nothing when the grid is no table: fewer than two columns or no row at all
/// (many documents lay out text in one big cell).
///
/// Leading rows with a single text, alone or repeated over the columns it spans, are titles. The next row is the
/// header when the document says so, or when all its cells are filled with distinct words and a row follows.
pub(crate) fn shape(grid: &mut Grid) -> Option<Shape> {
    let marked = grid.header_rows.min(grid.rows.len());
    let blank_headers = grid
        .rows
        .iter()
        .take(marked)
        .filter(|row| row.iter().all(String::is_empty))
        .count();
    grid.rows
        .retain(|row| row.iter().any(|cell| !cell.is_empty()));
    grid.header_rows = marked.saturating_sub(blank_headers);

    let width = grid.rows.iter().map(Vec::len).max().unwrap_or(0);
    let filled = grid.filled_cells() as usize;
    if width < 2
        || width.saturating_mul(grid.rows.len()) > filled.saturating_mul(PADDING).max(SMALL)
    {
        return None;
    }
    let mut rows = std::mem::take(&mut grid.rows);
    for row in &mut rows {
        row.resize(width, String::new());
    }
    let count = rows
        .iter()
        .take(rows.len().saturating_sub(1).min(MOST_TITLES))
        .take_while(|row| title_of(row).is_some())
        .count();
    let body = rows.split_off(count);
    let titles = rows.iter().filter_map(|row| title_of(row)).collect();
    let mut rows = body;
    let header_rows = match grid.header_rows.saturating_sub(count) {
        0 => usize::from(rows.len() > 1 && rows.first().is_some_and(|row| reads_as_header(row))),
        marked if marked > MOST_HEADER_ROWS => 1,
        marked => marked.min(rows.len().saturating_sub(1)),
    };
    let body = rows.split_off(header_rows);
    Some(Shape {
        titles,
        header: join_headers(&rows),
        rows: body,
    })
}

/// The only text of a row, in its first column and perhaps in others.
fn title_of(row: &[String]) -> Option<String> {
    let first = row
        .first()
        .filter(|text| !text.is_empty() && !is_value(text))?;
    row.iter()
        .all(|cell| cell.is_empty() || cell == first)
        .then(|| first.clone())
}

/// All cells filled, with words rather than numbers, none twice.
fn reads_as_header(row: &[String]) -> bool {
    let mut names = BTreeSet::new();
    row.iter()
        .all(|cell| !cell.is_empty() && !is_value(cell) && names.insert(cell))
}

/// One name per column out of one or more header rows: `1º bimestre / Prova`.
pub(crate) fn join_headers(rows: &[Vec<String>]) -> Vec<String> {
    header_paths(rows)
        .iter()
        .map(|path| path.join(" / "))
        .collect()
}

/// The names of each column from the uppermost header row down, blanks and repetitions left out.
pub(crate) fn header_paths(rows: &[Vec<String>]) -> Vec<Vec<String>> {
    let width = rows.iter().map(Vec::len).max().unwrap_or(0);
    (0..width)
        .map(|column| {
            let mut path: Vec<String> = Vec::new();
            for part in rows.iter().filter_map(|row| row.get(column)) {
                if !part.is_empty() && path.last() != Some(part) {
                    path.push(part.clone());
                }
            }
            path
        })
        .collect()
}

/// A row as people would read it out: `Aluno: Ana; Nota: 8,5`. Blank cells are left out; without a header the
/// values alone are joined.
pub(crate) fn row_text(header: &[String], cells: &[String]) -> String {
    let mut text = String::new();
    for (column, cell) in cells
        .iter()
        .enumerate()
        .filter(|(_, cell)| !cell.is_empty())
    {
        if !text.is_empty() {
            text.push_str("; ");
        }
        let name = header
            .get(column)
            .map_or("", |name| name.trim_end_matches([':', ' ']));
        if !name.is_empty() {
            text.push_str(name);
            text.push_str(": ");
        }
        text.push_str(cell);
    }
    text
}

/// Labels of rows that sum up others, without accents and in lower case.
const TOTAL_LABELS: [&str; 9] = [
    "total",
    "totais",
    "subtotal",
    "subtotais",
    "sub-total",
    "soma",
    "somatorio",
    "media",
    "medias",
];

/// The row sums up others: its first words are `Total`, `Subtotal`, `Soma`, `Média` or the like, alone or
/// followed by a few more (`Total geral`, `Média da turma`), and at least one value follows.
pub(crate) fn is_total(cells: &[String]) -> bool {
    let mut filled = cells.iter().filter(|cell| !cell.is_empty());
    let Some(label) = filled.next() else {
        return false;
    };
    if filled.next().is_none() || label.chars().count() > 40 {
        return false;
    }
    let folded = fold(label);
    let first = folded.split([' ', ':']).next().unwrap_or("");
    TOTAL_LABELS.contains(&first)
        || folded.starts_with("grand total")
        || first == "average"
        || first == "sum"
}

/// Lower case without accents.
pub(crate) fn fold(text: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    text.nfd()
        .filter(|c| !matches!(c, '\u{300}'..='\u{36f}'))
        .flat_map(char::to_lowercase)
        .collect()
}

/// A number, percentage, amount of money, date or time rather than words.
pub(crate) fn is_value(text: &str) -> bool {
    let rest = text
        .trim()
        .trim_start_matches("R$")
        .trim_start_matches(['$', '€', '+', '-', '−', '(', ' '])
        .trim_end_matches(['%', ')', ' ']);
    !rest.is_empty()
        && rest.starts_with(|c: char| c.is_ascii_digit() || matches!(c, ',' | '.'))
        && rest.chars().any(|c| c.is_ascii_digit())
        && rest.chars().all(|c| {
            c.is_ascii_digit()
                || matches!(c, '.' | ',' | '/' | ':' | '-' | ' ' | 'h' | 'e' | 'E' | '+')
        })
}

/// Cell text: one line.
pub(crate) fn cell(text: &str) -> String {
    normalize::line(text)
}

#[cfg(test)]
mod tests {
    use super::{Grid, is_total, is_value, join_headers, row_text, shape};

    fn row(cells: &[&str]) -> Vec<String> {
        cells.iter().map(|cell| (*cell).to_owned()).collect()
    }

    #[test]
    fn a_first_row_of_words_is_the_header() {
        let mut grid = Grid {
            rows: vec![
                row(&["Aluno", "Nota"]),
                row(&["Ana", "8,5"]),
                row(&["", ""]),
                row(&["Bia"]),
            ],
            ..Grid::default()
        };
        let shape = shape(&mut grid).unwrap();
        assert_eq!(shape.header, ["Aluno", "Nota"]);
        assert_eq!(shape.rows, [row(&["Ana", "8,5"]), row(&["Bia", ""])]);
        assert_eq!(
            row_text(&shape.header, &shape.rows[0]),
            "Aluno: Ana; Nota: 8,5"
        );
        assert_eq!(row_text(&shape.header, &shape.rows[1]), "Aluno: Bia");
    }

    #[test]
    fn a_row_that_says_one_thing_is_a_title() {
        let mut grid = Grid {
            rows: vec![
                row(&["Notas", "Notas"]),
                row(&["Turma A", ""]),
                row(&["Aluno", "Nota"]),
                row(&["Ana", "8,5"]),
            ],
            header_rows: 3,
            ..Grid::default()
        };
        let shape = shape(&mut grid).unwrap();
        assert_eq!(shape.titles, ["Notas", "Turma A"]);
        assert_eq!(shape.header, ["Aluno", "Nota"]);
        assert_eq!(shape.rows, [row(&["Ana", "8,5"])]);
    }

    #[test]
    fn a_row_of_numbers_is_no_header_and_one_column_is_no_table() {
        let mut numbers = Grid {
            rows: vec![row(&["Ana", "8,5"]), row(&["Bia", "7"])],
            ..Grid::default()
        };
        assert!(shape(&mut numbers).unwrap().header.is_empty());
        let mut layout = Grid {
            rows: vec![row(&["Um parágrafo."])],
            ..Grid::default()
        };
        assert_eq!(shape(&mut layout), None);
    }

    #[test]
    fn headers_of_two_levels_are_joined() {
        let rows = [
            row(&["Aluno", "1º bimestre", "1º bimestre"]),
            row(&["Aluno", "P1", "P2"]),
        ];
        assert_eq!(
            join_headers(&rows),
            ["Aluno", "1º bimestre / P1", "1º bimestre / P2"]
        );
    }

    #[test]
    fn totals_are_told_by_their_label() {
        assert!(is_total(&row(&["Total geral", "30"])));
        assert!(is_total(&row(&["", "MÉDIA:", "7,5"])));
        assert!(is_total(&row(&["Subtotal", "3"])));
        assert!(!is_total(&row(&["Totalmente presencial", "3"])));
        assert!(!is_total(&row(&["Total"])));
        assert!(!is_total(&row(&["Ana", "Total"])));
    }

    #[test]
    fn values_are_numbers_money_dates_and_times() {
        for text in [
            "8,5",
            "-3.2",
            "R$ 1.234,56",
            "15/03/2025",
            "19:30",
            "75%",
            "(12)",
            "1,5e3",
        ] {
            assert!(is_value(text), "{text}");
        }
        for text in ["Ana", "P1", "2º ano", "Nota", ""] {
            assert!(!is_value(text), "{text}");
        }
    }
}
