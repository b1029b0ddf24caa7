//! Faults on purpose: kills, restarts, an embedder that is away, many at once.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::json;
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, Respond, ResponseTemplate};

use crate::test_app::TestApp;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_accepted_is_finished_after_a_restart() {
    let app = TestApp::spawn().await;
    for number in 0..20 {
        let text = format!("O documento {number} fala do assunto{number} em detalhe.");
        assert_eq!(app.put(&format!("d{number}.txt"), text).await.status, 202);
    }
    let folder = app.stop().await;
    let app = TestApp::in_folder(folder, &[]).await;
    for number in 0..20 {
        app.settled(&format!("d{number}.txt"), "ready").await;
        assert_eq!(
            app.find(&format!("assunto{number}")).await.len(),
            1,
            "{number}"
        );
    }
    let stats = app.get("/stats").await.json();
    assert_eq!(
        (stats["chunks"].as_i64(), stats["vectors"].as_i64()),
        (Some(20), Some(20))
    );
}

/// Six rounds here; `CLIENT_ROUNDS=200 cargo nextest run -p rag-server eight_clients` takes more than a minute and makes
/// the figure of `docs/figures.md`.
#[tokio::test(flavor = "multi_thread")]
async fn eight_clients_adding_and_removing_lose_nothing() {
    let rounds: usize = std::env::var_os("CLIENT_ROUNDS")
        .and_then(|text| text.to_str()?.parse().ok())
        .unwrap_or(6);
    let app = Arc::new(TestApp::spawn().await);
    let mut clients = Vec::new();
    for client in 0..8 {
        let app = Arc::clone(&app);
        clients.push(tokio::spawn(async move {
            let mut kept = BTreeSet::new();
            for round in 0..rounds {
                let (keep, lose) = (format!("c{client}r{round}k"), format!("c{client}r{round}x"));
                app.bring_in(
                    &format!("{keep}.txt"),
                    format!("Texto guardado {keep} do cliente."),
                )
                .await;
                let answer = app
                    .put(
                        &format!("{lose}.txt"),
                        format!("Texto perdido {lose} do cliente."),
                    )
                    .await;
                assert_eq!(answer.status, 202);
                assert_eq!(
                    app.delete(&format!("/materials/{lose}.txt")).await.status,
                    204
                );
                assert!(
                    app.find(&lose).await.is_empty(),
                    "{lose} was deleted and is found"
                );
                kept.insert(keep);
            }
            kept
        }));
    }
    let mut all = BTreeSet::new();
    for client in clients {
        all.extend(client.await.unwrap());
    }
    for keep in &all {
        assert_eq!(app.find(keep).await.len(), 1, "{keep} was lost or doubled");
    }
    let stats = app.get("/stats").await.json();
    assert_eq!(stats["documents"].as_u64().unwrap() as usize, all.len());
    assert_eq!(stats["chunks"].as_u64().unwrap() as usize, all.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_on_the_same_data_refuses_to_start() {
    let app = TestApp::spawn().await;
    let settings = crate::test_app::settings(app.folder.path(), &[]);
    let ports = rag_server::app::Ports::real().unwrap();
    let second = rag_server::app::App::build(settings, ports).await;
    assert!(
        second
            .err()
            .unwrap()
            .to_string()
            .contains("another process")
    );
}

/// An endpoint that answers with one vector per text, or is away.
struct Endpoint;

impl Respond for Endpoint {
    fn respond(&self, request: &wiremock::Request) -> ResponseTemplate {
        let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
        let data: Vec<_> = body["input"]
            .as_array()
            .unwrap()
            .iter()
            .enumerate()
            .map(|(index, text)| {
                let length = text.as_str().unwrap().len() as f32;
                json!({ "index": index, "embedding": [1.0, length.sin(), length.cos()] })
            })
            .collect();
        ResponseTemplate::new(200).set_body_json(json!({ "data": data }))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_embedder_the_text_is_searchable_and_vectors_catch_up() {
    let endpoint = MockServer::start().await;
    let away = Mock::given(method("POST"))
        .respond_with(ResponseTemplate::new(503))
        .mount_as_scoped(&endpoint)
        .await;
    let base = format!("{}/v1", endpoint.uri());
    let remote = [
        ("EMBEDDING_BASE_URL", base.as_str()),
        ("EMBEDDING_MODEL", "tiny"),
        ("EMBEDDING_DIMENSIONS", "3"),
    ];
    let app = TestApp::with(&remote).await;
    assert_eq!(
        app.put("a.txt", "O baço filtra o sangue velho.")
            .await
            .status,
        202
    );
    app.settled("a.txt", "searchable").await;
    assert_eq!(app.find("baço").await.len(), 1);
    let body = json!({ "query": "baço", "config": { "search": "hybrid" } });
    assert_eq!(
        app.post("/search", &body).await.json()["hits"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    drop(away);
    Mock::given(method("POST"))
        .respond_with(Endpoint)
        .mount(&endpoint)
        .await;
    app.settled("a.txt", "ready").await;
    assert_eq!(app.get("/stats").await.json()["vectors"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_model_takes_over_when_all_is_embedded_anew() {
    let endpoint = MockServer::start().await;
    Mock::given(method("POST"))
        .respond_with(Endpoint)
        .mount(&endpoint)
        .await;
    let app = TestApp::spawn().await;
    for number in 0..3 {
        app.bring_in(
            &format!("d{number}.txt"),
            format!("O texto {number} sobre músculos."),
        )
        .await;
    }
    let bundled = app.get("/status").await.json()["providers"]["embedding"]["active_model"]
        .as_str()
        .unwrap()
        .to_owned();
    let folder = app.stop().await;
    let base = format!("{}/v1", endpoint.uri());
    let remote = [
        ("EMBEDDING_BASE_URL", base.as_str()),
        ("EMBEDDING_MODEL", "tiny"),
        ("EMBEDDING_DIMENSIONS", "3"),
    ];
    let app = TestApp::in_folder(folder, &remote).await;
    // The old vectors answer until the new ones are complete.
    let body = json!({ "query": "músculos", "config": { "search": "vector" } });
    let mut found = app.post("/search", &body).await;
    while found.status == 503 {
        found = app.post("/search", &body).await;
    }
    assert_eq!(found.json()["hits"].as_array().unwrap().len(), 3);
    let before = app.get("/status").await.json();
    assert_eq!(
        before["providers"]["embedding"]["active_model"],
        bundled.as_str()
    );
    assert_eq!(app.get("/readyz").await.json()["status"], "degraded");

    let started = app.send(app.request("POST", "/reindex")).await;
    assert_eq!(started.status, 202);
    let job = app.ended(started.json()["job_id"].as_str().unwrap()).await;
    assert_eq!(job["state"], "done", "{job}");
    let after = app.get("/status").await.json();
    assert_ne!(
        after["providers"]["embedding"]["active_model"],
        bundled.as_str()
    );
    assert_eq!(after["providers"]["embedding"]["dimensions"], 3);
    for number in 0..3 {
        app.settled(&format!("d{number}.txt"), "ready").await;
    }
    assert_eq!(app.get("/stats").await.json()["vectors"], 3);
    assert_eq!(app.get("/readyz").await.json()["status"], "ready");
}
