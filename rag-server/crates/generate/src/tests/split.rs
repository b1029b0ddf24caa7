use proptest::prelude::*;

use super::{Gap, Kind, Piece, Splitter};

fn pieces(text: &str, portion: usize) -> Vec<Piece> {
    let mut splitter = Splitter::default();
    let mut found = Vec::new();
    let characters: Vec<char> = text.chars().collect();
    for part in characters.chunks(portion.max(1)) {
        splitter.push(&part.iter().collect::<String>());
        while let Some(piece) = splitter.next() {
            found.push(piece);
        }
    }
    splitter.end();
    while let Some(piece) = splitter.next() {
        found.push(piece);
    }
    found
}

fn texts(text: &str) -> Vec<String> {
    pieces(text, 1)
        .into_iter()
        .map(|piece| piece.text)
        .collect()
}

#[test]
fn sentences_keep_the_citations_behind_them() {
    assert_eq!(
        texts("A hipertrofia é crescimento [1]. O descanso importa. [2][3] Fim."),
        [
            "A hipertrofia é crescimento [1].",
            "O descanso importa. [2][3]",
            "Fim."
        ]
    );
    assert_eq!(
        texts("Segundo o Dr. Silva, p. ex. 3 séries. Depois"),
        ["Segundo o Dr. Silva, p. ex. 3 séries.", "Depois"]
    );
    assert_eq!(
        texts("Diz “Um. Dois.” [1] E mais."),
        ["Diz “Um. Dois.” [1]", "E mais."]
    );
    assert_eq!(texts("São 1.234,5 kg. Sim."), ["São 1.234,5 kg.", "Sim."]);
}

#[test]
fn a_sentence_is_given_out_as_soon_as_the_next_one_begins() {
    let mut splitter = Splitter::default();
    splitter.push("A frase é esta [1]. ");
    assert_eq!(splitter.next(), None);
    splitter.push("O");
    assert_eq!(
        splitter.next(),
        Some(Piece {
            kind: Kind::Line,
            text: "A frase é esta [1].".into(),
            after: Gap::Space
        })
    );
    assert_eq!(splitter.next(), None);
}

#[test]
fn tables_and_code_come_whole() {
    let text = "Veja:\n\n| a | b |\n|---|---|\n| 1. X | 2 |\n\n```text\num. Dois\n\ntrês\n```\nFim";
    let kinds: Vec<Kind> = pieces(text, 2)
        .into_iter()
        .filter(|piece| !piece.text.is_empty())
        .map(|piece| piece.kind)
        .collect();
    assert_eq!(kinds, [Kind::Line, Kind::Table, Kind::Code, Kind::Line]);
}

#[test]
fn lists_come_item_by_item() {
    assert_eq!(
        texts("1. Um.\n2. Dois. Três.\n  - quatro"),
        ["1. Um.", "2. Dois.", "Três.", "  - quatro"]
    );
}

proptest! {
    #[test]
    fn portions_do_not_matter(text in "[A-Ca-c1 .!?\\[\\]“”|`\n*-]{0,80}", portion in 1usize..9) {
        prop_assert_eq!(pieces(&text, portion), pieces(&text, 1000));
    }

    #[test]
    fn nothing_is_lost(text in "\\PC{0,40}(\n\\PC{0,40}){0,4}") {
        let bare = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
        let joined: String = pieces(&text, 3).into_iter().map(|piece| piece.text).collect();
        prop_assert_eq!(bare(&joined), bare(&text));
    }
}
