use std::time::Duration;

use serde_json::{Value, json};

use crate::chat::stand_in::{Script, StandIn, answer};
use crate::test_app::{On, Person, TestApp, on_both};

async fn check(app: &TestApp, admin: &Person) -> Value {
    app.post(admin, "/jobs/verificar-alertas", json!({}))
        .await
        .ok()
}

async fn rules(app: &TestApp, admin: &Person) -> Vec<String> {
    let alerts = app.get(admin, "/alerts").await.ok();
    let rules = alerts.as_array().unwrap().iter();
    rules
        .map(|alert| alert["rule"].as_str().unwrap().to_owned())
        .collect()
}

on_both! {
    async fn what_is_wrong_is_told_once_and_again_after_a_day(app) {
        let admin = app.admin().await;
        let settings = json!({ "emails": ["direcao@example.org", "suporte@example.org"], "disk_mib": 0 });
        let set = app.put(&admin, "/alerts/settings", settings).await.ok();
        assert_eq!((&set["queue_minutes"], &set["daily_report"]), (&json!(15), &json!(true)));

        // Nobody is where the rag-server should be.
        assert_eq!(check(&app, &admin).await["outcome"], "done");
        assert_eq!(rules(&app, &admin).await, ["rag_server"]);
        assert_eq!(app.services.send_notices().await.unwrap(), 2);
        let letters = app.letters.to("direcao@example.org");
        assert_eq!(letters.len(), 1);
        assert_eq!(letters[0].subject, "[Acervo] Alerta");
        assert!(letters[0].plain.contains("não está respondendo"), "{letters:?}");

        check(&app, &admin).await;
        assert_eq!(app.services.send_notices().await.unwrap(), 0);
        app.clock.advance(Duration::from_secs(25 * 3600));
        let admin = app.admin().await;
        check(&app, &admin).await;
        assert_eq!(app.services.send_notices().await.unwrap(), 2);
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_over_is_told_too() {
    let rag = StandIn::start(Script {
        query: Some((200, answer("Sim. [1]", 0.9))),
        ..Script::default()
    })
    .await;
    let app = rag
        .app(On::Embedded, &[("CHAT_DAILY_BUDGET", "1")])
        .await
        .unwrap();
    let admin = app.admin().await;
    let set = json!({ "emails": ["direcao@example.org"], "disk_mib": 0 });
    app.put(&admin, "/alerts/settings", set).await.ok();
    app.post(&admin, "/chat", json!({ "content": "O que é força?" }))
        .await
        .ok();
    check(&app, &admin).await;
    let found = rules(&app, &admin).await;
    assert!(found.contains(&"budget".to_owned()), "{found:?}");
    app.services.send_notices().await.unwrap();
    app.clock.advance(Duration::from_secs(24 * 3600));
    let admin = app.admin().await;
    check(&app, &admin).await;
    assert!(!rules(&app, &admin).await.contains(&"budget".to_owned()));
    app.services.send_notices().await.unwrap();
    let letters = app.letters.to("direcao@example.org");
    assert!(
        letters
            .iter()
            .any(|letter| letter.subject == "[Acervo] Alerta encerrado"),
        "{letters:?}"
    );
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_of_private_networks_and_wrong_limits_are_refused() {
    let app = TestApp::spawn().await;
    let admin = app.admin().await;
    for url in [
        "http://127.0.0.1/x",
        "http://169.254.169.254/latest",
        "http://10.0.0.1",
        "http://2130706433/",
        "http://[::ffff:127.0.0.1]/",
        "http://localhost:9000/",
        "http://servidor/",
        "file:///etc/passwd",
        "https://u:p@example.org/",
        "https://example.org:22/",
        "nada",
    ] {
        for key in ["webhook_url", "slack_url"] {
            let refused = app
                .put(&admin, "/alerts/settings", json!({ key: url }))
                .await
                .problem(422, "unprocessable");
            assert_eq!(
                refused["errors"][0]["pointer"],
                format!("/{key}"),
                "{url}: {refused}"
            );
        }
    }
    let wrong = json!({ "emails": ["a@example.org", "ninguém"], "queue_minutes": 0, "budget_percent": 101 });
    let refused = app
        .put(&admin, "/alerts/settings", wrong)
        .await
        .problem(422, "unprocessable");
    let pointers: Vec<&str> = refused["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["pointer"].as_str().unwrap())
        .collect();
    assert_eq!(pointers, ["/emails/1", "/queue_minutes", "/budget_percent"]);
    let kept = app.get(&admin, "/alerts/settings").await.ok();
    assert_eq!(kept["emails"], json!([]));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_that_is_away_delays_and_then_ends_a_notice() {
    let app = TestApp::spawn().await;
    let admin = app.admin().await;
    app.put(
        &admin,
        "/alerts/settings",
        json!({ "emails": ["direcao@example.org"] }),
    )
    .await
    .ok();
    app.letters
        .failing
        .store(true, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(
        app.post(&admin, "/alerts/test", json!({})).await.ok()["recipients"],
        1
    );
    assert_eq!(app.services.send_notices().await.unwrap(), 0);
    app.letters
        .failing
        .store(false, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(
        app.services.send_notices().await.unwrap(),
        0,
        "not before its time"
    );
    app.clock.advance(Duration::from_secs(121));
    assert_eq!(app.services.send_notices().await.unwrap(), 1);
    assert_eq!(app.letters.to("direcao@example.org").len(), 1);

    let admin = app.admin().await;
    app.letters
        .failing
        .store(true, std::sync::atomic::Ordering::SeqCst);
    app.post(&admin, "/alerts/test", json!({})).await.ok();
    for _ in 0..10 {
        app.services.send_notices().await.unwrap();
        app.clock.advance(Duration::from_secs(5 * 3600));
    }
    app.letters
        .failing
        .store(false, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(
        app.services.send_notices().await.unwrap(),
        0,
        "it was given up"
    );
    app.stop().await;
}

on_both! {
    async fn an_address_that_became_private_is_not_called(app) {
        let admin = app.admin().await;
        // Checked when it was set; what the name means is checked again when it is called.
        let set = json!({ "emails": ["direcao@example.org"], "slack_url": "https://hooks.invalid/x" });
        app.put(&admin, "/alerts/settings", set).await.ok();
        assert_eq!(app.post(&admin, "/alerts/test", json!({})).await.ok()["recipients"], 2);
        assert_eq!(app.services.send_notices().await.unwrap(), 1);
        app.stop().await;
    }
}
