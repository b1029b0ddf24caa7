#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

use std::os::unix::fs::PermissionsExt as _;

use proptest::prelude::proptest;
use sqlx::migrate::{Migration, MigrationType, Migrator};

use super::*;
use crate::Retry;
use crate::problem::{Code, HasProblem as _};
use crate::testing::TestDb;

const INSERT: &str = "INSERT INTO lessons (id, title, course) VALUES ($1, $2, $3)";
const COUNT: &str = "SELECT COUNT(*) FROM lessons";
const BY_ID: &str = "SELECT id, title, published, updated_at FROM lessons WHERE id = $1";
const RENAME: &str = "UPDATE lessons SET title = $2, updated_at = $3 WHERE id = $1 RETURNING title";
const INSERT_NEW: &str =
    "INSERT INTO lessons (id, title) VALUES ($1, $2) ON CONFLICT (title) DO NOTHING RETURNING id";

#[derive(Debug, PartialEq, sqlx::FromRow)]
struct LessonRow {
    id: String,
    title: String,
    published: bool,
    updated_at: i64,
}

fn migrations(statements: &[(i64, &'static str)]) -> Migrator {
    let migration = |&(version, sql): &(i64, &'static str)| {
        Migration::new(
            version,
            "lessons".into(),
            MigrationType::Simple,
            sql.into_sql_str(),
            false,
        )
    };
    Migrator::with_migrations(statements.iter().map(migration).collect())
}

const FIRST: (i64, &str) = (
    1,
    "CREATE TABLE courses (id TEXT NOT NULL CONSTRAINT courses_pk PRIMARY KEY);
     CREATE TABLE lessons (
         id TEXT NOT NULL CONSTRAINT lessons_pk PRIMARY KEY,
         title TEXT NOT NULL CONSTRAINT lessons_title_key UNIQUE CONSTRAINT lessons_title_check CHECK (title <> ''),
         course TEXT CONSTRAINT lessons_course_fk REFERENCES courses (id),
         published BOOLEAN NOT NULL DEFAULT FALSE,
         updated_at BIGINT NOT NULL DEFAULT 0
     );",
);
const SECOND: (i64, &str) = (2, "CREATE INDEX lessons_by_course ON lessons (course)");

async fn migrated() -> Vec<TestDb> {
    let all = TestDb::all().await;
    let migrator = migrations(&[FIRST, SECOND]);
    for test in &all {
        migrate(test.db(), &migrator, &migrator).await.unwrap();
    }
    all
}

async fn insert(db: &Db, id: &str, title: &str, course: Option<&str>) -> Result<u64, DbError> {
    on_db!(db, |pool| sqlx::query(INSERT)
        .bind(id)
        .bind(title)
        .bind(course)
        .execute(pool)
        .await
        .map(|done| done.rows_affected()))
    .map_err(DbError::from)
}

async fn count(db: &Db) -> i64 {
    on_db!(db, |pool| sqlx::query_scalar::<_, i64>(COUNT)
        .fetch_one(pool)
        .await)
    .unwrap()
}

#[tokio::test]
async fn the_same_statements_run_on_both() {
    for test in migrated().await {
        let db = test.db();
        db.ping().await.unwrap();
        assert_eq!(insert(db, "a", "Inércia", None).await.unwrap(), 1);
        let row = on_db!(db, |pool| sqlx::query_as::<_, LessonRow>(BY_ID)
            .bind("a")
            .fetch_optional(pool)
            .await)
        .unwrap();
        let expected = LessonRow {
            id: "a".to_owned(),
            title: "Inércia".to_owned(),
            published: false,
            updated_at: 0,
        };
        assert_eq!(row, Some(expected));
        let renamed = on_db!(db, |pool| sqlx::query_scalar::<_, String>(RENAME)
            .bind("a")
            .bind("Ação e reação")
            .bind(1_800_000_000_000_i64)
            .fetch_one(pool)
            .await);
        assert_eq!(renamed.unwrap(), "Ação e reação", "{}", db.kind());
        let taken = on_db!(db, |pool| sqlx::query_scalar::<_, String>(INSERT_NEW)
            .bind("b")
            .bind("Ação e reação")
            .fetch_optional(pool)
            .await);
        assert_eq!(taken.unwrap(), None, "{}", db.kind());
        prepare_all(db, &[INSERT, COUNT, BY_ID, RENAME, INSERT_NEW])
            .await
            .unwrap();
        test.finish().await;
    }
}

#[tokio::test]
async fn statements_that_do_not_prepare_are_all_named() {
    for test in migrated().await {
        let wrong = ["SELECT nothing FROM lessons", COUNT, "SELEKT 1"];
        let error = prepare_all(test.db(), &wrong).await.unwrap_err();
        assert_eq!(error.failed.len(), 2, "{error}");
        assert!(
            error.to_string().contains("SELECT nothing FROM lessons: "),
            "{error}"
        );
        test.finish().await;
    }
}

#[tokio::test]
async fn violated_constraints_are_told_apart() {
    for test in migrated().await {
        let db = test.db();
        insert(db, "a", "Inércia", None).await.unwrap();
        let (key, primary) = match db {
            Db::Sqlite(_) => ("lessons.title", "lessons.id"),
            Db::Postgres(_) => ("lessons_title_key", "lessons_pk"),
        };
        for (id, title, expected) in [("b", "Inércia", key), ("a", "Força", primary)] {
            let error = insert(db, id, title, None).await.unwrap_err();
            assert!(
                matches!(&error, DbError::Unique { target } if target == expected),
                "{error:?}"
            );
            assert_eq!(
                (error.code(), error.retry()),
                (Code::Conflict, Retry::Never)
            );
        }
        for (id, title, course) in [("c", "", None), ("c", "Força", Some("nowhere"))] {
            let error = insert(db, id, title, course).await.unwrap_err();
            assert!(matches!(error, DbError::Constraint(_)), "{error:?}");
            assert_eq!(error.code(), Code::Internal);
        }
        let error = on_db!(db, |pool| pool
            .execute("SELECT * FROM nowhere")
            .await
            .map(drop));
        assert!(matches!(
            DbError::from(error.unwrap_err()),
            DbError::Other(_)
        ));
        assert_eq!(count(db).await, 1);
        test.finish().await;
    }
}

#[tokio::test]
async fn a_transaction_lasts_only_when_committed() {
    for test in migrated().await {
        let db = test.db();
        for (id, commit) in [("a", true), ("b", false)] {
            let mut tx = db.begin_write().await.unwrap();
            let rows = on_tx!(&mut tx, |conn| sqlx::query(INSERT)
                .bind(id)
                .bind(id)
                .bind(None::<String>)
                .execute(conn)
                .await
                .map(|done| done.rows_affected()));
            assert_eq!(rows.unwrap(), 1);
            if commit {
                tx.commit().await.unwrap();
            } else {
                tx.rollback().await.unwrap();
            }
        }
        {
            let mut tx = db.begin_write().await.unwrap();
            on_tx!(&mut tx, |conn| conn
                .execute("DELETE FROM lessons")
                .await
                .map(drop))
            .unwrap();
        }
        assert_eq!(count(db).await, 1, "{}", db.kind());
        test.finish().await;
    }
}

#[tokio::test]
async fn writers_that_read_first_wait_for_each_other() {
    for test in migrated().await {
        let db = test.db();
        insert(db, "counter", "x", None).await.unwrap();
        let add_one = async |db: Db| {
            let mut tx = db.begin_write().await?;
            let before = on_tx!(&mut tx, |conn| sqlx::query_scalar::<_, i64>(
                "SELECT updated_at FROM lessons WHERE id = 'counter'"
            )
            .fetch_one(conn)
            .await)?;
            tokio::task::yield_now().await;
            on_tx!(&mut tx, |conn| sqlx::query(
                "UPDATE lessons SET updated_at = $1 WHERE id = 'counter' AND updated_at = $2"
            )
            .bind(before + 1)
            .bind(before)
            .execute(conn)
            .await
            .map(drop))?;
            tx.commit().await
        };
        let all = futures::future::join_all((0..20).map(|_| add_one(db.clone()))).await;
        for outcome in all {
            outcome.unwrap();
        }
        if let Db::Sqlite(pool) = db {
            let total: i64 =
                sqlx::query_scalar("SELECT updated_at FROM lessons WHERE id = 'counter'")
                    .fetch_one(pool)
                    .await
                    .unwrap();
            assert_eq!(total, 20, "no update is lost");
        }
        test.finish().await;
    }
}

#[tokio::test]
async fn another_writer_for_too_long_is_busy() {
    let test = TestDb::sqlite().await;
    let settings = PoolSettings {
        busy_timeout: Duration::from_millis(1),
        ..PoolSettings::default()
    };
    let impatient = connect_with(test.url(), &settings).await.unwrap();
    let tx = test.db().begin_write().await.unwrap();
    let error = impatient.begin_write().await.unwrap_err();
    assert!(matches!(error, DbError::Busy(_)), "{error:?}");
    assert_eq!(
        (error.code(), error.retry()),
        (Code::Overloaded, Retry::Soon)
    );
    assert!(error.retry_after().is_some());
    tx.rollback().await.unwrap();
    impatient
        .begin_write()
        .await
        .unwrap()
        .commit()
        .await
        .unwrap();
    impatient.close().await;
    test.finish().await;
}

#[tokio::test]
async fn a_full_database_says_so() {
    let test = TestDb::sqlite().await;
    let migrator = migrations(&[FIRST]);
    migrate(test.db(), &migrator, &migrator).await.unwrap();
    let Db::Sqlite(pool) = test.db() else {
        panic!("not SQLite")
    };
    let mut connection = pool.acquire().await.unwrap();
    // The limit holds for this connection, so everything runs on it.
    connection
        .execute("PRAGMA max_page_count = 1")
        .await
        .unwrap();
    let mut outcome = Ok(());
    for number in 0..200 {
        let filled = sqlx::query(INSERT)
            .bind(number.to_string())
            .bind(format!("{number}{}", "x".repeat(1_000)))
            .bind(None::<String>)
            .execute(&mut *connection)
            .await;
        outcome = filled.map(drop).map_err(DbError::from);
        if outcome.is_err() {
            break;
        }
    }
    let error = outcome.unwrap_err();
    assert!(matches!(error, DbError::Full(_)), "{error:?}");
    assert_eq!(
        (error.code(), error.retry()),
        (Code::StorageFull, Retry::Never)
    );
    drop(connection);
    test.finish().await;
}

#[tokio::test]
async fn sqlite_files_are_private_and_every_connection_has_the_options() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/a/b/acervo.db", folder.path().display());
    let db = connect(&url).await.unwrap();
    let mode = |path: &str| {
        std::fs::metadata(folder.path().join(path))
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    };
    on_db!(&db, |pool| pool
        .execute("CREATE TABLE t (x TEXT)")
        .await
        .map(drop))
    .unwrap();
    assert_eq!((mode("a"), mode("a/b/acervo.db")), (0o700, 0o600));
    assert_eq!(mode("a/b/acervo.db-wal"), 0o600);
    let Db::Sqlite(pool) = &db else {
        panic!("not SQLite")
    };
    let mut held = Vec::new();
    for _ in 0..3 {
        let mut connection = pool.acquire().await.unwrap();
        for (pragma, expected) in [
            ("foreign_keys", 1),
            ("synchronous", 1),
            ("busy_timeout", 5_000),
        ] {
            let statement = AssertSqlSafe(format!("PRAGMA {pragma}"));
            let value: i64 = sqlx::query_scalar(statement)
                .fetch_one(&mut *connection)
                .await
                .unwrap();
            assert_eq!(value, expected, "{pragma}");
        }
        let mode: String = sqlx::query_scalar("PRAGMA journal_mode")
            .fetch_one(&mut *connection)
            .await
            .unwrap();
        assert_eq!(mode, "wal");
        held.push(connection);
    }
    drop(held);
    db.close().await;
}

#[tokio::test]
async fn memory_is_one_database() {
    let db = connect("sqlite::memory:").await.unwrap();
    let migrator = migrations(&[FIRST]);
    migrate(&db, &migrator, &migrator).await.unwrap();
    insert(&db, "a", "a", None).await.unwrap();
    assert_eq!(count(&db).await, 1);
}

#[tokio::test]
async fn addresses_that_cannot_be_used_do_not_show_their_password() {
    for url in [
        "",
        "mysql://u:hunter2@h/d",
        "data/rag.db",
        "postgres://u:hunter2@h/d?schema=a;drop",
        "postgres://u:hunter2@h/d?schema=Upper",
        "postgres://u:hunter2@h/d?schema=",
        "postgres://u:hunter2@h:notaport/d",
        "sqlite://x.db?mode=sideways",
    ] {
        let error = connect(url).await.unwrap_err();
        assert!(matches!(error, DbError::Url(_)), "{url}: {error:?}");
        assert!(!format!("{error:?} {error}").contains("hunter2"), "{url}");
    }
    let nobody = connect("postgres://u:hunter2@127.0.0.1:1/d?schema=x")
        .await
        .unwrap_err();
    assert!(matches!(nobody, DbError::Unavailable(_)), "{nobody:?}");
    assert!(!format!("{nobody:?}").contains("hunter2"));
    let folder = tempfile::tempdir().unwrap();
    let occupied = connect(&format!("sqlite://{}", folder.path().display()))
        .await
        .unwrap_err();
    assert!(matches!(occupied, DbError::Unavailable(_)), "{occupied:?}");
}

#[tokio::test]
async fn several_migrate_at_once_and_later_ones_add() {
    for test in TestDb::all().await {
        let first = migrations(&[FIRST]);
        let other = connect(test.url()).await.unwrap();
        let dbs = [test.db(), &other, test.db(), &other];
        let all = dbs.map(|db| migrate(db, &first, &first));
        for outcome in futures::future::join_all(all).await {
            outcome.unwrap();
        }
        insert(test.db(), "a", "a", None).await.unwrap();
        let both = migrations(&[FIRST, SECOND]);
        migrate(&other, &both, &both).await.unwrap();
        migrate(&other, &both, &both).await.unwrap();
        assert_eq!(count(test.db()).await, 1);
        other.close().await;
        test.finish().await;
    }
}

#[tokio::test]
async fn an_older_program_leaves_a_newer_database_alone() {
    for test in migrated().await {
        let old = migrations(&[FIRST]);
        let error = migrate(test.db(), &old, &old).await.unwrap_err();
        assert!(
            matches!(error, MigrationError::Newer { found: 2, known: 1 }),
            "{}: {error:?}",
            test.db().kind()
        );
        let edited = migrations(&[FIRST, (2, "CREATE INDEX other ON lessons (title)")]);
        let error = migrate(test.db(), &edited, &edited).await.unwrap_err();
        assert!(
            matches!(error, MigrationError::Changed { version: 2 }),
            "{error:?}"
        );
        let removed = migrations(&[SECOND]);
        let error = migrate(test.db(), &removed, &removed).await.unwrap_err();
        assert!(
            matches!(error, MigrationError::Changed { version: 1 }),
            "{error:?}"
        );
        test.finish().await;
    }
}

#[tokio::test]
async fn a_migration_that_fails_changes_nothing_and_blocks_nobody() {
    for test in TestDb::all().await {
        let broken = migrations(&[FIRST, (2, "CREATE TABLE extra (x TEXT); SELEKT 1")]);
        let error = migrate(test.db(), &broken, &broken).await.unwrap_err();
        assert!(
            matches!(error, MigrationError::Failed { version: 2, .. }),
            "{error:?}"
        );
        let other = connect(test.url()).await.unwrap();
        let mended = migrations(&[FIRST, (2, "CREATE TABLE extra (x TEXT)")]);
        migrate(&other, &mended, &mended).await.unwrap();
        other.close().await;
        test.finish().await;
    }
}

#[test]
fn differing_folders_of_migrations_are_noticed() {
    let both = migrations(&[FIRST, SECOND]);
    assert_eq!(
        same_migrations(&both, &migrations(&[FIRST, SECOND])),
        Ok(())
    );
    assert!(
        same_migrations(&both, &migrations(&[FIRST]))
            .unwrap_err()
            .contains("Postgres")
    );
    assert!(
        same_migrations(&migrations(&[FIRST]), &both)
            .unwrap_err()
            .contains("SQLite")
    );
}

#[test]
fn the_schema_is_taken_out_of_the_address() {
    let take = |text: &str| {
        let mut url = Url::parse(text).unwrap();
        take_schema(&mut url)
            .map(|schema| (schema, url.to_string()))
            .unwrap()
    };
    let (schema, rest) = take("postgres://h/d?sslmode=require&schema=rag_queue&x=1");
    assert_eq!(schema.as_deref(), Some("rag_queue"));
    assert_eq!(rest, "postgres://h/d?sslmode=require&x=1");
    assert_eq!(take("postgres://h/d?schema=rag").1, "postgres://h/d");
    assert_eq!(take("postgres://h/d").0, None);
}

proptest! {
    #[test]
    fn schema_names_are_plain_identifiers_or_refused(name in ".{0,70}") {
        let plain = is_plain_identifier(&name);
        let expected = (1..=63).contains(&name.len())
            && name.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9' | '_'))
            && !name.starts_with(|c: char| c.is_ascii_digit());
        proptest::prop_assert_eq!(plain, expected);
    }
}
