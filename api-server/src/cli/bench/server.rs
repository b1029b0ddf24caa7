//! Servers in processes of their own, and connections to them that cost the client little.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::Latencies;
use crate::opaque;

/// A server in a process of its own, ended with this value.
pub(super) struct Server {
    child: Child,
    pub(super) port: u16,
    pub(super) ready_ms: f64,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to do.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Server {
    /// This program on a fresh folder, with an administrator of this name and password and with these variables besides.
    pub(super) async fn start(
        folder: &Path,
        (name, password): (&str, &str),
        more: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        let secret = opaque::token();
        let mut variables = vec![
            ("ENVIRONMENT", "production"),
            ("JWT_SECRET_KEY", secret.as_str()),
            ("ADMIN_USERNAME", name),
            ("ADMIN_PASSWORD", password),
            ("MAX_LOGIN_ATTEMPTS", "1000000000"),
            ("API__LIMITS__PER_ADDRESS", "1000000000"),
            ("API__LIMITS__PER_USER", "1000000000"),
            ("API__LIMITS__SENSITIVE", "1000000000"),
        ];
        variables.extend(more);
        Self::spawn(&std::env::current_exe()?, folder, &variables).await
    }

    /// A server program, on nothing of the operator's.
    pub(super) async fn spawn(
        program: &Path,
        folder: &Path,
        variables: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        let port = std::net::TcpListener::bind("127.0.0.1:0")?
            .local_addr()?
            .port();
        let started = Instant::now();
        let child = Command::new(program)
            .arg("serve")
            .env_clear()
            .env("ENV_FILE", "/dev/null")
            .env("DATA_DIR", folder)
            .env("API_HOST", "127.0.0.1")
            .env("API_PORT", port.to_string())
            .env("PORT", port.to_string())
            .env("LOG_LEVEL", "error")
            .envs(variables.iter().copied())
            .current_dir(folder)
            .stdin(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let mut server = Self {
            child,
            port,
            ready_ms: 0.0,
        };
        let health = server.get("/health", "");
        loop {
            if let Ok(mut line) = server.line().await
                && line.ask(&health).await.is_ok()
            {
                server.ready_ms = started.elapsed().as_secs_f64() * 1000.0;
                return Ok(server);
            }
            if started.elapsed() > Duration::from_mins(1) || server.child.try_wait()?.is_some() {
                bail!("the server does not start");
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// `VmRSS` of the process, where the system tells it.
    pub(super) fn resident_mb(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        status
            .unwrap_or_default()
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok())
            .map_or(0.0, |kib| kib / 1024.0)
    }

    pub(super) async fn line(&self) -> anyhow::Result<Line> {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await?;
        stream.set_nodelay(true)?;
        Ok(Line {
            stream,
            buffer: Vec::new(),
        })
    }

    pub(super) fn get(&self, path: &str, token: &str) -> Vec<u8> {
        let port = self.port;
        format!(
            "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n\r\n"
        )
        .into_bytes()
    }

    pub(super) fn post(&self, path: &str, token: &str, body: &str) -> Vec<u8> {
        let (port, length) = (self.port, body.len());
        format!(
            "POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .into_bytes()
    }

    pub(super) fn login(&self, name: &str, password: &str) -> Vec<u8> {
        let port = self.port;
        let form = format!("username={name}&password={password}");
        let length = form.len();
        format!(
            "POST /auth/token HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: {length}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n\r\n{form}"
        )
        .into_bytes()
    }

    /// The same request from so many connections for so long.
    pub(super) async fn many(
        &self,
        connections: usize,
        request: &[u8],
        pause: Duration,
        length: Duration,
    ) -> anyhow::Result<Latencies> {
        let mut lines = tokio::task::JoinSet::new();
        let started = Instant::now();
        for _ in 0..connections {
            let mut line = self.line().await?;
            let request = request.to_vec();
            lines.spawn(async move {
                let mut micros = Vec::new();
                while started.elapsed() < length {
                    let asked = Instant::now();
                    line.ask(&request).await?;
                    micros.push(u64::try_from(asked.elapsed().as_micros()).unwrap_or(u64::MAX));
                    if !pause.is_zero() {
                        tokio::time::sleep(pause).await;
                    }
                }
                anyhow::Ok(micros)
            });
        }
        let mut all = Vec::new();
        while let Some(done) = lines.join_next().await {
            all.extend(done??);
        }
        Ok(Latencies::of(all, started.elapsed()))
    }
}

/// A connection that is kept.
pub(super) struct Line {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Line {
    /// Sends a request; answers the body of a 200.
    pub(super) async fn ask(&mut self, request: &[u8]) -> anyhow::Result<Vec<u8>> {
        match self.exchange(request).await? {
            (200, body) => Ok(body),
            (status, _) => bail!("the server answered {status}"),
        }
    }

    pub(super) async fn token(&mut self, log_in: &[u8]) -> anyhow::Result<String> {
        let body: serde_json::Value = serde_json::from_slice(&self.ask(log_in).await?)?;
        let token = body.get("access_token").and_then(|token| token.as_str());
        Ok(token.context("the answer has no token")?.to_owned())
    }

    /// Sends a request and waits until `mark` has come; the connection is of no use afterwards.
    pub(super) async fn until(mut self, request: &[u8], mark: &[u8]) -> anyhow::Result<Duration> {
        let asked = Instant::now();
        self.stream.write_all(request).await?;
        while !self.buffer.windows(mark.len()).any(|bytes| bytes == mark) {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                bail!("the server hung up");
            }
        }
        Ok(asked.elapsed())
    }

    pub(super) async fn exchange(&mut self, request: &[u8]) -> anyhow::Result<(u16, Vec<u8>)> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                bail!("the server hung up");
            }
            if let Some((status, body)) = read_answer(&self.buffer) {
                return Ok((status, body.to_vec()));
            }
        }
    }
}

/// Status and body of an answer with a `Content-Length`, when all of it is there.
fn read_answer(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(bytes.get(..end)?).ok()?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let length: usize = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse().ok())?;
    let body = bytes.get(end.checked_add(4)?..)?;
    (body.len() >= length).then_some((status, body))
}
