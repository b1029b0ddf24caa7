//! The weekly improvement: what people opened of the sources they were shown, and what they thought of the answers, goes to
//! the rag-server, whose ranking learns from it and is judged there.
//!
//! Of an opening only ids are kept, and only with its answer: what is removed from a conversation teaches nothing any more.
//! The rag-server gets questions, ids of passages and a name for each person that is another one every time; it keeps
//! numbers alone. What was learned from once is not learned from again; what was refused is looked at again for eight weeks.

mod error;
pub(crate) mod routes;
mod service;
pub(crate) mod store;
mod wire;

pub(crate) use error::ImprovementError;
pub(crate) use service::{Improvement, Place};

#[cfg(test)]
mod tests;
