//! Settings: read from files and the environment, checked as a whole.

mod chat;
mod check;
mod raw;
mod variables;

use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use chunk::ChunkSettings;
use extract::Limits;
use shared::settings::{self, Defaults, Environment, Loaded, SecretString, SettingsErrors, Spec};
use shared::telemetry::LogSettings;
use url::Url;

use crate::archive::ArchiveSettings;
use crate::embedding::EmbeddingSettings;
use crate::models::ModelSettings;
use crate::query::RetrievalSettings;
use crate::reader::OcrSettings;
use crate::tables::TableSettings;
use variables::VARIABLES;

/// Where settings come from.
pub const SPEC: Spec = Spec {
    section: "rag",
    prefix: "RAG__",
    variables: VARIABLES,
    secrets: &[
        "service.secret",
        "service.metrics_token",
        "embedding.api_key",
        "chat.keys.nvidia",
        "chat.keys.openai",
        "chat.keys.gemini",
        "chat.keys.anthropic",
    ],
    defaults: Defaults {
        base: include_str!("../../../config/base.yaml"),
        development: include_str!("../../../config/development.yaml"),
        testing: include_str!("../../../config/testing.yaml"),
        production: include_str!("../../../config/production.yaml"),
    },
};

/// What is true: checked settings of the rag-server.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Root of everything kept.
    pub data_dir: PathBuf,
    /// The mirrored folder.
    pub materials_dir: PathBuf,
    /// Logging.
    pub log: LogSettings,
    /// HTTP.
    pub server: ServerSettings,
    /// Who may call; `None` = standalone, loopback only.
    pub service: Option<ServiceSettings>,
    /// Token for `/metrics`, `/readyz` and the OpenAPI page.
    pub metrics_token: Option<SecretString>,
    /// Where others over the same data reach this server; `None` = there are no others.
    pub replica: Option<Url>,
    /// State.
    pub database_url: String,
    /// Queue of jobs.
    pub queue_url: String,
    /// The index.
    pub index: IndexSettings,
    /// How documents are cut.
    pub chunk: ChunkSettings,
    /// How documents are read.
    pub reader: ReaderLimits,
    /// Archives of the whole store.
    pub archive: ArchiveSettings,
    /// Materials worked on at a time.
    pub concurrency: NonZeroUsize,
    /// Vectors.
    pub embedding: EmbeddingSettings,
    /// Retrieval.
    pub retrieval: RetrievalSettings,
    /// Answers computed on tables.
    pub tables: TableSettings,
    /// Chat models.
    pub chat: ModelSettings,
    /// Answers that are kept.
    pub answers: AnswerSettings,
}

/// Answers that are kept.
#[derive(Debug, Clone)]
pub struct AnswerSettings {
    /// How long; zero keeps none.
    pub ttl: Duration,
    /// Shared by replicas; in this process when absent.
    pub redis_url: Option<String>,
    /// Before every key.
    pub prefix: String,
}

/// HTTP.
#[derive(Debug, Clone)]
pub struct ServerSettings {
    /// Address to listen on.
    pub host: IpAddr,
    /// Port; 0 takes any free one.
    pub port: u16,
    /// Threads.
    pub workers: usize,
    /// Largest JSON body.
    pub json_limit: usize,
    /// Largest material.
    pub upload_limit: u64,
    /// How long a stopping server waits for what it is doing.
    pub drain: Duration,
}

/// Who may call.
#[derive(Debug, Clone)]
pub struct ServiceSettings {
    /// Shared with the api-server.
    pub secret: SecretString,
    /// Who signs.
    pub issuer: String,
    /// Whom tokens are for: this server.
    pub audience: String,
    /// Asked whose token a browser shows; none but the api-server calls without it.
    pub api_server_url: Option<Url>,
}

/// The index.
#[derive(Debug, Clone)]
pub struct IndexSettings {
    /// Folder or address of an object store.
    pub uri: String,
    /// Name of its tables.
    pub collection: String,
    /// Memory for parts of the index.
    pub cache_bytes: usize,
}

/// How documents are read.
#[derive(Debug, Clone)]
pub struct ReaderLimits {
    /// Documents read at a time.
    pub workers: usize,
    /// Longest reading of one document.
    pub timeout: Duration,
    /// Most memory of one reading.
    pub memory_bytes: u64,
    /// What a document may hold.
    pub limits: Limits,
    /// What reads pages that are pictures.
    pub ocr: OcrSettings,
}

impl Settings {
    /// Reads and checks everything.
    ///
    /// # Errors
    /// All faults at once, each with its key and where it came from.
    pub fn load(environment: &Environment) -> Result<Loaded<Self>, SettingsErrors> {
        settings::load(&SPEC, environment, |raw, faults| {
            check::check(raw, environment, faults)
        })
    }
}
