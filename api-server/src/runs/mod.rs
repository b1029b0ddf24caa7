//! Records of questions that were answered: one JSON line each in `runs/chat-<day>.jsonl`, for whoever tunes the system.
//!
//! Ids, sizes, times and cost; what was asked and answered only where the operator allows it. A record that cannot be
//! written is a warning in the log, never an answer that fails.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use shared::clock::{Clock, rfc3339};
use shared::telemetry::spawn_blocking_in_span;
use tracing::warn;

/// Characters of `2026-01-31` at the beginning of a time.
const DAY: usize = 10;

/// How answers are recorded.
#[derive(Debug, Clone)]
pub struct RunSettings {
    /// Folder of the files.
    pub folder: PathBuf,
    /// With what was asked and answered.
    pub texts: bool,
    /// How long a file is kept.
    pub kept: Duration,
}

/// A question that was answered.
#[derive(Debug, Serialize)]
pub(crate) struct Run {
    pub(crate) request_id: Option<String>,
    pub(crate) user_id: String,
    pub(crate) conversation_id: String,
    pub(crate) message_id: String,
    pub(crate) mode: String,
    pub(crate) model: Option<String>,
    pub(crate) confidence: f64,
    pub(crate) sources: usize,
    pub(crate) question_chars: usize,
    pub(crate) answer_chars: usize,
    pub(crate) prompt_tokens: i64,
    pub(crate) completion_tokens: i64,
    /// US dollars.
    pub(crate) cost: f64,
    /// Seconds.
    pub(crate) response_time: f64,
    /// Where the rag-server's time went.
    pub(crate) timings: serde_json::Value,
    /// Codes of what was wrong with what a chat model wrote.
    pub(crate) warnings: Vec<String>,
    pub(crate) texts: Option<Texts>,
}

/// What was asked and answered.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Texts {
    pub(crate) question: String,
    pub(crate) answer: String,
}

#[derive(Serialize)]
struct Line {
    at: String,
    #[serde(flatten)]
    run: Run,
}

/// Where records go; nowhere without settings.
#[derive(Debug)]
pub(crate) struct Runs {
    settings: Option<RunSettings>,
    clock: Arc<dyn Clock>,
}

impl Runs {
    /// Into the folder of the settings.
    pub(crate) fn new(settings: Option<RunSettings>, clock: Arc<dyn Clock>) -> Self {
        Self { settings, clock }
    }

    /// Writes a record down; without its texts unless they are wanted.
    pub(crate) async fn record(&self, mut run: Run) {
        let Some(settings) = &self.settings else {
            return;
        };
        if !settings.texts {
            run.texts = None;
        }
        let at = rfc3339(self.clock.now_ms());
        let path = settings.folder.join(file_name(&at));
        let written = spawn_blocking_in_span(move || append(&path, &Line { at, run })).await;
        match written {
            Ok(Ok(())) => {}
            Ok(Err(error)) => warn!(%error, "record of an answer could not be written: {error}"),
            Err(error) => warn!(%error, "record of an answer could not be written: {error}"),
        }
    }

    /// Removes files of days that are long past; how many.
    ///
    /// # Errors
    /// The folder.
    pub(crate) async fn prune(&self) -> std::io::Result<usize> {
        let Some(settings) = self.settings.clone() else {
            return Ok(0);
        };
        let kept = i64::try_from(settings.kept.as_millis()).unwrap_or(i64::MAX);
        let oldest = file_name(&rfc3339(self.clock.now_ms().saturating_sub(kept)));
        spawn_blocking_in_span(move || remove_before(&settings.folder, &oldest))
            .await
            .map_err(std::io::Error::other)?
    }
}

fn file_name(at: &str) -> String {
    let day: String = at.chars().take(DAY).collect();
    format!("chat-{day}.jsonl")
}

fn append(path: &Path, line: &Line) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
    }
    let mut text = serde_json::to_string(line)?;
    text.push('\n');
    // One write in append mode: lines of several processes do not mix.
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)?
        .write_all(text.as_bytes())
}

fn remove_before(folder: &Path, oldest: &str) -> std::io::Result<usize> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(0),
        entries => entries?,
    };
    let mut removed: usize = 0;
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        // Names hold the day, so that they sort as days do.
        if name.starts_with("chat-") && name.ends_with(".jsonl") && *name < *oldest {
            std::fs::remove_file(entry.path())?;
            removed = removed.saturating_add(1);
        }
    }
    Ok(removed)
}
