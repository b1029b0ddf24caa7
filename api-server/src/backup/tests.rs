use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use serde_json::Value;
use shared::db::Db;
use shared::testing::TestDb;

use super::manifest::Manifest;
use super::*;
use crate::migrations::{self, POSTGRES, SQLITE};

/// Schemas up to this one have rows in every table. Raised with each file of rows.
const FILLED: i64 = 16;

/// Rows of the tables that migrations up to `version` made.
fn fixtures(version: i64) -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/schemas");
    let mut rows = Vec::new();
    for number in 1..=version {
        let Ok(text) = std::fs::read_to_string(folder.join(format!("{number:04}.rows"))) else {
            continue;
        };
        for line in text.lines() {
            let (table, row) = line.split_once('\t').unwrap();
            rows.push((table.to_owned(), serde_json::from_str(row).unwrap()));
        }
    }
    rows
}

/// Fills the tables of a schema.
async fn fill(db: &Db, version: i64) {
    match db {
        Db::Sqlite(pool) => SQLITE.run_to(version, pool).await.unwrap(),
        Db::Postgres(pool) => POSTGRES.run_to(version, pool).await.unwrap(),
    }
    let mut tx = db.begin_write().await.unwrap();
    // Rows of migrations themselves stand in the fixtures too.
    store::begin_anew(&mut tx, &store::tables_of(version).await.unwrap(), version)
        .await
        .unwrap();
    for (table, row) in fixtures(version) {
        store::insert(&mut tx, &table, format!("[{row}]"))
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
}

/// Every row of the tables of a schema, as a set.
async fn everything(db: &Db, version: i64) -> BTreeMap<String, BTreeSet<String>> {
    let mut tx = db.begin_read().await.unwrap();
    let mut all = BTreeMap::new();
    for table in store::tables_of(version).await.unwrap() {
        let (lines, mut queue) = tokio::sync::mpsc::channel(1_000);
        store::rows(&mut tx, &table, &lines).await.unwrap();
        drop(lines);
        let mut rows = BTreeSet::new();
        while let Some(line) = queue.recv().await {
            rows.insert(plain(line.split_once('\t').unwrap().1));
        }
        all.insert(table, rows);
    }
    tx.rollback().await.unwrap();
    all
}

/// A row with its keys in order, truth as SQLite writes it, and without what is null: a later column is no difference.
fn plain(row: &str) -> String {
    let row: BTreeMap<String, Value> = serde_json::from_str(row).unwrap();
    let mut text = String::new();
    for (key, value) in row {
        match value {
            Value::Null => {}
            Value::Bool(truth) => write!(text, "{key}={} ", u8::from(truth)).unwrap(),
            other => write!(text, "{key}={other} ").unwrap(),
        }
    }
    text
}

/// Migrations add rows of their own; those that were there are still there.
#[track_caller]
fn assert_kept(
    before: &BTreeMap<String, BTreeSet<String>>,
    after: &BTreeMap<String, BTreeSet<String>>,
) {
    for (table, rows) in before {
        let lost: Vec<_> = rows.difference(&after[table]).collect();
        assert!(
            lost.is_empty(),
            "{table}: {lost:?} not in {:?}",
            after[table]
        );
    }
}

async fn taken(db: &Db, folder: &Path) -> PathBuf {
    before_migration(db, folder, 1_790_000_000_000)
        .await
        .unwrap()
        .unwrap()
}

async fn restored(db: &Db, backup: &Path) -> Result<(), BackupError> {
    let manifest = Manifest::read(backup)?;
    let ours = store::tables_of(migrations::newest()).await?;
    let tables = store::tables_of(manifest.schema).await?;
    let mut tx = db.begin_write().await?;
    store::begin_anew(&mut tx, &ours, manifest.schema).await?;
    let counts = rows::read(&mut tx, &tables, backup).await?;
    assert_eq!(
        counts,
        manifest
            .rows
            .iter()
            .filter(|(_, n)| **n > 0)
            .map(|(t, n)| (t.clone(), *n))
            .collect()
    );
    store::migrate(&mut tx).await?;
    Ok(tx.commit().await?)
}

/// Every schema there has been, with rows in every table, is written down and brought up to date on both databases; what
/// was written down is restored into either of them.
#[tokio::test]
async fn every_earlier_schema_is_kept_and_brought_up_to_date() {
    let versions: Vec<i64> = SQLITE.iter().map(|migration| migration.version).collect();
    let newest = migrations::newest();
    for version in versions.into_iter().filter(|version| *version < newest) {
        for test in TestDb::all().await {
            let folder = tempfile::tempdir().unwrap();
            fill(test.db(), version).await;
            let before = everything(test.db(), version).await;
            assert!(before.values().flatten().count() > 10);
            let backup = taken(test.db(), folder.path()).await;

            migrations::run(test.db()).await.unwrap();
            assert_eq!(store::schema(test.db()).await.unwrap(), newest);
            let after = everything(test.db(), version).await;
            assert_kept(&before, &after);
            assert_eq!(
                before_migration(test.db(), folder.path(), 0).await.unwrap(),
                None
            );

            for other in TestDb::all().await {
                migrations::run(other.db()).await.unwrap();
                restored(other.db(), &backup).await.unwrap();
                assert_eq!(store::schema(other.db()).await.unwrap(), newest);
                let there = everything(other.db(), version).await;
                assert_kept(&before, &there);
                other.finish().await;
            }
            test.finish().await;
        }
    }
}

#[tokio::test]
async fn every_table_of_an_earlier_schema_has_rows() {
    let with_rows: BTreeSet<String> = fixtures(FILLED)
        .into_iter()
        .map(|(table, _)| table)
        .collect();
    for table in store::tables_of(FILLED).await.unwrap() {
        assert!(
            with_rows.contains(&table),
            "no rows of {table} in tests/fixtures/schemas"
        );
    }
}

#[tokio::test]
async fn a_new_database_needs_no_backup() {
    let test = TestDb::sqlite().await;
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(
        before_migration(test.db(), folder.path(), 0).await.unwrap(),
        None
    );
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    test.finish().await;
}

#[tokio::test]
async fn a_restore_that_fails_half_way_changes_nothing() {
    for test in TestDb::all().await {
        let folder = tempfile::tempdir().unwrap();
        fill(test.db(), 3).await;
        let backup = taken(test.db(), folder.path()).await;
        migrations::run(test.db()).await.unwrap();
        let before = everything(test.db(), migrations::newest()).await;
        // Rows that refer to a user who is not among them, in a file that is whole.
        let path = backup.join(rows::NAME);
        let mut text = String::new();
        MultiGzDecoder::new(std::fs::File::open(&path).unwrap())
            .read_to_string(&mut text)
            .unwrap();
        let without: Vec<&str> = text
            .split_inclusive('\n')
            .filter(|line| !line.starts_with("users\t"))
            .collect();
        let without = without.concat();
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut packed, without.as_bytes()).unwrap();
        std::fs::write(&path, packed.finish().unwrap()).unwrap();
        let failed = restored(test.db(), &backup).await;
        assert!(matches!(failed, Err(BackupError::Db(_))), "{failed:?}");
        assert_eq!(everything(test.db(), migrations::newest()).await, before);
        test.finish().await;
    }
}

#[test]
fn what_was_begun_and_never_finished_goes_after_a_day() {
    let folder = tempfile::tempdir().unwrap();
    let made = |name: &str, hours: u64| {
        let path = folder.path().join(name);
        std::fs::create_dir(&path).unwrap();
        let file = std::fs::File::create(path.join(rows::NAME)).unwrap();
        let age = std::time::Duration::from_secs(hours * 3600);
        file.set_modified(std::time::SystemTime::now() - age)
            .unwrap();
        path
    };
    let (old, young) = (made("a", 25), made("b", 23));
    let foreign = folder.path().join("c");
    std::fs::create_dir(&foreign).unwrap();
    assert_eq!(files::prune(folder.path(), 7).unwrap(), 0);
    assert!(!old.exists());
    assert!(young.exists() && foreign.exists());
}

#[test]
fn a_name_that_is_no_hash_leads_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    for name in [
        "../../etc/passwd",
        "",
        "zz",
        &"g".repeat(64),
        &"a".repeat(63),
    ] {
        let wanted = BTreeMap::from([(name.to_owned(), 1)]);
        assert!(
            matches!(
                files::check(folder.path(), &wanted),
                Err(BackupError::Broken { .. })
            ),
            "{name}"
        );
    }
}

#[tokio::test]
async fn tables_stand_after_those_they_refer_to() {
    let tables = store::tables_of(migrations::newest()).await.unwrap();
    let place = |name: &str| tables.iter().position(|table| table == name).unwrap();
    assert!(place("users") < place("sessions"));
    assert!(place("sessions") < place("refresh_tokens"));
    assert!(place("conversations") < place("messages"));
}
