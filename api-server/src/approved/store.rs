//! SQL of the approved list.

use shared::db::{Db, DbError, Tx};
use shared::{on_db, on_tx};

use crate::users::{FirstPassword, NewUser, Role};

const INSERT: &str = "INSERT INTO approved_users (id, username, username_key, email, full_name, role, external_id, \
    created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (username_key) DO NOTHING";
const ALL: &str = "SELECT id, username, username_key, email, full_name, role, external_id, created_at \
    FROM approved_users ORDER BY username_key";
const BY_NAME: &str = "SELECT id, username, username_key, email, full_name, role, external_id, created_at \
    FROM approved_users WHERE username_key = $1";
const BY_EMAIL: &str = "SELECT id, username, username_key, email, full_name, role, external_id, created_at \
    FROM approved_users WHERE LOWER(email) = $1 ORDER BY id LIMIT 2";
const DELETE: &str = "DELETE FROM approved_users WHERE username_key = $1";

/// Every statement of this store.
pub(crate) const STATEMENTS: &[&str] = &[INSERT, ALL, BY_NAME, BY_EMAIL, DELETE];

/// One row of `approved_users`.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct ApprovedRow {
    pub(crate) id: String,
    pub(crate) username: String,
    pub(crate) username_key: String,
    pub(crate) email: String,
    pub(crate) full_name: Option<String>,
    pub(crate) role: String,
    pub(crate) external_id: Option<String>,
    pub(crate) created_at: i64,
}

impl ApprovedRow {
    pub(crate) fn new(
        username: String,
        email: String,
        full_name: Option<String>,
        role: Role,
        external_id: Option<String>,
        now: i64,
    ) -> Self {
        Self {
            id: uuid::Uuid::now_v7().to_string(),
            username_key: crate::users::store::key(&username),
            username,
            email,
            full_name,
            role: role.as_str().to_owned(),
            external_id,
            created_at: now,
        }
    }

    /// The account the list admits.
    pub(crate) fn into_user(self, password: FirstPassword) -> NewUser {
        NewUser {
            role: Role::parse(&self.role),
            username: self.username,
            email: Some(self.email),
            full_name: self.full_name,
            external_id: self.external_id,
            approved: true,
            password,
        }
    }
}

/// Whether it was not there yet.
pub(crate) async fn insert(tx: &mut Tx, row: &ApprovedRow) -> Result<bool, DbError> {
    on_tx!(tx, |conn| sqlx::query(INSERT)
        .bind(&row.id)
        .bind(&row.username)
        .bind(&row.username_key)
        .bind(&row.email)
        .bind(&row.full_name)
        .bind(&row.role)
        .bind(&row.external_id)
        .bind(row.created_at)
        .execute(conn)
        .await
        .map(|done| done.rows_affected() == 1))
    .map_err(DbError::from)
}

pub(crate) async fn all(db: &Db) -> Result<Vec<ApprovedRow>, DbError> {
    on_db!(db, |pool| sqlx::query_as::<_, ApprovedRow>(ALL)
        .fetch_all(pool)
        .await)
    .map_err(DbError::from)
}

/// The entry of a name in lower case.
pub(crate) async fn by_name(db: &Db, key: &str) -> Result<Option<ApprovedRow>, DbError> {
    if key.contains('\0') {
        return Ok(None);
    }
    on_db!(db, |pool| sqlx::query_as::<_, ApprovedRow>(BY_NAME)
        .bind(key)
        .fetch_optional(pool)
        .await)
    .map_err(DbError::from)
}

/// The entries of an e-mail, in any case of letters: at most two.
pub(crate) async fn by_email(db: &Db, email: &str) -> Result<Vec<ApprovedRow>, DbError> {
    if email.contains('\0') {
        return Ok(Vec::new());
    }
    on_db!(db, |pool| sqlx::query_as::<_, ApprovedRow>(BY_EMAIL)
        .bind(email.to_lowercase())
        .fetch_all(pool)
        .await)
    .map_err(DbError::from)
}

/// Whether there was one.
pub(crate) async fn delete(tx: &mut Tx, key: &str) -> Result<bool, DbError> {
    if key.contains('\0') {
        return Ok(false);
    }
    on_tx!(tx, |conn| sqlx::query(DELETE)
        .bind(key)
        .execute(conn)
        .await
        .map(|done| done.rows_affected() == 1))
    .map_err(DbError::from)
}
