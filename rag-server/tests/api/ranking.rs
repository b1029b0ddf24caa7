//! `/ranking`: learned from what people open, judged, used, kept and taken back.

use serde_json::{Value, json};

use crate::test_app::{TestApp, sample};

/// Questions about the samples.
fn questions() -> Vec<String> {
    let all: Value = serde_json::from_str(include_str!("../../evals/samples.json")).unwrap();
    ["answerable", "unanswerable"]
        .iter()
        .flat_map(|kind| all[kind].as_array().unwrap().clone())
        .map(|one| one["question"].as_str().unwrap().to_owned())
        .collect()
}

async fn with_samples(app: &TestApp) {
    let names = [
        "estatistica-aula-02-medidas.pdf",
        "fisiologia-aula-03-hipertrofia.pdf",
        "metodologia-aula-01-artigos.pptx",
        "notas-e-horarios.xlsx",
        "plano-de-ensino.md",
        "plano-de-treino.xlsx",
        "regulamento-laboratorio.pdf",
        "treinamento-aula-05-principios.srt",
    ];
    for name in names {
        assert_eq!(app.put(name, sample(name)).await.status, 202);
    }
    for name in names {
        app.settled(name, "ready").await;
    }
}

/// Passages in the order of the ranking.
async fn found(app: &TestApp, question: &str) -> Vec<Value> {
    let body = json!({ "query": question, "limit": 40 });
    let answer = app.post("/search", &body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["hits"].as_array().unwrap().clone()
}

fn shown(hit: &Value, opened: bool) -> Value {
    json!({ "material_id": hit["material_id"], "chunk_id": hit["chunk_id"], "opened": opened })
}

fn example(person: usize, question: &str, shown: &[Value]) -> Value {
    json!({ "person": format!("p{person}"), "question": question, "shown": shown })
}

/// A ranking that believes in rare words alone, in use as version 1.
fn go_astray(folder: &std::path::Path) {
    let mut model: Value =
        serde_json::from_str(include_str!("../../../assets/ranking/model.json")).unwrap();
    for set in ["text", "passages", "sentences"] {
        for weight in model[set]["weights"].as_array_mut().unwrap() {
            let is_of_words = weight["feature"] == "bm25";
            weight["weight"] = json!(if is_of_words { 8.0 } else { 0.0 });
        }
    }
    let held = json!({ "ndcg_10": 0.8, "hit_1": 0.6 });
    let one = json!({
        "version": 1, "created_at": 0, "model": model,
        "report": {
            "outcome": "accepted", "faults": [], "examples": 60, "people": 8, "from": 0, "held_out_before": held,
            "held_out_after": held, "held_out_error": 0.0, "before": [], "after": [], "took_ms": 1
        }
    });
    std::fs::create_dir_all(folder.join("ranking")).unwrap();
    std::fs::write(folder.join("ranking/1.json"), one.to_string()).unwrap();
    std::fs::write(folder.join("ranking/current"), "1").unwrap();
}

/// A server with the samples, ranking astray.
async fn astray() -> TestApp {
    let folder = std::sync::Arc::new(tempfile::tempdir().unwrap());
    go_astray(folder.path());
    let app = TestApp::in_folder(folder, &[]).await;
    with_samples(&app).await;
    app
}

/// People who open what answers.
async fn honesty(app: &TestApp) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("../../evals/samples.json")).unwrap();
    let mut examples = Vec::new();
    for asked in all["answerable"].as_array().unwrap() {
        let question = asked["question"].as_str().unwrap();
        let phrase = asked["phrase"].as_str().unwrap().to_lowercase();
        let hits: Vec<Value> = found(app, question)
            .await
            .into_iter()
            .map(|hit| {
                let text = hit["text"].as_str().unwrap().to_lowercase();
                let answers = hit["material_id"] == asked["source"] && text.contains(&phrase);
                shown(&hit, answers)
            })
            .take(10)
            .collect();
        for _ in 0..8 {
            examples.push(example(examples.len() % 8, question, &hits));
        }
    }
    examples
}

/// People who open anything but what the ranking puts first.
async fn mischief(app: &TestApp) -> Vec<Value> {
    let mut examples = Vec::new();
    for question in questions() {
        let found = found(app, &question).await;
        let last = found.len() - 1;
        for (at, worst) in found.iter().enumerate().skip(last - 5) {
            let shown = [shown(worst, true), shown(&found[0], false)];
            examples.push(example(at, &question, &shown));
        }
    }
    examples
}

async fn learn(app: &TestApp, run: &str, examples: &[Value]) -> Value {
    for batch in examples.chunks(100) {
        let body = json!({ "run": run, "examples": batch });
        let taken = app.post("/ranking/examples", &body).await;
        assert_eq!(taken.status, 200, "{taken:?}");
    }
    let learned = app.post("/ranking/learn", &json!({ "run": run })).await;
    assert_eq!(learned.status, 200, "{learned:?}");
    learned.json()
}

async fn in_use(app: &TestApp) -> Value {
    app.get("/ranking").await.json()["in_use"].clone()
}

/// Order and scores of the passages for a question.
async fn ranked(app: &TestApp) -> Value {
    let body = json!({ "query": "Quanto tempo descansar entre as séries?", "limit": 10 });
    let hits = app.post("/search", &body).await.json()["hits"].clone();
    let hits = hits.as_array().unwrap().iter();
    hits.map(|hit| json!([hit["chunk_id"], hit["score"]]))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_open_is_learned_used_kept_and_taken_back() {
    let app = astray().await;
    let before = ranked(&app).await;
    app.ask("O que é o valor-p?").await;
    let answers = async |app: &TestApp| app.get("/status").await.json()["answers"].clone();
    app.ask("O que é o valor-p?").await;
    assert_eq!(answers(&app).await["hits"], 1);

    let examples = honesty(&app).await;
    let learned = learn(&app, "r1", &examples).await;
    assert_eq!(learned["outcome"], "accepted", "{learned}");
    assert_eq!(
        (&learned["version"], &learned["from"], &learned["people"]),
        (&json!(2), &json!(1), &json!(8))
    );
    assert!(
        learned["held_out_after"]["ndcg_10"].as_f64()
            > learned["held_out_before"]["ndcg_10"].as_f64(),
        "{learned}"
    );
    assert_eq!(learned["after"].as_array().unwrap().len(), 6, "{learned}");
    let after = ranked(&app).await;
    assert_ne!(after, before);
    // Answers that were kept are not given any more.
    app.ask("O que é o valor-p?").await;
    assert_eq!(answers(&app).await["hits"], 1);
    app.ask("O que é o valor-p?").await;
    assert_eq!(answers(&app).await["hits"], 2);
    // Examples are learned from once.
    app.post("/ranking/learn", &json!({ "run": "r1" }))
        .await
        .problem(409, "conflict");

    let folder = app.stop().await;
    let app = TestApp::in_folder(folder, &[]).await;
    app.settled("plano-de-ensino.md", "ready").await;
    assert_eq!(in_use(&app).await, 2);
    assert_eq!(ranked(&app).await, after);
    for earlier in [1, 0] {
        let back = app.post("/ranking/rollback", &json!({})).await.json();
        assert_eq!(back["in_use"], earlier);
        assert_eq!(ranked(&app).await == before, earlier == 1);
    }
    app.post("/ranking/rollback", &json!({}))
        .await
        .problem(409, "conflict");
    app.post("/ranking/rollback", &json!({ "version": 7 }))
        .await
        .problem(404, "not_found");
    let again = app
        .post("/ranking/rollback", &json!({ "version": 2 }))
        .await;
    assert_eq!(again.json()["in_use"], 2);
    assert_eq!(ranked(&app).await, after);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_harms_is_refused_and_told() {
    let app = TestApp::spawn().await;
    with_samples(&app).await;
    let before = ranked(&app).await;
    let learned = learn(&app, "r1", &mischief(&app).await).await;
    assert_eq!(learned["outcome"], "refused", "{learned}");
    let faults = learned["faults"].as_array().unwrap();
    assert!(faults.contains(&json!("ranks_worse")), "{learned}");
    assert_eq!(ranked(&app).await, before);
    let ranking = app.get("/ranking").await.json();
    assert_eq!(ranking["in_use"], 0);
    assert_eq!(ranking["tries"][0]["outcome"], "refused");
    // What was refused has no model to go to.
    app.post("/ranking/rollback", &json!({ "version": 1 }))
        .await
        .problem(404, "not_found");
    // Of a question nothing is kept on disk.
    let kept = std::fs::read_to_string(app.folder.path().join("ranking/1.json")).unwrap();
    assert!(!kept.contains("hipertrofia") && !kept.contains("valor-p"));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_little_changes_nothing_and_says_so() {
    let app = TestApp::spawn().await;
    with_samples(&app).await;
    app.post("/ranking/learn", &json!({ "run": "r1" }))
        .await
        .problem(409, "conflict");
    let examples = honesty(&app).await;
    let few = learn(&app, "r1", &examples[..20]).await;
    assert_eq!(few["outcome"], "too_few", "{few}");
    assert!(
        few["detail"].as_str().unwrap().contains("20 respostas"),
        "{few}"
    );
    let alone: Vec<Value> = examples
        .iter()
        .map(|one| {
            let mut one = one.clone();
            one["person"] = json!("p1");
            one
        })
        .collect();
    let few = learn(&app, "r2", &alone).await;
    assert_eq!(
        (&few["outcome"], &few["people"]),
        (&json!("too_few"), &json!(1))
    );
    // Another run takes the place of the one before.
    let body = json!({ "run": "r3", "examples": examples[..2] });
    let taken = app.post("/ranking/examples", &body).await.json();
    assert_eq!(taken["usable"], 2);
    let body = json!({ "run": "r4", "examples": examples[..1] });
    let taken = app.post("/ranking/examples", &body).await.json();
    assert_eq!(taken["usable"], 1);
    app.post("/ranking/learn", &json!({ "run": "r3" }))
        .await
        .problem(409, "conflict");
    let ranking = app.get("/ranking").await.json();
    assert_eq!(ranking, json!({ "in_use": 0, "tries": [] }));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn passages_that_are_gone_and_answers_that_tell_nothing_are_left_out() {
    let app = TestApp::spawn().await;
    app.bring_in("a.txt", "A carga cresce aos poucos.").await;
    app.bring_in("b.txt", "O descanso entre séries dura três minutos.")
        .await;
    app.bring_in("c.txt", "A carga de treino e o descanso se equilibram.")
        .await;
    let question = "Quanto dura o descanso entre séries?";
    let hits = found(&app, question).await;
    let of = |id: &str, opened: bool| {
        let hit = hits.iter().find(|hit| hit["material_id"] == id).unwrap();
        shown(hit, opened)
    };
    let told = example(1, question, &[of("b.txt", true), of("c.txt", false)]);
    let silent = example(1, question, &[of("b.txt", false), of("c.txt", false)]);
    let mut disliked = told.clone();
    disliked["rating"] = json!("down");
    let gone = example(1, question, &[of("a.txt", true), of("c.txt", false)]);
    assert_eq!(app.delete("/materials/a.txt").await.status, 204);
    let foreign = json!({ "material_id": "../x", "chunk_id": "x:1:1", "opened": true });
    let strange = example(1, question, &[foreign, of("c.txt", false)]);
    let unasked = example(1, " ", &[of("b.txt", true), of("c.txt", false)]);
    let body = json!({ "run": "r", "examples": [told, silent, disliked, gone, strange, unasked] });
    let taken = app.post("/ranking/examples", &body).await;
    assert_eq!(taken.json(), json!({ "usable": 1, "gone": 3, "silent": 2 }));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_examples_are_refused_with_their_field() {
    let app = TestApp::spawn().await;
    let one = |person: &str, count: usize| {
        let shown = json!({ "material_id": "a", "chunk_id": "a:1:0" });
        json!({ "person": person, "question": "?", "shown": vec![shown; count] })
    };
    let many: Vec<Value> = (0..101).map(|_| one("p", 2)).collect();
    for (body, pointer) in [
        (json!({ "run": "", "examples": [one("p", 2)] }), "/run"),
        (json!({ "run": "r", "examples": [] }), "/examples"),
        (json!({ "run": "r", "examples": many }), "/examples"),
        (
            json!({ "run": "r", "examples": [one("p", 2), one("", 2)] }),
            "/examples/1/person",
        ),
        (
            json!({ "run": "r", "examples": [one("p", 1)] }),
            "/examples/0/shown",
        ),
        (
            json!({ "run": "r", "examples": [one("p", 51)] }),
            "/examples/0/shown",
        ),
    ] {
        let refused = app.post("/ranking/examples", &body).await;
        let problem = refused.problem(422, "unprocessable");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_ranking_on_disk_leaves_the_bundled_one() {
    let app = TestApp::spawn().await;
    with_samples(&app).await;
    let bundled = ranked(&app).await;
    let mut folder = app.stop().await;
    go_astray(folder.path());
    let file = folder.path().join("ranking/1.json");
    let whole = std::fs::read_to_string(&file).unwrap();
    let unsound = whole.replacen("\"scale\":", "\"scale\":-", 1);
    assert_ne!(unsound, whole);
    for broken in [whole.get(..whole.len() / 2).unwrap(), &unsound, "null", ""] {
        std::fs::write(&file, broken).unwrap();
        let app = TestApp::in_folder(folder, &[]).await;
        app.settled("plano-de-ensino.md", "ready").await;
        assert_eq!(in_use(&app).await, 0, "{broken:.40}");
        assert_eq!(ranked(&app).await, bundled);
        folder = app.stop().await;
    }
    std::fs::write(&file, &whole).unwrap();
    std::fs::write(folder.path().join("ranking/current"), "one").unwrap();
    let app = TestApp::in_folder(folder, &[]).await;
    assert_eq!(in_use(&app).await, 0);
    // What was learned is there still.
    let back = app
        .post("/ranking/rollback", &json!({ "version": 1 }))
        .await;
    assert_eq!(back.status, 200, "{back:?}");
    assert_ne!(ranked(&app).await, bundled);
    app.stop().await;
}
