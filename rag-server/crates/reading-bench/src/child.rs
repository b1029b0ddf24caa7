//! One file read in a process of its own, with limits; and references, read by other programs beforehand.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use extract::Limits;
use rlimit::Resource;
use serde::{Deserialize, Serialize};

/// What reading a file came to.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Outcome {
    /// Seconds from the file's bytes in memory to its text.
    pub seconds: f64,
    /// Most memory the process had resident, in KiB.
    pub peak_kib: u64,
    /// Pages, slides or sheets.
    pub pages: usize,
    /// Its text, blocks apart by line feeds.
    pub text: String,
    /// Pages with images and no text.
    pub pages_to_recognise: usize,
    /// Why it was not read: a reason code, `panic`, `killed` or `timeout`.
    pub error: Option<String>,
}

/// Reads `path` in this process, after limiting it.
pub(crate) fn read(
    path: &Path,
    seconds: u64,
    memory: u64,
) -> (Outcome, Option<Box<extract::Document>>) {
    // Without the limits the parent still ends what takes too long.
    let limited = Resource::AS
        .set(memory, memory)
        .and(Resource::CPU.set(seconds, seconds));
    drop(limited);
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => {
            let outcome = Outcome {
                error: Some(error.kind().to_string()),
                ..Outcome::default()
            };
            return (outcome, None);
        }
    };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let start = Instant::now();
    let read = extract::extract(&bytes, &name, &Limits::default());
    let seconds = start.elapsed().as_secs_f64();
    let mut outcome = Outcome {
        seconds,
        peak_kib: peak_kib(),
        ..Outcome::default()
    };
    match read {
        Ok(document) => {
            outcome.pages = document.pages.len();
            outcome.pages_to_recognise = document.pages_without_text().len();
            let headers = document.tables.iter().flat_map(|table| &table.header);
            // Other readers do not tell running headers and footers apart.
            let blocks = document.blocks.iter().chain(&document.furniture);
            for text in blocks.map(|block| &block.text).chain(headers) {
                outcome.text.push_str(text);
                outcome.text.push('\n');
            }
            (outcome, Some(Box::new(document)))
        }
        Err(error) => {
            outcome.error = Some(error.code().to_owned());
            (outcome, None)
        }
    }
}

/// Memory of this process after reading some files.
#[derive(Debug)]
pub struct Round {
    /// Files read.
    pub files: usize,
    /// Most memory it had resident so far, in KiB.
    pub peak_kib: u64,
    /// What it has resident now, in KiB.
    pub resident_kib: u64,
}

/// Reads `files` one after the other in this process.
pub(crate) fn round(files: &[PathBuf]) -> Round {
    for path in files {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if let Ok(bytes) = std::fs::read(path) {
            drop(extract::extract(&bytes, &name, &Limits::default()));
        }
    }
    Round {
        files: files.len(),
        peak_kib: peak_kib(),
        resident_kib: memory_kib("VmRSS:"),
    }
}

fn peak_kib() -> u64 {
    memory_kib("VmHWM:")
}

/// A figure of this process's memory; 0 where there is no `/proc`.
fn memory_kib(label: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix(label)?.trim().strip_suffix(" kB"))
        .and_then(|kib| kib.trim().parse().ok())
        .unwrap_or(0)
}

/// Runs `command` and takes the outcome from its output; kills it after `timeout`.
///
/// # Errors
/// The process cannot be started.
pub(crate) fn ask(mut command: Command, timeout: Duration) -> anyhow::Result<Outcome> {
    let start = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let pipe = child.stdout.take();
    let output = std::thread::spawn(move || {
        let mut output = Vec::new();
        pipe.map(|mut pipe| pipe.read_to_end(&mut output));
        output
    });
    let failed = |error: &str| Outcome {
        seconds: start.elapsed().as_secs_f64(),
        error: Some(error.to_owned()),
        ..Outcome::default()
    };
    loop {
        if let Some(status) = child.try_wait()? {
            let output = output.join().unwrap_or_default();
            return Ok(match (serde_json::from_slice(&output), status.code()) {
                (Ok(outcome), _) => outcome,
                (Err(_), Some(101)) => failed("panic"),
                (Err(_), _) => failed("killed"),
            });
        }
        if start.elapsed() > timeout {
            child.kill()?;
            child.wait()?;
            return Ok(failed("timeout"));
        }
        #[expect(
            clippy::disallowed_methods,
            reason = "nothing else runs in this process, and waiting with a time-out is not in the standard library"
        )]
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Texts of `name` by the readers that have one in `folder`, in the order of the readers' names.
///
/// # Errors
/// A folder or file that cannot be read.
pub(crate) fn references(folder: &Path, name: &str) -> anyhow::Result<Vec<(String, Outcome)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let reader = entry?.path();
        let file = reader.join(format!("{name}.json"));
        if let Ok(text) = std::fs::read(&file) {
            let outcome =
                serde_json::from_slice(&text).with_context(|| file.display().to_string())?;
            let reader = reader.file_name().unwrap_or_default().to_string_lossy();
            found.push((reader.into_owned(), outcome));
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(found)
}
