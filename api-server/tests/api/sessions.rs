//! Refresh, sign out, look at sessions.

use serde_json::json;

use crate::test_app::{PASSWORD, Person, TestApp, on_both};

async fn refresh(app: &TestApp, token: &str) -> crate::test_app::Answer {
    app.call(
        None,
        "POST",
        "/api/auth/refresh",
        Some(json!({"refresh_token": token})),
    )
    .await
}

on_both! {
    async fn a_refresh_token_is_good_once_and_a_stolen_one_ends_the_session(app) {
        let admin = app.admin().await;
        let first = app.member(&admin, "ana", "student").await;
        let second = refresh(&app, &first.refresh_token).await.ok();
        let person = Person {
            token: second["access_token"].as_str().unwrap().to_owned(),
            ..first.clone()
        };
        app.get(&person, "/auth/me").await.ok();
        app.get(&first, "/auth/me").await.ok();
        refresh(&app, &first.refresh_token).await.problem(401, "unauthorized");
        refresh(&app, second["refresh_token"].as_str().unwrap()).await.problem(401, "unauthorized");
        app.get(&person, "/auth/me").await.problem(401, "unauthorized");
        app.get(&first, "/auth/me").await.problem(401, "unauthorized");
        let log = app.get(&admin, "/auth/audit").await.ok();
        assert_eq!(log[0]["action"], "refresh_reused");
        app.stop().await;
    }

    async fn of_two_at_once_one_is_refreshed(app) {
        let admin = app.admin().await;
        let (a, b) = futures::join!(refresh(&app, &admin.refresh_token), refresh(&app, &admin.refresh_token));
        let good = [&a, &b].into_iter().filter(|answer| answer.status == 200).count();
        assert!(good <= 1, "{a:?} {b:?}");
        assert!([200, 401].contains(&a.status) && [200, 401].contains(&b.status), "{a:?} {b:?}");
        app.stop().await;
    }

    async fn a_form_refreshes_too_and_asks_for_a_life(app) {
        let admin = app.admin().await;
        let form = [("grant_type", "refresh_token"), ("refresh_token", &admin.refresh_token), ("expires_in", "120")];
        let answer = app.send(app.form("/auth/refresh", &form)).await.ok();
        assert_eq!(answer["expires_in"], 120);
        for expires_in in ["59", "10801", "-1", "x", "99999999999999999999"] {
            let form = [("username", "diretora"), ("password", PASSWORD), ("expires_in", expires_in)];
            let answer = app.send(app.form("/auth/token", &form)).await;
            assert_eq!(answer.status, 422, "{answer:?}");
        }
        app.stop().await;
    }

    async fn a_session_not_used_for_a_month_ends(app) {
        let admin = app.admin().await;
        app.clock.advance(std::time::Duration::from_hours(24 * 29));
        let next = refresh(&app, &admin.refresh_token).await.ok();
        app.clock.advance(std::time::Duration::from_hours(24 * 31));
        refresh(&app, next["refresh_token"].as_str().unwrap()).await.problem(401, "unauthorized");
        app.stop().await;
    }

    async fn signing_out_ends_every_token_of_the_session_alone(app) {
        let admin = app.admin().await;
        let here = app.member(&admin, "bia", "student").await;
        let there = app.person("bia", PASSWORD).await;
        app.get(&here, "/auth/me").await.ok();
        let out = app.call(Some(&here), "POST", "/auth/logout", None).await;
        assert_eq!(out.status, 204);
        assert!(out.header("set-cookie").contains("Max-Age=0"), "{out:?}");
        app.get(&here, "/auth/me").await.problem(401, "unauthorized");
        refresh(&app, &here.refresh_token).await.problem(401, "unauthorized");
        let cookie = json!({"token": here.cookie, "carrier": "cookie", "method": "GET"});
        assert_eq!(app.introspect(cookie).await.ok()["active"], false);
        app.get(&there, "/auth/me").await.ok();
        app.stop().await;
    }

    async fn sessions_are_seen_and_ended_by_their_owner_alone(app) {
        let admin = app.admin().await;
        let ana = app.member(&admin, "ana", "student").await;
        let other = app.person("ana", PASSWORD).await;
        let sessions = app.get(&ana, "/auth/sessions").await.ok();
        let sessions = sessions.as_array().unwrap();
        // The one of the one-time password stays until the password's change has ended it or it was that very one.
        let current = sessions.iter().find(|session| session["current"] == true).unwrap();
        let foreign = sessions.iter().find(|session| session["current"] == false).unwrap();
        app.delete(&admin, &format!("/auth/sessions/{}", current["id"].as_str().unwrap())).await.problem(404, "not_found");
        for id in ["x", "%00", "00000000-0000-0000-0000-000000000000"] {
            app.delete(&ana, &format!("/auth/sessions/{id}")).await.problem(404, "not_found");
        }
        app.delete(&ana, &format!("/auth/sessions/{}", foreign["id"].as_str().unwrap())).await.ok();
        app.get(&other, "/auth/me").await.problem(401, "unauthorized");
        app.get(&ana, "/auth/me").await.ok();
        app.stop().await;
    }

    async fn the_other_server_learns_whose_token_it_was_shown(app) {
        let admin = app.admin().await;
        let ana = app.member(&admin, "ana", "student").await;
        let found = app.introspect(json!({"token": ana.token, "carrier": "header"})).await.ok();
        assert_eq!(found["active"], true);
        assert_eq!((&found["username"], &found["role"]), (&json!("ana"), &json!("student")));
        assert!(found["exp"].is_i64() && found["uid"] == ana.id);
        // A cookie's token is no header's, and the reverse.
        for body in [
            json!({"token": ana.cookie, "carrier": "header"}),
            json!({"token": ana.token, "carrier": "cookie", "method": "GET"}),
            json!({"token": "x", "carrier": "header"}),
            json!({"token": ana.cookie, "carrier": "cookie", "method": "POST", "origin": "https://evil.example", "host": "localhost"}),
            json!({"token": ana.cookie, "carrier": "cookie", "method": "POST", "fetch_site": "cross-site"}),
            json!({"token": ana.cookie, "carrier": "cookie", "method": "GET", "fetch_site": "same-site"}),
        ] {
            assert_eq!(app.introspect(body.clone()).await.ok(), json!({"active": false}), "{body}");
        }
        for body in [
            json!({"token": ana.cookie, "carrier": "cookie", "method": "POST", "fetch_site": "same-origin", "origin": "http://localhost:3000"}),
            json!({"token": ana.cookie, "carrier": "cookie", "method": "GET", "fetch_site": "none"}),
        ] {
            assert_eq!(app.introspect(body.clone()).await.ok()["active"], true, "{body}");
        }
        app.introspect(json!({"token": ana.cookie, "carrier": "cookie"})).await.problem(422, "unprocessable");
        app.put(&admin, "/auth/users/ana", json!({"disabled": true})).await.ok();
        let found = app.introspect(json!({"token": ana.token, "carrier": "header"})).await.ok();
        assert_eq!(found, json!({"active": false}));
        // A user is no server.
        let asked = app.post(&admin, "/internal/introspect", json!({"token": "x", "carrier": "header"})).await;
        asked.problem(401, "unauthorized");
        app.stop().await;
    }
}
