//! Files of credentials as Google hands them out, and as the earlier system kept its grant.

use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use shared::settings::SecretString;
use tracing::warn;
use yup_oauth2::ServiceAccountKey;

use crate::drive::OAuthClient;

/// What a `credentials.json` holds.
pub(super) enum Credentials {
    ServiceAccount(Box<ServiceAccountKey>),
    Client(OAuthClient),
}

/// What a `token.json` holds.
pub(super) struct TokenFile {
    pub(super) refresh_token: SecretString,
    pub(super) client: OAuthClient,
}

#[derive(Deserialize)]
struct RawCredentials {
    #[serde(rename = "type")]
    kind: Option<String>,
    installed: Option<RawClient>,
    web: Option<RawClient>,
}

#[derive(Deserialize)]
struct RawClient {
    client_id: String,
    client_secret: SecretString,
}

#[derive(Deserialize)]
struct RawToken {
    refresh_token: SecretString,
    client_id: String,
    client_secret: SecretString,
}

/// A service account or an OAuth client, if the file is there and is one.
pub(super) fn credentials(path: &Path, is_named: bool) -> Option<Credentials> {
    let text = read(path, is_named)?;
    let raw: RawCredentials = parse(path, &text)?;
    if raw.kind.as_deref() == Some("service_account") {
        return parse(path, &text).map(|key| Credentials::ServiceAccount(Box::new(key)));
    }
    let client = raw.web.or(raw.installed);
    if client.is_none() {
        warn!(path = %path.display(), "this file holds neither a service account nor an OAuth client");
    }
    client.map(|raw| {
        Credentials::Client(OAuthClient {
            id: raw.client_id,
            secret: raw.client_secret,
        })
    })
}

/// A grant, if the file is there and holds one.
pub(super) async fn token(path: &Path) -> Option<TokenFile> {
    let text = tokio::fs::read_to_string(path).await.ok()?;
    let raw: RawToken = parse(path, &text)?;
    Some(TokenFile {
        refresh_token: raw.refresh_token,
        client: OAuthClient {
            id: raw.client_id,
            secret: raw.client_secret,
        },
    })
}

/// The file, at start; its absence is a fault only if somebody named it.
fn read(path: &Path, is_named: bool) -> Option<String> {
    match std::fs::read_to_string(path) {
        Ok(text) => Some(text),
        Err(error) if !is_named && error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => {
            warn!(path = %path.display(), %error, "this file of Google credentials cannot be read");
            None
        }
    }
}

/// What is wrong is told by its place alone: the text holds secrets.
fn parse<T: DeserializeOwned>(path: &Path, text: &str) -> Option<T> {
    serde_json::from_str(text)
        .map_err(|error| {
            warn!(path = %path.display(), line = error.line(), column = error.column(),
                "this file of Google credentials is not understood");
        })
        .ok()
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn with_file(text: &str, check: impl FnOnce(&Path)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file.json");
        std::fs::write(&path, text).unwrap();
        check(&path);
    }

    #[test]
    fn clients_are_read_from_both_layouts() {
        for kind in ["web", "installed"] {
            let text = format!(
                r#"{{"{kind}": {{"client_id": "c", "client_secret": "s", "auth_uri": "x"}}}}"#
            );
            with_file(&text, |path| {
                let Some(Credentials::Client(client)) = credentials(path, true) else {
                    panic!("{kind}");
                };
                assert_eq!(
                    (client.id.as_str(), client.secret.expose_secret()),
                    ("c", "s")
                );
            });
        }
    }

    #[test]
    fn a_service_account_is_told_apart() {
        let text = r#"{"type": "service_account", "private_key": "k", "client_email": "a@b", "token_uri": "t"}"#;
        with_file(text, |path| {
            assert!(
                matches!(credentials(path, true), Some(Credentials::ServiceAccount(key)) if key.client_email == "a@b")
            );
        });
    }

    #[tokio::test]
    async fn the_earlier_token_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token.json");
        assert!(token(&path).await.is_none());
        std::fs::write(&path, "{").unwrap();
        assert!(token(&path).await.is_none());
        let text = r#"{"token": "old", "refresh_token": "r", "token_uri": "t", "client_id": "c", "client_secret": "s",
            "scopes": ["a"], "expiry": "2025-01-01T00:00:00Z"}"#;
        std::fs::write(&path, text).unwrap();
        let file = token(&path).await.unwrap();
        assert_eq!(file.refresh_token.expose_secret(), "r");
        assert_eq!(file.client.id, "c");
    }

    #[test]
    fn what_is_not_understood_is_left_out() {
        with_file("{", |path| assert!(credentials(path, true).is_none()));
        with_file("{}", |path| assert!(credentials(path, true).is_none()));
    }
}
