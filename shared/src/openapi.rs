//! The OpenAPI document, made from the routes, and the pages that show it.

use actix_web::dev::HttpServiceFactory;
use actix_web::http::header::ContentType;
use actix_web::{HttpResponse, web};
use bytes::Bytes;
use utoipa::openapi::{Components, OpenApi};
use utoipa_actix_web::OpenApiFactory;
use utoipa_swagger_ui::{Config, SwaggerUi};

/// Takes routes: a server's configuration to serve them, a document to describe them.
///
/// Describing costs tens of megabytes in between, so that it is done once and not by every thread that serves.
pub trait Routes {
    /// One more.
    fn service<R: HttpServiceFactory + OpenApiFactory + 'static>(&mut self, route: R) -> &mut Self;
}

impl Routes for web::ServiceConfig {
    fn service<R: HttpServiceFactory + OpenApiFactory + 'static>(&mut self, route: R) -> &mut Self {
        web::ServiceConfig::service(self, route)
    }
}

impl Routes for OpenApi {
    fn service<R: HttpServiceFactory + OpenApiFactory + 'static>(&mut self, route: R) -> &mut Self {
        self.paths.merge(route.paths());
        let mut schemas = Vec::new();
        route.schemas(&mut schemas);
        self.components
            .get_or_insert_with(Components::new)
            .schemas
            .extend(schemas);
        self
    }
}

/// `/openapi.json`, and `/docs/` that shows it; cheap to clone.
#[derive(Debug, Clone)]
pub struct Docs(Bytes);

impl Docs {
    /// Writes the document once for all who will ask for it.
    pub fn new(document: &OpenApi) -> serde_json::Result<Self> {
        serde_json::to_vec(document).map(|json| Self(json.into()))
    }

    /// Registers both addresses, and `/docs` for whoever forgets the slash.
    pub fn configure(&self, config: &mut web::ServiceConfig) {
        let json = self.0.clone();
        let document = move || {
            let json = json.clone();
            async move {
                HttpResponse::Ok()
                    .content_type(ContentType::json())
                    .body(json)
            }
        };
        config
            .route("/openapi.json", web::get().to(document))
            .service(web::redirect("/docs", "/docs/"))
            .service(SwaggerUi::new("/docs/{_:.*}").config(Config::from("/openapi.json")));
    }
}
