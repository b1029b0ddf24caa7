//! `eval`: how well questions find their page, their quote, and a refusal where there is no answer.
//!
//! Takes a set in SQuAD 1.1 form. Each document becomes a PDF with one paragraph a page, goes through the very pipeline
//! that materials go through, and pages are the unit: a question's right page is the one of its paragraph. Refusals are
//! measured with the right document left out of the search. `--fit` writes a ranking model fitted on the set.

mod corpus;
mod data;
mod measure;
mod pdf;

use std::path::{Path, PathBuf};
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
use crate::query::Ranker;
use crate::settings::Settings;
pub(crate) use corpus::Corpus;
pub(crate) use data::Set;
pub(crate) use measure::{percentile, training};

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
    let set = read(&args.file)?;
    let apart = Apart::open(settings).await?;
    if let Some(path) = &args.model {
        let model = rank::Model::from_json(&std::fs::read_to_string(path)?)?;
        apart.services.query.rank_by(Ranker::new(0, model));
    }
    let indexed = bring_in(output, &apart.services, &set).await?;
    output.line(&indexed);
    let measured = measure::measure(output, &apart.services, &set, &args).await?;
    apart.close().await;
    output.value(&measured)?;
    measured.print(output);
    Ok(())
}

/// Reads a set of questions; one without any is none.
pub(crate) fn read(path: &Path) -> anyhow::Result<Set> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let set = Set::parse(&text)?;
    if set.questions.is_empty() {
        bail!("there are no questions in {}", path.display());
    }
    Ok(set)
}

/// The whole server but for HTTP, with an index of its own in a folder that goes with it.
pub(crate) struct Apart {
    pub(crate) services: Services,
    settings: Settings,
    shutdown: Shutdown,
    _folder: tempfile::TempDir,
}

impl Apart {
    /// Opens it, with reading, chunking, embedding and retrieval as in `settings`.
    pub(crate) async fn open(settings: Settings) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let settings = in_folder(settings, folder.path());
        let services = Services::open(&settings, &Ports::real()?).await?;
        services.embedding.connect().await?;
        let shutdown = Shutdown::new();
        services.start(&shutdown, settings.concurrency);
        Ok(Self {
            services,
            settings,
            shutdown,
            _folder: folder,
        })
    }

    /// Ends what works in it.
    pub(crate) async fn close(self) {
        self.shutdown.begin();
        self.shutdown.drain(self.settings.server.drain).await;
        self.services.index.clone().close().await;
    }
}

/// The same settings with everything kept in `folder`, and nothing of another index.
fn in_folder(settings: Settings, folder: &Path) -> Settings {
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

pub(crate) async fn bring_in(
    output: &Output,
    services: &Services,
    set: &Set,
) -> anyhow::Result<String> {
    let started = std::time::Instant::now();
    let files = set.documents.iter().enumerate().map(|(number, document)| {
        let name = format!("{}.pdf", document.title.replace('/', " "));
        let bytes = pdf::pages_to_pdf(&document.title, &document.pages);
        Ok((data::material_id(number)?, name, bytes))
    });
    take_in(output, services, files).await?;
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

/// Takes in files, each with its id and name, and waits until all of them have their vectors.
pub(crate) async fn take_in(
    output: &Output,
    services: &Services,
    files: impl Iterator<Item = anyhow::Result<(MaterialId, String, Vec<u8>)>>,
) -> anyhow::Result<()> {
    let mut ids = Vec::new();
    for file in files {
        let (id, name, bytes) = file?;
        let body = stream::iter([Ok::<_, std::io::Error>(Bytes::from(bytes))]);
        let title = name
            .rsplit_once('.')
            .map_or(name.as_str(), |(stem, _)| stem);
        let material = NewMaterial {
            id: id.clone(),
            source: None,
            title: Some(title.to_owned()),
            filename: Some(name),
            tags: Vec::new(),
            chunking: None,
        };
        services.materials.accept(material, body).await?;
        ids.push(id);
    }
    let bar = output.bar(ids.len() as u64, "indexing");
    let mut changes = services.jobs.changes();
    for id in &ids {
        wait_ready(services, id, &mut changes).await?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    services.index.optimize().await?;
    Ok(())
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
