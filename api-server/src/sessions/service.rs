//! Rules of sessions.

use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret as _;
use shared::clock::Clock;
use shared::db::{Db, DbError};
use shared::settings::SecretString;

use super::error::SessionError;
use super::store::{self, SessionRow};
use crate::audit::{self, Action, Actor, Deed};
use crate::limits::LoginDelays;
use crate::opaque;
use crate::passwords::Passwords;
use crate::site::{InForce, SiteService};
use crate::tokens::{Audience, Claims, JwtKeys, Subject};
use crate::two_factor::TwoFactorService;
use crate::users::{Account, UserRow, UserService};
use shared::cache::Cache;

/// How long an open session is remembered; see `users`.
const REMEMBERED: Duration = Duration::from_secs(5);
/// Most characters kept of what a browser calls itself.
const MAX_AGENT: usize = 200;
/// Shortest life a client may ask for.
const SHORTEST_S: i64 = 60;

/// What somebody shows to sign in.
#[derive(Debug)]
pub(crate) struct SignIn {
    /// Name.
    pub username: String,
    /// Password, perhaps with the six digits after it.
    pub password: SecretString,
    /// The code of the second factor, or a recovery code.
    pub otp: Option<String>,
    /// Seconds the access token shall live.
    pub expires_in: Option<i64>,
    /// What the browser calls itself.
    pub agent: Option<String>,
}

/// A session, opened or gone on with.
#[derive(Debug)]
pub(crate) struct Opened {
    /// Whose.
    pub account: Account,
    /// The password must be changed before anything else.
    pub must_change_password: bool,
    /// For the header.
    pub access_token: String,
    /// For the cookie.
    pub cookie_token: String,
    /// Good once.
    pub refresh_token: String,
    /// Seconds until the access token and the cookie end.
    pub expires_in: i64,
}

/// Sessions.
#[derive(Debug)]
pub(crate) struct SessionService {
    pub(crate) db: Db,
    pub(crate) cache: Arc<dyn Cache>,
    pub(crate) users: Arc<UserService>,
    pub(crate) passwords: Arc<Passwords>,
    pub(crate) two_factor: Arc<TwoFactorService>,
    pub(crate) delays: Arc<LoginDelays>,
    pub(crate) keys: JwtKeys,
    pub(crate) site: Arc<SiteService>,
    pub(crate) refresh_lifetime: Duration,
    pub(crate) clock: Arc<dyn Clock>,
}

impl SessionService {
    /// Signs somebody in.
    ///
    /// What is wrong with an account is told only to whoever knows its password; until then every refusal is the same
    /// and takes the same time.
    pub(crate) async fn sign_in(
        &self,
        actor: &Actor,
        sign_in: SignIn,
    ) -> Result<Opened, SessionError> {
        let site = self.site.current().await?;
        let lifetime = lifetime_s(&site, sign_in.expires_in)?;
        let address = actor.address.as_deref().unwrap_or("unknown");
        let attempt = self
            .delays
            .admit(&sign_in.username.to_lowercase(), address, site.attempts)
            .await?;
        let row = self.users.find(&sign_in.username).await?;
        let (password, code) = split_code(row.as_ref(), &sign_in);
        let kept = row.as_ref().map(|row| row.password_hash.as_str());
        let checked = self.passwords.check(kept, password).await?;
        let Some(row) = row.filter(|_| checked.right) else {
            self.note_failure(actor, &sign_in.username).await?;
            return Err(SessionError::WrongCredentials);
        };
        let now = self.clock.now_ms();
        if row.disabled {
            return Err(SessionError::Disabled);
        }
        if row.temporary_is_over(now) {
            return Err(SessionError::TemporaryOver);
        }
        if !row.approved && !row.temporary_password {
            return Err(SessionError::NotApproved);
        }
        if row.totp_confirmed {
            let code = code.ok_or(SessionError::CodeMissing)?;
            if !self.two_factor.accept(actor, &row, code).await? {
                self.note_failure(actor, &row.username).await?;
                return Err(SessionError::CodeWrong);
            }
        }
        self.delays.forgive(attempt).await;
        if let Some(hash) = checked.rehash {
            self.users.rehash(&row, &hash).await?;
        }
        self.open(actor, &row, lifetime, sign_in.agent).await
    }

    /// Opens a session for an account that somebody else vouches for, if it may come in.
    pub(crate) async fn open_vouched_for(
        &self,
        actor: &Actor,
        row: &UserRow,
        agent: Option<String>,
    ) -> Result<Opened, SessionError> {
        if row.disabled {
            return Err(SessionError::Disabled);
        }
        if !row.approved {
            return Err(SessionError::NotApproved);
        }
        let lifetime = lifetime_s(&self.site.current().await?, None)?;
        self.open(actor, row, lifetime, agent).await
    }

    /// Opens a session for an account that has proved itself.
    async fn open(
        &self,
        actor: &Actor,
        row: &UserRow,
        lifetime: i64,
        agent: Option<String>,
    ) -> Result<Opened, SessionError> {
        let now = self.clock.now_ms();
        let session = SessionRow {
            id: uuid::Uuid::now_v7().to_string(),
            uid: row.uid.clone(),
            created_at: now,
            last_used_at: now,
            expires_at: self.refresh_end(now),
            ended_at: None,
            address: actor.address.clone(),
            agent: agent.map(|agent| {
                agent
                    .chars()
                    .filter(|c| !c.is_control())
                    .take(MAX_AGENT)
                    .collect()
            }),
        };
        let refresh_token = opaque::token();
        let who = Actor {
            uid: Some(row.uid.clone()),
            name: Some(row.username.clone()),
            ..actor.clone()
        };
        let mut tx = self.db.begin_write().await?;
        store::insert(&mut tx, &session).await?;
        store::insert_token(&mut tx, &opaque::digest(&refresh_token), &session.id, now).await?;
        crate::users::store::logged_in(&mut tx, &row.uid, now).await?;
        audit::record(
            &mut tx,
            deed(Action::LoggedIn, &who, &row.uid, &row.username, now),
        )
        .await?;
        tx.commit().await?;
        self.users.publish(&row.uid).await?;
        let account = Account::from(row);
        self.tokens(account, &session.id, refresh_token, lifetime)
            .await
    }

    /// Goes on with a session: new tokens for a refresh token, which is used up.
    pub(crate) async fn refresh(
        &self,
        actor: &Actor,
        refresh_token: &str,
        expires_in: Option<i64>,
    ) -> Result<Opened, SessionError> {
        let lifetime = lifetime_s(&self.site.current().await?, expires_in)?;
        let digest = opaque::digest(refresh_token);
        let now = self.clock.now_ms();
        let mut tx = self.db.begin_write().await?;
        let Some(id) = store::use_token(&mut tx, &digest, now).await? else {
            let session = store::session_of_token(&mut tx, &digest).await?;
            if let Some(id) = session {
                // Somebody used it before: two have it, and one of them stole it.
                let row = store::by_id_in(&mut tx, &id).await?;
                store::end(&mut tx, &id, now).await?;
                if let Some(row) = row {
                    let deed = deed(Action::RefreshReused, actor, &row.uid, "", now);
                    audit::record(&mut tx, deed).await?;
                }
                tx.commit().await?;
                self.publish_end(&id).await;
            }
            return Err(SessionError::RefreshRefused);
        };
        let session = store::by_id_in(&mut tx, &id)
            .await?
            .filter(|row| row.ended_at.is_none() && row.expires_at > now)
            .ok_or(SessionError::RefreshRefused)?;
        let row = crate::users::store::by_uid_in(&mut tx, &session.uid)
            .await?
            .filter(|row| !row.disabled && (row.approved || row.temporary_password))
            .ok_or(SessionError::RefreshRefused)?;
        let next = opaque::token();
        store::insert_token(&mut tx, &opaque::digest(&next), &id, now).await?;
        store::used(&mut tx, &id, now, self.refresh_end(now)).await?;
        tx.commit().await?;
        self.tokens(Account::from(&row), &id, next, lifetime).await
    }

    /// Fresh tokens of a session whose account has changed: the cookie after a change of password.
    pub(crate) async fn cookie_token(
        &self,
        account: &Account,
        session: &str,
    ) -> Result<(String, i64), SessionError> {
        let lifetime = lifetime_s(&self.site.current().await?, None)?;
        let subject = subject(account, session);
        let (token, _) =
            self.keys
                .sign(subject, Audience::Cookie, self.clock.now_ms(), lifetime)?;
        Ok((token, lifetime))
    }

    async fn tokens(
        &self,
        account: Account,
        session: &str,
        refresh_token: String,
        lifetime: i64,
    ) -> Result<Opened, SessionError> {
        let now = self.clock.now_ms();
        let subject = subject(&account, session);
        let (access_token, _) = self.keys.sign(subject, Audience::Header, now, lifetime)?;
        let (cookie_token, _) = self.keys.sign(subject, Audience::Cookie, now, lifetime)?;
        let must_change_password = account.temporary_password
            || (account.has_old_password(now)
                && (self.site.current().await?.shown.security).require_password_change);
        Ok(Opened {
            must_change_password,
            access_token,
            cookie_token,
            refresh_token,
            expires_in: lifetime,
            account,
        })
    }

    /// Whose token it is, if it is good for anything today: the token itself, its session and its account agree.
    pub(crate) async fn by_token(
        &self,
        token: &str,
        audience: Audience,
    ) -> Result<Option<(Account, Claims)>, DbError> {
        let claims = match self.keys.verify(token, audience, &*self.clock) {
            Ok(claims) => claims,
            Err(error) => {
                tracing::debug!(%error, "token refused");
                return Ok(None);
            }
        };
        let keys = [
            UserService::cache_key(&claims.uid),
            session_key(&claims.sid),
        ];
        let found = self.cache.get_many(&keys).await.unwrap_or_default();
        let remembered = |index: usize| found.get(index).and_then(Option::as_deref);
        let account = self.users.account_or(&claims.uid, remembered(0)).await?;
        let Some(account) = account.filter(|account| account.accepts(claims.ver, &claims.jti))
        else {
            return Ok(None);
        };
        if !self.is_open(&claims.sid, remembered(1)).await? {
            return Ok(None);
        }
        Ok(Some((account, claims)))
    }

    async fn is_open(&self, id: &str, remembered: Option<&[u8]>) -> Result<bool, DbError> {
        if let Some(state) = remembered {
            return Ok(state == b"1");
        }
        let row = store::by_id(&self.db, id).await?;
        let open = row.is_some_and(|row| row.ended_at.is_none());
        let state: &[u8] = if open { b"1" } else { b"0" };
        if let Err(error) = self
            .cache
            .set_if_absent(&session_key(id), state, REMEMBERED)
            .await
        {
            tracing::trace!(%error, "session not remembered");
        }
        Ok(open)
    }

    async fn publish_end(&self, id: &str) {
        if let Err(error) = self.cache.set(&session_key(id), b"0", REMEMBERED).await {
            tracing::warn!(%error, "the end of a session reaches the other replicas only in {} s", REMEMBERED.as_secs());
        }
    }

    /// Open sessions of a user, newest first.
    pub(crate) async fn list(&self, uid: &str) -> Result<Vec<SessionRow>, SessionError> {
        Ok(store::of_user(&self.db, uid, self.clock.now_ms()).await?)
    }

    /// Ends a session of the one who acts.
    pub(crate) async fn end(&self, actor: &Actor, id: &str) -> Result<(), SessionError> {
        let now = self.clock.now_ms();
        let id = uuid::Uuid::try_parse(id)
            .map_err(|_| SessionError::NotFound)?
            .to_string();
        let mut tx = self.db.begin_write().await?;
        let row = store::by_id_in(&mut tx, &id)
            .await?
            .filter(|row| row.ended_at.is_none() && Some(&row.uid) == actor.uid.as_ref())
            .ok_or(SessionError::NotFound)?;
        store::end(&mut tx, &id, now).await?;
        let name = actor.name.as_deref().unwrap_or_default();
        audit::record(
            &mut tx,
            deed(Action::SessionEnded, actor, &row.uid, name, now),
        )
        .await?;
        tx.commit().await?;
        self.publish_end(&id).await;
        Ok(())
    }

    async fn note_failure(&self, actor: &Actor, username: &str) -> Result<(), SessionError> {
        // Only what can be a name is kept: people type passwords into the wrong field.
        let name = if crate::users::is_username(username) {
            username
        } else {
            "?"
        };
        let mut tx = self.db.begin_write().await?;
        let deed = deed(Action::LoginFailed, actor, "", name, self.clock.now_ms());
        audit::record(&mut tx, deed).await?;
        tx.commit().await?;
        Ok(())
    }

    fn refresh_end(&self, now: i64) -> i64 {
        now.saturating_add(i64::try_from(self.refresh_lifetime.as_millis()).unwrap_or(i64::MAX))
    }
}

/// Seconds an access token lives, which may be fewer than the settings say.
fn lifetime_s(site: &InForce, asked: Option<i64>) -> Result<i64, SessionError> {
    let longest = i64::try_from(site.session.as_secs()).unwrap_or(i64::MAX);
    match asked {
        None => Ok(longest),
        Some(asked) if (SHORTEST_S..=longest).contains(&asked) => Ok(asked),
        Some(_) => Err(SessionError::Lifetime),
    }
}

/// Password and code of somebody with a second factor, who may have typed the code after the password.
fn split_code<'a>(row: Option<&UserRow>, sign_in: &'a SignIn) -> (&'a str, Option<&'a str>) {
    let password = sign_in.password.expose_secret();
    let otp = sign_in.otp.as_deref().filter(|otp| !otp.is_empty());
    let has_factor = row.is_some_and(|row| row.totp_confirmed);
    if otp.is_some() || !has_factor {
        return (password, otp);
    }
    let split = password
        .len()
        .checked_sub(6)
        .and_then(|at| password.split_at_checked(at));
    match split {
        Some((before, code)) if code.bytes().all(|byte| byte.is_ascii_digit()) => {
            (before, Some(code))
        }
        _ => (password, None),
    }
}

fn subject<'a>(account: &'a Account, session: &'a str) -> Subject<'a> {
    Subject {
        username: &account.username,
        uid: &account.uid,
        role: account.role.as_str(),
        version: account.token_version,
        session,
    }
}

fn session_key(id: &str) -> String {
    format!("session:{id}")
}

fn deed<'a>(action: Action, actor: &'a Actor, uid: &'a str, name: &'a str, now: i64) -> Deed<'a> {
    Deed {
        action,
        actor,
        target: Some((uid, name)),
        now,
    }
}
