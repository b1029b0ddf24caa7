//! Logs: one subscriber, one span and one line per request, secrets kept out.
//!
//! Lines go to standard error (standard output belongs to the command line's answers) or to files
//! of limited size; spans go to a collector, if there is one. What is logged of a request: its number, method, route *template*, status and time taken; never its
//! path, query string, headers or body, because those hold names, questions and tokens.

mod request;
mod rolling;
mod traces;

use std::error::Error as StdError;
use std::path::PathBuf;

use serde::Deserialize;
use tokio::task::JoinHandle;
use tracing::{Span, Subscriber};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::layer::{Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};
use tracing_subscriber::{EnvFilter, fmt, registry};
use url::Url;

pub use request::{RequestId, RequestSpan, logger, observe};
pub(crate) use request::{current_request, english_is_wanted};
pub use rolling::RollingFile;
pub use traces::carried_on;

use crate::http::HttpError;
use traces::Traces;

/// Libraries that log at `info` what only their own authors need.
const QUIET: &[&str] = &[
    "actix_http",
    "actix_server",
    "datafusion",
    "h2",
    "hyper",
    "hyper_util",
    "lance",
    "lance_core",
    "lance_encoding",
    "lance_index",
    "lance_io",
    "lance_table",
    "lancedb",
    "reqwest",
    "rustls",
    "sqlx",
    "tokenizers",
    // Prints requests for tokens, and tokens, at debug.
    "yup_oauth2",
];

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// One JSON object a line, for collectors.
    Json,
    /// For people at a terminal.
    Pretty,
}

/// The `log:` section of a server's settings.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSettings {
    /// How lines look.
    pub format: LogFormat,
    /// A level (`info`; Python's names such as `WARNING` too), with libraries kept at `warn`; or
    /// directives of tracing's `EnvFilter` such as `info,rag_server=debug`, taken as they are.
    pub level: String,
    /// Folder of files `<service>.log`, at most three of 10 MB each; standard error when absent.
    #[serde(default)]
    pub folder: Option<PathBuf>,
    /// Where spans are sent: base of an OTLP endpoint over HTTP, such as `http://localhost:4318`.
    #[serde(default)]
    pub traces: Option<Url>,
}

impl LogSettings {
    /// Lines like these on standard error, without traces.
    pub fn new(format: LogFormat, level: &str) -> Self {
        Self {
            format,
            level: level.to_owned(),
            folder: None,
            traces: None,
        }
    }

    /// Whether the level can be understood, for the settings' checks.
    ///
    /// # Errors
    /// [`TelemetryError::Level`].
    pub fn check(&self) -> Result<(), TelemetryError> {
        self.filter().map(drop)
    }

    fn filter(&self) -> Result<EnvFilter, TelemetryError> {
        let wrong = || TelemetryError::Level {
            level: self.level.clone(),
        };
        let directives = directives(&self.level).ok_or_else(wrong)?;
        EnvFilter::builder().parse(directives).map_err(|_| wrong())
    }
}

/// The directives of a level, or the level if it is a list of directives already. `EnvFilter` alone
/// would take any word for the name of a module and show nothing else.
fn directives(level: &str) -> Option<String> {
    let level = level.trim();
    let Some(plain) = plain_level(level) else {
        let known = |part: &str| part.contains('=') || plain_level(part.trim()).is_some();
        return level.split(',').all(known).then(|| level.to_owned());
    };
    let mut directives = plain.to_owned();
    if matches!(plain, "trace" | "debug" | "info") {
        for library in QUIET {
            directives.push(',');
            directives.push_str(library);
            directives.push_str("=warn");
        }
    }
    Some(directives)
}

fn plain_level(text: &str) -> Option<&'static str> {
    Some(match text.to_ascii_lowercase().as_str() {
        "trace" => "trace",
        "debug" => "debug",
        "info" => "info",
        "warn" | "warning" => "warn",
        "error" | "critical" => "error",
        "off" => "off",
        _ => return None,
    })
}

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The level is neither a level nor a list of directives.
    #[error("{level:?} is no log level such as info or info,rag_server=debug")]
    Level {
        /// What was given.
        level: String,
    },
    /// The collector's address, or its client.
    #[error("traces cannot be sent: {0}")]
    Traces(String),
    /// The client of the collector.
    #[error("traces cannot be sent")]
    Client(#[from] HttpError),
    /// The log's file.
    #[error("log file {} cannot be opened", .path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A subscriber is already installed.
    #[error("logging is already set up")]
    Installed(#[from] TryInitError),
}

/// What must live as long as the process: spans that wait are sent when it is dropped.
#[derive(Debug)]
#[must_use = "spans that wait are lost without it"]
pub struct Telemetry {
    _traces: Option<Traces>,
}

/// Installs the process's subscriber, named `service` in files and traces. Call it once, inside the runtime, before
/// anything logs.
///
/// # Errors
/// [`TelemetryError`].
pub fn init(settings: &LogSettings, service: &'static str) -> Result<Telemetry, TelemetryError> {
    let sink = match &settings.folder {
        None => BoxMakeWriter::new(std::io::stderr),
        Some(folder) => {
            let path = folder.join(format!("{service}.log"));
            let file = RollingFile::open(path.clone())
                .map_err(|source| TelemetryError::File { path, source })?;
            BoxMakeWriter::new(file)
        }
    };
    let traces = settings
        .traces
        .as_ref()
        .map(|endpoint| Traces::to(endpoint, service))
        .transpose()?;
    registry()
        .with(traces.as_ref().map(spans))
        .with(lines(settings, sink)?)
        .try_init()?;
    Ok(Telemetry { _traces: traces })
}

/// A subscriber that writes to `sink`; tests give one of their own.
///
/// # Errors
/// [`TelemetryError::Level`].
pub fn subscriber<W>(
    settings: &LogSettings,
    sink: W,
) -> Result<impl Subscriber + Send + Sync + use<W>, TelemetryError>
where
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    Ok(registry().with(lines(settings, sink)?))
}

/// Spans of our own, whatever the level of the log.
fn spans<S>(traces: &Traces) -> impl Layer<S> + use<S>
where
    S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
{
    let ours = directives("info").unwrap_or_default();
    tracing_opentelemetry::layer()
        .with_tracer(traces.tracer())
        .with_filter(EnvFilter::new(ours))
}

fn lines<S, W>(settings: &LogSettings, sink: W) -> Result<impl Layer<S> + use<S, W>, TelemetryError>
where
    S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let filter = settings.filter()?;
    let lines = match settings.format {
        LogFormat::Json => fmt::layer()
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(true)
            .with_writer(sink)
            .boxed(),
        LogFormat::Pretty => fmt::layer()
            .with_target(false)
            .with_ansi(false)
            .with_writer(sink)
            .boxed(),
    };
    Ok(lines.with_filter(filter))
}

/// Runs blocking or CPU-bound work off the async threads, inside the caller's span, so that its
/// lines carry the request's number.
///
/// Cancel safety: the work goes on when the handle is dropped. Bound how many run at once with a
/// semaphore of your own.
pub fn spawn_blocking_in_span<F, R>(work: F) -> JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    let span = Span::current();
    tokio::task::spawn_blocking(move || span.in_scope(work))
}

/// An error and its causes in one line, outermost first: `index failed: disk full`. A cause that
/// only repeats the text before it is left out.
pub fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.ends_with(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests;
