//! Acts on the whole: mirror the folder, embed anew, set a key, start over.

use actix_web::http::header::{CONTENT_TYPE, HeaderMap};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse, post};
use serde::{Deserialize, Serialize};
use shared::body::{Json, read_json};
use shared::problem::{ApiError, Code, Invalid, Problems};
use shared::settings::SecretString;

use crate::embedding::Embedding;
use crate::ingest::{IngestService, MirrorOptions};
use crate::jobs::JobKind;
use crate::materials::MaterialService;
use crate::models::Models;

/// What an act came to.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Acted {
    /// It was done, or is being done.
    pub success: bool,
    /// A sentence for people.
    pub message: String,
}

/// Which materials to bring in.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
pub(crate) struct ProcessRequest {
    /// Key of the embedding endpoint, kept in memory alone.
    #[schema(value_type = Option<String>)]
    pub api_key: Option<SecretString>,
    /// Read everything again, unchanged files too.
    #[serde(default)]
    pub force_reprocess: bool,
}

/// A job was started.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Processing {
    /// It was started.
    pub success: bool,
    /// A sentence for people.
    pub message: String,
    /// Always 0: the job tells.
    pub processed_files: u32,
    /// Always empty: the job tells.
    pub errors: Vec<String>,
    /// The job to follow.
    pub job_id: String,
}

/// Brings the mirrored folder into the index: new, changed and deleted files. Answers at once; the job tells the rest.
#[utoipa::path(tag = "admin", request_body = Option<ProcessRequest>,
    responses((status = 200, body = Processing), Problems))]
#[post("/process-materials")]
pub(crate) async fn process_materials(
    request: HttpRequest,
    body: Bytes,
    ingest: Data<IngestService>,
    embedding: Data<Embedding>,
) -> Result<Json<Processing>, ApiError> {
    // The panel's button sends a JSON content type and no body.
    let asked: ProcessRequest = if body.is_empty() {
        ProcessRequest::default()
    } else {
        read(&request, &body)?
    };
    if let Some(key) = asked.api_key {
        embedding.use_key(key).await?;
    }
    let job_id = ingest
        .start(
            JobKind::Mirror,
            &MirrorOptions {
                force: asked.force_reprocess,
            },
        )
        .await?;
    Ok(Json(Processing {
        success: true,
        message: "O processamento dos materiais começou; acompanhe a tarefa.".into(),
        processed_files: 0,
        errors: Vec::new(),
        job_id,
    }))
}

/// Embeds everything with the configured model, then searches with it; the old vectors answer meanwhile.
#[utoipa::path(tag = "admin", responses((status = 202, body = Processing), Problems))]
#[post("/reindex")]
pub(crate) async fn reindex(ingest: Data<IngestService>) -> Result<HttpResponse, ApiError> {
    let job_id = ingest
        .start(JobKind::Reindex, &MirrorOptions::default())
        .await?;
    Ok(HttpResponse::Accepted().json(Processing {
        success: true,
        message: "Os vetores estão sendo refeitos; as respostas continuam enquanto isso.".into(),
        processed_files: 0,
        errors: Vec::new(),
        job_id,
    }))
}

/// A key for a provider of chat models or for the embedding endpoint.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub(crate) struct InitializeRequest {
    /// The key; kept in memory alone.
    #[schema(value_type = String)]
    pub api_key: SecretString,
    /// Whose key it is: `nvidia`, `openai`, `gemini`, `anthropic`, or a provider of the registry; told from the key where
    /// absent.
    #[serde(default)]
    pub provider: Option<String>,
}

/// Sets a key until the next start; it is never stored. JSON or a form, never the URL.
///
/// The chat models of its provider use it, and so does the embedding endpoint unless a provider is named.
#[utoipa::path(tag = "admin", request_body = InitializeRequest, responses((status = 200, body = Acted), Problems))]
#[post("/initialize")]
pub(crate) async fn initialize(
    request: HttpRequest,
    body: Bytes,
    embedding: Data<Embedding>,
    models: Data<Models>,
) -> Result<Json<Acted>, ApiError> {
    let asked: InitializeRequest = read(&request, &body)?;
    let provider = asked.provider.as_deref();
    let chat = models.use_key(provider, &asked.api_key);
    if provider.is_some() && chat.is_none() {
        return Err(Invalid::new()
            .field(
                "/provider",
                "unknown_value",
                "Nenhum modelo de conversa é deste provedor.",
            )
            .into());
    }
    let vectors = match provider {
        Some(_) => Ok(false),
        None => embedding.use_key(asked.api_key).await,
    };
    let message = match (chat, vectors) {
        (Some(chat), Ok(true)) => {
            format!("Os modelos de conversa de {chat} e o serviço de vetores usam a chave.")
        }
        // The embedding endpoint may well be another provider's.
        (Some(chat), _) => format!("Os modelos de conversa de {chat} usam a chave."),
        (None, Ok(true)) => "O serviço de vetores aceitou a chave.".to_owned(),
        (None, Ok(false)) => "O modelo de vetores deste servidor não precisa de chave.".to_owned(),
        (None, Err(error)) => return Err(error.into()),
    };
    Ok(Json(Acted {
        success: true,
        message,
    }))
}

/// Reads every material again; what is there answers until the new is there.
#[utoipa::path(tag = "admin", responses((status = 200, body = Acted), Problems))]
#[post("/reprocess-enhanced-materials")]
pub(crate) async fn reprocess(ingest: Data<IngestService>) -> Result<Json<Acted>, ApiError> {
    let options = MirrorOptions { force: true };
    ingest.start(JobKind::Mirror, &options).await?;
    Ok(Json(Acted {
        success: true,
        message: "O reprocessamento dos materiais começou.".into(),
    }))
}

/// Asks for everything to be removed.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub(crate) struct ResetRequest {
    /// Must be `true`.
    pub confirm: bool,
}

/// Removes every material, its text, vectors and file. Asks for `{"confirm": true}`.
#[utoipa::path(tag = "admin", request_body = ResetRequest, responses((status = 200, body = Acted), Problems))]
#[post("/reset")]
pub(crate) async fn reset(
    request: HttpRequest,
    body: Bytes,
    materials: Data<MaterialService>,
    embedding: Data<Embedding>,
) -> Result<Json<Acted>, ApiError> {
    let asked: ResetRequest = if body.is_empty() {
        ResetRequest::default()
    } else {
        read(&request, &body)?
    };
    if !asked.confirm {
        return Err(ApiError::new(Code::ConfirmationRequired).with_detail(
            "Isto apaga todos os materiais do índice; confirme com {\"confirm\": true}.",
        ));
    }
    let removed = materials.remove_all().await?;
    embedding.start_over().await?;
    Ok(Json(Acted {
        success: true,
        message: format!("O índice está vazio: {removed} materiais removidos."),
    }))
}

/// Reads a JSON or form body; the content type decides, and JSON is meant where there is none.
fn read<T: serde::de::DeserializeOwned>(request: &HttpRequest, body: &[u8]) -> Result<T, ApiError> {
    if !is_form(request.headers()) {
        return read_json(body);
    }
    serde_urlencoded::from_bytes(body).map_err(|_| {
        Invalid::new()
            .field(
                "",
                "invalid_body",
                "O corpo do pedido não tem os campos esperados.",
            )
            .into()
    })
}

fn is_form(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"))
}
