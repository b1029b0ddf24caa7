//! `ranking measure`: measures the questions whose answers are known and writes them down, for the program to bring along.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use flate2::Compression;
use flate2::write::GzEncoder;
use rank::{EvaluationSet, Part, TrainingQuestion};
use serde::Deserialize;

use crate::app::Services;
use crate::cli::Output;
use crate::eval::{self, Apart};
use crate::materials::MaterialId;
use crate::query::QueryRequest;
use crate::settings::Settings;

/// What to measure.
#[derive(Debug, Args)]
pub(crate) struct MeasureArgs {
    /// Where to write.
    #[arg(default_value = "assets/ranking/evaluation.json.gz")]
    to: PathBuf,
    /// Questions in SQuAD 1.1 form.
    #[arg(long, default_value = "rag-server/evals/faquad-dev.json")]
    set: PathBuf,
    /// The samples, and questions about them.
    #[arg(long, default_value = "assets/samples")]
    samples: PathBuf,
    /// Questions about the samples.
    #[arg(long, default_value = "rag-server/evals/samples.json")]
    questions: PathBuf,
}

#[derive(Debug, Deserialize)]
struct Questions {
    answerable: Vec<Asked>,
    unanswerable: Vec<Asked>,
}

#[derive(Debug, Deserialize)]
struct Asked {
    question: String,
    /// File that answers, and words of the passage that does.
    #[serde(default)]
    source: String,
    #[serde(default)]
    phrase: String,
}

/// Measures and writes.
pub(crate) async fn run(
    output: &Output,
    settings: Settings,
    args: MeasureArgs,
) -> anyhow::Result<()> {
    let set = eval::read(&args.set)?;
    let apart = Apart::open(settings.clone()).await?;
    eval::bring_in(output, &apart.services, &set).await?;
    let faquad = eval::training(output, &apart.services, &set).await?;
    let model = apart.services.query.ranker();
    apart.close().await;

    let apart = Apart::open(settings).await?;
    let samples = samples(output, &apart.services, &args).await?;
    apart.close().await;

    let part = |name: &str, questions| Part {
        name: name.to_owned(),
        questions,
    };
    let parts = vec![part("samples", samples), part("faquad", faquad)];
    let set = EvaluationSet::new(parts, &model.model);
    let file = std::fs::File::create(&args.to)
        .with_context(|| format!("cannot write {}", args.to.display()))?;
    let mut packed = GzEncoder::new(file, Compression::best());
    packed.write_all(&serde_json::to_vec(&set)?)?;
    packed.finish()?.sync_all()?;
    for one in set.figures(&model.model) {
        output.line(&format!("{one:?}"));
    }
    Ok(())
}

/// Every question about the samples, with the file that answers and without.
async fn samples(
    output: &Output,
    services: &Services,
    args: &MeasureArgs,
) -> anyhow::Result<Vec<TrainingQuestion>> {
    let questions: Questions = serde_json::from_str(&std::fs::read_to_string(&args.questions)?)?;
    let mut names: Vec<String> = std::fs::read_dir(&args.samples)?
        .map(|file| Ok(file?.file_name().to_string_lossy().into_owned()))
        .collect::<anyhow::Result<_>>()?;
    names.sort_unstable();
    let files = names.iter().map(|name| {
        let bytes = std::fs::read(args.samples.join(name))?;
        Ok((MaterialId::parse(name)?, name.clone(), bytes))
    });
    eval::take_in(output, services, files).await?;
    let mut measured = Vec::new();
    for asked in &questions.answerable {
        measured.push(example(services, asked, None).await?);
        let others = names.iter().filter(|name| **name != asked.source);
        measured.push(example(services, asked, Some(others.cloned().collect())).await?);
    }
    for asked in &questions.unanswerable {
        measured.push(example(services, asked, None).await?);
    }
    Ok(measured)
}

/// A question asked of these materials; of all where none are named.
async fn example(
    services: &Services,
    asked: &Asked,
    material_ids: Option<Vec<String>>,
) -> anyhow::Result<TrainingQuestion> {
    let is_there = material_ids.is_none() && !asked.source.is_empty();
    let request = QueryRequest {
        question: asked.question.clone(),
        material_ids,
        ..QueryRequest::default()
    };
    let found = services.query.retrieve_for(&request).await?;
    let phrase = flat(&asked.phrase);
    let relevant = found.passages.iter().map(|passage| {
        let chunk = &passage.chunk;
        is_there && chunk.material_id == asked.source && flat(&chunk.chunk.text).contains(&phrase)
    });
    Ok(TrainingQuestion {
        group: asked.source.clone(),
        features: found.features(&services.query.ranker().model),
        relevant: relevant.collect(),
        answerable: is_there,
    })
}

/// Lower case, with single spaces.
fn flat(text: &str) -> String {
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .to_lowercase()
}
