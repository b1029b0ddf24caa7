use serde::{Deserialize, Serialize};
use shared::problem::Invalid;

/// Most characters of a name and of a template's name.
pub(super) const MAX_NAME: usize = 100;
const MAX_DESCRIPTION: usize = 1_000;
const MAX_PROMPT: usize = 20_000;
/// Most bytes of a model's name.
const MAX_MODEL: usize = 200;
/// Characters of a passage: the form's least, and far more than any model reads at once.
const CHUNK_SIZES: (u32, u32) = (100, 20_000);
/// What a token is worth in characters (decisions of the course form: characters ÷ 4).
const CHARACTERS_PER_TOKEN: u32 = 4;
/// Tokens of a passage that the index takes; the embedding model reads 512, a few of them are its own marks.
const CHUNK_TOKENS: (u32, u32) = (16, 480);

/// How passages are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SearchType {
    /// The best passages, different from each other.
    Mmr,
    /// The best passages.
    Similarity,
}

/// How the assistant answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AssistantConfig {
    /// Its name, 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// What it is for, at most 1,000 characters.
    #[schema(max_length = 1_000)]
    pub description: String,
    /// Instructions for the chat model, 1 to 20,000 characters. `{context}`, `{question}` and `{chat_history}` in them are
    /// filled; where they are missing, passages and question follow.
    #[schema(min_length = 1, max_length = 20_000)]
    pub prompt: String,
    /// Chat model, by its name in `GET /models`; the server's default where it has none of that name.
    #[schema(min_length = 1, max_length = 200)]
    pub model: String,
    /// 0 (always the same words) to 1.
    #[schema(minimum = 0, maximum = 1)]
    pub temperature: f64,
    /// Characters of a passage, 100 to 20,000; for materials added from now on.
    #[schema(minimum = 100, maximum = 20_000)]
    pub chunk_size: u32,
    /// Characters repeated from the passage before, at most half of `chunkSize`.
    pub chunk_overlap: u32,
    /// How passages are looked for.
    pub retrieval_search_type: SearchType,
    /// Kept and shown; the index changes its model only by `rag-server reindex`.
    #[schema(min_length = 1, max_length = 200)]
    pub embedding_model: String,
}

/// What to change of a configuration; what is absent stays.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct AssistantChanges {
    /// See [`AssistantConfig`].
    pub name: Option<String>,
    /// See [`AssistantConfig`].
    pub description: Option<String>,
    /// See [`AssistantConfig`].
    pub prompt: Option<String>,
    /// See [`AssistantConfig`].
    pub model: Option<String>,
    /// See [`AssistantConfig`].
    pub temperature: Option<f64>,
    /// See [`AssistantConfig`].
    pub chunk_size: Option<u32>,
    /// See [`AssistantConfig`].
    pub chunk_overlap: Option<u32>,
    /// See [`AssistantConfig`].
    pub retrieval_search_type: Option<SearchType>,
    /// See [`AssistantConfig`].
    pub embedding_model: Option<String>,
    /// What the page shows a template under; not kept.
    #[serde(rename = "title")]
    pub _title: Option<String>,
}

/// Tokens of passages, for materials added from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chunking {
    /// Tokens of a passage, 16 to 480.
    pub size: u32,
    /// Tokens repeated from the passage before, less than half of them.
    pub overlap: u32,
}

impl AssistantConfig {
    /// This configuration with `changes` made to it, if all of it is acceptable then.
    pub(super) fn with(&self, changes: AssistantChanges) -> Result<Self, Invalid> {
        let old = self.clone();
        Self {
            name: changes.name.map_or(old.name, |text| text.trim().to_owned()),
            description: changes.description.unwrap_or(old.description),
            prompt: changes.prompt.unwrap_or(old.prompt),
            model: changes
                .model
                .map_or(old.model, |text| text.trim().to_owned()),
            temperature: changes.temperature.unwrap_or(old.temperature),
            chunk_size: changes.chunk_size.unwrap_or(old.chunk_size),
            chunk_overlap: changes.chunk_overlap.unwrap_or(old.chunk_overlap),
            retrieval_search_type: changes
                .retrieval_search_type
                .unwrap_or(old.retrieval_search_type),
            embedding_model: changes
                .embedding_model
                .map_or(old.embedding_model, |text| text.trim().to_owned()),
        }
        .checked()
    }

    /// Itself, if every value is in its range.
    pub(super) fn checked(self) -> Result<Self, Invalid> {
        let mut invalid = Invalid::new();
        for (pointer, text, least, most) in [
            ("/name", &self.name, 1, MAX_NAME),
            ("/description", &self.description, 0, MAX_DESCRIPTION),
            ("/prompt", &self.prompt, 1, MAX_PROMPT),
            ("/model", &self.model, 1, MAX_MODEL),
            ("/embeddingModel", &self.embedding_model, 1, MAX_MODEL),
        ] {
            if !is_text(text, least, most) {
                let detail =
                    format!("deve ter de {least} a {most} caracteres, sem caracteres de controle");
                invalid = invalid.field(pointer, "invalid_value", detail);
            }
        }
        if !(0.0..=1.0).contains(&self.temperature) {
            invalid = invalid.field("/temperature", "out_of_range", "deve estar entre 0 e 1");
        }
        if !(CHUNK_SIZES.0..=CHUNK_SIZES.1).contains(&self.chunk_size) {
            let detail = format!("deve estar entre {} e {}", CHUNK_SIZES.0, CHUNK_SIZES.1);
            invalid = invalid.field("/chunkSize", "out_of_range", detail);
        }
        if self.chunk_overlap > self.chunk_size / 2 {
            invalid = invalid.field(
                "/chunkOverlap",
                "out_of_range",
                "deve ser no máximo a metade de chunkSize",
            );
        }
        invalid.or(self)
    }

    /// Its chunk sizes as the index counts.
    pub(crate) fn chunking(&self) -> Chunking {
        let size = (self.chunk_size / CHARACTERS_PER_TOKEN).clamp(CHUNK_TOKENS.0, CHUNK_TOKENS.1);
        Chunking {
            size,
            overlap: (self.chunk_overlap / CHARACTERS_PER_TOKEN).min((size - 1) / 2),
        }
    }
}

/// A text of `least` to `most` characters that says something, without control characters but for lines and tabs.
pub(super) fn is_text(text: &str, least: usize, most: usize) -> bool {
    let count = text.chars().count();
    (least..=most).contains(&count)
        && (least == 0 || !text.trim().is_empty())
        && !text
            .chars()
            .any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
}
