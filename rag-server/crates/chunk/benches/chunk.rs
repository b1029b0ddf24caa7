//! Speed of cutting, with a token counter that costs next to nothing: what the cutting itself takes.
//!
//! `cargo bench -p chunk`

use chunk::{ChunkSettings, chunk};
use divan::Bencher;
use divan::counter::BytesCount;
use extract::{Block, Document, FileKind, Locator, Role, Table};

/// Paragraphs like those of course material: abbreviations, numbers, brackets, quotations.
const PARAGRAPHS: [&str; 3] = [
    "A hipertrofia muscular é o aumento da área de secção transversa das fibras (ver fig. 2). Segundo a \
     revisão, p. ex., 10 séries semanais por grupo muscular bastam; acima disso o ganho diminui. O art. 3º do \
     regulamento trata do uso do laboratório, das 8 h às 18 h.",
    "Quando a média é 7,5 e o desvio-padrão 1,2, cerca de 68 % dos valores ficam entre 6,3 e 8,7, se a \
     distribuição for normal. “Não se deve confundir correlação com causa. Nunca”, lembra o texto. E se a \
     amostra for pequena? Usa-se a distribuição t.",
    "O descanso entre as séries dura de 60 a 180 segundos: a) exercícios multiarticulares; b) exercícios \
     monoarticulares; c) circuitos. O volume total é séries vezes repetições vezes carga.",
];

fn main() {
    divan::main();
}

fn words(text: &str) -> usize {
    text.split_ascii_whitespace().count()
}

fn bytes(document: &Document) -> usize {
    document.blocks.iter().map(|block| block.text.len()).sum()
}

/// A book of 300 pages.
fn book() -> Document {
    let mut document = Document::new(FileKind::Pdf);
    for number in 1..=300 {
        let mut push = |role, text: &str| {
            let locator = Locator::Page { number, bbox: None };
            document.blocks.push(Block {
                text: text.to_owned(),
                locator,
                role,
            });
        };
        push(
            Role::Heading {
                level: 1 + (number % 3) as u8,
            },
            "Capítulo de hipertrofia",
        );
        for at in 0..9 {
            push(Role::Paragraph, PARAGRAPHS[at % 3]);
        }
    }
    document
}

/// A sheet of 20,000 rows.
fn sheet() -> Document {
    let mut document = Document::new(FileKind::Xlsx);
    for row in 2..20_002 {
        document.blocks.push(Block {
            text: format!(
                "Exercício: Supino reto {row}; Séries: 4; Repetições: 8 a 12; Descanso: 90 s"
            ),
            locator: Locator::Sheet {
                name: "Treino A".into(),
                range: format!("A{row}:D{row}"),
            },
            role: Role::TableRow {
                table: 0,
                total: false,
            },
        });
    }
    document.tables.push(Table {
        name: "Treino A".into(),
        header: ["Exercício", "Séries", "Repetições", "Descanso"]
            .map(String::from)
            .into(),
        locator: Locator::Sheet {
            name: "Treino A".into(),
            range: "A1:D20001".into(),
        },
        hidden: false,
        rows: Vec::new(),
        columns: Vec::new(),
        row_marks: Vec::new(),
        remarks: Vec::new(),
    });
    document
}

/// One paragraph of a megabyte.
fn one_paragraph() -> Document {
    let mut document = Document::new(FileKind::Text);
    document.blocks.push(Block {
        text: (PARAGRAPHS.join(" ") + " ").repeat(1_200),
        locator: Locator::Lines { start: 1, end: 1 },
        role: Role::Paragraph,
    });
    document
}

#[divan::bench(args = ["book", "sheet", "one paragraph"])]
fn cut(bencher: Bencher<'_, '_>, name: &str) {
    let document = match name {
        "book" => book(),
        "sheet" => sheet(),
        _ => one_paragraph(),
    };
    let settings = ChunkSettings {
        size: 220,
        overlap: 40,
    };
    bencher
        .counter(BytesCount::new(bytes(&document)))
        .bench(|| chunk(divan::black_box(&document), settings, &words));
}
