//! What both servers really use: settings, problem responses, telemetry, numbers, databases, service
//! tokens, cache, stored files, events, turns, shutdown and outgoing HTTP.
//!
//! What may live here: code that the rag-server *and* the api-server call. What may not: anything
//! that knows a material, an index or a user; wire types that only one server speaks; a place for
//! things without a home.
//!
//! **Invariant:** this crate depends on neither server, and holds no global state apart from the
//! log subscriber that [`telemetry::init`] installs.

pub mod body;
pub mod cache;
pub mod clock;
pub mod db;
pub mod files;
pub mod http;
pub mod id;
pub mod metrics;
pub mod openapi;
pub mod problem;
mod retry;
pub mod settings;
pub mod shutdown;
pub mod sse;
pub mod start;
pub mod telemetry;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod token;
pub mod turns;

pub use retry::Retry;

/// For macros of this crate that expand in other crates.
#[doc(hidden)]
pub mod macro_support {
    pub use serde;
    pub use utoipa;
    pub use uuid;
}
