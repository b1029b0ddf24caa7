//! What was written becomes what is true: every fault is found at start and named with its key.

use std::net::IpAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use serde::Deserialize;
use shared::settings::{
    self, Defaults, Environment, ExposeSecret, Faults, Loaded, SecretString, SettingsErrors, Spec,
    Stage, Variable,
};
use shared::telemetry::LogSettings;
use url::Url;

use crate::limits::{LimitSettings, LoginSettings};
use crate::mail::{MailSettings, Security, SmtpSettings};
use crate::passwords::{MIN_CHARACTERS, PasswordSettings};
use crate::tokens::{JwtAlgorithm, JwtKeys, JwtSettings};

/// Plain names of variables; those of the earlier system keep working.
pub const VARIABLES: &[Variable] = &[
    Variable::new("API_HOST", "server.host"),
    Variable::new("API_PORT", "server.port"),
    Variable::new("HOST", "server.host"),
    Variable::new("PORT", "server.port"),
    Variable::new("PUBLIC_BASE_URL", "server.public_url"),
    Variable::new("FRONTEND_URL", "server.public_url").deprecated("PUBLIC_BASE_URL"),
    Variable::new("TRUSTED_PROXIES", "server.trusted_proxies"),
    Variable::new("CORS_ORIGINS", "server.cors_origins"),
    Variable::new("ALLOWED_ORIGINS", "server.cors_origins").deprecated("CORS_ORIGINS"),
    Variable::new("DATA_DIR", "data_dir"),
    Variable::new("DATABASE_URL", "database.url"),
    Variable::new("REDIS_URL", "cache.redis_url"),
    Variable::new("JWT_SECRET_KEY", "jwt.secret"),
    Variable::new("SECRET_KEY", "jwt.secret").deprecated("JWT_SECRET_KEY"),
    Variable::new("JWT_PREVIOUS_SECRET_KEYS", "jwt.previous_secrets"),
    Variable::new("JWT_ALGORITHM", "jwt.algorithm"),
    Variable::new("JWT_PRIVATE_KEY", "jwt.private_key"),
    Variable::new("JWT_PUBLIC_KEY", "jwt.public_key"),
    Variable::new("JWT_PREVIOUS_PUBLIC_KEYS", "jwt.previous_public_keys"),
    Variable::new("ACCESS_TOKEN_EXPIRE_MINUTES", "jwt.lifetime").unit("m"),
    Variable::new("SERVICE_SECRET", "service.secret"),
    Variable::new("RAG_SERVER_URL", "service.rag_server_url"),
    Variable::new("WEBHOOK_SECRET", "webhook.secret"),
    Variable::new("ADMIN_USERNAME", "admin.username"),
    Variable::new("ADMIN_PASSWORD", "admin.password"),
    Variable::new("ADMIN_EMAIL", "admin.email"),
    Variable::new("EMAIL_HOST", "mail.host"),
    Variable::new("EMAIL_PORT", "mail.port"),
    Variable::new("EMAIL_SECURITY", "mail.security"),
    Variable::new("EMAIL_USERNAME", "mail.username"),
    Variable::new("EMAIL_PASSWORD", "mail.password"),
    Variable::new("EMAIL_FROM", "mail.from"),
    Variable::new("MAX_LOGIN_ATTEMPTS", "login.attempts"),
    Variable::new("REQUIRE_ADMIN_TWO_FACTOR", "two_factor.required_for_admins"),
    Variable::new("LOG_LEVEL", "log.level"),
    Variable::new("LOG_FORMAT", "log.format"),
    Variable::new("API_LOG_LEVEL", "log.level").deprecated("LOG_LEVEL"),
];

/// Where settings come from.
pub const SPEC: Spec = Spec {
    section: "api",
    prefix: "API__",
    variables: VARIABLES,
    secrets: &[
        "jwt.secret",
        "jwt.previous_secrets",
        "jwt.private_key",
        "service.secret",
        "webhook.secret",
        "admin.password",
        "mail.password",
    ],
    defaults: Defaults {
        base: include_str!("../../config/base.yaml"),
        development: include_str!("../../config/development.yaml"),
        testing: include_str!("../../config/testing.yaml"),
        production: include_str!("../../config/production.yaml"),
    },
};

/// Shortest and longest life of an access token.
const LIFETIMES: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(24 * 3600));

/// What was written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSettings {
    data_dir: PathBuf,
    log: LogSettings,
    server: RawServer,
    database: RawDatabase,
    cache: RawCache,
    jwt: RawJwt,
    service: RawService,
    webhook: RawWebhook,
    admin: RawAdmin,
    passwords: RawPasswords,
    login: RawLogin,
    limits: RawLimits,
    two_factor: RawTwoFactor,
    mail: RawMail,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawServer {
    host: IpAddr,
    port: u16,
    workers: NonZeroUsize,
    #[serde(with = "settings::size")]
    json_limit: u64,
    #[serde(with = "settings::duration")]
    request_timeout: Duration,
    #[serde(with = "settings::duration")]
    drain: Duration,
    worker: bool,
    public_url: Url,
    trusted_proxies: Vec<IpNet>,
    cors_origins: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDatabase {
    #[serde(default)]
    url: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCache {
    #[serde(default)]
    redis_url: Option<String>,
    prefix: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawJwt {
    algorithm: JwtAlgorithm,
    issuer: String,
    #[serde(default)]
    secret: Option<SecretString>,
    #[serde(default)]
    previous_secrets: Vec<SecretString>,
    #[serde(default)]
    private_key: Option<SecretString>,
    #[serde(default)]
    public_key: Option<String>,
    #[serde(default)]
    previous_public_keys: Option<String>,
    #[serde(with = "settings::duration")]
    lifetime: Duration,
    #[serde(with = "settings::duration")]
    refresh_lifetime: Duration,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawService {
    #[serde(default)]
    secret: Option<SecretString>,
    rag_server_url: Url,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawWebhook {
    #[serde(default)]
    secret: Option<SecretString>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAdmin {
    username: String,
    #[serde(default)]
    password: Option<SecretString>,
    #[serde(default)]
    email: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPasswords {
    #[serde(with = "settings::size")]
    memory: u64,
    passes: NonZeroU32,
    #[serde(default)]
    concurrency: Option<NonZeroUsize>,
    waiting: NonZeroUsize,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLogin {
    attempts: NonZeroU32,
    #[serde(with = "settings::duration")]
    first_delay: Duration,
    #[serde(with = "settings::duration")]
    longest_delay: Duration,
    #[serde(with = "settings::duration")]
    memory: Duration,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLimits {
    per_address: u32,
    per_user: u32,
    sensitive: u32,
    global: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTwoFactor {
    required_for_admins: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMail {
    #[serde(default)]
    host: Option<String>,
    port: u16,
    security: Security,
    #[serde(default)]
    username: Option<String>,
    #[serde(default)]
    password: Option<SecretString>,
    #[serde(default)]
    from: Option<String>,
    site_name: String,
    #[serde(with = "settings::duration")]
    retry: Duration,
}

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
    /// Signs what the users webhook receives; closed without one.
    pub webhook_secret: Option<SecretString>,
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
    /// E-mail.
    pub mail: MailSettings,
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
        settings::load(&SPEC, environment, check)
    }
}

fn check(raw: RawSettings, faults: &mut Faults<'_>) -> Option<Settings> {
    check_ranges(&raw, faults);
    check_origins(&raw.server, faults);
    check_admin(&raw.admin, faults);
    let jwt = check_jwt(&raw.jwt, faults);
    check_secrets(&raw, faults);
    let mail = check_mail(&raw.mail, &raw.data_dir, faults);
    if !faults.is_empty() {
        return None;
    }
    let sqlite = || format!("sqlite://{}", raw.data_dir.join("api.db").display());
    Some(Settings {
        database_url: raw.database.url.unwrap_or_else(sqlite),
        redis_url: raw.cache.redis_url,
        cache_prefix: raw.cache.prefix,
        server: ServerSettings {
            host: raw.server.host,
            port: raw.server.port,
            workers: raw.server.workers.get(),
            json_limit: usize::try_from(raw.server.json_limit).unwrap_or(usize::MAX),
            request_timeout: raw.server.request_timeout,
            drain: raw.server.drain,
            worker: raw.server.worker,
            public_url: raw.server.public_url,
            trusted_proxies: raw.server.trusted_proxies,
            cors_origins: raw
                .server
                .cors_origins
                .iter()
                .map(|origin| origin.trim().trim_end_matches('/').to_owned())
                .collect(),
        },
        jwt: jwt?,
        service_secret: raw.service.secret,
        rag_server_url: raw.service.rag_server_url,
        webhook_secret: raw.webhook.secret,
        admin: AdminSettings {
            username: raw.admin.username,
            password: raw.admin.password,
            email: raw.admin.email,
        },
        passwords: PasswordSettings {
            memory_kib: u32::try_from(raw.passwords.memory / 1024).unwrap_or(u32::MAX),
            passes: raw.passwords.passes.get(),
            concurrency: raw.passwords.concurrency.map_or_else(
                || {
                    std::thread::available_parallelism()
                        .map_or(1, |cores| cores.get().saturating_sub(1).max(1))
                },
                NonZeroUsize::get,
            ),
            waiting: raw.passwords.waiting.get(),
        },
        login: LoginSettings {
            attempts: u64::from(raw.login.attempts.get()),
            first_delay: raw.login.first_delay,
            longest_delay: raw.login.longest_delay,
            memory: raw.login.memory,
        },
        limits: LimitSettings {
            per_address: raw.limits.per_address,
            per_user: raw.limits.per_user,
            sensitive: raw.limits.sensitive,
            global: raw.limits.global,
        },
        admins_need_two_factor: raw.two_factor.required_for_admins,
        mail: mail?,
        log: raw.log,
        data_dir: raw.data_dir,
    })
}

fn check_ranges(raw: &RawSettings, faults: &mut Faults<'_>) {
    if let Err(error) = raw.log.check() {
        faults.add("log.level", error);
    }
    if raw.server.json_limit < 1024 {
        faults.add("server.json_limit", "must be at least 1KiB");
    }
    if raw.server.request_timeout < Duration::from_secs(1) {
        faults.add("server.request_timeout", "must be at least 1s");
    }
    if !(LIFETIMES.0..=LIFETIMES.1).contains(&raw.jwt.lifetime) {
        faults.add("jwt.lifetime", "must be 1 minute to 24 hours");
    }
    if raw.jwt.refresh_lifetime < raw.jwt.lifetime {
        faults.add("jwt.refresh_lifetime", "must be at least jwt.lifetime");
    }
    // OWASP Password Storage Cheat Sheet: argon2id from 7 MiB (with 5 passes) up.
    if !(7 << 20..=1 << 30).contains(&raw.passwords.memory) {
        faults.add("passwords.memory", "must be 7MiB to 1GiB");
    }
    if raw.passwords.memory < 19 << 20
        && raw.passwords.passes.get() < 5
        && faults.stage() != Stage::Testing
    {
        faults.add(
            "passwords.passes",
            "must be at least 5 with less than 19MiB of memory",
        );
    }
    if raw.login.first_delay > raw.login.longest_delay {
        faults.add("login.first_delay", "must not exceed login.longest_delay");
    }
    if let Some(url) = &raw.database.url
        && !["sqlite:", "postgres:", "postgresql:"]
            .iter()
            .any(|scheme| url.starts_with(scheme))
    {
        faults.add("database.url", "must begin with sqlite: or postgres:");
    }
    if let Some(url) = &raw.cache.redis_url
        && shared::cache::RedisCache::check_url(url).is_err()
    {
        faults.add(
            "cache.redis_url",
            "must be redis://host:port, rediss://… or, for a cluster, several of them with commas",
        );
    }
}

fn check_origins(raw: &RawServer, faults: &mut Faults<'_>) {
    if raw.public_url.host().is_none() || !matches!(raw.public_url.scheme(), "http" | "https") {
        faults.add("server.public_url", "must be http://… or https://…");
    }
    if faults.stage() == Stage::Production && raw.public_url.scheme() == "http" {
        faults.warn(
            "server.public_url",
            "is not https: cookies and links travel unprotected",
        );
    }
    for origin in &raw.cors_origins {
        let origin = origin.trim().trim_end_matches('/');
        let is_origin = Url::parse(origin)
            .is_ok_and(|url| url.host().is_some() && url.origin().ascii_serialization() == origin);
        if !is_origin {
            faults.add(
                "server.cors_origins",
                format!("{origin:?} is no origin such as https://app.example.org (no wildcards)"),
            );
        }
    }
}

fn check_admin(raw: &RawAdmin, faults: &mut Faults<'_>) {
    if !crate::users::is_username(&raw.username) {
        faults.add(
            "admin.username",
            "must be 3 to 64 letters, digits, dots, hyphens or underscores",
        );
    }
    let Some(password) = &raw.password else {
        return;
    };
    if password.expose_secret().chars().count() < MIN_CHARACTERS {
        let message = format!("has fewer than {MIN_CHARACTERS} characters");
        if faults.stage() == Stage::Production {
            faults.add("admin.password", message);
        } else {
            faults.warn("admin.password", message);
        }
    }
}

/// Every secret is random and no two are the same.
fn check_secrets(raw: &RawSettings, faults: &mut Faults<'_>) {
    let named = [
        ("jwt.secret", &raw.jwt.secret),
        ("service.secret", &raw.service.secret),
        ("webhook.secret", &raw.webhook.secret),
    ];
    for (index, (key, secret)) in named.iter().enumerate() {
        let Some(secret) = secret else { continue };
        faults.secret(key, secret);
        let twin = named.iter().take(index).find(|(_, other)| {
            other
                .as_ref()
                .is_some_and(|other| other.expose_secret() == secret.expose_secret())
        });
        if let Some((other, _)) = twin {
            faults.add(key, format!("must differ from {other}"));
        }
    }
}

fn check_jwt(raw: &RawJwt, faults: &mut Faults<'_>) -> Option<JwtSettings> {
    let secret = faults.require("jwt.secret", raw.secret.clone());
    for previous in &raw.previous_secrets {
        faults.secret("jwt.previous_secrets", previous);
    }
    if raw.algorithm != JwtAlgorithm::Hs256 {
        faults.require("jwt.private_key", raw.private_key.as_ref());
        faults.require("jwt.public_key", raw.public_key.as_ref());
        if raw.private_key.is_none() || raw.public_key.is_none() {
            return None;
        }
    }
    let settings = JwtSettings {
        algorithm: raw.algorithm,
        issuer: raw.issuer.clone(),
        secret: secret?,
        previous_secrets: raw.previous_secrets.clone(),
        private_key: raw.private_key.clone(),
        public_key: raw.public_key.clone(),
        previous_public_keys: raw.previous_public_keys.clone(),
        lifetime: raw.lifetime,
        refresh_lifetime: raw.refresh_lifetime,
    };
    if let Err(error) = JwtKeys::new(&settings) {
        let key = if raw.algorithm == JwtAlgorithm::Hs256 {
            "jwt.secret"
        } else {
            "jwt.private_key"
        };
        faults.add(key, error);
    }
    Some(settings)
}

fn check_mail(
    raw: &RawMail,
    data_dir: &std::path::Path,
    faults: &mut Faults<'_>,
) -> Option<MailSettings> {
    let from = raw.from.clone().or_else(|| raw.username.clone());
    if let Some(from) = &from
        && from.parse::<lettre::message::Mailbox>().is_err()
    {
        faults.add("mail.from", "is no e-mail address");
    }
    let smtp = match &raw.host {
        None => None,
        Some(host) => {
            if raw.security == Security::None && raw.password.is_some() {
                faults.add(
                    "mail.security",
                    "a password is not sent over an unprotected connection: use starttls or tls",
                );
            }
            if raw.username.is_some() != raw.password.is_some() {
                faults.add("mail.username", "needs mail.password, and the reverse");
            }
            Some(SmtpSettings {
                host: host.clone(),
                port: raw.port,
                security: raw.security,
                credentials: raw.username.clone().zip(raw.password.clone()),
                from: faults.require("mail.from", from)?,
            })
        }
    };
    Some(MailSettings {
        smtp,
        folder: data_dir.join("mails"),
        site_name: raw.site_name.clone(),
        retry: raw.retry,
    })
}
