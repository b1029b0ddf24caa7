//! Acervo as a model.

use serde_json::{Value, json};

use crate::test_app::TestApp;

async fn course() -> TestApp {
    let app = TestApp::spawn().await;
    app.bring_in(
        "regulamento.txt",
        "A nota mínima para aprovação na disciplina é sete.",
    )
    .await;
    app
}

fn dot(a: &Value, b: &Value) -> f64 {
    let values = |vector: &Value| -> Vec<f64> {
        vector
            .as_array()
            .unwrap()
            .iter()
            .map(|value| value.as_f64().unwrap())
            .collect()
    };
    values(a).iter().zip(values(b)).map(|(a, b)| a * b).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_are_embedded_as_clients_of_openai_ask() {
    let app = TestApp::spawn().await;
    let texts = json!({ "input": ["O gato dorme no sofá.", "A inflação subiu em março."] });
    let passages = app.post("/v1/embeddings", &texts).await.json();
    let question = json!({ "input": "Onde dorme o gato?", "input_type": "query" });
    let question = app.post("/v1/embeddings", &question).await.json();
    let vector = &question["data"][0]["embedding"];
    assert_eq!(vector.as_array().unwrap().len(), 384);
    let near = dot(vector, &passages["data"][0]["embedding"]);
    let far = dot(vector, &passages["data"][1]["embedding"]);
    assert!(near > far, "{near} {far}");
    assert!((dot(vector, vector) - 1.0).abs() < 1e-3);
    assert!(passages["usage"]["total_tokens"].as_u64().unwrap() > 8);

    let short = json!({ "text": "O gato dorme no sofá." });
    let short = app.post("/embed", &short).await.json();
    assert_eq!(short["dimensions"], 384);
    assert_eq!(short["embeddings"][0], passages["data"][0]["embedding"]);

    let listed = app.get("/v1/models").await.json();
    assert_eq!(listed["data"][1]["id"], passages["model"], "{listed}");

    for wrong in [
        json!({ "input": [] }),
        json!({ "input": " " }),
        json!({ "input": "a".repeat(20_001) }),
        json!({ "input": vec!["a"; 257] }),
        json!({ "input": "a", "model": "text-embedding-3-large" }),
        json!({ "input": "a", "encoding_format": "base64" }),
        json!({ "input": "a", "dimensions": 12 }),
    ] {
        app.post("/v1/embeddings", &wrong)
            .await
            .problem(422, "unprocessable");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_completion_is_a_cited_answer() {
    let app = course().await;
    let body = json!({ "model": "acervo", "messages": [
        { "role": "system", "content": "Responda com calma." },
        { "role": "user", "content": [{ "type": "text", "text": "Qual é a nota mínima para aprovação?" }] },
    ] });
    let whole = app.post("/v1/chat/completions", &body).await.json();
    let content = whole["choices"][0]["message"]["content"].as_str().unwrap();
    assert!(
        content.contains("sete") && content.contains("[1]"),
        "{whole}"
    );
    let citation = whole["sources"][0]["citation"].as_str().unwrap();
    assert!(content.ends_with(citation), "{whole}");

    let mut body = body;
    body["stream"] = true.into();
    let streamed = app.post("/v1/chat/completions", &body).await;
    let pieces: Vec<&str> = streamed
        .text
        .split("\n\n")
        .filter_map(|piece| piece.strip_prefix("data: "))
        .collect();
    assert_eq!(pieces.last(), Some(&"[DONE]"), "{streamed:?}");
    let said: String = pieces
        .iter()
        .filter_map(|piece| serde_json::from_str::<Value>(piece).ok())
        .filter_map(|piece| Some(piece["choices"][0]["delta"]["content"].as_str()?.to_owned()))
        .collect();
    assert_eq!(said, content);

    for wrong in [
        json!({ "messages": [] }),
        json!({ "messages": [{ "role": "assistant", "content": "Oi." }] }),
        json!({ "messages": [{ "role": "user", "content": " " }] }),
    ] {
        app.post("/v1/chat/completions", &wrong)
            .await
            .problem(422, "unprocessable");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_answered_under_its_earlier_name() {
    let app = course().await;
    let body = json!({ "pergunta": "Qual é a nota mínima para aprovação?" });
    let answer = app.post("/generate", &body).await.json();
    assert_eq!(answer["resposta"], answer["answer"]);
    assert_eq!(
        answer["sources"][0]["source"], "regulamento.txt",
        "{answer}"
    );
}
