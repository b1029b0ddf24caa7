//! How long a text takes to read and how hard it is.
//!
//! Ease is the Flesch index for Brazilian Portuguese of Martins, Ghiraldelo, Nunes and Oliveira Jr. ("Readability formulas
//! applied to textbooks in Brazilian Portuguese", ICMSC-USP, 1996): 248.835 − 1.015 × words per sentence − 84.6 × syllables
//! per word; 75 to 100 is very easy, below 25 academic. Speed is that of silent reading in Portuguese, 181 words a minute
//! (Trauzettel-Klosinski and Dietz, "Standardized assessment of reading performance: the new international reading speed
//! texts `IReST`", 2012).

use serde::{Deserialize, Serialize};

/// Words a minute.
const SPEED: usize = 181;

/// What a text asks of its reader.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Effort {
    words: usize,
    sentences: usize,
    syllables: usize,
}

/// How hard a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Difficulty {
    /// Flesch index of at least 50.
    Easy,
    /// 25 to 50.
    Medium,
    /// Below 25.
    Hard,
}

impl Effort {
    /// Counts a text; Markdown's marks and numbers in brackets are no words, a line that ends is a sentence that ends.
    pub(crate) fn of(text: &str) -> Self {
        let mut effort = Self::default();
        for sentence in text.split(['.', '!', '?', '…', ';', '\n']) {
            let before = effort.words;
            for word in sentence.split(|c: char| !c.is_alphabetic()) {
                if !word.is_empty() {
                    effort.words += 1;
                    effort.syllables += syllables(word);
                }
            }
            effort.sentences += usize::from(effort.words > before);
        }
        effort
    }

    /// Words counted.
    pub(crate) fn words(self) -> usize {
        self.words
    }

    /// Minutes, rounded up; 0 for no words.
    pub(crate) fn minutes(self) -> usize {
        minutes(self.words)
    }

    /// The Flesch index, not bounded; that of the easiest text for no words.
    fn ease(self) -> f64 {
        if self.words == 0 {
            return 100.0;
        }
        let words = self.words as f64;
        248.835 - 1.015 * words / self.sentences as f64 - 84.6 * self.syllables as f64 / words
    }

    /// 0 (an index of 100 or more) to 1 (an index of 0 or less), to two places.
    pub(crate) fn complexity(self) -> f64 {
        let complexity = (1.0 - self.ease() / 100.0).clamp(0.0, 1.0);
        (complexity * 100.0).round() / 100.0
    }

    /// Which band of the index it falls in.
    pub(crate) fn difficulty(self) -> Difficulty {
        match self.ease() {
            ease if ease >= 50.0 => Difficulty::Easy,
            ease if ease >= 25.0 => Difficulty::Medium,
            _ => Difficulty::Hard,
        }
    }
}

/// Minutes that so many words take, rounded up.
pub(crate) fn minutes(words: usize) -> usize {
    words.div_ceil(SPEED)
}

/// Syllables of a Portuguese word, at least 1.
///
/// A syllable has one vowel; `i` and `u` beside another vowel join its syllable unless an accent, a following `nh` or the
/// consonant that closes the syllable keeps them apart (`rai-nha`, `ju-iz`); an unaccented ending such as `-ia` joins in
/// words that are accented before it (`his-tó-ria`, but `e-ner-gi-a`); the `u` of `qu` and `gu` is silent or joins.
fn syllables(word: &str) -> usize {
    let letters: Vec<char> = word.to_lowercase().chars().collect();
    let mut count = 0;
    // Whether the letter before is the vowel that carries its syllable.
    let mut carried = false;
    let mut accented = false;
    for (at, letter) in letters.iter().copied().enumerate() {
        let before = at.checked_sub(1).and_then(|before| letters.get(before));
        let after = letters.get(at + 1..).unwrap_or_default();
        if !is_vowel(letter) || is_silent(before.copied(), letter, after) {
            carried = false;
            continue;
        }
        let joins = carried
            && before.is_some_and(|before| {
                is_diphthong(*before, letter, after)
                    || (accented && is_rising_ending(*before, letter, after))
            });
        count += usize::from(!joins);
        carried = !joins;
        accented |= is_accented(letter);
    }
    count.max(1)
}

fn is_vowel(letter: char) -> bool {
    matches!(
        letter,
        'a' | 'e' | 'i' | 'o' | 'u' | 'y' | 'à' | 'ã' | 'õ' | 'ü'
    ) || is_accented(letter)
}

fn is_accented(letter: char) -> bool {
    matches!(letter, 'á' | 'é' | 'í' | 'ó' | 'ú' | 'â' | 'ê' | 'ô')
}

/// The `u` of `qu` and `gu` before a vowel carries no syllable.
fn is_silent(before: Option<char>, letter: char, after: &[char]) -> bool {
    letter == 'u'
        && matches!(before, Some('q' | 'g'))
        && after.first().is_some_and(|next| is_vowel(*next))
}

fn is_diphthong(before: char, letter: char, after: &[char]) -> bool {
    match (before, letter) {
        ('ã', 'o' | 'e' | 'i') | ('õ', 'e') => true,
        (before, 'i' | 'u') if before != letter => !is_kept_apart(after),
        _ => false,
    }
}

/// What follows an `i` or `u` keeps it apart from the vowel before: `nh`, or a consonant of its own syllable.
fn is_kept_apart(after: &[char]) -> bool {
    match after {
        ['n', 'h', ..] => true,
        ['l' | 'm' | 'n' | 'r' | 'z'] => true,
        ['l' | 'm' | 'n' | 'r' | 'z', next, ..] => !is_vowel(*next),
        _ => false,
    }
}

fn is_rising_ending(before: char, letter: char, after: &[char]) -> bool {
    matches!(before, 'i' | 'u' | 'e' | 'o')
        && matches!(letter, 'a' | 'e' | 'o')
        && matches!(after, [] | ['s'])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn syllables_of_portuguese_words() {
        for divided in [
            "ca-sa",
            "mús-cu-lo",
            "hi-per-tro-fi-a",
            "á-gua",
            "quan-do",
            "sa-í-da",
            "ra-i-nha",
            "his-tó-ria",
            "co-ra-ção",
            "a-ções",
            "trei-na-men-to",
            "mui-to",
            "ru-im",
            "ju-iz",
            "i-dei-a",
            "guer-ra",
            "a-guen-tar",
            "fi-si-o-lo-gi-a",
            "e-xer-cí-cio",
            "á-rea",
            "te-a-tro",
            "pa-ra-guai",
            "sa-guão",
            "viu",
            "vo-o",
            "a-in-da",
            "sau-da-de",
            "au-la",
            "lin-gui-ça",
            "se-quên-cia",
            "pro-te-í-nas",
            "e-ner-gi-a",
            "bi-o-me-câ-ni-ca",
            "sé-rie",
            "di-a",
            "lu-a",
            "ó-leo",
            "mãe",
            "pão",
            "sa-iu",
            "prai-a",
            "trans-por-te",
            "con-tra-ção",
            "a-mi-no-á-ci-dos",
            "mi-o-fi-bri-las",
            "sar-co-plas-má-ti-co",
            "trí-ceps",
            "bí-ceps",
            "é",
            "o",
            "rit-mo",
            "co-o-pe-rar",
            "ca-ir",
        ] {
            let word: String = divided.split('-').collect();
            assert_eq!(syllables(&word), divided.split('-').count(), "{divided}");
        }
        assert_eq!(syllables("MÚSCULO"), 3);
        assert_eq!(syllables("km"), 1);
    }

    #[test]
    fn ease_is_the_published_formula() {
        // 6 words, 2 sentences, 11 syllables: 248.835 − 1.015 × 3 − 84.6 × 11/6 = 90.69.
        let effort = Effort::of("O gato come peixe. Ele dorme. [1]");
        assert_eq!(
            effort,
            Effort {
                words: 6,
                sentences: 2,
                syllables: 11
            }
        );
        assert!((effort.ease() - 90.69).abs() < 0.01, "{}", effort.ease());
        assert!((effort.complexity() - 0.09).abs() < 1e-9);
        assert_eq!(effort.difficulty(), Difficulty::Easy);
    }

    #[test]
    fn long_words_in_long_sentences_are_harder() {
        let easy = Effort::of("O músculo cresce. Ele fica forte. Isso leva tempo.");
        let hard = Effort::of(
            "A fosforilação oxidativa mitocondrial, indissociável da disponibilidade enzimática e da regulação \
             hormonal, condiciona decisivamente a capacidade cardiorrespiratória submáxima dos participantes.",
        );
        assert!(easy.complexity() < hard.complexity());
        assert_eq!(hard.difficulty(), Difficulty::Hard);
    }

    #[test]
    fn reading_takes_whole_minutes() {
        for (words, expected) in [(0, 0), (1, 1), (181, 1), (182, 2), (1810, 10)] {
            assert_eq!(Effort::of(&"gato ".repeat(words)).minutes(), expected);
        }
    }

    proptest! {
        #[test]
        fn complexity_is_a_fraction(text in "\\PC{0,300}") {
            let effort = Effort::of(&text);
            prop_assert!((0.0..=1.0).contains(&effort.complexity()));
            prop_assert!(effort.syllables >= effort.words && effort.words >= effort.sentences);
        }
    }
}
