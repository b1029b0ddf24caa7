//! What a workbook holds that does not show.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests stop at the first thing that is not as expected"
)]

use extract::{CellRemark, Limits as ReadLimits, extract};
use rust_xlsxwriter::{Format, Workbook};
use tables::plan::{Aggregate, Condition, Filter, Function, Literal, Op, Plan};
use tables::{
    Answer, Considered, Limits, NoteCode, Oddity, Options, Outcome, Reply, ResultValue,
    SourceTable, TableSet, answer, ask, consider, run,
};

fn set(workbook: &mut Workbook) -> TableSet {
    let bytes = workbook.save_to_buffer().unwrap();
    let document = extract(&bytes, "dados.xlsx", &ReadLimits::default()).unwrap();
    let sources = TableSet::sources(&document);
    let kept: Vec<SourceTable> =
        serde_json::from_str(&serde_json::to_string(&sources).unwrap()).unwrap();
    assert_eq!(kept, sources);
    TableSet::new(kept, document.kind)
}

/// Six pupils; the fifth row is hidden, and so is the last column.
fn workbook() -> Workbook {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.set_name("Notas").unwrap();
    let money = Format::new().set_num_format("\"R$\" #,##0.00");
    for (column, name) in (0..).zip(["Aluno", "Nota", "Bônus", "Interno"]) {
        sheet.write_string(0, column, name).unwrap();
    }
    for (row, (name, grade)) in (1..).zip([
        ("Ana", 7.004),
        ("Bia", 8.004),
        ("Caio", 6.004),
        ("Diva", 9.004),
        ("Eva", 5.004),
        ("Gil", 10.0),
    ]) {
        sheet.write_string(row, 0, name).unwrap();
        sheet
            .write_number_with_format(row, 1, grade, &money)
            .unwrap();
        sheet.write_number(row, 2, f64::from(row)).unwrap();
        sheet.write_number(row, 3, f64::from(row * 2)).unwrap();
    }
    sheet.set_row_hidden(5).unwrap();
    sheet.set_column_hidden(3).unwrap();
    workbook
}

fn total(set: &TableSet, column: &str) -> Outcome {
    let plan = Plan {
        table: set.tables[0].id.clone(),
        aggregate: Some(Aggregate {
            function: Function::Sum,
            column: Some(column.to_owned()),
        }),
        ..Plan::default()
    };
    run(set, &plan, &Limits::default()).unwrap()
}

fn number(outcome: &Outcome) -> String {
    match &outcome.rows[0].cells.last().unwrap().value {
        ResultValue::Number(number) => number.normalize().to_string(),
        other => panic!("{other:?}"),
    }
}

fn note(outcome: &Outcome, code: NoteCode) -> Option<usize> {
    let found = outcome.notes.iter().find(|note| note.code == code)?;
    Some(found.count)
}

#[test]
fn numbers_that_show_rounded_are_added_up_whole() {
    let set = set(&mut workbook());
    assert_eq!(set.tables[0].text(0, 1), "R$ 7,00");
    let outcome = total(&set, "Nota");
    assert_eq!(number(&outcome), "45.02");
    assert_eq!(note(&outcome, NoteCode::Cell(Oddity::Rounded)), Some(5));
    let shown = ask(&set, "Liste aluno e nota", &Options::default());
    let Reply::Answered(shown) = shown else {
        panic!("{shown:?}")
    };
    assert_eq!(note(&shown.outcome, NoteCode::Cell(Oddity::Rounded)), None);
}

#[test]
fn hidden_rows_and_columns_count_and_are_named() {
    let set = set(&mut workbook());
    let outcome = total(&set, "Interno");
    assert_eq!(number(&outcome), "42");
    assert_eq!(note(&outcome, NoteCode::HiddenRows), Some(1));
    assert_eq!(note(&outcome, NoteCode::HiddenColumn), Some(1));
    let Answer { warnings, .. } = answer(&Plan::default(), &outcome, false);
    assert!(
        warnings.contains(&"1 linhas estão ocultas no arquivo e entram na conta.".to_owned()),
        "{warnings:?}"
    );
    assert_eq!(note(&total(&set, "Nota"), NoteCode::HiddenColumn), None);
}

#[test]
fn a_formula_without_a_result_is_left_out_and_named() {
    let bytes = workbook().save_to_buffer().unwrap();
    let mut document = extract(&bytes, "dados.xlsx", &ReadLimits::default()).unwrap();
    // As programs leave it that write formulas and do not calculate.
    document.tables[0].rows[2][2].clear();
    document.tables[0].remarks.push(CellRemark {
        cell: "C4".to_owned(),
        formula: Some("SUM(A1:A2)".to_owned()),
        comment: None,
    });
    let set = TableSet::of_document(&document);
    let outcome = total(&set, "Bônus");
    assert_eq!(number(&outcome), "18");
    assert_eq!(note(&outcome, NoteCode::Cell(Oddity::Uncomputed)), Some(1));
}

#[test]
fn the_mean_that_others_are_held_against_is_that_of_all_rows() {
    let set = set(&mut workbook());
    let asked = |question: &str| ask(&set, question, &Options::default());
    let Reply::Answered(above) = asked("Quem ficou acima da média em nota?") else {
        panic!("not answered")
    };
    assert_eq!(above.outcome.row_count, 3);
    assert!(
        answer(&above.plan, &above.outcome, false)
            .text
            .contains("média de todas as linhas")
    );
    let Reply::Answered(below) = asked("Quantos alunos têm nota abaixo da média?") else {
        panic!("not answered")
    };
    assert_eq!(number(&below.outcome), "3");
    // Of which rows the mean is, such a question leaves open.
    let among = asked("Quais alunos com interno acima de 4 têm nota acima da média?");
    assert!(!matches!(among, Reply::Answered(_)), "{among:?}");
}

#[test]
fn a_proposal_is_held_against_the_words_of_a_question_nobody_read() {
    let set = set(&mut workbook());
    let question = "Rapaz, a nota que Bia arrancou do mestre foi qual mesmo?";
    let reply = ask(&set, question, &Options::default());
    assert!(matches!(reply, Reply::Refused { .. }), "{reply:?}");
    let proposal = |name: &str, column: &str| {
        let plan = Plan {
            table: "Notas".to_owned(),
            filter: Some(Filter::Is(Condition {
                column: "Aluno".to_owned(),
                op: Op::Equal,
                values: vec![Literal(name.to_owned())],
            })),
            columns: vec![column.to_owned()],
            ..Plan::default()
        };
        let text = serde_json::to_string(&plan).unwrap();
        consider(&set, question, &text, &reply, &Options::default())
    };
    assert!(matches!(proposal("Bia", "Nota"), Considered::Proposed(..)));
    for (name, column, code) in [
        ("Ana", "Nota", "value_not_asked"),
        ("Bia", "Bônus", "column_not_asked"),
    ] {
        let Considered::Rejected(faults) = proposal(name, column) else {
            panic!("{name} {column}")
        };
        assert!(faults.iter().any(|fault| fault.code == code), "{faults:?}");
    }
    let none = consider(&set, question, "DROP TABLE x", &reply, &Options::default());
    assert!(matches!(none, Considered::Rejected(_)));
}
