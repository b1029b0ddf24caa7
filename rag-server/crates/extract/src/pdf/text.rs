//! Characters of a line made plain, and lines joined to running text. Words are never changed otherwise.

use std::collections::{HashMap, HashSet};

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::compose;

use crate::normalize;

/// Marks a division the typesetter made: at the end of a line it is kept until lines are joined.
const SOFT_HYPHEN: char = '\u{AD}';

/// Prefixes that keep their hyphen before any word (Acordo Ortográfico of 1990, base XVI).
const HYPHENATED_PREFIXES: [&str; 10] = [
    "além", "aquém", "ex", "pós", "pré", "pró", "recém", "sem", "vice", "não",
];

/// Portuguese words with a grave accent, without it.
const CONTRACTIONS: [&str; 7] = [
    "a", "as", "aquele", "aqueles", "aquela", "aquelas", "aquilo",
];

/// Letters of the longest of them.
const LONGEST_CONTRACTION: usize = 7;

/// Plain text of one line as [`normalize::line`] makes it, with ligatures spelled out and accents on their
/// letters.
///
/// A soft hyphen survives at the very end only, where [`Joiner`] needs it. Within a line it is a hyphen
/// like any other: what is shown is there to be read.
pub(super) fn clean(raw: &str) -> String {
    let mut spelled = String::with_capacity(raw.len());
    for character in raw.chars() {
        match character {
            'ﬀ' => spelled.push_str("ff"),
            'ﬁ' => spelled.push_str("fi"),
            'ﬂ' => spelled.push_str("fl"),
            'ﬃ' => spelled.push_str("ffi"),
            'ﬄ' => spelled.push_str("ffl"),
            'ﬅ' | 'ﬆ' => spelled.push_str("st"),
            // Marks of direction and other characters of no width between words.
            '\u{200E}' | '\u{200F}' => {}
            // Left by shows of nothing; not white space by its Unicode property.
            _ if character.is_control() => spelled.push(' '),
            _ => spelled.push(character),
        }
    }
    let end = spelled.trim_end();
    let divided = end.ends_with(SOFT_HYPHEN);
    let body = end.trim_end_matches(SOFT_HYPHEN).replace(SOFT_HYPHEN, "-");
    // Composed first: a letter of the same look (the kelvin sign) takes an accent only as what it stands for.
    let composed: String = body.nfc().collect();
    let mut line = normalize::line(&with_accents(&composed));
    if divided && !line.is_empty() {
        line.push(SOFT_HYPHEN);
    }
    line
}

/// Joins spacing accents to the letter they were printed over.
///
/// Typesetting systems without accented letters in their fonts (TeX with OT1 fonts) draw `ç˜ao`: a tilde, then
/// the letter under it. Only pairs that form one letter are joined, so that lone accents stay.
fn with_accents(text: &str) -> String {
    let accent = |character| character == '`' || combining(character).is_some();
    if !text.chars().any(accent) {
        return text.to_owned();
    }
    let characters: Vec<char> = text.chars().collect();
    let mut joined = String::with_capacity(text.len());
    let mut index = 0_usize;
    while let Some(&character) = characters.get(index) {
        let after = |ahead: usize| characters.get(index.saturating_add(ahead)).copied();
        let mut used = 1_usize;
        let mut put = character;
        if let Some(mark) = combining(character) {
            // The accent first, as TeX draws it; TeX's i has lost its dot.
            let letter = after(1).map(|letter| if letter == 'ı' { 'i' } else { letter });
            if let Some(whole) = letter.and_then(|letter| compose(letter, mark)) {
                put = whole;
                used = 2;
            }
        } else if character == '`' && is_contraction(characters.iter().skip(index).skip(1)) {
            put = if after(1) == Some('A') { 'À' } else { 'à' };
            used = 2;
        } else if let Some('¸') = after(1)
            && let Some(whole) = compose(character, '\u{327}')
        {
            // The cedilla is drawn after its letter.
            put = whole;
            used = 2;
        }
        joined.push(put);
        index = index.saturating_add(used);
    }
    joined
}

/// Whether letters after a grave accent spell one of the few Portuguese words that have one, and no second
/// accent closes it like a quotation mark.
fn is_contraction<'a>(after: impl Iterator<Item = &'a char>) -> bool {
    let mut word = String::new();
    for character in after {
        if !character.is_alphabetic() {
            return *character != '`' && CONTRACTIONS.contains(&word.to_lowercase().as_str());
        }
        if word.len() > LONGEST_CONTRACTION {
            return false;
        }
        word.push(*character);
    }
    CONTRACTIONS.contains(&word.to_lowercase().as_str())
}

/// The combining form of a spacing accent. ASCII `^`, `~` and the grave accent are left out: they are signs of
/// their own in formulas and programs.
fn combining(character: char) -> Option<char> {
    Some(match character {
        '\u{B4}' => '\u{301}',
        '\u{2C6}' => '\u{302}',
        '\u{2DC}' => '\u{303}',
        '\u{A8}' => '\u{308}',
        '\u{B8}' => '\u{327}',
        '\u{2CB}' => '\u{300}',
        '\u{2DA}' => '\u{30A}',
        _ => return None,
    })
}

/// Characters that are not white space.
pub(super) fn ink(text: &str) -> usize {
    text.chars()
        .filter(|character| !character.is_whitespace())
        .count()
}

/// `text` without the mark of a division that nothing follows; a hyphen is what was printed there.
pub(super) fn closed(mut text: String) -> String {
    if text.ends_with(SOFT_HYPHEN) {
        text.pop();
        text.push('-');
    }
    text
}

/// Letters and digits only, in lower case: what is compared when spacing and punctuation may differ.
pub(super) fn key(text: &str) -> String {
    text.chars()
        .filter(|character| character.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// A word divided at the end of a line.
#[derive(Debug, PartialEq)]
struct Division<'a> {
    /// Letters before the hyphen: the last word of the first line.
    head: &'a str,
    /// Letters after it: the first word of the second line.
    tail: &'a str,
}

/// Joins the lines of a paragraph and undoes division of words.
///
/// A hyphen at the end of a line between lower-case letters was put there by the typesetter, unless the same
/// word stands with its hyphen, and never without it, elsewhere in the document, or is one that is written
/// with a hyphen anyway: a verb with its pronoun (`torna-se`), certain prefixes (`pré-requisito`).
pub(super) struct Joiner {
    /// Forms that occur within lines, of those that matter: divided words with and without hyphen.
    known: HashSet<String>,
}

impl Joiner {
    /// Learns from all lines of a document how its divided words are written elsewhere.
    ///
    /// `pairs`: lines that follow each other; `lines`: all lines.
    pub(super) fn learn<'a>(
        pairs: impl Iterator<Item = (&'a str, &'a str)>,
        lines: impl Iterator<Item = &'a str>,
    ) -> Self {
        let mut wanted: HashMap<String, bool> = HashMap::new();
        for (first, second) in pairs {
            if let Some(division) = division(first, second) {
                wanted.insert(division.closed(), false);
                wanted.insert(division.hyphenated(), false);
            }
        }
        if !wanted.is_empty() {
            for line in lines {
                for word in line.split_whitespace() {
                    let word = word.trim_matches(|letter: char| !letter.is_alphanumeric());
                    if let Some(found) = wanted.get_mut(word) {
                        *found = true;
                    } else if word.chars().any(char::is_uppercase)
                        && let Some(found) = wanted.get_mut(&word.to_lowercase())
                    {
                        *found = true;
                    }
                }
            }
        }
        let known = wanted
            .into_iter()
            .filter_map(|(word, found)| found.then_some(word))
            .collect();
        Self { known }
    }

    /// Adds `line` to `paragraph`.
    pub(super) fn join(&self, paragraph: &mut String, line: &str) {
        if paragraph.is_empty() {
            paragraph.push_str(line);
            return;
        }
        if paragraph.ends_with(SOFT_HYPHEN) {
            paragraph.pop();
            paragraph.push_str(line);
            return;
        }
        match division(paragraph, line) {
            Some(division) if self.keeps_hyphen(&division) => {}
            Some(_) => {
                paragraph.pop();
            }
            None if hangs(paragraph, line) => {}
            None => paragraph.push(' '),
        }
        paragraph.push_str(line);
    }

    fn keeps_hyphen(&self, division: &Division<'_>) -> bool {
        if self.known.contains(&division.closed()) {
            return false;
        }
        if self.known.contains(&division.hyphenated()) {
            return true;
        }
        let head = division.head.to_lowercase();
        has_pronoun(&head, division.tail)
            || HYPHENATED_PREFIXES.contains(&head.as_str())
            || division.tail == "feira"
    }
}

impl Division<'_> {
    fn closed(&self) -> String {
        format!("{}{}", self.head, self.tail).to_lowercase()
    }

    fn hyphenated(&self) -> String {
        format!("{}-{}", self.head, self.tail).to_lowercase()
    }
}

/// Whether `tail` is a pronoun after the verb `head`, and not the last syllable of a word.
///
/// Only pronouns and endings of verbs that hardly ever make a word together count: `torna-se` and
/// `fazê-lo`, but `interes-se`, `mode-los`, `par-te`.
fn has_pronoun(head: &str, tail: &str) -> bool {
    let Some(last) = head.chars().next_back() else {
        return false;
    };
    if head.chars().count() < 3 {
        return false;
    }
    match tail {
        "se" => last != 's',
        "lo" | "la" | "los" | "las" => matches!(last, 'á' | 'ê' | 'ô' | 'í' | 'i'),
        "lhe" | "lhes" => matches!(last, 'r' | 'm' | 'u' | 'i'),
        "nos" => last == 'r' || head.ends_with("mo"),
        _ => false,
    }
}

/// The word divided between two lines: letters, a hyphen, the end, and small letters again.
fn division<'a>(first: &'a str, second: &'a str) -> Option<Division<'a>> {
    let stem = first.strip_suffix(['-', '\u{2010}'])?;
    let head = stem
        .rsplit(|letter: char| !letter.is_alphabetic() && letter != '-')
        .next()?;
    let tail = second
        .split(|letter: char| !letter.is_alphabetic())
        .next()?;
    let letter = head.chars().next_back()?;
    let small = letter.is_lowercase() && tail.chars().next()?.is_lowercase();
    (small && !head.starts_with('-')).then_some(Division { head, tail })
}

/// Whether `line` follows without a space: after a hyphen, a slash or a dash that hangs on a word, and between
/// characters of scripts written without spaces.
fn hangs(paragraph: &str, line: &str) -> bool {
    let mut backwards = paragraph.chars().rev();
    let (Some(last), Some(before), Some(next)) =
        (backwards.next(), backwards.next(), line.chars().next())
    else {
        return false;
    };
    match last {
        '-' | '\u{2010}' => before.is_alphanumeric() && next.is_alphanumeric(),
        '–' | '/' => before.is_ascii_digit() && next.is_ascii_digit(),
        _ => unspaced(last) && unspaced(next),
    }
}

/// Han, kana and their punctuation: written without spaces between words. Latin letters of full width are not.
pub(super) fn unspaced(character: char) -> bool {
    let wide = matches!(character, '\u{FF01}'..='\u{FF9F}') && !character.is_alphanumeric();
    let kana = matches!(character, '\u{3000}'..='\u{30FF}' | '\u{FF66}'..='\u{FF9F}');
    let han = matches!(character,
        '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}'
        | '\u{20000}'..='\u{2FA1F}');
    wide || kana || han
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Joiner, clean};

    fn joined(lines: &[&str]) -> String {
        let pairs = lines.windows(2).map(|pair| (pair[0], pair[1]));
        let joiner = Joiner::learn(pairs, lines.iter().copied());
        let mut paragraph = String::new();
        for line in lines {
            joiner.join(&mut paragraph, line);
        }
        paragraph
    }

    #[test]
    fn divided_words_are_made_whole() {
        assert_eq!(
            joined(&["a demons-", "tração segue"]),
            "a demonstração segue"
        );
        assert_eq!(joined(&["interes-", "se público"]), "interesse público");
        assert_eq!(
            joined(&["os mode-", "los da par-", "te"]),
            "os modelos da parte"
        );
        assert_eq!(joined(&["uma fun\u{AD}", "ção"]), "uma função");
    }

    #[test]
    fn hyphens_of_the_language_stay() {
        assert_eq!(
            joined(&["a série torna-", "se finita"]),
            "a série torna-se finita"
        );
        assert_eq!(joined(&["o pré-", "requisito"]), "o pré-requisito");
        assert_eq!(joined(&["na segunda-", "feira"]), "na segunda-feira");
        assert_eq!(joined(&["em 2019-", "2020"]), "em 2019-2020");
        assert_eq!(joined(&["Rio-", "São Paulo"]), "Rio-São Paulo");
        assert_eq!(joined(&["o resultado -", "não"]), "o resultado - não");
    }

    #[test]
    fn the_document_itself_decides_first() {
        assert_eq!(
            joined(&["o guarda-", "chuva e o guarda-chuva"]),
            "o guarda-chuva e o guarda-chuva"
        );
        assert_eq!(joined(&["a huma-", "na e a humana"]), "a humana e a humana");
    }

    #[test]
    fn lines_are_made_plain() {
        assert_eq!(clean("  ﬁm\u{A0}da  de\u{301}cada\u{0}\t"), "fim da década");
        assert_eq!(
            clean("func\u{B8}\u{2DC}ao, \u{B4}e, \u{B4}ı"),
            "função, é, í"
        );
        assert_eq!(clean("guarda\u{AD}chu\u{AD}"), "guarda-chu\u{AD}");
        assert_eq!(clean("x ^ y ~ z `ls` `a`"), "x ^ y ~ z `ls` `a`");
        assert_eq!(clean("`as vezes, `a m\u{2DC}ao"), "às vezes, à mão");
    }

    proptest! {
        #[test]
        fn cleaning_twice_changes_nothing(raw in "\\PC{0,60}") {
            let once = clean(&raw);
            prop_assert_eq!(clean(&once), once.clone());
            prop_assert!(!once.chars().any(char::is_control));
        }

        #[test]
        fn joining_keeps_every_letter(lines in prop::collection::vec("[a-zçãé,-]{1,8}( [a-zçãé.]{1,8}){0,4}", 1..6)) {
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            let letters = |text: &str| text.chars().filter(|c| c.is_alphabetic()).collect::<String>();
            prop_assert_eq!(letters(&joined(&lines)), letters(&lines.concat()));
        }
    }
}
