//! Rules of signing in by a provider.

use std::sync::Arc;

use shared::clock::Clock;
use shared::db::Db;

use super::provider::Provider;
use super::store::{self, AttemptRow};
use super::{OidcError, OidcSettings};
use crate::audit::Actor;
use crate::opaque;
use crate::sessions::{Opened, SessionService};
use crate::users::UserService;

/// How long somebody may take at the provider.
pub(super) const ATTEMPT_S: i64 = 600;
/// More than any provider's code or state has, in bytes.
const MAX_ANSWER: usize = 4096;

/// What the browser brings back.
#[derive(Debug, Default)]
pub(super) struct Returned {
    pub(super) code: Option<String>,
    pub(super) state: Option<String>,
    /// What the provider says went wrong.
    pub(super) error: Option<String>,
    /// Who answers (RFC 9207); not every provider says it.
    pub(super) issuer: Option<String>,
    /// The cookie of the browser that began.
    pub(super) browser: Option<String>,
    /// What the browser calls itself.
    pub(super) agent: Option<String>,
}

/// Where a browser goes, and the cookie it keeps meanwhile.
#[derive(Debug)]
pub(super) struct Departure {
    pub(super) url: String,
    pub(super) browser: String,
}

/// Sign-in by a provider; there may be none.
#[derive(Debug)]
pub(crate) struct OidcService {
    provider: Option<Provider>,
    pub(super) db: Db,
    pub(super) users: Arc<UserService>,
    sessions: Arc<SessionService>,
    pub(super) clock: Arc<dyn Clock>,
}

impl OidcService {
    /// By this provider, asked through `http`.
    pub(crate) fn new(
        settings: Option<&OidcSettings>,
        http: reqwest::Client,
        db: Db,
        users: Arc<UserService>,
        sessions: Arc<SessionService>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let provider =
            settings.map(|settings| Provider::new(settings.clone(), http, Arc::clone(&clock)));
        Self {
            provider,
            db,
            users,
            sessions,
            clock,
        }
    }

    /// Begins a sign-in.
    pub(super) async fn start(&self) -> Result<Departure, OidcError> {
        let provider = self.provider.as_ref().ok_or(OidcError::Off)?;
        let begun = provider.begin().await.inspect_err(note)?;
        let browser = opaque::token();
        let row = AttemptRow {
            nonce: begun.nonce,
            pkce_verifier: begun.pkce_verifier,
            expires_at: self.clock.now_ms().saturating_add(ATTEMPT_S * 1000),
        };
        let state_digest = opaque::digest(&begun.state);
        store::insert(&self.db, &state_digest, &opaque::digest(&browser), &row).await?;
        Ok(Departure {
            url: begun.url.into(),
            browser,
        })
    }

    /// Ends a sign-in: whoever the provider vouches for is in, if the account may come in.
    pub(super) async fn finish(
        &self,
        actor: &Actor,
        returned: Returned,
    ) -> Result<Opened, OidcError> {
        let provider = self.provider.as_ref().ok_or(OidcError::Off)?;
        let short = |text: &String| !text.is_empty() && text.len() <= MAX_ANSWER;
        let state = returned.state.filter(short).ok_or(OidcError::Attempt)?;
        let browser = returned.browser.filter(short).ok_or(OidcError::Attempt)?;
        // Taken out before anything else: whatever comes of it, it does not come twice.
        let (state, browser) = (opaque::digest(&state), opaque::digest(&browser));
        let attempt = store::take(&self.db, &state, &browser)
            .await?
            .filter(|attempt| attempt.expires_at > self.clock.now_ms())
            .ok_or(OidcError::Attempt)?;
        let settings = provider.settings();
        if returned
            .issuer
            .is_some_and(|issuer| issuer != settings.issuer)
        {
            return Err(OidcError::Token("answer is of another issuer".to_owned()));
        }
        if returned.error.is_some() {
            return Err(OidcError::Denied);
        }
        let code = returned.code.filter(short).ok_or(OidcError::Denied)?;
        let identity = provider
            .identify(code, attempt.nonce, attempt.pkce_verifier)
            .await
            .inspect_err(note)?;
        let row = self
            .account(actor, &identity, settings.admits_anybody)
            .await?;
        if row.totp_confirmed && !identity.is_strong {
            return Err(OidcError::SecondFactor);
        }
        Ok(self
            .sessions
            .open_vouched_for(actor, &row, returned.agent)
            .await?)
    }
}

/// The operator reads why; the person is told only what helps.
fn note(error: &OidcError) {
    tracing::warn!(%error, "sign-in by the identity provider failed");
}
