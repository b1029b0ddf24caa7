//! Where backups go.

use shared::settings::{Faults, Stage};

use super::raw::RawBackup;
use crate::backup::{RemoteSettings, SCHEME};

/// The object storage, if one is named.
pub(super) fn check_remote(raw: &RawBackup, faults: &mut Faults<'_>) -> Option<RemoteSettings> {
    let url = raw.url.clone()?;
    if url.scheme() != SCHEME
        || url.host_str().is_none_or(str::is_empty)
        || url.query().is_some()
        || !url.username().is_empty()
    {
        faults.add("backup.url", "must be s3://bucket or s3://bucket/prefix");
    }
    if let Some(endpoint) = &raw.endpoint {
        if endpoint.host().is_none() || !matches!(endpoint.scheme(), "http" | "https") {
            faults.add("backup.endpoint", "must be http://… or https://…");
        }
        if faults.stage() == Stage::Production && endpoint.scheme() == "http" {
            faults.warn(
                "backup.endpoint",
                "is not https: backups travel unprotected",
            );
        }
    }
    if raw.key_id.is_some() != raw.key.is_some() {
        faults.add("backup.key_id", "needs backup.key, and the reverse");
    }
    let keys = raw.key_id.clone().zip(raw.key.clone());
    Some(RemoteSettings {
        url,
        region: raw.region.clone(),
        endpoint: raw.endpoint.clone(),
        credentials: keys.map(|(id, key)| (id, key, raw.token.clone())),
    })
}
