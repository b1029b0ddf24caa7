use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use reqwest::Method;
use serde_json::{Value, json};
use shared::clock::SystemClock;
use shared::problem::{ApiError, Code};
use shared::settings::SecretString;
use shared::testing::RagServer;
use shared::token::{API_SERVER, RAG_SERVER, ServiceTokens};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::{RagClient, RagError};
use crate::numbers::Counts;

const SECRET: &str = "W8zq1Lr5Vn3Ty7Ux2Kp9Mb4Gc6Hd0Jsf";
const OTHER: &str = "Q2wE4rT6yU8iO0pA1sD3fG5hJ7kL9zXc";

fn client(base: &str, secret: &str) -> RagClient {
    let secret = SecretString::from(secret.to_owned());
    let tokens = ServiceTokens::new(&secret, API_SERVER, RAG_SERVER).unwrap();
    RagClient::new(
        base.parse().unwrap(),
        Some(tokens),
        Counts::default(),
        Arc::new(SystemClock),
    )
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_material_goes_there_and_is_followed_and_found() {
    let server = RagServer::start(&[("SERVICE_SECRET", SECRET)]).await;
    let client = client(server.url().as_str(), SECRET);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bytes");
    std::fs::write(
        &file,
        "# Natação\n\nA virada olímpica poupa tempo na piscina.",
    )
    .unwrap();
    let query = [
        ("source", "módulo 1/nado & água.md"),
        ("filename", "nado.md"),
    ];
    let put: Value = client
        .put_file(&["materials", "m 1"], &query, &file)
        .await
        .unwrap();
    let job = put["job_id"].as_str().unwrap();
    let events = client
        .request(Method::GET, &["jobs", job, "events"], &[])
        .unwrap();
    let mut events = client.stream(events).await.unwrap();
    let mut heard = Vec::new();
    while let Some(bytes) = events.next().await {
        heard.extend_from_slice(&bytes.unwrap());
    }
    assert!(String::from_utf8(heard).unwrap().contains("event: done"));
    let material: Value = client.get(&["materials", "m 1"]).await.unwrap();
    assert_eq!(material["source"], "módulo 1/nado & água.md");
    let found: Value = client
        .post(&["search"], &json!({ "query": "virada olímpica" }))
        .await
        .unwrap();
    assert_eq!(found["hits"][0]["material_id"], "m 1", "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_passed_on_unchanged_but_for_those_of_our_credential() {
    let server = RagServer::start(&[("SERVICE_SECRET", SECRET)]).await;
    let asked = client(server.url().as_str(), SECRET)
        .post::<Value>(&["query"], &json!({ "question": "" }))
        .await
        .unwrap_err();
    let RagError::Refused { problem, .. } = &asked else {
        panic!("{asked:?}");
    };
    let before = (**problem).clone();
    assert_eq!(
        (before.status, before.code.as_str()),
        (422, "unprocessable")
    );
    let passed = ApiError::from(asked).problem();
    assert_eq!(
        (passed.status, &passed.code, &passed.detail, &passed.errors),
        (422, &before.code, &before.detail, &before.errors)
    );

    let stranger = client(server.url().as_str(), OTHER);
    let refused = stranger.get::<Value>(&["materials"]).await.unwrap_err();
    assert!(refused.is_refusal(401));
    assert_eq!(ApiError::from(refused).status().as_u16(), 502);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_away_is_a_503_that_says_when_to_come_again() {
    let mut server = RagServer::start(&[("SERVICE_SECRET", SECRET)]).await;
    let client = client(server.url().as_str(), SECRET);
    server.kill();
    let away = client.get::<Value>(&["materials"]).await.unwrap_err();
    assert!(away.retry().is_worthwhile());
    let away = ApiError::from(away);
    assert_eq!(away.code(), Code::ProviderUnavailable);
    let response = actix_web::ResponseError::error_response(&away);
    assert_eq!(response.headers().get("retry-after").unwrap(), "5");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_answer_of_the_rag_server_is_told_apart() {
    let proxy = MockServer::start().await;
    for (at, response) in [
        (
            "/base/502",
            ResponseTemplate::new(502).set_body_string("<html>bad gateway</html>"),
        ),
        (
            "/base/302",
            ResponseTemplate::new(302).insert_header("location", "http://192.0.2.1/"),
        ),
        (
            "/base/html",
            ResponseTemplate::new(200).set_body_string("<html>"),
        ),
        (
            "/base/slow",
            ResponseTemplate::new(200).set_delay(Duration::from_secs(60)),
        ),
    ] {
        Mock::given(method("GET"))
            .and(path(at))
            .respond_with(response)
            .mount(&proxy)
            .await;
    }
    let client = client(&format!("{}/base/", proxy.uri()), SECRET);
    for (at, status) in [("502", 503), ("302", 502), ("html", 502)] {
        let error = client.get::<Value>(&[at]).await.unwrap_err();
        assert_eq!(ApiError::from(error).status().as_u16(), status, "{at}");
    }
    let slow = client
        .request(Method::GET, &["slow"], &[])
        .unwrap()
        .timeout(Duration::from_millis(50));
    let error = client.read::<Value>(slow).await.unwrap_err();
    assert_eq!(ApiError::from(error).status().as_u16(), 504);
}
