//! Worker and scheduler as processes of their own: what they count, log and trace.

use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::json;
use sqlx::SqlitePool;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::traces::Server;
use crate::test_app::{TestApp, variables};

const TOKEN: &str = "Zr8nYb1cHs6dJf5gAek3v9Qm2xT7pLw4";

#[tokio::test(flavor = "multi_thread")]
async fn worker_and_scheduler_tell_what_they_do() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().display().to_string();
    // A mail that waits, and a schedule that was due long ago.
    let app = TestApp::with(&[("DATA_DIR", &data)]).await;
    let admin = app.admin().await;
    app.member(&admin, "ana", "student").await;
    let form = json!({ "username": "ana" });
    app.call(
        None,
        "POST",
        "/auth/public/request-password-reset",
        Some(form),
    )
    .await
    .ok();
    app.get(&admin, "/jobs/schedules").await.ok();
    app.stop().await;
    let pool = SqlitePool::connect(&format!("sqlite://{data}/api.db"))
        .await
        .unwrap();
    sqlx::query("UPDATE schedules SET next_at = 0 WHERE name = 'limpar-encerrados'")
        .execute(&pool)
        .await
        .unwrap();
    pool.close().await;

    let http = reqwest::Client::builder()
        .timeout(Duration::from_secs(30))
        .build()
        .unwrap();
    for (command, counted, span) in [
        ("worker", "acervo_mails_total{kind=\"sent\"}", &b"mail"[..]),
        (
            "scheduler",
            "acervo_schedule_runs_total{name=\"limpar-encerrados\",outcome=\"done\"} 1",
            b"schedule",
        ),
    ] {
        let collector = MockServer::start().await;
        Mock::given(method("POST"))
            .and(path("/v1/traces"))
            .respond_with(ResponseTemplate::new(200).set_body_json(json!({})))
            .mount(&collector)
            .await;
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let more = [
            ("METRICS_LISTEN", format!("127.0.0.1:{port}")),
            ("METRICS_TOKEN", TOKEN.to_owned()),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.uri()),
            ("LOG_DIR", folder.path().join("logs").display().to_string()),
            ("LOG_LEVEL", "info".to_owned()),
        ];
        let child = Command::new(env!("CARGO_BIN_EXE_api-server"))
            .arg(command)
            .env_clear()
            .envs(variables(folder.path(), &more))
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut process = Server(child);
        let at = |path: &str| format!("http://127.0.0.1:{port}{path}");
        let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
        let page = loop {
            let asked = http.get(at("/metrics")).bearer_auth(TOKEN).send().await;
            if let Ok(answer) = asked {
                let page = answer.text().await.unwrap();
                if page.contains(counted) {
                    break page;
                }
            }
            assert!(
                tokio::time::Instant::now() < deadline,
                "{command} does not count {counted}"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        assert!(
            page.contains(&format!("service=\"api-{command}\"")),
            "{page}"
        );
        assert!(page.contains("process_resident_memory_bytes"), "{page}");
        // How things stand is told by the one that serves, once.
        assert!(!page.contains("acervo_disk_free_bytes"), "{page}");
        for (path, status) in [("/livez", 204), ("/metrics", 401), ("/auth/me", 404)] {
            assert_eq!(
                http.get(at(path)).send().await.unwrap().status(),
                status,
                "{path}"
            );
        }

        let ended = Command::new("kill")
            .args(["-TERM", &process.0.id().to_string()])
            .status();
        assert!(ended.unwrap().success());
        assert!(process.0.wait().unwrap().success());
        let sent: Vec<u8> = collector
            .received_requests()
            .await
            .unwrap()
            .into_iter()
            .flat_map(|request| request.body)
            .collect();
        for part in [span, format!("api-{command}").as_bytes()] {
            assert!(
                sent.windows(part.len()).any(|window| window == part),
                "{command} {part:?}"
            );
        }
        let log = folder
            .path()
            .join("logs")
            .join(format!("api-{command}.log"));
        assert!(std::fs::read_to_string(log).unwrap().contains("stopped"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_whose_address_is_taken_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let more = [("METRICS_LISTEN", taken.local_addr().unwrap().to_string())];
    let refused = Command::new(env!("CARGO_BIN_EXE_api-server"))
        .arg("scheduler")
        .env_clear()
        .envs(variables(folder.path(), &more))
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(78), "{refused:?}");
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains("cannot listen on 127.0.0.1:"), "{said}");
}
