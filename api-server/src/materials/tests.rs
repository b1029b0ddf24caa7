//! Rules without HTTP: names, ranges, contents, names in archives, links.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use secrecy::SecretString;
use shared::testing::ManualClock;

use super::archive::decode;
use super::download::{Range, disposition};
use super::id::segments;
use super::{DownloadLinks, MaterialId, sniff};

fn made(name: &str) -> Option<String> {
    MaterialId::made(&[], name)
        .ok()
        .map(|id| id.as_str().to_owned())
}

#[test]
fn names_of_files_become_ids() {
    for (name, id) in [
        ("aula 03.pdf", "aula 03.pdf"),
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\Users\\ana\\aula.docx", "aula.docx"),
        ("50% de força? #1.pdf", "50_ de força_ _1.pdf"),
        ("nota\u{0}\u{1b}[31m.txt", "nota[31m.txt"),
        ("aula\u{202e}fdp.txt", "aulafdp.txt"),
        ("  .oculto.md  ", "oculto.md"),
        ("aula.pdf. . .", "aula.pdf"),
        ("con.txt", "_con.txt"),
        ("LPT1.md", "_LPT1.md"),
        ("lpt10.md", "lpt10.md"),
        ("forc\u{327}a.txt", "força.txt"),
        ("AULA.PDF", "AULA.PDF"),
    ] {
        assert_eq!(made(name).as_deref(), Some(id), "{name:?}");
    }
    for name in [
        "",
        ".",
        "..",
        "sem-extensao",
        ".pdf",
        "a.",
        "a/",
        "a.b/c",
        "\u{0}",
        "x.ção",
    ] {
        assert_eq!(made(name), None, "{name:?}");
    }
    assert_eq!(
        MaterialId::made(&[], "aula.PDF").unwrap().extension(),
        "pdf"
    );
}

#[test]
fn folders_become_part_of_ids() {
    let folders = |names: &[&str]| {
        names
            .iter()
            .map(|name| (*name).to_owned())
            .collect::<Vec<_>>()
    };
    let id = MaterialId::made(&folders(&["módulo 1", "..", "aula:2"]), "a.pdf").unwrap();
    assert_eq!(id.as_str(), "módulo 1/aula_2/a.pdf");
    let id = MaterialId::made(&folders(&["Upload"]), "a.pdf").unwrap();
    assert_eq!(id.as_str(), "Upload_/a.pdf");
    assert!(MaterialId::made(&folders(&["a"; 20]), "a.pdf").is_err());
    assert!(MaterialId::made(&[], &format!("{}.pdf", "a".repeat(300))).is_ok());
}

#[test]
fn long_names_keep_their_extension() {
    let name = format!("{}.pdf", "👩‍🏫".repeat(30));
    assert!(name.len() > 300);
    let id = MaterialId::made(&[], &name).unwrap();
    assert!(id.as_str().len() <= 255);
    assert!(id.as_str().starts_with("👩‍🏫👩‍🏫") && id.extension() == "pdf");
    let numbered = id.numbered(12);
    assert!(numbered.as_str().len() <= 255 && numbered.as_str().ends_with("_12.pdf"));
}

#[test]
fn taken_names_get_numbers() {
    let id = MaterialId::made(&["m.1".to_owned()], "aula.v2.pdf").unwrap();
    assert_eq!(id.numbered(0).as_str(), "m.1/aula.v2.pdf");
    assert_eq!(id.numbered(1).as_str(), "m.1/aula.v2_1.pdf");
}

#[test]
fn titles_come_from_names() {
    let title = |name: &str| MaterialId::made(&[], name).unwrap().title();
    assert_eq!(title("aula-03_hipertrofia.pdf"), "Aula 03 hipertrofia");
    assert_eq!(title("água.md"), "Água");
    assert_eq!(title("---.pdf"), "---.pdf");
}

#[test]
fn paths_that_lead_outside_are_told() {
    for path in [
        "/a",
        "\\a",
        "\\\\server\\a",
        "C:\\a",
        "c:a",
        "../a",
        "a/../b",
        "a\\..\\b",
        "a/..",
        "a\0b",
    ] {
        assert_eq!(segments(path), None, "{path:?}");
    }
    assert_eq!(segments("a//b\\./c"), Some(vec!["a", "b", "c"]));
    assert_eq!(segments("a/...b/..c"), Some(vec!["a", "...b", "..c"]));
    assert_eq!(segments(""), Some(vec![]));
}

#[test]
fn names_in_archives_are_read_in_either_encoding() {
    assert_eq!(decode("força.pdf".as_bytes()), "força.pdf");
    // As an old Windows in Brazil writes it.
    assert_eq!(decode(b"for\x87a e m\xc6os.pdf"), "força e mãos.pdf");
    assert_eq!(decode([0x80, 0xe4, 0xff]), "Çõ\u{a0}");
}

#[test]
fn contents_are_held_against_names() {
    let compound = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and more";
    for (extension, head, fits) in [
        ("pdf", &b"%PDF-1.7"[..], true),
        ("pdf", b"\xef\xbb\xbf\n%PDF-1.4", true),
        ("pdf", b"MZ\x90\x00", false),
        ("pdf", b"PK\x03\x04", false),
        ("docx", b"PK\x03\x04", true),
        ("docx", compound, true),
        ("docx", b"%PDF-1.7", false),
        ("xls", compound, true),
        ("xls", b"nome;nota\nana;10", true),
        ("xls", b"MZ\x90\x00", false),
        ("txt", "olá".as_bytes(), true),
        ("txt", b"\xff\xfeo\x00l\x00", true),
        ("txt", b"MZ\x90\x00\x03", false),
        ("txt", b"\x7fELF\x02\x01", false),
        ("txt", b"ol\xe1 em latin-1", true),
        ("md", b"%PDF-1.7", false),
        ("exe", b"texto", false),
    ] {
        assert_eq!(
            sniff::matches(extension, head),
            fits,
            "{extension} {head:?}"
        );
    }
}

#[test]
fn ranges_are_read_as_http_defines_them() {
    let part = |start, end| Range::Part { start, end };
    for (text, expected) in [
        ("bytes=0-0", part(0, 0)),
        ("bytes=0-99", part(0, 9)),
        ("bytes=4-", part(4, 9)),
        ("bytes=-3", part(7, 9)),
        ("bytes=-100", part(0, 9)),
        ("bytes=9-9", part(9, 9)),
        ("bytes=10-", Range::Nowhere),
        ("bytes=10-20", Range::Nowhere),
        ("bytes=-0", Range::Nowhere),
        ("bytes=99999999999999999999-", Range::Nowhere),
        ("bytes=5-2", Range::Whole),
        ("bytes=a-b", Range::Whole),
        ("bytes=0-1,3-4", Range::Whole),
        ("bytes=-", Range::Whole),
        ("items=0-1", Range::Whole),
        ("", Range::Whole),
    ] {
        assert_eq!(Range::read(text, 10), expected, "{text}");
    }
    assert_eq!(Range::read("bytes=0-", 0), Range::Nowhere);
}

#[test]
fn names_of_downloads_suit_old_and_new_clients() {
    assert_eq!(
        disposition("attachment", "ação \"1\".pdf"),
        "attachment; filename=\"a__o _1_.pdf\"; filename*=UTF-8''a%C3%A7%C3%A3o%20%221%22.pdf"
    );
}

#[test]
fn links_open_one_material_for_a_while() {
    let clock = Arc::new(ManualClock::at(1_700_000_000_000));
    let links = |secret: &str| {
        DownloadLinks::new(
            &SecretString::from(secret.to_owned()),
            Duration::from_secs(60),
            clock.clone(),
        )
    };
    let (ours, other) = (links("a"), links("b"));
    let signature = ours.sign("aula.pdf");
    assert!(ours.opens(&signature, "aula.pdf"));
    assert!(!ours.opens(&signature, "aula2.pdf"));
    assert!(!other.opens(&signature, "aula.pdf"));
    let (ends_at, mac) = signature.split_once('-').unwrap();
    let longer = format!("{}-{mac}", ends_at.parse::<i64>().unwrap() + 1);
    assert!(!ours.opens(&longer, "aula.pdf"));
    for broken in ["", "-", "x", ends_at, "9999999999-"] {
        assert!(!ours.opens(broken, "aula.pdf"), "{broken}");
    }
    clock.advance(Duration::from_secs(60));
    assert!(!ours.opens(&signature, "aula.pdf"));
}

proptest! {
    #[test]
    fn any_name_makes_a_safe_id_or_none(folders in prop::collection::vec(any::<String>(), 0..4), name in any::<String>()) {
        if let Ok(id) = MaterialId::made(&folders, &format!("{name}.pdf")) {
            let text = id.as_str();
            prop_assert!(text.len() <= 1000);
            prop_assert!(!text.chars().any(|letter| letter.is_control() || "#?%\\:*\"<>|".contains(letter)));
            for part in text.split('/') {
                prop_assert!(!part.is_empty() && part != "." && part != ".." && part.len() <= 255);
                prop_assert!(!part.starts_with('.') && !part.ends_with(['.', ' ']), "{part:?}");
            }
            prop_assert!(!["browse", "archive", "upload", "upload-archive", "dl", "list"].contains(&text.split('/').next().unwrap()));
            prop_assert_eq!(id.extension(), "pdf");
            // What is made is found again, and making it again changes nothing.
            prop_assert_eq!(MaterialId::parse(text).unwrap(), id.clone());
            let parts: Vec<String> = text.split('/').map(str::to_owned).collect();
            let (file, above) = parts.split_last().unwrap();
            prop_assert_eq!(MaterialId::made(above, file).unwrap(), id);
        }
    }

    #[test]
    fn any_range_stays_inside(text in "bytes=[0-9]{0,4}-[0-9]{0,4}", size in 0_u64..2000) {
        if let Range::Part { start, end } = Range::read(&text, size) {
            prop_assert!(start <= end && end < size);
        }
    }

    #[test]
    fn any_bytes_are_a_name(bytes in prop::collection::vec(any::<u8>(), 0..50)) {
        prop_assert!(!decode(bytes).contains(char::REPLACEMENT_CHARACTER));
    }
}
