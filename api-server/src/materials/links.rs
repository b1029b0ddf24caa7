//! Links that open one material for a while, for whoever has them: `dl/<signature>/<id>`.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret as _, SecretString};
use shared::clock::Clock;
use shared::token::same_secret;

/// What a key is derived for; another purpose has another key (BLAKE3, key derivation).
const PURPOSE: &str = "acervo 2026 material download links";

/// What stays as it is in a path: what RFC 3986 calls unreserved, and the slashes between segments.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// Signs and checks links.
pub(crate) struct DownloadLinks {
    key: [u8; 32],
    lifetime: Duration,
    clock: Arc<dyn Clock>,
}

impl DownloadLinks {
    /// Links of a key derived from `secret`: a new secret ends them.
    pub(crate) fn new(secret: &SecretString, lifetime: Duration, clock: Arc<dyn Clock>) -> Self {
        Self {
            key: blake3::derive_key(PURPOSE, secret.expose_secret().as_bytes()),
            lifetime,
            clock,
        }
    }

    /// The path of a link to this id, good from now on.
    pub(crate) fn path(&self, id: &str) -> String {
        let encoded = utf8_percent_encode(id, IN_PATH);
        format!("/api/materials/dl/{}/{encoded}", self.sign(id))
    }

    /// A signature for this id, from now on: `<Unix seconds of its end>-<half of a keyed BLAKE3>`.
    pub(crate) fn sign(&self, id: &str) -> String {
        let now = self.clock.now_ms().div_euclid(1000);
        let lifetime = i64::try_from(self.lifetime.as_secs()).unwrap_or(i64::MAX);
        self.signature(id, now.saturating_add(lifetime))
    }

    /// Whether a signature opens this id now.
    pub(crate) fn opens(&self, signature: &str, id: &str) -> bool {
        let Some(ends_at) = signature
            .split_once('-')
            .and_then(|(ends_at, _)| ends_at.parse::<i64>().ok())
        else {
            return false;
        };
        let now = self.clock.now_ms().div_euclid(1000);
        ends_at > now && same_secret(&self.signature(id, ends_at), signature)
    }

    fn signature(&self, id: &str, ends_at: i64) -> String {
        let hash = blake3::keyed_hash(&self.key, format!("{ends_at}/{id}").as_bytes());
        let half = hash.as_bytes().first_chunk::<16>().unwrap_or(&[0; 16]);
        format!("{ends_at}-{}", URL_SAFE_NO_PAD.encode(half))
    }
}

impl std::fmt::Debug for DownloadLinks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DownloadLinks").finish_non_exhaustive()
    }
}
