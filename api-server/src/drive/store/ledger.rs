//! SQL of what Drive said, what is held, and what each run did with each file.

use shared::db::{Db, DbError, Tx};
use shared::{on_db, on_tx};

use crate::drive::model::{Holding, Item};
use crate::drive::plan::Entry;

const ITEMS: &str = "SELECT item FROM drive_items WHERE folder = $1 ORDER BY file_id";
const ITEM: &str = "SELECT item FROM drive_items WHERE folder = $1 AND file_id = $2";
const PUT_ITEM: &str = "INSERT INTO drive_items (folder, file_id, parent, item) VALUES ($1, $2, $3, $4) \
    ON CONFLICT (folder, file_id) DO UPDATE SET parent = excluded.parent, item = excluded.item";
const DROP_ITEM: &str = "DELETE FROM drive_items WHERE folder = $1 AND file_id = $2";
// A material that somebody removed is not held.
const HOLDINGS: &str = "SELECT h.file_id, h.material_uid, h.content_key, h.wanted FROM drive_holdings h \
    JOIN materials m ON m.uid = h.material_uid WHERE h.folder = $1 ORDER BY h.file_id";
const PUT_HOLDING: &str = "INSERT INTO drive_holdings (folder, file_id, material_uid, content_key, wanted) VALUES ($1, $2, $3, $4, $5) \
    ON CONFLICT (folder, file_id) DO UPDATE SET material_uid = excluded.material_uid, content_key = excluded.content_key, \
    wanted = excluded.wanted";
const DROP_HOLDING: &str = "DELETE FROM drive_holdings WHERE folder = $1 AND file_id = $2";
const HELD: &str = "SELECT h.folder AS folder, COUNT(*) AS held FROM drive_holdings h JOIN materials m ON m.uid = h.material_uid \
    GROUP BY h.folder";
const FETCH_ANEW: &str = "UPDATE drive_holdings SET content_key = ''";
// Those whose name was taken when they came.
const MISPLACED: &str = "SELECT h.file_id, h.material_uid, h.content_key, h.wanted FROM drive_holdings h \
    JOIN materials m ON m.uid = h.material_uid WHERE h.folder = $1 AND m.id <> h.wanted ORDER BY m.id LIMIT 10000";
const INSERT: &str = "INSERT INTO drive_ledger (run, seq, file_id, path, wanted, mime_type, size_bytes, action, outcome, reason, \
    material_uid) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
const DROP_UNCHANGED: &str = "DELETE FROM drive_ledger WHERE outcome = 'unchanged' AND run IN \
    (SELECT id FROM drive_runs WHERE folder = $1 AND id <> $2)";
const TO_DO: &str = "SELECT seq, file_id, path, wanted, mime_type, size_bytes, action, outcome, reason, material_uid, \
    CAST(NULL AS TEXT) AS material_id FROM drive_ledger WHERE run = $1 AND outcome = $2 AND action = $3 AND seq > $4 ORDER BY seq LIMIT $5";
const LIST: &str = "SELECT l.seq, l.file_id, l.path, l.wanted, l.mime_type, l.size_bytes, l.action, l.outcome, l.reason, \
    l.material_uid, m.id AS material_id FROM drive_ledger l LEFT JOIN materials m ON m.uid = l.material_uid \
    WHERE l.run = $1 AND ($2 = '' OR l.outcome = $2) AND l.seq > $3 ORDER BY l.seq LIMIT $4";
const DONE: &str = "UPDATE drive_ledger SET outcome = $3, reason = $4, material_uid = COALESCE($5, material_uid) \
    WHERE run = $1 AND seq = $2 AND outcome IN ('pending', 'waiting')";

/// Every statement here.
pub(super) const STATEMENTS: &[&str] = &[
    ITEMS,
    ITEM,
    PUT_ITEM,
    DROP_ITEM,
    HOLDINGS,
    PUT_HOLDING,
    DROP_HOLDING,
    HELD,
    FETCH_ANEW,
    MISPLACED,
    INSERT,
    DROP_UNCHANGED,
    TO_DO,
    LIST,
    DONE,
];

/// One row of `drive_ledger`, with the id its material has now.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub(in crate::drive) struct LedgerRow {
    pub(in crate::drive) seq: i64,
    pub(in crate::drive) file_id: String,
    pub(in crate::drive) path: String,
    pub(in crate::drive) wanted: String,
    pub(in crate::drive) mime_type: String,
    pub(in crate::drive) size_bytes: i64,
    pub(in crate::drive) action: String,
    pub(in crate::drive) outcome: String,
    pub(in crate::drive) reason: Option<String>,
    pub(in crate::drive) material_uid: Option<String>,
    pub(in crate::drive) material_id: Option<String>,
}

macro_rules! run_in {
    ($tx:expr, $sql:expr $(, $value:expr)*) => {
        on_tx!($tx, |conn| sqlx::query($sql)$(.bind($value))*.execute(conn).await.map(|done| done.rows_affected()))
            .map_err(DbError::from)
    };
}

/// What Drive said of a folder.
pub(in crate::drive) async fn items(db: &Db, folder: &str) -> Result<Vec<Item>, DbError> {
    let texts = on_db!(db, |pool| sqlx::query_scalar::<_, String>(ITEMS)
        .bind(folder)
        .fetch_all(pool)
        .await)
    .map_err(DbError::from)?;
    Ok(texts.iter().filter_map(|text| read(text)).collect())
}

pub(in crate::drive) async fn item(
    db: &Db,
    folder: &str,
    file_id: &str,
) -> Result<Option<Item>, DbError> {
    let text = on_db!(db, |pool| sqlx::query_scalar::<_, String>(ITEM)
        .bind(folder)
        .bind(file_id)
        .fetch_optional(pool)
        .await)
    .map_err(DbError::from)?;
    Ok(text.as_deref().and_then(read))
}

/// Our own text; one that an older version wrote otherwise is read from Drive again.
fn read(text: &str) -> Option<Item> {
    serde_json::from_str(text).ok()
}

pub(in crate::drive) async fn put_item(
    tx: &mut Tx,
    folder: &str,
    item: &Item,
) -> Result<(), DbError> {
    let text = serde_json::to_string(item).unwrap_or_default();
    run_in!(tx, PUT_ITEM, folder, &item.id, &item.parent, text).map(drop)
}

pub(in crate::drive) async fn drop_item(
    tx: &mut Tx,
    folder: &str,
    file_id: &str,
) -> Result<(), DbError> {
    run_in!(tx, DROP_ITEM, folder, file_id).map(drop)
}

/// What is held of a folder, with materials that exist.
pub(in crate::drive) async fn holdings(db: &Db, folder: &str) -> Result<Vec<Holding>, DbError> {
    on_db!(db, |pool| sqlx::query_as::<_, Holding>(HOLDINGS)
        .bind(folder)
        .fetch_all(pool)
        .await)
    .map_err(DbError::from)
}

pub(in crate::drive) async fn put_holding(
    tx: &mut Tx,
    folder: &str,
    held: &Holding,
) -> Result<(), DbError> {
    run_in!(
        tx,
        PUT_HOLDING,
        folder,
        &held.file_id,
        &held.material_uid,
        &held.content_key,
        &held.wanted
    )
    .map(drop)
}

pub(in crate::drive) async fn drop_holding(
    tx: &mut Tx,
    folder: &str,
    file_id: &str,
) -> Result<(), DbError> {
    run_in!(tx, DROP_HOLDING, folder, file_id).map(drop)
}

/// How many files are held of each folder.
pub(in crate::drive) async fn held(db: &Db) -> Result<Vec<(String, i64)>, DbError> {
    on_db!(db, |pool| sqlx::query_as::<_, (String, i64)>(HELD)
        .fetch_all(pool)
        .await)
    .map_err(DbError::from)
}

/// Every file is fetched again by the next sync; how many.
pub(in crate::drive) async fn fetch_anew(db: &Db) -> Result<u64, DbError> {
    on_db!(db, |pool| sqlx::query(FETCH_ANEW)
        .execute(pool)
        .await
        .map(|done| done.rows_affected()))
    .map_err(DbError::from)
}

/// What has not the name it should have.
pub(in crate::drive) async fn misplaced(db: &Db, folder: &str) -> Result<Vec<Holding>, DbError> {
    on_db!(db, |pool| sqlx::query_as::<_, Holding>(MISPLACED)
        .bind(folder)
        .fetch_all(pool)
        .await)
    .map_err(DbError::from)
}

pub(in crate::drive) async fn insert(
    tx: &mut Tx,
    run: &str,
    seq: i64,
    entry: &Entry,
) -> Result<(), DbError> {
    run_in!(
        tx,
        INSERT,
        run,
        seq,
        &entry.file_id,
        &entry.path,
        &entry.wanted,
        &entry.mime,
        i64::try_from(entry.size).unwrap_or(i64::MAX),
        entry.action.as_str(),
        entry.outcome.as_str(),
        entry.reason.map(super::super::model::Reason::as_str),
        &entry.material_uid
    )
    .map(drop)
}

/// Rows of what did not change are kept for the latest run alone.
pub(in crate::drive) async fn drop_unchanged(
    tx: &mut Tx,
    folder: &str,
    but: &str,
) -> Result<(), DbError> {
    run_in!(tx, DROP_UNCHANGED, folder, but).map(drop)
}

/// Rows of one outcome and action, in order, after one.
pub(in crate::drive) async fn to_do(
    db: &Db,
    run: &str,
    outcome: &str,
    action: &str,
    after: i64,
    limit: i64,
) -> Result<Vec<LedgerRow>, DbError> {
    on_db!(db, |pool| sqlx::query_as::<_, LedgerRow>(TO_DO)
        .bind(run)
        .bind(outcome)
        .bind(action)
        .bind(after)
        .bind(limit)
        .fetch_all(pool)
        .await)
    .map_err(DbError::from)
}

/// Rows of a run, in order, after one; an empty outcome lets all through.
pub(in crate::drive) async fn list(
    db: &Db,
    run: &str,
    outcome: &str,
    after: i64,
    limit: i64,
) -> Result<Vec<LedgerRow>, DbError> {
    on_db!(db, |pool| sqlx::query_as::<_, LedgerRow>(LIST)
        .bind(run)
        .bind(outcome)
        .bind(after)
        .bind(limit)
        .fetch_all(pool)
        .await)
    .map_err(DbError::from)
}

/// What came of a row; false when that is written already.
pub(in crate::drive) async fn done(
    tx: &mut Tx,
    run: &str,
    seq: i64,
    outcome: &str,
    reason: Option<&str>,
    material_uid: Option<&str>,
) -> Result<bool, DbError> {
    run_in!(tx, DONE, run, seq, outcome, reason, material_uid).map(|rows| rows == 1)
}
