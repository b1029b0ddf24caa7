//! Measures the reading of files: words found against what other readers agree on, time and memory, one process per file.
//!
//! **Measure.** A *word* is a run of letters and digits, compatibility-composed, in small letters; hyphens within and after a
//! word do not count, so that undoing the division of words at line ends is neither rewarded nor punished; characters
//! of scripts without spaces are words of their own. The *agreed* words of a document are those that at least two of the
//! references have, each as often as two of them have it. F1, precision and recall are taken against these, for documents with
//! at least [`LEAST_WORDS`] of them, and averaged over documents.
//!
//! References are texts made beforehand by `scripts/reference-texts.py`; without any, only time, memory and outcomes are told.

mod child;
mod measure;
mod report;
mod words;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;

pub use child::{Outcome, Round};
pub use report::Report;

/// Agreed words below which a document says nothing about a reader.
pub const LEAST_WORDS: usize = 20;

/// What to measure.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder of files to read, or with `--one` a file.
    path: PathBuf,
    /// Folder of reference texts, `<reader>/<file>.json` as `scripts/reference-texts.py` writes them.
    #[arg(long)]
    references: Option<PathBuf>,
    /// Worst documents to list.
    #[arg(long, default_value_t = 20)]
    worst: usize,
    /// Longest time for one file, in seconds.
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// Most memory for one file, in MiB of address space.
    #[arg(long, default_value_t = 4096)]
    memory: u64,
    /// Read the whole folder so many times in one process, as a worker of the server does, and tell its memory each time.
    #[arg(long, conflicts_with = "one")]
    rounds: Option<usize>,
    /// Read one file in this process and print the outcome as JSON: what the measuring process asks of its children.
    #[arg(long, hide = true)]
    one: bool,
    /// With `--one`, print the whole document instead, as `scripts/compare-cells.py` asks.
    #[arg(long, hide = true, requires = "one")]
    document: bool,
}

/// Reads every file of the folder in a process of its own and compares what was found.
///
/// The children are this very program, called with `command` (the subcommand that leads here again, if there is one), then
/// `--one FILE`.
///
/// # Errors
/// A folder that cannot be read, a program that cannot be started, references that are no JSON.
pub fn run(args: &Args, command: &[&str]) -> anyhow::Result<Report> {
    if args.one {
        let read = child::read(&args.path, args.seconds, args.memory << 20);
        return Ok(match read {
            (_, Some(document)) if args.document => Report::Document(document),
            (outcome, _) => Report::One(outcome),
        });
    }
    if let Some(rounds) = args.rounds {
        let files = files(&args.path)?;
        let rounds = (0..rounds).map(|_| child::round(&files)).collect();
        return Ok(Report::Rounds(rounds));
    }
    let program = std::env::current_exe().context("this program cannot be found again")?;
    let arguments: Vec<OsString> = command.iter().map(OsString::from).collect();
    let mut documents = Vec::new();
    for file in files(&args.path)? {
        let limits = [
            format!("--seconds={}", args.seconds),
            format!("--memory={}", args.memory),
            "--one".to_owned(),
        ];
        let mut call = std::process::Command::new(&program);
        call.args(&arguments).args(limits).arg(&file);
        let outcome = child::ask(call, Duration::from_secs(args.seconds + 5))
            .with_context(|| format!("{} was not started", program.display()))?;
        let name = file
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let references = match &args.references {
            Some(folder) => child::references(folder, &name)?,
            None => Vec::new(),
        };
        documents.push(measure::Document::of(name, outcome, references));
    }
    Ok(Report::Folder {
        documents,
        worst: args.worst,
    })
}

fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let entries = std::fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}
