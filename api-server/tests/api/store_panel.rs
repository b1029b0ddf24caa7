//! The store panel of the rag-server, called from an administrator's browser: it asks here who that is.

use reqwest::Method;
use shared::testing::RagServer;

use crate::test_app::{On, Person, SERVICE_SECRET, TestApp};

/// Calls of the frontend to the rag-server, contract 6.3 and 6.4.
const PANEL: [(Method, &str); 5] = [
    (Method::GET, "chromadb/status"),
    (Method::GET, "chromadb/backups"),
    (Method::GET, "chromadb/download"),
    (Method::POST, "chromadb/compress"),
    (Method::POST, "reprocess-enhanced-materials"),
];

/// How somebody shows who they are.
enum Shown<'a> {
    Nothing,
    Null,
    Token(&'a Person),
    /// The cookie, in a request from this site.
    Cookie(&'a Person, &'static str),
}

async fn call(
    app: &TestApp,
    rag: &RagServer,
    method: &Method,
    path: &str,
    shown: &Shown<'_>,
) -> u16 {
    let url = rag.url().join(path).unwrap();
    let request = app.http.request(method.clone(), url);
    let request = match shown {
        Shown::Nothing => request,
        Shown::Null => request.bearer_auth("null"),
        Shown::Token(person) => request.bearer_auth(&person.token),
        Shown::Cookie(person, site) => request
            .header("cookie", format!("acervo_session={}", person.cookie))
            .header("sec-fetch-site", *site),
    };
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_reach_it_with_their_own_token_or_cookie_and_others_do_not() {
    // A port that was free a moment ago: each server must know where the other is before both are there.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port().to_string();
    drop(free);
    let ours = format!("http://127.0.0.1:{port}");
    let rag = RagServer::start(&[
        ("SERVICE_SECRET", SERVICE_SECRET),
        ("API_SERVER_URL", &ours),
    ])
    .await;
    let theirs = rag.url().to_string();
    let variables = [("PORT", port.as_str()), ("RAG_SERVER_URL", theirs.as_str())];
    let app = TestApp::in_real_time(On::Embedded, &variables)
        .await
        .unwrap();
    let admin = app.admin().await;
    let instructor = app.member(&admin, "professora", "instructor").await;

    for (method, path) in &PANEL {
        for (shown, status) in [
            (Shown::Nothing, 401),
            (Shown::Null, 401),
            (Shown::Token(&instructor), 403),
            (Shown::Cookie(&instructor, "same-origin"), 403),
            (Shown::Cookie(&admin, "cross-site"), 401),
            (Shown::Cookie(&admin, "same-origin"), 200),
            (Shown::Token(&admin), 200),
        ] {
            let answered = call(&app, &rag, method, path, &shown).await;
            assert_eq!(answered, status, "{method} {path}");
        }
    }
    // Nowhere else.
    for (method, path) in [
        (Method::GET, "materials"),
        (Method::POST, "reset"),
        (Method::GET, "status"),
    ] {
        let answered = call(&app, &rag, &method, path, &Shown::Token(&admin)).await;
        assert_eq!(answered, 401, "{method} {path}");
    }

    // Whoever cannot be asked about is let in nowhere.
    let http = app.http.clone();
    app.stop().await;
    let url = rag.url().join("chromadb/status").unwrap();
    let answer = http.get(url).bearer_auth("outro").send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 503);
}
