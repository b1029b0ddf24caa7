//! Words of a text, as they are compared.

use std::collections::BTreeMap;

use unicode_normalization::UnicodeNormalization as _;

/// How often each word occurs.
pub(crate) type Words = BTreeMap<String, usize>;

/// Counts the words of `text`.
pub(crate) fn count(text: &str) -> Words {
    let mut words = Words::new();
    let mut word = String::new();
    let mut end = |word: &mut String| {
        if !word.is_empty() {
            *words.entry(std::mem::take(word)).or_default() += 1;
        }
    };
    let characters: Vec<char> = text.nfkc().collect();
    let mut index = 0;
    while let Some(&character) = characters.get(index) {
        index += 1;
        if unspaced(character) {
            end(&mut word);
            word.push(character);
            end(&mut word);
        } else if character.is_alphanumeric() {
            word.extend(character.to_lowercase());
        } else if is_hyphen(character) && !word.is_empty() {
            // Within a word, or at the end of a line: what follows belongs to it.
            let spaces = characters
                .get(index..)
                .unwrap_or_default()
                .iter()
                .take_while(|character| character.is_whitespace())
                .count();
            let follows = characters.get(index + spaces);
            if follows.is_some_and(|character| character.is_alphanumeric()) {
                index += spaces;
            } else {
                end(&mut word);
            }
        } else if !is_invisible(character) {
            end(&mut word);
        }
    }
    end(&mut word);
    words
}

/// What at least two of `texts` have, as often as two of them have it.
pub(crate) fn agreed(texts: &[Words]) -> Words {
    let mut agreed = Words::new();
    for word in texts.iter().flat_map(Words::keys) {
        let mut counts: Vec<usize> = texts
            .iter()
            .map(|text| text.get(word).copied().unwrap_or(0))
            .collect();
        counts.sort_unstable_by(|a, b| b.cmp(a));
        if let Some(&count) = counts.get(1)
            && count > 0
        {
            agreed.insert(word.clone(), count);
        }
    }
    agreed
}

/// Hyphens, the soft one, and what pdfium puts in place of one at the end of a line.
fn is_hyphen(character: char) -> bool {
    matches!(
        character,
        '-' | '\u{AD}' | '\u{2010}' | '\u{2011}' | '\u{2}' | '\u{FFFE}'
    )
}

/// Marks of direction, joiners and combining marks that stand inside words.
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
        || unicode_normalization::char::is_combining_mark(character)
}

/// Han, kana and Hangul, whose lines readers break at any character.
fn unspaced(character: char) -> bool {
    matches!(character,
        '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7AF}'
        | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{2FA1F}')
}

#[cfg(test)]
mod tests {
    use super::{agreed, count};

    fn words(text: &str) -> Vec<String> {
        count(text).into_keys().collect()
    }

    #[test]
    fn division_at_line_ends_makes_no_difference() {
        assert_eq!(words("demons-\ntração"), words("demonstração"));
        assert_eq!(words("torna-\nse"), words("torna-se"));
        assert_eq!(words("a - b"), ["a", "b"]);
        assert_eq!(words("ﬁm FIM"), ["fim"]);
        assert_eq!(words("漢字"), ["字", "漢"]);
    }

    #[test]
    fn two_references_decide() {
        let texts = ["um um dois", "um um um três", "um dois"].map(count);
        let agreed: Vec<(String, usize)> = agreed(&texts).into_iter().collect();
        assert_eq!(agreed, [("dois".to_owned(), 1), ("um".to_owned(), 2)]);
    }
}
