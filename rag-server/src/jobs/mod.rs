//! Jobs: what was asked for and how far it is.
//!
//! The row in `jobs` is the truth people see; the entry in the queue is only a wake-up. Rows are written before the
//! wake-up is pushed, and every row that is not finished is pushed again at start, so that no kill loses work. What a
//! job does is known to [`crate::ingest`], not here.

mod error;
mod queue;
pub(crate) mod routes;
mod service;
pub(crate) mod store;

pub(crate) use error::JobError;
pub(crate) use queue::{Outcome, Queue, QueueError, retry_delay, run};
pub(crate) use service::JobService;
pub(crate) use store::{JobKind, JobRow, JobState};
