//! What was written becomes what is true.

use std::num::NonZeroUsize;
use std::time::Duration;

use shared::settings::{ExposeSecret, Faults, Stage};
use url::Url;

use super::backup::check_remote;
use super::drive::check_drive;
use super::oidc::check_oidc;
use super::raw::{
    RawAdmin, RawChat, RawJwt, RawMail, RawMaterials, RawServer, RawSettings, RawTranscription,
};
use super::{AdminSettings, ServerSettings, Settings};
use crate::backup::BackupSettings;
use crate::chat::{ChatSettings, MessageLengths};
use crate::limits::{LimitSettings, LoginSettings};
use crate::mail::{MailSettings, Security, SmtpSettings};
use crate::materials::{MaterialSettings, known, readable, recordings};
use crate::passwords::{MIN_CHARACTERS, PasswordSettings};
use crate::runs::RunSettings;
use crate::tokens::{JwtAlgorithm, JwtKeys, JwtSettings};
use crate::usage::{OpeningHours, UsageSettings, time_of_day};
use crate::video::TranscriptionSettings;

/// Shortest and longest life of an access token.
const LIFETIMES: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(24 * 3600));

pub(super) fn check(raw: RawSettings, faults: &mut Faults<'_>) -> Option<Settings> {
    check_ranges(&raw, faults);
    check_origins(&raw.server, faults);
    check_admin(&raw.admin, faults);
    let jwt = check_jwt(&raw.jwt, faults);
    check_secrets(&raw, faults);
    let remote = check_remote(&raw.backup, faults);
    let mail = check_mail(&raw.mail, &raw.data_dir, faults);
    let oidc = check_oidc(&raw.oidc, &raw.server.public_url, faults);
    let transcription = check_transcription(&raw.transcription, faults);
    let materials = check_materials(&raw.materials, transcription.is_some(), faults);
    let usage = check_usage(&raw.chat, faults);
    let drive = check_drive(&raw.drive, &raw.data_dir, &raw.server.public_url, faults);
    check_chat(&raw.chat, faults);
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
        materials,
        transcription,
        webhook_secret: raw.webhook.secret,
        metrics_token: raw.metrics.token,
        metrics_listen: raw.metrics.listen,
        runs: raw.runs.enabled.then(|| RunSettings {
            folder: raw.data_dir.join("runs"),
            texts: raw.runs.texts,
            kept: raw.runs.kept,
        }),
        backup: BackupSettings {
            folder: raw
                .backup
                .folder
                .unwrap_or_else(|| raw.data_dir.join("backups")),
            remote,
            keep: raw.backup.keep,
        },
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
        oidc,
        mail: mail?,
        chat: ChatSettings {
            lengths: MessageLengths {
                normal: raw.chat.message_chars.get(),
                cut: raw.chat.cut_chars.get(),
                refuse: raw.chat.refused_chars.get(),
            },
            memory: raw.chat.memory_chars,
            planned: raw.chat.planned,
            mask_personal_data: raw.chat.mask_personal_data,
            timeout: raw.chat.timeout,
        },
        usage: usage?,
        drive: drive?,
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
    if !(Duration::from_secs(3600)..=Duration::from_secs(366 * 24 * 3600)).contains(&raw.runs.kept)
    {
        faults.add("runs.kept", "must be 1 hour to 366 days");
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
        ("metrics.token", &raw.metrics.token),
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

fn check_transcription(
    raw: &RawTranscription,
    faults: &mut Faults<'_>,
) -> Option<TranscriptionSettings> {
    let base_url = raw.base_url.clone()?;
    if base_url.host().is_none() || !matches!(base_url.scheme(), "http" | "https") {
        faults.add("transcription.base_url", "must be http://… or https://…");
    }
    if raw.model.trim().is_empty() {
        faults.add("transcription.model", "must be the name of a model");
    }
    if !(Duration::from_secs(10)..=Duration::from_hours(6)).contains(&raw.timeout) {
        faults.add("transcription.timeout", "must be 10s to 6h");
    }
    Some(TranscriptionSettings {
        base_url,
        model: raw.model.clone(),
        key: raw.key.clone(),
        language: raw.language.clone(),
        timeout: raw.timeout,
    })
}

fn check_materials(
    raw: &RawMaterials,
    transcribes: bool,
    faults: &mut Faults<'_>,
) -> MaterialSettings {
    if !(1024..=10 << 30).contains(&raw.max_upload) {
        faults.add("materials.max_upload", "must be 1KiB to 10GiB");
    }
    for (key, size) in [
        ("materials.max_archive", raw.max_archive),
        ("materials.archive_unpacked", raw.archive_unpacked),
    ] {
        if size < raw.max_upload {
            faults.add(key, "must be at least materials.max_upload");
        }
    }
    if raw.archive_entries.get() > 100_000 {
        faults.add("materials.archive_entries", "must be at most 100000");
    }
    if raw.upload_timeout < Duration::from_secs(60) {
        faults.add("materials.upload_timeout", "must be at least 1m");
    }
    if !(60..=24 * 3600).contains(&raw.link_lifetime.as_secs()) {
        faults.add("materials.link_lifetime", "must be 1 minute to 24 hours");
    }
    let extensions = raw.extensions.as_ref().map_or_else(
        || {
            let heard = recordings().filter(|_| transcribes);
            readable().chain(heard).map(str::to_owned).collect()
        },
        |named| {
            named
                .iter()
                .map(|extension| extension.trim().trim_start_matches('.').to_lowercase())
                .collect::<Vec<_>>()
        },
    );
    for extension in &extensions {
        if !known().any(|known| known == extension) {
            faults.add(
                "materials.extensions",
                format!("{extension:?} is none that can be taken"),
            );
        }
    }
    MaterialSettings {
        max_upload: raw.max_upload,
        max_archive: raw.max_archive,
        archive_entries: raw.archive_entries.get(),
        archive_unpacked: raw.archive_unpacked,
        upload_timeout: raw.upload_timeout,
        extensions,
        transcribes,
        link_lifetime: raw.link_lifetime,
    }
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

fn check_chat(raw: &RawChat, faults: &mut Faults<'_>) {
    if raw.message_chars > raw.cut_chars || raw.cut_chars > raw.refused_chars {
        faults.add(
            "chat.cut_chars",
            "must lie between chat.message_chars and chat.refused_chars",
        );
    }
    // The rag-server reads no longer questions.
    if raw.cut_chars.get() > 50_000 {
        faults.add("chat.cut_chars", "must be at most 50000");
    }
    if raw.memory_chars > 100_000 {
        faults.add("chat.memory_chars", "must be at most 100000");
    }
    if raw.planned > 1_000 {
        faults.add("chat.planned", "must be at most 1000");
    }
    if !(Duration::from_secs(1)..=Duration::from_secs(600)).contains(&raw.timeout) {
        faults.add("chat.timeout", "must be 1s to 10m");
    }
}

fn check_usage(raw: &RawChat, faults: &mut Faults<'_>) -> Option<UsageSettings> {
    let time_zone = raw.time_zone.parse().ok();
    if time_zone.is_none() {
        faults.add(
            "chat.time_zone",
            "is no time zone such as America/Sao_Paulo",
        );
    }
    if raw
        .daily_budget
        .is_some_and(|budget| !(0.0..=1e6).contains(&budget))
    {
        faults.add("chat.daily_budget", "must be 0 to 1000000 (US dollars)");
    }
    let mut time = |key: &str, text: &Option<String>| {
        let time = text.as_deref().map(time_of_day);
        if time == Some(None) {
            faults.add(key, "is no time of day such as 08:00");
        }
        time.flatten()
    };
    let opens = time("chat.opens", &raw.opens);
    let closes = time("chat.closes", &raw.closes);
    let hours = match (opens, closes) {
        (Some(opens), Some(closes)) if opens == closes => {
            faults.add("chat.closes", "must differ from chat.opens");
            None
        }
        (Some(opens), Some(closes)) => Some(OpeningHours { opens, closes }),
        (None, None) => None,
        _ => {
            faults.add("chat.opens", "needs chat.closes, and the reverse");
            None
        }
    };
    Some(UsageSettings {
        time_zone: time_zone?,
        per_hour: raw.per_hour,
        per_day: raw.per_day,
        hours,
        daily_budget: raw.daily_budget,
    })
}
