//! Chunks of small documents, told in words.
#![allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::string_slice,
    reason = "tests"
)]

use crate::{Chunk, ChunkSettings, chunk};
use extract::{Block, Document, FileKind, Locator, Role, Table};

fn page(number: u32) -> Locator {
    Locator::Page { number, bbox: None }
}

fn cells(range: &str) -> Locator {
    Locator::Sheet {
        name: "Treino A".into(),
        range: range.into(),
    }
}

fn block(role: Role, text: &str, locator: Locator) -> Block {
    Block {
        text: text.into(),
        locator,
        role,
    }
}

fn heading(level: u8, text: &str, number: u32) -> Block {
    block(Role::Heading { level }, text, page(number))
}

fn paragraph(text: &str, number: u32) -> Block {
    block(Role::Paragraph, text, page(number))
}

fn item(text: &str, number: u32) -> Block {
    block(Role::ListItem, text, page(number))
}

fn row(table: u32, text: &str, locator: Locator) -> Block {
    block(
        Role::TableRow {
            table,
            total: false,
        },
        text,
        locator,
    )
}

fn table(name: &str, header: &[&str]) -> Table {
    Table {
        name: name.into(),
        header: header.iter().map(ToString::to_string).collect(),
        locator: cells("A1:D9"),
        hidden: false,
        rows: Vec::new(),
        columns: Vec::new(),
        row_marks: Vec::new(),
        remarks: Vec::new(),
    }
}

fn document(blocks: Vec<Block>) -> Document {
    Document {
        blocks,
        ..Document::new(FileKind::Pdf)
    }
}

/// One word is one token.
fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

fn cut(document: &Document, size: usize, overlap: usize) -> Vec<Chunk> {
    chunk(document, ChunkSettings { size, overlap }, &words)
}

fn texts(chunks: &[Chunk]) -> Vec<&str> {
    chunks.iter().map(|chunk| chunk.text.as_str()).collect()
}

fn quotes(chunk: &Chunk) -> Vec<&str> {
    chunk
        .sentences
        .iter()
        .filter_map(|sentence| chunk.quote(sentence))
        .collect()
}

/// `count` sentences of ten words, told apart by `label`.
fn prose(label: &str, count: usize) -> String {
    let sentence = |number| format!("A frase {number} de {label} tem ao todo dez palavras.");
    (1..=count).map(sentence).collect::<Vec<_>>().join(" ")
}

#[test]
fn an_empty_document_has_no_chunks() {
    assert!(cut(&document(vec![]), 100, 10).is_empty());
}

#[test]
fn paragraphs_of_a_page_share_a_chunk_and_pages_do_not() {
    let chunks = cut(
        &document(vec![
            paragraph("Um dois três.", 1),
            paragraph("Quatro.", 1),
            paragraph("Cinco.", 2),
        ]),
        100,
        10,
    );
    assert_eq!(texts(&chunks), ["Um dois três.\nQuatro.", "Cinco."]);
    assert_eq!(chunks[0].locator, page(1));
    assert_eq!(chunks[1].locator, page(2));
    assert_eq!(chunks[1].ordinal, 1);
}

#[test]
fn headings_open_chunks_and_stay_above_later_pages() {
    let chunks = cut(
        &document(vec![
            heading(1, "Hipertrofia", 1),
            heading(2, "Estímulos", 1),
            paragraph("A tensão mecânica é o principal.", 1),
            heading(2, "Volume", 1),
            paragraph("Conta-se em séries.", 1),
            paragraph("Continua na outra página.", 2),
        ]),
        100,
        10,
    );
    assert_eq!(
        texts(&chunks),
        [
            "Hipertrofia\nEstímulos\nA tensão mecânica é o principal.",
            "Volume\nConta-se em séries.",
            "Continua na outra página."
        ]
    );
    assert_eq!(chunks[0].headings, ["Hipertrofia", "Estímulos"]);
    assert_eq!(chunks[2].headings, ["Hipertrofia", "Volume"]);
    assert!(chunks[0].context().is_empty());
    assert_eq!(chunks[1].context(), ["Hipertrofia"]);
    assert_eq!(chunks[2].context(), ["Hipertrofia", "Volume"]);
    let told: Vec<bool> = chunks[0]
        .sentences
        .iter()
        .map(|s| chunks[0].is_heading(s))
        .collect();
    assert_eq!(told, [true, true, false]);
}

#[test]
fn a_heading_with_nothing_below_it_is_found() {
    let chunks = cut(
        &document(vec![paragraph("Fim.", 1), heading(1, "Anexos", 1)]),
        100,
        10,
    );
    assert_eq!(texts(&chunks), ["Fim.", "Anexos"]);
    assert_eq!(chunks[1].headings, ["Anexos"]);
}

#[test]
fn what_is_set_large_but_long_is_no_heading() {
    let long = prose("título", 5);
    let chunks = cut(
        &document(vec![heading(1, &long, 1), paragraph("Texto.", 1)]),
        100,
        0,
    );
    assert_eq!(texts(&chunks), [format!("{long}\nTexto.")]);
    assert!(chunks[0].headings.is_empty());
}

#[test]
fn short_subsections_are_packed_and_long_ones_parted() {
    let section = |name: &str, count| vec![heading(3, name, 1), paragraph(&prose(name, count), 1)];
    let short = cut(
        &document([section("a", 1), section("b", 2)].concat()),
        100,
        0,
    );
    assert_eq!(short.len(), 1);
    assert!(short[0].headings.is_empty(), "they share no heading");
    let long = cut(
        &document([section("a", 4), section("b", 5)].concat()),
        100,
        0,
    );
    assert_eq!(long.len(), 2);
    assert_eq!(long[1].headings, ["b"]);
}

#[test]
fn a_long_paragraph_is_cut_at_sentences_with_overlap() {
    let chunks = cut(&document(vec![paragraph(&prose("um", 9), 4)]), 40, 10);
    assert!(chunks.len() >= 3);
    for pair in chunks.windows(2) {
        assert_eq!(
            quotes(&pair[0]).last(),
            quotes(&pair[1]).first(),
            "the last sentence is repeated"
        );
    }
    assert!(chunks.iter().all(|chunk| words(&chunk.text) <= 40));
}

#[test]
fn a_paragraph_that_fits_is_not_cut() {
    let (a, b, c) = (prose("a", 6), prose("b", 6), prose("c", 6));
    let chunks = cut(
        &document(vec![paragraph(&a, 1), paragraph(&b, 1), paragraph(&c, 1)]),
        100,
        0,
    );
    assert_eq!(texts(&chunks), [a, b, c]);
}

#[test]
fn no_small_remainder_is_left_beside_full_chunks() {
    let chunks = cut(&document(vec![paragraph(&prose("um", 21), 1)]), 100, 0);
    let sizes: Vec<usize> = chunks.iter().map(|chunk| words(&chunk.text)).collect();
    assert_eq!(sizes, [70, 70, 70]);
}

#[test]
fn overlap_never_repeats_the_whole_chunk_before_nor_a_heading() {
    let chunks = cut(
        &document(vec![
            heading(1, "Título", 1),
            paragraph("Curto.", 1),
            paragraph(&prose("b", 10), 1),
        ]),
        100,
        40,
    );
    let repeated = chunks
        .windows(2)
        .any(|pair| pair[1].text.contains(&pair[0].text));
    assert!(!repeated);
    assert_eq!(
        chunks
            .iter()
            .filter(|chunk| chunk.text.contains("Título"))
            .count(),
        1
    );
}

#[test]
fn a_long_sentence_is_cut_at_clauses_then_words() {
    let clause = "um dois três quatro cinco seis sete oito nove dez";
    let chunks = cut(
        &document(vec![paragraph(
            &format!("{clause}; {clause}, {clause} fim"),
            1,
        )]),
        16,
        0,
    );
    let parts: Vec<&str> = chunks.iter().flat_map(quotes).collect();
    assert_eq!(
        parts,
        [
            &format!("{clause};"),
            &format!("{clause},"),
            &format!("{clause} fim")
        ]
    );
}

#[test]
fn a_long_word_is_cut_between_characters() {
    let word = "á".repeat(50) + "👩\u{200d}🔬";
    let count = |text: &str| text.chars().filter(|c| !c.is_whitespace()).count();
    let chunks = chunk(
        &document(vec![paragraph(&word, 1)]),
        ChunkSettings {
            size: 17,
            overlap: 0,
        },
        &count,
    );
    assert!(chunks.iter().all(|chunk| count(&chunk.text) <= 17));
    assert_eq!(chunks.iter().flat_map(quotes).collect::<String>(), word);
    assert!(
        chunks.last().unwrap().text.ends_with("👩\u{200d}🔬"),
        "one sign for the eye"
    );
}

#[test]
fn a_list_stays_with_what_announces_it() {
    let mut blocks = vec![
        paragraph(&prose("a", 8), 1),
        paragraph("Os critérios são:", 1),
    ];
    blocks.extend((1..=8).map(|number| item(&format!("{number}. critério de número {number}"), 1)));
    let chunks = cut(&document(blocks), 90, 0);
    assert_eq!(chunks.len(), 2);
    assert!(chunks[1].text.starts_with("Os critérios são:\n1. critério"));
}

#[test]
fn rows_that_name_their_columns_stand_as_they_are() {
    let rows = [
        row(0, "Exercício: Supino reto; Séries: 4", cells("A2:B2")),
        row(0, "Exercício: Remada; Séries: 3", cells("A3:B3")),
    ];
    let document = Document {
        tables: vec![table("Treino A", &["Exercício", "Séries"])],
        ..document(rows.into())
    };
    let chunks = cut(&document, 100, 20);
    assert_eq!(
        texts(&chunks),
        ["Exercício: Supino reto; Séries: 4\nExercício: Remada; Séries: 3"]
    );
    assert_eq!(chunks[0].headings, ["Treino A"]);
    assert_eq!(chunks[0].locator, cells("A2:B3"));
    assert_eq!(chunks[0].sentences[1].locator, cells("A3:B3"));
}

#[test]
fn the_header_row_is_repeated_above_bare_rows() {
    let rows = (2..=41).map(|n| {
        row(
            0,
            &format!("Aluno {n} | 7,5 | 8,0"),
            cells(&format!("A{n}:C{n}")),
        )
    });
    let document = Document {
        tables: vec![table("Notas", &["Aluno", "P1", "P2"])],
        ..document(rows.collect())
    };
    let chunks = cut(&document, 60, 20);
    assert!(chunks.len() > 1);
    for chunk in &chunks {
        assert!(chunk.text.starts_with("Aluno | P1 | P2\nAluno "));
        assert!(words(&chunk.text) <= 60);
        assert_eq!(chunk.headings, ["Treino A", "Notas"]);
        assert!(
            quotes(chunk).iter().all(|quote| quote.contains("| 7,5 |")),
            "the header is no sentence"
        );
    }
    let rows: usize = chunks.iter().map(|chunk| chunk.sentences.len()).sum();
    assert_eq!(rows, 40, "no overlap in tables");
    assert_eq!(
        chunks.last().map(|chunk| &chunk.locator).and_then(last_row),
        Some(41)
    );
}

fn last_row(locator: &Locator) -> Option<u32> {
    match locator {
        Locator::Sheet { range, .. } => range.rsplit('C').next()?.parse().ok(),
        _ => None,
    }
}

#[test]
fn tables_are_kept_apart_and_a_heading_opens_its_table() {
    let tables = vec![table("Notas", &[]), table("Faltas", &[])];
    let blocks = vec![
        paragraph("Antes.", 1),
        heading(3, "Tabela 1", 1),
        row(0, "a: 1", page(1)),
        row(1, "b: 2", page(1)),
        paragraph("Depois.", 1),
    ];
    let chunks = cut(
        &Document {
            tables,
            ..document(blocks)
        },
        100,
        10,
    );
    assert_eq!(
        texts(&chunks),
        ["Antes.", "Tabela 1\na: 1", "b: 2", "Depois."]
    );
    assert_eq!(chunks[1].headings, ["Tabela 1", "Notas"]);
    assert_eq!(chunks[2].headings, ["Tabela 1", "Faltas"]);
}

#[test]
fn a_slide_does_not_inherit_the_title_of_the_one_before() {
    let slide = |number| Locator::Slide { number };
    let chunks = cut(
        &document(vec![
            block(Role::Heading { level: 1 }, "Média", slide(1)),
            block(Role::ListItem, "Soma dividida por n", slide(1)),
            block(Role::Note, "Dar exemplos.", slide(1)),
            block(Role::Paragraph, "Sem título", slide(2)),
        ]),
        100,
        10,
    );
    assert_eq!(
        texts(&chunks),
        ["Média\nSoma dividida por n\nDar exemplos.", "Sem título"]
    );
    assert!(chunks[1].headings.is_empty());
}

#[test]
fn cues_stay_whole_and_their_time_is_spanned() {
    let cue = |start_ms, text: &str| {
        block(
            Role::Cue,
            text,
            Locator::Time {
                start_ms,
                end_ms: start_ms + 900,
            },
        )
    };
    let chunks = cut(
        &document(vec![
            cue(0, "Bom dia. Hoje"),
            cue(1_000, "falamos de força."),
        ]),
        100,
        10,
    );
    assert_eq!(
        chunks[0].locator,
        Locator::Time {
            start_ms: 0,
            end_ms: 1_900
        }
    );
    assert_eq!(quotes(&chunks[0]), ["Bom dia. Hoje", "falamos de força."]);
}

#[test]
fn in_a_flow_the_place_is_the_first_paragraph() {
    let place = |paragraph| Locator::Section {
        path: vec!["Regras".into()],
        paragraph,
    };
    let chunks = cut(
        &document(vec![
            block(Role::Paragraph, "Um.", place(4)),
            block(Role::Paragraph, "Dois.", place(5)),
        ]),
        100,
        10,
    );
    assert_eq!(chunks[0].locator, place(4));
    assert_eq!(
        chunks[0].headings,
        ["Regras"],
        "the reader knew it without a heading block"
    );
}

#[test]
fn each_sentence_is_counted_once() {
    let text = prose("um", 50);
    let counted = std::cell::Cell::new(0_usize);
    let count = |text: &str| {
        counted.set(counted.get() + text.len());
        words(text)
    };
    let document = document(vec![paragraph(&text, 1), paragraph(&text, 1)]);
    chunk(
        &document,
        ChunkSettings {
            size: 64,
            overlap: 16,
        },
        &count,
    );
    assert!(counted.get() <= 2 * text.len());
}
