use shared::testing::ManualClock;

use super::*;

// Made for these tests: openssl genpkey -algorithm ed25519 (and RSA, 2048 bits).
const ED_PRIVATE: &str = include_str!("../../tests/fixtures/ed25519-private.pem");
const ED_PUBLIC: &str = include_str!("../../tests/fixtures/ed25519-public.pem");
const RSA_PRIVATE: &str = include_str!("../../tests/fixtures/rsa-private.pem");
const RSA_PUBLIC: &str = include_str!("../../tests/fixtures/rsa-public.pem");

const SUBJECT: Subject<'_> = Subject {
    username: "ana",
    uid: "u",
    role: "student",
    version: 3,
    session: "s",
};

fn settings(algorithm: JwtAlgorithm) -> JwtSettings {
    let (private, public) = match algorithm {
        JwtAlgorithm::Hs256 => (None, None),
        JwtAlgorithm::EdDsa => (Some(ED_PRIVATE), Some(ED_PUBLIC)),
        JwtAlgorithm::Rs256 => (Some(RSA_PRIVATE), Some(RSA_PUBLIC)),
    };
    JwtSettings {
        algorithm,
        issuer: "acervo".to_owned(),
        secret: SecretString::from("k3v9Qm2xT7pLw4Zr8nYb1cHs6dJf5gAe".to_owned()),
        previous_secrets: Vec::new(),
        private_key: private.map(|key| SecretString::from(key.to_owned())),
        public_key: public.map(str::to_owned),
        previous_public_keys: None,
        lifetime: Duration::from_hours(3),
        refresh_lifetime: Duration::from_hours(24),
    }
}

const ALL: [JwtAlgorithm; 3] = [
    JwtAlgorithm::Hs256,
    JwtAlgorithm::EdDsa,
    JwtAlgorithm::Rs256,
];

#[test]
fn every_algorithm_checks_its_own_tokens_and_no_others() {
    let clock = ManualClock::at(1_000_000);
    let keys: Vec<JwtKeys> = ALL
        .iter()
        .map(|one| JwtKeys::new(&settings(*one)).unwrap())
        .collect();
    for (made_by, maker) in keys.iter().enumerate() {
        let (token, claims) = maker
            .sign(SUBJECT, Audience::Header, 1_000_000, 60)
            .unwrap();
        for (checked_by, checker) in keys.iter().enumerate() {
            let checked = checker.verify(&token, Audience::Header, &clock);
            if made_by == checked_by {
                assert_eq!(checked.as_ref(), Ok(&claims));
            } else {
                assert_eq!(checked, Err(JwtError::Algorithm));
            }
        }
    }
}

#[test]
fn a_public_key_is_no_secret() {
    // RS256 → HS256 confusion: the public key, which everybody may know, used as HMAC's secret.
    let clock = ManualClock::at(1_000_000);
    for algorithm in [JwtAlgorithm::EdDsa, JwtAlgorithm::Rs256] {
        let keys = JwtKeys::new(&settings(algorithm)).unwrap();
        for public in [ED_PUBLIC, RSA_PUBLIC, ED_PUBLIC.trim(), RSA_PUBLIC.trim()] {
            let forger = JwtKeys {
                algorithm: Algorithm::HS256,
                issuer: "acervo".to_owned(),
                kid: keys.kid.clone(),
                signing: EncodingKey::from_secret(public.as_bytes()),
                checking: Vec::new(),
            };
            let (token, _) = forger
                .sign(SUBJECT, Audience::Header, 1_000_000, 60)
                .unwrap();
            assert_eq!(
                keys.verify(&token, Audience::Header, &clock),
                Err(JwtError::Algorithm)
            );
        }
    }
}

#[test]
fn audiences_and_times_hold() {
    let clock = ManualClock::at(1_000_000_000);
    let keys = JwtKeys::new(&settings(JwtAlgorithm::Hs256)).unwrap();
    let (token, _) = keys
        .sign(SUBJECT, Audience::Cookie, 1_000_000_000, 60)
        .unwrap();
    assert!(keys.verify(&token, Audience::Cookie, &clock).is_ok());
    assert_eq!(
        keys.verify(&token, Audience::Header, &clock),
        Err(JwtError::Signature)
    );
    clock.set(1_000_060_000);
    assert_eq!(
        keys.verify(&token, Audience::Cookie, &clock),
        Err(JwtError::Time)
    );
    clock.set(1_000_000_000 - 6_000);
    assert_eq!(
        keys.verify(&token, Audience::Cookie, &clock),
        Err(JwtError::Time)
    );
}

#[test]
fn keys_that_do_not_belong_together_are_found_at_start() {
    let mut mixed = settings(JwtAlgorithm::EdDsa);
    mixed.public_key =
        Some(include_str!("../../tests/fixtures/ed25519-other-public.pem").to_owned());
    assert_eq!(JwtKeys::new(&mixed).unwrap_err(), JwtError::Pair);
    let mut wrong = settings(JwtAlgorithm::Rs256);
    wrong.private_key = Some(SecretString::from(ED_PRIVATE.to_owned()));
    assert!(matches!(JwtKeys::new(&wrong), Err(JwtError::Key(_))));
    // An earlier public key still checks what its private key signed.
    let old = JwtKeys::new(&settings(JwtAlgorithm::EdDsa)).unwrap();
    let (token, _) = old.sign(SUBJECT, Audience::Header, 1_000_000, 60).unwrap();
    let mut rotated = settings(JwtAlgorithm::EdDsa);
    rotated.private_key = Some(SecretString::from(
        include_str!("../../tests/fixtures/ed25519-other-private.pem").to_owned(),
    ));
    rotated.public_key =
        Some(include_str!("../../tests/fixtures/ed25519-other-public.pem").to_owned());
    let clock = ManualClock::at(1_000_000);
    let without = JwtKeys::new(&rotated).unwrap();
    assert_eq!(
        without.verify(&token, Audience::Header, &clock),
        Err(JwtError::UnknownKey)
    );
    rotated.previous_public_keys = Some(ED_PUBLIC.to_owned());
    let with = JwtKeys::new(&rotated).unwrap();
    assert!(with.verify(&token, Audience::Header, &clock).is_ok());
}

proptest::proptest! {
    #[test]
    fn whatever_is_sent_is_refused_and_nothing_breaks(text in ".{0,300}") {
        let keys = JwtKeys::new(&settings(JwtAlgorithm::Hs256)).unwrap();
        let clock = ManualClock::at(1_000_000);
        proptest::prop_assert!(keys.verify(&text, Audience::Header, &clock).is_err());
    }

    #[test]
    fn a_changed_byte_is_found(at in 0_usize..400, to in proptest::char::range('!', '~')) {
        let keys = JwtKeys::new(&settings(JwtAlgorithm::Hs256)).unwrap();
        let clock = ManualClock::at(1_000_000);
        let (token, _) = keys.sign(SUBJECT, Audience::Header, 1_000_000, 60).unwrap();
        let mut characters: Vec<char> = token.chars().collect();
        let at = at % characters.len();
        proptest::prop_assume!(characters[at] != to);
        characters[at] = to;
        let changed: String = characters.into_iter().collect();
        proptest::prop_assert!(keys.verify(&changed, Audience::Header, &clock).is_err());
    }
}
