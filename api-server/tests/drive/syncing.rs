//! A folder and what becomes of it: first all of it, then what changed.

use serde_json::{Value, json};

use crate::fake::faults::Call;
use crate::fake::oauth::ROBOT;
use crate::fake::office;
use crate::fake::world::{Content, DOCUMENT, DRAWING, PRESENTATION, SPREADSHEET};
use crate::stage::{OWNER, Stage};
use crate::test_app::On;

fn count(run: &Value, name: &str) -> u64 {
    run["counts"][name]
        .as_u64()
        .unwrap_or_else(|| panic!("{run}"))
}

/// The uid of a material.
async fn uid(stage: &Stage, id: &str) -> String {
    let materials = stage.materials().await;
    let found = materials.iter().find(|material| material["id"] == id);
    found.unwrap_or_else(|| panic!("no {id} in {materials:?}"))["uid"].to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_mirrored_indexed_and_followed() {
    for on in [On::Embedded, On::Shared] {
        let Some(stage) = Stage::with_rag(on).await else {
            continue;
        };
        let (text, module) = {
            let mut world = stage.drive.world();
            let pdf = include_bytes!("../../../assets/samples/fisiologia-aula-03-hipertrofia.pdf");
            world.add_file(&stage.folder, "aula 03.pdf", "application/pdf", &pdf[..]);
            let module = world.add_folder(&stage.folder, "Módulo 1");
            let text = world.add_file(
                &module,
                "resumo.md",
                "text/markdown",
                "# Resumo\n\nO ornitorrinco nada.",
            );
            world.add(
                &module,
                "Notas",
                DOCUMENT,
                office::document("O marsupial dorme de dia."),
            );
            world.add(
                &module,
                "Turma",
                SPREADSHEET,
                office::spreadsheet("capivara"),
            );
            world.add(
                &module,
                "Aula",
                PRESENTATION,
                office::presentation("O tamandua anda."),
            );
            world.add(
                &module,
                "Esquema",
                DRAWING,
                office::drawing("O jacare espera."),
            );
            (text, module)
        };
        let run = stage.mirror().await;
        assert_eq!(
            (
                run["kind"].as_str(),
                count(&run, "indexed"),
                count(&run, "folders")
            ),
            (Some("full"), 6, 1),
            "{run}"
        );
        stage.assert_indexed().await;
        for word in [
            "hipertrofia",
            "ornitorrinco",
            "marsupial",
            "capivara",
            "tamandua",
            "jacare",
        ] {
            assert!(stage.hits(word).await > 0, "{word} is not found");
        }

        {
            let mut world = stage.drive.world();
            world.rewrite(&text, Content::Bytes("# Resumo\n\nA lontra nada.".into()));
            world.rename(&module, "Módulo um");
        }
        let run = stage.mirror().await;
        assert_eq!(
            (
                run["kind"].as_str(),
                count(&run, "indexed"),
                count(&run, "unchanged")
            ),
            (Some("incremental"), 5, 1),
            "{run}"
        );
        stage.assert_indexed().await;
        assert_eq!(
            (stage.hits("ornitorrinco").await, stage.hits("lontra").await),
            (0, 1)
        );

        stage.drive.world().set_trashed(&text, true);
        let run = stage.mirror().await;
        assert_eq!(
            (count(&run, "removed"), count(&run, "unchanged")),
            (1, 5),
            "{run}"
        );
        stage.assert_indexed().await;
        assert_eq!(stage.hits("lontra").await, 0);
        stage.drive.world().set_trashed(&text, false);
        stage.mirror().await;
        stage.assert_indexed().await;
        assert_eq!(stage.hits("lontra").await, 1);
        stage.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_sync_asks_little_and_loads_nothing() {
    let stage = Stage::new().await;
    for number in 0..1200 {
        let name = format!("{number}.txt");
        stage.drive.world().add_file(
            &stage.folder,
            &name,
            "text/plain",
            format!("texto {number}"),
        );
    }
    let run = stage.mirror().await;
    assert_eq!(count(&run, "indexed"), 1200);
    assert_eq!(stage.drive.count(Call::Download), 1200);
    stage.drive.forget();
    let run = stage.mirror().await;
    assert_eq!(
        (count(&run, "unchanged"), count(&run, "listed")),
        (1200, 1200),
        "{run}"
    );
    assert!(stage.drive.noted().len() <= 3, "{:?}", stage.drive.counts());
    assert_eq!(stage.drive.sent(), 0);
    // The same by a crawl: pages of a thousand.
    stage.drive.forget();
    let id = stage.start(json!({ "full": true })).await;
    let run = stage.end_of(&id).await;
    assert_eq!(
        (run["kind"].as_str(), count(&run, "unchanged")),
        (Some("full"), 1200),
        "{run}"
    );
    assert!(stage.drive.noted().len() <= 5, "{:?}", stage.drive.counts());
    assert_eq!(stage.drive.sent(), 0);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_change_is_mirrored() {
    for tells_descendants in [false, true] {
        let stage = Stage::new().await;
        let (outside, one, two, file, other) = {
            let mut world = stage.drive.world();
            world.tells_descendants = tells_descendants;
            let root = world.add_user(OWNER);
            let outside = world.add_folder(&root, "Rascunhos");
            world.share(&outside, ROBOT);
            let one = world.add_folder(&stage.folder, "Módulo 1");
            let two = world.add_folder(&one, "Parte 2");
            let file = world.add_file(&two, "aula.txt", "text/plain", "primeira");
            let other = world.add_file(&stage.folder, "plano.txt", "text/plain", "plano");
            (outside, one, two, file, other)
        };
        stage.mirror().await;
        let folder = stage.folder.clone();
        let first = uid(&stage, "Curso/Módulo 1/Parte 2/aula.txt").await;
        let steps: Vec<(&str, Box<dyn Fn(&mut crate::fake::world::World)>)> = vec![
            (
                "a file is renamed",
                Box::new(|world| world.rename(&file, "aula 1.txt")),
            ),
            (
                "a file is moved",
                Box::new(|world| world.move_to(&file, &one)),
            ),
            (
                "a file is changed",
                Box::new(|world| world.rewrite(&file, Content::Bytes("segunda".into()))),
            ),
            (
                "a folder is moved",
                Box::new(|world| {
                    let into = world.add_folder(&folder, "Novos");
                    world.move_to(&one, &into);
                }),
            ),
            (
                "a folder is renamed",
                Box::new(|world| world.rename(&one, "Módulo um")),
            ),
            (
                "the folder itself is renamed",
                Box::new(|world| world.rename(&folder, "Curso de 2026")),
            ),
            (
                "a folder is trashed",
                Box::new(|world| world.set_trashed(&one, true)),
            ),
            (
                "a file in the trashed folder is changed",
                Box::new(|world| world.rewrite(&file, Content::Bytes("terceira".into()))),
            ),
            (
                "the folder is back",
                Box::new(|world| world.set_trashed(&one, false)),
            ),
            (
                "a folder is moved out",
                Box::new(|world| world.move_to(&one, &outside)),
            ),
            (
                "it is moved in again",
                Box::new(|world| world.move_to(&one, &folder)),
            ),
            ("a file is deleted", Box::new(|world| world.delete(&other))),
            (
                "a folder arrives with its files",
                Box::new(|world| {
                    let three = world.add_folder(&outside, "Módulo 3");
                    world.add_file(&three, "nova.txt", "text/plain", "nova");
                    world.move_to(&three, &two);
                }),
            ),
            ("a folder is deleted", Box::new(|world| world.delete(&two))),
        ];
        for (what, act) in &steps {
            act(&mut stage.drive.world());
            let run = stage.sync().await;
            assert_eq!(
                (&run["state"], &run["kind"]),
                (&json!("completed"), &json!("incremental")),
                "{what}: {run}"
            );
            stage.assert_exact(what).await;
            if *what == "the folder itself is renamed" {
                let now = uid(&stage, "Curso de 2026/Novos/Módulo um/aula 1.txt").await;
                assert_eq!(
                    now, first,
                    "renaming, moving and changing make no new material"
                );
            }
        }
        stage.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn shared_drives_and_their_changes_are_read() {
    let mut stage = Stage::new().await;
    let (drive, file) = {
        let mut world = stage.drive.world();
        let drive = world.add_drive("Curso", &[ROBOT]);
        let folder = world.add_folder(&drive, "Módulo 1");
        (
            drive.clone(),
            world.add_file(&folder, "aula.txt", "text/plain", "primeira"),
        )
    };
    // Of the whole drive, which has a short id, and of a folder in it.
    stage.folder = drive;
    let run = stage.mirror().await;
    assert_eq!(count(&run, "indexed"), 1);
    stage
        .drive
        .world()
        .rewrite(&file, Content::Bytes("segunda".into()));
    let run = stage.mirror().await;
    assert_eq!(
        (&run["kind"], count(&run, "indexed")),
        (&json!("incremental"), 1),
        "{run}"
    );
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shortcuts_are_followed_once() {
    let stage = Stage::new().await;
    let (outside, file, inside) = {
        let mut world = stage.drive.world();
        let root = world.add_user(OWNER);
        let outside = world.add_folder(&root, "Comum");
        world.share(&outside, ROBOT);
        let file = world.add_file(&outside, "regras.txt", "text/plain", "regras");
        let lone = world.add_file(&root, "edital.txt", "text/plain", "edital");
        world.share(&lone, ROBOT);
        let inside = world.add_file(&stage.folder, "aula.txt", "text/plain", "aula");
        world.add_shortcut(&stage.folder, "Comum", &outside);
        world.add_shortcut(&stage.folder, "edital.txt", &lone);
        world.add_shortcut(&outside, "volta", &stage.folder);
        (outside, file, inside)
    };
    let again = stage
        .drive
        .world()
        .add_shortcut(&stage.folder, "outra vez.txt", &inside);
    let run = stage.mirror().await;
    assert_eq!(
        (count(&run, "indexed"), count(&run, "skipped")),
        (3, 2),
        "{run}"
    );
    assert_eq!(
        stage.why(&run, &again).await,
        ("skipped".into(), "shortcut_duplicate".into())
    );
    // Behind a shortcut changes are seen too.
    stage
        .drive
        .world()
        .rewrite(&file, Content::Bytes("regras novas".into()));
    let run = stage.mirror().await;
    assert_eq!(
        (&run["kind"], count(&run, "indexed")),
        (&json!("incremental"), 1),
        "{run}"
    );
    stage.drive.world().set_trashed(&outside, true);
    stage.mirror().await;
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_removed_by_hand_comes_back() {
    let stage = Stage::new().await;
    stage
        .drive
        .world()
        .add_file(&stage.folder, "aula.txt", "text/plain", "aula");
    stage.mirror().await;
    stage
        .app
        .delete(&stage.admin, "/api/materials/Curso/aula.txt")
        .await
        .ok();
    stage.mirror().await;
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_tells_and_does_nothing() {
    let stage = Stage::new().await;
    let file = stage
        .drive
        .world()
        .add_file(&stage.folder, "aula.txt", "text/plain", "aula");
    let id = stage.start(json!({ "dry_run": true })).await;
    let run = stage.end_of(&id).await;
    assert_eq!(
        (&run["state"], count(&run, "pending")),
        (&json!("completed"), 1),
        "{run}"
    );
    let row = stage.row(&run, &file).await;
    assert_eq!(
        (&row["action"], &row["outcome"]),
        (&json!("add"), &json!("pending")),
        "{row}"
    );
    assert_eq!(
        (
            stage.materials().await.len(),
            stage.drive.count(Call::Download)
        ),
        (0, 0)
    );
    let run = stage.mirror().await;
    assert_eq!(count(&run, "indexed"), 1);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_web_application_reads_is_there() {
    let stage = Stage::new().await;
    {
        let mut world = stage.drive.world();
        let module = world.add_folder(&stage.folder, "Módulo 1");
        world.add_file(&module, "aula.txt", "text/plain", "aula");
        world.add_file(&stage.folder, "plano.txt", "text/plain", "aula");
    }
    let body = json!({ "folder_id": stage.folder });
    let tried = stage
        .post("/api/test-drive-folder", body.clone())
        .await
        .ok();
    assert_eq!(
        (
            &tried["accessible"],
            &tried["folder_name"],
            &tried["public"]
        ),
        (&json!(true), &json!("Curso"), &json!(false)),
        "{tried}"
    );
    assert!(
        tried["files_sample"].is_array() && tried["file_count"].is_u64(),
        "{tried}"
    );
    let seen = stage
        .post("/api/recursive-drive-analysis", body.clone())
        .await
        .ok();
    assert_eq!(seen["statistics"]["total_files"], 2, "{seen}");
    assert!(seen["statistics"]["total_folders"].is_u64(), "{seen}");
    assert!(
        seen["folder_structure"]["subfolders"].is_object() && seen["root_folder"].is_string(),
        "{seen}"
    );

    let id = stage.start(json!({ "max_depth": 5 })).await;
    stage.end_of(&id).await;
    let progress = stage
        .get(&format!("/api/drive/download-progress?download_id={id}"))
        .await
        .ok();
    assert_eq!(
        (
            &progress["status"],
            &progress["total_files"],
            &progress["downloaded_files"]
        ),
        (&json!("completed"), &json!(2), &json!(2)),
        "{progress}"
    );
    let result = &progress["result"];
    for name in ["downloaded_files", "skipped_duplicates", "errors"] {
        assert!(result["statistics"][name].is_u64(), "{progress}");
    }
    for name in ["total_time", "analysis_time", "download_time"] {
        assert!(result["timing"][name].is_f64(), "{progress}");
    }
    assert!(result["processed_files"].is_array(), "{progress}");
    let numbers = stage.get("/api/drive-stats-detailed").await.ok();
    assert_eq!(
        (&numbers["total_files"], &numbers["drive_authenticated"]),
        (&json!(2), &json!(true)),
        "{numbers}"
    );
    assert_eq!(numbers["file_types"], json!({ "txt": 2 }), "{numbers}");
    let simple = stage
        .post(
            "/api/sync-drive-simple",
            json!({ "folder_id": stage.folder, "download_files": true }),
        )
        .await
        .ok();
    assert!(
        simple["files"].as_array().is_some_and(|files| files
            .iter()
            .all(|file| file["type"].is_string() && file["size"].is_u64())),
        "{simple}"
    );
    let again = stage
        .post("/api/recursive-drive-force-redownload", json!({}))
        .await
        .ok();
    assert_eq!(
        (&again["status"], &again["existing_files_count"]),
        (&json!("success"), &json!(2)),
        "{again}"
    );

    stage
        .get("/api/drive/download-progress?download_id=nada")
        .await
        .problem(404, "not_found");
    stage
        .get("/api/drive/runs/nada")
        .await
        .problem(404, "not_found");
    let student = stage.app.member(&stage.admin, "aluna", "student").await;
    for path in [
        "/api/drive/sync-recursive",
        "/api/test-drive-folder",
        "/api/sync-drive-simple",
        "/api/recursive-drive-analysis",
    ] {
        stage
            .app
            .post(&student, path, body.clone())
            .await
            .problem(403, "forbidden");
    }
    stage
        .app
        .get(&student, &format!("/api/drive/runs/{id}"))
        .await
        .problem(403, "forbidden");
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn videos_are_kept_where_that_is_wanted_and_nobody_reads_them() {
    let stage = Stage::with(&[("INCLUDE_DRIVE_VIDEOS", "true")]).await;
    let video = stage.drive.world().add_file(
        &stage.folder,
        "aula.mp4",
        "video/mp4",
        "\0\0\0\u{18}ftypmp42",
    );
    let state = async || {
        let materials = stage.materials().await;
        let shown = |material: &Value| (material["id"].clone(), material["state"].clone());
        materials.iter().map(shown).collect::<Vec<_>>()
    };
    stage.mirror().await;
    assert_eq!(state().await, [(json!("Curso/aula.mp4"), json!("stored"))]);
    stage.drive.world().rename(&video, "aula 1.mp4");
    stage.mirror().await;
    assert_eq!(
        state().await,
        [(json!("Curso/aula 1.mp4"), json!("stored"))]
    );
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_administrators_allow_holds_from_the_next_sync_on() {
    let stage = Stage::new().await;
    let allow = async |types: &str| {
        let settings = json!({ "general": { "allowedFileTypes": types } });
        stage.post("/api/settings", settings).await.ok();
    };
    let file =
        stage
            .drive
            .world()
            .add_file(&stage.folder, "resumo.md", "text/markdown", "# Resumo");
    allow(".txt").await;
    let run = stage.sync().await;
    let left_out = ("skipped".to_owned(), "unsupported_type".to_owned());
    assert_eq!(stage.why(&run, &file).await, left_out);
    allow(".txt,.md").await;
    assert_eq!(count(&stage.mirror().await, "indexed"), 1);
    stage.stop().await;
}
