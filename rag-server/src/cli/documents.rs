//! `ingest`, `extract` and `reindex`.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use clap::Args;
use serde::{Deserialize, Serialize};
use tokio_util::io::ReaderStream;

use super::client::Client;
use super::output::Output;
use crate::materials::{MaterialId, folder};
use crate::settings::Settings;

/// Pause between looks at a job.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What to bring in.
#[derive(Debug, Args)]
pub(crate) struct IngestArgs {
    /// Files and folders.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Labels to filter by, separated by commas.
    #[arg(long, default_value = "")]
    tags: String,
    /// Wait for the text alone; vectors follow in the background of a running server.
    #[arg(long)]
    text_only: bool,
}

#[derive(Debug, Deserialize)]
struct Accepted {
    job_id: String,
    unchanged: bool,
}

/// A material as `GET /materials/{id}` shows it.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Material {
    id: String,
    source: String,
    state: String,
    pages: Option<i64>,
    chunks: i64,
    error: Option<Reason>,
}

impl Material {
    /// A file that never arrived.
    fn unsent(id: &MaterialId, source: &str, error: &anyhow::Error) -> Self {
        Self {
            id: id.to_string(),
            source: source.to_owned(),
            state: "failed".to_owned(),
            pages: None,
            chunks: 0,
            error: Some(Reason {
                code: "not_sent".to_owned(),
                detail: format!("{error:#}"),
            }),
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Reason {
    code: String,
    detail: String,
}

#[derive(Debug, Deserialize)]
struct Job {
    state: String,
    stage: String,
    done: u64,
    total: u64,
    error: Option<Reason>,
}

impl Job {
    fn ended(&self) -> bool {
        matches!(self.state.as_str(), "done" | "failed" | "cancelled")
    }
}

/// Brings files into the index and waits until they are there.
pub(crate) async fn ingest(
    output: &Output,
    settings: Settings,
    args: IngestArgs,
) -> anyhow::Result<()> {
    let files = find(&args.paths)?;
    if files.is_empty() {
        bail!("no files found");
    }
    let started = Instant::now();
    let client = Client::attach(settings).await?;
    let bar = output.bar(files.len() as u64, "sending");
    let mut sent = Vec::new();
    let mut materials = Vec::new();
    for (source, path) in &files {
        let id = MaterialId::of_file(&path.canonicalize().unwrap_or_else(|_| path.clone()));
        match send(&client, &id, source, path, &args.tags).await {
            Ok(accepted) => sent.push((id, accepted)),
            // One file that cannot be sent leaves the others to be sent.
            Err(error) => materials.push(Material::unsent(&id, source, &error)),
        }
        bar.inc(1);
    }
    bar.finish_and_clear();

    let bar = output.bar(sent.len() as u64, "indexing");
    for (id, accepted) in &sent {
        loop {
            let job: Job = client.get(&format!("/jobs/{}", accepted.job_id)).await?;
            if job.ended()
                || (args.text_only && job.stage == "embedding")
                || accepted.unchanged && job.ended()
            {
                break;
            }
            bar.set_message(format!("{} {}/{}", job.stage, job.done, job.total));
            tokio::time::sleep(LOOK_EVERY).await;
        }
        let material: Material = client.get(&format!("/materials/{id}")).await?;
        materials.push(material);
        bar.inc(1);
    }
    bar.finish_and_clear();
    let unchanged = sent
        .iter()
        .filter(|(_, accepted)| accepted.unchanged)
        .count();
    report(output, &materials, unchanged, started.elapsed())?;
    client.detach().await?;
    let failed = materials
        .iter()
        .filter(|material| material.state == "failed")
        .count();
    if failed > 0 {
        bail!("{failed} of {} files could not be read", materials.len());
    }
    Ok(())
}

async fn send(
    client: &Client,
    id: &MaterialId,
    source: &str,
    path: &Path,
    tags: &str,
) -> anyhow::Result<Accepted> {
    let file = tokio::fs::File::open(path)
        .await
        .with_context(|| format!("cannot read {}", path.display()))?;
    let body = reqwest::Body::wrap_stream(ReaderStream::with_capacity(file, 256 * 1024));
    let filename = source.rsplit('/').next().unwrap_or(source);
    let query = [("source", source), ("filename", filename), ("tags", tags)];
    client.put(&format!("/materials/{id}"), &query, body).await
}

fn report(
    output: &Output,
    materials: &[Material],
    unchanged: usize,
    took: Duration,
) -> anyhow::Result<()> {
    output.value(&serde_json::json!({
        "materials": materials, "unchanged": unchanged, "seconds": took.as_secs_f64(),
    }))?;
    for material in materials {
        let size = match material.pages {
            Some(pages) => format!("{pages} pages, {} passages", material.chunks),
            None => format!("{} passages", material.chunks),
        };
        let detail = material
            .error
            .as_ref()
            .map_or(size, |error| error.detail.clone());
        output.line(&format!(
            "{:11} {}  {}",
            material.state,
            material.source,
            output.dim(&detail)
        ));
    }
    output.line(&format!(
        "{} files ({unchanged} unchanged), {} passages, {:.1} s",
        materials.len(),
        materials
            .iter()
            .map(|material| material.chunks)
            .sum::<i64>(),
        took.as_secs_f64()
    ));
    Ok(())
}

/// Files with the name they are cited by: their own, or relative to the folder given; with several things given, below
/// the folder's own name.
fn find(paths: &[PathBuf]) -> anyhow::Result<Vec<(String, PathBuf)>> {
    let mut files = Vec::new();
    for path in paths {
        let kind =
            std::fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?;
        if kind.is_file() {
            files.push((name_of(path), path.clone()));
            continue;
        }
        let inside =
            folder::scan(path).with_context(|| format!("cannot read {}", path.display()))?;
        for (name, file) in inside {
            let source = if paths.len() == 1 {
                name
            } else {
                format!("{}/{name}", name_of(path))
            };
            files.push((source, file.path));
        }
    }
    Ok(files)
}

fn name_of(path: &Path) -> String {
    path.file_name().map_or_else(
        || path.display().to_string(),
        |name| name.to_string_lossy().into_owned(),
    )
}

/// Prints what is read from a file.
pub(crate) fn extract(output: &Output, settings: &Settings, file: &Path) -> anyhow::Result<()> {
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let document = extract::extract(&bytes, &name_of(file), &settings.reader.limits)?;
    output.value(&document)?;
    for block in &document.blocks {
        let place = serde_json::to_string(&block.locator)?;
        output.line(&format!("{} {}", output.dim(&place), block.text));
    }
    for warning in &document.warnings {
        output.line(&format!("{} {}", output.bold("warning:"), warning.message));
    }
    Ok(())
}

/// Measures the reading of a folder of files.
pub(crate) fn extract_bench(args: &reading_bench::Args) -> anyhow::Result<()> {
    let report = reading_bench::run(args, &["extract-bench"])?;
    Output::raw(&report.to_string());
    Ok(())
}

/// Embeds everything with the configured model and waits for the switch.
pub(crate) async fn reindex(output: &Output, settings: Settings) -> anyhow::Result<()> {
    #[derive(Deserialize)]
    struct Started {
        job_id: String,
    }
    let client = Client::attach(settings).await?;
    let started: Started = client.post("/reindex", &serde_json::json!({})).await?;
    let bar = output.bar(0, "embedding");
    let job = loop {
        let job: Job = client.get(&format!("/jobs/{}", started.job_id)).await?;
        bar.set_length(job.total);
        bar.set_position(job.done);
        if job.ended() {
            break job;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    };
    bar.finish_and_clear();
    client.detach().await?;
    output.value(&serde_json::json!({ "job_id": started.job_id, "state": job.state }))?;
    if job.state != "done" {
        bail!("{}", job.error.map_or(job.state, |error| error.detail));
    }
    output.line("all passages have vectors of the configured model");
    Ok(())
}
