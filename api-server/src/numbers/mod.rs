//! Numbers for whoever watches: what the services count, and how everything stands when somebody looks.
//!
//! Counts are made where things happen ([`Counts`] is cheap to clone and handed to whoever counts); states are asked of
//! the database when the page is read. The page is open to the metrics token, or, where there is none, to private
//! addresses; proxies bring nobody.

mod counts;
pub(crate) mod page;
pub(crate) mod routes;
mod service;
pub(crate) mod store;

pub(crate) use counts::{CountedAnswer, Counts};
pub(crate) use service::{Numbers, Origins};
