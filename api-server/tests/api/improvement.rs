//! The weekly improvement: what people open teaches the ranking, once, and only while they keep it.

use serde_json::{Value, json};
use shared::testing::RagServer;

use crate::chat::stand_in::{Script, StandIn, answer};
use crate::materials::text;
use crate::test_app::{On, Person, SERVICE_SECRET, TestApp};

const JOB: &str = "atualizar-prompt-feedback";

/// An answer that cites the first of two sources.
fn two_sources() -> Value {
    let mut told = answer("A carga cresce aos poucos. [1]", 0.0);
    let mut second = told["sources"][0].clone();
    second["n"] = json!(2);
    second["chunk_id"] = json!("m2:1");
    second["material_id"] = json!("m2");
    told["sources"].as_array_mut().unwrap().push(second);
    told
}

fn learned(outcome: &str) -> Value {
    json!({
        "version": 3, "created_at": "2026-11-22T05:00:00.000Z", "outcome": outcome, "detail": "O ordenamento aprendeu.",
        "faults": [], "examples": 60, "people": 7, "from": 2, "held_out_before": { "ndcg_10": 0.8, "hit_1": 0.6 },
        "held_out_after": { "ndcg_10": 0.9, "hit_1": 0.7 }, "before": [], "after": [], "took_ms": 900
    })
}

async fn rag(outcome: &str) -> StandIn {
    let mut script = Script {
        query: Some((200, two_sources())),
        ..Script::default()
    };
    script.more.insert(
        "/ranking/examples".to_owned(),
        json!({ "usable": 1, "gone": 0, "silent": 0 }),
    );
    script
        .more
        .insert("/ranking/learn".to_owned(), learned(outcome));
    StandIn::start(script).await
}

async fn ask(app: &TestApp, who: &Person, question: &str) -> String {
    let asked = app
        .post(who, "/api/chat", json!({ "content": question }))
        .await
        .ok();
    text(&asked, "message_id")
}

async fn open(app: &TestApp, who: &Person, message: &str, n: i64) -> crate::test_app::Answer {
    let path = format!("/api/chat/messages/{message}/opened");
    app.post(who, &path, json!({ "n": n })).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_opened_is_learned_from_once() {
    for on in [On::Embedded, On::Shared] {
        let rag = rag("accepted").await;
        let Some(app) = rag.app(on, &[]).await else {
            continue;
        };
        let admin = app.admin().await;
        let (ana, bruno) = (
            app.member(&admin, "ana", "student").await,
            app.member(&admin, "bruno", "student").await,
        );
        let liked = ask(&app, &ana, "Como cresce a carga?").await;
        let opened = ask(&app, &bruno, "E o descanso?").await;
        let silent = ask(&app, &bruno, "E a dieta?").await;
        let feedback = format!("/api/chat/messages/{liked}/feedback");
        app.post(&ana, &feedback, json!({ "rating": "up" }))
            .await
            .ok();
        for _ in 0..2 {
            assert_eq!(open(&app, &bruno, &opened, 2).await.status, 204);
        }
        open(&app, &bruno, &opened, 3)
            .await
            .problem(422, "unprocessable");
        open(&app, &ana, &opened, 2).await.problem(404, "not_found");
        open(&app, &ana, "nada", 1).await.problem(404, "not_found");
        assert_ne!(silent, opened);

        app.clock.advance(std::time::Duration::from_secs(1));
        let ran = app.ran(&admin, JOB).await;
        assert_eq!(
            (&ran["outcome"], &ran["message"]),
            (&json!("done"), &json!("O ordenamento aprendeu."))
        );
        let sent = rag.heard("/ranking/examples");
        assert_eq!(sent.len(), 1, "{sent:?}");
        let examples = sent[0]["examples"].as_array().unwrap();
        let of = |question: &str| {
            let found = examples.iter().find(|one| one["question"] == question);
            found.unwrap_or_else(|| panic!("{sent:?}"))
        };
        assert_eq!(examples.len(), 2, "{sent:?}");
        assert_eq!(
            of("E o descanso?")["shown"],
            json!([
                { "material_id": "m1", "chunk_id": "m1:1", "opened": false, "cited": true },
                { "material_id": "m2", "chunk_id": "m2:1", "opened": true, "cited": false }
            ])
        );
        assert_eq!(of("Como cresce a carga?")["rating"], "up");
        assert_eq!(of("E o descanso?")["rating"], Value::Null);
        let people = [&examples[0]["person"], &examples[1]["person"]];
        assert_ne!(people[0], people[1]);
        assert!(!sent[0].to_string().contains(&ana.id), "{sent:?}");
        assert_eq!(
            rag.heard("/ranking/learn"),
            [json!({ "run": sent[0]["run"] })]
        );

        let kept = app.get(&admin, "/jobs/improvements").await.ok();
        assert_eq!(
            (&kept[0]["outcome"], &kept[0]["version"], &kept[0]["people"]),
            (&json!("accepted"), &json!(3), &json!(7))
        );
        assert_eq!(kept[0]["figures"]["held_out_after"]["ndcg_10"], 0.9);
        let audit = app.get(&admin, "/api/auth/audit").await.ok();
        let noted = audit.to_string();
        assert!(
            noted.contains("ranking_learned") && noted.contains("accepted"),
            "{noted}"
        );

        // What was learned from once is not sent again.
        let again = app.ran(&admin, JOB).await;
        assert!(
            text(&again, "message").contains("Não há avaliações"),
            "{again}"
        );
        assert_eq!(rag.heard("/ranking/examples").len(), 1);
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_refused_is_sent_again_and_what_was_removed_never() {
    for on in [On::Embedded, On::Shared] {
        let rag = rag("refused").await;
        let Some(app) = rag.app(on, &[]).await else {
            continue;
        };
        let admin = app.admin().await;
        let ana = app.member(&admin, "ana", "student").await;
        let kept = ask(&app, &ana, "Como cresce a carga?").await;
        open(&app, &ana, &kept, 1).await.ok();
        let body = json!({ "content": "E o descanso?", "session_id": "outra" });
        let removed = app.post(&ana, "/api/chat/educational", body).await.ok();
        open(&app, &ana, &text(&removed, "message_id"), 2)
            .await
            .ok();
        let conversation = text(&removed, "conversation_id");
        let path = format!("/api/chat/conversations/{conversation}");
        assert_eq!(app.delete(&ana, &path).await.status, 204);
        for _ in 0..2 {
            app.ran(&admin, JOB).await;
        }
        let sent = rag.heard("/ranking/examples");
        assert_eq!(sent.len(), 2, "{sent:?}");
        for batch in &sent {
            assert_eq!(batch["examples"].as_array().unwrap().len(), 1, "{sent:?}");
            assert_eq!(batch["examples"][0]["question"], "Como cresce a carga?");
        }
        assert_ne!(
            sent[0]["examples"][0]["person"], sent[1]["examples"][0]["person"],
            "another name each time"
        );
        let kept = app.get(&admin, "/jobs/improvements").await.ok();
        assert_eq!(kept.as_array().unwrap().len(), 2);
        assert_eq!(kept[0]["outcome"], "refused");
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_material_opened_from_an_answer_counts_as_its_source() {
    let rag = rag("accepted").await;
    let app = rag.app(On::Embedded, &[]).await.unwrap();
    let admin = app.admin().await;
    app.upload(&admin, "aula.txt", b"A carga cresce.")
        .await
        .ok();
    let shared::db::Db::Sqlite(pool) = app.services.db() else {
        unreachable!()
    };
    let uid: String = sqlx::query_scalar("SELECT uid FROM materials")
        .fetch_one(pool)
        .await
        .unwrap();
    let mut told = two_sources();
    told["sources"][1]["material_id"] = json!(uid);
    rag.answers(told);
    let message = ask(&app, &admin, "Como cresce a carga?").await;
    let another = ask(&app, &admin, "E o descanso?").await;
    for answer in ["nada", &message] {
        let path = format!("/api/materials/aula.txt?answer={answer}");
        assert_eq!(app.get(&admin, &path).await.text, "A carga cresce.");
    }
    app.ran(&admin, JOB).await;
    let sent = rag.heard("/ranking/examples");
    assert_eq!(sent[0]["examples"].as_array().unwrap().len(), 1, "{sent:?}");
    assert_eq!(sent[0]["examples"][0]["shown"][1]["opened"], true);
    assert_eq!(sent[0]["examples"][0]["shown"][0]["opened"], false);
    assert_ne!(message, another);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rag_server_that_is_away_fails_the_run_and_loses_nothing() {
    let rag = rag("accepted").await;
    let app = rag.app(On::Embedded, &[]).await.unwrap();
    let admin = app.admin().await;
    let message = ask(&app, &admin, "Como cresce a carga?").await;
    open(&app, &admin, &message, 1).await.ok();
    let learn = rag.script.lock().unwrap().more.remove("/ranking/learn");
    let ran = app.ran(&admin, JOB).await;
    assert_eq!(ran["outcome"], "failed", "{ran}");
    let kept = app.get(&admin, "/jobs/improvements").await.ok();
    assert_eq!(kept, json!([]));
    rag.script
        .lock()
        .unwrap()
        .more
        .insert("/ranking/learn".to_owned(), learn.unwrap());
    let ran = app.ran(&admin, JOB).await;
    assert_eq!(ran["outcome"], "done", "{ran}");
    assert_eq!(rag.heard("/ranking/examples").len(), 2);
    app.stop().await;
}

/// Both servers, really: ten students ask six questions each and open the first source.
#[tokio::test(flavor = "multi_thread")]
async fn the_rag_server_learns_from_real_answers() {
    let rag = RagServer::start(&[("SERVICE_SECRET", SERVICE_SECRET)]).await;
    let url = rag.url().to_string();
    let app = TestApp::in_real_time(On::Embedded, &[("RAG_SERVER_URL", &url)])
        .await
        .unwrap();
    crate::chat::story::send_samples(&rag).await;
    let admin = app.admin().await;
    let questions = [
        "O que é hipertrofia muscular?",
        "Qual é o estímulo mais importante para a hipertrofia?",
        "Quanto tempo descansar entre as séries de exercícios multiarticulares?",
        "Quantos gramas de proteína por dia bastam para o ganho de massa magra?",
        "Qual é o descanso do supino reto com barra?",
        "Qual é o prazo para pedir segunda chamada?",
        "Como é a avaliação da disciplina?",
        "O que a tensão mecânica faz ao músculo?",
        "Que exercícios há no treino A?",
    ];
    // Only where there are sources to choose from can anything be told.
    let mut telling = Vec::new();
    for question in questions {
        let body = json!({ "content": question });
        let asked = app.post(&admin, "/api/chat", body).await.ok();
        if asked["sources"].as_array().unwrap().len() > 1 {
            telling.push(question);
        }
    }
    assert!(!telling.is_empty());
    for number in 0..10 {
        let name = format!("aluno{number}");
        let student = app.member(&admin, &name, "student").await;
        for question in telling.iter().cycle().take(6) {
            let message = ask(&app, &student, question).await;
            open(&app, &student, &message, 1).await.ok();
        }
    }
    let ran = app.ran(&admin, JOB).await;
    assert_eq!(ran["outcome"], "done", "{ran}");
    let kept = app.get(&admin, "/jobs/improvements").await.ok();
    let run = &kept[0];
    // The first source answers already: there is nothing to gain, and the gate says so.
    assert_eq!(run["outcome"], "refused", "{run}");
    assert_eq!(run["figures"]["faults"], json!(["nothing_gained"]), "{run}");
    assert_eq!(run["people"], 10, "{run}");
    assert_eq!(run["examples"], 60, "{run}");
    app.stop().await;
}
