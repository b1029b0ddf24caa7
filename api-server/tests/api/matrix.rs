//! Every route × every kind of caller. The routes are the document's: one that is missing here fails the test.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::test_app::{Person, on_both};

/// Who calls.
const CALLERS: [&str; 5] = ["anonymous", "student", "instructor", "admin", "service"];

/// What each route answers to `CALLERS`, with a body that passes for one, or none. A cell may hold any status but 401
/// and 403 where the request itself is at fault on purpose.
fn expected() -> BTreeMap<(&'static str, &'static str), ([u16; 5], Option<Value>)> {
    const OPEN: [u16; 5] = [200; 5];
    const SIGNED_IN: [u16; 5] = [401, 200, 200, 200, 401];
    const ADMINS: [u16; 5] = [401, 403, 403, 200, 401];
    const STAFF: [u16; 5] = [401, 403, 200, 200, 401];
    let admins = |status: u16| [401, 403, 403, status, 401];
    let staff = |status: u16| [401, 403, status, status, 401];
    let signed_in = |status: u16| [401, status, status, status, 401];
    let none = "00000000-0000-0000-0000-000000000000";
    let name = json!({ "username": "ninguem" });
    let folder = json!({ "folder_id": "1abcdefghijklmnopqrstuvwxyz_" });
    let question = json!({ "content": "O que é força?" });
    let link = json!({ "token": "x", "username": "ninguem" });
    let reset = json!({ "token": "x", "username": "ninguem", "new_password": "barco vermelho" });
    // On the heap: it is larger than a stack should hold.
    vec![
        (("get", "/"), (OPEN, None)),
        (("get", "/health"), (OPEN, None)),
        (("get", "/metrics"), (OPEN, None)),
        (("get", "/healthz"), (OPEN, None)),
        (("get", "/livez"), ([204; 5], None)),
        (("get", "/readyz"), (OPEN, None)),
        (("get", "/status"), (SIGNED_IN, None)),
        // Wrong content type on purpose: whoever calls, the request is looked at.
        (("post", "/auth/token"), ([415; 5], Some(json!({})))),
        (
            ("post", "/auth/refresh"),
            ([401; 5], Some(json!({ "refresh_token": none }))),
        ),
        // There is no provider; with one: see `oidc`.
        (("get", "/auth/oidc/start"), ([404; 5], None)),
        (("get", "/auth/oidc/callback"), ([404; 5], None)),
        (
            ("post", "/auth/public/request-password-reset"),
            (OPEN, Some(name.clone())),
        ),
        (
            ("post", "/auth/public/confirm-password-reset"),
            ([400; 5], Some(reset)),
        ),
        (
            ("post", "/auth/public/verify-token"),
            ([400; 5], Some(link)),
        ),
        (("post", "/auth/webhook/users"), ([401; 5], Some(json!({})))),
        (("get", "/auth/me"), (SIGNED_IN, None)),
        (
            ("post", "/auth/change-password"),
            (
                signed_in(400),
                Some(json!({ "current_password": "x", "new_password": "y" })),
            ),
        ),
        (("get", "/auth/sessions"), (SIGNED_IN, None)),
        (("delete", "/auth/sessions/{id}"), (signed_in(404), None)),
        (("get", "/auth/two-factor"), (SIGNED_IN, None)),
        (("post", "/auth/two-factor"), (SIGNED_IN, None)),
        (
            ("post", "/auth/two-factor/confirm"),
            (signed_in(400), Some(json!({ "code": "x" }))),
        ),
        (
            ("post", "/auth/two-factor/disable"),
            (signed_in(400), Some(json!({ "password": "x" }))),
        ),
        (
            ("post", "/auth/api-keys"),
            (
                signed_in(201),
                Some(json!({ "name": "a", "scopes": ["read"] })),
            ),
        ),
        (("get", "/auth/api-keys"), (SIGNED_IN, None)),
        (("delete", "/auth/api-keys/{id}"), (signed_in(404), None)),
        (("get", "/auth/users"), (ADMINS, None)),
        (
            ("post", "/auth/users"),
            (admins(422), Some(json!({ "username": "x" }))),
        ),
        (("get", "/auth/users/count"), (ADMINS, None)),
        (("get", "/auth/users-count"), (ADMINS, None)),
        (
            ("put", "/auth/users/{username}"),
            (admins(404), Some(json!({ "disabled": true }))),
        ),
        (("delete", "/auth/users/{username}"), (admins(404), None)),
        (
            ("get", "/auth/users/{username}/password"),
            (admins(410), None),
        ),
        (
            ("delete", "/auth/users/{username}/two-factor"),
            (admins(404), None),
        ),
        (
            ("post", "/auth/reset-password"),
            (
                admins(404),
                Some(json!({ "username": "ninguem", "new_password": "barco vermelho" })),
            ),
        ),
        (
            ("post", "/auth/restore-default-passwords"),
            (admins(410), None),
        ),
        (
            ("post", "/auth/resend-verification"),
            (admins(404), Some(name)),
        ),
        (("get", "/auth/approved-users"), (ADMINS, None)),
        (
            ("post", "/auth/approved-users"),
            (admins(422), Some(json!({ "email": "x" }))),
        ),
        (
            ("delete", "/auth/approved-users/{username}"),
            (admins(404), None),
        ),
        (("get", "/auth/audit"), (ADMINS, None)),
        (("get", "/jobs/schedules"), (ADMINS, None)),
        (("get", "/jobs/improvements"), (ADMINS, None)),
        (("get", "/jobs/schedules/{name}/runs"), (admins(404), None)),
        (
            ("put", "/jobs/schedules/{name}"),
            (admins(404), Some(json!({}))),
        ),
        (("post", "/jobs/{name}"), (admins(404), None)),
        (("get", "/alerts"), (ADMINS, None)),
        (("get", "/alerts/settings"), (ADMINS, None)),
        (("put", "/alerts/settings"), (ADMINS, Some(json!({})))),
        (("post", "/alerts/test"), (ADMINS, None)),
        // Nobody is asked here: the rag-server is away.
        (("post", "/chat"), (signed_in(503), Some(question.clone()))),
        (
            ("post", "/chat-auth"),
            (signed_in(503), Some(question.clone())),
        ),
        (
            ("post", "/chat/educational"),
            (signed_in(503), Some(question.clone())),
        ),
        (
            ("post", "/chat/stream"),
            (signed_in(503), Some(question.clone())),
        ),
        (("post", "/chat/agent"), (signed_in(503), Some(question))),
        (("get", "/models"), (signed_in(503), None)),
        (
            ("get", "/chat/learning-path/{topic}"),
            (signed_in(503), None),
        ),
        (
            ("post", "/chat/explore-topic"),
            (signed_in(503), Some(json!({ "topic": "força" }))),
        ),
        (("get", "/chat/limits"), (SIGNED_IN, None)),
        (("get", "/chat/usage"), (SIGNED_IN, None)),
        (("get", "/chat/usage/all"), (ADMINS, None)),
        (("get", "/chat/feedback"), (STAFF, None)),
        (
            ("post", "/chat/messages/{id}/feedback"),
            (signed_in(404), Some(json!({ "rating": "up" }))),
        ),
        (
            ("post", "/chat/messages/{id}/opened"),
            (signed_in(404), Some(json!({ "n": 1 }))),
        ),
        (
            ("get", "/chat/session/{session_id}/context"),
            (SIGNED_IN, None),
        ),
        (("get", "/chat/conversations"), (SIGNED_IN, None)),
        (("get", "/chat/conversations/{id}"), (signed_in(404), None)),
        (
            ("get", "/chat/conversations/{id}/export"),
            (signed_in(404), None),
        ),
        (
            ("put", "/chat/conversations/{id}"),
            (signed_in(404), Some(json!({ "title": "x" }))),
        ),
        (("get", "/chat/planned"), (SIGNED_IN, None)),
        (
            ("post", "/chat/planned"),
            (signed_in(422), Some(json!({ "content": "a" }))),
        ),
        (("get", "/chat/planned/{id}"), (signed_in(404), None)),
        (
            ("put", "/chat/planned/{id}"),
            (signed_in(404), Some(json!({}))),
        ),
        (("delete", "/chat/planned/{id}"), (signed_in(404), None)),
        (
            ("delete", "/chat/conversations/{id}"),
            (signed_in(404), None),
        ),
        (("get", "/settings"), (ADMINS, None)),
        (("get", "/settings/history"), (ADMINS, None)),
        (("post", "/settings"), (ADMINS, Some(json!({})))),
        (("post", "/settings/reset"), (ADMINS, None)),
        (("post", "/maintenance/cleanup-duplicates"), (ADMINS, None)),
        (
            ("post", "/maintenance/cleanup-empty-folders"),
            (ADMINS, None),
        ),
        (("post", "/maintenance/optimize-storage"), (ADMINS, None)),
        (("post", "/maintenance/reset-materials"), (ADMINS, None)),
        // The rag-server is away.
        (("post", "/maintenance/reset-chromadb"), (admins(503), None)),
        (("post", "/maintenance/clear-drive-cache"), (ADMINS, None)),
        (
            ("post", "/maintenance/reset-component"),
            (
                ADMINS,
                Some(json!({ "component": "downloads", "confirm": true })),
            ),
        ),
        (("get", "/maintenance/jobs"), (ADMINS, None)),
        (("get", "/maintenance/jobs/{id}"), (admins(404), None)),
        (("get", "/maintenance/system-report"), (STAFF, None)),
        (("get", "/maintenance/health-check"), (SIGNED_IN, None)),
        (("get", "/analytics/folder-structure"), (STAFF, None)),
        (("get", "/analytics/file-distribution"), (STAFF, None)),
        (("get", "/analytics/storage-efficiency"), (STAFF, None)),
        (("get", "/analytics/download-report"), (STAFF, None)),
        (("get", "/video/list"), (SIGNED_IN, None)),
        // The rag-server is away.
        (
            ("post", "/video/search"),
            (signed_in(503), Some(json!({ "query": "força" }))),
        ),
        (("get", "/video/analyze/{id}"), (signed_in(404), None)),
        (
            ("post", "/video/embed"),
            (signed_in(404), Some(json!({ "video_path": "nenhum.mp4" }))),
        ),
        (
            ("post", "/video/transcribe"),
            (staff(404), Some(json!({ "video_path": "nenhum.mp4" }))),
        ),
        (("get", "/assistant/config"), (STAFF, None)),
        (("get", "/assistant/templates"), (STAFF, None)),
        (("get", "/assistant/config/history"), (STAFF, None)),
        (("post", "/assistant/config"), (STAFF, Some(json!({})))),
        (("post", "/assistant/config/reset"), (STAFF, None)),
        (
            ("post", "/assistant/config/save-template"),
            (staff(422), Some(json!({}))),
        ),
        (
            ("post", "/assistant/config/template/{name}"),
            (staff(404), None),
        ),
        (
            ("delete", "/assistant/config/template/{name}"),
            (staff(404), None),
        ),
        (
            ("post", "/internal/introspect"),
            (
                [401, 401, 401, 401, 200],
                Some(json!({ "token": "x", "carrier": "header" })),
            ),
        ),
        // Nobody is asked here: there are no Google credentials; with some: see the tests of Drive.
        (
            ("post", "/drive/sync-recursive"),
            (staff(409), Some(folder.clone())),
        ),
        (
            ("post", "/recursive-drive-sync"),
            (staff(409), Some(folder.clone())),
        ),
        (
            ("post", "/drive/download-module"),
            (staff(409), Some(folder.clone())),
        ),
        (("get", "/drive/download-progress"), (STAFF, None)),
        (("post", "/drive/cancel-download"), (staff(422), None)),
        (("post", "/recursive-drive-force-redownload"), (STAFF, None)),
        (
            ("post", "/test-drive-folder"),
            (STAFF, Some(folder.clone())),
        ),
        (
            ("post", "/sync-drive-simple"),
            (staff(409), Some(folder.clone())),
        ),
        (("post", "/sync-drive"), (staff(409), Some(folder.clone()))),
        (
            ("post", "/recursive-drive-analysis"),
            (staff(409), Some(folder)),
        ),
        (("get", "/drive/analyze-folder"), (staff(422), None)),
        (("get", "/drive/list-modules"), (staff(422), None)),
        (("get", "/drive/test-connection"), (STAFF, None)),
        (("get", "/drive-stats-detailed"), (SIGNED_IN, None)),
        (("get", "/drive-stats"), (SIGNED_IN, None)),
        (("get", "/drive/folder-stats"), (SIGNED_IN, None)),
        (("post", "/drive/clear-cache"), (ADMINS, None)),
        (("get", "/drive/runs"), (STAFF, None)),
        (("get", "/drive/runs/{id}"), (staff(404), None)),
        (("get", "/drive/runs/{id}/files"), (staff(404), None)),
        (("get", "/drive/runs/{id}/events"), (staff(404), None)),
        (
            ("post", "/drive/runs/{id}/confirm"),
            (staff(404), Some(json!({ "removals": 1 }))),
        ),
        (("get", "/drive/folders"), (STAFF, None)),
        (
            ("put", "/drive/folders/{id}"),
            (staff(404), Some(json!({ "schedule": null }))),
        ),
        (("delete", "/drive/folders/{id}"), (staff(404), None)),
        (("get", "/drive/oauth"), (STAFF, None)),
        (("delete", "/drive/oauth"), (staff(204), None)),
        (("get", "/drive/oauth/start"), (staff(409), None)),
        (("get", "/drive/oauth/callback"), ([400; 5], None)),
        (("get", "/materials"), (SIGNED_IN, None)),
        (("get", "/materials/browse"), (SIGNED_IN, None)),
        (("get", "/materials/archive"), (staff(200), None)),
        // Roles are looked at before bodies.
        (("post", "/materials/upload"), (staff(400), None)),
        (("post", "/materials/upload-archive"), (staff(400), None)),
        (("get", "/materials/{id}"), (signed_in(404), None)),
        (("head", "/materials/{id}"), (signed_in(404), None)),
        (("delete", "/materials/{id}"), (staff(404), None)),
        (("get", "/materials/{id}/metadata"), (signed_in(404), None)),
        (
            ("put", "/materials/{id}/metadata"),
            (staff(404), Some(json!({ "tags": [] }))),
        ),
        (("get", "/materials/{id}/events"), (signed_in(404), None)),
        (
            ("get", "/materials/{id}/pages/{page}.png"),
            (signed_in(404), None),
        ),
        // Opened by its signature alone, which is none here.
        (("get", "/materials/dl/{signature}/{id}"), ([401; 5], None)),
        (("head", "/materials/dl/{signature}/{id}"), ([401; 5], None)),
        // The rag-server is away here.
        (
            ("post", "/initialize"),
            (staff(503), Some(json!({ "api_key": "x" }))),
        ),
        (
            ("post", "/initialize-rag"),
            (staff(503), Some(json!({ "api_key": "x" }))),
        ),
        (("post", "/process-materials"), (staff(503), None)),
        // Last: it ends the session that calls.
        (("post", "/auth/logout"), (signed_in(204), None)),
    ]
    .into_iter()
    .collect()
}

on_both! {
    async fn every_route_answers_every_caller_as_stated(app) {
        let admin = app.admin().await;
        let student = app.member(&admin, "aluna", "student").await;
        let instructor = app.member(&admin, "professora", "instructor").await;
        let service = Person { token: app.rag_token(), ..admin.clone() };
        let callers = [None, Some(&student), Some(&instructor), Some(&admin), Some(&service)];
        let expected = expected();

        let document: Value = serde_json::from_str(&api_server::openapi_document().to_json().unwrap()).unwrap();
        let documented: BTreeSet<(String, String)> = document["paths"].as_object().unwrap().iter()
            .flat_map(|(path, methods)| methods.as_object().unwrap().keys().map(|method| (method.clone(), path.clone())))
            .collect();
        let stated: BTreeSet<(String, String)> = expected.keys().map(|(method, path)| ((*method).to_owned(), (*path).to_owned())).collect();
        assert_eq!(documented, stated);

        let mut wrong = Vec::new();
        let (last, first): (Vec<_>, Vec<_>) = expected.iter().partition(|((_, path), _)| *path == "/auth/logout");
        for ((method, path), (statuses, body)) in first.into_iter().chain(last) {
            let filled = path.replace("{username}", "ninguem").replace("{id}", "00000000-0000-0000-0000-000000000000").replace("{page}", "1");
            for prefix in ["/api", ""] {
                let is_at_the_root = matches!(*path, "/" | "/metrics");
                if is_at_the_root && prefix == "/api" || *path == "/auth/logout" && prefix.is_empty() {
                    continue;
                }
                for ((caller, who), status) in callers.iter().zip(CALLERS).zip(statuses) {
                    let answer = app.call(*caller, &method.to_uppercase(), &format!("{prefix}{filled}"), body.clone()).await;
                    if answer.status != *status {
                        wrong.push(format!("{who} {method} {prefix}{path}: {} instead of {status}: {}", answer.status, answer.text));
                    }
                    if answer.status >= 400 {
                        assert_eq!(answer.content_type, "application/problem+json", "{answer:?}");
                        // Of an answer to HEAD there is no body.
                        assert!(*method == "head" || answer.json()["detail"].is_string());
                    }
                    if answer.status == 401 {
                        assert!(answer.headers.contains_key("www-authenticate"), "{answer:?}");
                    }
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        app.stop().await;
    }

    async fn a_wrong_method_is_told_the_right_ones(app) {
        for prefix in ["/api", ""] {
            for path in ["/auth/token", "/auth/users/ninguem", "/auth/me"] {
                let answer = app.call(None, "PATCH", &format!("{prefix}{path}"), None).await;
                answer.problem(405, "method_not_allowed");
                assert!(!answer.header("allow").is_empty());
            }
            for (path, allowed) in [
                ("/materials/pasta/aula.pdf", "GET, HEAD, DELETE"),
                ("/materials/pasta/aula.pdf/metadata", "GET, PUT"),
                ("/materials/aula.pdf/pages/1.png", "GET"),
            ] {
                let answer = app.call(None, "PATCH", &format!("{prefix}{path}"), None).await;
                answer.problem(405, "method_not_allowed");
                assert_eq!(answer.header("allow"), allowed, "{path}");
            }
            let answer = app.call(None, "GET", &format!("{prefix}/auth/nada"), None).await;
            answer.problem(404, "not_found");
        }
        app.stop().await;
    }
}
