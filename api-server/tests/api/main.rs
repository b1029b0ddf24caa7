//! The api-server through HTTP: the real server, database, cache and passwords, in a temporary folder.
//!
//! Every test runs on SQLite with the cache in memory, and once more on Postgres with Redis when `TEST_POSTGRES_URL` and
//! `TEST_REDIS_URL` name some.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::format_collect,
    clippy::type_complexity,
    reason = "tests"
)]

mod assistant;
mod bad_input;
mod chat;
mod command_line;
mod enumeration;
mod flows;
mod forged_tokens;
mod hygiene;
mod identity_provider;
mod improvement;
mod keys;
mod limits;
mod maintenance;
mod materials;
mod matrix;
mod numbers;
mod oidc;
mod openapi;
mod ops;
mod others;
mod outages;
mod second_factor;
mod sessions;
mod settings;
mod signing_in;
mod smtp;
mod store;
mod store_panel;
mod test_app;
mod users;
mod video;
mod webhook;
