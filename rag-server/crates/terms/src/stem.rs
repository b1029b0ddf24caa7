//! Stems of folded Portuguese words.

use rust_stemmers::{Algorithm, Stemmer};

use crate::fold::fold;

/// Endings whose accents the Portuguese Snowball rules look for; folded ending, accented ending. Longest first
/// among those that end alike.
const ACCENTED_ENDINGS: [(&str, &str); 8] = [
    ("encias", "ências"),
    ("ancias", "âncias"),
    ("encia", "ência"),
    ("ancia", "ância"),
    ("avel", "ável"),
    ("ivel", "ível"),
    ("cao", "ção"),
    ("ao", "ão"),
];

/// The stem of a folded word (see [`fold`](crate::fold())): plural reduced, accents of known endings restored, Snowball's
/// Portuguese algorithm (<https://snowballstem.org/algorithms/portuguese/stemmer.html>), folded again.
///
/// Words with digits or letters outside a–z are their own stems: codes, numbers, other scripts.
pub fn stem(word: &str) -> String {
    if word.len() < 3 || !word.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return word.to_owned();
    }
    let singular = singular(word);
    let accented = ACCENTED_ENDINGS.iter().find_map(|(folded, accented)| {
        let root = singular.strip_suffix(folded)?;
        (root.len() >= 2).then(|| format!("{root}{accented}"))
    });
    let stemmer = Stemmer::create(Algorithm::Portuguese);
    let stemmed = fold(&stemmer.stem(accented.as_deref().unwrap_or(&singular)));
    // A word of nothing but an ending must not vanish.
    if stemmed.is_empty() {
        singular
    } else {
        stemmed
    }
}

/// Plurals that Snowball leaves apart from their singular: -ões and -ães (-ão), -ais, -eis, -ois (-al, -el, -ol), -ns (-m),
/// -res and -zes (-r, -z).
fn singular(word: &str) -> String {
    let replaced = |ending: &str, by: &str, least: usize| {
        (word.len() >= least)
            .then(|| word.strip_suffix(ending))
            .flatten()
            .map(|root| format!("{root}{by}"))
    };
    replaced("oes", "ao", 5)
        .or_else(|| replaced("aes", "ao", 5))
        .or_else(|| replaced("ais", "al", 6))
        .or_else(|| replaced("eis", "el", 6))
        .or_else(|| replaced("ois", "ol", 6))
        .or_else(|| replaced("ns", "m", 5))
        .or_else(|| replaced("res", "r", 5))
        .or_else(|| replaced("zes", "z", 5))
        .unwrap_or_else(|| word.to_owned())
}
