//! For the tests of both servers: a clock to set, a log to read, databases that vanish, and the
//! assertions every error response must pass. Compiled with the feature `testing` only.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot be set up, or whose assertion fails, ends here"
)]

mod database;
mod log;
mod rag_server;

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

pub use database::TestDb;
pub use log::{CapturedLog, capture};
pub use rag_server::RagServer;

use crate::clock::Clock;
use crate::problem::{CONTENT_TYPE, Code, Problem};

/// A clock that stands still until it is told otherwise.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// One that shows `ms` milliseconds since 1970.
    pub fn at(ms: i64) -> Self {
        Self(AtomicI64::new(ms))
    }

    /// Sets it.
    pub fn set(&self, ms: i64) {
        self.0.store(ms, Ordering::SeqCst);
    }

    /// Moves it on.
    ///
    /// # Panics
    /// If the time has no room in 64 bits.
    pub fn advance(&self, by: Duration) {
        let ms = i64::try_from(by.as_millis()).unwrap();
        self.0.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now_ms(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// Asserts that a response is a complete problem of `code`, whose `detail` is a sentence for people
/// and says nothing of the inside; returns it.
///
/// # Panics
/// If it is not.
#[track_caller]
pub fn assert_problem(status: u16, content_type: &str, body: &[u8], code: Code) -> Problem {
    let text = String::from_utf8_lossy(body);
    assert_eq!(content_type, CONTENT_TYPE, "body: {text}");
    let json: serde_json::Value = serde_json::from_slice(body).unwrap();
    assert!(json["detail"].is_string(), "`detail` must be text: {text}");
    let problem: Problem = serde_json::from_value(json).unwrap();
    assert_eq!(problem.code, code.name(), "body: {text}");
    assert_eq!(problem.status, status, "body: {text}");
    assert_eq!(problem.status, code.status().as_u16(), "body: {text}");
    assert_eq!(problem.r#type, code.type_uri(), "body: {text}");
    assert_eq!(problem.title, code.title(), "body: {text}");
    assert!(
        problem.detail.ends_with(['.', '!', '?']),
        "no sentence: {text}"
    );
    if status >= 500 {
        for inside in [
            "panicked",
            "SELECT ",
            "INSERT ",
            "sqlx",
            "/src/",
            "No such file",
            "Os {",
        ] {
            assert!(!problem.detail.contains(inside), "says too much: {text}");
        }
    }
    problem
}
