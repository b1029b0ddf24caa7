use std::sync::LazyLock;

use proptest::prelude::*;
use tokenizers::normalizers::unicode::NFKC;
use tokenizers::{NormalizedString, Normalizer as _};
use unicode_normalization::UnicodeNormalization as _;

use super::{Token, Tokenizer};

const JSON: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../../assets/models/e5-small-pt-en/tokenizer.json"
);

static OURS: LazyLock<Tokenizer> =
    LazyLock::new(|| Tokenizer::read(&std::fs::read_to_string(JSON).unwrap()).unwrap());

/// The Hugging Face library on the same file, told to take special tokens in the text for text.
static THEIRS: LazyLock<tokenizers::Tokenizer> = LazyLock::new(|| {
    let mut tokenizer = tokenizers::Tokenizer::from_file(JSON).unwrap();
    tokenizer.set_encode_special_tokens(true);
    tokenizer
});

/// Fails unless both tokenizers agree on the tokens of `text`.
fn agree(text: &str) -> Result<(), TestCaseError> {
    let (ours, truncated) = OURS.encode(text, usize::MAX);
    let theirs = THEIRS.encode_fast(text, false).unwrap();
    let ids = ours.iter().map(|token| token.id).collect::<Vec<_>>();
    prop_assert_eq!(&ids, theirs.get_ids(), "{:?}", text);
    prop_assert_eq!(OURS.count(text), ids.len());
    prop_assert!(!truncated);

    prop_assert!(ours.is_sorted_by_key(|token| token.start));
    prop_assert!(ours.iter().all(|token| text.is_char_boundary(token.start)));
    Ok(())
}

/// Fails unless our starts lie in their tokens. Theirs are exact where normalisation changes nothing.
fn agree_on_places(text: &str) {
    let (ours, _) = OURS.encode(text, usize::MAX);
    let theirs = THEIRS.encode(text, false).unwrap();
    for (Token { start, .. }, (from, to)) in ours.iter().zip(theirs.get_offsets()) {
        assert!(
            from <= start && start <= to,
            "{text:?}: {start} in {from}..{to}"
        );
    }
}

#[test]
fn agrees_with_hugging_face_on_real_paragraphs_and_questions() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../evals/faquad-dev.json");
    let file: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut compared = 0;
    for document in file["data"].as_array().unwrap() {
        for paragraph in document["paragraphs"].as_array().unwrap() {
            let questions = paragraph["qas"].as_array().unwrap();
            let questions = questions.iter().map(|question| &question["question"]);
            for text in questions.chain([&paragraph["context"]]) {
                let text = text.as_str().unwrap();
                agree(text).unwrap();
                if !text.contains("  ") && text.nfkc().eq(text.chars()) {
                    agree_on_places(text);
                }
                compared += 1;
            }
        }
    }
    assert!(compared > 600, "{compared} texts");
}

#[test]
fn agrees_with_hugging_face_on_what_normalisation_changes() {
    for text in [
        "",
        " ",
        "   ",
        "\u{1}",
        "\u{1} \u{1}",
        "a  b   c ",
        "\tlinha\r\nnova\u{c}página",
        "e\u{301} e\u{1}\u{301} e \u{301}",
        "ﬁm ﬂor ½ ² № ㎏ ﷺ",
        "1º 2ª espaço\u{a0}duro fino\u{202f}",
        "▁sublinhado▁ ▁",
        "\u{200b}zero\u{200d}largura\u{feff}",
        "\u{1100}\u{1161}\u{11a8} 각 \u{1112}",
        "日本語のテキスト и кириллица عربي",
        "😀😀 a😀b",
        "\u{fdd0}\u{10ffff}",
        "ǆ Ǆ ſ İ \u{344} \u{1e9b}\u{323}",
        "\u{a8}",
        "𝒜𝓃𝓉𝑜𝓃𝒾𝑜 𝟙𝟚𝟛",
    ] {
        agree(text).unwrap();
    }
    agree(&"palavra".repeat(2_000)).unwrap();
    agree(&"\u{4e00}".repeat(500)).unwrap();
}

#[test]
fn special_tokens_written_out_are_text() {
    for text in ["<s>", "</s>", "<pad>", "<unk>", "antes <s> depois</s>"] {
        let (tokens, _) = OURS.encode(text, usize::MAX);
        for special in [OURS.begin, OURS.end] {
            assert!(tokens.iter().all(|token| token.id != special), "{text}");
        }
    }
}

#[test]
fn starts_are_where_words_and_pieces_begin() {
    let text = "  O prazo,\u{a0}n\u{1}ão";
    let (tokens, _) = OURS.encode(text, usize::MAX);
    let pieces = tokens
        .iter()
        .map(|token| (THEIRS.id_to_token(token.id).unwrap(), token.start))
        .collect::<Vec<_>>();
    let pieces = pieces
        .iter()
        .map(|(piece, start)| (piece.as_str(), *start))
        .collect::<Vec<_>>();
    assert_eq!(pieces, [("▁O", 2), ("▁prazo", 4), (",", 9), ("▁não", 12)]);
}

#[test]
fn reads_no_other_kind_of_file() {
    let json = std::fs::read_to_string(JSON).unwrap();
    for (from, to) in [
        ("\"Unigram\"", "\"BPE\""),
        ("\"NFKC\"", "\"NFC\""),
        ("\"Metaspace\"", "\"Whitespace\""),
        (
            "\"prepend_scheme\":\"always\"",
            "\"prepend_scheme\":\"never\"",
        ),
        ("\"unk_id\":3", "\"unk_id\":99999"),
        (" {2,}", "x+"),
        ("\"<s>\"", "\"<x>\""),
    ] {
        assert!(json.contains(from), "{from}");
        assert!(Tokenizer::read(&json.replace(from, to)).is_err(), "{from}");
    }
    assert!(Tokenizer::read("{}").is_err());
}

/// Text with what normalisation, word marks and unknown pieces make hard.
fn difficult_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        3 => "[a-zà-ü]{1,12}",
        2 => " {1,3}",
        1 => "[A-Z0-9.,;:()%-]{1,6}",
        1 => "\\PC{1,4}",
        1 => any::<String>(),
        1 => proptest::sample::select(vec![
            "\u{301}", "\u{327}\u{301}", "\u{1}", "\u{7f}", "\u{9f}", "\t", "\n", "\u{2028}",
            "\u{200b}", "\u{a0}", "\u{3000}", "\u{feff}", "▁", "ﬁ", "º", "ª", "\u{1161}",
            "\u{11a8}", "가", "İ", "ß", "µ", "…", "™", "¨", "\u{345}", "\u{fffd}", "<s>",
        ]).prop_map(str::to_owned),
    ];
    proptest::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn agrees_with_hugging_face(text in difficult_text()) {
        // Theirs takes a written-out special token for a piece of the vocabulary.
        prop_assume!(!["<s>", "</s>", "<pad>", "<unk>"].iter().any(|special| text.contains(special)));
        // Their tables are of an older Unicode, without what came since (🅬 is "MR").
        let mut normalised = NormalizedString::from(text.as_str());
        NFKC.normalize(&mut normalised).unwrap();
        prop_assume!(text.nfkc().eq(normalised.get().chars()));
        agree(&text)?;
    }

    #[test]
    fn a_limit_gives_the_first_tokens(text in difficult_text(), limit in 0_usize..40) {
        let (all, _) = OURS.encode(&text, usize::MAX);
        let (some, truncated) = OURS.encode(&text, limit);
        prop_assert_eq!(&some[..], &all[..limit.min(all.len())]);
        prop_assert_eq!(truncated, all.len() > limit);
    }

    #[test]
    fn a_prefix_adds_its_own_tokens(text in difficult_text()) {
        prop_assume!(OURS.count(&text) > 0);
        prop_assert_eq!(
            OURS.count(&format!("passage: {text}")),
            OURS.count("passage:") + OURS.count(&text)
        );
    }
}
