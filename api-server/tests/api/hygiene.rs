//! Headers, other origins, and what must not be told.

use serde_json::json;
use shared::telemetry::{LogFormat, LogSettings, subscriber};
use shared::testing::CapturedLog;

use crate::test_app::{ADMIN, JWT_SECRET, PASSWORD, SERVICE_SECRET, TestApp};

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_is_protected() {
    let app = TestApp::spawn().await;
    let admin = app.admin().await;
    let answers = [
        app.get(&admin, "/auth/me").await,
        app.get(&admin, "/auth/nada").await,
        app.call(None, "GET", "/auth/me", None).await,
        app.call(None, "PATCH", "/auth/me", None).await,
        app.call(None, "GET", "/api/health", None).await,
        app.log_in("x", "y").await,
    ];
    for answer in &answers {
        assert_eq!(
            answer.header("x-content-type-options"),
            "nosniff",
            "{answer:?}"
        );
        assert_eq!(answer.header("x-frame-options"), "DENY");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert!(
            answer
                .header("content-security-policy")
                .contains("default-src 'none'")
        );
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(!answer.header("x-request-id").is_empty());
        assert!(answer.header("strict-transport-security").is_empty());
        assert!(answer.header("access-control-allow-origin").is_empty());
    }
    let page = app.call(None, "GET", "/docs/", None).await;
    assert_eq!(page.status, 200);
    assert!(
        page.header("content-security-policy")
            .contains("default-src 'self'")
    );
    let info = app.call(None, "GET", "/", None).await.ok();
    assert_eq!(info["status"], "running");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_https_the_cookie_is_for_https() {
    let app = TestApp::with(&[("PUBLIC_BASE_URL", "https://acervo.escola.br")]).await;
    let answer = app.log_in(ADMIN, PASSWORD).await;
    answer.ok();
    assert!(answer.header("set-cookie").contains("Secure"), "{answer:?}");
    assert!(!answer.header("strict-transport-security").is_empty());
    app.stop().await;
    let app = TestApp::with(&[("TRUSTED_PROXIES", "127.0.0.0/8")]).await;
    let form = [("username", ADMIN), ("password", PASSWORD)];
    let answer = app
        .send(
            app.form("/auth/token", &form)
                .header("x-forwarded-proto", "https"),
        )
        .await;
    assert!(answer.header("set-cookie").contains("Secure"), "{answer:?}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_other_origins_call_only_when_named() {
    let app = TestApp::with(&[(
        "CORS_ORIGINS",
        "https://app.escola.br, http://localhost:5173",
    )])
    .await;
    let preflight = |origin: &str| {
        app.request("OPTIONS", "/api/auth/me")
            .header("origin", origin)
            .header("access-control-request-method", "GET")
            .header("access-control-request-headers", "authorization")
    };
    for origin in ["https://app.escola.br", "http://localhost:5173"] {
        let answer = app.send(preflight(origin)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.header("access-control-allow-origin"), origin);
        // The cookie is for our own pages alone.
        assert_eq!(answer.header("access-control-allow-credentials"), "");
        let simple = app
            .send(app.request("GET", "/api/health").header("origin", origin))
            .await;
        assert_eq!(simple.header("access-control-allow-origin"), origin);
    }
    for origin in [
        "https://evil.example",
        "null",
        "https://app.escola.br.evil.example",
        "http://app.escola.br",
    ] {
        let answer = app.send(preflight(origin)).await;
        assert_eq!(
            answer.header("access-control-allow-origin"),
            "",
            "{answer:?}"
        );
    }
    app.stop().await;
}

/// The only test that installs a log for the whole process: the server answers on threads of its own.
#[tokio::test(flavor = "multi_thread")]
async fn secrets_reach_neither_log_nor_answer() {
    let log = CapturedLog::new();
    let everything = LogSettings::new(LogFormat::Json, "trace,hyper=info,h2=info,sqlx=info");
    tracing::subscriber::set_global_default(subscriber(&everything, log.clone()).unwrap()).unwrap();
    let app = TestApp::spawn().await;
    let admin = app.admin().await;
    let ana = app.member(&admin, "ana.segredo", "student").await;
    let key = app
        .post(
            &ana,
            "/auth/api-keys",
            json!({"name": "a", "scopes": ["read"]}),
        )
        .await
        .ok();
    app.log_in("ana.segredo", "senha errada marcada").await;
    app.call(
        None,
        "POST",
        "/auth/public/request-password-reset",
        Some(json!({"username": "ana.segredo"})),
    )
    .await
    .ok();
    let links = app.links_to("ana.segredo@example.org").await;
    app.get(&admin, "/status").await.ok();
    let text =
        app.get(&admin, "/auth/users").await.text + &app.get(&admin, "/auth/audit").await.text;
    let mut secrets = vec![
        JWT_SECRET.to_owned(),
        SERVICE_SECRET.to_owned(),
        PASSWORD.to_owned(),
        "senha errada marcada".to_owned(),
        admin.token.clone(),
        ana.token.clone(),
        ana.cookie.clone(),
        ana.refresh_token.clone(),
        key["key"].as_str().unwrap().to_owned(),
    ];
    secrets.extend(links.into_iter().map(|(_, token, _)| token));
    for secret in &secrets {
        assert!(!text.contains(secret.as_str()), "{secret} in an answer");
    }
    let mut unlogged: Vec<&str> = secrets.iter().map(String::as_str).collect();
    unlogged.push("ana.segredo@example.org");
    log.assert_without(&unlogged);
    assert!(log.text().contains("request"), "the log was captured");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_everybody_may_read_is_compressed() {
    let app = TestApp::spawn().await;
    let admin = app.admin().await;
    let ask = async |path: &str, encoding: &str| {
        let request = app
            .request("GET", path)
            .bearer_auth(&admin.token)
            .header("accept-encoding", encoding);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        let said = response.headers().get("content-encoding").cloned();
        (said, response.bytes().await.unwrap().len())
    };
    let (plain, all) = ask("/openapi.json", "identity").await;
    let (packed, part) = ask("/openapi.json", "gzip").await;
    assert_eq!((plain, packed.unwrap().to_str().unwrap()), (None, "gzip"));
    assert!(part < all / 4, "{part} of {all}");
    for path in ["/auth/me", "/api/auth/users", "/auth/sessions", "/"] {
        assert_eq!(ask(path, "gzip, zstd").await.0, None, "{path}");
    }
    app.stop().await;
}
