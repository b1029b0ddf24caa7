//! Text as every block holds it: NFC, no control characters, single spaces.

use unicode_normalization::UnicodeNormalization;

/// One line: every run of white space, line feeds too, becomes one space; the ends are trimmed.
pub(crate) fn line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    append_line(text, &mut out);
    out
}

/// Several lines: each as [`line`] makes it, blank ones dropped, joined by line feeds.
pub(crate) fn lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for one in text.split(['\n', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}']) {
        let kept = out.len();
        if kept > 0 {
            out.push('\n');
        }
        let start = out.len();
        append_line(one, &mut out);
        if out.len() == start {
            out.truncate(kept);
        }
    }
    out
}

/// Characters that are no white space, as shown in page statistics.
pub(crate) fn visible_characters(text: &str) -> u32 {
    let count = text.chars().filter(|c| !c.is_whitespace()).count();
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn append_line(text: &str, out: &mut String) {
    let start = out.len();
    let mut blank = false;
    for c in text.nfc() {
        if c.is_whitespace() {
            blank = true;
        } else if !is_dropped(c) {
            if blank && out.len() > start {
                out.push(' ');
            }
            blank = false;
            out.push(c);
        }
    }
}

/// Characters that show nothing and can hide or reorder text: controls, soft hyphen, zero-width space and
/// byte order mark, bidirectional overrides (the "Trojan Source" set), interlinear and tag characters.
fn is_dropped(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{200b}'
                | '\u{2060}'
                | '\u{feff}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{line, lines, visible_characters};

    #[test]
    fn a_line_is_composed_trimmed_and_single_spaced() {
        assert_eq!(
            line("  Equac\u{327}a\u{303}o\u{a0}\t do\r\n 2\u{ba} grau \u{0}"),
            "Equação do 2º grau"
        );
        assert_eq!(
            line("\u{202e}evil\u{202c} zero\u{200b}width"),
            "evil zerowidth"
        );
        assert_eq!(line(" \n\t "), "");
    }

    #[test]
    fn lines_keep_their_breaks_but_no_blank_lines() {
        assert_eq!(lines("um  dois\r\n\r\n \n  três"), "um dois\ntrês");
        assert_eq!(visible_characters("um dois\ntrês"), 10);
    }

    proptest! {
        #[test]
        fn normalising_twice_changes_nothing(text in "\\PC*|[\\x00-\\x7f]*") {
            let once = lines(&text);
            prop_assert_eq!(lines(&once), once.clone());
            prop_assert!(!once.chars().any(|c| c.is_control() && c != '\n'));
            prop_assert!(!once.contains("  "));
        }
    }
}
