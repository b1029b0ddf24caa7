//! Names nobody has cannot be told from names somebody has.

use std::collections::BTreeSet;

use serde_json::json;

use crate::test_app::{Answer, TestApp};

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_the_same_word_for_word() {
    let app = TestApp::with(&[("MAX_LOGIN_ATTEMPTS", "1000000")]).await;
    let admin = app.admin().await;
    app.member(&admin, "ana", "student").await;
    let plain = |answer: Answer| {
        let mut body = answer.json();
        body.as_object_mut().unwrap().remove("request_id");
        // Their order is that of a hash map of the worker's own.
        let names: BTreeSet<_> = answer.headers.keys().map(ToString::to_string).collect();
        (answer.status, body, names)
    };
    let wrong = plain(app.log_in("ana", "errada errada errada").await);
    assert_eq!(
        wrong,
        plain(app.log_in("ninguem", "errada errada errada").await)
    );
    let ask = async |name: &str| {
        let body = json!({"username": name});
        plain(
            app.call(
                None,
                "POST",
                "/auth/public/request-password-reset",
                Some(body),
            )
            .await,
        )
    };
    assert_eq!(ask("ana").await, ask("ninguem").await);
    app.stop().await;
}

/// What takes time is the same for both, in kind and in number. How long it takes is measured by `api-server bench`.
#[tokio::test(flavor = "multi_thread")]
async fn the_same_work_is_done_for_who_exists_and_who_does_not() {
    let app = TestApp::with(&[("MAX_LOGIN_ATTEMPTS", "1000000")]).await;
    let admin = app.admin().await;
    app.member(&admin, "ana", "student").await;
    let shut = app.member(&admin, "beto", "student").await;
    app.put(&admin, "/auth/users/beto", json!({"disabled": true}))
        .await
        .ok();
    app.get(&shut, "/auth/me")
        .await
        .problem(401, "unauthorized");
    // Waits for its link: nobody knows a password of it.
    let entry = json!({"email": "lia@example.org", "username": "lia"});
    app.post(&admin, "/auth/approved-users", entry).await.ok();
    let work = async |name: &str, password: &str| {
        let before = app.services.passwords_checked();
        app.log_in(name, password)
            .await
            .problem(401, "unauthorized");
        app.services.passwords_checked() - before
    };
    let long = "a".repeat(5000);
    for password in ["errada errada errada", "", &long] {
        for name in ["ana", "beto", "lia", "ninguem", "a b\u{e7}", ""] {
            assert_eq!(work(name, password).await, 1, "{name:?} {}", password.len());
        }
    }
    app.stop().await;
}
