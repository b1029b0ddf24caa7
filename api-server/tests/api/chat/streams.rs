//! Answers as they are written, and streams that break.

use std::time::Duration;

use futures::StreamExt as _;
use serde_json::{Value, json};

use super::stand_in::{Script, StandIn, Step, answer};
use crate::test_app::{On, TestApp};

fn event(name: &str, data: &Value) -> Step {
    Step::Send(format!("event: {name}\ndata: {data}\n\n"))
}

/// Events of a stream: name and data.
pub(super) fn events(text: &str) -> Vec<(String, Value)> {
    text.split("\n\n")
        .filter_map(|event| {
            let name = event
                .lines()
                .find_map(|line| line.strip_prefix("event: "))?;
            let data = event.lines().find_map(|line| line.strip_prefix("data: "))?;
            Some((name.to_owned(), serde_json::from_str(data).unwrap()))
        })
        .collect()
}

async fn with(stream: Vec<Step>, variables: &[(&str, &str)]) -> (StandIn, TestApp) {
    let rag = StandIn::start(Script {
        stream,
        ..Script::default()
    })
    .await;
    let app = rag.app(On::Embedded, variables).await.unwrap();
    (rag, app)
}

async fn unanswered(app: &TestApp, who: &crate::test_app::Person) -> Value {
    let listed = app.get(who, "/api/chat/conversations").await.ok();
    let id = listed[0]["id"].as_str().unwrap().to_owned();
    let whole = app
        .get(who, &format!("/api/chat/conversations/{id}"))
        .await
        .ok();
    assert_eq!(whole["messages"].as_array().unwrap().len(), 1, "{whole}");
    assert_eq!(whole["messages"][0]["answered"], false);
    whole["messages"][0]["text"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn events_come_as_they_are_told_and_the_whole_is_kept() {
    let whole = answer("A carga cresce. [1]", 0.001);
    let (_rag, app) = with(
        vec![
            event("token", &json!({"text": "A carga "})),
            Step::Send(": ping\n\n".to_owned()),
            // One event in two pieces, one piece with two events.
            Step::Send("event: token\nda".to_owned()),
            Step::Send(format!(
                "ta: {{\"text\": \"cresce. [1]\"}}\n\nevent: sources\ndata: {}\n\n",
                whole["sources"]
            )),
            event("done", &whole),
        ],
        &[],
    )
    .await;
    let admin = app.admin().await;
    let told = app
        .post(
            &admin,
            "/api/chat/agent",
            json!({"message": "E a carga?", "thread_id": "t1"}),
        )
        .await;
    assert_eq!(
        (told.status, told.content_type.as_str()),
        (200, "text/event-stream")
    );
    assert_eq!(told.header("x-accel-buffering"), "no");
    let events = events(&told.text);
    let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["token", "token", "sources", "done"]);
    assert!(told.text.contains(": ping"));
    let done = &events[3].1;
    assert_eq!(done["answer"], "A carga cresce. [1]");
    assert_eq!(done["session_id"], "t1");
    assert_eq!(
        done["related_topics"],
        json!(["Volume de treino", "Descanso entre séries"])
    );
    assert_eq!(
        done["sources"][0]["citation"],
        "Módulo 1, Aula 3 — 'Hipertrofia', p. 2"
    );
    let id = done["conversation_id"].as_str().unwrap();
    let kept = app
        .get(&admin, &format!("/api/chat/conversations/{id}"))
        .await
        .ok();
    assert_eq!(kept["messages"][0]["answered"], true);
    assert_eq!(kept["messages"][1]["id"], done["message_id"]);
    assert_eq!(kept["messages"][1]["details"]["sources"], done["sources"]);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn personal_data_is_hidden_also_where_it_comes_in_pieces() {
    let text = "O CPF é 529.982.247-25, o telefone (11) 91234-5678 e só.";
    let mut whole = answer(text, 0.0);
    whole["sources"][0]["quote"] = json!("ana@escola.example.br");
    let mut steps: Vec<Step> = text
        .chars()
        .collect::<Vec<_>>()
        .chunks(3)
        .map(|piece| event("token", &json!({"text": piece.iter().collect::<String>()})))
        .collect();
    // In the middle of a number, which no sources may end.
    steps.insert(6, event("sources", &whole["sources"]));
    steps.push(event("done", &whole));
    let (_rag, app) = with(steps, &[("MASK_PERSONAL_DATA", "true")]).await;
    let admin = app.admin().await;
    let told = app
        .post(&admin, "/api/chat/stream", json!({"content": "Quem?"}))
        .await;
    let written: String = events(&told.text)
        .iter()
        .filter(|(name, _)| name == "token")
        .map(|(_, data)| data["text"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        written,
        "O CPF é [CPF omitido], o telefone [telefone omitido] e só."
    );
    for personal in ["529", "91234", "ana@"] {
        assert!(!told.text.contains(personal), "{personal}: {}", told.text);
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn notes_end_the_text() {
    let whole = answer("Curto. [1]", 0.0);
    let steps = vec![
        event("token", &json!({"text": "Curto. [1]"})),
        event("sources", &whole["sources"]),
        event("done", &whole),
    ];
    let (_rag, app) = with(
        steps,
        &[
            ("MAX_MENSAGEM_CHARS", "5"),
            ("MAX_MENSAGEM_CHARS_TRUNCAR", "10"),
        ],
    )
    .await;
    let admin = app.admin().await;
    let told = app
        .post(
            &admin,
            "/api/chat/stream",
            json!({"content": "Uma pergunta comprida"}),
        )
        .await;
    let events = events(&told.text);
    let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["token", "sources", "token", "done"]);
    let written = format!(
        "{}{}",
        events[0].1["text"].as_str().unwrap(),
        events[2].1["text"].as_str().unwrap()
    );
    assert_eq!(events[3].1["answer"], written);
    assert!(written.contains("Aviso"), "{written}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_breaks_ends_in_an_error_and_the_question_stays_unanswered() {
    let token = event("token", &json!({"text": "A carga "}));
    let problem = json!({
        "type": "/problems/provider_unavailable", "title": "x", "status": 503, "code": "provider_unavailable",
        "detail": "O modelo não respondeu."
    });
    for (steps, code) in [
        (vec![token.clone(), Step::Break], "provider_unavailable"),
        (vec![token.clone()], "provider_failed"),
        (
            vec![token.clone(), event("done", &json!({"answer": 1}))],
            "provider_failed",
        ),
        (
            vec![token.clone(), event("error", &problem), token.clone()],
            "provider_unavailable",
        ),
        (
            vec![
                token.clone(),
                Step::Send("event: error\ndata: {{\n\n".to_owned()),
            ],
            "provider_failed",
        ),
    ] {
        let (_rag, app) = with(steps.clone(), &[("MAX_MSGS_POR_HORA", "1")]).await;
        let admin = app.admin().await;
        for _ in 0..2 {
            // What broke off does not count: the second one is let in too.
            let body = json!({"content": "E a carga?"});
            let told = app.post(&admin, "/api/chat/stream", body).await;
            let events = events(&told.text);
            assert_eq!(events.len(), 2, "{steps:?} {told:?}");
            let (name, problem) = &events[1];
            assert_eq!(
                (name.as_str(), problem["code"].as_str().unwrap()),
                ("error", code),
                "{steps:?}"
            );
            assert!(
                problem["detail"].as_str().unwrap().ends_with('.'),
                "{problem}"
            );
        }
        assert_eq!(unanswered(&app, &admin).await, "E a carga?");
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_ends_the_work() {
    let token = event("token", &json!({"text": "A carga "}));
    let (rag, app) = with(vec![token, Step::UntilLeft], &[]).await;
    let admin = app.admin().await;
    let request = app
        .request("POST", "/api/chat/stream")
        .bearer_auth(&admin.token)
        .json(&json!({"content": "E a carga?"}));
    let mut stream = request.send().await.unwrap().bytes_stream();
    let first = stream.next().await.unwrap().unwrap();
    assert!(first.starts_with(b"event: token"), "{first:?}");
    drop(stream);
    tokio::time::timeout(Duration::from_secs(60), rag.left.notified())
        .await
        .expect("the rag-server is told that nobody waits any more");
    assert_eq!(unanswered(&app, &admin).await, "E a carga?");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_rag_server_refuses_is_passed_on() {
    let rag = StandIn::start(Script::default()).await;
    let app = rag.app(On::Embedded, &[]).await.unwrap();
    let admin = app.admin().await;
    for (status, code) in [
        (422, "unprocessable"),
        (429, "rate_limited"),
        (503, "overloaded"),
    ] {
        let problem = json!({
            "type": format!("/problems/{code}"), "title": "x", "status": status, "code": code, "detail": "Espere um pouco mais."
        });
        rag.script.lock().unwrap().query = Some((status, problem));
        let told = app
            .post(&admin, "/api/chat", json!({"content": "E?"}))
            .await;
        assert_eq!(
            told.problem(status, code)["detail"],
            "Espere um pouco mais."
        );
        if status != 422 {
            assert!(!told.header("retry-after").is_empty(), "{told:?}");
        }
    }
    app.stop().await;
}
