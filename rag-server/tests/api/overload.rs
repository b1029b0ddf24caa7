//! More is asked than can be done.

use std::sync::{Arc, Condvar, Mutex};

use serde_json::json;
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, Respond, ResponseTemplate};

use crate::test_app::TestApp;

/// An embedding endpoint that answers once it is let.
#[derive(Clone, Default)]
struct Held(Arc<(Mutex<State>, Condvar)>);

#[derive(Default)]
struct State {
    is_closed: bool,
    asked: usize,
}

impl Held {
    fn close(&self) {
        self.0.0.lock().unwrap().is_closed = true;
    }

    fn open(&self) {
        self.0.0.lock().unwrap().is_closed = false;
        self.0.1.notify_all();
    }

    fn asked(&self) -> usize {
        self.0.0.lock().unwrap().asked
    }
}

impl Respond for Held {
    fn respond(&self, request: &wiremock::Request) -> ResponseTemplate {
        let mut state = self.0.0.lock().unwrap();
        state.asked += 1;
        while state.is_closed {
            state = self.0.1.wait(state).unwrap();
        }
        let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
        let texts = body["input"].as_array().unwrap().len();
        let data: Vec<_> = (0..texts)
            .map(|index| json!({ "index": index, "embedding": [1.0, 0.0, 0.0] }))
            .collect();
        ResponseTemplate::new(200).set_body_json(json!({ "data": data }))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_beyond_the_queue_are_told_to_come_again_and_the_others_are_answered() {
    let endpoint = MockServer::start().await;
    let held = Held::default();
    Mock::given(method("POST"))
        .respond_with(held.clone())
        .mount(&endpoint)
        .await;
    let base = format!("{}/v1", endpoint.uri());
    let app = TestApp::with(&[
        ("EMBEDDING_BASE_URL", &base),
        ("EMBEDDING_MODEL", "tiny"),
        ("EMBEDDING_DIMENSIONS", "3"),
        ("MAX_QUESTIONS", "1"),
        ("MAX_QUESTIONS_WAITING", "1"),
    ])
    .await;
    app.bring_in("a.txt", "O baço filtra o sangue velho.").await;
    let app = Arc::new(app);

    let before = held.asked();
    held.close();
    let ask = |question: &str| {
        let (app, body) = (Arc::clone(&app), json!({ "question": question }));
        tokio::spawn(async move { app.post("/query", &body).await })
    };
    let first = ask("O que filtra o sangue?");
    app.until("the first question is searched for", async || {
        held.asked() > before
    })
    .await;
    let second = ask("Que sangue o baço filtra?");
    app.until("the second question waits", async || {
        app.get("/status").await.json()["queue"]["questions"] == 1
    })
    .await;

    for path in ["/query", "/query/stream"] {
        let third = json!({ "question": "O que o baço faz?" });
        let refused = app.post(path, &third).await;
        refused.problem(503, "overloaded");
        assert_eq!(refused.headers["retry-after"], "1");
    }
    for (path, body) in [
        ("/search", json!({ "query": "baço" })),
        ("/topics", json!({ "topic": "baço" })),
    ] {
        app.post(path, &body).await.problem(503, "overloaded");
    }
    // Whoever looks after the server still gets through.
    assert_eq!(app.get("/livez").await.status, 204);

    held.open();
    for answered in [first, second] {
        let answer = answered.await.unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    let later = json!({ "question": "O que o baço faz?" });
    assert_eq!(app.post("/query", &later).await.status, 200);
}
