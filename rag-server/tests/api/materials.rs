//! `/materials`: sent, replaced, listed, removed.

use serde_json::{Value, json};

use crate::test_app::{TestApp, sample};

#[tokio::test(flavor = "multi_thread")]
async fn a_pdf_is_read_indexed_and_cited_by_page() {
    let app = TestApp::spawn().await;
    let name = "regulamento-laboratorio.pdf?title=Regulamento&tags=norma,laborat%C3%B3rio&source=normas/regulamento.pdf";
    let material = app
        .bring_in(name, sample("regulamento-laboratorio.pdf"))
        .await;
    assert_eq!(material["type"], "pdf");
    assert_eq!(material["title"], "Regulamento");
    assert_eq!(material["tags"], json!(["norma", "laboratório"]));
    assert!(material["pages"].as_i64().unwrap() >= 3);
    assert!(material["chunks"].as_i64().unwrap() > 0);
    assert_eq!(material["embedded"], material["chunks"]);
    let answer = app
        .ask("Para que telefone ligar em uma emergência médica?")
        .await;
    assert_eq!(answer["mode"], "extractive");
    let first = &answer["sources"][0];
    assert_eq!(
        (first["page"].as_i64(), first["source"].as_str()),
        (Some(3), Some("normas/regulamento.pdf"))
    );
    assert_eq!(first["n"], 1);
    assert_eq!(first["locator"]["kind"], "page");
    assert!(first["quote"].as_str().unwrap().contains("192"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workbook_is_cited_by_its_cells() {
    let app = TestApp::spawn().await;
    app.bring_in("plano.xlsx", sample("plano-de-treino.xlsx"))
        .await;
    let answer = app
        .ask("Quantas séries de agachamento livre há no treino C?")
        .await;
    let first = &answer["sources"][0];
    assert_eq!(first["sheet"], "Treino C", "{answer}");
    assert_eq!(first["page"], Value::Null);
    assert!(first["range"].as_str().unwrap().starts_with('A'), "{first}");
    assert!(
        first["quote"]
            .as_str()
            .unwrap()
            .contains("Agachamento livre")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_bytes_again_cost_nothing() {
    let app = TestApp::spawn().await;
    let first = app.put("a.txt", "O prazo é de três dias.").await.json();
    app.settled("a.txt", "ready").await;
    let again = app
        .put("a.txt?title=Novo", "O prazo é de três dias.")
        .await
        .json();
    assert_eq!(
        (again["unchanged"].as_bool(), &again["job_id"]),
        (Some(true), &first["job_id"])
    );
    assert_eq!(app.get("/materials/a.txt").await.json()["title"], "Novo");
    let hit = &app.find("prazo").await[0];
    assert_eq!(hit["title"], "Novo");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_chooses_how_large_chunks_are() {
    let app = TestApp::spawn().await;
    let text = "O músculo responde à carga. ".repeat(60);
    let usual = app.bring_in("usual.txt", text.clone()).await;
    let small = "small.txt?chunk_size=32&chunk_overlap=8";
    let chosen = app.bring_in(small, text.clone()).await;
    let chunks = |material: &Value| material["chunks"].as_i64().unwrap();
    assert!(
        chunks(&chosen) >= 4 * chunks(&usual),
        "{chosen} and {usual}"
    );

    let again = app.put("small.txt?chunk_size=64", text.clone()).await;
    assert_eq!(again.json()["unchanged"], true);
    app.post("/reprocess-enhanced-materials", &json!({})).await;
    app.settled("usual.txt", "ready").await;
    let read_again = app.settled("small.txt", "ready").await;
    assert_eq!(chunks(&read_again), chunks(&chosen));

    for sizes in [
        "chunk_size=15",
        "chunk_size=481",
        "chunk_size=32&chunk_overlap=16",
        "chunk_overlap=8",
    ] {
        let refused = app.put(&format!("other.txt?{sizes}"), text.clone()).await;
        assert_eq!(refused.status, 400, "{sizes}");
        assert_eq!(refused.json()["errors"][0]["pointer"], "/chunk_size");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_bytes_replace_the_material() {
    let app = TestApp::spawn().await;
    app.bring_in("a.txt", "A prova será na segunda-feira, dia catorze.")
        .await;
    app.bring_in("a.txt", "O exame acontece na quinta-feira, dia dezessete.")
        .await;
    assert!(app.find("segunda catorze").await.is_empty());
    assert_eq!(app.find("quinta dezessete").await.len(), 1);
    assert_eq!(app.get("/stats").await.json()["chunks"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn removing_takes_text_vectors_and_file() {
    let app = TestApp::spawn().await;
    app.bring_in("a.txt", "A biblioteca abre às oito horas.")
        .await;
    app.bring_in("b.txt", "A secretaria fecha às dezoito horas.")
        .await;
    let gone = app.delete("/materials/a.txt").await;
    assert_eq!(gone.status, 204);
    app.get("/materials/a.txt")
        .await
        .problem(404, "material_not_found");
    app.delete("/materials/a.txt")
        .await
        .problem(404, "material_not_found");
    assert!(app.find("biblioteca oito").await.is_empty());
    let stats = app.get("/stats").await.json();
    assert_eq!(
        (
            stats["documents"].as_i64(),
            stats["chunks"].as_i64(),
            stats["vectors"].as_i64()
        ),
        (Some(1), Some(1), Some(1))
    );
    let files = walk(&app.folder.path().join("files"));
    assert_eq!(files, 1);
    // What was removed may come back.
    app.bring_in("a.txt", "A biblioteca abre às oito horas.")
        .await;
    assert_eq!(app.find("biblioteca oito").await.len(), 1);
}

fn walk(dir: &std::path::Path) -> usize {
    std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        // What processes lock stays, whatever goes.
        .filter(|path| !path.ends_with(".lock"))
        .map(|path| if path.is_dir() { walk(&path) } else { 1 })
        .sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_materials_may_share_their_content() {
    let app = TestApp::spawn().await;
    app.bring_in("a.txt", "O mesmo texto.").await;
    app.bring_in("b.txt", "O mesmo texto.").await;
    assert_eq!(walk(&app.folder.path().join("files")), 1);
    assert_eq!(app.delete("/materials/a.txt").await.status, 204);
    assert_eq!(walk(&app.folder.path().join("files")), 1);
    assert_eq!(app.find("mesmo texto").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_may_hold_accents_and_blanks() {
    let app = TestApp::spawn().await;
    let material = app
        .bring_in(
            "aula%20%C3%A7%C3%A3o%2250%25%27.txt",
            "Conteúdo da aula de avaliação.",
        )
        .await;
    assert_eq!(material["id"], "aula ção\"50%'.txt");
    assert_eq!(
        app.find("avaliação").await[0]["material_id"],
        "aula ção\"50%'.txt"
    );
    let body = json!({ "query": "avaliação", "material_ids": ["aula ção\"50%'.txt"] });
    assert_eq!(
        app.post("/search", &body).await.json()["hits"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        app.delete("/materials/aula%20%C3%A7%C3%A3o%2250%25%27.txt")
            .await
            .status,
        204
    );
    assert!(app.find("avaliação").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_comes_in_pages() {
    let app = TestApp::spawn().await;
    for name in ["c", "a", "b"] {
        app.bring_in(&format!("{name}.txt"), format!("Texto {name}."))
            .await;
    }
    let first = app.get("/materials?limit=2").await.json();
    let ids = |list: &Value| -> Vec<String> {
        list["materials"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["id"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(ids(&first), ["a.txt", "b.txt"]);
    let next = app
        .get(&format!(
            "/materials?limit=2&after={}",
            first["next"].as_str().unwrap()
        ))
        .await
        .json();
    assert_eq!(
        (ids(&next), &next["next"]),
        (vec!["c.txt".to_owned()], &Value::Null)
    );
    assert_eq!(
        app.get("/materials?state=failed").await.json()["materials"]
            .as_array()
            .unwrap()
            .len(),
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_by_material_tag_and_type_hold() {
    let app = TestApp::spawn().await;
    app.bring_in("a.txt?tags=um", "O aquecimento dura dez minutos.")
        .await;
    app.bring_in(
        "b.md?tags=dois",
        "# Aula\n\nO aquecimento dura vinte minutos.",
    )
    .await;
    let hits = async |filter: Value| -> Vec<String> {
        let mut body = json!({ "query": "aquecimento" });
        body.as_object_mut()
            .unwrap()
            .extend(filter.as_object().unwrap().clone());
        let found = app.post("/search", &body).await.json();
        let mut ids: Vec<String> = found["hits"]
            .as_array()
            .unwrap()
            .iter()
            .map(|hit| hit["material_id"].as_str().unwrap().to_owned())
            .collect();
        ids.sort();
        ids
    };
    assert_eq!(hits(json!({})).await, ["a.txt", "b.md"]);
    assert_eq!(hits(json!({ "material_ids": ["b.md"] })).await, ["b.md"]);
    assert_eq!(hits(json!({ "tags": ["um", "três"] })).await, ["a.txt"]);
    assert_eq!(hits(json!({ "types": ["markdown"] })).await, ["b.md"]);
    assert_eq!(
        hits(json!({ "tags": ["um"], "types": ["markdown"] })).await,
        Vec::<String>::new()
    );
    assert_eq!(
        hits(json!({ "material_ids": [] })).await,
        Vec::<String>::new()
    );
}

/// A page that holds a picture and no text, as a scanner makes it.
fn scan() -> Vec<u8> {
    use lopdf::{Document, Stream, dictionary};
    let mut pdf = Document::with_version("1.5");
    let image = pdf.add_object(Stream::new(
        dictionary! {
            "Type" => "XObject", "Subtype" => "Image", "Width" => 64, "Height" => 64,
            "ColorSpace" => "DeviceGray", "BitsPerComponent" => 8,
        },
        vec![200; 64 * 64],
    ));
    let content = pdf.add_object(Stream::new(
        dictionary! {},
        b"q 595 0 0 842 0 0 cm /Im0 Do Q".to_vec(),
    ));
    let tree = pdf.new_object_id();
    let page = pdf.add_object(dictionary! {
        "Type" => "Page", "Parent" => tree, "Contents" => content,
        "MediaBox" => vec![0.into(), 0.into(), 595.into(), 842.into()],
        "Resources" => dictionary! { "XObject" => dictionary! { "Im0" => image } },
    });
    let root = dictionary! { "Type" => "Pages", "Kids" => vec![page.into()], "Count" => 1 };
    pdf.objects.insert(tree, root.into());
    let catalog = pdf.add_object(dictionary! { "Type" => "Catalog", "Pages" => tree });
    pdf.trailer.set("Root", catalog);
    let mut bytes = Vec::new();
    pdf.save_to(&mut bytes).unwrap();
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scan_waits_for_its_text_to_be_recognised_and_hides_what_was_there() {
    let app = TestApp::with(&[("OCR_PROGRAM", "none")]).await;
    app.bring_in("a.pdf", sample("regulamento-laboratorio.pdf"))
        .await;
    assert!(!app.find("laboratório").await.is_empty());
    assert_eq!(app.put("a.pdf", scan()).await.status, 202);
    let material = app.settled("a.pdf", "needs_ocr").await;
    assert_eq!(material["ocr_pages"], json!([1]), "{material}");
    assert_eq!(material["error"]["code"], "needs_ocr");
    assert!(app.find("laboratório").await.is_empty());
    assert_eq!(app.get("/stats").await.json()["chunks"], 0);
}
