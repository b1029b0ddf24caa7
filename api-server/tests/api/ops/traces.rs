//! A trace of one question: what the collector is sent, and what the rag-server hears of it.

use std::io::BufRead as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::json;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::chat::stand_in::answer;
use crate::test_app::{ADMIN, PASSWORD, variables};

/// The program itself, ended when dropped.
pub(super) struct Server(pub(super) Child);

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

async fn accepts(server: &MockServer, verb: &str, at: &str, body: serde_json::Value) {
    Mock::given(method(verb))
        .and(path(at))
        .respond_with(ResponseTemplate::new(200).set_body_json(body))
        .mount(server)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_question_is_one_trace_over_both_servers() {
    let (collector, rag) = (MockServer::start().await, MockServer::start().await);
    accepts(&collector, "POST", "/v1/traces", json!({})).await;
    accepts(&rag, "POST", "/query", answer("Sim. [1]", 0.0)).await;
    let folder = tempfile::tempdir().unwrap();
    let logs = folder.path().join("logs");
    let more = [
        ("RAG_SERVER_URL", rag.uri()),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.uri()),
        ("LOG_DIR", logs.display().to_string()),
        ("LOG_FORMAT", "json".to_owned()),
        ("LOG_LEVEL", "info".to_owned()),
    ];
    let child = Command::new(env!("CARGO_BIN_EXE_api-server"))
        .arg("serve")
        .env_clear()
        .envs(variables(folder.path(), &more))
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut server = Server(child);
    let base = address(&logs.join("api-server.log")).await;

    let http = reqwest::Client::builder()
        .timeout(Duration::from_secs(30))
        .build()
        .unwrap();
    let form = [("username", ADMIN), ("password", PASSWORD)];
    let session: serde_json::Value = http
        .post(format!("{base}/auth/token"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(serde_urlencoded::to_string(form).unwrap())
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let answered = http
        .post(format!("{base}/chat"))
        .bearer_auth(session["access_token"].as_str().unwrap())
        .header("x-request-id", "uma-pergunta")
        .header("traceparent", format!("00-{trace}-00f067aa0ba902b7-01"))
        .json(&json!({ "content": "O que é força?" }))
        .send()
        .await
        .unwrap();
    assert_eq!(answered.status(), 200);

    let asked = rag.received_requests().await.unwrap();
    let asked = asked
        .iter()
        .find(|request| request.url.path() == "/query")
        .unwrap();
    assert_eq!(asked.headers["x-request-id"], "uma-pergunta");
    let parent = asked.headers["traceparent"].to_str().unwrap();
    assert!(parent.contains(trace), "{parent}");

    // Spans that wait are sent at the end.
    let ended = Command::new("kill")
        .args(["-TERM", &server.0.id().to_string()])
        .status()
        .unwrap();
    assert!(ended.success());
    assert!(server.0.wait().unwrap().success());
    let bytes: Vec<u8> = collector
        .received_requests()
        .await
        .unwrap()
        .into_iter()
        .flat_map(|request| request.body)
        .collect();
    let id: Vec<u8> = (0..16)
        .map(|place| u8::from_str_radix(&trace[place * 2..place * 2 + 2], 16).unwrap())
        .collect();
    for part in [id.as_slice(), b"api-server", b"/chat", b"uma-pergunta"] {
        assert!(
            bytes.windows(part.len()).any(|window| window == part),
            "{part:?}"
        );
    }
    let log = std::fs::read_to_string(logs.join("api-server.log")).unwrap();
    assert!(log.contains("\"request_id\":\"uma-pergunta\""), "{log}");
    assert!(!log.contains("O que é força"), "{log}");
}

/// Where the server says that it listens.
async fn address(log: &std::path::Path) -> String {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    loop {
        if let Ok(file) = std::fs::File::open(log) {
            let mut lines = std::io::BufReader::new(file).lines().map_while(Result::ok);
            let said = lines.find_map(|line| {
                let line: serde_json::Value = serde_json::from_str(&line).ok()?;
                line["address"].as_str().map(str::to_owned)
            });
            if let Some(address) = said {
                return format!("http://{address}");
            }
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "the server does not start"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
