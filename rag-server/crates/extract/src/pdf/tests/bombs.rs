//! Files made to exhaust readers: more to unpack than any real file has, loops of references, too many pages.

use std::fmt::Write as _;

use lopdf::{Dictionary, Document as Pdf, Object, ObjectId, Stream, dictionary};

use super::maker::{Maker, bytes, chapter, lines};
use super::{on_page, open};
use crate::pdf::read;
use crate::{ExtractError, Limits, Role};

/// Bytes a file may unpack to in these tests.
const UNPACKED: u64 = 4 << 20;

const SENTENCE: &str = "Uma frase bastante longa, que fica onde estava.";

/// A document of one page with some text.
fn page() -> (Maker, ObjectId) {
    let mut maker = Maker::new();
    let page = maker.page(lines(72.0, 700.0, &[SENTENCE]));
    (maker, page)
}

/// Deflated `times` times.
fn packed(content: &[u8], times: usize) -> Stream {
    let mut stream = Stream::new(Dictionary::new(), content.to_vec());
    for _ in 0..times {
        let mut once = Stream::new(Dictionary::new(), stream.content);
        once.compress().unwrap();
        stream = once;
    }
    let filters = vec![Object::from("FlateDecode"); times];
    stream.dict.set("Filter", filters);
    stream.dict.set("Length", stream.content.len() as i64);
    stream
}

fn is_swollen(bytes: &[u8]) -> bool {
    let limits = Limits {
        unpacked_bytes: UNPACKED,
        ..Limits::default()
    };
    matches!(
        read(bytes, &limits),
        Err(ExtractError::TooLarge {
            what: "bytes",
            limit: UNPACKED
        })
    )
}

fn set(document: &mut Pdf, id: ObjectId, key: &str, value: impl Into<Object>) {
    document.get_dictionary_mut(id).unwrap().set(key, value);
}

#[test]
fn contents_that_unpack_without_end_are_refused() {
    for (size, times) in [(64 << 20, 1), (64 << 20, 2)] {
        let (mut maker, page) = page();
        let bomb = maker.document.add_object(packed(&vec![b' '; size], times));
        set(&mut maker.document, page, "Contents", bomb);
        let bytes = bytes(maker.finish(Dictionary::new()));
        assert!(bytes.len() < 200_000);
        assert!(is_swollen(&bytes), "{times} times");
    }
}

#[test]
fn filters_named_elsewhere_or_in_short_are_seen() {
    for kind in ["elsewhere", "short"] {
        let (mut maker, page) = page();
        let mut bomb = packed(&vec![b' '; 64 << 20], 1);
        if kind == "short" {
            bomb.dict.set("Filter", "Fl");
        } else {
            let filter = maker.document.add_object(Object::from("FlateDecode"));
            bomb.dict.set("Filter", filter);
        }
        let bomb = maker.document.add_object(bomb);
        set(&mut maker.document, page, "Contents", bomb);
        assert!(
            is_swollen(&bytes(maker.finish(Dictionary::new()))),
            "{kind}"
        );
    }
}

#[test]
fn other_streams_that_unpack_without_end_are_refused() {
    // Nobody needs to point at it: whatever reads fonts, maps of characters and forms unpacks in the same way.
    let (mut maker, _) = page();
    maker.document.add_object(packed(&vec![0; 64 << 20], 1));
    assert!(is_swollen(&bytes(maker.finish(Dictionary::new()))));
}

#[test]
fn a_file_without_page_tree_is_measured_too() {
    let (mut maker, page) = page();
    let bomb = maker.document.add_object(packed(&vec![b' '; 64 << 20], 1));
    set(&mut maker.document, page, "Contents", bomb);
    let mut document = maker.finish(Dictionary::new());
    document.catalog_mut().unwrap().remove(b"Pages");
    assert!(is_swollen(&bytes(document)));
}

#[test]
fn one_stream_shown_again_and_again_is_counted_each_time() {
    let half = vec![b' '; 1 << 20];
    let (mut maker, first) = page();
    let content = maker.document.add_object(packed(&half, 1));
    set(
        &mut maker.document,
        first,
        "Contents",
        vec![content.into(); 3],
    );
    let fits = bytes(maker.finish(Dictionary::new()));
    assert!(!is_swollen(&fits));

    let (mut maker, first) = page();
    let content = maker.document.add_object(packed(&half, 1));
    set(
        &mut maker.document,
        first,
        "Contents",
        vec![content.into(); 5],
    );
    assert!(
        is_swollen(&bytes(maker.finish(Dictionary::new()))),
        "in one page"
    );

    let (mut maker, first) = page();
    let content = maker.document.add_object(packed(&half, 1));
    set(&mut maker.document, first, "Contents", content);
    for _ in 0..4 {
        let next = maker.page(Vec::new());
        set(&mut maker.document, next, "Contents", content);
    }
    assert!(
        is_swollen(&bytes(maker.finish(Dictionary::new()))),
        "in five pages"
    );
}

#[test]
fn a_large_picture_does_not_count() {
    let (mut maker, _) = page();
    let mut picture = packed(&vec![0xFF; 8 << 20], 1);
    picture.dict.extend(&dictionary! {
        "Type" => "XObject", "Subtype" => "Image", "Width" => 4096, "Height" => 2048,
        "ColorSpace" => "DeviceGray", "BitsPerComponent" => 8,
    });
    maker.document.add_object(picture);
    assert!(!is_swollen(&bytes(maker.finish(Dictionary::new()))));
}

/// Whether the text of [`page`] is found in spite of what was done to it.
fn keeps_its_text(document: Pdf) {
    let read = open(&bytes(document));
    assert!(
        on_page(&read, 1).iter().any(|(_, text)| *text == SENTENCE),
        "{read:?}"
    );
}

/// The document of [`page`], which also shows the first of some forms. Each form shows those that `shown` names.
fn with_forms(forms: usize, shown: impl Fn(usize) -> Vec<usize>) -> Pdf {
    let (mut maker, page) = page();
    let document = &mut maker.document;
    let ids: Vec<ObjectId> = (0..forms).map(|_| document.new_object_id()).collect();
    for (index, id) in ids.iter().enumerate() {
        let mut listed = Dictionary::new();
        let mut content = String::new();
        for (place, other) in shown(index).into_iter().enumerate() {
            listed.set(format!("F{place}"), ids[other]);
            write!(content, "/F{place} Do ").unwrap();
        }
        let form = dictionary! {
            "Type" => "XObject", "Subtype" => "Form", "BBox" => vec![0.into(), 0.into(), 612.into(), 792.into()],
            "Resources" => dictionary! { "XObject" => listed },
        };
        let form = Stream::new(form, content.into_bytes());
        document.objects.insert(*id, form.into());
    }
    let dictionary = document.get_dictionary(page).unwrap();
    let own = dictionary.get(b"Contents").unwrap().clone();
    let fonts = dictionary
        .get(b"Resources")
        .and_then(Object::as_dict)
        .unwrap();
    let fonts = fonts.get(b"Font").unwrap().clone();
    let resources = dictionary! { "Font" => fonts, "XObject" => dictionary! { "F0" => ids[0] } };
    set(document, page, "Resources", resources);
    let show = document.add_object(Stream::new(Dictionary::new(), b"/F0 Do".to_vec()));
    set(document, page, "Contents", vec![own, show.into()]);
    maker.finish(Dictionary::new())
}

#[test]
fn forms_that_show_themselves_end() {
    keeps_its_text(with_forms(1, |_| vec![0, 0, 0]));
    keeps_its_text(with_forms(2, |index| vec![1 - index; 3]));
}

#[test]
fn forms_within_forms_beyond_number_end() {
    // Ten in each of ten levels: ten thousand million in all.
    let document = with_forms(11, |index| vec![index + 1; if index < 10 { 10 } else { 0 }]);
    let read = open(&bytes(document));
    assert_eq!(on_page(&read, 1), [(Role::Paragraph, SENTENCE)]);
    assert_eq!(read.warnings[0].code, "page_incomplete");
}

#[test]
fn references_to_themselves_end() {
    let (mut maker, page) = page();
    let loops: Vec<ObjectId> = (0..2).map(|_| maker.document.new_object_id()).collect();
    for (index, id) in loops.iter().enumerate() {
        maker.document.objects.insert(*id, loops[1 - index].into());
    }
    for key in ["CropBox", "Rotate", "Annots", "Group"] {
        set(&mut maker.document, page, key, loops[0]);
    }
    let outline = maker.document.new_object_id();
    let entry = dictionary! { "Title" => loops[0], "Next" => outline, "First" => outline, "Parent" => outline };
    maker.document.objects.insert(outline, entry.into());
    let labels = maker.document.new_object_id();
    let tree = dictionary! { "Kids" => vec![labels.into(), loops[0].into()] };
    maker.document.objects.insert(labels, tree.into());
    keeps_its_text(maker.finish(dictionary! {
        "Outlines" => outline, "PageLabels" => labels, "Metadata" => loops[1],
        "StructTreeRoot" => dictionary! { "K" => loops[0] },
    }));
}

#[test]
fn a_page_that_is_its_own_parent_ends() {
    let (mut maker, page) = page();
    let dictionary = maker.document.get_dictionary_mut(page).unwrap();
    dictionary.remove(b"MediaBox");
    dictionary.set("Parent", page);
    keeps_its_text(maker.finish(Dictionary::new()));
}

#[test]
fn a_length_that_is_its_own_stream_is_not_asked() {
    let (mut maker, page) = page();
    let own = maker
        .document
        .get_dictionary(page)
        .unwrap()
        .get(b"Contents")
        .unwrap();
    let own = own.as_reference().unwrap();
    let Ok(Object::Stream(content)) = maker.document.get_object_mut(own) else {
        panic!("no contents");
    };
    content.dict.set("Length", own);
    let bytes = bytes(maker.finish(Dictionary::new()));
    // Lost or found: it ends.
    if let Ok(read) = read(&bytes, &Limits::default()) {
        assert_eq!(read.pages.len(), 1);
    }
}

/// `count` pages, each an object of its own or all the same one.
fn many_pages(count: usize, shared: bool) -> Vec<u8> {
    let mut file = String::from(
        "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[",
    );
    for index in 0..count {
        write!(file, "{} 0 R ", if shared { 3 } else { index + 3 }).unwrap();
    }
    writeln!(file, "]/Count {count}>>endobj").unwrap();
    for index in 0..if shared { 1 } else { count } {
        writeln!(
            file,
            "{} 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj",
            index + 3
        )
        .unwrap();
    }
    file.push_str("trailer<</Root 1 0 R>>\n%%EOF");
    file.into_bytes()
}

#[test]
fn a_hundred_thousand_pages_are_too_many() {
    let pages = |shared| read(&many_pages(100_000, shared), &Limits::default());
    assert!(matches!(
        pages(false),
        Err(ExtractError::TooLarge {
            what: "pages",
            limit: 20_000
        })
    ));
    // The same page again and again counts once, and shows nothing here.
    assert!(matches!(pages(true), Err(ExtractError::NoText)));
}

#[test]
fn names_with_control_characters_are_made_plain() {
    let mut document = chapter();
    let title = Object::string_literal("Um\u{0}a\u{7}\r\n apostila\u{1b}[31m");
    let information = document.add_object(dictionary! { "Title" => title });
    document.trailer.set("Info", information);
    let title = open(&bytes(document)).metadata.title.unwrap();
    assert!(!title.chars().any(char::is_control), "{title:?}");
}
