//! The course catalogue, topics and synonyms.

use serde_json::json;

use crate::test_app::TestApp;

const CATALOGUE: &str = "Código;Módulo;Aula;Nome da aula;Resumo da aula\n\
    M01A02;1;2;Hipertrofia;Como o músculo cresce\n\
    M01A10;1;10;Periodização;Como planejar o ano\n";
const GROWTH: &str = "# Tensão mecânica\n\nA hipertrofia vem da tensão mecânica aplicada ao músculo durante a série.\n\n\
    # Estresse metabólico\n\nA hipertrofia também responde ao estresse metabólico das séries longas.\n";
const PLANNING: &str =
    "# Ciclos\n\nA periodização da hipertrofia divide o ano em ciclos de carga.\n";

async fn course() -> TestApp {
    let app = TestApp::spawn().await;
    // The planning comes first by id, and last in the course.
    app.bring_in("M01A10 - plano.md", PLANNING).await;
    app.bring_in("M01A02 - crescimento.md", GROWTH).await;
    app.bring_in(
        "avulso.txt",
        "Um texto avulso diz que a hipertrofia exige proteína.",
    )
    .await;
    app.bring_in("catalogo.csv", CATALOGUE).await;
    app
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lesson_is_cited_as_the_catalogue_names_it() {
    let app = course().await;
    let question = "De onde vem a tensão que causa a hipertrofia?";
    let source = app.ask(question).await["sources"][0].clone();
    assert_eq!(
        source["title"], "Módulo 1, Aula 2 — 'Hipertrofia'",
        "{source}"
    );
    assert_eq!(
        source["citation"],
        "Módulo 1, Aula 2 — 'Hipertrofia', seção “Tensão mecânica”"
    );
    assert_eq!(source["lesson"]["code"], "m01a02");
    assert_eq!(source["source"], "M01A02 - crescimento.md");

    // Another version of the catalogue, then none.
    app.bring_in(
        "catalogo.csv",
        CATALOGUE.replace("Hipertrofia", "Crescimento"),
    )
    .await;
    let source = app.ask(question).await["sources"][0].clone();
    assert_eq!(source["title"], "Módulo 1, Aula 2 — 'Crescimento'");
    assert_eq!(app.delete("/materials/catalogo.csv").await.status, 204);
    let source = app.ask(question).await["sources"][0].clone();
    assert_eq!(source["lesson"], json!(null), "{source}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sections_of_a_topic_come_in_teaching_order() {
    let app = course().await;
    let answer = app
        .post("/topics", &json!({ "topic": "hipertrofia" }))
        .await;
    let found = answer.json();
    let titles: Vec<&str> = found["sections"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|section| section["source"] != "catalogo.csv")
        .map(|section| section["title"].as_str().unwrap())
        .collect();
    assert_eq!(
        titles,
        ["Tensão mecânica", "Estresse metabólico", "Ciclos", "avulso"],
        "{found}"
    );
    let first = &found["sections"][0];
    let excerpt = first["excerpt"].as_str().unwrap();
    assert!(excerpt.lines().all(|line| GROWTH.contains(line)), "{first}");
    assert!(first["words"].as_u64().unwrap() >= 8, "{first}");

    let one = json!({ "topic": "periodização", "limit": 1 });
    let one = app.post("/topics", &one).await.json();
    assert_eq!(one["sections"][0]["title"], "Ciclos", "{one}");
    assert_eq!(one["sections"].as_array().unwrap().len(), 1);
    for wrong in [
        json!({ "topic": " " }),
        json!({ "topic": "a", "limit": 0 }),
        json!({ "topic": "a", "limit": 51 }),
        json!({ "topic": "a", "material_ids": ["../a"] }),
    ] {
        app.post("/topics", &wrong)
            .await
            .problem(422, "unprocessable");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_synonym_finds_what_the_question_calls_otherwise() {
    let app = TestApp::spawn().await;
    app.bring_in(
        "a.txt",
        "Deixe duas repetições em reserva no fim de cada série.",
    )
    .await;
    app.bring_in("b.txt", "O aquecimento dura dez minutos.")
        .await;
    let body = json!({ "query": "RIR", "config": { "search": "text" } });
    let hits = app.post("/search", &body).await.json();
    assert_eq!(hits["hits"][0]["source"], "a.txt", "{hits}");
}
