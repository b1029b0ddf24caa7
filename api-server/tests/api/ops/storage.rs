//! Backups in object storage: moto's, where Python has it (`scripts/s3-server.py`).

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use shared::testing::TestDb;

use super::backups::{backups, json_of, lived_in, rows, run, stand_in, taken};
use crate::test_app::{On, PASSWORD, TestApp};

const SECRET: &str = "n3vErInAnyL0gOrMessage";
/// More than one part.
const LARGE: usize = 20 << 20;

/// An object storage with the bucket `backups`; gone when dropped.
struct Storage {
    child: Child,
    url: String,
    http: reqwest::Client,
}

impl Drop for Storage {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Storage {
    /// Nothing where Python or moto is missing.
    fn start() -> Option<Self> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/s3-server.py");
        let mut child = Command::new("python3")
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut url)
            .unwrap();
        let http = reqwest::Client::builder()
            .timeout(std::time::Duration::from_secs(30))
            .build()
            .unwrap();
        let storage = Self {
            child,
            url: url.trim().to_owned(),
            http,
        };
        storage.url.starts_with("http").then_some(storage)
    }

    fn variables(&self) -> Vec<(&'static str, String)> {
        vec![
            ("BACKUP_URL", "s3://backups/curso/acervo".to_owned()),
            ("BACKUP_KEEP", "2".to_owned()),
            ("AWS_ENDPOINT_URL", self.url.clone()),
            ("AWS_ACCESS_KEY_ID", "tests".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", SECRET.to_owned()),
        ]
    }

    /// Keys of everything there, in order.
    async fn keys(&self) -> Vec<String> {
        let list = format!("{}/backups?list-type=2", self.url);
        let text = self
            .http
            .get(list)
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        text.split("<Key>")
            .skip(1)
            .map(|rest| rest.split('<').next().unwrap().to_owned())
            .collect()
    }

    async fn put(&self, key: &str, body: &'static str) {
        let at = format!("{}/backups/{key}", self.url);
        let put = self
            .http
            .put(at)
            .header("content-type", "application/octet-stream")
            .body(body);
        let put = put.send().await.unwrap();
        assert!(put.status().is_success());
    }

    async fn remove(&self, key: &str) {
        let at = format!("{}/backups/{key}", self.url);
        self.http.delete(at).send().await.unwrap();
    }

    /// Uploads in parts that were never ended.
    async fn loose_parts(&self) -> usize {
        let list = format!("{}/backups?uploads", self.url);
        let text = self
            .http
            .get(list)
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        text.matches("<Upload>").count()
    }
}

fn addresses(keys: &[String]) -> Vec<String> {
    keys.iter()
        .filter_map(|key| key.strip_suffix("/manifest.json"))
        .map(|key| format!("s3://backups/{key}"))
        .collect()
}

fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != ".lock")
        .collect();
    names.sort();
    names
}

async fn everything_comes_back(from: On, to: TestDb) {
    let Some(storage) = Storage::start() else {
        return;
    };
    let rag = stand_in().await;
    let variables = storage.variables();
    let with: Vec<(&str, &str)> = variables
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let Some(app) = rag.app(from, &with).await else {
        return;
    };
    let admin = lived_in(&app).await;
    let large = "força e carga\n".repeat(LARGE / 16);
    app.upload(&admin, "longa.txt", large.as_bytes()).await.ok();
    app.upload(&admin, "some.txt", b"some").await.ok();
    for round in 0..3 {
        taken(&app, &admin).await;
        app.delete(&admin, "/materials/some.txt").await;
        app.clock.advance(std::time::Duration::from_secs(1));
        let keys = storage.keys().await;
        assert_eq!(addresses(&keys).len(), 2.min(round + 1), "{keys:?}");
        // The file of the first one alone goes with it.
        let files = keys.iter().filter(|key| key.contains("/files/")).count();
        assert_eq!(files, 7 - usize::from(round == 2), "{keys:?}");
    }
    let here = app.folder.path().join("backups");
    assert_eq!(names(&here), Vec::<String>::new(), "nothing stays behind");
    assert_eq!(storage.loose_parts().await, 0);

    let keys = storage.keys().await;
    let newest = addresses(&keys).pop().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let again = tempfile::tempdir().unwrap();
    let mut more = variables.clone();
    more.push(("DATABASE_URL", to.url().to_owned()));
    let whole = json_of(&run(elsewhere.path(), &more, &["verify", &newest]));
    assert!(
        whole["bytes"].as_u64().unwrap() > (LARGE / 2) as u64,
        "{whole}"
    );
    let restored = json_of(&run(
        elsewhere.path(),
        &more,
        &["restore", &newest, "--confirm"],
    ));
    assert_eq!(
        (&restored["rows"], &restored["files"]),
        (&whole["rows"], &whole["files"])
    );
    assert_eq!(
        names(&elsewhere.path().join("backups")),
        Vec::<String>::new()
    );

    // The same as one in a folder holds of the same moment.
    let in_folder = |folder: &Path| {
        vec![
            ("BACKUP_DIR", folder.display().to_string()),
            ("DATABASE_URL", to.url().to_owned()),
        ]
    };
    json_of(&run(
        elsewhere.path(),
        &in_folder(again.path()),
        &["backup"],
    ));
    let from_storage = rows(&backups(again.path())[0]);
    assert!(from_storage.len() > 20);
    let people = TestApp::with(&[
        ("DATABASE_URL", to.url()),
        ("DATA_DIR", &elsewhere.path().display().to_string()),
    ])
    .await;
    let ana = people.person("ana", PASSWORD).await;
    let file = people.get(&ana, "/materials/longa.txt?download=true").await;
    assert!(file.text == large, "{} bytes", file.text.len());
    assert_eq!(
        people.material_ids(&ana).await,
        app.material_ids(&admin).await
    );
    people.stop().await;
    app.stop().await;
    to.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_comes_back_from_storage_to_sqlite() {
    Box::pin(everything_comes_back(On::Embedded, TestDb::sqlite().await)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_comes_back_from_storage_to_postgres() {
    let Some(to) = TestDb::postgres().await else {
        return;
    };
    Box::pin(everything_comes_back(On::Shared, to)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_broken_there_is_refused_and_no_secret_is_told() {
    let Some(storage) = Storage::start() else {
        return;
    };
    let rag = stand_in().await;
    let variables = storage.variables();
    let with: Vec<(&str, &str)> = variables
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let app = rag.app(On::Embedded, &with).await.unwrap();
    lived_in(&app).await;
    let data = app.folder.path().to_owned();
    let taken = run(&data, &variables, &["backup"]);
    let address = json_of(&taken)["backup"].as_str().unwrap().to_owned();
    assert!(!said(&taken).contains(SECRET));
    let config = run(&data, &variables, &["check-config"]);
    assert!(
        said(&config).contains("s3://backups/curso/acervo") && !said(&config).contains(SECRET),
        "{}",
        said(&config)
    );
    let healthy: Value =
        serde_json::from_slice(&run(&data, &variables, &["doctor"]).stdout).unwrap();
    let finding = healthy
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["what"] == "backup")
        .unwrap()
        .clone();
    assert_eq!(finding["level"], "ok", "{finding}");

    let target = tempfile::tempdir().unwrap();
    json_of(&run(target.path(), &[], &["user", "list"]));
    let before = std::fs::read(target.path().join("api.db")).unwrap();
    let keys = storage.keys().await;
    let file = keys.iter().find(|key| key.contains("/files/")).unwrap();
    let rows = keys
        .iter()
        .find(|key| key.ends_with("/database.rows.gz"))
        .unwrap();
    let manifest = keys
        .iter()
        .find(|key| key.ends_with("/manifest.json"))
        .unwrap();
    let refused = |word: &str| {
        for command in [
            &["verify", &address][..],
            &["restore", &address, "--confirm"][..],
        ] {
            let refused = run(target.path(), &variables, command);
            assert!(!refused.status.success(), "{word}: {refused:?}");
            let said = said(&refused);
            assert!(
                said.contains(word) && !said.contains(SECRET),
                "{word}: {said}"
            );
        }
    };
    storage.put(file, "outra aula").await;
    refused("its content is another one");
    storage.remove(file).await;
    refused("file ");
    storage.put(rows, "x").await;
    refused("database.rows.gz");
    storage.put(manifest, "{}").await;
    refused("not one of ours");
    storage.remove(manifest).await;
    refused("it has no manifest");
    assert_eq!(std::fs::read(target.path().join("api.db")).unwrap(), before);
    let elsewhere = run(target.path(), &[], &["verify", &address]);
    assert!(
        said(&elsewhere).contains("BACKUP_URL"),
        "{}",
        said(&elsewhere)
    );

    // Nobody is there: told, and nothing stays behind.
    drop(storage);
    let mut away = variables.clone();
    away.push(("AWS_ENDPOINT_URL", "http://127.0.0.1:9".to_owned()));
    away.remove(2);
    let failed = run(&data, &away, &["backup"]);
    assert!(
        !failed.status.success() && !said(&failed).contains(SECRET),
        "{failed:?}"
    );
    assert_eq!(names(&data.join("backups")), Vec::<String>::new());
    app.stop().await;
}

#[test]
fn what_names_no_storage_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (name, value, key) in [
        (
            "BACKUP_URL",
            "https://bucket.example.org/acervo",
            "backup.url",
        ),
        ("BACKUP_URL", "s3:///acervo", "backup.url"),
        ("BACKUP_URL", "s3://id:key@bucket/acervo", "backup.url"),
        (
            "AWS_ENDPOINT_URL",
            "ftp://storage.example.org",
            "backup.endpoint",
        ),
        ("AWS_ACCESS_KEY_ID", "only-half", "backup.key_id"),
    ] {
        let mut more = vec![("BACKUP_URL", "s3://bucket/acervo".to_owned())];
        more.retain(|(known, _)| *known != name);
        more.push((name, value.to_owned()));
        let refused = run(folder.path(), &more, &["check-config"]);
        assert_eq!(refused.status.code(), Some(78), "{value}: {refused:?}");
        assert!(said(&refused).contains(key), "{value}: {}", said(&refused));
    }
}
