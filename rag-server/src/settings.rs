//! What was written becomes what is true: every fault is found at start and named with its key.

mod chat;

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chunk::ChunkSettings;
use embed::OpenAiSettings;
use extract::Limits;
use serde::Deserialize;
use shared::settings::{
    self, Defaults, Environment, ExposeSecret, Faults, Loaded, SecretString, SettingsErrors, Spec,
    Variable,
};
use shared::telemetry::LogSettings;
use url::Url;

use crate::archive::ArchiveSettings;
use crate::embedding::{EmbeddingSettings, EmbeddingSource};
use crate::models::ModelSettings;
use crate::query::RetrievalSettings;
use crate::reader::OcrSettings;
use crate::tables::TableSettings;
use chat::{RawCache, RawChat};

/// Where the bundled model lies, from the root of the project or of the image.
const MODEL_DIR: &str = "assets/models/e5-small-pt-en";

/// Most tokens of a passage: the embedder reads 512, headings included.
const LARGEST_CHUNK: usize = 480;

/// Plain names of variables; those of the earlier system keep working.
pub const VARIABLES: &[Variable] = &[
    Variable::new("HOST", "server.host"),
    Variable::new("PORT", "server.port"),
    Variable::new("MAX_UPLOAD_BYTES", "server.upload_limit"),
    Variable::new("DATA_DIR", "data_dir"),
    Variable::new("MATERIALS_DIR", "materials_dir"),
    Variable::new("SERVICE_SECRET", "service.secret"),
    Variable::new("METRICS_TOKEN", "service.metrics_token"),
    Variable::new("API_SERVER_URL", "service.api_server_url"),
    Variable::new("REPLICA", "replica.enabled"),
    Variable::new("REPLICA_URL", "replica.url"),
    Variable::new("RAG_DATABASE_URL", "database.url"),
    Variable::new("RAG_QUEUE_URL", "database.queue_url"),
    Variable::new("LANCE_URI", "index.uri"),
    Variable::new("CHROMA_PERSIST_DIR", "index.uri").deprecated("LANCE_URI"),
    Variable::new("COLLECTION_NAME", "index.collection"),
    Variable::new("CHUNK_SIZE", "chunk.size"),
    Variable::new("CHUNK_OVERLAP", "chunk.overlap"),
    Variable::new("MAX_STORE_ARCHIVE_BYTES", "archive.upload_limit"),
    Variable::new("STORE_ARCHIVES_KEPT", "archive.keep"),
    Variable::new("OCR_PROGRAM", "reader.ocr_program"),
    Variable::new("OCR_LANGUAGES", "reader.ocr_languages"),
    Variable::new("MODEL_DIR", "embedding.model_dir"),
    Variable::new("N_THREADS", "embedding.threads"),
    Variable::new("EMBEDDING_PROVIDER", "embedding.provider"),
    Variable::new("EMBEDDING_BASE_URL", "embedding.base_url"),
    Variable::new("EMBEDDING_SERVICE_URL", "embedding.base_url").deprecated("EMBEDDING_BASE_URL"),
    Variable::new("EMBEDDING_MODEL", "embedding.model"),
    Variable::new("EMBEDDING_MODEL_NAME", "embedding.model").deprecated("EMBEDDING_MODEL"),
    Variable::new("EMBEDDING_API_KEY", "embedding.api_key"),
    Variable::new("EMBEDDING_DIMENSIONS", "embedding.dimensions"),
    Variable::new("EMBEDDING_BATCH_SIZE", "embedding.batch_size"),
    Variable::new("TOP_K_RESULTS", "retrieval.top_k"),
    Variable::new("MIN_SCORE", "retrieval.min_score"),
    Variable::new("MAX_QUESTIONS", "retrieval.concurrency"),
    Variable::new("MAX_QUESTIONS_WAITING", "retrieval.waiting"),
    Variable::new("TABLE_ANSWERS", "tables.answers"),
    Variable::new("TABLE_MODEL_PLANS", "tables.model_plans"),
    Variable::new("TABLE_MODEL_WAIT", "tables.model_wait").unit("s"),
    Variable::new("MODELS_FILE", "chat.registry"),
    Variable::new("DEFAULT_PROVIDER", "chat.default_provider"),
    Variable::new("DEFAULT_MODEL", "chat.default_model"),
    Variable::new("LLM_MODEL", "chat.default_model").deprecated("DEFAULT_MODEL"),
    Variable::new("AGENT_MODEL_NAME", "chat.default_model").deprecated("DEFAULT_MODEL"),
    Variable::new("PREFER_NVIDIA", "chat.prefer_nvidia"),
    Variable::new("PREFER_OPENAI", "chat.prefer_openai"),
    Variable::new("LLM_TEMPERATURE", "chat.temperature"),
    Variable::new("NVIDIA_API_KEY", "chat.keys.nvidia"),
    Variable::new("OPENAI_API_KEY", "chat.keys.openai"),
    Variable::new("GEMINI_API_KEY", "chat.keys.gemini"),
    Variable::new("GOOGLE_API_KEY", "chat.keys.gemini").deprecated("GEMINI_API_KEY"),
    Variable::new("ANTHROPIC_API_KEY", "chat.keys.anthropic"),
    Variable::new("OLLAMA_BASE_URL", "chat.ollama_url"),
    Variable::new("CACHE_TTL", "cache.ttl").unit("s"),
    Variable::new("REDIS_URL", "cache.redis_url"),
    Variable::new("LOG_LEVEL", "log.level"),
    Variable::new("LOG_FORMAT", "log.format"),
    Variable::new("LOG_DIR", "log.folder"),
    Variable::new("OTEL_EXPORTER_OTLP_ENDPOINT", "log.traces"),
    Variable::new("RAG_LOG_LEVEL", "log.level").deprecated("LOG_LEVEL"),
];

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
        base: include_str!("../../config/base.yaml"),
        development: include_str!("../../config/development.yaml"),
        testing: include_str!("../../config/testing.yaml"),
        production: include_str!("../../config/production.yaml"),
    },
};

/// What was written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSettings {
    data_dir: PathBuf,
    #[serde(default)]
    materials_dir: Option<PathBuf>,
    log: LogSettings,
    server: RawServer,
    service: RawService,
    replica: RawReplica,
    database: RawDatabase,
    index: RawIndex,
    chunk: ChunkSettings,
    reader: RawReader,
    archive: RawArchive,
    jobs: RawJobs,
    embedding: RawEmbedding,
    retrieval: RawRetrieval,
    tables: RawTables,
    chat: RawChat,
    cache: RawCache,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawServer {
    host: IpAddr,
    port: u16,
    workers: NonZeroUsize,
    #[serde(with = "settings::size")]
    json_limit: u64,
    #[serde(with = "settings::size")]
    upload_limit: u64,
    #[serde(with = "settings::duration")]
    drain: Duration,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawService {
    issuer: String,
    audience: String,
    #[serde(default)]
    secret: Option<SecretString>,
    #[serde(default)]
    metrics_token: Option<SecretString>,
    #[serde(default)]
    api_server_url: Option<Url>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawReplica {
    enabled: bool,
    #[serde(default)]
    url: Option<Url>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDatabase {
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    queue_url: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawIndex {
    #[serde(default)]
    uri: Option<String>,
    collection: String,
    #[serde(with = "settings::size")]
    cache: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawReader {
    workers: NonZeroUsize,
    #[serde(with = "settings::duration")]
    timeout: Duration,
    #[serde(with = "settings::size")]
    memory: u64,
    pages: u64,
    cells: u64,
    characters: u64,
    #[serde(with = "settings::size")]
    unpacked: u64,
    ocr_program: PathBuf,
    ocr_languages: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawArchive {
    #[serde(with = "settings::size")]
    upload_limit: u64,
    keep: NonZeroUsize,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawJobs {
    concurrency: NonZeroUsize,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEmbedding {
    provider: Provider,
    #[serde(default)]
    model_dir: Option<PathBuf>,
    threads: NonZeroUsize,
    #[serde(default)]
    base_url: Option<Url>,
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    api_key: Option<SecretString>,
    #[serde(default)]
    dimensions: Option<usize>,
    batch_size: NonZeroUsize,
    #[serde(with = "settings::duration")]
    timeout: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Provider {
    Bundled,
    Openai,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRetrieval {
    top_k: usize,
    fetch: usize,
    min_score: f32,
    concurrency: NonZeroUsize,
    waiting: usize,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTables {
    answers: bool,
    model_plans: bool,
    #[serde(with = "settings::duration")]
    model_wait: Duration,
}

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
            check(raw, environment, faults)
        })
    }
}

fn check(
    mut raw: RawSettings,
    environment: &Environment,
    faults: &mut Faults<'_>,
) -> Option<Settings> {
    if raw.chunk.size > LARGEST_CHUNK {
        faults.warn(
            "chunk.size",
            "taken for characters, as in the earlier system: a quarter of it and of chunk.overlap is used",
        );
        raw.chunk.size = (raw.chunk.size / 4).min(LARGEST_CHUNK);
        raw.chunk.overlap /= 4;
    }
    check_ranges(&raw, faults);
    let service = check_service(&raw, faults);
    let replica = check_replica(&raw, faults);
    let source = check_embedding(&raw.embedding, faults);
    let chat = chat::check(raw.chat, environment, faults);
    let answers = chat::check_cache(raw.cache, faults);
    if !faults.is_empty() {
        return None;
    }
    let in_data = |name: &str| raw.data_dir.join(name);
    let sqlite = |name: &str| format!("sqlite://{}", in_data(name).display());
    Some(Settings {
        materials_dir: raw.materials_dir.unwrap_or_else(|| in_data("materials")),
        database_url: raw.database.url.unwrap_or_else(|| sqlite("rag.db")),
        queue_url: raw.database.queue_url.unwrap_or_else(|| sqlite("queue.db")),
        index: IndexSettings {
            uri: raw
                .index
                .uri
                .unwrap_or_else(|| in_data("index").display().to_string()),
            collection: raw.index.collection,
            cache_bytes: usize::try_from(raw.index.cache).unwrap_or(usize::MAX),
        },
        archive: ArchiveSettings {
            max_bytes: raw.archive.upload_limit,
            keep: raw.archive.keep.get(),
        },
        reader: ReaderLimits {
            workers: raw.reader.workers.get(),
            timeout: raw.reader.timeout,
            memory_bytes: raw.reader.memory,
            limits: Limits {
                bytes: raw.server.upload_limit,
                pages: raw.reader.pages,
                cells: raw.reader.cells,
                characters: raw.reader.characters,
                unpacked_bytes: raw.reader.unpacked,
                ..Limits::default()
            },
            ocr: OcrSettings {
                program: raw.reader.ocr_program.clone(),
                languages: languages(&raw.reader.ocr_languages)
                    .map(str::to_owned)
                    .collect(),
            },
        },
        server: ServerSettings {
            host: raw.server.host,
            port: raw.server.port,
            workers: raw.server.workers.get(),
            json_limit: usize::try_from(raw.server.json_limit).unwrap_or(usize::MAX),
            upload_limit: raw.server.upload_limit,
            drain: raw.server.drain,
        },
        service,
        replica,
        metrics_token: raw.service.metrics_token,
        concurrency: raw.jobs.concurrency,
        embedding: EmbeddingSettings {
            source: source?,
            model_dir: raw.embedding.model_dir.unwrap_or_else(bundled_model),
            threads: raw.embedding.threads.get(),
        },
        retrieval: RetrievalSettings {
            top_k: raw.retrieval.top_k,
            fetch: raw.retrieval.fetch,
            min_score: raw.retrieval.min_score,
            concurrency: raw.retrieval.concurrency.get(),
            waiting: raw.retrieval.waiting,
        },
        tables: TableSettings {
            answers: raw.tables.answers,
            model_plans: raw.tables.model_plans,
            model_wait: raw.tables.model_wait,
        },
        chat: chat?,
        answers,
        log: raw.log,
        chunk: raw.chunk,
        data_dir: raw.data_dir,
    })
}

/// The bundled model where the program is started, else where it was built: it can be called from anywhere.
fn bundled_model() -> PathBuf {
    let here = PathBuf::from(MODEL_DIR);
    let built = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(MODEL_DIR);
    if !here.is_dir() && built.is_dir() {
        built
    } else {
        here
    }
}

fn check_ranges(raw: &RawSettings, faults: &mut Faults<'_>) {
    if raw.chunk.size < 16 {
        faults.add("chunk.size", "must be at least 16 tokens");
    }
    if raw.chunk.overlap >= raw.chunk.size.div_ceil(2) {
        faults.add("chunk.overlap", "must be less than half of chunk.size");
    }
    if !(1..=50).contains(&raw.retrieval.top_k) {
        faults.add("retrieval.top_k", "must be 1 to 50");
    }
    if !(10..=500).contains(&raw.retrieval.fetch) {
        faults.add("retrieval.fetch", "must be 10 to 500");
    }
    if !(0.0..=1.0).contains(&raw.retrieval.min_score) {
        faults.add("retrieval.min_score", "must be 0 to 1");
    }
    if raw.retrieval.concurrency.get() > 1024 {
        faults.add("retrieval.concurrency", "must be 1 to 1024");
    }
    if raw.retrieval.waiting > 65_536 {
        faults.add("retrieval.waiting", "must be 0 to 65536");
    }
    let wait = raw.tables.model_wait;
    if !(Duration::from_secs(1)..=Duration::from_secs(60)).contains(&wait) {
        faults.add("tables.model_wait", "must be 1s to 60s");
    }
    if raw.server.upload_limit < 1024 {
        faults.add("server.upload_limit", "must be at least 1KiB");
    }
    if raw.server.json_limit < 1024 {
        faults.add("server.json_limit", "must be at least 1KiB");
    }
    if !languages(&raw.reader.ocr_languages).all(is_language) {
        faults.add(
            "reader.ocr_languages",
            "must be names of languages with + between them, as in por+eng",
        );
    }
    if raw.reader.memory < 64 << 20 {
        faults.add("reader.memory", "must be at least 64MiB");
    }
}

fn languages(joined: &str) -> impl Iterator<Item = &str> {
    joined.split('+').map(str::trim)
}

/// `por`, `chi_sim`, `script/Latin`: never an option of the program.
fn is_language(name: &str) -> bool {
    let is_fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '/');
    name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(is_fine)
}

/// Without a secret the server answers this machine alone.
fn check_service(raw: &RawSettings, faults: &mut Faults<'_>) -> Option<ServiceSettings> {
    if let Some(token) = &raw.service.metrics_token {
        faults.secret("service.metrics_token", token);
    }
    let Some(secret) = &raw.service.secret else {
        if !raw.server.host.is_loopback() {
            faults.add(
                "server.host",
                "without SERVICE_SECRET the server listens on this machine alone: use 127.0.0.1, or set SERVICE_SECRET",
            );
        }
        return None;
    };
    faults.secret("service.secret", secret);
    if raw
        .service
        .metrics_token
        .as_ref()
        .is_some_and(|token| token.expose_secret() == secret.expose_secret())
    {
        faults.add("service.metrics_token", "must differ from SERVICE_SECRET");
    }
    Some(ServiceSettings {
        secret: secret.clone(),
        issuer: raw.service.issuer.clone(),
        audience: raw.service.audience.clone(),
        api_server_url: raw.service.api_server_url.clone(),
    })
}

/// Others must be able to reach this server.
fn check_replica(raw: &RawSettings, faults: &mut Faults<'_>) -> Option<Url> {
    let RawReplica { enabled, url } = &raw.replica;
    if !enabled {
        return None;
    }
    if let Some(url) = url {
        if url.scheme() != "http" || url.host().is_none() {
            faults.add(
                "replica.url",
                "must be an address such as http://10.0.0.5:8001",
            );
        }
        return Some(url.clone());
    }
    let server = &raw.server;
    if server.host.is_unspecified() || server.port == 0 {
        faults.add(
            "replica.url",
            "is needed where the server listens on all addresses or on any port: where other rag-servers reach this one",
        );
        return None;
    }
    Url::parse(&format!(
        "http://{}",
        SocketAddr::new(server.host, server.port)
    ))
    .ok()
}

fn check_embedding(raw: &RawEmbedding, faults: &mut Faults<'_>) -> Option<EmbeddingSource> {
    // An address alone says that the endpoint is meant.
    let is_remote = raw.provider == Provider::Openai || raw.base_url.is_some();
    if !is_remote {
        return Some(EmbeddingSource::Bundled);
    }
    let base_url = faults.require("embedding.base_url", raw.base_url.clone());
    let model = faults.require("embedding.model", raw.model.clone());
    let mut remote = OpenAiSettings::new(base_url?, model?);
    remote.api_key.clone_from(&raw.api_key);
    remote.dimensions = raw.dimensions;
    remote.batch_size = raw.batch_size.get();
    remote.timeout = raw.timeout;
    Some(EmbeddingSource::Remote(remote))
}

#[cfg(test)]
mod tests {
    use super::VARIABLES;

    #[test]
    fn every_variable_is_explained() {
        let example = include_str!("../../env.example");
        for variable in VARIABLES {
            let explained = example.lines().any(|line| {
                let line = line.trim_start_matches('#');
                line.strip_prefix(variable.name)
                    .is_some_and(|rest| rest.starts_with('='))
            });
            assert!(explained, "{} is not in env.example", variable.name);
        }
    }
}
