//! Workbooks: `.xlsx .xlsm .xls .xlsb` through calamine, `.ods` by a reader of our own that keeps the text people
//! see in each cell.
//!
//! Cells are taken one by one and only filled ones are kept, so an enormous used range costs nothing.

mod behind;
mod biff;
mod draft;
mod layout;
mod measure;
mod number;
mod ods;
mod regions;
pub(crate) mod sheet;
pub(crate) mod sheets;
#[cfg(test)]
mod tests;
mod typed;

use std::collections::HashMap;
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{
    Data, DataRef, Dimensions, Reader, SheetType, SheetVisible, Xls, Xlsb, Xlsx, XlsxError,
    XlsxFormulaMetadata, expand_shared_formula,
};

use self::number::NumberStyle;
use self::sheet::{Cell, CellKind, Merge, Sheet};
use self::sheets::Sheets;
use crate::builder::Builder;
use crate::document::{Document, FileKind, Value};
use crate::error::ExtractError;
use crate::limits::Limits;
use crate::normalize;
use crate::office;
use crate::package::Package;

/// Reads a workbook of one of the binary or XML kinds.
pub(crate) fn read(
    bytes: &[u8],
    kind: FileKind,
    limits: &Limits,
) -> Result<Document, ExtractError> {
    // The library indexes into hostile bytes and may panic; what it was building is dropped with the error.
    let read = catch_unwind(AssertUnwindSafe(|| match kind {
        FileKind::Xls => read_xls(bytes, limits),
        FileKind::Xlsb => read_xlsb(bytes, limits),
        FileKind::Ods => ods::read(bytes, limits),
        _ => read_xlsx(bytes, limits),
    }));
    read.unwrap_or_else(|_| {
        Err(ExtractError::Damaged {
            reason: "reader panicked".to_owned(),
        })
    })
}

fn read_xlsx(bytes: &[u8], limits: &Limits) -> Result<Document, ExtractError> {
    let mut builder = Builder::new(FileKind::Xlsx, limits);
    let mut package = Package::open(bytes, limits)?;
    let measured = measure::measure(&mut package)?;
    let mut behind = behind::read(&mut package, measured.hidden)?;
    office::read_properties(&mut package, &mut builder)?;
    drop(package);

    let mut workbook: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|error| match error {
        XlsxError::Password => ExtractError::Encrypted,
        other => damaged(&other),
    })?;
    let mut sheets = Sheets::new(&mut builder, workbook.sheets_metadata().len())?;
    for meta in workbook.sheets_metadata().to_owned() {
        if meta.typ != SheetType::WorkSheet {
            continue;
        }
        let mut sheet = named(&meta);
        let mut read = sheets.fill(&mut sheet, |push| {
            let mut reader = match workbook.worksheet_cells_reader(&meta.name) {
                Ok(reader) => reader,
                Err(XlsxError::NotAWorksheet(_)) => return Ok(()),
                Err(other) => return Err(damaged(&other)),
            };
            let styles: Vec<(NumberStyle, bool)> = reader.styles().iter().map(style).collect();
            while let Some((cell, style)) = reader
                .next_cell_with_style_id()
                .map_err(|error| damaged(&error))?
            {
                let (number, bold) = styles.get(style).copied().unwrap_or_default();
                let (row, column) = cell.get_position();
                push(row, shown(cell.get_value(), column, number, bold))?;
            }
            Ok(())
        });
        if let Some(found) = behind.remove(&meta.name) {
            sheet.behind = found;
        }
        if measured.formulas && read.is_ok() {
            read = formulas(&mut workbook, &meta.name, &mut sheet, limits);
        }
        if measured.merges && read.is_ok() {
            match workbook.merge_cells_by_sheet_name(&meta.name) {
                Ok(merges) => sheet.merges = merges.iter().map(merge).collect(),
                Err(error) => read = Err(damaged(&error)),
            }
        }
        sheets.emit(sheet, read)?;
    }
    sheets.finish()?;
    builder.finish()
}

/// Formulas of a sheet. Those that cells share are stored once and moved here from cell to cell.
fn formulas(
    workbook: &mut Xlsx<Cursor<&[u8]>>,
    name: &str,
    sheet: &mut Sheet,
    limits: &Limits,
) -> Result<(), ExtractError> {
    let mut reader = match workbook.worksheet_cells_reader(name) {
        Ok(reader) => reader,
        Err(XlsxError::NotAWorksheet(_)) => return Ok(()),
        Err(other) => return Err(damaged(&other)),
    };
    let mut shared: HashMap<usize, ((u32, u32), String)> = HashMap::new();
    let mut characters = 0_u64;
    while let Some(cell) = reader
        .next_cell_with_formula_metadata()
        .map_err(|error| damaged(&error))?
    {
        let formula = match cell.formula {
            Some(XlsxFormulaMetadata::Normal { formula }) => formula,
            Some(XlsxFormulaMetadata::Shared {
                shared_index,
                range,
                formula,
            }) => {
                let start = range.map_or(cell.pos, |range| range.start);
                shared.insert(shared_index, (start, formula.clone()));
                formula
            }
            Some(XlsxFormulaMetadata::SharedDerived { shared_index }) => shared
                .get(&shared_index)
                .and_then(|(start, formula)| expand_shared_formula(formula, *start, cell.pos).ok())
                .unwrap_or_default(),
            _ => continue,
        };
        let formula = normalize::line(&formula);
        characters = characters.saturating_add(formula.len() as u64);
        if characters > limits.characters {
            return Err(ExtractError::TooLarge {
                what: "characters",
                limit: limits.characters,
            });
        }
        if !formula.is_empty() {
            sheet.behind.formulas.insert(cell.pos, formula);
        }
    }
    Ok(())
}

fn read_xlsb(bytes: &[u8], limits: &Limits) -> Result<Document, ExtractError> {
    let mut builder = Builder::new(FileKind::Xlsb, limits);
    let mut package = Package::open(bytes, limits)?;
    measure::measure(&mut package)?;
    office::read_properties(&mut package, &mut builder)?;
    drop(package);

    let mut workbook: Xlsb<_> = Xlsb::new(Cursor::new(bytes)).map_err(|error| damaged(&error))?;
    let mut sheets = Sheets::new(&mut builder, workbook.sheets_metadata().len())?;
    for meta in workbook.sheets_metadata().to_owned() {
        if meta.typ != SheetType::WorkSheet {
            continue;
        }
        let mut sheet = named(&meta);
        let read = sheets.fill(&mut sheet, |push| {
            let mut reader = workbook
                .worksheet_cells_reader(&meta.name)
                .map_err(|error| damaged(&error))?;
            while let Some(cell) = reader.next_cell().map_err(|error| damaged(&error))? {
                let (row, column) = cell.get_position();
                push(
                    row,
                    shown(cell.get_value(), column, NumberStyle::Plain, false),
                )?;
            }
            Ok(())
        });
        sheets.emit(sheet, read)?;
    }
    sheets.finish()?;
    builder.finish()
}

fn read_xls(bytes: &[u8], limits: &Limits) -> Result<Document, ExtractError> {
    let mut builder = Builder::new(FileKind::Xls, limits);
    let (checked, scanned) = biff::checked(bytes, limits)?;
    let mut workbook: Xls<_> = Xls::new(Cursor::new(checked)).map_err(|error| match error {
        calamine::XlsError::Password => ExtractError::Encrypted,
        other => damaged(&other),
    })?;
    let metas = workbook.sheets_metadata().to_owned();
    if metas.len() != scanned.len() {
        return Err(damaged(&"its list of sheets is read in two ways"));
    }
    let mut sheets = Sheets::new(&mut builder, metas.len())?;
    for (meta, scanned) in metas.into_iter().zip(scanned) {
        if meta.typ != SheetType::WorkSheet {
            continue;
        }
        let mut sheet = named(&meta);
        sheet.behind = scanned.behind;
        let range = workbook
            .worksheet_range(&meta.name)
            .map_err(|error| damaged(&error));
        let read = sheets.fill(&mut sheet, |push| {
            let range = range?;
            let (top, left) = range.start().unwrap_or_default();
            for (row, column, value) in range.used_cells() {
                let place = usize::try_from(top)
                    .unwrap_or(usize::MAX)
                    .saturating_add(row);
                let row = scanned.rows.get(place).copied().unwrap_or(u16::MAX);
                let column = left.saturating_add(u32::try_from(column).unwrap_or(u32::MAX));
                push(
                    u32::from(row),
                    shown(&borrowed(value), column, NumberStyle::Plain, false),
                )?;
            }
            Ok(())
        });
        if let Ok(merges) = workbook.merge_cells_by_sheet_name(&meta.name) {
            sheet.merges = merges.iter().map(merge).collect();
        }
        sheets.emit(sheet, read)?;
    }
    sheets.finish()?;
    builder.finish()
}

fn named(meta: &calamine::Sheet) -> Sheet {
    Sheet {
        name: normalize::line(&meta.name),
        hidden: meta.visible != SheetVisible::Visible,
        ..Sheet::default()
    }
}

fn style(style: &calamine::Style) -> (NumberStyle, bool) {
    let number = style
        .number_format
        .as_ref()
        .map(|format| NumberStyle::of_format(&format.format_code))
        .unwrap_or_default();
    (
        number,
        style.font.as_ref().is_some_and(calamine::Font::is_bold),
    )
}

fn merge(dimensions: &Dimensions) -> Merge {
    Merge {
        top: dimensions.start.0,
        left: dimensions.start.1,
        bottom: dimensions.end.0,
        right: dimensions.end.1,
    }
}

fn borrowed(value: &Data) -> DataRef<'_> {
    match value {
        Data::Int(number) => DataRef::Int(*number),
        Data::Float(number) => DataRef::Float(*number),
        Data::String(text) => DataRef::SharedString(text),
        Data::Bool(flag) => DataRef::Bool(*flag),
        Data::DateTime(date) => DataRef::DateTime(*date),
        Data::DateTimeIso(text) => DataRef::DateTimeIso(text.clone()),
        Data::DurationIso(text) => DataRef::DurationIso(text.clone()),
        Data::Error(error) => DataRef::Error(error.clone()),
        Data::Empty => DataRef::Empty,
    }
}

/// A cell as people read it; nothing for a blank one.
fn shown(value: &DataRef<'_>, column: u32, number: NumberStyle, bold: bool) -> Option<Cell> {
    let (text, kind) = match value {
        DataRef::Empty => return None,
        DataRef::Int(value) => (number.show(*value as f64), CellKind::Number),
        DataRef::Float(value) => (number.show(*value), CellKind::Number),
        DataRef::String(text) => (normalize::line(text), CellKind::Text),
        DataRef::SharedString(text) => (normalize::line(text), CellKind::Text),
        DataRef::Bool(true) => ("VERDADEIRO".to_owned(), CellKind::Flag),
        DataRef::Bool(false) => ("FALSO".to_owned(), CellKind::Flag),
        DataRef::DateTime(value) => (number::date(value), CellKind::Date),
        DataRef::DateTimeIso(text) => (number::iso_date(text), CellKind::Date),
        DataRef::DurationIso(text) => (text.clone(), CellKind::Date),
        DataRef::Error(error) => (error.to_string(), CellKind::Error),
    };
    let value = match value {
        DataRef::Int(value) => number.value(*value as f64),
        DataRef::Float(value) => number.value(*value),
        DataRef::Bool(flag) => Value::Flag(*flag),
        _ if kind == CellKind::Date => number::iso_of_shown(&text),
        _ => Value::Missing,
    };
    (!text.is_empty()).then_some(Cell {
        column,
        text,
        kind,
        value,
        bold,
    })
}

fn damaged(error: &impl std::fmt::Display) -> ExtractError {
    ExtractError::Damaged {
        reason: format!("workbook: {error}"),
    }
}
