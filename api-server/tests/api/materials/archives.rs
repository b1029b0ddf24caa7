//! Archives, and what some people put into them.

use std::io::{Cursor, Write as _};

use flate2::Compression;
use flate2::write::GzEncoder;
use zip::write::SimpleFileOptions;

use super::{Part, text};
use crate::test_app::{TestApp, on_both};

pub(crate) fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        if name.ends_with('/') {
            archive
                .add_directory(*name, SimpleFileOptions::default())
                .unwrap();
        } else {
            archive
                .start_file(*name, SimpleFileOptions::default())
                .unwrap();
            archive.write_all(content).unwrap();
        }
    }
    archive.finish().unwrap().into_inner()
}

/// Names as they are written, whatever they are.
fn tar_gz(entries: &[(&[u8], tar::EntryType, &[u8])]) -> Vec<u8> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, kind, content) in entries {
        let mut head = tar::Header::new_gnu();
        head.as_old_mut().name[..name.len()].copy_from_slice(name);
        head.set_entry_type(*kind);
        head.set_size(content.len() as u64);
        head.set_mode(0o644);
        if *kind == tar::EntryType::Symlink {
            head.set_link_name("/etc/passwd").unwrap();
        }
        head.set_cksum();
        archive.append(&head, *content).unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap()
}

/// Replaces a name by one of the same length, in both directories of a zip.
fn renamed(archive: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut archive = archive.to_vec();
    for at in 0..archive.len() - from.len() {
        if archive[at..].starts_with(from) {
            archive[at..at + from.len()].copy_from_slice(to);
        }
    }
    archive
}

on_both! {
    async fn files_and_folders_of_archives_are_taken_in(app) {
        let admin = app.admin().await;
        let made = zip(&[
            ("Módulo 1/", b""), ("Módulo 1/aula 1.md", b"# Um"), ("Módulo 1/aula 2.txt", b"dois"), ("b.md", b"# B"),
            ("__MACOSX/._b.md", b"x"), ("Módulo 1/.DS_Store", b"x"), ("programa.exe", b"MZ"), ("falso.pdf", b"MZ"), ("vazio.md", b""),
        ]);
        let parts: [Part<'_>; 2] = [("archive", Some("curso.zip"), &made), ("destination_subdir", None, b"2026/a")];
        let answer = app.send_form(&admin, "POST", "/api/materials/upload-archive", &parts).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        let answer = answer.json();
        assert_eq!((text(&answer, "status"), text(&answer, "destination"), answer["files_count"].as_i64()), ("success".into(), "2026/a".into(), Some(3)));
        let mut skipped: Vec<String> = answer["skipped"].as_array().unwrap().iter().map(|one| text(one, "name")).collect();
        skipped.sort();
        assert_eq!(skipped, ["falso.pdf", "programa.exe", "vazio.md"]);
        assert_eq!(app.material_ids(&admin).await, ["2026/a/Módulo 1/aula 1.md", "2026/a/Módulo 1/aula 2.txt", "2026/a/b.md"]);
        assert_eq!(app.stored_files(), 3);

        let file = tar::EntryType::Regular;
        let made = tar_gz(&[(b"t/", tar::EntryType::Directory, b""), (b"t/a.md", file, b"# A"), (b"./b.md", file, b"# B"), (b"t/b.md", file, b"# B2")]);
        for (name, count) in [("curso.tar.gz", 3), ("curso.tgz", 3)] {
            let answer = app.upload_archive(&admin, name, &made).await.ok();
            assert_eq!(answer["files_count"], count);
        }
        // A second time everything is there already.
        assert_eq!(app.material_ids(&admin).await.len(), 6);
        app.stop().await;
    }

    async fn names_of_old_programs_are_read(app) {
        let admin = app.admin().await;
        let made = renamed(&zip(&[("forXa.md", b"# A"), ("w+x.md", b"# B")]), b"forXa.md", b"for\x87a.md");
        let made = renamed(&made, b"w+x.md", b"w\\x.md");
        app.upload_archive(&admin, "a.zip", &made).await.ok();
        assert_eq!(app.material_ids(&admin).await, ["força.md", "w/x.md"]);
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_archives_are_refused_whole() {
    let app = TestApp::with(&[
        ("MAX_MATERIAL_BYTES", "30MiB"),
        ("API__MATERIALS__ARCHIVE_ENTRIES", "1000"),
        ("API__MATERIALS__ARCHIVE_UNPACKED", "64MiB"),
    ])
    .await;
    let admin = app.admin().await;
    let file = tar::EntryType::Regular;
    let zeros = vec![b' '; 29 << 20];
    let good: (&str, &[u8]) = ("bom.md", b"# Bom");
    let many: Vec<(String, Vec<u8>)> = (0..1001)
        .map(|number| (format!("{number}.md"), b"x".to_vec()))
        .collect();
    let many: Vec<(&str, &[u8])> = many
        .iter()
        .map(|(name, content)| (name.as_str(), &content[..]))
        .collect();
    let many_tar: Vec<(Vec<u8>, tar::EntryType, &[u8])> = (0..1001)
        .map(|number| (format!("{number}.md").into_bytes(), file, &b"x"[..]))
        .collect();
    let many_tar: Vec<(&[u8], tar::EntryType, &[u8])> = many_tar
        .iter()
        .map(|(name, kind, content)| (&name[..], *kind, *content))
        .collect();
    let mut claims = zip(&[good]);
    let at = claims.len() - 22;
    claims[at + 8..at + 12].copy_from_slice(&[0xe8, 0xfd, 0xe8, 0xfd]);
    let mut symlink = zip::ZipWriter::new(Cursor::new(Vec::new()));
    symlink
        .add_symlink("a.md", "/etc/passwd", SimpleFileOptions::default())
        .unwrap();
    let symlink = symlink.finish().unwrap().into_inner();
    let slip = |name: &str| {
        let placeholder = format!("{}.md", "X".repeat(name.len() - 3));
        let archive = zip(&[good, (&placeholder, b"x")]);
        renamed(&archive, placeholder.as_bytes(), name.as_bytes())
    };
    let long_name = vec![b'a'; 1 << 20];
    for (what, archive, status) in [
        (
            "a bomb",
            zip(&[("a.md", &zeros), ("b.md", &zeros), ("c.md", &zeros)]),
            422,
        ),
        (
            "a bomb in a tar",
            tar_gz(&[
                (b"a.md", file, &zeros),
                (b"b.md", file, &zeros),
                (b"c.md", file, &zeros),
            ]),
            422,
        ),
        ("too many entries", zip(&many), 413),
        ("too many entries in a tar", tar_gz(&many_tar), 413),
        ("an end record that claims many", claims, 413),
        ("a path upwards", slip("../../../xx.md"), 422),
        ("a path upwards, Windows", slip("..\\..\\..\\xx.md"), 422),
        ("an absolute path", slip("/etc/cron/x.md"), 422),
        ("a drive", slip("C:\\Windows\\.md"), 422),
        ("a share", slip("\\\\server\\x.md"), 422),
        ("a path through", slip("a/b/../../x.md"), 422),
        ("a symbolic link", symlink, 422),
        (
            "a path upwards in a tar",
            tar_gz(&[(b"bom.md", file, b"x"), (b"../x.md", file, b"x")]),
            422,
        ),
        (
            "a symbolic link in a tar",
            tar_gz(&[
                (b"bom.md", file, b"x"),
                (b"x.md", tar::EntryType::Symlink, b""),
            ]),
            422,
        ),
        (
            "a hard link in a tar",
            tar_gz(&[
                (b"bom.md", file, b"x"),
                (b"x.md", tar::EntryType::Link, b""),
            ]),
            422,
        ),
        (
            "a device in a tar",
            tar_gz(&[
                (b"bom.md", file, b"x"),
                (b"x.md", tar::EntryType::Char, b""),
            ]),
            422,
        ),
        (
            "a name without end in a tar",
            tar_gz(&[
                (b"././@LongLink", tar::EntryType::GNULongName, &long_name),
                (b"x.md", file, b"x"),
            ]),
            422,
        ),
        (
            "a tar that ends early",
            {
                let whole = tar_gz(&[(b"bom.md", file, &zeros)]);
                whole[..whole.len() / 2].to_vec()
            },
            422,
        ),
        (
            "a zip that ends early",
            {
                let whole = zip(&[good]);
                whole[..whole.len() / 2].to_vec()
            },
            422,
        ),
        ("nothing to take", zip(&[("a.exe", b"MZ")]), 422),
        ("an empty zip", zip(&[]), 422),
        ("no archive", b"texto".to_vec(), 415),
        ("nothing", Vec::new(), 415),
    ] {
        let answer = app.upload_archive(&admin, "a.zip", &archive).await;
        assert_eq!(
            (answer.status, answer.content_type.as_str()),
            (status, "application/problem+json"),
            "{what}: {answer:?}"
        );
        assert_eq!(
            (app.material_ids(&admin).await.len(), app.stored_files()),
            (0, 0),
            "{what}"
        );
    }
    // Still alive and taking.
    app.upload_archive(&admin, "a.zip", &zip(&[good]))
        .await
        .ok();
    app.stop().await;
}
