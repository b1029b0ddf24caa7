//! The real rag-server, for tests of its client.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use url::Url;

/// Time a start may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// A rag-server in a process and a folder of its own, killed when dropped.
#[derive(Debug)]
pub struct RagServer {
    child: Child,
    port: u16,
    variables: Vec<(String, String)>,
    folder: TempDir,
}

impl Drop for RagServer {
    fn drop(&mut self) {
        self.kill();
    }
}

impl RagServer {
    /// Starts one with these variables on top of a folder, a port and quiet logs, and waits until it answers.
    ///
    /// # Panics
    /// If it does not start, or was not built: `cargo build --workspace` builds it.
    pub async fn start(variables: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().unwrap();
        let port = free_port();
        let variables: Vec<(String, String)> = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let child = spawn(folder.path(), port, &variables);
        let mut server = Self {
            child,
            port,
            variables,
            folder,
        };
        server.answers().await;
        server
    }

    /// Where it answers.
    ///
    /// # Panics
    /// Never: the address is made here.
    pub fn url(&self) -> Url {
        Url::parse(&format!("http://127.0.0.1:{}", self.port)).unwrap()
    }

    /// Ends it without a word, as `kill -9` does.
    pub fn kill(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }

    /// Starts it again on the same folder and port.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn restart(&mut self) {
        self.kill();
        self.child = spawn(self.folder.path(), self.port, &self.variables);
        self.answers().await;
    }

    async fn answers(&mut self) {
        let http = crate::http::client(&crate::http::HttpSettings::default()).unwrap();
        let health = self.url().join("health").unwrap();
        let started = Instant::now();
        while http.get(health.clone()).send().await.is_err() {
            assert!(
                self.child.try_wait().unwrap().is_none(),
                "the rag-server ended at its start"
            );
            assert!(
                started.elapsed() < PATIENCE,
                "the rag-server does not answer"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn spawn(folder: &Path, port: u16, variables: &[(String, String)]) -> Child {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    Command::new(binary())
        .arg("serve")
        .current_dir(root)
        .env("ENV_FILE", "/dev/null")
        .env("DATA_DIR", folder)
        .env("PORT", port.to_string())
        .env("LOG_LEVEL", "error")
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .spawn()
        .unwrap()
}

/// `RAG_SERVER_BIN`, or what stands beside the folder of the running test.
fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("RAG_SERVER_BIN") {
        return path.into();
    }
    let test = std::env::current_exe().unwrap();
    let path = test
        .parent()
        .and_then(Path::parent)
        .unwrap()
        .join("rag-server");
    assert!(
        path.exists(),
        "build the rag-server first: cargo build --workspace"
    );
    path
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}
