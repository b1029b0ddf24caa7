//! What was written.

use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use chunk::ChunkSettings;
use serde::Deserialize;
use shared::settings::{self, SecretString};
use shared::telemetry::LogSettings;
use url::Url;

use super::chat::{RawCache, RawChat};

/// What was written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSettings {
    pub(super) data_dir: PathBuf,
    #[serde(default)]
    pub(super) materials_dir: Option<PathBuf>,
    pub(super) log: LogSettings,
    pub(super) server: RawServer,
    pub(super) service: RawService,
    pub(super) replica: RawReplica,
    pub(super) database: RawDatabase,
    pub(super) index: RawIndex,
    pub(super) chunk: ChunkSettings,
    pub(super) reader: RawReader,
    pub(super) archive: RawArchive,
    pub(super) jobs: RawJobs,
    pub(super) embedding: RawEmbedding,
    pub(super) retrieval: RawRetrieval,
    pub(super) tables: RawTables,
    pub(super) chat: RawChat,
    pub(super) cache: RawCache,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawServer {
    pub(super) host: IpAddr,
    pub(super) port: u16,
    pub(super) workers: NonZeroUsize,
    #[serde(with = "settings::size")]
    pub(super) json_limit: u64,
    #[serde(with = "settings::size")]
    pub(super) upload_limit: u64,
    #[serde(with = "settings::duration")]
    pub(super) drain: Duration,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawService {
    pub(super) issuer: String,
    pub(super) audience: String,
    #[serde(default)]
    pub(super) secret: Option<SecretString>,
    #[serde(default)]
    pub(super) metrics_token: Option<SecretString>,
    #[serde(default)]
    pub(super) api_server_url: Option<Url>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawReplica {
    pub(super) enabled: bool,
    #[serde(default)]
    pub(super) url: Option<Url>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDatabase {
    #[serde(default)]
    pub(super) url: Option<String>,
    #[serde(default)]
    pub(super) queue_url: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawIndex {
    #[serde(default)]
    pub(super) uri: Option<String>,
    pub(super) collection: String,
    #[serde(with = "settings::size")]
    pub(super) cache: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawReader {
    pub(super) workers: NonZeroUsize,
    #[serde(with = "settings::duration")]
    pub(super) timeout: Duration,
    #[serde(with = "settings::size")]
    pub(super) memory: u64,
    pub(super) pages: u64,
    pub(super) cells: u64,
    pub(super) characters: u64,
    #[serde(with = "settings::size")]
    pub(super) unpacked: u64,
    pub(super) ocr_program: PathBuf,
    pub(super) ocr_languages: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawArchive {
    #[serde(with = "settings::size")]
    pub(super) upload_limit: u64,
    pub(super) keep: NonZeroUsize,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawJobs {
    pub(super) concurrency: NonZeroUsize,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawEmbedding {
    pub(super) provider: Provider,
    #[serde(default)]
    pub(super) model_dir: Option<PathBuf>,
    pub(super) threads: NonZeroUsize,
    #[serde(default)]
    pub(super) base_url: Option<Url>,
    #[serde(default)]
    pub(super) model: Option<String>,
    #[serde(default)]
    pub(super) api_key: Option<SecretString>,
    #[serde(default)]
    pub(super) dimensions: Option<usize>,
    pub(super) batch_size: NonZeroUsize,
    #[serde(with = "settings::duration")]
    pub(super) timeout: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Provider {
    Bundled,
    Openai,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRetrieval {
    pub(super) top_k: usize,
    pub(super) fetch: usize,
    pub(super) min_score: f32,
    pub(super) concurrency: NonZeroUsize,
    pub(super) waiting: usize,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTables {
    pub(super) answers: bool,
    pub(super) model_plans: bool,
    #[serde(with = "settings::duration")]
    pub(super) model_wait: Duration,
}
