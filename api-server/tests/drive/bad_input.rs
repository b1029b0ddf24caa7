//! Folders and files as nobody should make them.

use serde_json::json;

use crate::fake::faults::Call;
use crate::fake::office;
use crate::fake::world::{Content, DOCUMENT};
use crate::stage::Stage;

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_out_of_reach_is_told_and_nothing_is_kept() {
    let mut stage = Stage::new().await;
    let private = {
        let mut world = stage.drive.world();
        let root = world.add_user("outra@escola.example");
        world.add_folder(&root, "Segredo")
    };
    for folder in [private, format!("1{}", "x".repeat(32))] {
        stage.folder = folder;
        let body = json!({ "folder_id": stage.folder });
        let tried = stage.post("/api/test-drive-folder", body).await.ok();
        assert_eq!(
            (&tried["accessible"], tried["error"].is_string()),
            (&json!(false), true),
            "{tried}"
        );
        let id = stage.start(json!({})).await;
        let run = stage.end_of(&id).await;
        assert_eq!(
            (&run["state"], &run["notice"]["code"]),
            (&json!("failed"), &json!("folder_not_found")),
            "{run}"
        );
    }
    for folder in [
        "",
        "../../etc/passwd",
        "1' or trashed = true or '1' in parents",
        "çççççççççççççççççççççççççççççç",
    ] {
        let answer = stage
            .post("/api/drive/sync-recursive", json!({ "folder_id": folder }))
            .await;
        answer.problem(422, "unprocessable");
    }
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_name_or_kind_of_file_stops_a_sync() {
    let stage = Stage::new().await;
    let emoji = "🦥".repeat(75) + ".txt";
    let add = |name: &str, mime: &str, content: Content| {
        stage.drive.world().add(&stage.folder, name, mime, content)
    };
    let text = |text: &'static str| Content::Bytes(text.into());
    let good = add("aula.txt", "text/plain", text("boa"));
    add("../../fora.txt", "text/plain", text("fora"));
    add("/etc/passwd.txt", "text/plain", text("raiz"));
    add("..\\..\\fora.txt", "text/plain", text("janela"));
    add(&emoji, "text/plain", text("preguiça"));
    add("ponto.txt.", "text/plain", text("ponto"));
    add("CON.txt", "text/plain", text("dispositivo"));
    add("aula\u{0}\n\u{202e}.txt", "text/plain", text("controle"));
    add("a#b?c%2e%2e.txt", "text/plain", text("endereço"));
    add("igual.txt", "text/plain", text("um"));
    add("igual.txt", "text/plain", text("dois"));
    add("sem extensão", "text/plain", text("sem"));
    {
        let mut world = stage.drive.world();
        let folder = world.add_folder(&stage.folder, "..");
        world.add_file(&folder, "dentro.txt", "text/plain", "dentro");
        let folder = world.add_folder(&stage.folder, "../../../tmp");
        world.add_file(&folder, "dentro.txt", "text/plain", "de tmp");
    }
    let skipped = [
        (
            add("filme.mp4", "video/mp4", Content::Zeros(20_000_000_000)),
            "video",
        ),
        (
            add(
                "enorme.pdf",
                "application/pdf",
                Content::Zeros(20_000_000_000),
            ),
            "too_large",
        ),
        (add("vazio.txt", "text/plain", text("")), "empty"),
        (
            add("programa.exe", "application/octet-stream", text("MZ")),
            "unsupported_type",
        ),
        (
            add("mapa", "application/vnd.google-apps.map", Content::None),
            "not_exportable",
        ),
    ];
    let liar = add("mentira.pdf", "application/pdf", text("isto não é um PDF"));
    let closed = add("fechado.txt", "text/plain", text("fechado"));
    stage
        .drive
        .world()
        .files
        .get_mut(&closed)
        .unwrap()
        .downloadable = false;
    let broken = stage.drive.world().add_shortcut(
        &stage.folder,
        "atalho.txt",
        &format!("1{}", "y".repeat(32)),
    );
    let circle = {
        let mut world = stage.drive.world();
        let folder = world.add_folder(&stage.folder, "Círculo");
        world.add_shortcut(&folder, "de novo", &stage.folder)
    };
    let run = stage.sync().await;
    assert_eq!(run["state"], "completed", "{run}");
    let why = async |file: &str, outcome: &str, code: &str| {
        assert_eq!(
            stage.why(&run, file).await,
            (outcome.to_owned(), code.to_owned())
        );
    };
    for (file, code) in &skipped {
        why(file, "skipped", code).await;
    }
    why(&liar, "skipped", "content_mismatch").await;
    why(&closed, "skipped", "no_download").await;
    why(&broken, "skipped", "shortcut_broken").await;
    why(&circle, "skipped", "shortcut_loop").await;
    assert_eq!(
        stage.why(&run, &good).await,
        ("indexed".into(), String::new())
    );
    assert_eq!(run["counts"]["indexed"], 14, "{:?}", stage.rows(&run).await);
    assert_eq!(stage.materials().await.len(), 14);
    // Nothing of 20 GB was asked for.
    assert!(stage.drive.sent() < 1_000_000, "{}", stage.drive.sent());
    for material in stage.materials().await {
        let id = material["id"].as_str().unwrap();
        let is_clean = id
            .split('/')
            .all(|part| !part.is_empty() && part != ".." && part != "." && part.len() <= 255)
            && !id
                .chars()
                .any(|letter| letter.is_control() || "#?%\\".contains(letter));
        assert!(is_clean && id.starts_with("Curso/"), "{id:?}");
        // Each can be had again under its id.
        let at = material["download_path"].as_str().unwrap();
        let bytes = stage.get(at).await;
        assert_eq!(bytes.status, 200, "{at}");
    }
    // All that was written stands under its hash in the store.
    let folder = stage.app.folder.path();
    let names: Vec<String> = walk(folder).collect();
    assert!(
        names
            .iter()
            .all(|name| !name.contains("fora") && !name.contains("passwd")),
        "{names:?}"
    );
    assert!(!folder.parent().unwrap().join("fora.txt").exists());

    // A second look finds nothing new, and asks for none of it again.
    stage.drive.forget();
    let run = stage.sync().await;
    assert_eq!(
        (&run["counts"]["indexed"], &run["counts"]["removals"]),
        (&json!(0), &json!(0)),
        "{run}"
    );
    assert_eq!(
        (&run["counts"]["unchanged"], stage.drive.count(Call::Export)),
        (&json!(14), 0),
        "{run}"
    );
    stage.stop().await;
}

fn walk(folder: &std::path::Path) -> Box<dyn Iterator<Item = String>> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Box::new(std::iter::empty());
    };
    let all: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    Box::new(all.into_iter().flat_map(|path| {
        let name = path.display().to_string();
        std::iter::once(name).chain(walk(&path))
    }))
}

#[tokio::test(flavor = "multi_thread")]
async fn exports_beyond_the_limit_come_by_their_link() {
    let stage = Stage::new().await;
    let (long, denied) = {
        let mut world = stage.drive.world();
        let Content::Native(mut exports) = office::document("Uma frase.") else {
            unreachable!("documents are native")
        };
        // A package may be followed by anything up to its directory's reach: here a long member that is stored.
        let big = long_document(11 * 1024 * 1024);
        exports.insert(office::DOCX, big.into());
        let long = world.add(
            &stage.folder,
            "Longo",
            DOCUMENT,
            Content::Native(exports.clone()),
        );
        let denied = world.add(&stage.folder, "Negado", DOCUMENT, Content::Native(exports));
        (long, denied)
    };
    stage.drive.fail(
        crate::fake::faults::Fault::always(
            Call::ExportLink,
            crate::fake::faults::refuse("exportSizeLimitExceeded"),
        )
        .about(&denied),
    );
    let run = stage.sync().await;
    assert_eq!(
        stage.why(&run, &long).await,
        ("indexed".into(), String::new())
    );
    assert_eq!(
        stage.why(&run, &denied).await,
        ("skipped".into(), "export_too_large".into())
    );
    assert_eq!(stage.materials().await.len(), 1);
    stage.stop().await;
}

/// A document that does not get smaller by compression.
fn long_document(bytes: usize) -> Vec<u8> {
    use std::io::{Cursor, Write as _};
    use zip::CompressionMethod;
    use zip::write::{SimpleFileOptions, ZipWriter};
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    archive.start_file("word/document.xml", stored).unwrap();
    archive.write_all(&vec![b' '; bytes]).unwrap();
    archive.finish().unwrap().into_inner()
}
