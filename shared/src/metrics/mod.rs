//! Numbers for Prometheus: what both servers count, and the page that shows it.
//!
//! What happens is counted when it happens; what *is* (rows waiting, documents by state) is looked up when somebody asks.
//! Labels come from closed sets, route templates above all: a path, a name or an id is never one.

mod process;

use std::fmt;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;

use process::Process;

pub use prometheus_client::registry::Registry;

/// What the page is sent as (`OpenMetrics` 1.0, which Prometheus asks for since 2.5).
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Upper ends in seconds: from what a cache answers to what a chat model needs.
const SECONDS: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0,
];

/// A family of numbers that are looked up, by one label each.
pub type Gauges = Family<Kind, Gauge>;
/// A family of counts by one label each.
pub type Counters = Family<Kind, Counter>;

/// The one label of a family.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Kind {
    /// One of a closed set.
    pub kind: String,
}

impl Kind {
    /// The label `kind`.
    pub fn of(kind: &str) -> Self {
        Self {
            kind: kind.to_owned(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    method: &'static str,
    route: String,
    status: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Asked {
    method: &'static str,
    route: String,
}

/// A histogram of seconds with the limits of this server.
pub fn seconds() -> Histogram {
    Histogram::new(SECONDS)
}

/// What a server counts. One for each server, passed on as a value.
pub struct Metrics {
    registry: Registry,
    requests: Family<Answered, Counter>,
    latency: Family<Asked, Histogram>,
    process: Process,
}

impl Metrics {
    /// What every server counts, and what `register` adds.
    pub fn new(
        service: &'static str,
        version: &'static str,
        register: impl FnOnce(&mut Registry),
    ) -> Self {
        let mut registry = Registry::default();
        let requests = Family::default();
        let latency = Family::new_with_constructor(seconds as fn() -> Histogram);
        registry.register(
            "http_requests",
            "Requests by route template and status; 499 when the client left",
            requests.clone(),
        );
        registry.register(
            "http_request_duration_seconds",
            "Time until the answer began, by route template",
            latency.clone(),
        );
        registry.register(
            "acervo_build",
            "What runs",
            Info::new([("service", service), ("version", version)]),
        );
        let process = Process::register(&mut registry);
        register(&mut registry);
        Self {
            registry,
            requests,
            latency,
            process,
        }
    }

    /// Counts a request that was answered.
    pub(crate) fn answered(&self, method: &'static str, route: &str, status: u16, took: Duration) {
        let route = route.to_owned();
        self.latency
            .get_or_create(&Asked {
                method,
                route: route.clone(),
            })
            .observe(took.as_secs_f64());
        self.requests
            .get_or_create(&Answered {
                method,
                route,
                status: u32::from(status),
            })
            .inc();
    }

    /// The page, in the format of [`CONTENT_TYPE`]. Reads what the system knows of this process: a few files.
    pub fn page(&self) -> String {
        self.process.refresh();
        let mut page = String::new();
        if text::encode(&mut page, &self.registry).is_err() {
            // Writing to text does not fail; half a page would be a lie.
            page.clear();
        }
        page
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
