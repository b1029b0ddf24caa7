//! A server of its own for each test, spoken to in the words of the domain.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rag_server::app::{App, Ports};
use rag_server::settings::Settings;
use serde_json::{Value, json};
use shared::clock::SystemClock;
use shared::settings::Environment;
use shared::shutdown::Shutdown;
use tempfile::TempDir;

/// Longest wait for what must happen; reached only when it does not.
const DEADLINE: Duration = Duration::from_secs(100);

/// An answer: status, content type, body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The answer is a problem with this status and code; its `detail` is a sentence.
    pub(crate) fn problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(
            (self.status, self.content_type.as_str()),
            (status, "application/problem+json"),
            "{self:?}"
        );
        let problem = self.json();
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(problem["status"], status);
        assert!(
            problem["detail"]
                .as_str()
                .is_some_and(|text| text.len() > 10),
            "{problem}"
        );
        assert!(problem["request_id"].is_string(), "{problem}");
        problem
    }
}

/// A running server.
pub(crate) struct TestApp {
    pub(crate) base: String,
    pub(crate) http: reqwest::Client,
    pub(crate) folder: Arc<TempDir>,
    bearer: Option<String>,
    shutdown: Shutdown,
    serving: Option<tokio::task::JoinHandle<anyhow::Result<()>>>,
}

impl TestApp {
    /// On embedded defaults.
    pub(crate) async fn spawn() -> Self {
        Self::with(&[]).await
    }

    /// With these variables on top of the defaults.
    pub(crate) async fn with(variables: &[(&str, &str)]) -> Self {
        Self::in_folder(Arc::new(tempfile::tempdir().unwrap()), variables).await
    }

    /// On a folder that is kept.
    pub(crate) async fn in_folder(folder: Arc<TempDir>, variables: &[(&str, &str)]) -> Self {
        let settings = settings(folder.path(), variables);
        let ports = Ports {
            clock: Arc::new(SystemClock),
            reader_program: PathBuf::from(env!("CARGO_BIN_EXE_rag-server")),
        };
        let app = App::build(settings, ports).await.unwrap();
        let base = format!("http://{}", app.address());
        let shutdown = Shutdown::new();
        let serving = tokio::spawn(app.run(shutdown.clone()));
        let http = reqwest::Client::builder()
            .timeout(DEADLINE)
            .build()
            .unwrap();
        Self {
            base,
            http,
            folder,
            bearer: None,
            shutdown,
            serving: Some(serving),
        }
    }

    /// Sends this bearer token from now on.
    pub(crate) fn bearing(mut self, token: &str) -> Self {
        self.bearer = Some(token.to_owned());
        self
    }

    /// Stops the server in good order; the folder stays.
    pub(crate) async fn stop(mut self) -> Arc<TempDir> {
        self.shutdown.begin();
        self.serving.take().unwrap().await.unwrap().unwrap();
        Arc::clone(&self.folder)
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = method.parse().unwrap();
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.bearer {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        let headers = response.headers().clone();
        Answer {
            status: response.status().as_u16(),
            content_type: headers
                .get("content-type")
                .map(|value| {
                    value
                        .to_str()
                        .unwrap()
                        .split(';')
                        .next()
                        .unwrap()
                        .to_owned()
                })
                .unwrap_or_default(),
            headers,
            text: response.text().await.unwrap(),
        }
    }

    /// Sends a request line as it stands, which no client would; the status line of the answer.
    pub(crate) async fn raw(&self, line: &str) -> String {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let address = self.base.trim_start_matches("http://");
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let request = format!("{line}\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer.lines().next().unwrap_or_default().to_owned()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request("GET", path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request("POST", path).json(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(self.request("DELETE", path)).await
    }

    /// Sends a material; `name` is its id, percent-encoded where need be, with what follows of the query.
    pub(crate) async fn put(&self, name: &str, bytes: impl Into<Vec<u8>>) -> Answer {
        self.send(
            self.request("PUT", &format!("/materials/{name}"))
                .body(bytes.into()),
        )
        .await
    }

    /// Sends a material and waits until it is `ready`.
    pub(crate) async fn bring_in(&self, name: &str, bytes: impl Into<Vec<u8>>) -> Value {
        let answer = self.put(name, bytes).await;
        assert_eq!(answer.status, 202, "{answer:?}");
        self.settled(name.split('?').next().unwrap(), "ready").await
    }

    /// Waits until it is so.
    pub(crate) async fn until(&self, what: &str, mut is_so: impl AsyncFnMut() -> bool) {
        let started = Instant::now();
        while !is_so().await {
            assert!(started.elapsed() < DEADLINE, "still not: {what}");
            tokio::task::yield_now().await;
        }
    }

    /// Waits until a material is in `state`; another final state fails the test.
    pub(crate) async fn settled(&self, name: &str, state: &str) -> Value {
        let started = Instant::now();
        loop {
            let material = self.get(&format!("/materials/{name}")).await.json();
            let now = material["state"].as_str().unwrap_or_default().to_owned();
            if now == state {
                return material;
            }
            assert!(
                !matches!(now.as_str(), "ready" | "failed" | "needs_ocr"),
                "{material}"
            );
            assert!(started.elapsed() < DEADLINE, "still {material}");
            tokio::task::yield_now().await;
        }
    }

    /// Waits until a material is in `state`, whatever it was in before.
    pub(crate) async fn becomes(&self, name: &str, state: &str) {
        let started = Instant::now();
        loop {
            let material = self.get(&format!("/materials/{name}")).await.json();
            if material["state"] == state {
                return;
            }
            assert!(started.elapsed() < DEADLINE, "still {material}");
            tokio::task::yield_now().await;
        }
    }

    /// Waits until a job has ended.
    pub(crate) async fn ended(&self, job: &str) -> Value {
        let started = Instant::now();
        loop {
            let job = self.get(&format!("/jobs/{job}")).await.json();
            if matches!(
                job["state"].as_str().unwrap(),
                "done" | "failed" | "cancelled"
            ) {
                return job;
            }
            assert!(started.elapsed() < DEADLINE, "still {job}");
            tokio::task::yield_now().await;
        }
    }

    pub(crate) async fn ask(&self, question: &str) -> Value {
        let answer = self.post("/query", &json!({ "question": question })).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let answer = answer.json();
        for source in answer["sources"].as_array().unwrap() {
            let (chunk, quote) = (
                source["chunk"].as_str().unwrap(),
                source["quote"].as_str().unwrap(),
            );
            assert!(
                chunk.contains(quote) && !quote.trim().is_empty(),
                "unproven: {source}"
            );
            assert!(source["source"].is_string() && source["title"].is_string());
        }
        answer
    }

    /// Texts found by their words.
    pub(crate) async fn find(&self, words: &str) -> Vec<Value> {
        let body = json!({ "query": words, "limit": 100, "config": { "search": "text", "rerank": false } });
        let answer = self.post("/search", &body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["hits"].as_array().unwrap().clone()
    }
}

/// Settings of a test in `folder`.
pub(crate) fn settings(folder: &Path, variables: &[(&str, &str)]) -> Settings {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let mut all = vec![
        ("ENVIRONMENT", "testing".to_owned()),
        ("CONFIG_DIR", format!("{root}/config")),
        ("DATA_DIR", folder.display().to_string()),
        ("MODEL_DIR", format!("{root}/assets/models/e5-small-pt-en")),
    ];
    all.extend(
        variables
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned())),
    );
    Settings::load(&Environment::from_pairs(all))
        .unwrap_or_else(|faults| panic!("{faults}"))
        .settings
}

/// A file of `assets/samples`.
pub(crate) fn sample(name: &str) -> Vec<u8> {
    std::fs::read(format!(
        "{}/../assets/samples/{name}",
        env!("CARGO_MANIFEST_DIR")
    ))
    .unwrap()
}
