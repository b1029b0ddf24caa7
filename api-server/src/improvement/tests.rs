use std::collections::BTreeSet;

use serde_json::json;

use super::service::example;
use super::store::ToldRow;

fn row(sources: usize, standalone: Option<&str>) -> ToldRow {
    let sources: Vec<_> = (1..=sources)
        .map(|n| json!({ "n": n, "material_id": "m", "chunk_id": format!("m:v:{n}"), "page": n, "quote": "segredo" }))
        .collect();
    ToldRow {
        id: "a1".to_owned(),
        uid: "u1".to_owned(),
        question: "E depois?".to_owned(),
        answer: "Primeiro [2], e então [12].".to_owned(),
        details: json!({ "sources": sources, "standalone_question": standalone }).to_string(),
        rating: Some("down".to_owned()),
    }
}

#[test]
fn an_answer_is_told_with_what_was_opened_and_cited() {
    let opened = BTreeSet::from([("a1".to_owned(), 1), ("a2".to_owned(), 3)]);
    let told = example("r1", row(12, Some("E depois da aula 3?")), &opened).unwrap();
    assert_eq!(told.question, "E depois da aula 3?");
    assert_eq!(told.rating.as_deref(), Some("down"));
    let numbers = |is: fn(&super::wire::Shown) -> bool| -> Vec<usize> {
        let shown = told.shown.iter().enumerate();
        shown
            .filter(|(_, one)| is(one))
            .map(|(at, _)| at + 1)
            .collect()
    };
    assert_eq!(numbers(|one| one.opened), [1]);
    assert_eq!(numbers(|one| one.cited), [2, 12]);
    let wire = serde_json::to_string(&told).unwrap();
    assert!(!wire.contains("segredo") && !wire.contains("u1"), "{wire}");
}

#[test]
fn nothing_is_told_where_there_was_nothing_to_choose_from() {
    let opened = BTreeSet::from([("a1".to_owned(), 1)]);
    assert_eq!(example("r1", row(1, None), &opened), None);
    let mut broken = row(2, None);
    broken.details = "{".to_owned();
    assert_eq!(example("r1", broken, &opened), None);
    let told = example("r1", row(2, None), &opened).unwrap();
    assert_eq!(told.question, "E depois?");
}

#[test]
fn people_have_another_name_in_each_run() {
    let named = |run: &str| example(run, row(2, None), &BTreeSet::new()).unwrap().person;
    assert_eq!(named("r1"), named("r1"));
    assert_ne!(named("r1"), named("r2"));
}
