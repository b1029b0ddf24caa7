//! What happens by mail: confirm, set a password, the approved list.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Value, json};

use crate::test_app::{ADMIN, Answer, PASSWORD, TestApp, on_both};

async fn open(app: &TestApp, path: &str, body: Value) -> Answer {
    app.call(
        None,
        "POST",
        &format!("/api/auth/public/{path}"),
        Some(body),
    )
    .await
}

on_both! {
    async fn a_forgotten_password_is_set_by_a_link_once(app) {
        let admin = app.admin().await;
        let ana = app.member(&admin, "ana", "student").await;
        let known = open(&app, "request-password-reset", json!({"username": "ana"})).await;
        let unknown = open(&app, "request-password-reset", json!({"username": "ninguem"})).await;
        let absurd = open(&app, "request-password-reset", json!({"username": "a\u{0}'; DROP TABLE users; --"})).await;
        assert_eq!((known.status, &known.text), (200, &unknown.text));
        assert_eq!(absurd.text, known.text);
        let links = app.links_to("ana@example.org").await;
        let (page, token, name) = links.iter().find(|(page, ..)| page == "/reset-password").unwrap().clone();
        assert_eq!((page.as_str(), name.as_str()), ("/reset-password", "ana"));
        let body = |token: &str, name: &str, password: &str| json!({"token": token, "username": name, "new_password": password});
        // What is refused does not cost the link.
        open(&app, "confirm-password-reset", body(&token, "ana", "curta")).await.problem(400, "invalid_request");
        open(&app, "confirm-password-reset", body(&token, ADMIN, "barco vermelho ancorado")).await.problem(400, "invalid_request");
        open(&app, "confirm-password-reset", body(&token, "ninguem", "barco vermelho ancorado")).await.problem(400, "invalid_request");
        open(&app, "confirm-password-reset", body("x", "ana", "barco vermelho ancorado")).await.problem(400, "invalid_request");
        open(&app, "verify-token", json!({"token": token, "username": "ana"})).await.problem(400, "invalid_request");
        open(&app, "confirm-password-reset", body(&token, "ana", "barco vermelho ancorado")).await.ok();
        open(&app, "confirm-password-reset", body(&token, "ana", "barco amarelo ancorado")).await.problem(400, "invalid_request");
        app.get(&ana, "/auth/me").await.problem(401, "unauthorized");
        app.log_in("ana", PASSWORD).await.problem(401, "unauthorized");
        app.person("ana", "barco vermelho ancorado").await;
        app.stop().await;
    }

    async fn a_link_ends_after_a_day(app) {
        let admin = app.admin().await;
        app.member(&admin, "ana", "student").await;
        open(&app, "request-password-reset", json!({"username": "ana"})).await.ok();
        let (_, token, _) = app.links_to("ana@example.org").await.pop().unwrap();
        app.clock.advance(Duration::from_hours(24));
        let body = json!({"token": token, "username": "ana", "new_password": "barco vermelho ancorado"});
        open(&app, "confirm-password-reset", body).await.problem(400, "invalid_request");
        app.stop().await;
    }

    async fn a_link_does_not_let_in_whom_an_administrator_shut_out(app) {
        let admin = app.admin().await;
        app.member(&admin, "ana", "student").await;
        app.put(&admin, "/auth/users/ana", json!({"approved": false})).await.ok();
        open(&app, "request-password-reset", json!({"username": "ana"})).await.ok();
        let (_, token, _) = app.links_to("ana@example.org").await.pop().unwrap();
        let body = json!({"token": token, "username": "ana", "new_password": "barco vermelho ancorado"});
        open(&app, "confirm-password-reset", body).await.ok();
        app.log_in("ana", "barco vermelho ancorado").await.problem(403, "forbidden");
        app.stop().await;
    }

    async fn a_new_account_is_confirmed_by_its_link_twice_within_a_minute(app) {
        let admin = app.admin().await;
        let body = json!({"username": "bia", "email": "bia@example.org", "full_name": "", "role": "student"});
        app.post(&admin, "/auth/users", body).await.ok();
        let (page, token, name) = app.links_to("bia@example.org").await.pop().unwrap();
        assert_eq!(page, "/verify-account");
        let body = json!({"token": token, "username": name});
        open(&app, "verify-token", body.clone()).await.ok();
        open(&app, "verify-token", body.clone()).await.ok();
        app.clock.advance(Duration::from_secs(61));
        open(&app, "verify-token", body).await.problem(400, "invalid_request");
        let list = app.get(&admin, "/auth/users").await.ok();
        assert_eq!(list[0]["approved"], true);
        app.stop().await;
    }

    async fn the_approved_list_makes_accounts(app) {
        let admin = app.admin().await;
        let entry = json!({"email": "caio@example.org", "role": "instructor", "full_name": "Caio Reis"});
        app.post(&admin, "/api/auth/approved-users", entry.clone()).await.ok();
        app.post(&admin, "/api/auth/approved-users", entry).await.problem(400, "invalid_request");
        let list = app.get(&admin, "/api/auth/approved-users").await.ok();
        assert_eq!((&list[0]["username"], &list[0]["role"]), (&json!("caio"), &json!("instructor")));
        let (_, token, name) = app.links_to("caio@example.org").await.pop().unwrap();
        let body = json!({"token": token, "username": name});
        let (a, b) = futures::join!(open(&app, "verify-token", body.clone()), open(&app, "verify-token", body));
        assert_eq!((a.status, b.status), (200, 200), "{a:?} {b:?}");
        let links = app.links_to("caio@example.org").await;
        let (_, token, _) = links.iter().find(|(page, ..)| page == "/reset-password").unwrap();
        let body = json!({"token": token, "username": "caio", "new_password": PASSWORD});
        open(&app, "confirm-password-reset", body).await.ok();
        let caio = app.person("caio", PASSWORD).await;
        assert_eq!(app.get(&caio, "/auth/me").await.ok()["role"], "instructor");
        app.delete(&admin, "/api/auth/approved-users/caio").await.ok();
        app.delete(&admin, "/api/auth/approved-users/caio").await.problem(404, "user_not_found");
        app.delete(&admin, "/api/auth/approved-users/%00").await.problem(404, "user_not_found");
        app.stop().await;
    }

    async fn a_link_is_sent_again_on_request_and_replaces_nothing_valid(app) {
        let admin = app.admin().await;
        let body = json!({"username": "bia", "email": "bia@example.org", "full_name": "", "role": "student"});
        app.post(&admin, "/auth/users", body).await.ok();
        app.links_to("bia@example.org").await;
        app.post(&admin, "/api/auth/resend-verification", json!({"username": "bia"})).await.ok();
        app.post(&admin, "/api/auth/resend-verification", json!({"username": "ninguem"})).await.problem(404, "user_not_found");
        app.post(&admin, "/api/auth/resend-verification", json!({"username": ADMIN})).await.problem(400, "invalid_request");
        assert_eq!(app.links_to("bia@example.org").await.len(), 2);
        app.stop().await;
    }

    async fn a_mail_server_that_is_away_gets_the_mail_later(app) {
        let admin = app.admin().await;
        app.member(&admin, "ana", "student").await;
        app.services.send_mails().await.unwrap();
        app.letters.failing.store(true, Ordering::SeqCst);
        open(&app, "request-password-reset", json!({"username": "ana"})).await.ok();
        let before = app.links_to("ana@example.org").await.len();
        app.letters.failing.store(false, Ordering::SeqCst);
        assert_eq!(app.services.send_mails().await.unwrap(), 0, "it waits");
        app.clock.advance(Duration::from_mins(10));
        let links = app.links_to("ana@example.org").await;
        assert_eq!(links.len(), before + 1);
        let (_, token, _) = links.last().unwrap();
        let body = json!({"token": token, "username": "ana", "new_password": "barco vermelho ancorado"});
        open(&app, "confirm-password-reset", body).await.ok();
        app.stop().await;
    }
}
