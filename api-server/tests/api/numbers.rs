//! The page of numbers: who may see it, and what stands on it.

use std::collections::BTreeSet;

use serde_json::json;

use crate::test_app::{TestApp, on_both};

const TOKEN: &str = "z5Nw8Rb2Kt6Xy9Ld3Vf7Qh1Mc4Jp0Gus";

fn value(page: &str, series: &str) -> f64 {
    page.lines()
        .find_map(|line| line.strip_prefix(series)?.trim().parse().ok())
        .unwrap_or_else(|| panic!("no {series} in:\n{page}"))
}

on_both! {
    async fn what_happened_and_what_waits_is_shown(app) {
        let admin = app.admin().await;
        app.member(&admin, "ana", "student").await;
        app.get(&admin, "/auth/users/ninguem/password").await;
        app.post(&admin, "/chat", json!({ "content": "O que é força?" })).await.problem(503, "provider_unavailable");
        let page = app.call(None, "GET", "/metrics", None).await;
        assert_eq!(page.status, 200);
        assert_eq!(page.content_type, "application/openmetrics-text");
        let page = page.text;
        let route = "{method=\"GET\",route=\"/auth/users/{username}/password\",status=\"410\"}";
        assert!((value(&page, &format!("http_requests_total{route}")) - 1.0).abs() < 0.1);
        assert!(value(&page, "acervo_users{kind=\"student\"}") > 0.5);
        assert!(value(&page, "acervo_chat_unanswered_total") > 0.5);
        assert!(value(&page, "acervo_rag_requests_total{kind=\"failed\"}") > 0.5);
        assert!(value(&page, "acervo_up{kind=\"database\"}") > 0.5);
        assert!(value(&page, "acervo_up{kind=\"rag_server\"}") < 0.5);
        assert!(value(&page, "acervo_disk_free_bytes") > 1e6);
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_a_name_or_an_id_is_never_a_label() {
    let app = TestApp::spawn().await;
    let admin = app.admin().await;
    for path in [
        "/auth/users/segredo-no-caminho/password",
        "/segredo-sem-rota",
        "/materials/segredo.pdf",
    ] {
        app.get(&admin, path).await;
    }
    let page = app.call(None, "GET", "/metrics", None).await.text;
    assert!(!page.contains("segredo"), "{page}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_a_proxy_brings_nobody() {
    let app = TestApp::spawn().await;
    for header in ["x-forwarded-for", "forwarded", "x-real-ip"] {
        let request = app.request("GET", "/metrics").header(header, "127.0.0.1");
        app.send(request).await.problem(403, "forbidden");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_token_only_who_shows_it_sees_numbers() {
    let app = TestApp::with(&[("METRICS_TOKEN", TOKEN)]).await;
    let admin = app.admin().await;
    app.call(None, "GET", "/metrics", None)
        .await
        .problem(401, "unauthorized");
    app.get(&admin, "/metrics")
        .await
        .problem(401, "unauthorized");
    let request = app.request("GET", "/metrics").bearer_auth(TOKEN);
    let names: BTreeSet<String> = app
        .send(request.header("x-forwarded-for", "203.0.113.9"))
        .await
        .text
        .lines()
        .filter_map(|line| {
            line.strip_prefix("# TYPE ")?
                .split(' ')
                .next()
                .map(str::to_owned)
        })
        .collect();
    assert!(names.contains("http_request_duration_seconds"), "{names:?}");
    app.stop().await;
}

/// Names of metrics that an expression asks for.
fn names_in(expression: &str) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    let mut word = String::new();
    for character in expression.chars().chain([' ']) {
        if character.is_ascii_alphanumeric() || character == '_' {
            word.push(character);
        } else {
            words.insert(std::mem::take(&mut word));
        }
    }
    words.retain(|word| {
        ["acervo_", "http_", "process_"]
            .iter()
            .any(|prefix| word.starts_with(prefix))
    });
    words
}

/// Every name in quotes of the files that register numbers, with the endings that its kind may have.
fn registered() -> BTreeSet<String> {
    [
        include_str!("../../../rag-server/src/numbers.rs"),
        include_str!("../../../rag-server/src/models/numbers.rs"),
        include_str!("../../../shared/src/metrics/mod.rs"),
        include_str!("../../../shared/src/metrics/process.rs"),
        include_str!("../../src/numbers/counts.rs"),
        include_str!("../../src/numbers/service.rs"),
    ]
    .iter()
    .flat_map(|text| text.split('"'))
    .filter(|text| names_in(text).contains(*text))
    .flat_map(|name| {
        ["", "_total", "_bucket", "_sum", "_count", "_info"].map(|ending| format!("{name}{ending}"))
    })
    .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_metric_of_the_dashboard_and_of_the_rules_exists() {
    let app = TestApp::spawn().await;
    let admin = app.admin().await;
    app.post(&admin, "/jobs/verificar-alertas", json!({}))
        .await
        .ok();
    app.post(&admin, "/chat", json!({ "content": "O que é força?" }))
        .await;
    let page = app.call(None, "GET", "/metrics", None).await.text;
    // A family without numbers is not on the page; of those that are, the kind is known.
    let mut known = registered();
    assert!(known.len() > 100, "{known:?}");
    for line in page.lines() {
        let Some((name, kind)) = line
            .strip_prefix("# TYPE ")
            .and_then(|rest| rest.split_once(' '))
        else {
            continue;
        };
        let endings: &[&str] = match kind {
            "counter" => &["_total"],
            "histogram" => &["_bucket", "_sum", "_count"],
            "info" => &["_info"],
            _ => &[""],
        };
        for ending in ["", "_total", "_bucket", "_sum", "_count", "_info"] {
            let whole = format!("{name}{ending}");
            assert!(known.contains(&whole), "{name} is registered elsewhere");
            if !endings.contains(&ending) {
                known.remove(&whole);
            }
        }
    }
    let dashboard: serde_json::Value = serde_json::from_str(include_str!(
        "../../../deploy/monitoring/grafana-dashboard.json"
    ))
    .unwrap();
    let mut expressions: Vec<String> = dashboard["panels"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|panel| panel["targets"].as_array().unwrap())
        .map(|target| target["expr"].as_str().unwrap().to_owned())
        .collect();
    let rules = include_str!("../../../deploy/monitoring/alerts.yml");
    expressions.extend(
        rules
            .lines()
            .filter_map(|line| line.trim().strip_prefix("expr: ").map(str::to_owned)),
    );
    assert!(expressions.len() > 40, "{}", expressions.len());
    for expression in &expressions {
        for name in names_in(expression) {
            assert!(
                known.contains(&name),
                "{name} of {expression} is on neither page"
            );
        }
    }
    app.stop().await;
}
