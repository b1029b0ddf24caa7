//! `doctor`: looks at the whole set-up and says what to do.

use std::path::Path;

use anyhow::bail;
use embed::{BundledEmbedder, Embedder as _, OpenAiEmbedder};
use serde::Serialize;
use shared::db;
use sysinfo::Disks;
use tokio_util::sync::CancellationToken;

use super::output::Output;
use crate::app::Ports;
use crate::embedding::EmbeddingSource;
use crate::reader::{self, ReaderPool, ReaderSettings};
use crate::replica::DataLock;
use crate::settings::Settings;

/// Less free disk than this is a warning.
const LITTLE_DISK: u64 = 1 << 30;

#[derive(Debug, Serialize)]
struct Finding {
    what: &'static str,
    level: Level,
    detail: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Level {
    Ok,
    Warning,
    Fault,
}

/// Looks at everything; an error when something is at fault.
pub(crate) async fn run(output: &Output, settings: Settings) -> anyhow::Result<()> {
    let mut findings = vec![
        data_dir(&settings),
        disk(&settings.data_dir),
        folder(&settings.materials_dir),
        access(&settings),
        database(&settings).await,
        model(&settings).await,
        reader(&settings).await,
    ];
    findings.push(index(&settings).await);
    findings.push(recogniser(&settings).await);
    output.value(&findings)?;
    for finding in &findings {
        let mark = match finding.level {
            Level::Ok => "ok     ",
            Level::Warning => "warning",
            Level::Fault => "FAULT  ",
        };
        output.line(&format!("{mark} {:10} {}", finding.what, finding.detail));
    }
    let faults = findings
        .iter()
        .filter(|finding| finding.level == Level::Fault)
        .count();
    if faults > 0 {
        bail!("{faults} of {} checks failed", findings.len());
    }
    Ok(())
}

fn finding(what: &'static str, level: Level, detail: impl Into<String>) -> Finding {
    Finding {
        what,
        level,
        detail: detail.into(),
    }
}

fn data_dir(settings: &Settings) -> Finding {
    let dir = &settings.data_dir;
    let probe = std::fs::create_dir_all(dir).and_then(|()| tempfile::tempfile_in(dir));
    match probe {
        Err(error) => finding(
            "data",
            Level::Fault,
            format!(
                "{} cannot be written ({error}): set DATA_DIR",
                dir.display()
            ),
        ),
        Ok(_) => match DataLock::holder(dir) {
            Some(address) => finding(
                "data",
                Level::Ok,
                format!("{} is open in a server at {address}", dir.display()),
            ),
            None => finding(
                "data",
                Level::Ok,
                format!("{} can be written; no server has it open", dir.display()),
            ),
        },
    }
}

fn disk(dir: &Path) -> Finding {
    let dir = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
    let disks = Disks::new_with_refreshed_list().ok();
    let free = disks
        .iter()
        .flat_map(|disks| disks.iter())
        .filter(|disk| dir.starts_with(disk.mount_point()))
        .max_by_key(|disk| disk.mount_point().as_os_str().len())
        .map(sysinfo::Disk::available_space);
    match free {
        None => finding("disk", Level::Warning, "free space cannot be told"),
        Some(free) if free < LITTLE_DISK => finding(
            "disk",
            Level::Warning,
            format!("only {} MB are free", free >> 20),
        ),
        Some(free) => finding("disk", Level::Ok, format!("{} GB are free", free >> 30)),
    }
}

fn folder(dir: &Path) -> Finding {
    if dir.is_dir() {
        finding(
            "materials",
            Level::Ok,
            format!("{} is mirrored by POST /process-materials", dir.display()),
        )
    } else {
        let detail = format!(
            "{} is not there; make it, or set MATERIALS_DIR, to mirror a folder",
            dir.display()
        );
        finding("materials", Level::Warning, detail)
    }
}

fn access(settings: &Settings) -> Finding {
    match &settings.service {
        Some(_) => finding("access", Level::Ok, "service tokens are demanded"),
        None => finding(
            "access",
            Level::Ok,
            "standalone: answers this machine alone; set SERVICE_SECRET to open it",
        ),
    }
}

async fn database(settings: &Settings) -> Finding {
    match db::connect(&settings.database_url).await {
        Ok(database) => {
            let answer = database.ping().await;
            let kind = database.kind();
            database.close().await;
            match answer {
                Ok(()) => finding("database", Level::Ok, format!("{kind} answers")),
                Err(error) => finding(
                    "database",
                    Level::Fault,
                    format!("{kind} does not answer: {error}"),
                ),
            }
        }
        Err(error) => finding(
            "database",
            Level::Fault,
            format!("cannot be opened ({error}): check RAG_DATABASE_URL"),
        ),
    }
}

async fn model(settings: &Settings) -> Finding {
    match &settings.embedding.source {
        EmbeddingSource::Bundled => {
            let dir = settings.embedding.model_dir.clone();
            let loaded = tokio::task::spawn_blocking(move || BundledEmbedder::load(&dir, 1)).await;
            match loaded {
                Ok(Ok(model)) => finding(
                    "model",
                    Level::Ok,
                    format!("{} is loaded", model.model_id()),
                ),
                Ok(Err(error)) => finding("model", Level::Fault, format!("{error}: set MODEL_DIR")),
                Err(error) => finding("model", Level::Fault, error.to_string()),
            }
        }
        EmbeddingSource::Remote(remote) => match OpenAiEmbedder::new(remote.clone()).await {
            Ok(model) => finding("model", Level::Ok, format!("{} answers", model.model_id())),
            Err(error) => finding(
                "model",
                Level::Fault,
                format!("{error}: check EMBEDDING_BASE_URL and its key"),
            ),
        },
    }
}

/// Reads a small file the way materials are read.
async fn reader(settings: &Settings) -> Finding {
    let Ok(ports) = Ports::real() else {
        return finding("reader", Level::Fault, "this program cannot be found");
    };
    let pool = ReaderPool::new(ReaderSettings {
        program: ports.reader_program,
        workers: 1,
        timeout: settings.reader.timeout,
        memory_bytes: settings.reader.memory_bytes,
        cpu_seconds: settings.reader.timeout.as_secs().max(1),
        recycle_after: 1,
        limits: settings.reader.limits,
        ocr: settings.reader.ocr.clone(),
    });
    let file = tempfile::NamedTempFile::new().and_then(|file| {
        std::fs::write(file.path(), "Uma frase para ler.\n")?;
        Ok(file)
    });
    let Ok(file) = file else {
        return finding("reader", Level::Fault, "no temporary file can be written");
    };
    match pool
        .read(file.path(), "frase.txt", &CancellationToken::new())
        .await
    {
        Ok(_) => finding(
            "reader",
            Level::Ok,
            "documents are read in a process of their own",
        ),
        Err(error) => finding(
            "reader",
            Level::Fault,
            format!("documents cannot be read: {error}"),
        ),
    }
}

async fn index(settings: &Settings) -> Finding {
    if DataLock::holder(&settings.data_dir).is_some() {
        return finding(
            "index",
            Level::Ok,
            "open in the server; see its /readyz and /stats",
        );
    }
    let opened = index::Index::open(index::IndexSettings::new(
        &settings.index.uri,
        &settings.index.collection,
    ))
    .await;
    match opened {
        Err(error) => finding("index", Level::Fault, format!("cannot be opened: {error}")),
        Ok(index) => {
            let stats = index.stats().await;
            index.close().await;
            match stats {
                Err(error) => finding("index", Level::Fault, format!("cannot be read: {error}")),
                Ok(stats) => finding(
                    "index",
                    Level::Ok,
                    format!(
                        "{} passages, {} not covered by the full-text index yet, {} fragments",
                        stats.chunks.rows, stats.chunks.unindexed_rows, stats.chunks.fragments
                    ),
                ),
            }
        }
    }
}

/// Programs that scanned pages need; without them documents of pictures wait.
async fn recogniser(settings: &Settings) -> Finding {
    match reader::recogniser(&settings.reader.ocr).await {
        Some(found) => finding(
            "ocr",
            Level::Ok,
            format!("{} reads {}", found.program.display(), found.languages),
        ),
        None => finding(
            "ocr",
            Level::Warning,
            "scanned pages stay without text: install tesseract-ocr and tesseract-ocr-por, or set OCR_PROGRAM",
        ),
    }
}
