//! Planted tables as a real workbook, read back the way uploads are.

use extract::{Document, Limits, extract};
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook, Worksheet};
use tables::TableSet;

use super::planted::{Cell, Planted, Written};

/// Writes the tables, reads the file, types what was read.
pub(crate) fn open(tables: &[Planted]) -> TableSet {
    TableSet::of_document(&document(tables))
}

pub(crate) fn document(tables: &[Planted]) -> Document {
    extract(&xlsx(tables), "planilha.xlsx", &Limits::default()).expect("a workbook of our own")
}

pub(crate) fn xlsx(tables: &[Planted]) -> Vec<u8> {
    let mut workbook = Workbook::new();
    let mut sheets: Vec<&str> = Vec::new();
    for table in tables {
        if !sheets.contains(&table.sheet) {
            sheets.push(table.sheet);
        }
    }
    for name in sheets {
        let sheet = workbook.add_worksheet();
        sheet.set_name(name).unwrap();
        for table in tables.iter().filter(|table| table.sheet == name) {
            write(sheet, table);
        }
    }
    workbook.save_to_buffer().unwrap()
}

fn write(sheet: &mut Worksheet, table: &Planted) {
    let bold = Format::new().set_bold();
    let mut row = table.top;
    if !table.title.is_empty() {
        sheet
            .write_string_with_format(row, table.left, table.title, &bold)
            .unwrap();
        row += 1;
    }
    let two_levels = table.header.iter().any(|name| name.contains(" / "));
    for (column, name) in (table.left..).zip(&table.header) {
        let (upper, lower) = name.split_once(" / ").unwrap_or((name, ""));
        sheet
            .write_string_with_format(row, column, upper, &bold)
            .unwrap();
        if two_levels && !lower.is_empty() {
            sheet
                .write_string_with_format(row + 1, column, lower, &bold)
                .unwrap();
        }
    }
    if two_levels {
        merge_header(sheet, table, row, &bold);
        row += 1;
    }
    row += 1;
    let mut since: Vec<&Vec<Cell>> = Vec::new();
    for (index, cells) in ordered(table).into_iter().enumerate() {
        if let Some((by, summed)) = &table.subtotals
            && since.last().is_some_and(|last| last[*by] != cells[*by])
        {
            subtotal(sheet, table, row, &since, summed);
            since.clear();
            row += 1;
        }
        for (column, cell) in (table.left..).zip(cells) {
            put(
                sheet,
                row,
                column,
                cell,
                table
                    .written
                    .get(&usize::from(column - table.left))
                    .copied(),
            );
        }
        since.push(cells);
        let _ = index;
        row += 1;
    }
    if let Some((_, summed)) = &table.subtotals {
        subtotal(sheet, table, row, &since, summed);
        subtotal_of(
            sheet,
            table,
            row + 1,
            "Total geral",
            &table.rows.iter().collect::<Vec<_>>(),
            summed,
        );
    }
}

/// Rows in the order they are written: grouped when there are subtotals.
fn ordered(table: &Planted) -> Vec<&Vec<Cell>> {
    let mut rows: Vec<&Vec<Cell>> = table.rows.iter().collect();
    if let Some((by, _)) = &table.subtotals {
        rows.sort_by(|a, b| a[*by].cmp(&b[*by]));
    }
    rows
}

/// The upper names span their columns; names of one level span both rows.
fn merge_header(sheet: &mut Worksheet, table: &Planted, row: u32, bold: &Format) {
    let mut start = 0;
    while start < table.header.len() {
        let upper = table.header[start].split(" / ").next().unwrap();
        let single = !table.header[start].contains(" / ");
        let mut end = start;
        while !single
            && end + 1 < table.header.len()
            && table.header[end + 1].split(" / ").next() == Some(upper)
        {
            end += 1;
        }
        let (left, right) = (table.left + start as u16, table.left + end as u16);
        if single {
            sheet
                .merge_range(row, left, row + 1, left, upper, bold)
                .unwrap();
        } else if end > start {
            sheet
                .merge_range(row, left, row, right, upper, bold)
                .unwrap();
        }
        start = end + 1;
    }
}

fn subtotal(
    sheet: &mut Worksheet,
    table: &Planted,
    row: u32,
    rows: &[&Vec<Cell>],
    summed: &[usize],
) {
    subtotal_of(sheet, table, row, "Subtotal", rows, summed);
}

fn subtotal_of(
    sheet: &mut Worksheet,
    table: &Planted,
    row: u32,
    label: &str,
    rows: &[&Vec<Cell>],
    summed: &[usize],
) {
    sheet.write_string(row, table.left, label).unwrap();
    for column in summed {
        let sum: i64 = rows.iter().filter_map(|row| row[*column].number()).sum();
        sheet
            .write_number(row, table.left + *column as u16, sum as f64 / 100.0)
            .unwrap();
    }
}

fn put(sheet: &mut Worksheet, row: u32, column: u16, cell: &Cell, written: Option<Written>) {
    match cell {
        Cell::Blank => {}
        Cell::Text(text) => {
            sheet.write_string(row, column, text).unwrap();
        }
        Cell::Number(number) => {
            let value = *number as f64 / 100.0;
            match written.unwrap_or(Written::Plain) {
                Written::Plain => sheet.write_number(row, column, value).unwrap(),
                Written::CommaText => sheet
                    .write_string(row, column, value.to_string().replace('.', ","))
                    .unwrap(),
                Written::Reais => {
                    let format = Format::new().set_num_format("\"R$\" #,##0.00");
                    sheet
                        .write_number_with_format(row, column, value, &format)
                        .unwrap()
                }
                Written::Percent => {
                    let format = Format::new().set_num_format("0.0%");
                    sheet
                        .write_number_with_format(row, column, value / 100.0, &format)
                        .unwrap()
                }
            };
        }
        Cell::Date(year, month, day) => {
            let format = Format::new().set_num_format("dd/mm/yyyy");
            let date = ExcelDateTime::from_ymd(*year as u16, *month as u8, *day as u8).unwrap();
            sheet
                .write_datetime_with_format(row, column, &date, &format)
                .unwrap();
        }
        Cell::Time(minutes) => {
            let format = Format::new().set_num_format("hh:mm");
            let time =
                ExcelDateTime::from_hms((minutes / 60) as u16, (minutes % 60) as u8, 0.0).unwrap();
            sheet
                .write_datetime_with_format(row, column, &time, &format)
                .unwrap();
        }
    }
}
