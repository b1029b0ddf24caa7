//! SQL of folders that are mirrored.

use shared::db::{Db, DbError, Tx};
use shared::{on_db, on_tx};

macro_rules! columns {
    () => {
        "id, drive_id, name, access, api_key, shared_drive, max_depth, schedule, next_run_at, page_token, full_at, notice, \
         created_by, creator, created_at"
    };
}

const BY_ID: &str = concat!("SELECT ", columns!(), " FROM drive_folders WHERE id = $1");
const BY_DRIVE_ID: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM drive_folders WHERE drive_id = $1"
);
const LIST: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM drive_folders ORDER BY name, id"
);
const TIMED: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM drive_folders WHERE schedule IS NOT NULL ORDER BY next_run_at, id"
);
const INSERT: &str = "INSERT INTO drive_folders (id, drive_id, name, access, api_key, shared_drive, max_depth, schedule, \
    next_run_at, page_token, full_at, notice, created_by, creator, created_at) \
    VALUES ($1, $2, $3, NULL, NULL, NULL, $4, NULL, NULL, NULL, NULL, NULL, $5, $6, $7) ON CONFLICT (drive_id) DO NOTHING";
const SET_KEY: &str = "UPDATE drive_folders SET api_key = $2 WHERE id = $1";
const SET_ACCESS: &str =
    "UPDATE drive_folders SET access = $2, name = $3, shared_drive = $4 WHERE id = $1";
// Folders that were too deep are read only by a full crawl.
const SET_DEPTH: &str =
    "UPDATE drive_folders SET max_depth = $2, page_token = NULL WHERE id = $1 AND max_depth <> $2";
const SET_SCHEDULE: &str = "UPDATE drive_folders SET schedule = $2, next_run_at = $3 WHERE id = $1";
// Of two schedulers one takes it.
const TAKE_TURN: &str =
    "UPDATE drive_folders SET next_run_at = $3 WHERE id = $1 AND next_run_at = $2";
const SET_TOKEN: &str = "UPDATE drive_folders SET page_token = $2, full_at = COALESCE(CAST($3 AS BIGINT), full_at) WHERE id = $1";
const SET_NOTICE: &str = "UPDATE drive_folders SET notice = $2 WHERE id = $1";
const READ_ANEW: &str = "UPDATE drive_folders SET page_token = NULL";
const READ_ONE_ANEW: &str = "UPDATE drive_folders SET page_token = NULL WHERE id = $1";
const DELETE: &str = "DELETE FROM drive_folders WHERE id = $1";

/// Every statement here.
pub(super) const STATEMENTS: &[&str] = &[
    BY_ID,
    BY_DRIVE_ID,
    LIST,
    TIMED,
    INSERT,
    SET_KEY,
    SET_ACCESS,
    SET_DEPTH,
    SET_SCHEDULE,
    TAKE_TURN,
    SET_TOKEN,
    SET_NOTICE,
    READ_ANEW,
    READ_ONE_ANEW,
    DELETE,
];

/// One row of `drive_folders`.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(in crate::drive) struct FolderRow {
    pub(in crate::drive) id: String,
    pub(in crate::drive) drive_id: String,
    pub(in crate::drive) name: String,
    pub(in crate::drive) access: Option<String>,
    pub(in crate::drive) api_key: Option<String>,
    pub(in crate::drive) shared_drive: Option<String>,
    pub(in crate::drive) max_depth: i64,
    pub(in crate::drive) schedule: Option<String>,
    pub(in crate::drive) next_run_at: Option<i64>,
    pub(in crate::drive) page_token: Option<String>,
    pub(in crate::drive) full_at: Option<i64>,
    pub(in crate::drive) notice: Option<String>,
    pub(in crate::drive) created_by: Option<String>,
    pub(in crate::drive) creator: String,
    pub(in crate::drive) created_at: i64,
}

macro_rules! run {
    ($db:expr, $sql:expr $(, $value:expr)*) => {
        on_db!($db, |pool| sqlx::query($sql)$(.bind($value))*.execute(pool).await.map(|done| done.rows_affected()))
            .map_err(DbError::from)
    };
}

pub(in crate::drive) async fn by_id(db: &Db, id: &str) -> Result<Option<FolderRow>, DbError> {
    on_db!(db, |pool| sqlx::query_as::<_, FolderRow>(BY_ID)
        .bind(id)
        .fetch_optional(pool)
        .await)
    .map_err(DbError::from)
}

pub(in crate::drive) async fn by_drive_id(
    db: &Db,
    drive_id: &str,
) -> Result<Option<FolderRow>, DbError> {
    on_db!(db, |pool| sqlx::query_as::<_, FolderRow>(BY_DRIVE_ID)
        .bind(drive_id)
        .fetch_optional(pool)
        .await)
    .map_err(DbError::from)
}

pub(in crate::drive) async fn list(db: &Db) -> Result<Vec<FolderRow>, DbError> {
    on_db!(db, |pool| sqlx::query_as::<_, FolderRow>(LIST)
        .fetch_all(pool)
        .await)
    .map_err(DbError::from)
}

/// Folders with a time of their own, the longest due first.
pub(in crate::drive) async fn timed(db: &Db) -> Result<Vec<FolderRow>, DbError> {
    on_db!(db, |pool| sqlx::query_as(TIMED).fetch_all(pool).await).map_err(DbError::from)
}

/// Writes a new folder, unless it is there.
pub(in crate::drive) async fn insert(db: &Db, row: &FolderRow) -> Result<(), DbError> {
    run!(
        db,
        INSERT,
        &row.id,
        &row.drive_id,
        &row.name,
        row.max_depth,
        &row.created_by,
        &row.creator,
        row.created_at
    )
    .map(drop)
}

/// Keeps a key, sealed.
pub(in crate::drive) async fn set_key(db: &Db, id: &str, sealed: &str) -> Result<(), DbError> {
    run!(db, SET_KEY, id, sealed).map(drop)
}

/// As whom the folder is read, and what was seen of it.
pub(in crate::drive) async fn set_access(
    db: &Db,
    id: &str,
    access: &str,
    name: &str,
    shared_drive: Option<&str>,
) -> Result<(), DbError> {
    run!(db, SET_ACCESS, id, access, name, shared_drive).map(drop)
}

pub(in crate::drive) async fn set_depth(db: &Db, id: &str, depth: i64) -> Result<(), DbError> {
    run!(db, SET_DEPTH, id, depth).map(drop)
}

pub(in crate::drive) async fn set_schedule(
    db: &Db,
    id: &str,
    schedule: Option<&str>,
    next: Option<i64>,
) -> Result<(), DbError> {
    run!(db, SET_SCHEDULE, id, schedule, next).map(drop)
}

/// Takes the turn that was due; false when another process has.
pub(in crate::drive) async fn take_turn(
    db: &Db,
    id: &str,
    due: Option<i64>,
    next: Option<i64>,
) -> Result<bool, DbError> {
    run!(db, TAKE_TURN, id, due, next).map(|rows| rows == 1)
}

/// From where changes go on; `full_at` after a full crawl.
pub(in crate::drive) async fn set_token(
    tx: &mut Tx,
    id: &str,
    token: Option<&str>,
    full_at: Option<i64>,
) -> Result<(), DbError> {
    on_tx!(tx, |conn| sqlx::query(SET_TOKEN)
        .bind(id)
        .bind(token)
        .bind(full_at)
        .execute(conn)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

pub(in crate::drive) async fn set_notice(
    db: &Db,
    id: &str,
    notice: Option<&str>,
) -> Result<(), DbError> {
    run!(db, SET_NOTICE, id, notice).map(drop)
}

/// The next sync of this folder, or of every folder, is full; how many.
pub(in crate::drive) async fn read_anew(db: &Db, id: Option<&str>) -> Result<u64, DbError> {
    match id {
        Some(id) => run!(db, READ_ONE_ANEW, id),
        None => run!(db, READ_ANEW),
    }
}

pub(in crate::drive) async fn delete(tx: &mut Tx, id: &str) -> Result<(), DbError> {
    on_tx!(tx, |conn| sqlx::query(DELETE)
        .bind(id)
        .execute(conn)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}
