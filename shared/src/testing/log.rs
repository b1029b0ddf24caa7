use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::MakeWriter;

use crate::telemetry::{LogFormat, LogSettings, subscriber};

/// A log kept in memory, as JSON lines.
#[derive(Debug, Clone, Default)]
pub struct CapturedLog(Arc<Mutex<Vec<u8>>>);

impl CapturedLog {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Everything written so far.
    pub fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The lines as JSON.
    ///
    /// # Panics
    /// If one is not.
    pub fn lines(&self) -> Vec<serde_json::Value> {
        self.text()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// Asserts that none of the texts was logged, in any part of any line.
    ///
    /// # Panics
    /// If one was.
    #[track_caller]
    pub fn assert_without(&self, secrets: &[&str]) {
        let text = self.text();
        for secret in secrets {
            assert!(!text.contains(secret), "the log shows {secret:?}:\n{text}");
        }
    }
}

impl<'a> MakeWriter<'a> for CapturedLog {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl io::Write for CapturedLog {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Captures what this thread logs at `debug` and above while the guard lives. Tasks on other
/// threads log elsewhere: use a current-thread runtime, the default of `#[tokio::test]` and
/// `#[actix_web::test]`.
///
/// # Panics
/// Never: its settings are constants.
pub fn capture() -> (CapturedLog, DefaultGuard) {
    let log = CapturedLog::new();
    let settings = LogSettings::new(LogFormat::Json, "debug");
    let subscriber = subscriber(&settings, log.clone()).unwrap();
    (log, tracing::subscriber::set_default(subscriber))
}
