//! What administrators set for the whole system on a page: name, sizes and types of files, sessions, security, notices.
//!
//! What the operator wrote in files and environment is where it begins; every change is a row of `site_changes` with who,
//! when and what, and the last one is in force. A value that is set back to the operator's follows the operator again.
//! Whoever enforces a setting asks [`SiteService::current`] each time: a change written by one api-server is seen by the
//! others at once where they share a cache, else within [`REMEMBERED`](service::REMEMBERED).

mod check;
mod error;
mod model;
pub(crate) mod routes;
mod service;
pub(crate) mod store;

pub(crate) use error::SiteError;
pub(crate) use model::{InForce, Notifications, Operator, SiteSettings};
pub(crate) use service::SiteService;

#[cfg(test)]
mod tests;
