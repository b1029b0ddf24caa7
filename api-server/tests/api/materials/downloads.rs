//! Bytes: whole, in part, not again; by header, cookie or link; never run.

use std::io::Read as _;
use std::time::Duration;

use super::{Part, text};
use crate::test_app::{Answer, Person, TestApp, on_both};

const PATH: &str = "/api/materials/notas.txt";

async fn with(app: &TestApp, who: &Person, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = app.request("GET", path).bearer_auth(&who.token);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    app.send(request).await
}

on_both! {
    async fn parts_and_unchanged_files_are_told(app) {
        let admin = app.admin().await;
        app.upload(&admin, "notas.txt", b"0123456789").await.ok();
        let whole = with(&app, &admin, PATH, &[]).await;
        let etag = whole.header("etag").to_owned();
        assert_eq!((whole.status, whole.text.as_str(), whole.header("accept-ranges"), whole.header("content-length")), (200, "0123456789", "bytes", "10"));
        assert_eq!((whole.content_type.as_str(), whole.header("x-content-type-options")), ("text/plain", "nosniff"));
        assert_eq!(whole.header("content-disposition"), "inline; filename=\"notas.txt\"; filename*=UTF-8''notas.txt");
        for (headers, status, body, range) in [
            (&[("range", "bytes=2-4")][..], 206, "234", "bytes 2-4/10"),
            (&[("range", "bytes=7-")], 206, "789", "bytes 7-9/10"),
            (&[("range", "bytes=-2")], 206, "89", "bytes 8-9/10"),
            (&[("range", "bytes=5-2")], 200, "0123456789", ""),
            (&[("range", "bytes=0-1,4-5")], 200, "0123456789", ""),
            (&[("range", "bytes=2-4"), ("if-range", &etag)], 206, "234", "bytes 2-4/10"),
            (&[("range", "bytes=2-4"), ("if-range", "\"other\"")], 200, "0123456789", ""),
            (&[("if-none-match", &etag)], 304, "", ""),
            (&[("if-none-match", "\"other\", W/\"another\"")], 200, "0123456789", ""),
            (&[("if-none-match", "*")], 304, "", ""),
        ] {
            let answer = with(&app, &admin, PATH, headers).await;
            assert_eq!((answer.status, answer.text.as_str(), answer.header("content-range")), (status, body, range), "{headers:?}");
            assert_eq!(answer.header("etag"), etag);
        }
        let beyond = with(&app, &admin, PATH, &[("range", "bytes=10-")]).await;
        beyond.problem(416, "range_not_satisfiable");
        assert_eq!(beyond.header("content-range"), "bytes */10");
        app.stop().await;
    }

    async fn a_head_is_a_get_without_its_bytes(app) {
        let admin = app.admin().await;
        app.upload(&admin, "notas.txt", b"0123456789").await.ok();
        let link = text(&app.get(&admin, &format!("{PATH}/metadata")).await.ok(), "download_path");
        for path in [PATH, &link, &format!("{PATH}?download=true")] {
            let etag = with(&app, &admin, path, &[]).await.header("etag").to_owned();
            let ranges = [("range", "bytes=2-4"), ("range", "bytes=10-"), ("if-none-match", &etag), ("if-none-match", "")];
            for header in ranges {
                let read = with(&app, &admin, path, &[header]).await;
                let told = app.request("HEAD", path).bearer_auth(&admin.token).header(header.0, header.1);
                let told = app.send(told).await;
                assert_eq!((told.status, told.text.as_str()), (read.status, ""), "{path} {header:?}");
                for name in ["content-length", "content-type", "content-range", "content-disposition", "etag", "accept-ranges"] {
                    assert_eq!(told.header(name), read.header(name), "{path} {header:?} {name}");
                }
            }
        }
        assert_eq!(app.send(app.request("HEAD", PATH)).await.status, 401);
        let report = app.get(&admin, "/api/analytics/download-report").await.ok();
        assert_eq!(report["total_downloads"], 6, "only what was read counts: {report}");
        app.stop().await;
    }

    async fn browsers_save_files_and_run_none(app) {
        let admin = app.admin().await;
        for (name, content) in [("página.html", "<script>alert(1)</script>"), ("a.pdf", "%PDF-1.4")] {
            app.upload(&admin, name, content.as_bytes()).await.ok();
        }
        let page = with(&app, &admin, "/api/materials/p%C3%A1gina.html", &[]).await;
        assert_eq!(page.content_type, "application/octet-stream");
        assert_eq!(page.header("content-disposition"), "attachment; filename=\"p_gina.html\"; filename*=UTF-8''p%C3%A1gina.html");
        assert!(page.header("content-security-policy").contains("sandbox"));
        let shown = with(&app, &admin, "/api/materials/a.pdf", &[]).await;
        assert!(shown.header("content-disposition").starts_with("inline;"));
        assert!(shown.header("content-security-policy").contains("default-src 'none'"));
        for query in ["?download=true", "?download=false"] {
            let saved = with(&app, &admin, &format!("/api/materials/a.pdf{query}"), &[]).await;
            assert_eq!(saved.header("content-disposition").starts_with("attachment;"), query == "?download=true");
        }
        app.stop().await;
    }

    async fn the_cookie_opens_files_from_our_own_pages_alone(app) {
        let admin = app.admin().await;
        let student = app.member(&admin, "aluna", "student").await;
        app.upload(&admin, "notas.txt", b"segredo").await.ok();
        let by_cookie = async |method: &str, path: &str, headers: &[(&str, &str)]| {
            let mut request = app.request(method, path).header("cookie", format!("acervo_session={}", student.cookie));
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            app.send(request).await
        };
        for headers in [&[][..], &[("sec-fetch-site", "same-origin")], &[("sec-fetch-site", "none")], &[("authorization", "Bearer null")]] {
            assert_eq!(by_cookie("GET", &format!("{PATH}?download=true"), headers).await.text, "segredo", "{headers:?}");
        }
        for headers in [&[("sec-fetch-site", "cross-site")][..], &[("sec-fetch-site", "same-site")], &[("authorization", "Bearer x")], &[("origin", "https://evil.example")]] {
            by_cookie("GET", PATH, headers).await.problem(401, "unauthorized");
        }
        // Nothing else is opened by it.
        for (method, path) in [("GET", "/api/materials"), ("DELETE", PATH), ("GET", "/api/materials/archive"), ("GET", "/api/materials/notas.txt/metadata")] {
            by_cookie(method, path, &[]).await.problem(401, "unauthorized");
        }
        app.call(None, "GET", PATH, None).await.problem(401, "unauthorized");
        app.put(&admin, "/auth/users/aluna", serde_json::json!({"disabled": true})).await.ok();
        by_cookie("GET", PATH, &[]).await.problem(401, "unauthorized");
        app.stop().await;
    }

    async fn links_open_without_signing_in_until_they_end(app) {
        let admin = app.admin().await;
        for name in ["notas.txt", "outras.txt"] {
            app.upload(&admin, name, name.as_bytes()).await.ok();
        }
        let known = app.get(&admin, "/api/materials/notas.txt/metadata").await.ok();
        let path = text(&known, "download_path");
        let opened = app.call(None, "GET", &path, None).await;
        assert_eq!((opened.status, opened.text.as_str()), (200, "notas.txt"));
        app.call(None, "GET", &path.replace("notas.txt", "outras.txt"), None).await.problem(401, "unauthorized");
        app.call(None, "GET", "/api/materials/dl/x/notas.txt", None).await.problem(401, "unauthorized");
        app.clock.advance(Duration::from_mins(16));
        app.call(None, "GET", &path, None).await.problem(401, "unauthorized");
        app.stop().await;
    }

    async fn everything_comes_as_one_package(app) {
        let admin = app.admin().await;
        let long = format!("{}.md", "nome longo ".repeat(15));
        let big: Vec<u8> = (0..700_000_u32).flat_map(|number| format!("{number}\n").into_bytes()).collect();
        let mut sent = std::collections::BTreeMap::new();
        for (folder, name, content) in [("", "a.md", &b"# A"[..]), ("módulo 1", "força.txt", "força".as_bytes()), ("x", &long, b"longo"), ("", "grande.txt", &big)] {
            let parts: [Part<'_>; 2] = [("file", Some(name), content), ("folder", None, folder.as_bytes())];
            let made = app.send_form(&admin, "POST", "/materials/upload", &parts).await.ok();
            sent.insert(text(&made, "filename"), content.to_vec());
        }
        let response = app.request("GET", "/api/materials/archive").bearer_auth(&admin.token).send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "application/gzip");
        let bytes = response.bytes().await.unwrap();
        let mut package = tar::Archive::new(flate2::read::GzDecoder::new(&bytes[..]));
        let mut found = std::collections::BTreeMap::new();
        for entry in package.entries().unwrap() {
            let mut entry = entry.unwrap();
            let name = entry.path().unwrap().to_str().unwrap().to_owned();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            found.insert(name, content);
        }
        assert!(found == sent, "{:?}", found.keys());
        // The package is taken in again as it was made.
        for id in sent.keys() {
            let path = format!("/materials/{}", percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC));
            app.delete(&admin, &path).await.ok();
        }
        let again = app.upload_archive(&admin, "materials.tar.gz", &bytes).await;
        assert_eq!(again.status, 201, "{again:?}");
        assert_eq!(app.material_ids(&admin).await, sent.keys().cloned().collect::<Vec<_>>());
        app.stop().await;
    }
}
