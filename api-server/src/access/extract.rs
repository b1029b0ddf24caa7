//! Callers as arguments of routes.

use std::future::{Ready, ready};
use std::ops::Deref;

use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use futures::future::LocalBoxFuture;
use shared::problem::{ApiError, Code};
use shared::token;

use super::{Access, Presented, RequestOrigin};
use crate::api_keys::Scope;
use crate::audit::Actor;
use crate::sessions::COOKIE;
use crate::tokens::Audience;
use crate::users::{Account, Role};

/// How a caller proved who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Credential {
    /// A token of a session.
    Session {
        /// The session.
        id: String,
        /// Number of the token.
        jti: String,
        /// When the token ends, Unix seconds.
        expires_at_s: i64,
    },
    /// An API key.
    ApiKey {
        /// What it opens.
        scopes: Vec<Scope>,
        /// When it ends, Unix ms.
        expires_at_ms: i64,
    },
}

/// Somebody who is fully let in.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// Whose account.
    pub account: Account,
    /// How it was proved.
    pub credential: Credential,
    /// From where.
    pub address: String,
    /// Why it may do no more than look at itself and put its account in order.
    pub limit: Option<Limit>,
}

/// What somebody has to put in order first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
    /// The one-time password.
    Password,
    /// A password that is too old.
    OldPassword,
    /// The second factor.
    TwoFactor,
}

impl Caller {
    /// For the audit log and for rules about oneself.
    pub(crate) fn actor(&self) -> Actor {
        let (session, jti) = match &self.credential {
            Credential::Session { id, jti, .. } => (Some(id.clone()), Some(jti.clone())),
            Credential::ApiKey { .. } => (None, None),
        };
        Actor {
            uid: Some(self.account.uid.clone()),
            name: Some(self.account.username.clone()),
            address: Some(self.address.clone()),
            session,
            jti,
        }
    }

    fn has(&self, scope: Scope) -> bool {
        match &self.credential {
            Credential::Session { .. } => true,
            Credential::ApiKey { scopes, .. } => scopes.contains(&scope),
        }
    }
}

/// Anybody with a credential, also an account that is not let in yet.
#[derive(Debug, Clone)]
pub(crate) struct SignedIn(pub Caller);

/// A person at a session: for what no script should do.
#[derive(Debug, Clone)]
pub(crate) struct Personal(pub Caller);

/// An instructor or an administrator.
#[derive(Debug, Clone)]
pub(crate) struct Staff(pub Caller);

/// An administrator.
#[derive(Debug, Clone)]
pub(crate) struct Admin(pub Caller);

/// Somebody who is fully let in, by the cookie too: for what a browser opens without a header.
#[derive(Debug, Clone)]
pub(crate) struct WithCookie(pub Caller);

macro_rules! is_a_caller {
    ($name:ident) => {
        impl Deref for $name {
            type Target = Caller;

            fn deref(&self) -> &Caller {
                &self.0
            }
        }
    };
}
is_a_caller!(SignedIn);
is_a_caller!(Personal);
is_a_caller!(Staff);
is_a_caller!(Admin);
is_a_caller!(WithCookie);

fn signed_in(request: &HttpRequest) -> Result<Caller, ApiError> {
    let presented = request.extensions().get::<Presented>().cloned();
    let caller = match presented {
        Some(Presented::Somebody(caller)) => *caller,
        Some(Presented::Unknown) => return Err(ApiError::new(Code::Overloaded)),
        Some(Presented::Nothing | Presented::Refused) | None => {
            return Err(ApiError::new(Code::Unauthorized));
        }
    };
    let scope = if matches!(*request.method(), Method::GET | Method::HEAD) {
        Scope::Read
    } else {
        Scope::Write
    };
    if caller.has(scope) {
        Ok(caller)
    } else {
        Err(ApiError::new(Code::Forbidden)
            .with_detail("Esta chave de API não permite esta operação."))
    }
}

fn let_in(request: &HttpRequest) -> Result<Caller, ApiError> {
    let caller = signed_in(request)?;
    let detail = match caller.limit {
        None => return Ok(caller),
        Some(Limit::Password) => "Troque a senha temporária para continuar.",
        Some(Limit::OldPassword) => "Sua senha tem mais de 90 dias: troque-a para continuar.",
        Some(Limit::TwoFactor) => "Ative a verificação em duas etapas para continuar.",
    };
    Err(ApiError::new(Code::Forbidden).with_detail(detail))
}

impl FromRequest for SignedIn {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(signed_in(request).map(Self))
    }
}

impl FromRequest for Caller {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(let_in(request))
    }
}

impl FromRequest for Personal {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(
            signed_in(request).and_then(|caller| match caller.credential {
                Credential::Session { .. } => Ok(Self(caller)),
                Credential::ApiKey { .. } => Err(ApiError::new(Code::Forbidden).with_detail(
                    "Uma chave de API não pode fazer isto: entre com usuário e senha.",
                )),
            }),
        )
    }
}

impl FromRequest for Staff {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(let_in(request).and_then(|caller| {
            if caller.account.role >= Role::Instructor {
                Ok(Self(caller))
            } else {
                Err(ApiError::new(Code::Forbidden))
            }
        }))
    }
}

impl FromRequest for Admin {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(let_in(request).and_then(|caller| {
            if caller.account.role == Role::Admin && caller.has(Scope::Admin) {
                Ok(Self(caller))
            } else {
                Err(ApiError::new(Code::Forbidden))
            }
        }))
    }
}

impl FromRequest for WithCookie {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let is_bare = matches!(
                request.extensions().get::<Presented>(),
                Some(Presented::Nothing)
            );
            match by_cookie(&request).await? {
                Some(caller) if is_bare => Ok(Self(caller)),
                _ => let_in(&request).map(Self),
            }
        })
    }
}

/// Whose cookie came with a request of our own pages, or of a person's own navigation.
async fn by_cookie(request: &HttpRequest) -> Result<Option<Caller>, ApiError> {
    let (Some(access), Some(cookie)) = (request.app_data::<Data<Access>>(), request.cookie(COOKIE))
    else {
        return Ok(None);
    };
    let header = |name: &str| request.headers().get(name)?.to_str().ok();
    let origin = RequestOrigin {
        fetch_site: header("sec-fetch-site"),
        origin: header("origin"),
        host: header("host"),
    };
    let reads_only = matches!(*request.method(), Method::GET | Method::HEAD);
    if !origin.is_ours(&access.public_url, reads_only) {
        return Ok(None);
    }
    let address = request.extensions().get::<ClientAddress>().cloned();
    let address = address.map_or_else(String::new, |address| address.0);
    let found = access
        .by_token(cookie.value(), Audience::Cookie, &address)
        .await?;
    Ok(found.filter(|caller| caller.limit.is_none()))
}

/// The rag-server, proved by a service token.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FromRag;

impl FromRequest for FromRag {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let refusal = || ApiError::new(Code::Unauthorized);
        ready(
            request
                .app_data::<Data<Access>>()
                .ok_or_else(|| ApiError::new(Code::Internal))
                .and_then(|access| {
                    let tokens = access.from_rag.as_ref().ok_or_else(refusal)?;
                    let shown = token::bearer(request.headers()).ok_or_else(refusal)?;
                    tokens.verify(shown, &*access.clock)?;
                    Ok(Self)
                }),
        )
    }
}

/// From where a request comes.
#[derive(Debug, Clone)]
pub(crate) struct ClientAddress(pub String);

impl ClientAddress {
    /// Somebody there who is not signed in.
    pub(crate) fn nobody(&self) -> Actor {
        Actor {
            address: Some(self.0.clone()),
            ..Actor::default()
        }
    }
}

impl FromRequest for ClientAddress {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let found = request.extensions().get::<Self>().cloned();
        ready(found.ok_or_else(|| ApiError::new(Code::Internal)))
    }
}

/// Whether people reach the system over TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Secure(pub bool);

impl FromRequest for Secure {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let found = request.extensions().get::<Self>().copied();
        ready(found.ok_or_else(|| ApiError::new(Code::Internal)))
    }
}
