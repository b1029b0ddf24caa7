//! From a question to ranked passages.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use index::{Filter, SentenceVectors, StoredChunk};
use rank::{Candidate, Question, Ranking, Statistics};

use super::wire::{Asked, Search, Timings};
use super::{QueryError, QueryService};
use crate::embedding::Active;
use crate::materials::MaterialState;
use crate::materials::store::{self, CitedRow};

/// λ of maximal marginal relevance (Carbonell & Goldstein 1998), as in the earlier system.
const MMR_LAMBDA: f32 = 0.5;

/// A candidate passage with all that ranking and citing need.
pub(crate) struct Passage {
    pub(crate) chunk: StoredChunk,
    pub(crate) title: String,
    pub(crate) source: String,
    text_score: Option<f32>,
    similarity: Option<f32>,
    sentence_vectors: Vec<Vec<f32>>,
    spans: Vec<Range<usize>>,
}

impl Passage {
    /// As the ranking sees it.
    pub(crate) fn candidate(&self) -> Candidate<'_> {
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
    pub(crate) statistics: Arc<Statistics>,
    pub(crate) passages: Vec<Passage>,
    /// Positions in `passages`, the best first.
    pub(crate) ranking: Ranking,
    pub(crate) timings: Timings,
}

impl QueryService {
    /// Searches, gathers and ranks.
    pub(crate) async fn retrieve(&self, asked: &Asked) -> Result<Retrieved, QueryError> {
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
        let mut found: BTreeMap<String, Found> = BTreeMap::new();
        for hit in text_hits {
            found
                .entry(hit.chunk.id.clone())
                .or_insert_with(|| Found::new(hit.chunk))
                .text_score = Some(hit.score);
        }
        for hit in vector_hits {
            let one = found
                .entry(hit.chunk.id.clone())
                .or_insert_with(|| Found::new(hit.chunk));
            one.similarity = Some(hit.cosine);
            one.sentences = Some(hit.sentences);
        }
        if let (Some(active), Some(vector)) = (active.as_deref(), query_vector.as_deref()) {
            fill_in_vectors(active, vector, &mut found).await?;
        }
        let passages = self.keep_current(found).await?;
        let search_ms = millis(search_started);

        let rank_started = Instant::now();
        let (model, fusion, mmr) = (Arc::clone(&self.model), asked.fusion, asked.mmr);
        // Vectors of another model than the ranking was fitted with would mislead it: then the text alone ranks.
        let query_vector = query_vector.filter(|_| {
            active
                .as_ref()
                .is_some_and(|one| model.knows_embedder(one.embedder.model_id()))
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
                &model,
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
        let terms = terms::terms(&asked.question).join(" ");
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
        let hits = self
            .index
            .search_vectors(&active.table, &vector, filter, asked.fetch)
            .await?;
        Ok((Some(vector), hits, embed_ms))
    }

    /// Materials by tag and type are looked up here, so that the index filters by material alone.
    async fn filter(&self, asked: &Asked) -> Result<Filter, QueryError> {
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
    async fn keep_current(
        &self,
        found: BTreeMap<String, Found>,
    ) -> Result<Vec<Passage>, QueryError> {
        let mut rows: BTreeMap<String, Option<CitedRow>> = BTreeMap::new();
        for one in found.values() {
            let id = &one.chunk.material_id;
            if !rows.contains_key(id) {
                rows.insert(id.clone(), store::cited(&self.db, id).await?);
            }
        }
        let mut passages = Vec::with_capacity(found.len());
        for one in found.into_values() {
            let Some(Some(row)) = rows.get(&one.chunk.material_id) else {
                continue;
            };
            // While a new version is being written the index holds the one or the other, never both.
            let is_switching = row.state == MaterialState::Indexing.as_str();
            if row.indexed_version.as_ref() != Some(&one.chunk.version) && !is_switching {
                continue;
            }
            passages.push(one.into_passage(row));
        }
        Ok(passages)
    }
}

/// A hit of either search.
struct Found {
    chunk: StoredChunk,
    text_score: Option<f32>,
    similarity: Option<f32>,
    sentences: Option<SentenceVectors>,
}

impl Found {
    fn new(chunk: StoredChunk) -> Self {
        Self {
            chunk,
            text_score: None,
            similarity: None,
            sentences: None,
        }
    }

    fn into_passage(self, row: &CitedRow) -> Passage {
        let chunk = &self.chunk.chunk;
        let spans = chunk
            .sentences
            .iter()
            .map(|one| one.start as usize..one.end as usize)
            .collect();
        Passage {
            title: row.title.clone(),
            source: row.source.clone(),
            text_score: self.text_score,
            similarity: self.similarity,
            sentence_vectors: self
                .sentences
                .map(|vectors| vectors.vectors())
                .unwrap_or_default(),
            spans,
            chunk: self.chunk,
        }
    }
}

/// Vectors of passages that only the text search found.
async fn fill_in_vectors(
    active: &Active,
    query: &[f32],
    found: &mut BTreeMap<String, Found>,
) -> Result<(), QueryError> {
    let missing: Vec<String> = found
        .iter()
        .filter(|(_, one)| one.similarity.is_none())
        .map(|(id, _)| id.clone())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    for stored in active.table.get(&missing).await? {
        if let Some(one) = found.get_mut(&stored.chunk_id) {
            one.similarity = Some(stored.vector.iter().zip(query).map(|(a, b)| a * b).sum());
            one.sentences = Some(stored.sentences);
        }
    }
    Ok(())
}

fn millis(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}
