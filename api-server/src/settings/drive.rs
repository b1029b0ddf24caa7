//! How Google Drive is reached and mirrored.

use std::path::Path;
use std::time::Duration;

use shared::settings::Faults;
use url::Url;

use super::raw::RawDrive;
use crate::drive::{DriveSettings, OAuthClient};

/// What is written of Drive, checked.
pub(super) fn check_drive(
    raw: &RawDrive,
    data_dir: &Path,
    public_url: &Url,
    faults: &mut Faults<'_>,
) -> Option<DriveSettings> {
    for (key, url) in [
        ("drive.api_url", &raw.api_url),
        ("drive.upload_url", &raw.upload_url),
        ("drive.auth_url", &raw.auth_url),
        ("drive.token_url", &raw.token_url),
        ("drive.revoke_url", &raw.revoke_url),
    ] {
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            faults.add(key, "must be https://… or http://…");
        }
    }
    if raw.max_depth.get() > 100 {
        faults.add("drive.max_depth", "must be 1 to 100");
    }
    if !(0.0..=1.0).contains(&raw.removal_share) {
        faults.add("drive.removal_share", "must be 0 to 1");
    }
    if raw.full_every < Duration::from_secs(60) {
        faults.add("drive.full_every", "must be at least 1m");
    }
    if raw.concurrency.get() > 64 {
        faults.add("drive.concurrency", "must be 1 to 64");
    }
    if raw.retries > 20 {
        faults.add("drive.retries", "must be at most 20");
    }
    if raw.retry_wait > raw.retry_longest || raw.retry_longest > Duration::from_secs(3600) {
        faults.add(
            "drive.retry_longest",
            "must be at least drive.retry_wait and at most 1h",
        );
    }
    if raw.ledger_kept < Duration::from_secs(3600) {
        faults.add("drive.ledger_kept", "must be at least 1h");
    }
    if raw.client_id.is_some() != raw.client_secret.is_some() {
        faults.add(
            "drive.client_id",
            "needs drive.client_secret, and the reverse",
        );
    }
    let redirect_url = raw
        .redirect_url
        .clone()
        .or_else(|| public_url.join("/api/drive/oauth/callback").ok());
    let file = |named: &Option<std::path::PathBuf>, name: &str| {
        named.clone().unwrap_or_else(|| data_dir.join(name))
    };
    let client = raw.client_id.clone().zip(raw.client_secret.clone());
    Some(DriveSettings {
        api_url: raw.api_url.clone(),
        upload_url: raw.upload_url.clone(),
        auth_url: raw.auth_url.clone(),
        token_url: raw.token_url.clone(),
        revoke_url: raw.revoke_url.clone(),
        api_key: raw.api_key.clone(),
        credentials_path: file(&raw.credentials_path, "credentials.json"),
        token_path: file(&raw.token_path, "token.json"),
        is_named: raw.credentials_path.is_some(),
        subject: raw.subject.clone(),
        client: client.map(|(id, secret)| OAuthClient { id, secret }),
        redirect_url: faults.require("drive.redirect_url", redirect_url)?,
        include_videos: raw.include_videos,
        export_native: raw.export_native,
        max_depth: raw.max_depth.get(),
        removal_share: raw.removal_share,
        removal_floor: raw.removal_floor,
        full_every: raw.full_every,
        concurrency: raw.concurrency.get(),
        requests_per_second: raw.requests_per_second.get(),
        requests_per_user: raw.requests_per_user.get(),
        retries: raw.retries,
        retry_waits: (raw.retry_wait, raw.retry_longest),
        ledger_kept: raw.ledger_kept,
    })
}
