use sqlx::{AssertSqlSafe, Executor as _};
use tempfile::TempDir;
use url::Url;
use uuid::Uuid;

use crate::db::{Db, connect};
use crate::settings::Environment;

/// A fresh, empty database of either kind.
///
/// SQLite always works. Postgres needs `TEST_POSTGRES_URL`, an address whose user may create
/// schemas; each test gets a schema of its own.
#[derive(Debug)]
pub struct TestDb {
    db: Db,
    url: String,
    rest: Rest,
}

#[derive(Debug)]
enum Rest {
    /// Removed when dropped.
    Folder(TempDir),
    Schema {
        name: String,
    },
}

impl TestDb {
    /// A SQLite file in a temporary folder.
    ///
    /// # Panics
    /// If it cannot be made.
    pub async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/test.db", folder.path().display());
        Self {
            db: connect(&url).await.unwrap(),
            url,
            rest: Rest::Folder(folder),
        }
    }

    /// A Postgres schema, if there is a server for tests.
    ///
    /// # Panics
    /// If the server cannot be reached.
    pub async fn postgres() -> Option<Self> {
        let environment = Environment::from_process();
        let mut url = Url::parse(environment.get("TEST_POSTGRES_URL")?).unwrap();
        let name = format!("test_{}", Uuid::now_v7().as_simple());
        url.query_pairs_mut().append_pair("schema", &name);
        let url = url.to_string();
        Some(Self {
            db: connect(&url).await.unwrap(),
            url,
            rest: Rest::Schema { name },
        })
    }

    /// One of each kind there is.
    pub async fn all() -> Vec<Self> {
        let mut all = vec![Self::sqlite().await];
        all.extend(Self::postgres().await);
        all
    }

    /// The database.
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// Its address, to open it again.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Removes it. A Postgres schema stays behind when a test ends without this, which is what one
    /// wants of a test that failed.
    ///
    /// # Panics
    /// If it cannot be removed.
    pub async fn finish(self) {
        if let (Db::Postgres(pool), Rest::Schema { name }) = (&self.db, &self.rest) {
            let statement = format!("DROP SCHEMA {name} CASCADE"); // the name is ours
            pool.execute(AssertSqlSafe(statement)).await.unwrap();
        }
        self.db.close().await;
        if let Rest::Folder(folder) = self.rest {
            folder.close().unwrap();
        }
    }
}
