//! The users webhook: another system tells who comes and goes.
//!
//! Signed with HMAC-SHA256 over `<time stamp>.<body>`, so that what is captured is worth nothing five minutes later, and
//! taken once within them. It makes students and instructors, never administrators, and never touches one.
#![warn(clippy::wildcard_enum_match_arm)]

pub(crate) mod routes;
pub(crate) mod store;

use std::sync::Arc;
use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use sha2::Sha256;
use shared::clock::Clock;
use shared::db::{Db, DbError};
use shared::problem::{Code, FieldError, HasProblem};
use shared::settings::SecretString;

use crate::audit::Actor;
use crate::users::{Changes, FirstPassword, NewUser, Role, UserError, UserRow, UserService};

/// How far the sender's clock may be from ours, and how long a delivery is remembered at least.
const WINDOW_S: i64 = 300;

/// What can go wrong with a delivery.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WebhookError {
    /// No secret is set.
    #[error("webhook has no secret")]
    Closed,
    /// Signature or time stamp.
    #[error("webhook signature or time stamp is not valid")]
    Signature,
    /// It came before.
    #[error("webhook delivery came before")]
    Repeated,
    /// Administrators are none of its business.
    #[error("webhook may not touch administrators")]
    Administrators,
    /// The account.
    #[error(transparent)]
    User(#[from] UserError),
    /// The store.
    #[error("webhook store failed")]
    Store(#[from] DbError),
}

impl HasProblem for WebhookError {
    fn code(&self) -> Code {
        match self {
            Self::Closed => Code::NotConfigured,
            Self::Signature => Code::Unauthorized,
            Self::Repeated => Code::Conflict,
            Self::Administrators => Code::Forbidden,
            Self::User(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }

    fn detail(&self) -> String {
        let text = match self {
            Self::Closed => "O webhook de usuários não está configurado: defina WEBHOOK_SECRET.",
            Self::Signature => "A assinatura ou a hora da mensagem não é válida.",
            Self::Repeated => "Esta mensagem já foi recebida.",
            Self::Administrators => "O webhook não cria nem altera administradores.",
            Self::User(error) => return error.detail(),
            Self::Store(_) => self.code().detail(),
        };
        text.to_owned()
    }

    fn errors(&self) -> Vec<FieldError> {
        match self {
            Self::User(error) => error.errors(),
            Self::Closed
            | Self::Signature
            | Self::Repeated
            | Self::Administrators
            | Self::Store(_) => Vec::new(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::User(error) => error.retry_after(),
            Self::Store(error) => error.retry_after(),
            Self::Closed | Self::Signature | Self::Repeated | Self::Administrators => None,
        }
    }
}

/// What happened over there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Event {
    /// Somebody is new.
    Create,
    /// Something about somebody changed.
    Update,
    /// Somebody is gone.
    Delete,
    /// Somebody is let in.
    Approve,
    /// Somebody is shut out.
    Disable,
}

/// A delivery. Fields that are not known are not looked at.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub(crate) struct Delivery {
    /// Number of the person in the other system.
    pub(crate) external_id: String,
    /// Name.
    pub(crate) username: String,
    /// E-mail.
    pub(crate) email: Option<String>,
    /// Full name.
    pub(crate) full_name: Option<String>,
    /// `student` or `instructor`; student when absent.
    pub(crate) role: Option<Role>,
    /// What happened.
    pub(crate) action: Event,
}

/// The users webhook.
pub(crate) struct WebhookService {
    db: Db,
    users: Arc<UserService>,
    secret: Option<SecretString>,
    clock: Arc<dyn Clock>,
}

impl WebhookService {
    /// Signed with `secret`; closed without one.
    pub(crate) fn new(
        db: Db,
        users: Arc<UserService>,
        secret: Option<SecretString>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            db,
            users,
            secret,
            clock,
        }
    }

    /// Whether a delivery is genuine and new.
    pub(crate) async fn admit(
        &self,
        timestamp: Option<&str>,
        signature: Option<&str>,
        body: &[u8],
    ) -> Result<(), WebhookError> {
        let secret = self.secret.as_ref().ok_or(WebhookError::Closed)?;
        let (timestamp, signature) = timestamp.zip(signature).ok_or(WebhookError::Signature)?;
        let now = self.clock.now_ms();
        let sent: i64 = timestamp.parse().map_err(|_| WebhookError::Signature)?;
        if sent.abs_diff(now.div_euclid(1000)) > WINDOW_S.unsigned_abs() {
            return Err(WebhookError::Signature);
        }
        let given = signature
            .strip_prefix("sha256=")
            .and_then(unhex)
            .ok_or(WebhookError::Signature)?;
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes())
            .map_err(|_| WebhookError::Signature)?;
        mac.update(timestamp.as_bytes());
        mac.update(b".");
        mac.update(body);
        mac.verify_slice(&given)
            .map_err(|_| WebhookError::Signature)?;
        let digest = blake3::hash(&given).to_hex().to_string();
        store::prune(&self.db, now.saturating_sub(4 * WINDOW_S * 1000)).await?;
        if store::remember(&self.db, &digest, now).await? {
            Ok(())
        } else {
            Err(WebhookError::Repeated)
        }
    }

    /// Does what a genuine delivery says.
    pub(crate) async fn carry_out(
        &self,
        address: String,
        delivery: Delivery,
    ) -> Result<(), WebhookError> {
        let role = delivery.role.unwrap_or(Role::Student);
        if role == Role::Admin {
            return Err(WebhookError::Administrators);
        }
        let actor = Actor {
            address: Some(address),
            ..Actor::system("webhook")
        };
        if delivery.action == Event::Create {
            let new = NewUser {
                username: delivery.username,
                email: delivery.email,
                full_name: delivery.full_name,
                role,
                external_id: Some(delivery.external_id),
                approved: false,
                password: FirstPassword::ByLink,
            };
            self.users.create(&actor, new).await?;
            return Ok(());
        }
        let row = self.target(&delivery.external_id).await?;
        let changes = match delivery.action {
            Event::Delete => {
                self.users.delete(&actor, &row.username).await?;
                return Ok(());
            }
            Event::Approve => Changes {
                approved: Some(true),
                ..Changes::default()
            },
            Event::Disable => Changes {
                disabled: Some(true),
                ..Changes::default()
            },
            Event::Update | Event::Create => Changes {
                email: delivery.email,
                full_name: delivery.full_name,
                role: delivery.role,
                ..Changes::default()
            },
        };
        self.users.update(&actor, &row.username, changes).await?;
        Ok(())
    }

    async fn target(&self, external_id: &str) -> Result<UserRow, WebhookError> {
        let row = self
            .users
            .find_external(external_id)
            .await?
            .ok_or(UserError::NotFound)?;
        if row.role() == Role::Admin {
            return Err(WebhookError::Administrators);
        }
        Ok(row)
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if text.len() != 64 {
        return None;
    }
    text.as_bytes()
        .chunks(2)
        .map(|pair| {
            let pair = std::str::from_utf8(pair).ok()?;
            u8::from_str_radix(pair, 16)
                .ok()
                .filter(|_| !pair.starts_with('+'))
        })
        .collect()
}

/// The secret is not shown.
impl std::fmt::Debug for WebhookService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebhookService").finish_non_exhaustive()
    }
}
