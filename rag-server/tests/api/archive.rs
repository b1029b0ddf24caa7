//! The whole store in one file: made, taken in, refused.

use std::io::{Read as _, Write as _};

use serde_json::{Value, json};

use crate::test_app::{Answer, TestApp, sample};

const NAMES: [&str; 3] = [
    "regulamento-laboratorio.pdf",
    "plano-de-treino.xlsx",
    "plano-de-ensino.md",
];

async fn course() -> TestApp {
    let app = TestApp::spawn().await;
    for name in NAMES {
        app.bring_in(name, sample(name)).await;
    }
    app
}

pub(crate) async fn download(app: &TestApp) -> Vec<u8> {
    let sent = app
        .request("GET", "/chromadb/download")
        .send()
        .await
        .unwrap();
    assert_eq!(sent.status().as_u16(), 200);
    assert_eq!(sent.headers()["content-type"], "application/gzip");
    sent.bytes().await.unwrap().to_vec()
}

/// Sends a form of these fields; `archive` and `folder` are files.
async fn form(app: &TestApp, path: &str, fields: &[(&str, &[u8])]) -> Answer {
    const BOUNDARY: &str = "4c2f9e";
    let mut body = Vec::new();
    for (name, value) in fields {
        let file = match *name {
            "archive" | "folder" => "; filename=\"c\"",
            _ => "",
        };
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(value);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    app.send(
        app.request("POST", path)
            .header("content-type", kind)
            .body(body),
    )
    .await
}

pub(crate) async fn upload(app: &TestApp, path: &str, field: &str, archive: Vec<u8>) -> Answer {
    form(
        app,
        path,
        &[(field, &archive), ("replace_existing", b"true")],
    )
    .await
}

/// What a server tells of its materials, but for what is its own.
async fn told(app: &TestApp) -> Vec<Value> {
    let list = app.get("/materials").await.json();
    let mut materials = list["materials"].as_array().unwrap().clone();
    for material in &mut materials {
        material.as_object_mut().unwrap().remove("job_id");
    }
    materials
}

async fn answers(app: &TestApp) -> Vec<Value> {
    let mut answers = Vec::new();
    for question in [
        "Quantas séries de remada baixa no Treino B?",
        "Qual é a nota mínima para aprovação?",
        "O que fazer em caso de acidente no laboratório?",
    ] {
        // Scores may differ in the last digits: sentences' vectors were rounded once more.
        let answer = app.ask(question).await;
        let sources = answer["sources"].as_array().unwrap().iter();
        let places = sources.map(|source| (&source["citation"], &source["quote"]));
        answers.push(json!([
            answer["mode"],
            answer["answer"],
            places.collect::<Vec<_>>()
        ]));
    }
    answers
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_goes_to_another_server_and_answers_the_same_there() {
    let from = course().await;
    let archive = download(&from).await;

    let to = TestApp::spawn().await;
    to.bring_in("outro.md", "# Outro\n\nTexto que vai embora.\n")
        .await;
    let taken = upload(&to, "/chromadb/upload", "archive", archive).await;
    assert_eq!(taken.status, 200, "{taken:?}");
    let chunks = from.get("/stats").await.json()["chunks"].clone();
    assert_eq!(taken.json()["total_documents"], chunks);
    assert_eq!(taken.json()["collections"][0]["count"], chunks);
    assert_eq!(told(&to).await, told(&from).await);
    assert_eq!(answers(&to).await, answers(&from).await);
    assert!(to.find("embora").await.is_empty());
    let page = to
        .get("/materials/regulamento-laboratorio.pdf/pages/1.png")
        .await;
    assert_eq!(page.status, 200);

    // It is the store now: it grows, and is there after a start.
    to.bring_in("novo.md", "# Novo\n\nUm quelônio atravessa a sala.\n")
        .await;
    let folder = to.stop().await;
    let to = TestApp::in_folder(folder, &[]).await;
    assert!(!to.find("quelônio").await.is_empty());
    assert_eq!(told(&to).await.len(), 4);
    let reset = to.post("/reset", &json!({ "confirm": true })).await;
    assert_eq!(reset.status, 200);
    to.bring_in("novo.md", "# Novo\n\nUm quelônio atravessa a sala.\n")
        .await;
    let folder = to.stop().await;
    let to = TestApp::in_folder(folder, &[]).await;
    assert!(!to.find("quelônio").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn archives_are_kept_listed_restored_and_removed() {
    let app = TestApp::with(&[("STORE_ARCHIVES_KEPT", "2")]).await;
    app.bring_in("a.md", "# Aula\n\nO tendão une o músculo ao osso.\n")
        .await;
    let empty = json!({});
    let mut names = Vec::new();
    for _ in 0..3 {
        let made = app.post("/chromadb/compress", &empty).await.json();
        assert_eq!(made["status"], "success", "{made}");
        let name = made["file_name"].as_str().unwrap().to_owned();
        assert_eq!(made["file_path"], format!("backups/{name}"));
        assert!(made["file_size"].as_u64().unwrap() > 0);
        names.push(name);
    }
    let listed = app.get("/chromadb/backups").await.json();
    assert_eq!(listed["total_backups"], 2, "{listed}");
    assert_eq!(listed["backups"][0]["filename"], names[2]);
    assert_eq!(listed["backups"][1]["filename"], names[1]);

    app.delete("/materials/a.md").await;
    assert!(app.find("tendão").await.is_empty());
    let path = format!("/chromadb/backups/{}", names[2]);
    app.post(&format!("{path}/restore"), &json!({ "confirm": false }))
        .await
        .problem(422, "confirmation_required");
    let restored = app
        .post(&format!("{path}/restore"), &json!({ "confirm": true }))
        .await;
    assert_eq!(restored.status, 200, "{restored:?}");
    assert!(!app.find("tendão").await.is_empty());

    assert_eq!(app.get(&path).await.content_type, "application/gzip");
    assert_eq!(app.delete(&path).await.status, 204);
    app.get(&path).await.problem(404, "not_found");
    for other in ["..%2Frag.db", "rag.db", "acervo-.tar.gz"] {
        app.get(&format!("/chromadb/backups/{other}"))
            .await
            .problem(404, "not_found");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_whole_archive_changes_nothing() {
    let app = course().await;
    let before = (told(&app).await, answers(&app).await);
    let archive = download(&app).await;
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(&archive[..])
        .read_to_end(&mut unpacked)
        .unwrap();
    let packed = |bytes: &[u8]| {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(bytes).unwrap();
        packed.finish().unwrap()
    };
    let replaced = |from: &str, to: &str| {
        assert_eq!(from.len(), to.len());
        let at = unpacked
            .windows(from.len())
            .position(|bytes| bytes == from.as_bytes())
            .unwrap();
        let mut changed = unpacked.clone();
        changed[at..at + from.len()].copy_from_slice(to.as_bytes());
        packed(&changed)
    };
    let foreign = |name: &str, content: &[u8]| {
        let mut tar = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        // As it stands: the library would refuse such a path.
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        tar.append(&header, content).unwrap();
        packed(&tar.into_inner().unwrap())
    };
    let half = archive.len() / 2;
    for (what, bytes) in [
        (
            "no archive",
            b"isto n\xc3\xa3o \xc3\xa9 um arquivo".to_vec(),
        ),
        ("empty", Vec::new()),
        ("cut off", archive[..half].to_vec()),
        ("a changed passage", replaced("Treino B", "Treino X")),
        ("a newer form", replaced("\"version\":1", "\"version\":9")),
        (
            "of the earlier system",
            foreign(".chromadb/chroma.sqlite3", b"SQLite format 3\0"),
        ),
        (
            "with a path",
            foreign("acervo-store.json/../../../x", b"{}"),
        ),
        ("of something else", foreign("foto.jpg", b"\xff\xd8")),
    ] {
        let refused = upload(&app, "/chromadb/upload", "archive", bytes).await;
        refused.problem(422, "unprocessable");
        assert_eq!(told(&app).await, before.0, "{what}");
    }
    assert_eq!(answers(&app).await, before.1);
    // Nothing of them is left on disk.
    let left = std::fs::read_dir(app.folder.path().join("backups")).unwrap();
    assert_eq!(left.count(), 0);

    form(&app, "/chromadb/upload", &[("replace_existing", b"true")])
        .await
        .problem(400, "invalid_request");
    form(&app, "/chromadb/upload", &[("archive", &archive)])
        .await
        .problem(422, "confirmation_required");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zip_of_the_unpacked_archive_is_taken_too() {
    let from = course().await;
    let archive = download(&from).await;
    let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(&archive[..]));
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    for entry in tar.entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().display().to_string();
        zip.start_file(format!("cópia/{name}"), options).unwrap();
        std::io::copy(&mut entry, &mut zip).unwrap();
    }
    let zipped = zip.finish().unwrap().into_inner();
    let to = TestApp::spawn().await;
    let taken = upload(&to, "/chromadb/upload-folder", "folder", zipped).await;
    assert_eq!(taken.status, 200, "{taken:?}");
    assert_eq!(told(&to).await, told(&from).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_made_while_materials_come_and_go_is_whole() {
    let app = course().await;
    let busy = async {
        for n in 0..12 {
            let name = format!("nota-{n}.md");
            app.put(&name, format!("# Nota {n}\n\nTexto número {n}.\n"))
                .await;
            if n % 3 == 0 {
                app.delete("/materials/nota-0.md").await;
            }
        }
    };
    let (archive, ()) = futures::join!(download(&app), busy);
    let to = TestApp::spawn().await;
    let taken = upload(&to, "/chromadb/upload", "archive", archive).await;
    assert_eq!(taken.status, 200, "{taken:?}");
    for name in NAMES {
        to.becomes(name, "ready").await;
    }
    for material in told(&to).await {
        to.becomes(material["id"].as_str().unwrap(), "ready").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_store_says_so() {
    let app = TestApp::spawn().await;
    let status = app.get("/chromadb/status").await.json();
    assert_eq!(status["is_valid"], false, "{status}");
    assert!(status["reason"].is_string());
    assert_eq!(status["collections"][0]["count"], 0);
}
