//! SQL of what is done to all materials at once, and of downloads.

use shared::db::{Db, DbError, Tx};
use shared::{on_db, on_tx};

use super::super::store::{Act, MaterialRow};

const WISH_ALL: &str = "INSERT INTO material_sync (uid, act, wish, attempts, due_at, claim, sent_at) \
    SELECT uid, CAST($1 AS TEXT), 1, 0, CAST($2 AS BIGINT), NULL, NULL FROM materials WHERE state <> 'stored' ON CONFLICT (uid) DO UPDATE SET act = excluded.act, \
    wish = material_sync.wish + 1, attempts = 0, sent_at = NULL, \
    due_at = CASE WHEN material_sync.claim IS NULL THEN excluded.due_at ELSE material_sync.due_at END";
const FORGET_ALL: &str = "UPDATE materials SET state = 'queued', pages = NULL, passages = 0, embedded = 0, \
    reason_code = NULL, reason = NULL WHERE state <> 'stored'";
const HASHES: &str = "SELECT content_hash, MIN(size_bytes) FROM materials GROUP BY content_hash";
// What the rag-server was told of, and nobody waits to tell it more.
const TOLD: &str = "SELECT uid, content_hash, state FROM materials WHERE uid > $1 AND state <> 'stored' \
    AND NOT EXISTS (SELECT 1 FROM material_sync WHERE material_sync.uid = materials.uid) ORDER BY uid LIMIT $2";
const IS_TOLD: &str = "SELECT COUNT(*) FROM materials WHERE uid = $1 \
    AND NOT EXISTS (SELECT 1 FROM material_sync WHERE material_sync.uid = materials.uid)";
const DELETE_ALL: &str = "DELETE FROM materials";
const DOWNLOADED: &str = "INSERT INTO material_downloads (id, material_uid, material_id, size_bytes, at) \
    VALUES ($1, $2, $3, $4, $5)";
const DOWNLOADS: &str = "SELECT COUNT(*), CAST(COALESCE(SUM(size_bytes), 0) AS BIGINT) FROM material_downloads WHERE at >= $1";
const MOST_DOWNLOADED: &str = "SELECT MAX(material_id), COUNT(*), CAST(SUM(size_bytes) AS BIGINT) FROM material_downloads \
    WHERE at >= $1 GROUP BY material_uid ORDER BY COUNT(*) DESC, MAX(material_id) LIMIT $2";
const LAST_DOWNLOADS: &str = "SELECT material_id, size_bytes, at FROM material_downloads WHERE at >= $1 ORDER BY id DESC LIMIT $2";
const PRUNE_DOWNLOADS: &str = "DELETE FROM material_downloads WHERE at < $1";

/// Every statement of this store.
pub(crate) const STATEMENTS: &[&str] = &[
    WISH_ALL,
    FORGET_ALL,
    HASHES,
    TOLD,
    IS_TOLD,
    DELETE_ALL,
    DOWNLOADED,
    DOWNLOADS,
    MOST_DOWNLOADED,
    LAST_DOWNLOADS,
    PRUNE_DOWNLOADS,
];

/// Asks for the same to be told to the rag-server of every material.
pub(super) async fn wish_all(tx: &mut Tx, act: Act, due_at: i64) -> Result<u64, DbError> {
    on_tx!(tx, |conn| sqlx::query(WISH_ALL)
        .bind(act.as_str())
        .bind(due_at)
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))
    .map_err(DbError::from)
}

/// No material is in the index any more.
pub(super) async fn forget_all(tx: &mut Tx) -> Result<(), DbError> {
    on_tx!(tx, |conn| sqlx::query(FORGET_ALL)
        .execute(conn)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// Contents of all materials, with their bytes.
pub(super) async fn hashes(tx: &mut Tx) -> Result<Vec<(String, i64)>, DbError> {
    on_tx!(tx, |conn| sqlx::query_as(HASHES).fetch_all(conn).await).map_err(DbError::from)
}

/// Materials that the rag-server should hold, in order of uid after one: uid, content, state.
pub(super) async fn told(
    db: &Db,
    after: &str,
    limit: i64,
) -> Result<Vec<(String, String, String)>, DbError> {
    on_db!(db, |pool| sqlx::query_as(TOLD)
        .bind(after)
        .bind(limit)
        .fetch_all(pool)
        .await)
    .map_err(DbError::from)
}

/// Whether it still is one of those.
pub(super) async fn is_told(tx: &mut Tx, uid: &str) -> Result<bool, DbError> {
    on_tx!(tx, |conn| sqlx::query_scalar::<_, i64>(IS_TOLD)
        .bind(uid)
        .fetch_one(conn)
        .await
        .map(|count| count > 0))
    .map_err(DbError::from)
}

pub(super) async fn delete_all(tx: &mut Tx) -> Result<u64, DbError> {
    on_tx!(tx, |conn| sqlx::query(DELETE_ALL)
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))
    .map_err(DbError::from)
}

/// Counts a download.
pub(super) async fn downloaded(db: &Db, row: &MaterialRow, now: i64) -> Result<(), DbError> {
    on_db!(db, |pool| sqlx::query(DOWNLOADED)
        .bind(uuid::Uuid::now_v7().to_string())
        .bind(&row.uid)
        .bind(&row.id)
        .bind(row.size_bytes)
        .bind(now)
        .execute(pool)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// Downloads since a time: how many, and bytes of them.
pub(super) async fn downloads(db: &Db, since: i64) -> Result<(i64, i64), DbError> {
    on_db!(db, |pool| sqlx::query_as(DOWNLOADS)
        .bind(since)
        .fetch_one(pool)
        .await)
    .map_err(DbError::from)
}

/// What was downloaded most since a time: id, how often, bytes.
pub(super) async fn most_downloaded(
    db: &Db,
    since: i64,
    limit: i64,
) -> Result<Vec<(String, i64, i64)>, DbError> {
    on_db!(db, |pool| sqlx::query_as(MOST_DOWNLOADED)
        .bind(since)
        .bind(limit)
        .fetch_all(pool)
        .await)
    .map_err(DbError::from)
}

/// The last downloads since a time: id, bytes, when.
pub(super) async fn last_downloads(
    db: &Db,
    since: i64,
    limit: i64,
) -> Result<Vec<(String, i64, i64)>, DbError> {
    on_db!(db, |pool| sqlx::query_as(LAST_DOWNLOADS)
        .bind(since)
        .bind(limit)
        .fetch_all(pool)
        .await)
    .map_err(DbError::from)
}

/// Removes older downloads.
pub(crate) async fn prune_downloads(db: &Db, before: i64) -> Result<u64, DbError> {
    db.prune(PRUNE_DOWNLOADS, before).await
}
