//! Locked, damaged, hostile and too large files.

use std::collections::BTreeMap;
use std::sync::Arc;

use lopdf::encryption::crypt_filters::{Aes128CryptFilter, Aes256CryptFilter, CryptFilter};
use lopdf::{
    Dictionary, Document as Pdf, EncryptionState, EncryptionVersion, Object, Permissions,
    dictionary,
};
use proptest::prelude::*;

use super::maker::{Maker, bytes, chapter, lines, text};
use super::{on_page, open};
use crate::pdf::read;
use crate::{Document, ExtractError, Limits};

/// Every method lopdf can write.
const METHODS: [&str; 4] = [
    "RC4, 40 bits",
    "RC4, 128 bits",
    "AES, 128 bits",
    "AES, 256 bits",
];

fn locked(method: &str, password: &str) -> Vec<u8> {
    let mut document = chapter();
    let id = Object::string_literal("0123456789abcdef");
    document.trailer.set("ID", vec![id.clone(), id]);
    let permissions = Permissions::all();
    let filters = |filter: Arc<dyn CryptFilter>| BTreeMap::from([(b"StdCF".to_vec(), filter)]);
    let owner = "dono";
    let key = [7_u8; 32];
    let version = match method {
        "RC4, 40 bits" => EncryptionVersion::V1 {
            document: &document,
            owner_password: owner,
            user_password: password,
            permissions,
        },
        "RC4, 128 bits" => EncryptionVersion::V2 {
            document: &document,
            owner_password: owner,
            user_password: password,
            key_length: 128,
            permissions,
        },
        "AES, 128 bits" => EncryptionVersion::V4 {
            document: &document,
            encrypt_metadata: true,
            crypt_filters: filters(Arc::new(Aes128CryptFilter)),
            stream_filter: b"StdCF".to_vec(),
            string_filter: b"StdCF".to_vec(),
            owner_password: owner,
            user_password: password,
            permissions,
        },
        _ => EncryptionVersion::V5 {
            encrypt_metadata: true,
            crypt_filters: filters(Arc::new(Aes256CryptFilter)),
            file_encryption_key: &key,
            stream_filter: b"StdCF".to_vec(),
            string_filter: b"StdCF".to_vec(),
            owner_password: owner,
            user_password: password,
            permissions,
        },
    };
    let state = EncryptionState::try_from(version).unwrap();
    document.encrypt(&state).unwrap();
    bytes(document)
}

#[test]
fn an_empty_password_opens() {
    let plain = open(&bytes(chapter()));
    for method in METHODS {
        let document = open(&locked(method, ""));
        assert_eq!(document.blocks, plain.blocks, "{method}");
    }
}

#[test]
fn another_password_is_asked_for() {
    for method in METHODS {
        let read = read(&locked(method, "segredo"), &Limits::default());
        assert!(
            matches!(read, Err(ExtractError::Encrypted)),
            "{method}: {read:?}"
        );
    }
}

/// The words of the first page of [`chapter`] are there.
fn is_chapter(document: &Document) -> bool {
    on_page(document, 1)
        .iter()
        .any(|(_, text)| text.contains("a sua interpretação geométrica é a inclinação"))
}

#[test]
fn a_lost_cross_reference_is_repaired() {
    let whole = bytes(chapter());
    let at = whole
        .windows(9)
        .rposition(|part| part == b"startxref")
        .unwrap();

    let mut astray = whole.clone();
    astray.truncate(at);
    astray.extend_from_slice(b"startxref\n99999999\n%%EOF");
    assert!(is_chapter(&open(&astray)));

    let table = whole
        .windows(5)
        .rposition(|part| part == b"xref\n")
        .unwrap();
    let first = whole
        .windows(7)
        .position(|part| part == b"1 0 obj")
        .unwrap();
    let mut shifted = whole.clone();
    shifted.splice(
        first..first,
        *b"%\n% bytes that move everything after them\n",
    );
    assert!(
        is_chapter(&open(&shifted)),
        "table at {table} no longer fits"
    );
}

#[test]
fn a_lost_end_costs_nothing_that_is_still_there() {
    let whole = bytes(chapter());
    let table = whole
        .windows(5)
        .rposition(|part| part == b"xref\n")
        .unwrap();
    assert!(is_chapter(&open(&whole[..table])));
}

#[test]
fn text_with_accents_outlives_its_font() {
    let mut document = chapter();
    let fonts: Vec<_> = document
        .objects
        .iter()
        .filter(|(_, object)| object.as_dict().is_ok_and(|font| font.has_type(b"Font")))
        .map(|(id, _)| *id)
        .collect();
    assert_eq!(fonts.len(), 3);
    for id in fonts {
        document.objects.remove(&id);
    }
    assert!(is_chapter(&open(&bytes(document))));
}

#[test]
fn bytes_before_the_header_are_skipped() {
    let mut late = b"lixo antes do arquivo\n".to_vec();
    late.extend(bytes(chapter()));
    assert!(is_chapter(&open(&late)));
}

#[test]
fn what_is_no_pdf_is_damaged() {
    let noise: Vec<u8> = (0..4096_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    for broken in [
        b"%PDF-1.7\n".to_vec(),
        [b"%PDF-1.4\n".to_vec(), noise].concat(),
        b"<html></html>".to_vec(),
    ] {
        let read = read(&broken, &Limits::default());
        assert!(
            matches!(read, Err(ExtractError::Damaged { .. })),
            "{read:?}"
        );
    }
}

#[test]
fn limits_hold() {
    let whole = bytes(chapter());
    let refused = |limits: Limits| match read(&whole, &limits) {
        Err(ExtractError::TooLarge { what, .. }) => what,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        refused(Limits {
            bytes: 100,
            ..Limits::default()
        }),
        "bytes"
    );
    assert_eq!(
        refused(Limits {
            pages: 3,
            ..Limits::default()
        }),
        "pages"
    );
    assert_eq!(
        refused(Limits {
            characters: 50,
            ..Limits::default()
        }),
        "characters"
    );
    assert!(
        read(
            &whole,
            &Limits {
                pages: 4,
                ..Limits::default()
            }
        )
        .is_ok()
    );
}

#[test]
fn a_number_of_pages_is_not_believed() {
    let mut maker = Maker::new();
    maker.page(lines(
        72.0,
        700.0,
        &["Uma única página, embora o arquivo diga outra coisa."],
    ));
    let mut document: Pdf = maker.finish(Dictionary::new());
    let tree = document
        .catalog()
        .unwrap()
        .get(b"Pages")
        .unwrap()
        .as_reference()
        .unwrap();
    document
        .get_dictionary_mut(tree)
        .unwrap()
        .set("Count", 2_000_000_000);
    assert_eq!(open(&bytes(document)).pages.len(), 1);
}

#[test]
fn a_page_tree_that_holds_itself_ends() {
    let mut document = chapter();
    let tree = document
        .catalog()
        .unwrap()
        .get(b"Pages")
        .unwrap()
        .as_reference()
        .unwrap();
    let kids = document
        .get_dictionary_mut(tree)
        .unwrap()
        .get_mut(b"Kids")
        .unwrap();
    kids.as_array_mut().unwrap().push(tree.into());
    let read = read(&bytes(document), &Limits::default()).unwrap();
    assert!(is_chapter(&read));
}

fn refused_as_nested(bytes: &[u8]) {
    let read = read(bytes, &Limits::default());
    let nested = matches!(
        read,
        Err(ExtractError::TooLarge {
            what: "nesting",
            ..
        })
    );
    assert!(nested, "{read:?}");
}

#[test]
fn deep_nesting_is_refused_before_it_is_parsed() {
    let deep = 200_000;
    let mut bytes = bytes(chapter());
    let at = bytes.windows(6).position(|part| part == b"endobj").unwrap();
    let object = ["<</A ".repeat(deep), "1".to_owned(), ">>".repeat(deep)].concat();
    bytes.splice(at..at, object.into_bytes());
    refused_as_nested(&bytes);
}

#[test]
fn a_deep_page_tree_is_refused() {
    let mut document = chapter();
    let root = document
        .catalog()
        .unwrap()
        .get(b"Pages")
        .unwrap()
        .as_reference()
        .unwrap();
    let kids = document
        .get_dictionary(root)
        .unwrap()
        .get(b"Kids")
        .unwrap()
        .clone();
    let mut below =
        document.add_object(dictionary! { "Type" => "Pages", "Kids" => kids, "Count" => 4 });
    for _ in 0..20_000 {
        let kids = vec![below.into()];
        below =
            document.add_object(dictionary! { "Type" => "Pages", "Kids" => kids, "Count" => 4 });
    }
    document
        .get_dictionary_mut(root)
        .unwrap()
        .set("Kids", vec![below.into()]);
    refused_as_nested(&bytes(document));
}

#[test]
fn a_deep_tree_of_structure_is_refused() {
    let mut document = chapter();
    let mut below = document.add_object(dictionary! { "Type" => "StructElem", "S" => "P" });
    for _ in 0..20_000 {
        below =
            document.add_object(dictionary! { "Type" => "StructElem", "S" => "P", "K" => below });
    }
    let root = dictionary! { "Type" => "StructTreeRoot", "K" => vec![below.into()] };
    document.catalog_mut().unwrap().set("StructTreeRoot", root);
    refused_as_nested(&bytes(document));
}

#[test]
fn a_page_of_endless_text_printed_over_itself_is_read_once() {
    let mut maker = Maker::new();
    let mut page = Vec::new();
    for row in 0..41_000_u16 {
        page.extend(text(
            "Text",
            11.0,
            72.0,
            740.0 - 14.0 * f32::from(row % 40),
            "palavra",
        ));
    }
    maker.page(page);
    let document = open(&bytes(maker.finish(Dictionary::new())));
    assert_eq!(document.pages[0].characters, 40 * 7);
}

/// Whatever comes out, nothing panics out, and what is read is in order.
fn survives(bytes: &[u8]) {
    if let Ok(document) = read(bytes, &Limits::default()) {
        for block in &document.blocks {
            assert!(!block.text.trim().is_empty());
            assert!(
                !block
                    .text
                    .chars()
                    .any(|letter| letter.is_control() && letter != '\n')
            );
        }
        let numbers: Vec<u32> = document.pages.iter().map(|page| page.number).collect();
        let expected: Vec<u32> = (1..).take(numbers.len()).collect();
        assert_eq!(numbers, expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn flipped_bytes_are_survived(flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..40)) {
        let mut mutated = bytes(chapter());
        for (index, byte) in flips {
            let index = index.index(mutated.len());
            mutated[index] = byte;
        }
        survives(&mutated);
    }

    #[test]
    fn lost_and_doubled_parts_are_survived(
        from in any::<prop::sample::Index>(),
        length in 1..600_usize,
        to in any::<prop::sample::Index>(),
        keep in any::<bool>(),
    ) {
        let mut mutated = bytes(chapter());
        let from = from.index(mutated.len());
        let end = from.saturating_add(length).min(mutated.len());
        let part: Vec<u8> = if keep { mutated[from..end].to_vec() } else { mutated.drain(from..end).collect() };
        let to = to.index(mutated.len() + 1);
        mutated.splice(to..to, part);
        survives(&mutated);
    }

    #[test]
    fn cut_files_are_survived(end in any::<prop::sample::Index>()) {
        let whole = bytes(chapter());
        survives(&whole[..end.index(whole.len())]);
    }
}
