//! Files made to hurt: each ends quickly in a clear error, or is read for what it holds.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

use std::fmt::Write as _;
use std::io::{Cursor, Read, Write as _};
use std::path::Path;

use extract::{Document, ExtractError, FileKind, Limits, Role, extract};
use proptest::prelude::*;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/fixtures")
            .join(name),
    )
    .unwrap()
}

/// A copy of a package with its parts changed.
fn repack(bytes: &[u8], change: impl Fn(&str, Vec<u8>) -> Vec<u8>) -> Vec<u8> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).unwrap();
        let name = entry.name().unwrap().into_owned();
        let mut data = Vec::new();
        entry.read_to_end(&mut data).unwrap();
        writer.start_file(name.clone(), options).unwrap();
        writer.write_all(&change(&name, data)).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A fixture with one part replaced.
fn with_part(name: &str, part: &str, content: &str) -> Vec<u8> {
    repack(&fixture(name), |found, data| {
        if found == part {
            content.as_bytes().to_vec()
        } else {
            data
        }
    })
}

fn failure(bytes: &[u8], limits: &Limits) -> ExtractError {
    extract(bytes, "arquivo", limits).unwrap_err()
}

const WORD: &str = "xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"";
const SHEET: &str = "xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"";

#[test]
fn zip_bombs_stop_at_the_limit() {
    let limits = Limits {
        unpacked_bytes: 8 << 20,
        ..Limits::default()
    };
    let blanks = " ".repeat(32 << 20);
    for (name, part) in [
        ("plano.docx", "word/document.xml"),
        ("aula.pptx", "ppt/slides/slide1.xml"),
        ("plano.odt", "content.xml"),
        ("notas.ods", "content.xml"),
        ("notas.xlsx", "xl/worksheets/sheet1.xml"),
        ("notas.xlsb", "xl/sharedStrings.bin"),
    ] {
        let bomb = with_part(name, part, &blanks);
        assert!(bomb.len() < 1 << 20);
        assert!(
            matches!(failure(&bomb, &limits), ExtractError::TooLarge { what: "bytes", limit } if limit == 8 << 20),
            "{name}"
        );
    }
}

#[test]
fn entity_bombs_are_refused() {
    let declarations: String = (1..10).fold("<!ENTITY l0 \"ha\">".to_owned(), |all, level| {
        all + &format!(
            "<!ENTITY l{level} \"{}\">",
            format!("&l{};", level - 1).repeat(10)
        )
    });
    let doctype = format!("<!DOCTYPE x [{declarations}]>");
    for (name, part, content) in [
        (
            "plano.docx",
            "word/document.xml",
            format!(
                "{doctype}<w:document {WORD}><w:body><w:p><w:r><w:t>&l9;</w:t></w:r></w:p></w:body></w:document>"
            ),
        ),
        ("plano.odt", "content.xml", format!("{doctype}<a>&l9;</a>")),
        ("notas.ods", "content.xml", format!("{doctype}<a>&l9;</a>")),
        (
            "notas.xlsx",
            "xl/sharedStrings.xml",
            format!("{doctype}<sst {SHEET}><si><t>&l9;</t></si></sst>"),
        ),
    ] {
        let bomb = with_part(name, part, &content);
        assert!(
            matches!(
                failure(&bomb, &Limits::default()),
                ExtractError::Damaged { .. }
            ),
            "{name}"
        );
    }

    // One slide of several: the others are read.
    let slide = format!(
        "{doctype}<p:sld xmlns:p=\"p\" xmlns:a=\"a\"><a:p><a:r><a:t>&l9;</a:t></a:r></a:p></p:sld>"
    );
    let bomb = with_part("aula.pptx", "ppt/slides/slide1.xml", &slide);
    let document = extract(&bomb, "aula.pptx", &Limits::default()).unwrap();
    assert_eq!(document.warnings[0].code, "damaged_slide");
    assert!(
        document
            .blocks
            .iter()
            .all(|block| !block.text.contains("haha"))
    );
}

#[test]
fn a_page_that_calls_itself_pdf_is_read_as_a_page() {
    let page = "<!DOCTYPE html><html><head><title>Erro 404</title></head><body><p>O arquivo pedido não foi \
        encontrado neste servidor.</p></body></html>";
    let document = extract(page.as_bytes(), "apostila.pdf", &Limits::default()).unwrap();
    assert_eq!(document.kind, FileKind::Html);
    assert_eq!(
        document.blocks[0].text,
        "O arquivo pedido não foi encontrado neste servidor."
    );
}

#[test]
fn control_characters_in_names_go_no_further() {
    let name = "no\u{0}tas\r\n\u{1b}[2J\u{202e}fdp\u{7f}.csv";
    let document = extract(b"aluno;nota\nAna;8\nBia;9\n", name, &Limits::default()).unwrap();
    let told = serde_json::to_string(&document).unwrap();
    assert!(!told.contains(['\u{7f}', '\u{202e}']), "{told}");
    assert!(!told.contains("\\u00") && !told.contains("\\r"), "{told}");

    // Parts of a package with such names are no reason to refuse the others.
    let mut archive = ZipWriter::new_append(Cursor::new(fixture("plano.docx"))).unwrap();
    let options = SimpleFileOptions::default();
    archive
        .start_file("../..\u{1}/\r\netc/passwd\u{0}", options)
        .unwrap();
    archive.write_all(b"x").unwrap();
    let bytes = archive.finish().unwrap().into_inner();
    let with = extract(&bytes, "plano.docx", &Limits::default()).unwrap();
    let without = extract(&fixture("plano.docx"), "plano.docx", &Limits::default()).unwrap();
    assert_eq!(with.blocks, without.blocks);
}

#[test]
fn a_million_empty_rows_cost_nothing() {
    let mut rows = String::with_capacity(30 << 20);
    rows.push_str("<row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>primeira</t></is></c></row>");
    for row in 2..1_000_000 {
        write!(rows, "<row r=\"{row}\"><c r=\"XFD{row}\" s=\"1\"/></row>").unwrap();
    }
    rows.push_str(
        "<row r=\"1000000\"><c r=\"XFD1000000\" t=\"inlineStr\"><is><t>última</t></is></c></row>",
    );
    let sheet = format!(
        "<worksheet {SHEET}><dimension ref=\"A1:XFD1048576\"/><sheetData>{rows}</sheetData></worksheet>"
    );
    let document = extract(
        &with_part("notas.xlsx", "xl/worksheets/sheet1.xml", &sheet),
        "a.xlsx",
        &Limits::default(),
    );
    let texts: Vec<String> = document
        .unwrap()
        .blocks
        .into_iter()
        .take(2)
        .map(|block| block.text)
        .collect();
    assert_eq!(texts, ["primeira", "última"]);
}

#[test]
fn filled_repeats_stop_at_the_limit() {
    let content = "<office:document-content xmlns:office=\"o\" xmlns:table=\"t\" xmlns:text=\"x\"><office:body>\
        <office:spreadsheet><table:table table:name=\"a\"><table:table-row table:number-rows-repeated=\"1048576\">\
        <table:table-cell table:number-columns-repeated=\"16384\"><text:p>x</text:p></table:table-cell>\
        </table:table-row></table:table></office:spreadsheet></office:body></office:document-content>";
    let limits = Limits {
        cells: 100_000,
        ..Limits::default()
    };
    let bomb = with_part("notas.ods", "content.xml", content);
    assert!(matches!(
        failure(&bomb, &limits),
        ExtractError::TooLarge {
            what: "cells",
            limit: 100_000
        }
    ));
}

#[test]
fn a_table_spread_thin_stops_at_the_limit() {
    let mut rows = String::new();
    for row in 0..5000_u32 {
        let (number, column) = (row + 1, letters(row * 3));
        write!(
            rows,
            "<row r=\"{number}\"><c r=\"{column}{number}\"><v>1</v></c></row>"
        )
        .unwrap();
    }
    let sheet = format!("<worksheet {SHEET}><sheetData>{rows}</sheetData></worksheet>");
    let limits = Limits {
        cells: 100_000,
        ..Limits::default()
    };
    let read = extract(
        &with_part("notas.xlsx", "xl/worksheets/sheet1.xml", &sheet),
        "a.xlsx",
        &limits,
    );
    match read {
        Err(ExtractError::TooLarge { what: "cells", .. }) => {}
        Ok(document) => assert!(document.blocks.len() >= 5000),
        other => panic!("{other:?}"),
    }
}

/// Column letters of a 0-based column.
fn letters(column: u32) -> String {
    let mut rest = column + 1;
    let mut letters = String::new();
    while rest > 0 {
        letters.insert(0, char::from(b'A' + u8::try_from((rest - 1) % 26).unwrap()));
        rest = (rest - 1) / 26;
    }
    letters
}

#[test]
fn one_long_text_in_many_cells_stops_at_the_limit() {
    let strings = format!("<sst {SHEET}><si><t>{}</t></si></sst>", "x".repeat(1 << 20));
    let mut cells = String::new();
    for row in 1..2000 {
        write!(
            cells,
            "<row r=\"{row}\"><c r=\"A{row}\" t=\"s\"><v>0</v></c></row>"
        )
        .unwrap();
    }
    let sheet = format!("<worksheet {SHEET}><sheetData>{cells}</sheetData></worksheet>");
    let bomb = repack(&fixture("notas.xlsx"), |name, data| match name {
        "xl/sharedStrings.xml" => strings.clone().into_bytes(),
        "xl/worksheets/sheet1.xml" => sheet.clone().into_bytes(),
        _ => data,
    });
    assert!(matches!(
        failure(&bomb, &Limits::default()),
        ExtractError::TooLarge {
            what: "characters",
            ..
        }
    ));
}

#[test]
fn announced_sizes_are_not_believed() {
    let strings =
        format!("<sst {SHEET} count=\"1\" uniqueCount=\"999999999999\"><si><t>a</t></si></sst>");
    let lie = with_part("notas.xlsx", "xl/sharedStrings.xml", &strings);
    assert!(matches!(
        failure(&lie, &Limits::default()),
        ExtractError::Damaged { .. }
    ));
}

#[test]
fn deep_nesting_stops_at_the_limit() {
    let frame = |open: &str, close: &str| format!("{}{}", open.repeat(5000), close.repeat(5000));
    let tables = frame("<w:tbl><w:tr><w:tc>", "</w:tc></w:tr></w:tbl>");
    let boxes = frame("<w:p><w:r><w:txbxContent>", "</w:txbxContent></w:r></w:p>");
    for body in [tables, boxes] {
        let deep = format!("<w:document {WORD}><w:body>{body}</w:body></w:document>");
        let bomb = with_part("plano.docx", "word/document.xml", &deep);
        assert!(matches!(
            failure(&bomb, &Limits::default()),
            ExtractError::TooLarge {
                what: "nesting",
                limit: 256
            }
        ));
    }
}

#[test]
fn damage_in_the_middle_keeps_what_stands_before() {
    let cut = format!(
        "<w:document {WORD}><w:body><w:p><w:r><w:t>Antes.</w:t></w:r></w:p><w:p><w:r><w:t>Durante</w:p></w:body>"
    );
    let document = extract(
        &with_part("plano.docx", "word/document.xml", &cut),
        "a.docx",
        &Limits::default(),
    )
    .unwrap();
    assert_eq!(document.blocks[0].text, "Antes.");
    assert_eq!(document.warnings[0].code, "damaged_part");

    let broken = with_part(
        "notas.xlsx",
        "xl/worksheets/sheet2.xml",
        "<worksheet><sheetData><row><c r=\"!\">",
    );
    let document = extract(&broken, "a.xlsx", &Limits::default()).unwrap();
    assert_eq!(document.warnings[0].code, "damaged_sheet");
    assert_eq!(document.tables.len(), 6);
}

/// Fuzzing found what a library makes of the relations of an `.xlsb` that lead nowhere, and of records without content.
#[test]
fn parts_without_content_never_get_past_their_reader() {
    for name in [
        "notas.xlsx",
        "notas.xlsb",
        "notas.ods",
        "plano.docx",
        "aula.pptx",
        "plano.odt",
    ] {
        let whole = fixture(name);
        let parts = std::cell::RefCell::new(Vec::new());
        repack(&whole, |part, data| {
            parts.borrow_mut().push(part.to_owned());
            data
        });
        for part in parts.into_inner() {
            for content in ["", "\0\0", "<a/>"] {
                let outcome = extract(&with_part(name, &part, content), name, &Limits::default());
                if let Err(error) = outcome {
                    assert!(!error.to_string().is_empty(), "{name} {part}");
                }
            }
        }
    }
    let lost = with_part("notas.xlsb", "xl/_rels/workbook.bin.rels", "<a/>");
    let lost = failure(&lost, &Limits::default());
    assert!(matches!(lost, ExtractError::Damaged { .. }), "{lost}");
}

/// What holds for every document, whatever the file.
fn check(document: &Document) {
    let mut rows = vec![0; document.tables.len()];
    for block in &document.blocks {
        assert!(!block.text.trim().is_empty());
        assert!(!block.text.chars().any(|c| c.is_control() && c != '\n'));
        if let Role::TableRow { table, .. } = block.role {
            rows[table as usize] += 1;
        }
    }
    for (table, rows) in document.tables.iter().zip(rows) {
        assert_eq!(table.rows.len(), rows);
        assert!(
            table.header.is_empty() || table.rows.iter().all(|row| row.len() == table.header.len())
        );
    }
}

const PACKAGES: [&str; 6] = [
    "notas.xlsx",
    "notas.xlsb",
    "notas.ods",
    "plano.docx",
    "aula.pptx",
    "plano.odt",
];
const OTHERS: [&str; 4] = ["notas.xls", "notas.csv", "aula.srt", "segredo.xlsx"];

/// Small enough that nothing a changed file announces takes long.
fn small() -> Limits {
    Limits {
        cells: 50_000,
        characters: 1_000_000,
        unpacked_bytes: 16 << 20,
        ..Limits::default()
    }
}

fn changed(mut bytes: Vec<u8>, changes: &[(prop::sample::Index, u8)]) -> Vec<u8> {
    for (place, value) in changes {
        if !bytes.is_empty() {
            let place = place.index(bytes.len());
            bytes[place] = *value;
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_parts_never_panic(
        name in prop::sample::select(&PACKAGES[..]),
        part in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
    ) {
        let source = fixture(name);
        let count = ZipArchive::new(Cursor::new(&source)).unwrap().len();
        let names: Vec<String> = {
            let archive = ZipArchive::new(Cursor::new(&source)).unwrap();
            (0..count).map(|index| archive.name_for_index(index).unwrap().unwrap().into_owned()).collect()
        };
        let hit = &names[part.index(count)];
        let bytes = repack(&source, |found, data| if found == hit { changed(data, &changes) } else { data });
        if let Ok(document) = extract(&bytes, name, &small()) {
            check(&document);
        }
    }

    #[test]
    fn changed_files_never_panic(
        name in prop::sample::select([&PACKAGES[..], &OTHERS[..]].concat()),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        kept in 0.0_f64..=1.0,
    ) {
        let mut bytes = changed(fixture(name), &changes);
        bytes.truncate((bytes.len() as f64 * kept.max(0.5)) as usize);
        if let Ok(document) = extract(&bytes, name, &small()) {
            check(&document);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(
        bytes in prop::collection::vec(any::<u8>(), 0..2000),
        name in prop::sample::select(&["a.txt", "a.csv", "a.md", "a.html", "a.srt", "a.docx", "a"][..]),
    ) {
        if let Ok(document) = extract(&bytes, name, &small()) {
            check(&document);
        }
    }

    #[test]
    fn any_text_is_read_or_blank(
        text in "(\\PC|[ \\n;,\t|#*<>&-]|Total|\\* |1\\. |<td>|-->|```|\\| a \\|\\n\\|---\\|\\n){0,120}",
        name in prop::sample::select(&["a.txt", "a.csv", "a.md", "a.html", "a.vtt", "a"][..]),
    ) {
        match extract(text.as_bytes(), name, &small()) {
            Ok(document) => check(&document),
            Err(error) => prop_assert!(
                matches!(error, ExtractError::NoText | ExtractError::Empty | ExtractError::UnknownType),
                "{error}"
            ),
        }
    }
}
