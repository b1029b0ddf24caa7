//! Servers in processes of their own, to be killed.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
pub(crate) const JWT_SECRET: &str = "k3v9Qm2xT7pLw4Zr8nYb1cHs6dJf5gAe";
pub(crate) const SERVICE_SECRET: &str = "W8zq1Lr5Vn3Ty7Ux2Kp9Mb4Gc6Hd0Jsf";
pub(crate) const ADMIN: &str = "diretora";
pub(crate) const PASSWORD: &str = "girassol de papel azul";

/// An api-server, killed when dropped.
pub(crate) struct ApiServer {
    child: Child,
    pub(crate) base: String,
    pub(crate) token: String,
}

impl Drop for ApiServer {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl ApiServer {
    /// On this folder, with these variables besides; waits until it lets its administrator in.
    pub(crate) async fn start(
        folder: &Path,
        rag: &str,
        http: &reqwest::Client,
        more: &[(&str, String)],
    ) -> Self {
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
            .env("RAG_SERVER_URL", rag)
            .env("JWT_SECRET_KEY", JWT_SECRET)
            .env("SERVICE_SECRET", SERVICE_SECRET)
            .env("ADMIN_USERNAME", ADMIN)
            .env("ADMIN_PASSWORD", PASSWORD)
            .env("LOG_LEVEL", "error")
            .envs(more.iter().map(|(name, value)| (name, value)))
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

    /// All materials.
    pub(crate) async fn list(&self, http: &reqwest::Client) -> Vec<Value> {
        let request = http
            .get(format!("{}/api/materials", self.base))
            .bearer_auth(&self.token);
        let answer = request.send().await.unwrap();
        answer.json::<Vec<Value>>().await.unwrap()
    }
}

/// A number of the environment.
pub(crate) fn number(name: &str, otherwise: usize) -> usize {
    std::env::var_os(name)
        .and_then(|text| text.to_str()?.parse().ok())
        .unwrap_or(otherwise)
}
