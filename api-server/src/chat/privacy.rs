//! Personal data is hidden in answers, where the operator wants that; the index keeps what the material says.
//!
//! Hidden are CPF and CNPJ numbers whose check digits fit, telephone numbers written as Brazilian ones and e-mail addresses.
//! Check digits: modulo 11, as Receita Federal publishes them; a CNPJ may have letters since July 2026 (Instrução Normativa
//! RFB 2.229/2024), which count as their ASCII code less 48.

use regex::{Captures, Regex};

/// Bytes that a stream holds back, and that one number or address may have.
const LONGEST_HELD: usize = 2048;
const LONGEST_ITEM: usize = 64;

/// Hides personal data.
#[derive(Debug, Clone)]
pub(crate) struct Mask {
    email: Regex,
    cnpj: Regex,
    cpf: Regex,
    phones: Vec<Regex>,
}

impl Mask {
    /// One that knows every kind.
    ///
    /// # Errors
    /// Never: the expressions are ours and tested.
    pub(crate) fn new() -> Result<Self, regex::Error> {
        // No blank may stand inside one of these but between groups with digits: streams rely on it.
        let phones = [
            r"(?:\+55 ?)?\( ?0?[1-9][0-9] ?\) ?(?:9 ?)?[0-9]{4}[-. ]?[0-9]{4}\b",
            r"\+55 ?[1-9][0-9] ?(?:9 ?)?[0-9]{4}[- ]?[0-9]{4}\b",
            r"\b[1-9][0-9] (?:9 ?[0-9]{4}[- ]?|[2-5][0-9]{3}-)[0-9]{4}\b",
            r"\b(?:[1-9][0-9])?9[0-9]{4}-[0-9]{4}\b",
            r"\b[1-9][0-9]9[0-9]{8}\b",
        ];
        Ok(Self {
            email: Regex::new(
                r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}",
            )?,
            cnpj: Regex::new(
                r"\b[0-9A-Z]{2}\.?[0-9A-Z]{3}\.?[0-9A-Z]{3}/?[0-9A-Z]{4}-?[0-9]{2}\b",
            )?,
            cpf: Regex::new(r"\b[0-9]{3}\.?[0-9]{3}\.?[0-9]{3}[-.]?[0-9]{2}\b")?,
            phones: phones
                .into_iter()
                .map(Regex::new)
                .collect::<Result<_, _>>()?,
        })
    }

    /// The text without personal data.
    pub(crate) fn hide(&self, text: &str) -> String {
        let text = self.email.replace_all(text, "[e-mail omitido]");
        let text = self.cnpj.replace_all(&text, |found: &Captures<'_>| {
            if_valid(found, is_cnpj, "[CNPJ omitido]")
        });
        let mut text = self
            .cpf
            .replace_all(&text, |found: &Captures<'_>| {
                if_valid(found, is_cpf, "[CPF omitido]")
            })
            .into_owned();
        for phone in &self.phones {
            text = phone.replace_all(&text, "[telefone omitido]").into_owned();
        }
        text
    }
}

fn if_valid(found: &Captures<'_>, is_valid: fn(&str) -> bool, instead: &str) -> String {
    let text = found.get(0).map_or("", |whole| whole.as_str());
    let bare: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
    if is_valid(&bare) {
        instead.to_owned()
    } else {
        text.to_owned()
    }
}

fn values(bare: &str) -> Vec<u32> {
    bare.bytes()
        .map(|byte| u32::from(byte).saturating_sub(48))
        .collect()
}

/// The check digit of values with these weights.
fn check_digit(values: &[u32], weights: impl Iterator<Item = u32>) -> u32 {
    let sum: u32 = values
        .iter()
        .zip(weights)
        .map(|(value, weight)| value * weight)
        .sum();
    match sum % 11 {
        0 | 1 => 0,
        rest => 11 - rest,
    }
}

fn is_cpf(bare: &str) -> bool {
    let values = values(bare);
    let [rest @ .., first, second] = values.as_slice() else {
        return false;
    };
    let same = rest.iter().all(|value| value == first);
    rest.len() == 9
        && !same
        && check_digit(rest, (2..=10).rev()) == *first
        && check_digit(values.get(..10).unwrap_or_default(), (2..=11).rev()) == *second
}

fn is_cnpj(bare: &str) -> bool {
    let values = values(bare);
    let [rest @ .., first, second] = values.as_slice() else {
        return false;
    };
    let weights = || (2..=9).rev().cycle();
    let same = rest.iter().all(|value| value == first);
    rest.len() == 12
        && !same
        && check_digit(rest, weights().skip(4)) == *first
        && check_digit(values.get(..13).unwrap_or_default(), weights().skip(3)) == *second
}

/// Hides personal data in a text that comes in pieces, holding back what the next piece could turn into some.
#[derive(Debug)]
pub(crate) struct MaskedStream {
    mask: Mask,
    held: String,
}

impl MaskedStream {
    /// Nothing has come yet.
    pub(crate) fn new(mask: Mask) -> Self {
        Self {
            mask,
            held: String::new(),
        }
    }

    /// Takes a piece; what may go out now.
    pub(crate) fn push(&mut self, piece: &str) -> String {
        self.held.push_str(piece);
        let cut = if self.held.len() > LONGEST_HELD {
            self.forced_cut()
        } else {
            safe_cut(&self.held)
        };
        let rest = self.held.split_off(cut);
        let ready = std::mem::replace(&mut self.held, rest);
        self.mask.hide(&ready)
    }

    /// Where too long a text without any safe place is cut: at the last blank, but for the end that may grow, that
    /// splits nothing as far as it is known.
    fn forced_cut(&self) -> usize {
        let whole = self.mask.hide(&self.held);
        let settled = self.held.len().saturating_sub(LONGEST_ITEM);
        self.held
            .char_indices()
            .rev()
            .filter(|(at, c)| *at < settled && c.is_whitespace())
            .map(|(at, c)| at + c.len_utf8())
            .find(|cut| {
                let (left, right) = self.held.split_at(*cut);
                self.mask.hide(left) + &self.mask.hide(right) == whole
            })
            .unwrap_or(self.held.len())
    }

    /// What was held back.
    pub(crate) fn finish(&mut self) -> String {
        self.mask.hide(&std::mem::take(&mut self.held))
    }
}

/// Just after the last blank that no number or address can reach across: the word before it has a letter and no digit.
fn safe_cut(text: &str) -> usize {
    let mut cut = 0;
    let mut word_is_safe = false;
    let mut has_digit = false;
    for (at, c) in text.char_indices() {
        if c.is_whitespace() {
            if word_is_safe && !has_digit {
                cut = at + c.len_utf8();
            }
            (word_is_safe, has_digit) = (false, false);
        } else {
            word_is_safe |= c.is_alphabetic();
            has_digit |= c.is_numeric();
        }
    }
    cut
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hide(text: &str) -> String {
        Mask::new().unwrap().hide(text)
    }

    /// Text with numbers that fit and numbers that do not.
    const MIXED: &str = "Escreva a ana.souza@escola.example.br ou ligue (11) 91234-5678, +55 21 2345 6789. \
        CPF 529.982.247-25 e 52998224725; CNPJ 11.222.333/0001-81 e 12.ABC.345/01DE-35. \
        Páginas 1990-2000, tese de 2010-2020, 529.982.247-26, 3 x 12 repetições de 80 kg.";
    const HIDDEN: &str = "Escreva a [e-mail omitido] ou ligue [telefone omitido], [telefone omitido]. \
        CPF [CPF omitido] e [CPF omitido]; CNPJ [CNPJ omitido] e [CNPJ omitido]. \
        Páginas 1990-2000, tese de 2010-2020, 529.982.247-26, 3 x 12 repetições de 80 kg.";

    #[test]
    fn what_is_personal_is_hidden_and_nothing_else() {
        assert_eq!(hide(MIXED), HIDDEN);
        for phone in [
            "11 98765-4321",
            "98765-4321",
            "(021) 3456-7890",
            "11987654321",
            "+5511987654321",
            "11 3456-7890",
        ] {
            assert_eq!(hide(phone), "[telefone omitido]", "{phone}");
        }
        for number in [
            "111.111.111-11",
            "00.000.000/0000-00",
            "12345-678",
            "10.1016/j.jsams",
            "2 a 4 séries",
            "70 a 85 % de 1RM",
            "687-708",
        ] {
            assert_eq!(hide(number), number);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn long_rows_of_numbers_split_nothing(size in 1_usize..40, offset in 0_usize..40) {
            let text = format!("{}{}", "7".repeat(offset), " 12 529.982.247-25 (11) 91234-5678".repeat(100));
            let mut stream = MaskedStream::new(Mask::new().unwrap());
            let mut out = String::new();
            for piece in text.as_bytes().chunks(size) {
                out.push_str(&stream.push(std::str::from_utf8(piece).unwrap()));
                prop_assert!(stream.held.len() <= LONGEST_HELD + size);
            }
            out.push_str(&stream.finish());
            prop_assert_eq!(out, hide(&text));
        }
    }

    proptest! {
        #[test]
        fn pieces_come_to_the_same_as_the_whole(sizes in prop::collection::vec(1_usize..12, 1..200)) {
            let letters: Vec<char> = MIXED.chars().collect();
            let mut stream = MaskedStream::new(Mask::new().unwrap());
            let (mut out, mut from) = (String::new(), 0);
            for size in sizes.into_iter().cycle() {
                let piece: String = letters.iter().skip(from).take(size).collect();
                if piece.is_empty() {
                    break;
                }
                from += size;
                out.push_str(&stream.push(&piece));
            }
            out.push_str(&stream.finish());
            prop_assert_eq!(out, HIDDEN);
        }

        #[test]
        fn one_wrong_digit_is_no_cpf(at in 0_usize..11, by in 1_u8..10) {
            let mut digits = *b"52998224725";
            digits[at] = b'0' + (digits[at] - b'0' + by) % 10;
            prop_assert!(!is_cpf(std::str::from_utf8(&digits).unwrap()));
        }

        #[test]
        fn no_text_makes_it_fail(text in "\\PC{0,200}") {
            hide(&text);
        }
    }
}
