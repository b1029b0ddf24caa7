//! Google's authorisation server: consent, tokens, revocation.
//!
//! <https://developers.google.com/identity/protocols/oauth2/web-server> and `…/oauth2/service-account`.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::reply::Reply;
use super::world::Caller;

pub(crate) const CLIENT_ID: &str = "1234567890-acervo.apps.googleusercontent.com";
pub(crate) const CLIENT_SECRET: &str = "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";
pub(crate) const ROBOT: &str = "acervo@projeto.iam.gserviceaccount.com";
pub(crate) const API_KEY: &str = "AIzaSyD-u8Pq3Vn7Kc1Lw5Zr9Ty2Bx6Hm4Jd0Gf";
const PRIVATE: &str = include_str!("../../fixtures/rsa-private.pem");
const PUBLIC: &str = include_str!("../../fixtures/rsa-public.pem");
/// As Google's.
const LIFE: Duration = Duration::from_secs(3599);

struct Code {
    email: String,
    challenge: Option<String>,
    redirect_uri: String,
    scope: String,
    offline: bool,
}

/// What it has given out.
#[derive(Default)]
pub(crate) struct OAuth {
    access: HashMap<String, (String, Instant)>,
    refresh: HashMap<String, (String, String)>,
    codes: HashMap<String, Code>,
    /// Who sits at the browser; nobody refuses.
    pub(crate) at_the_browser: Option<String>,
    /// The service account may speak for anybody.
    pub(crate) delegation: bool,
    number: usize,
}

fn refuse(status: u16, error: &str, description: &str) -> Reply {
    Reply::json(
        status,
        &json!({ "error": error, "error_description": description }),
    )
}

/// An error of the token endpoint.
pub(crate) fn refused(error: &str) -> Reply {
    match error {
        "invalid_grant" => refuse(400, error, "Token has been expired or revoked."),
        "invalid_client" => refuse(401, error, "The OAuth client was not found."),
        _ => refuse(400, error, "Bad Request"),
    }
}

impl OAuth {
    fn new_token(&mut self, start: &str) -> String {
        self.number += 1;
        let hash = Sha256::digest(format!("{start}{}", self.number));
        format!("{start}{}", URL_SAFE_NO_PAD.encode(hash))
    }

    /// A token for somebody's drive.
    pub(crate) fn grant_access(&mut self, email: &str) -> String {
        let token = self.new_token("ya29.");
        self.access
            .insert(token.clone(), (email.to_owned(), Instant::now() + LIFE));
        token
    }

    /// A refresh token, as if consent had been given.
    pub(crate) fn grant_refresh(&mut self, email: &str) -> String {
        let token = self.new_token("1//0");
        let scope = "https://www.googleapis.com/auth/drive.readonly".to_owned();
        self.refresh
            .insert(token.clone(), (email.to_owned(), scope));
        token
    }

    /// An hour later.
    pub(crate) fn expire_access(&mut self) {
        self.access.clear();
    }

    /// Consent is taken back.
    pub(crate) fn revoke_all(&mut self) {
        self.access.clear();
        self.refresh.clear();
    }

    pub(crate) fn who(&self, token: &str) -> Option<Caller> {
        let (email, until) = self.access.get(token)?;
        (*until > Instant::now()).then(|| Caller::User(email.clone()))
    }

    /// The page of consent: whoever sits at the browser says yes.
    pub(crate) fn authorize(&mut self, query: &[(String, String)]) -> Reply {
        let at = |name: &str| {
            query
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.clone())
        };
        let redirect = at("redirect_uri").unwrap_or_default();
        let Ok(mut back) = redirect.parse::<url::Url>() else {
            return refuse(
                400,
                "invalid_request",
                "Missing required parameter: redirect_uri",
            );
        };
        if at("client_id").as_deref() != Some(CLIENT_ID) {
            return refuse(401, "invalid_client", "The OAuth client was not found.");
        }
        let method = at("code_challenge_method");
        let challenge = at("code_challenge");
        let scope = at("scope").unwrap_or_default();
        if at("response_type").as_deref() != Some("code")
            || scope.is_empty()
            || (challenge.is_some() && method.as_deref() != Some("S256"))
        {
            return refuse(
                400,
                "invalid_request",
                "Required parameter is missing or wrong",
            );
        }
        let answer = match self.at_the_browser.clone() {
            None => ("error", "access_denied".to_owned()),
            Some(email) => {
                let code = self.new_token("4/0A");
                let offline = at("access_type").as_deref() == Some("offline");
                let granted = Code {
                    email,
                    challenge,
                    redirect_uri: redirect,
                    scope: scope.clone(),
                    offline,
                };
                self.codes.insert(code.clone(), granted);
                ("code", code)
            }
        };
        {
            let mut pairs = back.query_pairs_mut();
            if let Some(state) = at("state") {
                pairs.append_pair("state", &state);
            }
            pairs.append_pair(answer.0, &answer.1);
            if answer.0 == "code" {
                pairs.append_pair("scope", &scope);
            }
        }
        Reply::none(302).with("location", back.to_string())
    }

    /// The token endpoint; `here` is its own address.
    pub(crate) fn token(&mut self, form: &BTreeMap<String, String>, here: &str) -> Reply {
        let at = |name: &str| form.get(name).map_or("", String::as_str);
        let grant = at("grant_type");
        if grant == "urn:ietf:params:oauth:grant-type:jwt-bearer" {
            return self.assertion(at("assertion"), here);
        }
        if at("client_id") != CLIENT_ID {
            return refused("invalid_client");
        }
        if at("client_secret") != CLIENT_SECRET {
            return refuse(401, "invalid_client", "Unauthorized");
        }
        let (email, scope, refresh) = match grant {
            "refresh_token" => match self.refresh.get(at("refresh_token")) {
                Some((email, scope)) => (email.clone(), scope.clone(), None),
                None => return refused("invalid_grant"),
            },
            "authorization_code" => {
                let Some(code) = self.codes.remove(at("code")) else {
                    return refuse(400, "invalid_grant", "Malformed auth code.");
                };
                let proven = code.challenge.is_none_or(|challenge| {
                    challenge == URL_SAFE_NO_PAD.encode(Sha256::digest(at("code_verifier")))
                });
                if !proven {
                    return refuse(400, "invalid_grant", "Invalid code verifier.");
                }
                if code.redirect_uri != at("redirect_uri") {
                    return refuse(400, "redirect_uri_mismatch", "Bad Request");
                }
                let refresh = code.offline.then(|| self.grant_refresh(&code.email));
                (code.email, code.scope, refresh)
            }
            _ => return refuse(400, "unsupported_grant_type", "Invalid grant_type"),
        };
        let mut answer = json!({
            "access_token": self.grant_access(&email), "expires_in": LIFE.as_secs(), "scope": scope, "token_type": "Bearer",
        });
        if let Some(refresh) = refresh {
            answer["refresh_token"] = json!(refresh);
        }
        Reply::json(200, &answer)
    }

    /// RFC 7523, for the service account and whom it may speak for.
    fn assertion(&mut self, assertion: &str, here: &str) -> Reply {
        let Some(claims) = signed_claims(assertion) else {
            return refuse(400, "invalid_grant", "Invalid JWT Signature.");
        };
        let audience = [here, "https://oauth2.googleapis.com/token"];
        if claims["iss"] != ROBOT || !audience.iter().any(|known| claims["aud"] == *known) {
            return refuse(400, "invalid_grant", "Invalid grant: account not found");
        }
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        let (issued, ends) = (claims["iat"].as_u64(), claims["exp"].as_u64().unwrap_or(0));
        let is_short = issued.is_some_and(|issued| issued <= now + 300 && ends <= issued + 3600);
        if !is_short || ends < now {
            return refuse(
                400,
                "invalid_grant",
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe.",
            );
        }
        if !claims["scope"]
            .as_str()
            .unwrap_or("")
            .contains("https://www.googleapis.com/auth/drive")
        {
            return refuse(
                400,
                "invalid_scope",
                "Invalid OAuth scope or ID token audience provided.",
            );
        }
        let subject = claims["sub"].as_str().unwrap_or(ROBOT);
        if subject != ROBOT && !self.delegation {
            return refuse(
                401,
                "unauthorized_client",
                "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested.",
            );
        }
        let answer = json!({ "access_token": self.grant_access(subject), "expires_in": LIFE.as_secs(), "token_type": "Bearer" });
        Reply::json(200, &answer)
    }

    pub(crate) fn revoke(&mut self, token: &str) -> Reply {
        let refresh = self.refresh.remove(token).map(|(email, _)| email);
        let access = self.access.remove(token).map(|(email, _)| email);
        match refresh.or(access) {
            Some(email) => {
                self.access.retain(|_, (owner, _)| *owner != email);
                self.refresh.retain(|_, (owner, _)| *owner != email);
                Reply::json(200, &json!({}))
            }
            None => refuse(400, "invalid_token", "Token expired or revoked"),
        }
    }
}

/// What an assertion says, if the service account signed it. As Google does, it takes base64 with padding too, which some
/// clients write.
fn signed_claims(assertion: &str) -> Option<Value> {
    let (message, signature) = assertion.rsplit_once('.')?;
    let (header, claims) = message.split_once('.')?;
    let read = |part: &str| {
        let bytes = URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok()?;
        serde_json::from_slice::<Value>(&bytes).ok()
    };
    let key = DecodingKey::from_rsa_pem(PUBLIC.as_bytes()).expect("the key is one");
    let signature = signature.trim_end_matches('=');
    let is_signed =
        jsonwebtoken::crypto::verify(signature, message.as_bytes(), &key, Algorithm::RS256);
    (read(header)?["alg"] == "RS256" && is_signed.unwrap_or(false)).then(|| read(claims))?
}

/// The file that Google gives for a service account, with this token endpoint.
pub(crate) fn robot_key(base: &str) -> Value {
    json!({
        "type": "service_account", "project_id": "projeto", "private_key_id": "k1", "private_key": PRIVATE, "client_email": ROBOT,
        "client_id": "1234567890", "auth_uri": format!("{base}/o/oauth2/auth"), "token_uri": format!("{base}/token"),
        "auth_provider_x509_cert_url": format!("{base}/certs"), "client_x509_cert_url": format!("{base}/certs/robot"),
        "universe_domain": "googleapis.com",
    })
}
