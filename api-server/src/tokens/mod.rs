//! User tokens: JWT (RFC 7519) with a pinned algorithm and keys chosen by their id among our own.
//!
//! Two audiences: a header's token opens everything its user may do, a cookie's only the few addresses a page reaches
//! without a header. The header of a token may carry `alg`, `typ` and `kid` and nothing else, so that it cannot bring
//! a key or another algorithm along (RFC 8725, sections 3.1, 3.2, 3.10). Times are checked against our own clock.

use std::fmt;
use std::time::Duration;

use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode,
};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use shared::clock::Clock;
use shared::settings::SecretString;

/// Ours have about 450 bytes with HS256 and 800 with RS256; what is longer is not even decoded.
const MAX_TOKEN_BYTES: usize = 2_048;
/// Seconds by which the clocks of replicas may differ.
const SKEW_S: i64 = 5;

/// How tokens are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum JwtAlgorithm {
    /// HMAC with SHA-256 and the secret.
    #[serde(rename = "HS256")]
    Hs256,
    /// Ed25519.
    #[serde(rename = "EdDSA")]
    EdDsa,
    /// RSA PKCS#1 v1.5 with SHA-256.
    #[serde(rename = "RS256")]
    Rs256,
}

impl JwtAlgorithm {
    fn of_jwt(self) -> Algorithm {
        match self {
            Self::Hs256 => Algorithm::HS256,
            Self::EdDsa => Algorithm::EdDSA,
            Self::Rs256 => Algorithm::RS256,
        }
    }
}

/// User tokens.
#[derive(Debug, Clone)]
pub struct JwtSettings {
    /// How they are signed.
    pub algorithm: JwtAlgorithm,
    /// Who signs.
    pub issuer: String,
    /// Signs with HS256; other keys are derived from it whatever the algorithm.
    pub secret: SecretString,
    /// Earlier secrets that still check tokens.
    pub previous_secrets: Vec<SecretString>,
    /// PEM, PKCS#8 (or PKCS#1 for RSA).
    pub private_key: Option<SecretString>,
    /// PEM.
    pub public_key: Option<String>,
    /// Earlier public keys that still check tokens: PEM, one after the other.
    pub previous_public_keys: Option<String>,
    /// Life of an access token and of the cookie.
    pub lifetime: Duration,
    /// Life of a session between two uses.
    pub refresh_lifetime: Duration,
}

/// Whom a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// `Authorization: Bearer`.
    Header,
    /// The cookie.
    Cookie,
}

impl Audience {
    fn as_str(self) -> &'static str {
        match self {
            Self::Header => "acervo",
            Self::Cookie => "acervo-cookie",
        }
    }
}

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Name of the user; pages show it.
    pub sub: String,
    /// Id of the user: who it really is.
    pub uid: String,
    /// `admin`, `instructor` or `student`; pages choose by it, this server asks the account.
    pub role: String,
    /// Version of the user's tokens.
    pub ver: i64,
    /// The session.
    pub sid: String,
    /// Number of the token.
    pub jti: String,
    /// Who made it.
    pub iss: String,
    /// For whom.
    pub aud: String,
    /// When, in seconds since 1970.
    pub iat: i64,
    /// Until when, in seconds since 1970.
    pub exp: i64,
    /// From when, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nbf: Option<i64>,
}

/// Whom and what a new token speaks of.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// Name of the user.
    pub username: &'a str,
    /// Id of the user.
    pub uid: &'a str,
    /// Role.
    pub role: &'a str,
    /// Version of the user's tokens.
    pub version: i64,
    /// The session.
    pub session: &'a str,
}

/// Why a token was refused. Clients are told only that it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JwtError {
    /// A key of the settings cannot be used.
    #[error("{0} cannot be used as a key for this algorithm")]
    Key(&'static str),
    /// Private and public key do not belong together.
    #[error("private and public key do not belong together")]
    Pair,
    /// Longer than any token of ours, or not three parts of base64url and JSON.
    #[error("token is malformed")]
    Malformed,
    /// Another algorithm, `none` in any spelling included.
    #[error("token uses another algorithm")]
    Algorithm,
    /// A header that names a key of its own or demands extensions.
    #[error("token header carries more than alg, typ and kid")]
    Header,
    /// A key id that is not ours, or none.
    #[error("token names no key of ours")]
    UnknownKey,
    /// Made with another key, changed afterwards, or for another issuer or audience.
    #[error("token does not verify")]
    Signature,
    /// Its time is over, or not come yet.
    #[error("token is outside its time")]
    Time,
    /// The key cannot sign.
    #[error("token could not be signed")]
    Signing,
}

/// Makes and checks user tokens.
pub struct JwtKeys {
    algorithm: Algorithm,
    issuer: String,
    kid: String,
    signing: EncodingKey,
    /// By key id, the current one first.
    checking: Vec<(String, DecodingKey)>,
}

impl JwtKeys {
    /// With the keys of the settings; signs and checks once, so that keys that do not fit are found at start.
    ///
    /// # Errors
    /// [`JwtError::Key`], [`JwtError::Pair`].
    pub fn new(settings: &JwtSettings) -> Result<Self, JwtError> {
        let (signing, checking) = match settings.algorithm {
            JwtAlgorithm::Hs256 => symmetric(settings),
            JwtAlgorithm::EdDsa | JwtAlgorithm::Rs256 => asymmetric(settings)?,
        };
        let kid = checking
            .first()
            .map(|(kid, _)| kid.clone())
            .ok_or(JwtError::Key("the public key"))?;
        let keys = Self {
            algorithm: settings.algorithm.of_jwt(),
            issuer: settings.issuer.clone(),
            kid,
            signing,
            checking,
        };
        let subject = Subject {
            username: "a",
            uid: "a",
            role: "student",
            version: 0,
            session: "a",
        };
        let probe = keys.sign(subject, Audience::Header, 0, 1)?;
        keys.check_signature(&probe.0, Audience::Header)
            .map_err(|_| JwtError::Pair)?;
        Ok(keys)
    }

    /// A token for `subject`, valid for `lifetime_s` seconds from `now_ms`, with what it says.
    ///
    /// # Errors
    /// [`JwtError::Signing`].
    pub fn sign(
        &self,
        subject: Subject<'_>,
        audience: Audience,
        now_ms: i64,
        lifetime_s: i64,
    ) -> Result<(String, Claims), JwtError> {
        let iat = now_ms.div_euclid(1_000);
        let claims = Claims {
            sub: subject.username.to_owned(),
            uid: subject.uid.to_owned(),
            role: subject.role.to_owned(),
            ver: subject.version,
            sid: subject.session.to_owned(),
            jti: uuid::Uuid::new_v4().as_simple().to_string(),
            iss: self.issuer.clone(),
            aud: audience.as_str().to_owned(),
            iat,
            exp: iat.saturating_add(lifetime_s),
            nbf: None,
        };
        let header = Header {
            kid: Some(self.kid.clone()),
            ..Header::new(self.algorithm)
        };
        let token = encode(&header, &claims, &self.signing).map_err(|_| JwtError::Signing)?;
        Ok((token, claims))
    }

    /// Checks everything a token itself can prove.
    ///
    /// # Errors
    /// [`JwtError`]; which variant is for the log and for tests.
    pub fn verify(
        &self,
        token: &str,
        audience: Audience,
        clock: &dyn Clock,
    ) -> Result<Claims, JwtError> {
        let claims = self.check_signature(token, audience)?;
        let now = clock.now_ms().div_euclid(1_000);
        let begins = claims.nbf.unwrap_or(claims.iat).max(claims.iat);
        if claims.exp <= now || begins > now.saturating_add(SKEW_S) {
            return Err(JwtError::Time);
        }
        Ok(claims)
    }

    fn check_signature(&self, token: &str, audience: Audience) -> Result<Claims, JwtError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(JwtError::Malformed);
        }
        let header = decode_header(token).map_err(|error| match error.kind() {
            jsonwebtoken::errors::ErrorKind::InvalidAlgorithmName
            | jsonwebtoken::errors::ErrorKind::InvalidAlgorithm
            | jsonwebtoken::errors::ErrorKind::UnsupportedAlgorithm
            | jsonwebtoken::errors::ErrorKind::MissingAlgorithm => JwtError::Algorithm,
            // The enum is open; whatever else there is, the token could not be read.
            _ => JwtError::Malformed,
        })?;
        if header.alg != self.algorithm {
            return Err(JwtError::Algorithm);
        }
        let plain = Header {
            typ: header.typ.clone(),
            kid: header.kid.clone(),
            ..Header::new(self.algorithm)
        };
        if header != plain {
            return Err(JwtError::Header);
        }
        let (_, key) = self
            .checking
            .iter()
            .find(|(kid, _)| Some(kid) == header.kid.as_ref())
            .ok_or(JwtError::UnknownKey)?;
        let mut validation = Validation::new(self.algorithm);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[audience.as_str()]);
        // The library reads the machine's clock; times are checked with ours.
        validation.validate_exp = false;
        decode::<Claims>(token, key, &validation)
            .map(|data| data.claims)
            .map_err(|_| JwtError::Signature)
    }
}

type Keys = (EncodingKey, Vec<(String, DecodingKey)>);

fn symmetric(settings: &JwtSettings) -> Keys {
    let secrets = std::iter::once(&settings.secret).chain(&settings.previous_secrets);
    let checking = secrets
        .map(|secret| secret.expose_secret().as_bytes())
        .map(|secret| (key_id(secret), DecodingKey::from_secret(secret)))
        .collect();
    let signing = EncodingKey::from_secret(settings.secret.expose_secret().as_bytes());
    (signing, checking)
}

fn asymmetric(settings: &JwtSettings) -> Result<Keys, JwtError> {
    let is_rsa = settings.algorithm == JwtAlgorithm::Rs256;
    let private = settings
        .private_key
        .as_ref()
        .map(|key| key.expose_secret().as_bytes().to_vec())
        .unwrap_or_default();
    let signing = if is_rsa {
        EncodingKey::from_rsa_pem(&private)
    } else {
        EncodingKey::from_ed_pem(&private)
    }
    .map_err(|_| JwtError::Key("the private key"))?;
    let previous = settings.previous_public_keys.as_deref().unwrap_or_default();
    let mut checking = Vec::new();
    for pem in settings.public_key.iter().cloned().chain(pems(previous)) {
        let pem = pem.trim();
        let key = if is_rsa {
            DecodingKey::from_rsa_pem(pem.as_bytes())
        } else {
            DecodingKey::from_ed_pem(pem.as_bytes())
        }
        .map_err(|_| JwtError::Key("a public key"))?;
        checking.push((key_id(pem.as_bytes()), key));
    }
    Ok((signing, checking))
}

/// The keys of a text that holds several.
fn pems(text: &str) -> impl Iterator<Item = String> {
    text.split_inclusive("-----END PUBLIC KEY-----")
        .filter(|part| part.contains("-----END"))
        .map(str::to_owned)
}

/// Names a key without telling anything of it.
fn key_id(key: &[u8]) -> String {
    let digest = blake3::derive_key("acervo api-server 2026 jwt key id", key);
    digest
        .iter()
        .take(6)
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// Keys are not shown.
impl fmt::Debug for JwtKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtKeys")
            .field("algorithm", &self.algorithm)
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
