//! Kinds of text: subtitles, HTML, delimited values, Markdown, plain.

use crate::delimited;
use crate::document::FileKind;
use crate::error::ExtractError;
use crate::mail;
use crate::subtitles;

/// Characters looked at; what a text is shows at its beginning.
const HEAD: usize = 1 << 16;
/// Share of records with the same number of values that make a table without any other hint.
const SURE_TABLE: f64 = 0.9;
/// Values of a table are short; the commas of prose stand between longer pieces.
const LONGEST_VALUE: usize = 48;

/// Decoded bytes are text: next to no controls and no characters that could not be decoded.
pub(super) fn is_text(text: &str) -> bool {
    let mut wrong = 0_usize;
    let mut all = 0_usize;
    for c in head(text).chars() {
        all = all.saturating_add(1);
        let odd = c == '\u{fffd}'
            || c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{c}' | '\u{1a}' | '\u{85}');
        if c == '\0' {
            return false;
        }
        wrong = wrong.saturating_add(usize::from(odd));
    }
    wrong.saturating_mul(50) <= all
}

/// The kind of a text; `extension` in lower case breaks ties.
///
/// # Errors
/// `UnknownType` for XML that is no page.
pub(super) fn kind(text: &str, extension: Option<&str>) -> Result<FileKind, ExtractError> {
    let start = head(text).trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    if is_web_subtitles(start) {
        return Ok(FileKind::Vtt);
    }
    if is_subtitles(start) {
        return Ok(FileKind::Srt);
    }
    if mail::is_message(start) {
        return Ok(FileKind::Eml);
    }
    let markdown_name = matches!(extension, Some("md" | "markdown" | "mdown" | "mkd"));
    if is_page(start, markdown_name) {
        return Ok(FileKind::Html);
    }
    if start.starts_with("<?xml") {
        return Err(ExtractError::UnknownType);
    }
    let signs = markdown_signs(start);
    if markdown_name && !is_table(text, 3) || signs >= 3 {
        return Ok(FileKind::Markdown);
    }
    match extension {
        Some("csv" | "tsv" | "tab") if delimited::dialect(text).is_some() || !is_prose(start) => {
            Ok(FileKind::Csv)
        }
        Some("txt" | "text" | "log") => Ok(if is_table(text, 3) {
            FileKind::Csv
        } else {
            FileKind::Text
        }),
        _ if is_table(text, 2) => Ok(FileKind::Csv),
        _ if signs >= 2 => Ok(FileKind::Markdown),
        _ => Ok(FileKind::Text),
    }
}

fn head(text: &str) -> &str {
    text.get(..text.floor_char_boundary(HEAD)).unwrap_or(text)
}

/// `WEBVTT`, alone or followed by white space (W3C `WebVTT`, 4.1).
fn is_web_subtitles(start: &str) -> bool {
    start
        .strip_prefix("WEBVTT")
        .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
}

/// A line of times among the first lines, after nothing but a number.
fn is_subtitles(start: &str) -> bool {
    let mut lines = start.lines().map(str::trim).filter(|line| !line.is_empty());
    match (lines.next(), lines.next()) {
        (Some(first), _) if subtitles::is_timing(first) => true,
        (Some(first), Some(second)) => {
            first.bytes().all(|byte| byte.is_ascii_digit()) && subtitles::is_timing(second)
        }
        _ => false,
    }
}

/// A page says so at once; a part of a page begins with an element of one and closes it.
fn is_page(start: &str, markdown_name: bool) -> bool {
    let mut rest = start;
    loop {
        rest = rest.trim_start();
        if let Some(comment) = rest.strip_prefix("<!--") {
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
        } else if let Some(declaration) = rest.strip_prefix("<?xml") {
            rest = declaration.split_once("?>").map_or("", |(_, after)| after);
        } else {
            break;
        }
    }
    let lower: String = rest.chars().take(2048).collect::<String>().to_lowercase();
    let Some(tag) = lower.strip_prefix('<') else {
        return false;
    };
    if tag.starts_with("!doctype html") || tag.starts_with("html") {
        return true;
    }
    if markdown_name {
        return false;
    }
    let name: String = tag
        .chars()
        .take_while(char::is_ascii_alphanumeric)
        .collect();
    let known = [
        "head",
        "body",
        "title",
        "meta",
        "div",
        "p",
        "table",
        "h1",
        "h2",
        "h3",
        "h4",
        "ul",
        "ol",
        "section",
        "article",
        "main",
        "header",
        "center",
        "span",
        "font",
        "b",
        "pre",
        "blockquote",
        "style",
        "script",
        "link",
        "base",
        "nav",
    ];
    known.contains(&name.as_str()) && (lower.contains("</") || name == "meta" || name == "link")
}

/// At least `columns` short values in nearly every record, and more than one record.
fn is_table(text: &str, columns: usize) -> bool {
    let Some(dialect) = delimited::dialect(text) else {
        return false;
    };
    let start = head(text);
    let characters = start.chars().count();
    let lines = start
        .lines()
        .filter(|line| !line.trim().is_empty())
        .count()
        .max(1);
    let value = characters
        .checked_div(lines.saturating_mul(dialect.columns))
        .unwrap_or(0);
    let ends_in_stops = start
        .lines()
        .filter(|line| line.trim_end().ends_with('.'))
        .count();
    let commas = start.matches(',').count();
    let spaced = start.matches(", ").count().saturating_mul(2) > commas;
    let prose = dialect.delimiter == b','
        && (ends_in_stops.saturating_mul(4) > lines || spaced || start.starts_with(['{', '[']));
    dialect.records > 1
        && dialect.columns >= columns
        && dialect.agreement >= SURE_TABLE
        && value <= LONGEST_VALUE
        && !prose
        && !start.lines().any(is_table_rule)
}

fn is_prose(start: &str) -> bool {
    start
        .lines()
        .any(|line| line.chars().count() > 200 && line.contains(". "))
}

/// `|---|:--:|` under the header of a Markdown table.
fn is_table_rule(line: &str) -> bool {
    let line = line.trim();
    line.contains("--")
        && line.contains('|')
        && line.chars().all(|c| matches!(c, '|' | '-' | ':' | ' '))
}

/// How many different marks of Markdown a text shows.
fn markdown_signs(start: &str) -> usize {
    let is_heading = |line: &&str| {
        let rest = line.trim_start_matches('#');
        (1..=6).contains(&line.len().saturating_sub(rest.len()))
            && rest.starts_with(' ')
            && rest.trim().len() > 1
    };
    let headings = start.lines().filter(is_heading).count() > 0;
    let fences = start.lines().filter(|line| line.starts_with("```")).count() > 1;
    let rules = start.lines().any(is_table_rule);
    let links = start.contains("](");
    let emphasis = start.matches("**").count() > 1;
    let items = start
        .lines()
        .filter(|line| line.starts_with("- ") || line.starts_with("* "))
        .count()
        > 1;
    [headings, fences, rules, links, emphasis, items]
        .iter()
        .filter(|sign| **sign)
        .count()
}

#[cfg(test)]
mod tests {
    use super::{is_text, kind};
    use crate::document::FileKind;

    #[test]
    fn content_decides_and_the_extension_breaks_ties() {
        let notes = "Aluno;P1;P2\nAna;8,5;9\nBia;7;6,5\n";
        let plain = "Caros alunos, bom dia.\nA prova, como dito, será na sexta.\nTragam caneta, lápis e borracha.\n";
        let markdown = "# Plano\n\n- um\n- dois\n\n**negrito** e [link](http://example.com)\n";
        for (text, extension, expected) in [
            (
                "WEBVTT\n\n00:01.000 --> 00:02.000\noi\n",
                "txt",
                FileKind::Vtt,
            ),
            (
                "1\n00:00:01,000 --> 00:00:02,000\noi\n",
                "txt",
                FileKind::Srt,
            ),
            (
                "\u{feff}\n<!DOCTYPE html><html><p>oi</p></html>",
                "pdf",
                FileKind::Html,
            ),
            ("<!-- salvo --><div>oi</div>", "doc", FileKind::Html),
            (
                "<p align=\"center\">logo</p>\n\n# Projeto\n",
                "md",
                FileKind::Markdown,
            ),
            (notes, "xlsx", FileKind::Csv),
            (notes, "txt", FileKind::Csv),
            (notes, "", FileKind::Csv),
            (plain, "txt", FileKind::Text),
            (plain, "pdf", FileKind::Text),
            (plain, "", FileKind::Text),
            (markdown, "txt", FileKind::Markdown),
            ("uma frase só", "md", FileKind::Markdown),
            ("Aluno\nAna\nBia\n", "csv", FileKind::Csv),
            ("Olá, turma\nBom dia, turma\n", "", FileKind::Text),
            (
                "{\"a\":1,\"b\":2}\n{\"a\":3,\"b\":4}\n",
                "jsonl",
                FileKind::Text,
            ),
            (
                "| a | b |\n|---|---|\n| 1 | 2 |\n",
                "md",
                FileKind::Markdown,
            ),
        ] {
            assert_eq!(
                kind(text, Some(extension)).unwrap(),
                expected,
                "{text:?} as .{extension}"
            );
        }
        assert!(kind("<?xml version=\"1.0\"?><svg/>", Some("svg")).is_err());
    }

    #[test]
    fn binary_is_no_text() {
        assert!(is_text("Olá,\tmundo\r\n"));
        assert!(!is_text("\0\u{1}\u{2}"));
        assert!(!is_text(&"\u{fffd}\u{3}x".repeat(20)));
    }
}
