//! What was written becomes what is true: every fault is found at start and named with its key.

mod backup;
mod check;
mod drive;
mod oidc;
mod raw;
mod variables;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use shared::settings::{self, Environment, Loaded, SecretString, SettingsErrors};
use shared::telemetry::LogSettings;
use url::Url;

use crate::backup::BackupSettings;
use crate::chat::ChatSettings;
use crate::drive::DriveSettings;
use crate::limits::{LimitSettings, LoginSettings};
use crate::mail::MailSettings;
use crate::materials::MaterialSettings;
use crate::oidc::OidcSettings;
use crate::passwords::PasswordSettings;
use crate::runs::RunSettings;
use crate::tokens::JwtSettings;
use crate::usage::UsageSettings;
use crate::video::TranscriptionSettings;

pub use variables::{SPEC, VARIABLES};

/// What is true: checked settings of the api-server.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Root of everything kept.
    pub data_dir: PathBuf,
    /// Logging.
    pub log: LogSettings,
    /// HTTP.
    pub server: ServerSettings,
    /// State.
    pub database_url: String,
    /// Cache shared by replicas; in this process alone without one.
    pub redis_url: Option<String>,
    /// Before every key of it.
    pub cache_prefix: String,
    /// User tokens.
    pub jwt: JwtSettings,
    /// Shared with the rag-server; without it neither asks the other anything.
    pub service_secret: Option<SecretString>,
    /// Where the rag-server answers.
    pub rag_server_url: Url,
    /// What materials may be.
    pub materials: MaterialSettings,
    /// Who writes down what is said in recordings, if somebody does.
    pub transcription: Option<TranscriptionSettings>,
    /// Signs what the users webhook receives; closed without one.
    pub webhook_secret: Option<SecretString>,
    /// Opens `/metrics`; without one it answers private addresses alone.
    pub metrics_token: Option<SecretString>,
    /// Where `worker` and `scheduler` show what they count; nowhere when absent.
    pub metrics_listen: Option<SocketAddr>,
    /// Records of questions answered.
    pub runs: Option<RunSettings>,
    /// Backups.
    pub backup: BackupSettings,
    /// The first administrator.
    pub admin: AdminSettings,
    /// Cost of passwords.
    pub passwords: PasswordSettings,
    /// Delays of logins.
    pub login: LoginSettings,
    /// Requests per minute.
    pub limits: LimitSettings,
    /// Administrators must have a second factor.
    pub admins_need_two_factor: bool,
    /// Sign-in by an identity provider, if there is one.
    pub oidc: Option<OidcSettings>,
    /// E-mail.
    pub mail: MailSettings,
    /// How questions are answered.
    pub chat: ChatSettings,
    /// How many are, and what they may cost.
    pub usage: UsageSettings,
    /// How Google Drive is reached and mirrored.
    pub drive: DriveSettings,
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
    /// Longest handling of one request.
    pub request_timeout: Duration,
    /// How long a stopping server waits for what it is doing.
    pub drain: Duration,
    /// Mails are sent, and what has ended removed, by this process too.
    pub worker: bool,
    /// Where people reach the system: base of links in mails.
    pub public_url: Url,
    /// Whose `X-Forwarded-*` headers are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Other origins whose pages may call.
    pub cors_origins: Vec<String>,
}

/// The first administrator.
#[derive(Debug, Clone)]
pub struct AdminSettings {
    /// Name.
    pub username: String,
    /// Password; a random one is written to a file without it.
    pub password: Option<SecretString>,
    /// E-mail.
    pub email: Option<String>,
}

impl Settings {
    /// Reads and checks everything.
    ///
    /// # Errors
    /// All faults at once, each with its key and where it came from.
    pub fn load(environment: &Environment) -> Result<Loaded<Self>, SettingsErrors> {
        settings::load(&SPEC, environment, check::check)
    }
}
