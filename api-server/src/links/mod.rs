//! Links sent by mail: confirm an account, set a password.
//!
//! A link holds for a day and opens one thing once. Whoever asks for one learns nothing: the answer, and the work done
//! before it, are the same for every name.

mod error;
pub(crate) mod routes;
mod service;
pub(crate) mod store;

pub(crate) use service::LinkService;
