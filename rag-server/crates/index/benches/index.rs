//! Latency of searches, time of writes and of optimising, and space, on synthetic chunks.
//!
//! `cargo bench -p index` measures 1,000, 10,000 and 100,000 rows; `cargo bench -p index -- 10000` only that many;
//! `-- churn 300` measures 300 rounds of small writes, searches and optimising instead.
//! Words follow Zipf's law over 20,000 words, 120 a chunk; vectors have 384 dimensions around 500 centres, three
//! sentence vectors a chunk.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a bench prints its figures and stops at the first fault"
)]

use std::time::{Duration, Instant};

use chunk::{Chunk, Sentence};
use extract::{FileKind, Locator};
use index::{
    AnalysedChunk, Filter, Index, IndexSettings, MaterialChunks, Need, VectorRow, VectorTable,
    chunk_id,
};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

const WORDS: usize = 20_000;
const WORDS_A_CHUNK: usize = 120;
const CHUNKS_A_MATERIAL: usize = 50;
const DIMENSIONS: usize = 384;
const CENTRES: usize = 500;
const QUESTIONS: usize = 200;
const LIMIT: usize = 30;

struct Synthetic {
    random: StdRng,
    centres: Vec<Vec<f32>>,
}

impl Synthetic {
    fn new() -> Self {
        let mut random = StdRng::seed_from_u64(7);
        let centres = (0..CENTRES)
            .map(|_| {
                (0..DIMENSIONS)
                    .map(|_| random.random_range(-1.0..1.0))
                    .collect()
            })
            .collect();
        Self { random, centres }
    }

    /// Zipf's law with exponent 1: the rank is exponential in a uniform variable.
    fn word(&mut self) -> String {
        let rank = (WORDS as f64).powf(self.random.random_range(0.0..1.0)) as usize;
        format!("w{rank}")
    }

    fn words(&mut self, count: usize) -> String {
        let words: Vec<String> = (0..count).map(|_| self.word()).collect();
        words.join(" ")
    }

    fn vector(&mut self) -> Vec<f32> {
        let centre = self.random.random_range(0..CENTRES);
        let random = &mut self.random;
        self.centres[centre]
            .iter()
            .map(|value| value + random.random_range(-0.8..0.8))
            .collect()
    }

    fn material(&mut self, id: usize) -> MaterialChunks {
        let chunks = (0..CHUNKS_A_MATERIAL as u32)
            .map(|ordinal| {
                let text = self.words(WORDS_A_CHUNK);
                let locator = Locator::Page {
                    number: ordinal + 1,
                    bbox: None,
                };
                let sentences = (0..6)
                    .map(|sentence| Sentence {
                        start: sentence * 80,
                        end: sentence * 80 + 79,
                        locator: locator.clone(),
                    })
                    .collect();
                AnalysedChunk {
                    terms: text.clone(),
                    chunk: Chunk {
                        ordinal,
                        headings: vec!["Capítulo".to_owned()],
                        text,
                        sentences,
                        locator,
                    },
                }
            })
            .collect();
        MaterialChunks {
            material_id: format!("material-{id}"),
            version: "1".to_owned(),
            title: "Título".to_owned(),
            source: format!("modulo/aula-{id}.pdf"),
            kind: FileKind::Pdf,
            chunks,
        }
    }

    fn vectors(&mut self, id: usize) -> Vec<VectorRow> {
        let material_id = format!("material-{id}");
        (0..CHUNKS_A_MATERIAL as u32)
            .map(|ordinal| VectorRow {
                chunk_id: chunk_id(&material_id, "1", ordinal),
                material_id: material_id.clone(),
                version: "1".to_owned(),
                vector: self.vector(),
                sentences: (0..3).map(|_| self.vector()).collect(),
            })
            .collect()
    }
}

fn report(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!(
        "  {what:<44} p50 {:8.2} ms   p95 {:8.2} ms   p99 {:8.2} ms",
        at(0.5),
        at(0.95),
        at(0.99)
    );
}

fn resident_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|line| {
            line.strip_prefix("VmRSS:")?
                .split_whitespace()
                .next()?
                .parse()
                .ok()
        })
        .map_or(0, |kib: u64| kib / 1024)
}

async fn searches(index: &Index, table: &VectorTable, data: &mut Synthetic, note: &str) {
    let filter = Filter::default();
    let one_in_ten = Filter {
        material_ids: Some((0..200).map(|id| format!("material-{}", id * 10)).collect()),
    };
    for (name, filter) in [("all", &filter), ("200 materials", &one_in_ten)] {
        let mut text = Vec::new();
        let mut vector = Vec::new();
        let mut both = Vec::new();
        for question in 0..QUESTIONS + 10 {
            let words = data.words(6);
            let point = data.vector();
            let start = Instant::now();
            index.search_text(&words, filter, LIMIT).await.unwrap();
            let text_time = start.elapsed();
            let start = Instant::now();
            table.search(&point, filter, LIMIT).await.unwrap();
            let vector_time = start.elapsed();
            let words = data.words(6);
            let point = data.vector();
            let start = Instant::now();
            let (a, b) = tokio::join!(
                index.search_text(&words, filter, LIMIT),
                table.search(&point, filter, LIMIT)
            );
            a.unwrap();
            b.unwrap();
            let both_time = start.elapsed();
            // The first ones fill the caches.
            if question >= 10 {
                text.push(text_time);
                vector.push(vector_time);
                both.push(both_time);
            }
        }
        report(&format!("text, {name}{note}"), text);
        report(&format!("vectors, {name}{note}"), vector);
        report(&format!("both at once, {name}{note}"), both);
    }
}

async fn recall(table: &VectorTable, data: &mut Synthetic) -> f64 {
    let mut same = 0;
    for _ in 0..50 {
        let point = data.vector();
        let all = Filter::default();
        let exact = table.scan(&point, &all, 10).await.unwrap();
        let found = table.search(&point, &all, 10).await.unwrap();
        same += exact
            .iter()
            .filter(|hit| found.iter().any(|other| other.chunk_id == hit.chunk_id))
            .count();
    }
    same as f64 / 500.0
}

async fn measure(rows: usize) {
    let folder = tempfile::tempdir().unwrap();
    let settings = IndexSettings {
        sole_writer: true,
        keep_versions: Duration::ZERO,
        ..IndexSettings::new(folder.path().to_str().unwrap(), "bench")
    };
    let start = Instant::now();
    let index = Index::open(settings.clone()).await.unwrap();
    println!(
        "{rows} rows (new index in {:.0} ms)",
        start.elapsed().as_secs_f64() * 1e3
    );
    let table = index.vectors("modelo", DIMENSIONS).await.unwrap();
    let mut data = Synthetic::new();
    let materials = rows / CHUNKS_A_MATERIAL;
    let mut writes = Vec::new();
    let mut appends = Vec::new();
    let mut optimising = Duration::ZERO;
    let start = Instant::now();
    for first in (0..materials).step_by(20) {
        let ids = first..(first + 20).min(materials);
        let batch: Vec<MaterialChunks> = ids.clone().map(|id| data.material(id)).collect();
        let write = Instant::now();
        index.replace(batch).await.unwrap();
        writes.push(write.elapsed());
        let vectors: Vec<VectorRow> = ids.flat_map(|id| data.vectors(id)).collect();
        let append = Instant::now();
        table.append(vectors).await.unwrap();
        appends.push(append.elapsed());
        if index.optimize_need() == Need::Pressing {
            let optimise = Instant::now();
            index.optimize().await.unwrap();
            optimising += optimise.elapsed();
        }
    }
    println!(
        "  filled in {:.1} s, {:.1} s of it optimising",
        start.elapsed().as_secs_f64(),
        optimising.as_secs_f64()
    );
    report("replace 1,000 new rows", writes);
    report("append 1,000 vectors", appends);
    let start = Instant::now();
    index.optimize().await.unwrap();
    println!("  optimise {:.0} ms", start.elapsed().as_secs_f64() * 1e3);
    searches(&index, &table, &mut data, "").await;
    println!(
        "  recall@10 against a scan {:.3}",
        recall(&table, &mut data).await
    );

    let mut one = Vec::new();
    for id in 0..20 {
        let material = data.material(id);
        let start = Instant::now();
        index.replace(vec![material]).await.unwrap();
        one.push(start.elapsed());
    }
    report("replace one material of 50 rows", one);
    searches(&index, &table, &mut data, " (1,000 rows unindexed)").await;
    let start = Instant::now();
    index.optimize().await.unwrap();
    println!(
        "  optimise after that {:.0} ms",
        start.elapsed().as_secs_f64() * 1e3
    );
    let mut deletes = Vec::new();
    for id in 0..20.min(materials) {
        let start = Instant::now();
        index.delete(&[format!("material-{id}")]).await.unwrap();
        deletes.push(start.elapsed());
    }
    report("delete one material", deletes);
    let stats = index.stats().await.unwrap();
    println!("  {stats:?}");
    println!("  resident {} MiB", resident_mib());
    index.close().await;
    let start = Instant::now();
    let index = Index::open(settings).await.unwrap();
    println!(
        "  reopened in {:.0} ms",
        start.elapsed().as_secs_f64() * 1e3
    );
    let start = Instant::now();
    index
        .search_text("w7 w99", &Filter::default(), LIMIT)
        .await
        .unwrap();
    println!(
        "  first text search {:.0} ms",
        start.elapsed().as_secs_f64() * 1e3
    );
}

/// Small writes, searches and optimising over and over: what a server does in weeks.
async fn churn(rounds: usize) {
    let folder = tempfile::tempdir().unwrap();
    let index = Index::open(IndexSettings {
        sole_writer: true,
        keep_versions: Duration::ZERO,
        ..IndexSettings::new(folder.path().to_str().unwrap(), "bench")
    })
    .await
    .unwrap();
    let table = index.vectors("modelo", DIMENSIONS).await.unwrap();
    let mut data = Synthetic::new();
    let mut writes = Vec::new();
    let mut finds = Vec::new();
    let mut optimises = Vec::new();
    for round in 0..rounds {
        let id = round % 40;
        let material = data.material(id);
        let start = Instant::now();
        index.replace(vec![material]).await.unwrap();
        writes.push(start.elapsed());
        table.append(data.vectors(id)).await.unwrap();
        let words = data.words(6);
        let start = Instant::now();
        index
            .search_text(&words, &Filter::default(), LIMIT)
            .await
            .unwrap();
        finds.push(start.elapsed());
        let start = Instant::now();
        index.optimize().await.unwrap();
        optimises.push(start.elapsed());
        if (round + 1) % 100 == 0 {
            println!(
                "after {} rounds, resident {} MiB",
                round + 1,
                resident_mib()
            );
            report("replace", std::mem::take(&mut writes));
            report("text search", std::mem::take(&mut finds));
            report("optimise", std::mem::take(&mut optimises));
            println!("  {:?}", index.stats().await.unwrap());
        }
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // A test runner only asks what there is to run.
    if arguments
        .iter()
        .any(|argument| argument == "--list" || argument == "--test")
    {
        return;
    }
    let numbers: Vec<usize> = arguments
        .iter()
        .filter_map(|text| text.parse().ok())
        .collect();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        if arguments.iter().any(|argument| argument == "churn") {
            churn(numbers.first().copied().unwrap_or(1_000)).await;
        } else if numbers.is_empty() {
            for rows in [1_000, 10_000, 100_000] {
                measure(rows).await;
            }
        } else {
            for rows in numbers {
                measure(rows).await;
            }
        }
    });
}
