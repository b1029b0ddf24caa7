//! A look at the records of a binary workbook (MS-XLS 2.1) before it is read for good.
//!
//! Cells far apart make the reader lay out everything between them, declared sizes make it reserve memory, and
//! several sheets may share the same records. So the stream is scanned first, cheaply, and handed on without its empty rows,
//! and only when it stays within bounds.

use std::collections::BTreeSet;

use super::sheet::Behind;
use crate::compound::{self, Compound, u16_at, u32_at};
use crate::error::ExtractError;
use crate::limits::Limits;

const FORMULA: u16 = 0x0006;
const END: u16 = 0x000a;
const FILE_PASS: u16 = 0x002f;
const CONTINUE: u16 = 0x003c;
const COLUMN_INFO: u16 = 0x007d;
const BOUND_SHEET: u16 = 0x0085;
const MUL_RK: u16 = 0x00bd;
const RICH_STRING: u16 = 0x00d6;
const LABEL_SST: u16 = 0x00fd;
const DIMENSIONS: u16 = 0x0200;
const NUMBER: u16 = 0x0203;
const LABEL: u16 = 0x0204;
const BOOL_ERR: u16 = 0x0205;
const ROW: u16 = 0x0208;
const RK: u16 = 0x027e;
const BOF: u16 = 0x0809;

/// Continuations of one record that Excel writes for the largest string tables; more is an attack.
const MOST_CONTINUATIONS: usize = 100_000;
/// Cells laid out per filled cell allowed by the limits.
const LAID_OUT_PER_CELL: u64 = 4;
/// Flag of a hidden row (MS-XLS 2.4.221) and of hidden columns (2.4.53).
const ROW_HIDDEN: u16 = 0x0020;
const COLUMNS_HIDDEN: u16 = 0x0001;
/// Stretches of hidden columns kept for one sheet: no sheet has more columns.
const MOST_COLUMNS: usize = 256;

/// A sheet as it stands in the stream.
#[derive(Debug, Default)]
pub(super) struct Scanned {
    /// What is hidden in it.
    pub(super) behind: Behind,
    /// Rows that hold cells, ascending. The stream handed on counts only these: its row 0 is the first of them.
    pub(super) rows: Vec<u16>,
    /// Where its records begin and end.
    start: usize,
    end: usize,
}

/// A compound file with nothing but the workbook stream, which stays within bounds, and its sheets in their order.
pub(super) fn checked(
    bytes: &[u8],
    limits: &Limits,
) -> Result<(Vec<u8>, Vec<Scanned>), ExtractError> {
    let compound = Compound::open(bytes)?;
    let stream = match compound.stream("Workbook")? {
        Some(stream) => Some(stream),
        None => compound.stream("Book")?,
    };
    let mut stream = stream.ok_or_else(|| damaged("no workbook stream"))?;
    let sheets = scan(&stream, limits)?;
    let mut by_place: Vec<&Scanned> = sheets.iter().collect();
    by_place.sort_by_key(|sheet| sheet.start);
    if by_place
        .windows(2)
        .any(|two| matches!(two, [a, b] if b.start < a.end))
    {
        return Err(damaged("sheets share their records"));
    }
    for sheet in by_place {
        tidy(&mut stream, sheet);
    }
    Ok((compound::wrap("Workbook", &stream)?, sheets))
}

/// Takes out of a sheet what would make the reader reserve memory for cells that are not there: declared sizes, and the rows
/// between those that are filled.
fn tidy(stream: &mut [u8], sheet: &Scanned) {
    let places: Vec<(u16, usize, usize)> = Records::new(stream, sheet.start)
        .filter(|record| record.depth <= 1 && (record.kind == DIMENSIONS || is_cell(record.kind)))
        .map(|record| {
            (
                record.kind,
                record.offset.saturating_add(4),
                record.data.len(),
            )
        })
        .collect();
    for (kind, start, length) in places {
        let Some(data) = stream.get_mut(start..start.saturating_add(length)) else {
            continue;
        };
        if kind == DIMENSIONS {
            data.fill(0);
        } else if let Some(row) = u16_at(data, 0)
            && let Ok(place) = sheet.rows.binary_search(&row)
            && let (Some(number), Ok(place)) = (data.get_mut(..2), u16::try_from(place))
        {
            number.copy_from_slice(&place.to_le_bytes());
        }
    }
}

fn is_cell(kind: u16) -> bool {
    matches!(
        kind,
        NUMBER | LABEL | RICH_STRING | BOOL_ERR | RK | LABEL_SST | MUL_RK | FORMULA
    )
}

fn scan(stream: &[u8], limits: &Limits) -> Result<Vec<Scanned>, ExtractError> {
    let mut starts = Vec::new();
    for record in Records::new(stream, 0) {
        match record.kind {
            FILE_PASS => return Err(ExtractError::Encrypted),
            BOUND_SHEET => starts.push(u32_at(record.data, 0).unwrap_or(u32::MAX) as usize),
            _ => {}
        }
    }
    if starts.len() as u64 > limits.pages {
        return Err(ExtractError::TooLarge {
            what: "pages",
            limit: limits.pages,
        });
    }
    let mut sheets = Vec::new();
    let mut scanned = 0_usize;
    let mut laid_out = 0_u64;
    for start in starts {
        let mut sheet = Scanned {
            start,
            end: start,
            ..Scanned::default()
        };
        let mut rows = BTreeSet::new();
        let mut cells = Width::default();
        let mut formulas = Width::default();
        let mut continuations = 0_usize;
        for record in Records::new(stream, start) {
            let length = record.data.len().saturating_add(4);
            sheet.end = record.offset.saturating_add(length);
            scanned = scanned.saturating_add(length);
            continuations = if record.kind == CONTINUE {
                continuations.saturating_add(1)
            } else {
                0
            };
            if scanned > stream.len().saturating_mul(2) || continuations > MOST_CONTINUATIONS {
                return Err(damaged("sheets share their records"));
            }
            // Embedded charts bring records of their own.
            if record.depth > 1 {
                continue;
            }
            if is_cell(record.kind) {
                rows.extend(u16_at(record.data, 0));
                cells.include(record.data, 2);
            }
            match record.kind {
                ROW => hide_row(record.data, &mut sheet.behind),
                COLUMN_INFO => hide_columns(record.data, &mut sheet.behind),
                MUL_RK => cells.include(record.data, record.data.len().saturating_sub(2)),
                FORMULA => formulas.include(record.data, 2),
                _ => {}
            }
        }
        sheet.rows = rows.into_iter().collect();
        let columns = cells.columns().saturating_add(formulas.columns());
        laid_out = laid_out.saturating_add(columns.saturating_mul(sheet.rows.len() as u64));
        sheets.push(sheet);
    }
    if laid_out > limits.cells.saturating_mul(LAID_OUT_PER_CELL) {
        return Err(ExtractError::TooLarge {
            what: "cells",
            limit: limits.cells,
        });
    }
    Ok(sheets)
}

/// Rows come in ascending order; one that does not is passed over.
fn hide_row(data: &[u8], behind: &mut Behind) {
    let (Some(row), Some(flags)) = (u16_at(data, 0), u16_at(data, 12)) else {
        return;
    };
    let row = u32::from(row);
    let last = behind.hidden_rows.last();
    if flags & ROW_HIDDEN != 0 && last.is_none_or(|(_, last)| *last < row) {
        behind.hide_row(row);
    }
}

fn hide_columns(data: &[u8], behind: &mut Behind) {
    let (Some(first), Some(last), Some(flags)) =
        (u16_at(data, 0), u16_at(data, 2), u16_at(data, 8))
    else {
        return;
    };
    if flags & COLUMNS_HIDDEN != 0 && behind.hidden_columns.len() < MOST_COLUMNS {
        behind
            .hidden_columns
            .push((u32::from(first), u32::from(last)));
    }
}

/// From the first to the last column of some cells.
#[derive(Default)]
struct Width {
    ends: Option<(u16, u16)>,
}

impl Width {
    /// Takes in the column that stands at `place` in `data`.
    fn include(&mut self, data: &[u8], place: usize) {
        let Some(column) = u16_at(data, place) else {
            return;
        };
        let (first, last) = self.ends.unwrap_or((column, column));
        self.ends = Some((first.min(column), last.max(column)));
    }

    fn columns(&self) -> u64 {
        self.ends.map_or(0, |(first, last)| {
            u64::from(last.saturating_sub(first)).saturating_add(1)
        })
    }
}

struct Record<'s> {
    kind: u16,
    offset: usize,
    /// Streams within streams, this one counted.
    depth: usize,
    data: &'s [u8],
}

/// The records of a stream, to its end or that of the bytes.
struct Records<'s> {
    stream: &'s [u8],
    offset: usize,
    depth: usize,
}

impl<'s> Records<'s> {
    fn new(stream: &'s [u8], offset: usize) -> Self {
        Self {
            stream,
            offset,
            depth: 0,
        }
    }
}

impl<'s> Iterator for Records<'s> {
    type Item = Record<'s>;

    fn next(&mut self) -> Option<Record<'s>> {
        let offset = self.offset;
        let kind = u16_at(self.stream, offset)?;
        let length = usize::from(u16_at(self.stream, offset.checked_add(2)?)?);
        let start = offset.checked_add(4)?;
        let end = start.checked_add(length)?;
        let data = self.stream.get(start..end)?;
        match kind {
            BOF => self.depth = self.depth.saturating_add(1),
            END if self.depth <= 1 => return None,
            _ => {}
        }
        let depth = self.depth;
        if kind == END {
            self.depth = self.depth.saturating_sub(1);
        }
        self.offset = end;
        Some(Record {
            kind,
            offset,
            depth,
            data,
        })
    }
}

fn damaged(reason: &str) -> ExtractError {
    ExtractError::Damaged {
        reason: format!("binary workbook: {reason}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{scan, tidy};
    use crate::error::ExtractError;
    use crate::limits::Limits;

    fn record(kind: u16, data: &[u8]) -> Vec<u8> {
        [
            &kind.to_le_bytes(),
            &(data.len() as u16).to_le_bytes(),
            data,
        ]
        .concat()
    }

    fn number(row: u16, column: u16) -> Vec<u8> {
        let mut data = [row.to_le_bytes(), column.to_le_bytes()].concat();
        data.extend([0; 10]);
        record(super::NUMBER, &data)
    }

    /// Globals naming `sheets` sheets, all at the same place, and then the records of that one sheet.
    fn stream(sheets: usize, cells: &[Vec<u8>]) -> Vec<u8> {
        let globals = 4 + 4 + sheets * (4 + 4);
        let mut stream = record(super::BOF, &[]);
        for _ in 0..sheets {
            stream.extend(record(super::BOUND_SHEET, &(globals as u32).to_le_bytes()));
        }
        stream.extend(record(super::END, &[]));
        stream.extend(record(super::BOF, &[]));
        stream.extend(cells.concat());
        stream.extend(record(super::END, &[]));
        stream
    }

    #[test]
    fn cells_far_apart_are_too_many_cells() {
        let limits = Limits {
            cells: 1000,
            ..Limits::default()
        };
        assert!(scan(&stream(1, &[number(0, 0), number(99, 9)]), &limits).is_ok());
        let spread: Vec<Vec<u8>> = (0..20).map(|row| number(row, row * 12)).collect();
        assert!(matches!(
            scan(&stream(1, &spread), &limits),
            Err(ExtractError::TooLarge { what: "cells", .. })
        ));
    }

    #[test]
    fn empty_rows_are_taken_out() {
        let limits = Limits {
            cells: 1000,
            ..Limits::default()
        };
        let mut stream = stream(1, &[number(7, 0), number(u16::MAX, 255), number(7, 1)]);
        let sheets = scan(&stream, &limits).unwrap();
        assert_eq!(sheets[0].rows, [7, u16::MAX]);
        tidy(&mut stream, &sheets[0]);
        let tidied = scan(&stream, &limits).unwrap();
        assert_eq!(tidied[0].rows, [0, 1]);
    }

    #[test]
    fn sheets_that_share_their_records_are_damage() {
        let cells: Vec<Vec<u8>> = (0..100).map(|row| number(row, 0)).collect();
        assert!(scan(&stream(1, &cells), &Limits::default()).is_ok());
        assert!(matches!(
            scan(&stream(50, &cells), &Limits::default()),
            Err(ExtractError::Damaged { .. })
        ));
    }

    #[test]
    fn hidden_rows_and_columns_are_found() {
        let row = |number: u16, flags: u16| {
            let mut data = number.to_le_bytes().to_vec();
            data.extend([0; 10]);
            data.extend(flags.to_le_bytes());
            record(super::ROW, &data)
        };
        let columns = |first: u16, last: u16, flags: u16| {
            let data = [first, last, 0x900, 15, flags]
                .map(u16::to_le_bytes)
                .concat();
            record(super::COLUMN_INFO, &data)
        };
        let records = [
            columns(0, 1, 0),
            columns(2, 3, 1),
            row(0, 0x0100),
            row(1, 0x0120),
            row(2, 0x0020),
            row(1, 0x0020),
            number(0, 0),
        ];
        let found = scan(&stream(1, &records), &Limits::default()).unwrap();
        let [sheet] = found.as_slice() else {
            panic!("{found:?}");
        };
        assert_eq!(sheet.behind.hidden_rows, [(1, 2)]);
        assert_eq!(sheet.behind.hidden_columns, [(2, 3)]);
    }

    #[test]
    fn a_password_is_seen() {
        let mut stream = record(super::BOF, &[]);
        stream.extend(record(super::FILE_PASS, &[1, 0]));
        assert!(matches!(
            scan(&stream, &Limits::default()),
            Err(ExtractError::Encrypted)
        ));
    }
}
