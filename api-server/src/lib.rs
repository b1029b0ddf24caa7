//! The api-server: who you are, and the door to everything.
//!
//! A folder per feature; inside one, `routes` call services, services call stores. See `ARCHITECTURE.md`.

mod access;
mod acts;
mod alerts;
mod analytics;
mod api_keys;
pub mod app;
mod approved;
mod assistant;
mod audit;
mod backup;
mod chat;
pub mod cli;
mod disk;
mod drive;
mod health;
mod improvement;
mod limits;
mod links;
mod mail;
mod maintenance;
mod materials;
mod migrations;
mod notices;
mod numbers;
pub mod oidc;
mod opaque;
mod openapi;
pub mod passwords;
mod planned;
mod rag;
mod reports;
mod routes;
mod runs;
mod schedules;
mod sealing;
mod sessions;
pub mod settings;
mod site;
pub mod tokens;
mod two_factor;
mod usage;
mod users;
mod video;
mod waits;
mod webhook;

pub use mail::{Letter, MailError, Mailer};
pub use openapi::document as openapi_document;

/// Every SQL statement of this server, so that tests can prepare them on both databases.
pub fn statements() -> Vec<&'static str> {
    [
        users::store::STATEMENTS,
        sessions::store::STATEMENTS,
        two_factor::store::STATEMENTS,
        api_keys::store::STATEMENTS,
        approved::store::STATEMENTS,
        links::store::STATEMENTS,
        mail::store::STATEMENTS,
        materials::store::STATEMENTS,
        materials::upkeep::store::STATEMENTS,
        webhook::store::STATEMENTS,
        oidc::store::STATEMENTS,
        audit::store::STATEMENTS,
        assistant::store::STATEMENTS,
        chat::store::STATEMENTS,
        usage::store::STATEMENTS,
        planned::store::STATEMENTS,
        drive::access::store::STATEMENTS,
        &drive::store::STATEMENTS.concat(),
        site::store::STATEMENTS,
        maintenance::store::STATEMENTS,
        video::store::STATEMENTS,
        numbers::store::STATEMENTS,
        schedules::store::STATEMENTS,
        notices::store::STATEMENTS,
        alerts::store::STATEMENTS,
        reports::store::STATEMENTS,
        improvement::store::STATEMENTS,
    ]
    .concat()
}
