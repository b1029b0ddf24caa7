//! `database.rows.gz`: one line for each row, the table's name, a tab, the row as a JSON object; tables in the order they
//! can be filled.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use serde::de::IgnoredAny;
use shared::db::Tx;
use tokio::sync::mpsc;

use super::BackupError;
use super::manifest::Part;
use super::store;

/// Name of the file.
pub(super) const NAME: &str = "database.rows.gz";
/// Lines on their way between the database and the disk.
const QUEUE: usize = 256;
/// Rows that are inserted together, and bytes of them.
const BATCH: usize = 500;
const BATCH_BYTES: usize = 4 << 20;
/// Longest line that is read: a message with its details has less than 1 MB.
const LONGEST_LINE: u64 = 64 << 20;

/// Writes every row of one moment down.
pub(super) async fn write(
    tx: &mut Tx,
    tables: &[String],
    folder: &Path,
) -> Result<(Part, BTreeMap<String, u64>), BackupError> {
    let path = folder.join(NAME);
    let (lines, queue) = mpsc::channel::<String>(QUEUE);
    let target = path.clone();
    let writing = tokio::task::spawn_blocking(move || write_lines(&target, queue));
    let mut counts = BTreeMap::new();
    for table in tables {
        let count = store::rows(tx, table, &lines).await?;
        counts.insert(table.clone(), count);
    }
    drop(lines);
    let part = writing
        .await
        .map_err(io::Error::other)
        .and_then(|done| done)
        .map_err(BackupError::io(path))?;
    Ok((part, counts))
}

fn write_lines(path: &Path, mut lines: mpsc::Receiver<String>) -> io::Result<Part> {
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    let file = Hashing::new(file);
    let mut packed = GzEncoder::new(BufWriter::new(file), Compression::default());
    while let Some(line) = lines.blocking_recv() {
        packed.write_all(line.as_bytes())?;
    }
    let hashing = packed
        .finish()?
        .into_inner()
        .map_err(io::IntoInnerError::into_error)?;
    hashing.inner.sync_all()?;
    Ok(hashing.part())
}

/// Fills the empty tables of the manifest's schema; how many rows each got.
pub(super) async fn read(
    tx: &mut Tx,
    tables: &[String],
    folder: &Path,
) -> Result<BTreeMap<String, u64>, BackupError> {
    let path = folder.join(NAME);
    let (batches, mut queue) = mpsc::channel::<Batch>(2);
    let source = path.clone();
    let known: Vec<String> = tables.to_vec();
    let reading = tokio::task::spawn_blocking(move || read_batches(&source, &known, &batches));
    let mut counts = BTreeMap::<String, u64>::new();
    while let Some(batch) = queue.recv().await {
        let count = counts.entry(batch.table.clone()).or_default();
        *count = count.saturating_add(batch.rows);
        store::insert(tx, &batch.table, format!("[{}]", batch.json)).await?;
    }
    reading
        .await
        .map_err(|error| BackupError::broken(NAME, error))??;
    Ok(counts)
}

#[derive(Debug, Default)]
struct Batch {
    table: String,
    rows: u64,
    json: String,
}

fn read_batches(
    path: &PathBuf,
    known: &[String],
    batches: &mpsc::Sender<Batch>,
) -> Result<(), BackupError> {
    let file = File::open(path).map_err(BackupError::io(path))?;
    let mut lines = BufReader::new(MultiGzDecoder::new(BufReader::new(file)));
    let mut batch = Batch::default();
    let mut line = String::new();
    loop {
        line.clear();
        let read = (&mut lines)
            .take(LONGEST_LINE)
            .read_line(&mut line)
            .map_err(|error| BackupError::broken(NAME, error))?;
        let next = match read {
            0 => None,
            _ => Some(row_of(&line)?),
        };
        let is_full = batch.rows as usize >= BATCH || batch.json.len() >= BATCH_BYTES;
        let is_other = next.as_ref().is_none_or(|(table, _)| *table != batch.table);
        if batch.rows > 0 && (is_full || is_other) {
            let full = std::mem::take(&mut batch);
            if batches.blocking_send(full).is_err() {
                // The database refused a batch, and says so.
                return Ok(());
            }
        }
        let Some((table, row)) = next else {
            return Ok(());
        };
        if !known.iter().any(|known| known == table) {
            let why = format!("table {table:?} is unknown");
            return Err(BackupError::broken(NAME, why));
        }
        table.clone_into(&mut batch.table);
        if batch.rows > 0 {
            batch.json.push(',');
        }
        batch.json.push_str(row);
        batch.rows = batch.rows.saturating_add(1);
    }
}

fn row_of(line: &str) -> Result<(&str, &str), BackupError> {
    let (table, row) = line
        .trim_end()
        .split_once('\t')
        .ok_or_else(|| BackupError::broken(NAME, "a line holds no row"))?;
    serde_json::from_str::<IgnoredAny>(row).map_err(|error| BackupError::broken(NAME, error))?;
    Ok((table, row))
}

/// Hashes what is written.
struct Hashing {
    inner: File,
    hash: blake3::Hasher,
    bytes: u64,
}

impl Hashing {
    fn new(inner: File) -> Self {
        Self {
            inner,
            hash: blake3::Hasher::new(),
            bytes: 0,
        }
    }

    fn part(&self) -> Part {
        Part {
            blake3: self.hash.finalize().to_hex().to_string(),
            bytes: self.bytes,
        }
    }
}

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hash.update(bytes.get(..written).unwrap_or_default());
        self.bytes = self.bytes.saturating_add(written as u64);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
