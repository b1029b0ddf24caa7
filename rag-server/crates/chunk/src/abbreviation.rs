//! Portuguese abbreviations that end in a full stop without ending a sentence.
//!
//! Collected from the list of abbreviations of the Academia Brasileira de Letras ("Vocabulário
//! Ortográfico", reductions) and from the reference format ABNT NBR 6023, kept to those met in course material.

/// What a full stop after a word says about the sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// An ordinary word: the sentence ends unless a lower-case word follows.
    Word,
    /// Always followed by what it refers to ("art. 5º", "Dr. Silva"): the sentence goes on.
    Leads,
    /// May end a sentence ("etc.", "10 min."): it does before a capital letter, not before a digit.
    Either,
}

/// Leads whatever its case.
const LEADING: &[&str] = &[
    "art", "arts", "cap", "caps", "fig", "figs", "tab", "tabs", "eq", "pág", "págs", "pag", "pp",
    "vol", "vols", "nº", "n°", "núm", "núms", "inc", "cf", "vs", "org", "orgs", "coord", "coords",
    "trad", "ed", "eds", "dr", "dra", "drs", "dras", "sr", "sra", "srs", "sras", "srta", "prof",
    "profa", "profª", "profs", "exmo", "exma", "ilmo", "ilma", "av", "rod", "ref", "refs", "aprox",
    "séc", "sécs", "ca", "resp", "obs", "ex", "reg", "res", "tel", "depto", "ac",
];

/// Leads only when written with a capital: in lower case these are words ("disse-me.", "no cap. 2").
const LEADING_CAPITAL: &[&str] = &[
    "Me", "Ma", "Esp", "Eng", "Arq", "Gov", "Dep", "Cel", "Gen", "Sto", "Sta",
];

/// May end a sentence.
const EITHER: &[&str] = &[
    "etc", "al", "min", "seg", "máx", "mín", "ltda", "cia", "jr", "jan", "fev", "mar", "abr",
    "jun", "jul", "ago", "set", "out", "nov", "dez", "kg", "cm", "mm", "ml", "km", "hab", "rep",
    "reps", "rev", "op", "cit", "loc", "par", "mod", "disc", "lab", "sem",
];

/// Single lower-case letters that lead a number: "p. 12", "v. 3", "n. 2", "f. 4", "c. 1500", "h. 2".
const LETTERS_BEFORE_NUMBER: &[char] = &['p', 'v', 'n', 'f', 'c'];

/// Words before an initial ("segundo J. Silva") that show it to be a name's and not a label's ("vitamina C.").
const BEFORE_NAME: &[&str] = &[
    "de", "do", "da", "dos", "das", "por", "segundo", "e", "com", "para", "conforme", "que", "a",
    "o", "em", "como", "et", "apud", "in",
];

/// Judges a full stop by `word`, the letters right before it, and `before`, the word before that.
/// `digit_follows`: the next thing is a number.
pub(crate) fn judge(word: &str, before: &str, digit_follows: bool) -> Stop {
    let mut letters = word.chars();
    let (first, single) = match (letters.next(), letters.next()) {
        (None, _) => return Stop::Word,
        (Some(first), None) => (first, true),
        (Some(first), Some(_)) => (first, false),
    };
    if single && first.is_uppercase() {
        return initial(before);
    }
    if single {
        let leads = digit_follows && LETTERS_BEFORE_NUMBER.contains(&first);
        return if leads { Stop::Leads } else { Stop::Word };
    }
    if LEADING_CAPITAL.contains(&word) {
        return Stop::Leads;
    }
    let lower = word.to_lowercase();
    if LEADING.contains(&lower.as_str()) {
        Stop::Leads
    } else if EITHER.contains(&lower.as_str()) {
        Stop::Either
    } else {
        Stop::Word
    }
}

/// A single capital before the full stop: an initial after a name, another initial or a preposition; a
/// label that may end the sentence after a common noun ("vitamina C.", "grupo B.").
fn initial(before: &str) -> Stop {
    let common_noun =
        before.chars().next().is_some_and(char::is_lowercase) && !BEFORE_NAME.contains(&before);
    if common_noun { Stop::Word } else { Stop::Leads }
}
