//! What may be asked, how often, and for how much.

use std::time::Duration;

use serde_json::{Value, json};

use super::stand_in::{Script, StandIn, answer};
use crate::test_app::{On, TestApp};

const BOTH: [On; 2] = [On::Embedded, On::Shared];

fn models() -> Value {
    json!({"models": [
        {"name": "mini", "provider": "openai", "model": "gpt-4o-mini", "context": 128_000, "input_price": 0.15,
         "output_price": 0.6, "available": true},
        {"name": "grande", "provider": "openai", "model": "gpt-4o", "context": 128_000, "input_price": 2.5,
         "output_price": 10.0, "available": false}
    ], "default": "mini"})
}

async fn stand_in() -> StandIn {
    StandIn::start(Script {
        query: Some((200, answer("A carga cresce aos poucos. [1]", 0.002))),
        models: Some(models()),
        ..Script::default()
    })
    .await
}

/// Without a setting nothing is limited but the length.
#[tokio::test(flavor = "multi_thread")]
async fn lengths_are_kept_cut_or_refused() {
    let rag = stand_in().await;
    let app = rag
        .app(
            On::Embedded,
            &[
                ("MAX_MENSAGEM_CHARS", "20"),
                ("MAX_MENSAGEM_CHARS_TRUNCAR", "30"),
                ("MAX_MENSAGEM_CHARS_REJEITAR", "40"),
            ],
        )
        .await
        .unwrap();
    let admin = app.admin().await;
    let limits = app.get(&admin, "/api/chat/limits").await.ok();
    assert_eq!(
        limits,
        json!({"max_chars": 20, "cut_above": 30, "refused_above": 40})
    );
    let ask = |text: String| app.post(&admin, "/api/chat", json!({ "content": text }));
    let whole = ask("ç".repeat(30)).await.ok();
    assert_eq!(whole["notices"], json!([]));
    let cut = ask("ç".repeat(31)).await.ok();
    assert_eq!(cut["notices"].as_array().unwrap().len(), 1);
    assert!(
        cut["answer"]
            .as_str()
            .unwrap()
            .contains("> Aviso: A mensagem passou de 30 caracteres"),
        "{cut}"
    );
    assert_eq!(rag.heard("/query")[1]["question"], "ç".repeat(30));
    ask("ç".repeat(40)).await.ok();
    let refused = ask("ç".repeat(41)).await.problem(413, "payload_too_large");
    assert!(
        refused["detail"].as_str().unwrap().contains("40"),
        "{refused}"
    );
    assert_eq!(rag.heard("/query").len(), 3);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_question_is_refused_and_not_kept() {
    let rag = stand_in().await;
    let app = rag.app(On::Embedded, &[]).await.unwrap();
    let admin = app.admin().await;
    let none = "00000000-0000-0000-0000-000000000000";
    for path in [
        "/api/chat",
        "/api/chat-auth",
        "/api/chat/educational",
        "/api/chat/stream",
        "/api/chat/agent",
    ] {
        for (body, status) in [
            (json!({}), 422),
            (json!({"content": ""}), 422),
            (json!({"content": " \n\t"}), 422),
            (json!({"content": "a\u{0}b"}), 422),
            (json!({"content": "a\u{1b}[2J"}), 422),
            (json!({"content": 7}), 422),
            (json!({"content": "a", "user_level": "genius"}), 422),
            (json!({"content": "a", "learning_style": "loud"}), 422),
            (json!({"content": "a", "session_id": "s".repeat(129)}), 422),
            (json!({"content": "a", "session_id": "s\u{0}"}), 422),
            (json!({"content": "a", "current_topic": "t\n"}), 422),
            (
                json!({"content": "a", "learning_objectives": vec!["o"; 21]}),
                422,
            ),
            (json!({"content": "a", "segredo": 1}), 422),
            (json!({"content": "a", "conversation_id": none}), 404),
            (json!({"content": "a", "conversation_id": "../etc"}), 404),
            (json!({"content": "a", "conversation_id": "\u{0}"}), 404),
            (json!([]), 422),
        ] {
            let answer = app.post(&admin, path, body.clone()).await;
            assert_eq!(
                (answer.status, answer.content_type.as_str()),
                (status, "application/problem+json"),
                "{path} {body} {answer:?}"
            );
        }
    }
    for (method, path) in [
        ("GET", "/api/chat/conversations/%00"),
        ("DELETE", "/api/chat/conversations/x"),
        ("GET", "/api/chat/conversations?after=x"),
        ("GET", "/api/chat/conversations/x/export"),
    ] {
        app.call(Some(&admin), method, path, None)
            .await
            .problem(404, "conversation_not_found");
    }
    for path in [
        "/api/chat/conversations?limit=0",
        "/api/chat/feedback?limit=201",
        "/api/chat/usage?days=0",
        "/api/chat/learning-path/%0A",
    ] {
        app.get(&admin, path).await.problem(422, "unprocessable");
    }
    app.post(&admin, "/api/chat/explore-topic", json!({"topic": ""}))
        .await
        .problem(422, "unprocessable");
    assert_eq!(
        app.get(&admin, "/api/chat/session/%00/context").await.ok()["current_focus"],
        Value::Null
    );
    assert_eq!(
        app.get(&admin, "/api/chat/conversations").await.ok(),
        json!([])
    );
    assert!(rag.heard("/query").is_empty() && rag.heard("/query/stream").is_empty());
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_per_hour_and_day_are_limited() {
    for on in BOTH {
        let rag = stand_in().await;
        let Some(app) = rag
            .app(on, &[("MAX_MSGS_POR_HORA", "2"), ("MAX_MSGS_POR_DIA", "3")])
            .await
        else {
            continue;
        };
        let admin = app.admin().await;
        let ask = || app.post(&admin, "/api/chat", json!({"content": "Quanto descanso?"}));
        ask().await.ok();
        app.clock.advance(Duration::from_mins(20));
        ask().await.ok();
        let refused = ask().await;
        refused.problem(429, "rate_limited");
        assert_eq!(refused.header("retry-after"), "2400", "{refused:?}");
        let streamed = app
            .post(&admin, "/api/chat/stream", json!({"content": "E agora?"}))
            .await;
        streamed.problem(429, "rate_limited");

        // Another user has limits of its own; what failed does not count.
        let ana = app.member(&admin, "ana", "student").await;
        rag.script.lock().unwrap().query = None;
        for _ in 0..3 {
            app.post(&ana, "/api/chat", json!({"content": "Quanto?"}))
                .await
                .problem(404, "not_found");
        }
        rag.answers(answer("Pouco. [1]", 0.0));
        app.post(&ana, "/api/chat", json!({"content": "Quanto?"}))
            .await
            .ok();

        app.clock.advance(Duration::from_mins(60));
        ask().await.ok();
        let refused = ask().await;
        refused.problem(429, "rate_limited");
        assert_eq!(
            refused.header("retry-after"),
            (22 * 3600 + 40 * 60).to_string(),
            "{refused:?}"
        );
        let usage = app.get(&admin, "/api/chat/usage").await.ok();
        assert_eq!(
            (&usage["per_hour"], &usage["per_day"]),
            (&json!(2), &json!(3))
        );
        let answers: i64 = usage["days"]
            .as_array()
            .unwrap()
            .iter()
            .map(|day| day["answers"].as_i64().unwrap())
            .sum();
        assert_eq!(answers, 3);
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_questions_at_once_are_not_both_the_last_one() {
    for on in BOTH {
        let rag = stand_in().await;
        let Some(app) = rag.app(on, &[("MAX_MSGS_POR_HORA", "3")]).await else {
            continue;
        };
        let admin = app.admin().await;
        let ask = || {
            app.post(
                &admin,
                "/api/chat",
                json!({"content": "Quanto?", "session_id": "a"}),
            )
        };
        let all = futures::future::join_all((0..8).map(|_| ask())).await;
        let answered = all.iter().filter(|answer| answer.status == 200).count();
        assert_eq!(answered, 3, "{all:?}");
        assert!(all.iter().all(|answer| [200, 429].contains(&answer.status)));
        assert_eq!(
            app.get(&admin, "/api/chat/conversations")
                .await
                .ok()
                .as_array()
                .unwrap()
                .len(),
            1
        );
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn outside_opening_hours_nothing_is_answered() {
    let rag = stand_in().await;
    let app = rag
        .app(
            On::Embedded,
            &[("HORARIO_INICIO", "08:00"), ("HORARIO_FIM", "20:00")],
        )
        .await
        .unwrap();
    // The next 22:00 in São Paulo, which is 01:00 UTC.
    let day = 24 * 3600 * 1000;
    let now = shared::clock::Clock::now_ms(&*app.clock);
    app.clock.set((now / day + 1) * day + 3600 * 1000);
    let admin = app.admin().await;
    let closed = app
        .post(&admin, "/api/chat", json!({"content": "Quanto?"}))
        .await;
    let told = closed.problem(503, "closed");
    assert!(
        told["detail"]
            .as_str()
            .unwrap()
            .contains("das 08:00 às 20:00"),
        "{told}"
    );
    assert_eq!(closed.header("retry-after"), (10 * 3600).to_string());
    assert!(rag.heard("/query").is_empty());
    app.clock.advance(Duration::from_hours(10));
    let admin = app.admin().await;
    app.post(&admin, "/api/chat", json!({"content": "Quanto?"}))
        .await
        .ok();
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_days_money_is_gone_answers_are_quotes_and_say_so() {
    for on in BOTH {
        let rag = stand_in().await;
        let Some(app) = rag.app(on, &[("CHAT_DAILY_BUDGET", "0.003")]).await else {
            continue;
        };
        let admin = app.admin().await;
        let ana = app.member(&admin, "ana", "student").await;
        let ask = |who| {
            app.post(
                who,
                "/api/chat/educational",
                json!({"content": "Quanto descanso?"}),
            )
        };
        ask(&ana).await.ok();
        let second = ask(&admin).await.ok();
        assert_eq!(second["notices"], json!([]));
        // 0.004 are spent: both count towards the one budget.
        let third = ask(&ana).await.ok();
        assert!(
            third["response"]
                .as_str()
                .unwrap()
                .contains("> Aviso: O orçamento de hoje"),
            "{third}"
        );
        let heard = rag.heard("/query");
        assert_eq!(heard[1]["config"]["generate"], Value::Null);
        assert_eq!(heard[1]["config"]["model"], "mini");
        assert_eq!(heard[2]["config"]["generate"], false);
        assert_eq!(heard[2]["config"]["model"], Value::Null);
        let own = app.get(&ana, "/api/chat/usage").await.ok();
        assert_eq!(own["budget_spent"], true);
        assert_eq!(own["days"].as_array().unwrap().len(), 1);
        assert_eq!(own["days"][0]["questions"], 2);
        assert_eq!(own["days"][0]["prompt_tokens"], 200);
        assert_eq!(own["days"][0]["completion_tokens"], 40);
        assert!((own["days"][0]["cost"].as_f64().unwrap() - 0.004).abs() < 1e-9);
        app.get(&ana, "/api/chat/usage/all")
            .await
            .problem(403, "forbidden");
        let all = app.get(&admin, "/api/chat/usage/all?days=1").await.ok();
        let mut names: Vec<_> = all["days"]
            .as_array()
            .unwrap()
            .iter()
            .map(|day| day["username"].as_str().unwrap())
            .collect();
        names.sort_unstable();
        assert_eq!(names, ["ana", "diretora"]);

        // The next day the money is there again.
        app.clock.advance(Duration::from_hours(24));
        let admin = app.admin().await;
        let next = app
            .post(
                &admin,
                "/api/chat/educational",
                json!({"content": "Quanto descanso?"}),
            )
            .await
            .ok();
        assert_eq!(next["notices"], json!([]));
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_assistant_decides_how_the_rag_server_is_asked() {
    let rag = stand_in().await;
    let app = rag.app(On::Embedded, &[]).await.unwrap();
    let admin = app.admin().await;
    assert_eq!(app.get(&admin, "/api/models").await.ok(), models());
    let change = json!({"prompt": "Seja breve. {context}", "temperature": 0.7, "model": "gpt-4o", "retrievalSearchType": "similarity"});
    app.post(&admin, "/api/assistant/config", change).await.ok();
    let body = json!({
        "content": "Quanto descanso?", "user_level": "advanced", "learning_style": "visual", "session_id": "s",
        "current_topic": "Força", "learning_objectives": ["passar na prova"]
    });
    let first = app
        .post(&admin, "/api/chat/educational", body.clone())
        .await
        .ok();
    let focus = first["learning_context"]["current_topic"].clone();
    assert_eq!(focus, "Volume de treino");
    let echo = json!({"content": "E depois?", "session_id": "s", "current_topic": focus, "learning_objectives": []});
    app.post(&admin, "/api/chat/educational", echo).await.ok();
    let heard = rag.heard("/query");
    assert_eq!(
        heard[0],
        json!({
            "question": "Quanto descanso?", "level": "advanced", "style": "visual", "prompt": "Seja breve. {context}",
            "topic": "Força", "objectives": ["passar na prova"], "config": {"temperature": 0.7}
        }),
        "a model whose key is missing is not asked for"
    );
    assert_eq!(
        heard[1]["level"], "advanced",
        "the level of the conversation holds"
    );
    assert_eq!(
        heard[1]["topic"],
        Value::Null,
        "what the page was told is no choice"
    );
    assert_eq!(heard[1]["objectives"], json!(["passar na prova"]));
    assert_eq!(
        heard[1]["history"],
        json!([
            {"role": "user", "content": "Quanto descanso?"},
            {"role": "assistant", "content": "A carga cresce aos poucos. [1]"}
        ])
    );
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_earlier_rag_server_is_asked_only_what_it_knows() {
    let rag = StandIn::start(Script {
        query: Some((200, answer("Sim. [1]", 0.0))),
        ..Script::default()
    })
    .await;
    let app = rag.app(On::Embedded, &[]).await.unwrap();
    let admin = app.admin().await;
    assert_eq!(
        app.get(&admin, "/api/models").await.ok(),
        json!({"models": [], "default": null})
    );
    let body =
        json!({"content": "Quanto?", "current_topic": "Força", "learning_objectives": ["a"]});
    app.post(&admin, "/api/chat/educational", body).await.ok();
    let heard = rag.heard("/query").remove(0);
    for field in ["topic", "objectives"] {
        assert_eq!(heard[field], Value::Null, "{heard}");
    }
    assert_eq!(heard["config"], json!({"mmr": true}));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_is_bounded_by_characters() {
    let rag = stand_in().await;
    let app = rag
        .app(On::Embedded, &[("API__CHAT__MEMORY_CHARS", "40")])
        .await
        .unwrap();
    let admin = app.admin().await;
    for text in ["primeira pergunta", "segunda pergunta", "terceira pergunta"] {
        app.post(
            &admin,
            "/api/chat",
            json!({"content": text, "session_id": "s"}),
        )
        .await
        .ok();
    }
    // What got no answer is no part of what was said.
    rag.script.lock().unwrap().query = None;
    let lost = json!({"content": "pergunta perdida", "session_id": "s"});
    app.post(&admin, "/api/chat", lost)
        .await
        .problem(404, "not_found");
    rag.answers(answer("Sim.", 0.0));
    let last = json!({"content": "última", "session_id": "s"});
    app.post(&admin, "/api/chat", last).await.ok();
    let heard = rag.heard("/query");
    assert_eq!(
        heard[2]["history"],
        json!([{"role": "user", "content": "segunda pe"}, {"role": "assistant", "content": "A carga cresce aos poucos. [1]"}])
    );
    assert_eq!(heard[4]["history"][0]["content"], "terceira p");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn days_are_those_of_the_time_zone() {
    for (zone, hours_back) in [("America/Sao_Paulo", 3), ("UTC", 0)] {
        let rag = stand_in().await;
        let app = rag.app(On::Embedded, &[("TIME_ZONE", zone)]).await.unwrap();
        // 01:00 UTC, still yesterday in São Paulo.
        let day = 24 * 3600 * 1000;
        let now = shared::clock::Clock::now_ms(&*app.clock);
        let at = (now / day + 1) * day + 3600 * 1000;
        app.clock.set(at);
        let admin = app.admin().await;
        app.post(&admin, "/api/chat", json!({"content": "Quanto?"}))
            .await
            .ok();
        let usage = app.get(&admin, "/api/chat/usage").await.ok();
        let expected = shared::clock::rfc3339(at - hours_back * 3600 * 1000);
        assert_eq!(usage["days"][0]["day"], expected[..10], "{zone}");
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn personal_data_is_hidden_where_that_is_wanted() {
    let rag = stand_in().await;
    rag.answers(answer(
        "O CPF 529.982.247-25 é do professor, telefone (11) 91234-5678. [1]",
        0.0,
    ));
    for (setting, hidden) in [("true", true), ("false", false)] {
        let app: TestApp = rag
            .app(On::Embedded, &[("MASK_PERSONAL_DATA", setting)])
            .await
            .unwrap();
        let admin = app.admin().await;
        let told = app
            .post(&admin, "/api/chat", json!({"content": "De quem é?"}))
            .await
            .ok();
        let id = told["conversation_id"].as_str().unwrap();
        let kept = app
            .get(&admin, &format!("/api/chat/conversations/{id}"))
            .await
            .ok();
        for personal in ["529.982.247-25", "91234-5678", "ana@escola.example.br"] {
            assert_ne!(
                told.to_string().contains(personal),
                hidden,
                "{personal} {told}"
            );
            assert_ne!(kept.to_string().contains(personal), hidden, "{personal}");
        }
        assert_eq!(
            told["answer"].as_str().unwrap().contains("[CPF omitido]"),
            hidden
        );
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_user_go_the_conversations_but_not_what_they_cost() {
    for on in BOTH {
        let rag = stand_in().await;
        let Some(app) = rag.app(on, &[]).await else {
            continue;
        };
        let admin = app.admin().await;
        let ana = app.member(&admin, "ana", "student").await;
        let told = app
            .post(&ana, "/api/chat", json!({"content": "Quanto?"}))
            .await
            .ok();
        let feedback = format!(
            "/api/chat/messages/{}/feedback",
            told["message_id"].as_str().unwrap()
        );
        app.post(&ana, &feedback, json!({"rating": "up"}))
            .await
            .ok();
        assert_eq!(
            app.get(&admin, "/api/chat/feedback")
                .await
                .ok()
                .as_array()
                .unwrap()
                .len(),
            1
        );
        app.delete(&admin, "/api/auth/users/ana").await.ok();
        assert_eq!(app.get(&admin, "/api/chat/feedback").await.ok(), json!([]));
        let all = app.get(&admin, "/api/chat/usage/all").await.ok();
        assert_eq!(
            (&all["days"][0]["answers"], &all["days"][0]["username"]),
            (&json!(1), &Value::Null)
        );
        app.stop().await;
    }
}

#[test]
fn settings_that_cannot_be_are_named_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    for (name, value, key) in [
        ("MAX_MENSAGEM_CHARS", "0", "chat.message_chars"),
        ("MAX_MENSAGEM_CHARS", "10001", "chat.cut_chars"),
        ("MAX_MENSAGEM_CHARS_REJEITAR", "9999", "chat.cut_chars"),
        ("MAX_MSGS_POR_HORA", "-1", "chat.per_hour"),
        ("HORARIO_INICIO", "08:00", "chat.opens"),
        ("HORARIO_FIM", "20:00", "chat.opens"),
        ("HORARIO_FIM", "25:00", "chat.closes"),
        ("TIME_ZONE", "Brasil", "chat.time_zone"),
        ("CHAT_DAILY_BUDGET", "-1", "chat.daily_budget"),
        ("MASK_PERSONAL_DATA", "talvez", "chat.mask_personal_data"),
        ("API__CHAT__TIMEOUT", "0s", "chat.timeout"),
        ("API__CHAT__MEMORY_CHARS", "100001", "chat.memory_chars"),
    ] {
        let variables = crate::test_app::variables(folder.path(), &[(name, value.to_owned())]);
        let environment = shared::settings::Environment::from_pairs(variables);
        let Err(faults) = api_server::settings::Settings::load(&environment) else {
            panic!("{name}={value} is taken");
        };
        assert!(faults.to_string().contains(key), "{name}={value}: {faults}");
    }
}
