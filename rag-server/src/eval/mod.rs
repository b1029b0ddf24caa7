//! `eval`: how well questions find their page, their quote, and a refusal where there is no answer.
//!
//! Takes a set in SQuAD 1.1 form. Each document becomes a PDF with one paragraph a page, goes through the very pipeline
//! that materials go through, and pages are the unit: a question's right page is the one of its paragraph. Refusals are
//! measured with the right document left out of the search. `--fit` writes a ranking model fitted on the set.

mod corpus;
mod data;
mod measure;
mod pdf;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use clap::Args;
use futures::stream;
use shared::settings::Environment;
use shared::shutdown::Shutdown;

use crate::app::{Ports, Services};
use crate::cli::Output;
use crate::materials::{MaterialId, MaterialState, NewMaterial};
use crate::settings::Settings;
pub(crate) use corpus::Corpus;
use data::Set;
pub(crate) use measure::percentile;

/// What to measure.
#[derive(Debug, Args)]
pub(crate) struct EvalArgs {
    /// Questions in SQuAD 1.1 form.
    file: PathBuf,
    /// Fit the ranking on this set and write the model here.
    #[arg(long, value_name = "FILE")]
    fit: Option<PathBuf>,
    /// Folds of the cross-validation, over documents.
    #[arg(long, default_value_t = 5)]
    folds: usize,
    /// Rank with this model instead of the one that comes with the program.
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
}

/// Builds an index of its own, asks every question, prints the figures.
pub(crate) async fn run(output: &Output, settings: Settings, args: EvalArgs) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(&args.file)
        .with_context(|| format!("cannot read {}", args.file.display()))?;
    let set = Set::parse(&text)?;
    if set.questions.is_empty() {
        bail!("there are no questions in {}", args.file.display());
    }
    let folder = tempfile::tempdir()?;
    let settings = in_folder(settings, folder.path());
    let mut services = Services::open(&settings, &Ports::real()?).await?;
    services.embedding.connect().await?;
    if let Some(path) = &args.model {
        let model = rank::Model::from_json(&std::fs::read_to_string(path)?)?;
        services = services.with_ranking(model);
    }
    let shutdown = Shutdown::new();
    services.start(&shutdown, settings.concurrency);
    let indexed = bring_in(output, &services, &set).await?;
    output.line(&indexed);

    let measured = measure::measure(output, &services, &set, &args).await?;
    shutdown.begin();
    shutdown.drain(settings.server.drain).await;
    services.index.clone().close().await;
    output.value(&measured)?;
    measured.print(output);
    Ok(())
}

/// The same settings with everything kept in `folder`, and nothing of another index.
fn in_folder(settings: Settings, folder: &std::path::Path) -> Settings {
    let empty = Environment::from_pairs([("DATA_DIR", folder.display().to_string())]);
    let fresh = Settings::load(&empty).map(|loaded| loaded.settings);
    match fresh {
        Ok(fresh) => Settings {
            chunk: settings.chunk,
            embedding: settings.embedding,
            retrieval: settings.retrieval,
            reader: settings.reader,
            ..fresh
        },
        Err(_) => Settings {
            data_dir: folder.to_owned(),
            replica: None,
            ..settings
        },
    }
}

async fn bring_in(output: &Output, services: &Services, set: &Set) -> anyhow::Result<String> {
    let started = std::time::Instant::now();
    let bar = output.bar(set.documents.len() as u64, "indexing");
    for (number, document) in set.documents.iter().enumerate() {
        let bytes = pdf::pages_to_pdf(&document.title, &document.pages);
        let body = stream::iter([Ok::<_, std::io::Error>(Bytes::from(bytes))]);
        let material = NewMaterial {
            id: data::material_id(number)?,
            source: None,
            filename: Some(format!("{}.pdf", document.title.replace('/', " "))),
            title: Some(document.title.clone()),
            tags: Vec::new(),
        };
        services.materials.accept(material, body).await?;
    }
    let mut changes = services.jobs.changes();
    for number in 0..set.documents.len() {
        let id = data::material_id(number)?;
        wait_ready(services, &id, &mut changes).await?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    services.index.optimize().await?;
    let pages: usize = set
        .documents
        .iter()
        .map(|document| document.pages.len())
        .sum();
    let took = started.elapsed().as_secs_f64();
    Ok(format!(
        "{} documents, {pages} pages, {} questions; indexed in {took:.1} s",
        set.documents.len(),
        set.questions.len()
    ))
}

async fn wait_ready(
    services: &Services,
    id: &MaterialId,
    changes: &mut tokio::sync::watch::Receiver<u64>,
) -> anyhow::Result<()> {
    loop {
        let material = services.materials.find(id).await?;
        match material.state() {
            MaterialState::Ready => return Ok(()),
            MaterialState::Failed | MaterialState::NeedsOcr => {
                bail!(
                    "{} ended {}: {}",
                    material.title,
                    material.state,
                    material.reason.unwrap_or_default()
                )
            }
            _ => {
                // A change may come without the one waited for, or have come before: look again in any case.
                drop(tokio::time::timeout(Duration::from_millis(500), changes.changed()).await);
            }
        }
    }
}
