//! How Drive is reached and what of it is mirrored.

use std::path::PathBuf;
use std::time::Duration;

use shared::settings::SecretString;
use url::Url;

/// How Drive is reached and what of it is mirrored.
#[derive(Debug, Clone)]
pub struct DriveSettings {
    /// Files, changes, drives, about; ends in `/`.
    pub api_url: Url,
    /// Of uploads: a host that downloads may be sent on to.
    pub upload_url: Url,
    /// Where a browser goes to consent.
    pub auth_url: Url,
    /// Codes, refresh tokens and assertions for access tokens.
    pub token_url: Url,
    /// Ends a grant.
    pub revoke_url: Url,
    /// For public folders.
    pub api_key: Option<SecretString>,
    /// A service account or an OAuth client, as Google hands it out.
    pub credentials_path: PathBuf,
    /// A grant of the earlier system.
    pub token_path: PathBuf,
    /// The credentials file was named, not only looked for.
    pub is_named: bool,
    /// Whom the service account acts for.
    pub subject: Option<String>,
    /// The OAuth client; that of the credentials file when absent.
    pub client: Option<OAuthClient>,
    /// Where a browser comes back to.
    pub redirect_url: Url,
    /// Videos are mirrored too.
    pub include_videos: bool,
    /// Google's own documents are exported.
    pub export_native: bool,
    /// Levels that are read when nobody names a number.
    pub max_depth: usize,
    /// More removals than this share (0 to 1) of what is held are asked about…
    pub removal_share: f64,
    /// … unless there are at most so many.
    pub removal_floor: usize,
    /// A full crawl so often.
    pub full_every: Duration,
    /// Requests of a sync at a time.
    pub concurrency: usize,
    /// Requests a second of everybody together.
    pub requests_per_second: u32,
    /// Requests a second of one credential.
    pub requests_per_user: u32,
    /// Further tries of one request.
    pub retries: u32,
    /// Wait before the first of them, and the longest.
    pub retry_waits: (Duration, Duration),
    /// How long runs are kept.
    pub ledger_kept: Duration,
}

/// Who asks people for consent.
#[derive(Debug, Clone)]
pub struct OAuthClient {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: SecretString,
}
