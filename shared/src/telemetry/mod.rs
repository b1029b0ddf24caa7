//! Logs: one subscriber, one span and one line per request, secrets kept out.
//!
//! Lines go to standard error (standard output belongs to the command line's answers). What is
//! logged of a request: its number, method, route *template*, status and time taken; never its
//! path, query string, headers or body, because those hold names, questions and tokens.

mod request;

use std::error::Error as StdError;

use serde::Deserialize;
use tokio::task::JoinHandle;
use tracing::{Span, Subscriber};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer, SubscriberExt as _};
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};
use tracing_subscriber::{EnvFilter, fmt, registry};

pub use request::{RequestId, RequestSpan, logger, observe};
pub(crate) use request::{current_request, english_is_wanted};

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
}

impl LogSettings {
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
    /// A subscriber is already installed.
    #[error("logging is already set up")]
    Installed(#[from] TryInitError),
}

/// Installs the process's subscriber on standard error. Call it once, before anything logs.
///
/// # Errors
/// [`TelemetryError`].
pub fn init(settings: &LogSettings) -> Result<(), TelemetryError> {
    subscriber(settings, std::io::stderr)?.try_init()?;
    Ok(())
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
    Ok(registry().with(filter).with(lines))
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
