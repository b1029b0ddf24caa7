//! Questions to tables: computed, with the cells as proof.

use serde_json::{Value, json};

use crate::test_app::{TestApp, sample};

async fn course() -> TestApp {
    let app = TestApp::spawn().await;
    for name in [
        "plano-de-treino.xlsx",
        "notas-e-horarios.xlsx",
        "fisiologia-aula-03-hipertrofia.pdf",
    ] {
        app.put(name, sample(name)).await;
    }
    for name in [
        "plano-de-treino.xlsx",
        "notas-e-horarios.xlsx",
        "fisiologia-aula-03-hipertrofia.pdf",
    ] {
        app.settled(name, "ready").await;
    }
    app
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_table_knows_is_computed_and_its_cells_are_shown() {
    let app = course().await;
    for (question, said, sheet, range) in [
        (
            "Quantas séries de remada baixa no Treino B?",
            "3",
            "Treino B",
            "A4, C4",
        ),
        (
            "Quantos exercícios há no Treino C?",
            "7",
            "Treino C",
            "A2:A8",
        ),
    ] {
        let answer = app.ask(question).await;
        assert_eq!(answer["mode"], "table", "{answer}");
        let text = answer["answer"].as_str().unwrap();
        let result = text.split("\n\n").next().unwrap();
        assert!(result.contains(said), "{text}");
        let source = &answer["sources"][0];
        assert_eq!(source["sheet"], sheet, "{source}");
        assert_eq!(source["range"], range, "{source}");
        assert_eq!(source["source"], "plano-de-treino.xlsx");
        assert!(answer["computed"][0]["plan"]["table"].is_string());
        assert!(text.contains("[1]"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_whole_and_counted() {
    let app = course().await;
    let answer = app.ask("Liste as matrículas com média abaixo de 6").await;
    assert_eq!(answer["mode"], "table", "{answer}");
    let outcome = &answer["computed"][0]["outcome"];
    let rows = outcome["rows"].as_array().unwrap();
    assert_eq!(outcome["row_count"], rows.len(), "{outcome}");
    assert!(!rows.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_to_a_text_is_left_to_retrieval() {
    let app = course().await;
    for question in [
        "O que é hipertrofia?",
        "Como a tensão mecânica leva à hipertrofia?",
        "Qual é a capital da França?",
    ] {
        let answer = app.ask(question).await;
        assert_ne!(answer["mode"], "table", "{answer}");
        assert_eq!(answer["computed"], json!([]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_of_a_material_go_with_it() {
    let app = course().await;
    let question = "Quantas séries de remada baixa no Treino B?";
    assert_eq!(app.ask(question).await["mode"], "table");
    let others = json!({ "question": question, "material_ids": ["notas-e-horarios.xlsx"] });
    let answer = app.post("/query", &others).await.json();
    assert_ne!(answer["mode"], "table", "{answer}");
    assert_eq!(
        app.delete("/materials/plano-de-treino.xlsx").await.status,
        204
    );
    assert_ne!(app.ask(question).await["mode"], "table");
    let kept = std::fs::read_dir(app.folder.path().join("tables")).unwrap();
    // Of the other workbook; a text has none.
    assert_eq!(kept.count(), 1);
    let list = app.get("/tables?material_id=plano-de-treino.xlsx").await;
    list.problem(404, "material_not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_are_listed_and_plans_are_computed() {
    let app = course().await;
    let list = app
        .get("/tables?material_id=plano-de-treino.xlsx")
        .await
        .json();
    let names: Vec<&Value> = list["tables"]
        .as_array()
        .unwrap()
        .iter()
        .map(|table| &table["sheet"])
        .collect();
    assert_eq!(names, ["Treino A", "Treino B", "Treino C", "Progressão"]);
    assert_eq!(list["tables"][1]["row_count"], 6, "{list}");
    let table = list["tables"][1]["table"].clone();
    let plan = json!({ "table": table, "aggregate": { "function": "sum", "column": "Séries" } });
    let request = json!({ "material_id": "plano-de-treino.xlsx", "plan": plan });
    let computed = app.post("/tables/query", &request).await.json();
    assert_eq!(
        computed["outcome"]["rows"][0]["cells"][0]["value"]["value"], "20",
        "{computed}"
    );
    assert_eq!(computed["outcome"]["sources"][0]["range"], "C2:C7");

    let paged = app.get("/tables?limit=1").await.json();
    assert_eq!(paged["next"], "fisiologia-aula-03-hipertrofia.pdf");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_faults_of_a_plan_are_told() {
    let app = course().await;
    let compute = async |plan: Value| {
        let request = json!({ "material_id": "plano-de-treino.xlsx", "plan": plan });
        app.post("/tables/query", &request).await
    };
    let plan = json!({
        "table": "Treino B", "columns": ["Peso"],
        "filter": { "column": "Carga", "op": "equal", "values": ["1"] }
    });
    let problem = compute(plan).await.problem(422, "unprocessable");
    assert_eq!(problem["errors"].as_array().unwrap().len(), 2, "{problem}");
    let sql = compute(json!({ "sql": "DROP TABLE materials" })).await;
    assert_eq!(sql.status, 422, "{sql:?}");
    let request =
        json!({ "material_id": "fisiologia-aula-03-hipertrofia.pdf", "plan": { "table": "x" } });
    app.post("/tables/query", &request)
        .await
        .problem(404, "not_found");
}
