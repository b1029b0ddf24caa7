//! Delimited text: `.csv`, `.tsv` and whatever else holds its values between commas, semicolons, tabs or bars.

use crate::builder::Builder;
use crate::document::{Document, FileKind, Value};
use crate::error::ExtractError;
use crate::grid;
use crate::limits::Limits;
use crate::workbook::sheet::{Cell, CellKind, Sheet};
use crate::workbook::sheets::Sheets;

/// Delimiters tried, the surest first: a comma stands in Portuguese numbers and prose, a tab hardly anywhere.
const DELIMITERS: [u8; 4] = [b'\t', b';', b'|', b','];
/// Records looked at to find the delimiter.
const SAMPLE_RECORDS: usize = 200;
/// Bytes looked at to find the delimiter.
const SAMPLE_BYTES: usize = 1 << 18;
/// Lines in one quoted value; a value with more lost its closing mark.
const MOST_LINES: usize = 200;
/// Columns that workbook programs allow.
const MOST_COLUMNS: usize = 16_384;

/// How the values of a text stand apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Dialect {
    pub(crate) delimiter: u8,
    /// Columns of most records, at least 2.
    pub(crate) columns: usize,
    /// Records looked at.
    pub(crate) records: usize,
    /// Share of them with that many columns, 0 to 1.
    pub(crate) agreement: f64,
}

/// The delimiter that most records agree on; nothing when no delimiter gives at least two columns.
pub(crate) fn dialect(text: &str) -> Option<Dialect> {
    if let Some(delimiter) = declared(text) {
        return Some(Dialect {
            delimiter,
            columns: 2,
            records: 1,
            agreement: 1.0,
        });
    }
    let sample = sample(text);
    let mut best: Option<Dialect> = None;
    for delimiter in DELIMITERS {
        let Some(found) = agreement(sample, delimiter) else {
            continue;
        };
        if best.is_none_or(|best| found.agreement > best.agreement + 0.1) {
            best = Some(found);
        }
    }
    best
}

/// `sep=;` in the first line, as Excel writes and reads it.
fn declared(text: &str) -> Option<u8> {
    let rest = text.strip_prefix("sep=")?;
    let delimiter = rest.bytes().next()?;
    rest.lines()
        .next()
        .filter(|line| {
            line.len() == 1 && delimiter.is_ascii() && !delimiter.is_ascii_alphanumeric()
        })
        .map(|_| delimiter)
}

/// Whole lines from the beginning of the text.
fn sample(text: &str) -> &str {
    if text.len() <= SAMPLE_BYTES {
        return text;
    }
    let head = text
        .get(..text.floor_char_boundary(SAMPLE_BYTES))
        .unwrap_or(text);
    head.rsplit_once('\n').map_or(head, |(lines, _)| lines)
}

fn agreement(sample: &str, delimiter: u8) -> Option<Dialect> {
    let mut counts: Vec<usize> = Vec::new();
    let mut record = csv::StringRecord::new();
    let mut reader = reader(sample, delimiter, true);
    while counts.len() < SAMPLE_RECORDS && reader.read_record(&mut record).unwrap_or(false) {
        // Titles above a table and notes below it have one value only, whatever the delimiter.
        if record
            .iter()
            .filter(|field| !field.trim().is_empty())
            .count()
            > 0
        {
            counts.push(record.len());
        }
    }
    let records = counts.len();
    let mut widths: Vec<usize> = counts.iter().copied().filter(|count| *count > 1).collect();
    widths.sort_unstable();
    let columns = widths
        .chunk_by(|a, b| a == b)
        .max_by_key(|equal| equal.len())
        .and_then(|equal| equal.first())
        .copied()?;
    let same = widths.iter().filter(|width| **width == columns).count();
    Some(Dialect {
        delimiter,
        columns,
        records,
        agreement: same as f64 / records as f64,
    })
}

fn reader(text: &str, delimiter: u8, quoting: bool) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .quoting(quoting)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes())
}

/// A quotation mark that is never closed makes one value of everything after it; then marks are only text.
fn is_quoted(text: &str, delimiter: u8) -> bool {
    let mut record = csv::StringRecord::new();
    let mut reader = reader(text, delimiter, true);
    while reader.read_record(&mut record).unwrap_or(false) {
        if record
            .iter()
            .any(|value| value.matches('\n').count() > MOST_LINES)
        {
            return false;
        }
    }
    true
}

/// Reads decoded text; `stem` names the only sheet.
pub(crate) fn read(text: &str, stem: &str, limits: &Limits) -> Result<Document, ExtractError> {
    let mut builder = Builder::new(FileKind::Csv, limits);
    let delimiter = dialect(text).map_or(b',', |dialect| dialect.delimiter);
    let mut sheets = Sheets::new(&mut builder, 1)?;
    let mut sheet = Sheet {
        name: stem.to_owned(),
        ..Sheet::default()
    };
    let read = sheets.fill(&mut sheet, |push| {
        let skipped = declared(text)
            .and_then(|_| text.find('\n'))
            .map_or(0, |end| end.saturating_add(1));
        let body = text.get(skipped..).unwrap_or_default();
        let quoting = is_quoted(body, delimiter);
        let mut reader = reader(body, delimiter, quoting);
        let mut record = csv::StringRecord::new();
        // A row of the sheet is a record; blank lines, which the reader passes over, are rows too.
        let mut row = u32::from(skipped > 0);
        while reader
            .read_record(&mut record)
            .map_err(|error| ExtractError::Damaged {
                reason: format!("delimited text: {error}"),
            })?
        {
            let start = record
                .position()
                .map_or(0, |position| usize::try_from(position.byte()).unwrap_or(0));
            row = row.saturating_add(blank_lines(body, start));
            for (column, field) in record.iter().enumerate().take(MOST_COLUMNS) {
                let text = grid::cell(field);
                if !text.is_empty() {
                    let column = u32::try_from(column).unwrap_or(u32::MAX);
                    push(
                        row,
                        Some(Cell {
                            column,
                            text,
                            kind: CellKind::Text,
                            value: Value::Missing,
                            bold: false,
                        }),
                    )?;
                }
            }
            row = row.saturating_add(1);
        }
        Ok(())
    });
    sheets.emit(sheet, read)?;
    sheets.finish()?;
    builder.finish()
}

/// Blank lines from `start`, where the reader began to look for a record, to the record.
fn blank_lines(text: &str, start: usize) -> u32 {
    let bytes = text.as_bytes();
    let breaks = bytes
        .get(start..)
        .unwrap_or_default()
        .iter()
        .take_while(|byte| matches!(byte, b'\r' | b'\n'))
        .filter(|byte| **byte == b'\n')
        .count();
    // The line feed after a carriage return that ended the last record is no line of its own.
    let belongs = start > 0
        && bytes.get(start.saturating_sub(1)) == Some(&b'\r')
        && bytes.get(start) == Some(&b'\n');
    u32::try_from(breaks.saturating_sub(usize::from(belongs))).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::{dialect, read};
    use crate::document::{Document, Locator, Role};
    use crate::limits::Limits;

    fn document(text: &str) -> Document {
        read(text, "notas", &Limits::default()).unwrap()
    }

    fn lines(document: &Document) -> Vec<(String, &str)> {
        document
            .blocks
            .iter()
            .map(|block| match &block.locator {
                Locator::Sheet { range, .. } => (range.clone(), block.text.as_str()),
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn the_delimiter_is_found_among_decimal_commas() {
        for (text, delimiter) in [
            ("Aluno;Nota\nAna;8,5\nBia;9,0\n", b';'),
            ("Aluno,Nota\nAna,8.5\n", b','),
            ("Aluno\tNota\nSouza, Ana\t8,5\n", b'\t'),
            ("Aluno|Nota\nAna|8,5\n", b'|'),
            ("sep=;\nAluno;Nota\n", b';'),
        ] {
            assert_eq!(dialect(text).unwrap().delimiter, delimiter, "{text}");
        }
        assert_eq!(dialect("uma linha\noutra linha\n"), None);
    }

    #[test]
    fn rows_keep_their_place_over_blank_lines_and_quoted_line_breaks() {
        for end in ["\n", "\r\n"] {
            let text = ["Aluno;Obs", "Ana;\"a\nb\"", "", "Bia;c"].join(end);
            let document = document(&text);
            assert_eq!(
                lines(&document),
                [
                    ("A2:B2".to_owned(), "Aluno: Ana; Obs: a b"),
                    ("A4:B4".to_owned(), "Aluno: Bia; Obs: c"),
                ]
            );
        }
    }

    #[test]
    fn a_quotation_mark_left_open_swallows_nothing() {
        let rows = "7;\"8\n".to_owned() + &"9;10\n".repeat(500);
        assert_eq!(lines(&document(&format!("a;b\n{rows}"))).len(), 501);
    }

    #[test]
    fn a_title_and_a_total_are_told_from_the_rows() {
        let document = document("Notas da turma;;\nAluno;P1;P2\nAna;8,5;9\nTotal;8,5;9\n");
        assert_eq!(document.blocks[0].role, Role::Paragraph);
        assert_eq!(document.tables[0].name, "Notas da turma");
        assert_eq!(
            document.blocks[2].role,
            Role::TableRow {
                table: 0,
                total: true
            }
        );
    }
}
