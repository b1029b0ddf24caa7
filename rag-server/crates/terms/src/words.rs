//! Finds words, numbers and codes in running text.

use std::ops::Range;

use unicode_normalization::char::is_combining_mark;

use crate::fold::fold_char;

/// Calls `take` with each word of `text`, folded, and the bytes it stands on, in order of their ends.
///
/// - A run of letters and digits is a word: "Ação", "M01A01", "14h30", "1º".
/// - A number keeps the `.`, `,`, `/` and `:` between its digits: "1.234,56", "15/03/2025", "3.2.1". Thousands are
///   given without their dots too ("1234,56"), dates their year ("2025").
/// - A hyphenated word is given in parts and, unless the last part is a pronoun ("matricular-se"), joined as well:
///   "on-line" is "on", "line" and "online".
pub fn visit(text: &str, mut take: impl FnMut(&str, Range<usize>)) {
    let mut scan = Scan {
        text,
        at: 0,
        word: String::with_capacity(32),
    };
    let mut joined = String::new();
    let mut parts: Vec<Range<usize>> = Vec::new();
    while scan.skip_to_word() {
        let start = scan.at;
        joined.clear();
        parts.clear();
        loop {
            let part_start = scan.at;
            let number = scan.word();
            let part = part_start..scan.at;
            if !scan.word.is_empty() {
                let from = joined.len();
                joined.push_str(&scan.word);
                parts.push(from..joined.len());
                take(&scan.word, part.clone());
                if number {
                    more_of_number(&scan.word, &part, &mut take);
                }
            }
            if !scan.skip_hyphen() {
                break;
            }
        }
        if parts.len() > 1 && !ends_in_pronoun(&joined, &parts) {
            take(&joined, start..scan.at);
        }
    }
}

struct Scan<'a> {
    text: &'a str,
    /// Byte, always at a character's border.
    at: usize,
    /// The folded word read last.
    word: String,
}

impl Scan<'_> {
    fn character(&self, at: usize) -> Option<char> {
        let bytes = self.text.as_bytes();
        match bytes.get(at) {
            Some(&byte) if byte.is_ascii() => Some(char::from(byte)),
            Some(_) => self.text.get(at..).and_then(|rest| rest.chars().next()),
            None => None,
        }
    }

    fn skip_to_word(&mut self) -> bool {
        while let Some(character) = self.character(self.at) {
            if character.is_alphanumeric() {
                return true;
            }
            self.at += character.len_utf8();
        }
        false
    }

    /// Reads one part up to a hyphen or the word's end into `word`; whether it is a number with inner signs.
    fn word(&mut self) -> bool {
        self.word.clear();
        let mut previous = ' ';
        let mut signs = false;
        while let Some(character) = self.character(self.at) {
            if character.is_ascii_alphanumeric() {
                self.word.push(character.to_ascii_lowercase());
            } else if !character.is_ascii() && continues_word(character) {
                fold_char(character, &mut self.word);
            } else if matches!(character, '.' | ',' | '/' | ':')
                && previous.is_ascii_digit()
                && self
                    .character(self.at + 1)
                    .is_some_and(|next| next.is_ascii_digit())
            {
                self.word.push(character);
                signs = true;
            } else {
                break;
            }
            previous = character;
            self.at += character.len_utf8();
        }
        signs
    }

    /// Steps over a hyphen between two words.
    fn skip_hyphen(&mut self) -> bool {
        let Some(hyphen) = self.character(self.at) else {
            return false;
        };
        // Hyphen-minus, hyphen, non-breaking hyphen.
        if !matches!(hyphen, '-' | '\u{2010}' | '\u{2011}') {
            return false;
        }
        let next = self.at + hyphen.len_utf8();
        let follows = self.character(next).is_some_and(char::is_alphanumeric);
        if follows {
            self.at = next;
        }
        follows
    }
}

/// Letters and digits, marks of decomposed accents, soft hyphens and zero-width joiners that layout leaves behind.
fn continues_word(character: char) -> bool {
    character.is_alphanumeric()
        || is_combining_mark(character)
        || matches!(character, '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}')
}

/// Other ways to write a number with inner signs.
fn more_of_number(number: &str, span: &Range<usize>, take: &mut impl FnMut(&str, Range<usize>)) {
    if has_thousands(number) {
        let plain: String = number.chars().filter(|&sign| sign != '.').collect();
        take(&plain, span.clone());
    } else if number.matches('/').count() == 2 {
        // dd/mm/yyyy or yyyy/mm/dd
        if let Some(year) = number.split('/').find(|part| part.len() == 4) {
            take(year, span.clone());
        }
    }
}

/// Whether dots group the digits by three, as Portuguese writes thousands: "1.234" or "12.345.678,90".
fn has_thousands(number: &str) -> bool {
    let whole = number.split(',').next().unwrap_or_default();
    let mut groups = whole.split('.');
    let first = groups.next().map_or(0, str::len);
    let mut others = 0;
    for group in groups {
        if group.len() != 3 || !group.bytes().all(|byte| byte.is_ascii_digit()) {
            return false;
        }
        others += 1;
    }
    (1..=3).contains(&first) && others > 0 && number.matches(',').count() <= 1
}

/// Whether the last part is an object pronoun tied to its verb ("entregá-lo", "matricular-se-á" is rare enough).
fn ends_in_pronoun(joined: &str, parts: &[Range<usize>]) -> bool {
    let last = parts.last().and_then(|part| joined.get(part.clone()));
    last.is_some_and(|last| {
        matches!(
            last,
            "se" | "me"
                | "te"
                | "lhe"
                | "lhes"
                | "nos"
                | "vos"
                | "o"
                | "a"
                | "os"
                | "as"
                | "lo"
                | "la"
                | "los"
                | "las"
                | "no"
                | "na"
                | "nas"
        )
    })
}
