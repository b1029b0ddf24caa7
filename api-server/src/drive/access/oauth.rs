//! A person's consent: to Google and back (RFC 6749 with PKCE, RFC 7636), and its end.

use std::sync::Arc;

use openidconnect::PkceCodeChallenge;
use secrecy::ExposeSecret as _;
use shared::clock::Clock;
use shared::settings::SecretString;
use tracing::{info, warn};

use super::store::{self, AttemptRow, GrantRow};
use super::{Accesses, SCOPES, TOKEN_TIMEOUT};
use crate::drive::DriveError;
use crate::opaque;

/// How long somebody may take at Google.
pub(in crate::drive) const ATTEMPT_S: i64 = 600;
/// More than any code or state has, in bytes.
const MAX_ANSWER: usize = 4096;

/// What the browser brings back.
#[derive(Debug, Default)]
pub(in crate::drive) struct Returned {
    pub(in crate::drive) code: Option<String>,
    pub(in crate::drive) state: Option<String>,
    /// What Google says went wrong.
    pub(in crate::drive) error: Option<String>,
    /// The cookie of the browser that began.
    pub(in crate::drive) browser: Option<String>,
}

/// Where a browser goes, and the cookie it keeps meanwhile.
#[derive(Debug)]
pub(in crate::drive) struct Departure {
    pub(in crate::drive) url: String,
    pub(in crate::drive) browser: String,
}

/// Consents of people.
#[derive(Debug)]
pub(crate) struct Consents {
    pub(in crate::drive) accesses: Arc<Accesses>,
    pub(in crate::drive) clock: Arc<dyn Clock>,
}

impl Consents {
    /// Whether there is anything to consent to.
    pub(in crate::drive) fn is_configured(&self) -> bool {
        self.accesses.client.is_some()
    }

    /// One's own grant.
    pub(in crate::drive) async fn grant(&self, uid: &str) -> Result<Option<GrantRow>, DriveError> {
        Ok(store::grant(&self.accesses.db, uid).await?)
    }

    /// Begins.
    pub(in crate::drive) async fn start(&self, uid: &str) -> Result<Departure, DriveError> {
        let accesses = &self.accesses;
        let client = accesses.client()?;
        let (state, browser) = (opaque::token(), opaque::token());
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let row = AttemptRow {
            uid: uid.to_owned(),
            pkce_verifier: verifier.secret().clone(),
            expires_at: self.clock.now_ms().saturating_add(ATTEMPT_S * 1000),
        };
        let digests = (opaque::digest(&state), opaque::digest(&browser));
        store::begin(&accesses.db, &digests.0, &digests.1, &row).await?;
        let mut url = accesses.settings.auth_url.clone();
        // Without asking anew Google hands out no second refresh token.
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &client.id)
            .append_pair("redirect_uri", accesses.settings.redirect_url.as_str())
            .append_pair("scope", &SCOPES.join(" "))
            .append_pair("state", &state)
            .append_pair("code_challenge", challenge.as_str())
            .append_pair("code_challenge_method", "S256")
            .append_pair("access_type", "offline")
            .append_pair("prompt", "consent");
        Ok(Departure {
            url: url.into(),
            browser,
        })
    }

    /// Ends: keeps what Google hands out for whoever began.
    pub(in crate::drive) async fn finish(&self, returned: Returned) -> Result<(), DriveError> {
        let accesses = &self.accesses;
        let short = |text: &String| !text.is_empty() && text.len() <= MAX_ANSWER;
        let state = returned.state.filter(short).ok_or(DriveError::Consent)?;
        let browser = returned.browser.filter(short).ok_or(DriveError::Consent)?;
        // Taken out before anything else: whatever comes of it, it does not come twice.
        let digests = (opaque::digest(&state), opaque::digest(&browser));
        let attempt = store::take(&accesses.db, &digests.0, &digests.1)
            .await?
            .filter(|attempt| attempt.expires_at > self.clock.now_ms())
            .ok_or(DriveError::Consent)?;
        if returned.error.is_some() {
            return Err(DriveError::Consent);
        }
        let code = returned.code.filter(short).ok_or(DriveError::Consent)?;
        let client = accesses.client()?;
        let form = [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", accesses.settings.redirect_url.as_str()),
            ("client_id", &client.id),
            ("client_secret", client.secret.expose_secret()),
            ("code_verifier", &attempt.pkce_verifier),
        ];
        let answer = accesses
            .ask_token(&form)
            .await
            .map_err(|error| match error {
                // Google knows this code no more, or never did.
                DriveError::NeedsReauth => DriveError::Consent,
                other => other,
            })?;
        let refresh_token = answer.refresh_token.ok_or(DriveError::Consent)?;
        let sealed = accesses
            .sealer
            .seal(&attempt.uid, refresh_token.expose_secret().as_bytes())
            .map_err(|_| DriveError::Credentials("cannot be sealed".to_owned()))?;
        store::keep(&accesses.db, &attempt.uid, &sealed, self.clock.now_ms()).await?;
        self.forget_token(&attempt.uid).await;
        info!(user.uid = %attempt.uid, "a person connected Google Drive");
        Ok(())
    }

    /// Takes a consent back: here at once, at Google as far as it answers.
    pub(in crate::drive) async fn end(&self, uid: &str) -> Result<(), DriveError> {
        let Some(grant) = self.grant(uid).await? else {
            return Ok(());
        };
        store::forget(&self.accesses.db, uid).await?;
        self.forget_token(uid).await;
        if let Ok(token) = self.accesses.sealer.open_text(uid, &grant.refresh_token)
            && let Err(error) = self.revoke(&token).await
        {
            warn!(error = %shared::telemetry::chain(&error), "Google was not told of the end of a grant");
        }
        Ok(())
    }

    async fn forget_token(&self, uid: &str) {
        let kind = super::AccessKind::User(uid.to_owned());
        self.accesses.tokens.lock().await.remove(&kind.stored());
    }

    /// RFC 7009.
    async fn revoke(&self, token: &SecretString) -> Result<(), DriveError> {
        let accesses = &self.accesses;
        let body = serde_urlencoded::to_string([("token", token.expose_secret())])
            .map_err(|_| DriveError::Answer("form cannot be written"))?;
        let answer = accesses
            .http
            .post(accesses.settings.revoke_url.clone())
            .header("content-type", "application/x-www-form-urlencoded")
            .timeout(TOKEN_TIMEOUT)
            .body(body)
            .send()
            .await
            .map_err(shared::http::HttpError::from)?;
        if answer.status().is_success() {
            Ok(())
        } else {
            Err(DriveError::Unavailable(answer.status().to_string()))
        }
    }
}
