//! Who may call what.
//!
//! With a service secret every route but the health checks takes a service token; the operator's pages also take the
//! metrics token, and the routes of the store panel an administrator's own token or cookie ([`people`]). Without one the server is *standalone*: it answers this machine alone, and refuses requests that a
//! browser or a proxy brings from elsewhere (DNS rebinding, cross-site requests).

mod people;

use std::net::IpAddr;
use std::sync::Arc;

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap};
use actix_web::middleware::Next;
use actix_web::web::Data;
use shared::clock::Clock;
use shared::problem::{ApiError, Code};
use shared::settings::{ExposeSecret, SecretString};
use shared::token::{self, ServiceTokens};
use url::Url;

pub(crate) use people::People;

/// Routes that anyone may call.
const OPEN: [&str; 3] = ["/health", "/healthz", "/livez"];
/// Routes that the metrics token opens too.
const OPERATORS: [&str; 4] = ["/metrics", "/readyz", "/openapi.json", "/docs"];

/// Routes that administrators call from their browser.
const PANEL: [&str; 2] = ["/chromadb/", "/reprocess-enhanced-materials"];

/// Who may call what.
pub(crate) struct Access {
    gate: Gate,
    people: Option<People>,
    metrics_token: Option<SecretString>,
    clock: Arc<dyn Clock>,
}

enum Gate {
    Standalone,
    Service(ServiceTokens),
}

impl Access {
    /// Standalone without tokens.
    pub(crate) fn new(
        tokens: Option<ServiceTokens>,
        people: Option<People>,
        metrics_token: Option<SecretString>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            gate: tokens.map_or(Gate::Standalone, Gate::Service),
            people,
            metrics_token,
            clock,
        }
    }

    async fn admit(&self, request: &ServiceRequest) -> Result<(), ApiError> {
        let (path, headers) = (request.path(), request.headers());
        let tokens = match &self.gate {
            Gate::Standalone => return refuse_foreign(headers),
            Gate::Service(_) if OPEN.contains(&path) => return Ok(()),
            Gate::Service(tokens) => tokens,
        };
        let bearer = token::bearer(headers);
        if bearer.is_some_and(|bearer| self.opens_operators_pages(path, bearer)) {
            return Ok(());
        }
        let shown = bearer
            .ok_or_else(|| ApiError::new(Code::Unauthorized))
            .and_then(|bearer| Ok(tokens.verify(bearer, &*self.clock)?));
        match (shown, &self.people) {
            (Ok(_), _) => Ok(()),
            (Err(_), Some(people)) if PANEL.iter().any(|page| path.starts_with(page)) => {
                people.admit(request, &*self.clock).await
            }
            (Err(refusal), _) => Err(refusal),
        }
    }

    fn opens_operators_pages(&self, path: &str, bearer: &str) -> bool {
        let is_theirs = OPERATORS
            .iter()
            .any(|page| path == *page || path.starts_with(&format!("{page}/")));
        is_theirs
            && self
                .metrics_token
                .as_ref()
                .is_some_and(|token| token::same_secret(token.expose_secret(), bearer))
    }
}

/// Runs before every route.
pub(crate) async fn guard(
    access: Data<Access>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    access.admit(&request).await?;
    next.call(request).await
}

fn refuse_foreign(headers: &HeaderMap) -> Result<(), ApiError> {
    let refusal = || {
        ApiError::new(Code::Forbidden).with_detail(
            "Este servidor responde apenas à própria máquina; defina SERVICE_SECRET para abri-lo.",
        )
    };
    let forwarded = [
        "forwarded",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-real-ip",
    ];
    if forwarded.iter().any(|name| headers.contains_key(*name)) {
        return Err(refusal());
    }
    let text =
        |name: header::HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let host_is_ours = text(header::HOST).is_none_or(|host| is_local(&format!("http://{host}")));
    let origin_is_ours = text(header::ORIGIN).is_none_or(is_local);
    if host_is_ours && origin_is_ours {
        Ok(())
    } else {
        Err(refusal())
    }
}

/// Whether an origin names this machine.
fn is_local(origin: &str) -> bool {
    let Ok(url) = Url::parse(origin) else {
        return false;
    };
    match url.host() {
        Some(url::Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(url::Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(url::Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_local;

    #[test]
    fn this_machine_is_known_by_its_names() {
        for ours in [
            "http://localhost",
            "http://LOCALHOST:3000",
            "https://127.0.0.1:8001",
            "http://127.9.9.9",
            "http://[::1]:8001",
        ] {
            assert!(is_local(ours), "{ours}");
        }
        for foreign in [
            "http://example.org",
            "http://localhost.example.org",
            "http://192.168.0.1",
            "null",
            "",
            "http://0.0.0.0",
            "http://127.0.0.1.nip.io",
            "file:///etc/passwd",
        ] {
            assert!(!is_local(foreign), "{foreign}");
        }
    }
}
