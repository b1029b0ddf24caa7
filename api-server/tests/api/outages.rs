//! What goes on when the cache goes away.

use std::process::{Child, Command, Stdio};

use serde_json::json;
use shared::testing::RagServer;

use crate::test_app::{ADMIN, PASSWORD, SERVICE_SECRET, TestApp};

/// A Redis of this test's own, to stop and start.
struct Redis {
    process: Child,
    port: u16,
    folder: tempfile::TempDir,
}

impl Redis {
    async fn start(port: Option<u16>, folder: tempfile::TempDir) -> Option<Self> {
        let port = match port {
            Some(port) => port,
            None => std::net::TcpListener::bind("127.0.0.1:0")
                .ok()?
                .local_addr()
                .ok()?
                .port(),
        };
        let process = Command::new("redis-server")
            .args([
                "--port",
                &port.to_string(),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "no",
                "--dir",
            ])
            .arg(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        while tokio::net::TcpStream::connect(("127.0.0.1", port))
            .await
            .is_err()
        {
            tokio::task::yield_now().await;
        }
        Some(Self {
            process,
            port,
            folder,
        })
    }

    fn stop(mut self) -> (u16, tempfile::TempDir) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        (self.port, self.folder)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_may_stop_and_start_under_a_running_server() {
    let Some(redis) = Redis::start(None, tempfile::tempdir().unwrap()).await else {
        return;
    };
    let url = format!("redis://127.0.0.1:{}/0", redis.port);
    let app = TestApp::with(&[("REDIS_URL", &url), ("API__LIMITS__PER_USER", "100000")]).await;
    let admin = app.admin().await;
    let ana = app.member(&admin, "ana", "student").await;
    let ready = app.call(None, "GET", "/readyz", None).await.ok();
    assert_eq!(
        (&ready["status"], &ready["cache"]["kind"]),
        (&json!("ready"), &json!("redis"))
    );

    let (port, folder) = redis.stop();
    for _ in 0..20 {
        app.get(&ana, "/auth/me").await.ok();
    }
    let ready = app.call(None, "GET", "/readyz", None).await.ok();
    assert_eq!(
        (&ready["status"], &ready["cache"]["status"]),
        (&json!("degraded"), &json!("degraded"))
    );
    app.person("ana", PASSWORD).await;
    // Who is shut out meanwhile is out at once, and wrong passwords are counted here alone.
    app.put(&admin, "/auth/users/ana", json!({"disabled": true}))
        .await
        .ok();
    app.get(&ana, "/auth/me").await.problem(401, "unauthorized");
    for _ in 0..5 {
        app.log_in("ninguem", "errada")
            .await
            .problem(401, "unauthorized");
    }
    app.log_in("ninguem", "errada")
        .await
        .problem(429, "rate_limited");

    let redis = Redis::start(Some(port), folder).await.unwrap();
    let mut status = String::new();
    while status != "ready" {
        app.clock.advance(std::time::Duration::from_secs(1));
        let ready = app.call(None, "GET", "/readyz", None).await.ok();
        ready["status"].as_str().unwrap().clone_into(&mut status);
    }
    app.get(&ana, "/auth/me").await.problem(401, "unauthorized");
    app.person(ADMIN, PASSWORD).await;
    app.stop().await;
    redis.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_starts_without_its_cache() {
    let app = TestApp::with(&[("REDIS_URL", "redis://127.0.0.1:1/0")]).await;
    let admin = app.admin().await;
    app.get(&admin, "/auth/me").await.ok();
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_other_servers_state_is_told_in_its_own_words() {
    let mut rag = RagServer::start(&[("SERVICE_SECRET", SERVICE_SECRET)]).await;
    let app = TestApp::with(&[("RAG_SERVER_URL", rag.url().as_str())]).await;
    let admin = app.admin().await;
    let told = app.get(&admin, "/status").await.ok();
    assert_eq!(told["rag_server"]["service"], "rag-server", "{told}");
    assert!(
        told["rag_server"]["providers"]["embedding"].is_object()
            && told["rag_server"]["queue"]["waiting"].is_u64(),
        "{told}"
    );
    for (part, kind) in [("database", "sqlite"), ("cache", "memory")] {
        assert_eq!(told["backend"][part], json!({"status": "ok", "kind": kind}));
    }
    rag.kill();
    let told = app.get(&admin, "/status").await.ok();
    assert_eq!(told["rag_server"], json!({"status": "unavailable"}));
    app.stop().await;
}
