//! Outgoing HTTP: time limits on everything, capped answers, and a client of its own for addresses
//! that somebody other than the operator chose.
//!
//! Addresses from files and the environment are the operator's and are trusted: a model server on
//! localhost is a normal thing. Addresses set over HTTP go through [`PublicClient`].

mod address;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use chrono::DateTime;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Client, ClientBuilder, Method, RequestBuilder, Response, redirect};
use serde::de::DeserializeOwned;
use url::Url;

pub use address::{UrlRefused, check_url, is_public};

use crate::Retry;
use crate::clock::Clock;

/// How we name ourselves to other servers.
const USER_AGENT: &str = concat!("acervo/", env!("CARGO_PKG_VERSION"));

/// Longest `Retry-After` believed. A server that asks for more is treated as asking for this.
const MAX_RETRY_AFTER: Duration = Duration::from_hours(1);

/// Time limits of a client. Each can be lowered for a single request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpSettings {
    /// Until the connection stands, TLS included.
    pub connect_timeout: Duration,
    /// Between two pieces of an answer.
    pub read_timeout: Duration,
    /// From the first byte sent to the last received.
    pub total_timeout: Duration,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            read_timeout: Duration::from_mins(1),
            total_timeout: Duration::from_mins(2),
        }
    }
}

/// What can go wrong with a call.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The client could not be built.
    #[error("HTTP client could not be set up")]
    Setup(#[source] reqwest::Error),
    /// No connection, or it broke.
    #[error("connection failed")]
    Connection(#[source] reqwest::Error),
    /// A time limit was reached.
    #[error("no answer in time")]
    Timeout(#[source] reqwest::Error),
    /// More bytes than allowed came, or were announced.
    #[error("answer is larger than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: u64,
    },
    /// The answer is not what was agreed on.
    #[error("answer is not the JSON expected")]
    Json(#[source] serde_json::Error),
    /// Anything else between the two servers.
    #[error("request failed")]
    Other(#[source] reqwest::Error),
}

impl HttpError {
    /// Whether the same call may succeed when tried again.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Connection(_) | Self::Timeout(_) => Retry::Soon,
            Self::Setup(_) | Self::TooLarge { .. } | Self::Json(_) | Self::Other(_) => Retry::Never,
        }
    }
}

/// The address is left out of the message: it may hold a key.
impl From<reqwest::Error> for HttpError {
    fn from(error: reqwest::Error) -> Self {
        let error = error.without_url();
        // A connection that breaks inside the body counts as a body that cannot be decoded.
        if error.is_timeout() {
            Self::Timeout(error)
        } else if error.is_connect() || error.is_body() || error.is_decode() || error.is_request() {
            Self::Connection(error)
        } else if error.is_builder() {
            Self::Setup(error)
        } else {
            Self::Other(error)
        }
    }
}

/// A client for the operator's own addresses. It follows no redirects: an answer that points
/// elsewhere is an answer, and a key must not travel to another host.
///
/// # Errors
/// [`HttpError::Setup`].
pub fn client(settings: &HttpSettings) -> Result<Client, HttpError> {
    builder(settings)
        .redirect(redirect::Policy::none())
        .build()
        .map_err(HttpError::Setup)
}

fn builder(settings: &HttpSettings) -> ClientBuilder {
    Client::builder()
        .user_agent(USER_AGENT)
        .connect_timeout(settings.connect_timeout)
        .read_timeout(settings.read_timeout)
        .timeout(settings.total_timeout)
}

/// A client for addresses that were set over HTTP: public Internet only, on every redirect, by
/// connecting to the very addresses that were checked. It uses no proxy, because a proxy would
/// resolve the name again.
#[derive(Debug, Clone)]
pub struct PublicClient(Client);

impl PublicClient {
    /// One that follows at most `max_redirects`.
    ///
    /// # Errors
    /// [`HttpError::Setup`].
    pub fn new(settings: &HttpSettings, max_redirects: usize) -> Result<Self, HttpError> {
        let resolver = PublicResolver {
            names: Arc::new(SystemNames),
            allowed: is_public,
        };
        Self::with_resolver(settings, max_redirects, resolver)
    }

    fn with_resolver<N: Names>(
        settings: &HttpSettings,
        max_redirects: usize,
        resolver: PublicResolver<N>,
    ) -> Result<Self, HttpError> {
        let policy = redirect::Policy::custom(move |attempt| {
            if attempt.previous().len() > max_redirects {
                attempt.stop()
            } else if let Err(refused) = address::check(attempt.url()) {
                attempt.error(refused)
            } else {
                attempt.follow()
            }
        });
        builder(settings)
            .redirect(policy)
            .no_proxy()
            .referer(false)
            .dns_resolver(Arc::new(resolver))
            .build()
            .map(Self)
            .map_err(HttpError::Setup)
    }

    /// A request to `address`, if that may be called.
    ///
    /// # Errors
    /// [`UrlRefused`]. A name that resolves to a private address is refused when the request is
    /// sent: as [`HttpError::Connection`].
    pub fn request(&self, method: Method, address: &str) -> Result<RequestBuilder, UrlRefused> {
        Ok(self.0.request(method, check_url(address)?))
    }
}

/// Turns a name into addresses.
trait Names: Send + Sync + 'static {
    fn lookup(&self, name: String)
    -> impl Future<Output = std::io::Result<Vec<SocketAddr>>> + Send;
}

struct SystemNames;

impl Names for SystemNames {
    async fn lookup(&self, name: String) -> std::io::Result<Vec<SocketAddr>> {
        // Port 0: the client puts that of the URL there.
        Ok(tokio::net::lookup_host((name, 0)).await?.collect())
    }
}

/// Resolves a name once and hands on its allowed addresses only, so that the connection goes where
/// the check went.
struct PublicResolver<N> {
    names: Arc<N>,
    allowed: fn(IpAddr) -> bool,
}

impl<N: Names> Resolve for PublicResolver<N> {
    fn resolve(&self, name: Name) -> Resolving {
        let (names, allowed) = (Arc::clone(&self.names), self.allowed);
        Box::pin(async move {
            let mut addresses = names.lookup(name.as_str().to_owned()).await?;
            addresses.retain(|address| allowed(address.ip()));
            if addresses.is_empty() {
                return Err(UrlRefused::NotPublic.into());
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// Reads a body of at most `max_bytes`, after decompression.
///
/// # Errors
/// [`HttpError::TooLarge`] as soon as it is clear; connection errors.
pub async fn read_capped(mut response: Response, max_bytes: u64) -> Result<Bytes, HttpError> {
    let too_large = HttpError::TooLarge { limit: max_bytes };
    if response
        .content_length()
        .is_some_and(|announced| announced > max_bytes)
    {
        return Err(too_large);
    }
    let mut body = BytesMut::new();
    while let Some(part) = response.chunk().await? {
        if (body.len() as u64).saturating_add(part.len() as u64) > max_bytes {
            return Err(too_large);
        }
        body.extend_from_slice(&part);
    }
    Ok(body.freeze())
}

/// Reads a JSON body of at most `max_bytes`.
///
/// # Errors
/// As [`read_capped`], and [`HttpError::Json`].
pub async fn read_json<T: DeserializeOwned>(
    response: Response,
    max_bytes: u64,
) -> Result<T, HttpError> {
    let body = read_capped(response, max_bytes).await?;
    serde_json::from_slice(&body).map_err(HttpError::Json)
}

/// How long a server asks to wait (RFC 9110, section 10.2.3): seconds or a date. At most an hour; a
/// date in the past is zero.
pub fn retry_after(headers: &HeaderMap, clock: &dyn Clock) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = if let Ok(seconds) = text.parse::<u64>() {
        Duration::from_secs(seconds)
    } else {
        // IMF-fixdate is RFC 2822 with the zone written as GMT.
        let at = DateTime::parse_from_rfc2822(text).ok()?;
        let ms = at.timestamp_millis().saturating_sub(clock.now_ms());
        Duration::from_millis(u64::try_from(ms).unwrap_or(0))
    };
    Some(wait.min(MAX_RETRY_AFTER))
}

/// An address for the log: scheme, host, port and path; no user, password, query or fragment.
pub fn redacted(url: &Url) -> String {
    let mut plain = url.clone();
    plain.set_query(None);
    plain.set_fragment(None);
    // Both fail only for URLs that cannot have them.
    let _no_user = plain.set_username("");
    let _no_password = plain.set_password(None);
    plain.to_string()
}

#[cfg(test)]
mod tests;
