//! The OpenAPI document: made from the routes, so that none can be missing.

use shared::problem::{FieldError, Problem};
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};

use crate::routes;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Acervo rag-server",
        description = "Reads a course's materials, answers questions from them and proves every answer. \
            With SERVICE_SECRET set, every route but the health checks takes a service token.",
    ),
    tags(
        (name = "query", description = "Questions and searches"),
        (name = "openai", description = "Acervo as a model: answers and vectors for clients of OpenAI's interface"),
        (name = "materials", description = "What is searched"),
        (name = "jobs", description = "What is being done"),
        (name = "ranking", description = "What passages are ranked by, and learning it from what people open"),
        (name = "admin", description = "Acts on the whole"),
        (name = "state", description = "Health and numbers"),
    ),
    components(schemas(Problem, FieldError)),
    modifiers(&ServiceToken),
    security(("service_token" = [])),
)]
struct ApiDoc;

struct ServiceToken;

impl utoipa::Modify for ServiceToken {
    fn modify(&self, document: &mut Document) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some("HS256, signed with SERVICE_SECRET, valid 60 s"))
            .build();
        document
            .components
            .get_or_insert_default()
            .security_schemes
            .insert(
                "service_token".to_owned(),
                SecurityScheme::Http(scheme).into(),
            );
    }
}

/// The whole document.
pub fn document() -> Document {
    let mut document = ApiDoc::openapi();
    routes::all(&mut document);
    document
}
