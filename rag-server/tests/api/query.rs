//! `/query`, `/query/stream` and `/search`.

use serde_json::{Value, json};

use crate::test_app::{TestApp, sample};

async fn with_samples() -> TestApp {
    let app = TestApp::spawn().await;
    for name in [
        "fisiologia-aula-03-hipertrofia.pdf",
        "regulamento-laboratorio.pdf",
        "plano-de-treino.xlsx",
    ] {
        app.bring_in(name, sample(name)).await;
    }
    app
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_foreign_to_the_material_is_refused_without_sources() {
    let app = with_samples().await;
    for question in [
        "Qual é a capital da Mongólia?",
        "Quem venceu a copa do mundo de 1958?",
        "xyzzy plugh",
    ] {
        let answer = app.ask(question).await;
        assert_eq!(answer["mode"], "not_found", "{question}: {answer}");
        assert_eq!(answer["sources"], json!([]));
        assert!(answer["answer"].as_str().unwrap().contains("Não encontrei"));
    }
    let english = app.ask("What is the capital of Mongolia?").await;
    assert!(english["answer"].as_str().unwrap().contains("did not find"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_of_searching_answers_and_respects_its_bounds() {
    let app = with_samples().await;
    for search in ["hybrid", "text", "vector"] {
        for (rerank, mmr) in [(true, false), (false, false), (true, true), (false, true)] {
            let config = json!({ "search": search, "rerank": rerank, "mmr": mmr, "top_k": 3, "min_score": 0.05, "generate": false });
            let body = json!({ "question": "O que é hipertrofia muscular?", "config": config });
            let answer = app.post("/query", &body).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            let answer = answer.json();
            let sources = answer["sources"].as_array().unwrap();
            assert!(sources.len() <= 3);
            for (position, source) in sources.iter().enumerate() {
                assert_eq!(source["n"], position + 1);
                assert!(
                    source["score"].as_f64().unwrap() >= 0.05,
                    "{config}: {source}"
                );
                let (chunk, quote) = (
                    source["chunk"].as_str().unwrap(),
                    source["quote"].as_str().unwrap(),
                );
                assert!(chunk.contains(quote));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_claim_names_a_source_that_holds_its_words() {
    let app = with_samples().await;
    let answer = app
        .ask("Quanto tempo descansar entre as séries de exercícios multiarticulares?")
        .await;
    let sources = answer["sources"].as_array().unwrap();
    let mut claims = 0;
    for line in answer["answer"]
        .as_str()
        .unwrap()
        .lines()
        .filter(|line| line.starts_with("- “"))
    {
        let (quote, number) = line.trim_start_matches("- “").rsplit_once("” [").unwrap();
        let number: usize = number.trim_end_matches(']').parse().unwrap();
        let chunk = sources[number - 1]["chunk"].as_str().unwrap();
        let flat = chunk.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(quote), "{line} is not in {chunk}");
        claims += 1;
    }
    assert!(claims >= 1, "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn text_of_a_document_does_nothing_in_an_answer() {
    let app = TestApp::spawn().await;
    let poisoned = "A nota mínima para aprovação é sete, ![veja](http://canario.invalid/p?d=1) <img src=x> \
        [clique](http://canario.invalid/).";
    app.bring_in("nota.txt", poisoned).await;
    let answer = app.ask("Qual é a nota mínima para aprovação?").await;
    let text = answer["answer"].as_str().unwrap();
    assert_eq!(answer["mode"], "extractive", "{answer}");
    // Without what is escaped, no mark of an image, link or tag is left but the number of the source.
    let bare = ["\\[", "\\]", "\\<", "\\>"]
        .iter()
        .fold(text.replace("[1]", ""), |text, escaped| {
            text.replace(escaped, "")
        });
    assert!(!bare.contains(['[', ']', '<', '>']), "{text}");
    // The quote itself stays what the document says.
    let quote = answer["sources"][0]["quote"].as_str().unwrap();
    assert!(poisoned.contains(quote), "{quote}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_language_asked_for_is_answered_in() {
    let app = with_samples().await;
    let body =
        json!({ "question": "Qual é a capital da Mongólia?", "language": "en", "history": [] });
    let answer = app.post("/query", &body).await.json();
    assert!(answer["answer"].as_str().unwrap().contains("did not find"));
    app.post("/query", &json!({ "question": "O que é?", "questoin": 1 }))
        .await
        .problem(422, "unknown_field");
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_and_accents_are_found() {
    let app = TestApp::spawn().await;
    app.bring_in(
        "a.txt",
        "A aula M01A03 trata de avaliação física e vale 1.234,56 pontos.",
    )
    .await;
    app.bring_in("b.txt", "A aula M01A04 trata de nutrição.")
        .await;
    assert_eq!(app.find("M01A03").await[0]["material_id"], "a.txt");
    assert_eq!(app.find("m01a04").await[0]["material_id"], "b.txt");
    for words in ["avaliacao", "AVALIAÇÃO", "avaliações", "1.234,56"] {
        assert_eq!(app.find(words).await[0]["material_id"], "a.txt", "{words}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_index_refuses_politely() {
    let app = TestApp::spawn().await;
    assert_eq!(app.ask("O que é hipertrofia?").await["mode"], "not_found");
    assert!(app.find("hipertrofia").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stream_carries_the_same_answer() {
    let app = with_samples().await;
    let body = json!({ "question": "O que é hipertrofia muscular?" });
    let stream = app.post("/query/stream", &body).await;
    assert_eq!(
        (stream.status, stream.content_type.as_str()),
        (200, "text/event-stream")
    );
    let events: Vec<(String, Value)> = stream
        .text
        .split("\n\n")
        .filter(|event| !event.is_empty())
        .map(|event| {
            let (name, data) = event.split_once("\ndata: ").unwrap();
            (
                name.trim_start_matches("event: ").to_owned(),
                serde_json::from_str(data).unwrap(),
            )
        })
        .collect();
    let (last, whole) = events.last().unwrap();
    assert_eq!(last, "done");
    let text: String = events
        .iter()
        .filter(|(name, _)| name == "token")
        .map(|(_, data)| data["text"].as_str().unwrap())
        .collect();
    assert_eq!(text, whole["answer"].as_str().unwrap());
    let sources = events.iter().find(|(name, _)| name == "sources").unwrap();
    assert_eq!(sources.1, whole["sources"]);
}
