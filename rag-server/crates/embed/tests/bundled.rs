//! The bundled model as a whole: its vectors, its limits, and what it does under load.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

use std::path::Path;
use std::sync::{Arc, LazyLock};

use embed::{BundledEmbedder, EmbedError, Embedder, Passage, PassageVectors, Retry};
use futures::future::join_all;

const MODEL: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../../assets/models/e5-small-pt-en"
);

static EMBEDDER: LazyLock<Arc<BundledEmbedder>> =
    LazyLock::new(|| Arc::new(BundledEmbedder::load(Path::new(MODEL), 2).unwrap()));

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

fn assert_unit(vector: &[f32]) {
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    assert_eq!(vector.len(), 384);
    assert!((length - 1.0).abs() < 1e-5, "length {length}");
}

fn passage(text: &str) -> Passage {
    Passage {
        text: text.to_owned(),
        sentences: Vec::new(),
    }
}

async fn embed_one(passage: Passage) -> PassageVectors {
    let mut vectors = EMBEDDER.embed_passages(&[passage]).await.unwrap();
    assert_eq!(vectors.len(), 1);
    vectors.remove(0)
}

/// Vectors of the weights' original engine; `fixtures/reference.py` made them.
#[tokio::test]
async fn agrees_with_the_reference_engine() {
    let reference: serde_json::Value =
        serde_json::from_str(include_str!("fixtures/reference.json")).unwrap();
    let entries = |name: &str| {
        let entries = reference[name].as_array().unwrap().clone();
        entries.into_iter().map(|entry| {
            let vector: Vec<f32> = serde_json::from_value(entry["vector"].clone()).unwrap();
            (entry["text"].as_str().unwrap().to_owned(), vector)
        })
    };
    for (text, expected) in entries("questions") {
        let vector = EMBEDDER.embed_query(&text).await.unwrap();
        assert_unit(&vector);
        let cosine = cosine(&vector, &expected);
        assert!(cosine > 0.9995, "{text}: {cosine}");
    }
    let (texts, expected): (Vec<_>, Vec<_>) = entries("passages").unzip();
    let passages = texts.iter().map(|text| passage(text)).collect::<Vec<_>>();
    let vectors = EMBEDDER.embed_passages(&passages).await.unwrap();
    assert_eq!(vectors.len(), texts.len());
    for ((text, expected), vectors) in texts.iter().zip(&expected).zip(&vectors) {
        assert_unit(&vectors.vector);
        assert!(!vectors.truncated);
        let cosine = cosine(&vectors.vector, expected);
        assert!(cosine > 0.9995, "{text}: {cosine}");
    }
}

#[tokio::test]
async fn a_question_finds_its_passage() {
    let texts = [
        "A prova final vale 40% da nota e acontece na última semana do semestre.",
        "O estágio supervisionado exige 180 horas, com relatório ao fim.",
        "A biblioteca abre de segunda a sexta, das 8h às 22h.",
    ];
    let passages = texts.map(passage);
    let vectors = EMBEDDER.embed_passages(&passages).await.unwrap();
    for (question, expected) in [
        ("Quanto vale a prova final?", 0),
        ("How many hours does the internship take?", 1),
        ("a que horas fecha a biblioteca", 2),
    ] {
        let question = EMBEDDER.embed_query(question).await.unwrap();
        let similarity = |index: &usize| cosine(&question, &vectors[*index].vector);
        let best = (0..3).max_by(|a, b| similarity(a).total_cmp(&similarity(b)));
        assert_eq!(best, Some(expected));
    }
}

#[tokio::test]
async fn sentences_have_vectors_of_their_own() {
    let text = "A prova final vale 40% da nota. A biblioteca abre às 8h e fecha às 22h, sempre.";
    let middle = text.find("A biblioteca").unwrap();
    let sentences = vec![
        0..middle - 1,
        middle..text.len(),
        0..text.len(),
        3..3,
        text.len()..text.len(),
    ];
    let vectors = embed_one(Passage {
        text: text.to_owned(),
        sentences,
    })
    .await;
    assert_eq!(vectors.sentences.len(), 5);
    vectors
        .sentences
        .iter()
        .for_each(|vector| assert_unit(vector));

    let [exam, library, whole, empty, behind] = vectors.sentences.as_array().unwrap();
    let question = EMBEDDER
        .embed_query("Qual o horário da biblioteca?")
        .await
        .unwrap();
    assert!(cosine(&question, library) > cosine(&question, exam) + 0.02);
    // The passage's own vector also covers the prefix and the special tokens.
    assert!(cosine(whole, &vectors.vector) > 0.98);
    assert_eq!(
        [empty, behind],
        [&vectors.vector; 2],
        "no token of their own"
    );
    // The same tokens, cut differently, add up to the same whole.
    assert!(cosine(exam, library) < 0.999);
}

#[tokio::test]
async fn what_lies_beyond_the_context_is_cut_and_said() {
    let word = " palavra";
    assert_eq!(EMBEDDER.count_tokens(word), 1);
    let most = EMBEDDER.passage_tokens();
    let fits = embed_one(passage(&word.repeat(most))).await;
    assert!(!fits.truncated);

    let text = word.repeat(most + 1);
    let last = text.len() - word.len()..text.len();
    let first = 0..word.len() * most;
    let cut = embed_one(Passage {
        text,
        sentences: vec![first, last],
    })
    .await;
    assert!(cut.truncated);
    assert_eq!(cut.vector, fits.vector);
    assert_unit(&cut.sentences[0]);
    assert_eq!(
        cut.sentences[1], cut.vector,
        "the cut sentence has no token"
    );

    let huge = embed_one(passage(&"fim ".repeat(1_000_000))).await;
    assert!(huge.truncated);
}

#[tokio::test]
async fn any_text_has_a_finite_vector() {
    for text in [
        "",
        " ",
        "\0\u{1}",
        "。",
        "😀😀😀",
        "\u{10ffff}",
        &"x".repeat(10_000),
    ] {
        assert_unit(&embed_one(passage(text)).await.vector);
        assert_unit(&EMBEDDER.embed_query(text).await.unwrap());
    }
}

#[tokio::test]
async fn the_same_text_has_the_same_vector_in_any_company() {
    let texts = (1..40)
        .map(|n| "uma frase sobre derivadas ".repeat(n))
        .collect::<Vec<_>>();
    let passages = texts.iter().map(|text| passage(text)).collect::<Vec<_>>();
    let together = EMBEDDER.embed_passages(&passages).await.unwrap();
    let apart = join_all(
        passages
            .iter()
            .rev()
            .map(|passage| embed_one(passage.clone())),
    )
    .await;
    for (together, apart) in together.iter().zip(apart.iter().rev()) {
        assert_eq!(together, apart);
    }
    assert!(EMBEDDER.embed_passages(&[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn abandoned_work_leaves_no_state_behind() {
    let passages = (0..500)
        .map(|n| passage(&format!("texto {n}")))
        .collect::<Vec<_>>();
    for _ in 0..3 {
        let embedder = Arc::clone(&EMBEDDER);
        let passages = passages.clone();
        let task = tokio::spawn(async move { embedder.embed_passages(&passages).await });
        tokio::task::yield_now().await;
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
    }
    assert_unit(&EMBEDDER.embed_query("ainda responde?").await.unwrap());
    assert_unit(&embed_one(passage("e ainda lê")).await.vector);
}

#[test]
fn names_its_model() {
    assert_eq!(EMBEDDER.model_id(), "e5-small-enpt-q4_0");
    assert_eq!(EMBEDDER.dimensions(), 384);
    assert_eq!(EMBEDDER.count_tokens(""), 0);
    assert_eq!(EMBEDDER.passage_tokens(), 508);
}

#[test]
fn damaged_models_are_refused() {
    let load = |dir: &Path| match BundledEmbedder::load(dir, 1) {
        Err(error @ EmbedError::Model { .. }) => {
            assert_eq!(error.retry(), Retry::Never);
            error.to_string()
        }
        other => panic!("{other:?}"),
    };
    let dir = tempfile::tempdir().unwrap();
    load(&dir.path().join("absent"));
    assert!(load(dir.path()).contains("0 .gguf files"));

    let weights = std::fs::read(Path::new(MODEL).join("e5-small-enpt-q4_0.gguf")).unwrap();
    let model = dir.path().join("model.gguf");
    std::fs::write(&model, &weights[..weights.len() / 2]).unwrap();
    assert!(load(dir.path()).contains("outside the file"));
    std::fs::write(&model, &weights).unwrap();
    assert!(load(dir.path()).contains("tokenizer.json"));

    let json = std::fs::read_to_string(Path::new(MODEL).join("tokenizer.json")).unwrap();
    let vocabulary = dir.path().join("tokenizer.json");
    std::fs::write(&vocabulary, &json.as_bytes()[..json.len() / 2]).unwrap();
    load(dir.path());
    let mut fewer: serde_json::Value = serde_json::from_str(&json).unwrap();
    fewer["model"]["vocab"].as_array_mut().unwrap().pop();
    std::fs::write(&vocabulary, fewer.to_string()).unwrap();
    assert!(load(dir.path()).contains("47283 pieces, but the model has 47284"));

    std::fs::write(&vocabulary, json).unwrap();
    std::fs::write(dir.path().join("other.gguf"), b"GGUF").unwrap();
    assert!(load(dir.path()).contains("2 .gguf files"));
    std::fs::remove_file(dir.path().join("other.gguf")).unwrap();
    assert!(BundledEmbedder::load(dir.path(), 0).is_ok());
}
