//! Google Drive mirrored into materials: the real api-server and the real rag-server, with a Drive of our own in this process.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::format_collect,
    clippy::type_complexity,
    clippy::print_stderr,
    reason = "tests"
)]

mod bad_input;
mod by_the_clock;
#[allow(
    dead_code,
    reason = "the example and the bench use parts of it that no test needs"
)]
mod fake;
mod fake_itself;
mod going_wrong;
mod grants;
mod kill;
mod model;
#[path = "../process/mod.rs"]
mod process;
mod stage;
mod syncing;
#[allow(
    dead_code,
    unused_imports,
    unused_macros,
    reason = "the other tests use parts of it that these do not need"
)]
#[path = "../api/test_app.rs"]
mod test_app;
