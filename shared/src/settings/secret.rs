//! Secrets nobody chose: short, copied from an example, or typed by leaning on a key.

use std::collections::BTreeSet;

use url::Url;

/// HMAC-SHA-256 keys should have at least the length of the hash (RFC 7518, section 3.2).
const MIN_BYTES: usize = 32;

/// Of 32 random hexadecimal digits fewer are different about four times in 10^8 (16 choose 7, times
/// (7/16)^32), of richer alphabets less often; typed patterns have fewer nearly always.
const MIN_DIFFERENT_CHARACTERS: usize = 8;

/// Words of the samples and defaults of this project, its predecessor and products like it; letters
/// and digits only, lower case. A secret that contains one was copied, not made.
const SAMPLE_WORDS: &[&str] = &[
    "changeme",
    "changethis",
    "changeit",
    "replaceme",
    "replacethis",
    "troqueme",
    "troqueesta",
    "troqueisto",
    "mudeme",
    "mudeisto",
    "altereme",
    "substitua",
    "yoursecret",
    "yourjwtsecret",
    "yoursupersecret",
    "supersecret",
    "jwtsecretkey",
    "secretkeyhere",
    "mysecretkey",
    "seusegredo",
    "suachave",
    "chavesecreta",
    "chavesuper",
    "minhachave",
    "notsosecret",
    "insecure",
    "example",
    "exemplo",
    "placeholder",
    "randomstring",
    "infiniragflow",
    "seuusuario",
    "password",
    "webhooksecret",
    "defaultsecret",
    "developmentsecret",
    "devsecret",
    "testsecret",
];

/// Why a secret is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WeakSecret {
    /// Fewer than 32 bytes.
    #[error(
        "has {bytes} bytes, at least {MIN_BYTES} are needed (make one: openssl rand -base64 48)"
    )]
    TooShort {
        /// How many it has.
        bytes: usize,
    },
    /// Contains a word of a known sample.
    #[error("is a sample value (make one: openssl rand -base64 48)")]
    Sample,
    /// The same few characters again and again.
    #[error("repeats a few characters (make one: openssl rand -base64 48)")]
    Repetitive,
}

/// Refuses secrets of fewer than 32 bytes, known samples and repetitions. It measures no entropy:
/// a long sentence passes.
///
/// # Errors
/// The first of [`WeakSecret`] that applies.
pub fn check_secret(secret: &str) -> Result<(), WeakSecret> {
    let plain: String = secret
        .chars()
        .filter(|character| character.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    if SAMPLE_WORDS.iter().any(|word| plain.contains(word)) {
        return Err(WeakSecret::Sample);
    }
    if secret.len() < MIN_BYTES {
        return Err(WeakSecret::TooShort {
            bytes: secret.len(),
        });
    }
    let different: BTreeSet<char> = secret.chars().collect();
    if different.len() < MIN_DIFFERENT_CHARACTERS || is_one_piece_repeated(secret) {
        return Err(WeakSecret::Repetitive);
    }
    Ok(())
}

/// An address with `***` in place of its password; anything else as it is.
pub(super) fn without_password(text: String) -> String {
    let Ok(mut url) = Url::parse(&text) else {
        return text;
    };
    if url.password().is_none() {
        return text; // not `url`: parsing may have rewritten what needs no hiding
    }
    match url.set_password(Some("***")) {
        Ok(()) => url.to_string(),
        Err(()) => "***".to_owned(),
    }
}

/// Whether the text is a piece of at most a third of it, over and over (the last one may be cut).
fn is_one_piece_repeated(text: &str) -> bool {
    let bytes = text.as_bytes();
    (1..=bytes.len() / 3).any(|length| {
        bytes
            .iter()
            .zip(bytes.iter().skip(length))
            .all(|(a, b)| a == b)
    })
}
