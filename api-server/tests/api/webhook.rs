//! The users webhook.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use shared::clock::Clock as _;

use crate::test_app::{ADMIN, Answer, TestApp, WEBHOOK_SECRET, on_both};

fn sign(text: &[u8], secret: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(text);
    let hex: String = mac
        .finalize()
        .into_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("sha256={hex}")
}

async fn deliver_at(app: &TestApp, seconds: i64, body: &str, signature: &str) -> Answer {
    let request = app
        .request("POST", "/api/auth/webhook/users")
        .header("content-type", "application/json")
        .header("x-webhook-timestamp", seconds.to_string())
        .header("x-hub-signature-256", signature)
        .body(body.to_owned());
    app.send(request).await
}

async fn deliver(app: &TestApp, body: &Value) -> Answer {
    let (body, now) = (body.to_string(), app.clock.now_ms() / 1000);
    let signature = sign(format!("{now}.{body}").as_bytes(), WEBHOOK_SECRET);
    deliver_at(app, now, &body, &signature).await
}

fn event(action: &str, id: &str, name: &str) -> Value {
    json!({"action": action, "external_id": id, "username": name, "email": format!("{name}@example.org"), "full_name": "Nome", "extra": 1})
}

on_both! {
    async fn another_system_tells_who_comes_and_goes(app) {
        let admin = app.admin().await;
        deliver(&app, &event("create", "900", "ana")).await.ok();
        let find = || async {
            let list = app.get(&admin, "/auth/users").await.ok();
            list.as_array().unwrap().iter().find(|user| user["external_id"] == "900").cloned()
        };
        let ana = find().await.unwrap();
        assert_eq!((&ana["role"], &ana["approved"]), (&json!("student"), &json!(false)));
        // No password anybody could guess: the link sets one.
        for guess in ["ana", "ana123", "", "!"] {
            assert!([401, 422].contains(&app.log_in("ana", guess).await.status));
        }
        let mut update = event("update", "900", "ana");
        update["role"] = json!("instructor");
        deliver(&app, &update).await.ok();
        deliver(&app, &event("approve", "900", "ana")).await.ok();
        let ana = find().await.unwrap();
        assert_eq!((&ana["role"], &ana["approved"]), (&json!("instructor"), &json!(true)));
        deliver(&app, &event("disable", "900", "ana")).await.ok();
        assert_eq!(find().await.unwrap()["disabled"], true);
        deliver(&app, &event("delete", "900", "ana")).await.ok();
        assert!(find().await.is_none());
        app.clock.advance(std::time::Duration::from_secs(1));
        deliver(&app, &event("delete", "900", "ana")).await.problem(404, "user_not_found");
        app.stop().await;
    }

    async fn it_neither_makes_nor_touches_administrators(app) {
        let admin = app.admin().await;
        let mut body = event("create", "900", "ana");
        body["role"] = json!("admin");
        deliver(&app, &body).await.problem(403, "forbidden");
        let me = app.get(&admin, "/auth/me").await.ok();
        for action in ["update", "delete", "disable", "approve"] {
            deliver(&app, &event(action, me["external_id"].as_str().unwrap(), ADMIN)).await.problem(403, "forbidden");
        }
        app.stop().await;
    }

    async fn only_what_is_signed_now_and_new_is_taken(app) {
        let body = event("create", "900", "ana").to_string();
        let now = app.clock.now_ms() / 1000;
        let signed = |at: i64, secret: &str| sign(format!("{at}.{body}").as_bytes(), secret);
        for (at, signature) in [
            (now, sign(body.as_bytes(), WEBHOOK_SECRET)),
            (now, signed(now, "another secret")),
            (now, signed(now - 1, WEBHOOK_SECRET)),
            (now - 301, signed(now - 301, WEBHOOK_SECRET)),
            (now + 301, signed(now + 301, WEBHOOK_SECRET)),
            (now, "sha256=".to_owned()),
            (now, format!("sha256={}", "+1".repeat(32))),
            (now, "sha1=0".to_owned()),
            (now, String::new()),
        ] {
            deliver_at(&app, at, &body, &signature).await.problem(401, "unauthorized");
        }
        let signature = signed(now, WEBHOOK_SECRET);
        deliver_at(&app, now, &format!("{body} "), &signature).await.problem(401, "unauthorized");
        deliver_at(&app, now, &body, &signature).await.ok();
        deliver_at(&app, now, &body, &signature).await.problem(409, "conflict");
        for broken in ["", "{", "[]", "{\"action\":\"explode\"}"] {
            let signature = sign(format!("{now}.{broken}").as_bytes(), WEBHOOK_SECRET);
            let answer = deliver_at(&app, now, broken, &signature).await;
            assert!([400, 422].contains(&answer.status), "{answer:?}");
        }
        let nul = event("update", "9\u{0}0", "ana");
        deliver(&app, &nul).await.problem(404, "user_not_found");
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_secret_it_is_closed() {
    let app = TestApp::with(&[("WEBHOOK_SECRET", "")]).await;
    deliver(&app, &event("create", "900", "ana"))
        .await
        .problem(409, "not_configured");
    app.stop().await;
}
