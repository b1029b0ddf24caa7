//! What is sent: names, sizes, contents, forms that are none.

use super::{BOUNDARY, Part, form, text};
use crate::test_app::{TestApp, on_both};

on_both! {
    async fn names_are_made_safe(app) {
        let admin = app.admin().await;
        let emoji = format!("{}.md", "🎉".repeat(75));
        for (name, id) in [
            ("../../../etc/cron.d/x.md", "x.md"),
            ("..\\..\\windows\\y.md", "y.md"),
            ("/abs/z.md", "z.md"),
            ("50%25 a?b#c.md", "50_25 a_b_c.md"),
            ("nul.md", "_nul.md"),
            ("...md.md", "md.md"),
        ] {
            let made = app.upload(&admin, name, name.as_bytes()).await.ok();
            assert_eq!(text(&made, "filename"), id, "{name}");
        }
        let made = app.upload(&admin, &emoji, b"# Festa").await.ok();
        let id = text(&made, "filename");
        assert!(id.len() > 240 && id.ends_with("🎉.md"), "{id}");
        let path = text(&made["material"], "download_path");
        assert_eq!(app.get(&admin, &path).await.text, "# Festa");
        for name in ["", "sem-extensao", "..", ".md"] {
            let answer = app.upload(&admin, name, b"x").await;
            assert!([400, 422].contains(&answer.status), "{name}: {answer:?}");
        }
        app.stop().await;
    }

    async fn a_taken_name_gets_a_number(app) {
        let admin = app.admin().await;
        for (content, status, id) in [("um", 201, "a.md"), ("dois", 201, "a_1.md"), ("um", 200, "a.md"), ("dois", 200, "a_1.md"), ("três", 201, "a_2.md")] {
            let answer = app.upload(&admin, "a.md", content.as_bytes()).await;
            assert_eq!((answer.status, text(&answer.json(), "filename")), (status, id.to_owned()), "{content}");
            assert_eq!(answer.json()["unchanged"], status == 200);
        }
        // The same bytes under another name: two materials, one file.
        app.upload(&admin, "b.md", "um".as_bytes()).await.ok();
        assert_eq!(app.material_ids(&admin).await, ["a.md", "a_1.md", "a_2.md", "b.md"]);
        assert_eq!(app.stored_files(), 3);
        app.delete(&admin, "/materials/a.md").await.ok();
        assert_eq!(app.get(&admin, "/materials/b.md").await.text, "um");
        app.delete(&admin, "/materials/b.md").await.ok();
        assert_eq!(app.stored_files(), 2);
        app.stop().await;
    }

    async fn the_same_name_at_once_makes_as_many_materials(app) {
        let admin = app.admin().await;
        let sent = (0..12).map(|number| {
            let (app, admin) = (&app, &admin);
            async move { app.upload(admin, "aula.md", format!("conteúdo {}", number % 6).as_bytes()).await }
        });
        for answer in futures::future::join_all(sent).await {
            answer.ok();
        }
        assert_eq!(app.material_ids(&admin).await.len(), 6);
        assert_eq!(app.stored_files(), 6);
        app.stop().await;
    }

    async fn contents_must_be_what_names_say(app) {
        let admin = app.admin().await;
        for (name, content) in [
            ("a.exe", &b"MZ"[..]), ("a.pdf", b"MZ\x90\x00\x03\x00"), ("a.svg", b"<svg/>"), ("a.docx", b"texto"),
            ("a.txt", b"\x00\x01\x02\x03"), ("a.pdf.exe", b"%PDF-1.4"), ("a.zip", b"PK\x03\x04"), ("a.doc", b"x"),
        ] {
            app.upload(&admin, name, content).await.problem(415, "unsupported_type");
        }
        app.upload(&admin, "a.md", b"").await.problem(422, "unprocessable");
        assert_eq!((app.material_ids(&admin).await.len(), app.stored_files()), (0, 0));
        app.stop().await;
    }

    async fn forms_that_are_none_are_refused(app) {
        let admin = app.admin().await;
        let good = form(&[("file", Some("a.md"), b"texto")]);
        let cut = &good[..good.len() - 30];
        let long_line = format!("--{}\r\n", "a".repeat(300));
        let many: Vec<Part<'_>> = (0..40).map(|_| ("x", None, &b"y"[..])).collect();
        let big = "x".repeat(70_000);
        for (body, statuses) in [
            (Vec::new(), &[400][..]),
            (b"{}".to_vec(), &[400]),
            (b"--".to_vec(), &[400]),
            (b"--\r\n\r\n".to_vec(), &[400]),
            (b"--a b\r\n".to_vec(), &[400]),
            (long_line.into_bytes(), &[400]),
            (cut.to_vec(), &[400]),
            (form(&[]), &[400]),
            (form(&[("file", None, b"texto")]), &[400]),
            (form(&[("outro", Some("a.md"), b"texto")]), &[400]),
            (form(&[("file", Some("a.md"), b"a"), ("file", Some("b.md"), b"b")]), &[400]),
            (form(&many), &[400]),
            (form(&[("description", None, big.as_bytes()), ("file", Some("a.md"), b"a")]), &[400]),
            (form(&[("file", Some("a.md"), b"a"), ("description", None, b"\xff\xfe")]), &[400]),
            (form(&[("file", Some("a.md"), b"a"), ("tags", None, b"[1]")]), &[422]),
            (form(&[("file", Some("a.md"), b"a"), ("folder", None, b"../x")]), &[422]),
        ] {
            let request = app.request("POST", "/api/materials/upload").bearer_auth(&admin.token)
                .header("content-type", "application/json").body(body.clone());
            let answer = app.send(request).await;
            assert!(statuses.contains(&answer.status), "{}: {answer:?}", String::from_utf8_lossy(&body[..body.len().min(80)]));
            assert_eq!(answer.content_type, "application/problem+json");
        }
        assert_eq!((app.material_ids(&admin).await.len(), app.stored_files()), (0, 0));
        // The proper header is taken as well, quoted or not, and so is no header at all.
        for (number, kind) in [Some(format!("multipart/form-data; boundary={BOUNDARY}")), Some(format!("multipart/form-data; boundary=\"{BOUNDARY}\"")), Some("multipart/form-data".to_owned()), None].into_iter().enumerate() {
            let name = format!("{number}.md");
            let mut request = app.request("POST", "/api/materials/upload").bearer_auth(&admin.token)
                .body(form(&[("file", Some(&name), name.as_bytes())]));
            if let Some(kind) = kind {
                request = request.header("content-type", kind);
            }
            assert_eq!(app.send(request).await.status, 201);
        }
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_names_the_limit_and_leaves_nothing() {
    let app = TestApp::with(&[
        ("MAX_MATERIAL_BYTES", "1MiB"),
        ("MAX_ARCHIVE_BYTES", "2MiB"),
        ("API__MATERIALS__ARCHIVE_UNPACKED", "2MiB"),
    ])
    .await;
    let admin = app.admin().await;
    app.upload(&admin, "a.md", &vec![b'a'; 1 << 20]).await.ok();
    // More than fits into the buffers between: the refusal must be read all the same.
    let refused = app.upload(&admin, "b.md", &vec![b'b'; 20 << 20]).await;
    let problem = refused.problem(413, "payload_too_large");
    assert!(text(&problem, "detail").contains("1 MB"), "{problem}");
    let refused = app.upload_archive(&admin, "a.zip", &vec![0; 3 << 20]).await;
    let problem = refused.problem(413, "payload_too_large");
    assert!(text(&problem, "detail").contains("2 MB"), "{problem}");
    assert_eq!(app.stored_files(), 1);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_extensions_that_are_named_are_taken() {
    let app = TestApp::with(&[("ALLOWED_EXTENSIONS", ".PDF, md")]).await;
    let admin = app.admin().await;
    app.upload(&admin, "a.md", b"# A").await.ok();
    let problem = app
        .upload(&admin, "a.txt", b"A")
        .await
        .problem(415, "unsupported_type");
    assert!(text(&problem, "detail").contains("pdf, md"), "{problem}");
    app.stop().await;
}
