//! SQL of reports.

use shared::db::{Db, DbError};
use shared::on_db;

const USAGE: &str = "SELECT CAST(COUNT(*) AS BIGINT) AS people, CAST(COALESCE(SUM(questions), 0) AS BIGINT) AS questions, \
    CAST(COALESCE(SUM(prompt_tokens), 0) AS BIGINT) AS prompt_tokens, \
    CAST(COALESCE(SUM(completion_tokens), 0) AS BIGINT) AS completion_tokens, \
    CAST(COALESCE(SUM(cost_nanos), 0) AS BIGINT) AS cost_nanos FROM chat_usage WHERE day = $1";
const ANSWERS: &str = "SELECT CAST(COALESCE(SUM(CASE WHEN mode = 'not_found' THEN 0 ELSE 1 END), 0) AS BIGINT), \
    CAST(COALESCE(SUM(CASE WHEN mode = 'not_found' THEN 1 ELSE 0 END), 0) AS BIGINT) FROM messages \
    WHERE role = 'assistant' AND created_at >= $1 AND created_at < $2";
const RATINGS: &str = "SELECT CAST(COALESCE(SUM(CASE WHEN rating = 'up' THEN 1 ELSE 0 END), 0) AS BIGINT), \
    CAST(COALESCE(SUM(CASE WHEN rating = 'down' THEN 1 ELSE 0 END), 0) AS BIGINT) FROM messages \
    WHERE rated_at >= $1 AND rated_at < $2";
// Questions without an answer, and questions whose answer, the next message, is that the material does not hold it.
const OPEN: &str = "SELECT question.text AS text, CAST(NULL AS TEXT) AS reason FROM messages question \
    WHERE question.role = 'user' AND question.created_at >= $1 AND question.created_at < $2 AND (NOT question.answered OR \
    (SELECT answer.mode FROM messages answer WHERE answer.conversation_id = question.conversation_id \
    AND answer.id > question.id ORDER BY answer.id LIMIT 1) = 'not_found') ORDER BY question.id LIMIT $3";
const DISLIKED: &str = "SELECT question.text AS text, answer.reason AS reason FROM messages answer \
    JOIN messages question ON question.id = (SELECT MAX(before.id) FROM messages before \
    WHERE before.conversation_id = answer.conversation_id AND before.role = 'user' AND before.id < answer.id) \
    WHERE answer.rating = 'down' AND answer.rated_at >= $1 AND answer.rated_at < $2 ORDER BY answer.id LIMIT $3";
const SOURCES: &str = "SELECT details FROM messages WHERE role = 'assistant' AND details IS NOT NULL \
    AND mode <> 'not_found' AND created_at >= $1 AND created_at < $2 ORDER BY id LIMIT 10000";
const JUDGE: &str = "INSERT INTO conversation_judgements \
    (conversation_id, judged_at, questions, answered, not_found, rated_up, rated_down) \
    SELECT conversations.id, CAST($1 AS BIGINT), \
    CAST(SUM(CASE WHEN messages.role = 'user' THEN 1 ELSE 0 END) AS BIGINT), \
    CAST(SUM(CASE WHEN messages.role = 'user' AND messages.answered THEN 1 ELSE 0 END) AS BIGINT), \
    CAST(SUM(CASE WHEN messages.mode = 'not_found' THEN 1 ELSE 0 END) AS BIGINT), \
    CAST(SUM(CASE WHEN messages.rating = 'up' THEN 1 ELSE 0 END) AS BIGINT), \
    CAST(SUM(CASE WHEN messages.rating = 'down' THEN 1 ELSE 0 END) AS BIGINT) \
    FROM conversations JOIN messages ON messages.conversation_id = conversations.id \
    LEFT JOIN conversation_judgements known ON known.conversation_id = conversations.id \
    WHERE conversations.updated_at <= $2 AND (known.judged_at IS NULL OR known.judged_at < conversations.updated_at \
    OR EXISTS (SELECT 1 FROM messages rated WHERE rated.conversation_id = conversations.id AND rated.rated_at > known.judged_at)) \
    GROUP BY conversations.id \
    ON CONFLICT (conversation_id) DO UPDATE SET judged_at = excluded.judged_at, questions = excluded.questions, \
    answered = excluded.answered, not_found = excluded.not_found, rated_up = excluded.rated_up, \
    rated_down = excluded.rated_down";

/// Every statement of this store.
pub(crate) const STATEMENTS: &[&str] = &[USAGE, ANSWERS, RATINGS, OPEN, DISLIKED, SOURCES, JUDGE];

/// What was asked on a day.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(super) struct DayUsage {
    pub(super) people: i64,
    pub(super) questions: i64,
    pub(super) prompt_tokens: i64,
    pub(super) completion_tokens: i64,
    pub(super) cost_nanos: i64,
}

/// A question that was left open.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(super) struct Open {
    pub(super) text: String,
    /// Why the answer was disliked.
    pub(super) reason: Option<String>,
}

/// An answer with its sources, as JSON.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(super) struct Cited {
    pub(super) details: String,
}

/// Questions, tokens and cost of a day.
pub(super) async fn usage(db: &Db, day: &str) -> Result<DayUsage, DbError> {
    on_db!(db, |pool| sqlx::query_as(USAGE)
        .bind(day)
        .fetch_one(pool)
        .await)
    .map_err(DbError::from)
}

async fn two(db: &Db, sql: &'static str, from: i64, to: i64) -> Result<(i64, i64), DbError> {
    on_db!(db, |pool| sqlx::query_as(sql)
        .bind(from)
        .bind(to)
        .fetch_one(pool)
        .await)
    .map_err(DbError::from)
}

/// Answers from the material, and those that say it does not hold one.
pub(super) async fn answers(db: &Db, from: i64, to: i64) -> Result<(i64, i64), DbError> {
    two(db, ANSWERS, from, to).await
}

/// Ratings up and down.
pub(super) async fn ratings(db: &Db, from: i64, to: i64) -> Result<(i64, i64), DbError> {
    two(db, RATINGS, from, to).await
}

async fn questions(
    db: &Db,
    sql: &'static str,
    from: i64,
    to: i64,
    limit: i64,
) -> Result<Vec<Open>, DbError> {
    on_db!(db, |pool| sqlx::query_as(sql)
        .bind(from)
        .bind(to)
        .bind(limit)
        .fetch_all(pool)
        .await)
    .map_err(DbError::from)
}

/// Questions without an answer in the material.
pub(super) async fn open(db: &Db, from: i64, to: i64, limit: i64) -> Result<Vec<Open>, DbError> {
    questions(db, OPEN, from, to, limit).await
}

/// Questions whose answers were rated down.
pub(super) async fn disliked(
    db: &Db,
    from: i64,
    to: i64,
    limit: i64,
) -> Result<Vec<Open>, DbError> {
    questions(db, DISLIKED, from, to, limit).await
}

/// Answers that cite something.
pub(super) async fn sources(db: &Db, from: i64, to: i64) -> Result<Vec<Cited>, DbError> {
    on_db!(db, |pool| sqlx::query_as(SOURCES)
        .bind(from)
        .bind(to)
        .fetch_all(pool)
        .await)
    .map_err(DbError::from)
}

/// Judges conversations that were silent since `silent` and changed since they were judged; how many.
pub(super) async fn judge(db: &Db, now: i64, silent: i64) -> Result<u64, DbError> {
    on_db!(db, |pool| sqlx::query(JUDGE)
        .bind(now)
        .bind(silent)
        .execute(pool)
        .await
        .map(|done| done.rows_affected()))
    .map_err(DbError::from)
}
