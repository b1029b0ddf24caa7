//! Questions: retrieve, rank, judge, answer, prove.
//!
//! Full text and vectors are searched side by side; the best candidates of both are ranked again by the learned model
//! of crate `rank`. Too little evidence ends in "not in the material", without sources. Each quote that leaves here
//! stands word for word in the stored passage it cites: that is checked last, on the stored text.

mod aliases;
mod answer;
mod error;
mod retrieve;
pub(crate) mod routes;
mod statistics;
mod topics;
mod wire;

use std::sync::Arc;
use std::time::Instant;

use index::Index;
use shared::db::Db;

pub(crate) use aliases::Aliases;
pub(crate) use error::QueryError;
pub(crate) use retrieve::{Passage, Retrieved};
pub use topics::{Section, TopicRequest, TopicResponse};
pub use wire::{
    Mode, QueryConfig, QueryRequest, QueryResponse, Search, SearchHit, SearchRequest,
    SearchResponse, Source, Timings,
};

use crate::embedding::Embedding;

/// Defaults of retrieval, from the settings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetrievalSettings {
    /// Sources of an answer, unless asked otherwise; 1 to 50.
    pub top_k: usize,
    /// Passages taken from each of full text and vectors.
    pub fetch: usize,
    /// Lowest score of a source, 0 to 1.
    pub min_score: f32,
}

/// Answers questions.
pub struct QueryService {
    db: Db,
    index: Index,
    embedding: Arc<Embedding>,
    model: Arc<rank::Model>,
    statistics: statistics::CollectionTerms,
    aliases: Arc<Aliases>,
    settings: RetrievalSettings,
}

impl QueryService {
    /// Answers from `index`, ranking with `model`.
    pub(crate) fn new(
        db: Db,
        index: Index,
        embedding: Arc<Embedding>,
        model: rank::Model,
        aliases: Arc<Aliases>,
        settings: RetrievalSettings,
    ) -> Self {
        Self {
            db,
            statistics: statistics::CollectionTerms::new(index.clone()),
            index,
            embedding,
            model: Arc::new(model),
            aliases,
            settings,
        }
    }

    /// The same, ranking with another model.
    pub(crate) fn ranked_by(&self, model: rank::Model) -> Self {
        Self::new(
            self.db.clone(),
            self.index.clone(),
            Arc::clone(&self.embedding),
            model,
            Arc::clone(&self.aliases),
            self.settings,
        )
    }

    /// Answers a question with proven quotes, or says that the material does not hold the answer.
    pub async fn answer(&self, request: &QueryRequest) -> Result<QueryResponse, QueryError> {
        let started = Instant::now();
        let asked = request.check(&self.settings)?;
        let retrieved = self.retrieve(&asked).await?;
        let mut response = answer::extractive(&asked, &retrieved);
        response.response_time = started.elapsed().as_secs_f64();
        response.timings = Timings {
            total_ms: response.response_time * 1000.0,
            ..retrieved.timings
        };
        Ok(response)
    }

    /// The model passages are ranked with.
    pub(crate) fn ranking_model(&self) -> &rank::Model {
        &self.model
    }

    /// What an answer would rest on, for evaluation.
    pub(crate) async fn retrieve_for(
        &self,
        request: &QueryRequest,
    ) -> Result<Retrieved, QueryError> {
        let asked = request.check(&self.settings)?;
        self.retrieve(&asked).await
    }

    /// The best passages for a query, in order.
    pub async fn search(&self, request: &SearchRequest) -> Result<SearchResponse, QueryError> {
        let asked = request.check(&self.settings)?;
        let retrieved = self.retrieve(&asked).await?;
        Ok(answer::hits(&asked, &retrieved))
    }
}
