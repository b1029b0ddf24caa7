//! Names and passwords.

use base64::Engine as _;
use serde_json::{Value, json};

use crate::test_app::{ADMIN, PASSWORD, TestApp, on_both};

fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(payload)
        .unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

on_both! {
    async fn a_right_password_gives_what_the_page_reads(app) {
        let answer = app.log_in(ADMIN, PASSWORD).await;
        let body = answer.ok();
        assert_eq!(body["token_type"], "bearer");
        assert_eq!(body["is_temporary_password"], false);
        let token = body["access_token"].as_str().unwrap();
        assert_eq!(token.split('.').count(), 3);
        let claims = claims(token);
        assert_eq!(claims["sub"], ADMIN);
        assert_eq!(claims["role"], "admin");
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 180 * 60);
        for name in ["uid", "iss", "aud", "jti"] {
            assert!(claims[name].is_string(), "{name}");
        }
        let cookie = answer.header("set-cookie");
        for part in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=10800"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        assert_eq!(answer.header("cache-control"), "no-store");

        let admin = app.admin().await;
        for path in ["/api/auth/me", "/auth/me"] {
            let me = app.get(&admin, path).await.ok();
            assert_eq!(me["username"], ADMIN);
            assert_eq!(me["role"], "admin");
            assert_eq!(me["approved"], true);
            for name in ["id", "created_at", "updated_at", "last_login"] {
                assert!(me[name].is_string(), "{name}: {me}");
            }
            assert!(me["created_at"].as_str().unwrap().ends_with('Z'));
            assert!(!me.to_string().contains("argon2"));
        }
        app.stop().await;
    }

    async fn what_is_wrong_is_told_only_to_who_knows_the_password(app) {
        let admin = app.admin().await;
        let ana = app.member(&admin, "ana.lima", "student").await;
        let wrong = app.log_in("ana.lima", "errada errada errada").await.problem(401, "unauthorized");
        let unknown = app.log_in("ninguem.aqui", "errada errada errada").await.problem(401, "unauthorized");
        assert_eq!(wrong["detail"], unknown["detail"]);
        for (change, word) in [(json!({"disabled": true}), "desativada"), (json!({"disabled": false, "approved": false}), "aprovada")] {
            app.put(&admin, "/auth/users/ana.lima", change).await.ok();
            let told = app.log_in("ana.lima", PASSWORD).await.problem(403, "forbidden");
            assert!(told["detail"].as_str().unwrap().contains(word), "{told}");
            let untold = app.log_in("ana.lima", "errada errada errada").await.problem(401, "unauthorized");
            assert_eq!(untold["detail"], unknown["detail"]);
        }
        app.get(&ana, "/auth/me").await.problem(401, "unauthorized");
        app.stop().await;
    }

    async fn a_one_time_password_opens_only_its_change_and_ends_after_a_day(app) {
        let admin = app.admin().await;
        let body = json!({ "username": "bia", "email": "bia@example.org", "full_name": "", "role": "student" });
        let made = app.post(&admin, "/auth/users", body).await.ok();
        let first = made["generated_password"].as_str().unwrap().to_owned();
        assert!(first.len() >= 12);
        assert_eq!(made["user"]["approved"], false);
        assert_eq!(made["user"]["is_temporary_password"], true);
        assert!(made["user"]["external_id"].as_str().unwrap().parse::<u32>().is_ok());

        let bia = app.person("bia", &first).await;
        assert_eq!(app.get(&bia, "/auth/me").await.ok()["is_temporary_password"], true);
        app.get(&bia, "/status").await.problem(403, "forbidden");
        app.post(&bia, "/auth/api-keys", json!({"name": "a", "scopes": ["read"]})).await.problem(403, "forbidden");

        app.clock.advance(std::time::Duration::from_hours(24));
        app.log_in("bia", &first).await.problem(403, "forbidden");
        let admin = app.admin().await;
        let reset = json!({ "username": "bia", "new_password": "tartaruga verde lenta" });
        app.post(&admin, "/auth/reset-password", reset).await.ok();
        let bia = app.person("bia", "tartaruga verde lenta").await;
        let change = json!({ "current_password": "tartaruga verde lenta", "new_password": PASSWORD });
        app.post(&bia, "/auth/change-password", change).await.ok();
        let me = app.get(&bia, "/auth/me").await.ok();
        assert_eq!((&me["approved"], &me["is_temporary_password"]), (&json!(true), &json!(false)));
        assert!(app.get(&bia, "/status").await.status < 300);
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_given_password_the_first_administrator_finds_one_in_a_file() {
    let app = TestApp::with(&[("ADMIN_PASSWORD", "")]).await;
    let file = app.folder.path().join("admin-password.txt");
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let password = std::fs::read_to_string(&file).unwrap();
    let body = app.log_in(ADMIN, password.trim()).await.ok();
    assert_eq!(body["is_temporary_password"], true);
    app.stop().await;
}
