//! What is wrong, and who is told of it.
//!
//! Rules are looked at every quarter of an hour. One that begins to hold is told once, again after a day while it holds,
//! and once more when it is over. Administrators say where alerts and reports go; without a word from them, to the
//! e-mail addresses of administrators.

mod error;
mod model;
pub(crate) mod routes;
mod rules;
mod service;
pub(crate) mod store;

pub(crate) use error::AlertError;
pub(crate) use service::{Alerts, audience};
