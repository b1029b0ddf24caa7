//! Pictures of pages, and pages that are pictures.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use crate::test_app::{TestApp, sample};

/// A page of 595 by 842 points that was printed and scanned: an image, slightly turned, with specks.
const SCAN: &[u8] = include_bytes!("../data/scan.pdf");

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_shown_with_the_place_of_a_quote() {
    let app = TestApp::spawn().await;
    app.bring_in("a.pdf", sample("regulamento-laboratorio.pdf"))
        .await;
    let shown = app.get("/materials/a.pdf/pages/1.png?width=600").await;
    assert_eq!(
        (shown.status, shown.content_type.as_str()),
        (200, "image/png"),
        "{shown:?}"
    );
    let transform: Vec<f64> = shown.headers["page-transform"]
        .to_str()
        .unwrap()
        .split(' ')
        .map(|number| number.parse().unwrap())
        .collect();
    let hit = &app.find("laboratório").await[0];
    let bbox: Vec<f64> = serde_json::from_value(hit["locator"]["bbox"].clone()).unwrap();
    let [a, _, _, d, e, f] = transform[..] else {
        panic!("six numbers: {transform:?}");
    };
    let (left, right) = (a * bbox[0] + e, a * bbox[2] + e);
    let (bottom, top) = (d * bbox[1] + f, d * bbox[3] + f);
    assert!(
        0.0 < left && left < right && right < 600.0 && 0.0 < top && top < bottom,
        "{left} {right} {top} {bottom}"
    );

    let tag = shown.headers["etag"].to_str().unwrap();
    let request = app.request("GET", "/materials/a.pdf/pages/1.png?width=600");
    let again = app.send(request.header("If-None-Match", tag)).await;
    assert_eq!((again.status, again.text.as_str()), (304, ""));
    let other = app.request("GET", "/materials/a.pdf/pages/1.png?width=601");
    let other = app.send(other.header("If-None-Match", tag)).await;
    assert_eq!(other.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_that_do_not_exist_are_not_found() {
    let app = TestApp::spawn().await;
    app.bring_in("a.pdf", sample("regulamento-laboratorio.pdf"))
        .await;
    app.bring_in("b.xlsx", sample("plano-de-treino.xlsx")).await;
    for path in [
        "a.pdf/pages/0.png",
        "a.pdf/pages/99.png",
        "a.pdf/pages/-1.png",
        "a.pdf/pages/..%2f1.png",
        "b.xlsx/pages/1.png",
    ] {
        app.get(&format!("/materials/{path}"))
            .await
            .problem(404, "not_found");
    }
    app.get("/materials/nada.pdf/pages/1.png")
        .await
        .problem(404, "material_not_found");
    let wide = app.get("/materials/a.pdf/pages/1.png?width=9000").await;
    assert_eq!(
        wide.problem(422, "unprocessable")["errors"][0]["pointer"],
        "/width"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scan_is_read_by_recognition() {
    let app = TestApp::spawn().await;
    let material = app.bring_in("normas.pdf", SCAN).await;
    assert_eq!(material["ocr_pages"], json!([]), "{material}");
    let hits = app.find("esteira").await;
    let locator = &hits[0]["locator"];
    assert_eq!(locator["number"], 1, "{locator}");
    let bbox: Vec<f64> = serde_json::from_value(locator["bbox"].clone()).unwrap();
    // The paragraphs stand in the upper half.
    assert!(bbox[0] > 40.0 && bbox[1] > 421.0, "{bbox:?}");
    let answer = app
        .ask("Quanto tempo deve durar o descanso entre séries pesadas?")
        .await;
    assert!(
        answer["answer"].as_str().unwrap().contains("três minutos"),
        "{answer}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scan_starts_again_when_what_reads_it_appears() {
    let app = TestApp::with(&[("OCR_PROGRAM", "none")]).await;
    app.put("normas.pdf", SCAN).await;
    let material = app.settled("normas.pdf", "needs_ocr").await;
    assert_eq!(material["ocr_pages"], json!([1]), "{material}");
    let folder = app.stop().await;

    let program = folder.path().join("reads");
    std::fs::write(&program, "#!/bin/sh\nexec /usr/bin/env tesseract \"$@\"\n").unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let program = program.to_str().unwrap();
    let app = TestApp::in_folder(folder.clone(), &[("OCR_PROGRAM", program)]).await;
    app.becomes("normas.pdf", "ready").await;
    assert!(!app.find("esteira").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_cannot_be_recognised_is_told_and_does_not_wait() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("reads");
    let script = "#!/bin/sh\n[ \"$1\" = --list-langs ] && { echo por; exit; }\nexit 3\n";
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let app = TestApp::with(&[("OCR_PROGRAM", program.to_str().unwrap())]).await;
    app.put("normas.pdf", SCAN).await;
    let material = app.settled("normas.pdf", "failed").await;
    assert_eq!(material["error"]["code"], "no_text", "{material}");
    assert_eq!(material["ocr_pages"], json!([]));
    assert_eq!(
        material["warnings"][0]["code"], "unrecognised_page",
        "{material}"
    );
}
