//! SQL of materials, and of what the rag-server has still to hear of them.

use shared::db::{Db, DbError, Tx};
use shared::{on_db, on_tx};

use super::recordings;

macro_rules! columns {
    () => {
        "uid, id, title, description, tags, type, size_bytes, content_hash, uploaded_by, uploader, created_at, \
         updated_at, state, pages, passages, embedded, reason_code, reason"
    };
}

// The name may be taken: then no row is written, and the next name is tried.
const INSERT: &str = "INSERT INTO materials (uid, id, title, description, tags, type, size_bytes, content_hash, \
    uploaded_by, uploader, created_at, updated_at, state, pages, passages, embedded, reason_code, reason) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12, NULL, 0, 0, NULL, NULL) \
    ON CONFLICT (id) DO NOTHING";
const BY_ID: &str = concat!("SELECT ", columns!(), " FROM materials WHERE id = $1");
const BY_UID: &str = concat!("SELECT ", columns!(), " FROM materials WHERE uid = $1");
// Tags are a JSON array: a text in its quotes stands in it, or not. What is replaced by nothing was there.
const LIST: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM materials WHERE id > $1 AND ($2 = '' OR state = $2) AND ($3 = '' OR type = $3) \
      AND ($4 = '' OR REPLACE(tags, $4, '') <> tags) AND ($5 = '' OR SUBSTR(id, 1, LENGTH($5)) = $5) \
      ORDER BY id LIMIT $6"
);
const RECORDINGS_NAMED: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM materials WHERE id IN ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ORDER BY id"
);
const DESCRIBE: &str =
    "UPDATE materials SET title = $2, description = $3, tags = $4, updated_at = $5 WHERE uid = $1";
const DELETE: &str = "DELETE FROM materials WHERE uid = $1";
// Until the rag-server has read the new content it goes on answering from the old.
const REPLACE: &str = "UPDATE materials SET id = $2, title = $3, type = $4, size_bytes = $5, content_hash = $6, \
    updated_at = $7, state = $8, reason_code = NULL, reason = NULL WHERE uid = $1";
// Equal contents beside each other, the one that was here first in front.
const DUPLICATES: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM materials WHERE content_hash IN \
      (SELECT content_hash FROM materials GROUP BY content_hash HAVING COUNT(*) > 1) \
      ORDER BY content_hash, created_at, uid"
);
// Ids end in an extension, which no uid has.
const NAMED: &str = "SELECT uid FROM materials WHERE uid = $1 OR id = $1";
const USES: &str = "SELECT COUNT(*) FROM materials WHERE content_hash = $1";
const MIRROR: &str = "UPDATE materials SET state = $2, pages = $3, passages = $4, embedded = $5, reason_code = $6, \
    reason = $7 WHERE uid = $1 AND (state <> $2 OR passages <> $4 OR embedded <> $5 OR COALESCE(pages, -1) <> COALESCE($3, -1) \
    OR COALESCE(reason, '') <> COALESCE($7, ''))";

// A claim goes on while its owner works: the new wish waits for its end, so that two never speak of one material at once.
const WISH: &str = "INSERT INTO material_sync (uid, act, wish, attempts, due_at, claim, sent_at) \
    VALUES ($1, $2, 1, 0, $3, NULL, NULL) ON CONFLICT (uid) DO UPDATE SET act = excluded.act, \
    wish = material_sync.wish + 1, attempts = 0, sent_at = NULL, \
    due_at = CASE WHEN material_sync.claim IS NULL THEN excluded.due_at ELSE material_sync.due_at END";
// The condition stands twice: on Postgres two may find the same row, and one of them sees it changed when its turn comes.
const CLAIM: &str = "UPDATE material_sync SET due_at = $2, claim = $3, attempts = attempts + 1 WHERE due_at <= $1 AND uid = \
    (SELECT uid FROM material_sync WHERE due_at <= $1 ORDER BY due_at, uid LIMIT 1) \
    RETURNING uid, act, wish, attempts, sent_at";
const HOLD: &str = "UPDATE material_sync SET due_at = $3 WHERE uid = $1 AND claim = $2";
const FULFILLED: &str = "DELETE FROM material_sync WHERE uid = $1 AND claim = $2 AND wish = $3";
// A wish that came meanwhile is due now; the same wish when it is said.
const RELEASE: &str = "UPDATE material_sync SET claim = NULL, attempts = CASE WHEN wish = $3 THEN CAST($4 AS BIGINT) ELSE 0 END, \
    due_at = CASE WHEN wish = $3 THEN CAST($5 AS BIGINT) ELSE CAST($6 AS BIGINT) END, act = CASE WHEN wish = $3 THEN $7 ELSE act END, \
    sent_at = CASE WHEN wish = $3 THEN $8 ELSE sent_at END WHERE uid = $1 AND claim = $2";
const NEXT_DUE: &str = "SELECT MIN(due_at) FROM material_sync";
const WAITING: &str = "SELECT COUNT(*) FROM material_sync WHERE act <> 'follow'";

/// Every statement of this store.
pub(crate) const STATEMENTS: &[&str] = &[
    INSERT,
    BY_ID,
    BY_UID,
    LIST,
    DESCRIBE,
    DELETE,
    REPLACE,
    NAMED,
    USES,
    MIRROR,
    WISH,
    CLAIM,
    HOLD,
    FULFILLED,
    RELEASE,
    NEXT_DUE,
    WAITING,
    DUPLICATES,
    RECORDINGS_NAMED,
];

/// One row of `materials`.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub(crate) struct MaterialRow {
    pub(crate) uid: String,
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) description: Option<String>,
    pub(crate) tags: String,
    #[sqlx(rename = "type")]
    pub(crate) kind: String,
    pub(crate) size_bytes: i64,
    pub(crate) content_hash: String,
    pub(crate) uploaded_by: Option<String>,
    pub(crate) uploader: String,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
    pub(crate) state: String,
    pub(crate) pages: Option<i64>,
    pub(crate) passages: i64,
    pub(crate) embedded: i64,
    pub(crate) reason_code: Option<String>,
    pub(crate) reason: Option<String>,
}

impl MaterialRow {
    /// Labels.
    pub(crate) fn tags(&self) -> Vec<String> {
        serde_json::from_str(&self.tags).unwrap_or_default()
    }

    /// Whether the rag-server has nothing more to do with it.
    pub(crate) fn has_arrived(&self) -> bool {
        is_final(&self.state)
    }
}

/// State of a recording, which the rag-server never hears of.
pub(crate) const STORED: &str = "stored";

/// State of a material that the rag-server cannot read or does not take.
pub(crate) const FAILED: &str = "failed";

/// Whether a state is the last one.
pub(crate) fn is_final(state: &str) -> bool {
    matches!(state, "ready" | FAILED | "needs_ocr" | STORED)
}

/// What the rag-server says of a material.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Heard<'a> {
    pub(crate) state: &'a str,
    pub(crate) pages: Option<i64>,
    pub(crate) passages: i64,
    pub(crate) embedded: i64,
    pub(crate) reason_code: Option<&'a str>,
    pub(crate) reason: Option<&'a str>,
}

/// Which materials to list; empty texts let everything through.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    pub(crate) after: String,
    pub(crate) state: String,
    pub(crate) kind: String,
    /// A tag as JSON text, quotes included.
    pub(crate) tag: String,
    /// Ends in `/`.
    pub(crate) folder: String,
    pub(crate) limit: i64,
}

/// What the rag-server is to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// Bytes and names.
    Put,
    /// Nothing: how far is it?
    Follow,
    /// It is gone.
    Remove,
}

impl Act {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Put => "put",
            Self::Follow => "follow",
            Self::Remove => "remove",
        }
    }
}

/// One row of `material_sync`, claimed.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct WishRow {
    pub(crate) uid: String,
    act: String,
    pub(crate) wish: i64,
    pub(crate) attempts: i64,
    pub(crate) sent_at: Option<i64>,
}

impl WishRow {
    /// What is to be done.
    pub(crate) fn act(&self) -> Act {
        match self.act.as_str() {
            "remove" => Act::Remove,
            "follow" => Act::Follow,
            _ => Act::Put,
        }
    }
}

/// How a claimed wish goes on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Later {
    pub(crate) act: Act,
    pub(crate) attempts: i64,
    pub(crate) due_at: i64,
    pub(crate) sent_at: Option<i64>,
}

/// Writes a new material unless its name is taken; whether it did.
pub(crate) async fn insert(tx: &mut Tx, row: &MaterialRow) -> Result<bool, DbError> {
    on_tx!(tx, |conn| sqlx::query(INSERT)
        .bind(&row.uid)
        .bind(&row.id)
        .bind(&row.title)
        .bind(&row.description)
        .bind(&row.tags)
        .bind(&row.kind)
        .bind(row.size_bytes)
        .bind(&row.content_hash)
        .bind(&row.uploaded_by)
        .bind(&row.uploader)
        .bind(row.created_at)
        .bind(&row.state)
        .execute(conn)
        .await
        .map(|done| done.rows_affected() == 1))
    .map_err(DbError::from)
}

/// Recordings of this name, whatever their extension.
pub(crate) async fn recordings_named(db: &Db, stem: &str) -> Result<Vec<MaterialRow>, DbError> {
    let mut ids = recordings().map(|extension| format!("{stem}.{extension}"));
    let mut next = || ids.next().unwrap_or_default();
    on_db!(db, |pool| sqlx::query_as::<_, MaterialRow>(
        RECORDINGS_NAMED
    )
    .bind(next())
    .bind(next())
    .bind(next())
    .bind(next())
    .bind(next())
    .bind(next())
    .bind(next())
    .bind(next())
    .bind(next())
    .bind(next())
    .fetch_all(pool)
    .await)
    .map_err(DbError::from)
}

pub(crate) async fn by_id(db: &Db, id: &str) -> Result<Option<MaterialRow>, DbError> {
    on_db!(db, |pool| sqlx::query_as::<_, MaterialRow>(BY_ID)
        .bind(id)
        .fetch_optional(pool)
        .await)
    .map_err(DbError::from)
}

pub(crate) async fn by_id_in(tx: &mut Tx, id: &str) -> Result<Option<MaterialRow>, DbError> {
    on_tx!(tx, |conn| sqlx::query_as::<_, MaterialRow>(BY_ID)
        .bind(id)
        .fetch_optional(conn)
        .await)
    .map_err(DbError::from)
}

pub(crate) async fn by_uid(db: &Db, uid: &str) -> Result<Option<MaterialRow>, DbError> {
    on_db!(db, |pool| sqlx::query_as::<_, MaterialRow>(BY_UID)
        .bind(uid)
        .fetch_optional(pool)
        .await)
    .map_err(DbError::from)
}

/// In order of id.
pub(crate) async fn list(db: &Db, wanted: &Wanted) -> Result<Vec<MaterialRow>, DbError> {
    on_db!(db, |pool| sqlx::query_as::<_, MaterialRow>(LIST)
        .bind(&wanted.after)
        .bind(&wanted.state)
        .bind(&wanted.kind)
        .bind(&wanted.tag)
        .bind(&wanted.folder)
        .bind(wanted.limit)
        .fetch_all(pool)
        .await)
    .map_err(DbError::from)
}

/// Replaces what is said of a material.
pub(crate) async fn describe(
    tx: &mut Tx,
    uid: &str,
    title: &str,
    description: Option<&str>,
    tags: &str,
    now: i64,
) -> Result<(), DbError> {
    on_tx!(tx, |conn| sqlx::query(DESCRIBE)
        .bind(uid)
        .bind(title)
        .bind(description)
        .bind(tags)
        .bind(now)
        .execute(conn)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

pub(crate) async fn by_uid_in(tx: &mut Tx, uid: &str) -> Result<Option<MaterialRow>, DbError> {
    on_tx!(tx, |conn| sqlx::query_as::<_, MaterialRow>(BY_UID)
        .bind(uid)
        .fetch_optional(conn)
        .await)
    .map_err(DbError::from)
}

/// Gives a material another id, title, type, content and state; the row says which.
pub(crate) async fn replace(tx: &mut Tx, row: &MaterialRow) -> Result<(), DbError> {
    on_tx!(tx, |conn| sqlx::query(REPLACE)
        .bind(&row.uid)
        .bind(&row.id)
        .bind(&row.title)
        .bind(&row.kind)
        .bind(row.size_bytes)
        .bind(&row.content_hash)
        .bind(row.updated_at)
        .bind(&row.state)
        .execute(conn)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

pub(crate) async fn delete(tx: &mut Tx, uid: &str) -> Result<(), DbError> {
    on_tx!(tx, |conn| sqlx::query(DELETE)
        .bind(uid)
        .execute(conn)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// Materials whose content another one has too; equal ones beside each other, the oldest first.
pub(crate) async fn duplicates(tx: &mut Tx) -> Result<Vec<MaterialRow>, DbError> {
    on_tx!(tx, |conn| sqlx::query_as::<_, MaterialRow>(DUPLICATES)
        .fetch_all(conn)
        .await)
    .map_err(DbError::from)
}

/// The uid of the material of this uid or id.
pub(crate) async fn named(db: &Db, name: &str) -> Result<Option<String>, DbError> {
    on_db!(db, |pool| sqlx::query_scalar::<_, String>(NAMED)
        .bind(name)
        .fetch_optional(pool)
        .await)
    .map_err(DbError::from)
}

/// How many materials have this content.
pub(crate) async fn uses(db: &Db, hash: &str) -> Result<i64, DbError> {
    on_db!(db, |pool| sqlx::query_scalar::<_, i64>(USES)
        .bind(hash)
        .fetch_one(pool)
        .await)
    .map_err(DbError::from)
}

/// Notes what the rag-server says; whether that is new.
pub(crate) async fn mirror(db: &Db, uid: &str, heard: &Heard<'_>) -> Result<bool, DbError> {
    on_db!(db, |pool| sqlx::query(MIRROR)
        .bind(uid)
        .bind(heard.state)
        .bind(heard.pages)
        .bind(heard.passages)
        .bind(heard.embedded)
        .bind(heard.reason_code)
        .bind(heard.reason)
        .execute(pool)
        .await
        .map(|done| done.rows_affected() == 1))
    .map_err(DbError::from)
}

/// Asks for something to be told to the rag-server.
pub(crate) async fn wish(tx: &mut Tx, uid: &str, act: Act, now: i64) -> Result<(), DbError> {
    on_tx!(tx, |conn| sqlx::query(WISH)
        .bind(uid)
        .bind(act.as_str())
        .bind(now)
        .execute(conn)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// Takes the wish that is due longest.
pub(crate) async fn claim(
    db: &Db,
    now: i64,
    until: i64,
    claim: &str,
) -> Result<Option<WishRow>, DbError> {
    on_db!(db, |pool| sqlx::query_as::<_, WishRow>(CLAIM)
        .bind(now)
        .bind(until)
        .bind(claim)
        .fetch_optional(pool)
        .await)
    .map_err(DbError::from)
}

/// Goes on holding a claim; false when somebody else has it.
pub(crate) async fn hold(db: &Db, uid: &str, claim: &str, until: i64) -> Result<bool, DbError> {
    on_db!(db, |pool| sqlx::query(HOLD)
        .bind(uid)
        .bind(claim)
        .bind(until)
        .execute(pool)
        .await
        .map(|done| done.rows_affected() == 1))
    .map_err(DbError::from)
}

/// The wish is fulfilled; one that came meanwhile stays.
pub(crate) async fn fulfilled(
    db: &Db,
    wish: &WishRow,
    claim: &str,
    now: i64,
) -> Result<(), DbError> {
    let gone = on_db!(db, |pool| sqlx::query(FULFILLED)
        .bind(&wish.uid)
        .bind(claim)
        .bind(wish.wish)
        .execute(pool)
        .await
        .map(|done| done.rows_affected() == 1))
    .map_err(DbError::from)?;
    if gone {
        return Ok(());
    }
    let later = Later {
        act: wish.act(),
        attempts: 0,
        due_at: now,
        sent_at: None,
    };
    release(db, wish, claim, later, now).await
}

/// Gives a claim back.
pub(crate) async fn release(
    db: &Db,
    wish: &WishRow,
    claim: &str,
    later: Later,
    now: i64,
) -> Result<(), DbError> {
    on_db!(db, |pool| sqlx::query(RELEASE)
        .bind(&wish.uid)
        .bind(claim)
        .bind(wish.wish)
        .bind(later.attempts)
        .bind(later.due_at)
        .bind(now)
        .bind(later.act.as_str())
        .bind(later.sent_at)
        .execute(pool)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// When the next wish is due.
pub(crate) async fn next_due(db: &Db) -> Result<Option<i64>, DbError> {
    on_db!(db, |pool| sqlx::query_scalar::<_, Option<i64>>(NEXT_DUE)
        .fetch_one(pool)
        .await)
    .map_err(DbError::from)
}

/// How many changes the rag-server has not heard of yet.
pub(crate) async fn waiting(db: &Db) -> Result<i64, DbError> {
    on_db!(db, |pool| sqlx::query_scalar::<_, i64>(WAITING)
        .fetch_one(pool)
        .await)
    .map_err(DbError::from)
}
