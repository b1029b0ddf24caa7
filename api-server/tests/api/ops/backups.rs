//! Backups of a system that is used meanwhile, restored elsewhere.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use flate2::read::MultiGzDecoder;
use serde_json::{Value, json};
use shared::testing::TestDb;

use crate::chat::stand_in::{Script, StandIn, answer};
use crate::materials::form;
use crate::test_app::{On, PASSWORD, TestApp, variables};

/// Tables that go on by themselves.
const RESTLESS: [&str; 4] = ["material_sync", "leases", "schedules", "schedule_runs"];

pub(super) fn run(folder: &Path, more: &[(&str, String)], arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_api-server"))
        .args(arguments)
        .arg("--json")
        .env_clear()
        .envs(variables(folder, more))
        .output()
        .unwrap()
}

#[track_caller]
pub(super) fn json_of(output: &Output) -> Value {
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Backups below a folder.
pub(super) fn backups(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("manifest.json").exists())
        .collect();
    found.sort();
    found
}

/// Rows of a backup but for those of tables that go on by themselves, truth as SQLite writes it, keys in order.
pub(super) fn rows(backup: &Path) -> BTreeSet<String> {
    let mut text = String::new();
    MultiGzDecoder::new(std::fs::File::open(backup.join("database.rows.gz")).unwrap())
        .read_to_string(&mut text)
        .unwrap();
    text.lines()
        .filter_map(|line| line.split_once('\t'))
        .filter(|(table, _)| !RESTLESS.contains(table))
        .map(|(table, row)| {
            let mut row: std::collections::BTreeMap<String, Value> =
                serde_json::from_str(row).unwrap();
            for value in row.values_mut() {
                if let Value::Bool(truth) = value {
                    *value = json!(u8::from(*truth));
                }
            }
            format!("{table} {}", json!(row))
        })
        .collect()
}

pub(super) async fn stand_in() -> StandIn {
    StandIn::start(Script {
        query: Some((200, answer("A carga cresce aos poucos. [1]", 0.002))),
        ..Script::default()
    })
    .await
}

/// Takes a backup by the job; says whose it was when it fails.
#[track_caller]
pub(super) fn taken<'a>(
    app: &'a TestApp,
    admin: &'a crate::test_app::Person,
) -> impl Future<Output = ()> + 'a {
    let caller = std::panic::Location::caller();
    async move {
        let run = app.ran(admin, "fazer-backup").await;
        assert_eq!(run["outcome"], "done", "{caller}: {run}");
    }
}

/// A system with people, materials and conversations.
pub(super) async fn lived_in(app: &TestApp) -> crate::test_app::Person {
    let admin = app.admin().await;
    let ana = app.member(&admin, "ana", "student").await;
    for number in 0..5 {
        let content = format!("aula {number}: força e carga").into_bytes();
        app.upload(&admin, &format!("aula-{number}.txt"), &content)
            .await
            .ok();
        app.post(
            &ana,
            "/chat",
            json!({ "content": "O que é força?\n\tE \"carga\"?" }),
        )
        .await
        .ok();
    }
    admin
}

async fn everything_comes_back(from: On, to: On) {
    let rag = stand_in().await;
    let kept = tempfile::tempdir().unwrap();
    let kept_at = kept.path().display().to_string();
    let Some(app) = rag.app(from, &[("BACKUP_DIR", &kept_at)]).await else {
        return;
    };
    let other = match to {
        On::Embedded => TestDb::sqlite().await,
        On::Shared => match TestDb::postgres().await {
            Some(database) => database,
            None => return,
        },
    };
    let admin = lived_in(&app).await;

    // While it is used.
    let load = async {
        for number in 0..10 {
            let content = format!("mais {number}").into_bytes();
            app.upload(&admin, &format!("mais-{number}.txt"), &content)
                .await
                .ok();
            app.post(&admin, "/chat", json!({ "content": "Quanta carga?" }))
                .await
                .ok();
            app.delete(&admin, &format!("/materials/mais-{number}.txt"))
                .await
                .ok();
        }
    };
    futures::join!(taken(&app, &admin), load);
    app.clock.advance(std::time::Duration::from_secs(1));
    // And one of a moment when nothing happens, to compare with.
    taken(&app, &admin).await;
    let found = backups(kept.path());
    assert_eq!(found.len(), 2);

    for backup in &found {
        let elsewhere = tempfile::tempdir().unwrap();
        let again = tempfile::tempdir().unwrap();
        let more = [
            ("DATABASE_URL", other.url().to_owned()),
            ("BACKUP_DIR", again.path().display().to_string()),
        ];
        let at = backup.to_str().unwrap();
        let whole = json_of(&run(elsewhere.path(), &more, &["verify", at]));
        let refused = run(elsewhere.path(), &more, &["restore", at]);
        assert!(!refused.status.success(), "{refused:?}");
        let restored = json_of(&run(elsewhere.path(), &more, &["restore", at, "--confirm"]));
        assert_eq!(
            (&restored["rows"], &restored["files"]),
            (&whole["rows"], &whole["files"])
        );
        assert!(restored["rows"].as_u64().unwrap() > 20, "{restored}");
        json_of(&run(elsewhere.path(), &more, &["backup"]));
        let there = rows(&backups(again.path())[0]);
        let here = rows(backup);
        assert_eq!(
            there.difference(&here).collect::<Vec<_>>(),
            Vec::<&String>::new()
        );
        assert_eq!(
            here.difference(&there).collect::<Vec<_>>(),
            Vec::<&String>::new()
        );
    }

    // People sign in and find what is theirs.
    let elsewhere = tempfile::tempdir().unwrap();
    let at = found[1].to_str().unwrap();
    let more = [("DATABASE_URL", other.url().to_owned())];
    json_of(&run(elsewhere.path(), &more, &["restore", at, "--confirm"]));
    let folder = elsewhere.path().display().to_string();
    let restored = TestApp::with(&[("DATABASE_URL", other.url()), ("DATA_DIR", &folder)]).await;
    let ana = restored.person("ana", PASSWORD).await;
    assert_eq!(
        restored.material_ids(&ana).await,
        app.material_ids(&admin).await
    );
    let file = restored
        .get(&ana, "/materials/aula-3.txt?download=true")
        .await;
    assert_eq!(file.text, "aula 3: força e carga");
    let talks = restored.get(&ana, "/chat/conversations").await.ok();
    assert!(talks.to_string().contains("O que é força?"), "{talks}");
    restored.stop().await;
    app.stop().await;
    other.finish().await;
}

/// Whatever comes and goes meanwhile, each backup is taken and is whole.
#[tokio::test(flavor = "multi_thread")]
async fn backups_are_taken_while_files_come_and_go() {
    let rag = stand_in().await;
    for on in [On::Embedded, On::Shared] {
        let kept = tempfile::tempdir().unwrap();
        let kept_at = kept.path().display().to_string();
        let variables = [("BACKUP_DIR", kept_at.as_str()), ("BACKUP_KEEP", "100")];
        let Some(app) = rag.app(on, &variables).await else {
            continue;
        };
        let admin = app.admin().await;
        let over = std::sync::atomic::AtomicBool::new(false);
        let churn = async |lane: usize| {
            let mut number = 0;
            while !over.load(std::sync::atomic::Ordering::SeqCst) {
                number += 1;
                let name = format!("vai-{lane}-{number}.txt");
                let content = format!("{lane} {number}").into_bytes();
                app.upload(&admin, &name, &content).await.ok();
                app.delete(&admin, &format!("/materials/{name}")).await.ok();
            }
        };
        let take = async {
            for _ in 0..10 {
                taken(&app, &admin).await;
                app.clock.advance(std::time::Duration::from_secs(1));
            }
            over.store(true, std::sync::atomic::Ordering::SeqCst);
        };
        futures::join!(take, churn(0), churn(1), churn(2), churn(3));
        let found = backups(kept.path());
        assert_eq!(found.len(), 10);
        for backup in found {
            let at = backup.to_str().unwrap();
            json_of(&run(kept.path(), &[], &["verify", at]));
        }
        app.stop().await;
    }
}

/// Two servers take the same contents in and remove them, and a command takes the backups: no file goes that a material
/// has or that a backup counts on.
#[tokio::test(flavor = "multi_thread")]
async fn what_one_process_needs_no_other_removes() {
    let rag = stand_in().await;
    for on in [On::Embedded, On::Shared] {
        let kept = tempfile::tempdir().unwrap();
        let Some(app) = rag.app(on, &[]).await else {
            continue;
        };
        let admin = app.admin().await;
        let other = app.replica().await;
        let over = std::sync::atomic::AtomicBool::new(false);
        let churn = async |base: &str, lane: usize| {
            let mut number = 0;
            while !over.load(std::sync::atomic::Ordering::SeqCst) {
                number += 1;
                let name = format!("vai-{lane}-{number}.txt");
                let content = format!("aula {}", number % 2).into_bytes();
                let send = |method: &str, path: &str| {
                    let method = method.parse().unwrap();
                    let request = app.http.request(method, format!("{base}{path}"));
                    request.bearer_auth(&admin.token)
                };
                let sent = send("POST", "/materials/upload")
                    .header("content-type", "application/json")
                    .body(form(&[("file", Some(&name), &content)]));
                app.send(sent).await.ok();
                let read = send("GET", &format!("/materials/{name}"));
                let read = app.send(read).await;
                assert_eq!((read.status, read.text.as_bytes()), (200, &*content));
                let removed = send("DELETE", &format!("/materials/{name}"));
                app.send(removed).await.ok();
            }
        };
        let take = async {
            let mut more = vec![("BACKUP_DIR", kept.path().display().to_string())];
            more.extend(
                app.database_url()
                    .map(|url| ("DATABASE_URL", url.to_owned())),
            );
            let folder = app.folder.path().to_owned();
            let taken = tokio::task::spawn_blocking(move || {
                (0..4).for_each(|_| drop(json_of(&run(&folder, &more, &["backup"]))));
            });
            taken.await.unwrap();
            over.store(true, std::sync::atomic::Ordering::SeqCst);
        };
        let (one, two) = (app.base.as_str(), other.base.as_str());
        futures::join!(
            take,
            churn(one, 0),
            churn(two, 1),
            churn(one, 2),
            churn(two, 3)
        );
        let found = backups(kept.path());
        assert_eq!(found.len(), 4);
        for backup in found {
            let at = backup.to_str().unwrap();
            json_of(&run(kept.path(), &[], &["verify", at]));
        }
        other.stop().await;
        app.stop().await;
    }
}

/// A backup of another process waits for nobody, and nobody for it: what it counts on is swept when it is over.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_removes_does_not_wait_for_a_backup() {
    for on in [On::Embedded, On::Shared] {
        let Some(app) = TestApp::on(on, &[]).await else {
            continue;
        };
        let admin = app.admin().await;
        let content = b"aula de remo";
        app.upload(&admin, "remo.txt", content).await.ok();
        let files = shared::files::Files::shared(&app.folder.path().join("uploads"), 100);
        let file = files.path_of(&blake3::hash(content).to_hex());
        let keeping = files.keeping().await.unwrap();
        app.delete(&admin, "/materials/remo.txt").await.ok();
        assert_eq!(app.material_ids(&admin).await, [""; 0]);
        assert!(file.exists(), "a backup counts on it");
        drop(keeping);
        app.upload(&admin, "canoa.txt", content).await.ok();
        app.delete(&admin, "/materials/canoa.txt").await.ok();
        assert!(!file.exists());
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_comes_back_from_sqlite_to_sqlite() {
    Box::pin(everything_comes_back(On::Embedded, On::Embedded)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_comes_back_from_postgres_to_postgres() {
    Box::pin(everything_comes_back(On::Shared, On::Shared)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_comes_back_from_sqlite_to_postgres() {
    Box::pin(everything_comes_back(On::Embedded, On::Shared)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_comes_back_from_postgres_to_sqlite() {
    Box::pin(everything_comes_back(On::Shared, On::Embedded)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_broken_foreign_or_newer_is_refused_before_anything_changes() {
    let rag = stand_in().await;
    let kept = tempfile::tempdir().unwrap();
    let kept_at = kept.path().display().to_string();
    let app = rag
        .app(On::Embedded, &[("BACKUP_DIR", &kept_at)])
        .await
        .unwrap();
    lived_in(&app).await;
    let admin = app.admin().await;
    taken(&app, &admin).await;
    let backup = backups(kept.path()).remove(0);
    app.stop().await;

    let target = tempfile::tempdir().unwrap();
    json_of(&run(target.path(), &[], &["user", "list"]));
    let before = std::fs::read(target.path().join("api.db")).unwrap();
    let manifest = backup.join("manifest.json");
    let rows = backup.join("database.rows.gz");
    let shelf = std::fs::read_dir(kept.path().join("files"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let file = std::fs::read_dir(shelf)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let change = |path: &Path, from: &str, to: &str| {
        let text = std::fs::read_to_string(path).unwrap();
        assert!(text.contains(from), "{text}");
        std::fs::write(path, text.replacen(from, to, 1)).unwrap();
    };
    let faults: [(&str, &Path, &dyn Fn()); 7] = [
        ("database.rows.gz", &rows, &|| {
            let mut bytes = std::fs::read(&rows).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            std::fs::write(&rows, bytes).unwrap();
        }),
        ("database.rows.gz", &rows, &|| {
            let bytes = std::fs::read(&rows).unwrap();
            std::fs::write(&rows, &bytes[..bytes.len() - 9]).unwrap();
        }),
        ("its content is another one", &file, &|| {
            std::fs::write(&file, "outra aula").unwrap();
        }),
        ("file ", &file, &|| std::fs::remove_file(&file).unwrap()),
        ("not one of ours", &manifest, &|| {
            change(&manifest, "acervo-backup", "outro-backup");
        }),
        ("newer", &manifest, &|| {
            let schema = serde_json::from_slice::<Value>(&std::fs::read(&manifest).unwrap())
                .unwrap()["manifest"]["schema"]
                .clone();
            change(
                &manifest,
                &format!("\"schema\": {schema}"),
                "\"schema\": 9999",
            );
        }),
        ("seal", &manifest, &|| {
            change(&manifest, "\"users\": ", "\"users\": 1");
        }),
    ];
    for (word, path, spoil) in faults {
        let good = std::fs::read(path).unwrap();
        spoil();
        for command in [&["verify"][..], &["restore", "--confirm"][..]] {
            let mut arguments = command.to_vec();
            arguments.insert(1, backup.to_str().unwrap());
            let refused = run(target.path(), &[], &arguments);
            assert!(!refused.status.success(), "{word}: {refused:?}");
            let said = format!(
                "{}{}",
                String::from_utf8_lossy(&refused.stdout),
                String::from_utf8_lossy(&refused.stderr)
            );
            assert!(said.contains(word), "{word}: {said}");
        }
        std::fs::write(path, good).unwrap();
    }
    let nowhere = target.path().display().to_string();
    assert!(
        !run(target.path(), &[], &["restore", &nowhere, "--confirm"])
            .status
            .success()
    );
    assert_eq!(std::fs::read(target.path().join("api.db")).unwrap(), before);
    json_of(&run(
        target.path(),
        &[],
        &["verify", backup.to_str().unwrap()],
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_oldest_go_with_the_files_that_nobody_needs() {
    let rag = stand_in().await;
    let kept = tempfile::tempdir().unwrap();
    let kept_at = kept.path().display().to_string();
    let app = rag
        .app(
            On::Embedded,
            &[("BACKUP_DIR", &kept_at), ("BACKUP_KEEP", "2")],
        )
        .await
        .unwrap();
    let admin = app.admin().await;
    app.upload(&admin, "fica.txt", b"fica").await.ok();
    app.upload(&admin, "some.txt", b"some").await.ok();
    let files = || {
        let shelves = std::fs::read_dir(kept.path().join("files")).unwrap();
        shelves
            .map(|shelf| std::fs::read_dir(shelf.unwrap().path()).unwrap().count())
            .sum::<usize>()
    };
    for round in 0..3 {
        taken(&app, &admin).await;
        assert_eq!(files(), 2 - usize::from(round == 2), "round {round}");
        app.delete(&admin, "/materials/some.txt").await;
        app.clock.advance(std::time::Duration::from_secs(60));
    }
    let left = backups(kept.path());
    assert_eq!(left.len(), 2);
    for backup in left {
        // Digests of passwords stand in it: for its owner alone.
        for path in std::iter::once(backup.clone()).chain(
            std::fs::read_dir(&backup)
                .unwrap()
                .map(|entry| entry.unwrap().path()),
        ) {
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{}", path.display());
        }
        json_of(&run(
            kept.path(),
            &[],
            &["verify", backup.to_str().unwrap()],
        ));
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_server_is_not_restored_under() {
    let kept = tempfile::tempdir().unwrap();
    let app = TestApp::spawn().await;
    let port = app.base.rsplit(':').next().unwrap().to_owned();
    let more = [("API_PORT", port)];
    let refused = run(kept.path(), &more, &["restore", "/nowhere", "--confirm"]);
    assert!(!refused.status.success());
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&refused.stdout),
        String::from_utf8_lossy(&refused.stderr)
    );
    assert!(said.contains("stop it first"), "{said}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_names_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let sick = run(folder.path(), &[], &["doctor"]);
    assert!(!sick.status.success(), "{sick:?}");
    let findings: Value = serde_json::from_slice(&sick.stdout).unwrap();
    let level = |what: &str| {
        let all = findings.as_array().unwrap();
        all.iter().find(|finding| finding["what"] == what).unwrap()["level"].clone()
    };
    assert_eq!(
        (level("data"), level("database"), level("cache")),
        (json!("ok"), json!("ok"), json!("ok"))
    );
    assert_eq!(
        (level("rag-server"), level("backup"), level("mail")),
        (json!("fault"), json!("warning"), json!("warning"))
    );
}
