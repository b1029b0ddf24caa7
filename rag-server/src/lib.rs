//! The rag-server: an always-on service that reads materials, indexes them and answers questions with proof.
//!
//! A folder per feature; inside one, `routes` call services, services call stores. See `ARCHITECTURE.md`.

mod access;
mod admin;
pub mod app;
mod archive;
mod catalogue;
pub mod cli;
pub mod embedding;
mod eval;
mod health;
mod ingest;
mod jobs;
mod materials;
mod models;
mod numbers;
mod openai;
mod openapi;
mod pages;
mod paging;
mod query;
mod ranking;
pub mod reader;
mod replica;
mod routes;
pub mod settings;
mod status;
mod tables;

pub use catalogue::Lesson;
pub use openapi::document as openapi_document;
pub use query::{
    AnswerWarning, Mode, QueryConfig, QueryRequest, QueryResponse, RelatedSection, Search,
    SearchHit, SearchRequest, SearchResponse, Section, Source, Timings, TokenUsage, TopicRequest,
    TopicResponse, Turn,
};

/// Every SQL statement of this server, so that tests can prepare them on both databases.
pub fn statements() -> Vec<&'static str> {
    materials::store::STATEMENTS
        .iter()
        .chain(jobs::store::STATEMENTS)
        .chain(catalogue::store::STATEMENTS)
        .chain(replica::store::STATEMENTS)
        .copied()
        .collect()
}
