//! Kill −9 at random moments during an ingest: afterwards every document is ready, no row is lost or doubled.
//!
//! Ten kills and thirty documents here; `KILLS=50 KILL_DOCUMENTS=100 cargo nextest run -p rag-server --test kill`
//! makes the figure of `docs/figures.md`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::time::{Duration, Instant};

use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use shared::testing::RagServer;

fn number(name: &str, otherwise: usize) -> usize {
    std::env::var_os(name)
        .and_then(|text| text.to_str()?.parse().ok())
        .unwrap_or(otherwise)
}

/// A document of several passages with a word of its own.
fn document(number: usize) -> String {
    let mut text = format!("# Documento {number}\n\n");
    for part in 0..3 {
        text.push_str(&format!(
            "## Parte {part}\n\nA palavra marcador{number}x{part} só existe aqui. "
        ));
        for sentence in 0..8 {
            text.push_str(&format!(
                "O treino {sentence} da parte {part} aumenta a força e a resistência do atleta. "
            ));
        }
        text.push_str("\n\n");
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_lose_and_double_nothing() {
    let (kills, documents) = (number("KILLS", 10), number("KILL_DOCUMENTS", 30));
    let http = reqwest::Client::builder()
        .timeout(Duration::from_secs(20))
        .build()
        .unwrap();
    let mut random = SmallRng::seed_from_u64(20_260_101);
    let mut server = RagServer::start(&[]).await;
    let base = server.url().to_string();
    let (mut accepted, mut killed) = (0, 0);
    let mut next_kill = Instant::now() + Duration::from_millis(random.random_range(1..600));
    let started = Instant::now();
    loop {
        if killed < kills && Instant::now() >= next_kill {
            server.restart().await;
            killed += 1;
            next_kill = Instant::now() + Duration::from_millis(random.random_range(1..600));
        }
        if accepted < documents {
            let url = format!("{base}materials/d{accepted}.md");
            if let Ok(answer) = http.put(url).body(document(accepted)).send().await {
                assert_eq!(answer.status().as_u16(), 202, "{:?}", answer.text().await);
                accepted += 1;
            }
            continue;
        }
        let status: Value = http
            .get(format!("{base}status"))
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        let ready = status["documents"]["ready"].as_u64().unwrap() as usize;
        if status["documents"]["failed"] != 0 {
            let failed = format!("{base}materials?state=failed");
            let failed = http.get(failed).send().await.unwrap().text().await;
            panic!("{failed:?}");
        }
        if ready == documents && killed == kills {
            break;
        }
        if ready == documents {
            // Done before the last kill: one more document keeps it busy.
            let again = random.random_range(0..documents);
            http.put(format!("{base}materials/d{again}.md"))
                .body(format!("{}\n\nRevisão {killed}.", document(again)))
                .send()
                .await
                .ok();
        }
        assert!(
            started.elapsed() < Duration::from_secs(900),
            "not ready: {status}"
        );
        tokio::task::yield_now().await;
    }
    let mut chunks = 0;
    for document in 0..documents {
        let url = format!("{base}materials/d{document}.md");
        let material: Value = http.get(url).send().await.unwrap().json().await.unwrap();
        assert_eq!(
            (&material["state"], &material["embedded"]),
            (&json!("ready"), &material["chunks"]),
            "{material}"
        );
        chunks += material["chunks"].as_u64().unwrap();
        for part in 0..3 {
            let word = format!("marcador{document}x{part}");
            let body = json!({ "query": word, "config": { "search": "text", "rerank": false } });
            let found: Value = http
                .post(format!("{base}search"))
                .json(&body)
                .send()
                .await
                .unwrap()
                .json()
                .await
                .unwrap();
            let holding = found["hits"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|hit| hit["text"].as_str().unwrap().contains(&word))
                .count();
            assert_eq!(holding, 1, "{word} is found {holding} times");
        }
    }
    let stats: Value = http
        .get(format!("{base}stats"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(
        (stats["chunks"].as_u64(), stats["vectors"].as_u64()),
        (Some(chunks), Some(chunks)),
        "{stats}"
    );
}
