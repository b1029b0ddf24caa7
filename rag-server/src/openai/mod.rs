//! Acervo as a model: what clients of OpenAI's interface speak (API reference, "Embeddings" and "Chat completions"), and
//! the shorter forms of services that did one half of it each, so that embedding or answering may be split off.
//!
//! A completion is a cited answer: the last message is the question, what stands before it is the conversation, and the
//! sources follow the text.

pub(crate) mod completions;
pub(crate) mod embeddings;

use actix_web::get;
use actix_web::web::Data;
use serde::Serialize;
use shared::body::Json;
use shared::problem::{ApiError, Problems};

use crate::embedding::Embedding;

/// Name under which cited answers are asked for.
const MODEL: &str = "acervo";

/// One text or several.
#[derive(Debug, Clone, serde::Deserialize, utoipa::ToSchema)]
#[serde(untagged)]
pub(crate) enum OneOrMany {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl OneOrMany {
    fn into_vec(self) -> Vec<String> {
        match self {
            Self::One(text) => vec![text],
            Self::Many(texts) => texts,
        }
    }
}

/// A list as OpenAI's clients expect it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct ModelList {
    /// `list`.
    object: &'static str,
    /// The models.
    data: Vec<ListedModel>,
}

/// A model.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct ListedModel {
    /// Name to ask for.
    id: String,
    /// `model`.
    object: &'static str,
    /// `acervo`.
    owned_by: &'static str,
}

/// What can be asked for: cited answers, and vectors of the model in use.
#[utoipa::path(tag = "openai", responses((status = 200, body = ModelList), Problems))]
#[get("/v1/models")]
pub(crate) async fn models(embedding: Data<Embedding>) -> Result<Json<ModelList>, ApiError> {
    let embedder = embedding
        .active()
        .map(|active| active.embedder.model_id().to_owned());
    let data = std::iter::once(MODEL.to_owned())
        .chain(embedder)
        .map(|id| ListedModel {
            id,
            object: "model",
            owned_by: MODEL,
        })
        .collect();
    Ok(Json(ModelList {
        object: "list",
        data,
    }))
}
