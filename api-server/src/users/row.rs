//! A user as the table has it.

use super::Role;

/// One row of `users`.
#[derive(Clone, sqlx::FromRow)]
#[allow(clippy::struct_excessive_bools, reason = "as the table has them")]
pub(crate) struct UserRow {
    /// Id that is never used again.
    pub uid: String,
    /// Name.
    pub username: String,
    /// Name in lower case.
    pub username_key: String,
    /// E-mail.
    pub email: Option<String>,
    /// Full name.
    pub full_name: Option<String>,
    /// See [`Role`].
    pub role: String,
    /// See the migration.
    pub password_hash: String,
    /// Shut out.
    pub disabled: bool,
    /// Let in.
    pub approved: bool,
    /// The password is one-time.
    pub temporary_password: bool,
    /// When it ends, Unix ms; `None` = it does not.
    pub temporary_expires_at: Option<i64>,
    /// Number in another system.
    pub external_id: Option<String>,
    /// The same as a number, where it is one.
    pub external_number: Option<i64>,
    /// Version of its tokens.
    pub token_version: i64,
    /// The one token of another version that is good.
    pub spared_jti: Option<String>,
    /// Sealed secret of the second factor.
    pub totp_secret: Option<String>,
    /// The second factor has been tried and holds.
    pub totp_confirmed: bool,
    /// The last step of it that was used.
    pub totp_last_step: i64,
    /// Unix ms.
    pub created_at: i64,
    /// Unix ms.
    pub updated_at: i64,
    /// Unix ms.
    pub last_login: Option<i64>,
    /// When the password was last set, Unix ms; `None` where that was not yet kept.
    pub password_changed_at: Option<i64>,
}

impl UserRow {
    /// The role as a value.
    pub(crate) fn role(&self) -> Role {
        Role::parse(&self.role)
    }

    /// Whether the one-time password has ended.
    pub(crate) fn temporary_is_over(&self, now: i64) -> bool {
        self.temporary_password && self.temporary_expires_at.is_some_and(|end| end <= now)
    }
}

/// Secrets are not shown.
impl std::fmt::Debug for UserRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UserRow")
            .field("uid", &self.uid)
            .finish_non_exhaustive()
    }
}
