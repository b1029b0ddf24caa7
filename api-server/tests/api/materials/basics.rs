//! From sending to removing, descriptions, folders, filters.

use serde_json::json;

use super::{Part, text};
use crate::test_app::on_both;

on_both! {
    async fn a_material_lives_and_goes(app) {
        let admin = app.admin().await;
        let teacher = app.member(&admin, "professora", "instructor").await;
        let student = app.member(&admin, "aluna", "student").await;
        let content = "A hipertrofia é o aumento do músculo.".as_bytes();
        let parts = [
            ("file", Some("aula-03 força.txt"), content),
            ("description", None, "Hipertrofia".as_bytes()),
            ("tags", None, "[\"força\",\"músculo\"]".as_bytes()),
        ];
        let answer = app.send_form(&teacher, "POST", "/api/materials/upload", &parts).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        let made = answer.json();
        assert_eq!((text(&made, "status"), text(&made, "filename")), ("success".into(), "aula-03 força.txt".into()));
        assert_eq!((made["size"].as_u64(), text(&made, "uploaded_by")), (Some(content.len() as u64), "professora".into()));

        let listed = app.get(&student, "/api/materials").await.ok();
        let material = &listed[0];
        assert_eq!(listed.as_array().unwrap().len(), 1);
        for (key, value) in [
            ("id", "aula-03 força.txt"), ("title", "Aula 03 força"), ("description", "Hipertrofia"), ("type", "txt"),
            ("path", "/api/materials/aula-03 força.txt"), ("uploadedBy", "professora"), ("state", "queued"),
        ] {
            assert_eq!(text(material, key), value, "{material}");
        }
        assert_eq!((&material["tags"], &material["reason"], &material["pages"]), (&json!(["força", "músculo"]), &json!(null), &json!(null)));
        assert!(text(material, "uploadedAt").ends_with('Z'));
        assert_eq!(app.stored_files(), 1);

        // The browser escapes what the page leaves as it is.
        let path = "/api/materials/aula-03%20for%C3%A7a.txt";
        let file = app.get(&student, path).await;
        assert_eq!((file.status, file.text.as_bytes()), (200, content));
        app.delete(&student, path).await.problem(403, "forbidden");
        for other in ["metadata", "events", ""] {
            app.delete(&teacher, &format!("{path}/{other}")).await.problem(404, "material_not_found");
        }
        app.delete(&teacher, "/api/materials/AULA-03%20for%C3%A7a.txt").await.problem(404, "material_not_found");
        assert_eq!(app.delete(&teacher, path).await.ok()["status"], "success");
        app.delete(&teacher, path).await.problem(404, "material_not_found");
        app.get(&student, path).await.problem(404, "material_not_found");
        assert!(app.material_ids(&student).await.is_empty());
        assert_eq!(app.stored_files(), 0);
        // Removed bytes may come again.
        assert_eq!(app.upload(&teacher, "aula-03 força.txt", content).await.status, 201);
        let deeds = app.get(&admin, "/api/auth/audit").await.text;
        for deed in ["material_added", "material_removed"] {
            assert!(deeds.contains(deed), "{deeds}");
        }
        app.stop().await;
    }

    async fn descriptions_are_kept(app) {
        let admin = app.admin().await;
        app.upload(&admin, "módulo.md", b"# Tema").await.ok();
        let path = "/api/materials/m%C3%B3dulo.md/metadata";
        let parts: [Part<'_>; 2] = [("description", None, b"Linha 1\nLinha 2"), ("tags", None, br#"["a","b, c","a"]"#)];
        let described = app.send_form(&admin, "PUT", path, &parts).await.ok();
        assert_eq!(described["status"], "success");
        let known = app.get(&admin, path).await.ok();
        assert_eq!((text(&known, "description"), &known["tags"]), ("Linha 1\nLinha 2".into(), &json!(["a", "b", "c"])));
        // What is absent is cleared; the title stays.
        app.put(&admin, path, json!({ "title": "Tema 1" })).await.ok();
        let known = app.get(&admin, path).await.ok();
        assert_eq!((&known["description"], &known["tags"], text(&known, "title")), (&json!(null), &json!([]), "Tema 1".into()));
        for wrong in [
            json!({ "description": "x".repeat(5001) }), json!({ "description": "a\u{0}b" }), json!({ "title": "a\nb" }),
            json!({ "tags": ["x".repeat(101)] }), json!({ "tags": 1 }), json!({ "nada": 1 }),
            json!({ "tags": (0..51).map(|number| number.to_string()).collect::<Vec<_>>() }),
        ] {
            assert_eq!(app.put(&admin, path, wrong.clone()).await.status, 422, "{wrong}");
        }
        assert_eq!(app.send_form(&admin, "PUT", path, &[("tags", None, b"[1]")]).await.status, 422);
        assert_eq!(app.send(app.request("PUT", path).bearer_auth(&admin.token)).await.status, 400);
        app.put(&admin, "/materials/nada.md/metadata", json!({})).await.problem(404, "material_not_found");
        app.stop().await;
    }

    async fn folders_are_looked_into(app) {
        let admin = app.admin().await;
        for (folder, name) in [("", "a.md"), ("m 1", "b.md"), ("m 1/x", "c.md"), ("m 1", "d.txt"), ("m 10", "e.md")] {
            let parts: [Part<'_>; 2] = [("file", Some(name), name.as_bytes()), ("folder", None, folder.as_bytes())];
            app.send_form(&admin, "POST", "/materials/upload", &parts).await.ok();
        }
        let level = app.get(&admin, "/materials/browse").await.ok();
        assert_eq!((&level["path"], &level["root"]), (&json!(""), &json!("")));
        assert_eq!(level["subfolders"], json!([
            { "name": "m 1", "path": "m 1", "file_count": 3, "total_size": 13 },
            { "name": "m 10", "path": "m 10", "file_count": 1, "total_size": 4 },
        ]));
        assert_eq!(level["files"].as_array().unwrap().len(), 1);
        let level = app.get(&admin, "/materials/browse?path=m%201").await.ok();
        assert_eq!((level["files"].as_array().unwrap().len(), level["subfolders"][0]["path"].as_str()), (2, Some("m 1/x")));
        for path in ["..", "/etc", "nada", "m%201/..", "%00"] {
            app.get(&admin, &format!("/materials/browse?path={path}")).await.problem(404, "material_not_found");
        }
        let ids = async |query: &str| {
            let listed = app.get(&admin, &format!("/materials?{query}")).await.ok();
            listed.as_array().unwrap().iter().map(|material| text(material, "id")).collect::<Vec<_>>()
        };
        assert_eq!(ids("folder=m%201").await, ["m 1/b.md", "m 1/d.txt", "m 1/x/c.md"]);
        assert_eq!(ids("type=TXT").await, ["m 1/d.txt"]);
        assert_eq!(ids("state=ready").await, [""; 0]);
        assert_eq!(ids("limit=2").await, ["a.md", "m 1/b.md"]);
        assert_eq!(ids("limit=2&after=m%201/b.md").await, ["m 1/d.txt", "m 1/x/c.md"]);
        app.put(&admin, "/materials/a.md/metadata", json!({ "tags": ["força", "a\"b"] })).await.ok();
        assert_eq!(ids("tag=for%C3%A7a").await, ["a.md"]);
        assert_eq!(ids("tag=a%22b").await, ["a.md"]);
        assert_eq!(ids("tag=for").await, [""; 0]);
        for query in ["limit=0", "limit=1001", "state=nada", "x=1", "limit=a"] {
            assert_eq!(app.get(&admin, &format!("/materials?{query}")).await.status, 422, "{query}");
        }
        app.stop().await;
    }
}
