//! Every route on one page, with the limits and the data they share.

use std::sync::Arc;

use actix_web::web::{self, Data, ServiceConfig};
use shared::body::JsonLimit;
use shared::openapi::{Docs, Routes};
use shared::problem::{self, Methods};

use crate::app::Services;
use crate::numbers::Numbers;
use crate::settings::Settings;
use crate::{
    admin, archive, health, jobs, materials, models, numbers, openai, pages, query, ranking,
    status, tables,
};

/// What routes share; cheap to clone, one per thread.
#[derive(Clone)]
pub(crate) struct AppData {
    services: Services,
    numbers: Arc<Numbers>,
    json_limit: usize,
    methods: Arc<Methods>,
    docs: Docs,
}

impl AppData {
    pub(crate) fn new(services: &Services, settings: &Settings) -> serde_json::Result<Self> {
        let document = crate::openapi::document();
        Ok(Self {
            services: services.clone(),
            numbers: Arc::new(Numbers::new(
                Arc::clone(&services.status),
                Arc::clone(&services.models),
            )),
            json_limit: settings.server.json_limit,
            methods: Arc::new(Methods::from_openapi(&document)),
            docs: Docs::new(&document)?,
        })
    }

    /// Registers what routes share, and what answers where no route is.
    pub(crate) fn configure(&self, config: &mut ServiceConfig) {
        let services = &self.services;
        config
            .app_data(Data::from(Arc::clone(&services.materials)))
            .app_data(Data::from(Arc::clone(&services.jobs)))
            .app_data(Data::from(Arc::clone(&services.query)))
            .app_data(Data::from(Arc::clone(&services.ranking)))
            .app_data(Data::from(Arc::clone(&services.ingest)))
            .app_data(Data::from(Arc::clone(&services.archive)))
            .app_data(Data::from(Arc::clone(&services.pages)))
            .app_data(Data::from(Arc::clone(&services.tables)))
            .app_data(Data::from(Arc::clone(&services.embedding)))
            .app_data(Data::from(Arc::clone(&services.models)))
            .app_data(Data::from(Arc::clone(&services.status)))
            .app_data(Data::from(Arc::clone(&self.numbers)))
            .app_data(Data::from(Arc::clone(&self.numbers.metrics)))
            .app_data(JsonLimit(self.json_limit))
            .app_data((*self.methods).clone())
            .app_data(problem::json_config(self.json_limit))
            .app_data(problem::query_config())
            .app_data(problem::path_config())
            .configure(|config| self.docs.configure(config))
            .default_service(web::route().to(problem::not_found));
    }
}

/// The table of contents; the OpenAPI document is made from it.
pub(crate) fn all(routes: &mut impl Routes) {
    routes
        // For everyone
        .service(health::health)
        .service(health::healthz)
        .service(health::livez)
        // For operators
        .service(health::readyz)
        .service(status::status)
        .service(numbers::metrics)
        .service(status::stats)
        // Questions
        .service(query::routes::query)
        .service(query::routes::query_stream)
        .service(query::routes::search)
        .service(query::routes::topics)
        .service(tables::routes::list)
        .service(tables::routes::compute)
        .service(models::routes::models)
        // Questions and vectors as a model's client asks for them
        .service(openai::models)
        .service(openai::embeddings::embeddings)
        .service(openai::embeddings::embed)
        .service(openai::completions::completions)
        .service(openai::completions::generate)
        // Materials
        .service(materials::routes::send)
        .service(materials::routes::list)
        .service(materials::routes::show)
        .service(materials::routes::remove)
        .service(pages::routes::picture)
        // Jobs
        .service(jobs::routes::list)
        .service(jobs::routes::show)
        .service(jobs::routes::cancel)
        .service(jobs::routes::events)
        // The ranking
        .service(ranking::routes::list)
        .service(ranking::routes::take)
        .service(ranking::routes::learn)
        .service(ranking::routes::roll_back)
        // Acts on the whole
        .service(admin::process_materials)
        .service(admin::reindex)
        .service(admin::initialize)
        .service(admin::reset)
        .service(admin::reprocess)
        // The store panel
        .service(archive::routes::status)
        .service(archive::routes::compress)
        .service(archive::routes::backups)
        .service(archive::routes::backup)
        .service(archive::routes::restore)
        .service(archive::routes::remove)
        .service(archive::routes::download)
        .service(archive::routes::upload)
        .service(archive::routes::upload_folder);
}
