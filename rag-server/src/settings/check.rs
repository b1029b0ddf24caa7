//! What was written becomes what is true: every fault is found at start and named with its key.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chunk::ChunkSettings;
use embed::OpenAiSettings;
use extract::Limits;
use shared::settings::{Environment, ExposeSecret, Faults};
use url::Url;

use super::raw::{Provider, RawEmbedding, RawReplica, RawSettings};
use super::{IndexSettings, ReaderLimits, ServerSettings, ServiceSettings, Settings, chat};
use crate::archive::ArchiveSettings;
use crate::embedding::{EmbeddingSettings, EmbeddingSource};
use crate::query::RetrievalSettings;
use crate::reader::OcrSettings;
use crate::tables::TableSettings;

/// Where the bundled model lies, from the root of the project or of the image.
const MODEL_DIR: &str = "assets/models/e5-small-pt-en";

pub(super) fn check(
    mut raw: RawSettings,
    environment: &Environment,
    faults: &mut Faults<'_>,
) -> Option<Settings> {
    let largest = *ChunkSettings::SIZES.end();
    if raw.chunk.size > largest {
        faults.warn(
            "chunk.size",
            "taken for characters, as in the earlier system: a quarter of it and of chunk.overlap is used",
        );
        raw.chunk.size = (raw.chunk.size / 4).min(largest);
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
    if !ChunkSettings::SIZES.contains(&raw.chunk.size) {
        faults.add("chunk.size", "must be at least 16 tokens");
    }
    if !raw.chunk.overlaps_little() {
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
