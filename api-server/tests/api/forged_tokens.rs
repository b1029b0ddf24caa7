//! Tokens nobody made: every way known to forge one, refused.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::test_app::{JWT_SECRET, Person, SERVICE_SECRET, TestApp, on_both, service_token};

fn encode(value: &Value) -> String {
    BASE64.encode(value.to_string())
}

fn part(token: &str, index: usize) -> Value {
    serde_json::from_slice(&BASE64.decode(token.split('.').nth(index).unwrap()).unwrap()).unwrap()
}

fn signed(header: &Value, claims: &Value, secret: &[u8]) -> String {
    let text = format!("{}.{}", encode(header), encode(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
    mac.update(text.as_bytes());
    format!("{text}.{}", BASE64.encode(mac.finalize().into_bytes()))
}

/// Refused as a header's token, as an API key's, and by the other server's question.
async fn is_refused(app: &TestApp, what: &str, token: &str) {
    let answer = app
        .send(app.request("GET", "/auth/me").bearer_auth(token))
        .await;
    assert_eq!(
        (answer.status, answer.json()["code"].as_str().unwrap()),
        (401, "unauthorized"),
        "{what}"
    );
    let answer = app
        .send(app.request("GET", "/auth/me").header("x-api-key", token))
        .await;
    assert_eq!(answer.status, 401, "{what} as a key");
    for carrier in ["header", "cookie"] {
        let body = json!({"token": token, "carrier": carrier, "method": "GET"});
        assert_eq!(
            app.introspect(body).await.ok(),
            json!({"active": false}),
            "{what}"
        );
    }
}

fn with(claims: &Value, name: &str, value: Value) -> Value {
    let mut changed = claims.clone();
    changed[name] = value;
    changed
}

on_both! {
    async fn forged_headers_and_claims_are_refused(app) {
        let admin = app.admin().await;
        let (header, claims) = (part(&admin.token, 0), part(&admin.token, 1));
        let secret = JWT_SECRET.as_bytes();
        // The forger's tools work: what is signed like ours is taken.
        let honest = Person { token: signed(&header, &claims, secret), ..admin.clone() };
        app.get(&honest, "/auth/me").await.ok();

        for alg in ["none", "None", "NONE", "nOnE", "", "hs256", "HS384", "HS512", "RS256", "ES256", "PS256", "EdDSA"] {
            let forged = with(&header, "alg", json!(alg));
            let text = format!("{}.{}", encode(&forged), encode(&claims));
            is_refused(&app, alg, &format!("{text}.")).await;
            is_refused(&app, alg, &text).await;
            is_refused(&app, alg, &signed(&forged, &claims, secret)).await;
            is_refused(&app, alg, &signed(&forged, &claims, b"")).await;
        }
        let parts: Vec<_> = admin.token.split('.').collect();
        let root = with(&claims, "role", json!("admin"));
        for (what, token) in [
            ("empty signature", format!("{}.{}.", parts[0], parts[1])),
            ("other claims", format!("{}.{}.{}", parts[0], encode(&with(&root, "sub", json!("x"))), parts[2])),
            ("signature cut", admin.token[..admin.token.len() - 2].to_owned()),
            ("four parts", format!("{}.x", admin.token)),
            ("two signatures", format!("{}.{}", admin.token, parts[2])),
            ("other secret", signed(&header, &claims, b"another-secret-of-more-than-32-bytes")),
            ("service's secret", signed(&header, &claims, SERVICE_SECRET.as_bytes())),
            ("no kid", signed(&json!({"alg": "HS256", "typ": "JWT"}), &claims, secret)),
        ] {
            is_refused(&app, what, &token).await;
        }
        for kid in [json!("../../../../dev/null"), json!("' UNION SELECT 'key' --"), json!(""), json!("/proc/sys/kernel/randomize_va_space"), json!(0), json!(null), json!(["a"]), json!("x".repeat(1500))] {
            let forged = with(&header, "kid", kid);
            is_refused(&app, "kid", &signed(&forged, &claims, secret)).await;
            is_refused(&app, "kid, empty key", &signed(&forged, &claims, b"")).await;
        }
        let jwk = json!({"kty": "oct", "k": BASE64.encode("attacker"), "alg": "HS256"});
        for (name, value) in [
            ("jwk", jwk),
            ("jku", json!("http://127.0.0.1:1/keys.json")),
            ("x5u", json!("http://127.0.0.1:1/cert.pem")),
            ("x5c", json!(["MIIB"])),
            ("crit", json!(["exp"])),
            ("b64", json!(false)),
            ("zip", json!("DEF")),
            ("cty", json!("JWT")),
        ] {
            let forged = with(&header, name, value);
            is_refused(&app, name, &signed(&forged, &claims, secret)).await;
            is_refused(&app, name, &signed(&forged, &claims, b"attacker")).await;
        }
        let now = claims["iat"].as_i64().unwrap();
        for (name, value) in [
            ("exp", json!(now - 1)),
            ("exp", json!(0)),
            ("exp", json!("9999999999")),
            ("exp", json!(null)),
            ("iat", json!(now + 3600)),
            ("nbf", json!(now + 3600)),
            ("iss", json!("someone-else")),
            ("iss", json!("acervo-rag-server")),
            ("aud", json!("someone-else")),
            ("aud", json!(["acervo-cookie"])),
            ("aud", json!("acervo-rag-server")),
            ("uid", json!("00000000-0000-0000-0000-000000000000")),
            ("uid", json!("a\0b")),
            ("sid", json!("00000000-0000-0000-0000-000000000000")),
            ("sid", json!("a\0b")),
            ("ver", json!(0)),
            ("ver", json!(99)),
        ] {
            let token = signed(&header, &with(&claims, name, value.clone()), secret);
            // A cookie's audience is right for a cookie: only the header is tried.
            let answer = app.send(app.request("GET", "/auth/me").bearer_auth(&token)).await;
            assert_eq!(answer.status, 401, "{name} {value}");
        }
        for name in ["exp", "iat", "iss", "aud", "uid", "sid", "ver", "jti", "sub", "role"] {
            let mut fewer = claims.clone();
            fewer.as_object_mut().unwrap().remove(name);
            is_refused(&app, name, &signed(&header, &fewer, secret)).await;
        }
        app.stop().await;
    }

    async fn a_token_ends_by_the_clock(app) {
        let admin = app.admin().await;
        app.clock.advance(std::time::Duration::from_secs(180 * 60 - 1));
        app.get(&admin, "/auth/me").await.ok();
        app.clock.advance(std::time::Duration::from_secs(1));
        app.get(&admin, "/auth/me").await.problem(401, "unauthorized");
        app.stop().await;
    }

    async fn a_service_token_is_no_users_and_the_reverse(app) {
        let admin = app.admin().await;
        for (issuer, audience) in [
            ("acervo-rag-server", "acervo-api-server"),
            ("acervo-api-server", "acervo-rag-server"),
            ("acervo", "acervo"),
        ] {
            is_refused(&app, "service token", &service_token(issuer, audience, &*app.clock)).await;
        }
        for token in [admin.token.clone(), admin.cookie.clone(), service_token("acervo-api-server", "acervo-rag-server", &*app.clock), "null".to_owned()] {
            let asked = app
                .request("POST", "/internal/introspect")
                .bearer_auth(token)
                .json(&json!({"token": admin.token, "carrier": "header"}));
            app.send(asked).await.problem(401, "unauthorized");
        }
        app.stop().await;
    }

    async fn the_cookie_opens_nothing_here(app) {
        let admin = app.admin().await;
        let by_cookie = app
            .request("GET", "/api/auth/me")
            .header("cookie", format!("acervo_session={}", admin.cookie));
        app.send(by_cookie).await.problem(401, "unauthorized");
        is_refused_as_header(&app, &admin.cookie).await;
        app.stop().await;
    }
}

async fn is_refused_as_header(app: &TestApp, token: &str) {
    app.send(app.request("GET", "/auth/me").bearer_auth(token))
        .await
        .problem(401, "unauthorized");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_earlier_secret_is_taken_until_it_is_removed() {
    let new = "Zx8Cv6Bn4Mm2Lk0Jh9Gf7Ds5Aq3We1Rt";
    let app = TestApp::spawn().await;
    let (header, claims) = {
        let admin = app.admin().await;
        (part(&admin.token, 0), part(&admin.token, 1))
    };
    app.stop().await;
    let rotated = TestApp::with(&[
        ("JWT_SECRET_KEY", new),
        ("JWT_PREVIOUS_SECRET_KEYS", JWT_SECRET),
    ])
    .await;
    let admin = rotated.admin().await;
    let ours = part(&admin.token, 1);
    assert_ne!(part(&admin.token, 0)["kid"], header["kid"]);
    let mut mixed = ours.clone();
    mixed["iat"] = claims["iat"].clone();
    let old = signed(&header, &ours, JWT_SECRET.as_bytes());
    let answer = rotated
        .send(rotated.request("GET", "/auth/me").bearer_auth(&old))
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    // The key id chooses the key: neither secret signs under the other's name.
    let swapped = signed(&header, &ours, new.as_bytes());
    is_refused(&rotated, "swapped", &swapped).await;
    rotated.stop().await;
}
