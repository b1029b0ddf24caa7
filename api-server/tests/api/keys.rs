//! API keys.

use serde_json::{Value, json};

use crate::test_app::{Answer, Person, TestApp, on_both};

async fn make(app: &TestApp, person: &Person, scopes: &[&str]) -> (String, String) {
    let body = json!({"name": "roteiro", "scopes": scopes, "expires_in_days": 30});
    let made = app.post(person, "/auth/api-keys", body).await.ok();
    (
        made["key"].as_str().unwrap().to_owned(),
        made["id"].as_str().unwrap().to_owned(),
    )
}

async fn by_key(
    app: &TestApp,
    key: &str,
    method: &str,
    path: &str,
    body: Option<Value>,
) -> [Answer; 2] {
    let request = || {
        let request = app.request(method, path);
        match &body {
            Some(body) => request.json(body),
            None => request,
        }
    };
    [
        app.send(request().header("x-api-key", key)).await,
        app.send(request().bearer_auth(key)).await,
    ]
}

on_both! {
    async fn a_key_does_what_its_scopes_and_its_owner_may_whatever_carries_it(app) {
        let admin = app.admin().await;
        let ana = app.member(&admin, "ana", "student").await;
        let (read, id) = make(&app, &admin, &["read"]).await;
        let (all, _) = make(&app, &admin, &["read", "write", "admin"]).await;
        app.post(&ana, "/auth/api-keys", json!({"name": "a", "scopes": ["admin"]})).await.problem(403, "forbidden");
        for answer in by_key(&app, &read, "GET", "/auth/me", None).await {
            answer.ok();
        }
        for answer in by_key(&app, &read, "GET", "/auth/users", None).await {
            answer.problem(403, "forbidden");
        }
        for answer in by_key(&app, &all, "GET", "/auth/users", None).await {
            answer.ok();
        }
        for (key, method, path, body) in [
            (&read, "POST", "/auth/logout", None),
            (&all, "GET", "/auth/sessions", None),
            (&all, "GET", "/auth/api-keys", None),
            (&all, "POST", "/auth/api-keys", Some(json!({"name": "a", "scopes": ["read"]}))),
            (&all, "POST", "/auth/change-password", Some(json!({"current_password": "a", "new_password": "b"}))),
            (&all, "POST", "/auth/two-factor", None),
        ] {
            for answer in by_key(&app, key, method, path, body.clone()).await {
                answer.problem(403, "forbidden");
            }
        }
        let listed = app.get(&admin, "/auth/api-keys").await.ok();
        assert_eq!(listed.as_array().unwrap().len(), 2);
        assert!(!listed.to_string().contains(read.rsplit('_').next().unwrap()));
        assert!(listed[0]["last_used_at"].is_string());
        app.delete(&ana, &format!("/auth/api-keys/{id}")).await.problem(404, "not_found");
        app.delete(&admin, &format!("/auth/api-keys/{id}")).await.ok();
        for answer in by_key(&app, &read, "GET", "/auth/me", None).await {
            answer.problem(401, "unauthorized");
        }
        app.stop().await;
    }

    async fn a_key_ends_with_its_time_and_its_owner(app) {
        let admin = app.admin().await;
        let ana = app.member(&admin, "ana", "student").await;
        let (key, _) = make(&app, &ana, &["read"]).await;
        app.put(&admin, "/auth/users/ana", json!({"disabled": true})).await.ok();
        for answer in by_key(&app, &key, "GET", "/auth/me", None).await {
            answer.problem(401, "unauthorized");
        }
        app.put(&admin, "/auth/users/ana", json!({"disabled": false})).await.ok();
        for answer in by_key(&app, &key, "GET", "/auth/me", None).await {
            answer.problem(401, "unauthorized");
        }
        let (key, _) = make(&app, &admin, &["read"]).await;
        app.clock.advance(std::time::Duration::from_hours(24 * 30));
        for answer in by_key(&app, &key, "GET", "/auth/me", None).await {
            answer.problem(401, "unauthorized");
        }
        app.stop().await;
    }

    async fn what_only_looks_like_a_key_is_refused(app) {
        let admin = app.admin().await;
        let (key, _) = make(&app, &admin, &["read"]).await;
        let mut other = key.clone();
        let last = if other.pop() == Some('a') { 'b' } else { 'a' };
        other.push(last);
        for text in ["acv_", "acv__", "acv_aaaaaaaa_", &other, &key.to_uppercase(), &format!("{key}a"), "acv_' OR 1=1 --_x"] {
            for answer in by_key(&app, text, "GET", "/auth/me", None).await {
                answer.problem(401, "unauthorized");
            }
        }
        for body in [
            json!({"name": "", "scopes": ["read"]}),
            json!({"name": "a\0", "scopes": ["read"]}),
            json!({"name": "a", "scopes": []}),
            json!({"name": "a", "scopes": ["root"]}),
            json!({"name": "a", "scopes": ["read"], "expires_in_days": 0}),
            json!({"name": "a", "scopes": ["read"], "expires_in_days": 367}),
        ] {
            let answer = app.post(&admin, "/auth/api-keys", body).await;
            assert_eq!(answer.status, 422, "{answer:?}");
        }
        app.stop().await;
    }
}
