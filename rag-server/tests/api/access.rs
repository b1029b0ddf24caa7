//! Who may call what.

use serde_json::json;
use shared::clock::SystemClock;
use shared::settings::SecretString;
use shared::token::ServiceTokens;

use crate::test_app::TestApp;

const SECRET: &str = "f3b1c79e55d04a2c8e6b7f1a9d20c4e8b5";
const METRICS: &str = "0b9c1d8e7f6a5b4c3d2e1f0a9b8c7d6e5f";
const ISSUER: &str = "acervo-api-server";
const AUDIENCE: &str = "acervo-rag-server";

fn token(secret: &str, issuer: &str, audience: &str) -> String {
    let tokens =
        ServiceTokens::new(&SecretString::from(secret.to_owned()), issuer, audience).unwrap();
    tokens.sign(&SystemClock).unwrap()
}

/// Every route that asks for a token, with a body that would do where one is needed.
const CLOSED: [(&str, &str); 21] = [
    ("GET", "/readyz"),
    ("GET", "/status"),
    ("GET", "/stats"),
    ("GET", "/openapi.json"),
    ("GET", "/docs/"),
    ("POST", "/query"),
    ("POST", "/query/stream"),
    ("POST", "/search"),
    ("GET", "/materials"),
    ("GET", "/materials/a"),
    ("PUT", "/materials/a"),
    ("DELETE", "/materials/a"),
    ("GET", "/jobs"),
    ("GET", "/jobs/a"),
    ("GET", "/jobs/a/events"),
    ("GET", "/ranking"),
    ("POST", "/ranking/examples"),
    ("POST", "/ranking/learn"),
    ("POST", "/ranking/rollback"),
    ("POST", "/process-materials"),
    ("POST", "/reset"),
];

#[tokio::test(flavor = "multi_thread")]
async fn with_a_secret_all_but_health_asks_for_a_service_token() {
    let app = TestApp::with(&[("SERVICE_SECRET", SECRET), ("METRICS_TOKEN", METRICS)]).await;
    for path in ["/health", "/healthz", "/livez"] {
        assert!(app.get(path).await.status < 300, "{path}");
    }
    let foreign = [
        None,
        Some("null".to_owned()),
        Some("not.a.token".to_owned()),
        Some(token(
            "another-secret-of-more-than-32-bytes-x",
            ISSUER,
            AUDIENCE,
        )),
        Some(token(SECRET, AUDIENCE, ISSUER)),
        Some(token(SECRET, ISSUER, "someone-else")),
        Some(METRICS.to_owned()),
    ];
    for (method, path) in CLOSED {
        for bearer in &foreign {
            let is_theirs = ["/readyz", "/openapi.json", "/docs/"].contains(&path)
                && bearer.as_deref() == Some(METRICS);
            let mut request = app.request(method, path);
            if let Some(bearer) = bearer {
                request = request.bearer_auth(bearer);
            }
            let answer = app.send(request).await;
            if is_theirs {
                assert_eq!(answer.status, 200, "{method} {path}");
            } else {
                answer.problem(401, "unauthorized");
                assert!(
                    answer.headers.contains_key("www-authenticate"),
                    "{method} {path}"
                );
            }
        }
    }
    let app = app.bearing(&token(SECRET, ISSUER, AUDIENCE));
    assert_eq!(app.get("/materials").await.status, 200);
    assert_eq!(
        app.post("/query", &json!({ "question": "há algo?" }))
            .await
            .status,
        200
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn standalone_answers_this_machine_alone() {
    let app = TestApp::spawn().await;
    assert_eq!(app.get("/stats").await.status, 200);
    for (name, value) in [
        ("Host", "acervo.example.org"),
        ("Host", "192.168.0.7:8001"),
        ("Origin", "https://example.org"),
        ("Origin", "null"),
        ("Forwarded", "for=10.0.0.1"),
        ("X-Forwarded-For", "10.0.0.1"),
        ("X-Forwarded-Host", "example.org"),
    ] {
        let answer = app
            .send(app.request("GET", "/stats").header(name, value))
            .await;
        answer.problem(403, "forbidden");
    }
    let ours = app
        .send(
            app.request("GET", "/stats")
                .header("Origin", "http://localhost:3000"),
        )
        .await;
    assert_eq!(ours.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_never_reach_answers() {
    let app = TestApp::with(&[("SERVICE_SECRET", SECRET), ("METRICS_TOKEN", METRICS)]).await;
    let app = app.bearing(&token(SECRET, ISSUER, AUDIENCE));
    for path in [
        "/status",
        "/stats",
        "/readyz",
        "/openapi.json",
        "/jobs",
        "/health",
    ] {
        let answer = app.get(path).await;
        assert!(
            !answer.text.contains(SECRET) && !answer.text.contains(METRICS),
            "{path}"
        );
        let folder = app.folder.path().display().to_string();
        assert!(
            !answer.text.contains(&folder),
            "{path} tells where data is kept"
        );
    }
}
