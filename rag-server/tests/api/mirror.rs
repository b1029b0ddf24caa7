//! `POST /process-materials`: the folder and the index agree.

use std::fs;

use serde_json::{Value, json};

use crate::test_app::TestApp;

async fn mirror(app: &TestApp, force: bool) -> Value {
    let started = app
        .post("/process-materials", &json!({ "force_reprocess": force }))
        .await;
    assert_eq!(started.status, 200, "{started:?}");
    let started = started.json();
    assert_eq!(
        (
            started["success"].as_bool(),
            started["processed_files"].as_i64(),
            &started["errors"]
        ),
        (Some(true), Some(0), &json!([]))
    );
    app.ended(started["job_id"].as_str().unwrap()).await
}

fn sources(list: &Value) -> Vec<&str> {
    list["materials"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["source"].as_str().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn new_changed_and_deleted_files_are_mirrored() {
    let app = TestApp::spawn().await;
    let folder = app.folder.path().join("materials");
    fs::create_dir_all(folder.join("módulo 1")).unwrap();
    fs::write(
        folder.join("módulo 1/aula.txt"),
        "O coração bombeia o sangue.",
    )
    .unwrap();
    fs::write(folder.join("leia.md"), "# Leia\n\nO pulmão troca os gases.").unwrap();
    fs::write(folder.join(".oculto"), "nada").unwrap();
    let job = mirror(&app, false).await;
    assert_eq!(
        (job["state"].as_str(), job["done"].as_i64()),
        (Some("done"), Some(2)),
        "{job}"
    );
    let list = app.get("/materials").await.json();
    let mut names = sources(&list);
    names.sort_unstable();
    assert_eq!(names, ["leia.md", "módulo 1/aula.txt"]);
    assert_eq!(
        app.find("coração sangue").await[0]["source"],
        "módulo 1/aula.txt"
    );

    // Nothing changed: nothing is done.
    let before = app.get("/jobs").await.json()["jobs"]
        .as_array()
        .unwrap()
        .len();
    assert_eq!(mirror(&app, false).await["total"], 0);
    assert_eq!(
        app.get("/jobs").await.json()["jobs"]
            .as_array()
            .unwrap()
            .len(),
        before + 1
    );

    fs::write(
        folder.join("leia.md"),
        "# Leia\n\nO fígado guarda o glicogênio do corpo.",
    )
    .unwrap();
    fs::remove_file(folder.join("módulo 1/aula.txt")).unwrap();
    mirror(&app, false).await;
    assert!(app.find("coração").await.is_empty() && app.find("pulmão").await.is_empty());
    assert_eq!(app.find("glicogênio").await.len(), 1);
    assert_eq!(sources(&app.get("/materials").await.json()), ["leia.md"]);

    assert_eq!(mirror(&app, true).await["done"], 1);
    assert_eq!(app.find("glicogênio").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn materials_sent_by_themselves_are_left_alone() {
    let app = TestApp::spawn().await;
    fs::create_dir_all(app.folder.path().join("materials")).unwrap();
    app.bring_in("a.txt", "Texto enviado.").await;
    mirror(&app, false).await;
    assert_eq!(app.find("enviado").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_gone_deletes_nothing() {
    let app = TestApp::spawn().await;
    let folder = app.folder.path().join("materials");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("a.txt"), "Texto da pasta.").unwrap();
    mirror(&app, false).await;
    fs::remove_dir_all(&folder).unwrap();
    let job = mirror(&app, false).await;
    assert_eq!(
        (&job["state"], &job["error"]["code"]),
        (&json!("failed"), &json!("folder_missing")),
        "{job}"
    );
    assert_eq!(app.find("pasta").await.len(), 1);

    // Nor does an empty one, which may be a disk that is not mounted, unless someone insists.
    fs::create_dir_all(&folder).unwrap();
    let job = mirror(&app, false).await;
    assert_eq!(job["error"]["code"], "folder_empty", "{job}");
    assert_eq!(app.find("pasta").await.len(), 1);
    assert_eq!(mirror(&app, true).await["result"]["removed"], 1);
    assert!(app.find("pasta").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_job_tells_what_could_not_be_read() {
    let app = TestApp::spawn().await;
    let folder = app.folder.path().join("materials");
    fs::write(folder.join("bom.txt"), "Texto que se lê.").unwrap();
    fs::write(folder.join("vazio.pdf"), "").unwrap();
    let job = mirror(&app, false).await;
    assert_eq!(job["state"], "done", "{job}");
    assert_eq!(job["error"]["code"], "some_failed", "{job}");
    assert_eq!(job["result"]["changed"], 2, "{job}");
    // What failed is tried again the next time, what was read is not.
    assert_eq!(mirror(&app, false).await["result"]["unchanged"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_button_of_the_panel_sends_no_body() {
    let app = TestApp::spawn().await;
    fs::create_dir_all(app.folder.path().join("materials")).unwrap();
    let request = app
        .request("POST", "/process-materials")
        .header("Content-Type", "application/json");
    assert_eq!(app.send(request).await.status, 200);
}
