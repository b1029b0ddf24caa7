//! Ids of somebody else, on every route that takes one. The routes are the document's.

use serde_json::{Value, json};

use crate::test_app::{Person, TestApp, on_both};

/// Everything of a person that somebody else could change.
async fn belongings(app: &TestApp, person: &Person) -> Value {
    let mut all = Vec::new();
    for path in [
        "/auth/me",
        "/auth/sessions",
        "/auth/api-keys",
        "/auth/two-factor",
        "/chat/conversations",
        "/chat/planned",
    ] {
        all.push(app.get(person, path).await.ok());
    }
    json!(all)
}

on_both! {
    async fn an_id_of_somebody_else_opens_nothing_and_changes_nothing(app) {
        let admin = app.admin().await;
        let ana = app.member(&admin, "ana", "student").await;
        let key = app.post(&ana, "/auth/api-keys", json!({"name": "a", "scopes": ["read", "write"]})).await.ok();
        let session = app.get(&ana, "/auth/sessions").await.ok()[0]["id"].clone();
        // The rag-server is away: the question is kept all the same.
        app.call(Some(&ana), "POST", "/chat", Some(json!({"content": "O que é hipertrofia?"}))).await;
        let conversations = app.get(&ana, "/chat/conversations").await.ok();
        let planned = app.post(&ana, "/chat/planned", json!({"content": "E hoje?", "cron": "0 8 * * *"})).await.ok();
        let before = belongings(&app, &ana).await;
        let conversation = &conversations[0]["id"];
        let (session, key) = (session.as_str().unwrap(), key["id"].as_str().unwrap());
        let ids = [
            conversation.as_str().unwrap_or_else(|| panic!("{conversations}")),
            ana.id.as_str(),
            "ana",
            session,
            key,
            planned["id"].as_str().unwrap(),
        ];
        let others = [
            app.member(&admin, "beto", "student").await,
            app.member(&admin, "prof", "instructor").await,
        ];
        let document: Value = serde_json::from_str(&api_server::openapi_document().to_json().unwrap()).unwrap();
        let mut tried = 0;
        for (path, methods) in document["paths"].as_object().unwrap() {
            // A topic is nobody's, and a session of somebody else is as empty as one that was never used.
            let is_an_id = path.contains('{') && !path.contains("{topic}") && !path.contains("{session_id}");
            if !is_an_id {
                continue;
            }
            let sent = if path.contains("/conversations/") {
                json!({"title": "Outro"})
            } else if path.ends_with("/feedback") {
                json!({"rating": "up"})
            } else if path.ends_with("/opened") {
                json!({"n": 1})
            } else {
                json!({})
            };
            for method in methods.as_object().unwrap().keys() {
                for id in ids {
                    for other in &others {
                        let parts = path.split('/').map(|part| if part.starts_with('{') { id } else { part });
                        let path = parts.collect::<Vec<_>>().join("/");
                        let body = (method != "get" && method != "delete").then(|| sent.clone());
                        let answer = app.call(Some(other), &method.to_uppercase(), &path, body).await;
                        // A signed address is a credential of its own.
                        let is_refused = matches!(answer.status, 403 | 404)
                            || (answer.status == 401 && path.contains("/dl/"));
                        assert!(is_refused, "{method} {path}: {answer:?}");
                        assert!(!answer.text.contains("ana@example.org"), "{answer:?}");
                        tried += 1;
                    }
                }
            }
        }
        assert!(tried >= 40, "{tried}");
        // Not even an administrator goes by another's session or key.
        for path in [format!("/auth/sessions/{session}"), format!("/auth/api-keys/{key}")] {
            assert_eq!(app.delete(&admin, &path).await.status, 404, "{path}");
        }
        assert_eq!(belongings(&app, &ana).await, before);
        // They were no empty names: their owner can end them.
        for path in [format!("/auth/api-keys/{key}"), format!("/auth/sessions/{session}")] {
            assert_eq!(app.delete(&ana, &path).await.status, 204, "{path}");
        }
        app.stop().await;
    }
}
