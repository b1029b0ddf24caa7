use serde::{Deserialize, Serialize};

use super::row::UserRow;
use crate::passwords::UNUSABLE;

/// Life of a password where passwords must be changed now and then: 90 days.
const PASSWORD_LIFE_MS: i64 = 90 * 24 * 3600 * 1000;

/// What somebody may do.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    /// Reads and asks.
    Student,
    /// Also changes materials and the assistant.
    Instructor,
    /// Everything.
    Admin,
}

impl Role {
    /// As stored and sent.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Student => "student",
            Self::Instructor => "instructor",
            Self::Admin => "admin",
        }
    }

    /// The role of that name; what is unknown may do least.
    pub(crate) fn parse(text: &str) -> Self {
        match text {
            "admin" => Self::Admin,
            "instructor" => Self::Instructor,
            _ => Self::Student,
        }
    }
}

/// Whether a name can be an account's: 3 to 64 letters, digits, dots, hyphens, underscores. Pages put it into paths as
/// it is, so `.` and `..` alone are impossible already by the length.
pub(crate) fn is_username(text: &str) -> bool {
    (3..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        && text.bytes().any(|byte| byte.is_ascii_alphanumeric())
}

/// An account as every request needs it; no secret is part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(clippy::struct_excessive_bools, reason = "as the table has them")]
pub(crate) struct Account {
    /// Id that is never used again.
    pub uid: String,
    /// Name.
    pub username: String,
    /// E-mail.
    pub email: Option<String>,
    /// Full name.
    pub full_name: Option<String>,
    /// Role.
    pub role: Role,
    /// Shut out.
    pub disabled: bool,
    /// Let in.
    pub approved: bool,
    /// The password is one-time.
    pub temporary_password: bool,
    /// When it ends, Unix ms.
    pub temporary_expires_at: Option<i64>,
    /// Number in another system.
    pub external_id: Option<String>,
    /// Version of its tokens.
    pub token_version: i64,
    /// The one token of another version that is good.
    pub spared_jti: Option<String>,
    /// A second factor is set up.
    pub two_factor: bool,
    /// Unix ms.
    pub created_at: i64,
    /// Unix ms.
    pub updated_at: i64,
    /// Unix ms.
    pub last_login: Option<i64>,
    /// When the password was last set, Unix ms; `None` where nobody knows one.
    pub password_changed_at: Option<i64>,
}

impl Account {
    /// Whether a token of this version and number is this account's today.
    pub(crate) fn accepts(&self, version: i64, jti: &str) -> bool {
        !self.disabled
            && (version == self.token_version || self.spared_jti.as_deref() == Some(jti))
            && (self.approved || self.temporary_password)
    }

    /// Whether it may do no more than look at itself and change its password.
    pub(crate) fn is_limited(&self) -> bool {
        !self.approved
    }

    /// Whether its password is older than passwords may be where they must be changed now and then.
    pub(crate) fn has_old_password(&self, now: i64) -> bool {
        self.password_changed_at
            .is_some_and(|at| at.saturating_add(PASSWORD_LIFE_MS) <= now)
    }

    /// Whether it has no second factor where those who teach and administer must have one.
    pub(crate) fn lacks_second_factor(&self) -> bool {
        self.role >= Role::Instructor && !self.two_factor
    }
}

impl From<&UserRow> for Account {
    fn from(row: &UserRow) -> Self {
        Self {
            uid: row.uid.clone(),
            username: row.username.clone(),
            email: row.email.clone(),
            full_name: row.full_name.clone(),
            role: row.role(),
            disabled: row.disabled,
            approved: row.approved,
            temporary_password: row.temporary_password,
            temporary_expires_at: row.temporary_expires_at,
            external_id: row.external_id.clone(),
            token_version: row.token_version,
            spared_jti: row.spared_jti.clone(),
            two_factor: row.totp_confirmed,
            created_at: row.created_at,
            updated_at: row.updated_at,
            last_login: row.last_login,
            password_changed_at: (row.password_hash != UNUSABLE)
                .then(|| row.password_changed_at.unwrap_or(row.created_at)),
        }
    }
}
