//! The command line.

mod backups;
mod bench;
mod doctor;
mod operate;
mod output;
mod users;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use shared::settings::{EXIT_CODE, Environment, Loaded};
use shared::start::CannotStart;
use shared::telemetry;

use crate::settings::Settings;
pub(crate) use output::Output;

/// Accounts, sessions and everything people reach.
#[derive(Debug, Parser)]
#[command(
    name = "api-server",
    version,
    about,
    after_help = "Every setting is an environment variable: see env.example.\n\
    Exit codes: 0 done, 1 failed, 2 wrong usage,\n\
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
    /// Serve HTTP until stopped; unless told not to, do the work of `worker` and `scheduler` too.
    Serve,
    /// Send mails without serving HTTP.
    Worker,
    /// Do what is due by the clock, such as tidying up, without serving HTTP.
    Scheduler,
    /// Bring the database up to date.
    Migrate,
    /// Write everything down while the system works: rows, files of materials, the rag-server's index.
    Backup,
    /// Check a backup to the last byte.
    Verify {
        /// Its folder, or its address in object storage (s3://…).
        backup: String,
    },
    /// Put everything back as it was in a backup; refused before anything changes when it is broken, foreign or newer.
    Restore {
        /// Its folder, or its address in object storage (s3://…).
        backup: String,
        /// Everything there is now goes.
        #[arg(long)]
        confirm: bool,
    },
    /// Check the whole set-up and say what to do.
    Doctor,
    /// Look at and change users.
    #[command(subcommand)]
    User(users::UserCommand),
    /// Take over the files of the earlier system.
    Import {
        /// `users_db.json`
        #[arg(long)]
        users: Option<PathBuf>,
        /// `approved_users.json`
        #[arg(long)]
        approved: Option<PathBuf>,
    },
    /// Ask the running server whether it is healthy.
    Healthcheck,
    /// Measure speed, memory and evenness on this machine, in a temporary folder.
    Bench(bench::BenchArgs),
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
        return finish(&output, operate::openapi());
    }
    if let Command::Bench(args) = cli.command {
        return in_runtime(&output, bench::run(output, args));
    }
    let loaded = match Environment::with_file().and_then(|environment| Settings::load(&environment))
    {
        Ok(loaded) => loaded,
        Err(errors) => {
            output.error(&errors.to_string());
            return ExitCode::from(EXIT_CODE);
        }
    };
    if matches!(cli.command, Command::CheckConfig) {
        return finish(&output, operate::check_config(&output, &loaded));
    }
    in_runtime(&output, run(cli.command, &output, loaded))
}

fn in_runtime(output: &Output, work: impl Future<Output = anyhow::Result<()>>) -> ExitCode {
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
    let result = runtime.block_on(work);
    runtime.shutdown_background();
    finish(output, result)
}

async fn run(command: Command, output: &Output, loaded: Loaded<Settings>) -> anyhow::Result<()> {
    let settings = &loaded.settings;
    let service = match command {
        Command::Serve => Some("api-server"),
        Command::Worker => Some("api-worker"),
        Command::Scheduler => Some("api-scheduler"),
        _ => None,
    };
    let _telemetry = service
        .map(|service| telemetry::init(&settings.log, service))
        .transpose()?;
    if service.is_some() {
        for warning in &loaded.warnings {
            tracing::warn!("{warning}");
        }
    }
    match command {
        Command::Serve => operate::serve(&loaded).await,
        Command::Worker => operate::worker(settings).await,
        Command::Scheduler => operate::scheduler(settings).await,
        Command::Migrate => operate::migrate(output, settings).await,
        Command::Backup => backups::take(output, settings).await,
        Command::Verify { backup } => backups::verify(output, settings, &backup).await,
        Command::Restore { backup, confirm } => {
            backups::restore(output, settings, &backup, confirm).await
        }
        Command::Doctor => doctor::run(output, settings).await,
        Command::User(command) => users::run(output, settings, command).await,
        Command::Import { users, approved } => {
            operate::import(output, settings, users, approved).await
        }
        Command::Healthcheck => operate::healthcheck(output, settings).await,
        // Carried out before, without settings or without a runtime.
        Command::Bench(_) | Command::CheckConfig | Command::Openapi => Ok(()),
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
