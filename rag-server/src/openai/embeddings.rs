//! Vectors of texts.

use std::sync::Arc;

use ::embed::{Embedder, Passage};
use actix_web::post;
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use shared::body::Json;
use shared::problem::{ApiError, Code, Invalid, Problems};

use super::OneOrMany;
use crate::embedding::{Embedding, EmbeddingError};

/// Most texts of a request.
const MAX_TEXTS: usize = 256;
/// Most characters of a text; the model reads the first 512 tokens.
const MAX_CHARACTERS: usize = 20_000;
/// Texts embedded in one go, so that questions of others get their turn in between.
const BATCH: usize = 16;

/// Which of the two the texts are: models such as E5 tell them apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum InputType {
    /// What is searched for.
    Query,
    /// What is searched in.
    #[default]
    Passage,
}

/// Texts to embed.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[schema(example = json!({"input": ["tensão mecânica"], "input_type": "query"}))]
pub(crate) struct EmbeddingsRequest {
    /// One text or several, at most 256 of at most 20,000 characters.
    input: OneOrMany,
    /// The model in use, or nothing.
    #[serde(default)]
    model: Option<String>,
    /// `float` alone.
    #[serde(default)]
    encoding_format: Option<String>,
    /// Length of the model's vectors, or nothing.
    #[serde(default)]
    dimensions: Option<usize>,
    /// Questions or passages.
    #[serde(default)]
    input_type: InputType,
}

/// Vectors, in the order of the texts.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct EmbeddingsResponse {
    /// `list`.
    object: &'static str,
    /// One for each text.
    data: Vec<EmbeddingItem>,
    /// The model in use.
    model: String,
    /// Tokens read.
    usage: EmbeddingUsage,
}

/// The vector of a text.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct EmbeddingItem {
    /// `embedding`.
    object: &'static str,
    /// Position of the text, from 0.
    index: usize,
    /// Unit length.
    embedding: Vec<f32>,
}

/// Tokens read.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct EmbeddingUsage {
    /// Of the texts.
    prompt_tokens: usize,
    /// The same.
    total_tokens: usize,
}

/// Embeds texts with the model in use, in the form of OpenAI's interface.
#[utoipa::path(tag = "openai", request_body = EmbeddingsRequest, responses((status = 200, body = EmbeddingsResponse), Problems))]
#[post("/v1/embeddings")]
pub(crate) async fn embeddings(
    request: Json<EmbeddingsRequest>,
    embedding: Data<Embedding>,
) -> Result<Json<EmbeddingsResponse>, ApiError> {
    let request = request.into_inner();
    let embedder = embedder(&embedding)?;
    let mut invalid = Invalid::new();
    if request
        .model
        .as_deref()
        .is_some_and(|name| name != embedder.model_id())
    {
        let message = format!("O modelo em uso é {}.", embedder.model_id());
        invalid = invalid.field("/model", "not_in_use", message);
    }
    if request
        .encoding_format
        .is_some_and(|format| format != "float")
    {
        invalid = invalid.field("/encoding_format", "unsupported", "Só há números (float).");
    }
    if request
        .dimensions
        .is_some_and(|wanted| wanted != embedder.dimensions())
    {
        let message = format!(
            "Os vetores deste modelo têm {} valores.",
            embedder.dimensions()
        );
        invalid = invalid.field("/dimensions", "unsupported", message);
    }
    let texts = request.input.into_vec();
    let texts = checked("/input", texts, invalid)?;
    let prompt_tokens = texts.iter().map(|text| embedder.count_tokens(text)).sum();
    let vectors = vectors(&*embedder, texts, request.input_type).await?;
    Ok(Json(EmbeddingsResponse {
        object: "list",
        data: vectors
            .into_iter()
            .enumerate()
            .map(|(index, embedding)| EmbeddingItem {
                object: "embedding",
                index,
                embedding,
            })
            .collect(),
        model: embedder.model_id().to_owned(),
        usage: EmbeddingUsage {
            prompt_tokens,
            total_tokens: prompt_tokens,
        },
    }))
}

/// Texts to embed, in short.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[schema(example = json!({"texts": ["tensão mecânica"]}))]
pub(crate) struct EmbedRequest {
    /// One text or several.
    #[serde(alias = "text", alias = "input")]
    texts: OneOrMany,
    /// Questions or passages.
    #[serde(default)]
    input_type: InputType,
}

/// Vectors, in the order of the texts.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct EmbedResponse {
    /// One for each text.
    embeddings: Vec<Vec<f32>>,
    /// The model in use.
    model: String,
    /// Length of every vector.
    dimensions: usize,
}

/// Embeds texts with the model in use.
#[utoipa::path(tag = "openai", request_body = EmbedRequest, responses((status = 200, body = EmbedResponse), Problems))]
#[post("/embed")]
pub(crate) async fn embed(
    request: Json<EmbedRequest>,
    embedding: Data<Embedding>,
) -> Result<Json<EmbedResponse>, ApiError> {
    let request = request.into_inner();
    let embedder = embedder(&embedding)?;
    let texts = checked("/texts", request.texts.into_vec(), Invalid::new())?;
    Ok(Json(EmbedResponse {
        embeddings: vectors(&*embedder, texts, request.input_type).await?,
        model: embedder.model_id().to_owned(),
        dimensions: embedder.dimensions(),
    }))
}

fn embedder(embedding: &Embedding) -> Result<Arc<dyn Embedder>, ApiError> {
    let active = embedding.active().ok_or_else(|| {
        ApiError::new(Code::ProviderUnavailable)
            .with_detail("O modelo de vetores não está disponível agora.")
    })?;
    Ok(Arc::clone(&active.embedder))
}

fn checked(
    pointer: &str,
    texts: Vec<String>,
    mut invalid: Invalid,
) -> Result<Vec<String>, ApiError> {
    if texts.is_empty() || texts.len() > MAX_TEXTS {
        invalid = invalid.field(pointer, "out_of_range", "Envie de 1 a 256 textos.");
    }
    if texts.iter().any(|text| text.trim().is_empty()) {
        invalid = invalid.field(pointer, "blank", "Há um texto vazio.");
    }
    if texts
        .iter()
        .any(|text| text.chars().count() > MAX_CHARACTERS)
    {
        invalid = invalid.field(pointer, "too_long", "Um texto passa de 20.000 caracteres.");
    }
    Ok(invalid.or(texts)?)
}

async fn vectors(
    embedder: &dyn Embedder,
    texts: Vec<String>,
    kind: InputType,
) -> Result<Vec<Vec<f32>>, ApiError> {
    let mut all = Vec::with_capacity(texts.len());
    if kind == InputType::Query {
        for text in &texts {
            all.push(
                embedder
                    .embed_query(text)
                    .await
                    .map_err(EmbeddingError::from)?,
            );
        }
        return Ok(all);
    }
    let passages: Vec<Passage> = texts
        .into_iter()
        .map(|text| Passage {
            text,
            sentences: Vec::new(),
        })
        .collect();
    for batch in passages.chunks(BATCH) {
        let embedded = embedder
            .embed_passages(batch)
            .await
            .map_err(EmbeddingError::from)?;
        all.extend(embedded.into_iter().map(|one| one.vector));
    }
    Ok(all)
}
