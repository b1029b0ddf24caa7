//! `bench`: speed and memory of this very program on this machine.
//!
//! Measures through HTTP against a server in a process of its own. Large indexes are made of really embedded passages
//! and of copies of them with noise in their vectors, which the index cannot tell from real ones.

mod large;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use chunk::{Chunk, Sentence};
use clap::Args;
use embed::Passage;
use extract::{FileKind, Locator};
use index::{AnalysedChunk, MaterialChunks, VectorRow};
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use serde::Serialize;
use sysinfo::{Pid, ProcessesToUpdate, System};

use super::output::Output;
use crate::app::{Ports, Services};
use crate::eval::{Corpus, percentile};
use crate::materials::store;
use crate::settings::Settings;

/// Passages of one material of the large index.
const PER_MATERIAL: usize = 100;
/// Noise added to each value of a copied vector: copies stay near their original and apart from each other.
const NOISE: f32 = 0.02;

/// What to measure.
#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    /// Questions and texts in SQuAD 1.1 form.
    #[arg(long, default_value = "rag-server/evals/faquad-dev.json")]
    texts: PathBuf,
    /// Sizes of the index to measure queries at, in passages.
    #[arg(long, value_delimiter = ',', default_value = "1000,10000,100000")]
    sizes: Vec<usize>,
    /// Questions asked at each size.
    #[arg(long, default_value_t = 300)]
    questions: usize,
    /// Pages of PDF to bring in.
    #[arg(long, default_value_t = 600)]
    pages: usize,
    /// Measure the index alone at these sizes instead, and how each figure grows between them.
    #[arg(long, value_delimiter = ',')]
    large: Vec<usize>,
    /// Folder that holds the large indexes meanwhile; one of the system's when absent.
    #[arg(long)]
    folder: Option<PathBuf>,
}

#[derive(Debug, Serialize)]
struct Figures {
    ingest: Ingest,
    queries: Vec<Queries>,
}

#[derive(Debug, Serialize)]
struct Ingest {
    pages: usize,
    chunks: usize,
    /// Until the last page is found by its words.
    text_pages_per_second: f64,
    text_chunks_per_second: f64,
    /// Passages that get their vectors, from the first page on.
    vectors_per_second: f64,
    /// Most memory of the server meanwhile, its readers not counted.
    peak_mb: u64,
}

#[derive(Debug, Serialize)]
struct Queries {
    chunks: usize,
    /// Of the first question after a start.
    first_ms: f64,
    p50_ms: f64,
    p95_ms: f64,
    p99_ms: f64,
    /// From the start of the process to the first healthy answer.
    ready_ms: f64,
    idle_mb: u64,
    after_mb: u64,
}

/// Measures and prints.
pub(crate) async fn run(
    output: &Output,
    settings: Settings,
    args: BenchArgs,
) -> anyhow::Result<()> {
    let corpus = Corpus::read(&args.texts)?;
    if !args.large.is_empty() {
        return large::run(output, &settings, &corpus, &args).await;
    }
    let ingest = ingest(output, &corpus, args.pages).await?;
    output.line(&format!(
        "ingest: {} pages; text {:.0} pages/s ({:.0} passages/s), vectors {:.1} passages/s; {} MB at most",
        ingest.pages,
        ingest.text_pages_per_second,
        ingest.text_chunks_per_second,
        ingest.vectors_per_second,
        ingest.peak_mb
    ));
    let mut queries = Vec::new();
    for size in &args.sizes {
        let folder = tempfile::tempdir()?;
        let services = open(&settings, folder.path()).await?;
        fill(output, &services, &corpus, *size).await?;
        services.index.optimize().await?;
        close(services).await;
        let figures = ask(&corpus, folder.path(), *size, args.questions).await?;
        output.line(&format!(
            "{:7} passages: p50 {:.1} ms, p95 {:.1} ms, p99 {:.1} ms; ready in {:.0} ms; {} MB idle, {} MB after",
            figures.chunks, figures.p50_ms, figures.p95_ms, figures.p99_ms, figures.ready_ms, figures.idle_mb,
            figures.after_mb
        ));
        queries.push(figures);
    }
    output.value(&Figures { ingest, queries })
}

/// A server in a process of its own, ended with this value.
struct Server {
    child: Child,
    base: String,
    ready: Duration,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to do.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Server {
    async fn start(folder: &Path) -> anyhow::Result<Self> {
        let port = std::net::TcpListener::bind("127.0.0.1:0")?
            .local_addr()?
            .port();
        let started = Instant::now();
        let child = Command::new(std::env::current_exe()?)
            .arg("serve")
            .env("DATA_DIR", folder)
            .env("PORT", port.to_string())
            .env("HOST", "127.0.0.1")
            .env("LOG_LEVEL", "error")
            .stdin(Stdio::null())
            .spawn()?;
        let mut server = Self {
            child,
            base: format!("http://127.0.0.1:{port}"),
            ready: Duration::ZERO,
        };
        let client = http()?;
        loop {
            if let Ok(answer) = client.get(format!("{}/health", server.base)).send().await
                && answer.status().is_success()
            {
                server.ready = started.elapsed();
                return Ok(server);
            }
            if started.elapsed() > Duration::from_secs(60) || server.child.try_wait()?.is_some() {
                bail!("the server does not start");
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn resident_mb(&self) -> u64 {
        let Ok(mut system) = System::new() else {
            return 0;
        };
        let pid = Pid::from_u32(self.child.id());
        system.refresh_processes(ProcessesToUpdate::Some(&[pid]), true);
        system
            .process(pid)
            .map_or(0, |process| process.memory() >> 20)
    }
}

fn http() -> anyhow::Result<reqwest::Client> {
    Ok(shared::http::client(&shared::http::HttpSettings::default())?)
}

async fn ingest(output: &Output, corpus: &Corpus, pages: usize) -> anyhow::Result<Ingest> {
    const PAGES_EACH: usize = 10;
    let folder = tempfile::tempdir()?;
    let server = Server::start(folder.path()).await?;
    let client = http()?;
    let documents = pages.div_ceil(PAGES_EACH);
    let bar = output.bar(documents as u64, "sending");
    let files: Vec<Vec<u8>> = (0..documents)
        .map(|number| corpus.pdf(number, PAGES_EACH))
        .collect();
    let started = Instant::now();
    for (number, bytes) in files.into_iter().enumerate() {
        let url = format!(
            "{}/materials/bench-{number}?filename=bench-{number}.pdf",
            server.base
        );
        client
            .put(url)
            .body(bytes)
            .send()
            .await?
            .error_for_status()?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    let bar = output.bar(documents as u64, "indexing");
    let mut text_done = None;
    let mut peak_mb = 0;
    let (chunks, vectors, took) = loop {
        let status: serde_json::Value = client
            .get(format!("{}/status", server.base))
            .send()
            .await?
            .json()
            .await?;
        let count = |state: &str| status["documents"][state].as_u64().unwrap_or_default();
        let searchable = count("searchable") + count("ready");
        bar.set_position(count("ready"));
        if count("failed") > 0 {
            bail!("a document of the bench could not be read");
        }
        if text_done.is_none() && searchable as usize == documents {
            text_done = Some(started.elapsed());
        }
        peak_mb = peak_mb.max(server.resident_mb());
        // A minute of embedding tells its pace; all of it would only take longer.
        let enough = started.elapsed() > Duration::from_secs(60) && text_done.is_some();
        if count("ready") as usize == documents || enough {
            let took = started.elapsed().as_secs_f64();
            let stats: serde_json::Value = client
                .get(format!("{}/stats", server.base))
                .send()
                .await?
                .json()
                .await?;
            let count = |what: &str| stats[what].as_u64().unwrap_or_default();
            break (count("chunks"), count("vectors"), took);
        }
        // Looking often would take from the embedder what is to be measured.
        let pause = if text_done.is_none() { 20 } else { 500 };
        tokio::time::sleep(Duration::from_millis(pause)).await;
    };
    bar.finish_and_clear();
    let text = text_done.unwrap_or_default().as_secs_f64();
    let all = documents * PAGES_EACH;
    Ok(Ingest {
        pages: all,
        chunks: chunks as usize,
        text_pages_per_second: all as f64 / text,
        text_chunks_per_second: chunks as f64 / text,
        vectors_per_second: vectors as f64 / took,
        peak_mb,
    })
}

/// What is behind a server's HTTP, on a folder of its own.
async fn open(settings: &Settings, folder: &Path) -> anyhow::Result<Services> {
    let environment =
        shared::settings::Environment::from_pairs([("DATA_DIR", folder.display().to_string())]);
    let fresh = Settings::load(&environment)
        .map_err(|errors| anyhow::anyhow!("{errors}"))?
        .settings;
    let fresh = Settings {
        embedding: settings.embedding.clone(),
        ..fresh
    };
    let services = Services::open(&fresh, &Ports::real()?).await?;
    services.embedding.connect().await?;
    Ok(services)
}

async fn close(services: Services) {
    services.index.clone().close().await;
    services.jobs.queue().close().await;
    services.db.close().await;
}

/// Brings `size` passages into the index.
async fn fill(
    output: &Output,
    services: &Services,
    corpus: &Corpus,
    size: usize,
) -> anyhow::Result<()> {
    let active = services.embedding.active().context("no embedding model")?;
    let real = corpus.chunks();
    let passages: Vec<Passage> = real.iter().map(crate::ingest::passage).collect();
    let vectors = active.embedder.embed_passages(&passages).await?;
    let mut noise = SmallRng::seed_from_u64(7);
    let bar = output.bar(size as u64, "filling");
    let mut made = 0;
    while made < size {
        let mut batch = Vec::new();
        let mut rows = Vec::new();
        while made < size && batch.len() < 20 {
            let id = large::material(made);
            let count = PER_MATERIAL.min(size - made);
            let mut chunks = Vec::with_capacity(count);
            for ordinal in 0..count {
                let at = (made + ordinal) % real.len();
                let (Some(chunk), Some(vector)) = (real.get(at), vectors.get(at)) else {
                    continue;
                };
                let copy = (made + ordinal) / real.len();
                let chunk = copied(chunk, ordinal as u32, copy);
                rows.push(VectorRow {
                    chunk_id: index::chunk_id(&id, "v1", ordinal as u32),
                    material_id: id.clone(),
                    version: "v1".into(),
                    vector: noisy(&vector.vector, copy, &mut noise),
                    sentences: vector.sentences.clone(),
                });
                chunks.push(AnalysedChunk {
                    terms: crate::ingest::analysed(&chunk),
                    chunk,
                });
            }
            register(services, &id, count).await?;
            batch.push(MaterialChunks {
                material_id: id,
                version: "v1".into(),
                title: "Apostila".into(),
                source: "apostila.pdf".into(),
                kind: FileKind::Pdf,
                chunks,
            });
            made += count;
        }
        services.index.replace(batch).await?;
        active.table.append(rows).await?;
        bar.set_position(made as u64);
    }
    bar.finish_and_clear();
    Ok(())
}

/// A copy that full text tells from its original by one word of its own.
fn copied(chunk: &Chunk, ordinal: u32, copy: usize) -> Chunk {
    let mut chunk = Chunk {
        ordinal,
        ..chunk.clone()
    };
    if copy > 0 {
        let start = chunk.text.len() as u32 + 1;
        chunk.text.push_str(&format!(" Exemplar c{copy:05}."));
        chunk.sentences.push(Sentence {
            start,
            end: chunk.text.len() as u32,
            locator: chunk.locator.clone(),
        });
    }
    chunk.locator = Locator::Page {
        number: ordinal + 1,
        bbox: None,
    };
    chunk
}

fn noisy(vector: &[f32], copy: usize, noise: &mut SmallRng) -> Vec<f32> {
    if copy == 0 {
        return vector.to_vec();
    }
    let mut noisy: Vec<f32> = vector
        .iter()
        .map(|value| value + noise.random_range(-NOISE..NOISE))
        .collect();
    let length = noisy.iter().map(|value| value * value).sum::<f32>().sqrt();
    for value in &mut noisy {
        *value /= length;
    }
    noisy
}

/// The row that makes passages of a material visible.
async fn register(services: &Services, id: &str, chunks: usize) -> anyhow::Result<()> {
    let acceptance = store::Acceptance {
        id,
        source: "apostila.pdf",
        filename: "apostila.pdf",
        title: "Apostila",
        tags: "[]",
        origin: crate::materials::Origin::Sent,
        size_bytes: 0,
        content_hash: id,
        modified_at: None,
        revision: id,
        job_id: id,
        chunking: None,
    };
    store::accept(&services.db, &acceptance, 0).await?;
    store::set_indexed(&services.db, id, id, chunks as i64, "v1", 0).await?;
    store::set_embedded(&services.db, id, "v1", chunks as i64, 0).await?;
    Ok(())
}

async fn ask(
    corpus: &Corpus,
    folder: &Path,
    size: usize,
    questions: usize,
) -> anyhow::Result<Queries> {
    let server = Server::start(folder).await?;
    let client = http()?;
    let idle_mb = server.resident_mb();
    let (mut first_ms, mut times) = (0.0, Vec::new());
    for (number, question) in corpus.questions().cycle().take(questions + 20).enumerate() {
        let started = Instant::now();
        let answer = client
            .post(format!("{}/query", server.base))
            .json(&serde_json::json!({ "question": question }))
            .send()
            .await?
            .error_for_status()?;
        answer.bytes().await?;
        let took = started.elapsed().as_secs_f64() * 1000.0;
        match number {
            0 => first_ms = took,
            // They warm the caches.
            1..20 => {}
            _ => times.push(took),
        }
    }
    times.sort_by(f64::total_cmp);
    Ok(Queries {
        chunks: size,
        first_ms,
        p50_ms: percentile(&times, 0.50),
        p95_ms: percentile(&times, 0.95),
        p99_ms: percentile(&times, 0.99),
        ready_ms: server.ready.as_secs_f64() * 1000.0,
        idle_mb,
        after_mb: server.resident_mb(),
    })
}
