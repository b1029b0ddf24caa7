//! With the real rag-server and the samples.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use shared::clock::{Clock as _, SystemClock};
use shared::testing::RagServer;

use super::streams::events;
use crate::test_app::{On, Person, SERVICE_SECRET, TestApp, service_token};

const MATERIALS: [&str; 3] = [
    "fisiologia-aula-03-hipertrofia.pdf",
    "plano-de-treino.xlsx",
    "plano-de-ensino.md",
];

/// Longest wait for the samples on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

async fn to_rag(rag: &RagServer, method: Method, path: &str, body: Vec<u8>) -> Value {
    let url = rag.url().join(path).unwrap();
    let token = service_token("acervo-api-server", "acervo-rag-server", &SystemClock);
    let http = reqwest::Client::builder().build().unwrap();
    let request = http.request(method, url).bearer_auth(token).body(body);
    let response = request.send().await.unwrap();
    assert!(response.status().is_success(), "{path}: {response:?}");
    response.json().await.unwrap()
}

/// A rag-server that has read the samples.
async fn rag_with_samples(variables: &[(&str, &str)]) -> RagServer {
    let mut all = vec![("SERVICE_SECRET", SERVICE_SECRET)];
    all.extend(variables);
    let rag = RagServer::start(&all).await;
    send_samples(&rag).await;
    rag
}

/// Has a rag-server read the samples.
pub(crate) async fn send_samples(rag: &RagServer) {
    for name in MATERIALS {
        let file = std::fs::read(format!(
            "{}/../assets/samples/{name}",
            env!("CARGO_MANIFEST_DIR")
        ))
        .unwrap();
        let path = format!("/materials/{name}?source=modulo-1/{name}&filename={name}");
        to_rag(rag, Method::PUT, &path, file).await;
    }
    let started = Instant::now();
    for name in MATERIALS {
        loop {
            let state =
                to_rag(rag, Method::GET, &format!("/materials/{name}"), Vec::new()).await["state"]
                    .clone();
            assert_ne!(state, "failed", "{name}");
            if state == "ready" {
                break;
            }
            assert!(started.elapsed() < PATIENCE, "{name} is {state}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// The app's clock stands still; tokens between the servers live a minute.
fn catch_up(app: &TestApp) {
    app.clock.set(SystemClock.now_ms().max(app.clock.now_ms()));
}

async fn ask(app: &TestApp, who: &Person, path: &str, body: Value) -> Value {
    catch_up(app);
    app.post(who, path, body).await.ok()
}

async fn get(app: &TestApp, who: &Person, path: &str) -> Value {
    catch_up(app);
    app.get(who, path).await.ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_student_asks_goes_on_and_keeps_it() {
    let rag = rag_with_samples(&[]).await;
    for on in [On::Embedded, On::Shared] {
        let url = rag.url().to_string();
        let Some(app) = TestApp::on(on, &[("RAG_SERVER_URL", &url)]).await else {
            continue;
        };
        let admin = app.admin().await;
        let ana = app.member(&admin, "ana", "student").await;
        asks_at_a_level(&app, &ana).await;
        asks_in_other_words(&app, &ana).await;
        studies_a_topic(&app, &ana).await;
        keeps_conversations(&app, &ana, &admin).await;
        app.stop().await;
    }
}

async fn asks_at_a_level(app: &TestApp, ana: &Person) {
    let empty = get(app, ana, "/api/chat/session/1731_x/context").await;
    assert_eq!(empty["current_focus"], Value::Null);
    assert_eq!(empty["summary"]["topics_covered"], json!([]));
    assert_eq!(empty["summary"]["difficulty_level"], "intermediate");

    let body = json!({
        "content": "O que é hipertrofia?", "user_level": "beginner", "learning_style": "mixed", "session_id": "1731_x",
        "learning_objectives": []
    });
    let told = ask(app, ana, "/api/chat/educational", body).await;
    assert!(
        told["response"]
            .as_str()
            .unwrap()
            .contains("secção transversa"),
        "{told}"
    );
    let first = &told["sources"][0];
    assert_eq!(
        first["source"],
        "modulo-1/fisiologia-aula-03-hipertrofia.pdf"
    );
    assert_eq!(first["page"], 1);
    assert!(
        first["chunk"]
            .as_str()
            .unwrap()
            .contains(first["quote"].as_str().unwrap())
    );
    let material: String = told["sources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|source| source["chunk"].as_str().unwrap())
        .collect();
    let topics = told["related_topics"].as_array().unwrap();
    assert!(!topics.is_empty(), "{told}");
    for topic in topics {
        assert!(
            material.contains(topic.as_str().unwrap()),
            "{topic} is no heading of what was cited"
        );
    }
    for list in ["follow_up_questions", "learning_suggestions"] {
        assert!(!told[list].as_array().unwrap().is_empty(), "{list}: {told}");
    }
    let metadata = &told["educational_metadata"];
    assert!(metadata["estimated_reading_time"].as_u64().unwrap() >= 1);
    assert!((0.0..=1.0).contains(&metadata["complexity_score"].as_f64().unwrap()));

    let context = get(app, ana, "/api/chat/session/1731_x/context").await;
    assert_eq!(context["current_focus"], topics[0]);
    assert_eq!(context["summary"]["current_focus"], topics[0]);
    assert_eq!(context["summary"]["difficulty_level"], "beginner");
    assert_eq!(
        context["summary"]["topics_covered"]
            .as_array()
            .unwrap()
            .len(),
        topics.len()
    );
}

async fn asks_in_other_words(app: &TestApp, ana: &Person) {
    let told = ask(
        app,
        ana,
        "/api/chat",
        json!({"pergunta": "Quantas séries de supino reto?"}),
    )
    .await;
    assert_eq!(told["answer"], told["resposta"]);
    let sheets: Vec<_> = told["sources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|source| source["sheet"].clone())
        .collect();
    assert!(sheets.contains(&json!("Treino A")), "{told}");
    let told = ask(
        app,
        ana,
        "/api/chat-auth",
        json!({"content": "Qual é a capital da Mongólia?"}),
    )
    .await;
    assert_eq!(told["mode"], "not_found");
    assert_eq!(told["sources"], json!([]));
    assert_eq!(told["follow_up_questions"], json!([]));
    catch_up(app);
    let body = json!({"content": "O que é hipertrofia?", "session_id": "1731_x"});
    let streamed = app.post(ana, "/api/chat/stream", body).await;
    let events = events(&streamed.text);
    let written: String = events
        .iter()
        .filter(|(name, _)| name == "token")
        .map(|(_, data)| data["text"].as_str().unwrap())
        .collect();
    let (name, done) = events.last().unwrap();
    assert_eq!(name, "done", "{streamed:?}");
    assert_eq!(done["answer"], written);
    assert_eq!(
        done["learning_context"]["user_level"], "beginner",
        "the conversation goes on"
    );
}

async fn studies_a_topic(app: &TestApp, ana: &Person) {
    let path = get(
        app,
        ana,
        "/api/chat/learning-path/hipertrofia%20muscular?user_level=beginner",
    )
    .await;
    let steps = path["learning_path"].as_array().unwrap();
    assert!(steps.len() >= 3, "{path}");
    assert_eq!(path["resources_available"], true);
    assert!(path["estimated_time"].as_str().unwrap().contains("minuto"));
    assert!(path["prerequisites"].is_array());
    let mut before = (String::new(), 0);
    for (at, step) in steps.iter().enumerate() {
        assert_eq!(step["step"], at + 1);
        assert!(["easy", "medium", "hard"].contains(&step["difficulty"].as_str().unwrap()));
        let place = (
            step["source"].as_str().unwrap().to_owned(),
            step["page"].as_u64().unwrap_or(0),
        );
        assert!(place >= before, "{path}");
        before = place;
    }
    let silent = get(app, ana, "/api/chat/learning-path/xilofone%2Fbarroco").await;
    assert_eq!(silent["topic"], "xilofone/barroco");

    let explored = ask(
        app,
        ana,
        "/api/chat/explore-topic",
        json!({"topic": "hipertrofia", "user_level": "advanced"}),
    )
    .await;
    let aspects = explored["aspects"].as_array().unwrap();
    assert!(!aspects.is_empty(), "{explored}");
    for aspect in aspects {
        assert!(!aspect["sources"].as_array().unwrap().is_empty());
    }
    assert_eq!(
        aspects.len() + explored["not_covered"].as_array().unwrap().len(),
        5
    );
}

async fn keeps_conversations(app: &TestApp, ana: &Person, admin: &Person) {
    let listed = get(app, ana, "/api/chat/conversations").await;
    let listed = listed.as_array().unwrap();
    assert_eq!(listed.len(), 3);
    let page = get(app, ana, "/api/chat/conversations?limit=1").await;
    assert_eq!(page[0], listed[0]);
    let last = page[0]["id"].as_str().unwrap();
    let rest = get(app, ana, &format!("/api/chat/conversations?after={last}")).await;
    assert_eq!(rest.as_array().unwrap(), &listed[1..]);
    let talk = listed
        .iter()
        .find(|one| one["session_id"] == "1731_x")
        .unwrap();
    assert_eq!(talk["title"], "O que é hipertrofia?");
    let id = talk["id"].as_str().unwrap();
    let path = format!("/api/chat/conversations/{id}");
    let whole = get(app, ana, &path).await;
    let messages = whole["messages"].as_array().unwrap();
    let roles: Vec<&str> = messages
        .iter()
        .map(|one| one["role"].as_str().unwrap())
        .collect();
    assert_eq!(roles, ["user", "assistant", "user", "assistant"]);
    assert!(messages.iter().all(|one| one["answered"] == true));

    // Another user finds nothing of it, and the same session id is another conversation.
    let none = get(app, admin, "/api/chat/session/1731_x/context").await;
    assert_eq!(none["conversation_id"], Value::Null);
    let answer = messages[1]["id"].as_str().unwrap();
    let feedback = format!("/api/chat/messages/{answer}/feedback");
    for (method, path, body) in [
        ("GET", path.clone(), None),
        ("GET", format!("{path}/export"), None),
        ("PUT", path.clone(), Some(json!({"title": "minha"}))),
        ("DELETE", path.clone(), None),
        (
            "POST",
            "/api/chat".to_owned(),
            Some(json!({"content": "E?", "conversation_id": id})),
        ),
        (
            "POST",
            "/api/chat/stream".to_owned(),
            Some(json!({"content": "E?", "conversation_id": id})),
        ),
    ] {
        app.call(Some(admin), method, &path, body)
            .await
            .problem(404, "conversation_not_found");
    }
    app.post(admin, &feedback, json!({"rating": "up"}))
        .await
        .problem(404, "not_found");

    app.post(
        ana,
        &feedback,
        json!({"rating": "👎", "reason": "faltou um exemplo"}),
    )
    .await
    .ok();
    let question = messages[0]["id"].as_str().unwrap();
    app.post(
        ana,
        &format!("/api/chat/messages/{question}/feedback"),
        json!({"rating": "up"}),
    )
    .await
    .problem(404, "not_found");
    app.post(ana, &feedback, json!({"rating": "talvez"}))
        .await
        .problem(422, "unprocessable");
    app.post(
        ana,
        &feedback,
        json!({"rating": "up", "reason": "r".repeat(2_001)}),
    )
    .await
    .problem(422, "unprocessable");
    let judged = get(app, admin, "/api/chat/feedback").await;
    assert_eq!(judged[0]["message_id"], answer);
    assert_eq!(
        (&judged[0]["rating"], &judged[0]["reason"]),
        (&json!("down"), &json!("faltou um exemplo"))
    );
    assert!(
        !judged.to_string().contains("ana\""),
        "it is not told whose it is"
    );
    assert_eq!(get(app, ana, &path).await["messages"][1]["rating"], "down");
    app.post(ana, &feedback, json!({"rating": null})).await.ok();
    assert_eq!(get(app, admin, "/api/chat/feedback").await, json!([]));

    app.put(ana, &path, json!({"title": " Hipertrofia "}))
        .await
        .ok();
    app.put(ana, &path, json!({"title": " "}))
        .await
        .problem(422, "unprocessable");
    let exported = app.get(ana, &format!("{path}/export")).await;
    assert_eq!(exported.content_type, "text/markdown");
    assert!(
        exported
            .header("content-disposition")
            .starts_with("attachment")
    );
    assert!(
        exported.text.starts_with("# Hipertrofia\n"),
        "{}",
        exported.text
    );
    assert!(
        exported.text.contains("hipertrofia.pdf, p. 1)"),
        "{}",
        exported.text
    );
    let exported = app
        .get(ana, &format!("{path}/export?format=json"))
        .await
        .ok();
    assert_eq!(exported["messages"].as_array().unwrap().len(), 4);

    app.delete(ana, &path).await.ok();
    app.get(ana, &path)
        .await
        .problem(404, "conversation_not_found");
    let gone = get(app, ana, "/api/chat/session/1731_x/context").await;
    assert_eq!(gone["conversation_id"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_rag_server_is_away_questions_are_kept_unanswered() {
    let mut rag = RagServer::start(&[("SERVICE_SECRET", SERVICE_SECRET)]).await;
    let url = rag.url().to_string();
    let app = TestApp::with(&[("RAG_SERVER_URL", &url), ("MAX_MSGS_POR_HORA", "1")]).await;
    let admin = app.admin().await;
    rag.kill();
    for path in ["/api/chat", "/api/chat/educational", "/api/chat/stream"] {
        let told = app
            .post(
                &admin,
                path,
                json!({"content": "O que é VO2?", "session_id": "s"}),
            )
            .await;
        let problem = told.problem(503, "provider_unavailable");
        assert!(
            problem["detail"].as_str().unwrap().contains("fora do ar"),
            "{problem}"
        );
        assert_eq!(told.header("retry-after"), "5");
    }
    app.get(&admin, "/api/models")
        .await
        .problem(503, "provider_unavailable");
    app.get(&admin, "/api/chat/learning-path/x")
        .await
        .problem(503, "provider_unavailable");
    let listed = app.get(&admin, "/api/chat/conversations").await.ok();
    let id = listed[0]["id"].as_str().unwrap();
    let whole = app
        .get(&admin, &format!("/api/chat/conversations/{id}"))
        .await
        .ok();
    let messages = whole["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 3);
    assert!(
        messages
            .iter()
            .all(|one| one["answered"] == false && one["role"] == "user")
    );
    rag.restart().await;
    catch_up(&app);
    // Nothing of it counted: the one question of the hour is still there.
    let told = app
        .post(
            &admin,
            "/api/chat",
            json!({"content": "O que é VO2?", "session_id": "s"}),
        )
        .await
        .ok();
    assert_eq!(told["mode"], "not_found");
    app.stop().await;
}

/// What a chat model streams: one sentence that the first passage proves, and what it cost.
fn written() -> String {
    let sentence = "Hipertrofia muscular é o aumento da área de secção transversa do músculo [1].";
    let events = [
        json!({"id": "1", "choices": [{"index": 0, "delta": {"content": sentence}, "finish_reason": null}]}),
        json!({"id": "1", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}),
        json!({"id": "1", "choices": [], "usage": {"prompt_tokens": 1000, "completion_tokens": 500, "total_tokens": 1500}}),
    ];
    let lines: Vec<String> = events
        .iter()
        .map(|event| format!("data: {event}\n\n"))
        .collect();
    format!("{}data: [DONE]\n\n", lines.concat())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_model_writes_as_the_assistant_is_set_up_until_the_money_is_gone() {
    let provider = wiremock::MockServer::start().await;
    let reply = wiremock::ResponseTemplate::new(200).set_body_raw(written(), "text/event-stream");
    wiremock::Mock::given(wiremock::matchers::method("POST"))
        .respond_with(reply)
        .mount(&provider)
        .await;
    let models = json!({"models": [{
        "name": "mini", "provider": "openai", "model": "gpt-4o-mini", "base_url": format!("{}/v1", provider.uri()),
        "key_variable": "OPENAI_API_KEY", "context": 128_000, "max_output": 1_000, "price_in": 1.0, "price_out": 2.0,
        "timeout": 30
    }]});
    let folder = tempfile::tempdir().unwrap();
    for name in ["base.yaml", "development.yaml"] {
        let from = format!("{}/../config/{name}", env!("CARGO_MANIFEST_DIR"));
        std::fs::copy(from, folder.path().join(name)).unwrap();
    }
    std::fs::write(folder.path().join("models.json"), models.to_string()).unwrap();
    let config = folder.path().display().to_string();
    let rag = rag_with_samples(&[
        ("CONFIG_DIR", &config),
        ("OPENAI_API_KEY", "chave-que-so-este-teste-conhece"),
    ])
    .await;
    let url = rag.url().to_string();
    let variables = [
        ("RAG_SERVER_URL", url.as_str()),
        ("CHAT_DAILY_BUDGET", "0.003"),
    ];
    let app = TestApp::with(&variables).await;
    let admin = app.admin().await;
    let change = json!({"prompt": "Chame o estudante de atleta.", "temperature": 0.65, "model": "gpt-4o-mini"});
    ask(&app, &admin, "/api/assistant/config", change).await;
    assert_eq!(
        get(&app, &admin, "/api/models").await["models"][0]["name"],
        "mini"
    );

    let question = |level: &str| json!({"content": "O que é hipertrofia?", "user_level": level, "learning_style": "visual"});
    let first = ask(&app, &admin, "/api/chat/educational", question("beginner")).await;
    assert_eq!(
        (&first["mode"], &first["model"]),
        (&json!("generated"), &json!("mini")),
        "{first}"
    );
    assert!(
        first["response"]
            .as_str()
            .unwrap()
            .contains("secção transversa do músculo"),
        "{first}"
    );
    assert_eq!(
        first["usage"],
        json!({"prompt_tokens": 1000, "completion_tokens": 500})
    );
    // 1,000 tokens at 1 and 500 at 2 US dollars per million.
    assert!((first["cost"].as_f64().unwrap() - 0.002).abs() < 1e-9);
    let second = ask(&app, &admin, "/api/chat/educational", question("advanced")).await;
    assert_eq!(second["mode"], "generated");
    let asked = provider.received_requests().await.unwrap();
    let prompts: Vec<Value> = asked
        .iter()
        .map(|request| request.body_json().unwrap())
        .collect();
    assert_eq!(prompts.len(), 2);
    for prompt in &prompts {
        assert!(
            prompt.to_string().contains("Chame o estudante de atleta."),
            "{prompt}"
        );
        assert!(
            (prompt["temperature"].as_f64().unwrap() - 0.65).abs() < 1e-6,
            "{prompt}"
        );
    }
    assert_ne!(
        prompts[0]["messages"][0], prompts[1]["messages"][0],
        "the level changes what is asked for"
    );

    let third = ask(
        &app,
        &admin,
        "/api/chat/educational",
        question("intermediate"),
    )
    .await;
    assert_eq!(third["mode"], "extractive");
    assert!(
        third["notices"][0].as_str().unwrap().contains("orçamento"),
        "{third}"
    );
    assert_eq!(
        provider.received_requests().await.unwrap().len(),
        2,
        "no more money goes out"
    );
    app.stop().await;
}
