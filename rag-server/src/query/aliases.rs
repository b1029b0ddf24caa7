//! Other words for the same thing: a question that says `RIR` also finds `repetições em reserva`.
//!
//! `<DATA_DIR>/aliases.json` is an object of terms with lists of synonyms; without it the bundled list is used. Only
//! the search for words takes them: meaning needs none, and the ranking judges by what was really asked.

use std::collections::BTreeMap;
use std::path::Path;

/// The list that comes with the server.
const BUNDLED: &str = include_str!("../../../config/aliases.json");
/// Most synonyms added to one question, so that a long question stays a quick one.
const MAX_ADDED: usize = 32;
/// Largest file.
const MAX_BYTES: u64 = 4 << 20;

/// Why the list could not be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AliasError {
    /// The file cannot be read.
    #[error("the file cannot be read")]
    Io(#[from] std::io::Error),
    /// The file is no list of synonyms.
    #[error("the file must be an object of terms with lists of synonyms")]
    Json(#[from] serde_json::Error),
    /// The file is larger than any list of synonyms.
    #[error("the file is larger than 4 MiB")]
    TooLarge,
}

/// Synonyms by term.
#[derive(Debug, Default)]
pub(crate) struct Aliases {
    listed: BTreeMap<String, Vec<String>>,
    by_first: ByFirstWord,
}

/// By the first word of a term: its further words and what else it is called.
type ByFirstWord = BTreeMap<String, Vec<(Vec<String>, Vec<String>)>>;

impl Aliases {
    /// The list of a file; the bundled one where there is no such file.
    pub(crate) fn open(path: &Path) -> Result<Self, AliasError> {
        let size = match path.metadata() {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Self::parse(BUNDLED);
            }
            Err(error) => return Err(error.into()),
        };
        if size > MAX_BYTES {
            return Err(AliasError::TooLarge);
        }
        Self::parse(&std::fs::read_to_string(path)?)
    }

    fn parse(json: &str) -> Result<Self, AliasError> {
        let listed: BTreeMap<String, Vec<String>> = serde_json::from_str(json)?;
        let mut by_first = ByFirstWord::new();
        for (term, synonyms) in &listed {
            let mut words = words(term).into_iter();
            if let Some(first) = words.next() {
                let entry = (words.collect(), synonyms.clone());
                by_first.entry(first).or_default().push(entry);
            }
        }
        Ok(Self { listed, by_first })
    }

    /// Terms with their synonyms, as listed.
    pub(crate) fn listed(&self) -> &BTreeMap<String, Vec<String>> {
        &self.listed
    }

    /// Other words for what `text` names, in the order it names them; nothing twice.
    pub(crate) fn of(&self, text: &str) -> Vec<&str> {
        let words = words(text);
        let mut added: Vec<&str> = Vec::new();
        for (at, word) in words.iter().enumerate() {
            let rest = words.get(at + 1..).unwrap_or_default();
            let named = self
                .by_first
                .get(word)
                .into_iter()
                .flatten()
                .filter(|(further, _)| rest.starts_with(further));
            for synonym in named.flat_map(|(_, synonyms)| synonyms) {
                if added.len() < MAX_ADDED && !added.contains(&synonym.as_str()) {
                    added.push(synonym);
                }
            }
        }
        added
    }
}

fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .map(terms::fold)
        .filter(|word| !word.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_brings_its_other_names() {
        let aliases = Aliases::parse(
            r#"{"rir": ["repetições em reserva"], "amplitude de movimento": ["ADM", "excursão"]}"#,
        )
        .unwrap();
        assert_eq!(
            aliases.of("Quantas RIR por série?"),
            ["repetições em reserva"]
        );
        assert_eq!(
            aliases.of("Amplitude  de Movimento, RIR e rir"),
            ["ADM", "excursão", "repetições em reserva"]
        );
        assert!(aliases.of("amplitude do movimento; rirs").is_empty());
    }

    #[test]
    fn the_bundled_list_is_one() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("aliases.json");
        assert_eq!(
            Aliases::open(&path).unwrap().of("O que é RIR?"),
            ["repetições em reserva"]
        );
        std::fs::write(&path, r#"{"prova": ["avaliação"]}"#).unwrap();
        let own = Aliases::open(&path).unwrap();
        assert_eq!(own.of("Quando é a prova?"), ["avaliação"]);
        assert!(own.of("O que é RIR?").is_empty());
        std::fs::write(&path, r#"["prova"]"#).unwrap();
        assert!(matches!(Aliases::open(&path), Err(AliasError::Json(_))));
    }
}
