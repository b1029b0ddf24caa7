//! Delays of logins and requests per minute.

use std::time::Duration;

use serde_json::json;

use crate::test_app::{ADMIN, PASSWORD, TestApp, on_both};

on_both! {
    async fn wrong_passwords_lock_out_for_a_time_that_grows(app) {
        for name in [ADMIN, "ninguem"] {
            for _ in 0..5 {
                app.log_in(name, "errada errada errada").await.problem(401, "unauthorized");
            }
            let mut waits = Vec::new();
            for _ in 0..3 {
                let refused = app.log_in(name, PASSWORD).await;
                refused.problem(429, "rate_limited");
                let wait: u64 = refused.header("retry-after").parse().unwrap();
                app.clock.advance(Duration::from_secs(wait));
                app.log_in(name, "errada errada errada").await.problem(401, "unauthorized");
                waits.push(wait);
            }
            assert_eq!(waits, [5, 10, 20], "{name}");
        }
        app.clock.advance(Duration::from_secs(40));
        app.admin().await;
        // Forgiven: it begins anew.
        app.log_in(ADMIN, "errada errada errada").await.problem(401, "unauthorized");
        app.admin().await;
        app.stop().await;
    }

    async fn a_stolen_token_is_no_place_to_guess_the_password(app) {
        let admin = app.admin().await;
        let guess = json!({"current_password": "errada", "new_password": "barco vermelho ancorado"});
        for _ in 0..5 {
            app.post(&admin, "/auth/change-password", guess.clone()).await.problem(400, "invalid_request");
        }
        app.post(&admin, "/auth/change-password", guess).await.problem(429, "rate_limited");
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_limit_says_what_is_left_and_when_there_is_more() {
    let app = TestApp::with(&[
        ("API__LIMITS__PER_USER", "5"),
        ("API__LIMITS__PER_ADDRESS", "7"),
        ("API__LIMITS__SENSITIVE", "3"),
    ])
    .await;
    let admin = app.admin().await;
    for left in (0..5).rev() {
        let answer = app.get(&admin, "/auth/me").await;
        answer.ok();
        assert_eq!(answer.header("ratelimit-limit"), "5");
        assert_eq!(answer.header("ratelimit-remaining"), left.to_string());
        assert!(answer.header("ratelimit-reset").parse::<u64>().unwrap() <= 60);
    }
    // Whatever the route, and whatever is wrong with the request.
    for path in ["/auth/me", "/api/auth/users", "/auth/nada"] {
        let refused = app.get(&admin, path).await;
        refused.problem(429, "rate_limited");
        assert!(refused.header("retry-after").parse::<u64>().unwrap() <= 60);
        assert_eq!(refused.header("ratelimit-remaining"), "0");
        assert_eq!(refused.header("x-content-type-options"), "nosniff");
    }
    for _ in 0..7 {
        app.call(None, "GET", "/auth/me", None)
            .await
            .problem(401, "unauthorized");
    }
    app.send(app.request("GET", "/auth/me").bearer_auth("made.up.token"))
        .await
        .problem(429, "rate_limited");
    for _ in 0..2 {
        app.log_in("ninguem", "x")
            .await
            .problem(401, "unauthorized");
    }
    app.log_in(ADMIN, PASSWORD)
        .await
        .problem(429, "rate_limited");
    // Who watches is not counted.
    for _ in 0..20 {
        assert!(app.call(None, "GET", "/api/health", None).await.status == 200);
    }
    app.clock.advance(Duration::from_mins(2));
    app.get(&admin, "/auth/me").await.ok();
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forwarded_address_counts_only_from_our_proxies() {
    let limit = ("API__LIMITS__PER_ADDRESS", "2");
    let ask = async |app: &TestApp, from: String| {
        let request = app
            .request("GET", "/auth/me")
            .header("x-forwarded-for", from);
        app.send(request).await.status
    };
    let open = TestApp::with(&[limit]).await;
    let mut statuses = Vec::new();
    for number in 0..3 {
        statuses.push(ask(&open, format!("203.0.113.{number}")).await);
    }
    assert_eq!(
        statuses,
        [401, 401, 429],
        "a stranger's header is not believed"
    );
    open.stop().await;
    let behind = TestApp::with(&[limit, ("TRUSTED_PROXIES", "127.0.0.0/8")]).await;
    for number in 0..3 {
        assert_eq!(ask(&behind, format!("203.0.113.{number}")).await, 401);
        assert_eq!(
            ask(&behind, format!("6.6.6.6, 203.0.113.{number}")).await,
            401
        );
    }
    assert_eq!(ask(&behind, "203.0.113.0".to_owned()).await, 429);
    behind.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_together_has_a_limit_too() {
    let app = TestApp::with(&[("API__LIMITS__GLOBAL", "3")]).await;
    for _ in 0..3 {
        app.call(None, "GET", "/auth/me", None)
            .await
            .problem(401, "unauthorized");
    }
    app.call(None, "GET", "/auth/me", None)
        .await
        .problem(429, "rate_limited");
    app.stop().await;
}
