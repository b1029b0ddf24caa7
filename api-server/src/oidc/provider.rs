//! The provider: found by discovery, asked for tokens, and never believed without a signature.

use std::pin::Pin;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreIdToken, CoreIdTokenClaims,
    CoreJwsSigningAlgorithm, CoreProviderMetadata,
};
use openidconnect::{
    AccessTokenHash, AsyncHttpClient, AuthType, AuthorizationCode, ClaimsVerificationError,
    ClientId, ClientSecret, CsrfToken, HttpRequest, HttpResponse, IssuerUrl, Nonce,
    OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError,
    Scope, SignatureVerificationError, TokenResponse as _,
};
use secrecy::ExposeSecret as _;
use shared::clock::Clock;
use shared::http::HttpError;
use tokio::sync::Mutex;
use url::Url;

use super::{OidcError, OidcSettings};

/// More than any discovery document, key set or token answer has.
const MAX_ANSWER: u64 = 1024 * 1024;
/// How long a discovery document and its keys are used.
const FRESH_MS: i64 = 3600 * 1000;
/// A key nobody knows may be a new one: the keys are read again, but not oftener.
const READ_AGAIN_MS: i64 = 60 * 1000;

/// Signatures by a key pair. Nothing made with a secret that somebody else might know too, and never `none`.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// Ways of proving who somebody is that are more than a password (RFC 8176).
const STRONG: [&str; 3] = ["mfa", "otp", "hwk"];

/// Who somebody is, as the provider says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) issuer: String,
    pub(super) subject: String,
    /// One that the provider has verified.
    pub(super) email: Option<String>,
    pub(super) name: Option<String>,
    pub(super) username: Option<String>,
    /// More than a password was asked for.
    pub(super) is_strong: bool,
}

/// Where a browser is sent, and what its coming back is checked against.
pub(super) struct Begun {
    pub(super) url: Url,
    pub(super) state: String,
    pub(super) nonce: String,
    pub(super) pkce_verifier: String,
}

struct Known {
    read_at: i64,
    metadata: CoreProviderMetadata,
}

/// A provider.
pub(super) struct Provider {
    settings: OidcSettings,
    http: Http,
    known: Mutex<Option<Arc<Known>>>,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Provider")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// A client of the provider; its type says which endpoints there are, in more words than anybody wants to read.
macro_rules! client {
    ($provider:expr, $known:expr) => {{
        let settings = &$provider.settings;
        let secret = settings
            .client_secret
            .as_ref()
            .map(|secret| ClientSecret::new(secret.expose_secret().to_owned()));
        let auth_type = auth_type(&$known.metadata);
        CoreClient::from_provider_metadata(
            $known.metadata.clone(),
            ClientId::new(settings.client_id.clone()),
            secret,
        )
        .set_redirect_uri(RedirectUrl::from_url(settings.redirect_url.clone()))
        .set_auth_type(auth_type)
    }};
}

impl Provider {
    pub(super) fn new(
        settings: OidcSettings,
        http: reqwest::Client,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            settings,
            http: Http(http),
            known: Mutex::new(None),
            clock,
        }
    }

    pub(super) fn settings(&self) -> &OidcSettings {
        &self.settings
    }

    /// Where to send a browser.
    pub(super) async fn begin(&self) -> Result<Begun, OidcError> {
        let known = self.known(FRESH_MS).await?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let client = client!(self, known);
        let mut request = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                CsrfToken::new_random,
                Nonce::new_random,
            )
            .set_pkce_challenge(challenge);
        for scope in &self.settings.scopes {
            request = request.add_scope(Scope::new(scope.clone()));
        }
        let (url, state, nonce) = request.url();
        Ok(Begun {
            url,
            state: state.secret().clone(),
            nonce: nonce.secret().clone(),
            pkce_verifier: verifier.secret().clone(),
        })
    }

    /// Who comes back with this code.
    pub(super) async fn identify(
        &self,
        code: String,
        nonce: String,
        pkce_verifier: String,
    ) -> Result<Identity, OidcError> {
        let known = self.known(FRESH_MS).await?;
        let client = client!(self, known);
        let answer = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(failed)?
            .set_pkce_verifier(PkceCodeVerifier::new(pkce_verifier))
            .request_async(&self.http)
            .await
            .map_err(|error| match error {
                // The provider knows this code no more, or never did.
                RequestTokenError::ServerResponse(_) => OidcError::Denied,
                other => failed(other),
            })?;
        let token = answer
            .id_token()
            .ok_or_else(|| OidcError::Token("there is none".to_owned()))?;
        let nonce = Nonce::new(nonce);
        let claims = match self.check(&known, token, &nonce, answer.access_token()) {
            Err(ClaimsVerificationError::SignatureVerification(
                SignatureVerificationError::NoMatchingKey,
            )) => {
                let again = self.known(READ_AGAIN_MS).await?;
                self.check(&again, token, &nonce, answer.access_token())
            }
            done => done,
        };
        claims
            .map(|claims| identity(&claims))
            .map_err(|error| OidcError::Token(error.to_string()))
    }

    fn check(
        &self,
        known: &Known,
        token: &CoreIdToken,
        nonce: &Nonce,
        access_token: &openidconnect::AccessToken,
    ) -> Result<CoreIdTokenClaims, ClaimsVerificationError> {
        let client = client!(self, known);
        let now = DateTime::<Utc>::from_timestamp_millis(self.clock.now_ms()).unwrap_or_default();
        let verifier = client
            .id_token_verifier()
            .set_allowed_algs(ALGORITHMS)
            .set_time_fn(move || now);
        let claims = token.claims(&verifier, nonce)?;
        if let Some(expected) = claims.access_token_hash() {
            let signature = ClaimsVerificationError::SignatureVerification;
            let alg = token.signing_alg().map_err(signature)?;
            let key = token.signing_key(&verifier).map_err(signature)?;
            let actual = AccessTokenHash::from_token(access_token, alg, key)
                .map_err(|error| ClaimsVerificationError::Other(error.to_string()))?;
            if actual != *expected {
                return Err(ClaimsVerificationError::Other(
                    "access token is another's".to_owned(),
                ));
            }
        }
        Ok(claims.clone())
    }

    /// The discovery document and its keys, read again when they are older than `most_ms`.
    async fn known(&self, most_ms: i64) -> Result<Arc<Known>, OidcError> {
        let mut known = self.known.lock().await;
        let now = self.clock.now_ms();
        if let Some(known) = known.as_ref()
            && now.saturating_sub(known.read_at) < most_ms
        {
            return Ok(Arc::clone(known));
        }
        let issuer = IssuerUrl::new(self.settings.issuer.clone()).map_err(failed)?;
        let metadata = CoreProviderMetadata::discover_async(issuer, &self.http)
            .await
            .map_err(failed)?;
        let read = Arc::new(Known {
            read_at: now,
            metadata,
        });
        *known = Some(Arc::clone(&read));
        Ok(read)
    }
}

/// In the header unless the provider takes it in the body only.
fn auth_type(metadata: &CoreProviderMetadata) -> AuthType {
    let body_only = metadata
        .token_endpoint_auth_methods_supported()
        .is_some_and(|methods| {
            methods.contains(&CoreClientAuthMethod::ClientSecretPost)
                && !methods.contains(&CoreClientAuthMethod::ClientSecretBasic)
        });
    if body_only {
        AuthType::RequestBody
    } else {
        AuthType::BasicAuth
    }
}

fn identity(claims: &CoreIdTokenClaims) -> Identity {
    let email = claims
        .email()
        .filter(|_| claims.email_verified() == Some(true))
        .map(|email| email.as_str().to_owned());
    Identity {
        issuer: claims.issuer().as_str().to_owned(),
        subject: claims.subject().as_str().to_owned(),
        email,
        name: claims
            .name()
            .and_then(|name| name.get(None))
            .map(|name| name.as_str().to_owned()),
        username: claims
            .preferred_username()
            .map(|name| name.as_str().to_owned()),
        is_strong: claims.auth_method_refs().is_some_and(|methods| {
            methods
                .iter()
                .any(|method| STRONG.contains(&method.as_str()))
        }),
    }
}

fn failed(error: impl std::error::Error + 'static) -> OidcError {
    OidcError::Provider(shared::telemetry::chain(&error))
}

/// Our HTTP client, as the library wants it: with limits, and without following redirects.
struct Http(reqwest::Client);

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let answer = self.0.execute(request.try_into()?).await?;
            let (status, headers) = (answer.status(), answer.headers().clone());
            let body = shared::http::read_capped(answer, MAX_ANSWER).await?;
            let mut response = HttpResponse::new(body.to_vec());
            *response.status_mut() = status;
            *response.headers_mut() = headers;
            Ok(response)
        })
    }
}
