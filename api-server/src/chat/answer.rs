//! What is answered.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::model::{Level, Style};
use super::reading::Difficulty;
use super::wire::{Source, Usage};
use crate::video::VideoSuggestion;

/// An answer to `/chat`.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub(crate) struct ChatAnswer {
    /// Markdown; `[n]` names the source with that `n`.
    pub answer: String,
    /// The same, for clients that asked with `pergunta`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resposta: Option<String>,
    /// Everything else.
    #[serde(flatten)]
    pub details: Details,
}

/// An answer to `/chat/educational`.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub(crate) struct EducationalAnswer {
    /// Markdown; `[n]` names the source with that `n`.
    pub response: String,
    /// Everything else.
    #[serde(flatten)]
    pub details: Details,
}

/// An answer but for its text; kept with it.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub(crate) struct Details {
    /// Passages the answer rests on; empty when the material does not hold it.
    pub sources: Vec<Source>,
    /// `extractive` (quotes alone), `generated`, `table` or `not_found`.
    pub mode: String,
    /// Probability that the material answers the question, 0 to 1.
    pub confidence: f64,
    /// The chat model that wrote it; null for quotes.
    pub model: Option<String>,
    /// Tokens of the chat model.
    pub usage: Option<Usage>,
    /// US dollars.
    pub cost: f64,
    /// Seconds from the question to the answer, here.
    pub response_time: f64,
    /// Where the rag-server's time went.
    #[schema(value_type = Object)]
    pub timings: Value,
    /// Questions to go on with, from headings of the material.
    pub follow_up_questions: Vec<String>,
    /// What to read, from headings of the material.
    pub learning_suggestions: Vec<String>,
    /// Headings near what was cited.
    pub related_topics: Vec<String>,
    /// What the answer asks of its reader.
    pub educational_metadata: EducationalMetadata,
    /// What is known of the conversation.
    pub learning_context: LearningContext,
    /// Where recordings say what was cited; empty where none does.
    #[serde(default)]
    pub video_suggestions: Vec<VideoSuggestion>,
    /// What the reader should know about this answer; it stands in the text too.
    pub notices: Vec<String>,
    /// What the rag-server found wrong with what a chat model wrote: `code`, `count`, `detail`.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    pub warnings: Vec<Value>,
    /// What was computed on tables, where `mode` is `table`: `material_id`, `formula`, `plan`, `outcome`.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    pub computed: Vec<Value>,
    /// The question as it was looked for, where it leant on what was said before.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub standalone_question: Option<String>,
    /// Id of the conversation.
    pub conversation_id: String,
    /// The client's own name for it.
    pub session_id: String,
    /// Id of the answer, for feedback.
    pub message_id: String,
}

/// What a text asks of its reader.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub(crate) struct EducationalMetadata {
    /// Minutes at 181 words a minute, rounded up.
    pub estimated_reading_time: usize,
    /// 0 (easy) to 1 (hard), from the Flesch index for Portuguese.
    pub complexity_score: f64,
    /// The same in a word.
    pub difficulty: Difficulty,
    /// Words.
    pub words: usize,
    /// Headings near what was cited.
    pub topics_mentioned: Vec<String>,
}

/// What is known of a conversation.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub(crate) struct LearningContext {
    /// What it is about now.
    pub current_topic: Option<String>,
    /// How much is known already.
    pub user_level: Level,
    /// How the user learns best.
    pub learning_style: Style,
    /// What the user wants to learn.
    pub learning_objectives: Vec<String>,
    /// Headings of what was cited, the latest last.
    pub topics_covered: Vec<String>,
}
