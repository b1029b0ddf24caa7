//! Questions: retrieve, rank, judge, answer, prove.
//!
//! Full text and vectors are searched side by side; the best candidates of both are ranked again by the learned model
//! of crate `rank`. A question to a table is computed on it. Too little evidence ends in "not in the material", without sources. Where a chat model is at hand it
//! writes the answer and crate `generate` lets through what is proven; else, and whenever that comes to nothing, the best
//! sentences are quoted. Each quote that leaves here
//! stands word for word in the stored passage it cites: that is checked last, on the stored text.

mod aliases;
mod answer;
mod computed;
mod error;
mod kept;
mod proposed;
mod ranker;
mod related;
mod retrieve;
pub(crate) mod routes;
mod statistics;
pub(crate) mod stream;
mod topics;
mod wanted;
mod warning;
mod wire;
mod write;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use generate::prompt;
use index::Index;
use shared::db::Db;
use shared::turns::Turns;
use tokio::runtime::Handle;
use tokio::sync::OwnedMutexGuard;

pub(crate) use aliases::Aliases;
pub(crate) use error::QueryError;
pub(crate) use kept::{AnswerStatus, Answers};
pub(crate) use ranker::Ranker;
pub(crate) use retrieve::{Passage, Retrieved};
pub(crate) use stream::Frames;
pub use topics::{Section, TopicRequest, TopicResponse};
pub use wire::{
    AnswerWarning, Mode, QueryConfig, QueryRequest, QueryResponse, RelatedSection, Search,
    SearchHit, SearchRequest, SearchResponse, Source, Timings, TokenUsage, Turn,
};

use crate::embedding::Embedding;
use crate::models::Models;
use crate::query::wire::Asked;
use crate::tables::TableService;

/// Defaults of retrieval, from the settings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetrievalSettings {
    /// Sources of an answer, unless asked otherwise; 1 to 50.
    pub top_k: usize,
    /// Passages taken from each of full text and vectors.
    pub fetch: usize,
    /// Lowest score of a source, 0 to 1.
    pub min_score: f32,
    /// Questions searched for at a time.
    pub concurrency: usize,
    /// More that may wait; whoever comes on top is told to come again.
    pub waiting: usize,
}

/// Answers questions.
pub struct QueryService {
    db: Db,
    index: Index,
    embedding: Arc<Embedding>,
    ranker: RwLock<Arc<Ranker>>,
    statistics: statistics::CollectionTerms,
    aliases: Arc<Aliases>,
    models: Arc<Models>,
    answers: Arc<Answers>,
    tables: Arc<TableService>,
    /// At searching: it is what takes processor and memory. Writing an answer is waiting for a chat model.
    turns: Turns,
    /// Where searching happens.
    runtime: Handle,
    settings: RetrievalSettings,
}

/// A question that was checked, and what was found for it.
pub(crate) struct Prepared {
    started: Instant,
    asked: Asked,
    standalone: Option<String>,
    /// Where the answer is kept; nobody else answers the same question meanwhile.
    key: Option<(String, Option<OwnedMutexGuard<()>>)>,
    found: Found,
}

enum Found {
    Kept(Box<QueryResponse>),
    Now(Box<Retrieved>),
}

impl QueryService {
    /// Answers from `index`, ranking by `ranker` until another one takes its place; searches on the current runtime,
    /// which must outlive it.
    pub(crate) fn new(
        db: Db,
        index: Index,
        embedding: Arc<Embedding>,
        ranker: Ranker,
        (aliases, models, answers): (Arc<Aliases>, Arc<Models>, Arc<Answers>),
        tables: Arc<TableService>,
        settings: RetrievalSettings,
    ) -> Self {
        Self {
            db,
            statistics: statistics::CollectionTerms::new(index.clone()),
            index,
            embedding,
            ranker: RwLock::new(Arc::new(ranker)),
            aliases,
            models,
            answers,
            tables,
            turns: Turns::new(settings.concurrency, settings.waiting),
            runtime: Handle::current(),
            settings,
        }
    }

    /// What passages are ranked by at this moment.
    pub(crate) fn ranker(&self) -> Arc<Ranker> {
        Arc::clone(&self.ranker.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Ranks by another one from now on. Questions that are being answered go on with the one they began with; answers that
    /// were kept by the one before are not looked at any more.
    pub(crate) fn rank_by(&self, ranker: Ranker) {
        *self.ranker.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ranker);
    }

    /// Answers a question with proven quotes, or says that the material does not hold the answer.
    pub async fn answer(
        self: &Arc<Self>,
        request: &QueryRequest,
    ) -> Result<QueryResponse, QueryError> {
        let prepared = self.prepare(request).await?;
        Ok(self.complete(prepared, None).await)
    }

    /// Checks a question and finds what its answer may rest on; what is kept is taken from there.
    pub(crate) async fn prepare(
        self: &Arc<Self>,
        request: &QueryRequest,
    ) -> Result<Prepared, QueryError> {
        let started = Instant::now();
        let mut asked = request.check(&self.settings)?;
        // Ahead of everything that reads: what is refused must cost nothing.
        self.turns.look()?;
        let mut key = None;
        if let Some(name) = self.key(&asked).await? {
            let turn = self.answers.turn(&name).await;
            let kept = self.answers.get(&name, &self.db).await?;
            self.answers.count(kept.is_some());
            if let Some(response) = kept {
                return Ok(Prepared {
                    started,
                    asked,
                    standalone: None,
                    key: None,
                    found: Found::Kept(Box::new(response)),
                });
            }
            key = Some((name, turn));
        }
        let standalone = write::stand_alone(&self.models, &asked).await;
        if let Some(question) = &standalone {
            asked.question.clone_from(question);
        }
        let retrieved = self.retrieve(&asked).await?;
        Ok(Prepared {
            started,
            asked,
            standalone,
            key,
            found: Found::Now(Box::new(retrieved)),
        })
    }

    /// Answers from what was found. Words go to `tokens` as soon as they are proven.
    ///
    /// # Cancel safety
    /// Dropping the future ends the call to the chat model; nothing is kept.
    pub(crate) async fn complete(
        &self,
        prepared: Prepared,
        tokens: write::Tokens,
    ) -> QueryResponse {
        let Prepared {
            started,
            asked,
            standalone,
            key,
            found,
        } = prepared;
        let (mut response, timings) = match found {
            Found::Kept(mut response) => {
                write::send_lines(&tokens, &response.answer).await;
                // It was paid for once.
                response.cost = 0.0;
                response.usage = None;
                (*response, Timings::default())
            }
            Found::Now(retrieved) => {
                let (mut response, is_whole) = self.write(&asked, &retrieved, &tokens).await;
                response.standalone_question = standalone;
                response.related = related::sections(&retrieved, &response.sources);
                if let Some((name, _turn)) =
                    key.filter(|_| is_whole && is_lasting(&asked, &retrieved, &response))
                {
                    let versions = versions(&retrieved, &response);
                    self.answers.keep(&name, &response, versions).await;
                }
                (response, retrieved.timings)
            }
        };
        response.response_time = started.elapsed().as_secs_f64();
        response.timings = Timings {
            total_ms: response.response_time * 1000.0,
            ..timings
        };
        response
    }

    /// The answer, and whether all who were to be asked for it answered.
    async fn write(
        &self,
        asked: &Asked,
        retrieved: &Retrieved,
        tokens: &write::Tokens,
    ) -> (QueryResponse, bool) {
        let quoted = answer::extractive(asked, retrieved);
        let heard = self.compute(asked, retrieved).await;
        let computed = heard.said.and_then(|said| said.beside(&quoted));
        let is_written = quoted.mode == Mode::Extractive
            && asked.wanted.generate
            && self.models.chain().is_available();
        let response = if let Some(computed) = computed {
            write::send_lines(tokens, &computed.answer).await;
            *computed
        } else if is_written {
            write::answer(&self.models, asked, retrieved, quoted, tokens).await
        } else {
            write::send_lines(tokens, &quoted.answer).await;
            quoted
        };
        (response.with_costs(heard.spent), !heard.is_lacking)
    }

    /// Where the answer to a question is kept.
    async fn key(&self, asked: &Asked) -> Result<Option<String>, QueryError> {
        let generation = self.index.generation().await?.to_string();
        let chat = self.models.chain().first(asked.wanted.model.as_deref());
        let embedder = self
            .embedding
            .active()
            .map(|active| active.embedder.model_id().to_owned());
        let ranker = self.ranker();
        let surroundings = [
            generation.as_str(),
            chat.as_deref().unwrap_or_default(),
            embedder.as_deref().unwrap_or_default(),
            &prompt::VERSION.to_string(),
            ranker.name(),
            &format!("{:?} {}", self.tables.settings(), proposed::VERSION),
            env!("CARGO_PKG_VERSION"),
        ];
        Ok(self.answers.key(asked, &surroundings))
    }

    /// Questions that wait for their turn.
    pub(crate) fn waiting(&self) -> usize {
        self.turns.waiting()
    }

    /// How kept answers do.
    pub(crate) fn kept(&self) -> AnswerStatus {
        self.answers.status()
    }

    /// What an answer would rest on, for evaluation and learning.
    pub(crate) async fn retrieve_for(
        self: &Arc<Self>,
        request: &QueryRequest,
    ) -> Result<Retrieved, QueryError> {
        let asked = request.check(&self.settings)?;
        self.retrieve(&asked).await
    }

    /// The best passages for a query, in order.
    pub async fn search(
        self: &Arc<Self>,
        request: &SearchRequest,
    ) -> Result<SearchResponse, QueryError> {
        let asked = request.check(&self.settings)?;
        let retrieved = self.retrieve(&asked).await?;
        Ok(answer::hits(&asked, &retrieved))
    }
}

/// Whether an answer would be the same the next time: not one that stands in for another while something is away.
fn is_lasting(asked: &Asked, retrieved: &Retrieved, response: &QueryResponse) -> bool {
    if response.mode == Mode::Table {
        // Computed anew faster than kept well.
        return false;
    }
    let found_all = asked.search == Search::Text || retrieved.has_vectors;
    let stands_in = [
        "model_unavailable",
        "stream_broken",
        "nothing_proven",
        "cut",
    ];
    let is_whole = |warning: &AnswerWarning| !stands_in.contains(&warning.code.as_str());
    found_all && response.warnings.iter().all(is_whole)
}

/// The version of each material that an answer cites.
fn versions(retrieved: &Retrieved, response: &QueryResponse) -> BTreeMap<String, String> {
    let cites = |passage: &&Passage| {
        let mut sources = response.sources.iter();
        sources.any(|source| source.chunk_id == passage.chunk.id)
    };
    let cited = retrieved.passages.iter().filter(cites);
    cited
        .map(|passage| {
            (
                passage.chunk.material_id.clone(),
                passage.chunk.version.clone(),
            )
        })
        .collect()
}
