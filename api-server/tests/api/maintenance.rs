//! What administrators have done to the whole, and what they are told of it.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use shared::on_db;

use crate::materials::index::{apps, follow, rag_server, search, until};
use crate::materials::text;
use crate::test_app::{Person, TestApp, on_both};

/// As the page does: no body.
async fn run(app: &TestApp, who: &Person, operation: &str) -> Value {
    let path = format!("/api/maintenance/{operation}");
    app.call(Some(who), "POST", &path, None).await.ok()
}

/// Names of what stands twice: `a.txt` was here first.
async fn send_twins(app: &TestApp, who: &Person) {
    for (name, content) in [
        ("a.txt", "Hipertrofia"),
        ("c.txt", "Hipertrofia"),
        ("b.txt", "Hipertrofia"),
        ("d.txt", "Descanso"),
    ] {
        app.upload(who, name, content.as_bytes()).await.ok();
        app.clock.advance(Duration::from_secs(1));
    }
}

/// A flat list, as the page shows it.
#[track_caller]
fn flat(statistics: &Value) {
    let all = statistics.as_object().unwrap();
    assert!(
        !all.is_empty() && all.values().all(|one| one.is_number() || one.is_string()),
        "{statistics}"
    );
}

on_both! {
    async fn duplicates_go_and_the_oldest_stays(app) {
        let admin = app.admin().await;
        send_twins(&app, &admin).await;
        let dry = run(&app, &admin, "cleanup-duplicates?dry_run=true").await;
        assert_eq!((&dry["status"], &dry["dry_run"], &dry["statistics"]["files_removed"]), (&json!("success"), &json!(true), &json!(2)));
        assert_eq!(app.material_ids(&admin).await.len(), 4, "a dry run changes nothing");
        let done = run(&app, &admin, "cleanup-duplicates").await;
        flat(&done["statistics"]);
        assert_eq!(done["statistics"], json!({
            "total_files_scanned": 4, "duplicate_groups_found": 1, "files_removed": 2, "space_saved_bytes": 22,
            "space_saved_mb": 0.0, "passages_removed": 0
        }));
        assert_eq!(app.material_ids(&admin).await, ["a.txt", "d.txt"]);
        let kept = app.get(&admin, "/api/materials/a.txt").await;
        assert_eq!((kept.status, kept.text.as_str()), (200, "Hipertrofia"));
        let again = run(&app, &admin, "cleanup-duplicates").await;
        assert_eq!(again["statistics"]["files_removed"], 0);

        let jobs = app.get(&admin, "/api/maintenance/jobs").await.ok();
        let told: Vec<_> = jobs.as_array().unwrap().iter()
            .map(|job| (job["operation"].as_str().unwrap(), job["dry_run"].as_bool().unwrap(), job["state"].as_str().unwrap()))
            .collect();
        assert_eq!(told, [("cleanup-duplicates", false, "done"), ("cleanup-duplicates", false, "done"), ("cleanup-duplicates", true, "done")]);
        let job = app.get(&admin, &format!("/api/maintenance/jobs/{}", text(&done, "job_id"))).await.ok();
        assert_eq!((&job["statistics"], &job["message"], &job["actor"]), (&done["statistics"], &done["message"], &json!("diretora")));
        assert!(job["finished_at"].is_string());
        let audit = app.get(&admin, "/api/auth/audit").await.ok();
        let deeds: Vec<_> = audit.as_array().unwrap().iter()
            .filter(|deed| deed["action"] == "maintenance_done" || deed["action"] == "material_removed")
            .map(|deed| (text(deed, "action"), text(deed, "target")))
            .collect();
        let deed = |action: &str, target: &str| (action.to_owned(), target.to_owned());
        assert_eq!(deeds, [
            deed("maintenance_done", "cleanup-duplicates"), deed("material_removed", "b.txt"), deed("material_removed", "c.txt"),
        ], "what changed nothing is not told");
        app.stop().await;
    }

    async fn storage_is_put_in_order(app) {
        let admin = app.admin().await;
        send_twins(&app, &admin).await;
        // What nobody has any more: once it is old enough to be nobody's upload.
        let shelf = app.folder.path().join("uploads/zz");
        std::fs::create_dir_all(&shelf).unwrap();
        std::fs::create_dir_all(app.folder.path().join("uploads/yy")).unwrap();
        for (name, hours) in [("zz01", 2), ("zz02", 0)] {
            let orphan = std::fs::File::create(shelf.join(name)).unwrap();
            std::io::Write::write_all(&mut &orphan, b"12345").unwrap();
            orphan.set_modified(SystemTime::now() - Duration::from_hours(hours)).unwrap();
        }
        let efficiency = app.get(&admin, "/api/analytics/storage-efficiency").await.ok();
        assert_eq!((&efficiency["orphan_files"], &efficiency["orphan_bytes"]), (&json!(1), &json!(5)));
        assert_eq!(efficiency["duplicate_groups"], json!([{"size_bytes": 11, "kept": "a.txt", "duplicates": ["c.txt", "b.txt"]}]));
        assert_eq!(efficiency["efficiency_percentage"], 46.3);
        assert_eq!(efficiency["recommendations"].as_array().unwrap().len(), 2);
        let before = app.stored_files();
        for (query, files, shelves) in [("?dry_run=true", before, true), ("", before - 1, false)] {
            let done = run(&app, &admin, &format!("optimize-storage{query}")).await;
            flat(&done["statistics"]);
            let told = ["files_removed", "orphan_files_removed", "folders_removed", "total_space_saved"]
                .map(|name| done["statistics"][name].as_u64().unwrap());
            assert_eq!(told, [2, 1, 1, 27], "{done}");
            for part in ["duplicate_cleanup", "empty_folder_cleanup", "orphan_cleanup", "total"] {
                flat(&done["results"][part]);
            }
            assert_eq!(app.stored_files(), files);
            assert_eq!(app.folder.path().join("uploads/yy").exists(), shelves);
        }
        assert!(shelf.join("zz02").exists(), "what is young may be somebody's");
        let efficiency = app.get(&admin, "/api/analytics/storage-efficiency").await.ok();
        assert_eq!((&efficiency["efficiency_percentage"], &efficiency["recommendations"]), (&json!(100.0), &json!([])));
        let nothing = run(&app, &admin, "cleanup-empty-folders").await;
        assert_eq!(nothing["statistics"]["folders_removed"], 0);
        app.stop().await;
    }

    async fn everything_goes_when_it_is_confirmed(app) {
        let admin = app.admin().await;
        send_twins(&app, &admin).await;
        let key = app.post(&admin, "/api/auth/api-keys", json!({"name": "k", "scopes": ["read", "write", "admin"]})).await.ok();
        let script = Person { token: text(&key, "key"), ..admin.clone() };
        let path = "/api/maintenance/reset-materials";
        app.call(Some(&script), "POST", path, None).await.problem(422, "confirmation_required");
        for who in [&script, &admin] {
            app.post(who, path, json!({"confirm": false})).await.problem(422, "confirmation_required");
        }
        app.post(&admin, path, json!({"certeza": true})).await.problem(422, "unknown_field");
        app.call(Some(&admin), "POST", "/api/maintenance/reset-materials?dry_run=talvez", None).await.problem(422, "unprocessable");
        let component = "/api/maintenance/reset-component";
        app.post(&admin, component, json!({"component": "materials"})).await.problem(422, "confirmation_required");
        app.post(&admin, component, json!({"component": "tudo", "confirm": true})).await.problem(422, "unprocessable");
        let dry = app.call(Some(&script), "POST", &format!("{path}?dry_run=true"), None).await.ok();
        assert_eq!(dry["statistics"], json!({"materials_removed": 4, "files_removed": 2, "space_saved_bytes": 19, "space_saved_mb": 0.0}));
        assert_eq!(app.material_ids(&admin).await.len(), 4);
        let request = app.request("POST", path).bearer_auth(&script.token).header("x-confirm", "reset-materials");
        let done = app.send(request).await.ok();
        assert_eq!(done["statistics"], dry["statistics"]);
        assert_eq!((app.material_ids(&admin).await.len(), app.stored_files()), (0, 0));
        // The page has asked already: it sends nothing.
        send_twins(&app, &admin).await;
        assert_eq!(run(&app, &admin, "reset-materials").await["statistics"]["materials_removed"], 4);
        send_twins(&app, &admin).await;
        let done = app.post(&admin, component, json!({"component": "materials", "confirm": true})).await.ok();
        assert_eq!((&done["operation"], app.material_ids(&admin).await.len()), (&json!("reset-materials"), 0));
        app.stop().await;
    }

    async fn an_index_that_cannot_be_emptied_is_told(app) {
        let admin = app.admin().await;
        send_twins(&app, &admin).await;
        app.call(Some(&admin), "POST", "/api/maintenance/reset-chromadb", None).await.problem(503, "provider_unavailable");
        let jobs = app.get(&admin, "/api/maintenance/jobs").await.ok();
        assert_eq!((&jobs[0]["operation"], &jobs[0]["state"], &jobs[0]["statistics"]), (&json!("reset-chromadb"), &json!("failed"), &Value::Null));
        let status = app.get(&admin, "/api/status").await.ok();
        assert_eq!(status["changes_waiting"], 4, "everything is still to be sent, nothing twice");
        let dry = run(&app, &admin, "reset-chromadb?dry_run=true").await;
        assert_eq!(dry["statistics"]["materials_to_index"], 4);
        app.stop().await;
    }

    async fn one_operation_runs_at_a_time(app) {
        let admin = app.admin().await;
        let now = shared::clock::Clock::now_ms(&*app.clock);
        let sql = "INSERT INTO maintenance_jobs (id, operation, dry_run, state, created_at, alive_at) \
            VALUES ('0190a0a0-0000-7000-8000-000000000000', 'optimize-storage', FALSE, 'running', $1, $1)";
        on_db!(app.services.db(), |pool| sqlx::query(sql).bind(now).execute(pool).await.map(drop)).unwrap();
        let path = "/api/maintenance/optimize-storage";
        app.call(Some(&admin), "POST", path, None).await.problem(409, "conflict");
        // Whoever worked on it has been silent for too long.
        app.clock.advance(Duration::from_secs(61));
        run(&app, &admin, "optimize-storage").await;
        let job = app.get(&admin, "/api/maintenance/jobs/0190a0a0-0000-7000-8000-000000000000").await.ok();
        assert_eq!(job["state"], "interrupted");
        app.stop().await;
    }

    async fn administrators_hear_of_what_was_changed(app) {
        let admin = app.admin().await;
        app.put(&admin, "/api/auth/users/diretora", json!({"email": "diretora@example.org"})).await.ok();
        let letters = async || {
            app.services.send_notices().await.unwrap();
            app.letters.take()
        };
        letters().await;
        run(&app, &admin, "reset-materials").await;
        assert_eq!(letters().await.len(), 0, "nothing was there");
        send_twins(&app, &admin).await;
        run(&app, &admin, "reset-materials?dry_run=true").await;
        assert_eq!(letters().await.len(), 0, "nothing was done");
        run(&app, &admin, "reset-materials").await;
        let sent = letters().await;
        assert_eq!((sent.len(), sent[0].to.as_str()), (1, "diretora@example.org"));
        assert!(sent[0].plain.starts_with("diretora executou reset-materials: Materiais removidos: 4;"), "{sent:?}");
        app.post(&admin, "/api/settings", json!({"notifications": {"maintenanceAlerts": false}})).await.ok();
        letters().await;
        send_twins(&app, &admin).await;
        run(&app, &admin, "reset-materials").await;
        assert_eq!(letters().await.len(), 0);
        app.stop().await;
    }

    async fn reports_have_what_pages_need(app) {
        let admin = app.admin().await;
        let teacher = app.member(&admin, "professora", "instructor").await;
        let empty = app.get(&teacher, "/api/maintenance/system-report").await.ok();
        assert_eq!(empty["directories"]["materials"]["total_files"], 0);
        send_twins(&app, &admin).await;
        app.upload(&admin, "aula.md", b"# Aula").await.ok();
        let report = app.get(&teacher, "/api/maintenance/system-report").await.ok();
        assert_eq!(report["generated_by"], "professora");
        for name in ["version", "python_version", "platform"] {
            assert!(report["system_info"][name].is_string(), "{report}");
        }
        let materials = &report["directories"]["materials"];
        assert_eq!((&materials["total_files"], &materials["total_size_bytes"], &materials["file_types"]), (&json!(5), &json!(47), &json!({"txt": 4, "md": 1})));
        assert_eq!(materials["size_distribution"], json!({"small": 5, "medium": 0, "large": 0, "huge": 0}));
        assert_eq!(report["drive_status"], json!({"service_available": false, "authentication_method": "none", "processed_files_count": 0}));
        assert_eq!(report["file_analysis"]["duplicates"], json!({
            "duplicate_files": 2, "duplicate_groups": 1, "wasted_space_mb": 0.0, "efficiency_percentage": 53.2
        }));
        assert_eq!(report["rag_status"]["status"], "unavailable");
        let advice = report["recommendations"].as_array().unwrap();
        assert!(advice.iter().any(|one| one.as_str().unwrap().contains("repetem")), "{advice:?}");

        let student = app.member(&admin, "aluna", "student").await;
        let health = app.get(&student, "/api/maintenance/health-check").await.ok();
        assert_eq!(health["checks"], json!({"database": true, "cache": true, "rag_server": false, "storage": true, "materials_in_step": true}));
        assert_eq!((&health["healthy"], health["issues"].as_array().unwrap().len()), (&json!(false), 1));

        let spread = app.get(&teacher, "/api/analytics/file-distribution").await.ok();
        assert_eq!(spread["by_type"], json!({
            "txt": {"count": 4, "size_bytes": 41, "percentage": 80.0}, "md": {"count": 1, "size_bytes": 6, "percentage": 20.0}
        }));
        assert_eq!(spread["by_state"], json!({"queued": 5}));
        let structure = app.get(&teacher, "/api/analytics/folder-structure").await.ok();
        assert_eq!((&structure["total_files"], &structure["folders"][0]["file_count"]), (&json!(5), &json!(5)));
        app.stop().await;
    }

    async fn downloads_are_counted_without_who_downloaded(app) {
        let admin = app.admin().await;
        let student = app.member(&admin, "aluna", "student").await;
        app.upload(&admin, "a.txt", b"Hipertrofia").await.ok();
        app.upload(&admin, "b.txt", b"Descanso").await.ok();
        for path in ["a.txt", "b.txt", "a.txt?download=true"] {
            assert_eq!(app.get(&student, &format!("/api/materials/{path}")).await.status, 200);
            app.clock.advance(Duration::from_secs(1));
        }
        let part = app.request("GET", "/api/materials/a.txt").bearer_auth(&student.token).header("range", "bytes=0-3");
        assert_eq!(app.send(part).await.status, 206, "a part is no download");
        let answer = app.get(&admin, "/api/analytics/download-report").await;
        assert!(!answer.text.contains("aluna"), "{answer:?}");
        let report = answer.ok();
        assert_eq!((&report["days"], &report["total_downloads"], &report["total_bytes"]), (&json!(30), &json!(3), &json!(30)));
        assert_eq!(report["most_downloaded"][0], json!({"material": "a.txt", "downloads": 2, "bytes": 22}));
        let last: Vec<_> = report["recent_downloads"].as_array().unwrap().iter().map(|one| text(one, "material")).collect();
        assert_eq!(last, ["a.txt", "b.txt", "a.txt"]);
        app.clock.advance(Duration::from_hours(25));
        let admin = app.admin().await;
        let today = app.get(&admin, "/api/analytics/download-report?days=1").await.ok();
        assert_eq!(today["total_downloads"], 0);
        for days in ["0", "367", "x"] {
            app.get(&admin, &format!("/api/analytics/download-report?days={days}")).await.problem(422, "unprocessable");
        }
        app.stop().await;
    }
}

/// What takes long goes on without whoever asked, and is followed as a job.
#[tokio::test(flavor = "multi_thread")]
async fn what_takes_long_goes_on_as_a_job() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (release, mut released) = tokio::sync::oneshot::channel::<()>();
    // A rag-server that empties its index only once it may.
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut head = [0; 4096];
        let read = socket.read(&mut head).await.unwrap();
        assert!(
            head[..read].starts_with(b"POST /reset "),
            "{:?}",
            &head[..read]
        );
        (&mut released).await.unwrap();
        let body = r#"{"success":true,"message":"ok"}"#;
        let reply = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        socket.write_all(reply.as_bytes()).await.unwrap();
    });
    let app = TestApp::with(&[("RAG_SERVER_URL", &url)]).await;
    let admin = app.admin().await;
    send_twins(&app, &admin).await;
    let path = "/api/maintenance/reset-chromadb";
    let answer = app.call(Some(&admin), "POST", path, None).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let begun = answer.ok();
    assert_eq!(
        (&begun["status"], &begun["statistics"]),
        (&json!("started"), &Value::Null)
    );
    let job = format!("/api/maintenance/jobs/{}", text(&begun, "job_id"));
    assert_eq!(app.get(&admin, &job).await.ok()["state"], "running");
    app.call(Some(&admin), "POST", path, None)
        .await
        .problem(409, "conflict");
    release.send(()).unwrap();
    until("the job is done", async || {
        app.get(&admin, &job).await.ok()["state"] == "done"
    })
    .await;
    let done = app.get(&admin, &job).await.ok();
    assert_eq!(done["statistics"], json!({"materials_to_index": 4}));
    app.stop().await;
}

/// What the rag-server has of the materials, by their ids.
async fn indexed(app: &TestApp, rag: &shared::testing::RagServer) -> Vec<String> {
    let found = search(app, rag, "hipertrofia").await;
    let mut ids: Vec<String> = found["hits"]
        .as_array()
        .unwrap()
        .iter()
        .map(|hit| text(hit, "source"))
        .collect();
    ids.sort();
    ids.dedup();
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn the_index_follows_the_materials() {
    let rag = rag_server().await;
    for app in apps(&rag).await {
        let admin = app.admin().await;
        let send = async || {
            for name in ["a.txt", "b.txt"] {
                let content = "A hipertrofia é o aumento da secção transversa do músculo.";
                app.upload(&admin, name, content.as_bytes()).await.ok();
                let path = format!("/api/materials/{name}");
                assert_eq!(text(&follow(&app, &admin, &path).await.1, "state"), "ready");
            }
        };
        send().await;
        assert_eq!(indexed(&app, &rag).await, ["a.txt", "b.txt"]);
        let done = run(&app, &admin, "cleanup-duplicates").await;
        assert_eq!(done["statistics"]["passages_removed"], 1);
        until("the duplicate is out of the index", async || {
            indexed(&app, &rag).await == ["a.txt"]
        })
        .await;

        let reset = run(&app, &admin, "reset-chromadb").await;
        assert_eq!(reset["statistics"], json!({"materials_to_index": 1}));
        let (events, last) = follow(&app, &admin, "/api/materials/a.txt").await;
        assert_eq!(
            (text(&last, "state"), last["passages"].as_i64()),
            ("ready".to_owned(), Some(1)),
            "{events:?}"
        );
        assert_eq!(indexed(&app, &rag).await, ["a.txt"], "it was filled again");
        let health = app.get(&admin, "/api/maintenance/health-check").await.ok();
        assert_eq!(
            (&health["healthy"], &health["issues"]),
            (&json!(true), &json!([]))
        );

        run(&app, &admin, "reset-materials").await;
        until("nothing is left in the index", async || {
            indexed(&app, &rag).await.is_empty()
        })
        .await;
        send().await;
        assert_eq!(
            indexed(&app, &rag).await,
            ["a.txt", "b.txt"],
            "the same bytes are taken again"
        );
        run(&app, &admin, "reset-materials").await;
        until("nothing is left for the next store", async || {
            indexed(&app, &rag).await.is_empty()
        })
        .await;
        app.stop().await;
    }
}
