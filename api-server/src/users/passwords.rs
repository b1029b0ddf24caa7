//! How accounts get other passwords, and the first administrator the first one.

use super::error::UserError;
use super::model::{Account, Role};
use super::row::UserRow;
use super::service::{FirstPassword, NewUser, TEMPORARY_MS, UserService, deed};
use super::store::{self, NewPassword};
use crate::audit::{self, Action, Actor};
use crate::opaque;
use shared::db::DbError;

impl UserService {
    /// Sets somebody else's password to a given one, which must be changed within a day.
    pub(crate) async fn reset_password(
        &self,
        actor: &Actor,
        username: &str,
        password: &str,
    ) -> Result<(), UserError> {
        let row = self.find(username).await?.ok_or(UserError::NotFound)?;
        self.judge(&row, password).await?;
        let hash = self.passwords.hash(password).await?;
        let now = self.clock.now_ms();
        let new = NewPassword {
            hash: &hash,
            temporary: true,
            temporary_expires_at: Some(now.saturating_add(TEMPORARY_MS)),
            approved: row.approved,
            spared_jti: None,
            now,
        };
        self.replace_password(&row, &new, None, Action::PasswordReset, actor)
            .await
    }

    /// Sets the password, judged before, by a link of a mail. That lets in an account that waited for it, not one that an
    /// administrator shut out.
    pub(crate) async fn set_password_by_link(
        &self,
        actor: &Actor,
        row: &UserRow,
        password: &str,
    ) -> Result<(), UserError> {
        let hash = self.passwords.hash(password).await?;
        let new = NewPassword {
            hash: &hash,
            temporary: false,
            temporary_expires_at: None,
            approved: row.approved || row.temporary_password,
            spared_jti: None,
            now: self.clock.now_ms(),
        };
        self.replace_password(row, &new, None, Action::PasswordReset, actor)
            .await
    }

    /// Changes one's own password. Everything else that was signed in is out; the calling token stays. A one-time
    /// password changed lets the account in.
    pub(crate) async fn change_password(
        &self,
        actor: &Actor,
        current: &str,
        password: &str,
    ) -> Result<Account, UserError> {
        let uid = actor.uid.as_deref().ok_or(UserError::NotFound)?;
        let row = store::by_uid(&self.db, uid)
            .await?
            .ok_or(UserError::NotFound)?;
        let checked = self
            .passwords
            .check(Some(&row.password_hash), current)
            .await?;
        if !checked.right {
            return Err(UserError::WrongPassword);
        }
        let now = self.clock.now_ms();
        if row.temporary_is_over(now) {
            return Err(UserError::TemporaryOver);
        }
        if current == password {
            return Err(UserError::SamePassword);
        }
        self.judge(&row, password).await?;
        let hash = self.passwords.hash(password).await?;
        let new = NewPassword {
            hash: &hash,
            temporary: false,
            temporary_expires_at: None,
            approved: row.approved || row.temporary_password,
            spared_jti: actor.jti.as_deref(),
            now,
        };
        self.replace_password(
            &row,
            &new,
            actor.session.as_deref(),
            Action::PasswordChanged,
            actor,
        )
        .await?;
        let row = store::by_uid(&self.db, uid)
            .await?
            .ok_or(UserError::NotFound)?;
        Ok(Account::from(&row))
    }

    async fn replace_password(
        &self,
        row: &UserRow,
        new: &NewPassword<'_>,
        spared_session: Option<&str>,
        action: Action,
        actor: &Actor,
    ) -> Result<(), UserError> {
        let mut tx = self.db.begin_write().await?;
        store::take_turn(&mut tx).await?;
        let fresh = store::by_uid_in(&mut tx, &row.uid)
            .await?
            .ok_or(UserError::NotFound)?;
        if fresh.password_hash != row.password_hash && action == Action::PasswordChanged {
            return Err(UserError::WrongPassword);
        }
        store::set_password(&mut tx, &row.uid, new).await?;
        store::void_credentials(&mut tx, row, spared_session, new.now).await?;
        audit::record(&mut tx, deed(action, actor, row, new.now)).await?;
        tx.commit().await?;
        self.publish(&row.uid).await?;
        Ok(())
    }

    /// Keeps a password anew after it was right.
    pub(crate) async fn rehash(&self, row: &UserRow, hash: &str) -> Result<(), DbError> {
        store::rehash(&self.db, &row.uid, &row.password_hash, hash).await
    }

    /// Whether a new password is acceptable to this user.
    pub(crate) async fn judge(&self, row: &UserRow, password: &str) -> Result<(), UserError> {
        let known = known(
            &row.username,
            row.email.as_deref(),
            row.full_name.as_deref(),
        );
        self.passwords.judge(password, &known).await?;
        Ok(())
    }

    /// Makes the first administrator if there is none who can sign in; answers the password when it was made up.
    pub(crate) async fn ensure_admin(
        &self,
        settings: &crate::settings::AdminSettings,
    ) -> Result<Option<String>, UserError> {
        use secrecy::ExposeSecret as _;
        let mut tx = self.db.begin_write().await?;
        store::take_turn(&mut tx).await?;
        let admins = store::other_admins(&mut tx, "").await?;
        tx.rollback().await?;
        if admins > 0 {
            return Ok(None);
        }
        let given = settings.password.as_ref();
        let made_up = given.is_none().then(opaque::one_time_password);
        let password = given
            .map(|password| password.expose_secret().to_owned())
            .or_else(|| made_up.clone())
            .unwrap_or_default();
        let new = NewUser {
            username: settings.username.clone(),
            email: settings.email.clone(),
            full_name: None,
            role: Role::Admin,
            external_id: None,
            approved: true,
            password: FirstPassword::Hash {
                hash: self.passwords.hash(&password).await?,
                temporary: made_up.is_some(),
            },
        };
        match self.create(&Actor::system("first start"), new).await {
            Ok(_) => Ok(made_up),
            // Another replica started at the same moment.
            Err(UserError::NameTaken) if self.has_admin().await? => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn has_admin(&self) -> Result<bool, UserError> {
        let counts = self.count().await?;
        Ok(counts
            .iter()
            .any(|(role, number)| *role == Role::Admin && *number > 0))
    }
}

/// What everybody knows of somebody: no part of a good password.
fn known<'a>(
    username: &'a str,
    email: Option<&'a str>,
    full_name: Option<&'a str>,
) -> Vec<&'a str> {
    let mut known = vec![username];
    known.extend(email.into_iter().flat_map(|email| email.split('@')));
    known.extend(full_name.into_iter().flat_map(str::split_whitespace));
    known
}
