//! What is asked and what is answered, on the wire and checked.

use extract::Locator;
use rank::Fusion;
use serde::{Deserialize, Serialize};
use shared::problem::Invalid;
use tables::Outcome;
use tables::plan::Plan;

use super::RetrievalSettings;
use super::wanted::Wanted;
pub use super::warning::AnswerWarning;
use crate::catalogue::Lesson;
use crate::materials::MaterialId;

/// Most characters of a question; longer ones are no questions.
const MAX_QUESTION: usize = 50_000;
/// Most sources of an answer.
const MAX_TOP_K: i64 = 50;
/// Most hits of a search.
const MAX_HITS: i64 = 100;
/// Most materials to search in.
const MAX_MATERIALS: usize = 10_000;

/// A question.
#[derive(Debug, Clone, Default, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"question": "O que é hipertrofia?", "config": {"top_k": 5}}))]
pub struct QueryRequest {
    /// The question, in Portuguese or English.
    pub question: String,
    /// Only these materials; null for all.
    #[serde(default)]
    pub material_ids: Option<Vec<String>>,
    /// Only materials with one of these tags; null for all.
    #[serde(default)]
    pub tags: Option<Vec<String>>,
    /// Only materials of one of these types (`pdf`, `xlsx`…); null for all.
    #[serde(default)]
    pub types: Option<Vec<String>>,
    /// How to search.
    #[serde(default)]
    pub config: Option<QueryConfig>,
    /// What was said before, the oldest first; a follow-up is made to stand alone by it.
    #[serde(default)]
    pub history: Vec<Turn>,
    /// Level of the student: `beginner`, `intermediate` or `advanced`.
    #[serde(default)]
    pub level: Option<String>,
    /// Style of the answer: `visual`, `auditory`, `kinesthetic`, `reading` or `mixed`.
    #[serde(default)]
    pub style: Option<String>,
    /// Instructions of the course; `{context}`, `{question}` and `{chat_history}` in them are filled.
    #[serde(default)]
    pub prompt: Option<String>,
    /// Language of the answer, `pt` or `en`; told from the question where absent.
    #[serde(default)]
    pub language: Option<String>,
    /// What is being studied, for the chat model.
    #[serde(default)]
    pub topic: Option<String>,
    /// What the student wants to be able to do, for the chat model; 20 at most.
    #[serde(default)]
    pub objectives: Vec<String>,
}

/// One turn of a conversation.
#[derive(Debug, Clone, Default, Deserialize, Serialize, utoipa::ToSchema)]
pub struct Turn {
    /// `user` or `assistant`.
    pub role: String,
    /// What was said.
    pub content: String,
}

/// How to search and answer; absent fields take the server's settings.
#[derive(Debug, Clone, Default, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QueryConfig {
    /// Sources at most, 1 to 50.
    #[schema(minimum = 1, maximum = 50)]
    pub top_k: Option<i64>,
    /// Where to look.
    pub search: Option<Search>,
    /// Lowest score of a source, 0 to 1.
    #[schema(minimum = 0, maximum = 1)]
    pub min_score: Option<f64>,
    /// Rank again with the learned model; on unless told otherwise.
    pub rerank: Option<bool>,
    /// Prefer passages that differ from each other.
    pub mmr: Option<bool>,
    /// Let a chat model write the answer, where one is configured; else the best sentences are quoted.
    pub generate: Option<bool>,
    /// Chat model to begin with, by name (see `/models`); the others follow if it fails.
    pub model: Option<String>,
    /// Temperature of the chat model, 0 to 2.
    #[schema(minimum = 0, maximum = 2)]
    pub temperature: Option<f64>,
}

/// Where to look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Search {
    /// Words and meaning.
    #[default]
    Hybrid,
    /// Words alone.
    Text,
    /// Meaning alone.
    Vector,
}

/// A search.
#[derive(Debug, Clone, Default, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"query": "descanso entre séries", "limit": 10}))]
pub struct SearchRequest {
    /// What to look for.
    pub query: String,
    /// Hits at most, 1 to 100; 10 unless told otherwise.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 100)]
    pub limit: Option<i64>,
    /// Only these materials; null for all.
    #[serde(default)]
    pub material_ids: Option<Vec<String>>,
    /// Only materials with one of these tags; null for all.
    #[serde(default)]
    pub tags: Option<Vec<String>>,
    /// Only materials of one of these types; null for all.
    #[serde(default)]
    pub types: Option<Vec<String>>,
    /// How to search.
    #[serde(default)]
    pub config: Option<QueryConfig>,
}

/// A request that has been checked.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) question: String,
    pub(crate) material_ids: Option<Vec<String>>,
    pub(crate) tags: Option<Vec<String>>,
    pub(crate) types: Option<Vec<String>>,
    pub(crate) limit: usize,
    pub(crate) fetch: usize,
    pub(crate) search: Search,
    pub(crate) fusion: Fusion,
    pub(crate) min_score: f32,
    pub(crate) mmr: bool,
    /// Whether to answer in English; told from the question where nobody says.
    pub(crate) english: Option<bool>,
    /// How the answer is to be written.
    pub(crate) wanted: Wanted,
}

impl QueryRequest {
    /// Checks ranges; every fault is reported with its field.
    pub(crate) fn check(&self, settings: &RetrievalSettings) -> Result<Asked, Invalid> {
        let config = self.config.clone().unwrap_or_default();
        let mut invalid = Invalid::new();
        let top_k = config.top_k.unwrap_or(settings.top_k as i64);
        if !(1..=MAX_TOP_K).contains(&top_k) {
            invalid = invalid.field(
                "/config/top_k",
                "out_of_range",
                "O número de fontes deve ficar entre 1 e 50.",
            );
        }
        let (wanted, invalid) = Wanted::check(self, invalid);
        check(
            "/question",
            &self.question,
            self.material_ids.as_ref(),
            &config,
            settings,
            invalid,
        )
        .map(|asked| Asked {
            limit: top_k as usize,
            english: self
                .language
                .as_deref()
                .map(|language| language.starts_with("en")),
            tags: self.tags.clone(),
            types: self.types.clone(),
            wanted,
            ..asked
        })
    }
}

impl SearchRequest {
    /// Checks ranges; every fault is reported with its field.
    pub(crate) fn check(&self, settings: &RetrievalSettings) -> Result<Asked, Invalid> {
        let config = self.config.clone().unwrap_or_default();
        let mut invalid = Invalid::new();
        let asked = [("/limit", self.limit), ("/config/top_k", config.top_k)];
        let limit = self.limit.or(config.top_k).unwrap_or(10);
        for (pointer, _) in asked
            .into_iter()
            .filter(|(_, asked)| asked.is_some_and(|asked| !(1..=MAX_HITS).contains(&asked)))
        {
            invalid = invalid.field(
                pointer,
                "out_of_range",
                "O número de resultados deve ficar entre 1 e 100.",
            );
        }
        check(
            "/query",
            &self.query,
            self.material_ids.as_ref(),
            &config,
            settings,
            invalid,
        )
        .map(|asked| Asked {
            limit: limit as usize,
            fetch: asked.fetch.max(limit as usize),
            min_score: config.min_score.unwrap_or(0.0) as f32,
            tags: self.tags.clone(),
            types: self.types.clone(),
            ..asked
        })
    }
}

pub(super) fn check(
    pointer: &str,
    question: &str,
    material_ids: Option<&Vec<String>>,
    config: &QueryConfig,
    settings: &RetrievalSettings,
    mut invalid: Invalid,
) -> Result<Asked, Invalid> {
    let question = question.trim();
    let characters = question.chars().count();
    if characters == 0 {
        invalid = invalid.field(pointer, "blank", "Escreva uma pergunta.");
    } else if characters > MAX_QUESTION {
        invalid = invalid.field(
            pointer,
            "too_long",
            "A pergunta passa de 50.000 caracteres.",
        );
    } else if question
        .chars()
        .any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
    {
        invalid = invalid.field(
            pointer,
            "control_characters",
            "A pergunta contém caracteres de controle.",
        );
    }
    let min_score = config.min_score.unwrap_or(f64::from(settings.min_score));
    if !(0.0..=1.0).contains(&min_score) {
        invalid = invalid.field(
            "/config/min_score",
            "out_of_range",
            "A nota mínima deve ficar entre 0 e 1.",
        );
    }
    if let Some(ids) = material_ids {
        if ids.len() > MAX_MATERIALS {
            invalid = invalid.field(
                "/material_ids",
                "too_many",
                "Indique no máximo 10.000 materiais.",
            );
        }
        for (position, id) in ids.iter().enumerate() {
            if MaterialId::parse(id).is_err() {
                invalid = invalid.field(
                    format!("/material_ids/{position}"),
                    "invalid_id",
                    "Este identificador de material não é válido.",
                );
                break;
            }
        }
    }
    let search = config.search.unwrap_or_default();
    let fusion = match (config.rerank.unwrap_or(true), search) {
        (true, _) => Fusion::Learned,
        (false, Search::Hybrid) => Fusion::MinMax,
        (false, Search::Text) => Fusion::Text,
        (false, Search::Vector) => Fusion::Vector,
    };
    invalid.or(Asked {
        question: question.to_owned(),
        english: None,
        wanted: Wanted::default(),
        material_ids: material_ids.cloned(),
        tags: None,
        types: None,
        limit: settings.top_k,
        fetch: settings.fetch,
        search,
        fusion,
        min_score: min_score as f32,
        mmr: config.mmr.unwrap_or(false),
    })
}

/// How an answer came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Written by a chat model; every citation was checked.
    Generated,
    /// The best sentences of the material, quoted.
    Extractive,
    /// Computed on tables of the material, or a question back about what is to be computed.
    Table,
    /// The material does not hold the answer.
    NotFound,
}

/// An answer with its proof.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct QueryResponse {
    /// Markdown; `[n]` names the source with that `n`.
    pub answer: String,
    /// How the answer came about.
    pub mode: Mode,
    /// What the answer rests on, the best first; empty when the material does not hold the answer.
    pub sources: Vec<Source>,
    /// Probability that the material answers the question, 0 to 1.
    pub confidence: f32,
    /// The chat model that wrote the answer; null for quotes.
    pub model: Option<String>,
    /// Tokens used; null where no chat model was asked, and for an answer that was kept.
    pub usage: Option<TokenUsage>,
    /// Cost in US dollars; 0 without a chat model, and for an answer that was kept.
    pub cost: f64,
    /// What was found wrong with what a chat model wrote, and why the answer is quoted if it failed; or what to know of the
    /// cells that were computed with.
    #[serde(default)]
    pub warnings: Vec<AnswerWarning>,
    /// What was computed, where `mode` is `table`; several where the question can be meant in several ways.
    #[serde(default)]
    pub computed: Vec<Computed>,
    /// The question that was searched for, where the one asked did not stand alone.
    #[serde(default)]
    pub standalone_question: Option<String>,
    /// Sections of the material next to what the answer cites.
    #[serde(default)]
    pub related: Vec<RelatedSection>,
    /// Seconds.
    pub response_time: f64,
    /// Where the time went.
    pub timings: Timings,
}

/// A plan that was computed on the tables of a material.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Computed {
    /// Id of the material.
    pub material_id: String,
    /// The chat model that proposed it, where the question could not be read without one: the result is exact, but whether
    /// it is what was asked is for people to judge by `formula` and `plan`. Null where every word of the question was read.
    #[serde(default)]
    pub proposed_by: Option<String>,
    /// What was computed, in words.
    pub formula: String,
    /// What was computed; `POST /tables/query` takes it as it is.
    #[schema(value_type = Object)]
    pub plan: Plan,
    /// What it came to: columns, at most 200 rows of `row_count`, the cells it comes from.
    #[schema(value_type = Object)]
    pub outcome: Outcome,
}

/// Tokens that a chat model read and wrote.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TokenUsage {
    /// Read.
    pub prompt_tokens: u64,
    /// Written.
    pub completion_tokens: u64,
    /// Both.
    pub total_tokens: u64,
}

/// A section of a material that an answer touches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RelatedSection {
    /// Its heading, as it stands there.
    pub title: String,
    /// Id of the material.
    pub material_id: String,
    /// Name of the material: a relative path.
    pub source: String,
    /// Page, from 1; null where there are no pages.
    pub page: Option<u32>,
}

/// Where the time went, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Timings {
    /// Embedding the question.
    pub embed_ms: f64,
    /// Searching the index; text and vectors side by side.
    pub search_ms: f64,
    /// Ranking.
    pub rank_ms: f64,
    /// All of it.
    pub total_ms: f64,
}

/// A passage that an answer rests on.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Source {
    /// Number in the answer, from 1.
    pub n: usize,
    /// Id of the material.
    pub material_id: String,
    /// Id of the passage.
    pub chunk_id: String,
    /// Lesson the material belongs to, as people know it, or title of the material.
    pub title: String,
    /// Name of the material: a relative path.
    pub source: String,
    /// Title and place of the quote, for people: `Módulo 1, Aula 3 — 'Hipertrofia', p. 2`.
    pub citation: String,
    /// Lesson the material belongs to by the course catalogue; null outside it.
    pub lesson: Option<Lesson>,
    /// Page of the quote, from 1; null where there are no pages.
    pub page: Option<u32>,
    /// Sheet of the quote; null where there are none.
    pub sheet: Option<String>,
    /// Cells of the quote in A1 notation; null where there are none.
    pub range: Option<String>,
    /// Exact place of the quote.
    #[schema(value_type = Object)]
    pub locator: Locator,
    /// Words that stand in the passage exactly as given here.
    pub quote: String,
    /// The whole passage.
    pub chunk: String,
    /// Probability that the passage answers the question, 0 to 1.
    pub score: f32,
}

/// The best passages for a query.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SearchResponse {
    /// The best first.
    pub hits: Vec<SearchHit>,
}

/// A passage found.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SearchHit {
    /// Id of the material.
    pub material_id: String,
    /// Id of the passage.
    pub chunk_id: String,
    /// Lesson the material belongs to, as people know it, or title of the material.
    pub title: String,
    /// Name of the material: a relative path.
    pub source: String,
    /// Title and place of the passage, for people.
    pub citation: String,
    /// Page, from 1.
    pub page: Option<u32>,
    /// Sheet.
    pub sheet: Option<String>,
    /// Cells in A1 notation.
    pub range: Option<String>,
    /// Exact place of the passage.
    #[schema(value_type = Object)]
    pub locator: Locator,
    /// The passage.
    pub text: String,
    /// Probability that the passage answers the query, 0 to 1.
    pub score: f32,
}
