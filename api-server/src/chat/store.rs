//! SQL of conversations and their messages.

use shared::db::{Db, DbError, Tx};
use shared::{on_db, on_tx};

macro_rules! conversations {
    ($rest:literal) => {
        concat!(
            "SELECT id, uid, session_id, title, topic, level, style, objectives, topics, created_at, updated_at \
             FROM conversations ",
            $rest
        )
    };
}

const BY_ID: &str = conversations!("WHERE uid = $1 AND id = $2");
const BY_SESSION: &str = conversations!("WHERE uid = $1 AND (session_id = $2 OR id = $2)");
const OF_USER: &str = conversations!(
    "WHERE uid = $1 AND (updated_at < $2 OR (updated_at = $2 AND id < $3)) ORDER BY updated_at DESC, id DESC LIMIT $4"
);
const INSERT: &str = "INSERT INTO conversations (id, uid, session_id, title, topic, level, style, objectives, topics, \
    created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
const UPDATE: &str = "UPDATE conversations SET topic = $2, level = $3, style = $4, objectives = $5, topics = $6, \
    updated_at = $7 WHERE id = $1";
const RENAME: &str = "UPDATE conversations SET title = $3 WHERE uid = $1 AND id = $2";
const DELETE: &str = "DELETE FROM conversations WHERE uid = $1 AND id = $2";
const INSERT_MESSAGE: &str = "INSERT INTO messages (id, conversation_id, role, text, answered, details, mode, model, \
    prompt_tokens, completion_tokens, cost_nanos, created_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
const ANSWERED: &str = "UPDATE messages SET answered = TRUE WHERE id = $1";
const QUESTION: &str = "SELECT conversation_id, answered FROM messages WHERE id = $2 AND role = 'user' \
    AND conversation_id IN (SELECT id FROM conversations WHERE uid = $1)";
const WITHDRAW: &str = "DELETE FROM messages WHERE id = $2 AND role = 'user' AND NOT answered \
    AND conversation_id IN (SELECT id FROM conversations WHERE uid = $1)";
const MESSAGES: &str = "SELECT id, role, text, answered, details, rating, reason, created_at FROM messages \
    WHERE conversation_id = $1 ORDER BY id DESC LIMIT $2";
const LAST_TURNS: &str = "SELECT role, text FROM messages WHERE conversation_id = $1 AND answered = TRUE AND id < $2 \
    ORDER BY id DESC LIMIT $3";
const RATE: &str = "UPDATE messages SET rating = $3, reason = $4, rated_at = $5 WHERE id = $2 AND role = 'assistant' \
    AND conversation_id IN (SELECT id FROM conversations WHERE uid = $1)";
const RATED: &str = "SELECT messages.id, messages.conversation_id, messages.text, messages.mode, messages.model, \
    messages.rating, messages.reason, messages.rated_at FROM messages WHERE rated_at < $1 AND rating IS NOT NULL \
    ORDER BY rated_at DESC LIMIT $2";

/// Every statement of this store.
pub(crate) const STATEMENTS: &[&str] = &[
    BY_ID,
    BY_SESSION,
    OF_USER,
    INSERT,
    UPDATE,
    RENAME,
    DELETE,
    INSERT_MESSAGE,
    ANSWERED,
    QUESTION,
    WITHDRAW,
    MESSAGES,
    LAST_TURNS,
    RATE,
    RATED,
];

/// One row of `conversations`.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct ConversationRow {
    pub(crate) id: String,
    pub(crate) uid: String,
    pub(crate) session_id: String,
    pub(crate) title: String,
    pub(crate) topic: Option<String>,
    pub(crate) level: String,
    pub(crate) style: String,
    /// JSON list.
    pub(crate) objectives: String,
    /// JSON list.
    pub(crate) topics: String,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
}

/// One message as it is shown.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct MessageRow {
    pub(crate) id: String,
    pub(crate) role: String,
    pub(crate) text: String,
    pub(crate) answered: bool,
    pub(crate) details: Option<String>,
    pub(crate) rating: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) created_at: i64,
}

/// One message to be kept.
#[derive(Debug, Clone, Default)]
pub(super) struct NewMessage {
    pub(super) id: String,
    pub(super) conversation_id: String,
    pub(super) role: &'static str,
    pub(super) text: String,
    pub(super) answered: bool,
    pub(super) details: Option<String>,
    pub(super) mode: Option<String>,
    pub(super) model: Option<String>,
    pub(super) tokens: Option<(i64, i64)>,
    pub(super) cost_nanos: Option<i64>,
    pub(super) created_at: i64,
}

/// Where a question is.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct KeptQuestion {
    pub(crate) conversation_id: String,
    pub(crate) answered: bool,
}

/// An answer somebody judged.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct RatedRow {
    pub(crate) id: String,
    pub(crate) conversation_id: String,
    pub(crate) text: String,
    pub(crate) mode: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) rating: String,
    pub(crate) reason: Option<String>,
    pub(crate) rated_at: i64,
}

/// A user's conversation by its id.
pub(super) async fn by_id(
    db: &Db,
    uid: &str,
    id: &str,
) -> Result<Option<ConversationRow>, DbError> {
    on_db!(db, |pool| sqlx::query_as::<_, ConversationRow>(BY_ID)
        .bind(uid)
        .bind(id)
        .fetch_optional(pool)
        .await)
    .map_err(DbError::from)
}

/// The same, in a transaction.
pub(super) async fn take_by_id(
    tx: &mut Tx,
    uid: &str,
    id: &str,
) -> Result<Option<ConversationRow>, DbError> {
    on_tx!(tx, |conn| sqlx::query_as::<_, ConversationRow>(BY_ID)
        .bind(uid)
        .bind(id)
        .fetch_optional(conn)
        .await)
    .map_err(DbError::from)
}

/// A user's conversation by the client's name for it, or by its id.
pub(super) async fn by_session(
    db: &Db,
    uid: &str,
    session_id: &str,
) -> Result<Option<ConversationRow>, DbError> {
    on_db!(db, |pool| sqlx::query_as::<_, ConversationRow>(BY_SESSION)
        .bind(uid)
        .bind(session_id)
        .fetch_optional(pool)
        .await)
    .map_err(DbError::from)
}

/// The same, in a transaction.
pub(super) async fn take_by_session(
    tx: &mut Tx,
    uid: &str,
    session_id: &str,
) -> Result<Option<ConversationRow>, DbError> {
    on_tx!(tx, |conn| sqlx::query_as::<_, ConversationRow>(BY_SESSION)
        .bind(uid)
        .bind(session_id)
        .fetch_optional(conn)
        .await)
    .map_err(DbError::from)
}

/// A user's conversations, the last used first, after the one used at `before.0` with id `before.1`.
pub(super) async fn of_user(
    db: &Db,
    uid: &str,
    before: (i64, &str),
    limit: i64,
) -> Result<Vec<ConversationRow>, DbError> {
    on_db!(db, |pool| sqlx::query_as::<_, ConversationRow>(OF_USER)
        .bind(uid)
        .bind(before.0)
        .bind(before.1)
        .bind(limit)
        .fetch_all(pool)
        .await)
    .map_err(DbError::from)
}

/// Keeps a new conversation.
pub(super) async fn insert(tx: &mut Tx, row: &ConversationRow) -> Result<(), DbError> {
    on_tx!(tx, |conn| sqlx::query(INSERT)
        .bind(&row.id)
        .bind(&row.uid)
        .bind(&row.session_id)
        .bind(&row.title)
        .bind(&row.topic)
        .bind(&row.level)
        .bind(&row.style)
        .bind(&row.objectives)
        .bind(&row.topics)
        .bind(row.created_at)
        .bind(row.updated_at)
        .execute(conn)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// Keeps what changed of a conversation: all but its names.
pub(super) async fn update(tx: &mut Tx, row: &ConversationRow) -> Result<(), DbError> {
    on_tx!(tx, |conn| sqlx::query(UPDATE)
        .bind(&row.id)
        .bind(&row.topic)
        .bind(&row.level)
        .bind(&row.style)
        .bind(&row.objectives)
        .bind(&row.topics)
        .bind(row.updated_at)
        .execute(conn)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// Gives a conversation another title; whether there is one.
pub(super) async fn rename(db: &Db, uid: &str, id: &str, title: &str) -> Result<bool, DbError> {
    on_db!(db, |pool| sqlx::query(RENAME)
        .bind(uid)
        .bind(id)
        .bind(title)
        .execute(pool)
        .await
        .map(|done| done.rows_affected() > 0))
    .map_err(DbError::from)
}

/// Removes a conversation with its messages; whether there was one.
pub(super) async fn delete(db: &Db, uid: &str, id: &str) -> Result<bool, DbError> {
    on_db!(db, |pool| sqlx::query(DELETE)
        .bind(uid)
        .bind(id)
        .execute(pool)
        .await
        .map(|done| done.rows_affected() > 0))
    .map_err(DbError::from)
}

/// Keeps a message.
pub(super) async fn insert_message(tx: &mut Tx, message: &NewMessage) -> Result<(), DbError> {
    let (prompt_tokens, completion_tokens) = message.tokens.unzip();
    on_tx!(tx, |conn| sqlx::query(INSERT_MESSAGE)
        .bind(&message.id)
        .bind(&message.conversation_id)
        .bind(message.role)
        .bind(&message.text)
        .bind(message.answered)
        .bind(&message.details)
        .bind(&message.mode)
        .bind(&message.model)
        .bind(prompt_tokens)
        .bind(completion_tokens)
        .bind(message.cost_nanos)
        .bind(message.created_at)
        .execute(conn)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// A question has its answer.
pub(super) async fn answered(tx: &mut Tx, id: &str) -> Result<(), DbError> {
    on_tx!(tx, |conn| sqlx::query(ANSWERED)
        .bind(id)
        .execute(conn)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// Where a user's question is, if it was kept.
pub(super) async fn question(
    db: &Db,
    uid: &str,
    id: &str,
) -> Result<Option<KeptQuestion>, DbError> {
    on_db!(db, |pool| sqlx::query_as::<_, KeptQuestion>(QUESTION)
        .bind(uid)
        .bind(id)
        .fetch_optional(pool)
        .await)
    .map_err(DbError::from)
}

/// Removes a user's question that has no answer.
pub(super) async fn withdraw(db: &Db, uid: &str, id: &str) -> Result<(), DbError> {
    on_db!(db, |pool| sqlx::query(WITHDRAW)
        .bind(uid)
        .bind(id)
        .execute(pool)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// Messages of a conversation, the latest first.
pub(super) async fn messages(
    db: &Db,
    conversation_id: &str,
    limit: i64,
) -> Result<Vec<MessageRow>, DbError> {
    on_db!(db, |pool| sqlx::query_as::<_, MessageRow>(MESSAGES)
        .bind(conversation_id)
        .bind(limit)
        .fetch_all(pool)
        .await)
    .map_err(DbError::from)
}

/// Answered questions and their answers before a message, the latest first: role and text.
pub(super) async fn last_turns(
    db: &Db,
    conversation_id: &str,
    before: &str,
    limit: i64,
) -> Result<Vec<(String, String)>, DbError> {
    on_db!(db, |pool| sqlx::query_as(LAST_TURNS)
        .bind(conversation_id)
        .bind(before)
        .bind(limit)
        .fetch_all(pool)
        .await)
    .map_err(DbError::from)
}

/// Judges an answer in one of a user's conversations; whether there is one.
pub(super) async fn rate(
    db: &Db,
    uid: &str,
    id: &str,
    rating: Option<&str>,
    reason: Option<&str>,
    now: i64,
) -> Result<bool, DbError> {
    on_db!(db, |pool| sqlx::query(RATE)
        .bind(uid)
        .bind(id)
        .bind(rating)
        .bind(reason)
        .bind(now)
        .execute(pool)
        .await
        .map(|done| done.rows_affected() > 0))
    .map_err(DbError::from)
}

/// Answers judged before then, the latest first.
pub(super) async fn rated(db: &Db, before: i64, limit: i64) -> Result<Vec<RatedRow>, DbError> {
    on_db!(db, |pool| sqlx::query_as::<_, RatedRow>(RATED)
        .bind(before)
        .bind(limit)
        .fetch_all(pool)
        .await)
    .map_err(DbError::from)
}
