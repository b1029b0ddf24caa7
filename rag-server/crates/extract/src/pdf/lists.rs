//! Marks of lists at the start of a line.

/// Signs that stand for nothing but an entry of a list.
const BULLETS: [char; 22] = [
    '•', '◦', '▪', '▫', '■', '□', '●', '○', '‣', '⁃', '∙', '►', '▶', '➢', '➤', '✓', '✔', '❖', '♦',
    '◆', '❑', '⇒',
];

/// Signs that begin an entry when a space follows.
const DASHES: [char; 5] = ['-', '–', '*', '·', '+'];

/// The mark at the start of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    /// Bytes of a sign that says nothing (a bullet), white space included; 0 for a number or letter, which
    /// belongs to the text.
    pub(super) sign: usize,
    /// It is hardly ever anything else, wherever the line stands.
    pub(super) certain: bool,
}

/// The mark `text` begins with, if text follows it.
pub(super) fn mark(text: &str) -> Option<Mark> {
    let first = text.chars().next()?;
    let rest = text.get(first.len_utf8()..)?;
    let body = rest.trim_start();
    if body.is_empty() {
        return None;
    }
    let sign = text.len().saturating_sub(body.len());
    // Symbol fonts without a map to Unicode end up in the private use area.
    if BULLETS.contains(&first) || ('\u{E000}'..='\u{F8FF}').contains(&first) {
        let certain = true;
        return Some(Mark { sign, certain });
    }
    if DASHES.contains(&first) && rest.starts_with(' ') {
        let certain = false;
        return Some(Mark { sign, certain });
    }
    numbered(text).then_some(Mark {
        sign: 0,
        certain: false,
    })
}

/// `1.`, `12)`, `(3)`, `a)`, `(b)`, `iv)`: a number of up to three digits, one letter or a small Roman numeral.
fn numbered(text: &str) -> bool {
    let (mark, body) = text.split_once(' ').unwrap_or((text, ""));
    if body.trim().is_empty() {
        return false;
    }
    let (name, point) = if let Some(closed) = mark.strip_suffix(')') {
        (closed.strip_prefix('(').unwrap_or(closed), false)
    } else if let Some(pointed) = mark.strip_suffix('.') {
        (pointed, true)
    } else {
        return false;
    };
    let length = name.chars().count();
    let digits = (1..=3).contains(&length) && name.chars().all(|digit| digit.is_ascii_digit());
    // `A.` is an initial more often than an entry.
    let letter = !point && length == 1 && name.chars().all(|letter| letter.is_ascii_alphabetic());
    let roman =
        (1..=5).contains(&length) && name.chars().all(|letter| matches!(letter, 'i' | 'v' | 'x'));
    digits || letter || roman
}

#[cfg(test)]
mod tests {
    use super::mark;

    #[test]
    fn marks_need_text_after_them() {
        for entry in [
            "• um",
            "- dois",
            "1. três",
            "12) quatro",
            "(a) cinco",
            "b) seis",
            "iv) sete",
            "\u{F0B7}oito",
        ] {
            assert!(mark(entry).is_some(), "{entry}");
        }
        for other in [
            "•",
            "1.",
            "2019. O ano",
            "A. Silva",
            "-5 graus",
            "a casa",
            "— Disse ele",
            "1.2 Título",
            "",
        ] {
            assert!(mark(other).is_none(), "{other}");
        }
    }

    #[test]
    fn only_signs_that_say_nothing_are_counted() {
        assert_eq!(mark("• um").map(|mark| mark.sign), Some("• ".len()));
        assert_eq!(mark("a) um").map(|mark| mark.sign), Some(0));
    }
}
