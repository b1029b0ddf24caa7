//! Whose account it is.

use shared::db::DbError;

use super::provider::Identity;
use super::service::OidcService;
use super::{OidcError, store};
use crate::approved;
use crate::audit::{self, Action, Actor, Deed};
use crate::opaque;
use crate::passwords::UNUSABLE;
use crate::users::{Changes, FirstPassword, NewUser, Role, UserError, UserRow, is_username};

impl OidcService {
    /// The account of somebody the provider vouches for: the one tied to issuer and subject, else one with the verified
    /// e-mail, else one made from the approved list, or for anybody where the settings say so.
    pub(super) async fn account(
        &self,
        actor: &Actor,
        identity: &Identity,
        admits_anybody: bool,
    ) -> Result<UserRow, OidcError> {
        if let Some(row) = self.linked(identity).await? {
            return Ok(row);
        }
        let email = identity.email.as_deref().ok_or(OidcError::Unverified)?;
        let mut known = self.users.by_email(email).await?;
        let row = match (known.pop(), known.pop()) {
            (Some(_), Some(_)) => return Err(OidcError::Ambiguous),
            (Some(row), None) => self.confirmed(actor, row).await?,
            (None, _) => {
                let new = self.newcomer(identity, email, admits_anybody).await?;
                self.create(actor, new).await?
            }
        };
        self.link(actor, identity, &row).await?;
        Ok(row)
    }

    async fn linked(&self, identity: &Identity) -> Result<Option<UserRow>, OidcError> {
        let uid = store::linked(&self.db, &identity.issuer, &identity.subject).await?;
        Ok(match uid {
            Some(uid) => self.users.by_uid(&uid).await?,
            None => None,
        })
    }

    /// An account that waits for its e-mail to be confirmed need not wait: the provider has confirmed it. One that an
    /// administrator shut out stays out.
    async fn confirmed(&self, actor: &Actor, row: UserRow) -> Result<UserRow, OidcError> {
        if row.approved || row.disabled || !row.temporary_password {
            return Ok(row);
        }
        let changes = Changes {
            approved: Some(true),
            ..Changes::default()
        };
        self.users.update(actor, &row.username, changes).await?;
        let row = self.users.by_uid(&row.uid).await?;
        Ok(row.ok_or(UserError::NotFound)?)
    }

    async fn newcomer(
        &self,
        identity: &Identity,
        email: &str,
        admits_anybody: bool,
    ) -> Result<NewUser, OidcError> {
        let mut listed = approved::store::by_email(&self.db, email).await?;
        match (listed.pop(), listed.pop()) {
            (Some(_), Some(_)) => Err(OidcError::Ambiguous),
            (Some(entry), None) => Ok(entry.into_user(without_password())),
            (None, _) if admits_anybody => {
                let wished = identity
                    .username
                    .as_deref()
                    .filter(|name| is_username(name));
                let username = match wished {
                    Some(name) if self.users.find(name).await?.is_none() => name.to_owned(),
                    _ => made_up_name(),
                };
                Ok(NewUser {
                    username,
                    email: Some(email.to_owned()),
                    full_name: identity.name.clone(),
                    role: Role::Student,
                    external_id: None,
                    approved: true,
                    password: without_password(),
                })
            }
            (None, _) => Err(OidcError::Unknown),
        }
    }

    async fn create(&self, actor: &Actor, new: NewUser) -> Result<UserRow, OidcError> {
        let account = match self.users.create_or_renumber(actor, new).await {
            // The list's name belongs to an account with another e-mail.
            Err(UserError::NameTaken) => return Err(OidcError::Ambiguous),
            done => done?,
        };
        let row = self.users.by_uid(&account.uid).await?;
        Ok(row.ok_or(UserError::NotFound)?)
    }

    /// Ties the account to the person. Whose account is tied to another subject keeps it: e-mails are given to
    /// somebody else now and then, accounts are not.
    async fn link(
        &self,
        actor: &Actor,
        identity: &Identity,
        row: &UserRow,
    ) -> Result<(), OidcError> {
        let now = self.clock.now_ms();
        let mut tx = self.db.begin_write().await?;
        let (issuer, subject) = (&identity.issuer, &identity.subject);
        match store::link(&mut tx, issuer, subject, &row.uid, now).await {
            Err(DbError::Unique { .. }) => return Err(OidcError::Ambiguous),
            done => done?,
        }
        let deed = Deed {
            action: Action::IdentityLinked,
            actor,
            target: Some((&row.uid, &row.username)),
            now,
        };
        audit::record(&mut tx, deed).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// Nobody knows a password of it; a link by mail can set one.
fn without_password() -> FirstPassword {
    FirstPassword::Hash {
        hash: UNUSABLE.to_owned(),
        temporary: false,
    }
}

fn made_up_name() -> String {
    format!("conta-{}", opaque::random(10))
}
