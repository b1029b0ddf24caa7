//! What is wrong is said, with the field, and nothing breaks.

use serde_json::{Value, json};

use crate::test_app::{TestApp, sample};

#[tokio::test(flavor = "multi_thread")]
async fn faulty_questions_name_their_field() {
    let app = TestApp::spawn().await;
    let cases: [(Value, u16, &str, &str); 12] = [
        (json!({}), 422, "unprocessable", "question"),
        (json!({ "question": "" }), 422, "unprocessable", "/question"),
        (json!({ "question": 3 }), 422, "unprocessable", "/question"),
        (
            json!({ "question": "a\u{0}b" }),
            422,
            "unprocessable",
            "/question",
        ),
        (
            json!({ "question": "a", "config": { "top_k": 0 } }),
            422,
            "unprocessable",
            "/config/top_k",
        ),
        (
            json!({ "question": "a", "config": { "top_k": 1_000_000_000 } }),
            422,
            "unprocessable",
            "/config/top_k",
        ),
        (
            json!({ "question": "a", "config": { "top_k": 1.5 } }),
            422,
            "unprocessable",
            "/config/top_k",
        ),
        (
            json!({ "question": "a", "config": { "min_score": 2 } }),
            422,
            "unprocessable",
            "/config/min_score",
        ),
        (
            json!({ "question": "a", "config": { "search": "magic" } }),
            422,
            "unprocessable",
            "/config/search",
        ),
        (
            json!({ "question": "a", "config": { "colour": 1 } }),
            422,
            "unknown_field",
            "/config",
        ),
        (
            json!({ "question": "a", "material_ids": ["ok", "a/b"] }),
            422,
            "unprocessable",
            "/material_ids/1",
        ),
        (
            json!({ "question": "a".repeat(50_001) }),
            422,
            "unprocessable",
            "/question",
        ),
    ];
    for (body, status, code, pointer) in cases {
        let problem = app.post("/query", &body).await.problem(status, code);
        let errors = problem["errors"].as_array().unwrap();
        assert!(
            errors
                .iter()
                .any(|error| error["pointer"].as_str().unwrap().contains(pointer)),
            "{problem} does not point at {pointer}"
        );
    }
    let broken = app
        .request("POST", "/query")
        .header("Content-Type", "application/json")
        .body("{\"question\": ");
    app.send(broken).await.problem(400, "invalid_request");
    let text = app
        .request("POST", "/query")
        .header("Content-Type", "text/plain")
        .body("oi");
    app.send(text).await.problem(415, "unsupported_media_type");
    let huge = json!({ "question": "a", "padding": "x".repeat(2 << 20) });
    app.post("/query", &huge)
        .await
        .problem(413, "payload_too_large");
}

#[tokio::test(flavor = "multi_thread")]
async fn faulty_ids_and_paths_are_refused() {
    let app = TestApp::spawn().await;
    for id in ["a%2Fb", "a%00b", "%FF", &"x".repeat(201), "a%0Ab"] {
        app.put(id, "texto").await.problem(400, "invalid_request");
        app.get(&format!("/materials/{id}"))
            .await
            .problem(400, "invalid_request");
    }
    // Clients take these for steps in a path and send something else, attackers do not.
    for id in ["%2E%2E", "%2e", "..", "."] {
        let status = app.raw(&format!("GET /materials/{id} HTTP/1.1")).await;
        assert!(status.starts_with("HTTP/1.1 400"), "{id}: {status}");
    }
    app.get("/nowhere").await.problem(404, "not_found");
    app.get("/jobs/nowhere").await.problem(404, "job_not_found");
    app.delete("/jobs/nowhere")
        .await
        .problem(404, "job_not_found");
    for list in ["/jobs?limit=0", "/jobs?limit=501", "/materials?limit=0"] {
        let problem = app.get(list).await.problem(422, "unprocessable");
        assert_eq!(problem["errors"][0]["pointer"], "/limit", "{problem}");
    }
    app.get("/jobs?state=tired")
        .await
        .problem(400, "invalid_request");
    assert_eq!(app.get("/materials?state=tired").await.status / 100, 4);
    let wrong_verb = app.send(app.request("DELETE", "/query")).await;
    assert!(matches!(wrong_verb.status, 404 | 405), "{wrong_verb:?}");
    assert_eq!(wrong_verb.content_type, "application/problem+json");
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_files_end_with_a_reason_and_others_go_on() {
    let app = TestApp::spawn().await;
    let mut broken = sample("regulamento-laboratorio.pdf");
    broken.truncate(600);
    let cases: [(&str, Vec<u8>, &str); 5] = [
        ("empty.pdf", Vec::new(), "empty_file"),
        (
            "random.bin",
            (0..4096_u32)
                .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
                .collect(),
            "unsupported_type",
        ),
        ("blank.txt", b" \n\t\n".to_vec(), "no_text"),
        ("broken.pdf", broken, "damaged_file"),
        (
            "broken.xlsx",
            b"PK\x03\x04 not a zip at all".to_vec(),
            "damaged_file",
        ),
    ];
    for (name, bytes, _) in &cases {
        assert_eq!(app.put(name, bytes.clone()).await.status, 202, "{name}");
    }
    app.bring_in("good.txt", "Este arquivo está em ordem.")
        .await;
    for (name, _, code) in &cases {
        let material = app.settled(name, "failed").await;
        let reason = material["error"]["code"].as_str().unwrap();
        assert!(
            reason == *code || reason == "unsupported_type",
            "{name}: {material}"
        );
        assert!(material["error"]["detail"].as_str().unwrap().len() > 10);
        let job = app.ended(material["job_id"].as_str().unwrap()).await;
        assert_eq!(
            (job["state"].as_str(), job["error"]["code"].as_str()),
            (Some("failed"), Some(reason))
        );
        // Every state can be removed.
        assert_eq!(app.delete(&format!("/materials/{name}")).await.status, 204);
    }
    assert_eq!(app.find("em ordem").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_mislabelled_is_read_as_what_it_is() {
    let app = TestApp::spawn().await;
    let html = "<!doctype html><html><body><h1>Aula</h1><p>O conteúdo está aqui.</p></body></html>";
    assert_eq!(app.bring_in("page.pdf", html).await["type"], "html");
    assert_eq!(
        app.bring_in("table.pdf", sample("plano-de-treino.xlsx"))
            .await["type"],
        "xlsx"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_over_the_limit_is_refused_before_it_is_read() {
    let app = TestApp::with(&[("MAX_UPLOAD_BYTES", "2KiB")]).await;
    let problem = app
        .put("big.txt", vec![b'a'; 4096])
        .await
        .problem(413, "payload_too_large");
    assert!(problem["detail"].as_str().unwrap().contains("limite"));
    // Without an announced length the limit holds while streaming.
    let parts = futures::stream::iter((0..8).map(|_| Ok::<_, std::io::Error>(vec![b'a'; 1024])));
    let request = app
        .request("PUT", "/materials/big.txt")
        .body(reqwest::Body::wrap_stream(parts));
    app.send(request).await.problem(413, "payload_too_large");
    app.get("/materials/big.txt")
        .await
        .problem(404, "material_not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_of_a_material_are_checked() {
    let app = TestApp::spawn().await;
    for query in [
        "title=a%0Ab",
        &format!("title={}", "x".repeat(2000)),
        &format!("tags={}", "y".repeat(200)),
    ] {
        app.put(&format!("a.txt?{query}"), "texto")
            .await
            .problem(400, "invalid_request");
    }
    assert_eq!(app.put("a.txt?colour=red", "texto").await.status / 100, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn reset_asks_for_a_confirmation() {
    let app = TestApp::spawn().await;
    app.bring_in("a.txt", "Um texto.").await;
    for body in [json!({}), json!({ "confirm": false })] {
        app.post("/reset", &body)
            .await
            .problem(422, "confirmation_required");
    }
    let done = app.post("/reset", &json!({ "confirm": true })).await;
    assert_eq!(
        (done.status, done.json()["success"].as_bool()),
        (200, Some(true))
    );
    assert_eq!(app.get("/stats").await.json()["documents"], 0);
    assert!(app.find("texto").await.is_empty());
    app.bring_in("a.txt", "Um texto.").await;
    assert_eq!(app.find("texto").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn initialize_takes_its_key_in_the_body_alone() {
    let app = TestApp::spawn().await;
    let done = app
        .post("/initialize", &json!({ "api_key": "chave" }))
        .await;
    assert_eq!(
        (done.status, done.json()["success"].as_bool()),
        (200, Some(true))
    );
    let form = app
        .request("POST", "/initialize")
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body("api_key=chave");
    assert_eq!(app.send(form).await.status, 200);
    assert_eq!(
        app.send(app.request("POST", "/initialize?api_key=chave"))
            .await
            .status
            / 100,
        4
    );
}
