//! Folders with a time of their own, single modules, followed runs, forgotten folders.

use std::time::Duration;

use serde_json::{Value, json};

use crate::stage::{Stage, until};
use crate::test_app::On;

async fn folder(stage: &Stage) -> Value {
    let folders = stage.get("/api/drive/folders").await.ok();
    let wanted = json!(stage.folder);
    let all = folders.as_array().unwrap();
    all.iter()
        .find(|one| one["drive_id"] == wanted)
        .unwrap_or_else(|| panic!("{folders}"))
        .clone()
}

/// Syncs that were begun for a folder, by whom.
async fn begun(stage: &Stage, folder: &Value) -> Vec<String> {
    let path = format!("/api/drive/runs?folder={}", folder["id"].as_str().unwrap());
    let runs = stage.get(&path).await.ok();
    let names = runs.as_array().unwrap().iter();
    names
        .map(|run| run["started_by"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_folder_has_its_own_time_and_is_synced_by_it() {
    for on in [On::Embedded, On::Shared] {
        let Some(stage) = Stage::by_a_clock(on).await else {
            continue;
        };
        let file = stage
            .drive
            .world()
            .add_file(&stage.folder, "a.txt", "text/plain", "a");
        stage.mirror().await;
        let one = folder(&stage).await;
        assert_eq!(
            (&one["schedule"], &one["next_run_at"]),
            (&Value::Null, &Value::Null)
        );
        let path = format!("/api/drive/folders/{}", one["id"].as_str().unwrap());
        let put = async |body: Value| stage.app.put(&stage.admin, &path, body).await;
        for line in [
            "x",
            "0 3 * *",
            "0 0 3 * * *",
            "61 * * * *",
            "0 0 31 2 *",
            "@daily",
        ] {
            let refused = put(json!({ "schedule": line }))
                .await
                .problem(422, "unprocessable");
            assert_eq!(refused["errors"][0]["pointer"], "/schedule", "{line}");
        }
        let timed = put(json!({ "schedule": "0 3 * * *" })).await.ok();
        assert!(
            timed["next_run_at"]
                .as_str()
                .unwrap()
                .ends_with("T06:00:00.000Z"),
            "{timed}"
        );
        assert_eq!(begun(&stage, &one).await.len(), 1);

        // The zone of the page is the clock that is meant, also of times that were set before.
        let settings = json!({ "general": { "timezone": "Asia/Tokyo" } });
        stage.post("/api/settings", settings).await.ok();
        let seen = stage.get("/api/jobs/schedules").await.ok();
        let names: Vec<&Value> = seen
            .as_array()
            .unwrap()
            .iter()
            .map(|one| &one["name"])
            .collect();
        assert!(names.contains(&&json!("sincronizar-drive")), "{names:?}");
        stage.app.clock.advance(Duration::from_secs(61));
        until("the time is computed anew", async || {
            let next = folder(&stage).await["next_run_at"].clone();
            next.as_str().unwrap().ends_with("T18:00:00.000Z")
        })
        .await;
        assert_eq!(begun(&stage, &one).await.len(), 1);

        // A day later it was due, once.
        stage.drive.world().rename(&file, "b.txt");
        stage.app.clock.advance(Duration::from_secs(24 * 3600));
        let stage = stage.again().await;
        until("it is synced by the clock", async || {
            begun(&stage, &one).await.len() == 2
        })
        .await;
        assert_eq!(begun(&stage, &one).await[0], "agenda");
        until("the change is mirrored", async || {
            stage
                .held()
                .await
                .iter()
                .any(|(path, _)| path.ends_with("b.txt"))
        })
        .await;

        // Asked for, it comes at once; without a time it does not.
        until("nothing is going", async || {
            folder(&stage).await["state"] == "completed"
        })
        .await;
        let ran = stage
            .post("/api/jobs/sincronizar-drive", json!({}))
            .await
            .ok();
        assert_eq!(ran["message"], "1 sincronizações iniciadas", "{ran}");
        until("nothing is going", async || {
            folder(&stage).await["state"] == "completed"
        })
        .await;
        assert_eq!(begun(&stage, &one).await.len(), 3);
        stage
            .app
            .put(&stage.admin, &path, json!({ "schedule": null }))
            .await
            .ok();
        let ran = stage
            .post("/api/jobs/sincronizar-drive", json!({}))
            .await
            .ok();
        assert_eq!(ran["message"], "0 sincronizações iniciadas", "{ran}");
        stage.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn single_modules_are_mirrored_by_name_or_prefix() {
    let stage = Stage::new().await;
    {
        let mut world = stage.drive.world();
        for name in ["Módulo 1", "Módulo 2", "Anexos"] {
            let module = world.add_folder(&stage.folder, name);
            world.add_file(
                &module,
                &format!("{name}.txt"),
                "text/plain",
                name.to_owned(),
            );
        }
    }
    let listed = stage
        .get(&format!(
            "/api/drive/list-modules?folder_id={}",
            stage.folder
        ))
        .await
        .ok();
    assert_eq!(listed["total_modules"], 3, "{listed}");
    let modules = async |body: Value| {
        let mut all = json!({ "folder_id": stage.folder });
        all.as_object_mut()
            .unwrap()
            .extend(body.as_object().unwrap().clone());
        stage.post("/api/drive/download-module", all).await
    };
    let refused = modules(json!({ "module_name": "Módulo" }))
        .await
        .problem(422, "unprocessable");
    assert_eq!(refused["errors"][0]["pointer"], "/module_name");
    let begun = modules(json!({ "module_prefix": "Módulo" })).await.ok();
    let ids = begun["download_ids"].as_array().unwrap().clone();
    assert_eq!(ids.len(), 2, "{begun}");
    for id in &ids {
        assert_eq!(
            stage.end_of(id.as_str().unwrap()).await["state"],
            "completed"
        );
    }
    let mut paths: Vec<String> = stage
        .held()
        .await
        .into_iter()
        .map(|(path, _)| path)
        .collect();
    assert_eq!(paths.len(), 2, "{paths:?}");
    let begun = modules(json!({ "module_name": "Anexos" })).await.ok();
    stage.end_of(begun["download_id"].as_str().unwrap()).await;
    paths = stage
        .held()
        .await
        .into_iter()
        .map(|(path, _)| path)
        .collect();
    assert!(
        paths.iter().any(|path| path.contains("Anexos")),
        "{paths:?}"
    );
    let folders = stage.get("/api/drive/folders").await.ok();
    assert_eq!(folders.as_array().unwrap().len(), 3, "{folders}");
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_followed_until_its_end() {
    let stage = Stage::new().await;
    for number in 0..5 {
        stage.drive.world().add_file(
            &stage.folder,
            &format!("{number}.txt"),
            "text/plain",
            format!("{number}"),
        );
    }
    let id = stage.start(json!({})).await;
    let followed = stage.get(&format!("/api/drive/runs/{id}/events")).await;
    assert_eq!(
        (followed.status, followed.content_type.as_str()),
        (200, "text/event-stream")
    );
    let events: Vec<(String, Value)> = followed
        .text
        .split("\n\n")
        .filter_map(|event| {
            let (name, data) = event.split_once('\n')?;
            let data = serde_json::from_str(data.strip_prefix("data: ")?).unwrap();
            Some((name.strip_prefix("event: ")?.to_owned(), data))
        })
        .collect();
    let (last, before) = events.split_last().unwrap();
    assert!(
        before
            .iter()
            .all(|(name, run)| name == "progress" && run["ended_at"].is_null()),
        "{events:?}"
    );
    assert_eq!(
        (last.0.as_str(), &last.1["state"]),
        ("done", &json!("completed")),
        "{last:?}"
    );
    assert_eq!(last.1["counts"]["indexed"], 5);
    // One that is over is told at once.
    let again = stage.get(&format!("/api/drive/runs/{id}/events")).await;
    assert!(again.text.starts_with("event: done\n"), "{again:?}");
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_folder_leaves_its_materials_unless_told_otherwise() {
    let stage = Stage::new().await;
    stage
        .drive
        .world()
        .add_file(&stage.folder, "a.txt", "text/plain", "a");
    stage.mirror().await;
    let path = async || {
        format!(
            "/api/drive/folders/{}",
            folder(&stage).await["id"].as_str().unwrap()
        )
    };
    let first = path().await;
    stage
        .app
        .delete(&stage.admin, &format!("{first}?materials=tudo"))
        .await
        .problem(422, "unprocessable");
    stage.app.delete(&stage.admin, &first).await.ok();
    assert_eq!(stage.get("/api/drive/folders").await.ok(), json!([]));
    assert_eq!(stage.held().await.len(), 1);
    stage
        .app
        .delete(&stage.admin, &first)
        .await
        .problem(404, "not_found");
    // Mirrored anew it is another file beside the one that stayed, which is nobody's of Drive any more.
    let run = stage.sync().await;
    assert_eq!(run["state"], "completed", "{run}");
    assert_eq!(stage.held().await.len(), 2);
    let second = path().await;
    stage
        .app
        .delete(&stage.admin, &format!("{second}?materials=remove"))
        .await
        .ok();
    assert_eq!(stage.held().await.len(), 1);
    assert_eq!(stage.get("/api/drive/folders").await.ok(), json!([]));
    stage.stop().await;
}
