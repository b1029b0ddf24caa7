//! Rules of links.

use std::sync::Arc;

use shared::clock::Clock;
use shared::db::Db;

use super::error::LinkError;
use super::store::{self, LinkRow};
use crate::approved;
use crate::audit::{self, Action, Actor, Deed};
use crate::mail::{self, Mails, Purpose};
use crate::opaque;
use crate::passwords::UNUSABLE;
use crate::users::{
    Changes, FirstPassword, UserError, UserService, is_username, store as users_store,
};

/// A link that confirmed an account answers again for so long: pages ask twice, and people reload.
const GRACE_MS: i64 = 60_000;

/// Links.
#[derive(Debug)]
pub(crate) struct LinkService {
    db: Db,
    users: Arc<UserService>,
    mails: Arc<Mails>,
    clock: Arc<dyn Clock>,
}

impl LinkService {
    /// Links in `db`.
    pub(crate) fn new(
        db: Db,
        users: Arc<UserService>,
        mails: Arc<Mails>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            db,
            users,
            mails,
            clock,
        }
    }

    /// Asks for a link to set a password. Whether there is such an account is found out later, by the job that sends.
    pub(crate) async fn request_reset(
        &self,
        actor: &Actor,
        username: &str,
    ) -> Result<(), LinkError> {
        if !is_username(username) {
            return Ok(());
        }
        let now = self.clock.now_ms();
        let key = users_store::key(username);
        let mut tx = self.db.begin_write().await?;
        mail::enqueue(&mut tx, Purpose::Reset, &key, now).await?;
        audit::record(&mut tx, deed(Action::ResetRequested, actor, &key, now)).await?;
        tx.commit().await?;
        self.mails.wake();
        Ok(())
    }

    /// Sets the password by a link.
    pub(crate) async fn confirm_reset(
        &self,
        actor: &Actor,
        token: &str,
        username: &str,
        password: &str,
    ) -> Result<(), LinkError> {
        let link = self.valid(token, username, Purpose::Reset).await?;
        if link.used_at.is_some() {
            return Err(LinkError::NotValid);
        }
        let row = self
            .users
            .find(username)
            .await
            .map_err(LinkError::Store)?
            .filter(|row| !row.disabled)
            .ok_or(LinkError::NotValid)?;
        // A password that is refused does not cost the link.
        self.users.judge(&row, password).await?;
        let mut tx = self.db.begin_write().await?;
        if !store::use_up(&mut tx, &link.digest, self.clock.now_ms()).await? {
            return Err(LinkError::NotValid);
        }
        tx.commit().await?;
        self.users
            .set_password_by_link(actor, &row, password)
            .await?;
        Ok(())
    }

    /// Confirms an account by a link: lets it in, or makes it from the approved list and sends the link that sets its
    /// password.
    pub(crate) async fn verify(
        &self,
        actor: &Actor,
        token: &str,
        username: &str,
    ) -> Result<(), LinkError> {
        let link = self.valid(token, username, Purpose::Verify).await?;
        let now = self.clock.now_ms();
        if let Some(used_at) = link.used_at {
            let is_again = used_at.saturating_add(GRACE_MS) >= now;
            return if is_again {
                Ok(())
            } else {
                Err(LinkError::NotValid)
            };
        }
        let listed = match self.users.find(username).await? {
            Some(_) => None,
            None => Some(
                approved::store::by_name(&self.db, &link.subject)
                    .await?
                    .ok_or(LinkError::NotListed)?,
            ),
        };
        let mut tx = self.db.begin_write().await?;
        if !store::use_up(&mut tx, &link.digest, now).await? {
            // The same moment twice: the other one does it.
            return Ok(());
        }
        audit::record(
            &mut tx,
            deed(Action::UserVerified, actor, &link.subject, now),
        )
        .await?;
        tx.commit().await?;
        if let Some(entry) = listed {
            let new = entry.into_user(FirstPassword::ByLink);
            self.users.create_or_renumber(actor, new).await?;
        } else {
            let changes = Changes {
                approved: Some(true),
                ..Changes::default()
            };
            self.users.update(actor, username, changes).await?;
        }
        self.send_first_password(username, now).await
    }

    /// An account nobody knows the password of gets the link that sets one.
    async fn send_first_password(&self, username: &str, now: i64) -> Result<(), LinkError> {
        let row = self.users.find(username).await?;
        if let Some(row) = row.filter(|row| row.password_hash == UNUSABLE) {
            let mut tx = self.db.begin_write().await?;
            mail::enqueue(&mut tx, Purpose::Reset, &row.username_key, now).await?;
            tx.commit().await?;
            self.mails.wake();
        }
        Ok(())
    }

    /// Sends the link that confirms an account again. For administrators.
    pub(crate) async fn resend(&self, actor: &Actor, username: &str) -> Result<(), LinkError> {
        let key = users_store::key(username);
        let email = match self.users.find(username).await? {
            Some(row) => row.email,
            None => approved::store::by_name(&self.db, &key)
                .await?
                .map(|row| row.email)
                .map(Some)
                .ok_or(UserError::NotFound)?,
        };
        if email.is_none() {
            return Err(LinkError::NoEmail);
        }
        let now = self.clock.now_ms();
        let mut tx = self.db.begin_write().await?;
        mail::enqueue(&mut tx, Purpose::Verify, &key, now).await?;
        audit::record(&mut tx, deed(Action::VerificationResent, actor, &key, now)).await?;
        tx.commit().await?;
        self.mails.wake();
        Ok(())
    }

    async fn valid(
        &self,
        token: &str,
        username: &str,
        purpose: Purpose,
    ) -> Result<LinkRow, LinkError> {
        let now = self.clock.now_ms();
        store::find(&self.db, &opaque::digest(token))
            .await?
            .filter(|link| {
                link.purpose == purpose.as_str()
                    && link.subject == users_store::key(username)
                    && link.expires_at > now
            })
            .ok_or(LinkError::NotValid)
    }
}

fn deed<'a>(action: Action, actor: &'a Actor, key: &'a str, now: i64) -> Deed<'a> {
    Deed {
        action,
        actor,
        target: Some(("", key)),
        now,
    }
}
