//! Who is calling, and what the caller may do.
//!
//! [`gate`](gate::gate) runs before every route: it finds out who calls, from where, counts the request and leaves what
//! it found with the request. Routes ask for a caller by the type of an argument: [`SignedIn`] takes anybody with a
//! credential, [`Caller`] whoever is fully let in, [`Staff`] instructors and administrators, [`Admin`] administrators,
//! [`WithCookie`] a [`Caller`] without a header, [`Personal`] a person at a session (no
//! API key), [`FromRag`] the other server. The role is read from the account, never from the token.

mod address;
mod extract;
pub(crate) mod gate;
pub(crate) mod introspect;
mod origin;

pub(crate) use extract::{
    Admin, Caller, ClientAddress, Credential, FromRag, Limit, Personal, Secure, SignedIn, Staff,
    WithCookie,
};
pub(crate) use origin::RequestOrigin;

use std::sync::Arc;

use actix_web::http::header::HeaderMap;
use ipnet::IpNet;
use shared::clock::Clock;
use shared::db::DbError;
use shared::token::{self, ServiceTokens};
use url::Url;

use crate::api_keys::{self, ApiKeyService};
use crate::limits::RateLimits;
use crate::sessions::SessionService;
use crate::site::SiteService;
use crate::tokens::Audience;
use crate::users::{Account, Role};

/// Everything needed to know who calls.
#[derive(Debug)]
pub(crate) struct Access {
    pub(crate) sessions: Arc<SessionService>,
    pub(crate) api_keys: Arc<ApiKeyService>,
    pub(crate) limits: RateLimits,
    /// What the rag-server shows; `None` without a service secret.
    pub(crate) from_rag: Option<ServiceTokens>,
    pub(crate) trusted_proxies: Vec<IpNet>,
    pub(crate) public_url: Url,
    pub(crate) site: Arc<SiteService>,
    /// Whatever is set on the page.
    pub(crate) admins_need_two_factor: bool,
    pub(crate) clock: Arc<dyn Clock>,
}

/// What a request's credential came to.
#[derive(Debug, Clone)]
pub(crate) enum Presented {
    /// None was shown.
    Nothing,
    /// One that is good for nothing.
    Refused,
    /// Nobody could look: the database is away.
    Unknown,
    /// Somebody.
    Somebody(Box<Caller>),
}

impl Access {
    /// Who shows these headers.
    async fn identify(&self, headers: &HeaderMap, address: &str) -> Presented {
        let key = headers
            .get("x-api-key")
            .and_then(|value| value.to_str().ok())
            .map(str::trim)
            .filter(|key| !key.is_empty());
        let Some(shown) = token::bearer(headers).or(key) else {
            let has_header = headers.contains_key("authorization") && !is_null_bearer(headers);
            return if has_header {
                Presented::Refused
            } else {
                Presented::Nothing
            };
        };
        let found = if api_keys::looks_like_one(shown) {
            self.by_api_key(shown, address).await
        } else {
            self.by_token(shown, Audience::Header, address).await
        };
        match found {
            Ok(Some(caller)) => Presented::Somebody(Box::new(caller)),
            Ok(None) => Presented::Refused,
            Err(error) => {
                tracing::warn!(error = %shared::telemetry::chain(&error), "credential could not be checked: {error}");
                Presented::Unknown
            }
        }
    }

    pub(crate) async fn by_token(
        &self,
        shown: &str,
        audience: Audience,
        address: &str,
    ) -> Result<Option<Caller>, DbError> {
        let Some((account, claims)) = self.sessions.by_token(shown, audience).await? else {
            return Ok(None);
        };
        Ok(Some(Caller {
            limit: self.limit(&account).await?,
            account,
            credential: Credential::Session {
                id: claims.sid,
                jti: claims.jti,
                expires_at_s: claims.exp,
            },
            address: address.to_owned(),
        }))
    }

    async fn by_api_key(&self, shown: &str, address: &str) -> Result<Option<Caller>, DbError> {
        let Some((account, key)) = self.api_keys.owner(shown).await? else {
            return Ok(None);
        };
        let limit = self.limit(&account).await?;
        Ok(limit.is_none().then(|| Caller {
            limit,
            account,
            credential: Credential::ApiKey {
                scopes: key.scopes,
                expires_at_ms: key.expires_at,
            },
            address: address.to_owned(),
        }))
    }

    /// What keeps an account from more than putting itself in order. Settings are looked at for those alone whom they
    /// could keep.
    async fn limit(&self, account: &Account) -> Result<Option<Limit>, DbError> {
        if account.is_limited() {
            return Ok(Some(Limit::Password));
        }
        let lacks_factor = account.lacks_second_factor();
        if lacks_factor && self.admins_need_two_factor && account.role == Role::Admin {
            return Ok(Some(Limit::TwoFactor));
        }
        let is_old = account.has_old_password(self.clock.now_ms());
        if !lacks_factor && !is_old {
            return Ok(None);
        }
        let security = self.site.current().await?.shown.security;
        Ok(if is_old && security.require_password_change {
            Some(Limit::OldPassword)
        } else if lacks_factor && security.enable_two_factor {
            Some(Limit::TwoFactor)
        } else {
            None
        })
    }
}

/// `Bearer null`, which pages send when they have no token, counts as none.
fn is_null_bearer(headers: &HeaderMap) -> bool {
    headers
        .get("authorization")
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .is_some_and(|(scheme, token)| {
            scheme.eq_ignore_ascii_case("bearer")
                && matches!(token.trim(), "" | "null" | "undefined")
        })
}
