use extract::{FileKind, Locator};

use super::*;

fn table(header: &[&str], rows: &[&[&str]]) -> extract::Table {
    let owned = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect();
    extract::Table {
        name: "Catálogo".into(),
        header: owned(header),
        locator: Locator::Sheet {
            name: "Catálogo".into(),
            range: "A1:E9".into(),
        },
        hidden: false,
        rows: rows.iter().map(|row| owned(row)).collect(),
        columns: Vec::new(),
        row_marks: Vec::new(),
        remarks: Vec::new(),
    }
}

fn listed(header: &[&str], rows: &[&[&str]]) -> Vec<Lesson> {
    let mut document = extract::Document::new(FileKind::Xlsx);
    document.tables.push(table(header, rows));
    lessons(&document)
}

const HEADER: [&str; 5] = ["Código", "MÓDULO", "Aula", "Nome da aula", "Resumo da Aula"];

#[test]
fn a_catalogue_lists_its_lessons_once_and_in_order() {
    let lessons = listed(
        &HEADER,
        &[
            &["M01A02", "1", "2", "Hipertrofia", "Como o músculo  cresce."],
            &["m01a01", "1", "1", "Introdução", ""],
            &["M01A02", "9", "9", "Outra", ""],
            &["", "1", "3", "Sem código", ""],
            &["M01A04", "1", "4", "", ""],
            &["M01A05"],
        ],
    );
    let codes: Vec<&str> = lessons.iter().map(|one| one.code.as_str()).collect();
    assert_eq!(codes, ["m01a02", "m01a01"]);
    assert_eq!(
        lessons.first().map(|one| one.summary.as_str()),
        Some("Como o músculo cresce.")
    );
}

#[test]
fn other_tables_are_no_catalogue() {
    let rows: &[&[&str]] = &[&["M01A01", "1", "1", "Introdução"]];
    assert!(listed(&["Código", "Módulo", "Aula"], rows).is_empty());
    assert!(listed(&["Exercício", "Séries", "Aula", "Nome da aula"], rows).is_empty());
    assert_eq!(
        listed(&["Código", "Módulo", "Aula", "Nome da aula"], rows).len(),
        1
    );
}

#[test]
fn the_code_is_the_first_word_of_the_name() {
    for (source, code) in [
        ("M01A03 - Hipertrofia.pdf", Some("m01a03")),
        ("modulo-1/M01A03.pdf", Some("m01a03")),
        ("M01A03_slides.pptx", Some("m01a03")),
        ("aula-03.pdf", None),
        ("2024 calendário.pdf", None),
        ("", None),
    ] {
        assert_eq!(code_of(source).as_deref(), code, "{source}");
    }
}

#[test]
fn places_are_named_as_people_name_them() {
    let lesson = |module: &str, lesson: &str| Lesson {
        code: "m01a03".into(),
        module: module.into(),
        lesson: lesson.into(),
        title: "Hipertrofia".into(),
        summary: String::new(),
    };
    assert_eq!(lesson("1", "3").label(), "Módulo 1, Aula 3 — 'Hipertrofia'");
    assert_eq!(lesson("Módulo 1", "").label(), "Módulo 1 — 'Hipertrofia'");
    assert_eq!(lesson("", "").label(), "'Hipertrofia'");
    let cite = |locator| citation("Plano", &locator);
    assert_eq!(
        cite(Locator::Page {
            number: 7,
            bbox: None
        }),
        "Plano, p. 7"
    );
    assert_eq!(
        cite(Locator::Sheet {
            name: "Treino A".into(),
            range: "A2:D2".into()
        }),
        "Plano, planilha Treino A, A2:D2"
    );
    let at = |start_ms| Locator::Time {
        start_ms,
        end_ms: start_ms,
    };
    assert_eq!(cite(at(65_000)), "Plano, 01:05");
    assert_eq!(cite(at(3_725_000)), "Plano, 1:02:05");
}
