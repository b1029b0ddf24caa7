//! What holds for the chunks of every document.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::string_slice,
    reason = "tests"
)]

use chunk::{Chunk, ChunkSettings, chunk};
use extract::{Block, Document, FileKind, Locator, Role, Table};
use proptest::prelude::*;

/// What a made-up document consists of; turned into one in which every block has its own place and every
/// word occurs once, so that a sentence can be found again.
#[derive(Debug, Clone)]
enum Made {
    Heading(u8),
    Paragraph(Vec<Sentence>),
    Items(Vec<Sentence>),
    /// Rows of a table of its own, with so many words; the flag: rows name their columns.
    Table(Vec<usize>, bool),
    Code(usize),
    NewPage,
}

/// Words of a sentence, and what comes after it.
#[derive(Debug, Clone)]
struct Sentence {
    words: usize,
    long_word: bool,
    end: &'static str,
}

fn sentence() -> impl Strategy<Value = Sentence> {
    let end = prop::sample::select(vec![
        ". ", "! ", "? ", "... ", " etc. ", ":\n", ";\n", ".\n\n", ", ", " ",
    ]);
    (0_usize..40, prop::bool::weighted(0.05), end).prop_map(|(words, long_word, end)| Sentence {
        words,
        long_word,
        end,
    })
}

fn made() -> impl Strategy<Value = Made> {
    let sentences = || prop::collection::vec(sentence(), 1..8);
    prop_oneof![
        2 => (1_u8..=6).prop_map(Made::Heading),
        5 => sentences().prop_map(Made::Paragraph),
        2 => sentences().prop_map(Made::Items),
        2 => (prop::collection::vec(1_usize..60, 1..30), any::<bool>()).prop_map(|(r, n)| Made::Table(r, n)),
        1 => (1_usize..10).prop_map(Made::Code),
        2 => Just(Made::NewPage),
    ]
}

/// Gives out words that never repeat and are no part of each other.
#[derive(Default)]
struct Words(usize);

impl Words {
    fn next(&mut self) -> String {
        self.0 += 1;
        let stem = ["treino", "Média", "força", "Água", "série"][self.0 % 5];
        format!("{stem}{}z", self.0)
    }

    fn some(&mut self, count: usize) -> String {
        (0..count.max(1))
            .map(|_| self.next())
            .collect::<Vec<_>>()
            .join(" ")
    }

    fn sentence(&mut self, made: &Sentence) -> String {
        let mut text = self.some(made.words);
        if made.long_word {
            text.push(' ');
            text.push_str(&(0..60).map(|_| self.next()).collect::<String>());
        }
        text
    }
}

fn document(made: &[Made], sheet: bool) -> Document {
    let mut document = Document::new(FileKind::Pdf);
    let mut words = Words::default();
    let mut page = 1;
    for part in made {
        let number = document.blocks.len() as u32 + 1;
        let place = |number: u32, page: u32| {
            if sheet {
                Locator::Sheet {
                    name: format!("Planilha {page}"),
                    range: format!("A{number}:D{number}"),
                }
            } else {
                let y = number as f32;
                Locator::Page {
                    number: page,
                    bbox: Some([0.0, y, 9.0, y + 1.0]),
                }
            }
        };
        let mut push = |role, text: String, number| {
            document.blocks.push(Block {
                text,
                locator: place(number, page),
                role,
            });
        };
        match part {
            Made::NewPage => page += 1,
            Made::Heading(level) => push(Role::Heading { level: *level }, words.some(4), number),
            Made::Paragraph(sentences) => {
                let text: String = sentences
                    .iter()
                    .map(|s| words.sentence(s) + s.end)
                    .collect();
                push(Role::Paragraph, text.trim().to_owned(), number);
            }
            Made::Items(items) => {
                for (at, item) in items.iter().enumerate() {
                    push(Role::ListItem, words.sentence(item), number + at as u32);
                }
            }
            Made::Code(lines) => {
                let text = (0..*lines)
                    .map(|_| words.some(3) + " {\n}\n")
                    .collect::<String>();
                push(Role::Code, text.trim().to_owned(), number);
            }
            Made::Table(rows, named) => {
                let table = document.tables.len() as u32;
                for (at, row) in rows.iter().enumerate() {
                    let role = Role::TableRow {
                        table,
                        total: false,
                    };
                    let lead = if *named { "Coluna: " } else { "" };
                    let text = format!("{lead}{}", words.some(*row));
                    document.blocks.push(Block {
                        text,
                        locator: place(number + at as u32, page),
                        role,
                    });
                }
                document.tables.push(Table {
                    name: format!("Tabela {table}"),
                    header: vec!["Coluna".into(), "Outra".into()],
                    locator: place(number, page),
                    hidden: false,
                    rows: Vec::new(),
                    columns: Vec::new(),
                    row_marks: Vec::new(),
                    remarks: Vec::new(),
                });
            }
        }
    }
    document
}

fn settings() -> impl Strategy<Value = ChunkSettings> {
    (16_usize..200, 0.0_f64..0.5).prop_map(|(size, share)| ChunkSettings {
        size,
        overlap: (size as f64 * share) as usize,
    })
}

/// Counters that count no more for a joined text than for its parts.
fn count(kind: u8, text: &str) -> usize {
    match kind {
        0 => text.split_whitespace().count(),
        1 => text
            .split_whitespace()
            .map(|word| word.chars().count().div_ceil(4))
            .sum(),
        _ => text.chars().filter(|sign| !sign.is_whitespace()).count(),
    }
}

fn is_row(block: &Block) -> bool {
    matches!(block.role, Role::TableRow { .. })
}

fn unit(locator: &Locator) -> String {
    match locator {
        Locator::Page { number, .. } => number.to_string(),
        Locator::Sheet { name, .. } => name.clone(),
        other => format!("{other:?}"),
    }
}

/// The block at `locator`: exactly one.
fn block_at<'a>(document: &'a Document, locator: &Locator) -> (usize, &'a Block) {
    let mut found = document
        .blocks
        .iter()
        .enumerate()
        .filter(|(_, block)| block.locator == *locator);
    let block = found
        .next()
        .expect("a block stands where the sentence says");
    assert!(found.next().is_none());
    block
}

/// Everything outside the sentences of a chunk.
fn outside(chunk: &Chunk) -> String {
    let mut rest = String::new();
    let mut end = 0;
    for sentence in &chunk.sentences {
        assert!(
            sentence.start >= end && sentence.start < sentence.end,
            "in order, not overlapping"
        );
        rest.push_str(
            chunk
                .text
                .get(end as usize..sentence.start as usize)
                .expect("on a character border"),
        );
        end = sentence.end;
    }
    rest + chunk
        .text
        .get(end as usize..)
        .expect("on a character border")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn chunks_cover_the_document_and_prove_their_quotes(
        made in prop::collection::vec(made(), 0..25),
        sheet in any::<bool>(),
        settings in settings(),
        kind in 0_u8..3,
    ) {
        let document = document(&made, sheet);
        let chunks = chunk(&document, settings, &|text| count(kind, text));
        prop_assert_eq!(&chunks, &chunk(&document, settings, &|text| count(kind, text)), "same in, same out");

        // Where the text rebuilt so far ends: block, and byte in it.
        let mut at = (0_usize, 0_usize);
        for (ordinal, chunk) in chunks.iter().enumerate() {
            prop_assert_eq!(chunk.ordinal as usize, ordinal);
            prop_assert!(count(kind, &chunk.text) <= settings.size, "{} tokens", count(kind, &chunk.text));
            let rest = outside(chunk);
            let header = rest.trim();
            prop_assert!(header.is_empty() || header == "Coluna | Outra", "left out: {header:?}");

            let mut tables = Vec::new();
            let mut repeated = 0;
            for (place, sentence) in chunk.sentences.iter().enumerate() {
                let (position, block) = block_at(&document, &sentence.locator);
                let text = chunk.quote(sentence).unwrap();
                prop_assert!(block.text.contains(text), "the quote stands where it says");
                prop_assert_eq!(unit(&sentence.locator), unit(&chunk.locator), "no chunk crosses a page");
                if let Role::TableRow { table, .. } = block.role {
                    tables.push(table);
                }
                let heading = matches!(block.role, Role::Heading { level } if level <= 2);
                let only_headings_before = chunk.sentences.iter().take(place).all(|before| {
                    matches!(block_at(&document, &before.locator).1.role, Role::Heading { .. })
                });
                prop_assert!(!heading || only_headings_before, "a main heading begins a chunk");

                // Either the text goes on here, or this is repeated from before.
                while at.0 < position && document.blocks[at.0].text[at.1..].trim().is_empty() {
                    at = (at.0 + 1, 0);
                }
                let left = if at.0 == position { &block.text[at.1..] } else { "" };
                let gap = left.len() - left.trim_start().len();
                if left[gap..].starts_with(text) {
                    at.1 += gap + text.len();
                } else {
                    prop_assert!(at.0 >= position, "nothing was left out");
                    prop_assert!(!is_row(block), "rows are not repeated");
                    prop_assert_eq!(repeated, chunk.sentences[..place].iter().map(|s| {
                        count(kind, chunk.quote(s).unwrap())
                    }).sum::<usize>(), "only the beginning is repeated");
                    repeated += count(kind, text);
                }
            }
            prop_assert!(repeated <= settings.overlap);
            tables.dedup();
            prop_assert!(tables.len() <= 1, "no chunk crosses a table");
            let mixed = !tables.is_empty() && chunk.sentences.iter().any(|sentence| {
                let block = block_at(&document, &sentence.locator).1;
                !is_row(block) && !matches!(block.role, Role::Heading { .. })
            });
            prop_assert!(!mixed, "rows stand with headings at most");
        }
        while at.0 < document.blocks.len() && document.blocks[at.0].text[at.1..].trim().is_empty() {
            at = (at.0 + 1, 0);
        }
        prop_assert_eq!(at.0, document.blocks.len(), "nothing is missing at the end");
    }

    #[test]
    fn no_text_breaks_it(
        texts in prop::collection::vec("[\\PC\n]{1,200}", 0..12),
        roles in prop::collection::vec(0_u8..6, 12),
        size in 0_usize..40,
        overlap in 0_usize..60,
    ) {
        let mut document = Document::new(FileKind::Text);
        for (at, (text, role)) in texts.into_iter().zip(roles).enumerate() {
            let line = at as u32 + 1;
            let role = match role {
                0 => Role::Heading { level: 3 },
                1 => Role::ListItem,
                2 => Role::TableRow { table: 9, total: true },
                3 => Role::Code,
                4 => Role::Cue,
                _ => Role::Paragraph,
            };
            let locator = Locator::Lines { start: line, end: line };
            document.blocks.push(Block { text, locator, role });
        }
        let chunks = chunk(&document, ChunkSettings { size, overlap }, &|text| count(2, text));
        for chunk in &chunks {
            prop_assert!(outside(chunk).trim().is_empty());
            for sentence in &chunk.sentences {
                let (_, block) = block_at(&document, &sentence.locator);
                prop_assert!(block.text.contains(chunk.quote(sentence).unwrap()));
            }
        }
        let signs = |text: &str| text.chars().filter(|sign| !sign.is_whitespace()).count();
        let all: usize = document.blocks.iter().map(|block| signs(&block.text)).sum();
        prop_assert!(chunks.iter().map(|chunk| signs(&chunk.text)).sum::<usize>() >= all);
    }
}
