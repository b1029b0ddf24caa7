//! What was written.

use std::net::{IpAddr, SocketAddr};
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use serde::Deserialize;
use shared::settings::{self, SecretString};
use shared::telemetry::LogSettings;
use url::Url;

use crate::mail::Security;
use crate::tokens::JwtAlgorithm;

/// What was written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSettings {
    pub(super) data_dir: PathBuf,
    pub(super) log: LogSettings,
    pub(super) server: RawServer,
    pub(super) database: RawDatabase,
    pub(super) cache: RawCache,
    pub(super) jwt: RawJwt,
    pub(super) service: RawService,
    pub(super) materials: RawMaterials,
    pub(super) transcription: RawTranscription,
    pub(super) webhook: RawWebhook,
    pub(super) metrics: RawMetrics,
    pub(super) runs: RawRuns,
    pub(super) backup: RawBackup,
    pub(super) admin: RawAdmin,
    pub(super) passwords: RawPasswords,
    pub(super) login: RawLogin,
    pub(super) limits: RawLimits,
    pub(super) two_factor: RawTwoFactor,
    pub(super) oidc: RawOidc,
    pub(super) mail: RawMail,
    pub(super) chat: RawChat,
    pub(super) drive: RawDrive,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawServer {
    pub(super) host: IpAddr,
    pub(super) port: u16,
    pub(super) workers: NonZeroUsize,
    #[serde(with = "settings::size")]
    pub(super) json_limit: u64,
    #[serde(with = "settings::duration")]
    pub(super) request_timeout: Duration,
    #[serde(with = "settings::duration")]
    pub(super) drain: Duration,
    pub(super) worker: bool,
    pub(super) public_url: Url,
    pub(super) trusted_proxies: Vec<IpNet>,
    pub(super) cors_origins: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDatabase {
    #[serde(default)]
    pub(super) url: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCache {
    #[serde(default)]
    pub(super) redis_url: Option<String>,
    pub(super) prefix: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawJwt {
    pub(super) algorithm: JwtAlgorithm,
    pub(super) issuer: String,
    #[serde(default)]
    pub(super) secret: Option<SecretString>,
    #[serde(default)]
    pub(super) previous_secrets: Vec<SecretString>,
    #[serde(default)]
    pub(super) private_key: Option<SecretString>,
    #[serde(default)]
    pub(super) public_key: Option<String>,
    #[serde(default)]
    pub(super) previous_public_keys: Option<String>,
    #[serde(with = "settings::duration")]
    pub(super) lifetime: Duration,
    #[serde(with = "settings::duration")]
    pub(super) refresh_lifetime: Duration,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawService {
    #[serde(default)]
    pub(super) secret: Option<SecretString>,
    pub(super) rag_server_url: Url,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMaterials {
    #[serde(with = "settings::size")]
    pub(super) max_upload: u64,
    #[serde(with = "settings::size")]
    pub(super) max_archive: u64,
    pub(super) archive_entries: NonZeroUsize,
    #[serde(with = "settings::size")]
    pub(super) archive_unpacked: u64,
    #[serde(with = "settings::duration")]
    pub(super) upload_timeout: Duration,
    #[serde(with = "settings::duration")]
    pub(super) link_lifetime: Duration,
    #[serde(default)]
    pub(super) extensions: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTranscription {
    #[serde(default)]
    pub(super) base_url: Option<Url>,
    pub(super) model: String,
    #[serde(default)]
    pub(super) key: Option<SecretString>,
    #[serde(default)]
    pub(super) language: Option<String>,
    #[serde(with = "settings::duration")]
    pub(super) timeout: Duration,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawWebhook {
    #[serde(default)]
    pub(super) secret: Option<SecretString>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMetrics {
    #[serde(default)]
    pub(super) token: Option<SecretString>,
    #[serde(default)]
    pub(super) listen: Option<SocketAddr>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRuns {
    pub(super) enabled: bool,
    pub(super) texts: bool,
    #[serde(with = "settings::duration")]
    pub(super) kept: Duration,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawBackup {
    #[serde(default)]
    pub(super) folder: Option<PathBuf>,
    #[serde(default)]
    pub(super) url: Option<Url>,
    #[serde(default)]
    pub(super) endpoint: Option<Url>,
    pub(super) region: String,
    #[serde(default)]
    pub(super) key_id: Option<String>,
    #[serde(default)]
    pub(super) key: Option<SecretString>,
    #[serde(default)]
    pub(super) token: Option<SecretString>,
    pub(super) keep: NonZeroUsize,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAdmin {
    pub(super) username: String,
    #[serde(default)]
    pub(super) password: Option<SecretString>,
    #[serde(default)]
    pub(super) email: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPasswords {
    #[serde(with = "settings::size")]
    pub(super) memory: u64,
    pub(super) passes: NonZeroU32,
    #[serde(default)]
    pub(super) concurrency: Option<NonZeroUsize>,
    pub(super) waiting: NonZeroUsize,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLogin {
    pub(super) attempts: NonZeroU32,
    #[serde(with = "settings::duration")]
    pub(super) first_delay: Duration,
    #[serde(with = "settings::duration")]
    pub(super) longest_delay: Duration,
    #[serde(with = "settings::duration")]
    pub(super) memory: Duration,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLimits {
    pub(super) per_address: u32,
    pub(super) per_user: u32,
    pub(super) sensitive: u32,
    pub(super) global: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTwoFactor {
    pub(super) required_for_admins: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMail {
    #[serde(default)]
    pub(super) host: Option<String>,
    pub(super) port: u16,
    pub(super) security: Security,
    #[serde(default)]
    pub(super) username: Option<String>,
    #[serde(default)]
    pub(super) password: Option<SecretString>,
    #[serde(default)]
    pub(super) from: Option<String>,
    pub(super) site_name: String,
    #[serde(with = "settings::duration")]
    pub(super) retry: Duration,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawOidc {
    #[serde(default)]
    pub(super) issuer: Option<String>,
    #[serde(default)]
    pub(super) client_id: Option<String>,
    #[serde(default)]
    pub(super) client_secret: Option<SecretString>,
    pub(super) scopes: Vec<String>,
    #[serde(default)]
    pub(super) redirect_url: Option<Url>,
    pub(super) admits_anybody: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawChat {
    pub(super) message_chars: NonZeroUsize,
    pub(super) cut_chars: NonZeroUsize,
    pub(super) refused_chars: NonZeroUsize,
    pub(super) memory_chars: usize,
    pub(super) per_hour: u32,
    pub(super) per_day: u32,
    #[serde(default)]
    pub(super) opens: Option<String>,
    #[serde(default)]
    pub(super) closes: Option<String>,
    pub(super) time_zone: String,
    #[serde(default)]
    pub(super) daily_budget: Option<f64>,
    pub(super) planned: u32,
    pub(super) mask_personal_data: bool,
    #[serde(with = "settings::duration")]
    pub(super) timeout: Duration,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDrive {
    pub(super) api_url: Url,
    pub(super) upload_url: Url,
    pub(super) auth_url: Url,
    pub(super) token_url: Url,
    pub(super) revoke_url: Url,
    #[serde(default)]
    pub(super) api_key: Option<SecretString>,
    #[serde(default)]
    pub(super) credentials_path: Option<PathBuf>,
    #[serde(default)]
    pub(super) token_path: Option<PathBuf>,
    #[serde(default)]
    pub(super) subject: Option<String>,
    #[serde(default)]
    pub(super) client_id: Option<String>,
    #[serde(default)]
    pub(super) client_secret: Option<SecretString>,
    #[serde(default)]
    pub(super) redirect_url: Option<Url>,
    pub(super) include_videos: bool,
    pub(super) export_native: bool,
    pub(super) max_depth: NonZeroUsize,
    pub(super) removal_share: f64,
    pub(super) removal_floor: usize,
    #[serde(with = "settings::duration")]
    pub(super) full_every: Duration,
    pub(super) concurrency: NonZeroUsize,
    pub(super) requests_per_second: NonZeroU32,
    pub(super) requests_per_user: NonZeroU32,
    pub(super) retries: u32,
    #[serde(with = "settings::duration")]
    pub(super) retry_wait: Duration,
    #[serde(with = "settings::duration")]
    pub(super) retry_longest: Duration,
    #[serde(with = "settings::duration")]
    pub(super) ledger_kept: Duration,
}
