//! Every route on one page, with the limits and the data they share.

use std::sync::Arc;

use actix_web::web::{self, Data, ServiceConfig};
use shared::body::JsonLimit;
use shared::openapi::{Docs, Routes};
use shared::problem::{self, Methods};

use crate::access::introspect;
use crate::app::Services;
use crate::chat::routes as chat;
use crate::drive::routes as drive;
use crate::settings::Settings;
use crate::{
    acts, alerts, analytics, api_keys, approved, assistant, audit, health, improvement, links,
    maintenance, materials, numbers, oidc, planned, schedules, sessions, site, two_factor, usage,
    users, video, webhook,
};

/// What routes share; cheap to clone, one per thread.
#[derive(Clone)]
pub(crate) struct AppData {
    services: Services,
    json_limit: usize,
    methods: Arc<Methods>,
    docs: Docs,
}

impl AppData {
    pub(crate) fn new(services: &Services, settings: &Settings) -> serde_json::Result<Self> {
        let document = crate::openapi::document();
        Ok(Self {
            services: services.clone(),
            json_limit: settings.server.json_limit,
            methods: Arc::new(Methods::from_openapi(&document).and_below("/api")),
            docs: Docs::new(&document)?,
        })
    }

    /// Registers what routes share, and what answers where no route is.
    pub(crate) fn configure(&self, config: &mut ServiceConfig) {
        let services = &self.services;
        config
            .app_data(Data::from(Arc::clone(&services.access)))
            .app_data(Data::from(Arc::clone(&services.site)))
            .app_data(Data::from(Arc::clone(&services.users)))
            .app_data(Data::from(Arc::clone(&services.sessions)))
            .app_data(Data::from(Arc::clone(&services.two_factor)))
            .app_data(Data::from(Arc::clone(&services.api_keys)))
            .app_data(Data::from(Arc::clone(&services.links)))
            .app_data(Data::from(Arc::clone(&services.oidc)))
            .app_data(Data::from(Arc::clone(&services.webhook)))
            .app_data(Data::from(Arc::clone(&services.mails)))
            .app_data(Data::from(Arc::clone(&services.materials)))
            .app_data(Data::from(Arc::clone(&services.download_links)))
            .app_data(Data::from(Arc::clone(&services.rag)))
            .app_data(Data::from(Arc::clone(&services.health)))
            .app_data(Data::from(Arc::clone(&services.maintenance)))
            .app_data(Data::from(Arc::clone(&services.overview)))
            .app_data(Data::from(Arc::clone(&services.videos)))
            .app_data(Data::from(Arc::clone(&services.delays)))
            .app_data(Data::from(Arc::clone(&services.assistant)))
            .app_data(Data::from(Arc::clone(&services.usage)))
            .app_data(Data::from(Arc::clone(&services.chat)))
            .app_data(Data::from(Arc::clone(&services.conversations)))
            .app_data(Data::from(Arc::clone(&services.learning)))
            .app_data(Data::from(Arc::clone(&services.planned)))
            .app_data(Data::from(Arc::clone(&services.drive)))
            .app_data(Data::from(Arc::clone(&services.alerts)))
            .app_data(Data::from(Arc::clone(&services.schedules)))
            .app_data(Data::from(Arc::clone(&services.improvement)))
            .app_data(Data::from(Arc::clone(&services.numbers)))
            .app_data(Data::from(Arc::clone(&services.numbers.metrics)))
            .app_data(Data::new(services.db.clone()))
            .app_data(JsonLimit(self.json_limit))
            .app_data((*self.methods).clone())
            .app_data(problem::json_config(self.json_limit))
            .app_data(problem::payload_config(self.json_limit))
            .app_data(problem::query_config())
            .app_data(problem::path_config())
            .configure(|config| self.docs.configure(config))
            .default_service(web::route().to(problem::not_found));
    }
}

/// What is never below `/api`.
pub(crate) fn outside(routes: &mut impl Routes) {
    routes
        .service(health::info)
        .service(numbers::routes::metrics);
}

/// The table of contents; the OpenAPI document is made from it. Mounted twice: below `/api`, and without it.
pub(crate) fn all(routes: &mut impl Routes) {
    routes
        // For everyone
        .service(health::health)
        .service(health::healthz)
        .service(health::livez)
        .service(health::readyz)
        .service(sessions::routes::token)
        .service(sessions::routes::refresh)
        .service(oidc::routes::start)
        .service(oidc::routes::callback)
        .service(links::routes::request_reset)
        .service(links::routes::confirm_reset)
        .service(links::routes::verify)
        .service(webhook::routes::users)
        // For whoever is signed in
        .service(users::routes::me)
        .service(users::routes::change_password)
        .service(sessions::routes::logout)
        .service(sessions::routes::list)
        .service(sessions::routes::end)
        .service(two_factor::routes::state)
        .service(two_factor::routes::begin)
        .service(two_factor::routes::confirm)
        .service(two_factor::routes::disable)
        .service(api_keys::routes::create)
        .service(api_keys::routes::list)
        .service(api_keys::routes::remove)
        .service(health::status)
        .service(chat::ask::ask)
        .service(chat::ask::chat_auth)
        .service(chat::ask::educational)
        .service(chat::ask::stream)
        .service(chat::ask::agent)
        .service(chat::ask::limits)
        .service(chat::ask::models)
        .service(chat::learning::path)
        .service(chat::learning::explore)
        .service(chat::conversations::context)
        .service(chat::conversations::list)
        .service(chat::conversations::read)
        .service(chat::conversations::rename)
        .service(chat::conversations::remove)
        .service(chat::conversations::export)
        .service(chat::conversations::feedback)
        .service(improvement::routes::opened)
        .service(usage::routes::own)
        .service(planned::routes::list)
        .service(planned::routes::plan)
        .service(planned::routes::read)
        .service(planned::routes::change)
        .service(planned::routes::remove)
        .service(drive::stats::detailed)
        .service(drive::stats::plain)
        .service(drive::stats::by_folder)
        .service(maintenance::routes::health_check)
        .service(video::routes::list)
        .service(video::routes::search)
        .service(video::routes::analyze)
        .service(video::routes::embed)
        // For instructors and administrators
        .service(chat::conversations::judged)
        .service(assistant::routes::current)
        .service(assistant::routes::templates)
        .service(assistant::routes::save)
        .service(assistant::routes::apply)
        .service(assistant::routes::remove_template)
        .service(assistant::routes::save_template)
        .service(assistant::routes::reset)
        .service(assistant::routes::history)
        .service(drive::sync::sync)
        .service(drive::sync::sync_too)
        .service(drive::sync::module)
        .service(drive::sync::progress)
        .service(drive::sync::cancel)
        .service(drive::sync::fetch_anew)
        .service(drive::look::test)
        .service(drive::look::simple)
        .service(drive::look::simple_too)
        .service(drive::look::analysis)
        .service(drive::look::analysis_too)
        .service(drive::look::modules)
        .service(drive::look::connection)
        .service(drive::runs::runs)
        .service(drive::runs::read)
        .service(drive::runs::files)
        .service(drive::runs::confirm)
        .service(drive::runs::follow)
        .service(drive::folders::folders)
        .service(drive::folders::change)
        .service(drive::folders::forget)
        .service(drive::folders::clear)
        .service(drive::oauth::start)
        .service(drive::oauth::callback)
        .service(drive::oauth::state)
        .service(drive::oauth::end)
        // Materials; fixed names before ids, which hold slashes
        .service(materials::routes::look::list)
        .service(materials::routes::look::browse)
        .service(materials::routes::open::file_by_link)
        .service(materials::routes::open::file_by_link_head)
        .service(materials::routes::look::metadata)
        .service(materials::routes::look::follow)
        .service(materials::pages::picture)
        .service(materials::routes::open::package)
        .service(materials::routes::send::upload)
        .service(materials::routes::send::upload_archive)
        .service(materials::routes::change::describe)
        .service(materials::routes::change::remove)
        .service(acts::initialize)
        .service(acts::initialize_rag)
        .service(acts::process_materials)
        .service(video::routes::transcribe)
        .service(maintenance::routes::system_report)
        .service(analytics::routes::folder_structure)
        .service(analytics::routes::file_distribution)
        .service(analytics::routes::storage_efficiency)
        .service(analytics::routes::download_report)
        // For whoever is signed in, last: it takes every path below /materials
        .service(materials::routes::open::file)
        .service(materials::routes::open::file_head)
        // For administrators; fixed names before names of users
        .service(users::routes::count)
        .service(users::routes::users_count)
        .service(users::routes::list)
        .service(users::routes::create)
        .service(users::routes::update)
        .service(users::routes::remove)
        .service(users::routes::password)
        .service(users::routes::reset_password)
        .service(users::routes::restore_default_passwords)
        .service(two_factor::routes::remove)
        .service(links::routes::resend)
        .service(approved::routes::list)
        .service(approved::routes::add)
        .service(approved::routes::remove)
        .service(audit::routes::audit)
        .service(usage::routes::all)
        .service(site::routes::current)
        .service(site::routes::save)
        .service(site::routes::reset)
        .service(site::routes::history)
        .service(maintenance::routes::cleanup_duplicates)
        .service(maintenance::routes::cleanup_empty_folders)
        .service(maintenance::routes::optimize_storage)
        .service(maintenance::routes::reset_materials)
        .service(maintenance::routes::reset_chromadb)
        .service(maintenance::routes::clear_drive_cache)
        .service(maintenance::routes::reset_component)
        .service(maintenance::routes::jobs)
        .service(maintenance::routes::job)
        .service(improvement::routes::list)
        .service(schedules::routes::list)
        .service(schedules::routes::runs)
        .service(schedules::routes::change)
        .service(schedules::routes::run)
        .service(alerts::routes::list)
        .service(alerts::routes::settings)
        .service(alerts::routes::set)
        .service(alerts::routes::try_out)
        // For the rag-server
        .service(introspect::introspect);
}
