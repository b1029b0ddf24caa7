//! Everything wrong gets a 4xx with a sentence; nothing gets a 5xx.

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::test_app::{ADMIN, Answer, PASSWORD, TestApp, on_both};

#[track_caller]
fn is_refused(answer: &Answer, statuses: &[u16], what: &str) {
    assert!(statuses.contains(&answer.status), "{what}: {answer:?}");
    assert_eq!(
        answer.content_type, "application/problem+json",
        "{what}: {answer:?}"
    );
    let detail = answer.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.len() > 10, "{what}: {detail}");
    assert!(
        !detail.contains('`') && !detail.contains("field"),
        "{what}: {detail}"
    );
}

on_both! {
    async fn forms_that_are_none(app) {
        let form = "application/x-www-form-urlencoded";
        let long = format!("username=a&password={}", "p".repeat(1_000_000));
        let name = format!("username={}&password=x", "n".repeat(10_000));
        for (content_type, body, statuses) in [
            (form, "", &[422][..]),
            (form, "username=a", &[422]),
            (form, "password=a", &[422]),
            (form, "username=a&username=b&password=c", &[422]),
            (form, "username=a&password=b&password=c", &[422]),
            (form, "username=%00&password=%00", &[401]),
            (form, "username=a%00b&password=c", &[401]),
            (form, "username=%ff%fe&password=%c0%af", &[401]),
            (form, "username=%zz&password=%", &[401]),
            (form, "username=&password=", &[401]),
            (form, "username=a&password=b&otp=c", &[401]),
            (form, "username='%20OR%201=1--&password=x", &[401]),
            (form, "=&=&=", &[422]),
            (form, "username[]=a&password[]=b", &[422]),
            (form, &name, &[401]),
            (form, &long, &[413]),
            ("application/json", "{\"username\":\"a\",\"password\":\"b\"}", &[415]),
            ("text/plain", "username=a&password=b", &[415]),
            ("", "username=a&password=b", &[415]),
            ("multipart/form-data", "--x", &[415]),
        ] {
            let mut request = app.request("POST", "/api/auth/token").body(body.to_owned());
            if !content_type.is_empty() {
                request = request.header("content-type", content_type);
            }
            let shown: String = body.chars().take(40).collect();
            is_refused(&app.send(request).await, statuses, &format!("{content_type} {shown}"));
        }
        app.stop().await;
    }

    async fn bodies_that_are_none(app) {
        let admin = app.admin().await;
        let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
        for (body, statuses) in [
            ("", &[400, 422][..]),
            ("{", &[400]),
            ("[]", &[422]),
            ("null", &[422]),
            ("{\"username\":1}", &[422]),
            ("{\"username\":\"a\",\"username\":\"b\"}", &[422]),
            ("{\"username\":\"\\ud800\"}", &[400, 422]),
            ("{\"nada\":1}", &[422]),
            (&deep, &[400, 422]),
            ("\u{feff}{}", &[400, 422]),
        ] {
            for path in ["/auth/users", "/auth/resend-verification", "/auth/public/request-password-reset", "/auth/two-factor/confirm"] {
                let request = app
                    .request("POST", path)
                    .bearer_auth(&admin.token)
                    .header("content-type", "application/json")
                    .body(body.to_owned());
                let shown: String = body.chars().take(40).collect();
                is_refused(&app.send(request).await, statuses, &format!("{path} {shown}"));
            }
        }
        let large = app.post(&admin, "/auth/resend-verification", json!({"username": "a".repeat(2 << 20)})).await;
        is_refused(&large, &[413], "large");
        let long = json!({"current_password": PASSWORD, "new_password": "p".repeat(500_000)});
        is_refused(&app.post(&admin, "/auth/change-password", long).await, &[400], "long password");
        app.stop().await;
    }

    async fn addresses_that_are_none(app) {
        let admin = app.admin().await;
        for name in ["%00", "a%00b", "%ff", "..%2f..%2fetc", "%2e%2e", "a".repeat(5_000).as_str(), "%F0%9F%92%A9", "'%20OR%201=1"] {
            for (method, path) in [
                ("PUT", format!("/auth/users/{name}")),
                ("DELETE", format!("/api/auth/users/{name}")),
                ("DELETE", format!("/auth/approved-users/{name}")),
                ("DELETE", format!("/auth/users/{name}/two-factor")),
            ] {
                let body = (method == "PUT").then(|| json!({"disabled": true}));
                let answer = app.call(Some(&admin), method, &path, body).await;
                // The client itself resolves dots in paths: 405 is another route's.
                is_refused(&answer, &[400, 404, 405], &format!("{method} {path}"));
            }
        }
        // A DELETE and a PUT without a body, and a GET with one.
        is_refused(&app.call(Some(&admin), "DELETE", "/auth/users/ninguem", None).await, &[404], "DELETE");
        is_refused(&app.call(Some(&admin), "PUT", "/auth/users/ninguem", None).await, &[415, 400], "PUT");
        app.call(Some(&admin), "GET", "/auth/me", Some(json!({"a": 1}))).await.ok();
        app.stop().await;
    }

    async fn credentials_that_are_none(app) {
        for value in [
            "Bearer", "Bearer ", "Bearer null", "Bearer undefined", "Bearer x", "Bearer a.b.c", "Bearer ..",
            "Basic YTpi", "bearer", "Bearer Bearer x", "Negotiate x", "x", "Bearer é",
        ] {
            let request = app.request("GET", "/auth/me").header("authorization", value);
            is_refused(&app.send(request).await, &[401], value);
        }
        let long = format!("Bearer {}", "a".repeat(20_000));
        let answer = app.send(app.request("GET", "/auth/me").header("authorization", long)).await;
        assert!([400, 401, 431].contains(&answer.status), "{answer:?}");
        // Two at once: the first header counts, and a public route looks at none.
        let both = app.request("GET", "/health").header("authorization", "Bearer x").header("x-api-key", "acv_x");
        app.send(both).await.ok();
        app.stop().await;
    }
}

/// What no client library sends.
async fn raw(app: &TestApp, text: &[u8]) -> String {
    let address = app.base.strip_prefix("http://").unwrap();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(text).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    let _read = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer)
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_http_does_no_harm() {
    let app = TestApp::spawn().await;
    let flood: String = (0..500)
        .map(|number| format!("X-{number}: a\r\n"))
        .collect();
    let wide = format!(
        "GET /health HTTP/1.1\r\nHost: a\r\nX-Wide: {}\r\n\r\n",
        "a".repeat(1 << 20)
    );
    for text in [
        b"\x00\x01\x02\r\n\r\n".to_vec(),
        b"GET\r\n\r\n".to_vec(),
        b"GET /health HTTP/9.9\r\n\r\n".to_vec(),
        format!("GET /health HTTP/1.1\r\nHost: a\r\n{flood}\r\n").into_bytes(),
        wide.into_bytes(),
        b"POST /auth/token HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcde".to_vec(),
        b"POST /auth/token HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\n".to_vec(),
        b"GET /auth/me HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \x01\x02\r\n\r\n".to_vec(),
        b"GET /auth/users/%00%zz HTTP/1.1\r\nHost: a\r\n\r\n".to_vec(),
    ] {
        let first = raw(&app, &text).await;
        assert!(!first.contains(" 5"), "{first} for {:?}", String::from_utf8_lossy(&text[..text.len().min(60)]));
    }
    app.person(ADMIN, PASSWORD).await;
    app.stop().await;
}
