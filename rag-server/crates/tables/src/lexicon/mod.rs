//! Words of questions: what they ask for, and words that mean the same. Portuguese and English, folded.

mod phrases;
mod synonyms;

use std::collections::HashMap;
use std::sync::OnceLock;

use phrases::{PHRASES, SHORTENED, TURNS};
use synonyms::{FLOW_ROOTS, FLOWS, LIGHT_ROOTS, PEOPLE, SYNONYMS};

use crate::words::{Word, participle_root, stem, verb_root};

/// What a word of a question does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Does {
    /// Nothing: articles, prepositions, politeness.
    Nothing,
    Count,
    Sum,
    /// `total`: a sum, or a count when what is asked about cannot be summed.
    Total,
    Mean,
    Max,
    Min,
    /// `mais faltas`: greatest, without saying of what kind.
    More,
    Fewer,
    /// `mais caro`: greatest of a column with this meaning.
    MaxOf(&'static str),
    MinOf(&'static str),
    Greater,
    AtLeast,
    Less,
    AtMost,
    Equal,
    Between,
    /// `acima da média`
    AboveMean,
    BelowMean,
    /// `7 ou mais`
    OrMore,
    OrLess,
    And,
    Or,
    Not,
    /// `sem`
    Without,
    /// `por`, `para cada`
    By,
    Who,
    What,
    List,
    HowMuch,
    When,
    Where,
    /// What goes on around the data: `aula de Cálculo`. Never what is counted.
    Context,
    /// `nota` before the name of a column of numbers.
    Measure,
    Top,
    Difference,
    /// Rows, records.
    Rows,
    Distinct,
    /// Asks what something is, why or how, or what ought to be: no table says that.
    Explain,
    /// `gastei`, `vendido`: what adds up over time.
    Flow,
    Descending,
    Ascending,
}

struct Lexicon {
    /// First word → phrases that begin with it, longest first.
    phrases: HashMap<&'static str, Vec<(Vec<&'static str>, Does)>>,
    /// Stem → groups.
    synonyms: HashMap<String, Vec<usize>>,
}

fn lexicon() -> &'static Lexicon {
    static LEXICON: OnceLock<Lexicon> = OnceLock::new();
    LEXICON.get_or_init(|| {
        let mut phrases: HashMap<&'static str, Vec<(Vec<&'static str>, Does)>> = HashMap::new();
        for (does, list) in PHRASES {
            for phrase in list.split('|') {
                let words: Vec<&'static str> = phrase.split_whitespace().collect();
                if let Some(first) = words.first() {
                    let same = phrases.entry(first).or_default();
                    if !same
                        .iter()
                        .any(|(known, other)| *known == words && other == does)
                    {
                        same.push((words, *does));
                    }
                }
            }
        }
        let mut synonyms: HashMap<String, Vec<usize>> = HashMap::new();
        for (group, list) in SYNONYMS.iter().enumerate() {
            for word in list.split_whitespace() {
                let groups = synonyms.entry(stem(word)).or_default();
                if !groups.contains(&group) {
                    groups.push(group);
                }
            }
        }
        Lexicon { phrases, synonyms }
    })
}

/// What the words from `at` on do: the longest phrase, in every meaning it has, and how many words it takes.
pub(crate) fn phrase(words: &[Word], at: usize) -> Vec<(Does, usize)> {
    let Some(first) = words.get(at) else {
        return Vec::new();
    };
    let Some(known) = lexicon().phrases.get(first.folded.as_str()) else {
        return if is_light(&first.folded) {
            vec![(Does::Nothing, 1)]
        } else {
            Vec::new()
        };
    };
    let matching = || {
        known.iter().filter(|(phrase, _)| {
            phrase.iter().enumerate().all(|(offset, word)| {
                words
                    .get(at + offset)
                    .is_some_and(|own| own.folded == *word)
            })
        })
    };
    let longest = matching()
        .map(|(phrase, _)| phrase.len())
        .max()
        .unwrap_or(0);
    let mut found: Vec<(Does, usize)> = matching()
        .filter(|(phrase, _)| phrase.len() == longest)
        .map(|(_, does)| (*does, longest))
        .collect();
    if found.is_empty() && is_light(&first.folded) {
        found.push((Does::Nothing, 1));
    }
    found
}

/// Articles, prepositions and the like, which no column is named by.
pub(crate) fn is_light(folded: &str) -> bool {
    matches!(
        folded,
        "a" | "o"
            | "as"
            | "os"
            | "um"
            | "uma"
            | "de"
            | "do"
            | "da"
            | "dos"
            | "das"
            | "em"
            | "no"
            | "na"
            | "nos"
            | "nas"
            | "ao"
            | "aos"
            | "para"
            | "pra"
            | "pro"
            | "pros"
            | "pras"
            | "com"
            | "the"
            | "of"
            | "in"
            | "on"
            | "at"
            | "an"
            | "for"
            | "num"
            | "numa"
            | "pelo"
            | "pela"
            | "e"
            | "se"
            | "dele"
            | "dela"
            | "deles"
            | "delas"
            | "is"
            | "s"
            | "$"
            | "à"
    )
}

/// Two stems name the same thing.
pub(crate) fn synonyms(one: &str, other: &str) -> bool {
    let groups = &lexicon().synonyms;
    match (groups.get(one), groups.get(other)) {
        (Some(one), Some(other)) => one.iter().any(|group| other.contains(group)),
        _ => false,
    }
}

/// A stem that speaks of days and hours: `vence`, `nasceu`. Other synonyms never mean a column of dates.
pub(crate) fn is_of_time(word: &str) -> bool {
    [
        "data",
        "nascimento",
        "validade",
        "admissao",
        "prazo",
        "horario",
        "fim",
        "mes",
        "ano",
    ]
    .iter()
    .any(|time| synonyms(word, &stem(time)))
}

/// A stem that people are called by.
pub(crate) fn is_person(word: &str) -> bool {
    PEOPLE.split(' ').any(|person| stem(person) == word)
}

/// A word for what adds up over time.
pub(crate) fn is_flow(folded: &str) -> bool {
    FLOWS.split(' ').any(|flow| flow == folded)
        || [verb_root(folded), participle_root(folded)]
            .into_iter()
            .flatten()
            .any(|root| FLOW_ROOTS.split(' ').any(|flow| flow == root))
}

/// A verb of having, doing and happening, which leaves no row out.
pub(crate) fn is_light_verb(folded: &str) -> bool {
    verb_root(folded).is_some_and(|root| LIGHT_ROOTS.split(' ').any(|light| light == root))
}

/// A word that a phrase or a group of synonyms is made of.
pub(crate) fn known_words() -> impl Iterator<Item = &'static str> {
    PHRASES
        .iter()
        .flat_map(|(_, list)| list.split(['|', ' ']))
        .chain(SYNONYMS.iter().flat_map(|list| list.split(' ')))
        .chain(FLOWS.split(' '))
}

/// What a word that people shorten stands for.
pub(crate) fn written_out(folded: &str) -> Option<&'static str> {
    SHORTENED
        .iter()
        .find(|(short, _)| *short == folded)
        .map(|(_, long)| *long)
}

/// A turn of speech of two words, as what it asks for: `how old` → `what age`.
pub(crate) fn turned(first: &str, second: &str) -> Option<(&'static str, &'static str)> {
    TURNS
        .iter()
        .find(|(said, _)| said.split_once(' ') == Some((first, second)))
        .and_then(|(_, meant)| meant.split_once(' '))
}

/// A question in English.
pub(crate) fn is_english(words: &[Word]) -> bool {
    let count = |list: &[&str]| {
        words
            .iter()
            .filter(|word| list.contains(&word.folded.as_str()))
            .count()
    };
    let english = count(&[
        "the", "what", "which", "who", "how", "many", "much", "is", "are", "was", "were", "of",
        "in", "list", "show", "average", "highest", "lowest", "between", "with", "by", "does",
        "did", "and", "for", "have", "has", "than", "all",
    ]);
    let portuguese = count(&[
        "o", "a", "os", "as", "de", "do", "da", "dos", "das", "em", "no", "na", "qual", "quais",
        "que", "quem", "quantos", "quantas", "quanto", "media", "soma", "liste", "com", "por",
        "entre", "foi", "tem", "e", "para", "mais", "menor", "maior",
    ]);
    english > portuguese
}
