//! The index against the real LanceDB in temporary folders; each known trap has its test.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod concurrency;
mod fixture;
mod maintenance;
mod text;
mod vectors;
