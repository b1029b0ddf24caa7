//! Users, by administrators.

use serde_json::json;

use crate::test_app::{ADMIN, PASSWORD, on_both};

on_both! {
    async fn users_are_made_listed_counted_changed_and_deleted(app) {
        let admin = app.admin().await;
        let ana = app.member(&admin, "ana", "student").await;
        app.member(&admin, "beto", "instructor").await;
        let list = app.get(&admin, "/api/auth/users").await.ok();
        let names: Vec<_> = list.as_array().unwrap().iter().map(|user| user["username"].as_str().unwrap()).collect();
        assert_eq!(names, ["ana", "beto", ADMIN]);
        assert!(!list.to_string().contains("argon2"));
        let numbers: std::collections::BTreeSet<_> = list.as_array().unwrap().iter().map(|user| user["external_id"].as_str().unwrap()).collect();
        assert_eq!(numbers.len(), 3);
        for path in ["/auth/users/count", "/auth/users-count"] {
            let count = app.get(&admin, path).await.ok();
            assert_eq!(count, json!({"admin": 1, "instructor": 1, "student": 1, "total": 3}));
        }
        let changed = app.put(&admin, "/auth/users/ana", json!({"full_name": "Ana Lima", "role": "instructor"})).await.ok();
        assert_eq!((&changed["full_name"], &changed["role"]), (&json!("Ana Lima"), &json!("instructor")));
        // The role is the account's, whatever the token says.
        assert_eq!(app.get(&ana, "/auth/me").await.ok()["role"], "instructor");
        app.delete(&admin, "/auth/users/ana").await.ok();
        app.get(&ana, "/auth/me").await.problem(401, "unauthorized");
        app.delete(&admin, "/auth/users/ana").await.problem(404, "user_not_found");
        app.put(&admin, "/auth/users/ana", json!({"disabled": true})).await.problem(404, "user_not_found");
        app.stop().await;
    }

    async fn names_are_one_persons_in_every_case(app) {
        let admin = app.admin().await;
        app.member(&admin, "Carla", "student").await;
        let again = json!({"username": "carla", "email": "c@example.org", "role": "student"});
        app.post(&admin, "/auth/users", again).await.problem(400, "invalid_request");
        let number = json!({"username": "outra", "email": "c@example.org", "external_id": "2"});
        app.post(&admin, "/auth/users", number).await.problem(400, "invalid_request");
        app.person("CARLA", PASSWORD).await;
        for name in ["ab", "com espaço", "a/b", "../etc", "ação", "a@b", &"a".repeat(65), "", "nul\0o", "..."] {
            let body = json!({"username": name, "email": "c@example.org", "role": "student"});
            let problem = app.post(&admin, "/auth/users", body).await.problem(422, "unprocessable");
            assert_eq!(problem["errors"][0]["pointer"], "/username");
        }
        for body in [
            json!({"username": "dora", "email": "nao é", "role": "student"}),
            json!({"username": "dora", "email": "d@example.org", "role": "root"}),
            json!({"username": "dora", "email": "d@example.org", "full_name": "a\0b"}),
            json!({"username": "dora", "email": "d@example.org", "external_id": "a\0b"}),
            json!({"username": "dora", "email": null, "password": "x"}),
        ] {
            let answer = app.post(&admin, "/auth/users", body).await;
            assert_eq!(answer.status, 422, "{answer:?}");
        }
        app.stop().await;
    }

    async fn a_name_made_again_revives_nothing(app) {
        let admin = app.admin().await;
        let old = app.member(&admin, "eva", "student").await;
        let key = app.post(&old, "/auth/api-keys", json!({"name": "a", "scopes": ["read"]})).await.ok();
        app.delete(&admin, "/auth/users/eva").await.ok();
        let new = app.member(&admin, "eva", "student").await;
        assert_ne!(old.id, new.id);
        app.get(&old, "/auth/me").await.problem(401, "unauthorized");
        let by_key = app.request("GET", "/auth/me").header("x-api-key", key["key"].as_str().unwrap());
        app.send(by_key).await.problem(401, "unauthorized");
        let refresh = json!({"refresh_token": old.refresh_token});
        app.call(None, "POST", "/auth/refresh", Some(refresh)).await.problem(401, "unauthorized");
        app.stop().await;
    }

    async fn there_is_always_an_administrator(app) {
        let admin = app.admin().await;
        for change in [json!({"disabled": true}), json!({"approved": false}), json!({"role": "student"})] {
            app.put(&admin, &format!("/auth/users/{ADMIN}"), change).await.problem(400, "invalid_request");
        }
        app.delete(&admin, &format!("/auth/users/{ADMIN}")).await.problem(400, "invalid_request");
        let second = app.member(&admin, "vice", "admin").await;
        app.put(&admin, "/auth/users/vice", json!({"disabled": true})).await.ok();
        app.put(&admin, "/auth/users/vice", json!({"disabled": false})).await.ok();
        app.get(&second, "/auth/me").await.problem(401, "unauthorized");
        // Two who shut each other out at once: one of them stays.
        let second = app.person("vice", PASSWORD).await;
        let first = format!("/auth/users/{ADMIN}");
        let (a, b) = futures::join!(
            app.put(&admin, "/auth/users/vice", json!({"disabled": true})),
            app.put(&second, &first, json!({"disabled": true})),
        );
        let done = [a.status, b.status].iter().filter(|status| **status == 200).count();
        assert_eq!(done, 1, "{a:?} {b:?}");
        app.stop().await;
    }

    async fn passwords_cannot_be_read_and_there_are_no_standard_ones(app) {
        let admin = app.admin().await;
        app.get(&admin, &format!("/api/auth/users/{ADMIN}/password")).await.problem(410, "gone");
        app.post(&admin, "/api/auth/restore-default-passwords", json!({})).await.problem(410, "gone");
        app.stop().await;
    }

    async fn changing_the_password_ends_everything_but_the_calling_token(app) {
        let admin = app.admin().await;
        let here = app.member(&admin, "gil", "student").await;
        let there = app.person("gil", PASSWORD).await;
        let key = app.post(&here, "/auth/api-keys", json!({"name": "a", "scopes": ["read"]})).await.ok();
        let key = key["key"].as_str().unwrap().to_owned();
        let by_key = || app.request("GET", "/auth/me").header("x-api-key", &key);
        app.send(by_key()).await.ok();
        let wrong = json!({"current_password": "errada", "new_password": "outra senha bem longa"});
        app.post(&here, "/api/auth/change-password", wrong).await.problem(400, "invalid_request");
        for weak in ["curta", "123456789012", "gil gil gil gil", PASSWORD] {
            let change = json!({"current_password": PASSWORD, "new_password": weak});
            let told = app.post(&here, "/api/auth/change-password", change).await.problem(400, "invalid_request");
            assert!(told["detail"].is_string());
        }
        let change = json!({"current_password": PASSWORD, "new_password": "lampada sobre a mesa"});
        let answer = app.post(&here, "/api/auth/change-password", change).await;
        answer.ok();
        app.get(&here, "/auth/me").await.ok();
        app.get(&there, "/auth/me").await.problem(401, "unauthorized");
        app.send(by_key()).await.problem(401, "unauthorized");
        for refresh_token in [&here.refresh_token, &there.refresh_token] {
            let body = json!({"refresh_token": refresh_token});
            app.call(None, "POST", "/auth/refresh", Some(body)).await.problem(401, "unauthorized");
        }
        let cookie = |token: &str| json!({"token": token, "carrier": "cookie", "method": "GET"});
        for old in [&here.cookie, &there.cookie] {
            assert_eq!(app.introspect(cookie(old)).await.ok()["active"], false);
        }
        assert_eq!(app.introspect(cookie(&answer.cookie())).await.ok()["active"], true);
        app.log_in("gil", PASSWORD).await.problem(401, "unauthorized");
        app.person("gil", "lampada sobre a mesa").await;
        app.stop().await;
    }

    async fn the_log_says_who_did_what_and_no_secret(app) {
        let admin = app.admin().await;
        app.member(&admin, "hugo", "student").await;
        app.log_in("hugo", "uma senha errada").await;
        app.put(&admin, "/auth/users/hugo", json!({"disabled": true})).await.ok();
        let log = app.get(&admin, "/auth/audit?limit=500").await.ok();
        let actions: Vec<_> = log.as_array().unwrap().iter().rev().map(|entry| entry["action"].as_str().unwrap()).collect();
        assert_eq!(actions, ["user_created", "logged_in", "user_created", "logged_in", "password_changed", "logged_in", "login_failed", "user_disabled"]);
        let last = &log[0];
        assert_eq!((&last["actor"], &last["target"]), (&json!(ADMIN), &json!("hugo")));
        assert!(last["address"].is_string() && last["request_id"].is_string());
        assert!(!log.to_string().contains(PASSWORD) && !log.to_string().contains("errada"));
        let second = app.get(&admin, &format!("/auth/audit?limit=1&before={}", last["id"].as_str().unwrap())).await.ok();
        assert_eq!(second[0]["action"], "login_failed");
        app.get(&admin, "/auth/audit?limit=0").await.problem(422, "unprocessable");
        app.get(&admin, "/auth/audit?before=%00").await.problem(422, "unprocessable");
        app.stop().await;
    }
}
