use serde::Serialize;
use shared::clock::rfc3339;

use super::{Account, Role};

/// A user, as pages show it.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[allow(clippy::struct_excessive_bools, reason = "as pages read them")]
pub(crate) struct UserView {
    /// Id that is never used again.
    pub id: String,
    /// Name.
    #[schema(examples("maria.silva"))]
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
    /// RFC 3339, UTC.
    pub created_at: String,
    /// RFC 3339, UTC.
    pub updated_at: String,
    /// Number in another system.
    pub external_id: Option<String>,
    /// RFC 3339, UTC.
    pub last_login: Option<String>,
    /// The password is one-time and must be changed.
    pub is_temporary_password: bool,
    /// A second factor is set up.
    pub two_factor_enabled: bool,
}

impl From<&Account> for UserView {
    fn from(account: &Account) -> Self {
        Self {
            id: account.uid.clone(),
            username: account.username.clone(),
            email: account.email.clone(),
            full_name: account.full_name.clone(),
            role: account.role,
            disabled: account.disabled,
            approved: account.approved,
            created_at: rfc3339(account.created_at),
            updated_at: rfc3339(account.updated_at),
            external_id: account.external_id.clone(),
            last_login: account.last_login.map(rfc3339),
            is_temporary_password: account.temporary_password,
            two_factor_enabled: account.two_factor,
        }
    }
}
