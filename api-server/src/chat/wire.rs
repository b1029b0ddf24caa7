//! What the rag-server is asked and what it answers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A question to the rag-server. Fields that an earlier rag-server does not know are sent only when they have a value.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct RagQuestion {
    pub(crate) question: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) history: Vec<Turn>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) level: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) style: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) prompt: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) language: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) topic: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) objectives: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) material_ids: Option<Vec<String>>,
    pub(crate) config: RagConfig,
}

/// How to search and answer.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct RagConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) top_k: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mmr: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) generate: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) model: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) temperature: Option<f64>,
}

/// What was said before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Turn {
    /// `user` or `assistant`.
    pub(crate) role: &'static str,
    pub(crate) content: String,
}

/// An answer of the rag-server.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct RagAnswer {
    pub(crate) answer: String,
    pub(crate) mode: String,
    #[serde(default)]
    pub(crate) sources: Vec<Source>,
    #[serde(default)]
    pub(crate) confidence: f64,
    #[serde(default)]
    pub(crate) model: Option<String>,
    #[serde(default)]
    pub(crate) usage: Option<Usage>,
    #[serde(default)]
    pub(crate) cost: f64,
    #[serde(default)]
    pub(crate) timings: Value,
    #[serde(default)]
    pub(crate) related: Vec<Related>,
    #[serde(default)]
    pub(crate) warnings: Vec<Value>,
    #[serde(default)]
    pub(crate) computed: Vec<Value>,
    #[serde(default)]
    pub(crate) standalone_question: Option<String>,
}

/// Tokens of a chat model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub(crate) struct Usage {
    /// Tokens read.
    #[serde(default)]
    pub prompt_tokens: i64,
    /// Tokens written.
    #[serde(default)]
    pub completion_tokens: i64,
}

/// A passage that an answer rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[expect(clippy::struct_field_names, reason = "as both servers call it")]
pub(crate) struct Source {
    /// Number in the answer, from 1.
    pub n: usize,
    /// Id of the material.
    pub material_id: String,
    /// Id of the passage.
    pub chunk_id: String,
    /// Title of the material.
    pub title: String,
    /// Name of the material: a relative path.
    pub source: String,
    /// Page of the quote, from 1; null where there are no pages.
    pub page: Option<u32>,
    /// Sheet of the quote; null where there are none.
    pub sheet: Option<String>,
    /// Cells of the quote in A1 notation; null where there are none.
    pub range: Option<String>,
    /// Exact place of the quote.
    #[schema(value_type = Object)]
    pub locator: Value,
    /// Words that stand in the passage.
    pub quote: String,
    /// The whole passage.
    pub chunk: String,
    /// Probability that the passage answers the question, 0 to 1.
    pub score: f64,
    /// What else the rag-server says of it, such as its lesson.
    #[serde(flatten)]
    #[schema(ignore)]
    pub more: BTreeMap<String, Value>,
}

/// A heading of the material near what was cited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Related {
    pub(crate) title: String,
    pub(crate) material_id: String,
    pub(crate) source: String,
    #[serde(default)]
    pub(crate) page: Option<u32>,
}

/// A passage found by a search.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Hit {
    pub(crate) material_id: String,
    pub(crate) title: String,
    pub(crate) source: String,
    #[serde(default)]
    pub(crate) page: Option<u32>,
    pub(crate) text: String,
    #[serde(default)]
    pub(crate) score: f64,
}

/// What a search found.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Hits {
    pub(crate) hits: Vec<Hit>,
}

/// A section of the material about a topic, in teaching order.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Section {
    pub(crate) title: String,
    pub(crate) material_id: String,
    pub(crate) source: String,
    #[serde(default)]
    pub(crate) page: Option<u32>,
    #[serde(default)]
    pub(crate) excerpt: String,
    #[serde(default)]
    pub(crate) citation: Option<String>,
    /// From the course catalogue, as the rag-server says it.
    #[serde(default)]
    pub(crate) lesson: Option<Value>,
    #[serde(default)]
    pub(crate) words: usize,
}

/// Sections about a topic.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Sections {
    pub(crate) sections: Vec<Section>,
}

/// The chat models of the rag-server.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub(crate) struct ChatModels {
    /// Every model that is set up.
    pub models: Vec<ChatModel>,
    /// The one that answers unless another is asked for; null where answers are quotes alone.
    #[serde(default, alias = "active")]
    pub default: Option<String>,
}

/// A chat model.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub(crate) struct ChatModel {
    /// Name to ask for it.
    pub name: String,
    /// Who runs it.
    pub provider: String,
    /// Its name there.
    pub model: String,
    /// Whether it can be asked: its key is there.
    #[serde(default)]
    pub available: bool,
    /// What else the rag-server says of it, such as its prices.
    #[serde(flatten)]
    #[schema(ignore)]
    pub more: BTreeMap<String, Value>,
}
