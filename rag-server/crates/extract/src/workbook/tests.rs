//! Layouts of sheets: what is a title, a header, a row, a note; and that nothing is lost on the way.

use proptest::prelude::*;

use super::layout::{Layout, Piece, layout};
use super::sheet::{Cell, CellKind, Merge, Sheet};
use crate::document::Value;

/// A sheet from text: a row a line, cells between bars, `*` before bold ones. Numbers are numbers.
fn sheet(text: &str) -> Sheet {
    let mut sheet = Sheet::default();
    for (row, line) in text.lines().enumerate() {
        for (column, shown) in line.split('|').enumerate() {
            let shown = shown.trim();
            let (bold, shown) = shown
                .strip_prefix('*')
                .map_or((false, shown), |rest| (true, rest));
            if !shown.is_empty() {
                let number = shown.parse::<f64>().ok();
                sheet.push(
                    row as u32,
                    Cell {
                        column: column as u32,
                        text: shown.to_owned(),
                        kind: if number.is_some() {
                            CellKind::Number
                        } else {
                            CellKind::Text
                        },
                        value: number.map_or(Value::Missing, Value::Number),
                        bold,
                    },
                );
            }
        }
    }
    sheet
}

fn headers(layout: &Layout) -> Vec<Vec<&str>> {
    layout
        .tables
        .iter()
        .map(|table| table.header.iter().map(String::as_str).collect())
        .collect()
}

fn paragraphs(layout: &Layout) -> Vec<&str> {
    layout
        .pieces
        .iter()
        .filter_map(|piece| match piece {
            Piece::Paragraph { text, .. } => Some(text.as_str()),
            Piece::Row { .. } => None,
        })
        .collect()
}

#[test]
fn titles_above_and_notes_below_are_paragraphs() {
    let layout = layout(&sheet(
        "Notas da turma A\nProfessora Helena\nAluno|P1|P2\nAna|8|9\nBia|7|6\nFonte: diário de classe",
    ));
    assert_eq!(headers(&layout), [["Aluno", "P1", "P2"]]);
    assert_eq!(
        paragraphs(&layout),
        [
            "Notas da turma A",
            "Professora Helena",
            "Fonte: diário de classe"
        ]
    );
    assert_eq!(layout.tables[0].title, "Professora Helena");
    assert_eq!(layout.tables[0].rows.len(), 2);
}

#[test]
fn years_and_dates_may_name_columns_but_values_do_not() {
    assert_eq!(
        headers(&layout(&sheet(
            "Curso|2023|2024\nCálculo|40|52\nFísica|38|41"
        ))),
        [["Curso", "2023", "2024"]]
    );
    assert!(headers(&layout(&sheet("Ana|8|9\nBia|7|6")))[0].is_empty());
}

#[test]
fn rows_after_a_blank_line_go_on_with_the_table() {
    let layout = layout(&sheet("Aluno|P1|P2\nAna|8|9\n\nBia|7|6\n\nTotal|15|15"));
    assert_eq!(layout.tables.len(), 1);
    assert_eq!(layout.tables[0].rows.len(), 3);
    assert_eq!(layout.tables[0].bottom, 5);
}

#[test]
fn words_after_a_blank_line_are_a_row_unless_bold() {
    let plain = layout(&sheet(
        "Termo|Sentido\nlimite|valor\n\nderivada|taxa\nintegral|área",
    ));
    assert_eq!(plain.tables.len(), 1);
    assert_eq!(plain.tables[0].rows.len(), 3);
    let bold = layout(&sheet(
        "*Termo|*Sentido\nlimite|valor\n\n*Nome|*Sala\nAna|doze",
    ));
    assert_eq!(headers(&bold), [["Termo", "Sentido"], ["Nome", "Sala"]]);
}

#[test]
fn tables_side_by_side_are_told_apart_and_gaps_within_one_are_not() {
    let side = layout(&sheet("Sala|Vagas||Nome|Hora\n1|40||Davi|14\n2|35||"));
    assert_eq!(headers(&side), [["Sala", "Vagas"], ["Nome", "Hora"]]);
    assert_eq!((side.tables[1].left, side.tables[1].right), (3, 4));
    let gap = layout(&sheet("Sala|Vagas||Nome|Hora\n1|40||Davi|14\n2|35||Rui|15"));
    assert_eq!(headers(&gap), [["Sala", "Vagas", "", "Nome", "Hora"]]);
}

#[test]
fn a_few_words_above_a_header_are_no_header() {
    let layout = layout(&sheet(
        "Grandes||||Pequenas|||\nCidade|Lat|Lon|Pop|Cidade|Lat|Lon|Pop\nA|1|2|3|B|4|5|6",
    ));
    assert_eq!(layout.tables[0].header.len(), 8);
    assert_eq!(paragraphs(&layout), ["Grandes", "Pequenas"]);
}

#[test]
fn labels_and_values_are_a_form() {
    let layout = layout(&sheet("Disciplina|Cálculo\nProfessora|Helena\nHoras|60"));
    assert!(layout.tables[0].form);
    assert_eq!(layout.tables[0].rows.len(), 3);
}

#[test]
fn merged_headers_name_every_column_they_span() {
    let mut terms =
        sheet("Aluno|1º bimestre||2º bimestre|\n|P1|P2|P1|P2\nAna|8|9|7|6\nBia|5|6|7|8");
    terms.merges = vec![
        Merge {
            top: 0,
            left: 0,
            bottom: 1,
            right: 0,
        },
        Merge {
            top: 0,
            left: 1,
            bottom: 0,
            right: 2,
        },
        Merge {
            top: 0,
            left: 3,
            bottom: 0,
            right: 4,
        },
    ];
    assert_eq!(
        headers(&layout(&terms)),
        [[
            "Aluno",
            "1º bimestre / P1",
            "1º bimestre / P2",
            "2º bimestre / P1",
            "2º bimestre / P2"
        ]]
    );
}

#[test]
fn a_text_merged_over_rows_stands_in_each_and_a_number_in_one() {
    let mut teams = sheet("Turma|Aluno|Vagas\nA|Ana|40\n|Bia|\nB|Caio|35");
    teams.merges = vec![
        Merge {
            top: 1,
            left: 0,
            bottom: 2,
            right: 0,
        },
        Merge {
            top: 1,
            left: 2,
            bottom: 2,
            right: 2,
        },
    ];
    assert_eq!(layout(&teams).tables[0].rows[1].1, ["A", "Bia", ""]);
}

#[test]
fn overlapping_merges_are_ignored() {
    let mut hostile = sheet("a|b|c\nx|1|2\n|3|4\n|5|6");
    hostile.merges = vec![
        Merge {
            top: 0,
            left: 0,
            bottom: u32::MAX,
            right: u32::MAX
        };
        50
    ];
    assert_eq!(layout(&hostile).tables[0].rows[1].1, ["", "3", "4"]);
}

fn cells() -> impl Strategy<Value = Sheet> {
    let cell = (
        0_u32..30,
        0_u32..12,
        "[a-c]{1,2}|[0-9]{1,2}|Total|Fonte: x",
        any::<bool>(),
    );
    let merge = (0_u32..30, 0_u32..12, 0_u32..3, 0_u32..3);
    (
        prop::collection::vec(cell, 0..120),
        prop::collection::vec(merge, 0..4),
    )
        .prop_map(|(cells, merges)| {
            let mut sheet = Sheet::default();
            for (row, column, text, bold) in cells {
                let kind = if text.parse::<u32>().is_ok() {
                    CellKind::Number
                } else {
                    CellKind::Text
                };
                sheet.push(
                    row,
                    Cell {
                        column,
                        text,
                        kind,
                        value: Value::Missing,
                        bold,
                    },
                );
            }
            sheet.sort();
            sheet.merges = merges
                .into_iter()
                .map(|(top, left, down, right)| Merge {
                    top,
                    left,
                    bottom: top + down,
                    right: left + right,
                })
                .collect();
            sheet
        })
}

proptest! {
    #[test]
    fn no_cell_is_lost(sheet in cells()) {
        let layout = layout(&sheet);
        for row in &sheet.rows {
            for cell in &row.cells {
                let in_paragraph = layout.pieces.iter().any(|piece| {
                    matches!(piece, Piece::Paragraph { row: at, column, text }
                        if (*at, *column, text) == (row.number, cell.column, &cell.text))
                });
                let in_table = layout.tables.iter().any(|table| {
                    let column = cell.column.checked_sub(table.left).map(|column| column as usize);
                    let in_row = table.rows.iter().any(|(number, cells)| {
                        *number == row.number && column.and_then(|column| cells.get(column)) == Some(&cell.text)
                    });
                    let in_header = column
                        .and_then(|column| table.header.get(column))
                        .is_some_and(|name| name.split(" / ").any(|part| part == cell.text));
                    in_row || in_header && row.number >= table.top
                });
                prop_assert!(in_paragraph || in_table, "row {} {:?} in {:?}", row.number, cell, layout);
            }
        }
        let rows = layout.pieces.iter().filter(|piece| matches!(piece, Piece::Row { .. })).count();
        prop_assert_eq!(rows, layout.tables.iter().map(|table| table.rows.len()).sum::<usize>());
    }
}
