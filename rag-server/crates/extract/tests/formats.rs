//! Every format on a real file: text, places, tables and warnings as people would expect them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

use std::io::{Cursor, Write as _};
use std::path::Path;

use extract::{Document, ExtractError, FileKind, Limits, Locator, Role, Value, ValueKind, extract};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/fixtures")
            .join(name),
    )
    .unwrap()
}

fn read(name: &str) -> Document {
    extract(&bytes(name), name, &Limits::default()).unwrap()
}

/// Place and text of each block.
fn lines(document: &Document) -> Vec<(String, &str)> {
    document
        .blocks
        .iter()
        .map(|block| (place(&block.locator), block.text.as_str()))
        .collect()
}

fn place(locator: &Locator) -> String {
    match locator {
        Locator::Page { number, .. } => format!("p. {number}"),
        Locator::Sheet { name, range } => format!("{name}!{range}"),
        Locator::Slide { number } => format!("slide {number}"),
        Locator::Section { path, paragraph } => format!("{} ¶{paragraph}", path.join(" > ")),
        Locator::Lines { start, end } => format!("{start}-{end}"),
        Locator::Time { start_ms, end_ms } => format!("{start_ms}-{end_ms} ms"),
    }
}

fn expect(document: &Document, expected: &[(&str, &str)]) {
    let read = lines(document);
    let read: Vec<(&str, &str)> = read
        .iter()
        .map(|(place, text)| (place.as_str(), *text))
        .collect();
    assert_eq!(read, expected);
}

#[test]
fn a_workbook_is_read_as_people_see_it() {
    let document = read("notas.xlsx");
    assert_eq!(document.kind, FileKind::Xlsx);
    assert_eq!(
        document.metadata.title.as_deref(),
        Some("Notas de Cálculo I")
    );
    expect(
        &document,
        &[
            ("Notas!A1", "Notas de Cálculo I — 2025/1"),
            (
                "Notas!A4:G4",
                "Aluno: Ana Lima; P1: 8.5; P2: 9; Média: 8.75; Entrega: 15/03/2025; Frequência: 95%; Aprovado: VERDADEIRO",
            ),
            (
                "Notas!A5:G5",
                "Aluno: Bruno Reis; P1: 6; P2: 7.25; Média: 6.625; Entrega: 16/03/2025; Frequência: 80%; Aprovado: VERDADEIRO",
            ),
            (
                "Notas!A6:G6",
                "Aluno: Carla Dias; P1: 4; P2: 5.5; Média: 4.75; Entrega: 17/03/2025; Frequência: 60%; Aprovado: FALSO",
            ),
            (
                "Notas!A7:G7",
                "Aluno: Média da turma; P1: 6.16666666666667; P2: #DIV/0!",
            ),
            (
                "Notas!A9",
                "Fonte: diário de classe da turma A, conferido pela coordenação.",
            ),
            (
                "Cronograma!A2:C2",
                "Data: 10/04/2025 19:30; Atividade: Prova 1; Custo: R$ 1.234,50",
            ),
            (
                "Cronograma!A3:C3",
                "Data: 12/06/2025; Atividade: Prova 2; Custo: R$ 80,00",
            ),
            (
                "Bimestres!A3:E3",
                "Aluno: Ana Lima; 1º bimestre / P1: 8; 1º bimestre / P2: 9; 2º bimestre / P1: 7; 2º bimestre / P2: 10",
            ),
            (
                "Bimestres!A4:E4",
                "Aluno: Bruno Reis; 1º bimestre / P1: 6; 1º bimestre / P2: 5; 2º bimestre / P1: 7; 2º bimestre / P2: 8",
            ),
            (
                "Bimestres!A6:E6",
                "Aluno: Turma B; 1º bimestre / P1: 1; 1º bimestre / P2: 2; 2º bimestre / P1: 3; 2º bimestre / P2: 4",
            ),
            (
                "Bimestres!A7:E7",
                "Aluno: Turma B; 1º bimestre / P1: 5; 1º bimestre / P2: 6; 2º bimestre / P1: 7; 2º bimestre / P2: 8",
            ),
            ("Ficha!A1:B1", "Disciplina: Cálculo I"),
            ("Ficha!A2:B2", "Professora: Helena Prado"),
            ("Ficha!A3:B3", "Carga horária: 60"),
            ("Lado a lado!A2:B2", "Sala: 101; Lugares: 40"),
            ("Lado a lado!A3:B3", "Sala: 102; Lugares: 35"),
            ("Lado a lado!D2:E2", "Monitor: Davi; Horário: 14h"),
            ("Gabarito!A2:B2", "Questão: 1; Resposta: c"),
        ],
    );
    let totals: Vec<bool> = document
        .blocks
        .iter()
        .filter_map(|block| match block.role {
            Role::TableRow { table: 0, total } => Some(total),
            _ => None,
        })
        .collect();
    assert_eq!(totals, [false, false, false, true]);

    let grades = &document.tables[0];
    assert_eq!(grades.name, "Notas de Cálculo I — 2025/1");
    assert_eq!(place(&grades.locator), "Notas!A3:G7");
    assert_eq!(
        grades.rows[1],
        [
            "Bruno Reis",
            "6",
            "7.25",
            "6.625",
            "16/03/2025",
            "80%",
            "VERDADEIRO"
        ]
    );

    let hidden: Vec<&str> = document
        .tables
        .iter()
        .filter(|table| table.hidden)
        .map(|table| table.name.as_str())
        .collect();
    assert_eq!(hidden, ["Gabarito"]);
    assert_eq!(
        document
            .warnings
            .iter()
            .map(|warning| warning.code.as_str())
            .collect::<Vec<_>>(),
        ["hidden_sheet"]
    );
    let sheets: Vec<&str> = document
        .pages
        .iter()
        .filter_map(|page| page.label.as_deref())
        .collect();
    assert_eq!(
        sheets,
        [
            "Notas",
            "Cronograma",
            "Bimestres",
            "Ficha",
            "Lado a lado",
            "Gabarito",
            "Vazia"
        ]
    );
}

#[test]
fn other_workbooks_hold_the_same() {
    for (name, kind, row) in [
        (
            "notas.xls",
            FileKind::Xls,
            "Aluno: Ana Lima; P1: 8.5; P2: 9; Média: 8.75; Entrega: 15/03/2025; Frequência: 0.95; Aprovado: VERDADEIRO",
        ),
        (
            "notas.ods",
            FileKind::Ods,
            "Aluno: Ana Lima; P1: 8,5; Entrega: 15/03/2025; Aprovado: VERDADEIRO",
        ),
    ] {
        let document = read(name);
        assert_eq!(document.kind, kind);
        assert_eq!(
            lines(&document)[0],
            ("Notas!A1".to_owned(), "Notas de Cálculo I — 2025/1"),
            "{name}"
        );
        assert_eq!(lines(&document)[1].1, row);
        assert_eq!(document.tables[0].rows.len(), 3);
        assert!(document.tables[1].hidden, "{name}");
    }
    let binary = read("notas.xlsb");
    assert_eq!(binary.kind, FileKind::Xlsb);
    expect(
        &binary,
        &[
            (
                "Notas!A2:C2",
                "Aluno: Ana Lima; P1: 8.5; Entrega: 15/03/2025",
            ),
            (
                "Notas!A3:C3",
                "Aluno: Bruno Reis; P1: 6; Entrega: 16/03/2025",
            ),
        ],
    );
}

#[test]
fn delimited_files_are_read_in_their_encoding() {
    expect(
        &read("notas.csv"),
        &[
            (
                "notas!A2:C2",
                "Aluno: Ana Lima; Nota: 8,5; Observação: entregou tudo",
            ),
            ("notas!A4:C4", "Aluno: Bruno Reis; Nota: 6,0; Observação: —"),
            ("notas!A5:C5", "Aluno: Média; Nota: 7,25"),
        ],
    );
    expect(
        &read("notas.tsv"),
        &[
            ("notas!A2:B2", "Aluno: Ana Lima; Nota: 8,5"),
            ("notas!A3:B3", "Aluno: Bruno Reis; Nota: 6,0"),
        ],
    );
}

#[test]
fn a_text_document_keeps_its_structure() {
    let document = read("plano.docx");
    assert_eq!(document.metadata.author.as_deref(), Some("Helena Prado"));
    let section = "Cálculo I > Avaliação";
    expect(
        &document,
        &[
            ("Cálculo I ¶1", "Cálculo I"),
            (
                "Cálculo I ¶2",
                "Disciplina do primeiro semestre, com 60 horas.",
            ),
            (&format!("{section} ¶3"), "Avaliação"),
            (&format!("{section} ¶4"), "Duas provas"),
            (&format!("{section} ¶5"), "Uma lista por semana"),
            (
                &format!("{section} ¶6"),
                "Prova: P1; Data: 10/04/2025; Peso: 40%",
            ),
            (&format!("{section} ¶7"), "Prova: Total; Peso: 100%"),
            (
                &format!("{section} ¶8"),
                "A segunda chamada exige atestado.",
            ),
            (&format!("{section} ¶9"), "Conferir com a secretaria."),
            (&format!("{section} ¶10"), "Visível."),
            (&format!("{section} ¶11"), "Texto da caixa."),
            (&format!("{section} ¶12"), "Conforme o regimento."),
        ],
    );
    let roles: Vec<Role> = document.blocks.iter().map(|block| block.role).collect();
    assert_eq!(
        roles,
        [
            Role::Heading { level: 1 },
            Role::Paragraph,
            Role::Heading { level: 2 },
            Role::ListItem,
            Role::ListItem,
            Role::TableRow {
                table: 0,
                total: false
            },
            Role::TableRow {
                table: 0,
                total: true
            },
            Role::Paragraph,
            Role::Note,
            Role::Paragraph,
            Role::Paragraph,
            Role::Note,
        ]
    );
}

#[test]
fn an_open_document_keeps_its_structure() {
    let document = read("plano.odt");
    let section = "Cálculo I > Avaliação";
    expect(
        &document,
        &[
            ("Cálculo I ¶1", "Cálculo I"),
            (
                "Cálculo I ¶2",
                "Disciplina do primeiro semestre, com 60 horas.",
            ),
            ("Cálculo I ¶3", "Conforme o regimento."),
            (&format!("{section} ¶4"), "Avaliação"),
            (&format!("{section} ¶5"), "Duas provas"),
            (&format!("{section} ¶6"), "Uma lista por semana"),
            (&format!("{section} ¶7"), "Prova: P1; Peso: 40%"),
            (&format!("{section} ¶8"), "Prova: P2; Peso: 60%"),
            (
                &format!("{section} ¶9"),
                "A segunda chamada exige atestado.",
            ),
            (&format!("{section} ¶10"), "Conferir com a secretaria."),
        ],
    );
}

#[test]
fn slides_come_in_the_order_they_are_shown() {
    let document = read("aula.pptx");
    expect(
        &document,
        &[
            ("slide 1", "Limites"),
            ("slide 1", "Aula 1 de Cálculo I"),
            ("slide 2", "Definição"),
            ("slide 2", "Vizinhança de um ponto"),
            ("slide 2", "Épsilon e delta"),
            ("slide 2", "Dar o exemplo do quadro.\nPedir a lista 1."),
            ("slide 3", "Calendário"),
            ("slide 3", "Prova: P1; Data: 10/04/2025"),
            ("slide 4", "Gabarito"),
        ],
    );
    assert_eq!(document.blocks[5].role, Role::Note);
    assert_eq!(document.warnings[0].code, "hidden_slide");
    assert_eq!(
        document.warnings[0].locator,
        Some(Locator::Slide { number: 4 })
    );
    assert_eq!(document.pages_without_text(), [5]);
}

#[test]
fn subtitles_become_passages() {
    expect(
        &read("aula.srt"),
        &[
            (
                "1000-6000 ms",
                "Boa noite, turma. Hoje vamos falar de limites e continuação.",
            ),
            ("60000-62000 ms", "Depois do intervalo."),
        ],
    );
}

#[test]
fn a_wrong_name_does_not_mislead() {
    let kind = |bytes: &[u8], name: &str| extract(bytes, name, &Limits::default()).unwrap().kind;
    assert_eq!(kind(&bytes("notas.csv"), "notas.xlsx"), FileKind::Csv);
    assert_eq!(kind(&bytes("notas.xlsx"), "notas.pdf"), FileKind::Xlsx);
    assert_eq!(kind(&bytes("notas.xls"), "notas.xlsx"), FileKind::Xls);
    assert_eq!(kind(&bytes("plano.docx"), "plano"), FileKind::Docx);
    assert_eq!(kind(&bytes("aula.srt"), "aula.txt"), FileKind::Srt);
    assert_eq!(
        kind(
            b"<!DOCTYPE html><html><body><p>Erro 404</p></body></html>",
            "apostila.pdf"
        ),
        FileKind::Html
    );
    assert_eq!(kind("Só texto.".as_bytes(), "apostila.pdf"), FileKind::Text);
}

#[test]
fn what_cannot_be_read_says_why() {
    let code =
        |bytes: &[u8], name: &str| extract(bytes, name, &Limits::default()).unwrap_err().code();
    assert_eq!(code(b"", "vazio.pdf"), "empty_file");
    assert_eq!(code(b" \r\n\t", "branco.txt"), "no_text");
    assert_eq!(
        code(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "foto.pdf"),
        "unsupported_type"
    );
    assert_eq!(code(b"{\\rtf1 oi}", "carta.docx"), "unsupported_type");
    assert_eq!(code(&bytes("segredo.xlsx"), "segredo.xlsx"), "encrypted");
    assert_eq!(
        code(&bytes("notas.xlsx")[..4000], "notas.xlsx"),
        "damaged_file"
    );
    assert_eq!(
        code(&bytes("notas.xls")[..2000], "notas.xls"),
        "damaged_file"
    );
}

#[test]
fn every_limit_is_enforced() {
    let strict = |change: fn(&mut Limits)| {
        let mut limits = Limits::default();
        change(&mut limits);
        limits
    };
    for (name, limits, what, limit) in [
        ("notas.csv", strict(|limits| limits.bytes = 10), "bytes", 10),
        ("notas.xlsx", strict(|limits| limits.pages = 3), "pages", 3),
        ("notas.ods", strict(|limits| limits.pages = 1), "pages", 1),
        ("aula.pptx", strict(|limits| limits.pages = 2), "pages", 2),
        (
            "notas.xlsx",
            strict(|limits| limits.cells = 20),
            "cells",
            20,
        ),
        ("notas.xls", strict(|limits| limits.cells = 20), "cells", 20),
        ("notas.xlsb", strict(|limits| limits.cells = 5), "cells", 5),
        ("notas.ods", strict(|limits| limits.cells = 5), "cells", 5),
        ("notas.csv", strict(|limits| limits.cells = 5), "cells", 5),
        ("plano.docx", strict(|limits| limits.cells = 5), "cells", 5),
        (
            "plano.docx",
            strict(|limits| limits.characters = 50),
            "characters",
            50,
        ),
        (
            "notas.xlsx",
            strict(|limits| limits.characters = 50),
            "characters",
            50,
        ),
        (
            "aula.srt",
            strict(|limits| limits.characters = 50),
            "characters",
            50,
        ),
        (
            "plano.odt",
            strict(|limits| limits.zip_entries = 3),
            "entries",
            3,
        ),
        (
            "notas.xlsx",
            strict(|limits| limits.unpacked_bytes = 1000),
            "bytes",
            1000,
        ),
        (
            "plano.docx",
            strict(|limits| limits.unpacked_bytes = 5000),
            "bytes",
            5000,
        ),
        (
            "plano.docx",
            strict(|limits| limits.nesting = 3),
            "nesting",
            3,
        ),
    ] {
        match extract(&bytes(name), name, &limits) {
            Err(ExtractError::TooLarge {
                what: passed,
                limit: at,
            }) => {
                assert_eq!((passed, at), (what, limit), "{name}");
            }
            other => panic!("{name}, {what}: {other:?}"),
        }
    }
}

#[test]
fn a_document_survives_its_way_to_another_process() {
    for name in ["notas.xlsx", "aula.pptx", "plano.docx", "aula.srt"] {
        let document = read(name);
        let sent = serde_json::to_string(&document).unwrap();
        assert_eq!(serde_json::from_str::<Document>(&sent).unwrap(), document);
    }
}

/// A package of parts made up here.
fn package(parts: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, text) in parts {
        writer.start_file(*name, options).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn a_book_is_read_in_the_order_of_its_spine() {
    let book = package(&[
        ("mimetype", "application/epub+zip"),
        (
            "META-INF/container.xml",
            "<container><rootfiles><rootfile full-path=\"OEBPS/livro.opf\"/></rootfiles></container>",
        ),
        (
            "OEBPS/livro.opf",
            "<package><metadata><dc:title xmlns:dc=\"d\">Vetores</dc:title></metadata><manifest>\
             <item id=\"n\" href=\"nav.xhtml\" media-type=\"application/xhtml+xml\" properties=\"nav\"/>\
             <item id=\"b\" href=\"cap%202.xhtml\" media-type=\"application/xhtml+xml\"/>\
             <item id=\"a\" href=\"cap1.xhtml\" media-type=\"application/xhtml+xml\"/></manifest>\
             <spine><itemref idref=\"n\"/><itemref idref=\"a\"/><itemref idref=\"b\"/></spine></package>",
        ),
        (
            "OEBPS/nav.xhtml",
            "<html><body><p>Sumário</p></body></html>",
        ),
        (
            "OEBPS/cap1.xhtml",
            "<html><body><h1>Um</h1><p>Soma de vetores.</p></body></html>",
        ),
        (
            "OEBPS/cap 2.xhtml",
            "<html><body><h1>Dois</h1><p>Produto escalar.</p><img src=\"http://x.br/a.png\"/></body></html>",
        ),
    ]);
    let document = extract(&book, "livro.epub", &Limits::default()).unwrap();
    assert_eq!(document.kind, FileKind::Epub);
    assert_eq!(document.metadata.title.as_deref(), Some("Vetores"));
    let texts: Vec<&str> = document
        .blocks
        .iter()
        .map(|block| block.text.as_str())
        .collect();
    assert_eq!(
        texts,
        ["Um", "Soma de vetores.", "Dois", "Produto escalar."]
    );
    assert_eq!(
        document.blocks[3].locator,
        Locator::Section {
            path: vec!["Dois".to_owned()],
            paragraph: 4
        }
    );
}

#[test]
fn an_open_presentation_is_read_slide_by_slide() {
    let slides = package(&[
        (
            "mimetype",
            "application/vnd.oasis.opendocument.presentation",
        ),
        (
            "content.xml",
            "<o><style:style style:name=\"dp2\"><style:drawing-page-properties presentation:visibility=\"hidden\"/>\
             </style:style><draw:page draw:style-name=\"dp1\"><draw:frame presentation:class=\"title\"><draw:text-box>\
             <text:p>Ondas</text:p></draw:text-box></draw:frame><draw:frame><draw:text-box><text:list><text:list-item>\
             <text:p>Período</text:p></text:list-item></text:list></draw:text-box></draw:frame>\
             <draw:frame presentation:class=\"page-number\"><draw:text-box><text:p>1</text:p></draw:text-box></draw:frame>\
             <presentation:notes><draw:page-thumbnail/><draw:frame><draw:text-box><text:p>Mostrar a mola.</text:p>\
             </draw:text-box></draw:frame></presentation:notes></draw:page>\
             <draw:page draw:style-name=\"dp2\"><draw:frame><draw:text-box><text:p>Extra</text:p></draw:text-box>\
             </draw:frame></draw:page></o>",
        ),
    ]);
    let document = extract(&slides, "ondas.odp", &Limits::default()).unwrap();
    assert_eq!(document.kind, FileKind::Odp);
    let read: Vec<(&str, Role)> = document
        .blocks
        .iter()
        .map(|block| (block.text.as_str(), block.role))
        .collect();
    assert_eq!(
        read,
        [
            ("Ondas", Role::Heading { level: 1 }),
            ("Período", Role::ListItem),
            ("Mostrar a mola.", Role::Note),
            ("Extra", Role::Paragraph),
        ]
    );
    assert_eq!(document.blocks[3].locator, Locator::Slide { number: 2 });
    assert_eq!(document.warnings[0].code, "hidden_slide");
    assert_eq!(document.pages.len(), 2);
}

/// A workbook of one sheet with a comment part.
fn workbook(sheet: &str, comments: &str) -> Vec<u8> {
    const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let types = "<Types><Override PartName=\"/xl/workbook.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.\
        spreadsheetml.sheet.main+xml\"/></Types>";
    let root = format!(
        "<Relationships><Relationship Id=\"r1\" Type=\"{OFFICE}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
    );
    let book = format!(
        "<workbook xmlns:r=\"{OFFICE}\"><sheets><sheet name=\"Custos\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>"
    );
    let parts = format!(
        "<Relationships><Relationship Id=\"r1\" Type=\"{OFFICE}/worksheet\" Target=\"worksheets/sheet1.xml\"/>\
         <Relationship Id=\"r2\" Type=\"{OFFICE}/styles\" Target=\"styles.xml\"/></Relationships>"
    );
    let styles = "<styleSheet><numFmts><numFmt numFmtId=\"170\" formatCode=\"#,##0.00\"/></numFmts><cellXfs>\
        <xf numFmtId=\"0\"/><xf numFmtId=\"170\"/><xf numFmtId=\"14\"/><xf numFmtId=\"10\"/></cellXfs></styleSheet>";
    let beside = format!(
        "<Relationships><Relationship Id=\"r1\" Type=\"{OFFICE}/comments\" Target=\"../comments1.xml\"/></Relationships>"
    );
    let sheet = format!(
        "<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\">{sheet}</worksheet>"
    );
    package(&[
        ("[Content_Types].xml", types),
        ("_rels/.rels", &root),
        ("xl/workbook.xml", &book),
        ("xl/_rels/workbook.xml.rels", &parts),
        ("xl/styles.xml", styles),
        ("xl/worksheets/sheet1.xml", &sheet),
        ("xl/worksheets/_rels/sheet1.xml.rels", &beside),
        ("xl/comments1.xml", comments),
    ])
}

#[test]
fn tables_of_workbooks_carry_typed_columns() {
    let text = |text: &str| format!("t=\"inlineStr\"><is><t>{text}</t></is></c>");
    let row = |number: u32, hidden: &str, item: &str, price: &str, date: &str, share: &str| {
        format!(
            "<row r=\"{number}\"{hidden}><c r=\"A{number}\" {}<c r=\"B{number}\" s=\"1\">{price}</c>\
             <c r=\"C{number}\" s=\"2\"><v>{date}</v></c><c r=\"D{number}\" s=\"3\"><v>{share}</v></c></row>",
            text(item)
        )
    };
    let sheet = format!(
        "<cols><col min=\"4\" max=\"4\" hidden=\"1\"/></cols><sheetData><row r=\"1\"><c r=\"A1\" {}<c r=\"B1\" {}\
         <c r=\"C1\" {}<c r=\"D1\" {}</row>{}{}{}{}</sheetData>",
        text("Item"),
        text("Preço (R$)"),
        text("Data"),
        text("Parte"),
        row(2, "", "Giz", "<v>1234.5</v>", "45731", "0.25"),
        row(
            3,
            " hidden=\"1\"",
            "Papel",
            "<f t=\"shared\" si=\"0\" ref=\"B3:B4\">B2*2</f><v>2469</v>",
            "45732",
            "0.5"
        ),
        row(
            4,
            "",
            "Tinta",
            "<f t=\"shared\" si=\"0\"/><v>4938</v>",
            "45733",
            "0.125"
        ),
        row(
            5,
            "",
            "Total",
            "<f>SUM(B2:B4)</f><v>8641.5</v>",
            "45733",
            "0.875"
        ),
    );
    let comments = "<comments><commentList><comment ref=\"B2\"><text><r><t>Cotado em </t></r><r><t>março.</t></r></text>\
        </comment></commentList></comments>";
    let document = extract(
        &workbook(&sheet, comments),
        "custos.xlsx",
        &Limits::default(),
    )
    .unwrap();
    let table = &document.tables[0];
    assert_eq!(table.rows[0], ["Giz", "1.234,50", "15/03/2025", "25%"]);

    let kinds: Vec<ValueKind> = table.columns.iter().map(|column| column.kind).collect();
    assert_eq!(
        kinds,
        [
            ValueKind::Text,
            ValueKind::Number,
            ValueKind::Date,
            ValueKind::Number
        ]
    );
    let prices = &table.columns[1];
    assert_eq!(prices.path, ["Preço (R$)"]);
    assert_eq!(prices.unit.as_deref(), Some("R$"));
    assert_eq!(
        prices.values,
        [1234.5, 2469.0, 4938.0, 8641.5].map(Value::Number)
    );
    assert_eq!(
        table.columns[2].values[0],
        Value::Date("2025-03-15".to_owned())
    );
    assert_eq!(table.columns[3].values[0], Value::Number(25.0));
    assert_eq!(table.columns[3].unit.as_deref(), Some("%"));
    let hidden: Vec<bool> = table.columns.iter().map(|column| column.hidden).collect();
    assert_eq!(hidden, [false, false, false, true]);

    let marks: Vec<(&str, bool, bool)> = table
        .row_marks
        .iter()
        .map(|mark| (mark.range.as_str(), mark.total, mark.hidden))
        .collect();
    assert_eq!(
        marks,
        [
            ("A2:D2", false, false),
            ("A3:D3", false, true),
            ("A4:D4", false, false),
            ("A5:D5", true, false)
        ]
    );
    let remarks: Vec<(&str, Option<&str>, Option<&str>)> = table
        .remarks
        .iter()
        .map(|remark| {
            (
                remark.cell.as_str(),
                remark.formula.as_deref(),
                remark.comment.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        remarks,
        [
            ("B2", None, Some("Cotado em março.")),
            ("B3", Some("B2*2"), None),
            ("B4", Some("B3*2"), None),
            ("B5", Some("SUM(B2:B4)"), None)
        ]
    );
    let note = document.blocks.last().unwrap();
    assert_eq!(
        (note.text.as_str(), note.role),
        ("Cotado em março.", Role::Note)
    );
}
