//! How the assistant answers: who may change it, what is acceptable, and what is written down.

use serde_json::{Value, json};

use crate::test_app::{TestApp, on_both};

/// What the page sends: always all fields.
fn form() -> Value {
    json!({
        "name": "Assistente da turma", "description": "", "prompt": "Seja breve. {context} {question}",
        "model": "gpt-4o", "temperature": 0.35, "chunkSize": 1200, "chunkOverlap": 80,
        "retrievalSearchType": "similarity", "embeddingModel": "text-embedding-3-small"
    })
}

on_both! {
    async fn the_page_loads_saves_and_goes_back(app) {
        let admin = app.admin().await;
        let loaded = app.get(&admin, "/api/assistant/config").await.ok();
        assert_eq!(loaded["status"], "success");
        assert_eq!(loaded["config"]["name"], "Educação Física");
        assert_eq!(loaded["config"]["retrievalSearchType"], "mmr");
        for name in ["Educação Física", "Nutrição Esportiva", "Anatomia Humana"] {
            let template = &loaded["templates"][name];
            for field in ["prompt", "model", "embeddingModel"] {
                assert!(template[field].as_str().is_some_and(|text| !text.is_empty()), "{name} {field}");
            }
        }
        let saved = app.post(&admin, "/api/assistant/config", form()).await.ok();
        assert_eq!(saved, json!({ "status": "success", "config": form() }));
        assert_eq!(app.get(&admin, "/api/assistant/config").await.ok()["config"], form());

        let partly = app.post(&admin, "/api/assistant/config", json!({ "temperature": 0, "title": "x" })).await.ok();
        assert_eq!(partly["config"]["temperature"].as_f64(), Some(0.0));
        assert_eq!(partly["config"]["name"], "Assistente da turma");

        let applied = app.call(Some(&admin), "POST", "/api/assistant/config/template/Nutri%C3%A7%C3%A3o%20Esportiva", None).await.ok();
        assert_eq!(applied["config"], loaded["templates"]["Nutrição Esportiva"]);
        let reset = app.call(Some(&admin), "POST", "/api/assistant/config/reset", None).await.ok();
        assert_eq!(reset["config"], loaded["config"]);
        app.stop().await;
    }

    async fn templates_are_saved_replaced_and_removed(app) {
        let admin = app.admin().await;
        let teacher = app.member(&admin, "professora", "instructor").await;
        let path = "/api/assistant/config/save-template?template_name=Turma%20de%20ver%C3%A3o";
        let saved = app.post(&teacher, path, form()).await.ok();
        assert_eq!(saved["config"], form());
        let current = app.get(&teacher, "/api/assistant/config").await.ok();
        assert_eq!(current["config"]["name"], "Educação Física", "saving a template applies nothing");
        assert_eq!(current["templates"]["Turma de verão"], form());
        app.post(&teacher, path, json!({ "prompt": "Outra." })).await.ok();
        let templates = app.get(&teacher, "/api/assistant/templates").await.ok();
        assert_eq!(templates["templates"]["Turma de verão"]["prompt"], "Outra.");
        assert_eq!(templates["templates"].as_object().unwrap().len(), 4);

        let own = "/api/assistant/config/save-template?template_name=Anatomia%20Humana";
        app.post(&teacher, own, json!({ "prompt": "A nossa." })).await.ok();
        let anatomy = "/api/assistant/config/template/Anatomia%20Humana";
        let applied = app.call(Some(&teacher), "POST", anatomy, None).await.ok();
        assert_eq!(applied["config"]["prompt"], "A nossa.");
        app.delete(&teacher, anatomy).await.ok();
        let applied = app.call(Some(&teacher), "POST", anatomy, None).await.ok();
        assert_ne!(applied["config"]["prompt"], "A nossa.", "the built-in one comes to light again");
        app.delete(&teacher, anatomy).await.problem(409, "conflict");
        app.delete(&teacher, "/api/assistant/config/template/Turma%20de%20ver%C3%A3o").await.ok();
        for method in ["POST", "DELETE"] {
            app.call(Some(&teacher), method, "/api/assistant/config/template/Turma%20de%20ver%C3%A3o", None).await
                .problem(404, "not_found");
        }
        app.stop().await;
    }

    async fn every_change_is_written_down(app) {
        let admin = app.admin().await;
        let teacher = app.member(&admin, "professora", "instructor").await;
        app.post(&teacher, "/api/assistant/config", form()).await.ok();
        app.post(&admin, "/api/assistant/config/save-template?template_name=A", json!({})).await.ok();
        app.post(&admin, "/api/assistant/config/template/A", json!({})).await.ok();
        app.post(&teacher, "/api/assistant/config/reset", json!({})).await.ok();
        app.delete(&admin, "/api/assistant/config/template/A").await.ok();
        let history = app.get(&admin, "/api/assistant/config/history").await.ok();
        let told: Vec<(&str, &str, Option<&str>)> = history.as_array().unwrap().iter()
            .map(|change| (change["act"].as_str().unwrap(), change["actor"].as_str().unwrap(), change["template"].as_str()))
            .collect();
        assert_eq!(told, [
            ("template_removed", "diretora", Some("A")),
            ("reset", "professora", None),
            ("template_applied", "diretora", Some("A")),
            ("template_saved", "diretora", Some("A")),
            ("saved", "professora", None),
        ]);
        assert_eq!(history[4]["config"], form());
        let second = history[1]["id"].as_str().unwrap();
        let older = app.get(&admin, &format!("/api/assistant/config/history?before={second}&limit=1")).await.ok();
        assert_eq!(older.as_array().unwrap().len(), 1);
        assert_eq!(older[0]["act"], "template_applied");
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn values_that_cannot_be_are_refused_and_change_nothing() {
    let app = TestApp::spawn().await;
    let admin = app.admin().await;
    let before = app.get(&admin, "/api/assistant/config").await.ok();
    for (body, pointer) in [
        (json!({ "name": "" }), "/name"),
        (json!({ "name": "a\u{0}b" }), "/name"),
        (json!({ "description": "d".repeat(1_001) }), "/description"),
        (json!({ "prompt": "  " }), "/prompt"),
        (json!({ "prompt": "p".repeat(20_001) }), "/prompt"),
        (json!({ "model": "" }), "/model"),
        (json!({ "temperature": 1.01 }), "/temperature"),
        (json!({ "temperature": -0.1 }), "/temperature"),
        (json!({ "temperature": "quente" }), "/temperature"),
        (json!({ "chunkSize": 0 }), "/chunkSize"),
        (json!({ "chunkSize": -5 }), "/chunkSize"),
        (
            json!({ "chunkSize": 400, "chunkOverlap": 201 }),
            "/chunkOverlap",
        ),
        (
            json!({ "retrievalSearchType": "magia" }),
            "/retrievalSearchType",
        ),
        (json!({ "embeddingModel": "" }), "/embeddingModel"),
        (json!({ "segredo": 1 }), "/segredo"),
    ] {
        for path in [
            "/api/assistant/config",
            "/api/assistant/config/save-template?template_name=x",
        ] {
            let answer = app.post(&admin, path, body.clone()).await;
            assert_eq!(answer.status, 422, "{body}: {answer:?}");
            assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{body}");
        }
    }
    for name in ["", "%20", "status", "templates", "a%2Fb", "a%0Ab"] {
        let path = format!("/api/assistant/config/save-template?template_name={name}");
        app.post(&admin, &path, form())
            .await
            .problem(422, "unprocessable");
    }
    for query in ["limit=0", "limit=201", "before=x"] {
        app.get(&admin, &format!("/api/assistant/config/history?{query}"))
            .await
            .problem(422, "unprocessable");
    }
    assert_eq!(app.get(&admin, "/api/assistant/config").await.ok(), before);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn there_are_not_too_many_templates() {
    let app = TestApp::spawn().await;
    let admin = app.admin().await;
    let path = |name: usize| format!("/api/assistant/config/save-template?template_name=t{name}");
    for name in 0..100 {
        app.post(&admin, &path(name), json!({})).await.ok();
    }
    app.post(&admin, &path(100), json!({}))
        .await
        .problem(409, "conflict");
    // One that is there may be saved again.
    app.post(&admin, &path(7), json!({})).await.ok();
    app.stop().await;
}
