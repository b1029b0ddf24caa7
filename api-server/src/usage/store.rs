//! SQL of usage.

use shared::db::{Db, DbError, Tx};
use shared::{on_db, on_tx};

const ASK: &str = "INSERT INTO chat_usage (uid, day, questions, answers, prompt_tokens, completion_tokens, cost_nanos) \
    VALUES ($1, $2, 1, 0, 0, 0, 0) ON CONFLICT (uid, day) DO UPDATE SET questions = chat_usage.questions + 1";
const ANSWER: &str = "INSERT INTO chat_usage (uid, day, questions, answers, prompt_tokens, completion_tokens, cost_nanos) \
    VALUES ($1, $2, 0, 1, $3, $4, $5) ON CONFLICT (uid, day) DO UPDATE SET answers = chat_usage.answers + 1, \
    prompt_tokens = chat_usage.prompt_tokens + excluded.prompt_tokens, \
    completion_tokens = chat_usage.completion_tokens + excluded.completion_tokens, \
    cost_nanos = chat_usage.cost_nanos + excluded.cost_nanos";
const SPENT: &str =
    "SELECT CAST(COALESCE(SUM(cost_nanos), 0) AS BIGINT) FROM chat_usage WHERE day = $1";
const OF_USER: &str = "SELECT uid, day, questions, answers, prompt_tokens, completion_tokens, cost_nanos \
    FROM chat_usage WHERE uid = $1 AND day >= $2 ORDER BY day DESC";
const OF_ALL: &str = "SELECT usage.uid, users.username, usage.day, usage.questions, usage.answers, \
    usage.prompt_tokens, usage.completion_tokens, usage.cost_nanos FROM chat_usage usage \
    LEFT JOIN users ON users.uid = usage.uid WHERE usage.day >= $1 ORDER BY usage.day DESC, usage.uid LIMIT $2";
const ASKED: &str = "INSERT INTO chat_asked (id, uid, at) VALUES ($1, $2, $3)";
const NTH_NEWEST: &str =
    "SELECT at FROM chat_asked WHERE uid = $1 AND at > $2 ORDER BY at DESC LIMIT 1 OFFSET $3";
const FORGET_BEFORE: &str = "DELETE FROM chat_asked WHERE uid = $1 AND at <= $2";
const TAKE_BACK: &str = "DELETE FROM chat_asked WHERE id = $1";

/// Every statement of this store.
pub(crate) const STATEMENTS: &[&str] = &[
    ASK,
    ANSWER,
    SPENT,
    OF_USER,
    OF_ALL,
    ASKED,
    NTH_NEWEST,
    FORGET_BEFORE,
    TAKE_BACK,
];

/// One row of `chat_usage`.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct UsageRow {
    pub(crate) uid: String,
    #[sqlx(default)]
    pub(crate) username: Option<String>,
    pub(crate) day: String,
    pub(crate) questions: i64,
    pub(crate) answers: i64,
    pub(crate) prompt_tokens: i64,
    pub(crate) completion_tokens: i64,
    pub(crate) cost_nanos: i64,
}

/// Counts a question; holds the user's row until the transaction ends.
pub(super) async fn ask(tx: &mut Tx, uid: &str, day: &str) -> Result<(), DbError> {
    on_tx!(tx, |conn| sqlx::query(ASK)
        .bind(uid)
        .bind(day)
        .execute(conn)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// Counts an answer.
pub(super) async fn answer(
    tx: &mut Tx,
    uid: &str,
    day: &str,
    (prompt_tokens, completion_tokens): (i64, i64),
    cost_nanos: i64,
) -> Result<(), DbError> {
    on_tx!(tx, |conn| sqlx::query(ANSWER)
        .bind(uid)
        .bind(day)
        .bind(prompt_tokens)
        .bind(completion_tokens)
        .bind(cost_nanos)
        .execute(conn)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// Cost of everybody's answers of a day.
pub(super) async fn spent(db: &Db, day: &str) -> Result<i64, DbError> {
    on_db!(db, |pool| sqlx::query_scalar(SPENT)
        .bind(day)
        .fetch_one(pool)
        .await)
    .map_err(DbError::from)
}

/// Days of a user, the newest first.
pub(super) async fn of_user(db: &Db, uid: &str, from: &str) -> Result<Vec<UsageRow>, DbError> {
    on_db!(db, |pool| sqlx::query_as::<_, UsageRow>(OF_USER)
        .bind(uid)
        .bind(from)
        .fetch_all(pool)
        .await)
    .map_err(DbError::from)
}

/// Days of everybody, the newest first.
pub(super) async fn of_all(db: &Db, from: &str, limit: i64) -> Result<Vec<UsageRow>, DbError> {
    on_db!(db, |pool| sqlx::query_as::<_, UsageRow>(OF_ALL)
        .bind(from)
        .bind(limit)
        .fetch_all(pool)
        .await)
    .map_err(DbError::from)
}

/// Notes when something was asked.
pub(super) async fn asked(tx: &mut Tx, id: &str, uid: &str, at: i64) -> Result<(), DbError> {
    on_tx!(tx, |conn| sqlx::query(ASKED)
        .bind(id)
        .bind(uid)
        .bind(at)
        .execute(conn)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// When the `n`th question counted from the newest (from 0) was asked, of those after `after`.
pub(super) async fn nth_newest(
    tx: &mut Tx,
    uid: &str,
    after: i64,
    n: i64,
) -> Result<Option<i64>, DbError> {
    on_tx!(tx, |conn| sqlx::query_scalar(NTH_NEWEST)
        .bind(uid)
        .bind(after)
        .bind(n)
        .fetch_optional(conn)
        .await)
    .map_err(DbError::from)
}

/// Forgets what a user asked until then.
pub(super) async fn forget_before(tx: &mut Tx, uid: &str, until: i64) -> Result<(), DbError> {
    on_tx!(tx, |conn| sqlx::query(FORGET_BEFORE)
        .bind(uid)
        .bind(until)
        .execute(conn)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}

/// Forgets one question.
pub(super) async fn take_back(db: &Db, id: &str) -> Result<(), DbError> {
    on_db!(db, |pool| sqlx::query(TAKE_BACK)
        .bind(id)
        .execute(pool)
        .await
        .map(|_| ()))
    .map_err(DbError::from)
}
