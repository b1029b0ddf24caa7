//! Random texts that open something: refresh tokens, links, API keys, recovery codes. Kept as digests only.

use rand::RngExt as _;

/// 32 symbols without `0 1 l o`, so that people can read codes aloud; 5 bits each.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// A random text of `length` symbols: five bits each, from the operating system's generator by way of a CSPRNG.
pub(crate) fn random(length: usize) -> String {
    let mut generator = rand::rng();
    (0..length)
        .filter_map(|_| ALPHABET.get(generator.random_range(0..ALPHABET.len())))
        .map(|byte| char::from(*byte))
        .collect()
}

/// A token nobody guesses: 260 bits.
pub(crate) fn token() -> String {
    random(52)
}

/// What is kept of one. No salt and no stretching: nobody tries 2^50 values and more one by one.
pub(crate) fn digest(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex().to_string()
}

/// A one-time password for a person to type: groups of four, 80 bits.
pub(crate) fn one_time_password() -> String {
    let text = random(16);
    let groups: Vec<&str> = text
        .as_bytes()
        .chunks(4)
        .filter_map(|group| std::str::from_utf8(group).ok())
        .collect();
    groups.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_their_length_and_do_not_repeat() {
        let many: std::collections::BTreeSet<String> = (0..1000).map(|_| token()).collect();
        assert_eq!(many.len(), 1000);
        assert!(many.iter().all(|text| text.len() == 52));
        assert_eq!(one_time_password().len(), 19);
    }

    #[test]
    fn a_digest_is_not_the_text() {
        assert_ne!(digest("a"), digest("b"));
        assert_eq!(digest("a").len(), 64);
    }
}
