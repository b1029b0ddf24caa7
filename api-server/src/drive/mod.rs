//! Google Drive: folders mirrored into materials, exactly and with an account of every file (`docs/drive.md`).
//!
//! A run reads what Drive has ([`crawl`]) into a [`tree`], which changes bring up to date; [`plan`] decides, purely, what
//! is to be done, and writes the ledger; [`carry`] does it, each row in one transaction with the material it concerns.
//! [`runner`] claims runs and lives through deaths; [`planning`] reads and writes for it. Nothing is removed because it was not seen: a reading that is not
//! complete removes nothing, and many removals wait for somebody.
//!
//! What Drive says is not trusted: names are cleaned as those of uploads are, sizes and sums are checked, and downloads
//! go to the hosts of the settings and Google's alone.

pub(crate) mod access;
mod carry;
mod client;
mod crawl;
mod download;
mod error;
mod events;
mod folders;
mod look;
mod model;
mod pace;
mod plan;
mod planning;
mod refusals;
pub(crate) mod routes;
mod rules;
mod runner;
mod said;
mod schedule;
mod service;
mod settings;
pub(crate) mod store;
#[cfg(test)]
mod tests;
mod tree;
mod view;
mod wanted;

pub(crate) use error::DriveError;
pub(crate) use runner::Runner;
pub(crate) use service::DriveService;
pub(crate) use settings::{DriveSettings, OAuthClient};
