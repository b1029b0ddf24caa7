//! The OpenAPI document: made from the routes, so that none can be missing.

use shared::problem::{FieldError, Problem};
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};

use crate::routes;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Acervo api-server",
        description = "Accounts, sessions and everything people reach. Every route answers below `/api` and without it.",
    ),
    servers(
        (url = "/api", description = "As the web application calls it"),
        (url = "/", description = "The same without the prefix"),
    ),
    tags(
        (name = "sessions", description = "Sign in, refresh, sign out"),
        (name = "account", description = "One's own account"),
        (name = "two-factor", description = "A second factor"),
        (name = "api-keys", description = "Keys for scripts"),
        (name = "links", description = "Links sent by e-mail"),
        (name = "materials", description = "The documents of the course"),
        (name = "drive", description = "Folders of Google Drive, mirrored into the materials"),
        (name = "acts", description = "Acts on the whole that the rag-server does"),
        (name = "users", description = "Users, for administrators"),
        (name = "approved", description = "People who may have an account"),
        (name = "audit", description = "Who did what"),
        (name = "chat", description = "Questions and answers"),
        (name = "conversations", description = "One's own conversations"),
        (name = "planned", description = "Questions and messages for later"),
        (name = "assistant", description = "How the assistant answers, for staff"),
        (name = "jobs", description = "What is done by the clock, and who is told when something is wrong"),
        (name = "webhook", description = "Another system tells who comes and goes"),
        (name = "state", description = "Health and numbers"),
        (name = "internal", description = "Between the servers"),
    ),
    components(schemas(Problem, FieldError)),
    modifiers(&Schemes),
    security(("user_token" = []), ("api_key" = [])),
)]
struct ApiDoc;

struct Schemes;

impl utoipa::Modify for Schemes {
    fn modify(&self, document: &mut Document) {
        let bearer = |description: &str| {
            SecurityScheme::Http(
                HttpBuilder::new()
                    .scheme(HttpAuthScheme::Bearer)
                    .bearer_format("JWT")
                    .description(Some(description))
                    .build(),
            )
        };
        let key = ApiKeyValue::with_description(
            "X-API-Key",
            "an API key; `Authorization: Bearer` takes it too",
        );
        let schemes = &mut document.components.get_or_insert_default().security_schemes;
        for (name, scheme) in [
            ("user_token", bearer("the access token of /auth/token")),
            (
                "service_token",
                bearer("HS256, signed with SERVICE_SECRET, valid 60 s"),
            ),
            ("metrics_token", bearer("METRICS_TOKEN, which is no JWT")),
            ("api_key", SecurityScheme::ApiKey(ApiKey::Header(key))),
        ] {
            schemes.insert(name.to_owned(), scheme.into());
        }
    }
}

/// The whole document.
pub fn document() -> Document {
    let mut document = ApiDoc::openapi();
    routes::outside(&mut document);
    routes::all(&mut document);
    document
}
