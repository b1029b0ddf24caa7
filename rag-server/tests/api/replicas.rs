//! Several servers over the same data: one writes, all answer, and another one takes over.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use shared::testing::{RagServer, TestDb};
use tempfile::TempDir;

use crate::archive::{download, upload};
use crate::test_app::{TestApp, sample};

const QUESTION: &str = "Qual é a nota mínima para aprovação?";
/// Longer than a lease lapses.
const DEADLINE: Duration = Duration::from_secs(60);

fn free_port() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port().to_string()
}

/// One more server over the data in `folder`.
async fn another(folder: &Arc<TempDir>, database: Option<&str>) -> TestApp {
    let port = free_port();
    let mut variables = vec![("REPLICA", "true"), ("PORT", port.as_str())];
    variables.extend(database.map(|url| ("RAG_DATABASE_URL", url)));
    TestApp::in_folder(Arc::clone(folder), &variables).await
}

async fn role(app: &TestApp) -> String {
    let status = app.get("/status").await.json();
    status["role"].as_str().unwrap().to_owned()
}

async fn becomes(app: &TestApp, wanted: &str) {
    let started = Instant::now();
    while role(app).await != wanted {
        assert!(started.elapsed() < DEADLINE, "it does not become {wanted}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn is_answered(app: &TestApp) {
    let answer = app.ask(QUESTION).await;
    assert_eq!(
        answer["sources"][0]["source"], "plano-de-ensino.md",
        "{answer}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_two_writes_and_both_answer() {
    for database in TestDb::all().await {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let first = another(&folder, Some(database.url())).await;
        let second = another(&folder, Some(database.url())).await;
        let roles = (role(&first).await, role(&second).await);
        assert_eq!(roles, ("writer".to_owned(), "follower".to_owned()));

        let sent = second
            .bring_in("plano-de-ensino.md", sample("plano-de-ensino.md"))
            .await;
        is_answered(&first).await;
        is_answered(&second).await;
        let job = sent["job_id"].as_str().unwrap();
        assert_eq!(second.ended(job).await["state"], "done");
        let events = second.get(&format!("/jobs/{job}/events")).await;
        assert_eq!(events.content_type, "text/event-stream");
        assert!(events.text.starts_with("event: done"), "{events:?}");
        second
            .get("/jobs/nenhum")
            .await
            .problem(404, "job_not_found");

        assert_eq!(
            second.delete("/materials/plano-de-ensino.md").await.status,
            204
        );
        for app in [&first, &second] {
            assert_eq!(app.ask(QUESTION).await["sources"], json!([]));
        }
        first.stop().await;
        second.stop().await;
        database.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_passed_on_once() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let writer = another(&folder, None).await;
    let follower = another(&folder, None).await;
    let request = follower
        .request("PUT", "/materials/a.md")
        .header("x-passed-on", "1")
        .body("a");
    let refused = follower.send(request).await;
    refused.problem(503, "not_ready");
    assert_eq!(refused.headers["retry-after"], "2");
    let too_large = follower.put("a.md?title=", vec![b'a'; 300 << 20]).await;
    too_large.problem(413, "payload_too_large");
    writer.stop().await;
    follower.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_takes_up_a_store_that_takes_the_place_of_another() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let writer = another(&folder, None).await;
    let follower = another(&folder, None).await;
    follower
        .bring_in("plano-de-ensino.md", sample("plano-de-ensino.md"))
        .await;
    let archive = download(&follower).await;
    let taken = upload(&follower, "/chromadb/upload", "archive", archive).await;
    assert_eq!(taken.status, 200, "{taken:?}");
    follower
        .bring_in(
            "nova.md",
            "# Nova aula\n\nA palavra zigurate só existe aqui.",
        )
        .await;
    let started = Instant::now();
    while follower.find("zigurate").await.is_empty() {
        assert!(started.elapsed() < DEADLINE, "it still reads the old store");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    is_answered(&follower).await;
    writer.stop().await;
    follower.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_takes_over_when_the_writer_stops() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let first = another(&folder, None).await;
    first
        .bring_in("plano-de-ensino.md", sample("plano-de-ensino.md"))
        .await;
    let second = another(&folder, None).await;
    is_answered(&second).await;
    first.stop().await;
    // Not a word is lost in between: what is sent now waits for a writer.
    second
        .bring_in(
            "nova.md",
            "# Nova aula\n\nA palavra zigurate só existe aqui.",
        )
        .await;
    becomes(&second, "writer").await;
    assert_eq!(second.find("zigurate").await.len(), 1);
    let third = another(&folder, None).await;
    assert_eq!(role(&third).await, "follower");
    is_answered(&third).await;
    second.stop().await;
    becomes(&third, "writer").await;
    third.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_takes_over_when_the_writer_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display().to_string();
    let variables = [("REPLICA", "true"), ("DATA_DIR", path.as_str())];
    let mut first = RagServer::start(&variables).await;
    let second = RagServer::start(&variables).await;
    let http = reqwest::Client::new();
    let put = |server: &RagServer, name: &str| {
        let url = server.url().join(&format!("materials/{name}")).unwrap();
        http.put(url)
            .body("# Aula\n\nA palavra zigurate só existe aqui.")
            .send()
    };
    for number in 0..20 {
        assert_eq!(
            put(&second, &format!("{number}.md"))
                .await
                .unwrap()
                .status()
                .as_u16(),
            202
        );
    }
    first.kill();
    let sent = put(&second, "depois.md").await.unwrap();
    assert_eq!(sent.status().as_u16(), 202, "{:?}", sent.text().await);
    let started = Instant::now();
    loop {
        let status = http
            .get(second.url().join("status").unwrap())
            .send()
            .await
            .unwrap();
        let status: serde_json::Value = status.json().await.unwrap();
        if status["documents"]["ready"] == 21 {
            assert_eq!(status["role"], "writer");
            break;
        }
        assert!(started.elapsed() < DEADLINE, "{status}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let found = http
        .post(second.url().join("search").unwrap())
        .json(&json!({ "query": "zigurate", "limit": 100, "config": { "search": "text", "rerank": false } }))
        .send();
    let found: serde_json::Value = found.await.unwrap().json().await.unwrap();
    assert_eq!(
        found["hits"].as_array().unwrap().len(),
        21,
        "none lost, none twice"
    );
}

#[tokio::test]
async fn a_server_that_is_alone_shares_its_folder_with_nobody() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let alone = TestApp::in_folder(Arc::clone(&folder), &[]).await;
    assert_eq!(role(&alone).await, "alone");
    let port = free_port();
    let variables = [("REPLICA", "true"), ("PORT", port.as_str())];
    let settings = crate::test_app::settings(folder.path(), &variables);
    let ports = rag_server::app::Ports {
        clock: Arc::new(shared::clock::SystemClock),
        reader_program: "rag-server".into(),
    };
    let Err(refused) = rag_server::app::App::build(settings, ports).await else {
        panic!("two servers in one folder");
    };
    assert!(
        refused.to_string().contains("another process works in"),
        "{refused:#}"
    );
    alone.stop().await;
}
