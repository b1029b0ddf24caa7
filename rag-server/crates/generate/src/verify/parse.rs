//! From Markdown to plain tokens: whatever is not text, emphasis, a heading, a list or a table is gone afterwards.

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::cite;
use super::split::Kind;
use super::visible::{is_address, visible};

pub(super) const STRONG: u8 = 1;
pub(super) const EMPHASIS: u8 = 2;
pub(super) const CODE: u8 = 4;

/// Stands where an address stood.
pub(super) const REMOVED: &str = "(endereço removido)";
/// Deepest indentation of a list that is kept, in characters.
const DEEPEST: usize = 12;
/// What is put before the rest of a line, so that it is not taken for the beginning of one.
const STAND_IN: &str = "x ";

/// A character with its style, or a citation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Char(char, u8),
    Cite(Vec<usize>),
    /// Between two cells of a row.
    Cell,
}

/// What a run of tokens is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shape {
    Text,
    Heading(usize),
    Item {
        indent: usize,
        marker: String,
    },
    /// Words of others, shown as a quotation.
    Quotation,
    TableHead,
    TableRow,
    Code,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) shape: Shape,
    pub(super) tokens: Vec<Token>,
}

/// Reads a piece. Also tells whether something that may not be delivered was left out: a link, an image, HTML.
pub(super) fn read(kind: Kind, text: &str) -> (Vec<Block>, bool) {
    let text = visible(text);
    match kind {
        Kind::Table => table(&text),
        Kind::Code => code(&text),
        Kind::More => {
            let (mut block, removed) = inline(
                &format!("{STAND_IN}{}", text.trim_start()),
                Options::empty(),
            );
            block.tokens.drain(..STAND_IN.len().min(block.tokens.len()));
            let block = Block {
                shape: Shape::Text,
                tokens: block.tokens,
            };
            (vec![finish(block)], removed)
        }
        Kind::Line => {
            let trimmed = text.trim_start();
            let indent = (text.len() - trimmed.len()).min(DEEPEST);
            let (mut block, removed) = inline(trimmed, Options::empty());
            if let Shape::Item {
                indent: of_item, ..
            } = &mut block.shape
            {
                *of_item = indent;
            }
            (vec![finish(block)], removed)
        }
    }
}

fn code(text: &str) -> (Vec<Block>, bool) {
    let mut lines: Vec<&str> = text.trim().lines().collect();
    let is_closed = lines.len() > 1
        && lines
            .last()
            .is_some_and(|line| line.trim_start().starts_with(['`', '~']));
    if is_closed {
        lines.pop();
    }
    let tokens = lines
        .iter()
        .skip(1)
        .flat_map(|line| line.chars().chain(['\n']))
        .map(|c| Token::Char(c, 0))
        .collect();
    (
        vec![Block {
            shape: Shape::Code,
            tokens,
        }],
        false,
    )
}

fn table(text: &str) -> (Vec<Block>, bool) {
    let mut rows: Vec<Block> = Vec::new();
    let mut reader = Reader::default();
    for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::TableHead) => rows.push(Block {
                shape: Shape::TableHead,
                tokens: Vec::new(),
            }),
            Event::Start(Tag::TableRow) => rows.push(Block {
                shape: Shape::TableRow,
                tokens: Vec::new(),
            }),
            Event::End(TagEnd::TableCell) => {
                let cell = std::mem::take(&mut reader.tokens);
                if let Some(row) = rows.last_mut() {
                    row.tokens.extend(cell);
                    row.tokens.push(Token::Cell);
                }
            }
            other => reader.take(other),
        }
    }
    if rows.is_empty() {
        // No line below the first says that it is a table.
        let mut removed = false;
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        let blocks = lines.map(|line| {
            let (block, some) = inline(line.trim_start(), Options::empty());
            removed |= some;
            finish(block)
        });
        return (blocks.collect(), removed);
    }
    (rows.into_iter().map(finish).collect(), reader.removed)
}

fn inline(text: &str, options: Options) -> (Block, bool) {
    let mut reader = Reader::default();
    for event in Parser::new_ext(text, options) {
        reader.take(event);
    }
    let shape = reader.shape.unwrap_or(Shape::Text);
    (
        Block {
            shape,
            tokens: reader.tokens,
        },
        reader.removed,
    )
}

#[derive(Default)]
struct Reader {
    shape: Option<Shape>,
    tokens: Vec<Token>,
    strong: usize,
    emphasis: usize,
    images: usize,
    html: usize,
    links: Vec<usize>,
    list: Option<String>,
    removed: bool,
}

impl Reader {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => self.text(&text, 0),
            Event::Code(text) => self.text(&text, CODE),
            Event::SoftBreak | Event::HardBreak => self.text(" ", 0),
            Event::Html(_) | Event::InlineHtml(_) => self.removed = true,
            Event::Rule
            | Event::InlineMath(_)
            | Event::DisplayMath(_)
            | Event::FootnoteReference(_)
            | Event::TaskListMarker(_) => {}
        }
    }

    fn text(&mut self, text: &str, style: u8) {
        if self.images == 0 && self.html == 0 {
            let of = |depth: usize, flag: u8| if depth > 0 { flag } else { 0 };
            let style = style | of(self.strong, STRONG) | of(self.emphasis, EMPHASIS);
            // Entities may have stood for hidden characters.
            self.tokens.extend(
                visible(text)
                    .chars()
                    .map(|c| Token::Char(if c == '\n' { ' ' } else { c }, style)),
            );
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Strong => self.strong += 1,
            Tag::Emphasis => self.emphasis += 1,
            Tag::Image { .. } => {
                self.images += 1;
                self.removed = true;
            }
            Tag::Link { .. } => {
                self.links.push(self.tokens.len());
                self.removed = true;
            }
            Tag::HtmlBlock | Tag::MetadataBlock(_) => {
                self.html += 1;
                self.removed = true;
            }
            Tag::Heading { level, .. } => self.become_a(Shape::Heading(depth(level))),
            Tag::BlockQuote(_) => self.become_a(Shape::Quotation),
            Tag::List(first) => {
                self.list = Some(first.map_or("-".to_owned(), |n| format!("{}.", n.min(999))));
            }
            Tag::Item => {
                let marker = self.list.clone().unwrap_or_else(|| "-".to_owned());
                self.become_a(Shape::Item { indent: 0, marker });
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Strong => self.strong = self.strong.saturating_sub(1),
            TagEnd::Emphasis => self.emphasis = self.emphasis.saturating_sub(1),
            TagEnd::Image => self.images = self.images.saturating_sub(1),
            TagEnd::HtmlBlock | TagEnd::MetadataBlock(_) => self.html = self.html.saturating_sub(1),
            TagEnd::Link => self.unlink(),
            _ => {}
        }
    }

    /// A link becomes its text; one around a number becomes the citation it stood for.
    fn unlink(&mut self) {
        let Some(start) = self.links.pop() else {
            return;
        };
        let text: String = self
            .tokens
            .iter()
            .skip(start)
            .filter_map(character)
            .collect();
        if cite::parse(&text).is_some() {
            let style = 0;
            self.tokens
                .insert(start.min(self.tokens.len()), Token::Char('[', style));
            self.tokens.push(Token::Char(']', style));
        }
    }

    /// The outermost one counts.
    fn become_a(&mut self, shape: Shape) {
        self.shape.get_or_insert(shape);
    }
}

pub(super) fn character(token: &Token) -> Option<char> {
    match token {
        Token::Char(c, _) => Some(*c),
        Token::Cite(_) => None,
        Token::Cell => Some(' '),
    }
}

fn depth(level: HeadingLevel) -> usize {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}

/// Finds citations, and takes addresses out of the words.
fn finish(block: Block) -> Block {
    let tokens = without_addresses(with_citations(unified(block.tokens)));
    Block {
        shape: block.shape,
        tokens,
    }
}

/// Brackets and quotation marks of other shapes become the usual ones.
fn unified(tokens: Vec<Token>) -> Vec<Token> {
    let unify = |token| match token {
        Token::Char(c, style) => {
            let c = match c {
                '【' | '［' => '[',
                '】' | '］' => ']',
                '「' | '『' | '‹' | '〝' | '„' | '‟' => '“',
                '」' | '』' | '›' | '〞' | '〟' => '”',
                '＂' => '"',
                c if c.is_whitespace() => ' ',
                c => c,
            };
            Token::Char(c, style)
        }
        other => other,
    };
    tokens.into_iter().map(unify).collect()
}

fn with_citations(tokens: Vec<Token>) -> Vec<Token> {
    let mut found = Vec::with_capacity(tokens.len());
    let mut rest = tokens.as_slice();
    while let Some((token, after)) = rest.split_first() {
        if matches!(token, Token::Char('[', _))
            && let Some(end) = after
                .iter()
                .position(|token| matches!(token, Token::Char(']', _) | Token::Cell))
            && let Some((inside, behind)) = after.split_at_checked(end)
            && let Some(numbers) =
                cite::parse(&inside.iter().filter_map(character).collect::<String>())
            && let Some((Token::Char(']', _), behind)) = behind.split_first()
        {
            found.push(Token::Cite(numbers));
            rest = behind;
        } else {
            found.push(token.clone());
            rest = after;
        }
    }
    found
}

fn without_addresses(tokens: Vec<Token>) -> Vec<Token> {
    let is_word = |token: &Token| matches!(token, Token::Char(c, _) if !c.is_whitespace());
    let mut kept = Vec::with_capacity(tokens.len());
    for run in tokens.chunk_by(|one, other| is_word(one) == is_word(other)) {
        let word: String = run.iter().filter_map(character).collect();
        if run.first().is_some_and(is_word) && is_address(&word) {
            kept.extend(REMOVED.chars().map(|c| Token::Char(c, 0)));
        } else {
            kept.extend_from_slice(run);
        }
    }
    kept
}
