//! Rules of accounts.

use std::sync::Arc;
use std::time::Duration;

use shared::clock::Clock;
use shared::db::{Db, DbError, Tx};

use super::checks::{check_changes, check_new};
use super::error::UserError;
use super::model::{Account, Role};
use super::row::UserRow;
use super::store;
use crate::audit::{self, Action, Actor, Deed};
use crate::mail::{self, Mails, Purpose};
use crate::opaque;
use crate::passwords::{Passwords, UNUSABLE};
use shared::cache::Cache;

/// How long an account is answered from the cache at most. Changes are written through, so this only bounds what a
/// failing cache can do.
const REMEMBERED: Duration = Duration::from_secs(5);
/// Life of a one-time password.
pub(super) const TEMPORARY_MS: i64 = 24 * 3600 * 1000;

/// A user to be made.
#[derive(Debug, Clone)]
pub(crate) struct NewUser {
    /// Name.
    pub username: String,
    /// E-mail.
    pub email: Option<String>,
    /// Full name.
    pub full_name: Option<String>,
    /// Role.
    pub role: Role,
    /// Number in another system; the next free one when absent.
    pub external_id: Option<String>,
    /// Let in at once.
    pub approved: bool,
    /// How it gets its password.
    pub password: FirstPassword,
}

/// How a new user gets its password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FirstPassword {
    /// One-time, answered to whoever makes the user, valid for a day.
    OneTime,
    /// By a link in a mail.
    ByLink,
    /// This one, as an argon2id or bcrypt hash.
    Hash {
        /// The hash.
        hash: String,
        /// It must be changed.
        temporary: bool,
    },
}

/// What to change; `None` stays.
#[derive(Debug, Clone, Default)]
pub(crate) struct Changes {
    /// E-mail.
    pub email: Option<String>,
    /// Full name.
    pub full_name: Option<String>,
    /// Role.
    pub role: Option<Role>,
    /// Shut out or not.
    pub disabled: Option<bool>,
    /// Let in or not.
    pub approved: Option<bool>,
}

/// Accounts.
#[derive(Debug)]
pub(crate) struct UserService {
    pub(super) db: Db,
    pub(super) cache: Arc<dyn Cache>,
    pub(super) passwords: Arc<Passwords>,
    pub(super) mails: Arc<Mails>,
    pub(super) clock: Arc<dyn Clock>,
}

impl UserService {
    /// Accounts in `db`, remembered in `cache`.
    pub(crate) fn new(
        db: Db,
        cache: Arc<dyn Cache>,
        passwords: Arc<Passwords>,
        mails: Arc<Mails>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            db,
            cache,
            passwords,
            mails,
            clock,
        }
    }

    /// Where accounts are kept.
    pub(crate) fn db(&self) -> &Db {
        &self.db
    }

    /// The time, Unix ms.
    pub(crate) fn now(&self) -> i64 {
        self.clock.now_ms()
    }

    /// The cache's key of an account.
    pub(crate) fn cache_key(uid: &str) -> String {
        format!("user:{uid}")
    }

    /// Reads an account that the cache gave, or did not.
    ///
    /// A reader writes only where nothing is remembered, a writer always: whatever the order, what a change wrote is
    /// not overwritten by what was read before it.
    pub(crate) async fn account_or(
        &self,
        uid: &str,
        remembered: Option<&[u8]>,
    ) -> Result<Option<Account>, DbError> {
        if let Some(known) = remembered.and_then(|bytes| serde_json::from_slice(bytes).ok()) {
            return Ok(known);
        }
        let account = store::by_uid(&self.db, uid)
            .await?
            .as_ref()
            .map(Account::from);
        if let Ok(bytes) = serde_json::to_vec(&account) {
            let key = Self::cache_key(uid);
            if let Err(error) = self.cache.set_if_absent(&key, &bytes, REMEMBERED).await {
                tracing::trace!(%error, "account not remembered");
            }
        }
        Ok(account)
    }

    /// Writes an account, or that it is gone, through to the cache.
    pub(crate) async fn publish(&self, uid: &str) -> Result<(), DbError> {
        let account = store::by_uid(&self.db, uid)
            .await?
            .as_ref()
            .map(Account::from);
        let bytes = serde_json::to_vec(&account).unwrap_or_default();
        if let Err(error) = self
            .cache
            .set(&Self::cache_key(uid), &bytes, REMEMBERED)
            .await
        {
            tracing::warn!(%error, "a change of an account reaches the other replicas only in {} s", REMEMBERED.as_secs());
        }
        Ok(())
    }

    /// The account of that name, with its secrets.
    pub(crate) async fn find(&self, username: &str) -> Result<Option<UserRow>, DbError> {
        store::by_name(&self.db, username).await
    }

    /// The account of that number in another system.
    pub(crate) async fn find_external(&self, id: &str) -> Result<Option<UserRow>, DbError> {
        store::by_external_id(&self.db, id).await
    }

    /// The account of that id, with its secrets.
    pub(crate) async fn by_uid(&self, uid: &str) -> Result<Option<UserRow>, DbError> {
        store::by_uid(&self.db, uid).await
    }

    /// Accounts with that e-mail, in any case of letters: two at most, which is one too many.
    pub(crate) async fn by_email(&self, email: &str) -> Result<Vec<UserRow>, DbError> {
        store::by_email(&self.db, email).await
    }

    /// Everybody, by name.
    pub(crate) async fn list(&self) -> Result<Vec<Account>, UserError> {
        let rows = store::all(&self.db).await?;
        Ok(rows.iter().map(Account::from).collect())
    }

    /// How many there are of each role.
    pub(crate) async fn count(&self) -> Result<Vec<(Role, i64)>, UserError> {
        let counts = store::count_by_role(&self.db).await?;
        Ok(counts
            .into_iter()
            .map(|(role, number)| (Role::parse(&role), number))
            .collect())
    }

    /// Makes a user; answers the account and the one-time password, if there is one.
    pub(crate) async fn create(
        &self,
        actor: &Actor,
        new: NewUser,
    ) -> Result<(Account, Option<String>), UserError> {
        check_new(&new)?;
        let now = self.clock.now_ms();
        let (hash, one_time, temporary) = match &new.password {
            FirstPassword::OneTime => {
                let password = opaque::one_time_password();
                (self.passwords.hash(&password).await?, Some(password), true)
            }
            FirstPassword::ByLink => (UNUSABLE.to_owned(), None, true),
            FirstPassword::Hash { hash, temporary } => (hash.clone(), None, *temporary),
        };
        let mut tx = self.db.begin_write().await?;
        store::take_turn(&mut tx).await?;
        let external_id = match new.external_id {
            Some(id) => id,
            None => store::next_number(&mut tx).await?.to_string(),
        };
        let row = UserRow {
            uid: uuid::Uuid::now_v7().to_string(),
            username_key: store::key(&new.username),
            username: new.username,
            email: empty_to_none(new.email),
            full_name: empty_to_none(new.full_name),
            role: new.role.as_str().to_owned(),
            password_hash: hash,
            disabled: false,
            approved: new.approved,
            temporary_password: temporary,
            temporary_expires_at: (temporary && one_time.is_some())
                .then(|| now.saturating_add(TEMPORARY_MS)),
            external_number: as_number(&external_id),
            external_id: Some(external_id),
            token_version: 1,
            spared_jti: None,
            totp_secret: None,
            totp_confirmed: false,
            totp_last_step: 0,
            created_at: now,
            updated_at: now,
            last_login: None,
            password_changed_at: Some(now),
        };
        store::insert(&mut tx, &row).await?;
        audit::record(&mut tx, deed(Action::UserCreated, actor, &row, now)).await?;
        if row.email.is_some() && !row.approved {
            mail::enqueue(&mut tx, Purpose::Verify, &row.username_key, now).await?;
        }
        tx.commit().await?;
        self.mails.wake();
        Ok((Account::from(&row), one_time))
    }

    /// As [`UserService::create`], for somebody whose external id may have been given to somebody else meanwhile: then
    /// with another.
    pub(crate) async fn create_or_renumber(
        &self,
        actor: &Actor,
        mut new: NewUser,
    ) -> Result<Account, UserError> {
        let made = match self.create(actor, new.clone()).await {
            Err(UserError::ExternalIdTaken) => {
                new.external_id = None;
                self.create(actor, new).await
            }
            done => done,
        };
        made.map(|(account, _)| account)
    }

    /// Changes a user.
    pub(crate) async fn update(
        &self,
        actor: &Actor,
        username: &str,
        changes: Changes,
    ) -> Result<Account, UserError> {
        check_changes(&changes)?;
        let now = self.clock.now_ms();
        let mut tx = self.db.begin_write().await?;
        store::take_turn(&mut tx).await?;
        let old = store::by_name_in(&mut tx, username)
            .await?
            .ok_or(UserError::NotFound)?;
        let mut row = old.clone();
        if let Some(email) = changes.email {
            row.email = empty_to_none(Some(email));
        }
        if let Some(full_name) = changes.full_name {
            row.full_name = empty_to_none(Some(full_name));
        }
        if let Some(role) = changes.role {
            role.as_str().clone_into(&mut row.role);
        }
        row.disabled = changes.disabled.unwrap_or(row.disabled);
        row.approved = changes.approved.unwrap_or(row.approved);
        row.updated_at = now;
        let was_admin = old.role() == Role::Admin && !old.disabled && old.approved;
        let is_admin = row.role() == Role::Admin && !row.disabled && row.approved;
        if was_admin && !is_admin {
            self.guard_admins(&mut tx, actor, &old).await?;
        }
        let is_shut_out = (row.disabled && !old.disabled) || (!row.approved && old.approved);
        if is_shut_out {
            row.token_version = row.token_version.saturating_add(1);
            row.spared_jti = None;
            store::void_credentials(&mut tx, &row, None, now).await?;
        }
        store::update(&mut tx, &row).await?;
        for action in actions(&old, &row) {
            audit::record(&mut tx, deed(action, actor, &row, now)).await?;
        }
        tx.commit().await?;
        self.publish(&row.uid).await?;
        Ok(Account::from(&row))
    }

    /// Deletes a user.
    pub(crate) async fn delete(&self, actor: &Actor, username: &str) -> Result<(), UserError> {
        let now = self.clock.now_ms();
        let mut tx = self.db.begin_write().await?;
        store::take_turn(&mut tx).await?;
        let row = store::by_name_in(&mut tx, username)
            .await?
            .ok_or(UserError::NotFound)?;
        if actor.uid.as_deref() == Some(row.uid.as_str()) {
            return Err(UserError::Oneself);
        }
        if row.role() == Role::Admin && !row.disabled && row.approved {
            self.guard_admins(&mut tx, actor, &row).await?;
        }
        store::void_credentials(&mut tx, &row, None, now).await?;
        store::delete(&mut tx, &row.uid).await?;
        audit::record(&mut tx, deed(Action::UserDeleted, actor, &row, now)).await?;
        tx.commit().await?;
        self.publish(&row.uid).await?;
        Ok(())
    }

    /// Refuses to take the right away from oneself, or from the last who has it.
    async fn guard_admins(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        row: &UserRow,
    ) -> Result<(), UserError> {
        if actor.uid.as_deref() == Some(row.uid.as_str()) {
            return Err(UserError::Oneself);
        }
        if store::other_admins(tx, &row.uid).await? == 0 {
            return Err(UserError::LastAdmin);
        }
        Ok(())
    }
}

pub(super) fn deed<'a>(action: Action, actor: &'a Actor, row: &'a UserRow, now: i64) -> Deed<'a> {
    Deed {
        action,
        actor,
        target: Some((&row.uid, &row.username)),
        now,
    }
}

fn actions(old: &UserRow, new: &UserRow) -> Vec<Action> {
    let mut actions = Vec::new();
    if old.disabled != new.disabled {
        actions.push(if new.disabled {
            Action::UserDisabled
        } else {
            Action::UserEnabled
        });
    }
    if old.approved != new.approved {
        actions.push(if new.approved {
            Action::UserApproved
        } else {
            Action::UserUnapproved
        });
    }
    if old.role != new.role {
        actions.push(Action::RoleChanged);
    }
    if old.email != new.email || old.full_name != new.full_name {
        actions.push(Action::UserUpdated);
    }
    actions
}

fn empty_to_none(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
}

/// An external id as a number: only so are the next ones found.
pub(super) fn as_number(id: &str) -> Option<i64> {
    let is_number =
        !id.is_empty() && id.len() <= 15 && id.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| id.parse().ok()).flatten()
}
