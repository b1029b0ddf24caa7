//! The whole way, with the real rag-server: sent, indexed, found, removed; and what happens when it is away.

use std::time::{Duration, Instant};

use futures::StreamExt as _;
use serde_json::{Value, json};
use shared::clock::SystemClock;
use shared::testing::RagServer;

use super::{Part, text};
use crate::test_app::{On, Person, SERVICE_SECRET, TestApp, service_token};

/// Time indexing may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

pub(crate) async fn rag_server() -> RagServer {
    RagServer::start(&[("SERVICE_SECRET", SERVICE_SECRET)]).await
}

/// An api-server that speaks to it, on both kinds of stores where there are such.
pub(crate) async fn apps(rag: &RagServer) -> Vec<TestApp> {
    let mut apps = Vec::new();
    for on in [On::Embedded, On::Shared] {
        apps.extend(app(rag, on).await);
    }
    apps
}

async fn app(rag: &RagServer, on: On) -> Option<TestApp> {
    let url = rag.url().to_string();
    let variables = [
        ("RAG_SERVER_URL", url.as_str()),
        ("API__SERVER__WORKER", "true"),
    ];
    TestApp::in_real_time(on, &variables).await
}

/// What the rag-server finds.
pub(crate) async fn search(app: &TestApp, rag: &RagServer, query: &str) -> Value {
    let token = service_token("acervo-api-server", "acervo-rag-server", &SystemClock);
    let request = app
        .http
        .post(rag.url().join("search").unwrap())
        .bearer_auth(token)
        .json(&json!({ "query": query, "config": { "search": "text" } }));
    app.send(request).await.ok()
}

/// Follows a material to its end; gives the names of the events and the last one's data.
pub(crate) async fn follow(app: &TestApp, who: &Person, path: &str) -> (Vec<String>, Value) {
    let request = app
        .request("GET", &format!("{path}/events"))
        .bearer_auth(&who.token);
    let response = request.send().await.unwrap();
    assert_eq!(response.status().as_u16(), 200);
    assert_eq!(
        response.headers()["content-type"],
        "text/event-stream; charset=utf-8"
    );
    let mut heard = String::new();
    let mut bytes = response.bytes_stream();
    while let Some(part) = bytes.next().await {
        heard.push_str(std::str::from_utf8(&part.unwrap()).unwrap());
    }
    let of = |start: &str| -> Vec<String> {
        heard
            .lines()
            .filter_map(|line| line.strip_prefix(start))
            .map(str::to_owned)
            .collect()
    };
    let last = of("data: ").pop().unwrap();
    (of("event: "), serde_json::from_str(&last).unwrap())
}

/// Asks until it is so.
pub(crate) async fn until<F: AsyncFnMut() -> bool>(what: &str, mut holds: F) {
    let started = Instant::now();
    while !holds().await {
        assert!(started.elapsed() < PATIENCE, "{what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_assistants_chunk_sizes_hold_for_materials_added_later() {
    let rag = rag_server().await;
    for app in apps(&rag).await {
        let admin = app.admin().await;
        let mut passages = Vec::new();
        for (name, chunk_size) in [
            ("antes", None),
            ("grande", Some(1900)),
            ("pequeno", Some(120)),
        ] {
            if let Some(size) = chunk_size {
                let form = json!({ "chunkSize": size, "chunkOverlap": 20 });
                app.post(&admin, "/api/assistant/config", form).await.ok();
            }
            let content = format!("{name}. {}", "O músculo responde à carga. ".repeat(60));
            let file = format!("{name}.txt");
            app.upload(&admin, &file, content.as_bytes()).await.ok();
            let path = format!("/api/materials/{file}");
            let (_, last) = follow(&app, &admin, &path).await;
            assert_eq!(text(&last, "state"), "ready", "{last}");
            let known = app.get(&admin, &format!("{path}/metadata")).await.ok();
            passages.push(known["passages"].as_i64().unwrap());
        }
        let [before, large, small] = passages[..] else {
            panic!("three were sent")
        };
        assert!(small >= 4 * large && small >= 4 * before, "{passages:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_material_is_indexed_found_and_forgotten() {
    let rag = rag_server().await;
    for app in apps(&rag).await {
        let admin = app.admin().await;
        let student = app.member(&admin, "aluna", "student").await;
        let pdf = include_bytes!("../../../../assets/samples/fisiologia-aula-03-hipertrofia.pdf");
        let parts: [Part<'_>; 3] = [
            ("file", Some("aula 03.pdf"), pdf),
            ("tags", None, b"[\"fisiologia\"]"),
            ("folder", None, "módulo 1".as_bytes()),
        ];
        let made = app
            .send_form(&admin, "POST", "/api/materials/upload", &parts)
            .await
            .ok();
        let uid = text(&made["material"], "uid");
        let path = "/api/materials/m%C3%B3dulo%201/aula%2003.pdf";
        let (events, last) = follow(&app, &student, path).await;
        assert_eq!(
            (events.last().unwrap().as_str(), text(&last, "state")),
            ("done", "ready".to_owned()),
            "{last}"
        );
        let known = app.get(&student, &format!("{path}/metadata")).await.ok();
        assert!(
            known["pages"].as_i64().unwrap() > 0 && known["passages"].as_i64().unwrap() > 0,
            "{known}"
        );
        assert_eq!(known["passages"], known["embedded"], "{known}");

        let found = search(&app, &rag, "hipertrofia").await;
        let hit = &found["hits"][0];
        assert_eq!(
            (text(hit, "material_id"), text(hit, "source")),
            (uid.clone(), "módulo 1/aula 03.pdf".to_owned()),
            "{hit}"
        );
        // A new title and new tags reach the index without reading the file again.
        let changed = json!({ "title": "Fisiologia, aula 3", "tags": ["prova"] });
        app.put(&admin, &format!("{path}/metadata"), changed)
            .await
            .ok();
        until("the new title is known", async || {
            search(&app, &rag, "hipertrofia").await["hits"][0]["title"] == "Fisiologia, aula 3"
        })
        .await;

        app.delete(&admin, path).await.ok();
        until("nothing is found any more", async || {
            let hits = search(&app, &rag, "hipertrofia").await["hits"]
                .as_array()
                .unwrap()
                .len();
            hits == 0
        })
        .await;
        until("nothing waits to be told", async || {
            app.get(&admin, "/api/status").await.ok()["changes_waiting"] == 0
        })
        .await;
        assert_eq!(app.stored_files(), 0);
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_material_that_cannot_be_read_says_why() {
    let rag = rag_server().await;
    for app in apps(&rag).await {
        let admin = app.admin().await;
        app.upload(&admin, "ruim.pdf", b"%PDF-1.7\nisto nao e um PDF")
            .await
            .ok();
        let (_, last) = follow(&app, &admin, "/materials/ruim.pdf").await;
        assert_eq!(text(&last, "state"), "failed");
        assert!(text(&last["reason"], "detail").ends_with('.'), "{last}");
        let listed = app.get(&admin, "/materials?state=failed").await.ok();
        assert_eq!(text(&listed[0], "id"), "ruim.pdf");
        app.get(&admin, "/materials/nada.pdf/events")
            .await
            .problem(404, "material_not_found");
        app.delete(&admin, "/materials/ruim.pdf").await.ok();
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_and_removals_are_kept_while_the_rag_server_is_away() {
    let mut rag = rag_server().await;
    let app = app(&rag, On::Embedded).await.unwrap();
    let admin = app.admin().await;
    app.upload(&admin, "fica.md", "# Fica\n\nO marsupial dorme.".as_bytes())
        .await
        .ok();
    follow(&app, &admin, "/materials/fica.md").await;
    rag.kill();
    app.upload(
        &admin,
        "novo.md",
        "# Novo\n\nO ornitorrinco nada.".as_bytes(),
    )
    .await
    .ok();
    app.delete(&admin, "/materials/fica.md").await.ok();
    let status = app.get(&admin, "/api/status").await.ok();
    assert_eq!(
        (&status["changes_waiting"], &status["rag_server"]["status"]),
        (&json!(2), &json!("unavailable"))
    );
    let refused = app
        .send(
            app.request("POST", "/api/process-materials")
                .bearer_auth(&admin.token),
        )
        .await;
    refused.problem(503, "provider_unavailable");
    assert_eq!(refused.header("retry-after"), "5");
    rag.restart().await;
    let (_, last) = follow(&app, &admin, "/materials/novo.md").await;
    assert_eq!(text(&last, "state"), "ready");
    until("the removed one is gone", async || {
        search(&app, &rag, "marsupial").await["hits"]
            .as_array()
            .unwrap()
            .is_empty()
    })
    .await;
    app.stop().await;
}

/// What the rag-server forgets behind our back it is told again, when the clock has it looked at.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_rag_server_lost_it_is_sent_again() {
    let rag = rag_server().await;
    for app in apps(&rag).await {
        let admin = app.admin().await;
        let mut uids = Vec::new();
        for (name, animal) in [
            ("a.md", "marsupial"),
            ("b.md", "ornitorrinco"),
            ("c.md", "tatu"),
        ] {
            let content = format!("# {name}\n\nO {animal} dorme de dia.");
            let made = app.upload(&admin, name, content.as_bytes()).await.ok();
            uids.push(text(&made["material"], "uid"));
            follow(&app, &admin, &format!("/materials/{name}")).await;
        }
        app.upload(&admin, "ruim.pdf", b"%PDF-1.7\nisto nao e um PDF")
            .await
            .ok();
        follow(&app, &admin, "/materials/ruim.pdf").await;
        let to_rag = async |method: &str, path: &str, body: &'static str| {
            let url = rag.url().join(path).unwrap();
            let token = service_token("acervo-api-server", "acervo-rag-server", &SystemClock);
            let request = app.http.request(method.parse().unwrap(), url);
            app.send(request.bearer_auth(token).body(body)).await.ok();
        };
        let look = async || {
            let ran = app.ran(&admin, "conferir-indice").await;
            assert_eq!(ran["outcome"], "done", "{ran}");
            let said = text(&ran, "message");
            said.split(' ').next().unwrap().parse::<usize>().unwrap()
        };
        let told = async || {
            until("all is told", async || {
                app.get(&admin, "/api/status").await.ok()["changes_waiting"] == 0
                    && app
                        .get(&admin, "/materials?state=ready")
                        .await
                        .ok()
                        .as_array()
                        .unwrap()
                        .len()
                        == 3
                    && found(&app, &rag).await == [true; 3]
            })
            .await;
        };
        told().await;
        until("both agree", async || look().await == 0).await;

        // One is lost, and one is as it was in another store.
        to_rag("DELETE", &format!("materials/{}", uids[0]), "").await;
        to_rag(
            "PUT",
            &format!("materials/{}?filename=b.md", uids[1]),
            "# b\n\nOutra coisa.",
        )
        .await;
        assert_eq!(look().await, 2);
        told().await;
        until("both agree", async || look().await == 0).await;

        to_rag("POST", "reset", "{\"confirm\": true}").await;
        assert_eq!(found(&app, &rag).await, [false; 3]);
        // The one that cannot be read is not sent again.
        assert_eq!(look().await, 3);
        told().await;
        until("both agree", async || look().await == 0).await;
        for name in ["a.md", "b.md", "c.md", "ruim.pdf"] {
            app.delete(&admin, &format!("/materials/{name}")).await.ok();
        }
        until("nothing waits to be told", async || {
            app.get(&admin, "/api/status").await.ok()["changes_waiting"] == 0
        })
        .await;
        app.stop().await;
    }
}

/// Whether each animal is found in a material.
async fn found(app: &TestApp, rag: &RagServer) -> Vec<bool> {
    let mut found = Vec::new();
    for animal in ["marsupial", "ornitorrinco", "tatu"] {
        let hits = search(app, rag, animal).await["hits"].clone();
        let has = |hit: &Value| hit["text"].as_str().unwrap().contains(animal);
        found.push(hits.as_array().unwrap().iter().any(has));
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_send_each_material_once() {
    let rag = rag_server().await;
    let url = rag.url().to_string();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().display().to_string();
    let variables = [
        ("RAG_SERVER_URL", url.as_str()),
        ("API__SERVER__WORKER", "true"),
        ("DATA_DIR", data.as_str()),
    ];
    let first = TestApp::in_real_time(On::Embedded, &variables)
        .await
        .unwrap();
    let second = TestApp::in_real_time(On::Embedded, &variables)
        .await
        .unwrap();
    let admin = first.admin().await;
    for number in 0..20 {
        let content = format!("# Aula {number}\n\nA palavra marcador{number} só está aqui.");
        first
            .upload(&admin, &format!("{number}.md"), content.as_bytes())
            .await
            .ok();
    }
    until("all are ready", async || {
        let ready = second.get(&admin, "/materials?state=ready").await.ok();
        ready.as_array().unwrap().len() == 20
    })
    .await;
    let token = service_token("acervo-api-server", "acervo-rag-server", &SystemClock);
    let jobs = first
        .http
        .get(rag.url().join("jobs?limit=500").unwrap())
        .bearer_auth(token);
    let jobs = first.send(jobs).await.ok();
    assert_eq!(jobs["jobs"].as_array().unwrap().len(), 20, "{jobs}");
    second.stop().await;
    first.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn acts_are_passed_on_and_refusals_passed_back() {
    let rag = rag_server().await;
    for app in apps(&rag).await {
        let admin = app.admin().await;
        let teacher = app.member(&admin, "professora", "instructor").await;
        let started = app
            .send(
                app.request("POST", "/api/process-materials")
                    .bearer_auth(&teacher.token)
                    .header("content-type", "application/json"),
            )
            .await
            .ok();
        assert!(
            started["success"] == true && started["job_id"].is_string(),
            "{started}"
        );
        let parts: [Part<'_>; 1] = [("force_reprocess", None, b"true")];
        assert_eq!(
            app.send_form(&admin, "POST", "/process-materials", &parts)
                .await
                .ok()["success"],
            true
        );
        for path in ["/api/initialize", "/initialize-rag"] {
            let parts: [Part<'_>; 1] = [("api_key", None, b"sk-segredo")];
            for answer in [
                app.post(&admin, path, json!({ "api_key": "sk-segredo" }))
                    .await,
                app.send(
                    app.form(path, &[("api_key", "sk-segredo")])
                        .bearer_auth(&teacher.token),
                )
                .await,
                app.send_form(&admin, "POST", path, &parts).await,
            ] {
                assert_eq!(answer.ok()["success"], true);
            }
            let refused = app.post(&admin, path, json!({ "nada": 1 })).await;
            let problem = refused.problem(422, "unprocessable");
            assert_eq!(problem["errors"][0]["pointer"], "/api_key", "{problem}");
        }
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_shown_to_whoever_is_signed_in() {
    let rag = rag_server().await;
    for app in apps(&rag).await {
        let admin = app.admin().await;
        let student = app.member(&admin, "aluna", "student").await;
        let pdf = include_bytes!("../../../../assets/samples/regulamento-laboratorio.pdf");
        app.upload(&admin, "regulamento.pdf", pdf).await.ok();
        let (_, last) = follow(&app, &admin, "/materials/regulamento.pdf").await;
        assert_eq!(last["state"], "ready", "{last}");

        let page = "/api/materials/regulamento.pdf/pages/1.png?width=400";
        let shown = app.request("GET", page).bearer_auth(&student.token);
        let shown = shown.send().await.unwrap();
        assert_eq!(shown.status().as_u16(), 200);
        assert_eq!(shown.headers()["content-type"], "image/png");
        let transform = shown.headers()["page-transform"].to_str().unwrap();
        assert_eq!(transform.split(' ').count(), 6, "{transform}");
        let tag = shown.headers()["etag"].clone();
        assert!(shown.bytes().await.unwrap().starts_with(b"\x89PNG"));
        let again = app.request("GET", page).bearer_auth(&student.token);
        let again = again.header("If-None-Match", tag).send().await.unwrap();
        assert_eq!(again.status().as_u16(), 304);

        app.send(app.request("GET", page))
            .await
            .problem(401, "unauthorized");
        for missing in ["regulamento.pdf/pages/99.png", "nada.pdf/pages/1.png"] {
            let path = format!("/materials/{missing}");
            let answer = app.get(&student, &path).await;
            assert_eq!(answer.status, 404, "{answer:?}");
        }
    }
}
