//! The ranking learns from what people did with answers, and goes back when that was a mistake.
//!
//! Whoever keeps the answers (the api-server) sends examples in batches: question, passages shown, which were opened, what
//! was thought of the answer. Each is measured at once and only its numbers stay, in memory, until they are learned from;
//! no text of a question is kept. Learning moves the weights (crate `rank`, [`rank::improve`]) and asks the gate
//! ([`rank::faults`]): what does not pass is noted and not used. Every try is a file in `DATA_DIR/ranking` with its figures
//! before and after ([`versions`]); what is in use changes between two questions.
//!
//! [`simulate`] and [`measure`] are for the command line alone.

mod error;
mod example;
mod known;
pub(crate) mod measure;
mod report;
pub(crate) mod routes;
mod service;
pub(crate) mod simulate;
mod versions;

pub(crate) use error::RankingError;
pub(crate) use example::Example;
pub(crate) use known::known;
pub(crate) use service::RankingService;
pub(crate) use versions::Versions;
