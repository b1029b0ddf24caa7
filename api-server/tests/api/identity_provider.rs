//! An identity provider in this process: discovery, keys, tokens. It is strict about codes and PKCE, and tells the lies
//! it is asked to tell.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as BASE64};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::Url;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

pub(crate) const CLIENT_ID: &str = "acervo";
pub(crate) const CLIENT_SECRET: &str = "r7Tq1Lm5Xz9Vb3Nc8Kd2Wf6Hj4Gs0Paq";
const PRIVATE: &str = include_str!("../fixtures/rsa-private.pem");
const PUBLIC: &str = include_str!("../fixtures/rsa-public.pem");
/// The modulus of that key.
const MODULUS: &str = "oBz0nbTWjPJWdfJO3LTn19gWKBlXsJflBLKGz5fulE-Yxhxj9xopEKC_bZuN5f_FqdOr0zAYFUN6JAUyAuYlh0N17Vscn7k6IuNTpTBih6o4zstfvDbeY5j2ZRFxsgYI4BB7QX1NLuJFD6lxlmREXJldqI0mMLUNk8sHPQlEDp4xU3k1CUFz6WaFIZJiN2po-nAlraSSxIwuTdHNPfDk_yLoFYHDgwgQ3PuIDU2DRlPZAYKVcj7LQQqMPhF3Ry_Yxt65L_4xT9WCg4HdS9q21u1n-fqrcbC0ZTA8vbevxi3btxYs1GfyYgR1hc6orZ2vKsSZTNFPZEtKfd3-cP6kWQ";

/// How an ID token is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signed {
    /// As it should be.
    Properly,
    /// `alg: none`.
    Not,
    /// HS256 with the public key, which everybody has.
    WithPublicKey,
    /// HS256 with the client's secret.
    WithClientSecret,
    /// As it should be; then a claim was changed.
    BeforeAChange,
}

struct Granted {
    challenge: String,
    redirect_uri: String,
    claims: Value,
    signed: Signed,
}

struct State {
    issuer: String,
    key_id: String,
    granted: HashMap<String, Granted>,
    number: usize,
}

/// The provider.
pub(crate) struct IdentityProvider {
    server: MockServer,
    state: Arc<Mutex<State>>,
}

/// What the browser was sent with.
pub(crate) fn asked(location: &str) -> HashMap<String, String> {
    let url: Url = location.parse().unwrap();
    url.query_pairs().into_owned().collect()
}

impl IdentityProvider {
    pub(crate) async fn start() -> Self {
        let server = MockServer::start().await;
        let issuer = server.uri();
        let state = Arc::new(Mutex::new(State {
            issuer: issuer.clone(),
            key_id: "k1".to_owned(),
            granted: HashMap::new(),
            number: 0,
        }));
        let discovery = json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
            "jwks_uri": format!("{issuer}/keys"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        });
        Mock::given(method("GET"))
            .and(path("/.well-known/openid-configuration"))
            .respond_with(ResponseTemplate::new(200).set_body_json(discovery))
            .mount(&server)
            .await;
        let keys = Arc::clone(&state);
        Mock::given(method("GET"))
            .and(path("/keys"))
            .respond_with(move |_: &Request| {
                let kid = keys.lock().unwrap().key_id.clone();
                ResponseTemplate::new(200).set_body_json(json!({"keys": [
                    {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": MODULUS, "e": "AQAB"},
                ]}))
            })
            .mount(&server)
            .await;
        let tokens = Arc::clone(&state);
        Mock::given(method("POST"))
            .and(path("/token"))
            .respond_with(move |request: &Request| token(&mut tokens.lock().unwrap(), request))
            .mount(&server)
            .await;
        Self { server, state }
    }

    pub(crate) fn issuer(&self) -> String {
        self.server.uri()
    }

    /// From now on another key.
    pub(crate) fn rotate(&self) {
        "k2".clone_into(&mut self.state.lock().unwrap().key_id);
    }

    /// Somebody signs in there: the code that the browser takes back.
    pub(crate) fn grant(&self, location: &str, claims: &Value, signed: Signed) -> String {
        let asked = asked(location);
        assert!(location.starts_with(&format!("{}/authorize?", self.issuer())));
        let at = |name: &str| asked[name].clone();
        assert_eq!(
            (
                at("response_type"),
                at("client_id"),
                at("code_challenge_method")
            ),
            ("code".into(), CLIENT_ID.into(), "S256".into())
        );
        assert!(at("scope").split(' ').any(|scope| scope == "openid"));
        let mut state = self.state.lock().unwrap();
        state.number += 1;
        let code = format!("code-{}", state.number);
        let now = chrono::Utc::now().timestamp();
        let mut all = json!({
            "iss": state.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": at("nonce"),
        });
        for (name, value) in claims.as_object().unwrap() {
            all[name] = value.clone();
        }
        all.as_object_mut()
            .unwrap()
            .retain(|_, value| !value.is_null());
        let granted = Granted {
            challenge: at("code_challenge"),
            redirect_uri: at("redirect_uri"),
            claims: all,
            signed,
        };
        state.granted.insert(code.clone(), granted);
        code
    }
}

/// The token endpoint: a code is good once, for the verifier of its challenge (RFC 7636), from our client alone.
fn token(state: &mut State, request: &Request) -> ResponseTemplate {
    let refuse = |error: &str| ResponseTemplate::new(400).set_body_json(json!({"error": error}));
    let basic = format!(
        "Basic {}",
        STANDARD.encode(format!("{CLIENT_ID}:{CLIENT_SECRET}"))
    );
    if request
        .headers
        .get("authorization")
        .and_then(|value| value.to_str().ok())
        != Some(basic.as_str())
    {
        return refuse("invalid_client");
    }
    let form: HashMap<String, String> = url::form_urlencoded::parse(&request.body)
        .into_owned()
        .collect();
    let field = |name: &str| form.get(name).cloned().unwrap_or_default();
    let Some(granted) = state.granted.remove(&field("code")) else {
        return refuse("invalid_grant");
    };
    let challenge = BASE64.encode(Sha256::digest(field("code_verifier")));
    if field("grant_type") != "authorization_code"
        || challenge != granted.challenge
        || field("redirect_uri") != granted.redirect_uri
    {
        return refuse("invalid_grant");
    }
    ResponseTemplate::new(200).set_body_json(json!({
        "access_token": "at", "token_type": "Bearer", "expires_in": 300,
        "id_token": id_token(&granted.claims, granted.signed, &state.key_id),
    }))
}

fn id_token(claims: &Value, signed: Signed, key_id: &str) -> String {
    let by_hand = |alg: &str| {
        let header = json!({"alg": alg, "typ": "JWT", "kid": key_id});
        format!(
            "{}.{}",
            BASE64.encode(header.to_string()),
            BASE64.encode(claims.to_string())
        )
    };
    let hs256 = |secret: &[u8]| {
        let text = by_hand("HS256");
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
        mac.update(text.as_bytes());
        format!("{text}.{}", BASE64.encode(mac.finalize().into_bytes()))
    };
    let mut header = Header::new(Algorithm::RS256);
    header.kid = Some(key_id.to_owned());
    let key = EncodingKey::from_rsa_pem(PRIVATE.as_bytes()).unwrap();
    match signed {
        Signed::Properly => jsonwebtoken::encode(&header, claims, &key).unwrap(),
        Signed::Not => format!("{}.", by_hand("none")),
        Signed::WithPublicKey => hs256(PUBLIC.as_bytes()),
        Signed::WithClientSecret => hs256(CLIENT_SECRET.as_bytes()),
        Signed::BeforeAChange => {
            let honest = jsonwebtoken::encode(&header, claims, &key).unwrap();
            let (_, signature) = honest.rsplit_once('.').unwrap();
            let mut changed = claims.clone();
            changed["sub"] = json!("somebody else");
            let header = honest.split('.').next().unwrap();
            format!(
                "{header}.{}.{signature}",
                BASE64.encode(changed.to_string())
            )
        }
    }
}
