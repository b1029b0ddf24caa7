//! Rules of API keys.
#![warn(clippy::wildcard_enum_match_arm)]

use std::sync::Arc;
use std::time::Duration;

use shared::clock::Clock;
use shared::db::{Db, DbError};
use shared::problem::{Code, FieldError, HasProblem, Invalid};
use shared::token::same_secret;

use super::store::{self, ApiKeyRow};
use super::{PREFIX, Scope};
use crate::audit::{self, Action, Actor, Deed};
use crate::opaque;
use crate::users::{Account, Role, UserService};
use shared::cache::Cache;

/// Symbols of a key's name: 40 bits, enough that names do not meet.
const NAME_LENGTH: usize = 8;
/// Most keys of one user.
const MOST: i64 = 20;
/// Longest and usual life.
const MAX_DAYS: u32 = 366;
const DEFAULT_DAYS: u32 = 90;
const DAY_MS: i64 = 24 * 3600 * 1000;
/// Last use is written down no oftener.
const USE_GRAIN_MS: i64 = 60_000;

/// What can go wrong with API keys.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiKeyError {
    /// No such key of this user.
    #[error("API key does not exist")]
    NotFound,
    /// The user has enough.
    #[error("too many API keys")]
    TooMany,
    /// A scope the user does not have.
    #[error("scope is beyond the user's role")]
    BeyondRole,
    /// Fields of the request.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The store.
    #[error("API key store failed")]
    Store(#[from] DbError),
}

impl HasProblem for ApiKeyError {
    fn code(&self) -> Code {
        match self {
            Self::NotFound => Code::NotFound,
            Self::TooMany => Code::Conflict,
            Self::BeyondRole => Code::Forbidden,
            Self::Invalid(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::NotFound => "Esta chave de API não existe.".to_owned(),
            Self::TooMany => {
                format!("Você já tem {MOST} chaves de API: remova uma antes de criar outra.")
            }
            Self::BeyondRole => {
                "Só administradores podem criar chaves com o escopo admin.".to_owned()
            }
            Self::Invalid(error) => error.detail(),
            Self::Store(_) => self.code().detail().to_owned(),
        }
    }

    fn errors(&self) -> Vec<FieldError> {
        match self {
            Self::Invalid(error) => error.errors(),
            Self::NotFound | Self::TooMany | Self::BeyondRole | Self::Store(_) => Vec::new(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Store(error) => error.retry_after(),
            Self::NotFound | Self::TooMany | Self::BeyondRole | Self::Invalid(_) => None,
        }
    }
}

/// A key to be made.
#[derive(Debug, Clone)]
pub(crate) struct NewKey {
    /// What it is for.
    pub name: String,
    /// What it opens.
    pub scopes: Vec<Scope>,
    /// Days until it ends.
    pub days: Option<u32>,
}

/// A key without its secret.
#[derive(Debug, Clone)]
pub(crate) struct KnownKey {
    /// Id.
    pub id: String,
    /// What it is for.
    pub name: String,
    /// How it begins.
    pub prefix: String,
    /// What it opens.
    pub scopes: Vec<Scope>,
    /// Unix ms.
    pub created_at: i64,
    /// Unix ms.
    pub expires_at: i64,
    /// Unix ms.
    pub last_used_at: Option<i64>,
}

impl From<ApiKeyRow> for KnownKey {
    fn from(row: ApiKeyRow) -> Self {
        Self {
            scopes: Scope::list(&row.scopes),
            prefix: format!("{PREFIX}{}", row.prefix),
            id: row.id,
            name: row.name,
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
        }
    }
}

/// API keys.
#[derive(Debug)]
pub(crate) struct ApiKeyService {
    db: Db,
    cache: Arc<dyn Cache>,
    users: Arc<UserService>,
    clock: Arc<dyn Clock>,
}

impl ApiKeyService {
    /// Keys in `db`.
    pub(crate) fn new(
        db: Db,
        cache: Arc<dyn Cache>,
        users: Arc<UserService>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            db,
            cache,
            users,
            clock,
        }
    }

    /// Makes a key; its text is told once and never again.
    pub(crate) async fn create(
        &self,
        actor: &Actor,
        owner: &Account,
        new: NewKey,
    ) -> Result<(KnownKey, String), ApiKeyError> {
        let days = check(&new)?;
        if new.scopes.contains(&Scope::Admin) && owner.role != Role::Admin {
            return Err(ApiKeyError::BeyondRole);
        }
        let now = self.clock.now_ms();
        let mut scopes = new.scopes;
        scopes.sort_unstable();
        scopes.dedup();
        let words: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
        let (name, secret) = (opaque::random(NAME_LENGTH), opaque::token());
        let row = ApiKeyRow {
            id: uuid::Uuid::now_v7().to_string(),
            uid: owner.uid.clone(),
            name: new.name.trim().to_owned(),
            digest: opaque::digest(&secret),
            scopes: words.join(" "),
            token_version: owner.token_version,
            created_at: now,
            expires_at: now.saturating_add(i64::from(days).saturating_mul(DAY_MS)),
            last_used_at: None,
            prefix: name,
        };
        let mut tx = self.db.begin_write().await?;
        crate::users::store::take_turn(&mut tx).await?;
        if store::count(&mut tx, &owner.uid).await? >= MOST {
            return Err(ApiKeyError::TooMany);
        }
        store::insert(&mut tx, &row).await?;
        audit::record(&mut tx, deed(Action::ApiKeyCreated, actor, owner, now)).await?;
        tx.commit().await?;
        let text = format!("{PREFIX}{}_{secret}", row.prefix);
        Ok((row.into(), text))
    }

    /// Keys of a user.
    pub(crate) async fn list(&self, uid: &str) -> Result<Vec<KnownKey>, ApiKeyError> {
        let rows = store::of_user(&self.db, uid).await?;
        Ok(rows.into_iter().map(KnownKey::from).collect())
    }

    /// Removes one of a user's keys.
    pub(crate) async fn remove(
        &self,
        actor: &Actor,
        owner: &Account,
        id: &str,
    ) -> Result<(), ApiKeyError> {
        let id = uuid::Uuid::try_parse(id)
            .map_err(|_| ApiKeyError::NotFound)?
            .to_string();
        let mut tx = self.db.begin_write().await?;
        if !store::delete(&mut tx, &id, &owner.uid).await? {
            return Err(ApiKeyError::NotFound);
        }
        let now = self.clock.now_ms();
        audit::record(&mut tx, deed(Action::ApiKeyRemoved, actor, owner, now)).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Whose key it is, if it is good today.
    pub(crate) async fn owner(&self, text: &str) -> Result<Option<(Account, KnownKey)>, DbError> {
        let parts = text
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.split_once('_'))
            .filter(|(name, secret)| name.len() == NAME_LENGTH && secret.len() == 52);
        let Some((name, secret)) = parts else {
            return Ok(None);
        };
        let now = self.clock.now_ms();
        let row = store::by_prefix(&self.db, name).await?;
        let Some(row) = row.filter(|row| {
            same_secret(&opaque::digest(secret), &row.digest) && row.expires_at > now
        }) else {
            return Ok(None);
        };
        let keys = [UserService::cache_key(&row.uid)];
        let found = self.cache.get_many(&keys).await.unwrap_or_default();
        let remembered = found.first().and_then(Option::as_deref);
        let account = self.users.account_or(&row.uid, remembered).await?;
        let Some(account) = account.filter(|account| account.accepts(row.token_version, "")) else {
            return Ok(None);
        };
        if row
            .last_used_at
            .is_none_or(|last| last.saturating_add(USE_GRAIN_MS) < now)
        {
            store::used(&self.db, &row.id, now).await?;
        }
        Ok(Some((account, row.into())))
    }
}

fn check(new: &NewKey) -> Result<u32, Invalid> {
    let mut invalid = Invalid::new();
    let name = new.name.trim();
    if name.is_empty() || name.len() > 100 || name.chars().any(char::is_control) {
        invalid = invalid.field("/name", "invalid_value", "deve ter de 1 a 100 caracteres");
    }
    if new.scopes.is_empty() {
        invalid = invalid.field("/scopes", "too_short", "escolha pelo menos um escopo");
    }
    let days = new.days.unwrap_or(DEFAULT_DAYS);
    if !(1..=MAX_DAYS).contains(&days) {
        invalid = invalid.field(
            "/expires_in_days",
            "out_of_range",
            "deve estar entre 1 e 366",
        );
    }
    invalid.or(days)
}

fn deed<'a>(action: Action, actor: &'a Actor, owner: &'a Account, now: i64) -> Deed<'a> {
    Deed {
        action,
        actor,
        target: Some((&owner.uid, &owner.username)),
        now,
    }
}
