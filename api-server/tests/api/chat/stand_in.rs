//! A rag-server that answers what a test wants.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use crate::test_app::{On, TestApp};

/// What it does with `/query/stream` after the headers.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Sends these bytes.
    Send(String),
    /// Waits until the other side is gone, and says so.
    UntilLeft,
    /// Ends without the chunk that ends a body.
    Break,
}

/// What it answers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Script {
    /// Status and body of `/query`.
    pub(crate) query: Option<(u16, Value)>,
    /// Body of `/models`; 404 without one.
    pub(crate) models: Option<Value>,
    pub(crate) stream: Vec<Step>,
    /// Bodies of other paths.
    pub(crate) more: BTreeMap<String, Value>,
}

/// It.
pub(crate) struct StandIn {
    pub(crate) url: String,
    pub(crate) script: Arc<Mutex<Script>>,
    /// Bodies of what it was asked, with their paths.
    pub(crate) heard: Arc<Mutex<Vec<(String, Value)>>>,
    /// Somebody left a stream.
    pub(crate) left: Arc<Notify>,
}

/// An answer of a chat model, citing one passage.
pub(crate) fn answer(text: &str, cost: f64) -> Value {
    json!({
        "answer": text, "mode": "generated", "confidence": 0.9, "model": "mini",
        "sources": [{
            "n": 1, "material_id": "m1", "chunk_id": "m1:1", "title": "Aula 3", "source": "modulo-1/aula-03.pdf", "page": 2,
            "sheet": null, "range": null, "locator": {"kind": "page", "number": 2},
            "quote": "Fale com ana@escola.example.br", "chunk": "Fale com ana@escola.example.br sobre a carga.", "score": 0.8,
            "citation": "Módulo 1, Aula 3 — 'Hipertrofia', p. 2"
        }],
        "usage": {"prompt_tokens": 100, "completion_tokens": 20}, "cost": cost, "response_time": 0.1,
        "timings": {"total_ms": 1.0},
        "related": [
            {"title": "2.1 Volume de treino", "material_id": "m1", "source": "modulo-1/aula-03.pdf", "page": 3},
            {"title": "Descanso entre séries", "material_id": "m1", "source": "modulo-1/aula-03.pdf", "page": 4}
        ]
    })
}

impl StandIn {
    pub(crate) async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let script = Arc::new(Mutex::new(script));
        let heard = Arc::new(Mutex::new(Vec::new()));
        let left = Arc::new(Notify::new());
        let (s, h, l) = (Arc::clone(&script), Arc::clone(&heard), Arc::clone(&left));
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(
                    socket,
                    Arc::clone(&s),
                    Arc::clone(&h),
                    Arc::clone(&l),
                ));
            }
        });
        Self {
            url,
            script,
            heard,
            left,
        }
    }

    /// An api-server in front of it.
    pub(crate) async fn app(&self, on: On, variables: &[(&str, &str)]) -> Option<TestApp> {
        let mut all = vec![("RAG_SERVER_URL", self.url.as_str())];
        all.extend(variables);
        TestApp::on(on, &all).await
    }

    pub(crate) fn answers(&self, body: Value) {
        self.script.lock().unwrap().query = Some((200, body));
    }

    /// Bodies that came to this path.
    pub(crate) fn heard(&self, path: &str) -> Vec<Value> {
        let heard = self.heard.lock().unwrap();
        heard
            .iter()
            .filter(|(at, _)| at == path)
            .map(|(_, body)| body.clone())
            .collect()
    }
}

async fn serve(
    mut socket: TcpStream,
    script: Arc<Mutex<Script>>,
    heard: Arc<Mutex<Vec<(String, Value)>>>,
    left: Arc<Notify>,
) {
    let mut bytes = Vec::new();
    let (head, length) = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
            let length = head
                .lines()
                .find_map(|line| {
                    line.to_lowercase()
                        .strip_prefix("content-length:")?
                        .trim()
                        .parse::<usize>()
                        .ok()
                })
                .unwrap_or(0);
            if bytes.len() >= end + 4 + length {
                bytes.drain(..end + 4);
                break (head, length);
            }
        }
        let mut part = [0; 4096];
        match socket.read(&mut part).await {
            Ok(0) | Err(_) => return,
            Ok(read) => bytes.extend_from_slice(&part[..read]),
        }
    };
    let path = head.split(' ').nth(1).unwrap().to_owned();
    let body = serde_json::from_slice(&bytes[..length]).unwrap_or(Value::Null);
    heard.lock().unwrap().push((path.clone(), body));
    let script = script.lock().unwrap().clone();
    let plain = match path.as_str() {
        "/query" => script.query,
        "/models" => script.models.map(|models| (200, models)),
        "/query/stream" if !script.stream.is_empty() => {
            stream(socket, script.stream, &left).await;
            return;
        }
        other => script.more.get(other).map(|body| (200, body.clone())),
    };
    let (status, body) = plain.unwrap_or_else(|| {
        let problem = json!({
            "type": "/problems/not_found", "title": "Não encontrado", "status": 404, "code": "not_found",
            "detail": "O endereço pedido não existe."
        });
        (404, problem)
    });
    let text = body.to_string();
    let reply = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{text}",
        text.len()
    );
    drop(socket.write_all(reply.as_bytes()).await);
}

async fn stream(mut socket: TcpStream, steps: Vec<Step>, left: &Notify) {
    let head =
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    drop(socket.write_all(head.as_bytes()).await);
    for step in steps {
        match step {
            Step::Send(text) => {
                let chunk = format!("{:x}\r\n{text}\r\n", text.len());
                drop(socket.write_all(chunk.as_bytes()).await);
            }
            Step::UntilLeft => {
                while socket.read(&mut [0; 64]).await.is_ok_and(|read| read > 0) {}
                left.notify_one();
                return;
            }
            Step::Break => return,
        }
    }
    drop(socket.write_all(b"0\r\n\r\n").await);
}
