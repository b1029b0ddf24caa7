//! Service tokens: how one server proves to the other that it is the other server.
//!
//! HS256 JWT (RFC 7519) with a secret of its own (`SERVICE_SECRET`), an issuer and an audience per
//! direction, valid for 60 seconds. The algorithm is pinned and everything in the header but `alg`
//! and `typ` is refused, so that no header can choose a key (`kid`, `jku`, `x5u`, `jwk`) or another
//! algorithm (RFC 8725, sections 3.1, 3.2 and 3.10). Times are checked against our own [`Clock`].

use std::fmt;

use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::clock::Clock;
use crate::problem::{Code, HasProblem};
use crate::settings::{ExposeSecret as _, SecretString, WeakSecret, check_secret};

/// Name of the api-server as issuer and audience.
pub const API_SERVER: &str = "acervo-api-server";
/// Name of the rag-server as issuer and audience.
pub const RAG_SERVER: &str = "acervo-rag-server";

/// Seconds a token lives: long enough for a slow connection to open, too short to be worth stealing.
const LIFETIME_S: i64 = 60;
/// Seconds by which the two machines' clocks may differ.
const SKEW_S: i64 = 5;
/// Ours have about 300 bytes; what is longer is not even decoded.
const MAX_TOKEN_BYTES: usize = 1_024;

/// What a service token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceClaims {
    /// Who made it.
    pub iss: String,
    /// For whom.
    pub aud: String,
    /// When, in seconds since 1970.
    pub iat: i64,
    /// Until when, in seconds since 1970.
    pub exp: i64,
    /// A number of its own, for the log.
    pub jti: String,
}

/// Why a token was refused. Clients are told only that it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Longer than any token of ours.
    #[error("token has {bytes} bytes, at most {MAX_TOKEN_BYTES} are read")]
    TooLong {
        /// How long it is.
        bytes: usize,
    },
    /// No three parts of base64url, no JSON, a claim too many or too few.
    #[error("token is malformed")]
    Malformed,
    /// An algorithm other than HS256, `none` in any spelling included.
    #[error("token uses an algorithm other than HS256")]
    Algorithm,
    /// A header that names a key or demands extensions.
    #[error("token header carries more than alg and typ")]
    Header,
    /// Made with another secret, or changed afterwards.
    #[error("token signature does not match")]
    Signature,
    /// Its time is over.
    #[error("token has expired")]
    Expired,
    /// Made in the future, beyond the difference clocks may have.
    #[error("token is from the future")]
    NotYetValid,
    /// Valid for longer than this server makes them.
    #[error("token is valid for too long")]
    LivesTooLong,
    /// Made by another server than the one expected.
    #[error("token comes from another issuer")]
    Issuer,
    /// Made for another server than this one.
    #[error("token is for another audience")]
    Audience,
    /// The key cannot sign.
    #[error("token could not be signed")]
    Signing,
}

impl HasProblem for TokenError {
    fn code(&self) -> Code {
        match self {
            Self::TooLong { .. }
            | Self::Malformed
            | Self::Algorithm
            | Self::Header
            | Self::Signature
            | Self::Expired
            | Self::NotYetValid
            | Self::LivesTooLong
            | Self::Issuer
            | Self::Audience => Code::Unauthorized,
            Self::Signing => Code::Internal,
        }
    }
}

/// Makes and checks the tokens of one direction: from `issuer` to `audience`.
pub struct ServiceTokens {
    issuer: String,
    audience: String,
    signing: EncodingKey,
    checking: DecodingKey,
    validation: Validation,
}

impl ServiceTokens {
    /// Tokens from `issuer` to `audience`, signed with `secret`.
    ///
    /// # Errors
    /// [`WeakSecret`].
    pub fn new(
        secret: &SecretString,
        issuer: impl Into<String>,
        audience: impl Into<String>,
    ) -> Result<Self, WeakSecret> {
        check_secret(secret.expose_secret())?;
        let key = secret.expose_secret().as_bytes();
        let (issuer, audience) = (issuer.into(), audience.into());
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        validation.set_issuer(&[&issuer]);
        validation.set_audience(&[&audience]);
        // The library reads the machine's clock; times are checked below with ours.
        validation.validate_exp = false;
        Ok(Self {
            issuer,
            audience,
            signing: EncodingKey::from_secret(key),
            checking: DecodingKey::from_secret(key),
            validation,
        })
    }

    /// A new token, valid from now for 60 seconds.
    ///
    /// # Errors
    /// [`TokenError::Signing`].
    pub fn sign(&self, clock: &dyn Clock) -> Result<String, TokenError> {
        let iat = clock.now_ms().div_euclid(1_000);
        let claims = ServiceClaims {
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            iat,
            exp: iat.saturating_add(LIFETIME_S),
            jti: Uuid::new_v4().as_simple().to_string(),
        };
        encode(&Header::new(Algorithm::HS256), &claims, &self.signing)
            .map_err(|_| TokenError::Signing)
    }

    /// Checks a token.
    ///
    /// # Errors
    /// [`TokenError`]; which variant is for the log and for tests.
    pub fn verify(&self, token: &str, clock: &dyn Clock) -> Result<ServiceClaims, TokenError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::TooLong { bytes: token.len() });
        }
        let data = decode::<ServiceClaims>(token, &self.checking, &self.validation)
            .map_err(|error| refusal(error.kind()))?;
        let plain = Header {
            typ: data.header.typ.clone(),
            ..Header::new(Algorithm::HS256)
        };
        if data.header != plain {
            return Err(TokenError::Header);
        }
        let claims = data.claims;
        let now = clock.now_ms().div_euclid(1_000);
        if claims.exp.saturating_add(SKEW_S) <= now {
            return Err(TokenError::Expired);
        }
        if claims.iat > now.saturating_add(SKEW_S) {
            return Err(TokenError::NotYetValid);
        }
        if claims.exp.saturating_sub(claims.iat) > LIFETIME_S {
            return Err(TokenError::LivesTooLong);
        }
        Ok(claims)
    }
}

fn refusal(kind: &ErrorKind) -> TokenError {
    match kind {
        ErrorKind::InvalidSignature => TokenError::Signature,
        ErrorKind::InvalidIssuer => TokenError::Issuer,
        ErrorKind::InvalidAudience => TokenError::Audience,
        ErrorKind::InvalidAlgorithm
        | ErrorKind::InvalidAlgorithmName
        | ErrorKind::UnsupportedAlgorithm
        | ErrorKind::MissingAlgorithm => TokenError::Algorithm,
        // The enum is open; whatever else there is, the token could not be read.
        _ => TokenError::Malformed,
    }
}

/// Keys are not shown.
impl fmt::Debug for ServiceTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceTokens")
            .field("issuer", &self.issuer)
            .field("audience", &self.audience)
            .finish_non_exhaustive()
    }
}

/// The bearer token of a request (RFC 6750, section 2.1). `Bearer null` and `Bearer undefined`,
/// which browsers' code sends when it has none, count as none.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    let present =
        scheme.eq_ignore_ascii_case("bearer") && !matches!(token, "" | "null" | "undefined");
    present.then_some(token)
}

/// Whether two secrets are the same, in a time that depends on neither's content.
pub fn same_secret(given: &str, expected: &str) -> bool {
    // Hashed first, so that the lengths compared are always the same.
    let (given, expected) = (
        blake3::hash(given.as_bytes()),
        blake3::hash(expected.as_bytes()),
    );
    given == expected // `blake3::Hash` compares in constant time
}

#[cfg(test)]
mod tests;
