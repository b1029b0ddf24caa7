//! How the assistant answers: its instructions, chat model, temperature and search, as staff set them.
//!
//! Every change is a row of `assistant_changes` with who, when and the whole configuration after it; the last one is in
//! force. Three templates of our own are always there; saved ones of the same name stand before them. Chunk sizes apply to
//! materials added later (see [`AssistantConfig::chunking`]); the embedding model is kept and shown, never switched from
//! here, because that is a re-embedding of everything (`rag-server reindex`).

mod error;
mod model;
pub(crate) mod routes;
mod service;
pub(crate) mod store;
mod templates;

pub(crate) use error::AssistantError;
pub(crate) use model::{AssistantConfig, SearchType};
pub(crate) use service::AssistantService;

#[cfg(test)]
mod tests;
