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

mod process;

use std::time::{Duration, Instant};

use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use shared::clock::SystemClock;
use shared::settings::SecretString;
use shared::testing::RagServer;
use shared::token::{API_SERVER, RAG_SERVER, ServiceTokens};

use process::{ApiServer, SERVICE_SECRET, number};

/// Time everything may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(15);

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
    let mut api = ApiServer::start(folder.path(), rag.url().as_str(), &http, &[]).await;
    let (mut sent, mut killed) = (0, 0);
    let wait = |random: &mut SmallRng| Duration::from_millis(random.random_range(1..800));
    let mut next_kill = Instant::now() + wait(&mut random);
    let started = Instant::now();
    let listed = loop {
        if killed < kills && Instant::now() >= next_kill {
            killed += 1;
            if random.random_bool(0.5) {
                drop(api);
                api = ApiServer::start(folder.path(), rag.url().as_str(), &http, &[]).await;
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
                api = ApiServer::start(folder.path(), rag.url().as_str(), &http, &[]).await;
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
