//! The command line. What concerns materials and questions goes through HTTP: to the server that has the data folder
//! open, or to one started inside this process for the length of the command.

mod bench;
mod client;
mod doctor;
mod documents;
mod operate;
mod output;
mod questions;
mod ranking;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use shared::settings::{EXIT_CODE, Environment, Loaded};
use shared::start::CannotStart;
use shared::telemetry;

use crate::settings::Settings;
pub(crate) use output::Output;

/// Reads a course's materials, answers questions from them and proves every answer.
#[derive(Debug, Parser)]
#[command(
    name = "rag-server",
    version,
    about,
    after_help = "Every setting is an environment variable: see env.example.\n\
    Exit codes: 0 done, 1 failed (of `ingest`: any file did), 2 wrong usage,\n\
    78 wrong settings, or the server cannot start."
)]
struct Cli {
    /// Print JSON for scripts instead of text for people.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve HTTP and work on jobs until stopped.
    Serve,
    /// Work on jobs without serving HTTP, on a data folder that no server has open.
    Worker,
    /// Bring files and folders into the index and wait until they are there.
    Ingest(documents::IngestArgs),
    /// Ask a question; prints the answer and its sources.
    Ask(questions::AskArgs),
    /// Find the best passages for a query.
    Search(questions::SearchArgs),
    /// Print what is read from a file: its blocks, each with its place.
    Extract {
        /// The file.
        file: PathBuf,
    },
    /// Measure the reading of a folder of files: words against other readers, time, memory.
    ExtractBench(reading_bench::Args),
    /// Measure retrieval, quotes and refusals on a set of questions (SQuAD 1.1 form).
    Eval(crate::eval::EvalArgs),
    /// Measure speed and memory: ingest, queries at several sizes, start.
    Bench(bench::BenchArgs),
    /// List the chat models: order, prices, which have a key, which are being left alone.
    Models,
    /// Show what passages are ranked by and what was learned, and go back.
    Ranking(ranking::RankingArgs),
    /// Embed everything with the configured model, then switch to it.
    Reindex,
    /// Bring the database up to date.
    Migrate,
    /// Ask the running server whether it is healthy.
    Healthcheck,
    /// Print a service token, valid for a minute.
    Token,
    /// Check the whole set-up and say what to do.
    Doctor,
    /// Check the settings and print them, secrets hidden.
    CheckConfig,
    /// Print the OpenAPI document.
    Openapi,
}

/// Parses the command line and carries it out.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let output = Output::new(cli.json);
    if matches!(cli.command, Command::Openapi) {
        return finish(&output, operate::openapi(&output));
    }
    if let Command::ExtractBench(args) = &cli.command {
        return finish(&output, documents::extract_bench(args));
    }
    let loaded = match Environment::with_file().and_then(|environment| Settings::load(&environment))
    {
        Ok(loaded) => loaded,
        Err(errors) => {
            output.error(&errors.to_string());
            return ExitCode::from(EXIT_CODE);
        }
    };
    if let Command::Extract { file } = &cli.command {
        return finish(&output, documents::extract(&output, &loaded.settings, file));
    }
    if matches!(cli.command, Command::CheckConfig) {
        return finish(&output, operate::check_config(&output, &loaded));
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            output.error(&format!("cannot start: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let result = runtime.block_on(run(cli.command, &output, loaded));
    runtime.shutdown_background();
    finish(&output, result)
}

async fn run(command: Command, output: &Output, loaded: Loaded<Settings>) -> anyhow::Result<()> {
    let settings = loaded.settings.clone();
    let mut _telemetry = None;
    if matches!(command, Command::Serve | Command::Worker) {
        _telemetry = Some(telemetry::init(&settings.log, "rag-server")?);
        for warning in &loaded.warnings {
            tracing::warn!("{warning}");
        }
    }
    match command {
        Command::Serve => operate::serve(&loaded).await,
        Command::Worker => operate::worker(settings).await,
        Command::Ingest(args) => documents::ingest(output, settings, args).await,
        Command::Ask(args) => questions::ask(output, settings, args).await,
        Command::Search(args) => questions::search(output, settings, args).await,
        Command::Eval(args) => crate::eval::run(output, settings, args).await,
        Command::Bench(args) => bench::run(output, settings, args).await,
        Command::Models => questions::models(output, settings).await,
        Command::Ranking(args) => Box::pin(ranking::run(output, settings, args)).await,
        Command::Reindex => documents::reindex(output, settings).await,
        Command::Migrate => operate::migrate(output, &settings).await,
        Command::Healthcheck => operate::healthcheck(output, &settings).await,
        Command::Token => operate::token(output, &settings),
        Command::Doctor => doctor::run(output, settings).await,
        // Carried out before the runtime starts.
        Command::Extract { .. }
        | Command::ExtractBench(_)
        | Command::CheckConfig
        | Command::Openapi => Ok(()),
    }
}

fn finish(output: &Output, result: anyhow::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output.error(&format!("{error:#}"));
            if error.is::<CannotStart>() {
                ExitCode::from(EXIT_CODE)
            } else {
                ExitCode::FAILURE
            }
        }
    }
}
