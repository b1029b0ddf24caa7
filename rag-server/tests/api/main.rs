//! The rag-server through HTTP: the real server, index, database, embedder and reading processes, in a temporary folder.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod access;
mod archive;
mod bad_input;
mod catalogue;
mod faults;
mod generation;
mod jobs;
mod materials;
mod mirror;
mod openai;
mod openapi;
mod overload;
mod pages;
mod plans;
mod poison;
mod query;
mod ranking;
mod replicas;
mod samples;
mod store;
mod tables;
mod test_app;
