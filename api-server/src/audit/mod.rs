//! Who did what to whom, from where. Written in the transaction of the deed; secrets are never part of it.

pub(crate) mod routes;
pub(crate) mod store;

use shared::telemetry::RequestId;

pub(crate) use store::record;

/// Who does something.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Actor {
    /// Id of the user; `None` for the command line, the webhook and people who are not signed in.
    pub uid: Option<String>,
    /// Name of the user, or of what acts.
    pub name: Option<String>,
    /// Address.
    pub address: Option<String>,
    /// The session that acts.
    pub session: Option<String>,
    /// The token that acts.
    pub jti: Option<String>,
}

impl Actor {
    /// Something of the system itself, such as the command line.
    pub(crate) fn system(name: &str) -> Self {
        Self {
            name: Some(name.to_owned()),
            ..Self::default()
        }
    }
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// Signed in.
    LoggedIn,
    /// Tried to, in vain.
    LoginFailed,
    /// Signed out, or ended a session.
    SessionEnded,
    /// A used refresh token came again: its session was ended.
    RefreshReused,
    /// An account was made.
    UserCreated,
    /// An account was changed.
    UserUpdated,
    /// An account was let in.
    UserApproved,
    /// An account was refused again.
    UserUnapproved,
    /// An account was shut out.
    UserDisabled,
    /// An account was let in again.
    UserEnabled,
    /// An account was deleted.
    UserDeleted,
    /// Another role.
    RoleChanged,
    /// The password was changed by its owner.
    PasswordChanged,
    /// The password was set by an administrator, or by a link.
    PasswordReset,
    /// A link to set the password was asked for.
    ResetRequested,
    /// An account was verified by its link.
    UserVerified,
    /// The link was sent again.
    VerificationResent,
    /// Somebody was put on the approved list.
    ApprovedAdded,
    /// Somebody was taken off the approved list.
    ApprovedRemoved,
    /// A second factor was set up.
    TwoFactorEnabled,
    /// A second factor was removed.
    TwoFactorDisabled,
    /// A recovery code was used.
    RecoveryCodeUsed,
    /// An account was tied to somebody at an identity provider.
    IdentityLinked,
    /// An API key was made.
    ApiKeyCreated,
    /// An API key was removed.
    ApiKeyRemoved,
    /// A material was taken in.
    MaterialAdded,
    /// A material was described.
    MaterialChanged,
    /// A material was removed.
    MaterialRemoved,
    /// The system's settings were changed.
    SettingsChanged,
    /// Maintenance was done; its target is the job.
    MaintenanceDone,
    /// The ranking learned, or tried to; its target is the run and how it ended.
    RankingLearned,
}

impl Action {
    /// As stored and sent.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::LoggedIn => "logged_in",
            Self::LoginFailed => "login_failed",
            Self::SessionEnded => "session_ended",
            Self::RefreshReused => "refresh_reused",
            Self::UserCreated => "user_created",
            Self::UserUpdated => "user_updated",
            Self::UserApproved => "user_approved",
            Self::UserUnapproved => "user_unapproved",
            Self::UserDisabled => "user_disabled",
            Self::UserEnabled => "user_enabled",
            Self::UserDeleted => "user_deleted",
            Self::RoleChanged => "role_changed",
            Self::PasswordChanged => "password_changed",
            Self::PasswordReset => "password_reset",
            Self::ResetRequested => "reset_requested",
            Self::UserVerified => "user_verified",
            Self::VerificationResent => "verification_resent",
            Self::ApprovedAdded => "approved_added",
            Self::ApprovedRemoved => "approved_removed",
            Self::TwoFactorEnabled => "two_factor_enabled",
            Self::TwoFactorDisabled => "two_factor_disabled",
            Self::RecoveryCodeUsed => "recovery_code_used",
            Self::IdentityLinked => "identity_linked",
            Self::ApiKeyCreated => "api_key_created",
            Self::ApiKeyRemoved => "api_key_removed",
            Self::MaterialAdded => "material_added",
            Self::MaterialChanged => "material_changed",
            Self::MaterialRemoved => "material_removed",
            Self::SettingsChanged => "settings_changed",
            Self::MaintenanceDone => "maintenance_done",
            Self::RankingLearned => "ranking_learned",
        }
    }
}

/// A deed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deed<'a> {
    pub(crate) action: Action,
    pub(crate) actor: &'a Actor,
    /// Id and name of whom it was done to.
    pub(crate) target: Option<(&'a str, &'a str)>,
    pub(crate) now: i64,
}

fn request_id() -> Option<String> {
    RequestId::current().map(|id| id.to_string())
}
