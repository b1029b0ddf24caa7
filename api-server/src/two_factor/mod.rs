//! A second factor: codes of an app (TOTP, RFC 6238) and codes on paper for when the phone is gone.
//!
//! The secret is kept [sealed](crate::sealing): a copy of the database alone makes no codes. A code is good once; so is a recovery code, of which digests are kept.
#![warn(clippy::wildcard_enum_match_arm)]

pub(crate) mod routes;
pub(crate) mod store;

use std::sync::Arc;
use std::time::Duration;

use shared::clock::Clock;
use shared::db::{Db, DbError};
use shared::problem::{Code, HasProblem};
use shared::settings::SecretString;
use totp_rs::{Builder, Secret, Totp};

use crate::audit::{self, Action, Actor, Deed};
use crate::opaque;
use crate::passwords::{PasswordError, Passwords};
use crate::sealing::{Sealed, Sealer};
use crate::site::SiteService;
use crate::users::{UserRow, UserService, store as users_store};

/// Bytes of a secret (RFC 4226, section 4: at least 16, better 20).
const SECRET_BYTES: usize = 20;
/// Recovery codes, and symbols of one: 50 bits.
const RECOVERY_CODES: usize = 10;
const RECOVERY_LENGTH: usize = 10;

/// What can go wrong with a second factor.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TwoFactorError {
    /// It is set up already.
    #[error("second factor is set up already")]
    AlreadyOn,
    /// It is not set up, or not begun.
    #[error("second factor is not set up")]
    NotOn,
    /// The code is wrong, or was used.
    #[error("code is wrong")]
    WrongCode,
    /// The password is wrong.
    #[error("password is wrong")]
    WrongPassword,
    /// The sealed secret cannot be opened: the server's secret was changed without keeping the old one.
    #[error("second factor's secret cannot be opened with the server's keys")]
    Sealed(#[from] Sealed),
    /// The name does not fit into the app's address.
    #[error("second factor's address cannot be made")]
    Address,
    /// Hashing.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The store.
    #[error("second factor's store failed")]
    Store(#[from] DbError),
}

impl HasProblem for TwoFactorError {
    fn code(&self) -> Code {
        match self {
            Self::AlreadyOn | Self::NotOn => Code::Conflict,
            Self::WrongCode | Self::WrongPassword => Code::InvalidRequest,
            Self::Sealed(_) | Self::Address => Code::Internal,
            Self::Password(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }

    fn detail(&self) -> String {
        let text = match self {
            Self::AlreadyOn => "A verificação em duas etapas já está ativa.",
            Self::NotOn => "A verificação em duas etapas não está ativa.",
            Self::WrongCode => "O código está incorreto ou já foi usado.",
            Self::WrongPassword => "A senha está incorreta.",
            Self::Password(error) => return error.detail(),
            Self::Sealed(_) | Self::Address | Self::Store(_) => self.code().detail(),
        };
        text.to_owned()
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Store(error) => error.retry_after(),
            Self::AlreadyOn
            | Self::NotOn
            | Self::WrongCode
            | Self::WrongPassword
            | Self::Sealed(_)
            | Self::Address
            | Self::Password(_) => None,
        }
    }
}

/// What an app needs.
#[derive(Debug)]
pub(crate) struct Enrolment {
    /// Base32, to type.
    pub secret: String,
    /// `otpauth://…`, to scan.
    pub url: String,
}

/// Second factors.
pub(crate) struct TwoFactorService {
    db: Db,
    users: Arc<UserService>,
    passwords: Arc<Passwords>,
    site: Arc<SiteService>,
    sealer: Sealer,
    clock: Arc<dyn Clock>,
}

impl TwoFactorService {
    /// Sealed under the first of `secrets`, opened with any.
    pub(crate) fn new(
        db: Db,
        users: Arc<UserService>,
        passwords: Arc<Passwords>,
        site: Arc<SiteService>,
        secrets: &[&SecretString],
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            db,
            users,
            passwords,
            site,
            sealer: Sealer::new("acervo api-server 2026 two-factor secrets", secrets),
            clock,
        }
    }

    /// Begins to set one up: nothing changes for the user until a code proves that the app has the secret.
    pub(crate) async fn begin(&self, actor: &Actor) -> Result<Enrolment, TwoFactorError> {
        let row = self.row(actor).await?;
        if row.totp_confirmed {
            return Err(TwoFactorError::AlreadyOn);
        }
        let secret: [u8; SECRET_BYTES] = rand::random();
        let site = self.site.current().await?.shown.general.site_name;
        let totp = totp(&site, &row, &secret)?;
        let sealed = self.sealer.seal(&row.uid, &secret)?;
        let mut tx = self.db.begin_write().await?;
        users_store::set_totp(&mut tx, &row.uid, Some(&sealed), false).await?;
        tx.commit().await?;
        Ok(Enrolment {
            secret: Secret::from(secret.to_vec()).to_base32(),
            url: totp.to_url().map_err(|_| TwoFactorError::Address)?,
        })
    }

    /// Ends setting one up; answers the recovery codes, once.
    pub(crate) async fn confirm(
        &self,
        actor: &Actor,
        code: &str,
    ) -> Result<Vec<String>, TwoFactorError> {
        let row = self.row(actor).await?;
        if row.totp_confirmed {
            return Err(TwoFactorError::AlreadyOn);
        }
        if row.totp_secret.is_none() {
            return Err(TwoFactorError::NotOn);
        }
        let step = self.step(&row, code)?.ok_or(TwoFactorError::WrongCode)?;
        let codes: Vec<String> = (0..RECOVERY_CODES)
            .map(|_| opaque::random(RECOVERY_LENGTH))
            .collect();
        let now = self.clock.now_ms();
        let mut tx = self.db.begin_write().await?;
        users_store::set_totp(&mut tx, &row.uid, row.totp_secret.as_deref(), true).await?;
        store::drop_all(&mut tx, &row.uid).await?;
        for code in &codes {
            store::insert(&mut tx, &row.uid, &recovery_digest(&row.uid, code)).await?;
        }
        audit::record(&mut tx, deed(Action::TwoFactorEnabled, actor, &row, now)).await?;
        tx.commit().await?;
        users_store::use_totp_step(&self.db, &row.uid, step).await?;
        self.users.publish(&row.uid).await?;
        Ok(codes
            .iter()
            .map(|code| {
                let (a, b) = code
                    .split_at_checked(RECOVERY_LENGTH / 2)
                    .unwrap_or((code, ""));
                format!("{a}-{b}")
            })
            .collect())
    }

    /// Removes one's own; takes the password again.
    pub(crate) async fn disable(
        &self,
        actor: &Actor,
        password: &str,
    ) -> Result<(), TwoFactorError> {
        let row = self.row(actor).await?;
        let checked = self
            .passwords
            .check(Some(&row.password_hash), password)
            .await?;
        if !checked.right {
            return Err(TwoFactorError::WrongPassword);
        }
        self.remove(actor, &row).await
    }

    /// Removes somebody's, whose phone and paper are gone. For administrators.
    pub(crate) async fn remove(&self, actor: &Actor, row: &UserRow) -> Result<(), TwoFactorError> {
        if row.totp_secret.is_none() {
            return Err(TwoFactorError::NotOn);
        }
        let now = self.clock.now_ms();
        let mut tx = self.db.begin_write().await?;
        users_store::set_totp(&mut tx, &row.uid, None, false).await?;
        store::drop_all(&mut tx, &row.uid).await?;
        audit::record(&mut tx, deed(Action::TwoFactorDisabled, actor, row, now)).await?;
        tx.commit().await?;
        self.users.publish(&row.uid).await?;
        Ok(())
    }

    /// Whether a code of the app, or a recovery code, is right; uses it up.
    pub(crate) async fn accept(
        &self,
        actor: &Actor,
        row: &UserRow,
        code: &str,
    ) -> Result<bool, TwoFactorError> {
        let code = code.trim();
        if let Some(step) = self.step(row, code)? {
            return Ok(users_store::use_totp_step(&self.db, &row.uid, step).await?);
        }
        let plain: String = code.chars().filter(|c| !matches!(c, '-' | ' ')).collect();
        if plain.len() != RECOVERY_LENGTH {
            return Ok(false);
        }
        let mut tx = self.db.begin_write().await?;
        let digest = recovery_digest(&row.uid, &plain.to_lowercase());
        let used = store::use_up(&mut tx, &row.uid, &digest).await?;
        if used {
            let now = self.clock.now_ms();
            audit::record(&mut tx, deed(Action::RecoveryCodeUsed, actor, row, now)).await?;
        }
        tx.commit().await?;
        Ok(used)
    }

    async fn row(&self, actor: &Actor) -> Result<UserRow, TwoFactorError> {
        let uid = actor.uid.as_deref().unwrap_or_default();
        users_store::by_uid(&self.db, uid)
            .await?
            .ok_or(TwoFactorError::NotOn)
    }

    /// The step a code belongs to, if it is right now (one step before and after allowed, RFC 6238, section 5.2).
    fn step(&self, row: &UserRow, code: &str) -> Result<Option<i64>, TwoFactorError> {
        let Some(sealed) = &row.totp_secret else {
            return Ok(None);
        };
        if code.len() != 6 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(None);
        }
        let secret = self.sealer.open(&row.uid, sealed)?;
        let now = u64::try_from(self.clock.now_ms().div_euclid(1000)).unwrap_or(0);
        let step = totp("", row, &secret)?.check(code, now);
        Ok(step.and_then(|step| i64::try_from(step).ok()))
    }
}

/// Codes of a secret; `site` is the name the app shows.
fn totp(site: &str, row: &UserRow, secret: &[u8]) -> Result<Totp, TwoFactorError> {
    Builder::new()
        .with_secret(Secret::from(secret.to_vec()))
        .with_issuer(Some(site.replace(':', " ")))
        .with_account_name(row.username.clone())
        .build()
        .map_err(|_| TwoFactorError::Address)
}

fn recovery_digest(uid: &str, code: &str) -> String {
    opaque::digest(&format!("{uid}:{code}"))
}

fn deed<'a>(action: Action, actor: &'a Actor, row: &'a UserRow, now: i64) -> Deed<'a> {
    Deed {
        action,
        actor,
        target: Some((&row.uid, &row.username)),
        now,
    }
}

/// Keys are not shown.
impl std::fmt::Debug for TwoFactorService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TwoFactorService").finish_non_exhaustive()
    }
}
