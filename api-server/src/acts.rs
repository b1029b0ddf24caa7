//! Acts on the whole that the rag-server does: passed on with our credential, its answers passed back as they are.

use actix_web::web::{Bytes, Data, Payload};
use actix_web::{HttpMessage as _, HttpRequest, post};
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde::{Deserialize, Serialize};
use shared::body::Json;
use shared::problem::{ApiError, Problems};
use shared::settings::SecretString;

use crate::access::Staff;
use crate::materials::form;
use crate::rag::RagClient;

/// A key for the embedding endpoint.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[allow(dead_code, reason = "describes what is passed on as it came")]
pub(crate) struct InitializeRequest {
    /// The key; kept in the rag-server's memory alone.
    #[schema(value_type = String)]
    api_key: SecretString,
}

/// Which materials to bring in.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[allow(dead_code, reason = "describes what is passed on as it came")]
pub(crate) struct ProcessRequest {
    /// Key of the embedding endpoint, kept in the rag-server's memory alone.
    #[schema(value_type = Option<String>)]
    api_key: Option<SecretString>,
    /// Read everything again, unchanged files too.
    force_reprocess: Option<bool>,
}

/// What an act came to, in the rag-server's words.
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub(crate) struct Acted {
    /// It was done, or is being done.
    success: bool,
    /// Sentence for people.
    message: String,
    /// The rest of it.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    rest: serde_json::Map<String, serde_json::Value>,
}

/// Sets the key of the embedding endpoint until the rag-server's next start. JSON or a form, never the URL.
#[utoipa::path(tag = "acts", request_body = InitializeRequest, responses((status = 200, body = Acted), Problems))]
#[post("/initialize")]
pub(crate) async fn initialize(
    _staff: Staff,
    request: HttpRequest,
    body: Payload,
    rag: Data<RagClient>,
) -> Result<Json<Acted>, ApiError> {
    pass_on(&rag, "initialize", &request, body).await
}

/// The same as `/initialize`.
#[utoipa::path(tag = "acts", request_body = InitializeRequest, responses((status = 200, body = Acted), Problems))]
#[post("/initialize-rag")]
pub(crate) async fn initialize_rag(
    _staff: Staff,
    request: HttpRequest,
    body: Payload,
    rag: Data<RagClient>,
) -> Result<Json<Acted>, ApiError> {
    pass_on(&rag, "initialize", &request, body).await
}

/// Brings the folder that the rag-server mirrors into the index. Answers at once with the job to follow.
#[utoipa::path(tag = "acts", request_body = Option<ProcessRequest>, responses((status = 200, body = Acted), Problems))]
#[post("/process-materials")]
pub(crate) async fn process_materials(
    _staff: Staff,
    request: HttpRequest,
    body: Payload,
    rag: Data<RagClient>,
) -> Result<Json<Acted>, ApiError> {
    pass_on(&rag, "process-materials", &request, body).await
}

/// Passes a body on: JSON and URL-encoded forms as they are, multipart forms as JSON. Bodies may hold keys: nothing of
/// them is logged.
async fn pass_on(
    rag: &RagClient,
    act: &str,
    request: &HttpRequest,
    body: Payload,
) -> Result<Json<Acted>, ApiError> {
    let body = form::whole(body).await?;
    let (kind, body) = match form::fields(request.headers(), &body).await? {
        Some(fields) => ("application/json".to_owned(), as_json(fields)),
        None => (content_type(request), body),
    };
    let sent = rag
        .request(Method::POST, &[act], &[])?
        .header(CONTENT_TYPE, kind)
        .body(body);
    Ok(Json(rag.read(sent).await?))
}

/// Fields of a form as a JSON object; what reads like a truth value is one.
fn as_json(fields: Vec<(String, String)>) -> Bytes {
    let object: serde_json::Map<String, serde_json::Value> = fields
        .into_iter()
        .map(|(name, text)| {
            let value = match text.as_str() {
                "true" => true.into(),
                "false" => false.into(),
                _ => text.into(),
            };
            (name, value)
        })
        .collect();
    serde_json::Value::from(object).to_string().into()
}

fn content_type(request: &HttpRequest) -> String {
    let is_form = request
        .content_type()
        .eq_ignore_ascii_case("application/x-www-form-urlencoded");
    if is_form {
        "application/x-www-form-urlencoded"
    } else {
        "application/json"
    }
    .to_owned()
}
