//! Sign-in by an identity provider (`OpenID` Connect Core 1.0, authorization code flow with PKCE).
//!
//! A sign-in begins and ends in the same browser: a short-lived cookie, `state`, `nonce` and the PKCE verifier tie the
//! steps together, and all of them are good once. Accounts are found by issuer and subject, which do not wander; the
//! first time by an e-mail that the provider has verified, among the accounts and on the approved list. This feature
//! owns `oidc_attempts` and `oidc_links`.

mod accounts;
mod error;
mod provider;
pub(crate) mod routes;
mod service;
pub(crate) mod store;

use shared::settings::SecretString;
use url::Url;

pub(crate) use error::OidcError;
pub(crate) use service::OidcService;

/// An identity provider.
#[derive(Debug, Clone)]
pub struct OidcSettings {
    /// Its issuer identifier, letter for letter as its discovery document has it.
    pub issuer: String,
    /// What it calls us.
    pub client_id: String,
    /// What we show it; none for a public client.
    pub client_secret: Option<SecretString>,
    /// Asked for beside `openid`.
    pub scopes: Vec<String>,
    /// Where it sends the browser back.
    pub redirect_url: Url,
    /// Whoever it knows by a verified e-mail gets an account as a student; otherwise only who has one, or is on the
    /// approved list.
    pub admits_anybody: bool,
}
