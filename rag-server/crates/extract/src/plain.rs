//! Plain text: paragraphs stand apart by blank lines and are located by their lines.

use crate::builder::Builder;
use crate::document::{Document, FileKind, Locator, Role};
use crate::error::ExtractError;
use crate::limits::Limits;

/// A paragraph is cut at a line end past this many characters or lines, so that its place stays exact in files
/// without blank lines.
const LONGEST_PARAGRAPH: usize = 1200;
const MOST_LINES: usize = 24;
/// A line this long, or longer, was broken by its length: the sentence goes on in the next one.
const WRAPPED_LINE: usize = 50;

pub(crate) fn read(text: &str, limits: &Limits) -> Result<Document, ExtractError> {
    let mut builder = Builder::new(FileKind::Text, limits);
    let mut paragraph = Paragraph::default();
    let mut number = 0_u32;
    for line in text.split('\n') {
        // Some editors end pages, and with them paragraphs, by a form feed.
        for (index, part) in line.trim_end_matches('\r').split('\u{c}').enumerate() {
            if index == 0 {
                number = number.saturating_add(1);
            } else {
                paragraph.flush(&mut builder)?;
            }
            let part = part.trim();
            if part.is_empty() {
                paragraph.flush(&mut builder)?;
            } else {
                if paragraph.is_full()
                    || list_entry(part).is_some()
                    || paragraph.is_list() && !paragraph.wrapped
                {
                    paragraph.flush(&mut builder)?;
                }
                paragraph.add(part, number);
            }
        }
    }
    paragraph.flush(&mut builder)?;
    builder.finish()
}

#[derive(Default)]
struct Paragraph {
    text: String,
    start: u32,
    end: u32,
    lines: usize,
    /// The last line was broken by its length.
    wrapped: bool,
}

impl Paragraph {
    fn add(&mut self, line: &str, number: u32) {
        if self.text.is_empty() {
            self.start = number;
        } else {
            self.text.push(if self.wrapped { ' ' } else { '\n' });
        }
        self.text.push_str(line);
        self.end = number;
        self.lines = self.lines.saturating_add(1);
        self.wrapped = line.chars().count() >= WRAPPED_LINE;
    }

    fn is_full(&self) -> bool {
        self.text.len() > LONGEST_PARAGRAPH || self.lines >= MOST_LINES
    }

    fn is_list(&self) -> bool {
        list_entry(&self.text).is_some()
    }

    fn flush(&mut self, builder: &mut Builder<'_>) -> Result<(), ExtractError> {
        let paragraph = std::mem::take(self);
        if paragraph.text.is_empty() {
            return Ok(());
        }
        let role = if paragraph.is_list() {
            Role::ListItem
        } else {
            Role::Paragraph
        };
        let locator = Locator::Lines {
            start: paragraph.start,
            end: paragraph.end,
        };
        builder.push_lines(&paragraph.text, locator, role)?;
        Ok(())
    }
}

/// What follows the mark of a list entry: `- `, `• `, `1. `, `1) `, `a) `.
fn list_entry(line: &str) -> Option<&str> {
    if let Some(rest) = line.strip_prefix(['-', '*', '•', '–', '·', '▪']) {
        return rest
            .strip_prefix(' ')
            .filter(|rest| !rest.trim().is_empty());
    }
    let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = line.len().saturating_sub(rest.len());
    if (1..=3).contains(&digits) {
        return rest.strip_prefix(". ").or_else(|| rest.strip_prefix(") "));
    }
    let mut letters = line.chars();
    match (letters.next(), letters.next(), letters.next()) {
        (Some(letter), Some(')'), Some(' ')) if letter.is_ascii_lowercase() => {
            Some(letters.as_str())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::document::{Locator, Role};
    use crate::limits::Limits;

    #[test]
    fn paragraphs_lists_and_verses_keep_their_lines() {
        let text = "Plano de ensino da disciplina de Cálculo I, que trata de\r\nlimites e derivadas.\r\n\r\n\
                    1. Limites\r\n2. Derivadas\r\n\r\nBatatinha quando nasce\r\nespalha a rama\r\n";
        let document = read(text, &Limits::default()).unwrap();
        let read: Vec<(&str, Role, u32, u32)> = document
            .blocks
            .iter()
            .map(|block| match block.locator {
                Locator::Lines { start, end } => (block.text.as_str(), block.role, start, end),
                _ => panic!("{block:?}"),
            })
            .collect();
        assert_eq!(
            read,
            [
                (
                    "Plano de ensino da disciplina de Cálculo I, que trata de limites e derivadas.",
                    Role::Paragraph,
                    1,
                    2
                ),
                ("1. Limites", Role::ListItem, 4, 4),
                ("2. Derivadas", Role::ListItem, 5, 5),
                (
                    "Batatinha quando nasce\nespalha a rama",
                    Role::Paragraph,
                    7,
                    8
                ),
            ]
        );
    }

    #[test]
    fn a_text_without_blank_lines_is_cut_into_exact_places() {
        let text = "uma linha de registro\n".repeat(1000);
        let document = read(&text, &Limits::default()).unwrap();
        assert!(document.blocks.len() >= 40);
        assert_eq!(
            document.blocks.last().unwrap().locator,
            Locator::Lines {
                start: 985,
                end: 1000
            }
        );
    }
}
