//! SQL of transcriptions.

use shared::db::{Db, DbError, Tx};
use shared::{on_db, on_tx};

use crate::audit::Actor;

const ASK: &str = "INSERT INTO transcriptions (material_uid, state, attempts, due_at, uid, username, reason) \
    VALUES ($1, 'queued', 0, $2, $3, $4, NULL) ON CONFLICT (material_uid) DO UPDATE SET state = 'queued', attempts = 0, \
    due_at = excluded.due_at, uid = excluded.uid, username = excluded.username, reason = NULL";
// The condition stands twice: on Postgres two may find the same row, and one of them sees it changed when its turn comes.
const CLAIM: &str = "UPDATE transcriptions SET due_at = $2, attempts = attempts + 1 \
    WHERE state = 'queued' AND due_at <= $1 AND material_uid = (SELECT material_uid FROM transcriptions \
    WHERE state = 'queued' AND due_at <= $1 ORDER BY due_at, material_uid LIMIT 1) \
    RETURNING material_uid, attempts, uid, username";
const DELAY: &str =
    "UPDATE transcriptions SET due_at = $2 WHERE material_uid = $1 AND state = 'queued'";
const END: &str = "UPDATE transcriptions SET state = $2, reason = $3 WHERE material_uid = $1";
const FORGET: &str = "DELETE FROM transcriptions WHERE material_uid = $1";
const ALL: &str = "SELECT material_uid, state, reason FROM transcriptions";

/// Every statement of this store.
pub(crate) const STATEMENTS: &[&str] = &[ASK, CLAIM, DELAY, END, FORGET, ALL];

/// A recording to be written down, claimed.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(super) struct Claimed {
    pub(super) material_uid: String,
    pub(super) attempts: i64,
    uid: Option<String>,
    username: Option<String>,
}

impl Claimed {
    /// Who asked for it.
    pub(super) fn actor(&self) -> Actor {
        Actor {
            uid: self.uid.clone(),
            name: self.username.clone(),
            ..Actor::default()
        }
    }
}

/// Asks for a recording to be written down, also when that failed before.
pub(crate) async fn ask(
    tx: &mut Tx,
    material_uid: &str,
    actor: &Actor,
    now: i64,
) -> Result<(), DbError> {
    on_tx!(tx, |conn| sqlx::query(ASK)
        .bind(material_uid)
        .bind(now)
        .bind(&actor.uid)
        .bind(&actor.name)
        .execute(conn)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// Takes the recording that is due longest, until a time.
pub(super) async fn claim(db: &Db, now: i64, until: i64) -> Result<Option<Claimed>, DbError> {
    on_db!(db, |pool| sqlx::query_as::<_, Claimed>(CLAIM)
        .bind(now)
        .bind(until)
        .fetch_optional(pool)
        .await)
    .map_err(DbError::from)
}

/// It is tried again later.
pub(super) async fn delay(db: &Db, material_uid: &str, due_at: i64) -> Result<(), DbError> {
    on_db!(db, |pool| sqlx::query(DELAY)
        .bind(material_uid)
        .bind(due_at)
        .execute(pool)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// It is done, or failed for good for a `reason`.
pub(super) async fn end(db: &Db, material_uid: &str, reason: Option<&str>) -> Result<(), DbError> {
    let state = if reason.is_none() { "done" } else { "failed" };
    on_db!(db, |pool| sqlx::query(END)
        .bind(material_uid)
        .bind(state)
        .bind(reason)
        .execute(pool)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// The recording is gone.
pub(super) async fn forget(db: &Db, material_uid: &str) -> Result<(), DbError> {
    on_db!(db, |pool| sqlx::query(FORGET)
        .bind(material_uid)
        .execute(pool)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// Recordings with how far they are: uid, state, reason.
pub(super) async fn all(db: &Db) -> Result<Vec<(String, String, Option<String>)>, DbError> {
    on_db!(db, |pool| sqlx::query_as(ALL).fetch_all(pool).await).map_err(DbError::from)
}
