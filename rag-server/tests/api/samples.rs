//! The samples, as a new user meets them: every question finds its page or cells, and its quote is proven.

use serde_json::Value;

use crate::test_app::{TestApp, sample};

#[tokio::test(flavor = "multi_thread")]
async fn every_sample_question_is_answered_from_the_right_place() {
    let app = TestApp::spawn().await;
    let questions: Value = serde_json::from_str(include_str!("../../evals/samples.json")).unwrap();
    let mut names: Vec<&str> = questions["answerable"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["source"].as_str().unwrap())
        .collect();
    names.sort_unstable();
    names.dedup();
    for name in &names {
        assert_eq!(app.put(name, sample(name)).await.status, 202);
    }
    for name in &names {
        app.settled(name, "ready").await;
    }
    let mut wrong = Vec::new();
    for one in questions["answerable"].as_array().unwrap() {
        let answer = app.ask(one["question"].as_str().unwrap()).await;
        let phrase = one["phrase"].as_str().unwrap().to_lowercase();
        let proven = answer["sources"].as_array().unwrap().iter().any(|source| {
            source["source"] == one["source"]
                && (one["page"].is_null() || source["page"] == one["page"])
                && (one["sheet"].is_null() || source["sheet"] == one["sheet"])
                && source["quote"]
                    .as_str()
                    .unwrap()
                    .to_lowercase()
                    .contains(&phrase)
        });
        if !proven {
            wrong.push((one["question"].clone(), answer["mode"].clone()));
        }
    }
    for one in questions["unanswerable"].as_array().unwrap() {
        let answer = app.ask(one["question"].as_str().unwrap()).await;
        if answer["mode"] == "not_found" {
            assert_eq!(answer["sources"].as_array().unwrap().len(), 0);
        } else {
            wrong.push((one["question"].clone(), answer["mode"].clone()));
        }
    }
    assert!(wrong.len() <= 2, "{wrong:#?}");
}
