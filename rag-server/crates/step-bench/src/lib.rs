//! The steps that every document and every question go through, each on real texts and files of this repository, to be
//! timed (`cargo bench -p step-bench`) and to have their instructions counted (`benches/instructions.sh`).
//!
//! Searching is a step of the index and measured there: `cargo bench -p index`.
#![allow(clippy::unwrap_used, reason = "a bench stops at the first fault")]

use std::hint::black_box;
use std::path::{Path, PathBuf};

use chunk::ChunkSettings;
use embed::{BundledEmbedder, Embedder as _, Passage};
use extract::Limits;
use rank::{Candidate, Fusion, Model, Question, Statistics};
use secrecy::SecretString;
use shared::clock::SystemClock;
use shared::token::ServiceTokens;

/// Passages that are ranked, as many as a question finds.
const CANDIDATES: usize = 80;

/// A step: its name, and what makes it ready to be done any number of times.
pub type Step = (&'static str, fn() -> Box<dyn FnMut()>);

/// Every step.
pub const STEPS: &[Step] = &[
    ("extract-pdf", || {
        extract_of("fisiologia-aula-03-hipertrofia.pdf")
    }),
    ("extract-xlsx", || extract_of("notas-e-horarios.xlsx")),
    ("extract-pptx", || {
        extract_of("metodologia-aula-01-artigos.pptx")
    }),
    ("chunk", chunk_a_text),
    ("terms", analyse),
    ("rank", rank_candidates),
    ("embed-question", embed_a_question),
    ("embed-passage", embed_a_passage),
    ("token-check", check_a_token),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..")
}

/// Paragraphs and questions of the evaluation set.
fn texts() -> (Vec<String>, Vec<String>) {
    let file = std::fs::read(root().join("rag-server/evals/faquad-dev.json")).unwrap();
    let set: serde_json::Value = serde_json::from_slice(&file).unwrap();
    let all = |value: &serde_json::Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let (mut paragraphs, mut questions) = (Vec::new(), Vec::new());
    for document in all(set.get("data").unwrap()) {
        for paragraph in all(document.get("paragraphs").unwrap()) {
            paragraphs.push(text(paragraph.get("context").unwrap()));
            for asked in all(paragraph.get("qas").unwrap()) {
                questions.push(text(asked.get("question").unwrap()));
            }
        }
    }
    (paragraphs, questions)
}

fn extract_of(name: &'static str) -> Box<dyn FnMut()> {
    let bytes = std::fs::read(root().join("assets/samples").join(name)).unwrap();
    Box::new(move || {
        black_box(extract::extract(black_box(&bytes), name, &Limits::default()).unwrap());
    })
}

fn chunk_a_text() -> Box<dyn FnMut()> {
    let text = texts().0.join("\n\n");
    let document = extract::extract(text.as_bytes(), "texto.md", &Limits::default()).unwrap();
    let settings = ChunkSettings {
        size: 384,
        overlap: 48,
    };
    let words = |text: &str| text.split_ascii_whitespace().count();
    Box::new(move || {
        black_box(chunk::chunk(black_box(&document), settings, &words));
    })
}

fn analyse() -> Box<dyn FnMut()> {
    let (paragraphs, _) = texts();
    Box::new(move || {
        for paragraph in &paragraphs {
            black_box(terms::terms(black_box(paragraph)));
        }
    })
}

fn rank_candidates() -> Box<dyn FnMut()> {
    let (paragraphs, questions) = texts();
    let mut statistics = Statistics::default();
    for paragraph in &paragraphs {
        statistics.add(&terms::terms(paragraph));
    }
    let model = Model::bundled();
    let asked = questions.first().cloned().unwrap_or_default();
    Box::new(move || {
        let question = Question::new(black_box(&asked), &statistics);
        let candidates: Vec<Candidate<'_>> = paragraphs
            .iter()
            .take(CANDIDATES)
            .map(|text| Candidate::new(text))
            .collect();
        let ranking = rank::rank(
            &question,
            None,
            &candidates,
            &statistics,
            Fusion::Learned,
            &model,
        );
        black_box(ranking);
    })
}

fn embedder() -> (BundledEmbedder, tokio::runtime::Runtime) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let model = root().join("assets/models/e5-small-pt-en");
    (BundledEmbedder::load(&model, 1).unwrap(), runtime)
}

fn embed_a_question() -> Box<dyn FnMut()> {
    let (embedder, runtime) = embedder();
    let question = texts().1.swap_remove(0);
    Box::new(move || {
        black_box(runtime.block_on(embedder.embed_query(&question)).unwrap());
    })
}

fn embed_a_passage() -> Box<dyn FnMut()> {
    let (embedder, runtime) = embedder();
    let passage = [Passage {
        text: texts().0.swap_remove(0),
        sentences: Vec::new(),
    }];
    Box::new(move || {
        black_box(runtime.block_on(embedder.embed_passages(&passage)).unwrap());
    })
}

fn check_a_token() -> Box<dyn FnMut()> {
    let secret = SecretString::from("kV3!pQ9z-rT7w_Yb2#mN8x-Lc5@fH1j-".to_owned());
    let tokens = ServiceTokens::new(&secret, "acervo-api-server", "acervo-rag-server").unwrap();
    let token = tokens.sign(&SystemClock).unwrap();
    Box::new(move || {
        black_box(tokens.verify(black_box(&token), &SystemClock).unwrap());
    })
}

#[cfg(test)]
mod tests {
    use super::STEPS;

    #[test]
    fn every_step_can_be_done_twice() {
        for (_, prepare) in STEPS {
            let mut step = prepare();
            step();
            step();
        }
    }
}
