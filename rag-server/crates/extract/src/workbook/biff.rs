//! A look at the records of a binary workbook (MS-XLS 2.1) before it is read for good.
//!
//! Cells far apart make the reader lay out everything between them, declared sizes make it reserve memory, and
//! several sheets may share the same records. So the stream is scanned first, cheaply, and handed on only when
//! it stays within bounds.

use crate::compound::{self, Compound, u16_at, u32_at};
use crate::error::ExtractError;
use crate::limits::Limits;

const FORMULA: u16 = 0x0006;
const END: u16 = 0x000a;
const FILE_PASS: u16 = 0x002f;
const CONTINUE: u16 = 0x003c;
const BOUND_SHEET: u16 = 0x0085;
const MUL_RK: u16 = 0x00bd;
const RICH_STRING: u16 = 0x00d6;
const LABEL_SST: u16 = 0x00fd;
const DIMENSIONS: u16 = 0x0200;
const NUMBER: u16 = 0x0203;
const LABEL: u16 = 0x0204;
const BOOL_ERR: u16 = 0x0205;
const RK: u16 = 0x027e;
const BOF: u16 = 0x0809;

/// Continuations of one record that Excel writes for the largest string tables; more is an attack.
const MOST_CONTINUATIONS: usize = 100_000;
/// Cells laid out per filled cell allowed by the limits.
const LAID_OUT_PER_CELL: u64 = 4;

/// A compound file with nothing but the workbook stream, which stays within bounds.
pub(crate) fn checked(bytes: &[u8], limits: &Limits) -> Result<Vec<u8>, ExtractError> {
    let compound = Compound::open(bytes)?;
    let stream = match compound.stream("Workbook")? {
        Some(stream) => Some(stream),
        None => compound.stream("Book")?,
    };
    let mut stream = stream.ok_or_else(|| damaged("no workbook stream"))?;
    let declared = scan(&stream, limits)?;
    for offset in declared {
        // What a sheet declares as its size is only a hint, and reserving memory by it is not worth the risk.
        let length = usize::from(u16_at(&stream, offset.saturating_add(2)).unwrap_or(0));
        let start = offset.saturating_add(4);
        if let Some(data) = stream.get_mut(start..start.saturating_add(length)) {
            data.fill(0);
        }
    }
    compound::wrap("Workbook", &stream)
}

/// Offsets of the records that declare sizes.
fn scan(stream: &[u8], limits: &Limits) -> Result<Vec<usize>, ExtractError> {
    let mut sheets = Vec::new();
    for record in Records::new(stream, 0) {
        match record.kind {
            FILE_PASS => return Err(ExtractError::Encrypted),
            BOUND_SHEET => sheets.push(u32_at(record.data, 0).unwrap_or(u32::MAX) as usize),
            END => break,
            _ => {}
        }
    }
    if sheets.len() as u64 > limits.pages {
        return Err(ExtractError::TooLarge {
            what: "pages",
            limit: limits.pages,
        });
    }
    let mut declared = Vec::new();
    let mut scanned = 0_usize;
    let mut laid_out = 0_u64;
    for start in sheets {
        let mut cells = Extent::default();
        let mut formulas = Extent::default();
        let mut continuations = 0_usize;
        let mut depth = 0_usize;
        for record in Records::new(stream, start) {
            scanned = scanned.saturating_add(record.data.len()).saturating_add(4);
            continuations = if record.kind == CONTINUE {
                continuations.saturating_add(1)
            } else {
                0
            };
            if scanned > stream.len().saturating_mul(2) || continuations > MOST_CONTINUATIONS {
                return Err(damaged("sheets share their records"));
            }
            match record.kind {
                BOF => depth = depth.saturating_add(1),
                END if depth <= 1 => break,
                END => depth = depth.saturating_sub(1),
                // Embedded charts bring records of their own.
                _ if depth > 1 => {}
                DIMENSIONS => declared.push(record.offset),
                NUMBER | LABEL | RICH_STRING | BOOL_ERR | RK | LABEL_SST => {
                    cells.include(record.data, 2);
                }
                MUL_RK => {
                    cells.include(record.data, 2);
                    cells.include(record.data, record.data.len().saturating_sub(2));
                }
                FORMULA => {
                    cells.include(record.data, 2);
                    formulas.include(record.data, 2);
                }
                _ => {}
            }
        }
        laid_out = laid_out
            .saturating_add(cells.area())
            .saturating_add(formulas.area());
    }
    if laid_out > limits.cells.saturating_mul(LAID_OUT_PER_CELL) {
        return Err(ExtractError::TooLarge {
            what: "cells",
            limit: limits.cells,
        });
    }
    Ok(declared)
}

/// Smallest rectangle around some cells.
#[derive(Default)]
struct Extent {
    corners: Option<[u16; 4]>,
}

impl Extent {
    /// Takes in the cell whose row stands first in `data` and whose column stands at `column`.
    fn include(&mut self, data: &[u8], column: usize) {
        let (Some(row), Some(column)) = (u16_at(data, 0), u16_at(data, column)) else {
            return;
        };
        let [top, left, bottom, right] = self.corners.unwrap_or([row, column, row, column]);
        self.corners = Some([
            top.min(row),
            left.min(column),
            bottom.max(row),
            right.max(column),
        ]);
    }

    fn area(&self) -> u64 {
        let Some([top, left, bottom, right]) = self.corners else {
            return 0;
        };
        let side = |low: u16, high: u16| u64::from(high.saturating_sub(low)).saturating_add(1);
        side(top, bottom).saturating_mul(side(left, right))
    }
}

struct Record<'s> {
    kind: u16,
    offset: usize,
    data: &'s [u8],
}

struct Records<'s> {
    stream: &'s [u8],
    offset: usize,
}

impl<'s> Records<'s> {
    fn new(stream: &'s [u8], offset: usize) -> Self {
        Self { stream, offset }
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
        self.offset = end;
        Some(Record { kind, offset, data })
    }
}

fn damaged(reason: &str) -> ExtractError {
    ExtractError::Damaged {
        reason: format!("binary workbook: {reason}"),
    }
}

#[cfg(test)]
mod tests {
    use super::scan;
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
        assert!(matches!(
            scan(&stream(1, &[number(0, 0), number(u16::MAX, 255)]), &limits),
            Err(ExtractError::TooLarge { what: "cells", .. })
        ));
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
    fn a_password_is_seen() {
        let mut stream = record(super::BOF, &[]);
        stream.extend(record(super::FILE_PASS, &[1, 0]));
        assert!(matches!(
            scan(&stream, &Limits::default()),
            Err(ExtractError::Encrypted)
        ));
    }
}
