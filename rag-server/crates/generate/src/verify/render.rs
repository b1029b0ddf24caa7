//! From tokens to Markdown that shows them and does nothing else.

use super::parse::{Block, CODE, EMPHASIS, STRONG, Shape, Token};

/// Writes a block; `number` gives the number under which a passage is shown.
pub(super) fn block(
    block: &Block,
    is_line_start: bool,
    number: &mut dyn FnMut(usize) -> usize,
) -> String {
    let text = inline(&block.tokens, number);
    if text.trim().is_empty() {
        return String::new();
    }
    match &block.shape {
        Shape::Text | Shape::Quotation if is_line_start => escape_start(text.trim_start()),
        Shape::Text | Shape::Quotation => text.trim_start().to_owned(),
        Shape::Heading(depth) => format!("{} {}", "#".repeat(*depth), text.trim()),
        Shape::Item { indent, marker } => format!(
            "{}{marker} {}",
            " ".repeat(*indent),
            escape_start(text.trim_start())
        ),
        Shape::TableHead => {
            let columns = block
                .tokens
                .iter()
                .filter(|token| **token == Token::Cell)
                .count()
                .max(1);
            format!("|{text}\n|{}", " --- |".repeat(columns))
        }
        Shape::TableRow => format!("|{text}"),
        Shape::Code => format!("```\n{}\n```", plain(&block.tokens).trim_end()),
    }
}

/// The characters alone.
pub(super) fn plain(tokens: &[Token]) -> String {
    tokens.iter().filter_map(super::parse::character).collect()
}

fn inline(tokens: &[Token], number: &mut dyn FnMut(usize) -> usize) -> String {
    let mut text = String::new();
    let style = |token: &Token| match token {
        Token::Char(_, style) => Some(*style),
        Token::Cite(_) | Token::Cell => None,
    };
    for run in tokens.chunk_by(|one, other| style(one).is_some() && style(one) == style(other)) {
        match run.first() {
            Some(Token::Char(_, style)) => styled(&plain(run), *style, &mut text),
            Some(Token::Cite(passages)) => {
                for passage in passages {
                    text.push_str(&format!("[{}]", number(*passage)));
                }
            }
            Some(Token::Cell) => text.push_str(" |"),
            None => {}
        }
    }
    text
}

fn styled(words: &str, style: u8, text: &mut String) {
    let inner = words.trim();
    let (before, after) = (
        words.starts_with(char::is_whitespace),
        words.ends_with(char::is_whitespace),
    );
    if before {
        text.push(' ');
    }
    if inner.is_empty() {
        return;
    }
    // Inside code nothing is escaped, so that brackets could be taken for a citation.
    if style & CODE != 0 && !inner.contains(['`', '[', ']', '|']) {
        text.push_str(&format!("`{inner}`"));
    } else {
        let marks = match (style & STRONG != 0, style & EMPHASIS != 0) {
            (true, true) => "***",
            (true, false) => "**",
            (false, true) => "*",
            (false, false) => "",
        };
        text.push_str(marks);
        escape(inner, text);
        text.push_str(marks);
    }
    if after {
        text.push(' ');
    }
}

fn escape(words: &str, text: &mut String) {
    for c in words.chars() {
        if matches!(
            c,
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '~' | '|' | '&' | '$'
        ) {
            text.push('\\');
        }
        text.push(c);
    }
}

/// Marks that mean something at the beginning of a line alone.
fn escape_start(text: &str) -> String {
    let digits = text.chars().take_while(char::is_ascii_digit).count();
    if text.starts_with(['#', '+', '-', '=', ':']) {
        return format!("\\{text}");
    }
    match text.split_at_checked(digits) {
        Some((number, rest)) if digits > 0 && rest.starts_with(['.', ')']) => {
            format!("{number}\\{rest}")
        }
        _ => text.to_owned(),
    }
}
