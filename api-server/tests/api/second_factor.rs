//! TOTP and recovery codes.

use std::time::Duration;

use serde_json::json;
use shared::clock::Clock as _;
use totp_rs::{Builder, Secret};

use crate::test_app::{ADMIN, Answer, PASSWORD, Person, TestApp, on_both};

fn code(app: &TestApp, secret: &str) -> String {
    let totp = Builder::new()
        .with_secret(Secret::try_from_base32(secret).unwrap())
        .with_account_name("a")
        .build()
        .unwrap();
    let now = u64::try_from(app.clock.now_ms() / 1000).unwrap();
    totp.generate(now).to_string()
}

async fn with_otp(app: &TestApp, name: &str, password: &str, otp: &str) -> Answer {
    let form = [("username", name), ("password", password), ("otp", otp)];
    app.send(app.form("/auth/token", &form)).await
}

/// Sets it up: the secret and the recovery codes.
pub(crate) async fn set_up(app: &TestApp, person: &Person) -> (String, Vec<String>) {
    let begun = app
        .call(Some(person), "POST", "/auth/two-factor", None)
        .await
        .ok();
    let secret = begun["secret"].as_str().unwrap().to_owned();
    let url = begun["otpauth_url"].as_str().unwrap();
    assert!(
        url.starts_with("otpauth://totp/Acervo:") && url.contains(&secret),
        "{url}"
    );
    app.post(
        person,
        "/auth/two-factor/confirm",
        json!({"code": "000000x"}),
    )
    .await
    .problem(400, "invalid_request");
    let codes = app
        .post(
            person,
            "/auth/two-factor/confirm",
            json!({"code": code(app, &secret)}),
        )
        .await
        .ok();
    let codes = codes["recovery_codes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|code| code.as_str().unwrap().to_owned())
        .collect();
    app.clock.advance(Duration::from_secs(30));
    (secret, codes)
}

on_both! {
    async fn signing_in_takes_a_code_that_is_good_once(app) {
        let admin = app.admin().await;
        let ana = app.member(&admin, "ana", "student").await;
        let (secret, _) = set_up(&app, &ana).await;
        assert_eq!(app.get(&ana, "/auth/two-factor").await.ok()["enabled"], true);
        let missing = app.log_in("ana", PASSWORD).await.problem(401, "unauthorized");
        assert_eq!(missing["errors"][0]["pointer"], "/otp");
        // Without the password nothing is told of the second factor.
        let wrong = app.log_in("ana", "errada errada errada").await.problem(401, "unauthorized");
        assert!(wrong.get("errors").is_none_or(|errors| errors.as_array().unwrap().is_empty()));
        let now = code(&app, &secret);
        with_otp(&app, "ana", PASSWORD, &now).await.ok();
        with_otp(&app, "ana", PASSWORD, &now).await.problem(401, "unauthorized");
        app.clock.advance(Duration::from_secs(30));
        // The page has no field: the digits follow the password.
        app.log_in("ana", &format!("{PASSWORD}{}", code(&app, &secret))).await.ok();
        app.clock.advance(Duration::from_secs(300));
        with_otp(&app, "ana", PASSWORD, &now).await.problem(401, "unauthorized");
        app.stop().await;
    }

    async fn recovery_codes_are_good_once(app) {
        let admin = app.admin().await;
        let ana = app.member(&admin, "ana", "student").await;
        let (_, codes) = set_up(&app, &ana).await;
        assert_eq!(codes.len(), 10);
        with_otp(&app, "ana", PASSWORD, &codes[0]).await.ok();
        with_otp(&app, "ana", PASSWORD, &codes[0]).await.problem(401, "unauthorized");
        with_otp(&app, "ana", PASSWORD, &codes[1].to_uppercase().replace('-', " ")).await.ok();
        app.stop().await;
    }

    async fn it_is_removed_by_its_owner_with_the_password_or_by_an_administrator(app) {
        let admin = app.admin().await;
        let ana = app.member(&admin, "ana", "student").await;
        set_up(&app, &ana).await;
        app.call(Some(&ana), "POST", "/auth/two-factor", None).await.problem(409, "conflict");
        app.post(&ana, "/auth/two-factor/disable", json!({"password": "errada"})).await.problem(400, "invalid_request");
        app.post(&ana, "/auth/two-factor/disable", json!({"password": PASSWORD})).await.ok();
        app.person("ana", PASSWORD).await;
        set_up(&app, &ana).await;
        app.delete(&admin, "/auth/users/ana/two-factor").await.ok();
        app.delete(&admin, "/auth/users/ana/two-factor").await.problem(409, "conflict");
        app.person("ana", PASSWORD).await;
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_can_be_made_to_have_one() {
    let app = TestApp::with(&[("REQUIRE_ADMIN_TWO_FACTOR", "true")]).await;
    let admin = app.admin().await;
    app.get(&admin, "/auth/me").await.ok();
    app.get(&admin, "/auth/users")
        .await
        .problem(403, "forbidden");
    let (secret, _) = set_up(&app, &admin).await;
    app.get(&admin, "/auth/users").await.ok();
    with_otp(&app, ADMIN, PASSWORD, &code(&app, &secret))
        .await
        .ok();
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_secret_is_not_in_the_database() {
    let app = TestApp::spawn().await;
    let admin = app.admin().await;
    let (secret, codes) = set_up(&app, &admin).await;
    let shared::db::Db::Sqlite(pool) = app.services.db() else {
        panic!("SQLite")
    };
    let kept: String = sqlx::query_scalar("SELECT totp_secret FROM users")
        .fetch_one(pool)
        .await
        .unwrap();
    let digests: Vec<String> = sqlx::query_scalar("SELECT digest FROM recovery_codes")
        .fetch_all(pool)
        .await
        .unwrap();
    let raw = Secret::try_from_base32(&secret).unwrap();
    assert!(!kept.contains(&secret) && !kept.contains(&raw.to_base32()));
    assert!(
        digests
            .iter()
            .all(|digest| codes.iter().all(|code| !digest.contains(code)))
    );
    app.stop().await;
}
