//! What the services count.

use std::fmt;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use shared::metrics::{Counters, Kind, Registry, seconds};

/// Model of an answer without one.
const NO_MODEL: &str = "none";

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answer {
    mode: String,
    model: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Run {
    name: String,
    outcome: &'static str,
}

/// What the services count; clones count together.
#[derive(Clone)]
pub(crate) struct Counts {
    answers: Family<Answer, Counter>,
    unanswered: Counter,
    answer_seconds: Histogram,
    tokens: Counters,
    cost: Counter<f64, AtomicU64>,
    rag_requests: Counters,
    rag_seconds: Histogram,
    mails: Counters,
    notices: Counters,
    syncs: Counters,
    runs: Family<Run, Counter>,
}

/// An answer as it is counted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CountedAnswer<'a> {
    pub(crate) mode: &'a str,
    /// The chat model; `None` for quotes.
    pub(crate) model: Option<&'a str>,
    /// Read and written.
    pub(crate) tokens: (i64, i64),
    /// US dollars.
    pub(crate) cost: f64,
    pub(crate) took: Duration,
}

impl Default for Counts {
    fn default() -> Self {
        Self {
            answers: Family::default(),
            unanswered: Counter::default(),
            answer_seconds: seconds(),
            tokens: Counters::default(),
            cost: Counter::default(),
            rag_requests: Counters::default(),
            rag_seconds: seconds(),
            mails: Counters::default(),
            notices: Counters::default(),
            syncs: Counters::default(),
            runs: Family::default(),
        }
    }
}

impl Counts {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "acervo_chat_answers",
            "Answers given, by mode and chat model",
            self.answers.clone(),
        );
        registry.register(
            "acervo_chat_unanswered",
            "Questions that got no answer because something failed",
            self.unanswered.clone(),
        );
        registry.register(
            "acervo_chat_answer_seconds",
            "Time from a question to its whole answer",
            self.answer_seconds.clone(),
        );
        registry.register(
            "acervo_chat_tokens",
            "Tokens of chat models: read (prompt) and written (completion)",
            self.tokens.clone(),
        );
        registry.register(
            "acervo_chat_cost_dollars",
            "US dollars for chat models",
            self.cost.clone(),
        );
        registry.register(
            "acervo_rag_requests",
            "Requests to the rag-server: ok, refused (it said no) or failed",
            self.rag_requests.clone(),
        );
        registry.register(
            "acervo_rag_request_seconds",
            "Time until the rag-server's answer began",
            self.rag_seconds.clone(),
        );
        registry.register(
            "acervo_mails",
            "Mails: sent, delayed or given_up",
            self.mails.clone(),
        );
        registry.register(
            "acervo_notices",
            "Alerts and reports: sent, delayed or given_up",
            self.notices.clone(),
        );
        registry.register(
            "acervo_material_syncs",
            "What the rag-server was told of materials: done or failed",
            self.syncs.clone(),
        );
        registry.register(
            "acervo_schedule_runs",
            "Runs of schedules by outcome",
            self.runs.clone(),
        );
    }

    /// An answer was given.
    pub(crate) fn answered(&self, answer: CountedAnswer<'_>) {
        self.answers
            .get_or_create(&Answer {
                mode: answer.mode.to_owned(),
                model: answer.model.unwrap_or(NO_MODEL).to_owned(),
            })
            .inc();
        self.answer_seconds.observe(answer.took.as_secs_f64());
        for (kind, count) in [("prompt", answer.tokens.0), ("completion", answer.tokens.1)] {
            let count = u64::try_from(count).unwrap_or(0);
            self.tokens.get_or_create(&Kind::of(kind)).inc_by(count);
        }
        // A counter only grows, whatever the other server says.
        self.cost.inc_by(answer.cost.max(0.0));
    }

    /// A question got no answer.
    pub(crate) fn unanswered(&self) {
        self.unanswered.inc();
    }

    /// The rag-server was asked.
    pub(crate) fn asked_rag(&self, outcome: &'static str, took: Duration) {
        self.rag_requests.get_or_create(&Kind::of(outcome)).inc();
        self.rag_seconds.observe(took.as_secs_f64());
    }

    /// A mail was `sent`, `delayed` or `given_up`.
    pub(crate) fn mail(&self, outcome: &'static str) {
        self.mails.get_or_create(&Kind::of(outcome)).inc();
    }

    /// An alert or report was `sent`, `delayed` or `given_up`.
    pub(crate) fn notice(&self, outcome: &'static str) {
        self.notices.get_or_create(&Kind::of(outcome)).inc();
    }

    /// The rag-server was told of a material: `done` or `failed`.
    pub(crate) fn sync(&self, outcome: &'static str) {
        self.syncs.get_or_create(&Kind::of(outcome)).inc();
    }

    /// A schedule ran.
    pub(crate) fn ran(&self, name: &str, outcome: &'static str) {
        let name = name.to_owned();
        self.runs.get_or_create(&Run { name, outcome }).inc();
    }
}

impl fmt::Debug for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Counts").finish_non_exhaustive()
    }
}
