//! As whom Drive is asked: a person who consented, a service account, a grant of the earlier system, or an API key.
//!
//! Tokens travel in headers, keys in a header too (`X-Goog-Api-Key`): never in a URL, an answer or the log.

mod files;
mod oauth;
pub(crate) mod store;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use reqwest::RequestBuilder;
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use shared::db::Db;
use shared::settings::SecretString;
use tokio::sync::{Mutex, OnceCell};
use tokio::time::Instant;
use tracing::warn;
use yup_oauth2::authenticator::DefaultAuthenticator;
use yup_oauth2::error::AuthErrorCode;
use yup_oauth2::{ServiceAccountAuthenticator, ServiceAccountKey};

pub(super) use oauth::{ATTEMPT_S, Consents, Returned};

use super::{DriveError, DriveSettings, OAuthClient};
use crate::sealing::Sealer;

/// What is asked for: to read, nothing else.
const SCOPES: [&str; 2] = [
    "https://www.googleapis.com/auth/drive.readonly",
    "https://www.googleapis.com/auth/drive.metadata.readonly",
];
/// A token is not used in its last minute.
const MARGIN: Duration = Duration::from_secs(60);
/// More than any token answer has, in bytes.
const MAX_ANSWER: u64 = 64 * 1024;
/// Longest wait for the token endpoint.
const TOKEN_TIMEOUT: Duration = Duration::from_secs(20);

/// Kinds of access.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum AccessKind {
    /// The grant of the user with this id.
    User(String),
    ServiceAccount,
    TokenFile,
    ApiKey,
}

impl AccessKind {
    /// As stored.
    pub(super) fn stored(&self) -> String {
        match self {
            Self::User(uid) => format!("user:{uid}"),
            Self::ServiceAccount | Self::TokenFile | Self::ApiKey => self.method().to_owned(),
        }
    }

    /// As it was stored.
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "service_account" => Some(Self::ServiceAccount),
            "token_file" => Some(Self::TokenFile),
            "api_key" => Some(Self::ApiKey),
            _ => text
                .strip_prefix("user:")
                .map(|uid| Self::User(uid.to_owned())),
        }
    }

    /// As people see it.
    pub(super) fn method(&self) -> &'static str {
        match self {
            Self::User(_) => "user",
            Self::ServiceAccount => "service_account",
            Self::TokenFile => "token_file",
            Self::ApiKey => "api_key",
        }
    }

    /// The feed of changes is somebody's: a key is nobody.
    pub(super) fn has_changes(&self) -> bool {
        *self != Self::ApiKey
    }
}

/// As whom to ask.
#[derive(Debug, Clone)]
pub(super) struct Access {
    pub(super) kind: AccessKind,
    /// Of kind `ApiKey`.
    pub(super) api_key: Option<SecretString>,
}

impl Access {
    fn of(kind: AccessKind) -> Self {
        Self {
            kind,
            api_key: None,
        }
    }

    /// By this key.
    pub(super) fn by_key(key: SecretString) -> Self {
        Self {
            kind: AccessKind::ApiKey,
            api_key: Some(key),
        }
    }
}

/// What a token endpoint answers (RFC 6749, sections 5.1 and 5.2).
#[derive(Debug, Deserialize)]
struct TokenAnswer {
    access_token: Option<SecretString>,
    expires_in: Option<u64>,
    refresh_token: Option<SecretString>,
    error: Option<String>,
}

#[derive(Debug)]
struct Token {
    text: SecretString,
    good_until: Instant,
}

/// Everybody Drive can be asked as.
pub(super) struct Accesses {
    db: Db,
    sealer: Arc<Sealer>,
    settings: DriveSettings,
    http: reqwest::Client,
    client: Option<OAuthClient>,
    service_account: Option<ServiceAccountKey>,
    account: OnceCell<DefaultAuthenticator>,
    /// Held while a token is fetched, so that it is fetched once.
    tokens: Mutex<HashMap<String, Token>>,
}

impl std::fmt::Debug for Accesses {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Accesses").finish_non_exhaustive()
    }
}

impl Accesses {
    /// Reads the files of the settings. One that cannot be used is told of and left out: the rest goes on.
    pub(super) fn new(
        settings: DriveSettings,
        http: reqwest::Client,
        db: Db,
        sealer: Arc<Sealer>,
    ) -> Self {
        let (service_account, of_file) =
            match files::credentials(&settings.credentials_path, settings.is_named) {
                Some(files::Credentials::ServiceAccount(mut key)) => {
                    settings.token_url.as_str().clone_into(&mut key.token_uri);
                    (Some(*key), None)
                }
                Some(files::Credentials::Client(client)) => (None, Some(client)),
                None => (None, None),
            };
        Self {
            client: settings.client.clone().or(of_file),
            service_account,
            db,
            sealer,
            settings,
            http,
            account: OnceCell::new(),
            tokens: Mutex::default(),
        }
    }

    /// The OAuth client people consent to.
    fn client(&self) -> Result<&OAuthClient, DriveError> {
        self.client.as_ref().ok_or(DriveError::NotConfigured)
    }

    /// Whether anybody but people can be asked as.
    pub(super) async fn is_configured(&self) -> bool {
        self.service_account.is_some()
            || self.settings.api_key.is_some()
            || self.token_file().await.is_some()
    }

    /// The earlier system's grant, which may be put there at any time.
    async fn token_file(&self) -> Option<files::TokenFile> {
        files::token(&self.settings.token_path).await
    }

    /// Everybody a folder may be read as, the best first. `key` is the one of the request.
    pub(super) async fn candidates(
        &self,
        user: Option<&str>,
        key: Option<SecretString>,
    ) -> Result<Vec<Access>, DriveError> {
        let mut found = Vec::new();
        if let Some(uid) = user
            && let Some(grant) = store::grant(&self.db, uid).await?
            && grant.state == store::OK
        {
            found.push(Access::of(AccessKind::User(uid.to_owned())));
        }
        if self.service_account.is_some() {
            found.push(Access::of(AccessKind::ServiceAccount));
        }
        if self.token_file().await.is_some() {
            found.push(Access::of(AccessKind::TokenFile));
        }
        if let Some(key) = key.or_else(|| self.settings.api_key.clone()) {
            found.push(Access::by_key(key));
        }
        Ok(found)
    }

    /// The access that a folder keeps; its own key, or the configured one.
    pub(super) fn kept(
        &self,
        kind: AccessKind,
        key: Option<SecretString>,
    ) -> Result<Access, DriveError> {
        let api_key = match kind {
            AccessKind::ApiKey => Some(
                key.or_else(|| self.settings.api_key.clone())
                    .ok_or(DriveError::NotConfigured)?,
            ),
            AccessKind::User(_) | AccessKind::ServiceAccount | AccessKind::TokenFile => None,
        };
        Ok(Access { kind, api_key })
    }

    /// Puts the credential on a request.
    pub(super) async fn sign(
        &self,
        access: &Access,
        request: RequestBuilder,
    ) -> Result<RequestBuilder, DriveError> {
        if let Some(key) = &access.api_key {
            return Ok(request.header("x-goog-api-key", sensitive(key)?));
        }
        let token = self.token(access).await?;
        Ok(request.bearer_auth(token.expose_secret()))
    }

    /// The token was refused: the next request fetches another.
    pub(super) async fn forget_token(&self, access: &Access) {
        self.tokens.lock().await.remove(&access.kind.stored());
    }

    async fn token(&self, access: &Access) -> Result<SecretString, DriveError> {
        let key = access.kind.stored();
        let mut tokens = self.tokens.lock().await;
        if let Some(token) = tokens.get(&key)
            && token.good_until > Instant::now()
        {
            return Ok(token.text.clone());
        }
        let (text, life) = match &access.kind {
            AccessKind::ServiceAccount => self.of_account().await?,
            AccessKind::User(uid) => self.of_user(uid).await?,
            AccessKind::TokenFile => {
                let file = self.token_file().await.ok_or(DriveError::NotConfigured)?;
                self.refreshed(&file.client, &file.refresh_token).await?
            }
            AccessKind::ApiKey => return Err(DriveError::NotConfigured),
        };
        let good_until = Instant::now() + life.saturating_sub(MARGIN);
        let token = Token {
            text: text.clone(),
            good_until,
        };
        tokens.insert(key, token);
        Ok(text)
    }

    async fn of_user(&self, uid: &str) -> Result<(SecretString, Duration), DriveError> {
        let grant = store::grant(&self.db, uid)
            .await?
            .filter(|grant| grant.state == store::OK)
            .ok_or(DriveError::NeedsReauth)?;
        let refresh_token = self
            .sealer
            .open_text(uid, &grant.refresh_token)
            .map_err(|_| DriveError::NeedsReauth)?;
        let refreshed = self.refreshed(self.client()?, &refresh_token).await;
        if matches!(refreshed, Err(DriveError::NeedsReauth)) {
            store::set_state(&self.db, uid, &grant.refresh_token, store::NEEDS_REAUTH).await?;
        }
        refreshed
    }

    async fn refreshed(
        &self,
        client: &OAuthClient,
        refresh_token: &SecretString,
    ) -> Result<(SecretString, Duration), DriveError> {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token.expose_secret()),
            ("client_id", &client.id),
            ("client_secret", client.secret.expose_secret()),
        ];
        let answer = self.ask_token(&form).await?;
        let text = answer
            .access_token
            .ok_or(DriveError::Answer("no access token"))?;
        Ok((text, life(answer.expires_in)))
    }

    /// Asks the token endpoint; its refusals are told apart.
    async fn ask_token(&self, form: &[(&str, &str)]) -> Result<TokenAnswer, DriveError> {
        let body = serde_urlencoded::to_string(form)
            .map_err(|_| DriveError::Answer("form cannot be written"))?;
        let sent = self
            .http
            .post(self.settings.token_url.clone())
            .header("content-type", "application/x-www-form-urlencoded")
            .timeout(TOKEN_TIMEOUT)
            .body(body)
            .send()
            .await
            .map_err(shared::http::HttpError::from)?;
        let status = sent.status();
        if status.is_server_error() || status.as_u16() == 429 {
            return Err(DriveError::Unavailable(format!("token endpoint: {status}")));
        }
        let answer: TokenAnswer = shared::http::read_json(sent, MAX_ANSWER).await?;
        match answer.error.as_deref() {
            None if status.is_success() => Ok(answer),
            Some("invalid_grant") => Err(DriveError::NeedsReauth),
            Some(other) => Err(DriveError::Credentials(other.chars().take(100).collect())),
            None => Err(DriveError::Answer("token endpoint")),
        }
    }

    async fn of_account(&self) -> Result<(SecretString, Duration), DriveError> {
        let key = self
            .service_account
            .as_ref()
            .ok_or(DriveError::NotConfigured)?;
        let account = self
            .account
            .get_or_try_init(|| async {
                let mut builder =
                    ServiceAccountAuthenticator::builder(key.clone()).with_timeout(TOKEN_TIMEOUT);
                if let Some(subject) = &self.settings.subject {
                    builder = builder.subject(subject.clone());
                }
                builder.build().await
            })
            .await
            .map_err(|error| DriveError::Credentials(error.to_string()))?;
        // Its own memory of tokens is passed over: ours knows which were refused.
        let token = account
            .force_refreshed_token(&SCOPES)
            .await
            .map_err(|error| account_error(&error))?;
        // The status is kept from us: an error of the server's looks like an answer without a token.
        let text = token
            .token()
            .ok_or_else(|| DriveError::Unavailable("token endpoint gave no token".to_owned()))?
            .to_owned();
        let left = token.expiration_time().map_or(0, |at| {
            at.unix_timestamp()
                .saturating_sub(chrono::Utc::now().timestamp())
                .max(0)
        });
        Ok((
            SecretString::from(text),
            Duration::from_secs(left.unsigned_abs()),
        ))
    }
}

fn account_error(error: &yup_oauth2::Error) -> DriveError {
    match error {
        yup_oauth2::Error::AuthError(refused) => match refused.error {
            AuthErrorCode::InvalidGrant => DriveError::NeedsReauth,
            _ => DriveError::Credentials(refused.error.as_str().to_owned()),
        },
        yup_oauth2::Error::JSONError(_) | yup_oauth2::Error::MissingAccessToken => {
            DriveError::Unavailable("token endpoint answered no JSON".to_owned())
        }
        other => {
            warn!(error = %shared::telemetry::chain(other), "the service account got no token");
            DriveError::Unavailable("token endpoint".to_owned())
        }
    }
}

/// How long a token is good; an hour when nobody says.
fn life(expires_in: Option<u64>) -> Duration {
    Duration::from_secs(expires_in.unwrap_or(3600).min(24 * 3600))
}

fn sensitive(key: &SecretString) -> Result<reqwest::header::HeaderValue, DriveError> {
    let mut value = reqwest::header::HeaderValue::from_str(key.expose_secret())
        .map_err(|_| DriveError::Credentials("key has characters no header takes".to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}
