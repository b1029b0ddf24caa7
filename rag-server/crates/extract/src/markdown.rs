//! Markdown (`CommonMark` with tables, footnotes and task lists). Images are never fetched: their description is
//! read as text.

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use crate::builder::Builder;
use crate::document::{Document, FileKind, Role};
use crate::error::ExtractError;
use crate::flow::Flow;
use crate::grid::{self, Grid};
use crate::html;
use crate::limits::Limits;

pub(crate) fn read(text: &str, limits: &Limits) -> Result<Document, ExtractError> {
    let mut builder = Builder::new(FileKind::Markdown, limits);
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_HEADING_ATTRIBUTES
        | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
    let mut reader = Reader {
        flow: Flow::new(&mut builder),
        text: String::new(),
        context: Vec::new(),
        grid: Grid::default(),
        html: String::new(),
        limit: limits.nesting,
    };
    for event in Parser::new_ext(text, options) {
        reader.take(event)?;
    }
    reader.end_block()?;
    builder.finish()
}

/// Elements around the text being read.
#[derive(Clone, Copy, PartialEq)]
enum Context {
    Heading(u8),
    Item,
    Footnote,
    Code,
    Metadata,
    Cell,
    Other,
}

struct Reader<'b, 'l> {
    flow: Flow<'b, 'l>,
    text: String,
    context: Vec<Context>,
    grid: Grid,
    html: String,
    limit: u64,
}

impl Reader<'_, '_> {
    fn take(&mut self, event: Event<'_>) -> Result<(), ExtractError> {
        match event {
            Event::Start(tag) => self.start(&tag)?,
            Event::End(tag) => self.end(tag)?,
            Event::Text(text)
            | Event::Code(text)
            | Event::InlineMath(text)
            | Event::DisplayMath(text) => {
                self.text.push_str(&text);
            }
            Event::SoftBreak => self.text.push(if self.context.contains(&Context::Code) {
                '\n'
            } else {
                ' '
            }),
            Event::HardBreak => self.text.push('\n'),
            // A tag within a line, such as <br>, sets words apart at most.
            Event::InlineHtml(tag) => {
                if tag.starts_with("<br") {
                    self.text.push('\n');
                }
            }
            Event::Html(block) => self.html.push_str(&block),
            Event::Rule => self.end_block()?,
            Event::FootnoteReference(_) | Event::TaskListMarker(_) => {}
        }
        Ok(())
    }

    fn start(&mut self, tag: &Tag<'_>) -> Result<(), ExtractError> {
        let context = match tag {
            Tag::Heading { level, .. } => Context::Heading(level_number(*level)),
            Tag::Item => Context::Item,
            Tag::FootnoteDefinition(_) => Context::Footnote,
            Tag::CodeBlock(_) => Context::Code,
            Tag::MetadataBlock(_) => Context::Metadata,
            Tag::TableCell => Context::Cell,
            Tag::Table(_) => {
                self.end_block()?;
                self.grid = Grid::default();
                Context::Other
            }
            Tag::TableHead | Tag::TableRow => {
                if matches!(tag, Tag::TableHead) {
                    self.grid.header_rows = 1;
                }
                self.grid.rows.push(Vec::new());
                Context::Other
            }
            _ => Context::Other,
        };
        if opens_block(tag) {
            self.end_block()?;
        }
        self.context.push(context);
        if self.context.len() as u64 > self.limit {
            return Err(ExtractError::TooLarge {
                what: "nesting",
                limit: self.limit,
            });
        }
        Ok(())
    }

    fn end(&mut self, tag: TagEnd) -> Result<(), ExtractError> {
        match tag {
            TagEnd::TableCell => {
                let cell = grid::cell(&std::mem::take(&mut self.text));
                if let Some(row) = self.grid.rows.last_mut() {
                    row.push(cell);
                }
            }
            TagEnd::Table => {
                let grid = std::mem::take(&mut self.grid);
                self.flow.table(grid)?;
            }
            TagEnd::HtmlBlock => {
                let block = std::mem::take(&mut self.html);
                html::read_into(&block, &mut self.flow)?;
            }
            TagEnd::MetadataBlock(_) => self.read_metadata(),
            TagEnd::Paragraph
            | TagEnd::Heading(_)
            | TagEnd::Item
            | TagEnd::CodeBlock
            | TagEnd::BlockQuote(_)
            | TagEnd::FootnoteDefinition => self.end_block()?,
            _ => {}
        }
        self.context.pop();
        Ok(())
    }

    /// `title:`, `author:` and `date:` of a block of settings at the top.
    fn read_metadata(&mut self) {
        let block = std::mem::take(&mut self.text);
        let metadata = self.flow.builder().metadata();
        for line in block.lines() {
            let Some((key, value)) = line.split_once(':') else {
                continue;
            };
            let value = grid::cell(value.trim().trim_matches(['"', '\'']));
            if value.is_empty() {
                continue;
            }
            match grid::fold(key.trim()).as_str() {
                "title" | "titulo" => metadata.title = Some(value),
                "author" | "autor" | "autora" => metadata.author = Some(value),
                "date" | "data" => metadata.created = Some(value),
                _ => {}
            }
        }
    }

    /// Hands on the text read so far, in the role of the elements around it.
    fn end_block(&mut self) -> Result<(), ExtractError> {
        let text = std::mem::take(&mut self.text);
        let innermost = self
            .context
            .iter()
            .rev()
            .find(|context| **context != Context::Other);
        match innermost {
            Some(Context::Heading(level)) => self.flow.heading(*level, &text),
            Some(Context::Item) => self.flow.push_lines(&text, Role::ListItem),
            Some(Context::Footnote) => self.flow.push_lines(&text, Role::Note),
            Some(Context::Code) => self.flow.push_lines(&text, Role::Code),
            Some(Context::Metadata | Context::Cell) => {
                self.text = text;
                Ok(())
            }
            Some(Context::Other) | None => self.flow.push_lines(&text, Role::Paragraph),
        }
    }
}

fn opens_block(tag: &Tag<'_>) -> bool {
    matches!(
        tag,
        Tag::Paragraph
            | Tag::Heading { .. }
            | Tag::List(_)
            | Tag::Item
            | Tag::CodeBlock(_)
            | Tag::BlockQuote(_)
            | Tag::FootnoteDefinition(_)
            | Tag::HtmlBlock
    )
}

fn level_number(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::document::{Locator, Role};
    use crate::limits::Limits;

    #[test]
    fn blocks_stand_under_their_headings() {
        let text = "---\ntitle: \"Plano\"\n---\n# Cálculo I\n\nEmenta em *duas*\nlinhas.\n\n## Avaliação\n\n- P1\n- P2\n  - recuperação\n\n\
                    | Prova | Peso |\n|---|---|\n| P1 | 40% |\n\n```rust\nlet x = 1;\nlet y = 2;\n```\n\n\
                    ![gráfico](http://example.com/a.png)\n\n<div>Aviso <b>importante</b></div>\n\nTexto[^1].\n\n[^1]: Nota.\n";
        let document = read(text, &Limits::default()).unwrap();
        assert_eq!(document.metadata.title.as_deref(), Some("Plano"));
        let read: Vec<(&str, Role)> = document
            .blocks
            .iter()
            .map(|block| (block.text.as_str(), block.role))
            .collect();
        assert_eq!(
            read,
            [
                ("Cálculo I", Role::Heading { level: 1 }),
                ("Ementa em duas linhas.", Role::Paragraph),
                ("Avaliação", Role::Heading { level: 2 }),
                ("P1", Role::ListItem),
                ("P2", Role::ListItem),
                ("recuperação", Role::ListItem),
                (
                    "Prova: P1; Peso: 40%",
                    Role::TableRow {
                        table: 0,
                        total: false
                    }
                ),
                ("let x = 1;\nlet y = 2;", Role::Code),
                ("gráfico", Role::Paragraph),
                ("Aviso importante", Role::Paragraph),
                ("Texto.", Role::Paragraph),
                ("Nota.", Role::Note),
            ]
        );
        assert_eq!(
            document.blocks[3].locator,
            Locator::Section {
                path: vec!["Cálculo I".to_owned(), "Avaliação".to_owned()],
                paragraph: 4
            }
        );
    }

    #[test]
    fn nesting_is_bounded() {
        let deep = format!("{} fim", "> ".repeat(10_000));
        assert!(read(&deep, &Limits::default()).is_err());
    }
}
