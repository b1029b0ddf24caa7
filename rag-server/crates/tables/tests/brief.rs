//! What a chat model is told of tables, and how its reply is taken apart.
#![allow(clippy::unwrap_used, reason = "tests")]

use extract::{Limits, extract};
use proptest::prelude::*;
use serde_json::{Value, json};
use tables::{Brief, Options, Reply, TableSet, ask, chosen};

const TOLD: &str = "\
Planilha 1, tabela \"turma\", 3 linhas:
- \"aluno\": texto; como \"Ana\", \"Bia\"
- \"nota\": número inteiro; como \"8\", \"9\", \"5\"
- \"peso (kg)\": número em \"kg\"; como \"50,5\", \"61\", \"70\"
Planilha 2, tabela \"preços\", 2 linhas:
- \"item\": texto; como \"fio\", \"pá\"
- \"preço\": dinheiro em \"R$\"; como \"R$ 3,50\", \"R$ 9,00\"
";

fn csv(name: &str, text: &str) -> TableSet {
    TableSet::of_document(&extract(text.as_bytes(), name, &Limits::default()).unwrap())
}

fn class() -> TableSet {
    csv(
        "turma.csv",
        "aluno;nota;peso (kg)\nAna;8;50,5\nBia;9;61\nAna;5;70\n",
    )
}

#[test]
fn tables_are_told_by_name_kind_unit_and_some_values() {
    let (one, other) = (
        class(),
        csv("preços.csv", "item;preço\nfio;R$ 3,50\npá;R$ 9,00\n"),
    );
    let brief = Brief::new(&[&one, &other], 2000);
    assert_eq!(brief.text(), TOLD);
    let schema = brief.schema();
    assert_eq!(
        schema["$defs"]["column"]["enum"],
        json!(["aluno", "item", "nota", "peso (kg)", "preço"])
    );
    assert_eq!(schema["$defs"]["table"]["enum"], json!(["preços", "turma"]));
    assert_eq!(
        schema["properties"]["workbook"]["anyOf"][0]["enum"],
        json!([1, 2])
    );
}

#[test]
fn structured_output_finds_what_it_wants_in_the_schema() {
    fn walk(schema: &Value) {
        if schema["type"] == "object" {
            let names: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
            assert_eq!(schema["required"], json!(names));
            assert_eq!(schema["additionalProperties"], false);
        }
        match schema {
            Value::Object(parts) => parts.values().for_each(walk),
            Value::Array(parts) => parts.iter().for_each(walk),
            _ => {}
        }
    }
    walk(&Brief::new(&[&class()], 2000).schema());
}

#[test]
fn a_reply_names_a_workbook_and_a_plan() {
    let plan = r#"{"table":"turma"}"#;
    let said = |text: &str| chosen(text);
    for text in [
        format!(r#"{{"workbook": 2, "plan": {plan}}}"#),
        format!("Aqui está:\n```json\n{{\"workbook\": 2, \"plan\": {plan}}}\n```"),
    ] {
        assert_eq!(said(&text), Some((1, plan.to_owned())), "{text}");
    }
    for text in [
        r#"{"workbook": null, "plan": null}"#,
        r#"{"workbook": 0, "plan": {}}"#,
        r#"{"workbook": 1}"#,
        "{}",
        "não sei",
        "}{",
    ] {
        assert_eq!(said(text), None, "{text}");
    }
}

#[test]
fn a_plan_is_asked_for_where_a_question_speaks_of_a_table_and_is_not_read() {
    let set = class();
    let may = |question: &str| ask(&set, question, &Options::default()).may_be_planned();
    assert!(may("Ei, a nota que Bia arrancou foi qual?"));
    for question in [
        // Sure.
        "Qual a nota de Bia?",
        // Of a text.
        "Por que a nota de Bia é tão alta?",
        "O que é a nota de Bia?",
        // Of something else.
        "Qual é a capital da Mongólia?",
        "Como anda o clima na nota dos jornais de hoje em dia?",
        "",
    ] {
        assert!(!may(question), "{question}");
    }
    // Two tables fit: which is meant is for people to say.
    let two = TableSet::of_document(
        &extract(
            b"# Um\n\n|nome|nota|\n|-|-|\n|Ana|8|\n|Bia|7|\n\n# Dois\n\n|nome|nota|\n|-|-|\n|Ana|5|\n|Bia|6|\n",
            "dois.md",
            &Limits::default(),
        )
        .unwrap(),
    );
    let back = ask(&two, "Qual a nota de Ana?", &Options::default());
    assert!(matches!(back, Reply::Asked(_)), "{back:?}");
    assert!(!back.may_be_planned());
}

proptest! {
    #[test]
    fn no_more_is_told_than_there_is_room_for(
        names in prop::collection::vec("[a-zç\"\\\\ ]{1,120}", 1..60),
        cells in prop::collection::vec("[a-z\"<>]{0,90}", 1..60),
        room in 0_usize..4000,
    ) {
        let line = |words: &[String]| words.iter().map(|word| word.replace([';', '"', '\n'], "_")).collect::<Vec<_>>().join(";");
        let text = format!("{}\n{}\n{}\n", line(&names), line(&cells), line(&cells));
        let set = csv("dados.csv", &text);
        let brief = Brief::new(&[&set], room);
        let told = brief.text();
        prop_assert!(told.chars().count() <= room);
        prop_assert_eq!(brief.is_empty(), told.is_empty());
        // Each column stands on a line of its own, and only those told may be named.
        let columns = brief.schema()["$defs"]["column"]["enum"].as_array().map_or(0, Vec::len);
        let lines = told.lines().filter(|line| line.starts_with("- ")).count();
        prop_assert!(columns <= lines && lines <= 40 * set.tables.len());
        prop_assert_eq!(columns == 0, told.is_empty());
        for column in &set.tables.first().map(|table| table.columns.clone()).unwrap_or_default() {
            if column.name.chars().count() > 80 {
                prop_assert!(!told.contains(&column.name));
            }
        }
    }

    #[test]
    fn no_reply_is_too_strange(text in "\\PC{0,60}|[{}\":,\\[\\]a-z0-9]{0,60}") {
        drop(chosen(&text));
    }
}
