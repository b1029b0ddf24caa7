//! Nothing panics, whatever stands in a table and whatever is asked; counts equal a naive recount.

use extract::{FileKind, Locator};
use proptest::prelude::*;
use tables::{
    Options, Reply, ResultValue, SourceRow, SourceTable, TableSet, answer, ask, proposed_plan, run,
};

fn set(header: Vec<String>, rows: Vec<Vec<String>>) -> TableSet {
    let locator = |range: String| Locator::Sheet {
        name: "S".to_owned(),
        range,
    };
    let rows = rows
        .into_iter()
        .enumerate()
        .map(|(index, cells)| SourceRow {
            cells,
            locator: locator(format!("A{}:F{}", index + 2, index + 2)),
            total: false,
            hidden: false,
            behind: Vec::new(),
        })
        .collect();
    let source = SourceTable {
        name: "T".to_owned(),
        header,
        locator: locator("A1:F9".to_owned()),
        hidden: false,
        hidden_columns: Vec::new(),
        rows,
    };
    TableSet::new(vec![source], FileKind::Csv)
}

fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,12}",
        "-?[0-9]{1,5}([.,][0-9]{1,3})?",
        "R\\$ [0-9]{1,3}(\\.[0-9]{3})?,[0-9]{2}",
        "[0-3][0-9]/[01][0-9]/20[0-9]{2}",
        "[0-2][0-9]:[0-5][0-9]",
        "(Ana|Bruno|Turma A|Turma B|sim|não|#DIV/0!|Total|12 kg|5%)",
    ]
}

fn question() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("quantos".to_owned()),
        Just("qual".to_owned()),
        Just("média".to_owned()),
        Just("maior".to_owned()),
        Just("entre".to_owned()),
        Just("e".to_owned()),
        Just("ou".to_owned()),
        Just("não".to_owned()),
        Just("por".to_owned()),
        Just("a nota".to_owned()),
        Just("de Ana".to_owned()),
        Just("Turma A".to_owned()),
        Just("acima de 5".to_owned()),
        Just("em março de 2025".to_owned()),
        Just("diferença".to_owned()),
        Just("os 3".to_owned()),
        Just("a data".to_owned()),
        "\\PC{0,8}",
    ];
    prop::collection::vec(word, 0..9).prop_map(|words| words.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_table_and_no_question_panics(
        rows in prop::collection::vec(prop::collection::vec(cell(), 0..5), 0..12),
        header in prop::collection::vec(prop_oneof!["\\PC{0,8}", Just("nota".to_owned()), Just("data".to_owned()), Just("aluno".to_owned())], 0..5),
        asked in question(),
    ) {
        let set = set(header, rows);
        if let Reply::Answered(answered) = ask(&set, &asked, &Options::default()) {
            prop_assert!((0.0..=1.0).contains(&answered.confidence));
            answer(&answered.plan, &answered.outcome, false);
            answer(&answered.plan, &answered.outcome, true);
        }
    }

    #[test]
    fn no_proposal_panics(text in "\\PC{0,200}") {
        let set = set(vec!["a".to_owned()], vec![vec!["1".to_owned()]]);
        let read = proposed_plan(&set, &text);
        prop_assert!(read.is_err());
    }

    #[test]
    fn counts_equal_a_naive_recount(values in prop::collection::vec(0_i64..20, 1..60), bound in 0_i64..20) {
        let rows = values.iter().enumerate().map(|(index, value)| vec![format!("p{index}"), value.to_string()]).collect();
        let set = set(vec!["peça".to_owned(), "medida".to_owned()], rows);
        let plan = proposed_plan(&set, &format!(
            r#"{{"table":"T","aggregate":{{"function":"count"}},"filter":{{"column":"medida","op":"greater","values":["{bound}"]}}}}"#
        )).unwrap();
        let outcome = run(&set, &plan, &tables::Limits::default()).unwrap();
        let naive = values.iter().filter(|value| **value > bound).count();
        prop_assert_eq!(&outcome.rows[0].cells[0].value, &ResultValue::Number(naive.into()));
        prop_assert_eq!(outcome.matched, naive);
        let asked = ask(&set, &format!("Quantas peças têm medida maior que {bound}?"), &Options::default());
        let Reply::Answered(answered) = asked else { panic!("refused: {asked:?}") };
        prop_assert_eq!(answered.outcome.rows, outcome.rows);
    }
}
