//! A question, a column's name and a cell's text as words that can be matched with each other.

use std::ops::Range;

/// A word of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    /// As written.
    pub(crate) text: String,
    /// Lower case, no accents.
    pub(crate) folded: String,
    /// What it is matched by: the stem, or the word itself for numbers, codes and ordinals.
    pub(crate) stem: String,
    /// Bytes of the text.
    pub(crate) span: Range<usize>,
}

impl Word {
    pub(crate) fn is_number(&self) -> bool {
        self.folded.starts_with(|c: char| c.is_ascii_digit())
            && self
                .folded
                .chars()
                .all(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | '/' | ':'))
    }
}

/// The words of `text`, in order. Signs that mean something in a question are words of their own: `%`, `>`, `R$`, `,`.
pub(crate) fn words(text: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let characters: Vec<(usize, char)> = text.char_indices().collect();
    let at = |index: usize| characters.get(index).map(|(_, c)| *c);
    let byte = |index: usize| characters.get(index).map_or(text.len(), |(byte, _)| *byte);
    let mut index = 0;
    while let Some(character) = at(index) {
        let start = index;
        if character.is_alphanumeric() {
            let mut previous = ' ';
            while let Some(next) = at(index) {
                let joins = next.is_alphanumeric()
                    || matches!(next, '\u{300}'..='\u{36f}')
                    || (matches!(next, '.' | ',' | '/' | ':')
                        && previous.is_ascii_digit()
                        && at(index + 1).is_some_and(|after| after.is_ascii_digit()));
                if !joins {
                    break;
                }
                previous = next;
                index += 1;
            }
            // `R$`, `US$`
            if at(index) == Some('$') && index - start <= 2 {
                index += 1;
            }
            // `2025-03-15` is one word.
            let digits = |from: usize, count: usize| {
                (from..from + count).all(|i| at(i).is_some_and(|c| c.is_ascii_digit()))
            };
            if index - start == 4
                && digits(start, 4)
                && at(index) == Some('-')
                && digits(index + 1, 2)
                && at(index + 3) == Some('-')
                && digits(index + 4, 2)
            {
                index += 6;
            }
        } else if matches!(
            character,
            '%' | '>' | '<' | '=' | '≥' | '≤' | '$' | '€' | '£' | '+'
        ) {
            index += 1;
            if matches!(character, '>' | '<') && at(index) == Some('=') {
                index += 1;
            }
        } else if matches!(character, ',' | ';') {
            index += 1;
        } else if character == '-'
            && at(index + 1).is_some_and(|c| c.is_ascii_digit())
            && (index == 0 || at(index - 1).is_some_and(char::is_whitespace))
        {
            // A negative number.
            index += 1;
            while at(index).is_some_and(|c| c.is_ascii_digit() || matches!(c, '.' | ',')) {
                index += 1;
            }
        } else {
            index += 1;
            continue;
        }
        let span = byte(start)..byte(index);
        let Some(piece) = text.get(span.clone()) else {
            continue;
        };
        words.push(word(piece, span));
    }
    words
}

fn word(text: &str, span: Range<usize>) -> Word {
    let sign =
        text.chars().all(|c| !c.is_alphanumeric()) || text.ends_with('$') || text.starts_with('-');
    let numeric = text.starts_with(|c: char| c.is_ascii_digit())
        && text
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | '/' | ':' | '-'));
    let folded = if sign || numeric {
        text.to_lowercase()
    } else if matches!(text, "nº" | "Nº" | "n°" | "N°") {
        "numero".to_owned()
    } else {
        terms::fold(text)
    };
    let stem = stem(&folded);
    Word {
        text: text.to_owned(),
        folded,
        stem,
        span,
    }
}

/// What a folded word is matched by.
pub(crate) fn stem(folded: &str) -> String {
    if let Some(number) = ordinal(folded) {
        return format!("#{number}");
    }
    match folded {
        // Snowball leaves these apart.
        "mes" | "meses" => return "mes".to_owned(),
        "avaliacoes" => return stem("avaliacao"),
        _ => {}
    }
    if !folded.bytes().all(|b| b.is_ascii_lowercase()) {
        return folded.to_owned();
    }
    // English plurals: `salaries`, `employees`.
    for ending in ["ar", "or", "it", "tr"] {
        if let Some(root) = folded
            .strip_suffix("ies")
            .filter(|root| root.ends_with(ending) && root.len() > 3)
        {
            return terms::stem(&format!("{root}y"));
        }
    }
    if let Some(root) = folded.strip_suffix("ees") {
        return terms::stem(&format!("{root}ee"));
    }
    let single = folded
        .strip_suffix('s')
        .filter(|rest| rest.len() >= 4 && !rest.ends_with(['s', 'i', 'u', 'e', 'n', 'o', 'a']));
    // Portuguese nouns in -a and -o are one word: `vendido`, `vendida`. Stemming twice takes plurals off first.
    terms::stem(single.unwrap_or(folded))
}

/// Endings of verbs that no noun of a column has.
const VERB_ENDINGS: [&str; 26] = [
    "ariamos", "aremos", "avamos", "aram", "eram", "iram", "arao", "erao", "irao", "avam", "ando",
    "endo", "indo", "amos", "emos", "imos", "ava", "iam", "ou", "eu", "iu", "ei", "am", "ar", "er",
    "ir",
];
/// Endings of nouns made from verbs, and of plain ones.
const NOUN_ENDINGS: [&str; 18] = [
    "imentos", "amentos", "imento", "amento", "acoes", "acao", "agens", "agem", "adas", "idas",
    "ada", "ida", "as", "os", "es", "a", "o", "e",
];
/// Shorter roots are shared by words that have nothing in common.
const SHORTEST_ROOT: usize = 4;

/// What is left of a verb without its ending: `correu` → `corr`. Nothing for what is no verb.
pub(crate) fn verb_root(folded: &str) -> Option<&str> {
    root(folded, &VERB_ENDINGS)
}

/// What a noun shares with its verb: `corrida` → `corr`, `vencimento` → `venc`.
pub(crate) fn noun_root(folded: &str) -> Option<&str> {
    root(folded, &NOUN_ENDINGS)
}

/// What is left of a participle: `fornecidas` → `fornec`.
pub(crate) fn participle_root(folded: &str) -> Option<&str> {
    root(
        folded,
        &["adas", "ados", "idas", "idos", "ada", "ado", "ida", "ido"],
    )
}

/// What a noun for who does something shares with its verb: `fornecedor` → `fornec`.
pub(crate) fn agent_root(folded: &str) -> Option<&str> {
    root(folded, &["adora", "edora", "idora", "ador", "edor", "idor"])
}

fn root<'w>(folded: &'w str, endings: &[&str]) -> Option<&'w str> {
    endings
        .iter()
        .find_map(|ending| folded.strip_suffix(ending))
        .filter(|root| root.len() >= SHORTEST_ROOT)
}

/// `1o`, `1a`, `1º`, `primeiro`, `first` → 1.
fn ordinal(folded: &str) -> Option<u32> {
    let digits = folded
        .strip_suffix(['o', 'a'])
        .or_else(|| folded.strip_suffix("st"))
        .or_else(|| folded.strip_suffix("nd"))
        .or_else(|| folded.strip_suffix("rd"))
        .or_else(|| folded.strip_suffix("th"));
    if let Some(number) = digits.and_then(|digits| {
        (digits.len() <= 2 && digits.bytes().all(|b| b.is_ascii_digit()))
            .then(|| digits.parse().ok())
            .flatten()
    }) {
        return Some(number);
    }
    Some(match folded {
        "primeiro" | "primeira" | "first" => 1,
        "segundo" | "second" => 2,
        "terceiro" | "terceira" | "third" => 3,
        "quarto" | "fourth" => 4,
        "quinto" | "fifth" => 5,
        "sexto" | "sixth" => 6,
        _ => return None,
    })
}

/// Small numbers in words.
pub(crate) fn spelled(folded: &str) -> Option<u32> {
    Some(match folded {
        "zero" => 0,
        "dois" | "duas" | "two" => 2,
        "tres" | "three" => 3,
        "quatro" | "four" => 4,
        "cinco" | "five" => 5,
        "seis" | "six" => 6,
        "sete" | "seven" => 7,
        "oito" | "eight" => 8,
        "nove" | "nine" => 9,
        "dez" | "ten" => 10,
        "doze" | "twelve" => 12,
        "quinze" | "fifteen" => 15,
        "vinte" | "twenty" => 20,
        _ => return None,
    })
}
