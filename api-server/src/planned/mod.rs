//! What people planned: questions that are asked for them at their minute, messages that they get by e-mail then.
//!
//! Once, or by five fields of cron in a time zone. A question is asked like any other of theirs: limits and opening hours
//! hold, and its answer stands in a conversation. Whatever was missed is made up once. Something due is claimed, so that
//! two schedulers do not both do it; the id of its question is written down before it is asked, so that one whose answer
//! was kept when a server died is not asked again, and one without an answer gives way to the next try.

mod error;
mod model;
pub(crate) mod routes;
mod service;
pub(crate) mod store;
mod work;

pub(crate) use error::PlannedError;
pub(crate) use service::Planned;

#[cfg(test)]
mod tests;
