//! Every statement prepares on both databases, and both have the same migrations.

use shared::db;
use shared::testing::TestDb;

#[tokio::test]
async fn every_statement_prepares_on_both_databases() {
    for test in TestDb::all().await {
        let (sqlite, postgres) = (
            sqlx::migrate!("migrations/sqlite"),
            sqlx::migrate!("migrations/postgres"),
        );
        db::migrate(test.db(), &sqlite, &postgres).await.unwrap();
        db::prepare_all(test.db(), &api_server::statements())
            .await
            .unwrap();
        test.finish().await;
    }
}

#[test]
fn both_databases_have_the_same_migrations() {
    db::same_migrations(
        &sqlx::migrate!("migrations/sqlite"),
        &sqlx::migrate!("migrations/postgres"),
    )
    .unwrap();
}
