//! `bench --large`: what an index costs at several sizes, and how that grows.

use std::path::Path;
use std::time::Instant;

use index::{Filter, VectorTable};
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use serde::Serialize;

use super::{BenchArgs, NOISE, PER_MATERIAL, ask, close, fill, open};
use crate::app::Services;
use crate::cli::output::Output;
use crate::eval::{Corpus, percentile};
use crate::settings::Settings;
use anyhow::Context as _;

/// Searches of each kind.
const SEARCHES: usize = 200;
/// Hits that are compared with those of an exact search.
const NEAREST: usize = 10;
/// Hits a question takes from each search.
const FETCH: usize = 50;
/// Materials that are added to the full index and removed again, one after the other.
const CHANGES: usize = 20;
/// Materials a search is narrowed to.
const NARROW: usize = 10;

/// Everything measured at one size; milliseconds unless the name says otherwise.
#[derive(Debug, Clone, Serialize)]
struct Figures {
    chunks: usize,
    fill_s: f64,
    index_s: f64,
    peak_mb: f64,
    disk_mb: f64,
    recall: f64,
    planted: f64,
    exact_p50: f64,
    vectors_p50: f64,
    vectors_p99: f64,
    narrowed_p50: f64,
    narrowed_p99: f64,
    text_p50: f64,
    text_p99: f64,
    add_p50: f64,
    remove_p50: f64,
    start_ms: f64,
    idle_mb: f64,
    first_query: f64,
    query_p50: f64,
    query_p99: f64,
    after_mb: f64,
}

impl Figures {
    /// What grows, by name.
    fn growing(&self) -> [(&'static str, f64); 19] {
        [
            ("filling, s", self.fill_s),
            ("search indices, s", self.index_s),
            ("most memory of both, MB", self.peak_mb),
            ("disk, MB", self.disk_mb),
            ("exact vector search, p50, ms", self.exact_p50),
            ("vector search, p50, ms", self.vectors_p50),
            ("vector search, p99, ms", self.vectors_p99),
            ("vector search in 10 materials, p50, ms", self.narrowed_p50),
            ("vector search in 10 materials, p99, ms", self.narrowed_p99),
            ("text search, p50, ms", self.text_p50),
            ("text search, p99, ms", self.text_p99),
            ("adding a material of 100, p50, ms", self.add_p50),
            ("removing it, p50, ms", self.remove_p50),
            ("server: ready, ms", self.start_ms),
            ("server: idle, MB", self.idle_mb),
            ("server: first question, ms", self.first_query),
            ("server: question, p50, ms", self.query_p50),
            ("server: question, p99, ms", self.query_p99),
            ("server: after the questions, MB", self.after_mb),
        ]
    }
}

pub(super) async fn run(
    output: &Output,
    settings: &Settings,
    corpus: &Corpus,
    args: &BenchArgs,
) -> anyhow::Result<()> {
    let mut all: Vec<Figures> = Vec::new();
    for size in &args.large {
        let folder = match &args.folder {
            Some(parent) => tempfile::tempdir_in(parent)?,
            None => tempfile::tempdir()?,
        };
        let figures = measure(output, settings, corpus, folder.path(), *size, args).await?;
        output.line(&format!(
            "{size} passages: recall@10 {:.3}, planted found {:.3}",
            figures.recall, figures.planted
        ));
        for (at, (name, value)) in figures.growing().into_iter().enumerate() {
            let slope = all.last().and_then(|before| {
                let (_, smaller) = before.growing().get(at).copied()?;
                let growth = *size as f64 / before.chunks as f64;
                (smaller > 0.0).then(|| (value / smaller).ln() / growth.ln())
            });
            let slope = slope.map_or_else(String::new, |slope| format!("   slope {slope:.2}"));
            output.line(&format!("  {name:<42} {value:10.1}{slope}"));
        }
        all.push(figures);
    }
    output.value(&all)
}

async fn measure(
    output: &Output,
    settings: &Settings,
    corpus: &Corpus,
    folder: &Path,
    size: usize,
    args: &BenchArgs,
) -> anyhow::Result<Figures> {
    let services = open(settings, folder).await?;
    let started = Instant::now();
    fill(output, &services, corpus, size).await?;
    let fill_s = started.elapsed().as_secs_f64();
    let started = Instant::now();
    services.index.optimize().await?;
    let index_s = started.elapsed().as_secs_f64();
    let active = services.embedding.active().context("no embedding model")?;
    let table = &active.table;
    let mut chance = SmallRng::seed_from_u64(11);

    let mut questions = Vec::new();
    for question in corpus.questions().cycle().take(SEARCHES) {
        questions.push(active.embedder.embed_query(question).await?);
    }
    let all = Filter::default();
    let (mut exact, mut found, mut narrowed, mut same) = (vec![], vec![], vec![], 0);
    let mut asked_for = 0;
    for vector in &questions {
        let started = Instant::now();
        let truth = table.scan(vector, &all, NEAREST).await?;
        exact.push(millis(started));
        let hits = table.search(vector, &all, NEAREST).await?;
        asked_for += truth.len();
        let is_found = |id: &str| hits.iter().any(|hit| hit.chunk_id == id);
        same += truth.iter().filter(|hit| is_found(&hit.chunk_id)).count();
    }
    for vector in &questions {
        let started = Instant::now();
        table.search(vector, &all, FETCH).await?;
        found.push(millis(started));
        let few = Filter {
            material_ids: Some(
                (0..NARROW)
                    .map(|_| any_material(&mut chance, size))
                    .collect(),
            ),
        };
        let started = Instant::now();
        table.search(vector, &few, FETCH).await?;
        narrowed.push(millis(started));
    }
    let mut text = vec![];
    for question in corpus.questions().cycle().take(SEARCHES) {
        let words = terms::terms(question).join(" ");
        let started = Instant::now();
        services.index.search_text(&words, &all, FETCH).await?;
        text.push(millis(started));
    }
    let planted = planted(table, &mut chance, size).await?;
    let (add_p50, remove_p50) = changes(&services, table, size).await?;
    let disk_mb =
        services.index.stats().await?.disk_bytes.unwrap_or_default() as f64 / f64::from(1 << 20);
    drop(active);
    close(services).await;
    let peak_mb = most_resident_mb();
    let asked = ask(corpus, folder, size, args.questions).await?;
    let of = |times: &mut Vec<f64>, part: f64| {
        times.sort_by(f64::total_cmp);
        percentile(times, part)
    };
    Ok(Figures {
        chunks: size,
        fill_s,
        index_s,
        peak_mb,
        disk_mb,
        recall: same as f64 / asked_for.max(1) as f64,
        planted,
        exact_p50: of(&mut exact, 0.5),
        vectors_p50: of(&mut found, 0.5),
        vectors_p99: of(&mut found, 0.99),
        narrowed_p50: of(&mut narrowed, 0.5),
        narrowed_p99: of(&mut narrowed, 0.99),
        text_p50: of(&mut text, 0.5),
        text_p99: of(&mut text, 0.99),
        add_p50,
        remove_p50,
        start_ms: asked.ready_ms,
        idle_mb: asked.idle_mb as f64,
        first_query: asked.first_ms,
        query_p50: asked.p50_ms,
        query_p99: asked.p99_ms,
        after_mb: asked.after_mb as f64,
    })
}

/// Share of passages, taken at random, that come first when something very near to their vector is looked for.
async fn planted(table: &VectorTable, chance: &mut SmallRng, size: usize) -> anyhow::Result<f64> {
    let (mut first, mut looked) = (0_usize, 0_usize);
    for _ in 0..SEARCHES {
        let at = chance.random_range(0..size);
        let id = index::chunk_id(&material(at), "v1", (at % PER_MATERIAL) as u32);
        let Some(stored) = table.get(&[id]).await?.pop() else {
            continue;
        };
        let near: Vec<f32> = stored
            .vector
            .iter()
            .map(|value| value + chance.random_range(-NOISE / 4.0..NOISE / 4.0))
            .collect();
        let hits = table.search(&near, &Filter::default(), 1).await?;
        looked += 1;
        first += usize::from(
            hits.first()
                .is_some_and(|hit| hit.chunk_id == stored.chunk_id),
        );
    }
    Ok(first as f64 / looked.max(1) as f64)
}

/// Milliseconds to add a material with its vectors to the full index, and to remove it.
async fn changes(
    services: &Services,
    table: &VectorTable,
    size: usize,
) -> anyhow::Result<(f64, f64)> {
    let (mut add, mut remove) = (vec![], vec![]);
    for round in 0..CHANGES {
        let from = material((round * 37 * PER_MATERIAL) % size);
        let to = format!("added-{round}");
        let stored = services.index.chunks_of(&from).await?;
        let ids: Vec<String> = stored.iter().map(|one| one.id.clone()).collect();
        let vectors = table.get(&ids).await?;
        let rows = vectors
            .into_iter()
            .zip(0..)
            .map(|(vector, ordinal)| index::VectorRow {
                chunk_id: index::chunk_id(&to, "v1", ordinal),
                material_id: to.clone(),
                version: "v1".into(),
                vector: vector.vector,
                sentences: vector.sentences.vectors(),
            });
        let rows = rows.collect();
        let chunks = stored.into_iter().map(|one| index::AnalysedChunk {
            terms: crate::ingest::analysed(&one.chunk),
            chunk: one.chunk,
        });
        let added = index::MaterialChunks {
            material_id: to.clone(),
            version: "v1".into(),
            title: "Apostila".into(),
            source: "apostila.pdf".into(),
            kind: extract::FileKind::Pdf,
            chunks: chunks.collect(),
        };
        let started = Instant::now();
        services.index.replace(vec![added]).await?;
        table.append(rows).await?;
        add.push(millis(started));
        let started = Instant::now();
        services.index.delete(&[to]).await?;
        remove.push(millis(started));
    }
    add.sort_by(f64::total_cmp);
    remove.sort_by(f64::total_cmp);
    Ok((percentile(&add, 0.5), percentile(&remove, 0.5)))
}

/// Material that holds the passage of this number.
pub(super) fn material(at: usize) -> String {
    format!("fill-{:06}", at / PER_MATERIAL)
}

fn any_material(chance: &mut SmallRng, size: usize) -> String {
    material(chance.random_range(0..size))
}

/// Most memory this process held so far; 0 where the system does not tell.
fn most_resident_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|line| {
            line.strip_prefix("VmHWM:")?
                .split_whitespace()
                .next()?
                .parse::<f64>()
                .ok()
        })
        .map_or(0.0, |kib| kib / 1024.0)
}

fn millis(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}
