//! From a question to ranked passages.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use index::{Filter, SentenceVectors, StoredChunk};
use rank::{Candidate, Question, Ranking, Statistics};
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument as _;

use super::wire::{Asked, Search, Timings};
use super::{QueryError, QueryService};
use crate::catalogue::{self, Placed};
use crate::embedding::Active;
use crate::materials::{CitedRow, MaterialState, store};

/// λ of maximal marginal relevance (Carbonell & Goldstein 1998), as in the earlier system.
const MMR_LAMBDA: f32 = 0.5;

/// A candidate passage with all that ranking and citing need.
pub(crate) struct Passage {
    pub(crate) chunk: StoredChunk,
    /// Lesson it belongs to, as people know it, or title of its material.
    pub(crate) title: String,
    pub(crate) source: String,
    /// Its lesson, where the course catalogue has one.
    pub(crate) placed: Option<Placed>,
    text_score: Option<f32>,
    similarity: Option<f32>,
    sentence_vectors: Vec<Vec<f32>>,
    spans: Vec<Range<usize>>,
}

impl Passage {
    /// As the ranking sees it.
    pub(super) fn candidate(&self) -> Candidate<'_> {
        let mut candidate = Candidate::new(&self.chunk.chunk.text);
        candidate.sentences = &self.spans;
        candidate.text_score = self.text_score;
        candidate.similarity = self.similarity;
        candidate.sentence_vectors = &self.sentence_vectors;
        candidate
    }
}

/// What was found for a question.
pub(crate) struct Retrieved {
    pub(crate) question: Question,
    pub(crate) query_vector: Option<Vec<f32>>,
    /// The question was searched for by meaning too.
    pub(crate) has_vectors: bool,
    pub(crate) statistics: Arc<Statistics>,
    pub(crate) passages: Vec<Passage>,
    /// Positions in `passages`, the best first.
    pub(crate) ranking: Ranking,
    pub(crate) timings: Timings,
}

impl Retrieved {
    /// What is measured of its passages, in their order.
    pub(crate) fn features(&self, model: &rank::Model) -> rank::Features {
        let candidates: Vec<Candidate<'_>> = self.passages.iter().map(Passage::candidate).collect();
        rank::features(
            &self.question,
            self.query_vector.as_deref(),
            &candidates,
            &self.statistics,
            model.embedder(),
        )
    }
}

impl QueryService {
    /// Searches, gathers and ranks, when its turn comes.
    ///
    /// Not on the thread that answers HTTP: that one would be late for everybody else meanwhile.
    ///
    /// # Cancel safety
    /// Whoever is dropped gives up its turn, or stops searching.
    pub(crate) async fn retrieve(self: &Arc<Self>, asked: &Asked) -> Result<Retrieved, QueryError> {
        let turn = self.turns.take().await?;
        let (service, asked) = (Arc::clone(self), asked.clone());
        let searching = async move {
            let _turn = turn;
            service.search_and_rank(&asked).await
        };
        let searching = self.runtime.spawn(searching.in_current_span());
        AbortOnDropHandle::new(searching).await?
    }

    async fn search_and_rank(&self, asked: &Asked) -> Result<Retrieved, QueryError> {
        let filter = self.filter(asked).await?;
        let statistics = self.statistics.current().await?;
        let active = match (asked.search, self.embedding.active()) {
            (Search::Text, _) => None,
            (Search::Vector, None) => return Err(QueryError::NoVectors),
            (_, active) => active,
        };

        let search_started = Instant::now();
        let (text_hits, (query_vector, vector_hits, embed_ms)) = futures::try_join!(
            self.by_text(asked, &filter),
            self.by_vector(asked, &filter, active.as_deref())
        )?;
        let found = self
            .gather(
                text_hits,
                vector_hits,
                active.as_deref().zip(query_vector.as_deref()),
            )
            .await?;
        let passages = self.keep_current(found).await?;
        let search_ms = millis(search_started);

        let has_vectors = query_vector.is_some();
        let rank_started = Instant::now();
        let (ranker, fusion, mmr) = (self.ranker(), asked.fusion, asked.mmr);
        // Vectors of another model than the ranking was fitted with would mislead it: then the text alone ranks.
        let query_vector = query_vector.filter(|_| {
            active
                .as_ref()
                .is_some_and(|one| ranker.model.knows_embedder(one.embedder.model_id()))
        });
        let text = asked.question.clone();
        let limit = asked.limit;
        let ranked = shared::telemetry::spawn_blocking_in_span(move || {
            let question = Question::new(&text, &statistics);
            let candidates: Vec<Candidate<'_>> = passages.iter().map(Passage::candidate).collect();
            let mut ranking = rank::rank(
                &question,
                query_vector.as_deref(),
                &candidates,
                &statistics,
                fusion,
                &ranker.model,
            );
            if mmr {
                let order = rank::diversify(&ranking, &candidates, MMR_LAMBDA, limit);
                ranking.passages = order
                    .into_iter()
                    .filter_map(|at| ranking.passages.get(at).cloned())
                    .collect();
            }
            drop(candidates);
            (question, query_vector, statistics, passages, ranking)
        })
        .await?;
        let (question, query_vector, statistics, passages, ranking) = ranked;
        let timings = Timings {
            embed_ms,
            search_ms,
            rank_ms: millis(rank_started),
            total_ms: 0.0,
        };
        Ok(Retrieved {
            question,
            query_vector,
            has_vectors,
            statistics,
            passages,
            ranking,
            timings,
        })
    }

    async fn by_text(
        &self,
        asked: &Asked,
        filter: &Filter,
    ) -> Result<Vec<index::TextHit>, QueryError> {
        let mut terms = terms::terms(&asked.question);
        for synonym in self.aliases.of(&asked.question) {
            terms.extend(terms::terms(synonym));
        }
        let terms = terms.join(" ");
        if asked.search == Search::Vector || terms.is_empty() {
            return Ok(Vec::new());
        }
        Ok(self.index.search_text(&terms, filter, asked.fetch).await?)
    }

    /// Hits by vector; an embedder that is away leaves the search to the text.
    async fn by_vector(
        &self,
        asked: &Asked,
        filter: &Filter,
        active: Option<&Active>,
    ) -> Result<(Option<Vec<f32>>, Vec<index::VectorHit>, f64), QueryError> {
        let Some(active) = active else {
            return Ok((None, Vec::new(), 0.0));
        };
        let started = Instant::now();
        let vector = match active.embedder.embed_query(&asked.question).await {
            Ok(vector) => vector,
            Err(error) if asked.search == Search::Hybrid => {
                tracing::warn!(error = %shared::telemetry::chain(&error), "full text answers alone: {error}");
                return Ok((None, Vec::new(), millis(started)));
            }
            Err(_) => return Err(QueryError::NoVectors),
        };
        let embed_ms = millis(started);
        match active.table.search(&vector, filter, asked.fetch).await {
            Ok(hits) => Ok((Some(vector), hits, embed_ms)),
            // The table may have gone at this moment, as another model took over.
            Err(error) if asked.search == Search::Hybrid => {
                tracing::warn!(error = %shared::telemetry::chain(&error), "full text answers alone: {error}");
                Ok((None, Vec::new(), embed_ms))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Brings the hits of both searches together, and what each of them does not know of the other's.
    async fn gather(
        &self,
        text_hits: Vec<index::TextHit>,
        vector_hits: Vec<index::VectorHit>,
        query: Option<(&Active, &[f32])>,
    ) -> Result<Vec<Found>, QueryError> {
        let mut found: BTreeMap<String, Found> = BTreeMap::new();
        for hit in text_hits {
            let one = found.entry(hit.chunk.id.clone()).or_default();
            one.text_score = Some(hit.score);
            one.chunk = Some(hit.chunk);
        }
        for hit in vector_hits {
            let one = found.entry(hit.chunk_id).or_default();
            one.similarity = Some(hit.cosine);
            one.sentences = Some(hit.sentences);
        }
        let lacking = |is_lacking: fn(&Found) -> bool| -> Vec<String> {
            let lacking = found.iter().filter(|(_, one)| is_lacking(one));
            lacking.map(|(id, _)| id.clone()).collect()
        };
        let without_chunk = lacking(|one| one.chunk.is_none());
        let without_vector = lacking(|one| one.similarity.is_none());
        let vectors = async {
            match query {
                Some((active, _)) => active.table.get(&without_vector).await,
                None => Ok(Vec::new()),
            }
        };
        let (chunks, vectors) = futures::try_join!(self.index.chunks(&without_chunk), vectors)?;
        for chunk in chunks {
            if let Some(one) = found.get_mut(&chunk.id) {
                one.chunk = Some(chunk);
            }
        }
        for stored in vectors {
            if let (Some(one), Some((_, query))) = (found.get_mut(&stored.chunk_id), query) {
                one.similarity = Some(stored.vector.iter().zip(query).map(|(a, b)| a * b).sum());
                one.sentences = Some(stored.sentences);
            }
        }
        Ok(found.into_values().collect())
    }

    /// Materials by tag and type are looked up here, so that the index filters by material alone.
    pub(super) async fn filter(&self, asked: &Asked) -> Result<Filter, QueryError> {
        if asked.tags.is_none() && asked.types.is_none() {
            return Ok(Filter {
                material_ids: asked.material_ids.clone(),
            });
        }
        let fits = |row: &CitedRow| {
            let tags: Vec<String> = serde_json::from_str(&row.tags).unwrap_or_default();
            asked
                .tags
                .as_ref()
                .is_none_or(|wanted| wanted.iter().any(|tag| tags.contains(tag)))
                && asked
                    .types
                    .as_ref()
                    .is_none_or(|wanted| wanted.iter().any(|kind| row.kind.as_ref() == Some(kind)))
                && asked
                    .material_ids
                    .as_ref()
                    .is_none_or(|ids| ids.contains(&row.id))
        };
        let rows = store::labelled(&self.db).await?;
        Ok(Filter {
            material_ids: Some(rows.into_iter().filter(fits).map(|row| row.id).collect()),
        })
    }

    /// Drops what belongs to a material that is gone or to another version of it: rows are the truth, not the index.
    async fn keep_current(&self, found: Vec<Found>) -> Result<Vec<Passage>, QueryError> {
        let ids: BTreeSet<&str> = found
            .iter()
            .filter_map(|one| Some(one.chunk.as_ref()?.material_id.as_str()))
            .collect();
        let ids: Vec<&str> = ids.into_iter().collect();
        let rows: BTreeMap<String, CitedRow> = store::cited(&self.db, &ids)
            .await?
            .into_iter()
            .map(|row| (row.id.clone(), row))
            .collect();
        let sources = rows.values().map(|row| row.source.as_str());
        let lessons = catalogue::lessons_of(&self.db, sources).await?;
        let current = |one: Found| {
            // Without a chunk its material was removed between the search for its vector and now.
            let chunk = one.chunk?;
            let row = rows.get(&chunk.material_id)?;
            // While a new version is being written the index holds the one or the other, never both.
            let is_switching = row.state == MaterialState::Indexing.as_str();
            (is_switching || row.indexed_version.as_ref() == Some(&chunk.version)).then(|| {
                let placed = lessons.get(&row.source).cloned();
                Passage {
                    title: placed
                        .as_ref()
                        .map_or_else(|| row.title.clone(), |placed| placed.lesson.label()),
                    source: row.source.clone(),
                    placed,
                    text_score: one.text_score,
                    similarity: one.similarity,
                    sentence_vectors: one
                        .sentences
                        .map(|vectors| vectors.vectors())
                        .unwrap_or_default(),
                    spans: chunk
                        .chunk
                        .sentences
                        .iter()
                        .map(|sentence| sentence.start as usize..sentence.end as usize)
                        .collect(),
                    chunk,
                }
            })
        };
        Ok(found.into_iter().filter_map(current).collect())
    }
}

/// What the searches told of a passage.
#[derive(Default)]
struct Found {
    chunk: Option<StoredChunk>,
    text_score: Option<f32>,
    similarity: Option<f32>,
    sentences: Option<SentenceVectors>,
}

fn millis(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}
