//! What happens before every route, and to every answer.

use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{CONTENT_ENCODING, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage as _, ResponseError as _};
use shared::problem::{ApiError, Code};
use shared::token;

use super::extract::{ClientAddress, Secure};
use super::{Access, Presented, address};
use crate::limits::Verdict;

/// Routes that are asked by machines that watch, and are never counted.
const UNCOUNTED: [&str; 4] = ["/livez", "/readyz", "/health", "/metrics"];
/// Routes where guessing pays.
const SENSITIVE: [&str; 8] = [
    "/auth/token",
    "/auth/refresh",
    "/auth/oidc/start",
    "/auth/oidc/callback",
    "/auth/public/request-password-reset",
    "/auth/public/confirm-password-reset",
    "/auth/public/verify-token",
    "/auth/webhook/users",
];

/// Finds out who calls and from where, counts the request, and adds what every answer carries.
pub(crate) async fn gate(
    access: Data<Access>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let peer = request.peer_addr().map(|peer| peer.ip());
    let trusted = &access.trusted_proxies;
    let client = address::client(peer, request.headers(), trusted);
    let is_secure = access.public_url.scheme() == "https"
        || address::is_secure(peer, request.headers(), trusted);
    let shown_address = client.map_or_else(|| "unknown".to_owned(), |address| address.to_string());
    let path = request
        .path()
        .strip_prefix("/api")
        .unwrap_or(request.path());
    let verdict = if UNCOUNTED.contains(&path) {
        None
    } else if path.starts_with("/internal/") && is_from_rag(&access, request.headers()) {
        access.limits.of_all()
    } else {
        let counted = address::counted(client);
        let presented = access.identify(request.headers(), &shown_address).await;
        let verdict = count(&access, path, &counted, &presented).await;
        request.extensions_mut().insert(presented);
        verdict
    };
    request
        .extensions_mut()
        .insert(ClientAddress(shown_address));
    request.extensions_mut().insert(Secure(is_secure));
    let is_page = path.starts_with("/docs");
    let mut response = match verdict {
        Some(verdict) if !verdict.admitted => {
            let refusal = ApiError::new(Code::RateLimited)
                .with_detail(
                    "Muitas requisições em pouco tempo. Aguarde um instante e tente de novo.",
                )
                .with_retry_after(verdict.reset);
            let response = refusal.error_response();
            request.into_response(response)
        }
        _ => next.call(request).await?.map_into_boxed_body(),
    };
    // Said to the compressor, not to the client (RFC 9110, section 8.4.1).
    let headers = response.headers_mut();
    if headers
        .get(CONTENT_ENCODING)
        .is_some_and(|value| value == "identity")
    {
        headers.remove(CONTENT_ENCODING);
    }
    if let Some(verdict) = verdict {
        describe(response.headers_mut(), verdict);
    }
    protect(response.headers_mut(), is_secure, is_page);
    Ok(response)
}

fn is_from_rag(access: &Access, headers: &HeaderMap) -> bool {
    access.from_rag.as_ref().is_some_and(|tokens| {
        token::bearer(headers).is_some_and(|shown| tokens.verify(shown, &*access.clock).is_ok())
    })
}

/// The narrowest limit that has something to say.
async fn count(
    access: &Access,
    path: &str,
    address: &str,
    presented: &Presented,
) -> Option<Verdict> {
    let all = access.limits.of_all().filter(|verdict| !verdict.admitted);
    if all.is_some() {
        return all;
    }
    if SENSITIVE.contains(&path) {
        return access.limits.of_sensitive(address).await;
    }
    match presented {
        Presented::Somebody(caller) => access.limits.of_user(&caller.account.uid).await,
        Presented::Nothing | Presented::Refused | Presented::Unknown => {
            access.limits.of_address(address).await
        }
    }
}

/// `RateLimit-*` of the IETF draft "`RateLimit` header fields for HTTP", versions up to 06, which clients know.
fn describe(headers: &mut HeaderMap, verdict: Verdict) {
    let seconds = verdict.reset.max(Duration::from_secs(1)).as_secs();
    for (name, value) in [
        ("ratelimit-limit", u64::from(verdict.limit)),
        ("ratelimit-remaining", u64::from(verdict.remaining)),
        ("ratelimit-reset", seconds),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
    }
}

/// Headers of the OWASP REST Security Cheat Sheet. Answers are data: nothing in them is to be run, framed or kept.
fn protect(headers: &mut HeaderMap, is_secure: bool, is_page: bool) {
    let policy = if is_page {
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"
    } else {
        "default-src 'none'; frame-ancestors 'none'; sandbox"
    };
    let mut fixed = vec![
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-resource-policy", "same-site"),
        ("content-security-policy", policy),
    ];
    if is_secure {
        fixed.push(("strict-transport-security", "max-age=31536000"));
    }
    for (name, value) in fixed {
        // A file that a browser may show says itself what may happen in it, and who may frame it.
        let is_its_own = matches!(name, "content-security-policy" | "x-frame-options");
        if is_its_own && headers.contains_key(name) {
            continue;
        }
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    let cache = HeaderName::from_static("cache-control");
    if !headers.contains_key(&cache) && !is_page {
        headers.insert(cache, HeaderValue::from_static("no-store"));
    }
}
