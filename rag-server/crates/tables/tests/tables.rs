//! Rules for what stands in cells, and the proof that goes with each result.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests stop at the first thing that is not as expected"
)]

mod support;

use extract::{FileKind, Limits as ReadLimits, extract};
use tables::plan::{Aggregate, Function, Plan};
use tables::{
    Agreement, Kind, Limits, NoteCode, Oddity, Options, Outcome, Reply, ResultValue, TableSet,
    agreement, answer, ask, proposed_plan, run,
};

fn csv(text: &str) -> TableSet {
    let document = extract(text.as_bytes(), "dados.csv", &ReadLimits::default()).unwrap();
    assert_eq!(document.kind, FileKind::Csv);
    TableSet::of_document(&document)
}

fn aggregate(set: &TableSet, function: Function, column: Option<&str>) -> Outcome {
    let plan = Plan {
        table: set.tables[0].id.clone(),
        aggregate: Some(Aggregate {
            function,
            column: column.map(str::to_owned),
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

fn codes(outcome: &Outcome) -> Vec<NoteCode> {
    outcome.notes.iter().map(|note| note.code).collect()
}

#[test]
fn the_column_tells_what_a_point_means() {
    let comma = csv("item;valor\na;1.234,50\nb;1.500\nc;10\n");
    assert_eq!(
        number(&aggregate(&comma, Function::Sum, Some("valor"))),
        "2744.5"
    );
    let point = csv("item;valor\na;1,234.50\nb;1.500\nc;10\n");
    assert_eq!(
        number(&aggregate(&point, Function::Sum, Some("valor"))),
        "1246"
    );
}

#[test]
fn both_decimal_signs_in_one_column_are_read_and_told() {
    let set = csv("item;valor\na;8,5\nb;7.25\nc;6,5\nd;1.234\n");
    let outcome = aggregate(&set, Function::Sum, Some("valor"));
    assert_eq!(number(&outcome), "1256.25");
    assert!(codes(&outcome).contains(&NoteCode::Cell(Oddity::OtherMark)));
    assert!(codes(&outcome).contains(&NoteCode::Cell(Oddity::UnclearNumber)));
}

#[test]
fn cells_that_do_not_fit_are_left_out_and_named() {
    let set = csv(
        "aluno;turma;nota\nAna;A;8\nBia;B;faltou\nCaio;A;#DIV/0!\nDiva;B;6\nEva;A;\nFlora;B;7\nGil;A;9\nHugo;B;5\n",
    );
    let outcome = aggregate(&set, Function::Mean, Some("nota"));
    assert_eq!(number(&outcome), "7");
    assert_eq!(set.tables[0].columns[2].kind, Kind::Integer);
    let found = codes(&outcome);
    for code in [
        NoteCode::Cell(Oddity::OtherType),
        NoteCode::Cell(Oddity::ErrorCell),
        NoteCode::BlankCells,
    ] {
        assert!(found.contains(&code), "{code:?} in {found:?}");
    }
    let odd = outcome
        .notes
        .iter()
        .find(|note| note.code == NoteCode::Cell(Oddity::OtherType))
        .unwrap();
    assert_eq!(odd.examples, ["C3"]);
}

#[test]
fn units_are_converted_or_left_out() {
    let set = csv("item;peso\na;2 kg\nb;500 g\nc;1 kg\nd;3 litros\ne;4 kg\n");
    let outcome = aggregate(&set, Function::Sum, Some("peso"));
    assert_eq!(number(&outcome), "7.5");
    assert!(codes(&outcome).contains(&NoteCode::Cell(Oddity::Converted)));
    assert!(codes(&outcome).contains(&NoteCode::Cell(Oddity::OtherUnit)));
    assert_eq!(outcome.columns[0].unit.as_deref(), Some("kg"));
}

#[test]
fn totals_are_left_out_with_or_without_a_label() {
    let set = csv(
        "setor;item;valor\nA;x;10\nA;y;20\n;Subtotal A;30\nB;z;5\nB;w;7\n;Subtotal B;12\nTotal;;42\n",
    );
    let outcome = aggregate(&set, Function::Sum, Some("valor"));
    assert_eq!(number(&outcome), "42");
    assert!(codes(&outcome).contains(&NoteCode::TotalsLeftOut));
    assert_eq!(set.tables[0].totals, 3);
    // A product that is called so is no total.
    let named = csv("produto;valor\nTotal Flex;10\nOutro;20\nMais um;5\n");
    assert_eq!(named.tables[0].row_count() + named.tables[0].totals, 3);
}

#[test]
fn equal_headers_are_told_apart() {
    let set = csv("nome;nota;nota\nAna;8;6\nBia;7;5\n");
    let names: Vec<&str> = set.tables[0]
        .columns
        .iter()
        .map(|column| column.name.as_str())
        .collect();
    assert_eq!(names, ["nome", "nota", "nota (2)"]);
    assert_eq!(
        number(&aggregate(&set, Function::Sum, Some("nota (2)"))),
        "11"
    );
}

#[test]
fn sums_are_exact() {
    let rows = "r;0,1\n".repeat(1000);
    let set = csv(&format!("item;valor\n{rows}"));
    assert_eq!(
        number(&aggregate(&set, Function::Sum, Some("valor"))),
        "100"
    );
}

#[test]
fn a_result_names_the_rows_it_was_made_of() {
    let set = csv("aluno;turma;nota\nAna;A;8\nBia;B;7\nCaio;A;6\nDiva;B;5\n");
    let Reply::Answered(answered) = ask(
        &set,
        "Qual a média de nota da turma B?",
        &Options::default(),
    ) else {
        panic!("not answered");
    };
    assert_eq!(number(&answered.outcome), "6");
    assert_eq!(
        answered.outcome.sources[0].range.as_deref(),
        Some("B3:C3, B5:C5")
    );
    assert_eq!(answered.outcome.sources[0].rows, 2);
    let told = answer(&answered.plan, &answered.outcome, false);
    assert_eq!(
        told.text,
        "**6,00**\n\nMédia de “nota” — 2 de 4 linhas de “dados” em que turma = B. Fonte: dados!B3:C3, B5:C5."
    );
}

#[test]
fn text_of_cells_is_inert_in_an_answer() {
    let set = csv("nome;nota\n<b>|[x](y)</b>;8\nBia;9\n");
    let Reply::Answered(answered) = ask(&set, "liste nome e nota", &Options::default()) else {
        panic!("not answered");
    };
    let told = answer(&answered.plan, &answered.outcome, false);
    assert!(
        told.text.contains("\\<b\\>\\|\\[x\\](y)\\</b\\>"),
        "{}",
        told.text
    );
}

#[test]
fn all_faults_of_a_plan_are_named() {
    let set = csv("nome;nota\nAna;8\nBia;9\n");
    let faults = proposed_plan(
        &set,
        r#"{"table":"dados","aggregate":{"function":"sum","column":"nome"},"columns":["cor"],"limit":0,
           "filter":{"all":[{"column":"idade","op":"less","values":["3"]},{"column":"nota","op":"between","values":["3"]}]}}"#,
    )
    .unwrap_err();
    let mut codes: Vec<&str> = faults.iter().map(|fault| fault.code).collect();
    codes.sort_unstable();
    assert_eq!(
        codes,
        [
            "limit_out_of_range",
            "limit_without_order",
            "not_computable",
            "unknown_column",
            "unknown_column",
            "wrong_number_of_values"
        ]
    );
    assert_eq!(
        proposed_plan(&set, "DROP TABLE x").unwrap_err()[0].code,
        "no_plan"
    );
    assert_eq!(
        proposed_plan(&set, r#"{"table":"dados","sql":"x"}"#).unwrap_err()[0].code,
        "no_plan"
    );
}

#[test]
fn a_proposal_is_compared_with_the_reading() {
    let set = csv("nome;turma;nota\nAna;A;8\nBia;B;9\nCaio;A;5\n");
    let reply = ask(&set, "Qual a soma de nota da turma A?", &Options::default());
    assert!(matches!(reply, Reply::Answered(_)), "{reply:?}");
    let plan = |value: &str| {
        proposed_plan(
            &set,
            &format!(
                r#"{{"table":"dados","aggregate":{{"function":"sum","column":"nota"}},
                    "filter":{{"column":"turma","op":"equal","values":["{value}"]}}}}"#
            ),
        )
        .unwrap()
    };
    assert_eq!(
        agreement(&set, &plan("A"), &reply, &Limits::default()),
        Agreement::Agree
    );
    assert_eq!(
        agreement(&set, &plan("B"), &reply, &Limits::default()),
        Agreement::Differ
    );
    let refused = ask(&set, "Qual o sentido da vida?", &Options::default());
    assert_eq!(
        agreement(&set, &plan("A"), &refused, &Limits::default()),
        Agreement::Alone
    );
}

#[test]
fn a_plan_that_costs_too_much_is_stopped() {
    let set = csv("nome;nota\nAna;8\nBia;9\nCaio;5\n");
    let plan = proposed_plan(
        &set,
        r#"{"table":"dados","aggregate":{"function":"count"},"filter":{"column":"nota","op":"greater","values":["1"]}}"#,
    )
    .unwrap();
    let limits = Limits {
        steps: 2,
        ..Limits::default()
    };
    assert_eq!(
        run(&set, &plan, &limits).unwrap_err()[0].code,
        "too_much_work"
    );
}

#[test]
fn two_tables_that_fit_are_asked_back() {
    use support::domains;
    use support::planted::Seed;
    let mut tables = domains::training(&mut Seed::new(7));
    let (first, second) = tables.split_at_mut(1);
    let row = first[0].rows[0].clone();
    second[0].rows.push(row.clone());
    let set = support::workbook::open(&tables);
    let question = format!("Qual a carga do {}?", row[0].text());
    let Reply::Asked(asked) = ask(&set, &question, &Options::default()) else {
        panic!("not asked back");
    };
    assert_eq!(asked.candidates, ["Treino A", "Treino B"]);
    assert_eq!(asked.plans.len(), 2);
}

#[test]
fn aliases_are_followed() {
    let set = csv("nome;pontos\nAna;8\nBia;9\n");
    let mut options = Options::default();
    let question = "Qual a soma de gols?";
    assert!(!matches!(ask(&set, question, &options), Reply::Answered(_)));
    options
        .aliases
        .0
        .insert("gols".to_owned(), vec!["pontos".to_owned()]);
    assert!(matches!(ask(&set, question, &options), Reply::Answered(_)));
}
