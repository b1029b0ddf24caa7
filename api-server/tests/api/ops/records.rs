use std::time::Duration;

use serde_json::{Value, json};

use crate::chat::stand_in::{Script, StandIn, answer};
use crate::test_app::{On, TestApp, on_both};

const QUESTION: &str = "Quem marca a carga?";

async fn stand_in(body: Value) -> StandIn {
    StandIn::start(Script {
        query: Some((200, body)),
        ..Script::default()
    })
    .await
}

fn records(app: &TestApp) -> Vec<Value> {
    let Ok(files) = std::fs::read_dir(app.folder.path().join("runs")) else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        lines.extend(text.lines().map(|line| serde_json::from_str(line).unwrap()));
    }
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_recorded_without_their_texts() {
    let rag = stand_in(answer("A carga cresce aos poucos. [1]", 0.002)).await;
    let app = rag.app(On::Embedded, &[]).await.unwrap();
    let admin = app.admin().await;
    let request = app
        .request("POST", "/chat")
        .bearer_auth(&admin.token)
        .header("x-request-id", "pergunta-1")
        .json(&json!({ "content": QUESTION }));
    let answered = app.send(request).await.ok();
    let records = records(&app);
    assert_eq!(records.len(), 1);
    let record = &records[0];
    assert_eq!(record["request_id"], "pergunta-1");
    assert_eq!(record["message_id"], answered["message_id"]);
    assert_eq!(
        (&record["question_chars"], &record["sources"]),
        (&json!(19), &json!(1))
    );
    assert_eq!(
        (&record["prompt_tokens"], &record["model"]),
        (&json!(100), &json!("mini"))
    );
    assert_eq!(record["texts"], Value::Null);
    let whole = record.to_string();
    assert!(
        !whole.contains("Quem marca") && !whole.contains("cresce"),
        "{whole}"
    );

    // Old ones go.
    app.clock.advance(Duration::from_secs(31 * 24 * 3600));
    let admin = app.admin().await;
    app.post(&admin, "/jobs/limpar-encerrados", json!({}))
        .await
        .ok();
    assert_eq!(self::records(&app), Vec::<Value>::new());
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_are_recorded_where_that_is_allowed_and_nothing_where_it_is_off() {
    let rag = stand_in(answer("A carga cresce aos poucos. [1]", 0.0)).await;
    let app = rag
        .app(On::Embedded, &[("CHAT_RUNS_TEXTS", "true")])
        .await
        .unwrap();
    let admin = app.admin().await;
    app.post(&admin, "/chat", json!({ "content": QUESTION }))
        .await
        .ok();
    let record = &records(&app)[0];
    assert_eq!(record["texts"]["question"], QUESTION);
    assert!(
        record["texts"]["answer"]
            .as_str()
            .unwrap()
            .contains("cresce")
    );
    app.stop().await;

    let app = rag
        .app(On::Embedded, &[("CHAT_RUNS", "false")])
        .await
        .unwrap();
    let admin = app.admin().await;
    app.post(&admin, "/chat", json!({ "content": QUESTION }))
        .await
        .ok();
    assert_eq!(records(&app), Vec::<Value>::new());
    app.stop().await;
}

on_both! {
    async fn reports_tell_of_the_day_before(app) {
        let admin = app.admin().await;
        app.put(&admin, "/alerts/settings", json!({ "emails": ["direcao@example.org"] })).await.ok();
        app.member(&admin, "professor", "instructor").await;
        // Nobody answers: the question stays open.
        app.post(&admin, "/chat", json!({ "content": "O que é <b>hipertrofia</b>?" })).await.problem(503, "provider_unavailable");
        app.clock.advance(Duration::from_secs(24 * 3600));
        let admin = app.admin().await;
        assert_eq!(app.post(&admin, "/jobs/relatorio-diario", json!({})).await.ok()["outcome"], "done");
        assert_eq!(app.post(&admin, "/jobs/followup-diario", json!({})).await.ok()["outcome"], "done");
        app.services.send_notices().await.unwrap();
        let report = &app.letters.to("direcao@example.org")[0];
        assert!(report.subject.starts_with("[Acervo] Relatório de "), "{report:?}");
        assert!(report.plain.contains("Perguntas: 1 de 1 pessoas"), "{report:?}");
        assert!(report.plain.contains("- O que é <b>hipertrofia</b>?"), "{report:?}");
        assert!(report.html.contains("&lt;b&gt;hipertrofia"), "{report:?}");
        let follow_up = app.letters.to("professor@example.org");
        assert!(follow_up.iter().any(|letter| letter.subject == "[Acervo] Para acompanhar"), "{follow_up:?}");

        let judged = app.post(&admin, "/jobs/avaliar-conversas-pendentes", json!({})).await.ok();
        assert_eq!(judged["message"], "1 conversas avaliadas");
        let again = app.post(&admin, "/jobs/avaliar-conversas-pendentes", json!({})).await.ok();
        assert_eq!(again["message"], "0 conversas avaliadas");
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_names_the_materials_that_were_used_most() {
    let rag = stand_in(answer("A carga cresce aos poucos. [1]", 0.25)).await;
    let app = rag.app(On::Embedded, &[]).await.unwrap();
    let admin = app.admin().await;
    app.put(
        &admin,
        "/alerts/settings",
        json!({ "emails": ["direcao@example.org"] }),
    )
    .await
    .ok();
    for _ in 0..2 {
        app.post(&admin, "/chat", json!({ "content": QUESTION }))
            .await
            .ok();
    }
    app.clock.advance(Duration::from_secs(24 * 3600));
    let admin = app.admin().await;
    app.post(&admin, "/jobs/relatorio-diario", json!({}))
        .await
        .ok();
    app.services.send_notices().await.unwrap();
    let report = &app.letters.to("direcao@example.org")[0].plain;
    assert!(report.contains("- Aula 3 (2)"), "{report}");
    assert!(report.contains("Respondidas com o material: 2"), "{report}");
    assert!(report.contains("Custo: US$ 0.5000"), "{report}");
    app.stop().await;
}
