//! HTML: headings, paragraphs, lists, tables and code in the order of the source. Scripts, styles, navigation
//! and forms are left out, and nothing the page refers to is fetched.
//!
//! Only the tokenizer of a browser-grade parser is used, not its tree: trees of hostile pages take quadratic
//! time and memory, and the order of the text needs none.

mod page;

use std::cell::RefCell;

use html5ever::TokenizerResult;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{
    BufferQueue, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};

use self::page::Page;
use crate::builder::Builder;
use crate::document::{Document, FileKind};
use crate::encoding;
use crate::error::ExtractError;
use crate::flow::Flow;
use crate::limits::Limits;

/// Attributes of one tag; each new one is compared with those before it.
const MOST_ATTRIBUTES: usize = 2_000;

/// Reads a page; its own `charset` counts where the bytes do not decide.
pub(crate) fn read(bytes: &[u8], limits: &Limits) -> Result<Document, ExtractError> {
    let mut builder = Builder::new(FileKind::Html, limits);
    let text = encoding::decode_labelled(bytes, charset(bytes).as_deref());
    let mut flow = Flow::new(&mut builder);
    let title = read_into(&text, &mut flow)?;
    builder.metadata().title = title;
    builder.finish()
}

/// Reads a page or a part of one into a document; returns the page's title.
pub(crate) fn read_into(
    text: &str,
    flow: &mut Flow<'_, '_>,
) -> Result<Option<String>, ExtractError> {
    if most_attributes(text) > MOST_ATTRIBUTES {
        return Err(ExtractError::TooLarge {
            what: "nesting",
            limit: MOST_ATTRIBUTES as u64,
        });
    }
    let sink = Sink(RefCell::new(Page::new(flow)));
    let tokenizer = Tokenizer::new(sink, TokenizerOpts::default());
    let queue = BufferQueue::default();
    queue.push_back(text.into());
    // The tokenizer stops after scripts, which are not run.
    while let TokenizerResult::Script(()) | TokenizerResult::EncodingIndicator(_) =
        tokenizer.feed(&queue)
    {}
    tokenizer.end();
    tokenizer.sink.0.into_inner().finish()
}

/// The encoding a page names in its first kilobyte (HTML, 13.2.3.2).
fn charset(bytes: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(bytes.get(..bytes.len().min(1024)).unwrap_or_default())
        .to_lowercase();
    let (_, after) = head.split_once("charset")?;
    let value = after
        .trim_start()
        .strip_prefix('=')?
        .trim_start()
        .trim_start_matches(['"', '\'']);
    let label: String = value
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':'))
        .collect();
    (!label.is_empty()).then_some(label)
}

/// Most words, outside quotes, within one tag.
fn most_attributes(text: &str) -> usize {
    let mut most = 0_usize;
    let mut words = 0_usize;
    let mut quote = None;
    let mut in_tag = false;
    let mut blank = false;
    for byte in text.bytes() {
        match (in_tag, quote, byte) {
            (false, _, b'<') => {
                in_tag = true;
                words = 0;
                blank = false;
            }
            (false, _, _) => {}
            (true, Some(mark), byte) if byte == mark => quote = None,
            (true, Some(_), _) => {}
            (true, None, b'"' | b'\'') => quote = Some(byte),
            (true, None, b'>') => in_tag = false,
            (true, None, byte) if byte.is_ascii_whitespace() || byte == b'/' => blank = true,
            (true, None, _) => {
                if blank {
                    words = words.saturating_add(1);
                    most = most.max(words);
                }
                blank = false;
            }
        }
    }
    most
}

struct Sink<'f, 'b, 'l>(RefCell<Page<'f, 'b, 'l>>);

impl TokenSink for Sink<'_, '_, '_> {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut page = self.0.borrow_mut();
        if page.has_failed() {
            return TokenSinkResult::Continue;
        }
        match token {
            Token::TagToken(tag) => {
                let name = tag.name.to_string();
                match tag.kind {
                    TagKind::StartTag => page.start(&name, &tag),
                    TagKind::EndTag => page.end(&name),
                }
                if tag.kind == TagKind::StartTag && !tag.self_closing {
                    return raw_text(&name);
                }
            }
            Token::CharacterTokens(text) => page.characters(&text),
            Token::DoctypeToken(_)
            | Token::CommentToken(_)
            | Token::NullCharacterToken
            | Token::EOFToken
            | Token::ParseError(_) => {}
        }
        TokenSinkResult::Continue
    }
}

/// Elements whose content is no markup (HTML, 13.2.6.4).
fn raw_text(name: &str) -> TokenSinkResult<()> {
    match name {
        "title" | "textarea" => TokenSinkResult::RawData(RawKind::Rcdata),
        "script" => TokenSinkResult::RawData(RawKind::ScriptData),
        "style" | "xmp" | "iframe" | "noembed" | "noframes" => {
            TokenSinkResult::RawData(RawKind::Rawtext)
        }
        _ => TokenSinkResult::Continue,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::read;
    use crate::document::{Document, Role};
    use crate::error::ExtractError;
    use crate::limits::Limits;

    fn document(html: &str) -> Document {
        read(html.as_bytes(), &Limits::default()).unwrap()
    }

    fn blocks(document: &Document) -> Vec<(&str, Role)> {
        document
            .blocks
            .iter()
            .map(|block| (block.text.as_str(), block.role))
            .collect()
    }

    #[test]
    fn text_is_read_and_furniture_is_not() {
        let document = document(
            "<!doctype html><html><head><title>Cálculo &amp; Álgebra</title><style>p{}</style></head><body>\
             <nav><ul><li>Início</li></ul></nav><h1>Ementa</h1><p>Limites e<br>derivadas&nbsp;&mdash; <b>tudo</b>.\
             <ul><li>P1<li>P2</ul><script>if (a < b) document.write('<p>não</p>')</script>\
             <pre>x = 1\ny = 2</pre><form><p>No formulário</p><select><option>um</select></form></body></html>",
        );
        assert_eq!(
            document.metadata.title.as_deref(),
            Some("Cálculo & Álgebra")
        );
        assert_eq!(
            blocks(&document),
            [
                ("Ementa", Role::Heading { level: 1 }),
                ("Limites e derivadas — tudo.", Role::Paragraph),
                ("P1", Role::ListItem),
                ("P2", Role::ListItem),
                ("x = 1\ny = 2", Role::Code),
                ("No formulário", Role::Paragraph),
            ]
        );
    }

    #[test]
    fn tables_have_headers_spans_and_captions() {
        let document = document(
            "<table><caption>Notas</caption><tr><th>Aluno<th colspan=2>Provas<tr><th>Aluno<th>P1<th>P2\
             <tr><td>Ana<td>8,5<td>9</table>\
             <table><tr><td><p>Só <i>layout</i></p></td></tr></table>",
        );
        assert_eq!(document.tables.len(), 1);
        assert_eq!(document.tables[0].name, "Notas");
        assert_eq!(
            document.tables[0].header,
            ["Aluno", "Provas / P1", "Provas / P2"]
        );
        assert_eq!(
            blocks(&document),
            [
                ("Notas", Role::Paragraph),
                (
                    "Aluno: Ana; Provas / P1: 8,5; Provas / P2: 9",
                    Role::TableRow {
                        table: 0,
                        total: false
                    }
                ),
                ("Só layout", Role::Paragraph),
            ]
        );
    }

    #[test]
    fn hostile_pages_are_bounded() {
        let attributes =
            (0..100_000).fold("<p".to_owned(), |page, n| page + &format!(" a{n}=1")) + ">x</p>";
        let tables = "<table><tr><td>".repeat(10_000);
        let spans = format!("<table>{}</table>", "<tr><td colspan=1000>x".repeat(20_000));
        assert_eq!(document(&spans).blocks.len(), 20_000);
        for page in [attributes, tables] {
            assert!(matches!(
                read(page.as_bytes(), &Limits::default()),
                Err(ExtractError::TooLarge {
                    what: "nesting",
                    ..
                })
            ));
        }
        // Depth alone costs nothing without a tree.
        let deep = format!("{}fundo", "<div><b>".repeat(200_000));
        assert_eq!(blocks(&document(&deep)), [("fundo", Role::Paragraph)]);
    }

    proptest! {
        #[test]
        fn any_page_is_read_without_panic(page in "(<(/)?(p|table|tr|td|th|caption|li|ul|h1|pre|nav|script|title|br|select)( a=\"1\")?>|[a-z ]|&amp;|<!--|-->){0,60}") {
            match read(page.as_bytes(), &Limits::default()) {
                Ok(document) => prop_assert!(document.blocks.iter().all(|block| !block.text.trim().is_empty())),
                Err(error) => prop_assert!(matches!(error, ExtractError::NoText)),
            }
        }
    }
}
