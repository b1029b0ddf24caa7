//! Kill −9 of either server at random moments while materials are sent: afterwards every one is ready, and none is there
//! twice.
//!
//! Ten kills and thirty uploads here; `KILLS=50 KILL_UPLOADS=200 cargo nextest run -p api-server --test kill` makes the
//! figure of `docs/figures.md`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use shared::clock::SystemClock;
use shared::settings::SecretString;
use shared::testing::RagServer;
use shared::token::{API_SERVER, RAG_SERVER, ServiceTokens};

const JWT_SECRET: &str = "k3v9Qm2xT7pLw4Zr8nYb1cHs6dJf5gAe";
const SERVICE_SECRET: &str = "W8zq1Lr5Vn3Ty7Ux2Kp9Mb4Gc6Hd0Jsf";
const ADMIN: &str = "diretora";
const PASSWORD: &str = "girassol de papel azul";
/// Time everything may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(15);

struct ApiServer {
    child: Child,
    base: String,
    token: String,
}

impl Drop for ApiServer {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl ApiServer {
    async fn start(folder: &Path, rag: &RagServer, http: &reqwest::Client) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let child = Command::new(env!("CARGO_BIN_EXE_api-server"))
            .arg("serve")
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
            .env("ENVIRONMENT", "testing")
            .env("ENV_FILE", "/dev/null")
            .env("DATA_DIR", folder)
            .env("API_PORT", port.to_string())
            .env("RAG_SERVER_URL", rag.url().to_string())
            .env("JWT_SECRET_KEY", JWT_SECRET)
            .env("SERVICE_SECRET", SERVICE_SECRET)
            .env("ADMIN_USERNAME", ADMIN)
            .env("ADMIN_PASSWORD", PASSWORD)
            .env("LOG_LEVEL", "error")
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let mut server = Self {
            child,
            base: format!("http://127.0.0.1:{port}"),
            token: String::new(),
        };
        let started = Instant::now();
        let answer = loop {
            let form = format!("username={ADMIN}&password={}", PASSWORD.replace(' ', "+"));
            let request = http
                .post(format!("{}/api/auth/token", server.base))
                .header("content-type", "application/x-www-form-urlencoded")
                .body(form);
            if let Ok(answer) = request.send().await {
                break answer.json::<Value>().await.unwrap();
            }
            assert!(
                server.child.try_wait().unwrap().is_none(),
                "the api-server ended at its start"
            );
            assert!(
                started.elapsed() < Duration::from_mins(1),
                "the api-server does not start"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        answer["access_token"]
            .as_str()
            .unwrap_or_else(|| panic!("{answer}"))
            .clone_into(&mut server.token);
        server
    }

    async fn list(&self, http: &reqwest::Client) -> Vec<Value> {
        let request = http
            .get(format!("{}/api/materials", self.base))
            .bearer_auth(&self.token);
        let answer = request.send().await.unwrap();
        answer.json::<Vec<Value>>().await.unwrap()
    }
}

fn number(name: &str, otherwise: usize) -> usize {
    std::env::var_os(name)
        .and_then(|text| text.to_str()?.parse().ok())
        .unwrap_or(otherwise)
}

/// A form with a material that has a word of its own.
fn form(number: usize) -> String {
    format!(
        "--limite\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{number}.md\"\r\n\r\n\
         # Aula {number}\n\nA palavra marcador{number}x só existe aqui. O treino aumenta a força do atleta.\r\n--limite--\r\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_of_either_server_lose_and_double_nothing() {
    let (kills, uploads) = (number("KILLS", 10), number("KILL_UPLOADS", 30));
    let folder = tempfile::tempdir().unwrap();
    let http = reqwest::Client::builder()
        .timeout(Duration::from_secs(20))
        .build()
        .unwrap();
    let mut random = SmallRng::seed_from_u64(20_260_102);
    let mut rag = RagServer::start(&[("SERVICE_SECRET", SERVICE_SECRET)]).await;
    let mut api = ApiServer::start(folder.path(), &rag, &http).await;
    let (mut sent, mut killed) = (0, 0);
    let wait = |random: &mut SmallRng| Duration::from_millis(random.random_range(1..800));
    let mut next_kill = Instant::now() + wait(&mut random);
    let started = Instant::now();
    let listed = loop {
        if killed < kills && Instant::now() >= next_kill {
            killed += 1;
            if random.random_bool(0.5) {
                drop(api);
                api = ApiServer::start(folder.path(), &rag, &http).await;
            } else {
                rag.restart().await;
            }
            next_kill = Instant::now() + wait(&mut random);
        }
        if sent < uploads {
            let request = http
                .post(format!("{}/api/materials/upload", api.base))
                .bearer_auth(&api.token)
                .header("content-type", "application/json")
                .body(form(sent));
            // Now and then the server dies while it is being sent: the client does not know, and sends again.
            let dies = killed < kills && random.random_bool(0.1);
            let answer = if dies {
                killed += 1;
                let dying = tokio::spawn(request.send());
                tokio::time::sleep(Duration::from_millis(random.random_range(0..5))).await;
                drop(api);
                api = ApiServer::start(folder.path(), &rag, &http).await;
                dying.await.unwrap()
            } else {
                request.send().await
            };
            if let Ok(answer) = answer {
                assert!(answer.status().is_success(), "{:?}", answer.text().await);
                sent += 1;
            }
            continue;
        }
        let listed = api.list(&http).await;
        let ready = listed.iter().filter(|one| one["state"] == "ready").count();
        let failed = listed.iter().find(|one| one["state"] == "failed");
        assert!(failed.is_none(), "{failed:?}");
        if ready == uploads && killed == kills {
            break listed;
        }
        assert!(started.elapsed() < PATIENCE, "{ready} of {uploads} ready");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!(listed.len(), uploads, "a material is there twice");

    let tokens = ServiceTokens::new(
        &SecretString::from(SERVICE_SECRET.to_owned()),
        API_SERVER,
        RAG_SERVER,
    )
    .unwrap();
    let ask = async |request: reqwest::RequestBuilder| -> Value {
        let request = request.bearer_auth(tokens.sign(&SystemClock).unwrap());
        request.send().await.unwrap().json().await.unwrap()
    };
    let known = ask(http.get(rag.url().join("materials").unwrap())).await;
    assert_eq!(known["materials"].as_array().unwrap().len(), uploads);
    for number in 0..uploads {
        let word = format!("marcador{number}x");
        let body = json!({ "query": word, "config": { "search": "text", "rerank": false } });
        let found = ask(http.post(rag.url().join("search").unwrap()).json(&body)).await;
        let hits = found["hits"].as_array().unwrap();
        let holding = hits
            .iter()
            .filter(|hit| hit["text"].as_str().unwrap().contains(&word))
            .count();
        assert_eq!(holding, 1, "{word} is found {holding} times");
    }
}
