//! Questions and messages for later.

use std::time::Duration;

use serde_json::{Value, json};

use super::stand_in::{Script, StandIn, answer};
use crate::test_app::{On, Person, TestApp};

const BOTH: [On; 2] = [On::Embedded, On::Shared];
const MINUTE: Duration = Duration::from_secs(60);

async fn stand_in() -> StandIn {
    StandIn::start(Script {
        query: Some((200, answer("A carga cresce aos poucos. [1]", 0.002))),
        ..Script::default()
    })
    .await
}

async fn plan(app: &TestApp, who: &Person, body: Value) -> Value {
    let made = app.post(who, "/chat/planned", body).await;
    assert_eq!(made.status, 201, "{made:?}");
    made.json()
}

async fn read(app: &TestApp, who: &Person, planned: &Value) -> Value {
    let path = format!("/chat/planned/{}", planned["id"].as_str().unwrap());
    app.get(who, &path).await.ok()
}

/// RFC 3339, so long from now.
fn in_time(app: &TestApp, wait: Duration) -> String {
    use shared::clock::Clock as _;
    let at = app.clock.now_ms() + i64::try_from(wait.as_millis()).unwrap();
    shared::clock::rfc3339(at)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_asked_once_at_its_minute_whoever_looks() {
    let rag = stand_in().await;
    for on in BOTH {
        let Some(app) = rag.app(on, &[]).await else {
            continue;
        };
        rag.heard.lock().unwrap().clear();
        let admin = app.admin().await;
        let ana = app.member(&admin, "ana", "student").await;
        let at = in_time(&app, 10 * MINUTE);
        let body = json!({"content": "O que é força?", "at": at, "by_mail": true, "user_level": "advanced"});
        let made = plan(&app, &ana, body).await;
        assert_eq!(
            (&made["next_at"], &made["last"]),
            (&json!(at), &Value::Null)
        );
        assert_eq!(app.services.do_planned().await.unwrap(), 0);

        app.clock.advance(10 * MINUTE);
        let done = tokio::try_join!(
            app.services.do_planned(),
            app.services.do_planned(),
            app.services.do_planned(),
            app.services.do_planned(),
        );
        let (one, two, three, four) = done.unwrap();
        assert_eq!(one + two + three + four, 1);
        assert_eq!(app.services.do_planned().await.unwrap(), 0);
        let heard = rag.heard("/query");
        assert_eq!(heard.len(), 1);
        assert_eq!(
            (&heard[0]["question"], &heard[0]["level"]),
            (&json!("O que é força?"), &json!("advanced"))
        );

        let now = read(&app, &ana, &made).await;
        assert_eq!(
            (&now["next_at"], &now["last"]["outcome"]),
            (&Value::Null, &json!("done")),
            "{now}"
        );
        assert_eq!(now["last"]["planned_at"], json!(at));
        let path = format!(
            "/chat/conversations/{}",
            now["conversation_id"].as_str().unwrap()
        );
        let whole = app.get(&ana, &path).await.ok();
        let texts: Vec<&str> = whole["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["text"].as_str().unwrap())
            .collect();
        assert_eq!(texts, ["O que é força?", "A carga cresce aos poucos. [1]"]);
        app.services.send_notices().await.unwrap();
        let letters = app.letters.to("ana@example.org");
        let letter = letters.last().unwrap();
        assert_eq!(
            letter.subject.rsplit(": ").next(),
            Some("O que é força?"),
            "{letter:?}"
        );
        assert!(
            letter.plain.contains("A carga cresce aos poucos."),
            "{letter:?}"
        );

        // Nobody else sees it.
        let beto = app.member(&admin, "beto", "student").await;
        assert_eq!(app.get(&beto, "/chat/planned").await.ok(), json!([]));
        let path = format!("/chat/planned/{}", made["id"].as_str().unwrap());
        for method in ["GET", "DELETE", "PUT"] {
            let body = (method == "PUT").then(|| json!({}));
            app.call(Some(&beto), method, &path, body)
                .await
                .problem(404, "not_found");
        }
        app.delete(&ana, &path).await.ok();
        app.get(&ana, &path).await.problem(404, "not_found");
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_missed_is_made_up_once_in_its_own_zone() {
    let rag = stand_in().await;
    for on in BOTH {
        let Some(app) = rag.app(on, &[]).await else {
            continue;
        };
        rag.heard.lock().unwrap().clear();
        let admin = app.admin().await;
        let body = json!({"content": "E hoje?", "cron": "0 8 * * *", "time_zone": "Asia/Tokyo"});
        let made = plan(&app, &admin, body).await;
        assert!(
            made["next_at"]
                .as_str()
                .unwrap()
                .ends_with("T23:00:00.000Z"),
            "{made}"
        );
        app.clock.advance(Duration::from_secs(4 * 24 * 3600));
        let admin = app.admin().await;
        // By the clock of the server, as an administrator may ask for it too.
        let ran = app
            .post(&admin, "/jobs/processar-mensagens-agendadas", json!({}))
            .await
            .ok();
        assert_eq!(
            ran["message"], "1 feitas, 0 sem sucesso, 0 para tentar de novo",
            "{ran}"
        );
        assert_eq!(app.services.do_planned().await.unwrap(), 0);
        let first = read(&app, &admin, &made).await;
        let next = first["next_at"].as_str().unwrap().to_owned();
        assert!(
            next.ends_with("T23:00:00.000Z") && next > in_time(&app, Duration::ZERO),
            "{first}"
        );
        app.clock.advance(Duration::from_secs(24 * 3600));
        let admin = app.admin().await;
        assert_eq!(app.services.do_planned().await.unwrap(), 1);
        assert_eq!(rag.heard("/query").len(), 2);
        // It goes on where it began.
        let second = read(&app, &admin, &made).await;
        assert_eq!(second["conversation_id"], first["conversation_id"]);
        let path = format!(
            "/chat/conversations/{}",
            second["conversation_id"].as_str().unwrap()
        );
        assert_eq!(
            app.get(&admin, &path).await.ok()["messages"]
                .as_array()
                .unwrap()
                .len(),
            4
        );
        // And somewhere else once that is gone.
        app.delete(&admin, &path).await.ok();
        assert_eq!(
            read(&app, &admin, &made).await["conversation_id"],
            Value::Null
        );
        app.clock.advance(Duration::from_secs(24 * 3600));
        let admin = app.admin().await;
        assert_eq!(app.services.do_planned().await.unwrap(), 1);
        let third = read(&app, &admin, &made).await;
        assert!(
            third["conversation_id"].is_string()
                && third["conversation_id"] != first["conversation_id"]
        );
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_try_that_failed_leaves_nothing_and_is_made_again() {
    let rag = stand_in().await;
    let away = json!({"type": "/problems/overloaded", "title": "x", "status": 503, "code": "overloaded", "detail": "Volte logo mais."});
    for on in BOTH {
        let Some(app) = rag.app(on, &[]).await else {
            continue;
        };
        let admin = app.admin().await;
        rag.script.lock().unwrap().query = Some((503, away.clone()));
        let body = json!({"content": "O que é força?", "at": in_time(&app, MINUTE)});
        let made = plan(&app, &admin, body.clone()).await;
        app.clock.advance(MINUTE);
        assert_eq!(app.services.do_planned().await.unwrap(), 0);
        let now = read(&app, &admin, &made).await;
        assert_eq!(
            (&now["trouble"], &now["last"]),
            (&json!("Volte logo mais."), &Value::Null)
        );
        // Not before its time.
        rag.answers(answer("A carga cresce. [1]", 0.0));
        assert_eq!(app.services.do_planned().await.unwrap(), 0);
        app.clock.advance(MINUTE);
        assert_eq!(app.services.do_planned().await.unwrap(), 1);
        let now = read(&app, &admin, &made).await;
        assert_eq!(
            (&now["trouble"], &now["last"]["outcome"]),
            (&Value::Null, &json!("done")),
            "{now}"
        );
        let conversations = app.get(&admin, "/chat/conversations").await.ok();
        assert_eq!(conversations.as_array().unwrap().len(), 1);
        let path = format!(
            "/chat/conversations/{}",
            now["conversation_id"].as_str().unwrap()
        );
        let messages = app.get(&admin, &path).await.ok()["messages"].clone();
        let answered: Vec<bool> = messages
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["answered"].as_bool().unwrap())
            .collect();
        assert_eq!(answered, [true, true], "{messages}");

        // Three tries, then it is told.
        rag.script.lock().unwrap().query = Some((503, away.clone()));
        let body = json!({"content": "O que é força?", "at": in_time(&app, MINUTE)});
        let made = plan(&app, &admin, body).await;
        for wait in [MINUTE, MINUTE, 5 * MINUTE] {
            assert_eq!(read(&app, &admin, &made).await["last"], Value::Null);
            app.clock.advance(wait);
            app.services.do_planned().await.unwrap();
        }
        let now = read(&app, &admin, &made).await;
        assert_eq!(
            (&now["last"]["outcome"], &now["last"]["detail"]),
            (&json!("failed"), &json!("Volte logo mais."))
        );
        assert_eq!(now["next_at"], Value::Null);
        rag.answers(answer("A carga cresce. [1]", 0.0));
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_go_to_whoever_planned_them() {
    let rag = stand_in().await;
    for on in BOTH {
        let Some(app) = rag.app(on, &[]).await else {
            continue;
        };
        let admin = app.admin().await;
        // The first administrator has no address.
        let body =
            json!({"kind": "message", "content": "Prova amanhã!", "at": in_time(&app, MINUTE)});
        let refused = app
            .post(&admin, "/chat/planned", body.clone())
            .await
            .problem(422, "unprocessable");
        assert_eq!(refused["errors"][0]["pointer"], "/by_mail");
        let ana = app.member(&admin, "ana", "student").await;
        let beto = app.member(&admin, "beto", "student").await;
        let made = plan(&app, &ana, body.clone()).await;
        let others = plan(&app, &beto, body).await;
        app.put(&admin, "/auth/users/beto", json!({"disabled": true}))
            .await
            .ok();
        let asked = rag.heard("/query").len();
        app.clock.advance(MINUTE);
        assert_eq!(app.services.do_planned().await.unwrap(), 1);
        app.services.send_notices().await.unwrap();
        assert_eq!(rag.heard("/query").len(), asked);
        assert_eq!(read(&app, &ana, &made).await["last"]["outcome"], "done");
        assert!(
            app.letters
                .to("ana@example.org")
                .last()
                .unwrap()
                .plain
                .contains("Prova amanhã!")
        );
        let reached = app.letters.to("beto@example.org");
        assert!(
            !reached.iter().any(|letter| letter.plain.contains("Prova")),
            "{reached:?}"
        );
        app.put(&admin, "/auth/users/beto", json!({"disabled": false}))
            .await
            .ok();
        let beto = app.person("beto", crate::test_app::PASSWORD).await;
        assert_eq!(
            read(&app, &beto, &others).await["last"]["outcome"],
            "failed"
        );
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_is_not_made_up_and_a_change_holds() {
    let rag = stand_in().await;
    let app = rag.app(On::Embedded, &[]).await.unwrap();
    let admin = app.admin().await;
    let hourly = plan(
        &app,
        &admin,
        json!({"content": "E agora?", "cron": "0 * * * *"}),
    )
    .await;
    let once = plan(
        &app,
        &admin,
        json!({"content": "Uma vez?", "at": in_time(&app, MINUTE)}),
    )
    .await;
    let path = |one: &Value| format!("/chat/planned/{}", one["id"].as_str().unwrap());
    for one in [&hourly, &once] {
        app.put(&admin, &path(one), json!({"paused": true}))
            .await
            .ok();
    }
    app.clock.advance(90 * MINUTE);
    assert_eq!(app.services.do_planned().await.unwrap(), 0);
    let goes_on = app
        .put(&admin, &path(&hourly), json!({"paused": false}))
        .await
        .ok();
    assert!(goes_on["next_at"].as_str().unwrap() > in_time(&app, Duration::ZERO).as_str());
    assert_eq!(app.services.do_planned().await.unwrap(), 0);
    let refused = app
        .put(&admin, &path(&once), json!({"paused": false}))
        .await
        .problem(422, "unprocessable");
    assert_eq!(refused["errors"][0]["pointer"], "/at");
    let at = in_time(&app, MINUTE);
    let changed = app
        .put(
            &admin,
            &path(&once),
            json!({"paused": false, "at": at, "content": "Outra?"}),
        )
        .await
        .ok();
    assert_eq!(
        (&changed["next_at"], &changed["content"]),
        (&json!(at), &json!("Outra?"))
    );
    app.clock.advance(MINUTE);
    assert_eq!(app.services.do_planned().await.unwrap(), 1);
    assert_eq!(rag.heard("/query")[0]["question"], "Outra?");
    // What is over can be planned again.
    let again = app
        .put(
            &admin,
            &path(&once),
            json!({"cron": "30 7 * * 1-5", "time_zone": "UTC"}),
        )
        .await
        .ok();
    assert!(
        again["next_at"]
            .as_str()
            .unwrap()
            .ends_with("T07:30:00.000Z"),
        "{again}"
    );
    let moved = app
        .put(
            &admin,
            &path(&once),
            json!({"time_zone": "America/Sao_Paulo"}),
        )
        .await
        .ok();
    assert!(
        moved["next_at"]
            .as_str()
            .unwrap()
            .ends_with("T10:30:00.000Z"),
        "{moved}"
    );
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_person_plans_only_so_much_and_only_what_can_be() {
    let rag = stand_in().await;
    let app = rag
        .app(On::Embedded, &[("CHAT_PLANNED", "2")])
        .await
        .unwrap();
    let admin = app.admin().await;
    let hourly = json!({"content": "E agora?", "cron": "0 * * * *"});
    let first = plan(&app, &admin, hourly.clone()).await;
    let soon = plan(
        &app,
        &admin,
        json!({"content": "Uma vez?", "at": in_time(&app, MINUTE)}),
    )
    .await;
    let refused = app
        .post(&admin, "/chat/planned", hourly.clone())
        .await
        .problem(409, "conflict");
    assert!(
        refused["detail"].as_str().unwrap().contains('2'),
        "{refused}"
    );
    // What is over does not count, until it is planned again.
    app.clock.advance(MINUTE);
    app.services.do_planned().await.unwrap();
    plan(&app, &admin, hourly.clone()).await;
    let path = format!("/chat/planned/{}", soon["id"].as_str().unwrap());
    app.put(&admin, &path, json!({"cron": "0 * * * *"}))
        .await
        .problem(409, "conflict");
    app.delete(
        &admin,
        &format!("/chat/planned/{}", first["id"].as_str().unwrap()),
    )
    .await
    .ok();
    app.put(&admin, &path, json!({"cron": "0 * * * *"}))
        .await
        .ok();

    let none = "00000000-0000-0000-0000-000000000000";
    let later = in_time(&app, MINUTE);
    for (body, pointer) in [
        (json!({"content": "a"}), "/at"),
        (
            json!({"content": "a", "at": later, "cron": "0 * * * *"}),
            "/at",
        ),
        (
            json!({"content": "a", "at": in_time(&app, Duration::ZERO)}),
            "/at",
        ),
        (json!({"content": "a", "at": "amanhã"}), "/at"),
        (json!({"content": "a", "at": "2999-01-01T00:00:00Z"}), "/at"),
        (json!({"content": "a", "cron": "*/10 * * * *"}), "/cron"),
        (json!({"content": "a", "cron": "0 0 31 2 *"}), "/cron"),
        (json!({"content": "a", "cron": "@daily"}), "/cron"),
        (
            json!({"content": "a", "cron": "0 8 * * *", "time_zone": "Marte/Olimpo"}),
            "/time_zone",
        ),
        (json!({"content": " ", "at": later}), "/content"),
        (
            json!({"content": "a", "at": later, "by_mail": true}),
            "/by_mail",
        ),
        (
            json!({"content": "a", "at": later, "kind": "grito"}),
            "/kind",
        ),
        (
            json!({"content": "a", "at": later, "segredo": 1}),
            "/segredo",
        ),
    ] {
        let answer = app.post(&admin, "/chat/planned", body.clone()).await;
        assert_eq!(answer.status, 422, "{body} {answer:?}");
        assert_eq!(
            answer.json()["errors"][0]["pointer"],
            pointer,
            "{body} {answer:?}"
        );
    }
    let body = json!({"content": "a", "at": later, "conversation_id": none});
    app.post(&admin, "/chat/planned", body)
        .await
        .problem(404, "conversation_not_found");
    let body = json!({"content": "a".repeat(60_000), "at": later});
    app.post(&admin, "/chat/planned", body)
        .await
        .problem(413, "payload_too_large");
    for body in [
        json!({"paused": null}),
        json!({"at": later, "cron": "0 8 * * *"}),
        json!({"cron": "* * * * *"}),
    ] {
        app.put(&admin, &path, body)
            .await
            .problem(422, "unprocessable");
    }
    app.stop().await;
}
