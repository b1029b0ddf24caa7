#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

use std::time::Duration;

use actix_web::http::header::HeaderValue;
use proptest::prelude::{any, proptest};
use serde_json::{Value, json};

use super::*;
use crate::testing::ManualClock;

const SECRET: &str = "k3Jv9Qx2Lm7Tz5Wc8Rb1Nd4Hy6Pg0SfUa";
const OTHER: &str = "Z8nV2cQ5wE7rT9yU1iO3pA4sD6fG0hJkLx";
const NOW_S: i64 = 1_800_000_000;

fn tokens() -> ServiceTokens {
    ServiceTokens::new(&SECRET.into(), API_SERVER, RAG_SERVER).unwrap()
}

fn clock() -> ManualClock {
    ManualClock::at(NOW_S * 1_000)
}

fn claims() -> Value {
    json!({"iss": API_SERVER, "aud": RAG_SERVER, "iat": NOW_S, "exp": NOW_S + 60, "jti": "x"})
}

/// base64url without padding (RFC 4648, section 5).
fn base64url(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let group = chunk
            .iter()
            .fold(0u32, |group, byte| group << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for position in 0..=chunk.len() {
            let index = (group >> (18 - 6 * position)) & 63;
            text.push(char::from(ALPHABET[index as usize]));
        }
    }
    text
}

/// A token with any header and claims, rightly signed as HS256 with `secret`.
fn forge(header: &Value, claims: &Value, secret: &str) -> String {
    let message = format!(
        "{}.{}",
        base64url(header.to_string().as_bytes()),
        base64url(claims.to_string().as_bytes())
    );
    let key = EncodingKey::from_secret(secret.as_bytes());
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256).unwrap();
    format!("{message}.{signature}")
}

fn hs256() -> Value {
    json!({"typ": "JWT", "alg": "HS256"})
}

#[test]
fn a_token_is_accepted_until_it_expires() {
    let (tokens, clock) = (tokens(), clock());
    let token = tokens.sign(&clock).unwrap();
    assert!(token.len() < 400, "{}", token.len());
    let claims = tokens.verify(&token, &clock).unwrap();
    assert_eq!(
        (claims.iss.as_str(), claims.aud.as_str()),
        (API_SERVER, RAG_SERVER)
    );
    assert_eq!((claims.iat, claims.exp), (NOW_S, NOW_S + 60));
    clock.advance(Duration::from_secs(64));
    assert!(
        tokens.verify(&token, &clock).is_ok(),
        "within the difference of clocks"
    );
    clock.advance(Duration::from_secs(1));
    assert_eq!(tokens.verify(&token, &clock), Err(TokenError::Expired));
}

#[test]
fn a_token_from_a_clock_ahead_is_accepted_for_five_seconds_only() {
    let (tokens, clock) = (tokens(), clock());
    let token = tokens.sign(&clock).unwrap();
    clock.set((NOW_S - 5) * 1_000);
    assert!(tokens.verify(&token, &clock).is_ok());
    clock.set((NOW_S - 6) * 1_000);
    assert_eq!(tokens.verify(&token, &clock), Err(TokenError::NotYetValid));
}

#[test]
fn every_token_has_a_number_of_its_own() {
    let (tokens, clock) = (tokens(), clock());
    let number = |_| {
        let token = tokens.sign(&clock).unwrap();
        tokens.verify(&token, &clock).unwrap().jti
    };
    let numbers: std::collections::BTreeSet<String> = (0..100).map(number).collect();
    assert_eq!(numbers.len(), 100);
}

#[test]
fn the_forgery_used_below_is_accepted_when_nothing_is_wrong() {
    let token = forge(&hs256(), &claims(), SECRET);
    assert!(tokens().verify(&token, &clock()).is_ok());
    let without_typ = forge(&json!({"alg": "HS256"}), &claims(), SECRET);
    assert!(tokens().verify(&without_typ, &clock()).is_ok());
}

#[test]
fn no_spelling_of_none_is_an_algorithm() {
    for alg in [
        "none",
        "None",
        "NONE",
        "nOnE",
        "noNe",
        "",
        " none",
        "none ",
        "n\u{43e}ne",
    ] {
        let header = json!({"typ": "JWT", "alg": alg});
        let signed = forge(&header, &claims(), SECRET);
        let (message, _) = signed.rsplit_once('.').unwrap();
        for token in [signed.clone(), format!("{message}."), message.to_owned()] {
            assert!(
                tokens().verify(&token, &clock()).is_err(),
                "{alg:?}: {token}"
            );
        }
    }
    let no_alg = forge(&json!({"typ": "JWT"}), &claims(), SECRET);
    assert_eq!(
        tokens().verify(&no_alg, &clock()),
        Err(TokenError::Malformed)
    );
    let null_alg = forge(&json!({"alg": null}), &claims(), SECRET);
    assert_eq!(
        tokens().verify(&null_alg, &clock()),
        Err(TokenError::Malformed)
    );
}

#[test]
fn other_algorithms_are_refused_even_with_the_right_secret() {
    for algorithm in [Algorithm::HS384, Algorithm::HS512] {
        let key = EncodingKey::from_secret(SECRET.as_bytes());
        let token = encode(&Header::new(algorithm), &claims(), &key).unwrap();
        assert_eq!(
            tokens().verify(&token, &clock()),
            Err(TokenError::Algorithm)
        );
    }
    for alg in [
        "RS256", "PS256", "ES256", "EdDSA", "hs256", "Hs256", "HS256 ", "HS1", "A128KW",
    ] {
        let token = forge(&json!({"typ": "JWT", "alg": alg}), &claims(), SECRET);
        assert!(tokens().verify(&token, &clock()).is_err(), "{alg}");
    }
}

#[test]
fn a_header_that_names_a_key_is_refused() {
    for (name, value) in [
        ("kid", json!("../../dev/null")),
        ("kid", json!("' UNION SELECT 'x")),
        ("jku", json!("https://attacker.example/keys")),
        ("x5u", json!("https://attacker.example/cert")),
        ("x5c", json!(["AAAA"])),
        ("jwk", json!({"kty": "oct", "k": "AAAA"})),
        ("crit", json!(["exp"])),
        ("cty", json!("JWT")),
        ("b64", json!(false)),
        ("anything", json!(1)),
    ] {
        let mut header = hs256();
        header[name] = value;
        let refused = tokens().verify(&forge(&header, &claims(), SECRET), &clock());
        assert!(
            matches!(refused, Err(TokenError::Header | TokenError::Malformed)),
            "{name}: {refused:?}"
        );
    }
}

#[test]
fn another_secret_another_direction_and_changes_are_refused() {
    let (tokens, clock) = (tokens(), clock());
    let token = tokens.sign(&clock).unwrap();

    let stranger = ServiceTokens::new(&OTHER.into(), API_SERVER, RAG_SERVER).unwrap();
    assert_eq!(stranger.verify(&token, &clock), Err(TokenError::Signature));
    let back = ServiceTokens::new(&SECRET.into(), RAG_SERVER, API_SERVER).unwrap();
    assert_eq!(back.verify(&token, &clock), Err(TokenError::Issuer));
    let elsewhere = ServiceTokens::new(&SECRET.into(), API_SERVER, "other").unwrap();
    assert_eq!(elsewhere.verify(&token, &clock), Err(TokenError::Audience));

    let parts: Vec<&str> = token.split('.').collect();
    let [header, _, signature] = parts[..] else {
        panic!("{token}")
    };
    let longer = base64url(
        json!({"iss": API_SERVER, "aud": RAG_SERVER, "iat": NOW_S, "exp": NOW_S + 60, "jti": "y"})
            .to_string()
            .as_bytes(),
    );
    let changed = format!("{header}.{longer}.{signature}");
    assert_eq!(tokens.verify(&changed, &clock), Err(TokenError::Signature));
}

#[test]
fn empty_and_truncated_signatures_are_refused() {
    let (tokens, clock) = (tokens(), clock());
    let token = tokens.sign(&clock).unwrap();
    let (message, signature) = token.rsplit_once('.').unwrap();
    assert!(tokens.verify(&format!("{message}."), &clock).is_err());
    for length in 0..signature.len() {
        let cut: String = signature.chars().take(length).collect();
        assert!(
            tokens.verify(&format!("{message}.{cut}"), &clock).is_err(),
            "{length}"
        );
    }
    for length in 0..token.len() {
        let cut: String = token.chars().take(length).collect();
        assert!(tokens.verify(&cut, &clock).is_err(), "{length}");
    }
    for text in [
        "",
        ".",
        "..",
        "...",
        "a.b.c",
        "a.b.c.d",
        "🦀.🦀.🦀",
        &format!("{token}.x"),
        &format!(" {token}"),
    ] {
        assert!(tokens.verify(text, &clock).is_err(), "{text}");
    }
}

#[test]
fn a_huge_token_is_not_even_decoded() {
    let huge = "A".repeat(10_000_000);
    assert_eq!(
        tokens().verify(&huge, &clock()),
        Err(TokenError::TooLong { bytes: 10_000_000 })
    );
    let mut padded = claims();
    padded["jti"] = Value::from("x".repeat(2_000));
    let token = forge(&hs256(), &padded, SECRET);
    assert!(matches!(
        tokens().verify(&token, &clock()),
        Err(TokenError::TooLong { .. })
    ));
}

#[test]
fn claims_of_another_shape_are_refused() {
    let cases = [
        ("exp", Value::Null, TokenError::Malformed),
        ("exp", json!("1800000060"), TokenError::Malformed),
        ("exp", json!(NOW_S - 3_600), TokenError::Expired),
        ("exp", json!(i64::MIN), TokenError::Malformed),
        ("exp", json!(i64::MAX), TokenError::LivesTooLong),
        ("exp", json!(NOW_S + 86_400), TokenError::LivesTooLong),
        ("iat", json!(NOW_S + 3_600), TokenError::NotYetValid),
        ("iat", json!(i64::MIN), TokenError::LivesTooLong),
        ("iat", Value::Null, TokenError::Malformed),
        ("iss", json!([API_SERVER, "x"]), TokenError::Malformed),
        ("iss", json!("acervo-api-server "), TokenError::Issuer),
        ("iss", json!(""), TokenError::Issuer),
        ("aud", json!([RAG_SERVER]), TokenError::Malformed),
        ("aud", json!("Acervo-Rag-Server"), TokenError::Audience),
        ("aud", Value::Null, TokenError::Malformed),
        ("jti", json!(5), TokenError::Malformed),
        ("role", json!("admin"), TokenError::Malformed),
    ];
    for (name, value, expected) in cases {
        let mut changed = claims();
        changed[name] = value.clone();
        let token = forge(&hs256(), &changed, SECRET);
        assert_eq!(
            tokens().verify(&token, &clock()),
            Err(expected),
            "{name}: {value}"
        );
    }
    for name in ["iss", "aud", "iat", "exp", "jti"] {
        let mut fewer = claims();
        fewer.as_object_mut().unwrap().remove(name);
        let token = forge(&hs256(), &fewer, SECRET);
        assert_eq!(
            tokens().verify(&token, &clock()),
            Err(TokenError::Malformed),
            "{name}"
        );
    }
}

#[test]
fn weak_secrets_make_no_tokens_and_keys_are_not_shown() {
    let weak = ServiceTokens::new(&"changeme".into(), API_SERVER, RAG_SERVER);
    assert_eq!(weak.unwrap_err(), WeakSecret::Sample);
    assert!(!format!("{:?}", tokens()).contains(SECRET));
}

#[test]
fn all_refusals_look_the_same_from_outside() {
    for refusal in [
        TokenError::Malformed,
        TokenError::Algorithm,
        TokenError::Signature,
        TokenError::Expired,
        TokenError::Audience,
    ] {
        assert_eq!(refusal.code(), Code::Unauthorized);
        assert_eq!(refusal.detail(), Code::Unauthorized.detail());
    }
}

#[test]
fn only_real_bearer_tokens_count() {
    let of = |value: &str| {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        bearer(&headers).map(str::to_owned)
    };
    assert_eq!(of("Bearer abc").as_deref(), Some("abc"));
    assert_eq!(of("bearer  abc ").as_deref(), Some("abc"));
    for none in [
        "Bearer null",
        "Bearer undefined",
        "Bearer ",
        "Bearer",
        "Basic abc",
        "abc",
        "",
    ] {
        assert_eq!(of(none), None, "{none:?}");
    }
    assert_eq!(bearer(&HeaderMap::new()), None);
}

#[test]
fn secrets_are_compared_whole() {
    assert!(same_secret(SECRET, SECRET));
    assert!(!same_secret(SECRET, OTHER));
    assert!(!same_secret("", SECRET));
    assert!(!same_secret(&format!("{SECRET}x"), SECRET));
}

proptest! {
    #[test]
    fn no_text_is_accepted_by_chance(text in "[A-Za-z0-9_.-]{0,300}") {
        assert!(tokens().verify(&text, &clock()).is_err());
    }

    #[test]
    fn no_changed_byte_goes_unnoticed(position in any::<proptest::sample::Index>(), byte in proptest::sample::select(b"AZaz09_-.".to_vec())) {
        let (tokens, clock) = (tokens(), clock());
        let token = tokens.sign(&clock).unwrap();
        let mut bytes = token.clone().into_bytes();
        let position = position.index(bytes.len());
        bytes[position] = byte;
        let changed = String::from_utf8(bytes).unwrap();
        if changed != token {
            assert!(tokens.verify(&changed, &clock).is_err(), "{changed}");
        }
    }
}
