//! A chat model for tests: speaks OpenAI's protocol over a real socket and says what it is told to say.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot be set up ends here"
)]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

/// What the model does with a request.
#[derive(Debug, Clone)]
pub enum Reply {
    /// Streams a text in small portions and ends well.
    Text(String),
    /// The same after a while.
    Slow(Duration, String),
    /// Answers a status, with `Retry-After` in seconds.
    Status(u16, Option<u64>),
    /// Streams a text and breaks off.
    Broken(String),
    /// Streams a text and then says nothing more, until the client goes away.
    Stalled(String),
    /// Ends with the reason `content_filter`.
    Filtered,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The body.
    pub body: Value,
    /// The header `Authorization`.
    pub authorization: Option<String>,
}

impl Seen {
    /// All words of the request.
    pub fn prompt(&self) -> String {
        let messages = self.body["messages"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        messages
            .iter()
            .filter_map(|message| message["content"].as_str())
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// The words of each passage in it, in order.
    pub fn passages(&self) -> Vec<String> {
        let prompt = self.prompt();
        let Some((_, rest)) = prompt.rsplit_once("<<<MATERIAL ") else {
            return Vec::new();
        };
        let inside = rest.split("\nMATERIAL ").next().unwrap_or_default();
        let mut found: BTreeMap<usize, String> = BTreeMap::new();
        let mut at = 0;
        for line in inside.lines().skip(1) {
            let head = line
                .strip_prefix('[')
                .and_then(|line| line.split_once(']'))
                .and_then(|(n, _)| n.parse().ok());
            if head == Some(at + 1) {
                at += 1;
                found.insert(at, String::new());
            } else if let Some(text) = found.get_mut(&at) {
                text.push_str(line);
                text.push('\n');
            }
        }
        found
            .into_values()
            .map(|text| text.trim().to_owned())
            .collect()
    }
}

type Script = dyn Fn(&Seen) -> Reply + Send + Sync;

/// A chat model on a port of its own; it ends with the test's runtime.
pub struct StubModel {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    abandoned: Arc<AtomicUsize>,
}

impl StubModel {
    /// Starts one.
    ///
    /// # Panics
    /// If no port can be had.
    pub async fn start(script: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let script: Arc<Script> = Arc::new(script);
        let seen = Arc::new(Mutex::new(Vec::new()));
        let abandoned = Arc::new(AtomicUsize::new(0));
        let (of_seen, of_abandoned) = (Arc::clone(&seen), Arc::clone(&abandoned));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (script, seen, abandoned) = (
                    Arc::clone(&script),
                    Arc::clone(&of_seen),
                    Arc::clone(&of_abandoned),
                );
                tokio::spawn(async move {
                    if serve(stream, &*script, &seen).await.is_err() {
                        abandoned.fetch_add(1, Ordering::SeqCst);
                    }
                });
            }
        });
        Self {
            address,
            seen,
            abandoned,
        }
    }

    /// The address to configure.
    ///
    /// # Panics
    /// Never: the address is made here.
    pub fn base_url(&self) -> Url {
        Url::parse(&format!("http://{}/v1", self.address)).unwrap()
    }

    /// A registry with this model alone, under the name `stub`, with the key in `STUB_API_KEY`.
    pub fn registry(&self) -> String {
        self.registry_of(&["stub"])
    }

    /// A registry of several models, all served here.
    pub fn registry_of(&self, names: &[&str]) -> String {
        let entry = |name: &&str| {
            json!({
                "name": name, "provider": "stub", "model": format!("{name}-1"), "base_url": self.base_url(),
                "key_variable": "STUB_API_KEY", "context": 32_768, "max_output": 4096,
                "price_in": 1.0, "price_out": 2.0, "timeout": 20
            })
        };
        json!({ "models": names.iter().map(entry).collect::<Vec<_>>() }).to_string()
    }

    /// Every request so far.
    ///
    /// # Panics
    /// If a test panicked while looking.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// How many clients went away before the end.
    pub fn abandoned(&self) -> usize {
        self.abandoned.load(Ordering::SeqCst)
    }
}

async fn serve(stream: TcpStream, script: &Script, all: &Mutex<Vec<Seen>>) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    let (mut length, mut authorization) = (0, None);
    loop {
        let mut line = String::new();
        if read.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let Some((name, value)) = line.trim().split_once(':') else {
            if line.trim().is_empty() {
                break;
            }
            continue;
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().unwrap_or(0),
            "authorization" => authorization = Some(value.trim().to_owned()),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    read.read_exact(&mut body).await?;
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let seen = Seen {
        body,
        authorization,
    };
    let reply = script(&seen);
    all.lock().unwrap().push(seen);
    match reply {
        Reply::Status(status, retry_after) => {
            let wait = retry_after
                .map(|seconds| format!("Retry-After: {seconds}\r\n"))
                .unwrap_or_default();
            // Real providers repeat parts of what they were sent, keys included.
            let body = r#"{"error":{"message":"segredo-do-provedor"}}"#;
            let head = format!(
                "HTTP/1.1 {status} X\r\n{wait}Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
            write.write_all(head.as_bytes()).await?;
        }
        Reply::Text(text) => {
            head(&mut write).await?;
            words(&mut write, &text).await?;
            end(&mut write, "stop", text.len()).await?;
        }
        Reply::Slow(wait, text) => {
            tokio::time::sleep(wait).await;
            head(&mut write).await?;
            words(&mut write, &text).await?;
            end(&mut write, "stop", text.len()).await?;
        }
        Reply::Filtered => {
            head(&mut write).await?;
            end(&mut write, "content_filter", 0).await?;
        }
        Reply::Broken(text) => {
            head(&mut write).await?;
            words(&mut write, &text).await?;
        }
        Reply::Stalled(text) => {
            head(&mut write).await?;
            words(&mut write, &text).await?;
            let mut byte = [0];
            // Returns when the other side closes.
            if read.read(&mut byte).await? == 0 {
                return Err(std::io::ErrorKind::ConnectionAborted.into());
            }
        }
    }
    write.shutdown().await
}

type Half = tokio::net::tcp::OwnedWriteHalf;

async fn head(write: &mut Half) -> std::io::Result<()> {
    write
        .write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n")
        .await
}

async fn event(write: &mut Half, data: &str) -> std::io::Result<()> {
    let event = format!("data: {data}\n\n");
    write
        .write_all(format!("{:x}\r\n{event}\r\n", event.len()).as_bytes())
        .await
}

/// Portions of three characters: whatever is taken apart must be put together again.
async fn words(write: &mut Half, text: &str) -> std::io::Result<()> {
    let characters: Vec<char> = text.chars().collect();
    for portion in characters.chunks(3) {
        let content: String = portion.iter().collect();
        event(
            write,
            &json!({ "choices": [{ "index": 0, "delta": { "content": content } }] }).to_string(),
        )
        .await?;
    }
    Ok(())
}

async fn end(write: &mut Half, reason: &str, written: usize) -> std::io::Result<()> {
    event(
        write,
        &json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": reason }] }).to_string(),
    )
    .await?;
    let usage = json!({ "prompt_tokens": 1000, "completion_tokens": written, "total_tokens": 1000 + written });
    event(write, &json!({ "choices": [], "usage": usage }).to_string()).await?;
    event(write, "[DONE]").await?;
    write.write_all(b"0\r\n\r\n").await
}
