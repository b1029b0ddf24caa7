//! SQL of openings and of what was learned.

use shared::db::{Db, DbError, Tx};
use shared::{on_db, on_tx};

const DETAILS: &str = "SELECT messages.details FROM messages JOIN conversations \
    ON conversations.id = messages.conversation_id WHERE conversations.uid = $1 AND messages.id = $2 \
    AND messages.role = 'assistant' AND messages.details IS NOT NULL";
// The answer may have gone since it was looked up.
const OPEN: &str = "INSERT INTO opened_sources (message_id, n, at) \
    SELECT id, CAST($2 AS BIGINT), CAST($3 AS BIGINT) FROM messages WHERE id = $1 ON CONFLICT (message_id, n) DO NOTHING";
const TOLD: &str = "SELECT answer.id AS id, conversations.uid AS uid, question.text AS question, answer.text AS answer, \
    answer.details AS details, answer.rating AS rating FROM messages answer \
    JOIN conversations ON conversations.id = answer.conversation_id \
    JOIN messages question ON question.id = (SELECT MAX(before.id) FROM messages before \
    WHERE before.conversation_id = answer.conversation_id AND before.role = 'user' AND before.id < answer.id) \
    WHERE answer.role = 'assistant' AND answer.id < $1 AND answer.details IS NOT NULL \
    AND answer.mode IN ('extractive', 'generated') AND (answer.rated_at >= $2 OR EXISTS \
    (SELECT 1 FROM opened_sources WHERE opened_sources.message_id = answer.id AND opened_sources.at >= $2)) \
    ORDER BY answer.id DESC LIMIT $3";
const OPENED: &str =
    "SELECT message_id, n FROM opened_sources WHERE message_id >= $1 AND message_id <= $2";
const INSERT: &str = "INSERT INTO improvements (id, at, outcome, version, examples, people, detail, figures) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
const LIST: &str = "SELECT id, at, outcome, version, examples, people, detail, figures FROM improvements \
    ORDER BY id DESC LIMIT $1";
const LAST_ACCEPTED: &str = "SELECT MAX(at) FROM improvements WHERE outcome = 'accepted'";
const BETWEEN: &str = "SELECT detail FROM improvements WHERE at >= $1 AND at < $2 ORDER BY id";
const PRUNE: &str = "DELETE FROM improvements WHERE at < $1";

/// Every statement of this store.
pub(crate) const STATEMENTS: &[&str] = &[
    DETAILS,
    OPEN,
    TOLD,
    OPENED,
    INSERT,
    LIST,
    LAST_ACCEPTED,
    BETWEEN,
    PRUNE,
];

/// An answer that was judged or of which something was opened.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(super) struct ToldRow {
    pub(super) id: String,
    pub(super) uid: String,
    pub(super) question: String,
    pub(super) answer: String,
    pub(super) details: String,
    pub(super) rating: Option<String>,
}

/// One row of `improvements`.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(super) struct ImprovementRow {
    pub(super) id: String,
    pub(super) at: i64,
    pub(super) outcome: String,
    pub(super) version: i64,
    pub(super) examples: i64,
    pub(super) people: i64,
    pub(super) detail: String,
    pub(super) figures: String,
}

/// Sources and everything else of a user's answer.
pub(super) async fn details(db: &Db, uid: &str, id: &str) -> Result<Option<String>, DbError> {
    on_db!(db, |pool| sqlx::query_scalar::<_, String>(DETAILS)
        .bind(uid)
        .bind(id)
        .fetch_optional(pool)
        .await)
    .map_err(DbError::from)
}

/// Notes that a source was opened; once.
pub(super) async fn open(db: &Db, id: &str, n: i64, now: i64) -> Result<(), DbError> {
    on_db!(db, |pool| sqlx::query(OPEN)
        .bind(id)
        .bind(n)
        .bind(now)
        .execute(pool)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// Answers before the one of id `before` that were judged, or of which something was opened, since then; the latest first.
pub(super) async fn told(
    db: &Db,
    before: &str,
    since: i64,
    limit: i64,
) -> Result<Vec<ToldRow>, DbError> {
    on_db!(db, |pool| sqlx::query_as::<_, ToldRow>(TOLD)
        .bind(before)
        .bind(since)
        .bind(limit)
        .fetch_all(pool)
        .await)
    .map_err(DbError::from)
}

/// What was opened of answers from one id to another: answer and number of the source.
pub(super) async fn opened(db: &Db, from: &str, to: &str) -> Result<Vec<(String, i64)>, DbError> {
    on_db!(db, |pool| sqlx::query_as::<_, (String, i64)>(OPENED)
        .bind(from)
        .bind(to)
        .fetch_all(pool)
        .await)
    .map_err(DbError::from)
}

/// Keeps what a run came to.
pub(super) async fn insert(tx: &mut Tx, row: &ImprovementRow) -> Result<(), DbError> {
    on_tx!(tx, |conn| sqlx::query(INSERT)
        .bind(&row.id)
        .bind(row.at)
        .bind(&row.outcome)
        .bind(row.version)
        .bind(row.examples)
        .bind(row.people)
        .bind(&row.detail)
        .bind(&row.figures)
        .execute(conn)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// The last runs, the newest first.
pub(super) async fn list(db: &Db, limit: i64) -> Result<Vec<ImprovementRow>, DbError> {
    on_db!(db, |pool| sqlx::query_as::<_, ImprovementRow>(LIST)
        .bind(limit)
        .fetch_all(pool)
        .await)
    .map_err(DbError::from)
}

/// When something was last learned.
pub(super) async fn last_accepted(db: &Db) -> Result<Option<i64>, DbError> {
    on_db!(db, |pool| sqlx::query_scalar::<_, Option<i64>>(
        LAST_ACCEPTED
    )
    .fetch_one(pool)
    .await)
    .map_err(DbError::from)
}

/// What runs of a time came to, for people.
pub(crate) async fn between(db: &Db, from: i64, to: i64) -> Result<Vec<String>, DbError> {
    on_db!(db, |pool| sqlx::query_scalar::<_, String>(BETWEEN)
        .bind(from)
        .bind(to)
        .fetch_all(pool)
        .await)
    .map_err(DbError::from)
}

/// Removes what is older.
pub(crate) async fn prune(db: &Db, before: i64) -> Result<u64, DbError> {
    db.prune(PRUNE, before).await
}
