//! A log file that does not grow without end.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use tracing_subscriber::fmt::MakeWriter;

/// Largest file: what mail programs and editors still open.
const MAX_BYTES: u64 = 10_000_000;
/// Files in all: the one that is written to, and older ones.
const FILES: usize = 3;

/// A file that is put aside when it is full: `name.log`, then `name.log.1`, then `name.log.2`, then gone.
#[derive(Debug)]
pub struct RollingFile {
    path: PathBuf,
    max_bytes: u64,
    open: Mutex<Open>,
}

#[derive(Debug)]
struct Open {
    file: File,
    size: u64,
}

impl RollingFile {
    /// Goes on with the file at `path`, made with its folder if absent, readable by its owner alone; at most 3 files of
    /// 10 MB.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(path: PathBuf) -> io::Result<Self> {
        Self::with_limit(path, MAX_BYTES)
    }

    pub(super) fn with_limit(path: PathBuf, max_bytes: u64) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let open = Open::at(&path)?;
        Ok(Self {
            path,
            max_bytes,
            open: Mutex::new(open),
        })
    }

    fn put_aside(&self) -> io::Result<Open> {
        for number in (1..FILES).rev() {
            let older = match number {
                1 => self.path.clone(),
                _ => numbered(&self.path, number.saturating_sub(1)),
            };
            match std::fs::rename(older, numbered(&self.path, number)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Open::at(&self.path)
    }
}

impl Open {
    fn at(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(path)?;
        let size = file.metadata()?.len();
        Ok(Self { file, size })
    }
}

fn numbered(path: &Path, number: usize) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    name.into()
}

impl Write for &RollingFile {
    /// Takes all of `bytes`, so that no line is torn between two files.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let more = bytes.len() as u64;
        if open.size > 0 && open.size.saturating_add(more) > self.max_bytes {
            *open = self.put_aside()?;
        }
        open.file.write_all(bytes)?;
        open.size = open.size.saturating_add(more);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.file.flush()
    }
}

impl<'a> MakeWriter<'a> for RollingFile {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_file_is_put_aside_and_the_oldest_goes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("logs/server.log");
        let log = RollingFile::with_limit(path.clone(), 30).unwrap();
        for line in 0..7 {
            writeln!(&log, "line {line} of 12").unwrap();
        }
        let read = |path: &Path| std::fs::read_to_string(path).unwrap();
        assert_eq!(read(&path), "line 6 of 12\n");
        assert_eq!(read(&numbered(&path, 1)), "line 4 of 12\nline 5 of 12\n");
        assert_eq!(read(&numbered(&path, 2)), "line 2 of 12\nline 3 of 12\n");
        assert!(!numbered(&path, 3).exists());
    }

    #[test]
    fn a_file_that_is_there_is_gone_on_with() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("server.log");
        for _ in 0..2 {
            let log = RollingFile::with_limit(path.clone(), 20).unwrap();
            writeln!(&log, "twelve bytes").unwrap();
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "twelve bytes\n");
        assert!(numbered(&path, 1).exists());
    }
}
