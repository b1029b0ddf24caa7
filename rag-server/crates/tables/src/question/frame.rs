//! What stands around a question and asks nothing: courtesy, a sentence before it, a name said twice.

use super::scope::Scope;
use super::tags::Is;
use crate::lexicon::{self, Does};
use crate::moment::MONTH_NAMES;
use crate::words::{Word, spelled, stem, verb_root, words};

/// `pode`, `saberia`: courtesy before a verb of telling, and something else before any other.
const MODALS: [&str; 19] = [
    "pode",
    "podem",
    "poderia",
    "poderiam",
    "consegue",
    "conseguem",
    "conseguiria",
    "sabe",
    "saberia",
    "quer",
    "queria",
    "quero",
    "gostaria",
    "preciso",
    "precisava",
    "precisaria",
    "tem",
    "teria",
    "da",
];
/// Verbs of telling; those that compute (`somar`, `listar`) stay part of the question.
const TELLING: [&str; 22] = [
    "dizer",
    "informar",
    "passar",
    "falar",
    "verificar",
    "conferir",
    "checar",
    "ver",
    "saber",
    "dar",
    "trazer",
    "mandar",
    "enviar",
    "consultar",
    "olhar",
    "confirmar",
    "buscar",
    "responder",
    "lembrar",
    "descobrir",
    "entender",
    "fornecer",
];
/// Verbs of computing that courtesy may stand before.
const COMPUTING: [&str; 9] = [
    "somar",
    "contar",
    "calcular",
    "listar",
    "mostrar",
    "comparar",
    "relacionar",
    "enumerar",
    "totalizar",
];

/// What people say before they ask, set off by a comma.
const CALLS: [&str; 10] = [
    "cara", "mano", "gente", "galera", "olha", "tipo", "bem", "rapaz", "pessoal", "moca",
];

/// How many words of courtesy stand at `at`: `você poderia me informar`, `seria possível saber`.
pub(super) fn courtesy(words: &[Word], at: usize) -> Option<usize> {
    let folded = |place: usize| words.get(place).map(|word| word.folded.as_str());
    if at == 0 && folded(1) == Some(",") && folded(0).is_some_and(|word| CALLS.contains(&word)) {
        return Some(2);
    }
    let mut place = at;
    match (folded(place)?, folded(place + 1)) {
        ("voce" | "voces" | "alguem", _) => place += 1,
        ("o" | "a", Some("senhor" | "senhora")) => place += 2,
        _ => {}
    }
    let modal = folded(place)?;
    place += 1;
    // `queria, se possível, …`
    if folded(place) == Some(",")
        && matches!(folded(place + 1), Some("se" | "por"))
        && matches!(
            folded(place + 2),
            Some("possivel" | "puder" | "favor" | "gentileza")
        )
        && folded(place + 3) == Some(",")
        && MODALS.contains(&modal)
    {
        return Some(place + 4 - at);
    }
    match (modal, folded(place)) {
        ("seria" | "e", Some("possivel")) => place += 1,
        ("tem" | "teria", Some("como")) => place += 1,
        ("da" | "daria", Some("para" | "pra")) => place += 1,
        ("gostaria", Some("de")) => place += 1,
        ("tem" | "teria" | "da" | "daria", _) => return None,
        _ if MODALS.contains(&modal) => {}
        _ => return None,
    }
    let pronoun = |place: usize| matches!(folded(place), Some("me" | "nos"));
    let mut told = pronoun(place);
    place += usize::from(told);
    if folded(place).is_some_and(|word| TELLING.contains(&word)) {
        told = true;
        place += 1;
        place += usize::from(pronoun(place));
    } else if folded(place).is_some_and(|word| COMPUTING.contains(&word)) {
        told = true;
    }
    told.then_some(place - at)
}

/// The words of a question, shortened ones written out.
pub(crate) fn question_words(question: &str) -> Vec<Word> {
    let mut words = words(question);
    for word in &mut words {
        if let Some(long) = lexicon::written_out(&word.folded) {
            word.folded = long.to_owned();
            word.stem = stem(long);
        }
    }
    for at in 1..words.len() {
        let folded = |at: usize| words.get(at).map_or("", |word| word.folded.as_str());
        let Some((first, second)) = lexicon::turned(folded(at - 1), folded(at)) else {
            continue;
        };
        for (place, meant) in [(at - 1, first), (at, second)] {
            if let Some(word) = words.get_mut(place) {
                meant.clone_into(&mut word.folded);
                word.stem = stem(meant);
            }
        }
    }
    once(words)
}

/// `turma por turma`, `mês a mês` → `por turma`, `por mês`.
pub(super) fn once(words: Vec<Word>) -> Vec<Word> {
    for length in (1..=3).rev() {
        for at in 0..words.len() {
            let joined = words
                .get(at + length)
                .is_some_and(|word| matches!(word.folded.as_str(), "por" | "a"));
            let stems = |from: usize| {
                let words = words.get(from..from + length)?;
                words
                    .iter()
                    .all(|word| word.stem.chars().count() > 2)
                    .then(|| words.iter().map(|word| &word.stem).collect::<Vec<_>>())
            };
            if joined && stems(at).is_some() && stems(at) == stems(at + length + 1) {
                let mut kept = words;
                kept.drain(at..at + length);
                if let Some(word) = kept.get_mut(at) {
                    "por".clone_into(&mut word.folded);
                    "por".clone_into(&mut word.stem);
                }
                return kept;
            }
        }
    }
    words
}

/// The last sentence of several, and those before it.
pub(super) fn last_sentence(question: &str) -> Option<(&str, &str)> {
    let trimmed = question.trim_end_matches(|c: char| !c.is_alphanumeric());
    let mut ends = trimmed.char_indices().filter(|(at, c)| {
        // `prof. Marcos` and `3. bimestre` go on.
        let word = trimmed
            .get(..*at)
            .and_then(|before| before.split_whitespace().next_back())
            .unwrap_or_default();
        matches!(c, '.' | '!' | '?')
            && trimmed
                .get(at + 1..)
                .is_some_and(|rest| rest.starts_with(char::is_whitespace))
            && word.chars().count() > 3
            && !matches!(word, "Prof" | "prof" | "Profa" | "profa")
            && word.chars().all(char::is_alphabetic)
    });
    let (at, _) = ends.next_back()?;
    Some((question.get(..at)?, question.get(at + 1..)?))
}

/// Words that choose, forbid or suppose something; what they say is part of the question.
const RESTRICTING: [&str; 26] = [
    "so",
    "somente",
    "apenas",
    "sem",
    "nao",
    "exceto",
    "menos",
    "fora",
    "se",
    "caso",
    "quando",
    "considere",
    "considerando",
    "desconsidere",
    "desconsiderando",
    "ignore",
    "ignorando",
    "suponha",
    "imagine",
    "filtre",
    "pegue",
    "use",
    "olhe",
    "veja",
    "only",
    "without",
];
/// Words that point back to the sentence before.
const POINTING: [&str; 20] = [
    "ele", "ela", "eles", "elas", "dele", "dela", "deles", "delas", "nele", "nela", "esse", "essa",
    "esses", "essas", "desse", "dessa", "desses", "dessas", "isso", "la",
];

/// Parts of a year, and their months.
const PARTS: [(&str, u32); 3] = [("trimestre", 3), ("quadrimestre", 4), ("semestre", 6)];

impl Scope<'_> {
    /// `primeiro trimestre`, `três primeiros meses` → `de janeiro a março`; not where the table has parts of a year of its own.
    pub(super) fn in_months(&self, words: &[Word]) -> Vec<Word> {
        let found = (0..words.len()).find_map(|at| {
            let (first, last, length) = part_of_year(words, at)?;
            let named = words.get(at..at + length)?.iter().any(|word| {
                let stems = [word.stem.as_str()];
                PARTS.iter().any(|(part, _)| word.folded == *part)
                    && !(self.columns(&stems).is_empty() && self.values(&stems).0.is_empty())
            });
            let (first, last) = (MONTH_NAMES.get(first)?, MONTH_NAMES.get(last)?);
            (!named).then(|| (at, length, format!("de {first} a {last}")))
        });
        let Some((at, length, months)) = found else {
            return words.to_vec();
        };
        let mut written = words.to_vec();
        written.splice(at..at + length, crate::words::words(&months));
        written
    }

    /// A sentence before the question that tells why it is asked, and chooses nothing: it is a sentence, says nothing that
    /// restricts, and all that the table knows of it is said again in the question.
    pub(super) fn is_beside(&self, story: &[Word], question: &[Word]) -> bool {
        let says = |words: &[Word], list: &[&str]| {
            words
                .iter()
                .any(|word| list.contains(&word.folded.as_str()))
        };
        if !story.iter().any(is_verb) || says(story, &RESTRICTING) || says(question, &POINTING) {
            return false;
        }
        let does_too = |does: Does| {
            (0..question.len()).any(|at| {
                let tags = self.tags(question, at);
                tags.iter().any(|tag| tag.is == Is::Does(does))
            })
        };
        let said_again = |from: usize, to: usize| {
            story.get(from..to).unwrap_or_default().iter().all(|word| {
                question.iter().any(|other| other.stem == word.stem)
                    || lexicon::is_light(&word.folded)
            })
        };
        (0..story.len()).all(|at| {
            self.tags(story, at).iter().all(|tag| match &tag.is {
                Is::Unknown => true,
                Is::Does(does) => asks_nothing(*does) || does_too(*does),
                Is::Columns(_) => tag.cost > 1 || said_again(tag.from, tag.to),
                _ => said_again(tag.from, tag.to),
            })
        })
    }
}

/// First and last month (from 0) of the part of a year that stands at `at`, and its words.
fn part_of_year(words: &[Word], at: usize) -> Option<(usize, usize, usize)> {
    let word = |offset: usize| words.get(at + offset);
    let nth = |word: &Word| word.stem.strip_prefix('#')?.parse::<u32>().ok();
    let number = |word: &Word| spelled(&word.folded).or_else(|| word.folded.parse().ok());
    let first = word(0)?;
    if let Some((_, months)) = PARTS
        .iter()
        .find(|(part, _)| word(1).is_some_and(|word| word.folded == *part))
    {
        let from = nth(first)?.checked_sub(1)? * months;
        return (from + months <= 12).then_some((from as usize, (from + months - 1) as usize, 2));
    }
    let second = word(1).filter(|_| word(2).is_some_and(|word| word.folded == "meses"))?;
    let count = match (first.folded.as_str(), second.folded.as_str()) {
        ("primeiros", _) => number(second)?,
        (_, "primeiros") => number(first)?,
        _ => return None,
    };
    (2..=12)
        .contains(&count)
        .then_some((0, count as usize - 1, 3))
}

/// What a sentence may do beside the question without choosing anything.
fn asks_nothing(does: Does) -> bool {
    matches!(
        does,
        Does::Nothing
            | Does::What
            | Does::List
            | Does::Top
            | Does::HowMuch
            | Does::Measure
            | Does::Context
            | Does::Rows
            | Does::Flow
            | Does::And
            | Does::Explain
    )
}

fn is_verb(word: &Word) -> bool {
    let folded = word.folded.as_str();
    matches!(word.text.as_str(), "é" | "É")
        || matches!(
            folded,
            "estou"
                | "sou"
                | "vou"
                | "tenho"
                | "temos"
                | "quero"
                | "preciso"
                | "vamos"
                | "veio"
                | "esta"
                | "estao"
        )
        || (folded.len() > 4 && folded.ends_with('i'))
        || verb_root(folded).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_sentences_are_taken_apart() {
        assert_eq!(
            last_sentence("A mãe de Elisa ligou. Quanto Elisa tirou?"),
            Some(("A mãe de Elisa ligou", " Quanto Elisa tirou?"))
        );
        assert_eq!(last_sentence("Quanto custa o item 3. tipo A?"), None);
        assert_eq!(last_sentence("Qual a aula do prof. Marcos?"), None);
        assert_eq!(last_sentence("Qual a nota de Ana?"), None);
    }
}
