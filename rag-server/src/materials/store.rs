//! SQL of materials and removals.

use chunk::ChunkSettings;
use shared::db::{Db, DbError};
use shared::{on_db, on_tx};

use super::row::{CitedRow, MaterialRow, MaterialState, Origin};
use crate::catalogue::{self, Lesson};

const COLUMNS_ALL: &str = "SELECT * FROM materials WHERE id = $1";
const LIST: &str =
    "SELECT * FROM materials WHERE ($1 = '' OR state = $1) AND id > $2 ORDER BY id LIMIT $3";
const WAITING_FOR_OCR: &str = "SELECT * FROM materials WHERE ocr_pages <> '[]' ORDER BY id";
const UPSERT: &str = "INSERT INTO materials (id, source, filename, title, tags, origin, size_bytes, content_hash, \
    modified_at, state, chunks, embedded, warnings, ocr_pages, revision, job_id, created_at, updated_at, chunk_size, \
    chunk_overlap) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'queued', 0, 0, '[]', '[]', $10, $11, $12, $12, $13, $14) \
    ON CONFLICT (id) DO UPDATE SET source = excluded.source, filename = excluded.filename, title = excluded.title, \
    tags = excluded.tags, origin = excluded.origin, size_bytes = excluded.size_bytes, content_hash = excluded.content_hash, \
    modified_at = excluded.modified_at, state = 'queued', reason_code = NULL, reason = NULL, revision = excluded.revision, \
    job_id = excluded.job_id, updated_at = excluded.updated_at, chunk_size = excluded.chunk_size, \
    chunk_overlap = excluded.chunk_overlap";
const RENAME: &str = "UPDATE materials SET source = $2, filename = $3, title = $4, tags = $5, modified_at = $6, \
    updated_at = $7 WHERE id = $1";
const SET_STATE: &str = "UPDATE materials SET state = $3, reason_code = $4, reason = $5, updated_at = $6 \
    WHERE id = $1 AND revision = $2";
const SET_READ: &str = "UPDATE materials SET state = $3, kind = $4, pages = $5, warnings = $6, ocr_pages = $7, \
    updated_at = $8 WHERE id = $1 AND revision = $2";
const SET_INDEXED: &str = "UPDATE materials SET state = 'searchable', reason_code = NULL, reason = NULL, chunks = $3, \
    embedded = 0, indexed_version = $4, updated_at = $5 WHERE id = $1 AND revision = $2";
const SET_EMBEDDED: &str = "UPDATE materials SET embedded = $3, \
    state = CASE WHEN $3 >= chunks AND state = 'searchable' THEN 'ready' ELSE state END, updated_at = $4 \
    WHERE id = $1 AND indexed_version = $2";
const FORGET_TEXT: &str = "UPDATE materials SET chunks = 0, embedded = 0, indexed_version = NULL \
    WHERE id = $1 AND revision = $2";
const UNEMBED_ALL: &str = "UPDATE materials SET embedded = 0, state = 'searchable' \
    WHERE state IN ('ready', 'searchable')";
const NOT_EMBEDDED: &str =
    "SELECT * FROM materials WHERE state = 'searchable' ORDER BY updated_at, id LIMIT $1";
const INDEXED: &str =
    "SELECT * FROM materials WHERE indexed_version IS NOT NULL AND id > $1 ORDER BY id LIMIT $2";
const DELETE: &str = "DELETE FROM materials WHERE id = $1 RETURNING content_hash";
const HASH_USES: &str = "SELECT COUNT(*) FROM materials WHERE content_hash = $1";
const ADD_REMOVAL: &str = "INSERT INTO removals (material_id, created_at) VALUES ($1, $2) ON CONFLICT (material_id) DO NOTHING";
const CLEAR_REMOVAL: &str = "DELETE FROM removals WHERE material_id = $1";
const REMOVALS: &str = "SELECT material_id FROM removals ORDER BY created_at LIMIT 1000";
const COUNT_BY_STATE: &str = "SELECT state, COUNT(*) FROM materials GROUP BY state";
const TOTALS: &str = "SELECT COUNT(*), COALESCE(SUM(chunks), 0), COALESCE(SUM(embedded), 0), \
    COALESCE(SUM(size_bytes), 0) FROM materials";
const FOLDER: &str = "SELECT * FROM materials WHERE origin = 'folder' ORDER BY id";
const CITED: &str =
    "SELECT id, source, title, kind, tags, indexed_version, state FROM materials WHERE id IN";
const LABELLED: &str = "SELECT id, source, title, kind, tags, indexed_version, state FROM materials \
    WHERE indexed_version IS NOT NULL ORDER BY id";
const WORKBOOKS: &str = "SELECT id, source, title, kind, tags, indexed_version, state FROM materials \
    WHERE indexed_version IS NOT NULL AND kind IN ('xlsx', 'xls', 'xlsb', 'ods', 'csv') ORDER BY id LIMIT $1";
const FACT: &str = "SELECT value FROM index_facts WHERE name = $1";
const SET_FACT: &str = "INSERT INTO index_facts (name, value) VALUES ($1, $2) \
    ON CONFLICT (name) DO UPDATE SET value = excluded.value";
// The collection in use stays in use when it is emptied.
const CLEAR_FACTS: &str = "DELETE FROM index_facts WHERE name <> 'collection'";
const DELETE_ALL: &str = "DELETE FROM materials";
const CLEAR_REMOVALS: &str = "DELETE FROM removals";
const INSERT_WHOLE: &str = "INSERT INTO materials (id, source, filename, title, tags, origin, kind, size_bytes, content_hash, \
    modified_at, state, reason_code, reason, pages, chunks, embedded, warnings, ocr_pages, revision, indexed_version, \
    job_id, created_at, updated_at, chunk_size, chunk_overlap) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, \
    $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25)";

/// Every statement, so that a test can prepare them on both databases.
pub(crate) const STATEMENTS: &[&str] = &[
    COLUMNS_ALL,
    LIST,
    WAITING_FOR_OCR,
    UPSERT,
    RENAME,
    SET_STATE,
    SET_READ,
    SET_INDEXED,
    SET_EMBEDDED,
    FORGET_TEXT,
    UNEMBED_ALL,
    NOT_EMBEDDED,
    INDEXED,
    DELETE,
    HASH_USES,
    ADD_REMOVAL,
    CLEAR_REMOVAL,
    REMOVALS,
    COUNT_BY_STATE,
    TOTALS,
    FOLDER,
    LABELLED,
    WORKBOOKS,
    FACT,
    SET_FACT,
    CLEAR_FACTS,
    DELETE_ALL,
    CLEAR_REMOVALS,
    INSERT_WHOLE,
];

pub(crate) async fn find(db: &Db, id: &str) -> Result<Option<MaterialRow>, DbError> {
    on_db!(db, |pool| sqlx::query_as::<_, MaterialRow>(COLUMNS_ALL)
        .bind(id)
        .fetch_optional(pool)
        .await)
    .map_err(DbError::from)
}

/// Up to `limit` rows after the id `after`, in order of id; all states when `state` is `None`.
pub(crate) async fn list(
    db: &Db,
    state: Option<MaterialState>,
    after: &str,
    limit: i64,
) -> Result<Vec<MaterialRow>, DbError> {
    let state = state.map_or("", MaterialState::as_str);
    on_db!(db, |pool| sqlx::query_as::<_, MaterialRow>(LIST)
        .bind(state)
        .bind(after)
        .bind(limit)
        .fetch_all(pool)
        .await)
    .map_err(DbError::from)
}

/// Materials with pages that wait for character recognition.
pub(crate) async fn waiting_for_ocr(db: &Db) -> Result<Vec<MaterialRow>, DbError> {
    on_db!(db, |pool| sqlx::query_as::<_, MaterialRow>(WAITING_FOR_OCR)
        .fetch_all(pool)
        .await)
    .map_err(DbError::from)
}

/// A material as accepted, before anything is known of its content.
pub(crate) struct Acceptance<'a> {
    pub(crate) id: &'a str,
    pub(crate) source: &'a str,
    pub(crate) filename: &'a str,
    pub(crate) title: &'a str,
    pub(crate) tags: &'a str,
    pub(crate) origin: Origin,
    pub(crate) size_bytes: i64,
    pub(crate) content_hash: &'a str,
    pub(crate) modified_at: Option<i64>,
    pub(crate) revision: &'a str,
    pub(crate) job_id: &'a str,
    /// See [`MaterialRow::chunking`].
    pub(crate) chunking: Option<ChunkSettings>,
}

pub(crate) async fn accept(db: &Db, material: &Acceptance<'_>, now: i64) -> Result<(), DbError> {
    on_db!(db, |pool| sqlx::query(UPSERT)
        .bind(material.id)
        .bind(material.source)
        .bind(material.filename)
        .bind(material.title)
        .bind(material.tags)
        .bind(material.origin.as_str())
        .bind(material.size_bytes)
        .bind(material.content_hash)
        .bind(material.modified_at)
        .bind(material.revision)
        .bind(material.job_id)
        .bind(now)
        .bind(material.chunking.map(|chunking| chunking.size as i64))
        .bind(material.chunking.map(|chunking| chunking.overlap as i64))
        .execute(pool)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// Changes what people see of a material, not its content.
pub(crate) async fn rename(db: &Db, material: &Acceptance<'_>, now: i64) -> Result<(), DbError> {
    on_db!(db, |pool| sqlx::query(RENAME)
        .bind(material.id)
        .bind(material.source)
        .bind(material.filename)
        .bind(material.title)
        .bind(material.tags)
        .bind(material.modified_at)
        .bind(now)
        .execute(pool)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// `false` when the material is gone or was accepted anew meanwhile.
pub(crate) async fn set_state(
    db: &Db,
    id: &str,
    revision: &str,
    state: MaterialState,
    reason: Option<(&str, &str)>,
    now: i64,
) -> Result<bool, DbError> {
    on_db!(db, |pool| sqlx::query(SET_STATE)
        .bind(id)
        .bind(revision)
        .bind(state.as_str())
        .bind(reason.map(|(code, _)| code))
        .bind(reason.map(|(_, text)| text))
        .bind(now)
        .execute(pool)
        .await
        .map(|done| done.rows_affected() == 1))
    .map_err(DbError::from)
}

/// What reading a material brought.
pub(crate) struct Reading {
    pub(crate) state: MaterialState,
    pub(crate) kind: String,
    pub(crate) pages: Option<i64>,
    pub(crate) warnings: String,
    pub(crate) ocr_pages: String,
}

pub(crate) async fn set_read(
    db: &Db,
    id: &str,
    revision: &str,
    reading: &Reading,
    now: i64,
) -> Result<bool, DbError> {
    on_db!(db, |pool| sqlx::query(SET_READ)
        .bind(id)
        .bind(revision)
        .bind(reading.state.as_str())
        .bind(reading.kind.as_str())
        .bind(reading.pages)
        .bind(reading.warnings.as_str())
        .bind(reading.ocr_pages.as_str())
        .bind(now)
        .execute(pool)
        .await
        .map(|done| done.rows_affected() == 1))
    .map_err(DbError::from)
}

pub(crate) async fn set_indexed(
    db: &Db,
    id: &str,
    revision: &str,
    chunks: i64,
    version: &str,
    now: i64,
) -> Result<bool, DbError> {
    on_db!(db, |pool| sqlx::query(SET_INDEXED)
        .bind(id)
        .bind(revision)
        .bind(chunks)
        .bind(version)
        .bind(now)
        .execute(pool)
        .await
        .map(|done| done.rows_affected() == 1))
    .map_err(DbError::from)
}

/// Counts vectors; a searchable material that has all of them becomes ready.
pub(crate) async fn set_embedded(
    db: &Db,
    id: &str,
    version: &str,
    embedded: i64,
    now: i64,
) -> Result<bool, DbError> {
    on_db!(db, |pool| sqlx::query(SET_EMBEDDED)
        .bind(id)
        .bind(version)
        .bind(embedded)
        .bind(now)
        .execute(pool)
        .await
        .map(|done| done.rows_affected() == 1))
    .map_err(DbError::from)
}

/// All indexed materials lose their vectors: another model is in use from now on.
pub(crate) async fn unembed_all(db: &Db) -> Result<(), DbError> {
    on_db!(db, |pool| sqlx::query(UNEMBED_ALL)
        .execute(pool)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

pub(crate) async fn not_embedded(db: &Db, limit: i64) -> Result<Vec<MaterialRow>, DbError> {
    on_db!(db, |pool| sqlx::query_as::<_, MaterialRow>(NOT_EMBEDDED)
        .bind(limit)
        .fetch_all(pool)
        .await)
    .map_err(DbError::from)
}

/// Up to `limit` materials that stand in the index, after the id `after`, in order of id.
pub(crate) async fn indexed(db: &Db, after: &str, limit: i64) -> Result<Vec<MaterialRow>, DbError> {
    on_db!(db, |pool| sqlx::query_as::<_, MaterialRow>(INDEXED)
        .bind(after)
        .bind(limit)
        .fetch_all(pool)
        .await)
    .map_err(DbError::from)
}

/// Removes the row and notes in the same transaction that its rows in the index must go; the hash of its file.
pub(crate) async fn remove(db: &Db, id: &str, now: i64) -> Result<Option<String>, DbError> {
    let mut tx = db.begin_write().await?;
    let hash = on_tx!(&mut tx, |conn| sqlx::query_scalar::<_, String>(DELETE)
        .bind(id)
        .fetch_optional(conn)
        .await)
    .map_err(DbError::from)?;
    on_tx!(&mut tx, |conn| sqlx::query(ADD_REMOVAL)
        .bind(id)
        .bind(now)
        .execute(conn)
        .await
        .map(|_| ()))
    .map_err(DbError::from)?;
    tx.commit().await?;
    Ok(hash)
}

/// How many materials have this content.
pub(crate) async fn uses_of(db: &Db, content_hash: &str) -> Result<i64, DbError> {
    on_db!(db, |pool| sqlx::query_scalar::<_, i64>(HASH_USES)
        .bind(content_hash)
        .fetch_one(pool)
        .await)
    .map_err(DbError::from)
}

pub(crate) async fn add_removal(db: &Db, id: &str, now: i64) -> Result<(), DbError> {
    on_db!(db, |pool| sqlx::query(ADD_REMOVAL)
        .bind(id)
        .bind(now)
        .execute(pool)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

pub(crate) async fn clear_removal(db: &Db, id: &str) -> Result<(), DbError> {
    on_db!(db, |pool| sqlx::query(CLEAR_REMOVAL)
        .bind(id)
        .execute(pool)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

pub(crate) async fn removals(db: &Db) -> Result<Vec<String>, DbError> {
    on_db!(db, |pool| sqlx::query_scalar::<_, String>(REMOVALS)
        .fetch_all(pool)
        .await)
    .map_err(DbError::from)
}

pub(crate) async fn count_by_state(db: &Db) -> Result<Vec<(MaterialState, i64)>, DbError> {
    let rows = on_db!(db, |pool| sqlx::query_as::<_, (String, i64)>(
        COUNT_BY_STATE
    )
    .fetch_all(pool)
    .await)
    .map_err(DbError::from)?;
    Ok(MaterialState::ALL
        .into_iter()
        .map(|state| {
            let count = rows
                .iter()
                .find(|(name, _)| name == state.as_str())
                .map_or(0, |(_, n)| *n);
            (state, count)
        })
        .collect())
}

/// Materials, chunks, chunks with vectors, bytes of files.
pub(crate) async fn totals(db: &Db) -> Result<(i64, i64, i64, i64), DbError> {
    match db {
        Db::Sqlite(pool) => sqlx::query_as(TOTALS)
            .fetch_one(pool)
            .await
            .map_err(DbError::from),
        Db::Postgres(pool) => {
            // Sums of BIGINT are NUMERIC on PostgreSQL.
            const CAST: &str = "SELECT COUNT(*), COALESCE(SUM(chunks), 0)::BIGINT, \
                COALESCE(SUM(embedded), 0)::BIGINT, COALESCE(SUM(size_bytes), 0)::BIGINT FROM materials";
            sqlx::query_as(CAST)
                .fetch_one(pool)
                .await
                .map_err(DbError::from)
        }
    }
}

pub(crate) async fn of_folder(db: &Db) -> Result<Vec<MaterialRow>, DbError> {
    on_db!(db, |pool| sqlx::query_as::<_, MaterialRow>(FOLDER)
        .fetch_all(pool)
        .await)
    .map_err(DbError::from)
}

/// Those of these materials that there are.
pub(crate) async fn cited(db: &Db, ids: &[&str]) -> Result<Vec<CitedRow>, DbError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let places: Vec<String> = (1..=ids.len()).map(|place| format!("${place}")).collect();
    let sql = format!("{CITED} ({})", places.join(", "));
    on_db!(db, |pool| {
        let mut query = sqlx::query_as::<_, CitedRow>(sqlx::AssertSqlSafe(sql));
        for id in ids {
            query = query.bind(*id);
        }
        query.fetch_all(pool).await
    })
    .map_err(DbError::from)
}

/// All materials that stand in the index, with what filters look at.
pub(crate) async fn labelled(db: &Db) -> Result<Vec<CitedRow>, DbError> {
    on_db!(db, |pool| sqlx::query_as::<_, CitedRow>(LABELLED)
        .fetch_all(pool)
        .await)
    .map_err(DbError::from)
}

/// Materials made of tables that stand in the index, `limit` of them in order of id.
pub(crate) async fn workbooks(db: &Db, limit: i64) -> Result<Vec<CitedRow>, DbError> {
    on_db!(db, |pool| sqlx::query_as::<_, CitedRow>(WORKBOOKS)
        .bind(limit)
        .fetch_all(pool)
        .await)
    .map_err(DbError::from)
}

pub(crate) async fn fact(db: &Db, name: &str) -> Result<Option<String>, DbError> {
    on_db!(db, |pool| sqlx::query_scalar::<_, String>(FACT)
        .bind(name)
        .fetch_optional(pool)
        .await)
    .map_err(DbError::from)
}

pub(crate) async fn set_fact(db: &Db, name: &str, value: &str) -> Result<(), DbError> {
    on_db!(db, |pool| sqlx::query(SET_FACT)
        .bind(name)
        .bind(value)
        .execute(pool)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// Puts these materials in the place of all there are, with a fact, in one transaction.
pub(crate) async fn replace_all(
    db: &Db,
    rows: &[(MaterialRow, Vec<Lesson>)],
    (fact, value): (&str, &str),
) -> Result<(), DbError> {
    let mut tx = db.begin_write().await?;
    for delete in [DELETE_ALL, CLEAR_REMOVALS, CLEAR_FACTS] {
        on_tx!(&mut tx, |conn| sqlx::query(delete)
            .execute(conn)
            .await
            .map(|_| ()))
        .map_err(DbError::from)?;
    }
    on_tx!(&mut tx, |conn| sqlx::query(SET_FACT)
        .bind(fact)
        .bind(value)
        .execute(conn)
        .await
        .map(|_| ()))
    .map_err(DbError::from)?;
    for (row, lessons) in rows {
        on_tx!(&mut tx, |conn| sqlx::query(INSERT_WHOLE)
            .bind(&row.id)
            .bind(&row.source)
            .bind(&row.filename)
            .bind(&row.title)
            .bind(&row.tags)
            .bind(&row.origin)
            .bind(&row.kind)
            .bind(row.size_bytes)
            .bind(&row.content_hash)
            .bind(row.modified_at)
            .bind(&row.state)
            .bind(&row.reason_code)
            .bind(&row.reason)
            .bind(row.pages)
            .bind(row.chunks)
            .bind(row.embedded)
            .bind(&row.warnings)
            .bind(&row.ocr_pages)
            .bind(&row.revision)
            .bind(&row.indexed_version)
            .bind(&row.job_id)
            .bind(row.created_at)
            .bind(row.updated_at)
            .bind(row.chunk_size)
            .bind(row.chunk_overlap)
            .execute(conn)
            .await
            .map(|_| ()))
        .map_err(DbError::from)?;
        catalogue::store::insert(&mut tx, &row.id, lessons).await?;
    }
    tx.commit().await
}

pub(crate) async fn clear_facts(db: &Db) -> Result<(), DbError> {
    on_db!(db, |pool| sqlx::query(CLEAR_FACTS)
        .execute(pool)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// The material has no text in the index any more.
/// Whether the revision is still the material's.
pub(crate) async fn forget_text(db: &Db, id: &str, revision: &str) -> Result<bool, DbError> {
    on_db!(db, |pool| sqlx::query(FORGET_TEXT)
        .bind(id)
        .bind(revision)
        .execute(pool)
        .await
        .map(|done| done.rows_affected() == 1))
    .map_err(DbError::from)
}
